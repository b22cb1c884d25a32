"""
What people are told of decisions about what they wrote 告知: read along the feed, beside its records.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from server.storage.bulk import mark, one_of, upsert_rows
from server.storage.tables import telling as table


class TellingRow(NamedTuple):
    """
    What one person is told.

    ``version`` is the history number the decision stands at, ``part`` which of the decisions there;
    ``body`` is JSON text as it travels.
    """

    feed: str
    version: int
    part: int
    person: str
    at_ms: int
    body: str


class TellingStore:
    """The tellings of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district

    def put(self, rows: Sequence[TellingRow]) -> None:
        """Keep tellings; the same decision told to the same person stands once."""
        upsert_rows(self._connection, table, [(self._district, *row) for row in rows])

    def forget(self, before_ms: int) -> int:
        """Delete what was told before *before_ms*; return how many tellings."""
        m = mark(self._connection)
        sql = f"DELETE FROM telling WHERE district = {m} AND at_ms < {m}"
        return self._connection.exec_driver_sql(sql, (self._district, before_ms)).rowcount

    def read(
        self, feed: str, after: int, upto: int, people: Iterable[str], since_ms: int, limit: int
    ) -> list[TellingRow]:
        """
        Return up to *limit* tellings of *feed* for any of *people*, in the order of the feed.

        Args:
            after, upto: History numbers: beyond the one, up to the other.
            since_ms: Leave out what was decided before.
        """
        m = mark(self._connection)
        condition, wanted = one_of(self._connection, people)
        names = ", ".join(TellingRow._fields)
        sql = (
            f"SELECT {names} FROM telling WHERE district = {m} AND feed = {m} AND version > {m} AND version <= {m} "
            f"AND at_ms >= {m} AND person {condition} ORDER BY version, part, person LIMIT {m}"
        )
        values = (self._district, feed, after, upto, since_ms, wanted, limit)
        return [TellingRow(*row) for row in self._connection.exec_driver_sql(sql, values)]
