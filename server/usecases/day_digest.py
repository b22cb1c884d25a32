"""
The digest of a day 创卫日报, read and put together: of one street, or of the district street by street.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from schemas import day_text, grid, patrol, progress
from schemas.day_figures import DayFigures, Late, from_fields
from schemas.moments import day_of, ms_of
from schemas.patrol import GridPlan
from schemas.reports import day_report_id
from server.core import digesting
from server.core.digesting import Arrival, Facts, Look, RedCase, Silent, Standing
from server.storage.patrol import CHECKS, Came, Entry
from server.storage.unit_of_work import UnitOfWork
from server.usecases.know_devices import FIELD, not_synced_today, unsent_people
from server.usecases.name_units import unit_names
from server.usecases.patrol_plan import plans
from server.usecases.read_calendar import read_calendar

_DAY_MS = 86_400_000
#: So many earlier days are corrected; what is older is counted alone.
CORRECTED_DAYS = 7
#: After so many days without a report nothing counts as late.
_MONTH = 32
#: A push that had come in when a report was made may have been committed behind it.
_OVERLAP_MS = 600_000


class DayDigest(NamedTuple):
    """
    The digest of one area and day.

    Attributes:
        zh, en: With people's names; for those who lead the area.
        plain_zh, plain_en: Without any.
    """

    figures: DayFigures
    zh: str
    en: str
    plain_zh: str
    plain_en: str


def day_digest(work: UnitOfWork, area: str, day: str, now_ms: int) -> DayDigest:
    """
    Return the digest of *area*, a street or the district, on *day* (2020-07-18), as it stands at *now_ms*.

    Args:
        work: For reading; needs no transaction.
    """
    facts = gather(work, area, day, now_ms)
    return in_words(work, digesting.figures(facts, area, streets_of(work, area)))


def in_words(work: UnitOfWork, told: DayFigures) -> DayDigest:
    """Return *told* in words, with the names people have now and without."""
    names = work.people.names(day_text.names_in(told))
    return DayDigest(
        told,
        day_text.digest_zh(told, names),
        day_text.digest_en(told, names),
        day_text.digest_zh(told),
        day_text.digest_en(told),
    )


def streets_of(work: UnitOfWork, area: str) -> list[str]:
    """Return the codes of the streets in *area* by code; none where it is a street or smaller itself."""
    if len(area) >= grid.Level.STREET:
        return []
    found = {str(one.fields.get("code")) for one in work.patrol.entries(("area",), area)}
    return sorted(code for code in found if len(code) == grid.Level.STREET and not grid.is_sealed(code))


def gather(work: UnitOfWork, area: str, day: str, now_ms: int) -> Facts:
    """Return what is to be known of *area* on *day*; what was received until *now_ms* counts."""
    # First: what comes in meanwhile is late rather than lost.
    heads = {feed: n for feed, n in work.feeds.heads().items() if not grid.is_sealed(feed)}
    start, end = _bounds(day)
    return Facts(
        day=day,
        as_of_ms=now_ms,
        names=_area_names(work, area),
        plans=plans(work, day, now_ms, area),
        looks=_looks(work, area, day, now_ms),
        standings=[
            Standing(*one) for one in work.day_ledger.standings(area, now_ms, (start, end), (end, end + _DAY_MS))
        ],
        returned=work.day_ledger.returned(area, start, end),
        red=_longest(work, area, now_ms),
        silent=_silent(work, area, day, now_ms),
        ahead=_countdowns(work, day),
        calendar=read_calendar(work),
        late=_late(work, area, day, now_ms),
        heads=heads,
    )


def _bounds(day: str) -> tuple[int, int]:
    start = ms_of(f"{day}T00:00:00+08:00")
    return start, start + _DAY_MS


def _area_names(work: UnitOfWork, area: str) -> dict[str, str]:
    found = work.patrol.entries(("area",), area)
    return {str(one.fields["code"]): str(one.fields["name"]) for one in found if one.fields.get("name")}


def _looks(work: UnitOfWork, area: str, day: str, now_ms: int) -> list[Look]:
    """Return every check of the day; the office can have received none before it."""
    start, _ = _bounds(day)
    came = work.patrol.came(area, start - 1, now_ms)
    return [
        Look(one.type, one.grid, one.target or one.id)
        for one in came
        if one.type in CHECKS and day_of(one.at_ms) == day
    ]


def _longest(work: UnitOfWork, area: str, now_ms: int) -> list[RedCase]:
    """Return the longest overdue problems: as many of each street as a digest names."""
    counted: dict[str, int] = {}
    kept = []
    for one in work.day_ledger.overdue(area, now_ms):
        street = grid.feed_of(one.grid)
        counted[street] = counted.get(street, 0) + 1
        if counted[street] <= digesting.OVERDUE:
            kept.append(one)
    times = work.case_clocks.of([one.id for one in kept])
    names = unit_names(work, {times[one.id].lead or "" for one in kept if one.id in times} - {""})
    return [
        RedCase(one.grid, one.due_ms, found, names.get(found.lead or "", found.lead or ""))
        for one in kept
        if (found := times.get(one.id)) is not None
    ]


def _silent(work: UnitOfWork, area: str, day: str, now_ms: int) -> list[Silent]:
    """Return who has a tablet and was not heard of on the day, or whose work still waits on it."""
    silent = [Silent(one.person, one.area) for one in not_synced_today(work, day, now_ms, area)]
    waiting = {one.person for one in unsent_people(work, now_ms)} - {one.person for one in silent}
    if not waiting:
        return silent
    for held in work.people.held():
        grant = held.grant
        if held.person in waiting and grant.role in FIELD and grant.holds_at(now_ms) and grid.lies_in(grant.area, area):
            silent.append(Silent(held.person, grant.area))
    return silent


def _countdowns(work: UnitOfWork, day: str) -> list[progress.Countdown]:
    found = work.patrol.entries(("milestone", "campaign_task"), work.district)
    tasks = [one for one in found if one.type == "campaign_task"]
    return [
        progress.countdown(one, [task for task in tasks if _of_one_campaign(one, task)], day)
        for one in found
        if one.type == "milestone"
    ]


def _of_one_campaign(milestone: Entry, task: Entry) -> bool:
    campaign: bool = milestone.fields.get("campaign_id") == task.fields.get("campaign_id")
    return campaign


# -- what came in late 补报 ---------------------------------------------------------------------------


class _Report(NamedTuple):
    """What of an earlier report is asked for."""

    day: str
    number: str | None
    figures: DayFigures


def late_since(work: UnitOfWork, area: str, day: str, now_ms: int) -> list[Late]:
    """Return what came in for *day* itself since its report in *area*, by street; none where there is none."""
    codes = [area, *streets_of(work, area)]
    last = {code: report for (_, code), report in _reports(work, [(day, code) for code in codes]).items()}
    return [one for one in _since(work, area, last, _before(day, -1), now_ms) if one.day == day]


def _late(work: UnitOfWork, area: str, day: str, now_ms: int) -> list[Late]:
    """Return what came in for earlier days since the last report of each street, by day."""
    return _since(work, area, _last_reports(work, area, day), day, now_ms)


def _since(work: UnitOfWork, area: str, last: Mapping[str, _Report], day: str, now_ms: int) -> list[Late]:
    """Return what came in for days before *day* since the reports *last*, by day and street."""
    if not last:
        return []
    since_ms = min(ms_of(one.figures.as_of) for one in last.values()) - _OVERLAP_MS
    fresh = [
        Arrival(one.type, one.grid, one.by, one.at_ms)
        for one in work.patrol.came(area, since_ms, now_ms)
        if _is_late(one, last.get(grid.feed_of(one.grid)))
    ]
    arrived = digesting.late_arrivals(fresh, day)
    reports = _reports(work, arrived.keys())
    # Of days long gone the plan is not reckoned anew.
    days = sorted({on for on, street in arrived if (on, street) in reports})[-CORRECTED_DAYS:]
    planned = {on: plans(work, on, now_ms, area) for on in days}
    names = _area_names(work, area)
    return [
        _told(Late(on, street, names.get(street, street), None, *counted), reports.get((on, street)), planned.get(on))
        for (on, street), counted in arrived.items()
    ]


def _is_late(one: Came, last: _Report | None) -> bool:
    """Say whether something came in after the last report of its street."""
    if last is None:
        return False
    # What was moved here has a new number, and came in long before.
    return one.born > last.figures.heads.get(grid.feed_of(one.grid), 0)


def _told(late: Late, report: _Report | None, planned: Mapping[str, GridPlan] | None) -> Late:
    if report is None:
        return late
    number, counts = report.number, report.figures.counts
    if planned is None:
        return msgspec.structs.replace(late, report_no=number)
    done = patrol.completion(plan for code, plan in planned.items() if grid.lies_in(code, late.street))
    was, now = (counts.due, counts.done), (done.due, done.done)
    return msgspec.structs.replace(late, report_no=number, was=was, now=now)


def _last_reports(work: UnitOfWork, area: str, day: str) -> dict[str, _Report]:
    """Return the last report before *day* of each street in *area*, and of the district, by code."""
    last: dict[str, _Report] = {}
    wanted = {area, *streets_of(work, area)}
    for days in (range(1, 4), range(4, _MONTH)):
        asked = [(_before(day, back), code) for back in days for code in wanted - last.keys()]
        for (_, code), report in sorted(_reports(work, asked).items()):
            last[code] = report
    return last


def _reports(work: UnitOfWork, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], _Report]:
    """Return those of the reports *wanted*, each by its day and area, that there are."""
    ids = {day_report_id(area, day): (day, area) for day, area in wanted}
    return {
        ids[id_]: _Report(one.fields["day"], one.fields.get("report_no"), from_fields(one.fields["figures"]))
        for id_, one in work.records.get(ids).items()
        if not one.void
    }


def _before(day: str, back: int) -> str:
    return (date.fromisoformat(day) - timedelta(days=back)).isoformat()
