"""
What settling costs 合并耗时: one mutation folded into one shop, nobody against it, and with somebody against it.

The floor is what no merge can do without: reading the mutation and writing the record's fields down.
"""

import time
from collections.abc import Callable
from typing import Any

from schemas import wire
from schemas.clock import Stamp
from schemas.mutations import Mutation, decode_mutation
from schemas.registry import TYPES
from schemas.roles import Role
from server.core import merge
from server.values import Author, Grant, Person, Record
from tests.benchmarks.figures import Figure
from tests.postgres import LocalPostgres
from tests.server.office import GRID_7

ROUNDS, RUNS = 2_000, 9
_SHOP = "0197f3a0-0000-7000-8000-0000000000a1"
_LI, _WANG = "0197f3a0-0000-7000-8000-00000000000a", "0197f3a0-0000-7000-8000-00000000000b"
_FIELDS = {
    "name": "老王修车", "category": "repair", "status": "open", "address": "中华路12号", "door_no": "12",
    "position": {"lat": 42.01, "lon": 121.66, "crs": "wgs84", "accuracy_m": 8}, "has_green": True,
}  # fmt: skip


def measure(postgres: LocalPostgres) -> list[Figure]:
    """Return the microseconds a mutation takes in each case; no database is asked."""
    raw = wire.encode(_patch(1, _LI, {"operator_phone": "13804180000"}))
    floor = _each_us(lambda: (decode_mutation(raw), wire.canonical(_FIELDS)))
    cases = {
        "nobody against it (a telephone)": (_patch(1, _LI, {"operator_phone": "13804180000"}), 20),
        "one against it, the later counts (a category)": (_patch(0, _LI, {"category": "retail"}), 60),
        "one against it, a person decides (a name)": (_patch(0, _LI, {"name": "老王汽修"}), 60),
        "three fields against it": (_patch(0, _LI, {"name": "老王汽修", "category": "retail", "door_no": "14"}), 60),
    }
    found = [Figure("read the mutation, write the fields down (the floor)", f"{floor:.1f} µs")]
    for what, (mutation, budget) in cases.items():
        us = _merging_us(mutation)
        found.append(Figure(what, f"{us:.1f} µs, {us / floor:.1f} × floor", f"≤ {budget} µs", us <= budget))
    return found


def _merging_us(mutation: Mutation) -> float:
    """Return what merging costs without the copy that each round needs to start from."""
    shop, author, kind = _edited_shop(), _author(_LI, "tablet 1", 3_000), TYPES["shop"]
    copying = _each_us(shop.copy)
    return _each_us(lambda: merge.merge(shop.copy(), kind, mutation, author)) - copying


def _edited_shop() -> Record:
    """Return a shop that somebody else edited after the version that Li saw."""
    made = Mutation(n=1, op="create", type="shop", id=_SHOP, grid=GRID_7, at=(1_000, 0), by=_WANG, set=_FIELDS)
    shop = merge.create(made, dict(_FIELDS), _author(_WANG, "tablet 2", 1_000), 1_000)
    shop.version = shop.born = 1
    others = {"name": "王记修车行", "category": "service", "door_no": "13"}
    merge.merge(shop, TYPES["shop"], _patch(1, _WANG, others), _author(_WANG, "tablet 3", 2_000))
    shop.version, shop.changed, shop.stored_before = 2, False, True
    shop.marks.values = {n: tuple(c._replace(version=2) for c in kept) for n, kept in shop.marks.values.items()}
    return shop


def _patch(base: int, by: str, written: dict[str, Any]) -> Mutation:
    return Mutation(
        n=1, op="patch", type="shop", id=_SHOP, grid=GRID_7, at=(3_000, 0), by=by, base=base, set=written
    )  # fmt: skip


def _author(by: str, device: str, ms: int) -> Author:
    person = Person(by, "", (Grant(Role.GRID_WORKER, GRID_7, 0, None),))
    return Author(person, device, Role.GRID_WORKER, Stamp(ms, 0, device))


def _each_us(action: Callable[[], object]) -> float:
    """Return the least time *action* took, in microseconds: what others on the machine add is not ours."""
    least = float("inf")
    for _ in range(RUNS):
        start = time.perf_counter()
        for _ in range(ROUNDS):
            action()
        least = min(least, time.perf_counter() - start)
    return least / ROUNDS * 1e6
