"""
A record's fields and values in words people use 字段与取值的说法: read from the schemas, nothing kept twice.
"""

from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

from schemas.fields import Choice, Instant, Part
from schemas.registry import TYPES

Field = Any

#: The district works in one zone, which has no daylight saving: UTC+08:00.
BEIJING = timezone(timedelta(hours=8))
#: Shown for what is not filled in.
NOTHING = "—"
_STEPS = ((86_400, "天", "d"), (3_600, "小时", "h"), (60, "分钟", "min"))


@cache
def fields_of(type_name: str) -> dict[str, Field]:
    """Return the fields of a record type by name; none for a type not known here."""
    known = TYPES.get(type_name)
    return dict(known.schema().fields) if known else {}


@cache
def members_of(type_name: str, name: str) -> dict[str, Field]:
    """Return the members of a field that is an object, by name."""
    field = fields_of(type_name).get(name)
    return dict(field.schema.fields) if isinstance(field, Part) else {}


def title_of(type_name: str) -> str:
    """Return the Chinese name of a record type; one not known here is called by its word."""
    known = TYPES.get(type_name)
    return known.title_zh if known else type_name


def label_of(field: Field, name: str) -> str:
    """Return the Chinese label of *field*, which is called *name*."""
    return str(field.metadata.get("label", name)) if field is not None else name


def brief(label: str) -> str:
    """Return a label without what stands in brackets."""
    return label.partition("（")[0]


def english(name: str) -> str:
    """Return a field's name or a value's word as plain English."""
    return name.replace("_", " ")


def points(tenths: Any) -> str:
    """Return a score kept in tenths of a point as ``98.0``."""
    return f"{tenths / 10:.1f}" if isinstance(tenths, int) else NOTHING


def written(text: str) -> str:
    """Return an ISO 8601 moment as ``2020-07-18 08:15``; what is none is returned as it is."""
    try:
        return datetime.fromisoformat(text).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError):
        return text


def lasting(ms: int) -> tuple[str, str]:
    """Return a duration in its greatest whole unit, in Chinese and English."""
    seconds = abs(ms) // 1000
    for size, zh, en in _STEPS:
        if seconds >= size:
            return f"{seconds // size} {zh}", f"{seconds // size} {en}"
    return f"{seconds} 秒", f"{seconds} s"


def size_of(count: int) -> str:
    """Return a number of bytes as a person reads it: ``385 KB``, ``2.4 MB``, ``77.6 GB``; a thousand of each."""
    for size, unit in ((1_000_000_000, "GB"), (1_000_000, "MB")):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{max(1, round(count / 1_000)) if count else 0} KB"


def plural(count: int, one: str) -> str:
    """Return *count* of what *one* of is called so, in English: ``1 photo``, ``2 photos``."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def words_of(field: Field, value: Any, lang: str = "zh") -> str:
    """Return *value* as a person reads it, in Chinese or (``en``) in English."""
    if value is None or value == "" or value == [] or value == {}:
        return NOTHING
    if isinstance(field, Choice) and isinstance(value, str):
        return english(value) if lang == "en" else field.labels.get(value, value)
    if isinstance(value, bool):
        return ("yes" if value else "no") if lang == "en" else "是" if value else "否"
    if isinstance(value, list):
        inner = getattr(field, "inner", None)
        return ("; " if lang == "en" else "；").join(words_of(inner, each, lang) for each in value)
    if isinstance(value, dict):
        return _part(field, value, lang)
    if isinstance(field, Instant):
        return written(str(value))
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _part(field: Field, value: dict[str, Any], lang: str) -> str:
    if "text" in value:  # a signed entry: who and when stand elsewhere
        return str(value["text"])
    members = field.schema.fields if isinstance(field, Part) else {}
    called = [english(name) if lang == "en" else label_of(members.get(name), name) for name in value]
    said = [words_of(members.get(name), each, lang) for name, each in value.items()]
    return ", ".join(f"{label} {words}" for label, words in zip(called, said, strict=True))
