"""
What came down about earlier edits 告知: kept in the same commit as the page it rode with, until somebody has seen it.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from schemas import wire
from schemas.wire import Telling
from sync_client.database import Database
from sync_client.journal import KEEP_DAYS

_DAY_MS = 24 * 3600 * 1000
# A server restored from a backup gives numbers anew: another text under a known number is news.
_KEEP = """INSERT INTO telling (feed, version, part, person, at_ms, body) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (feed, version, part, person) DO UPDATE
    SET (at_ms, body, told) = (excluded.at_ms, excluded.body, 1) WHERE body <> excluded.body"""


class Tellings:
    """The tellings in the tablet's file; every method is part of the caller's transaction, if any."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def keep(self, feed: str, told: Iterable[Telling]) -> int:
        """Keep what came with a page of *feed*; return how many were new. The same one twice is one."""
        return sum(self._db.run(_KEEP, _row_of(feed, telling)).rowcount for telling in told)

    def all(self) -> list[tuple[int, str, bool, Telling]]:
        """Return every telling: its number here, its feed, whether it was put aside, and itself."""
        rows: list[tuple[Any, ...]] = self._db.all("SELECT row, feed, told, body FROM telling ORDER BY row")
        return [(row, feed, not told, _decode(body)) for row, feed, told, body in rows]

    def put_aside(self, row: int) -> bool:
        """Take a telling off the list shown to people; say whether it was there."""
        return self._db.run("UPDATE telling SET told = 0 WHERE row = ? AND told = 1", (row,)).rowcount > 0

    def prune(self, now_ms: int) -> None:
        """Forget what was decided more than ``KEEP_DAYS`` before *now_ms*, the server's time, and put aside."""
        self._db.run("DELETE FROM telling WHERE told = 0 AND at_ms < ?", (now_ms - KEEP_DAYS * _DAY_MS,))


def _row_of(feed: str, telling: Telling) -> tuple[object, ...]:
    body = wire.canonical(telling).decode()
    return (feed, telling.version, telling.part, telling.person, telling.at_ms, body)


_decode = msgspec.json.Decoder(Telling).decode
