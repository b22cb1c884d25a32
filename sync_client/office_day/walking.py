"""
Today's patrol plan from the tablet's own file 今日巡查: what is due, done and open, in walking order; offline.

The same reckoning as the office's (``schemas.patrol``), over what this tablet holds, by the intervals that the
district's record says. It knows no calendar: every day counts as a day on duty.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

import msgspec

from schemas import grid, patrol
from schemas.directory import area_id
from schemas.moments import day_of, ms_of
from schemas.patrol import CHECK_OF, REGISTERS, Entry, GridPlan, Kind, PatrolDay
from sync_client.database import Database

_TYPES = ", ".join(f"'{name}'" for name in REGISTERS)
_FORMS = ", ".join(f"'{name}'" for name in CHECK_OF.values())
_ENTRIES = f"SELECT id, type, grid, fields FROM record WHERE type IN ({_TYPES}) AND void = 0"  # noqa: S608  # words of ours
_LOOKED = f"""SELECT subject, time, grid FROM record
    WHERE type IN ({_FORMS}) AND time >= ? AND time < ? AND void = 0 AND subject IS NOT NULL"""  # noqa: S608  # words of ours
_ORDER = list(patrol.KINDS)
_NUMBER = re.compile(r"[0-9]{1,9}")


class Stop(NamedTuple):
    """
    One thing to look at 巡查点.

    Attributes:
        street: The id of the segment it stands at; a segment's own.
        last: The day of its last check before today; None where there is none within a month.
        done: Whether it was checked today.
    """

    id: str
    kind: Kind
    grid: str
    name: str
    door_no: str | None
    street: str | None
    last: str | None
    done: bool


class Walk(NamedTuple):
    """The plan of a day 今日巡查: figures by grid, and everything due, street by street."""

    day: str
    plans: dict[str, GridPlan]
    stops: list[Stop]


def walk_of(db: Database, sees: Callable[[str], bool], day: str) -> Walk:
    """Return the plan of *day* for what lies where *sees* says so."""
    entries = [one for one in _entries(db) if sees(one.grid)]
    last, seen = _looked_at(db, day)
    plans = patrol.plan(patrol.targets(entries, _rhythm(db, entries), day), last, seen, PatrolDay(day))
    due = {target for plan in plans.values() for part in plan.parts.values() for target in part.due}
    fields = {one.id: one.fields for one in entries}
    stops = [_stop(one, last, seen) for one in entries if one.id in due]
    return Walk(day, plans, sorted(stops, key=lambda stop: _place(stop, fields)))


def _entries(db: Database) -> list[Entry]:
    return [Entry(id_, type_, place, _decode(text)) for id_, type_, place, text in db.all(_ENTRIES)]


def _rhythm(db: Database, entries: list[Entry]) -> dict[str, int]:
    """Return every how many days things are due, as the record of the district they lie in says."""
    district = next((one.grid[: grid.Level.DISTRICT] for one in entries), "")
    row = db.one("SELECT fields FROM record WHERE id = ?", (area_id(district),))
    return patrol.rhythm_of(msgspec.json.decode(row[0]).get("patrol") if row else None)


def _looked_at(db: Database, day: str) -> tuple[dict[str, str], dict[str, int]]:
    """Return the day of each thing's last check before *day*, and how many were made on it; sealed ones stay unsaid."""
    on = date.fromisoformat(day)
    low, high = on - timedelta(days=patrol.LONGEST + 1), on + timedelta(days=2)
    last: dict[str, str] = {}
    seen: dict[str, int] = {}
    for subject, time, place in db.all(_LOOKED, (low.isoformat(), high.isoformat())):
        made = day_of(ms_of(time))
        if grid.is_sealed(place):
            continue
        if made < day:
            last[subject] = max(made, last.get(subject, ""))
        elif made == day:
            seen[subject] = seen.get(subject, 0) + 1
    return last, seen


def _stop(entry: Entry, last: dict[str, str], seen: dict[str, int]) -> Stop:
    street = entry.id if entry.type == "street_segment" else entry.fields.get("segment_id")
    return Stop(
        entry.id, _KINDS[entry.type], entry.grid, str(entry.fields.get("name") or entry.id[-8:]),
        entry.fields.get("door_no"), street, last.get(entry.id), entry.id in seen,
    )  # fmt: skip


_KINDS: dict[str, Kind] = {str(kind): kind for kind in patrol.KINDS}


def _place(stop: Stop, fields: dict[str, dict[str, Any]]) -> tuple[Any, ...]:
    """Order by grid, street, then along the street by door; what stands at no known street comes last."""
    street = fields.get(stop.street or "")
    known = (street.get("code") or street.get("name") or "") if street else ""
    return (
        stop.grid,
        street is None,
        known,
        stop.street or "",
        _ORDER.index(stop.kind),
        *_door(stop),
        stop.name,
        stop.id,
    )


def _door(stop: Stop) -> tuple[int, str]:
    number = _NUMBER.search(stop.door_no or "")
    return (int(number[0]) if number else 1 << 30, stop.door_no or "")


def streets(stops: Iterable[Stop]) -> list[tuple[str | None, list[Stop]]]:
    """Return *stops*, which stand in walking order, street by street."""
    found: list[tuple[str | None, list[Stop]]] = []
    for stop in stops:
        if not found or found[-1][0] != stop.street or found[-1][1][-1].grid != stop.grid:
            found.append((stop.street, []))
        found[-1][1].append(stop)
    return found


_decode: Callable[[str], dict[str, Any]] = msgspec.json.Decoder(dict[str, Any]).decode
