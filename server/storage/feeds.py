"""
The feeds 流: numbers taken last, and reading along them.

Numbers handed out before commit commit in another order: 7 after 8, and a reader who saw 8 never
asks for 7. So the number is the last thing a transaction takes, under the feed row's lock, which it
keeps until it commits: in a feed the order of numbers is the order of commits, and a rollback gives
its numbers back.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from server.storage.bulk import mark
from server.storage.epochs import EpochStore
from server.storage.pens import PenStore
from server.values import Seen

GENESIS = bytes(32)


class Head(NamedTuple):
    """The last number of a feed, and the last link of its chain."""

    seq: int
    chain: bytes


class Row(NamedTuple):
    """A record as it is read along a feed; ``fields`` is canonical JSON text."""

    version: int
    id: str
    type: str
    grid: str
    born: int
    at_ms: int
    at_counter: int
    by: str
    void: bool
    fields: str


#: Where a row comes with its pen, until the id of whoever wrote takes its place.
_PEN = Row._fields.index("by")


class FeedStore:
    """The feeds of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str, pens: PenStore) -> None:
        self._connection = connection
        self._district = district
        self._pens = pens
        self._mark = mark(connection)

    def heads(self) -> dict[str, int]:
        """Return the last number of every feed of the district."""
        sql = f"SELECT code, seq FROM feed WHERE district = {self._mark}"
        return {row[0]: row[1] for row in self._connection.exec_driver_sql(sql, (self._district,))}

    def ends(self) -> dict[str, Head]:
        """Return the last number of every feed of the district, with the last link of its chain."""
        sql = f"SELECT code, seq, chain FROM feed WHERE district = {self._mark}"
        rows = self._connection.exec_driver_sql(sql, (self._district,))
        return {code: Head(seq, bytes(chain)) for code, seq, chain in rows}

    def take(self, feed: str, count: int) -> Head:
        """
        Take *count* numbers; the caller commits at once afterwards, nothing slow in between.

        Returns:
            The head as it stood before: the numbers taken are ``seq + 1`` to ``seq + count``.
        """
        m = self._mark
        sql = f"UPDATE feed SET seq = seq + {m} WHERE district = {m} AND code = {m} RETURNING seq, chain"
        row = self._connection.exec_driver_sql(sql, (count, self._district, feed)).one_or_none()
        if row is None:
            self._begin(feed)
            row = self._connection.exec_driver_sql(sql, (count, self._district, feed)).one()
        return Head(row[0] - count, bytes(row[1]))

    def link(self, feed: str, chain: bytes) -> None:
        """Store the new last link of the feed's chain."""
        m = self._mark
        sql = f"UPDATE feed SET chain = {m} WHERE district = {m} AND code = {m}"
        self._connection.exec_driver_sql(sql, (chain, self._district, feed))

    def read(
        self, feed: str, seen: Seen | None, after: int, upto: int, limit: int, skip_device: str | None
    ) -> list[Row]:
        """
        Return up to *limit* records of *feed* changed after *after*, oldest first.

        Args:
            seen: Which part of the feed; None for all of it.
            upto: The feed's number read before; later changes belong to the next reading.
            skip_device: Leave out what this device itself wrote last and already shows.
        """
        m = self._mark
        where, values = self._filter(seen)
        sql = (
            f"SELECT version, id, type, grid, born, at_ms, at_counter, pen, void, fields FROM record "
            f"WHERE district = {m} AND feed = {m} AND version > {m} AND version <= {m}{where}"
        )
        parameters: list[Any] = [self._district, feed, after, upto, *values]
        if skip_device is not None:
            sql += f" AND NOT (clean AND pen IN (SELECT number FROM pen WHERE district = {m} AND device = {m}))"
            parameters += [self._district, skip_device]
        sql += f" ORDER BY version LIMIT {m}"
        rows = self._connection.exec_driver_sql(sql, (*parameters, limit)).all()
        pens = self._pens.named({row[_PEN] for row in rows})
        return [
            Row(version, id_, type_, grid, born, at_ms, at_counter, pens[pen].by, void, fields)
            for version, id_, type_, grid, born, at_ms, at_counter, pen, void, fields in rows
        ]

    def _filter(self, seen: Seen | None) -> tuple[str, Sequence[str]]:
        if seen is None:
            return "", ()
        condition, values = within(self._mark, seen.areas, sorted(seen.above))
        return f" AND {condition}", values

    def locked(self) -> dict[str, int]:
        """Lock every feed, and return the last number of each: nobody takes one before the transaction ends."""
        sql = f"UPDATE feed SET seq = seq WHERE district = {self._mark} AND code = {self._mark} RETURNING seq"
        seqs: dict[str, int] = {}
        for feed in sorted(self.heads()):
            seqs[feed] = self._connection.exec_driver_sql(sql, (self._district, feed)).scalar_one()
        return seqs

    def jump(self, to: int) -> None:
        """Let every feed count on from *to*, beyond all their numbers; the chains go on. See ``EpochStore``."""
        sql = f"UPDATE feed SET seq = {self._mark} WHERE district = {self._mark}"
        self._connection.exec_driver_sql(sql, (to, self._district))

    def _begin(self, feed: str) -> None:
        m = self._mark
        epochs = EpochStore(self._connection, self._district)
        # An epoch must not begin unseen beside this: the feed would take up numbers that may be given out.
        epochs.present()
        sql = f"INSERT INTO feed (district, code, seq, chain) VALUES ({m}, {m}, {m}, {m}) ON CONFLICT DO NOTHING"
        self._connection.exec_driver_sql(sql, (self._district, feed, epochs.ground(), GENESIS))

    def known(self, feeds: Iterable[str]) -> None:
        """Make sure that rows for *feeds* exist."""
        for feed in sorted(feeds):
            self._begin(feed)


def within(mark: str, areas: Iterable[str], codes: Iterable[str] = ()) -> tuple[str, list[str]]:
    """Return the condition that a grid lies in one of *areas* or is one of *codes*, and the values to bind."""
    parts: list[str] = []
    values: list[str] = []
    for area in areas:
        # ":" is the character after "9": everything that begins with the area's digits.
        parts.append(f"(grid >= {mark} AND grid < {mark})")
        values += [area, area + ":"]
    for code in codes:
        parts.append(f"grid = {mark}")
        values.append(code)
    return f"({' OR '.join(parts)})" if parts else "FALSE", values
