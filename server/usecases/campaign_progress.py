"""
How a campaign stands 行动进展: its records read, and put together by ``server.core.campaign``.

Figures are passed on to streets and units: what is sealed 封存 is counted in none of them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from schemas import grid, progress, workflow
from schemas.moments import ms_of
from server.core.campaign import places
from server.core.campaign.cleaning import CleaningTotals, cleaning_totals
from server.core.campaign.readiness import Readiness, readiness
from server.storage.ledger_lists import Scope, Wanted
from server.storage.unit_of_work import UnitOfWork
from server.usecases.mistakes import Mistake
from server.values import Record

CHECKS = ("street_check", "shop_check", "parking_check")


class Belongings(NamedTuple):
    """A campaign and whatever names it, void ones left out; by type."""

    campaign: Record
    by_type: Mapping[str, list[Record]]

    def of(self, type_name: str) -> list[Record]:
        """Return its records of one type, by id."""
        return self.by_type.get(type_name, [])


def campaigns(work: UnitOfWork) -> list[Record]:
    """Return every campaign of the district, the latest first."""
    found = [one for one in work.records.of_types(("campaign",)) if not one.void]
    return sorted(found, key=lambda one: (one.fields["start_on"], one.id), reverse=True)


def campaign_called(work: UnitOfWork, text: str | None) -> Record:
    """
    Return the campaign called *text*, by its name or id; without one, the only one there is.

    Raises:
        Mistake: There is none such, or several.
    """
    found = campaigns(work)
    named = found if text is None else [one for one in found if text in (one.id, one.fields["name"])]
    if len(named) == 1:
        return named[0]
    listed = "、".join(f"{one.fields['name']}（{one.id}）" for one in found) or "—"
    raise Mistake(f"请写明一个行动的名称或编号，现有：{listed}", f"Name one campaign; there are: {listed}")


def belongings(work: UnitOfWork, campaign: Record) -> Belongings:
    """Return everything that names *campaign* as its own: tasks, milestones, pledges, items, orders."""
    by_type: dict[str, list[Record]] = {}
    for one in sorted(work.records.about([campaign.id], 0, lock=False).values(), key=lambda one: one.id):
        if not one.void:
            by_type.setdefault(one.type, []).append(one)
    return Belongings(campaign, by_type)


class Overview(NamedTuple):
    """
    A campaign on one day.

    Attributes:
        milestones: The countdowns, by day.
        standings: How many tasks stand where; see ``progress.STANDINGS``.
        late: The late tasks, the longest overdue first.
        pledges: How the pledges stand.
        answers: How many orders and instructions are answered how; see ``progress.ANSWERS``.
    """

    campaign: Record
    milestones: list[progress.Countdown]
    standings: Mapping[str, int]
    late: list[progress.LateTask]
    pledges: progress.PledgeRate
    answers: Mapping[str, int]


def overview(work: UnitOfWork, campaign: Record, day: str) -> Overview:
    """Return how *campaign* stands on *day* (2020-07-20)."""
    known = belongings(work, campaign)
    tasks = known.of("campaign_task")
    counted = Counter(progress.standing(task.fields, day) for task in tasks)
    demands = [*known.of("order"), *_instructions(work, [campaign, *tasks])]
    answered = Counter(progress.answer(one.fields, day) for one in demands)
    counts = [progress.countdown(one, tasks, day) for one in known.of("milestone")]
    return Overview(
        campaign=campaign,
        milestones=sorted(counts, key=lambda one: (one.due_on, one.id)),
        standings={name: counted[name] for name in progress.STANDINGS},
        late=progress.late_tasks(tasks, day),
        pledges=progress.pledge_rate(one.fields for one in known.of("pledge")),
        answers={name: answered[name] for name in progress.ANSWERS},
    )


def _instructions(work: UnitOfWork, about: Iterable[Record]) -> list[Record]:
    found = work.records.about([one.id for one in about], 0, lock=False).values()
    return [one for one in found if one.type == "instruction" and not one.void]


def item_readiness(work: UnitOfWork, campaign: Record) -> list[Readiness]:
    """Return how ready each standard item of *campaign* is, those that are not first."""
    known = belongings(work, campaign)
    items = known.of("standard_item")
    classes = {name for item in items for name in item.fields.get("problem_classes") or ()}
    still_open = {name: _open_cases(work, name) for name in sorted(classes)}
    return readiness(items, known.of("campaign_task"), still_open)


def _open_cases(work: UnitOfWork, problem_class: str) -> int:
    states = tuple(workflow.CASE.states.keys() - workflow.CASE.final)
    # The time of day tells lights apart, and all of them are counted.
    wanted = Wanted((Scope(work.district, sealed=False),), now_ms=0, states=states, classes=(problem_class,))
    return sum(counted.cases for counted in work.ledger_lists.count(wanted))


def cleaning_day(work: UnitOfWork, record: str) -> tuple[Record, CleaningTotals]:
    """
    Return a cleaning day and what it came to.

    Raises:
        Mistake: There is no such cleaning day.
    """
    day = work.records.get([record]).get(record)
    if day is None or day.type != "cleaning_day":
        raise Mistake(f"没有编号为 {record} 的清扫日。", f"There is no cleaning day {record}.")
    found = work.records.about([record], 0, lock=False).values()
    turnouts = (one.fields for one in found if one.type == "turnout" and not one.void)
    return day, cleaning_totals(day.fields, turnouts)


def sweep_called(work: UnitOfWork, record: str, day: str) -> tuple[Record, progress.SweepState]:
    """
    Return a sweep and what units reported of it by *day*.

    Raises:
        Mistake: There is no such sweep.
    """
    sweep = work.records.get([record]).get(record)
    if sweep is None or sweep.type != "sweep":
        raise Mistake(f"没有编号为 {record} 的举一反三排查。", f"There is no sweep {record}.")
    found = work.records.about([record], 0, lock=False).values()
    reports = (one.fields for one in found if one.type == "unit_report" and not one.void)
    return sweep, progress.sweep_state(sweep.fields, reports, day)


def key_place_patrols(work: UnitOfWork, area: str, day: str) -> list[places.Patrols]:
    """Return how often each key place in *area* was to be visited on *day*, and was."""
    found = work.records.of_types(("key_place",), area)
    targets = {target for one in found for target in one.fields.get("target_ids") or ()}
    # A check is made on its day and may be corrected later, never before.
    checks = _checks_of(work, targets, ms_of(f"{day}T00:00:00+08:00"))
    return places.patrols(found, checks, day)


def model_roads(work: UnitOfWork, area: str, day: str) -> list[places.ModelRoad]:
    """Return how every model road in *area* stands on *day*."""
    segments = work.records.of_types(("street_segment",), area)
    roads = [one for one in places.in_use(segments, day) if one.fields.get("is_model_road")]
    about = work.records.about([road.id for road in roads], 0, lock=False).values()
    shops = [one for one in about if one.type == "shop"]
    checks = _checks_of(work, {shop.id for shop in shops}, 0)
    return [places.model_road(road, shops, checks, day) for road in roads]


def _checks_of(work: UnitOfWork, targets: Iterable[str], since_ms: int) -> list[Record]:
    found = work.records.about(targets, since_ms, lock=False).values()
    return [one for one in found if one.type in CHECKS and not grid.is_sealed(one.grid)]
