"""
What a mutation of one record type may write, worked out once from the type's schema and rules 准入.

A field's rule says by which verb it is written; the field itself says what may be written. A gate
joins the two so that checking a mutation is a handful of set operations and calls.
"""

from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields

from schemas.derived import Fits, NotDerivable, fits_each, fits_fields
from schemas.explain import Errors, errors_of_value, fault
from schemas.fields import Length
from schemas.machines import LAST_ACT
from schemas.records import RecordSchema, RecordType
from schemas.rules import Union


@dataclass(frozen=True, slots=True)
class Entry:
    """
    What may be put into one field that is not written as a whole.

    Attributes:
        field: Defines an element of a set, the text of a signed entry, or a share.
        fits_each: The fast path over a list of such values, its length included.
        most: How many may be added at once.
        key: Defines the name by which an element is removed, where that is a text of its own.
    """

    field: fields.Field[Any]
    fits_each: Fits
    most: int
    key: fields.Field[Any] | None = None

    def errors_of(self, elements: list[Any], name: str) -> Errors:
        """Return what is wrong with *elements*, to be added to the field *name*; usually nothing."""
        if len(elements) > self.most:
            return fault("length", f"长度应为 0 至 {self.most}", f"must hold 0 to {self.most}", name)
        found: Errors = {}
        for place, element in enumerate(elements):
            found |= errors_of_value(self.field, element, name, str(place))
        return found

    def key_errors_of(self, keys: list[str], name: str) -> Errors:
        """Return what is wrong with *keys*, naming elements to be removed from the field *name*."""
        found: Errors = {}
        if self.key is None:
            return found
        for place, key in enumerate(keys):
            found |= errors_of_value(self.key, key, name, str(place))
        return found


@dataclass(frozen=True, slots=True)
class Gate:
    """
    What a mutation of one record type may write.

    Attributes:
        settable: The definition, narrowed to the fields written by ``set``.
        fits_create, fits_patch: The fast path over those fields.
        barred: Names that ``set`` must not write; ``derived`` are those among them nobody writes.
        groups: Fields that are set all or none.
        elements, shares: What may be added, by field.
        removable: The fields whose elements can be removed.
        needs: The required fields among them.
    """

    settable: Schema
    fits_create: Fits
    fits_patch: Fits
    barred: frozenset[str]
    derived: frozenset[str]
    groups: tuple[frozenset[str], ...]
    elements: dict[str, Entry]
    shares: dict[str, Entry]
    removable: frozenset[str]
    needs: frozenset[str]


def gate_of(kind: RecordType) -> Gate:
    """
    Return the gate of *kind*; made at the first call.

    Raises:
        NotDerivable: A field is declared in a way the fast path cannot follow.
    """
    gate = _GATES.get(kind.schema)
    if gate is None:
        gate = _GATES[kind.schema] = _make(kind)
    return gate


_GATES: dict[type[RecordSchema], Gate] = {}


def _reserved(kind: RecordType) -> frozenset[str]:
    """Return names that stand for something of the office's own, and must not come as fields nobody knows."""
    return frozenset({kind.workflow_field + LAST_ACT} if kind.workflow_field else ())


def _make(kind: RecordType) -> Gate:
    members = kind.schema().fields
    by_verb: dict[str, list[str]] = {}
    for name in members:
        by_verb.setdefault(kind.rules.of(name).verb, []).append(name)
    settable = kind.schema(only=by_verb.get("set", ()))
    elements = {name: _element(members[name], kind, name) for name in by_verb.get("add", ())}
    shares = {name: Entry(members[name], fits_each(members[name], 1), 1) for name in by_verb.get("share", ())}
    groups = tuple(frozenset(group.fields) for group in kind.schema.together)
    return Gate(
        settable=settable,
        fits_create=fits_fields(settable, partial=False),
        fits_patch=fits_fields(settable, partial=True),
        barred=_reserved(kind) | kind.rules.fields.keys() - settable.fields.keys(),
        derived=frozenset(by_verb.get("", ())),
        groups=groups,
        elements=elements,
        shares=shares,
        removable=frozenset(name for name in elements if isinstance(kind.rules.of(name), Union)),
        needs=frozenset(name for name in (*elements, *shares) if members[name].required),
    )


def _element(field: fields.Field[Any], kind: RecordType, name: str) -> Entry:
    if not isinstance(field, fields.List):
        raise NotDerivable(f"{kind.name}.{name}: only a list can be added to")
    rule = kind.rules.of(name)
    inner = field.inner
    most = next((check.max for check in field.validators if isinstance(check, Length) and check.max), 1)
    if not isinstance(rule, Union):
        text = inner.schema.fields["text"] if isinstance(inner, fields.Nested) else inner
        return Entry(text, fits_each(text, most), most)
    key = _key_of(inner, rule)
    return Entry(inner, fits_each(inner, most), most, key if isinstance(key, fields.String) else None)


def _key_of(inner: fields.Field[Any], rule: Union) -> fields.Field[Any]:
    if rule.key is None:
        return inner
    if not isinstance(inner, fields.Nested):
        raise NotDerivable(f"{inner!r}: elements told apart by {rule.key!r} must be parts")
    key: fields.Field[Any] = inner.schema.fields[rule.key]
    if not key.required or key.allow_none or inner.allow_none:
        raise NotDerivable(f"{inner!r}: the name of an element, {rule.key!r}, must be required")
    return key
