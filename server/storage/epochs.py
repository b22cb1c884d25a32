"""
The epochs 纪元 of a district: which histories its database has held, and where each let the feeds count on.

A new epoch begins where commits were lost: a backup was restored, or a standby took over that had not
heard of the last of them. Every feed then jumps ahead of all the numbers that may have been given out, so
a number never means two things: what tablets remember (bases, cursors, tellings) stays right by itself.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from schemas import wire
from server.storage.bulk import insert_rows, mark
from server.storage.tables import epoch as table

#: Stands for every feed that had no number yet when an epoch began.
UNBEGUN = ""

Why = Literal["restored", "noticed"]


class Jump(NamedTuple):
    """A gap in a feed's numbers: ``last`` was the last one before, ``to`` is what it counts on from."""

    last: int
    to: int


class Epoch(NamedTuple):
    """
    One beginning.

    Attributes:
        began_ms: The server's time.
        why: ``restored`` by an operator, from a backup; ``noticed``: a tablet had read beyond a feed's head.
        jumps: By feed; under ``UNBEGUN`` for those that begin later.
    """

    epoch: str
    began_ms: int
    why: str
    jumps: Mapping[str, Jump]


class EpochStore:
    """The epochs of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)

    def replace(self, present: str, new: str) -> bool:
        """Let *new* follow *present*; say no where another process was quicker. Others queue until the commit."""
        m = self._mark
        sql = f"UPDATE deployment SET epoch = {m} WHERE district = {m} AND epoch = {m}"
        return self._connection.exec_driver_sql(sql, (new, self._district, present)).rowcount == 1

    def present(self) -> str:
        """Return the epoch in force, and keep it so until the transaction ends."""
        keep = " FOR SHARE" if self._connection.dialect.name == "postgresql" else ""
        sql = f"SELECT epoch FROM deployment WHERE district = {self._mark}{keep}"
        return str(self._connection.exec_driver_sql(sql, (self._district,)).scalar() or "")

    def note(self, begun: Epoch) -> None:
        """Write down that *begun* began."""
        jumps = wire.canonical({feed: list(jump) for feed, jump in begun.jumps.items()}).decode()
        insert_rows(self._connection, table, [(self._district, *begun[:-1], jumps)])

    def all(self) -> list[Epoch]:
        """Return every epoch but the first, which began with the district, the oldest first."""
        sql = f"SELECT epoch, began_ms, why, heads FROM epoch WHERE district = {self._mark}"
        found = [_epoch(*row) for row in self._connection.exec_driver_sql(sql, (self._district,))]
        # By the numbers, which only grow; the clock may have been put right in between.
        return sorted(found, key=lambda epoch: epoch.jumps[UNBEGUN].to)

    def ground(self) -> int:
        """Return the number that a feed which begins now counts on from: 0 where nothing was ever lost."""
        return max((epoch.jumps[UNBEGUN].to for epoch in self.all()), default=0)


def _epoch(epoch: str, began_ms: int, why: str, heads: str) -> Epoch:
    jumps = {feed: Jump(*pair) for feed, pair in wire.decode_json(heads).items()}
    return Epoch(epoch, began_ms, why, {UNBEGUN: Jump(0, 0)} | jumps)


def jumps_of(feed: str, epochs: Iterable[Epoch]) -> dict[int, int]:
    """Return every gap in the numbers of *feed*: from the last number before it to the one counted on from."""
    jumps: dict[int, int] = {}
    for epoch in epochs:
        last, to = epoch.jumps.get(feed, epoch.jumps[UNBEGUN])
        jumps[last] = to
    return jumps


def across(number: int, jumps: Mapping[int, int]) -> list[int]:
    """Return *number*, and every number that the head of its feed may stand at with no row in between."""
    path = [number]
    while path[-1] in jumps:
        path.append(jumps[path[-1]])
    return path
