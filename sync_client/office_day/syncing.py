"""
今日同步: what every worker of an office's area did on a day, who has not synced, who has not been out.

Pure: rows in, one value out. A worker is whoever holds a grid by the directory, and whoever else worked that day.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from schemas import grid
from schemas.grid import Level
from sync_client.office_day.values import (
    FORMS,
    AreaRow,
    CheckRow,
    DeviceSeen,
    FoundRow,
    PersonRow,
    SyncDay,
    WorkerDay,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Facts:
    """
    Everything that a day is told from.

    Attributes:
        areas: The codes the office answers for.
        sees: Says whether somebody who looks may know of what lies at a code.
        begins_ms, ends_ms: The day, the end left out.
        devices: The ledger as it was heard at ``devices_ms``; empty where it never was (None).
    """

    day: str
    areas: tuple[str, ...]
    sees: Callable[[str], bool]
    begins_ms: int
    directory: Sequence[AreaRow]
    people: Sequence[PersonRow]
    checks: Sequence[CheckRow]
    found: Sequence[FoundRow]
    devices: Sequence[DeviceSeen]
    synced_ms: int | None
    devices_ms: int | None


def sync_day(facts: Facts) -> SyncDay:
    """Return the day of *facts*: whoever has not synced or not been out first, then by grid and name."""
    checks = [one for one in facts.checks if facts.sees(one.grid)]
    found = [one for one in facts.found if facts.sees(one.grid)]
    finders = _finders(checks, found)
    work = _Work(
        _grouped((one.person, one) for one in checks),
        _grouped((finders[one.id], one) for one in found if one.id in finders),
        _grouped((person, one) for one in facts.devices if not one.revoked for person in one.people),
    )
    rows = [_counted(worker, work, facts) for worker in _workers(facts, checks, finders)]
    return SyncDay(
        day=facts.day,
        areas=facts.areas,
        rows=tuple(sorted(rows, key=_urgency)),
        checks=_by_form(checks),
        found=len(found),
        photos=_photos(checks, found),
        synced_ms=facts.synced_ms,
        devices_ms=facts.devices_ms,
    )


def _urgency(row: WorkerDay) -> tuple[int, bool, tuple[str, ...], str]:
    return _ORDER.index(row.sync), row.checked > 0, row.areas, row.name


_ORDER = ("silent", "no_device", "unsent", "unknown", "synced")


# -- who is listed ----------------------------------------------------------------------------------


def _workers(facts: Facts, checks: Iterable[CheckRow], finders: Mapping[str, str]) -> list[WorkerDay]:
    """Return whoever is listed, with nothing counted yet."""
    names = {one.id: one.name for one in facts.people}
    worked = {one.person for one in checks} | set(finders.values())
    about = worked | {person for device in facts.devices for person in device.people}
    held = _held(facts, about)
    listed = [WorkerDay(person, name, tuple(sorted(codes)), {}) for (person, name), codes in held.items()]
    rest = worked - {one.person for one in listed if one.person}
    return listed + [WorkerDay(person, names.get(person, person[-8:]), (), {}) for person in sorted(rest)]


def _held(facts: Facts, about: set[str]) -> dict[tuple[str | None, str], set[str]]:
    """
    Return the grids of whoever holds one, by id and name.

    The directory names holders by name alone: of several people with one name those are meant who worked here or
    have a tablet here; where that leaves none, or nobody of that name is known, the name stands by itself.
    """
    called: dict[str, list[str]] = defaultdict(list)
    for one in facts.people:
        called[one.name].append(one.id)
    held: dict[tuple[str | None, str], set[str]] = defaultdict(set)
    for area in facts.directory:
        if len(area.code) == Level.GRID and grid.lies_in_any(area.code, facts.areas):
            for name in area.holders:
                for person in _meant(called[name], about):
                    held[person, name].add(area.code)
    return held


def _meant(called: list[str], about: set[str]) -> list[str | None]:
    if len(called) < 2:
        return list(called) or [None]
    return [one for one in called if one in about] or [None]


# -- what is counted --------------------------------------------------------------------------------


def _finders(checks: Iterable[CheckRow], found: Iterable[FoundRow]) -> dict[str, str]:
    """Return who found each case, by its id, as far as that can be told."""
    inspectors = {one.id: one.person for one in checks}
    known = ((one.id, inspectors.get(one.check) if one.check else one.by) for one in found)
    return {case: person for case, person in known if person}


class _Work(NamedTuple):
    """Checks, cases and tablets by person."""

    checks: Mapping[str, list[CheckRow]]
    found: Mapping[str, list[FoundRow]]
    devices: Mapping[str, list[DeviceSeen]]


def _grouped(pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    grouped: dict[str, list[T]] = defaultdict(list)
    for key, value in pairs:
        grouped[key].append(value)
    return grouped


def _counted(worker: WorkerDay, work: _Work, facts: Facts) -> WorkerDay:
    person = worker.person or ""
    checks, found = work.checks.get(person, []), work.found.get(person, [])
    devices = work.devices.get(person, [])
    moments = [one.at_ms for one in checks]
    return replace(
        worker,
        checks=_by_form(checks),
        found=len(found),
        photos=_photos(checks, found),
        first_ms=min(moments, default=None),
        last_ms=max(moments, default=None),
        contact_ms=max((one.last_ms for one in devices if one.last_ms is not None), default=None),
        waiting=sum(one.waiting for one in devices),
        photos_waiting=sum(one.photos_waiting for one in devices),
        oldest_ms=min((one.oldest_ms for one in devices if one.oldest_ms is not None), default=None),
        devices=tuple(one.name for one in devices),
        shared=any(len(one.people) > 1 for one in devices),
        sync=_standing(devices, worker, facts),
    )


def _standing(devices: list[DeviceSeen], worker: WorkerDay, facts: Facts) -> str:
    if facts.devices_ms is None or worker.person is None:
        return "unknown"
    if not devices:
        # Somebody from elsewhere who worked here may well have a tablet that this office is not told of.
        return "no_device" if worker.areas else "unknown"
    if all(one.last_ms is None or one.last_ms < facts.begins_ms for one in devices):
        return "silent"
    return "unsent" if any(one.waiting or one.photos_waiting for one in devices) else "synced"


def _by_form(checks: Iterable[CheckRow]) -> dict[str, int]:
    counted = Counter(one.form for one in checks)
    return {form: counted[form] for form in FORMS}


def _photos(checks: Iterable[CheckRow], found: Iterable[FoundRow]) -> int:
    """Count photos once: a case that a check opened shows the check's own."""
    return sum(one.photos for one in checks) + sum(one.photos for one in found if one.check is None)
