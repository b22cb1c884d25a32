"""
A ledger of a few years for measuring: cases in every state, in seven streets of the district, in the office's words.
"""

import random
from collections.abc import Iterator
from typing import Any

from schemas.cases import PROBLEM_CLASSES, SOURCES
from schemas.clock import Stamp
from schemas.grid import feed_of
from schemas.ids import derived_id
from schemas.moments import instant
from server.storage.store import Store
from server.values import Origin, Record
from tests.server.office import DISTRICT, person_id

CASES = 200_000
#: 2020-07-14 08:00 in Fuxin, and the length of what was found before it.
NOW = 1_594_684_800_000
_PERIOD_MS = 400 * 24 * 3_600_000
_HOUR = 3_600_000
STREETS = tuple(f"{DISTRICT}{number:03d}" for number in range(1, 8))
_ROADS = ("中华路", "解放大街", "和平路", "新华路", "矿工大街", "东风路", "保健街", "育新路", "红旗街", "站前街")
_THINGS = (
    "便道有积存垃圾",
    "占道摆放物品",
    "墙面张贴小广告",
    "垃圾桶满溢未清",
    "下水井盖破损",
    "共享单车乱停放",
    "绿地内有白色垃圾",
)
_STATES = (
    ("closed", 82), ("handling", 6), ("dispatched", 3), ("rectified", 2), ("verified", 1), ("accepted", 1),
    ("reported", 1), ("deferred", 2), ("refused", 1), ("merged", 1),
)  # fmt: skip
#: Once in so many cases something that nobody finds twice.
_RARE_EVERY = 40_000
_BATCH = 2_000


def fill(store: Store, cases: int = CASES) -> None:
    """Write *cases* cases into the district of *store*, as records with their rows in the ledger."""
    chance = random.Random(7)
    batch: list[Record] = []
    for number in range(1, cases + 1):
        batch.append(_case(chance, number))
        if len(batch) == _BATCH or number == cases:
            with store.work(DISTRICT) as work:
                work.records.write(batch)
                work.commit()
            batch = []


def reached(store: Store) -> None:
    """Let the feeds count on from the last case."""
    with store.work(DISTRICT) as work:
        work.feeds.known(STREETS)
        work.feeds.jump(CASES + 1)
        work.commit()


def _case(chance: random.Random, number: int) -> Record:
    street = chance.choice(STREETS)
    grid = f"{street}{chance.randrange(1, 11):03d}{chance.randrange(1, 9):03d}"
    found = NOW - chance.randrange(_PERIOD_MS)
    by = person_id("li")
    stamp = Stamp(found, 0, derived_id("device", str(number % 300)))
    return Record(
        type="case", id=derived_id("ledger-case", str(number)), grid=grid, feed=feed_of(grid),
        fields=dict(_fields(chance, number, street, found)), origin=Origin(stamp, by, 1), at=Stamp(found, 0), by=by,
        device=stamp.device, received_ms=found, rank=1, version=number, born=number,
    )  # fmt: skip


def _fields(chance: random.Random, number: int, street: str, found: int) -> Iterator[tuple[str, Any]]:
    [state] = chance.choices([state for state, _ in _STATES], [weight for _, weight in _STATES])
    yield from (("source", chance.choice(list(SOURCES))), ("problem_class", chance.choice(list(PROBLEM_CLASSES))))
    yield from (("severity", chance.choice(("minor", "minor", "minor", "major", "critical"))), ("status", state))
    place = f"{chance.choice(_ROADS)}{chance.randrange(1, 400)}号"
    yield "place_text", f"{place}鑫隆修配厂旁" if number % _RARE_EVERY == 0 else place
    yield from (("description", f"{place}门前{chance.choice(_THINGS)}"), ("found_at", instant(found)))
    yield "case_no", f"HZ-2020-{street[-3:]}-{number:06d}"
    if state in ("reported", "accepted", "refused", "merged"):
        return
    given = found + chance.randrange(4 * _HOUR)
    due = given + chance.randrange(2, 240) * _HOUR
    yield from (("lead", chance.choice((street, "dept_urban", "dept_housing"))), ("owner_person", person_id("wang")))
    yield from (("dispatched_at", instant(given)), ("due_at", instant(due)))
    yield "yellow_at", instant(given + (due - given) * 3 // 4)
    yield "timeline", _timeline(chance, given, due, state)
    if state in ("rectified", "verified", "closed"):
        done = given + int((due - given) * chance.random() * 1.3)
        yield from (("rectified_at", instant(done)), ("measure", "已清理"), ("return_count", chance.choice((0, 0, 1))))
    if state == "closed":
        yield "closed_at", instant(due + 2 * _HOUR)


def _timeline(chance: random.Random, given: int, due: int, state: str) -> list[dict[str, Any]]:
    acts = ["accept", "dispatch", "sign", "submit", "pass", "close"][: 6 if state == "closed" else 3]
    by = [person_id(name) for name in ("qian", "chen", "wang")]
    return [{"act": act, "at": [given + i, 0], "by": chance.choice(by), "from": "x", "to": "y"}
            for i, act in enumerate(acts)]  # fmt: skip
