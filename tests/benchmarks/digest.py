"""
What the office's evening costs 日报: the digest of a street and of the district, and closing the day.

200,000 cases in seven streets; in each 1,660 things to look at, and a month of checks that keeps to the plan.
"""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import insert

from schemas import patrol
from schemas.clock import Stamp
from schemas.directory import area_id
from schemas.ids import derived_id
from schemas.moments import day_of, instant
from server.core.importing.wanted import Wanted
from server.storage import migrate
from server.storage.engine import open_engine
from server.storage.store import Store
from server.storage.tables import Deployment, history
from server.usecases.bring_in import bring_in
from server.usecases.cut_off import cut_off
from server.usecases.day_digest import day_digest
from server.usecases.patrol_plan import plans
from server.values import Origin, Record
from tests.benchmarks.figures import Figure, median_s
from tests.benchmarks.ledger_town import CASES, NOW, STREETS, fill, reached
from tests.postgres import LocalPostgres
from tests.schemas import checks_made
from tests.server.office import DISTRICT, person_id

SHOPS, SEGMENTS, PARKING, DAYS, RUNS = 1_500, 100, 60, 30, 5
_DAY_MS = 24 * 3_600_000
_BATCH = 2_000
_CHECKS = {str(kind): check for kind, check in patrol.CHECK_OF.items()}
_EVENING = NOW + 10 * 3_600_000 + 1_800_000


def measure(postgres: LocalPostgres) -> list[Figure]:
    """Return the figures on both databases."""
    figures: list[Figure] = []
    with TemporaryDirectory() as folder:
        figures += _on(f"sqlite:///{Path(folder) / 'gridward.db'}", "SQLite")
    url = postgres.new_database()
    figures += _on(url, "PostgreSQL")
    postgres.drop_database(url)
    return figures


def _on(url: str, name: str) -> list[Figure]:
    engine = open_engine(url)
    store = Store(engine)
    checks = _furnish(store)
    street = STREETS[3]

    def reading(action: Callable[..., object], *asked: object) -> Callable[[], object]:
        def read() -> object:
            with store.work(DISTRICT, writing=False) as work:
                return action(work, *asked)

        return read

    today = day_of(_EVENING)
    one = median_s(reading(day_digest, street, today, _EVENING), RUNS)
    plan = median_s(reading(plans, today, _EVENING, street), RUNS)
    whole = median_s(reading(day_digest, DISTRICT, today, _EVENING), 3)
    closing = iter(range(20))
    close = median_s(lambda: cut_off(store, DISTRICT, _EVENING + next(closing) * _DAY_MS, _EVENING), 3)
    engine.dispose()
    about = f"{name}, {CASES:,} cases, {checks:,} checks"
    return [
        Figure(f"the digest of a street ({about})", f"{one * 1e3:.0f} ms", "≤ 1 s", one <= 1),
        Figure("the plan of a street", f"{plan * 1e3:.0f} ms"),
        Figure(f"the digest of the district, {len(STREETS)} streets", f"{whole * 1e3:.0f} ms"),
        Figure(f"closing a day: {len(STREETS) + 1} reports", f"{close * 1e3:.0f} ms"),
    ]


def _furnish(store: Store) -> int:
    """Fill the district; return how many checks there are."""
    migrate.upgrade(store.engine)
    with store.engine.begin() as connection:
        row = {"district": DISTRICT, "epoch": "first", "cursor_key": b"k" * 32, "name": "海州区"}
        connection.execute(insert(Deployment), row)
    fill(store)
    reached(store)
    bring_in(store, DISTRICT, list(_areas()), NOW - DAYS * _DAY_MS)
    targets = [one for street in STREETS for one in _register(street)]
    bring_in(store, DISTRICT, targets, NOW - DAYS * _DAY_MS)
    return _check_for_a_month(store, targets)


def _areas() -> Iterator[Wanted]:
    for number, code in enumerate((DISTRICT, *STREETS)):
        level, name = ("street", f"{number}号街道") if number else ("district", "海州区")
        yield Wanted("area", area_id(code), code, {"code": code, "name": name, "level": level})


def _register(street: str) -> Iterator[Wanted]:
    chance = random.Random(street)
    grids = [f"{street}{community:03d}{number:03d}" for community in range(1, 11) for number in range(1, 5)]
    makes = (
        ("shop", SHOPS, {"category": "retail"}),
        ("street_segment", SEGMENTS, {"kind": "secondary", "road_grade": 2}),
        ("parking_area", PARKING, {"kind": "sidewalk"}),
    )
    for kind, count, fields in makes:
        for number in range(count):
            id_ = derived_id("digest", street, kind, str(number))
            yield Wanted(kind, id_, chance.choice(grids), {"name": f"{kind} {number}", **fields})


def _check_for_a_month(store: Store, targets: list[Wanted]) -> int:
    """Let everything be checked as often as the plan asks."""
    made = {
        "shop": checks_made.shop(), "street_segment": checks_made.street(), "parking_area": checks_made.parking(),
    }  # fmt: skip
    every = {"shop": 7, "street_segment": 2, "parking_area": 1}
    batch: list[Record] = []
    number = CASES + 100_000
    for back in range(DAYS, -1, -1):
        for place, one in enumerate(targets):
            if (back + place) % every[one.type]:
                continue
            number += 1
            ms = NOW - back * _DAY_MS + place % 30_000
            batch.append(_check(number, ms, one, made[one.type]))
            if len(batch) == _BATCH:
                _write(store, batch)
                batch = []
    _write(store, batch)
    with store.work(DISTRICT) as work:
        work.feeds.jump(number + 1)
        work.commit()
    return number - CASES - 100_000


def _check(number: int, ms: int, about: Wanted, fields: dict[str, object]) -> Record:
    by = person_id("li")
    stamp = Stamp(ms, 0, derived_id("device", str(number % 300)))
    return Record(
        type=_CHECKS[about.type], id=derived_id("digest-check", str(number)), grid=about.grid, feed=about.grid[:9],
        fields=fields | {"target_id": about.id, "observed_at": instant(ms)}, origin=Origin(stamp, by, 1),
        at=Stamp(ms, 0), by=by, device=stamp.device, received_ms=ms, rank=1, version=number, born=number,
    )  # fmt: skip


def _write(store: Store, batch: list[Record]) -> None:
    rows = [
        {
            "district": DISTRICT, "feed": one.feed, "version": one.version, "record": one.id, "device": one.device,
            "install": "first", "n": one.version, "by": one.by, "at_ms": one.at.ms, "at_counter": 0,
            "corrected_ms": one.at.ms, "clamped": False, "received_ms": one.received_ms, "outcome": "applied",
            "payload": "{}", "chain": b"",
        }
        for one in batch
    ]  # fmt: skip
    with store.work(DISTRICT) as work:
        work.records.write(batch)
        if rows:
            work.connection.execute(insert(history), rows)
        work.commit()
