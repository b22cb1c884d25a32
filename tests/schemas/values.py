"""
Values for any field, good and odd, drawn from the field's own declaration.

*Good* is what the field was made for. *Odd* is what a broken client, another language's JSON or an
ill-meaning stranger sends in its place; some of it is acceptable all the same, and nobody here says
which: the two ways of checking have to agree about it.
"""

import math
from functools import cache
from typing import Any

from hypothesis import strategies as st
from marshmallow import Schema, fields

from schemas.fields import (
    Choice,
    Day,
    Exact,
    Flag,
    Instant,
    Length,
    Number,
    Pattern,
    Range,
    Text,
    Whole,
    is_moment,
)

Values = st.SearchStrategy[Any]

#: No NUL, no lone surrogates.
STORABLE_TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
#: What JSON can hold, and a little more.
JUNK: list[Any] = [
    None, True, False, 0, 1, -1, 3.0, 0.1, 1e308, -0.0, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**400,
    math.nan, math.inf, "", "3", "true", "null", " ", "\n", "\x00", "a\x00", "\ud800", "\udfffx", "😀",
    "ａ１",
    "é", "e\u0301", "x" * 400, [], {}, [None], [[]], [[[[[["deep"]]]]]], {"a": None}, {"": 1},
    {"\x00": "\ud83d"},
    {"name": 3}, ["2020-02-30"], "2021-02-29", "２０２１-02-01",
    "2020-07-18T25:00:00+08:00", "2020-07-18T08:15:30+99:99", "2020-07-18T08:15:30",
    "2020-07-18T08:15:30+08:00\n", "210902\n",
    "0" * 64, "0197F3A0-0000-7000-8000-00000000000A",
]  # fmt: skip
_ANYTHING = st.sampled_from([0, 1.5, "x", True, [None], {"a": {"b": []}}])


def junk() -> Values:
    """Something that fits hardly anywhere."""
    return st.sampled_from(JUNK) | st.recursive(
        st.sampled_from(JUNK), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner)
    )


@cache
def good(field: fields.Field[Any]) -> Values:
    """What *field* was made for."""
    plain = _good(field)
    return st.none() | plain if field.allow_none else plain


@cache
def odd(field: fields.Field[Any]) -> Values:
    """What somebody sends in its place."""
    return junk() | _near(field)


@cache
def good_members(schema: Schema) -> Values:
    """An object as *schema* wants it, with any selection of what it does not require."""
    required = {name: good(field) for name, field in schema.fields.items() if field.required}
    free = sorted(schema.fields.keys() - required.keys())
    if not free:
        return st.fixed_dictionaries(required)
    # A few at a time: some forms have sixty items, and each is an object again.
    some = st.lists(st.sampled_from(free), unique=True, max_size=6).flatmap(
        lambda names: st.fixed_dictionaries({name: good(schema.fields[name]) for name in names})
    )
    return st.tuples(st.fixed_dictionaries(required), some).map(lambda drawn: drawn[0] | drawn[1])


@cache
def odd_members(schema: Schema) -> Values:
    """An object as *schema* wants it, with up to two members amiss or missing, and perhaps one too many."""
    spoilt = st.sampled_from(sorted(schema.fields)).flatmap(
        lambda name: st.tuples(st.just(name), odd(schema.fields[name]) | st.just(_LEFT_OUT))
    )
    extra = st.tuples(st.text(max_size=5), junk())
    return st.tuples(good_members(schema), st.lists(spoilt, max_size=2), st.lists(extra, max_size=1)).map(
        lambda drawn: _spoil(*drawn)
    )


_LEFT_OUT = object()


def _spoil(members: dict[str, Any], *changes: list[tuple[str, Any]]) -> dict[str, Any]:
    spoilt = members | dict(changes[0]) | {name: v for name, v in changes[1] if name not in members}
    return {name: value for name, value in spoilt.items() if value is not _LEFT_OUT}


def _good(field: fields.Field[Any]) -> Values:
    match field:
        case Choice():
            return st.sampled_from(list(field.labels))
        case Day():
            return st.dates().map(str)
        case Instant():
            return st.datetimes().map(lambda moment: f"{moment.isoformat('T', 'seconds')}+08:00").filter(is_moment)
        case Text():
            return _text(field)
        case Whole() | Number():
            return _number(field)
        case Flag():
            return st.booleans()
        case _:
            return _container(field)


def _container(field: fields.Field[Any]) -> Values:
    match field:
        case fields.List():
            return st.lists(good(field.inner), max_size=3)
        case fields.Nested():
            return good_members(field.schema)
        case fields.Dict():
            keys = good(field.key_field) if field.key_field else st.text(STORABLE_TEXT, max_size=5)
            return st.dictionaries(keys, good(field.value_field) if field.value_field else _ANYTHING, max_size=3)
        case fields.Tuple():
            return st.tuples(*map(good, field.tuple_fields)).map(list)
        case _:
            return _ANYTHING


def _text(field: Text) -> Values:
    [length] = [check for check in field.validators if isinstance(check, Length)]
    for check in field.validators:
        if isinstance(check, Pattern):
            alike = st.from_regex(check.regex, fullmatch=True)
            return alike.filter(lambda text: (length.min or 0) <= len(text) <= (length.max or 400))
    low = length.min or 0
    return st.text(STORABLE_TEXT, min_size=low, max_size=max(low, min(length.max or 30, 30)))


def _number(field: fields.Field[Any]) -> Values:
    [span] = [check for check in field.validators if isinstance(check, Range)]
    whole = st.integers(math.ceil(span.min), math.floor(span.max))
    if isinstance(field, Whole):
        return whole
    if any(isinstance(check, Exact) for check in field.validators):
        return st.integers(math.ceil(span.min * 10), math.floor(span.max * 10)).map(lambda tenths: tenths / 10)
    return st.floats(span.min, span.max) | whole


def _near(field: fields.Field[Any]) -> Values:
    match field:
        case Choice() | Text():
            return good(field).flatmap(lambda text: st.sampled_from(_misspelt(text)))
        case Whole() | Number():
            [span] = [check for check in field.validators if isinstance(check, Range)]
            edges = [edge + step for edge in (span.min, span.max) for step in (-1, -0.1, -0.05, 0, 0.05, 1)]
            return st.sampled_from(edges) | good(field).map(lambda number: float(number or 0))
        case fields.List():
            most = next((check.max or 0 for check in field.validators if isinstance(check, Length)), 3)
            too_many = good(field.inner).map(lambda entry: [entry] * (most + 1))
            return too_many | st.lists(good(field.inner) | odd(field.inner), min_size=1, max_size=3)
        case fields.Nested():
            return odd_members(field.schema)
        case fields.Dict() if field.key_field and field.value_field:
            keys = good(field.key_field) | odd(field.key_field).filter(lambda key: isinstance(key, str))
            return st.dictionaries(keys, good(field.value_field) | odd(field.value_field), max_size=3)
        case fields.Tuple():
            return st.lists(odd(field.tuple_fields[0]) | good(field.tuple_fields[0]), max_size=3)
        case _:
            return junk()


def _misspelt(text: str | None) -> list[str]:
    text = text or ""
    return [
        text,
        f"{text}\n",
        f" {text}",
        text * 2,
        text[:-1],
        text.upper(),
        f"{text}\x00",
        f"{text}\ud800",
        "é" * len(text),
    ]
