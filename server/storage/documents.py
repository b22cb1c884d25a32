"""
What documents of the ledger are made of 台账文档, and which documents went out of the office 导出记录.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, select

from server.storage.bulk import insert_rows, mark, one_of
from server.storage.ledger_lists import LedgerLists, Wanted
from server.storage.office_tables import document_export as table

_UUID_BYTES = 16


class Export(NamedTuple):
    """
    One document that went out; ``at_ms`` in milliseconds since 1970-01-01 UTC.

    Attributes:
        format: xlsx, csv or geojson.
        asked: What was asked for, as JSON text.
        cases, pictures, phones: How many of each it holds; ``phones`` counts whole numbers.
    """

    id: str
    at_ms: int
    person: str
    device: str
    format: str
    asked: str
    cases: int
    pictures: int
    phones: int


class Ids:
    """Ids in their order, sixteen bytes each: those of a whole ledger are kept while its document is written."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._bytes = bytearray()
        for one in ids:
            self._bytes += bytes.fromhex(one.replace("-", ""))

    def __len__(self) -> int:
        return len(self._bytes) // _UUID_BYTES

    def between(self, start: int, stop: int) -> list[str]:
        """Return the ids from place *start* up to *stop*."""
        part = self._bytes[start * _UUID_BYTES : stop * _UUID_BYTES]
        return [_written(part[at : at + _UUID_BYTES].hex()) for at in range(0, len(part), _UUID_BYTES)]


class DocumentStore:
    """The documents of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)

    def by_place(self, wanted: Wanted, most: int) -> Ids:
        """Return the ids of up to *most* of *wanted*, by street, community and number; its own order does not count."""
        return _ByPlace(self._connection, self._district).ids(wanted, most)

    def numbered(self, numbers: Iterable[str]) -> dict[str, str]:
        """Return the ids of the cases with these numbers, by number."""
        condition, wanted = one_of(self._connection, numbers)
        sql = f"SELECT case_no, id FROM ledger_row WHERE district = {self._mark} AND case_no {condition}"
        found = self._connection.exec_driver_sql(sql, (self._district, wanted))
        return {row[0]: row[1] for row in found}

    def phones(self, people: Iterable[str]) -> dict[str, str]:
        """Return the telephone numbers of those of *people* who have one, by id."""
        condition, wanted = one_of(self._connection, people)
        sql = f"SELECT id, phone FROM person WHERE district = {self._mark} AND phone IS NOT NULL AND id {condition}"
        return {row[0]: row[1] for row in self._connection.exec_driver_sql(sql, (self._district, wanted))}

    def note(self, export: Export) -> None:
        """Note that a document is about to go out."""
        insert_rows(self._connection, table, [(self._district, *export)])

    def exports(self, limit: int, before: tuple[int, str] | None = None) -> list[Export]:
        """Return up to *limit* documents that went out, the latest first, older than *before* (time, id)."""
        c = table.c
        asked = select(*(c[name] for name in Export._fields)).where(c.district == self._district)
        if before is not None:
            at_ms, id_ = before
            asked = asked.where((c.at_ms < at_ms) | ((c.at_ms == at_ms) & (c.id < id_)))
        rows = self._connection.execute(asked.order_by(c.at_ms.desc(), c.id.desc()).limit(limit))
        return [Export(*row) for row in rows]


class _ByPlace(LedgerLists):
    """The ledger in the order in which offices file it."""

    def ids(self, wanted: Wanted, most: int) -> Ids:
        if wanted.words and not self._holds(wanted):
            return Ids(())
        worded, _ = self._worded(wanted)
        condition, values = self._all_of([*self._conditions(wanted), *worded])
        # By the signs of the codes and numbers alone: a database sorts words after the habits of its own country.
        order = ("SUBSTR(grid, 1, 9)", "SUBSTR(grid, 1, 12)", "COALESCE(case_no, '~')", "id")
        collated = ", ".join(f'{one} COLLATE "C"' for one in order) if self._postgres else ", ".join(order)
        sql = (
            f"SELECT id FROM ledger_row WHERE district = {self._mark} AND {condition} "
            f"ORDER BY {collated} LIMIT {self._mark}"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, *values, most))
        return Ids(row[0] for row in rows)

    def _holds(self, wanted: Wanted) -> bool:
        """Say whether any case that is wanted holds the words: some no text can hold, and no database takes."""
        return bool(self.count(wanted))


def _written(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
