"""
Take the quarantine out of the house 导出隔离区: one JSON object a line, every payload word for word.
"""

import dataclasses
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any

from schemas import wire
from server.core.desk import reading
from server.core.desk.refusals import Seen, parsed
from server.storage.quarantine import Refused
from server.storage.store import Store
from server.usecases.at_the_desk import Desk
from server.usecases.list_quarantine import Sought, laid, wanted

#: So many rows are read at a time.
PAGE = 200


def export_quarantine(store: Store, desk: Desk, sought: Sought, now_ms: int) -> Iterator[bytes]:
    """
    Yield what is *sought*, as far as *desk* may read it, the oldest first: one line of JSON each.

    ``payload`` is the text as it came, or null where it is none; then ``payload_base64`` holds its bytes.
    ``problem`` is what was told, ``fate`` how it ended (null while it waits), ``trail`` what was tried before.

    Args:
        sought: Its ``limit`` and ``after`` are not looked at: everything is exported, page by page.

    Raises:
        Refusal: At once, as ``list_quarantine`` raises it.
    """
    asked = wanted(desk, dataclasses.replace(sought, after=None), now_ms, limit=PAGE, oldest_first=True)
    return _lines(store, desk, asked, now_ms)


def _lines(store: Store, desk: Desk, asked: Any, now_ms: int) -> Iterator[bytes]:
    while True:
        with store.work(desk.district, writing=False) as work:
            rows = work.quarantine.find(asked)
            seen = laid(work, desk, rows, now_ms)
        yield from (wire.encode(_told(_whole(store, desk, row), seen)) + b"\n" for row in rows)
        if len(rows) < PAGE:
            return
        asked = dataclasses.replace(asked, after=_place(rows))


def _whole(store: Store, desk: Desk, row: Refused) -> Refused:
    """Return *row* with its payload; very large ones are read one at a time."""
    if row.payload:
        return row
    with store.work(desk.district, writing=False) as work:
        return work.quarantine.get(row.id) or row


def _place(rows: Sequence[Refused]) -> tuple[int, str]:
    return rows[-1].received_ms, rows[-1].id


def _told(row: Refused, seen: Seen) -> dict[str, Any]:
    return {
        "id": row.id, "device": row.device, "device_name": seen.devices.get(row.device), "install": row.install,
        "n": row.n, "received_at": reading.moment(row.received_ms), "received_ms": row.received_ms,
        "record": row.record, "by": row.by, "name": seen.names.get(row.by) if row.by else None, "grid": row.grid,
        "signed_ms": row.at_ms, "code": row.code, "problem": parsed(row.problem),
        "fate": parsed(row.settled) if row.settled else None, "trail": parsed(row.trail) if row.trail else [],
        **_payload(row.payload),
    }  # fmt: skip


def _payload(payload: bytes) -> dict[str, str | None]:
    try:
        return {"payload": payload.decode(), "payload_base64": None}
    except UnicodeDecodeError:
        return {"payload": None, "payload_base64": b64encode(payload).decode()}
