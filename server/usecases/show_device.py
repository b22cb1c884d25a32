"""
Show one device 设备详情: by their numbers which of its mutations are not here, and which of its photos.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from schemas import wire
from server.core import device_ledger as core
from server.core.photo_names import shown_in
from server.storage.device_ledger import LATEST, Spoken
from server.storage.devices import Contact
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk
from server.usecases.know_devices import Known
from server.usecases.list_devices import ListedDevice, listed, seen_device

#: So many ranges of numbers are named, the oldest ones.
MOST_RANGES = 100
_HASH_LENGTH = 64


class Numbers(Struct, frozen=True):
    """Numbers of a device's journal, from ``first`` to ``last`` 编号范围."""

    first: int
    last: int


class DeviceFile(Struct, frozen=True):
    """
    One device as the office reads it, and what of its journal is not here.

    Attributes:
        install, last_n: Whose numbers it counts in, and the greatest of them, when it was last heard of.
        settled: So far everything has an outcome, or waits.
        missing: Which numbers are not here; at most ``MOST_RANGES`` ranges of the latest 5,000 numbers.
        held: Which are here and wait for a record that is not.
        photos_absent: Photos that its latest records name and of which nothing is here.
        originals_absent: Of which only the copy is.
    """

    device: ListedDevice
    install: str | None
    settled: int
    last_n: int | None
    missing: list[Numbers]
    held: list[int]
    photos_absent: int
    originals_absent: int


def show_device(
    work: UnitOfWork, desk: Desk, device: str, now_ms: int, heard: Mapping[str, Contact] | None = None
) -> DeviceFile:
    """
    Return what there is to know of one device.

    Args:
        work: For reading; needs no transaction.
        heard: What this process heard of and has not written down, by device.

    Raises:
        Refusal: ``device_unknown``, also where *desk* may not see it.
    """
    one = seen_device(work, desk, device, now_ms, heard)
    row, install = one.row, one.row.install
    gaps = _gaps(work, one)
    held = work.device_ledger.held_numbers(row.id, install) if install else set()
    absent = _absent(work, desk, one, install, now_ms) if install else Absent(0, 0)
    exact = one._replace(facts=replace(one.facts, missing=sum(last - first + 1 for first, last in gaps)))
    stale_h = core.stale_hours(work.settings.get("stale_h"))
    return DeviceFile(
        listed(exact, now_ms, stale_h),
        install,
        row.settled,
        row.last_n,
        [Numbers(*gap) for gap in gaps[:MOST_RANGES]],
        sorted(held),
        *absent,
    )


class Absent(NamedTuple):
    """How many photos are named and not here: nothing of them, or their originals alone."""

    photos: int
    originals: int


def _gaps(work: UnitOfWork, one: Known) -> list[tuple[int, int]]:
    """
    Return the ranges of numbers that are not here.

    Also below what is settled: whatever was to come again later left a gap there.
    """
    row = one.row
    if row.install is None or not row.last_n:
        return []
    after = max(min(row.last_n, row.settled) - LATEST, 0)
    filed = work.device_ledger.numbers(row.id, row.install, after)
    filed |= work.device_ledger.held_numbers(row.id, row.install)
    return core.missing_numbers(row.last_n, filed, after)


def _absent(work: UnitOfWork, desk: Desk, one: Known, install: str, now_ms: int) -> Absent:
    """Return how many photos the device brought word of, which its records still name, and which are not here."""
    view = desk.view(now_ms)
    spoken = [s for s in work.device_ledger.speaking_of_photos(one.row.id, install) if not view.hides(s.feed)]
    named = dict(_named(work, spoken))
    files = {file for names in named.values() for file in names}
    here = work.device_ledger.arrived(files)
    absent = [names for names in named.values() if names[0] not in here]
    return Absent(
        sum(not here.intersection(names) for names in absent), sum(bool(here.intersection(names)) for names in absent)
    )


def _named(work: UnitOfWork, spoken: Iterable[Spoken]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every photo that the device itself named and its record still names: its hash, and its files' hashes."""
    said: dict[str, set[str]] = {}
    for one in spoken:
        said.setdefault(one.record, set()).update(_hashes(wire.decode_json(one.payload)))
    for record in work.records.get(said).values():
        if record.void:
            continue
        for photo in shown_in(record):
            sha256, copy = photo.get("sha256"), photo.get("copy")
            if isinstance(sha256, str) and sha256 in said[record.id]:
                yield sha256, (sha256, copy) if isinstance(copy, str) else (sha256,)


def _hashes(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        found = value.get("sha256")
        if isinstance(found, str) and len(found) == _HASH_LENGTH:
            yield found
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _hashes(inner)
