"""
List what has waited too long inside the office 内部超时, and the deferrals to be reviewed 到期挂账.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from schemas import grid
from schemas.problems import Refusal
from server.core.clocks.waiting import STEPS, STEPS_WORDS, Case, Review, Waiting, due_reviews, overdue_steps
from server.core.desk import reading
from server.core.desk.cases import Called, Moment
from server.core.desk.reach import Reach
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk
from server.usecases.list_cases import reach
from server.usecases.name_units import unit_names
from server.usecases.read_calendar import read_calendar

_DEFERRED = ("deferred",)


class WaitingCase(Struct, frozen=True):
    """
    A case that has waited too long: for which step, since when, by when it should have been done.

    ``unit`` is the lead unit, where it is that one's step; ``zh`` and ``en`` say how long it is overdue.
    """

    id: str
    number: str | None
    grid: str
    place: str | None
    step: str
    step_zh: str
    step_en: str
    since: Moment
    due: Moment
    unit: Called | None
    zh: str
    en: str


class WaitingList(Struct, frozen=True):
    """What waits too long, the longest first."""

    cases: list[WaitingCase]


class ReviewCase(Struct, frozen=True):
    """A deferred case whose review date has come: ``days`` ago, 0 for today."""

    id: str
    number: str | None
    grid: str
    place: str | None
    review_on: str
    days: int
    project: str | None


class ReviewList(Struct, frozen=True):
    """The deferrals to be reviewed, the oldest date first."""

    cases: list[ReviewCase]


def list_waiting(work: UnitOfWork, desk: Desk, area: str | None, now_ms: int) -> list[Waiting]:
    """
    Return the cases that *desk* may read and that have waited too long, the longest first.

    Args:
        work: For reading; needs no transaction.
        area: Only here; None for wherever the desk reads.

    Raises:
        Refusal: ``outside_area`` for an area of which the desk reads nothing.
    """
    return overdue_steps(read_calendar(work), _cases(work, desk, area, tuple(STEPS), now_ms), now_ms)


def list_reviews(work: UnitOfWork, desk: Desk, area: str | None, now_ms: int) -> list[Review]:
    """
    Return the deferred cases that *desk* may read and whose review date has come, the oldest date first.

    Raises:
        Refusal: As ``list_waiting``.
    """
    return due_reviews(_cases(work, desk, area, _DEFERRED, now_ms), now_ms)


def waiting_told(work: UnitOfWork, desk: Desk, area: str | None, now_ms: int) -> WaitingList:
    """Return what ``list_waiting`` finds, as it is told over the wire."""
    found = list_waiting(work, desk, area, now_ms)
    names = unit_names(work, {one.unit for one in found if one.unit})
    return WaitingList([_told(one, names) for one in found])


def reviews_told(work: UnitOfWork, desk: Desk, area: str | None, now_ms: int) -> ReviewList:
    """Return what ``list_reviews`` finds, as it is told over the wire."""
    return ReviewList([ReviewCase(*one) for one in list_reviews(work, desk, area, now_ms)])


def _told(one: Waiting, names: Mapping[str, str]) -> WaitingCase:
    zh, en = STEPS_WORDS[one.step]
    since, due = (Moment(reading.moment(ms), ms) for ms in (one.since_ms, one.due_ms))
    unit = Called(one.unit, names.get(one.unit)) if one.unit else None
    return WaitingCase(one.id, one.number, one.grid, one.place, one.step, zh, en, since, due, unit, one.zh, one.en)


def _cases(work: UnitOfWork, desk: Desk, area: str | None, states: tuple[str, ...], now_ms: int) -> Iterator[Case]:
    scopes = reach(desk, now_ms)
    if area is not None and not any(grid.lies_in(area, one.area) or grid.lies_in(one.area, area) for one in scopes):
        raise Refusal("outside_area", grid=area)
    for batch in work.case_clocks.in_states(states, area or ""):
        for one in batch:
            if any(_reads(scope, one.grid, {one.times.lead, one.functional_unit}) for scope in scopes):
                yield Case(one.id, one.grid, one.received_ms, one.times)


def _reads(scope: Reach, place: str, units: set[str | None]) -> bool:
    hidden = grid.is_sealed(place) and not scope.sealed
    return grid.lies_in(place, scope.area) and (scope.unit is None or scope.unit in units) and not hidden
