"""
Snapshots 快照: a feed as it stood at one number, kept as one packed part a grid.

The two latest of each feed are kept: whoever was given the list of the last one goes on reading its parts
while the next is made. One of an older history, or of a number below which departures are forgotten, is
never found.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from server.storage.bulk import insert_rows, mark
from server.storage.feeds import within
from server.storage.tables import snapshot_part
from server.values import Seen

#: How many snapshots of a feed are kept.
KEPT = 2


class Part(NamedTuple):
    """The records of one grid; ``size`` (bytes) and ``sha256`` are of what is kept, packed."""

    grid: str
    sha256: str
    records: int
    size: int


class Made(NamedTuple):
    """When a snapshot was made, and at which number of its feed."""

    version: int
    made_ms: int


class SnapshotStore:
    """The snapshots of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)

    def latest(self, feed: str, epoch: str) -> Made | None:
        """Return the latest snapshot of *feed* in the history *epoch* from which one can still read on."""
        m = self._mark
        sql = (
            "SELECT s.version, s.made_ms FROM snapshot s JOIN feed f ON f.district = s.district AND f.code = s.feed "
            f"WHERE s.district = {m} AND s.feed = {m} AND s.epoch = {m} "
            "AND s.version >= f.horizon AND s.version <= f.seq ORDER BY s.version DESC LIMIT 1"
        )
        row = self._connection.exec_driver_sql(sql, (self._district, feed, epoch)).one_or_none()
        return Made(row[0], row[1]) if row else None

    def parts(self, feed: str, version: int) -> list[Part]:
        """Return the parts of one snapshot, by grid."""
        m = self._mark
        sql = (
            "SELECT grid, sha256, records, size FROM snapshot_part "
            f"WHERE district = {m} AND feed = {m} AND version = {m} ORDER BY grid"
        )
        return [Part(*row) for row in self._connection.exec_driver_sql(sql, (self._district, feed, version))]

    def named(self, feed: str, epoch: str, sha256: str) -> list[tuple[int, Part]]:
        """Return the parts of *feed* in the history *epoch* whose bytes hash to *sha256*, with their versions."""
        m = self._mark
        sql = (
            "SELECT p.version, p.grid, p.sha256, p.records, p.size FROM snapshot_part p "
            "JOIN snapshot s ON s.district = p.district AND s.feed = p.feed AND s.version = p.version "
            f"WHERE p.district = {m} AND p.feed = {m} AND s.epoch = {m} AND p.sha256 = {m} ORDER BY p.version DESC"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, feed, epoch, sha256))
        return [(row[0], Part(*row[1:])) for row in rows]

    def piece(self, feed: str, version: int, grid: str, start: int, length: int) -> bytes | None:
        """Return *length* bytes of a part from byte *start*, counted from 0; None where the part is gone."""
        m = self._mark
        sql = (
            f"SELECT substr(body, {m}, {m}) FROM snapshot_part "
            f"WHERE district = {m} AND feed = {m} AND version = {m} AND grid = {m}"
        )
        values = (start + 1, length, self._district, feed, version, grid)
        row = self._connection.exec_driver_sql(sql, values).one_or_none()
        return bytes(row[0]) if row else None

    def count(self, feed: str) -> int:
        """Return how many records *feed* holds."""
        m = self._mark
        sql = f"SELECT count(*) FROM record WHERE district = {m} AND feed = {m}"
        return int(self._connection.exec_driver_sql(sql, (self._district, feed)).scalar_one())

    def moved_since(self, feed: str, version: int, seen: Seen | None) -> list[str]:
        """Return the records that went from *feed*, or from the part *seen* of it, to another after *version*."""
        m = self._mark
        where, values = "", list[str]()
        if seen is not None:
            condition, values = within(m, seen.areas, sorted(seen.above))
            where = f" AND {condition}"
        sql = (
            f"SELECT DISTINCT record FROM departure WHERE district = {m} AND feed = {m} AND version > {m} "
            f"AND to_feed <> feed{where} ORDER BY record"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, feed, version, *values))
        return [row[0] for row in rows]

    def keep(self, feed: str, epoch: str, made: Made, parts: Iterable[tuple[Part, Sequence[bytes]]]) -> bool:
        """
        Keep a new snapshot with its parts and their bytes, and drop what is no longer needed.

        Returns:
            Whether it was new: of two processes that made the same one, one keeps it.
        """
        m = self._mark
        sql = f"INSERT INTO snapshot VALUES ({m}, {m}, {m}, {m}, {m}) ON CONFLICT DO NOTHING"
        values = (self._district, feed, made.version, epoch, made.made_ms)
        if not self._connection.exec_driver_sql(sql, values).rowcount:
            return False
        for part, pieces in parts:
            row = (self._district, feed, made.version, *part, b"".join(pieces))
            insert_rows(self._connection, snapshot_part, [row])
        self._forget(feed, epoch)
        return True

    def drop_before(self, feed: str, version: int) -> None:
        """Drop the snapshots of *feed* as it stood before *version*: too old to go on from."""
        m = self._mark
        for table in ("snapshot_part", "snapshot"):
            sql = f"DELETE FROM {table} WHERE district = {m} AND feed = {m} AND version < {m}"
            self._connection.exec_driver_sql(sql, (self._district, feed, version))

    def _forget(self, feed: str, epoch: str) -> None:
        """Drop all snapshots of *feed* but the ``KEPT`` latest of this history."""
        m = self._mark
        latest = (
            f"SELECT version FROM snapshot WHERE district = {m} AND feed = {m} AND epoch = {m} "
            f"ORDER BY version DESC LIMIT {m}"
        )
        values = (self._district, feed, self._district, feed, epoch, KEPT)
        for table in ("snapshot_part", "snapshot"):
            sql = f"DELETE FROM {table} WHERE district = {m} AND feed = {m} AND version NOT IN ({latest})"
            self._connection.exec_driver_sql(sql, values)
