"""
What is to be looked at on a day 巡查计划: how often each thing is due, and which are due, done and open.

Pure, the same on tablet and server: registers, last checks and the kind of day are handed in. A thing is due from
the day on which its last check is as old as its interval, until it is checked. What nobody has checked yet comes
in turn: its id says on which day of the interval, so that not all of it falls on one. Key places 重点部位 have no
form of their own: what they hold is looked at more often.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from schemas.records import Fields

Kind = Literal["street_segment", "shop", "parking_area"]
#: The kinds in the order in which they are told, each with its name, its counting word and its English name.
KINDS: dict[Kind, tuple[str, str, str]] = {
    "street_segment": ("路段", "个", "street segments"),
    "shop": ("商户", "户", "shops"),
    "parking_area": ("停车区", "处", "parking areas"),
}
#: The check of each kind.
CHECK_OF: dict[Kind, str] = {"street_segment": "street_check", "shop": "shop_check", "parking_area": "parking_check"}
KIND_OF: dict[str, Kind] = {check: kind for kind, check in CHECK_OF.items()}
#: What a plan is made of.
REGISTERS = (*KINDS, "key_place")

#: Every how many days each is due; of several that fit one thing the shortest counts. The reasons: docs/day-report.md.
STANDARD: dict[str, int] = {
    "segment_1": 1,
    "segment_2": 2,
    "segment_3": 3,
    "segment_4": 7,
    "alley": 3,
    "model_road": 1,
    "shop": 7,
    "parking": 1,
    "key_farm_market": 1,
    "key_railway_side": 2,
    "key_urban_fringe": 2,
}
WORDS: dict[str, tuple[str, str]] = {
    "segment_1": ("一级路段", "segments of grade 1"),
    "segment_2": ("二级路段", "segments of grade 2"),
    "segment_3": ("三级路段", "segments of grade 3"),
    "segment_4": ("四级路段", "segments of grade 4"),
    "alley": ("背街小巷", "back alleys"),
    "model_road": ("示范路", "model roads"),
    "shop": ("商户", "shops"),
    "parking": ("停车区", "parking areas"),
    "key_farm_market": ("重点部位：农贸市场", "in farm markets"),
    "key_railway_side": ("重点部位：铁路沿线", "along railways"),
    "key_urban_fringe": ("重点部位：城乡结合部", "on the urban fringe"),
}
#: No interval is longer: nothing is out of sight for more than a month.
LONGEST = 31

Rhythm = Mapping[str, int]
#: In these states nobody is there to look at, or nothing is to be looked at.
_RESTING = frozenset({"suspended", "removed", "closed_temporarily", "vacant", "closed"})


def rhythm_of(said: Any) -> dict[str, int]:
    """Return the intervals of a district, in days; *said* is its own word over the standard, whatever it may hold."""
    words = said if isinstance(said, dict) else {}
    return {name: words[name] if is_interval(words.get(name)) else days for name, days in STANDARD.items()}


def is_interval(days: Any) -> bool:
    """Say whether *days* can be an interval: whole days, 1 to ``LONGEST``."""
    return isinstance(days, int) and not isinstance(days, bool) and 1 <= days <= LONGEST


class Target(NamedTuple):
    """A thing that is looked at every so many days 巡查对象."""

    id: str
    kind: Kind
    grid: str
    every: int


class PatrolDay(NamedTuple):
    """
    The day a plan is made for.

    Attributes:
        day: As 2020-07-18.
        duty: Whether people are on duty 值勤日; if not, nothing is due.
        rest: How many days just before it were none: what fell on them is due now.
    """

    day: str
    duty: bool = True
    rest: int = 0


class Entry(NamedTuple):
    """A register entry as a plan reads it; void ones are left out by whoever reads."""

    id: str
    type: str
    grid: str
    fields: Fields


def targets(entries: Iterable[Entry], rhythm: Rhythm, day: str) -> list[Target]:
    """Return what of the register *entries* (``REGISTERS``) is looked at on *day* at all, and how often."""
    known = [entry for entry in entries if stands(entry.fields, day)]
    key_kinds: dict[str, list[str]] = {}
    for place in known:
        for held in place.fields.get("target_ids") or () if place.type == "key_place" else ():
            key_kinds.setdefault(held, []).append(place.fields.get("kind", ""))
    found = []
    for entry in known:
        kind = _KINDS.get(entry.type)
        if kind is not None:
            every = interval(kind, entry.fields, rhythm, key_kinds.get(entry.id, ()))
            found.append(Target(entry.id, kind, entry.grid, every))
    return found


_KINDS: dict[str, Kind] = {str(kind): kind for kind in KINDS}


def stands(fields: Fields, day: str) -> bool:
    """Say whether an entry is there to be looked at on *day*: in use, valid, not merged into another."""
    return (
        not fields.get("merged_into")
        and fields.get("status") not in _RESTING
        and fields.get("category") != "vacant"
        and (fields.get("valid_from") or day) <= day <= (fields.get("valid_to") or day)
    )


def interval(kind: Kind, fields: Fields, rhythm: Rhythm, key_kinds: Iterable[str] = ()) -> int:
    """
    Return every how many days an entry is due.

    Args:
        key_kinds: The kinds of the key places that hold it, words of ``registers.KEY_PLACE_KINDS``.
    """
    if kind == "shop":
        words = ["shop"]
    elif kind == "parking_area":
        words = ["parking"]
    else:
        words = [f"segment_{fields.get('road_grade') or 4}"]
        words += ["alley"] * (fields.get("kind") == "alley") + ["model_road"] * bool(fields.get("is_model_road"))
    words += [f"key_{one}" for one in (fields.get("key_place_kind"), *key_kinds) if one]
    return min((rhythm[word] for word in words if word in rhythm), default=LONGEST)


def is_due(target: Target, last: str | None, on: PatrolDay) -> bool:
    """
    Say whether *target* is due on a day.

    Args:
        last: The day of its last check before that day, 2020-07-17; None where nobody has checked it.
    """
    if not on.duty:
        return False
    today = _ordinal(on.day)
    if last is not None:
        return today - _ordinal(last) >= target.every
    if on.rest + 1 >= target.every:
        return True
    turn = _turn(target.id) % target.every
    # Missed on its day it stays due until its turns begin anew; what fell on days of rest comes on the next one.
    fell = (_place(today - back, target.every) for back in range(1, on.rest + 1))
    return _place(today, target.every) >= turn or turn in fell


@lru_cache(maxsize=64)
def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()


def _place(ordinal: int, every: int) -> int:
    """Return which day of its turns a day is, from 0; turns of a week begin on Monday."""
    return (ordinal - 1) % every


def _turn(record_id: str) -> int:
    return int.from_bytes(hashlib.sha256(record_id.encode()).digest()[:4], "big")


# -- plans --------------------------------------------------------------------------------------------


class Part(NamedTuple):
    """
    The plan of one kind in one grid.

    Attributes:
        due: The ids of what is due, by id.
        open: Those of them that nobody has checked on the day yet.
        visited: How many things were checked on the day, due or not.
        checks: How many checks that were.
    """

    due: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    visited: int = 0
    checks: int = 0

    @property
    def done(self) -> int:
        """How many of those due were checked."""
        return len(self.due) - len(self.open)


NOTHING = Part()


class GridPlan(NamedTuple):
    """What one grid has to do on a day 网格巡查计划, by kind; a kind without anything is left out."""

    grid: str
    parts: Mapping[Kind, Part]

    def part(self, kind: Kind) -> Part:
        """Return the plan of one kind."""
        return self.parts.get(kind, NOTHING)

    @property
    def due(self) -> int:
        """How many things are due."""
        return sum(len(part.due) for part in self.parts.values())

    @property
    def done(self) -> int:
        """How many of them were checked."""
        return sum(part.done for part in self.parts.values())

    @property
    def open(self) -> int:
        """How many of them were not."""
        return self.due - self.done

    @property
    def walked(self) -> bool:
        """Whether anything in the grid was checked on the day."""
        return any(part.checks for part in self.parts.values())


def plan(
    wanted: Iterable[Target], last: Mapping[str, str], seen: Mapping[str, int], on: PatrolDay
) -> dict[str, GridPlan]:
    """
    Return the plan of a day, by grid; a grid in which nothing is due and nothing was checked is left out.

    Args:
        wanted: The targets.
        last: By target, the day of its last check before that day.
        seen: By target, how many checks of it were made on the day.
    """
    rows: dict[str, dict[Kind, list[tuple[str, bool, int]]]] = {}
    for target in wanted:
        due, checks = is_due(target, last.get(target.id), on), seen.get(target.id, 0)
        if due or checks:
            rows.setdefault(target.grid, {}).setdefault(target.kind, []).append((target.id, due, checks))
    return {
        place: GridPlan(place, {kind: _part(by_kind[kind]) for kind in KINDS if kind in by_kind})
        for place, by_kind in sorted(rows.items())
    }


def _part(rows: list[tuple[str, bool, int]]) -> Part:
    due = sorted(id_ for id_, is_due_, _ in rows if is_due_)
    open_ = sorted(id_ for id_, is_due_, checks in rows if is_due_ and not checks)
    return Part(tuple(due), tuple(open_), sum(1 for *_, n in rows if n), sum(n for *_, n in rows))


class Completion(NamedTuple):
    """How much of what was due was done 巡查完成率."""

    due: int
    done: int

    @property
    def rate(self) -> float | None:
        """The part done, 0 to 1; None where nothing was due."""
        return self.done / self.due if self.due else None


def completion(plans: Iterable[GridPlan]) -> Completion:
    """Return how much of several plans is done; those of several days add up."""
    found = [(one.due, one.done) for one in plans]
    return Completion(sum(due for due, _ in found), sum(done for _, done in found))
