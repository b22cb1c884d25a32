"""
Which other records a push concerns 牵连: worked out before any of them is read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from schemas import likeness
from schemas.mutations import Mutation
from schemas.records import TYPES
from schemas.rules import DAY_MS
from server.core.between import pairs, redirects
from server.core.taken import Taken
from server.values import Record

#: Fields by which two records are found alike, or told apart again.
_TELLING = frozenset(
    {"name", "door_no", "position", "code", "merged_into", "distinct_from", "predecessor_id", "status",
     "problem_class", "target_id"}
)  # fmt: skip


@dataclass(slots=True)
class Wants:
    """
    What has to be at hand to see what one push means for other records.

    Attributes:
        ids: Records to look at by id.
        subjects: Things whose checks and cases count, as far as they were changed since ``since_ms``.
        cells: Where likely pairs may lie, by type.
        paired: Records changed in what pairs go by: their open pairs are to be looked at again.
        turned: Registers changed in what checks go by: all their checks and cases are to be looked at.
        numbers: Offices' own numbers that two records should not share, by type.
    """

    ids: set[str] = field(default_factory=set)
    subjects: set[str] = field(default_factory=set)
    since_ms: int = 1 << 62
    cells: dict[str, set[int]] = field(default_factory=dict)
    paired: set[str] = field(default_factory=set)
    turned: set[str] = field(default_factory=set)
    numbers: dict[str, set[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.ids or self.subjects or self.cells or self.paired or self.turned or self.numbers)


def wanted(rows: Iterable[Taken]) -> Wants:
    """Return what *rows*, as they were taken, make it necessary to look at."""
    wants = Wants()
    for row in rows:
        if row.changes and row.record.type in TYPES:
            _add(wants, row)
    return wants


def _add(wants: Wants, row: Taken) -> None:
    record = row.record
    mutation = row.arrived.mutation if row.arrived else None
    if not record.stored_before:
        _add_new(wants, record)
    elif mutation is not None:
        _add_changed(wants, row, mutation)


def _add_new(wants: Wants, record: Record) -> None:
    _add_subject(wants, record)
    _add_likely(wants, record)


def _add_subject(wants: Wants, record: Record) -> None:
    named = redirects.named_by(record)
    if named is not None:
        wants.ids.add(named)
        wants.subjects.add(named)
        wants.since_ms = min(wants.since_ms, record.origin.stamp.ms - DAY_MS)


def _add_changed(wants: Wants, row: Taken, mutation: Mutation) -> None:
    record, written = row.record, mutation.set.keys() | mutation.add.keys()
    if mutation.op != "patch" or not written.isdisjoint(_TELLING):
        wants.paired.add(record.id)
        _add_likely(wants, record)
    joined = record.fields.get("merged_into")
    if joined is not None:
        wants.ids.add(joined)
    if record.void and "observed_at" in record.fields:
        _add_subject(wants, record)
    if not written.isdisjoint(_watched(record.type)):
        wants.turned.update(i for i in (record.id, row.left, record.fields.get("merged_into")) if i)


def _add_likely(wants: Wants, record: Record) -> None:
    for number in pairs.numbers_of(record):
        wants.numbers.setdefault(record.type, set()).add(number)
    if TYPES[record.type].schema.likeness is None or record.void:
        return
    cell = likeness.cell_of(record.fields.get("position"))
    if cell is not None:
        wants.cells.setdefault(record.type, set()).update(likeness.cells_around(cell))


@cache
def _watched(type_name: str) -> frozenset[str]:
    """Return the fields of a register whose change means something for its checks."""
    if "merged_into" not in TYPES[type_name].rules.fields or type_name == "case":
        return frozenset()
    reads = {theirs for kind in TYPES.values() for theirs in kind.schema.reads.values()}
    return frozenset({"merged_into", "status"} | reads)
