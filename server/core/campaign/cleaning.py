"""
What a cleaning day came to 清扫日汇总: heads, vehicles, waste and the rest, by unit and in all.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from schemas.activities import HARVEST, HELPERS
from schemas.fold import total_of
from schemas.records import Fields


class Heads(NamedTuple):
    """
    How many came 人数.

    Attributes:
        signed: Distinct people who signed in.
        typed: What was counted, by kind of helper.
    """

    signed: int
    typed: Mapping[str, int]

    @property
    def printed(self) -> int:
        """The figure that is printed: the sign-ins, or what was counted where that is more."""
        return max(self.signed, sum(self.typed.values()))

    @property
    def beyond_signed(self) -> bool:
        """Whether the figure holds people who did not sign in 含未签到."""
        return self.printed > self.signed


class UnitShare(NamedTuple):
    """What one unit brought 单位成果."""

    unit: str
    heads: Heads
    vehicles: int
    harvest: Mapping[str, float]


class CleaningTotals(NamedTuple):
    """A cleaning day in all, and unit by unit; ``heads`` counts nobody twice who signed in for two units."""

    heads: Heads
    printed: int
    vehicles: Mapping[str, int]
    harvest: Mapping[str, float]
    units: tuple[UnitShare, ...]

    @property
    def beyond_signed(self) -> bool:
        """Whether the printed figure holds people who did not sign in."""
        return self.printed > self.heads.signed


def cleaning_totals(day: Fields, turnouts: Iterable[Fields]) -> CleaningTotals:
    """
    Return what a cleaning day came to.

    Args:
        day: Its own fields: sign-ins and harvest that no unit claims.
        turnouts: Those of its units; several of one unit add up.
    """
    by_unit: dict[str, list[Fields]] = {}
    for turnout in turnouts:
        by_unit.setdefault(turnout["unit"], []).append(turnout)
    units = tuple(_share(unit, found) for unit, found in sorted(by_unit.items()))
    everything = [day, *(turnout for found in by_unit.values() for turnout in found)]
    heads = _heads(everything)
    return CleaningTotals(
        heads=heads,
        printed=max(heads.signed, sum(unit.heads.printed for unit in units)),
        vehicles=_vehicles(everything),
        harvest=_harvest(everything),
        units=units,
    )


def _share(unit: str, turnouts: list[Fields]) -> UnitShare:
    return UnitShare(unit, _heads(turnouts), sum(_vehicles(turnouts).values()), _harvest(turnouts))


def _heads(counted: list[Fields]) -> Heads:
    signed = {person for one in counted for person in one.get("signed_in") or ()}
    typed = {kind: round(sum(total_of(one.get(kind) or {}) for one in counted)) for kind in HELPERS}
    return Heads(len(signed), typed)


def _vehicles(counted: list[Fields]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in counted:
        for vehicle in one.get("vehicles") or ():
            found[vehicle["kind"]] = found.get(vehicle["kind"], 0) + vehicle["number"]
    return found


def _harvest(counted: list[Fields]) -> dict[str, float]:
    return {name: round(sum(total_of(one.get(name) or {}) for one in counted), 2) for name in HARVEST}
