"""
An office as the first tables held it: two shops with one number, checks, edits, disputes open and settled.

Written by hand into the tables of step 0001, as the program of that day wrote them.
"""

from typing import Any

from sqlalchemy import Engine, MetaData, Table

from schemas import wire
from schemas.ids import derived_id
from server.storage import migrate

DISTRICT, STREET, GRID_7, GRID_8 = "210902", "210902005", "210902005003007", "210902005003008"
NOON = 1_594_796_400_000
LI, WANG, QIAN, NOBODY = (derived_id("old", name) for name in ("li", "wang", "qian", "nobody"))
LIS, WANGS, OFFICE = (derived_id("old tablet", name) for name in ("li", "wang", "office"))
#: In the order of their ids, as those made one after another have them.
FIRST_SHOP, SECOND_SHOP, CHECK, CASE, STREET_A = (f"0197f3a0-0000-7000-8000-00000000000{n}" for n in range(1, 6))
DOOR = {"lat": 42.0105, "lon": 121.6505, "crs": "wgs84"}


def fill(engine: Engine, more: int = 0) -> None:
    """Bring the database to step 0001 and fill it, with so many street segments more."""
    migrate.upgrade(engine, "0001")
    with engine.begin() as connection:
        tables = MetaData()
        segments = [_record(derived_id("old segment", str(n)), "street_segment", n, {}) for n in range(6, 6 + more)]
        for name, rows in (("record", RECORDS + segments), ("history", HISTORY), ("conflict", CONFLICTS)):
            connection.execute(Table(name, tables, autoload_with=connection).insert(), rows)


def _record(id_: str, type_: str, version: int, fields: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """Return a record made by Li, a grid worker, at noon, and touched by nobody since."""
    made = {"origin_ms": NOON, "origin_counter": 0, "origin_device": LIS, "origin_by": LI, "origin_rank": 1}
    last = {"at_ms": NOON, "at_counter": 0, "at_device": LIS, "by": LI, "device": LIS}
    rest = {"code": fields.get("code"), "clean": True, "void": False, "received_ms": NOON + 9, "marks": None}
    place = {"district": DISTRICT, "feed": STREET, "grid": GRID_7, "version": version, "born": version}
    written = wire.canonical(fields).decode()
    return {"id": id_, "type": type_, **place, **made, **last, **rest, "fields": written} | parts


def _row(version: int, record: str, who: str, role: str | None, **parts: Any) -> dict[str, Any]:
    stamps = {"at_ms": NOON, "at_counter": 0, "corrected_ms": 0, "clamped": False, "received_ms": NOON + 9}
    plain = {"outcome": "applied", "payload": "{}", "decisions": None, "chain": bytes(32)}
    return {
        "district": DISTRICT, "feed": STREET, "version": version, "record": record, "device": LIS, "install": "first",
        "n": version, "by": who, "role": role, **stamps, **plain,
    } | parts  # fmt: skip


def _word(value: Any, by: str, at: int) -> dict[str, Any]:
    return {"value": value, "by": by, "at": [NOON + at, 0]}


def _decision(field: str, outcome: str, reason: str, *words: dict[str, Any]) -> dict[str, Any]:
    kept, *others = words
    plain = {"field": field, "rule": "authority", "reason": reason, "outcome": outcome}
    return plain | {"kept": kept, "others": others}


def _conflict(record: str, field: str, kind: str, detail: dict[str, Any], **parts: Any) -> dict[str, Any]:
    written = wire.canonical(detail).decode()
    place = {"district": DISTRICT, "feed": STREET, "grid": GRID_7, "open": True, "version": 6, "changed_ms": NOON + 60}
    return {"record": record, "field": field, "kind": kind, **place, "detail": written} | parts


NAMES = _decision("name", "open", "a_person_decides", _word("老王修车", LI, 0), _word("王记修车行", WANG, 50))
STATES = _decision("status", "open", "a_person_decides", _word("open", LI, 0), _word("closed", WANG, 50))
MARKS = {"v": {"name": [[NOON, 0, LIS, LI, 1, 1, "老王修车"], [NOON + 50, 0, WANGS, WANG, 1, 6, "王记修车行"]]}}

RECORDS = [
    _record(
        FIRST_SHOP, "shop", 6, {"name": "老王修车", "code": "S-1", "position": DOOR, "segment_id": STREET_A}, born=1,
        at_ms=NOON + 50, at_device=WANGS, by=QIAN, device=OFFICE, clean=False, marks=wire.canonical(MARKS).decode(),
    ),
    _record(SECOND_SHOP, "shop", 2, {"name": "修车", "code": "S-1"}, grid=GRID_8),
    _record(CHECK, "shop_check", 3, {"target_id": FIRST_SHOP, "position": DOOR}),
    _record(CASE, "case", 4, {"target_id": FIRST_SHOP, "position": DOOR}, void=True),
    # An import, and of its history nothing is left.
    _record(STREET_A, "street_segment", 5, {"name": "解放大街"}, origin_by=NOBODY, by=NOBODY, origin_rank=0),
]  # fmt: skip

HISTORY = [
    _row(1, FIRST_SHOP, LI, "grid_worker"),
    _row(2, SECOND_SHOP, LI, "grid_worker"),
    _row(3, CHECK, LI, "grid_worker", corrected_ms=-7_200_000),
    _row(4, CASE, LI, "grid_worker", clamped=True),
    _row(6, FIRST_SHOP, QIAN, "street", decisions=wire.canonical([NAMES, STATES]).decode()),
]

CONFLICTS = [
    _conflict(FIRST_SHOP, "name", "person", NAMES),
    _conflict(FIRST_SHOP, "status", "person", {"settled_by": QIAN}, open=False, changed_ms=NOON + 99),
    _conflict(CASE, "severity", "suggestion", {"settled_by": QIAN}, open=False),
    # Found from both sides, once settled by hand in the database: it is one pair, and open.
    _conflict(FIRST_SHOP, SECOND_SHOP, "duplicate", {"rule": "unique", "reason": "same_number", "other": SECOND_SHOP}),
    _conflict(SECOND_SHOP, FIRST_SHOP, "duplicate", {"settled_by": QIAN}, open=False, changed_ms=NOON + 99),
]
