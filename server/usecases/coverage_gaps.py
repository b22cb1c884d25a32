"""
What nobody answers for 责任空白报告: areas, places and open cases without a unit or a person.
"""

from collections.abc import Iterable

import msgspec

from schemas import grid
from schemas.moments import day_of
from schemas.problems import Refusal
from schemas.roles import Role
from server.core.admission import REGISTERS
from server.core.responsibility import ANSWERED_FOR, Coverage, OpenCase, Posts, coverage
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk
from server.values import Grant, Person

#: Who reads what is lacking: whoever answers for an area, or looks after those who do.
_READING = frozenset({
    Role.GRID_LEADER, Role.COMMUNITY, Role.STREET, Role.DISTRICT_OFFICE, Role.INSPECTOR, Role.LEADING_GROUP,
})  # fmt: skip
MAX_LIMIT = 1_000


def coverage_gaps(work: UnitOfWork, area: str, now_ms: int, limit: int | None = None) -> Coverage:
    """
    Return what nobody answers for in *area* at the moment *now_ms*; the counts are of all, whatever the *limit*.

    Args:
        work: For reading; needs no transaction.
        area: A code of district level or below.
    """
    people = everybody(work)
    found = work.records.of_types({"area", "holding", *REGISTERS}, area)
    by_type = {name: [r for r in found if r.type == name and not r.void] for name in ("area", "holding")}
    told = coverage(
        area,
        day_of(now_ms),
        Posts(people, now_ms),
        [record.fields for record in by_type["area"]],
        [record for record in found if record.type in REGISTERS],
        [record.fields for record in by_type["holding"]],
        owned_cases(work, area),
        {person.id: person.name for person in people},
    )
    if limit is None or len(told.gaps) <= limit:
        return told
    return msgspec.structs.replace(told, gaps=told.gaps[:limit], more=True)


def gaps_for_desk(work: UnitOfWork, desk: Desk, area: str | None, now_ms: int, limit: int) -> Coverage:
    """
    Return what nobody answers for, as far as *desk* may know.

    Args:
        area: None for the area of whoever sits there; where these are several, one has to be named.

    Raises:
        Refusal: ``not_allowed`` where nobody there answers for an area; ``outside_area``; ``invalid_request`` where
            an area has to be named.
    """
    mine = (desk.district,) if desk.whole else _areas(desk.people.values(), now_ms)
    if not mine:
        raise Refusal("not_allowed", what="查看责任空白 read the coverage report")
    if area is None and len(mine) > 1:
        listed = "、".join(mine)
        raise Refusal(
            "invalid_request",
            {"area": [{"code": "several", "zh": f"请指明区域：{listed}", "en": f"name one of: {', '.join(mine)}"}]},
        )
    asked = area or mine[0]
    if not grid.lies_in_any(asked, mine):
        raise Refusal("outside_area", grid=asked)
    return coverage_gaps(work, asked, now_ms, limit)


def everybody(work: UnitOfWork) -> list[Person]:
    """Return all the people of the district with what they hold and held."""
    grants: dict[str, list[Grant]] = {}
    for held in work.people.held():
        grants.setdefault(held.person, []).append(held.grant)
    return [Person(a.id, a.name, tuple(grants.get(a.id, ())), a.stopped_ms) for a in work.people.all()]


def owned_cases(work: UnitOfWork, area: str) -> list[OpenCase]:
    """Return the cases in *area* for which somebody has to answer."""
    return [
        OpenCase(one.id, one.grid, one.name or one.id, one.fields)
        for one in work.answering.open_cases(area, ANSWERED_FOR)
    ]


def _areas(people: Iterable[Person], now_ms: int) -> tuple[str, ...]:
    held = {
        grant.area
        for person in people
        if person.stopped_ms is None
        for grant in person.grants
        if grant.role in _READING and grant.holds_at(now_ms)
    }
    return grid.outermost(frozenset(held))
