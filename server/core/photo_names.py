"""
The photos that a record names 记录中的照片. Pure.

Two hands may have named one photo, each with a copy and a place of its own: one of both is shown, and both count.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from server.values import Record


def shown_in(record: Record) -> list[dict[str, Any]]:
    """Return the photos that *record* names now, of whatever type it is, each once."""
    named = record.fields.get("photos")
    return [photo for photo in named if isinstance(photo, dict)] if isinstance(named, list) else []


def named_in(record: Record) -> Iterator[Mapping[str, Any]]:
    """Yield every photo that *record* names, also as a second hand named one of them; what is shown comes first."""
    yield from shown_in(record)
    for dots in record.marks.dots.get("photos", {}).values():
        yield from (dot.element for dot in dots if isinstance(dot.element, dict))


def names_any(record: Record, sha256s: frozenset[str]) -> bool:
    """Say whether *record* names one of the files *sha256s* as a photo or as its copy."""
    return any(photo.get("sha256") in sha256s or photo.get("copy") in sha256s for photo in named_in(record))
