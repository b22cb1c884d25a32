"""
A district comes back on line 重连风暴: hundreds of tablets with waiting checks reconnect at once.

    python -m tests.benchmarks.storm [--tablets 500] [--checks 20] [--on sqlite|postgres|both]

Real tablets in a few processes, a real server as ``gridward-server serve`` starts it. Fifty grids of one street,
the tablets of a grid read what their colleagues bring. The floor is one tablet's sync on the idle server, times
the number of tablets: what it would take if they came one after the other and nothing cost extra.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import insert

from schemas.ids import derived_id
from schemas.roles import Role
from server.storage.people import Account
from server.storage.tables import GrantRow, PersonRow
from server.usecases.enrol_device import offer_code
from sync_client.client import FieldClient
from sync_client.testing import InProcessTransport
from tests.benchmarks.checks import Day
from tests.benchmarks.figures import Figure, print_figures
from tests.benchmarks.running import Running, free_port, wait_until_up
from tests.benchmarks.storm_tablets import Course
from tests.postgres import LocalPostgres
from tests.server.office import COMMUNITY, DISTRICT, Office, open_office

_ROOT = Path(__file__).resolve().parents[2]
_GRIDS, _PROCESSES, _ALONE = 50, 2, 12
_MOST_WAITING = re.compile(r"most_waiting=\S*?(\d+)")


@dataclass(frozen=True, slots=True)
class Storm:
    """What happened: seconds, MiB, and how it went for each tablet."""

    alone_s: float
    seconds: float
    courses: list[Course]
    before_mib: float
    peak_mib: float
    after_mib: float
    most_waiting: int
    taken: int
    doubled: int


def blow(url: str, workers: int, tablets: int, checks: int) -> Storm:
    """Let it blow over the empty database at *url*."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        office = open_office(url)
        _equip(office, folder, tablets + _ALONE, checks)
        before = _history(office)
        office.store.engine.dispose()
        with _serving(url, workers, folder / "log") as server:
            alone_s = _one_by_one(folder, server.port, tablets)
            rss_before = server.rss_mib()
            with _watched(server) as peak:
                courses = _all_at_once(folder, server.port, tablets)
            rss_after = server.rss_mib()
        log = (folder / "log").read_text(encoding="utf-8", errors="replace")
    taken, distinct = (found - known for found, known in zip(_history(office), before, strict=True))
    office.store.engine.dispose()
    queue = max((int(found) for found in _MOST_WAITING.findall(log)), default=0)
    seconds = max(course.through_s for course in courses)
    return Storm(alone_s, seconds, courses, rss_before, max(peak), rss_after, queue, taken, taken - distinct)


def _equip(office: Office, folder: Path, tablets: int, checks: int) -> None:
    """Enrol everybody, let each sync once, and record what will wait."""
    for number in range(_GRIDS):
        _hire(office, number)
    for number in range(tablets):
        worker, grid = _worker(number % _GRIDS), _grid(number % _GRIDS)
        with FieldClient(folder / f"{number}.db", InProcessTransport(office.app)) as tablet:
            code = offer_code(office.store, DISTRICT, Account(worker, "李"), time.time_ns() // 1_000_000)
            tablet.enrol(code, device_name=f"平板{number}")
            tablet.sync()
            with tablet.batch():
                for raw in Day("li", seed=number, grid=grid).mutations(checks):
                    check = msgspec.json.decode(raw)
                    fields = check["set"] | {"inspector_id": worker}
                    tablet.create(check["type"], grid=grid, set=fields, add=check["add"])


def _hire(office: Office, number: int) -> None:
    person = {"district": DISTRICT, "id": _worker(number), "name": f"李{number}", "title": "", "unit": ""}
    grant = {"id": derived_id("storm-grant", str(number)), "person": _worker(number), "area": _grid(number)}
    held = {"district": DISTRICT, "role": Role.GRID_WORKER.value, "from_ms": 0, "to_ms": None}
    with office.store.engine.begin() as connection:
        connection.execute(insert(PersonRow), person)
        connection.execute(insert(GrantRow), grant | held)


def _worker(number: int) -> str:
    return derived_id("storm-person", str(number))


def _grid(number: int) -> str:
    return f"{COMMUNITY}{number + 100:03d}"


def _history(office: Office) -> tuple[int, int]:
    """Return how many mutations were taken in, and how many different records they made."""
    counted = "SELECT count(*), count(DISTINCT record) FROM history WHERE n > 0"
    with office.store.engine.connect() as connection:
        rows, records = connection.exec_driver_sql(counted).one()
        return int(rows), int(records)


# -- the server ----------------------------------------------------------------------------------------


@contextmanager
def _serving(url: str, workers: int, log: Path) -> Iterator[Running]:
    port = free_port()
    command = [sys.executable, "-m", "server.commands", "serve", "--port", str(port), "--workers", str(workers)]
    environment = os.environ | {"GRIDWARD_DATABASE_URL": url, "GRIDWARD_LOG_LEVEL": "warning"}
    with (
        log.open("wb") as out,
        subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT) as process,
    ):
        try:
            wait_until_up(port)
            yield Running(port, process.pid)
        finally:
            process.terminate()


@contextmanager
def _watched(server: Running) -> Iterator[list[float]]:
    """Note the server's memory ten times a second."""
    seen, over = [server.rss_mib()], threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            seen.append(server.rss_mib())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        over.set()
        watching.join()


# -- the tablets ---------------------------------------------------------------------------------------


def _one_by_one(folder: Path, port: int, tablets: int) -> float:
    """Return how long one tablet's sync takes on the idle server: the median of a dozen."""
    told = [_told(_process(folder, port, number, number + 1, 0.0)) for number in range(tablets, tablets + _ALONE)]
    return statistics.median(course.through_s for [course] in told)


def _all_at_once(folder: Path, port: int, tablets: int) -> list[Course]:
    start = time.time() + 10.0
    share = -(-tablets // _PROCESSES)
    parts = [(first, min(first + share, tablets)) for first in range(0, tablets, share)]
    processes = [_process(folder, port, first, last, start) for first, last in parts]
    return [course for process in processes for course in _told(process)]


def _process(folder: Path, port: int, first: int, last: int, start: float) -> subprocess.Popen[bytes]:
    words = map(str, (folder, port, first, last, start))
    command = [sys.executable, "-m", "tests.benchmarks.storm_tablets", *words]
    return subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE)


def _told(process: subprocess.Popen[bytes]) -> list[Course]:
    out, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the tablets ended with {process.returncode}")
    courses: list[dict[str, Any]] = json.loads(out)
    return [Course(**course) for course in courses]


# -- what came out -------------------------------------------------------------------------------------


def figures(storm: Storm, checks: int) -> list[Figure]:
    """Return the storm as lines of a report."""
    tablets = len(storm.courses)
    floor_s = storm.alone_s * tablets
    through = sorted(course.through_s for course in storm.courses)
    away = sum(course.sent_away for course in storm.courses)
    waiting = sum(course.waiting for course in storm.courses)
    lost = (tablets + _ALONE) * checks - storm.taken
    grown = storm.peak_mib / storm.before_mib
    return [
        Figure("one tablet alone", f"{storm.alone_s * 1e3:.0f} ms"),
        Figure(
            f"{tablets} tablets with {checks} checks each, until all are through",
            f"{storm.seconds:.1f} s = {storm.seconds / floor_s:.2f} × floor",
            "≤ 2 × floor",
            storm.seconds <= 2 * floor_s,
        ),
        Figure(
            "a tablet is through after: p50, p95, max",
            f"{through[tablets // 2]:.1f}, {through[tablets * 95 // 100]:.1f}, {through[-1]:.1f} s",
        ),
        Figure(
            "checks still waiting, lost, doubled",
            f"{waiting}, {lost}, {storm.doubled}",
            "0, 0, 0",
            not (waiting or lost or storm.doubled),
        ),
        Figure(
            "sent away (503), requests, without an answer",
            f"{away}, {sum(c.requests for c in storm.courses)}, {sum(c.lost for c in storm.courses)}",
        ),
        Figure("most that waited in one process", f"{storm.most_waiting}", "≤ 16", storm.most_waiting <= 16),
        Figure(
            "server's memory before, at its peak, after",
            f"{storm.before_mib:.0f}, {storm.peak_mib:.0f}, {storm.after_mib:.0f} MiB",
            "≤ 1.5 ×",
            grown <= 1.5,
        ),
    ]


def measure(postgres: LocalPostgres, tablets: int = 500, checks: int = 20) -> list[Figure]:
    """Return the figures of a storm over PostgreSQL with two worker processes."""
    url = postgres.new_database()
    found = figures(blow(url, 2, tablets, checks), checks)
    postgres.drop_database(url)
    return found


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.storm")
    parser.add_argument("--tablets", type=int, default=500)
    parser.add_argument("--checks", type=int, default=20)
    parser.add_argument("--on", choices=("sqlite", "postgres", "both"), default="both")
    asked = parser.parse_args()
    if asked.on != "sqlite":
        with LocalPostgres(durable=True) as postgres:
            print_figures("重连风暴 Storm, PostgreSQL, 2 processes", measure(postgres, asked.tablets, asked.checks))
    if asked.on != "postgres":
        with tempfile.TemporaryDirectory() as folder:
            storm = blow(f"sqlite:///{folder}/gridward.db", 1, asked.tablets, asked.checks)
            print_figures("重连风暴 Storm, SQLite, 1 process", figures(storm, asked.checks))


if __name__ == "__main__":
    main()
