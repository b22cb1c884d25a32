"""
Keep what a revoked device still brings 停用设备的数据: word for word, in quarantine, unjudged.

It is told nothing but that it was revoked, so it keeps its work too. Let in again, it brings it once more, and
then it is judged like any other.
"""

import hashlib

from schemas import clock, validation, wire
from schemas.clock import Stamp
from schemas.ids import derived_id
from schemas.mutations import Mutation
from schemas.problems import Refusal
from server.storage.devices import Device
from server.storage.quarantine import Kept, Refused, refused_id
from server.storage.store import Store
from server.storage.unit_of_work import retrying
from server.usecases.receive_mutations import Push

CODE = "device_revoked"
#: Nobody else can stop a stolen tablet from filling the disk: more than a worker writes in years is not kept.
MOST_ROWS = 20_000
MOST_BYTES = 64 * 1024 * 1024


def set_aside(store: Store, device: Device, push: Push) -> bool:
    """
    Keep every mutation of *push*; one that is kept already changes nothing.

    Returns:
        Whether all of it is kept; no where there was no room for some.
    """
    rows = [_row(device, push, raw) for raw in push.mutations]
    return retrying(lambda: _attempt(store, device, push.install, rows))


def _attempt(store: Store, device: Device, install: str, rows: list[Refused]) -> bool:
    with store.work(device.district) as work:
        # What was taken before it was revoked, and comes once more, was not refused.
        taken = work.history.settled(device.id, install, [row.n for row in rows])
        judged = {row.id: refused_id(device.id, install, row.n, row.payload) for row in rows}
        known = work.quarantine.known([*judged, *judged.values()])
        # Nor is it kept twice: what was judged and refused before lies there for its own reason, to be let in once.
        new = [row for row in rows if row.id not in known and judged[row.id] not in known]
        new = [row for row in new if row.n not in taken or taken[row.n].payload != row.payload]
        fitting = _fitting(new, work.quarantine.kept_of(device.id, CODE))
        work.quarantine.keep(new[:fitting])
        work.commit()
    return fitting == len(new)


def _fitting(rows: list[Refused], kept: Kept) -> int:
    """Return how many of *rows*, from the first on, there is room for beside what is *kept*."""
    size = kept.size
    for place, row in enumerate(rows):
        size += len(row.payload)
        if kept.payloads + place >= MOST_ROWS or size > MOST_BYTES:
            return place
    return len(rows)


def _row(device: Device, push: Push, raw: bytes) -> Refused:
    mutation = _read(raw)
    n = mutation.n if mutation else validation.peek_number(raw) or 0
    return Refused(
        id=derived_id("quarantine", device.id, push.install, str(n), hashlib.sha256(raw).hexdigest(), CODE),
        device=device.id,
        install=push.install,
        n=n,
        received_ms=push.received_ms,
        record=mutation.id if mutation else None,
        code=CODE,
        problem=wire.canonical(Refusal(CODE).body()).decode(),
        payload=raw,
        by=mutation.by if mutation else None,
        grid=mutation.grid if mutation else None,
        at_ms=_signed_ms(mutation, push) if mutation else None,
    )


def _signed_ms(mutation: Mutation, push: Push) -> int:
    offset_ms = clock.measured_offset(push.sent_ms, push.received_ms)
    return clock.receive(Stamp(*mutation.at), offset_ms, push.received_ms).stamp.ms


def _read(raw: bytes) -> Mutation | None:
    try:
        return validation.read_mutation(raw)
    except Refusal:
        return None
