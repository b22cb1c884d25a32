"""
Which other records a push concerns 牵连: worked out before any of them is read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas import likeness
from schemas.mutations import Mutation
from schemas.rules import DAY_MS
from server.core.between import redirects, sightings
from server.core.between.traits import merged_into, traits_of
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
        cells: Where likely pairs may lie, by type; those changed since ``cells_since_ms`` of the type.
        writers: Who wrote the rows, on which device: of a lone writer's own checks none concerns him.
        paired: Records changed in what pairs go by: their open pairs are to be looked at again.
        turned: Registers changed in what checks go by: all their checks and cases are to be looked at.
        numbers: Offices' own numbers that two records should not share, by type.
    """

    ids: set[str] = field(default_factory=set)
    subjects: set[str] = field(default_factory=set)
    since_ms: int = 1 << 62
    cells: dict[str, set[int]] = field(default_factory=dict)
    cells_since_ms: dict[str, int] = field(default_factory=dict)
    writers: set[tuple[str, str]] = field(default_factory=set)
    paired: set[str] = field(default_factory=set)
    turned: set[str] = field(default_factory=set)
    numbers: dict[str, set[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.ids or self.subjects or self.cells or self.paired or self.turned or self.numbers)


def wanted(rows: Iterable[Taken]) -> Wants:
    """Return what *rows*, as they were taken, make it necessary to look at."""
    wants = Wants()
    for row in rows:
        if row.changes:
            wants.writers.add((row.author.hand, row.author.person.id))
            _add(wants, row)
    return wants


def likely(records: Iterable[Record]) -> Wants:
    """Return what makes it necessary to hold *records*, as they are, against others: as if each were new."""
    wants = Wants()
    for record in records:
        wants.paired.add(record.id)
        _add_subject(wants, record)
        _add_likely(wants, record)
    return wants


def _add(wants: Wants, row: Taken) -> None:
    record = row.record
    mutation = row.arrived.mutation if row.arrived else None
    joined = merged_into(record)
    if joined is not None:
        wants.ids.add(joined)
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
    target = record.fields.get("target_id")
    if target and traits_of(record.type).dated and (record.void or sightings.SEEN in written):
        wants.ids.add(target)
        wants.turned.add(target)
    elif target and "target_id" in written:
        _add_subject(wants, record)
    if not written.isdisjoint(traits_of(record.type).watched):
        wants.turned.update(i for i in (record.id, row.left, merged_into(record)) if i)


def _add_likely(wants: Wants, record: Record) -> None:
    traits = traits_of(record.type)
    number = record.fields.get(traits.number) if traits.number else None
    if isinstance(number, str):
        wants.numbers.setdefault(record.type, set()).add(number)
    alike = traits.likeness
    cell = likeness.cell_of(record.fields.get("position")) if alike and not record.void else None
    if alike is None or cell is None:
        return
    wants.cells.setdefault(record.type, set()).update(likeness.cells_around(cell))
    # A stamp and the moment of finding are two clocks' words: a day more than is asked for.
    since_ms = 0 if alike.within_ms is None else record.origin.stamp.ms - alike.within_ms - DAY_MS
    wants.cells_since_ms[record.type] = min(since_ms, wants.cells_since_ms.get(record.type, since_ms))
