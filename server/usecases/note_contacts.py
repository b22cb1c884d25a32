"""
Note when a device was last heard of 设备联系: beside the request, written in batches.

An idle sync must not write. What was heard is kept in memory and written down by a job; a crash
loses at most the last few seconds of it, and the next sync says it again.
"""

from collections.abc import Mapping
from contextlib import suppress
from threading import Lock

from schemas import wire
from schemas.problems import Refusal
from schemas.wire import Report
from server.core import cursors
from server.storage.devices import Contact, Device
from server.storage.store import Store

_lock = Lock()


def note_contact(
    store: Store, device: Device, report: Report | None, now_ms: int, asked: Mapping[str, str] | None = None
) -> None:
    """
    Remember that *device* was heard of at *now_ms*, and what it said of itself.

    Args:
        asked: The cursors it sent, by feed: so far it has certainly read. A feed without one it reads from the
            beginning, and needs no departures of.
    """
    told = wire.encode(report).decode() if report is not None else None
    read = None if asked is None else wire.canonical(_read(device, asked)).decode()
    with _lock:
        before = store.heard.get((device.district, device.id))
        if before is not None:
            told, read = told or before.report, read or before.cursors
        store.heard[device.district, device.id] = Contact(device.id, now_ms, told, read)


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
