"""
Reading: an idle sync, a first sync, and catching up ten changes on small and large servers 读取.
"""

import hashlib
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack

from schemas import packing, wire
from schemas.clock import Stamp
from schemas.ids import uuid7
from server.core.views import view_of
from server.storage.store import Store
from server.usecases.serve_feeds import Reader
from server.values import Origin, Record
from tests.benchmarks.apps import FLOOR_TABLE
from tests.benchmarks.checks import START_MS, Day
from tests.benchmarks.figures import Figure
from tests.benchmarks.running import Running, running
from tests.postgres import LocalPostgres
from tests.server.office import DISTRICT, GRID_7, STREET, Office, RawDevice, open_office

CHUNK = 5_000


def fill(store: Store, count: int) -> None:
    """Put *count* checks into the street's feed, through the stores, with numbers taken as ever."""
    day = Day("sun", seed=7)
    made = [_fields(raw) for raw in day.mutations(2_000)]
    for start in range(0, count, CHUNK):
        with store.work(DISTRICT) as work:
            head = work.feeds.take(STREET, CHUNK)
            numbers = range(head.seq + 1, head.seq + CHUNK + 1)
            work.records.write(_record(day, made, start, number) for number in numbers)
            work.commit()


def _fields(raw: bytes) -> tuple[str, dict[str, object]]:
    mutation = wire.decode_json(raw)
    return mutation["type"], mutation["set"] | mutation["add"]


def _record(day: Day, made: list[tuple[str, dict[str, object]]], start: int, number: int) -> Record:
    kind, fields = made[(start + number) % len(made)]
    stamp = Stamp(START_MS + number, 0, "filler")
    return Record(
        type=kind, id=uuid7(START_MS + number, day.random.randbytes(10)), grid=GRID_7, feed=STREET,
        fields=fields, origin=Origin(stamp, day.by, 1), at=stamp, by=day.by, device="filler", rank=1,
        received_ms=START_MS, version=number, born=number,
    )  # fmt: skip


class Wire:
    """A keep-alive connection that counts every byte, headers included, as the socket sees them."""

    def __init__(self, server: Running, token: str) -> None:
        self.connection = server.connect()
        self.connection.connect()
        self.token = token
        self.port = server.port

    def post(self, path: str, body: bytes, *, accept: str = "zstd") -> tuple[bytes, int]:
        """Post *body*; return the answer's body and all bytes that travelled both ways."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nAccept-Encoding: {accept}\r\n\r\n"
        ).encode()
        self.connection.sock.sendall(head + body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.connection.sock.recv(65536)
        headers, _, rest = answer.partition(b"\r\n\r\n")
        length = next(int(h.split(b":")[1]) for h in headers.split(b"\r\n") if h.lower().startswith(b"content-length"))
        while len(rest) < length:
            rest += self.connection.sock.recv(1 << 20)
        packed = b"content-encoding: zstd" in headers.lower()
        received = len(headers) + 4 + len(rest)
        return packing.unpack(rest, "zstd", 64 << 20) if packed else rest, len(head) + len(body) + received


def idle(postgres: LocalPostgres, runs: int = 400) -> list[Figure]:
    """Return what a sync costs that has nothing to say, beside a floor that asks the database once."""
    url = postgres.new_database()
    office = open_office(url)
    with office.store.engine.begin() as connection:
        connection.exec_driver_sql(FLOOR_TABLE)
    fill(office.store, CHUNK)
    device = office.device("li")
    device.pull()
    cursors = dict(device.cursors)
    office.store.engine.dispose()
    body = wire.encode({"protocol": 1, "install": "k3J9a", "cursors": cursors})
    with running("gridward", url, workers=1) as ours, running("floor", url, workers=1) as floor:
        sync, thin = Wire(ours, device.token), Wire(floor, device.token)
        ratios, times = [], []
        for _ in range(20):
            sync.post("/v1/sync", body), thin.post("/v1/idle", body)
        for _ in range(runs):
            a = _timed(lambda: sync.post("/v1/sync", body))
            b = _timed(lambda: thin.post("/v1/idle", body))
            ratios.append(a / b)
            times.append(a)
        answer, total = sync.post("/v1/sync", body)
    postgres.drop_database(url)
    ratio = statistics.median(ratios)
    if wire.decode_response(answer).feeds:
        raise ValueError("an idle sync has nothing to say")
    return [
        Figure(
            "idle sync", f"{statistics.median(times) * 1e3:.2f} ms = {ratio:.2f} × floor", "≤ 1.5 × floor", ratio <= 1.5
        ),
        Figure("idle sync, bytes both ways with headers", f"{total}", "≤ 500", total <= 500),
        Figure("idle sync, round trips", "1", "1", True),
    ]


def catching_up(postgres: LocalPostgres, sizes: tuple[int, int] = (50_000, 500_000), runs: int = 120) -> list[Figure]:
    """Return what ten changes cost a reader when much and when very much lies below them, asked in turn."""
    with ExitStack() as stack:
        small, large = (_TenChanges(postgres, size, stack) for size in sizes)
        seconds = [(_timed(small.ask), _timed(large.ask)) for _ in range(runs)][runs // 10 :]
        ratio = statistics.median(b / a for a, b in seconds)
        same = large.bytes / small.bytes
    median = statistics.median(a for a, _ in seconds)
    return [
        Figure(
            f"catching up 10 changes, {sizes[0]:,} records on the server", f"{median * 1e3:.2f} ms, {small.bytes} bytes"
        ),
        Figure(
            f"catching up 10 changes, {sizes[1]:,} records",
            f"{ratio:.2f} × the time, {same:.2f} × the bytes",
            "≤ 1.1 ×",
            ratio <= 1.1 and same <= 1.1,
        ),
    ]


class _TenChanges:
    """A server with many records, and a reader that misses the last ten."""

    def __init__(self, postgres: LocalPostgres, size: int, stack: ExitStack) -> None:
        url = postgres.new_database()
        office = open_office(url)
        fill(office.store, size)
        with office.store.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
        reader, writer = office.device("qian"), office.device("wang")
        cursors = _at_the_end(office, reader)
        writer.cursors = _at_the_end(office, writer)
        writer.push(*Day("wang", seed=11).mutations(10))
        office.store.engine.dispose()
        self.body = wire.encode({"protocol": 1, "install": "k3J9a", "cursors": cursors})
        self.line = Wire(stack.enter_context(running("gridward", url, workers=1)), reader.token)
        self.bytes = self.ask()

    def ask(self) -> int:
        """Read what was missed; return the bytes that travelled."""
        answer, total = self.line.post("/v1/sync", self.body)
        page = wire.decode_response(answer).feeds[STREET]
        if page.more or not 10 <= len(page.records) <= 25:
            raise ValueError("not the ten changes and the cases they opened")
        return total


def _at_the_end(office: Office, reader: RawDevice) -> dict[str, str]:
    """Return cursors at the end of every feed, made by the server's own hand."""
    with office.store.work(DISTRICT, writing=False) as work:
        device = work.devices.by_token(hashlib.sha256(reader.token.encode()).digest())
        if device is None:
            raise LookupError(reader.id)
        view = view_of(device.people.values(), START_MS)
        heads = work.feeds.heads()
        at = Reader(device, view, 0)
        return {feed: at.seal(feed, heads.get(feed, 0), whole=False) for feed in view.feeds(heads)}


def _timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def measure(postgres: LocalPostgres) -> list[Figure]:
    """Return every figure of this page."""
    return idle(postgres) + catching_up(postgres)
