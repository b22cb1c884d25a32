"""
What a morning's reminders cost 提醒判定: 5,000 people, 50,000 open cases, at eight o'clock and a minute later.

The floor is what no deciding can do without: reading everybody with what he holds, and walking once through the rows
of the open cases.
"""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import insert

from schemas.cases import PROBLEM_CLASSES
from schemas.clock import Stamp
from schemas.grid import feed_of
from schemas.ids import derived_id
from schemas.moments import instant, ms_of
from schemas.roles import Role
from server.storage.store import Store
from server.storage.tables import GrantRow, PersonRow
from server.usecases.coverage_gaps import everybody
from server.usecases.decide_reminders import decide_reminders, preview_reminders
from server.usecases.send_notices import send_notices
from server.values import Origin, Record
from tests.benchmarks.figures import Figure
from tests.postgres import LocalPostgres
from tests.server.office import DISTRICT, open_office

PEOPLE, CASES = 5_000, 50_000
#: 2020-07-20 08:00 in Fuxin, a Monday.
EIGHT = ms_of("2020-07-20T08:00:00+08:00")
_HOUR, _MINUTE = 3_600_000, 60_000
_STREETS = tuple(f"{DISTRICT}{number:03d}" for number in range(1, 8))
_COMMUNITIES = tuple(f"{street}{number:03d}" for street in _STREETS for number in range(1, 11))
_GRIDS = tuple(f"{community}{number:03d}" for community in _COMMUNITIES for number in range(1, 9))
_STATES = ("dispatched", "handling", "handling", "handling", "rectified", "verified", "accepted", "deferred")
_PER_GRID = {"street_segment": 3, "shop": 8, "parking_area": 1}
_MOST_S = 10.0
_BATCH = 2_000


def measure(postgres: LocalPostgres) -> list[Figure]:
    """Return the figures on SQLite and on PostgreSQL."""
    with TemporaryDirectory() as folder:
        figures = _measured("SQLite", f"sqlite:///{Path(folder) / 'reminders.db'}")
    url = postgres.new_database()
    try:
        return figures + _measured("PostgreSQL", url)
    finally:
        postgres.drop_database(url)


def _measured(kind: str, url: str) -> list[Figure]:
    store = open_office(url).store
    _hire(store)
    _write(store, [*_registers(), *(_case(random.Random(number), number) for number in range(CASES))])
    if kind == "PostgreSQL":  # as its own housekeeping would, some minutes later
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    try:
        return list(_figures(kind, store))
    finally:
        store.engine.dispose()


def _figures(kind: str, store: Store) -> Iterator[Figure]:
    floor, _ = _timed(lambda: _walk(store))
    yield Figure(f"{kind}: read {PEOPLE:,} people, walk {CASES:,} open cases (the floor)", f"{floor:.2f} s")
    with store.work(DISTRICT, writing=False) as work:
        preview, dues = _timed(lambda: preview_reminders(work, EIGHT))
    yield _against(f"{kind}: preview of the day, {len(dues):,} reminders", preview, floor)
    first, decided = _timed(lambda: decide_reminders(store, DISTRICT, EIGHT))
    made = sum(decided.made.values())
    yield _against(f"{kind}: the first look at 08:00, {made:,} reminders", first, floor)
    again, decided = _timed(lambda: decide_reminders(store, DISTRICT, EIGHT + _MINUTE))
    yield _against(f"{kind}: a minute later, {sum(decided.made.values()):,} reminders", again, floor)
    half_past, decided = _timed(lambda: decide_reminders(store, DISTRICT, EIGHT + 61 * _MINUTE))
    yield _against(f"{kind}: at 09:01, with offices' counts, {sum(decided.made.values()):,}", half_past, floor)
    sending, sent = _timed(lambda: send_notices(store, DISTRICT, EIGHT + 62 * _MINUTE))
    rate = sent.notices / sending
    yield Figure(f"{kind}: sending {sent.notices:,} notices", f"{sending:.1f} s, {rate:,.0f} a second")


def _against(said: str, took: float, floor: float) -> Figure:
    return Figure(said, f"{took:.2f} s, {took / floor:.1f} × floor", f"≤ {_MOST_S:.0f} s", took <= _MOST_S)


def _timed(action: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = action()
    return time.perf_counter() - start, found


def _walk(store: Store) -> int:
    with store.work(DISTRICT, writing=False) as work:
        return len(everybody(work)) + sum(1 for _ in work.answering.open_cases(DISTRICT))


# -- the district ------------------------------------------------------------------------------------


def _person(number: int) -> str:
    return derived_id("bench-person", str(number))


def _posts() -> Iterator[tuple[Role, str]]:
    yield from ((Role.GRID_LEADER, place) for place in _GRIDS)
    yield from ((Role.COMMUNITY, place) for place in _COMMUNITIES)
    yield from ((Role.STREET, place) for place in _STREETS for _ in range(10))
    yield from ((Role.DISTRICT_OFFICE, DISTRICT) for _ in range(10))
    while True:
        yield from ((Role.GRID_WORKER, place) for place in _GRIDS)


def _hire(store: Store) -> None:
    people, grants = [], []
    for number, (role, area) in zip(range(PEOPLE), _posts(), strict=False):
        one = _person(number)
        people.append({"district": DISTRICT, "id": one, "name": f"{role.zh}{number}", "title": "", "unit": ""})
        held = {"id": derived_id("bench-grant", str(number)), "person": one, "role": role.value, "area": area}
        grants.append({"district": DISTRICT, "from_ms": 0, "to_ms": None, **held})
    with store.engine.begin() as connection:
        connection.execute(insert(PersonRow), people)
        connection.execute(insert(GrantRow), grants)


def _registers() -> Iterator[Record]:
    for place in _GRIDS:
        for kind, many in _PER_GRID.items():
            for number in range(many):
                fields = {"name": f"{kind}{number}", "road_grade": 1, "category": "repair"}
                yield _record(kind, derived_id("bench", kind, place, str(number)), place, fields, EIGHT - 9**10)


def _case(chance: random.Random, number: int) -> Record:
    place, state = chance.choice(_GRIDS), chance.choice(_STATES)
    # Over three weeks, so that most of it is older than anything that is told.
    given = EIGHT - chance.randrange(21 * 24 * _HOUR)
    due = given + chance.randrange(4, 120) * _HOUR
    fields: dict[str, Any] = {
        "source": "check", "problem_class": chance.choice(list(PROBLEM_CLASSES)), "status": state,
        "severity": chance.choice(("minor", "minor", "major", "critical")), "found_at": instant(given - _HOUR),
        "place_text": f"中华路{number}号", "case_no": f"HZ-2020-{place[6:9]}-{number:06d}", "lead": place,
        "owner_person": _person(700 + chance.randrange(PEOPLE - 700)), "dispatched_at": instant(given),
        "due_at": instant(due), "yellow_at": instant(given + (due - given) * 3 // 4), "timeline": [],
        "return_count": chance.choice((0, 0, 0, 1)),
    }  # fmt: skip
    if state in ("rectified", "verified"):
        fields["rectified_at"] = instant(given + _HOUR)
    return _record("case", derived_id("bench-case", str(number)), place, fields, given)


def _record(kind: str, id_: str, place: str, fields: dict[str, Any], at_ms: int) -> Record:
    stamp = Stamp(at_ms, 0, derived_id("device", "bench"))
    return Record(
        type=kind, id=id_, grid=place, feed=feed_of(place), fields=fields, origin=Origin(stamp, _person(0), 1),
        at=Stamp(at_ms, 0), by=_person(0), device=stamp.device, received_ms=at_ms, rank=1, version=1, born=1,
    )  # fmt: skip


def _write(store: Store, records: list[Record]) -> None:
    for start in range(0, len(records), _BATCH):
        with store.work(DISTRICT) as work:
            for number, record in enumerate(records[start : start + _BATCH], start + 1):
                record.version = record.born = number
            work.records.write(records[start : start + _BATCH])
            work.commit()
    with store.work(DISTRICT) as work:
        work.feeds.known(_STREETS)
        work.feeds.jump(len(records) + 1)
        work.commit()
