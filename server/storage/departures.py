"""
Departures 移出: records that went out of a grid, read along the feed by whoever saw them there.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection

from server.storage.bulk import insert_rows, mark
from server.storage.tables import departure as table


class Departure(NamedTuple):
    """One departure: its number in the feed it is read along, where the record lay, and where it went."""

    feed: str
    version: int
    record: str
    grid: str
    to_grid: str
    to_feed: str
    to_version: int
    at_ms: int


class Gone(NamedTuple):
    """A departure as it is read: the grid the record left then, and where it lies now."""

    version: int
    record: str
    grid: str
    now_feed: str
    now_grid: str


class DepartureStore:
    """The departures of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)

    def put(self, rows: Iterable[Departure]) -> None:
        """Keep departures whose numbers were just taken."""
        insert_rows(self._connection, table, [(self._district, *row) for row in rows])

    def read(self, feed: str, after: int, upto: int, limit: int) -> list[Gone]:
        """Return up to *limit* departures of *feed* numbered beyond *after*, up to *upto*, oldest first."""
        m = self._mark
        sql = (
            "SELECT d.version, d.record, d.grid, r.feed, r.grid FROM departure d "
            "JOIN record r ON r.district = d.district AND r.id = d.record "
            f"WHERE d.district = {m} AND d.feed = {m} AND d.version > {m} AND d.version <= {m} "
            f"ORDER BY d.version LIMIT {m}"
        )
        values = (self._district, feed, after, upto, limit)
        return [Gone(*row) for row in self._connection.exec_driver_sql(sql, values)]

    def last_before(self, feed: str, before_ms: int, upto: int | None) -> int:
        """
        Return the number of the last departure of *feed* made before *before_ms*; 0 for none.

        Args:
            upto: Only numbers up to here; None for all.
        """
        m = self._mark
        sql = f"SELECT MAX(version) FROM departure WHERE district = {m} AND feed = {m} AND at_ms < {m}"
        values: list[object] = [self._district, feed, before_ms]
        if upto is not None:
            sql += f" AND version <= {m}"
            values.append(upto)
        return int(self._connection.exec_driver_sql(sql, tuple(values)).scalar_one() or 0)

    def forget(self, feed: str, upto: int) -> int:
        """
        Delete the departures of *feed* numbered up to *upto* and raise the feed's horizon to it.

        Whoever has read less than that must read from the beginning. Returns how many were deleted.
        """
        m = self._mark
        sql = f"DELETE FROM departure WHERE district = {m} AND feed = {m} AND version <= {m}"
        forgotten = self._connection.exec_driver_sql(sql, (self._district, feed, upto)).rowcount
        sql = f"UPDATE feed SET horizon = {m} WHERE district = {m} AND code = {m} AND horizon < {m}"
        self._connection.exec_driver_sql(sql, (upto, self._district, feed, upto))
        return forgotten

    def horizon(self, feed: str) -> int:
        """Return up to which number departures of *feed* are forgotten; 0 for none."""
        sql = f"SELECT horizon FROM feed WHERE district = {self._mark} AND code = {self._mark}"
        return int(self._connection.exec_driver_sql(sql, (self._district, feed)).scalar_one_or_none() or 0)
