"""
The figures of a day 日报数字, put together from what was read: for one street, or for the district street by street.

Pure. What lies at the district itself, in no street, counts for the district alone.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from schemas import grid, patrol
from schemas.cases import PROBLEM_CLASSES
from schemas.day_figures import Ahead, Counts, DayFigures, Late, OverdueCase, Street, Unwalked
from schemas.moments import day_of, instant
from schemas.patrol import GridPlan
from schemas.progress import Countdown
from schemas.wording import english
from server.core.clocks.calendar import Calendar
from server.core.clocks.working import overdue_by
from server.values import CaseTimes

#: So many overdue problems are named, so many grids, people and milestones.
OVERDUE, UNWALKED, UNSYNCED, AHEAD, LATE = 5, 100, 100, 3, 30
#: Milestones further away are nobody's business tomorrow.
NEAR_DAYS = 30
#: When a day's figures are closed, unless the district says otherwise (``cut_off``).
CUT_OFF = "18:30"
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
#: Of a case without a limit that anybody knows.
_ANY_CLOCK = "work_hour"


def cut_off_at(said: Any) -> str:
    """Return the time of day of the cut-off, as 18:30; *said*: the district's ``cut_off``, or None."""
    return said if is_time(said) else CUT_OFF


def is_time(said: Any) -> bool:
    """Say whether *said* is a time of day, 00:00 to 23:59."""
    return isinstance(said, str) and _CLOCK.fullmatch(said) is not None


class Look(NamedTuple):
    """One check: of which type, where, of what (a target, or the check itself where that is in no register)."""

    type: str
    grid: str
    about: str


class Standing(NamedTuple):
    """How the problems of one street stand; see ``server.storage.day_ledger``."""

    street: str
    open: int
    deferred: int
    yellow: int
    red: int
    found: int
    closed: int
    due_next: int


class Silent(NamedTuple):
    """Somebody who has not synced, and where he works."""

    person: str
    area: str


class RedCase(NamedTuple):
    """An overdue problem with what its clocks go by, and what its lead unit is called."""

    grid: str
    due_ms: int
    times: CaseTimes
    unit: str


class Facts(NamedTuple):
    """
    What was read of a day.

    Attributes:
        day: As 2020-07-18.
        as_of_ms: Until when what had been received counts.
        names: What areas are called, by code.
        plans: By grid.
        looks: Every check of the day.
        returned: Where problems were returned, one entry each time.
        red: The longest overdue first; of each street at least as many as are named.
        ahead: The milestones of the district.
        late: What came in for earlier days, by street.
        heads: The last number of each feed, read before anything else.
    """

    day: str
    as_of_ms: int
    names: Mapping[str, str]
    plans: Mapping[str, GridPlan]
    looks: list[Look]
    standings: list[Standing]
    returned: list[str]
    red: list[RedCase]
    silent: list[Silent]
    ahead: list[Countdown]
    calendar: Calendar
    late: list[Late]
    heads: Mapping[str, int]


def figures(facts: Facts, area: str, streets: Iterable[str] = ()) -> DayFigures:
    """
    Return the figures of *area*.

    Args:
        streets: Of a district: the streets told of one by one.
    """
    silent = sorted({one.person for one in facts.silent if grid.lies_in(one.area, area)})
    each = [Street(code, _called(facts, code), counts(facts, code)) for code in streets]
    return DayFigures(
        area=area,
        name=_called(facts, area),
        day=facts.day,
        as_of=instant(facts.as_of_ms),
        counts=counts(facts, area),
        overdue=tuple(_overdue(facts, one) for one in _in(facts.red, area)[:OVERDUE]),
        unwalked=tuple(_called(facts, code) for code in unwalked(facts, area)[:UNWALKED]),
        unwalked_in=tuple(_unwalked_in(facts, area)),
        unsynced=tuple(silent[:UNSYNCED]),
        ahead=tuple(Ahead(one.name, one.due_on, one.days) for one in _ahead(facts)[:AHEAD]),
        streets=tuple(each),
        late=tuple(one for one in facts.late if grid.lies_in(one.street, area))[:LATE],
        heads={feed: n for feed, n in sorted(facts.heads.items()) if grid.lies_in(feed, area)},
    )


def shorter(told: DayFigures) -> Iterator[DayFigures]:
    """Yield *told*, then again and again with half of every list: a report must fit into one record."""
    while True:
        yield told
        lists = {name: getattr(told, name) for name in _LISTS}
        told = msgspec.structs.replace(told, **{name: one[: len(one) // 2] for name, one in lists.items()})


_LISTS = ("unwalked", "unwalked_in", "unsynced", "streets", "late")


def counts(facts: Facts, area: str) -> Counts:
    """Return the counts of *area*."""
    looks = _in(facts.looks, area)
    looked = {(look.type, look.about) for look in looks}
    by_type = {kind: sum(1 for name, _ in looked if name == check) for kind, check in patrol.CHECK_OF.items()}
    done = patrol.completion(plan for code, plan in facts.plans.items() if grid.lies_in(code, area))
    standing = _summed(one for one in facts.standings if grid.lies_in(one.street, area))
    return Counts(
        segments=by_type["street_segment"],
        shops=by_type["shop"],
        parking=by_type["parking_area"],
        checks=len(looks),
        due=done.due,
        done=done.done,
        returned=sum(grid.lies_in(place, area) for place in facts.returned),
        unwalked=len(unwalked(facts, area)),
        unsynced=len({one.person for one in facts.silent if grid.lies_in(one.area, area)}),
        **standing,
    )


def unwalked(facts: Facts, area: str) -> list[str]:
    """Return the codes of the grids in *area* in which something was due and nobody checked anything 未巡查网格."""
    walked = {look.grid for look in facts.looks}
    return sorted(
        code
        for code, plan in facts.plans.items()
        if grid.lies_in(code, area) and plan.due and not plan.walked and code not in walked
    )


def _unwalked_in(facts: Facts, area: str) -> Iterator[Unwalked]:
    """Yield how many grids nobody walked in each part of *area*, the next level below it, by code."""
    level = grid.Level.COMMUNITY if len(area) >= grid.Level.STREET else grid.Level.STREET
    for part, grids in sorted(Counter(code[:level] for code in unwalked(facts, area)).items()):
        # 河北社区, as people say it, not 河北社区居委会.
        yield Unwalked(_called(facts, part).removesuffix("居委会"), grids)


def _summed(standings: Iterable[Standing]) -> dict[str, int]:
    totals = dict.fromkeys(Standing._fields[1:], 0)
    for one in standings:
        for name in totals:
            totals[name] += getattr(one, name)
    return totals


def _in(found: Iterable[Any], area: str) -> list[Any]:
    return [one for one in found if grid.lies_in(one.grid, area)]


def _called(facts: Facts, code: str) -> str:
    return facts.names.get(code, code)


def _ahead(facts: Facts) -> list[Countdown]:
    near = [one for one in facts.ahead if 0 <= one.days <= NEAR_DAYS]
    return sorted(near, key=lambda one: (one.days, one.name))


def _overdue(facts: Facts, one: RedCase) -> OverdueCase:
    times = one.times
    clock = times.term.limit[1] if times.term else _ANY_CLOCK
    told = overdue_by(facts.calendar, one.due_ms, facts.as_of_ms, clock)
    known = PROBLEM_CLASSES.get(times.problem_class)
    return OverdueCase(
        number=times.case_no or "",
        place=times.place_text or _called(facts, one.grid),
        problem_zh=known.zh if known else times.problem_class,
        problem_en=english(times.problem_class),
        unit=one.unit or _called(facts, one.grid),
        zh=told.zh if told else "刚刚超期",
        en=told.en if told else "just overdue",
        owner=times.owner_person,
    )


# -- what came in late 补报 ---------------------------------------------------------------------------


class Arrival(NamedTuple):
    """A check or a problem that came in: when it was observed, by whom."""

    type: str
    grid: str
    by: str | None
    at_ms: int


class Arrived(NamedTuple):
    """What came in late for one day in one street."""

    checks: int
    cases: int
    workers: int


def late_arrivals(arrivals: Iterable[Arrival], day: str) -> dict[tuple[str, str], Arrived]:
    """Return what of *arrivals* belongs to days before *day*, by day and street (or district), in this order."""
    found: dict[tuple[str, str], list[Arrival]] = {}
    for one in arrivals:
        on = day_of(one.at_ms)
        if on < day:
            found.setdefault((on, grid.feed_of(one.grid)), []).append(one)
    return {key: _counted(found[key]) for key in sorted(found)}


def _counted(arrivals: list[Arrival]) -> Arrived:
    cases = sum(one.type == "case" for one in arrivals)
    return Arrived(len(arrivals) - cases, cases, len({one.by for one in arrivals if one.by}))
