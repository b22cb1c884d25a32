"""
A tablet's first sync in a process that holds nothing else, so that its memory can be read 首次同步.

It reads page by page or from a snapshot, whatever the server offers; ``floor`` is the least that anybody could do
with the same snapshot, ``verify`` holds a tablet that has synced against the server.
"""

import resource
import sqlite3
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw, Struct

from schemas.wire import Snapshot
from sync_client.client import FieldClient
from sync_client.desk import Desk
from sync_client.transport import HTTPTransport, Request

Cost = dict[str, Any]


class Line(Struct):
    """As much of a record as the floor looks at."""

    id: str
    type: str
    grid: str
    version: int
    fields: Raw


def sync(tablet: FieldClient, transport: HTTPTransport) -> Cost:
    """Sync as anybody does."""
    del transport
    report = tablet.sync()
    return {"pulled": report.pulled, "bytes": report.bytes_down}


def verify(tablet: FieldClient, transport: HTTPTransport) -> Cost:
    """Hold the tablet against the server."""
    del transport
    verified = tablet.verify()
    if not verified.proven or verified.repaired:
        raise ValueError("what was just synced is not equal")
    return {"bytes": verified.bytes_up + verified.bytes_down}


def floor(tablet: FieldClient, transport: HTTPTransport) -> Cost:
    """Fetch the parts of the snapshot, and keep their records in a bare table."""
    desk: Desk = tablet._desk
    headers = {"Authorization": f"Bearer {desk.head().token}"}
    bare = sqlite3.connect(tablet.path.with_suffix(".bare"), isolation_level=None)
    bare.execute("PRAGMA journal_mode=WAL")
    bare.execute("PRAGMA synchronous=FULL")
    bare.execute("CREATE TABLE record (id TEXT PRIMARY KEY, type TEXT, grid TEXT, version INTEGER, fields BLOB)")
    decode = msgspec.json.Decoder(Line).decode
    listed = transport.send(Request("GET", "/v1/snapshots/210902005", headers))
    snapshot = msgspec.json.decode(listed.body, type=Snapshot)
    pulled = 0
    for part in snapshot.parts:
        packed = b"".join(_pieces(transport, f"/v1/snapshots/210902005/{part.sha256}", headers, part.size))
        lines = zlib.decompress(packed, 31).splitlines()
        bare.execute("BEGIN IMMEDIATE")
        rows = ((r.id, r.type, r.grid, r.version, bytes(r.fields)) for r in map(decode, lines))
        bare.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?)", rows)
        bare.execute("COMMIT")
        pulled += len(lines)
    return {"pulled": pulled, "bytes": sum(part.size for part in snapshot.parts)}


def _pieces(transport: HTTPTransport, path: str, headers: dict[str, str], size: int) -> list[bytes]:
    """As large as the transport carries at once."""
    step = 4 << 20
    ranges = (f"bytes={start}-{start + step - 1}" for start in range(0, size, step))
    return [transport.send(Request("GET", path, headers | {"Range": each})).body for each in ranges]


WAYS: dict[str, Callable[[FieldClient, HTTPTransport], Cost]] = {
    "pages": sync, "snapshot": sync, "floor": floor, "verify": verify,
}  # fmt: skip


def main(path: str, port: str, way: str) -> None:
    """Sync the tablet whose file is *path* with the server at *port*; print what it cost as JSON."""
    transport = HTTPTransport(f"http://127.0.0.1:{port}")
    with FieldClient(Path(path), transport) as tablet:
        start = time.perf_counter()
        told = WAYS[way](tablet, transport)
        seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    told |= {"seconds": seconds, "mib": peak_mib(), "cpu_s": used.ru_utime + used.ru_stime}
    sys.stdout.buffer.write(msgspec.json.encode(told))


def peak_mib() -> float:
    """Return the most memory this program ever had, MiB; ``ru_maxrss`` would still hold its parent's."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
