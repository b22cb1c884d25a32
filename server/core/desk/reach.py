"""
Which cases somebody may read 可见范围: those of his areas, and of a department only those of its own.

Pure. A covert case lies at a place that no street's area covers until it is released; of those who read the whole
district only some are trusted with it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from schemas import grid
from schemas.records import Fields
from schemas.roles import Role
from server.core.in_charge import units_of
from server.core.views import BLIND, is_trusted
from server.values import Person


class Reach(NamedTuple):
    """
    All cases of an area; where ``unit`` is given only those of that department 属事部门.

    ``sealed``: also what is sealed there.
    """

    area: str
    unit: str | None = None
    sealed: bool = True


def reach_of(people: Iterable[Person], now_ms: int) -> tuple[Reach, ...]:
    """
    Return what *people* together may read at the moment *now_ms*, none inside another.

    Whoever acts for a department that nobody has named reads nothing: nothing is his unit's.
    """
    held = {
        Reach(grant.area, grant.unit if grant.role is Role.DEPARTMENT else None, is_trusted(grant))
        for person in people
        if person.stopped_ms is None
        for grant in person.grants
        if grant.holds_at(now_ms) and grant.role not in BLIND and (grant.unit or grant.role is not Role.DEPARTMENT)
    }
    return tuple(sorted((one for one in held if not any(_within(one, other) for other in held)), key=str))


def reads(reach: Iterable[Reach], place: str, fields: Fields) -> bool:
    """Say whether a case at *place* may be read."""
    mine = {*units_of(fields), fields.get("functional_unit")}
    hidden = grid.is_sealed(place)
    return any(
        grid.lies_in(place, area) and (unit is None or unit in mine) and (sealed or not hidden)
        for area, unit, sealed in reach
    )


def _within(one: Reach, other: Reach) -> bool:
    covered = other.sealed or not one.sealed
    return one != other and covered and grid.lies_in(one.area, other.area) and other.unit in (None, one.unit)
