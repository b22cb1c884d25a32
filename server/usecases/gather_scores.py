"""
Gather what a week's scores are made of 考核取数: once for all units, counted for each street and community.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemas import patrol
from schemas.checks.scoring import result_of
from schemas.grid import Level, is_sealed
from schemas.moments import day_of, ms_of
from schemas.roles import Role
from server.core.assessing.spans import Span, days_before
from server.core.assessing.units import Facts
from server.core.assessing.visits import Visit, counting
from server.core.campaign import places
from server.core.clocks import deadlines
from server.core.ledger_figures import Tally
from server.storage.assessing import Seen
from server.storage.ledger_lists import Scope, Wanted
from server.storage.patrol import CHECKS, Entry
from server.storage.unit_of_work import UnitOfWork
from server.usecases.patrol_plan import patrol_day, rhythm
from server.usecases.read_calendar import read_calendar

_SELF = "self"
#: Whoever checks the checkers: what these find and nobody had in the ledger is held against the place.
_FROM_ABOVE = ("district_inspection", "city", "province", "national")
#: With these an office answers a report of the public.
_ANSWERS = ("accept", "refuse", "merge")
#: An answer falls due within so many days of the report, the longest holidays counted in.
_LONGEST_WAIT = 20
_DAY_MS = 24 * 3_600_000
_LEVELS = (Level.STREET, Level.COMMUNITY)
_COUNTED = (
    "checks", "points", "patrol_due", "patrol_done", "reports", "answered", "findings", "relapses", "falsehoods",
    "cleaning_days", "model_roads",
)  # fmt: skip


class _Counts:
    """What was counted, by the codes of streets and communities."""

    def __init__(self) -> None:
        self.numbers: dict[str, Counter[str]] = defaultdict(Counter)
        self.tallies: dict[str, Tally] = {}

    def add(self, place: str | None, name: str, count: int = 1) -> None:
        """Count something for the street and the community of *place*."""
        for unit in _units_of(place):
            self.numbers[unit][name] += count

    def add_cases(self, lead: str, tally: Tally) -> None:
        """Count the cases that *lead* leads for its street and community."""
        for unit in _units_of(lead):
            before = self.tallies.get(unit, Tally())
            self.tallies[unit] = Tally(*(one + other for one, other in zip(before, tally, strict=True)))

    def facts(self, unit: str) -> Facts:
        """Return what was counted of *unit*."""
        numbers = self.numbers.get(unit, Counter())
        return Facts(unit, tally=self.tallies.get(unit, Tally()), **{name: numbers[name] for name in _COUNTED})


class Gathered(NamedTuple):
    """The facts of every street and community, by code; and the week's checks, those of a unit's own left out."""

    counts: _Counts
    codes: frozenset[str]
    visits: list[Visit]

    def of(self, level: Level, area: str) -> list[Facts]:
        """Return the facts of the units of *level* that lie in *area*, by code."""
        return [self.counts.facts(code) for code in sorted(self.codes) if len(code) == level and code.startswith(area)]


def gather(work: UnitOfWork, week: Span, now_ms: int) -> Gathered:
    """Return what is known at *now_ms* of every street's and community's *week*; of a running one until now."""
    counts, seen = _checks_and_cases(work, week, now_ms)
    until_ms = min(week.until_ms, now_ms)
    for place, found in work.assessing.findings(_FROM_ABOVE, week.since_ms, until_ms).items():
        counts.add(place, "findings", found)
    _count_acts(work, counts, week.since_ms, until_ms)
    _count_answers(work, counts, week.since_ms, until_ms)
    _count_patrols(work, counts, week, now_ms)
    _count_activities(work, counts, week)
    _count_roads(work, counts, week)
    return Gathered(counts, _codes(work, counts), seen)


def gather_late(work: UnitOfWork, week: Span, now_ms: int) -> Gathered:
    """Return of *week* only what may still arrive late and count: checks, and cases put right."""
    counts, seen = _checks_and_cases(work, week, now_ms)
    return Gathered(counts, frozenset(counts.numbers.keys() | counts.tallies.keys()), seen)


def visits(work: UnitOfWork, types: Sequence[str], span: Span, area: str) -> Iterator[Visit]:
    """Yield the checks of *types* in *area* whose day lies in *span*, those a unit made of itself left out."""
    for one in work.assessing.checks(types, span.since_ms, area):
        if one.mode != _SELF and span.first <= (day := _day(one.observed_at)) <= span.last:
            yield _visit(one, day)


def _visit(one: Seen, day: str) -> Visit:
    score = one.score if one.revised is None else one.revised
    result = one.result if one.revised is None else result_of(one.revised)
    # A veto stands whatever score was put on top: that is a matter of its own.
    return Visit(
        one.type, one.grid, one.target, day, score, result == "fail", bool(one.vetoes), one.reaction == "refused",
        one.role == Role.INSPECTOR, one.at,
    )  # fmt: skip


def _day(moment: str) -> str:
    return moment[:10] if moment.endswith("+08:00") else day_of(ms_of(moment))


def _checks_and_cases(work: UnitOfWork, week: Span, now_ms: int) -> tuple[_Counts, list[Visit]]:
    counts, seen = _Counts(), list(visits(work, CHECKS, week, work.district))
    for one in counting(seen):
        if one.score is not None:
            counts.add(one.grid, "checks")
            counts.add(one.grid, "points", one.score)
    wanted = Wanted((Scope(work.district, sealed=False),), now_ms)
    until_ms = min(week.until_ms, now_ms)
    for lead, tally in work.ledger_lists.tally(wanted, week.since_ms, until_ms, "lead").items():
        counts.add_cases(lead, Tally(*tally))
    return counts, seen


def _count_acts(work: UnitOfWork, counts: _Counts, since_ms: int, until_ms: int) -> None:
    for act in work.assessing.acts(since_ms, until_ms, ("reopen", "return")):
        if act.act == "reopen":
            counts.add(act.lead or act.grid, "relapses")
        elif act.code == "false":
            counts.add(act.lead or act.grid, "falsehoods")


def _count_answers(work: UnitOfWork, counts: _Counts, since_ms: int, until_ms: int) -> None:
    calendar = read_calendar(work)
    earliest = since_ms - _LONGEST_WAIT * _DAY_MS
    for report in work.assessing.reported(earliest, until_ms, _ANSWERS):
        due_ms = deadlines.inner_due(calendar, "accept", report.found_ms)
        if since_ms <= due_ms < until_ms:
            counts.add(report.grid, "reports")
            counts.add(report.grid, "answered", report.answered_ms is not None and report.answered_ms <= due_ms)


def _count_patrols(work: UnitOfWork, counts: _Counts, week: Span, now_ms: int) -> None:
    """Count each day's plan, as ``patrol_plan.plans`` has it, from one reading of the checks."""
    entries = [patrol.Entry(*one) for one in work.patrol.entries(patrol.REGISTERS, work.district)]
    intervals, calendar = rhythm(work), read_calendar(work)
    looked = work.assessing.looked_at(week.since_ms - (patrol.LONGEST + 1) * _DAY_MS, now_ms)
    for day in week.days():
        if day > day_of(now_ms):
            return
        last = {
            target: max(before) for target, days in looked.items() if (before := [one for one in days if one < day])
        }
        seen = {target: days[day] for target, days in looked.items() if day in days}
        planned = patrol.plan(patrol.targets(entries, intervals, day), last, seen, patrol_day(calendar, day))
        for place, plan in planned.items():
            counts.add(place, "patrol_due", plan.due)
            counts.add(place, "patrol_done", plan.done)


def _count_activities(work: UnitOfWork, counts: _Counts, week: Span) -> None:
    for day in work.patrol.entries(("cleaning_day",), work.district):
        fields = day.fields
        held = week.first <= str(fields.get("held_on")) <= week.last and (
            fields.get("signed_in") or fields.get("photos")
        )
        if held:
            took_part = {day.grid, fields.get("organiser_unit"), *(fields.get("grid_ids") or ())}
            for unit in {unit for place in took_part for unit in _units_of(place)}:
                counts.numbers[unit]["cleaning_days"] += 1


def _count_roads(work: UnitOfWork, counts: _Counts, week: Span) -> None:
    entries = work.patrol.entries(("street_segment",), work.district)
    model = [one.id for one in entries if one.fields.get("is_model_road")]
    roads = places.in_use(work.records.get(model).values(), week.last)
    shops = [
        one for one in work.records.about([road.id for road in roads], 0, lock=False).values() if one.type == "shop"
    ]
    about = work.records.about([shop.id for shop in shops], 0, lock=False).values()
    checks = [one for one in about if one.type in CHECKS and not is_sealed(one.grid)]
    seen = [one for one in checks if _day(one.fields["observed_at"]) <= week.last]
    fresh = {one.fields.get("target_id") for one in seen if _day(one.fields["observed_at"]) >= week.first}
    for road in roads:
        looked_at = any(shop.fields.get("segment_id") == road.id and shop.id in fresh for shop in shops)
        if looked_at and places.model_road(road, shops, seen, week.last).stands:
            counts.add(road.grid, "model_roads")


def _codes(work: UnitOfWork, counts: _Counts) -> frozenset[str]:
    areas: list[Entry] = work.patrol.entries(("area",), work.district)
    named = {str(one.fields.get("code")) for one in areas}
    known = {code for code in named if len(code) in _LEVELS}
    return frozenset(known | counts.numbers.keys() | counts.tallies.keys())


def _units_of(place: str | None) -> list[str]:
    """Return the street and the community of *place*, as far as it has them; departments have none."""
    if place is None or not place.isdigit() or is_sealed(place):
        return []
    return [place[:level] for level in _LEVELS if len(place) >= level]


def reaching_back(span: Span, days: int) -> Span:
    """Return *span* with so many days before it."""
    return Span(days_before(span.first, days), span.last)
