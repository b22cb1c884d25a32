"""
The records 记录表: found and locked by id, written in bulk once their numbers are taken.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from schemas import wire
from schemas.clock import Stamp
from server.storage import marks
from server.storage.bulk import insert_rows, update_rows
from server.storage.tables import record as table
from server.values import Origin, Record

_COLUMNS = (
    "id, type, feed, grid, version, born, origin_ms, origin_counter, origin_device, origin_by, origin_rank, "
    'at_ms, at_counter, at_device, "by", device, clean, void, received_ms, fields, marks'
)
_MOST_BYTES_A_CHARACTER = 4
_CHANGING = (
    "version", "code", "at_ms", "at_counter", "at_device", "by", "device", "clean", "void", "fields", "marks",
)  # fmt: skip


class RecordStore:
    """The records of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._postgres = connection.dialect.name == "postgresql"

    def locked(self, ids: Iterable[str]) -> dict[str, Record]:
        """Return those of *ids* that exist, locked until the end of the transaction."""
        return self._by_ids(ids, " ORDER BY id FOR UPDATE" if self._postgres else "")

    def get(self, ids: Iterable[str]) -> dict[str, Record]:
        """Return those of *ids* that exist, as they stand."""
        return self._by_ids(ids, "")

    def ids_by_code(self, type_name: str, codes: Iterable[str]) -> dict[str, str]:
        """Return the id of the oldest record for each of *codes* that some record of the type carries."""
        m = self._mark
        sql = f"SELECT code, id FROM record WHERE district = {m} AND type = {m} AND code {self._any} ORDER BY id DESC"
        rows = self._connection.exec_driver_sql(sql, (self._district, type_name, self._listed(codes)))
        return {row[0]: row[1] for row in rows}

    def write(self, records: Iterable[Record]) -> None:
        """Write *records*, whose versions have just been taken: new ones in bulk, changed ones by key."""
        new, changed = [], []
        for record in records:
            if not record.stored_before:
                new.append(self._new_row(record))
            else:
                changed.append(self._changed_row(record))
        insert_rows(self._connection, table, new)
        update_rows(self._connection, table, _CHANGING, ("district", "id"), changed)

    @property
    def _mark(self) -> str:
        return "%s" if self._postgres else "?"

    @property
    def _any(self) -> str:
        return "= ANY(%s)" if self._postgres else "IN (SELECT value FROM json_each(?))"

    def _listed(self, values: Iterable[str]) -> Any:
        return list(values) if self._postgres else wire.encode(list(values)).decode()

    def _by_ids(self, ids: Iterable[str], suffix: str) -> dict[str, Record]:
        wanted = sorted(set(ids))
        if not wanted:
            return {}
        sql = f"SELECT {_COLUMNS} FROM record WHERE district = {self._mark} AND id {self._any}{suffix}"
        rows = self._connection.exec_driver_sql(sql, (self._district, self._listed(wanted)))
        return {row[0]: _record(row) for row in rows}

    def _new_row(self, r: Record) -> tuple[Any, ...]:
        return (
            self._district, r.id, r.type, r.feed, r.grid, r.version, r.born, code_of(r),
            r.origin.stamp.ms, r.origin.stamp.counter, r.origin.stamp.device, r.origin.by, r.origin.rank,
            r.at.ms, r.at.counter, r.at.device, r.by, r.device, r.clean, r.void, r.received_ms,
            r.body(), marks.dump(r.marks, r.version),
        )  # fmt: skip

    def _changed_row(self, r: Record) -> tuple[Any, ...]:
        return (
            r.version, code_of(r), r.at.ms, r.at.counter, r.at.device, r.by, r.device, r.clean, r.void,
            r.body(), marks.dump(r.marks, r.version), self._district, r.id,
        )  # fmt: skip


def code_of(record: Record) -> str | None:
    """Return what offices know the record by, where it has such a number."""
    code = record.fields.get("code")
    return code if isinstance(code, str) else None


def _record(row: Any) -> Record:
    (
        id_, type_, feed, place, version, born, origin_ms, origin_counter, origin_device, origin_by, origin_rank,
        at_ms, at_counter, at_device, by, device, clean, void, received_ms, fields_text, marks_text,
    ) = row  # fmt: skip
    fields = wire.decode_json(fields_text)
    return Record(
        type=type_, id=id_, grid=place, feed=feed, fields=fields,
        origin=Origin(Stamp(origin_ms, origin_counter, origin_device), origin_by, origin_rank),
        at=Stamp(at_ms, at_counter, at_device), by=by, device=device, received_ms=received_ms,
        version=version, born=born, marks=marks.load(marks_text, fields),
        void=bool(void), clean=bool(clean), stored_before=True, size=_MOST_BYTES_A_CHARACTER * len(fields_text),
    )  # fmt: skip
