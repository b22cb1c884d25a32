"""Disputes over a shop's name and over pairs, as they stand in the office's list, without a database."""

from typing import Any

from schemas.clock import Stamp
from schemas.ids import derived_id
from server.core.decisions import DECIDED, DUPLICATE, PERSON, SUGGESTION
from server.core.desk.settling import (
    Dispute,
    dispute_of,
)
from server.values import Origin, Person, Record
from tests.core.desk import GRID_7, HOUR, LI, MORNING, QIAN, WANG

YOUNGER, OLDER = derived_id("b"), derived_id("a")
YOUNGER, OLDER = max(YOUNGER, OLDER), min(YOUNGER, OLDER)
ELSEWHERE = "210903001001001"
NOW = MORNING + HOUR


def record(id_: str = OLDER, type_: str = "shop", place: str = GRID_7, version: int = 9, **fields: Any) -> Record:
    """Return a record that Qian made, last changed at *version*."""
    stamp = Stamp(MORNING - 30 * HOUR, 0, "qian")
    known = {"name": "老王修车"} if type_ == "shop" else {"status": "reported", "found_at": "2020-07-18T08:00:00+08:00"}
    return Record(
        type=type_, id=id_, grid=place, feed=place[:9], fields=known | fields, origin=Origin(stamp, QIAN.id, 4),
        at=Stamp(stamp.ms, 0), by=QIAN.id, device="qian", received_ms=stamp.ms, rank=4, version=version, born=1,
        stored_before=True,
    )  # fmt: skip


def told(value: Any, by: Person = LI, version: int = 5, rank: int = 1) -> dict[str, Any]:
    """Return a candidate as a decision tells it."""
    return {"value": value, "by": by.id, "at": [MORNING + version, 0], "rank": rank, "version": version}


class Row:
    """A row of the office's list."""

    def __init__(self, kind: str, type_: str = "shop", record_: str = OLDER, *, open_: bool = True) -> None:
        self.id, self.kind, self.type, self.record, self.open = derived_id(kind), kind, type_, record_, open_


def dispute(kind: str, name: str = "name", *values: Any, here: Record | None = None, **row: Any) -> Dispute:
    """Return an open dispute over the shop's name, or what is said."""
    values = values or (told("老王修车", QIAN, 1, 4), told("王记"), told("老王汽修", WANG, 6))
    rule = "authority" if kind in (PERSON, SUGGESTION, DECIDED) else "note"
    detail = {"field": name, "rule": rule, "kept": values[0], "others": list(values[1:])}
    return dispute_of(Row(kind, **row), detail, here or record())


def pair(**row: Any) -> Dispute:
    """Return the dispute over a pair of shops."""
    return dispute(DUPLICATE, OLDER, told(OLDER), told(YOUNGER), record_=YOUNGER, **row)


def two(type_: str = "shop", younger: dict[str, Any] | None = None, older: dict[str, Any] | None = None) -> Any:
    """Return the two records of a pair by id."""
    return {YOUNGER: record(YOUNGER, type_, **(younger or {})), OLDER: record(OLDER, type_, **(older or {}))}
