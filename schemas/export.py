"""
The contract for other languages 对外契约: JSON Schemas, rules and problems, generated from the code.

Whoever writes a client in another language starts from these files; they hold nothing that the
schemas do not say themselves. The result is the same, byte for byte, whenever the schemas are.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import msgspec
from marshmallow import Schema, fields

from schemas.fields import STORABLE, Choice, Day, Exact, Flag, Instant, Length, Pattern, Range, Whole
from schemas.gates import Entry, gate_of
from schemas.mutations import Mutation
from schemas.problems import KINDS
from schemas.records import RecordType
from schemas.rules import Append, Rule, Share
from schemas.wire import SyncRequest, SyncResponse

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Json = dict[str, Any]


def files(types: Mapping[str, RecordType]) -> dict[str, bytes]:
    """Return every file of the reference: its path below the reference folder, and its content."""
    kinds = [types[name] for name in sorted(types)]
    pages: dict[str, Any] = {f"records/{kind.name}.schema.json": record_schema(kind) for kind in kinds}
    pages |= {
        "mutation.schema.json": _wire_schema(Mutation, "修改"),
        "sync_request.schema.json": _wire_schema(SyncRequest, "同步请求"),
        "sync_response.schema.json": _wire_schema(SyncResponse, "同步应答"),
        "rules.json": {kind.name: rules_of(kind) for kind in kinds},
        "problems.json": problems(),
    }
    written = {path: json.dumps(page, ensure_ascii=False, indent=1) + "\n" for path, page in pages.items()}
    written["rules.md"] = rules_page(kinds)
    return {path: text.encode() for path, text in sorted(written.items())}


def record_schema(kind: RecordType) -> Json:
    """
    Return the JSON Schema of a ``create`` mutation's parts for one record type.

    ``$defs.fields`` describes the same record as it comes down: complete, with what is computed.
    """
    gate = gate_of(kind)
    settable = gate.settable.fields
    return {
        "$schema": DIALECT,
        "$id": f"{kind.name}.schema.json",
        "title": kind.title_zh,
        "description": _first_line(kind.schema.__doc__),
        "x-gridward-schema-version": kind.schema.schema_version,
        "x-gridward-exact": [_exact(check) for check in kind.schema.exact],
        "type": "object",
        "required": sorted({"set"} if any(field.required for field in settable.values()) else set()),
        "properties": {
            "set": {
                "type": "object",
                "required": [name for name, field in settable.items() if field.required],
                "properties": {name: _ref(name) for name in settable},
                # Written by another verb, or by nobody.
                "propertyNames": {"not": {"enum": sorted(gate.barred)}},
                # Fields that win or lose as one are set as one.
                "dependentRequired": {name: sorted(group - {name}) for group in gate.groups for name in sorted(group)},
            },
            "add": _closed({name: _entries(entry) for name, entry in gate.elements.items()}, gate.needs),
            "share": _closed({name: _plain(entry.field) for name, entry in gate.shares.items()}, gate.needs),
        },
        "$defs": {"fields": _stored(kind)},
    }


def rules_of(kind: RecordType) -> Json:
    """Return how each field of *kind* settles a contest, by field."""
    return {name: _rule(rule) for name, rule in sorted(kind.rules.fields.items())}


def problems() -> Json:
    """Return every problem code with its sentences in both languages."""
    return {code: {k: v for k, v in dataclasses.asdict(kind).items() if k != "code"}
            for code, kind in sorted(KINDS.items())}  # fmt: skip


def rules_page(kinds: list[RecordType]) -> str:
    """Return the table of all rules for people, in Markdown."""
    lines = ["# 冲突规则一览 / How each field settles a contest", "", "由代码生成。Generated from the schemas.", ""]
    for kind in kinds:
        lines += [f"## {kind.title_zh} `{kind.name}`", "", "| 字段 field | 名称 label | 规则 rule | 写法 verb |",
                  "|---|---|---|---|"]  # fmt: skip
        lines += [
            f"| `{name}` | {field.metadata.get('label', '')} | {_rule_words(kind.rules.of(name))} "
            f"| {kind.rules.of(name).verb or '–'} |"
            for name, field in kind.schema().fields.items()
        ]
        lines.append("")
    return "\n".join(lines)


# -- one field --------------------------------------------------------------------------------------


def _object(schema: Schema, kind: RecordType | None = None) -> Json:
    members = schema.fields.items()
    return {
        "type": "object",
        "required": [name for name, field in members if field.required],
        "properties": {name: _plain(field) | _said(field, kind, name) for name, field in members},
    }


def _stored(kind: RecordType) -> Json:
    shape = _object(kind.schema(), kind)
    for name, field in kind.schema().fields.items():
        if isinstance(kind.rules.of(name), Share):
            holders = {"type": "object", "additionalProperties": _plain(field)}
            shape["properties"][name] = holders | _said(field, kind, name)
        elif isinstance(kind.rules.of(name), Append):
            shape["properties"][name].pop("maxItems", None)  # it only grows
    return shape | {"required": []}


def _said(field: fields.Field[Any], kind: RecordType | None, name: str) -> Json:
    """Return what is said about a field beside its shape: its label, and how a contest is settled."""
    said: Json = {"title": field.metadata["label"]} if "label" in field.metadata else {}
    return said | {"x-gridward-rule": _rule(kind.rules.of(name))} if kind else said


def _plain(field: fields.Field[Any]) -> Json:
    shape = _shape(field) | _limits(field)
    return {"anyOf": [shape, {"type": "null"}]} if field.allow_none and shape else shape


def _shape(field: fields.Field[Any]) -> Json:
    match field:
        case Choice():
            return {
                "type": "string",
                "oneOf": [{"const": word, "title": zh} for word, zh in field.labels.items()],
            }
        case fields.List():
            return {"type": "array", "items": _plain(field.inner)}
        case fields.Nested():
            return _object(field.schema)
        case fields.Dict():
            return _dict(field)
        case _:
            return next((dict(shape) for kind, shape in _SIMPLE if isinstance(field, kind)), {})


_SIMPLE: tuple[tuple[type[fields.Field[Any]], Json], ...] = (
    (Day, {"type": "string", "format": "date"}),
    (Instant, {"type": "string", "format": "date-time"}),
    (fields.String, {"type": "string"}),
    (Whole, {"type": "integer"}),
    (fields.Float, {"type": "number"}),
    (Flag, {"type": "boolean"}),
)


def _dict(field: fields.Dict) -> Json:
    shape: Json = {"type": "object"}
    if field.key_field is not None:
        shape["propertyNames"] = _plain(field.key_field)
    if field.value_field is not None:
        shape["additionalProperties"] = _plain(field.value_field)
    return shape


def _limits(field: fields.Field[Any]) -> Json:
    limits: Json = {}
    for check in field.validators:
        if isinstance(check, Length):
            limits |= _lengths(field, check)
        elif isinstance(check, Range):
            limits |= {"minimum": check.min, "maximum": check.max}
        elif isinstance(check, Pattern):
            limits["pattern"] = check.pattern
        elif isinstance(check, Exact) and check is not STORABLE:
            limits.setdefault("x-gridward-exact", []).append(_exact(check))
    return limits


def _lengths(field: fields.Field[Any], check: Length) -> Json:
    word = "Items" if isinstance(field, fields.List) else "Properties" if isinstance(field, fields.Dict) else "Length"
    limits = {f"min{word}": check.min, f"max{word}": check.max}
    return {key: limit for key, limit in limits.items() if limit is not None}


def _exact(check: Exact) -> Json:
    return {"zh": check.zh, "en": check.en}


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/fields/properties/{name}"}


def _entries(entry: Entry) -> Json:
    return {"type": "array", "maxItems": entry.most, "items": _plain(entry.field)}


def _closed(members: Json, needed: frozenset[str]) -> Json:
    return {
        "type": "object",
        "required": sorted(needed & members.keys()),
        "properties": members,
        "additionalProperties": False,
    }


# -- rules, and the wire ----------------------------------------------------------------------------


def _rule(rule: Rule) -> Json:
    return {"name": rule.name, "verb": rule.verb, "order_free": rule.order_free, "params": _params(rule)}


def _params(rule: Any) -> Json:
    given = {field.name: getattr(rule, field.name) for field in dataclasses.fields(rule)}
    inner = {"inner": _rule(given.pop("inner"))} if "inner" in given else {}
    return inner | {name: value for name, value in given.items() if name != "name" and value not in (None, ())}


def _rule_words(rule: Any) -> str:
    inner = getattr(rule, "inner", None)
    return f"{rule.name} → {_rule_words(inner)}" if inner is not None else f"{rule.name}"


def _wire_schema(shape: type[msgspec.Struct], title: str) -> Json:
    written = json.dumps(msgspec.json.schema(shape, ref_template="#/$defs/{name}"), ensure_ascii=False)
    # Python's \Z is the "$" of every other language.
    found: Json = json.loads(written.replace(r"\\Z", "$"))
    name = shape.__name__
    described = {"$schema": DIALECT, "$id": f"{name}.schema.json", "title": title}
    return described | {key: value for key, value in found.items() if key != "title"}


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]
