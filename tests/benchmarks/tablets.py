"""
The tablet: recording, a first sync of 50,000 records, and two hundred tablets at once 平板端.
"""

import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from server.storage.people import Account
from server.usecases.enrol_device import offer_code
from sync_client.client import FieldClient
from sync_client.transport import HTTPTransport
from tests.benchmarks.checks import Day
from tests.benchmarks.figures import Figure
from tests.benchmarks.reading import fill
from tests.benchmarks.running import running
from tests.benchmarks.uploads import Poster, in_parallel, packed, prepare
from tests.postgres import LocalPostgres
from tests.server.office import DISTRICT, GRID_7, PEOPLE, Office, open_office, person_id

HELD = 50_000
ONE_BY_ONE = 300
IN_BULK = 2_000


def enrolled(office: Office, name: str, path: Path, port: int) -> FieldClient:
    """Return a new tablet of one of ``PEOPLE``, enrolled over HTTP."""
    tablet = FieldClient(path, HTTPTransport(f"http://127.0.0.1:{port}"))
    account = Account(person_id(name), PEOPLE[name][0])
    tablet.enrol(offer_code(office.store, DISTRICT, account, time.time_ns() // 1_000_000), device_name=name)
    return tablet


def first_sync(postgres: LocalPostgres) -> list[Figure]:
    """Fill a tablet with 50,000 records, in a process of its own so that its memory can be read."""
    url = postgres.new_database()
    office = open_office(url)
    fill(office.store, HELD)
    with tempfile.TemporaryDirectory() as folder, running("gridward", url) as server:
        tablet = enrolled(office, "qian", Path(folder) / "tablet.db", server.port)
        tablet.close()
        told = apart(Path(folder) / "tablet.db", server.port)
        recorded = _recording(Path(folder) / "tablet.db", Path(folder) / "raw.db")
    office.store.engine.dispose()
    postgres.drop_database(url)
    rate = told["pulled"] / told["seconds"]
    each = told["bytes"] / told["pulled"]
    return [
        Figure(
            f"first sync of {told['pulled']:,} records into the tablet's file",
            f"{rate:,.0f} records/s",
            "≥ 20,000 records/s",
            rate >= 20_000,
        ),
        Figure("bytes a record", f"{each:.0f}", "≤ 150", each <= 150),
        Figure("tablet's memory at its peak", f"{told['mib']:.0f} MiB", "≤ 75 MiB", told["mib"] <= 75),
        *recorded,
    ]


def apart(path: Path, port: int, way: str = "pages") -> dict[str, Any]:
    """Let the tablet whose file is *path* sync, *way* as ``tablet_apart`` has it; return what it cost."""
    command = [sys.executable, "-m", "tests.benchmarks.tablet_apart", str(path), str(port), way]
    done = subprocess.run(command, check=True, capture_output=True)
    told: dict[str, Any] = msgspec.json.decode(done.stdout)
    return told


# -- recording --------------------------------------------------------------------------------------


def _recording(path: Path, raw_path: Path) -> list[Figure]:
    """Record checks on a tablet that holds 50,000 records, beside SQLite doing nothing but keep them."""
    checks = [msgspec.json.decode(raw) for raw in Day("qian", seed=3).mutations(ONE_BY_ONE * 2 + IN_BULK)]
    with FieldClient(path) as tablet:
        raw = _raw(raw_path)
        pairs = [
            (_timed(lambda c=c: _record(tablet, c)), _timed(lambda c=c: _keep(raw, [c]))) for c in checks[:ONE_BY_ONE]
        ]
        pairs = pairs[20:]
        ours, floor = (sorted(side)[len(pairs) // 2] for side in zip(*pairs, strict=True))
        bulk = checks[ONE_BY_ONE : ONE_BY_ONE + IN_BULK]
        bulk_s, floor_s = _timed(lambda: _record_all(tablet, bulk)), _timed(lambda: _keep(raw, bulk))
    return [
        Figure(
            f"recording a check, {HELD:,} held, one commit each",
            f"{ours * 1e3:.1f} ms = {floor / ours:.2f} × raw SQLite",
            "≥ 0.5 ×, ≤ 20 ms",
            floor / ours >= 0.5 and ours <= 0.020,
        ),
        Figure(
            f"recording {IN_BULK:,} checks in one commit",
            f"{IN_BULK / bulk_s:,.0f}/s = {floor_s / bulk_s:.2f} × raw SQLite",
            "≥ 0.5 ×",
            floor_s / bulk_s >= 0.5,
        ),
    ]


def _record(tablet: FieldClient, check: dict[str, Any]) -> None:
    tablet.create(check["type"], grid=GRID_7, set=check["set"], add=check["add"])


def _record_all(tablet: FieldClient, checks: list[dict[str, Any]]) -> None:
    with tablet.batch():
        for check in checks:
            _record(tablet, check)


def _raw(path: Path) -> sqlite3.Connection:
    """Return a database that keeps the same rows a tablet must: a journal, and the record it changes."""
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("CREATE TABLE journal (n INTEGER PRIMARY KEY, payload BLOB)")
    raw.execute("CREATE TABLE record (id TEXT PRIMARY KEY, type TEXT, grid TEXT, fields BLOB)")
    return raw


def _keep(raw: sqlite3.Connection, checks: list[dict[str, Any]]) -> None:
    raw.execute("BEGIN IMMEDIATE")
    for check in checks:
        payload = msgspec.json.encode(check)
        fields = msgspec.json.encode(check["set"])
        raw.execute("INSERT INTO journal (payload) VALUES (?)", (payload,))
        raw.execute("INSERT INTO record VALUES (?, ?, ?, ?)", (check["id"], check["type"], check["grid"], fields))
    raw.execute("COMMIT")


# -- many at once -----------------------------------------------------------------------------------


def two_hundred(postgres: LocalPostgres, tablets: int = 200) -> list[Figure]:
    """Let *tablets* push 50 checks each at once and read their scope of 500 records; none may be lost."""
    ours = _crowd(postgres, "gridward", tablets)
    floor = _crowd(postgres, "floor", tablets)
    ratio = ours["seconds"] / floor["seconds"]
    return [
        Figure(
            f"{tablets} tablets at once, 50 up and 500 down each",
            f"{ours['seconds']:.1f} s = {ratio:.2f} × floor",
            "≤ 2 × floor",
            ratio <= 2,
        ),
        Figure(
            "failed requests, checks missing",
            f"{ours['failures']}, {ours['missing']}",
            "0, 0",
            not ours["failures"] and not ours["missing"],
        ),
    ]


def _crowd(postgres: LocalPostgres, app: str, tablets: int) -> dict[str, Any]:
    url = postgres.new_database()
    office = open_office(url)
    prepare(office.store.engine, app)
    fill(office.store, 500)
    raw = [office.device("li") for _ in range(tablets)]
    days = [Day("li", seed=100 + i) for i in range(tablets)]
    bodies = [packed(day.mutations(50), limit=500) for day in days]
    with running(app, url) as server:
        warm = [Poster(server, office.device("wang").token, [packed(Day("wang", i).mutations(5))]) for i in range(8)]
        in_parallel(warm)
        before = _history(office)
        posters = [Poster(server, device.token, [body]) for device, body in zip(raw, bodies, strict=True)]
        seconds = in_parallel(posters)
    missing = tablets * 50 - (_history(office) - before) if app == "gridward" else 0
    office.store.engine.dispose()
    postgres.drop_database(url)
    return {"seconds": seconds, "failures": sum(p.failures for p in posters), "missing": missing}


def _history(office: Office) -> int:
    with office.store.engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM history WHERE n > 0").scalar_one())


def _timed(action: Any) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def measure(postgres: LocalPostgres) -> list[Figure]:
    """Return every figure of this page."""
    return first_sync(postgres) + two_hundred(postgres)
