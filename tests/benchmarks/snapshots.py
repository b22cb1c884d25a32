"""
A first sync of 100,000 records: page by page, from a snapshot, and by the least that anybody could do 快照.

The floor fetches the very same parts, inflates them, reads each record's JSON and keeps five of its columns in a bare
SQLite table, one commit a part: no resuming, no hash, no waiting work, no lists to search. All three run in turn, each
in a process of its own, against the same server.
"""

import hashlib
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from schemas import wire
from server.core.views import view_of
from server.usecases.build_snapshots import build_snapshots
from server.usecases.serve_feeds import Reader
from tests.benchmarks.figures import Figure
from tests.benchmarks.reading import fill
from tests.benchmarks.running import running
from tests.benchmarks.tablets import apart, enrolled
from tests.postgres import LocalPostgres
from tests.server.office import DISTRICT, STREET, Office, open_office

HELD = 100_000
RUNS = 3


def measure(postgres: LocalPostgres, held: int = HELD) -> list[Figure]:
    """Return every figure of this page."""
    url = postgres.new_database()
    office = open_office(url)
    fill(office.store, held)
    with tempfile.TemporaryDirectory() as folder, running("gridward", url) as server:
        tablets = _Tablets(office, Path(folder), server.port)
        pages = tablets.synced("pages")
        start = time.perf_counter()
        [built] = build_snapshots(office.store, time.time_ns() // 1_000_000)
        build_s = time.perf_counter() - start
        runs = [(tablets.synced("snapshot"), tablets.synced("floor")) for _ in range(RUNS)]
        verified = tablets.verified()
    digest_s = _digest_s(office)
    office.store.engine.dispose()
    postgres.drop_database(url)
    told, rate = runs[-1][0], statistics.median(_rate(ours) for ours, _ in runs)
    ratio = statistics.median(_rate(ours) / _rate(floor) for ours, floor in runs)
    each = told["bytes"] / told["pulled"]
    return [
        Figure(f"a snapshot of {held:,} records is made", f"{build_s:.1f} s, {built.size / held:.0f} bytes a record"),
        Figure(f"first sync of {held:,} records, page by page", f"{_rate(pages):,.0f} records/s"),
        Figure(
            f"first sync of {told['pulled']:,} records from a snapshot",
            f"{rate:,.0f} records/s = {ratio:.2f} × floor",
            "≥ 20,000 records/s",
            rate >= 20_000,
        ),
        Figure("tablet's CPU a record of it", f"{told['cpu_s'] / told['pulled'] * 1e6:.0f} µs"),
        Figure("bytes a record", f"{each:.0f}", "≤ 150", each <= 150),
        Figure("tablet's memory at its peak", f"{told['mib']:.0f} MiB", "≤ 75 MiB", told["mib"] <= 75),
        Figure(f"a digest of {held // 2:,} records, server's CPU", f"{digest_s:.2f} s", "≤ 1 s", digest_s <= 1),
        Figure(f"verifying {held:,} records", f"{verified['seconds']:.1f} s, {verified['bytes'] / 1024:.1f} KiB"),
    ]


class _Tablets:
    """New tablets, each read in a process of its own."""

    def __init__(self, office: Office, folder: Path, port: int) -> None:
        self._office = office
        self._folder = folder
        self._port = port
        self._made = 0

    def synced(self, way: str) -> dict[str, Any]:
        """Sync a new tablet *way* (pages, snapshot, floor); return what that cost."""
        self._made += 1
        path = self._folder / f"{way}-{self._made}.db"
        enrolled(self._office, "qian", path, self._port).close()
        return apart(path, self._port, way)

    def verified(self) -> dict[str, Any]:
        """Verify the first tablet that took the snapshot."""
        return apart(self._folder / "snapshot-2.db", self._port, "verify")


def _rate(told: dict[str, Any]) -> float:
    return float(told["pulled"] / told["seconds"])


def _digest_s(office: Office) -> float:
    """Return the least CPU time of one digest, scaled to half of what is held."""
    reader = office.device("qian")
    with office.store.work(DISTRICT, writing=False) as work:
        device = work.devices.by_token(hashlib.sha256(reader.token.encode()).digest())
        head = work.feeds.heads()[STREET]
    if device is None:
        raise LookupError(reader.id)
    cursor = Reader(device, view_of(device.people.values(), 1), 1).seal(STREET, head, whole=False)
    client, headers = office.app.test_client(), {"Authorization": f"Bearer {reader.token}"}
    spent = []
    for _ in range(3):
        start = time.process_time()
        answer = client.get("/v1/digest", query_string={"feed": STREET, "cursor": cursor}, headers=headers)
        spent.append(time.process_time() - start)
    count = wire.decode_json(answer.data)["count"]
    return min(spent) * (HELD / 2) / int(count)
