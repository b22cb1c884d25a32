"""
Note when a device was last heard of 设备联系: beside the request, written in batches.

An idle sync must not write. What was heard is kept in memory and written down by a job; a crash
loses at most the last few seconds of it, and the next sync says it again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from threading import Lock
from typing import NamedTuple

import msgspec

from schemas import wire
from schemas.problems import Refusal
from schemas.wire import Outcome, Report, Waits
from server.core import cursors
from server.storage.devices import Contact, Device
from server.storage.store import Store

_lock = Lock()


class Said(NamedTuple):
    """
    What a device said of itself beside its work.

    Attributes:
        cursors: By feed, so far it has certainly read. A feed without one it reads from the beginning, and needs no
            departures of. None where it said nothing of them.
        clock_ms: Its clock, as its stamps are made.
        install, last_n: Whose numbers it counts in, and the greatest of them.
    """

    cursors: Mapping[str, str] | None = None
    clock_ms: int | None = None
    install: str | None = None
    last_n: int | None = None


class _Signed(msgspec.Struct):
    """What of a mutation tells whose it is."""

    n: int
    by: str


_signed = msgspec.json.Decoder(_Signed).decode


def note_contact(store: Store, device: Device, report: Report | None, now_ms: int, said: Said | None = None) -> None:
    """
    Remember that *device* was heard of at *now_ms*, and what it said of itself.

    Args:
        report: As it stands after this contact; see ``left_of``.
    """
    said = said or Said()
    told = wire.encode(report).decode() if report is not None else None
    read = None if said.cursors is None else wire.canonical(_read(device, said.cursors)).decode()
    offset = None if said.clock_ms is None else now_ms - said.clock_ms
    contact = Contact(device.id, now_ms, told, read, offset, said.last_n, said.install)
    with _lock:
        before = store.heard.get((device.district, device.id))
        store.heard[device.district, device.id] = contact if before is None else contact.over(before)


def heard_since(store: Store, district: str) -> dict[str, Contact]:
    """Return what this process heard of the district's devices and has not written down yet, by device."""
    with _lock:
        return {device: contact for (place, device), contact in store.heard.items() if place == district}


def left_of(report: Report | None, pushed: Iterable[bytes], outcomes: Iterable[Outcome]) -> Report | None:
    """
    Return what still waits of what a device counted before it knew the *outcomes* of what it *pushed* just now.

    Else a tablet that delivered everything once a day would stand in the ledger with all of it until the next day.
    """
    if report is None:
        return None
    final = {outcome.n for outcome in wire.each(list(outcomes)) if outcome.final}
    if not final:
        return report
    left = msgspec.structs.replace(report, waiting=max(report.waiting - len(final), 0))
    if report.by:
        done = _by_person(pushed, final)
        left.by = {person: _less(waits, done[person]) for person, waits in report.by.items()}
    if not left.waiting and not left.photos_waiting:
        left.oldest_waiting_at = None
    return left


def _by_person(pushed: Iterable[bytes], final: set[int]) -> Counter[str]:
    done: Counter[str] = Counter()
    for raw in pushed:
        with suppress(msgspec.MsgspecError, RecursionError):  # what cannot be read is nobody's
            signed = _signed(raw)
            done[signed.by] += signed.n in final
    return done


def _less(waits: Waits, done: int) -> Waits:
    return msgspec.structs.replace(waits, records=max(waits.records - done, 0))


def _read(device: Device, asked: Mapping[str, str]) -> dict[str, int]:
    """Return up to which number the device need not be told of departures, by feed."""
    read: dict[str, int] = {}
    for feed, text in asked.items():
        with suppress(Refusal):  # whoever only delivers is not asked where he stands
            read[feed] = cursors.unseal(device.cursor_key, device.id, feed, text).passed
    return read


def flush_contacts(store: Store) -> int:
    """Write down what was heard since the last time; return of how many devices."""
    with _lock:
        heard = dict(store.heard)
        store.heard.clear()
    for district in sorted({key[0] for key in heard}):
        contacts = [contact for key, contact in sorted(heard.items()) if key[0] == district]
        with store.work(district) as work:
            work.devices.note_contacts(contacts)
            work.commit()
    return len(heard)
