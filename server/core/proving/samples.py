"""
A few values for any field 样例值: what a check of the rules lets people write.

They follow from the field's own declaration, are the same every time, and are good ones, so that what
is computed from them makes sense.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema
from marshmallow import fields as kinds

from schemas.fields import Choice, Day, Flag, Instant, Length, Number, Part, Pattern, Phone, Range, Text, Whole
from schemas.ids import derived_id
from schemas.records import Fields, RecordType
from schemas.rules import Append, Rule, Together, Union
from server.values import deep

#: The verbs of one mutation with what each writes.
Written = Mapping[str, Mapping[str, Any]]

#: So many different whole records there are of each type.
WHOLES = 3
_DAYS = ("2020-07-18", "2020-07-19", "2020-08-01")
_WORDS = ("甲", "乙", "丙")
_PHONES = ("13904180001", "13904180002", "0418-2820000")
#: What fits a pattern nobody here knows: repeated to the length the field asks for.
_SIGNS = ("1", "2", "A", "a", "0")
_CODES = ("210902005003007", "210902005003008", "210902005")


def samples(field: kinds.Field[Any]) -> list[Any]:
    """Return two to five values that *field* takes, none of them equal in JSON."""
    values = list(_plain(field))
    return [*values, None] if field.allow_none else values


def _plain(field: kinds.Field[Any]) -> Iterator[Any]:
    match field:
        case Choice():
            yield from list(field.labels)[:4]
        case Day():
            yield from _DAYS
        case Instant():
            yield from (f"{day}T08:15:30+08:00" for day in _DAYS)
        case Text():
            yield from _texts(field)
        case Whole() | Number():
            yield from _numbers(field)
        case Flag():
            yield from (False, True)
        case _:
            yield from _nested(field)


def _texts(field: Text) -> Iterator[str]:
    length = next(check for check in field.validators if isinstance(check, Length))
    low, high = max(length.min or 0, 1), length.max or 1
    pattern = next((check for check in field.validators if isinstance(check, Pattern)), None)
    if pattern is None:
        yield from (word * low for word in _WORDS)
        return
    ids = (derived_id("sample", word) for word in _WORDS)
    candidates = [*ids, *(_PHONES if isinstance(field, Phone) else ()), *_CODES, *(sign * low for sign in _SIGNS)]
    fitting = [text for text in candidates if pattern.regex.match(text) and low <= len(text) <= high]
    # Of a form that nothing here takes, plain words have to do: merging does not look at forms.
    yield from fitting[:3] or (word * low for word in _WORDS)


def _numbers(field: kinds.Field[Any]) -> Iterator[float]:
    span = next(check for check in field.validators if isinstance(check, Range))
    low = math.ceil(span.min)
    # One number twice, written in two ways: equal to a rule that compares, different bytes all the same.
    also = () if isinstance(field, Whole) else (low + 1.0,)
    yield from (number for number in (low, low + 1, *also, low + 2) if number <= span.max)


def _nested(field: kinds.Field[Any]) -> Iterator[Any]:
    match field:
        case kinds.List():
            inner = _some(field.inner)
            yield from ([], inner[:1], inner[:2])
        case Part():
            yield from (members(field.schema, place) for place in range(3))
        case kinds.Dict() if field.key_field:
            keys = _some(field.key_field)
            values = samples(field.value_field) if field.value_field else _WORDS
            yield from ({keys[0]: value} for value in values)
        case _:
            yield from _WORDS


def members(schema: Schema, place: int) -> Fields:
    """Return an object that *schema* takes: what it requires, and one thing beside; the *place*-th of several."""
    required = {name: field for name, field in schema.fields.items() if field.required}
    free = [name for name in schema.fields if name not in required]
    chosen = required | ({free[place % len(free)]: schema.fields[free[place % len(free)]]} if free else {})
    return {name: _nth(samples(field), place) for name, field in chosen.items()}


class Sampler:
    """What people may write into the records of one type."""

    def __init__(self, kind: RecordType) -> None:
        self.kind = kind
        self.declared = kind.schema().fields
        self._wholes = [self._whole(place) for place in range(WHOLES)]

    def whole(self, place: int) -> Fields:
        """Return the fields of a record with everything filled in that people write; one of ``WHOLES``."""
        return deep(self._wholes[place])  # type: ignore[no-any-return]

    def writings(self, name: str, rule: Rule) -> list[Written]:
        """Return what people may write into the field, or group of fields, *name*, settled by *rule*."""
        if isinstance(rule, Together):
            members = {member: samples(self.declared[member]) for member in rule.fields}
            return [{"set": {m: _nth(values, place) for m, values in members.items()}} for place in range(3)]
        field = self.declared[name]
        if rule.verb == "share":
            return [{"share": {name: amount}} for amount in _some(field)]
        if rule.verb == "add" and isinstance(field, kinds.List):
            return list(_additions(rule, field, name))
        return [{"set": {name: value}} for value in samples(field)]

    def _whole(self, place: int) -> Fields:
        written: Fields = {}
        for name, field in self.declared.items():
            rule = self.kind.rules.of(name)
            if rule.verb == "add" and isinstance(field, kinds.List):
                written[name] = [_nth(_elements(rule, field), place)] if isinstance(rule, Union) else []
            elif rule.verb == "share":
                written[name] = {"office": _nth(_some(field), place)}
            elif rule.verb:
                written[name] = _nth(samples(field), place)
        return written


def _additions(rule: Rule, field: kinds.List[Any], name: str) -> Iterator[Written]:
    if isinstance(rule, Append):
        inner = field.inner
        text = inner.schema.fields["text"] if isinstance(inner, kinds.Nested) else inner
        yield from ({"add": {name: [word]}} for word in _some(text))
    elif isinstance(rule, Union):
        elements = _elements(rule, field)
        yield from ({"add": {name: [element]}} for element in elements)
        yield from ({"remove": {name: [key]}} for key in sorted({rule.key_of(element) for element in elements}))


def _elements(rule: Union, field: kinds.List[Any]) -> list[Any]:
    """Return elements of two keys; where a key does not say everything, described in two ways each."""
    inner = field.inner
    if rule.key is None or not isinstance(inner, kinds.Nested):
        return _some(inner)[:2]
    described = [members(inner.schema, place) for place in (0, 1)]
    keys = [element[rule.key] for element in described]
    return [element | {rule.key: key} for key in keys for element in described]


def _some(field: kinds.Field[Any]) -> list[Any]:
    return [value for value in samples(field) if value is not None]


def _nth(values: list[Any], place: int) -> Any:
    return values[place % len(values)]
