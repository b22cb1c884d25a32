"""
The fast path: msgspec types and plain checks built from the marshmallow schemas 快速校验.

The marshmallow schema is the definition. From its very field objects this module builds a msgspec
type, which says yes or no in a few microseconds, and one small Python function for each check that
msgspec cannot express. It only says yes or no: whoever wants to know why asks marshmallow. A property
test holds both to the same answer.

Text that cannot be stored (NUL, lone surrogates) is not looked for here: it is refused once for the
whole payload where the bytes are read, see ``schemas.validation``.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

import msgspec
from marshmallow import INCLUDE, Schema, fields, missing

from schemas.fields import (
    STORABLE,
    Choice,
    Exact,
    Flag,
    Length,
    Many,
    Number,
    OneOf,
    Part,
    Pattern,
    Range,
    Text,
    Whole,
)

#: Says whether a value, as JSON gives it, is what a field may hold.
Fits = Callable[[Any], bool]

_literal: Any = Literal


class NotDerivable(TypeError):
    """A field is declared in a way of which the fast path would not know; raised while importing."""


def fits_fields(schema: Schema, *, partial: bool) -> Fits:
    """
    Return the function that says whether an object fits *schema*; members it does not name are free.

    Args:
        schema: An instance; ``only=`` narrows it.
        partial: Take any selection of the members. Parts inside must be whole all the same.
    """
    whole = () if partial else tuple(exact.holds for exact in getattr(schema, "exact", ()))
    exact = _all_of((_exact_members(schema), *whole))
    shape = _ready(_shape(schema, partial=partial))

    def fit(value: Any) -> bool:
        return _converts(value, shape) and (exact is None or exact(value))

    return fit


def fits_each(field: fields.Field[Any], most: int) -> Fits:
    """Return the function that says whether a list holds at most *most* entries and each fits *field*."""
    entry: Any = type_of(field)
    # Inside a struct, because msgspec remembers what it worked out for one, and for no plain type.
    shape = _ready(msgspec.defstruct("Entries", [("entries", Annotated[list[entry], msgspec.Meta(max_length=most)])]))
    exact = _each(_exact_or_none(field), list)

    def fit(value: Any) -> bool:
        return _converts({"entries": value}, shape) and (exact is None or exact(value))

    return fit


def type_of(field: fields.Field[Any]) -> Any:
    """
    Return the msgspec type of the values *field* takes.

    Raises:
        NotDerivable: The field is of a class, or has a validator or default, that this module does
            not know; taking it silently would make the two paths disagree.
    """
    if field.load_default is not missing or field.data_key is not None:
        raise NotDerivable(f"{field!r}: values are kept as sent, so there are no defaults and no other keys")
    for kind, derive in _DERIVE:
        if isinstance(field, kind):
            plain = derive(field)
            return plain | None if field.allow_none and plain is not Any else plain
    raise NotDerivable(f"{field!r} is of no class the fast path knows")


# -- types ------------------------------------------------------------------------------------------


def _shape(schema: Schema, *, partial: bool = False) -> Any:
    members = [
        (name, type_of(field)) if field.required and not partial else _optional(name, field)
        for name, field in schema.fields.items()
    ]
    return msgspec.defstruct(type(schema).__name__, members, kw_only=True)


def _optional(name: str, field: fields.Field[Any]) -> tuple[str, Any, Any]:
    shape = type_of(field)
    # Any takes "unset" as it takes everything, and may not stand beside it.
    return name, shape if shape is Any else shape | msgspec.UnsetType, msgspec.UNSET


def _text(field: fields.Field[Any]) -> Any:
    limits: dict[str, Any] = {}
    for check in _known(field, Length, Pattern):
        if isinstance(check, Length):
            limits.update(_length(check))
        else:
            # msgspec searches where marshmallow matches from the start.
            limits["pattern"] = rf"(?a)\A(?:{check.regex.pattern})"
    return Annotated[str, msgspec.Meta(**limits)]


def _choice(field: fields.Field[Any]) -> Any:
    [one_of] = _known(field, OneOf)
    return _literal[tuple(one_of.choices)]


def _number(field: fields.Field[Any]) -> Any:
    [span] = _known(field, Range)
    plain = int if isinstance(field, Whole) else float
    return Annotated[plain, msgspec.Meta(ge=span.min, le=span.max)]


def _flag(field: fields.Field[Any]) -> Any:
    _known(field)
    return bool


def _many(field: fields.List[Any]) -> Any:
    inner: Any = type_of(field.inner)
    return Annotated[list[inner], _sized(field)]


def _dict(field: fields.Dict) -> Any:
    key: Any = type_of(field.key_field) if field.key_field else str
    value: Any = type_of(field.value_field) if field.value_field else Any
    return Annotated[dict[key, value], _sized(field)]


def _part(field: fields.Nested) -> Any:
    _known(field)
    return _shape(_schema_of(field))


def _raw(field: fields.Field[Any]) -> Any:
    _known(field)
    return Any


_DERIVE: tuple[tuple[type[Any], Callable[[Any], Any]], ...] = (
    (Choice, _choice),
    (Text, _text),
    (Whole, _number),
    (Number, _number),
    (Flag, _flag),
    (Many, _many),
    (Part, _part),
    (fields.Dict, _dict),
    (fields.Raw, _raw),
)


def _known(field: fields.Field[Any], *kinds: type[Any]) -> list[Any]:
    """Return the validators of *field* that are of *kinds*; any other but an ``Exact`` is a mistake."""
    strangers = [check for check in field.validators if not isinstance(check, (Exact, *kinds))]
    if strangers:
        raise NotDerivable(f"{field!r} is checked by {strangers!r}, which only marshmallow could run")
    return [check for check in field.validators if isinstance(check, kinds)]


def _sized(field: fields.Field[Any]) -> msgspec.Meta:
    limits: dict[str, Any] = {}
    for check in _known(field, Length):
        limits.update(_length(check))
    return msgspec.Meta(**limits)


def _length(check: Length) -> dict[str, int]:
    limits = {"min_length": check.min, "max_length": check.max}
    return {key: limit for key, limit in limits.items() if limit is not None}


def _schema_of(field: fields.Nested) -> Schema:
    schema: Schema = field.schema
    if field.many or schema.unknown != INCLUDE:
        raise NotDerivable(f"{field!r}: a part is one object, and keeps the members it does not know")
    return schema


# -- what msgspec cannot express --------------------------------------------------------------------


def _exact_of(field: fields.Field[Any]) -> Fits | None:
    """Return what remains to be checked of a value that already has the type of *field*."""
    own = [check.holds for check in field.validators if isinstance(check, Exact) and check is not STORABLE]
    return _all_of([*own, _inside(field)])


def _inside(field: fields.Field[Any]) -> Fits | None:
    if isinstance(field, fields.List):
        return _each(_exact_or_none(field.inner), list)
    if isinstance(field, fields.Dict):
        keys = _exact_of(field.key_field) if field.key_field else None
        values = _exact_or_none(field.value_field) if field.value_field else None
        return _all_of([_each(keys, list), _each(values, dict.values)])
    if isinstance(field, fields.Nested):
        return _exact_members(_schema_of(field))
    if isinstance(field, fields.Raw) and not field.allow_none:
        return lambda value: value is not None
    return None


def _exact_or_none(field: fields.Field[Any]) -> Fits | None:
    """Marshmallow asks no validator about a null, so neither does the fast path."""
    holds = _exact_of(field)
    if holds is None or not field.allow_none:
        return holds
    return lambda value: value is None or holds(value)


def _exact_members(schema: Schema) -> Fits | None:
    checks = [(name, _exact_or_none(field)) for name, field in schema.fields.items()]
    compiled = [(name, holds) for name, holds in checks if holds is not None]
    if not compiled:
        return None

    # Loops here and below: a generator would cost as much as the check itself.
    def members_hold(value: Any) -> bool:
        for name, holds in compiled:  # noqa: SIM110
            if name in value and not holds(value[name]):
                return False
        return True

    return members_hold


def _each(holds: Fits | None, entries: Callable[[Any], Iterable[Any]]) -> Fits | None:
    return None if holds is None else lambda value: all(map(holds, entries(value)))


def _all_of(checks: Iterable[Fits | None]) -> Fits | None:
    compiled = [holds for holds in checks if holds is not None]
    if len(compiled) < 2:
        return compiled[0] if compiled else None

    def all_hold(value: Any) -> bool:
        for holds in compiled:  # noqa: SIM110
            if not holds(value):
                return False
        return True

    return all_hold


def _ready(shape: Any) -> Any:
    """Return *shape*, worked out by msgspec here and now: two threads doing so at once crash the process."""
    msgspec.json.Decoder(shape)
    return shape


def _converts(value: Any, shape: Any) -> bool:
    try:
        msgspec.convert(value, shape)
    except (ValueError, RecursionError):  # a lone surrogate or a pit of lists are no better
        return False
    return True
