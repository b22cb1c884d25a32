"""
The history 历史: every mutation that was taken, append-only, each row linked to the one before.

A link is the SHA-256 of the link before and of everything in the row, so a single changed byte
breaks the chain at its row.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import astuple
from sqlalchemy import Connection

from schemas import wire
from server.storage.bulk import insert_rows, mark, one_of
from server.storage.tables import history as table
from server.values import Entry

_COLUMNS = ", ".join(f'"{name}"' for name in Entry.__struct_fields__)
_CLAMPED = Entry.__struct_fields__.index("clamped")


class Settled(NamedTuple):
    """What became of a mutation that came before: enough to answer its repetition."""

    n: int
    outcome: str
    feed: str | None
    version: int | None
    payload: bytes
    decisions: str | None = None
    problem: str | None = None


class HistoryStore:
    """The history of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)

    def append(self, entries: Sequence[Entry], chain: bytes) -> bytes:
        """Append *entries* of one feed behind the link *chain*; return the new last link."""
        rows = []
        for entry in entries:
            chain = entry.link(chain)
            rows.append((self._district, *astuple(entry), chain))
        insert_rows(self._connection, table, rows)
        return chain

    def settled(self, device: str, install: str, numbers: Iterable[int]) -> dict[int, Settled]:
        """Return what became of those of *numbers* that were taken before."""
        wanted = [n for n in numbers if n > 0]
        if not wanted:
            return {}
        m = self._mark
        # One by one: between the least and the greatest there may lie all that the device ever wrote.
        condition, listed = one_of(self._connection, wanted)
        sql = (
            f"SELECT n, outcome, feed, version, payload, decisions FROM history "
            f"WHERE district = {m} AND device = {m} AND install = {m} AND n {condition}"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, device, install, listed))
        return {row[0]: Settled(row[0], row[1], row[2], row[3], row[4].encode(), row[5]) for row in rows}

    def entries(self, feed: str, after: int = 0) -> Iterable[tuple[Entry, bytes]]:
        """Yield the rows of *feed* beyond version *after* in order, each with its stored link."""
        m = self._mark
        sql = f"{self._all} AND feed = {m} AND version > {m} ORDER BY version"
        for row in self._connection.exec_driver_sql(sql, (self._district, feed, after)):
            yield _entry(row), bytes(row[-1])

    def links_at(self, places: Mapping[str, int]) -> dict[str, bytes]:
        """Return the link that stands at each of *places*, a version by feed; a place without a row is left out."""
        if not places:
            return {}
        m = self._mark
        each = " OR ".join(f"(feed = {m} AND version = {m})" for _ in places)
        sql = f"SELECT feed, chain FROM history WHERE district = {m} AND ({each})"
        values = [value for place in places.items() for value in place]
        return {row[0]: bytes(row[1]) for row in self._connection.exec_driver_sql(sql, (self._district, *values))}

    def of_record(self, feed: str, record: str) -> list[Entry]:
        """Return everything that was taken for one record of *feed*, from its creation on."""
        m = self._mark
        sql = f"{self._all} AND record = {m} AND feed = {m} ORDER BY version"
        return [_entry(row) for row in self._connection.exec_driver_sql(sql, (self._district, record, feed))]

    def of_all_feeds(self, record: str) -> list[Entry]:
        """Return everything that was taken for one record, whichever feeds it has lain in; see ``core.moving``."""
        sql = f"{self._all} AND record = {self._mark} ORDER BY feed, version"
        return [_entry(row) for row in self._connection.exec_driver_sql(sql, (self._district, record))]

    def of_device(self, device: str, records: Iterable[str]) -> list[bytes]:
        """Return the payloads that *device* delivered for any of *records*."""
        m = self._mark
        condition, ids = one_of(self._connection, records)
        sql = f"SELECT payload FROM history WHERE district = {m} AND record {condition} AND device = {m} AND n > 0"
        rows = self._connection.exec_driver_sql(sql, (self._district, ids, device))
        return [row[0].encode() for row in rows]

    def with_outcome(self, record: str, outcome: str) -> list[str]:
        """Return the payloads of those rows of one record that have this outcome."""
        m = self._mark
        sql = f"SELECT payload FROM history WHERE district = {m} AND record = {m} AND outcome = {m}"
        return [row[0] for row in self._connection.exec_driver_sql(sql, (self._district, record, outcome))]

    @property
    def _all(self) -> str:
        return f"SELECT {_COLUMNS}, chain FROM history WHERE district = {self._mark}"


def _entry(row: Any) -> Entry:
    fields = (*row[:_CLAMPED], bool(row[_CLAMPED]), *row[_CLAMPED + 1 : -1])
    return Entry(*fields)


def told(decisions: str | None) -> list[dict[str, Any]] | None:
    """Return stored decisions as they stand in an outcome."""
    return [one for one in wire.decode_json(decisions) if not one.get("silent")] or None if decisions else None
