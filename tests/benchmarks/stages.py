"""
Where the time of an upload goes, stage by stage, in one process without HTTP 各阶段耗时.
"""

import hashlib
import time
from collections.abc import Callable

from schemas import validation, wire
from schemas.fold import fold
from schemas.mutations import Mutation, decode_mutation
from schemas.records import RecordType
from schemas.registry import TYPES
from server.core.arrived import lay_out
from server.storage.devices import Device
from server.usecases.receive_mutations import Push, receive_mutations
from tests.benchmarks.checks import Day
from tests.benchmarks.figures import Figure
from tests.postgres import LocalPostgres
from tests.server.office import DISTRICT, Office, RawDevice, open_office

SIZE = 500
RUNS = 15


def measure(postgres: LocalPostgres) -> list[Figure]:
    """Return the least time a check of each stage, and of a whole push into PostgreSQL."""
    raws = Day("li", 1).mutations(SIZE)
    good = [(validation.read_mutation(raw), raw) for raw in raws]
    known = [(m, TYPES[m.type], raw) for m, raw in good]
    fields = [_folded(m.type, raw) for m, raw in good]
    stages: dict[str, Callable[[], object]] = {
        "decode the mutation": lambda: [decode_mutation(raw) for raw in raws],
        "decode, and find what cannot be stored": lambda: [validation.read_mutation(raw) for raw in raws],
        "check every field": lambda: _check_all(known),
        "lay out, score, find the cases": lambda: [lay_out(m, kind, raw, "d", 0, 1 << 45) for m, kind, raw in known],
        "write the fields down": lambda: [wire.canonical(one) for one in fields],
    }
    found = [Figure(name, f"{_least(stage):.1f} µs") for name, stage in stages.items()]
    return [*found, *_whole(postgres)]


def _check_all(known: list[tuple[Mutation, RecordType, bytes]]) -> None:
    for mutation, kind, _ in known:
        validation.check(mutation, kind)


def _folded(type_name: str, raw: bytes) -> dict[str, object]:
    fields: dict[str, object] = {}
    fold(TYPES[type_name], fields, validation.read_mutation(raw), "d")
    return fields


def _whole(postgres: LocalPostgres) -> list[Figure]:
    url = postgres.new_database()
    office = open_office(url)
    device = _known(office, office.device("li"))
    day = Day("li", 1)
    wall, cpu = [], []
    for _ in range(RUNS):
        push = Push("first", day.mutations(SIZE), None, day.ms)
        start, start_cpu = time.perf_counter(), time.process_time()
        receive_mutations(office.store, device, push)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    office.store.engine.dispose()
    postgres.drop_database(url)
    told = f"{min(cpu) / SIZE * 1e6:.0f} µs of CPU, {min(wall) / SIZE * 1e6:.0f} µs until durable"
    return [Figure("all of it: merge, number, history, rows, commit", told)]


def _known(office: Office, raw: RawDevice) -> Device:
    with office.store.work(DISTRICT, writing=False) as work:
        device = work.devices.by_token(hashlib.sha256(raw.token.encode()).digest(), "first")
    if device is None:
        raise LookupError(raw.id)
    return device


def _least(stage: Callable[[], object]) -> float:
    """Return the least time of a check in microseconds: what others on the machine add is not ours."""
    least = float("inf")
    for _ in range(RUNS):
        start = time.perf_counter()
        stage()
        least = min(least, time.perf_counter() - start)
    return least / SIZE * 1e6
