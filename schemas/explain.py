"""
Why a value was refused: marshmallow's errors as one flat, bilingual list per field path 错误说明.

``{"items.A1": [{"code": "choice", "zh": "应为其中之一：…", "en": "must be one of: …"}]}``. The path is made
of the names and list positions that lead to the value, joined by dots, so that a form in any language
can show each error beside its field. What concerns no single field stands under ``RECORD``.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields

from schemas.fields import STORABLE, say

Errors = dict[str, list[dict[str, str]]]

#: The path of an error about a record as a whole.
RECORD = "record"


def errors_of_fields(schema: Schema, value: Any, *, partial: bool) -> Errors:
    """
    Return what marshmallow has against *value*, which is nothing where it fits *schema*.

    Args:
        schema: An instance; ``only=`` narrows it.
        value: The object to judge, as JSON gave it.
        partial: Take any selection of the members; parts inside must be whole all the same.
    """
    try:
        # By name and not True, which marshmallow would hand down into the parts.
        schema.load(value, partial=tuple(schema.fields) if partial else False)
    except ValidationError as error:
        return dict(_flat_members((), error.messages, schema.fields))
    return {}


def errors_of_value(field: fields.Field[Any], value: Any, *path: str) -> Errors:
    """Return what marshmallow has against *value* as a value of *field*, each error below *path*."""
    try:
        field.deserialize(value)
    except ValidationError as error:
        return dict(_flat(path, error.messages, field))
    return {}


def unstorable(value: Any) -> Errors:
    """Return an error for every text in *value*, names included, that holds NUL or a lone surrogate."""
    return dict(_unstorable((), value))


def fault(code: str, zh: str, en: str, *path: str) -> Errors:
    """Return one error of our own at *path*."""
    return {".".join(path): [say(code, zh, en)]}


Path = tuple[str, ...]
Found = Iterator[tuple[str, list[dict[str, str]]]]


def _flat_members(path: Path, messages: Any, members: Mapping[str, fields.Field[Any]]) -> Found:
    if not isinstance(messages, Mapping):
        yield _entry(path, messages)
        return
    for name, found in messages.items():
        if name == "_schema":
            yield _entry(path or (RECORD,), found)
        else:
            yield from _flat((*path, str(name)), found, members.get(name))


def _flat(path: Path, messages: Any, field: fields.Field[Any] | None) -> Found:
    if not isinstance(messages, Mapping):
        yield _entry(path, messages)
    elif isinstance(field, fields.Nested):
        yield from _flat_members(path, messages, field.schema.fields)
    elif isinstance(field, fields.Dict):
        for name, sides in messages.items():
            for side, found in sides.items():
                yield from _flat((*path, str(name)), found, field.key_field if side == "key" else field.value_field)
    else:
        for place, found in messages.items():
            yield from _flat((*path, str(place)), found, _entry_field(field, place))


def _entry_field(field: fields.Field[Any] | None, place: Any) -> fields.Field[Any] | None:
    if isinstance(field, fields.List):
        return field.inner
    if isinstance(field, fields.Tuple):
        return field.tuple_fields[place] if isinstance(place, int) else None
    return None


def _entry(path: Path, messages: Any) -> tuple[str, list[dict[str, str]]]:
    listed = messages if isinstance(messages, list) else [messages]
    return _shown(".".join(path)), [_bilingual(message) for message in listed]


def _bilingual(message: Any) -> dict[str, str]:
    if isinstance(message, Mapping) and {"code", "zh", "en"} <= message.keys():
        return dict(message)
    return say("invalid", "类型或格式不对", str(message))


def _unstorable(path: Path, value: Any) -> Found:
    if isinstance(value, str):
        if not STORABLE.holds(value):
            yield ".".join(path), [say("exact", STORABLE.zh, STORABLE.en)]
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _unstorable((*path, _shown(name)), name)
            yield from _unstorable((*path, _shown(name)), inner)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _unstorable((*path, str(place)), inner)


def _shown(name: str) -> str:
    """Return *name* so that it can stand in an answer, whatever it holds."""
    return name.replace("\x00", "�").encode("utf-8", "replace").decode()
