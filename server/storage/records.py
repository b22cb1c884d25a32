"""
The records 记录表: found and locked by id, written in bulk once their numbers are taken.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection

from schemas import likeness, wire
from schemas.clock import Stamp
from schemas.grid import feed_of
from schemas.registry import TYPES
from server.storage import marks
from server.storage.bulk import insert_rows, mark, one_of, update_rows
from server.storage.known import Pen
from server.storage.ledger import LedgerStore
from server.storage.pens import PenStore, number_of
from server.storage.tables import record as table
from server.values import Origin, Record

_READ = (
    "id", "type", "feed", "grid", "version", "born", "at_ms", "at_counter", "pen", "origin_ms", "origin_counter",
    "origin_pen", "firm", "clean", "void", "received_ms", "fields", "marks",
)  # fmt: skip
_COLUMNS = ", ".join(_READ)
_PEN, _ORIGIN_PEN = _READ.index("pen"), _READ.index("origin_pen")
_MOST_BYTES_A_CHARACTER = 4
_CHANGING = (
    "version", "at_ms", "pen", "origin_ms", "origin_pen", "at_counter", "origin_counter", "clean", "void",
    "code", "subject", "cell", "fields", "marks",
)  # fmt: skip
_LYING = ("feed", "grid", "version", "born", "clean", "marks")


class RecordStore:
    """The records of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str, pens: PenStore, ledger: LedgerStore) -> None:
        self._connection = connection
        self._district = district
        self._pens = pens
        self._ledger = ledger
        self._mark = mark(connection)
        self._locking = " ORDER BY id FOR UPDATE" if connection.dialect.name == "postgresql" else ""

    def locked(self, ids: Iterable[str]) -> dict[str, Record]:
        """Return those of *ids* that exist, locked until the end of the transaction."""
        return self._found([self._arm("id", set(ids))], self._locking)

    def get(self, ids: Iterable[str]) -> dict[str, Record]:
        """Return those of *ids* that exist, as they stand."""
        return self._found([self._arm("id", set(ids))])

    def about(self, subjects: Iterable[str], since_ms: int, *, lock: bool) -> dict[str, Record]:
        """
        Return the records about one of *subjects* that were last changed at *since_ms* or later.

        Args:
            lock: Keep them locked until the end of the transaction.
        """
        return self._found([self._since(set(subjects), since_ms)], self._locking if lock else "")

    def around(
        self,
        ids: Iterable[str],
        subjects: Iterable[str],
        since_ms: int,
        cells: Mapping[str, tuple[int, Iterable[int]]],
        own: tuple[str, str] | None = None,
    ) -> dict[str, Record]:
        """
        Return what may concern a push, as it stands, in one statement; none where nothing is asked for.

        Args:
            ids: Records wanted by their ids.
            subjects: Records about one of these, if last changed at *since_ms* or later.
            cells: Records of a type lying in one of its cells, if last changed at a moment or later; see
                ``schemas.likeness``.
            own: A device and a person: of what these made about the *subjects*, only the cases.
        """
        places = [self._in_cells(name, *wanted) for name, wanted in sorted(cells.items())]
        about = self._by_others(self._since(set(subjects), since_ms), own)
        return self._found([self._arm("id", set(ids)), about, *places])

    def ids_by_code(self, type_name: str, codes: Iterable[str]) -> dict[str, str]:
        """Return the id of the oldest record for each of *codes* that some record of the type carries."""
        condition, wanted = one_of(self._connection, codes)
        m = self._mark
        sql = f"SELECT code, id FROM record WHERE district = {m} AND type = {m} AND code {condition} ORDER BY id DESC"
        rows = self._connection.exec_driver_sql(sql, (self._district, type_name, wanted))
        return {row[0]: row[1] for row in rows}

    def numbered(self, type_name: str) -> list[Record]:
        """Return every record of a type that carries a number, void or not, by number; the index of numbers is used."""
        arm = (f"type = {self._mark} AND code IS NOT NULL", [type_name])
        return sorted(self._found([arm]).values(), key=lambda record: (record.fields["code"], record.id))

    def of_types(self, types: Iterable[str], area: str = "") -> list[Record]:
        """
        Return every record of *types*, void or not, that lies in *area*, by id; for reports, not for each push.

        No index names the type alone: this walks the district's records.
        """
        condition, wanted = one_of(self._connection, sorted(types))
        # ":" is the character after "9": everything that begins with the area's digits.
        arm = (f"type {condition} AND grid >= {self._mark} AND grid < {self._mark}", [wanted, area, area + ":"])
        return sorted(self._found([arm]).values(), key=lambda record: record.id)

    def write(self, records: Iterable[Record]) -> None:
        """Write *records*, whose versions have just been taken: new ones in bulk, changed ones by key."""
        new, changed = [], []
        pens: dict[int, Pen] = {}
        records = list(records)
        for record in records:
            stamps = _stamps(record, pens)
            if not record.stored_before:
                new.append(self._new_row(record, stamps))
            else:
                changed.append(self._changed_row(record, stamps))
        self._pens.note(pens)
        insert_rows(self._connection, table, new)
        update_rows(self._connection, table, _CHANGING, ("district", "id"), changed)
        self._ledger.follow(records)

    def lying_in(self, grid: str, types: Iterable[str]) -> list[str]:
        """Return the ids of the records of *types* that lie at exactly *grid*, void or not."""
        condition, wanted = one_of(self._connection, sorted(types))
        m = self._mark
        sql = (
            f"SELECT id FROM record WHERE district = {m} AND feed = {m} AND grid = {m} AND type {condition} ORDER BY id"
        )
        values = (self._district, feed_of(grid), grid, wanted)
        return [row[0] for row in self._connection.exec_driver_sql(sql, values)]

    def put_elsewhere(self, records: Iterable[Record]) -> None:
        """Write where *records* lie now, with the numbers just taken for that; all else stays as it was."""
        records = list(records)
        rows = [
            (r.feed, r.grid, r.version, r.born, r.clean, marks.dump(r.marks, r.version), self._district, r.id)
            for r in records
        ]
        update_rows(self._connection, table, _LYING, ("district", "id"), rows)
        self._ledger.follow(records)

    def _arm(self, column: str, wanted: set[Any]) -> "_Arm | None":
        """Return the condition that *column* is one of *wanted*; None for none."""
        if not wanted:
            return None
        condition, values = one_of(self._connection, sorted(wanted))
        return f"{column} {condition}", [values]

    def _in_cells(self, type_name: str, since_ms: int, cells: Iterable[int]) -> "_Arm | None":
        arm, m = self._arm("cell", set(cells)), self._mark
        return arm and (f"type = {m} AND {arm[0]} AND at_ms >= {m}", [type_name, *arm[1], since_ms])

    def _since(self, subjects: set[str], since_ms: int) -> "_Arm | None":
        arm = self._arm("subject", subjects)
        return arm and (f"{arm[0]} AND at_ms >= {self._mark}", [*arm[1], since_ms])

    def _by_others(self, arm: "_Arm | None", own: tuple[str, str] | None) -> "_Arm | None":
        if arm is None or own is None:
            return arm
        m = self._mark
        pens = f'SELECT number FROM pen WHERE district = {m} AND device = {m} AND "by" = {m}'
        others = f"COALESCE(origin_pen, pen) NOT IN ({pens})"
        return f"{arm[0]} AND (type = 'case' OR {others})", [*arm[1], self._district, *own]

    def _found(self, arms: Iterable["_Arm | None"], suffix: str = "") -> dict[str, Record]:
        """Return what any of *arms* finds; each goes by an index of its own, which OR might prevent."""
        asked = [arm for arm in arms if arm is not None]
        if not asked:
            return {}
        select = f"SELECT {_COLUMNS} FROM record WHERE district = {self._mark} AND "
        sql = " UNION ALL ".join(select + condition for condition, _ in asked)
        values = [value for _, bound in asked for value in (self._district, *bound)]
        # What two arms have found is taken apart once.
        rows = {row[0]: row for row in self._connection.exec_driver_sql(sql + suffix, tuple(values))}
        pens = self._pens.named({n for row in rows.values() for n in (row[_PEN], row[_ORIGIN_PEN]) if n is not None})
        return {id_: _record(row, pens) for id_, row in rows.items()}

    def _new_row(self, r: Record, stamps: "_Stamps") -> tuple[Any, ...]:
        at_ms, pen, origin_ms, origin_pen, at_counter, origin_counter = stamps
        return (
            self._district, r.id, r.type, r.feed, r.grid, r.version, r.born, at_ms, pen, origin_ms, origin_pen,
            r.received_ms, at_counter, origin_counter, r.origin.firm, r.clean, r.void,
            code_of(r), subject_of(r), cell_of(r), r.body(), marks.dump(r.marks, r.version),
        )  # fmt: skip

    def _changed_row(self, r: Record, stamps: "_Stamps") -> tuple[Any, ...]:
        return (
            r.version, *stamps, r.clean, r.void, code_of(r), subject_of(r), cell_of(r), r.body(),
            marks.dump(r.marks, r.version), self._district, r.id,
        )  # fmt: skip


#: A condition, and the values to bind in it.
_Arm = tuple[str, list[Any]]
#: at_ms, pen, origin_ms, origin_pen, at_counter, origin_counter.
_Stamps = tuple[int, int, int | None, int | None, int, int | None]


def code_of(record: Record) -> str | None:
    """Return what offices know the record by, where it has such a number."""
    code = record.fields.get("code")
    return code if isinstance(code, str) else None


def subject_of(record: Record) -> str | None:
    """Return the id of the record that this one is about, where its type says which field names it."""
    name = _found_by(record.type)[0]
    subject = record.fields.get(name) if name else None
    return subject if isinstance(subject, str) else None


def cell_of(record: Record) -> int | None:
    """Return the cell in which the record lies, where likely pairs of its type are looked for by place."""
    return likeness.cell_of(record.fields.get("position")) if _found_by(record.type)[1] else None


@cache
def _found_by(type_name: str) -> tuple[str | None, bool]:
    """Return the type's subject field, and whether its records are looked for by place."""
    known = TYPES.get(type_name)
    return (known.schema.subject_field, known.schema.likeness is not None) if known else (None, False)


def _stamps(record: Record, pens: dict[int, Pen]) -> _Stamps:
    """Return the stamps of *record* as they are stored, and add to *pens* those they need."""
    at, origin = record.at, record.origin
    made = origin.stamp
    last, first = (record.device, record.by, record.rank), (made.device, origin.by, origin.rank)
    pen = _pen(last, pens)
    if first == last and made.ms == at.ms and made.counter == at.counter:
        return at.ms, pen, None, None, at.counter, None
    return at.ms, pen, made.ms, _pen(first, pens), at.counter, made.counter


def _pen(names: tuple[str, str, int], pens: dict[int, Pen]) -> int:
    number = number_of(*names)
    if number not in pens:
        pens[number] = Pen(*names)
    return number


def _record(row: Any, pens: Mapping[int, Pen]) -> Record:
    (
        id_, type_, feed, place, version, born, at_ms, at_counter, pen, origin_ms, origin_counter, origin_pen, firm,
        clean, void, received_ms, fields_text, marks_text,
    ) = row  # fmt: skip
    last = pens[pen]
    if origin_pen is None:
        first, made = last, Stamp(at_ms, at_counter, last.device)
    else:
        first = pens[origin_pen]
        made = Stamp(origin_ms, origin_counter, first.device)
    fields = wire.decode_json(fields_text)
    return Record(
        type=type_, id=id_, grid=place, feed=feed, fields=fields,
        origin=Origin(made, first.by, first.rank, bool(firm)),
        at=Stamp(at_ms, at_counter), by=last.by, device=last.device, rank=last.rank, received_ms=received_ms,
        version=version, born=born, marks=marks.load(marks_text, fields),
        void=bool(void), clean=bool(clean), stored_before=True, size=_MOST_BYTES_A_CHARACTER * len(fields_text),
    )  # fmt: skip
