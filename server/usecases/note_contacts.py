"""
Note when a device was last heard of 设备联系: beside the request, written in batches.

An idle sync must not write. What was heard is kept in memory and written down by a job; a crash
loses at most the last few seconds of it, and the next sync says it again.
"""

from threading import Lock

from schemas import wire
from schemas.wire import Report
from server.storage.devices import Contact, Device
from server.storage.store import Store

_lock = Lock()


def note_contact(store: Store, device: Device, report: Report | None, now_ms: int) -> None:
    """Remember that *device* was heard of at *now_ms*, and what it said of itself."""
    told = wire.encode(report).decode() if report is not None else None
    with _lock:
        before = store.heard.get((device.district, device.id))
        kept = told if told is not None or before is None else before.report
        store.heard[device.district, device.id] = Contact(device.id, now_ms, kept)


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
