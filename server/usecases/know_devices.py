"""
What the office knows of its devices 设备现状, gathered for lists, for reminders and for the daily digest.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from schemas import grid
from schemas.moments import ms_of
from schemas.roles import Role
from schemas.wire import Report, Waits
from server.core.device_ledger import Facts, areas_of
from server.storage.device_ledger import DeviceRow, Expected, Holder
from server.storage.devices import Contact
from server.storage.unit_of_work import UnitOfWork

_NOTHING = Report()
_NO_PHOTOS = Expected(0, 0)
#: Later moments than this are no years that can be written.
_MOST_MS = 250_000_000_000_000
#: Who walks the streets with a tablet, and is named where he has not synced.
FIELD = frozenset({Role.GRID_WORKER, Role.GRID_LEADER})
_decode = msgspec.json.Decoder(Report).decode


class Known(NamedTuple):
    """One device: its rows, its last report, its people, where they work, and what follows from it all."""

    row: DeviceRow
    report: Report
    people: list[Holder]
    areas: tuple[str, ...]
    facts: Facts


class Unsent(NamedTuple):
    """
    Somebody whose work waits on a device, by its last report 未上传.

    Attributes:
        records, photos: How many; where ``shared``, of all its people together, for the device did not say whose.
        since_ms: When the oldest was made, as far as anybody knows.
        last_ms: When the device was last heard of.
    """

    person: str
    name: str
    device: str
    device_name: str
    records: int
    photos: int
    since_ms: int | None
    last_ms: int
    shared: bool


class NotSynced(NamedTuple):
    """Somebody none of whose devices was heard of on a day 未同步人员; ``area`` is where he works."""

    person: str
    name: str
    area: str
    last_ms: int | None


def know_devices(
    work: UnitOfWork, now_ms: int, heard: Mapping[str, Contact] | None = None, device: str | None = None
) -> list[Known]:
    """
    Return what is known of the devices, the latest enrolled first.

    Args:
        work: For reading; needs no transaction.
        heard: What this process heard of and has not written down, by device.
        device: The id of the only one asked about.
    """
    ledger = work.device_ledger
    holders = ledger.holders(device)
    beyond, held, expected = ledger.beyond(device), ledger.held(device), ledger.expected(device)
    found = []
    for kept in ledger.rows(device):
        row = _with(work, kept, (heard or {}).get(kept.id))
        report = report_in(row.report)
        mine = holders.get(row.id, [])
        areas = areas_of([grant for holder in mine for grant in holder.grants], work.district, now_ms)
        more = beyond.get(row.id, 0), held.get(row.id, 0), expected.get(row.id, _NO_PHOTOS)
        found.append(Known(row, report, mine, areas, _facts(row, report, *more)))
    return found


def report_in(text: str | None) -> Report:
    """Return the report that is kept as *text*; one that says nothing where there is none."""
    try:
        return _decode(text) if text else _NOTHING
    except msgspec.MsgspecError:
        return _NOTHING


def unsent_people(work: UnitOfWork, now_ms: int) -> list[Unsent]:
    """
    Return whose work waits on a device that is not revoked, one entry for each person and device.

    Where a device says whose work it is, these people alone; where it does not, everybody it speaks for.
    """
    found = []
    for one in know_devices(work, now_ms):
        last_ms, facts = one.row.last_ms, one.facts
        if one.row.revoked_ms is None and last_ms is not None and (facts.records or facts.photos):
            found += _unsent_on(one, last_ms)
    return found


def not_synced_today(work: UnitOfWork, day: str, now_ms: int, area: str = "") -> list[NotSynced]:
    """
    Return who walks the streets of *area* with a tablet and was not heard of on *day*, by area and name.

    Args:
        day: As 2020-07-18. Only the last contact is kept: of a past day, whoever synced since counts as heard of.
        area: A code; empty: the whole district.

    Returns:
        People none of whose devices that are not revoked was heard of; whoever has no device cannot sync, and is not
        among them.
    """
    since_ms = ms_of(f"{day}T00:00:00+08:00")
    people: dict[str, NotSynced] = {}
    for one in know_devices(work, now_ms):
        if one.row.revoked_ms is not None:
            continue
        for user in one.people:
            areas = sorted(g.area for g in user.grants if g.role in FIELD and g.holds_at(now_ms))
            here = next((code for code in areas if grid.lies_in(code, area)), None)
            if here is not None and user.stopped_ms is None:
                before = people.get(user.id)
                heard = [ms for ms in (one.row.last_ms, before.last_ms if before else None) if ms is not None]
                people[user.id] = NotSynced(user.id, user.name, here, max(heard, default=None))
    missed = (who for who in people.values() if who.last_ms is None or who.last_ms < since_ms)
    return sorted(missed, key=lambda who: (who.area, who.name, who.person))


def _unsent_on(one: Known, last_ms: int) -> list[Unsent]:
    facts, row = one.facts, one.row
    working = [user for user in one.people if user.stopped_ms is None]
    known = [(user, one.report.by.get(user.id, Waits())) for user in working]
    own = [
        Unsent(user.id, user.name, row.id, row.name, waits.records, waits.photos,
               moment_in(waits.oldest_at) or facts.since_ms, last_ms, shared=False)
        for user, waits in known
        if waits.records or waits.photos
    ]  # fmt: skip
    shared = len(working) > 1
    return own or [
        Unsent(user.id, user.name, row.id, row.name, facts.records, facts.photos, facts.since_ms, last_ms, shared)
        for user in working
    ]


def moment_in(text: str | None) -> int | None:
    """Return the moment a device wrote, in milliseconds; None where it wrote none that can be read."""
    try:
        ms = ms_of(text) if text else None
    except (ValueError, OverflowError, OSError):
        return None
    return ms if ms is not None and 0 <= ms < _MOST_MS else None


def _with(work: UnitOfWork, row: DeviceRow, heard: Contact | None) -> DeviceRow:
    """Return a device's row with what was heard of it since."""
    if heard is None or (row.last_ms is not None and heard.last_ms < row.last_ms):
        return row
    kept = Contact(row.id, row.last_ms or 0, row.report, None, row.offset_ms, row.last_n, row.install)
    now = heard.over(kept)
    settled = row.settled
    if now.install is not None and now.install != row.install:
        settled = work.device_ledger.settled(row.id, now.install)
    return replace(
        row,
        last_ms=now.last_ms, report=now.report, offset_ms=now.offset_ms, last_n=now.last_n, install=now.install,
        settled=settled,
    )  # fmt: skip


def _facts(row: DeviceRow, report: Report, beyond: int, held: int, expected: Expected) -> Facts:
    last_n = row.last_n or 0
    told_ms, measured_ms = -report.clock_offset_s * 1000, -(row.offset_ms or 0)
    return Facts(
        row.enrolled_ms,
        row.revoked_ms,
        row.last_ms,
        waiting=report.waiting,
        photos_waiting=report.photos_waiting,
        oldest_ms=moment_in(report.oldest_waiting_at),
        missing=max(last_n - row.settled - beyond, 0),
        held=held,
        expected=expected.photos,
        expected_ms=expected.oldest_ms or None,
        # A tablet's stamps are made by the clock as it corrected it: what is left of the error is measured.
        ahead_ms=max(told_ms, measured_ms, key=abs),
        free_mb=report.free_mb,
        set_back=0 < last_n < row.settled,
    )
