"""
The records at hand while one push is looked at 在手记录, found by what they are about and where they lie.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from schemas import likeness
from server.core.between.traits import merged_into, traits_of
from server.core.taken import Taken
from server.values import Record

_NOBODY: Mapping[str, Record] = {}


@dataclass(slots=True)
class Neighbours:
    """
    Records of a push, as it leaves them, and what was read around it.

    Attributes:
        around: As read, by id.
        rows: The last row of the push for each record it changed.
        mergers: Whether any of them was merged into another.
    """

    around: Mapping[str, Record]
    rows: dict[str, Taken] = field(default_factory=dict)
    mergers: bool = False
    _stands: dict[str, str] = field(default_factory=dict)
    _about: dict[str, dict[str, Record]] = field(default_factory=lambda: defaultdict(dict))
    _cells: dict[tuple[str, str, int], dict[str, Record]] = field(default_factory=lambda: defaultdict(dict))
    _numbers: dict[tuple[str, str], dict[str, Record]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, rows: Iterable[Taken]) -> None:
        """Take in what was read, and *rows* over it."""
        self.rows.update((row.record.id, row) for row in rows if row.changes)
        for record in self.around.values():
            if record.id not in self.rows:
                self.place(record)
        for row in self.rows.values():
            self.place(row.record)

    def get(self, record_id: str) -> Record | None:
        """Return a record as the push leaves it, or as it was read; None where it is not at hand."""
        row = self.rows.get(record_id)
        return row.record if row else self.around.get(record_id)

    def about(self, record_id: str) -> Mapping[str, Record]:
        """Return what is about the record *record_id*, by id."""
        return self._about.get(record_id, _NOBODY)

    def near(self, record: Record) -> list[Record]:
        """Return what may be the same thing as *record*: about one target, nearby, or of one number."""
        traits, fields = traits_of(record.type), record.fields
        found: dict[str, Record] = {}
        if traits.about and traits.likeness:
            found |= self.about(str(fields.get(traits.about)))
        cell = likeness.cell_of(fields.get("position")) if traits.likeness else None
        if cell is not None and traits.likeness:
            bucket = traits.likeness.bucket(fields)
            for neighbour in likeness.cells_around(cell):
                found |= self._cells.get((record.type, bucket, neighbour), _NOBODY)
        found |= self._numbers.get((record.type, str(fields.get(traits.number or ""))), _NOBODY)
        return [other for i, other in sorted(found.items()) if i != record.id and other.type == record.type]

    def place(self, record: Record) -> None:
        """Let *record* be found; again after it has moved."""
        traits, fields = traits_of(record.type), record.fields
        target = fields.get(traits.about) if traits.about else None
        left = self._stands.pop(record.id, None)
        if left is not None:
            del self._about[left][record.id]
        if target:
            self._about[target][record.id] = record
            self._stands[record.id] = target
        if merged_into(record):
            self.mergers = True
        if traits.likeness and not record.void:
            cell = likeness.cell_of(fields.get("position"))
            if cell is not None:
                self._cells[record.type, traits.likeness.bucket(fields), cell][record.id] = record
        if traits.number and isinstance(fields.get(traits.number), str):
            self._numbers[record.type, fields[traits.number]][record.id] = record
