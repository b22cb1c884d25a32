"""
Uploads: 10,000 checks in batches of 500, and many small pushes into one street 上传.
"""

import threading
import time
from dataclasses import dataclass

import zstandard
from sqlalchemy import Engine

from tests.benchmarks.apps import FLOOR_TABLE, unpacked
from tests.benchmarks.checks import Day
from tests.benchmarks.figures import Figure
from tests.benchmarks.running import Running, cpu_of, running
from tests.postgres import LocalPostgres
from tests.server.office import RawDevice, open_office

BATCH = 500
DEVICES = 2


@dataclass(slots=True)
class Poster:
    """One device's connection, with bodies made beforehand so that only the server is measured."""

    server: Running
    token: str
    bodies: list[bytes]
    sent: int = 0
    received: int = 0
    failures: int = 0

    def run(self) -> None:
        """Post every body in turn."""
        connection = self.server.connect()
        headers = {
            "Authorization": f"Bearer {self.token}", "Content-Type": "application/json",
            "Content-Encoding": "zstd", "Accept-Encoding": "zstd",
        }  # fmt: skip
        for body in self.bodies:
            connection.request("POST", "/v1/sync", body, headers)
            response = connection.getresponse()
            answer = response.read()
            self.sent += len(body)
            self.received += len(answer)
            self.failures += response.status != 200
        connection.close()


def in_parallel(posters: list[Poster]) -> float:
    """Run *posters* at once; return the seconds until the last has finished."""
    threads = [threading.Thread(target=poster.run) for poster in posters]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


def packed(mutations: list[bytes], limit: int = 0) -> bytes:
    """Return the compressed body that pushes *mutations* and asks for *limit* records."""
    body = unpacked(mutations, "first", limit=limit)
    return zstandard.ZstdCompressor(level=3).compress(body)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of uploads cost."""

    records_s: float
    server_us: float
    database_us: float
    up: float
    down: float
    failures: int


def upload(postgres: LocalPostgres, app: str, batches: int, size: int, devices: int, *, workers: int = 2) -> Cost:
    """Upload *batches* bodies of *size* checks a device to *app* on an empty database."""
    url = postgres.new_database()
    office = open_office(url)
    days = [Day("li" if i % 2 else "wang", seed=i + 1) for i in range(devices)]
    raw = [office.device("li" if i % 2 else "wang") for i in range(devices)]
    warmers = [(office.device("li"), Day("li", seed=900 + i)) for i in range(8)]
    bodies = [[packed(day.mutations(size)) for _ in range(batches)] for day in days]
    prepare(office.store.engine, app)
    office.store.engine.dispose()
    with running(app, url, workers=workers) as server:
        _warm_up(server, warmers)
        posters = [Poster(server, device.token, made) for device, made in zip(raw, bodies, strict=True)]
        before, database = server.cpu_s(), cpu_of(postgres.process_id)
        seconds = in_parallel(posters)
        used, database_used = server.cpu_s() - before, cpu_of(postgres.process_id) - database
    count = batches * size * devices
    postgres.drop_database(url)
    return Cost(
        records_s=count / seconds,
        server_us=used / count * 1e6,
        database_us=database_used / count * 1e6,
        up=sum(p.sent for p in posters) / count,
        down=sum(p.received for p in posters) / count,
        failures=sum(p.failures for p in posters),
    )


def _warm_up(server: Running, warmers: list[tuple[RawDevice, Day]]) -> None:
    """Let every worker have compiled, connected and imported what it needs before anything is counted."""
    for _ in range(3):
        in_parallel([Poster(server, device.token, [packed(day.mutations(20))]) for device, day in warmers])


def prepare(engine: Engine, app: str) -> None:
    """Make the table that the floor writes to."""
    if app == "floor":
        with engine.begin() as connection:
            connection.exec_driver_sql(FLOOR_TABLE)


def measure(postgres: LocalPostgres, *, runs: int = 3, batches: int = 10) -> list[Figure]:
    """Return the figures of bulk uploads and of small pushes, each beside its floor."""
    pairs = []
    for _ in range(runs):
        floor = upload(postgres, "floor", batches, BATCH, DEVICES)
        ours = upload(postgres, "gridward", batches, BATCH, DEVICES)
        pairs.append((floor, ours))
    pairs.sort(key=lambda pair: pair[1].records_s / pair[0].records_s)
    floor, ours = pairs[len(pairs) // 2]
    ratio = ours.records_s / floor.records_s
    count = batches * BATCH * DEVICES
    small = upload(postgres, "gridward", 100, 50, 4)
    return [
        Figure(
            f"floor: {count:,} checks in batches of {BATCH}",
            f"{floor.records_s:,.0f} records/s, "
            f"{floor.server_us:.0f} µs server CPU, {floor.database_us:.0f} µs PostgreSQL CPU a record",
        ),
        Figure(
            f"upload of {count:,} checks in batches of {BATCH}",
            f"{ours.records_s:,.0f} records/s = {ratio:.2f} × floor",
            "≥ 0.45 × floor",
            ratio >= 0.45,
        ),
        Figure(
            "server CPU a check",
            f"{ours.server_us:.0f} µs (+ {ours.database_us:.0f} µs in PostgreSQL)",
            "≤ 100 µs",
            ours.server_us <= 100,
        ),
        Figure("bytes up a check", f"{ours.up:.0f}", "≤ 165", ours.up <= 165),
        Figure("bytes down a check", f"{ours.down:.2f}", "≤ 2", ours.down <= 2),
        Figure("round trips", "1 a batch", "≤ 1 + n/500", True),
        Figure(
            "small pushes of 50 into one street's feed",
            f"{small.records_s / 50:,.0f} pushes/s",
            "≥ 200 pushes/s",
            small.records_s / 50 >= 200,
        ),
        Figure(
            "failed requests",
            str(floor.failures + ours.failures + small.failures),
            "0",
            not (floor.failures or ours.failures or small.failures),
        ),
    ]
