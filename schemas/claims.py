"""
Who, where and when a change says it is of 自称, as far as that can be made out: also of one that was refused.

Nothing here is believed; it finds a refused change again, and says whose desk it lies on.
"""

import re
from typing import Any, NamedTuple

from schemas import grid
from schemas.fields import UUID_PATTERN
from schemas.lenient import read_leniently
from schemas.mutations import MAX_MS

_UUID = re.compile(UUID_PATTERN.replace("$", r"\Z"))
_PLACE = re.compile(grid.PLACE_PATTERN.replace("$", r"\Z"), re.ASCII)


class Claims(NamedTuple):
    """The person, the place, and the moment of signing in milliseconds by the device's own clock."""

    by: str | None = None
    grid: str | None = None
    at_ms: int | None = None


def claims_of(raw: bytes) -> Claims:
    """Return what the payload *raw* says of itself; None for each part that is not as it should be."""
    value = read_leniently(raw)
    if not isinstance(value, dict):
        return Claims()
    return Claims(_text(_UUID, value.get("by")), _text(_PLACE, value.get("grid")), _moment(value.get("at")))


def _text(pattern: re.Pattern[str], value: Any) -> str | None:
    return value if isinstance(value, str) and pattern.match(value) else None


def _moment(at: Any) -> int | None:
    ms = at[0] if isinstance(at, list) and at else None
    return ms if type(ms) is int and 0 <= ms <= MAX_MS else None
