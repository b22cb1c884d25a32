"""
What goes out by channels 投递: the queue and the log in one table.

A row is one message, small enough for its channel: a long text is several rows. Its id is derived from what it tells
of, so that putting it twice is putting it once.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection

from server.storage.bulk import add_rows, mark, one_of, update_rows
from server.storage.office_tables import delivery as table

State = Literal["waiting", "sending", "sent", "failed", "dropped"]


class Delivery(NamedTuple):
    """
    One message on its way; times in milliseconds.

    Attributes:
        channel: The channel's name.
        person: Whom it is for, where the channel is one person's.
        about: What it tells of: the id of a notice, of a report.
        attempts: How often it was taken up.
        next_ms: When somebody may take it up: waiting, the next attempt; sending, the end of the lease of whoever
            is at it. None: it is over.
        ended_ms: When the last attempt ended.
        problem: Why that failed: the kind of failure, never an address.
    """

    id: str
    channel: str
    person: str | None
    about: str | None
    critical: bool
    title: str
    body: str
    made_ms: int
    state: State = "waiting"
    attempts: int = 0
    next_ms: int | None = None
    ended_ms: int | None = None
    problem: str | None = None


class Sought(NamedTuple):
    """Which deliveries are wanted, the newest first; ``after`` is (made_ms, id) of the last one of the page before."""

    channel: str | None = None
    state: str | None = None
    person: str | None = None
    after: tuple[int, str] | None = None
    limit: int = 50


_NAMES = ", ".join(f'"{name}"' for name in Delivery._fields)
#: Nothing is put off for longer: what is to wait until then was written under a clock that went back since.
_LONGEST_MS = 24 * 3_600_000
_ENDED = ("state", "attempts", "next_ms", "ended_ms", "problem")


class DeliveryStore:
    """The deliveries of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)
        self._locking = " FOR UPDATE" if connection.dialect.name == "postgresql" else ""

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Queue *deliveries*; those whose id is there already stay as they are. One without ``next_ms`` is over."""
        add_rows(self._connection, table, [(self._district, *one) for one in deliveries])

    def get(self, ids: Iterable[str]) -> list[Delivery]:
        """Return those of *ids* that there are, in the order in which they were made."""
        condition, wanted = one_of(self._connection, ids)
        return self._read(f"id {condition} ORDER BY made_ms, id", [wanted])

    def channels_due(self, now_ms: int) -> list[str]:
        """Return the channels for which something may be taken up at *now_ms*."""
        m = self._mark
        sql = (
            f"SELECT channel FROM delivery WHERE district = {m} AND next_ms <= {m} "
            f"UNION SELECT channel FROM delivery WHERE district = {m} AND next_ms > {m} ORDER BY channel"
        )
        values = (self._district, now_ms, self._district, now_ms + _LONGEST_MS)
        return [row[0] for row in self._connection.exec_driver_sql(sql, values)]

    def due(self, channel: str, now_ms: int, limit: int) -> list[Delivery]:
        """
        Return what may be taken up for *channel*, locked: the critical first, then by turn.

        What somebody took up and did not end before his lease ran out is among it.
        """
        m = self._mark
        found = f"channel = {m} AND (next_ms <= {m} OR next_ms > {m}) ORDER BY critical DESC, next_ms, id LIMIT {m}"
        return self._read(found, [channel, now_ms, now_ms + _LONGEST_MS, limit], self._locking)

    def write(self, deliveries: Sequence[Delivery]) -> None:
        """Write down how *deliveries* stand: state, attempts, times and problem."""
        rows = [
            (one.state, one.attempts, one.next_ms, one.ended_ms, one.problem, self._district, one.id)
            for one in deliveries
        ]
        update_rows(self._connection, table, _ENDED, ("district", "id"), rows)

    def postpone(self, channel: str, until_ms: int) -> None:
        """Let nothing that waits for *channel* be taken up before *until_ms*."""
        m = self._mark
        sql = (
            f"UPDATE delivery SET next_ms = {m} "
            f"WHERE district = {m} AND channel = {m} AND state = 'waiting' AND next_ms < {m}"
        )
        self._connection.exec_driver_sql(sql, (until_ms, self._district, channel, until_ms))

    def drop_waiting(self, channel: str, now_ms: int, problem: str) -> int:
        """End everything that waits for *channel*, or whose lease ran out, without sending it; return how many."""
        m = self._mark
        sql = (
            f"UPDATE delivery SET state = 'dropped', next_ms = NULL, ended_ms = {m}, problem = {m} "
            f"WHERE district = {m} AND channel = {m} AND next_ms IS NOT NULL AND (state = 'waiting' OR next_ms <= {m})"
        )
        return self._connection.exec_driver_sql(sql, (now_ms, problem, self._district, channel, now_ms)).rowcount

    def used(self, channel: str, since_ms: int, now_ms: int) -> int:
        """
        Return how many attempts on *channel* ended after *since_ms*, and how many are under way at *now_ms*.

        Another process's clock may be a little ahead; what lies further in the future is not believed.
        """
        m = self._mark
        sql = (
            f"SELECT (SELECT count(*) FROM delivery WHERE district = {m} AND channel = {m}"
            f" AND ended_ms > {m} AND ended_ms <= {m} AND attempts > 0 AND state <> 'sending')"
            f" + (SELECT count(*) FROM delivery WHERE district = {m} AND channel = {m} AND state = 'sending'"
            f" AND next_ms > {m} AND next_ms <= {m})"
        )
        of_channel = (self._district, channel)
        ahead_ms = now_ms + (now_ms - since_ms)
        values = (*of_channel, since_ms, ahead_ms, *of_channel, now_ms, now_ms + _LONGEST_MS)
        return int(self._connection.exec_driver_sql(sql, values).scalar_one())

    def pushes(self, since_ms: int, until_ms: int) -> dict[str, int]:
        """Return how many different matters were put for each person from *since_ms* until before *until_ms*."""
        m = self._mark
        sql = (
            f"SELECT person, count(DISTINCT about) FROM delivery WHERE district = {m} AND made_ms >= {m} "
            f"AND made_ms < {m} AND person IS NOT NULL AND state <> 'dropped' GROUP BY person"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, since_ms, until_ms))
        return {row[0]: row[1] for row in rows}

    def standing(self) -> dict[tuple[str, str], int]:
        """Return how many deliveries there are for each channel and state."""
        sql = f"SELECT channel, state, count(*) FROM delivery WHERE district = {self._mark} GROUP BY channel, state"
        return {(row[0], row[1]): row[2] for row in self._connection.exec_driver_sql(sql, (self._district,))}

    def find(self, sought: Sought) -> list[Delivery]:
        """Return the deliveries that *sought* describes, the newest first."""
        m = self._mark
        conditions, values = ["TRUE"], list[Any]()
        for name in ("channel", "state", "person"):
            if (wanted := getattr(sought, name)) is not None:
                conditions.append(f"{name} = {m}")
                values.append(wanted)
        if sought.after is not None:
            conditions.append(f"(made_ms, id) < ({m}, {m})")
            values += sought.after
        found = f"{' AND '.join(conditions)} ORDER BY made_ms DESC, id DESC LIMIT {m}"
        return self._read(found, [*values, sought.limit])

    def forget(self, before_ms: int) -> int:
        """Delete what is over and was queued before *before_ms*; return how many."""
        m = self._mark
        sql = f"DELETE FROM delivery WHERE district = {m} AND made_ms < {m} AND next_ms IS NULL"
        return self._connection.exec_driver_sql(sql, (self._district, before_ms)).rowcount

    def _read(self, condition: str, values: list[Any], locking: str = "") -> list[Delivery]:
        sql = f"SELECT {_NAMES} FROM delivery WHERE district = {self._mark} AND {condition}{locking}"
        rows = self._connection.exec_driver_sql(sql, (self._district, *values))
        # SQLite knows no booleans.
        return [one._replace(critical=bool(one.critical)) for one in map(Delivery._make, rows)]
