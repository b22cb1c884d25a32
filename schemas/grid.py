"""
The five levels of the district and their codes 五级网格.

A code is text whose length is its level: 4 digits a city, 6 a district, 9 a street office, 12 a
community, 15 a grid. A code begins with the code of the level above, so an *area* is simply a code,
and a place lies in an area when its code begins with the area's.

The digits carry no other meaning: a code is compared and cut, never calculated with.
"""

import re
from enum import IntEnum


class Level(IntEnum):
    """A level of the tree; its value is the number of digits of a code of that level."""

    CITY = 4
    DISTRICT = 6
    STREET = 9
    COMMUNITY = 12
    GRID = 15

    @property
    def zh(self) -> str:
        """The level's name as offices write it."""
        return _ZH[self]


_ZH = {
    Level.CITY: "市",
    Level.DISTRICT: "区",
    Level.STREET: "街道",
    Level.COMMUNITY: "社区",
    Level.GRID: "网格",
}

#: What a code looks like; the same pattern is used by the marshmallow field and by the fast path.
CODE_PATTERN = r"^(?:[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15})$"
#: A code a record may lie at: a district or anything below it.
PLACE_PATTERN = r"^(?:[0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15})$"

_CODE = re.compile(CODE_PATTERN)
_LEVELS = {int(level): level for level in Level}


class NotACode(ValueError):
    """The text is not a code of any level."""


def is_code(text: str) -> bool:
    """Say whether *text* is a well-formed code of one of the five levels."""
    return _CODE.match(text) is not None and text.isascii() and not text.endswith("\n")


def level_of(code: str) -> Level:
    """
    Return the level of *code*.

    Raises:
        NotACode: *code* has a length that no level has, or holds something other than digits.
    """
    if not is_code(code):
        raise NotACode(code)
    return _LEVELS[len(code)]


def parent_of(code: str) -> str | None:
    """Return the code of the level above, or None for a city."""
    level = level_of(code)
    above = [shorter for shorter in Level if shorter < level]
    return code[: above[-1]] if above else None


def lies_in(code: str, area: str) -> bool:
    """Say whether the place *code* lies in *area*; an area lies in itself."""
    return code.startswith(area)


def lies_in_any(code: str, areas: tuple[str, ...]) -> bool:
    """Say whether the place *code* lies in at least one of *areas*."""
    return code.startswith(areas)


def common(area: str, areas: tuple[str, ...]) -> tuple[str, ...]:
    """Return what *area* and *areas* have in common: all of it, those of them that lie in it, or nothing."""
    return (area,) if lies_in_any(area, areas) else tuple(one for one in areas if lies_in(one, area))


def district_of(code: str) -> str:
    """Return the district's 6 digits of a code of district level or below."""
    if len(code) < Level.DISTRICT:
        raise NotACode(code)
    return code[: Level.DISTRICT]


#: The last digits of a street's code that no street has: what lies there is sealed 封存 until it is released.
_SEALED = "999"


def sealed_place(code: str) -> str:
    """Return the code at which covert findings in the district of *code* lie until they are released 封存处."""
    return district_of(code) + _SEALED


def is_sealed(code: str) -> bool:
    """Say whether *code* is a sealed place, or lies in one."""
    return code[Level.DISTRICT : Level.STREET] == _SEALED


def feed_of(code: str) -> str:
    """
    Return the feed in which a record at *code* lives.

    That is the street office's (9 digits) for everything at street level or below, and the
    district's (6 digits) for what belongs to no street.
    """
    return code[: Level.STREET] if len(code) >= Level.STREET else district_of(code)


def outermost(areas: frozenset[str]) -> tuple[str, ...]:
    """Return *areas* without those that lie in another of them, sorted."""
    return tuple(sorted(a for a in areas if not any(a != other and lies_in(a, other) for other in areas)))
