"""
What the registers of places come to 场所汇总: compounds, illegal structures, patrols, stations, model roads.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from schemas.checks.common import counted_score
from schemas.grid import Level
from schemas.moments import day_of, ms_of
from schemas.places import STRUCTURE_STATES
from schemas.records import Fields
from server.values import Record

#: A model road that names no line of its own: 90 points, "excellent" (tenths of a point).
MODEL_PASS_LINE = 900


def in_use(records: Iterable[Record], day: str) -> list[Record]:
    """Return the entries that are valid on *day*: not void, not merged into another, within their dates."""
    return [
        one
        for one in records
        if not one.void
        and not one.fields.get("merged_into")
        and (one.fields.get("valid_from") or day) <= day <= (one.fields.get("valid_to") or day)
    ]


def street_of(record: Record) -> str:
    """Return the street's code, or the district's for what belongs to no street."""
    return record.grid[: Level.STREET]


# -- compounds ----------------------------------------------------------------------------------------


class CompoundProgress(NamedTuple):
    """
    The compounds of one street 小区进展.

    Attributes:
        managed, enclosed: How many somebody manages; how many are enclosed.
        ready: How many are managed, or else enclosed: what the district asks for.
        overdue: How many are not ready and past their planned day.
    """

    street: str
    compounds: int
    managed: int
    enclosed: int
    ready: int
    overdue: int

    @property
    def rate(self) -> float:
        """The part that is ready, from 0 to 1."""
        return self.ready / self.compounds


def compound_progress(compounds: Iterable[Record], day: str) -> list[CompoundProgress]:
    """Return the progress on *day*, street by street; a street without a compound is not listed."""
    by_street: dict[str, list[Fields]] = {}
    for one in in_use(compounds, day):
        by_street.setdefault(street_of(one), []).append(one.fields)
    return [_progress(street, found, day) for street, found in sorted(by_street.items())]


def _progress(street: str, compounds: list[Fields], day: str) -> CompoundProgress:
    managed = [bool(one.get("has_property_mgmt")) for one in compounds]
    enclosed = [bool(one.get("enclosed")) for one in compounds]
    ready = [either or fence for either, fence in zip(managed, enclosed, strict=True)]
    late = [not done and (one.get("plan_on") or day) < day for done, one in zip(ready, compounds, strict=True)]
    return CompoundProgress(street, len(compounds), sum(managed), sum(enclosed), sum(ready), sum(late))


# -- illegal structures -------------------------------------------------------------------------------


class Structures(NamedTuple):
    """The illegal structures in one state 违建: how many, and their area in square metres."""

    status: str
    number: int
    area_m2: float


def structures_by_status(structures: Iterable[Record], day: str) -> list[Structures]:
    """Return every state with what is in it on *day*, in the order of the work."""
    found = in_use(structures, day)
    return [
        _in_state(state, [one.fields for one in found if one.fields["status"] == state]) for state in STRUCTURE_STATES
    ]


def _in_state(state: str, structures: list[Fields]) -> Structures:
    return Structures(state, len(structures), round(sum(one["area_m2"] for one in structures), 1))


#: By which deadline a structure in each state must have left it.
_NEXT = {"found": "stop_by", "stopped": "penalty_by", "notice": "demolish_by"}


def overdue_structures(structures: Iterable[Record], day: str) -> list[tuple[Record, str]]:
    """Return the structures past the deadline of the state they are in on *day*, with that deadline, oldest first."""
    due = [
        (one, (one.fields.get("deadlines") or {}).get(_NEXT.get(one.fields["status"])))
        for one in in_use(structures, day)
    ]
    return sorted(((one, by) for one, by in due if by and by < day), key=lambda pair: (pair[1], pair[0].id))


def unproven_demolitions(structures: Iterable[Record]) -> list[Record]:
    """Return what is said to be demolished without a photo after it 缺拆除照片."""
    return [
        one
        for one in structures
        if one.fields["status"] == "demolished"
        and not any(photo["role"] == "after" for photo in one.fields.get("photos") or ())
    ]


# -- key places ---------------------------------------------------------------------------------------


class Patrols(NamedTuple):
    """How often a key place was to be looked at on a day, and was 巡查."""

    place: Record
    due: int
    done: int

    @property
    def missing(self) -> int:
        """How many visits are missing."""
        return max(0, self.due - self.done)


def patrols(places: Iterable[Record], checks: Iterable[Record], day: str) -> list[Patrols]:
    """
    Return the patrols of each key place on *day*, the most neglected first.

    Args:
        places: Key places; one is looked at as often as the least visited of what it holds.
        checks: Checks of any day; two of one segment or shop are two visits.
    """
    visits: dict[str, int] = {}
    for check in checks:
        about = check.fields.get("target_id")
        if about and not check.void and day_of(ms_of(check.fields["observed_at"])) == day:
            visits[about] = visits.get(about, 0) + 1
    told = [Patrols(place, place.fields["patrol_per_day"], _visits(place, visits)) for place in in_use(places, day)]
    return sorted(told, key=lambda one: (-one.missing, one.place.id))


def _visits(place: Record, visits: Mapping[str, int]) -> int:
    return min((visits.get(target, 0) for target in place.fields.get("target_ids") or ()), default=0)


# -- recycling stations -------------------------------------------------------------------------------


def station_faults(station: Fields, day: str) -> list[str]:
    """
    Return what is wrong with a recycling station on *day*: ``no_licence``, ``not_enclosed``, ``not_cleared``.

    What nobody has looked at is not wrong.
    """
    faults = [name for field, name in _STATION if station.get(field) is False]
    every, last = station.get("clear_every_days"), station.get("last_cleared_on")
    if every and last and (date.fromisoformat(day) - date.fromisoformat(last)).days > every:
        faults.append("not_cleared")
    return faults


_STATION = (("licence_shown", "no_licence"), ("enclosed", "not_enclosed"))


# -- model roads --------------------------------------------------------------------------------------


class ModelRoad(NamedTuple):
    """
    A model road and its shops 示范路.

    Attributes:
        passed, failed: Shops by their last check; the others were not checked.
        score: The mean of those last checks, in tenths of a point; None without any.
    """

    road: Record
    line: int
    shops: int
    passed: int
    failed: int
    score: int | None

    @property
    def stands(self) -> bool:
        """Whether every shop was checked and none is below the line."""
        return self.shops > 0 and self.passed == self.shops


def model_road(road: Record, shops: Iterable[Record], checks: Iterable[Record], day: str) -> ModelRoad:
    """Return how a model road stands on *day*: each shop by its last check, against the road's own pass line."""
    line = road.fields.get("pass_line") or MODEL_PASS_LINE
    ours = {shop.id for shop in in_use(shops, day) if shop.fields.get("segment_id") == road.id}
    last: dict[str, tuple[str, int]] = {}
    for check in checks:
        about, score = check.fields.get("target_id"), counted_score(check.fields)
        seen = (check.fields["observed_at"], score or 0)
        if about in ours and score is not None and not check.void:
            last[about] = max(last.get(about, seen), seen)
    scores = [score for _, score in last.values()]
    passed = sum(score >= line for score in scores)
    mean = (2 * sum(scores) + len(scores)) // (2 * len(scores)) if scores else None
    return ModelRoad(road, line, len(ours), passed, len(scores) - passed, mean)
