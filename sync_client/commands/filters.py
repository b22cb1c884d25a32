"""
Conditions and changes as they are typed 条件与修改: ``field=value`` on a command line.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.fields import Id, Part, Place, Unit
from schemas.initials import folded
from schemas.records import TYPES
from schemas.rules import Append
from schemas.wording import brief, fields_of, label_of, members_of, title_of
from sync_client.finding import Between, Condition, OneOf, Prefix
from sync_client.labels import NotUnderstood, value_from
from sync_client.values import Record

#: Returns what a field holds for something that a person calls by its name: a record, somebody, a unit.
Resolve = Callable[[Any, str], str]

_BESIDE_FIELDS = frozenset({"grid", "by", "id", "waiting", "version", "follows", "subject", "status", "time"})


def condition(kind: str, text: str) -> tuple[str, Condition]:
    """
    Return the field and the condition that *text* means.

    ``name=老王*`` begins with, ``score=850..1000`` a range, ``status=open|vacant`` any of, ``code=`` not
    filled in.

    Raises:
        NotUnderstood: It is no ``field=value``, or the field is not known, or cannot have the value.
    """
    name, value = _split(text)
    field_name = name if name in _BESIDE_FIELDS else _field_called(kind, name)
    if not value:
        return field_name, None
    if value.endswith("*"):
        return field_name, Prefix(value[:-1])
    if ".." in value:
        low, _, high = value.partition("..")
        return field_name, Between(_meant(kind, field_name, low), _meant(kind, field_name, high))
    if "|" in value:
        return field_name, OneOf([_meant(kind, field_name, each) for each in value.split("|")])
    return field_name, _meant(kind, field_name, value)


@dataclass(slots=True)
class Changes:
    """What a person wants changed, by the verb that each field's rule asks for."""

    set: dict[str, Any] = field(default_factory=dict)
    add: dict[str, list[Any]] = field(default_factory=dict)
    remove: dict[str, list[str]] = field(default_factory=dict)
    share: dict[str, float] = field(default_factory=dict)


def _as_typed(_field: Any, text: str) -> str:
    return text


def changes(record: Record, texts: Sequence[str], resolve: Resolve = _as_typed) -> Changes:
    """
    Return the changes that *texts* mean for *record*.

    ``name=新店名`` sets, ``code=`` clears, ``items.H1=3`` changes one member of an object; on a set or a
    signed list ``remark=文字`` adds, and ``photos-=sha256`` takes an element out. An element of several
    members is written ``steps=清理楼道,2020-07-19``, in their order, or as JSON.

    Args:
        resolve: Asked where a field names another record, a person or a unit.

    Raises:
        NotUnderstood: As ``condition``.
    """
    return changed(record.type, record.fields, texts, resolve)


def changed(kind: str, fields: Mapping[str, Any], texts: Sequence[str], resolve: Resolve = _as_typed) -> Changes:
    """Return the changes that *texts* mean for a record of type *kind* that has *fields*; see ``changes``."""
    reading = _Reading(kind, fields, resolve)
    for text in texts:
        reading.take(text)
    return reading.found


class _Reading:
    """One change as it is typed, text by text."""

    def __init__(self, kind: str, fields: Mapping[str, Any], resolve: Resolve) -> None:
        self.found = Changes()
        self._kind, self._fields, self._resolve = kind, fields, resolve

    def take(self, text: str) -> None:
        """Read one ``field=value``."""
        name, value = _split(text)
        if name.endswith("-"):
            field_name = _field_called(self._kind, name[:-1])
            self.found.remove.setdefault(field_name, []).append(self._named(field_name, value))
            return
        top, _, member = name.partition(".")
        field_name = _field_called(self._kind, top)
        if member:
            self._set_member(field_name, member, value)
        else:
            self._write(field_name, value)

    def _set_member(self, field_name: str, member: str, value: str) -> None:
        whole = dict(self.found.set.get(field_name) or self._fields.get(field_name) or {})
        whole[_member_called(self._kind, field_name, member)] = _member_value(self._kind, field_name, member, value)
        self.found.set[field_name] = whole

    def _write(self, field_name: str, value: str) -> None:
        known, rule = fields_of(self._kind)[field_name], TYPES[self._kind].rules.of(field_name)
        if rule.verb == "add":
            element = value if isinstance(rule, Append) else self._value(known.inner, value)
            self.found.add.setdefault(field_name, []).append(element)
        elif rule.verb == "share":
            self.found.share[field_name] = value_from(known, value)
        else:
            self.found.set[field_name] = self._value(known, value)

    def _value(self, known: Any, value: str) -> Any:
        if isinstance(known, (Id, Unit, Place)) and value:
            return value_from(known, self._resolve(known, value))
        return _part(known, value) if isinstance(known, Part) else value_from(known, value)

    def _named(self, field_name: str, value: str) -> str:
        inner = getattr(fields_of(self._kind)[field_name], "inner", None)
        return self._resolve(inner, value) if isinstance(inner, (Id, Unit, Place)) else value


def _part(known: Part, text: str) -> Any:
    """Return an object written as JSON, or as its members' values in their order, between commas."""
    if not text or text.lstrip().startswith(("{", "[")):
        return value_from(known, text)
    members = known.schema.fields
    values = [value.strip() for value in text.replace("，", ",").split(",")]
    if len(values) > len(members):
        listed = "、".join(label_of(about, name) for name, about in members.items())
        raise NotUnderstood(f"“{text}”项数过多，应依次写：{listed}。", f"Write in this order: {', '.join(members)}.")
    named = zip(members.items(), values, strict=False)
    made = {name: value_from(about, value) for (name, about), value in named if value}
    return value_from(known, json.dumps(made, ensure_ascii=False))


def _member_called(kind: str, name: str, member: str) -> str:
    wanted = folded(member)
    for known, about in members_of(kind, name).items():
        if wanted in (folded(known), folded(label_of(about, known))):
            return known
    raise NotUnderstood(f"“{name}”没有“{member}”这一项。", f"'{name}' has no '{member}'.")


def _member_value(kind: str, name: str, member: str, value: str) -> Any:
    return value_from(members_of(kind, name)[_member_called(kind, name, member)], value)


def _field_called(kind: str, text: str) -> str:
    wanted = folded(text)
    for name, known in fields_of(kind).items():
        label = label_of(known, name)
        if wanted in (folded(name), folded(label), folded(brief(label))):
            return name
    listed = "、".join(f"{name}（{label_of(known, name)}）" for name, known in fields_of(kind).items())
    raise NotUnderstood(f"{title_of(kind)}没有“{text}”这个字段，应为：{listed}。", f"{kind} has no field '{text}'.")


def _meant(kind: str, name: str, text: str) -> Any:
    known = fields_of(kind).get(name)
    if not text or known is None:
        return text or None
    return value_from(known, text)


def _split(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise NotUnderstood(f"“{text}”应写成 字段=值。", f"'{text}' should be field=value.")
    return name.strip(), value.strip()
