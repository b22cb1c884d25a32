"""
Files whose owner may die between any two statements 会中断的数据库连接.

A program that is killed leaves its files as the system has them; one that loses its power leaves what
had been synced, and perhaps a torn piece of what had not. Both are taken here at the very statement: the
bytes are set aside, and from then on the dead program's connection does nothing more, not even undo.
"""

import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from sync_client.driver import PLAIN, Driver

#: What a SQLite file in WAL mode consists of, beside the memory that programs share.
PARTS = ("", "-wal")
_SHARED = ("-shm", "-journal")
_DEATHS = ("kill", "power")
_WAL_HEAD, _FRAME_HEAD = 32, 24
_FULL = 2
#: What lies behind the last synced frame after a power cut: 1.5 KiB of a page that was never finished.
_GARBAGE = b"\xa5" * 1_536


class Killed(BaseException):
    """Ends a program as a kill does: nobody catches it."""


@dataclass(frozen=True, slots=True)
class Harm:
    """
    What befalls a program at one of its statements 故障.

    Attributes:
        kind: ``kill``, ``power``, ``full`` (the disk), ``undone`` (the same, and SQLite has undone the
            transaction already), ``locked`` (by another program, where a transaction begins).
        at: Which statement, from 1.
        after: Once the statement is carried out, not before.
    """

    kind: str
    at: int
    after: bool = False

    def __str__(self) -> str:
        return f"{self.kind}@{self.at}{'+' if self.after else ''}"


class Lifeline:
    """
    Decides, statement by statement, whether the owner of the file at *path* goes on.

    Attributes:
        struck: The kind of harm that was done since it was last threatened.
        remains: What a death left, by part of the file; None while the owner lives.
    """

    def __init__(self, path: Path, *, locks_anywhere: bool = False) -> None:
        self.path = path
        self.struck: str | None = None
        self.remains: dict[str, bytes] | None = None
        self._locks_anywhere = locks_anywhere
        self._harm: Harm | None = None
        self._left = 0

    def threaten(self, harm: Harm | None) -> None:
        """Let *harm* come at its statement, counted from now."""
        self._harm, self.struck = harm, None
        self._left = harm.at if harm else 0

    def spare(self) -> None:
        """Let no more harm come; what was done stays noted."""
        self._harm = None

    def driver(self) -> Driver:
        """Return what opens the file for a tablet."""
        return replace(PLAIN, connect=self._connect)

    def _connect(self, path: Path, timeout_s: float) -> sqlite3.Connection:
        return mortal(self)(path, timeout=timeout_s, isolation_level=None, check_same_thread=False)

    def before(self, connection: sqlite3.Connection, sql: str) -> None:
        """Ask whether a statement may begin."""
        if self.remains is not None:
            raise Killed
        harm = self._harm
        if harm is None or not self._may_strike(harm, sql):
            return
        self._left -= 1
        if self._left <= 0 and not harm.after:
            self._strike(harm, connection)

    def _may_strike(self, harm: Harm, sql: str) -> bool:
        """Say whether such harm can come at such a statement: asking after a setting writes and locks nothing."""
        if harm.kind in _DEATHS:
            return True
        locks = self._locks_anywhere or sql.startswith("BEGIN")
        return not sql.startswith("PRAGMA") and (harm.kind != "locked" or locks)

    def after(self, connection: sqlite3.Connection) -> None:
        """Ask whether anything comes after a statement."""
        harm = self._harm
        if harm is not None and harm.after and self._left <= 0:
            self._strike(harm, connection)

    @contextmanager
    def step(self, said: Callable[[str], Exception | None]) -> Iterator[None]:
        """
        Let something happen beside the file, which counts as one statement.

        Args:
            said: What harm of a kind other than death raises there; None where it cannot come there.
        """
        if self.remains is not None:
            raise Killed
        harm = self._harm
        failure = said(harm.kind) if harm and harm.kind not in _DEATHS else None
        if harm and (failure or harm.kind in _DEATHS):
            self._left -= 1
            if self._left <= 0 and not harm.after:
                self._harm, self.struck = None, harm.kind
                if failure:
                    raise failure
                self.die(harm.kind)
                raise Killed
        yield
        if harm is self._harm and harm and harm.after and self._left <= 0:
            self.die(harm.kind)
            raise Killed

    def die(self, kind: str, connection: sqlite3.Connection | None = None) -> None:
        """Die now; nobody is told."""
        self._harm, self.struck = None, kind
        self.remains = {part: _bytes(self.path, part) for part in PARTS}
        if kind == "power":
            level = _FULL if connection is None else synchronous(connection)
            self.remains["-wal"] = synced(self.remains["-wal"], level)

    def _strike(self, harm: Harm, connection: sqlite3.Connection) -> None:
        self._harm, self.struck = None, harm.kind
        if harm.kind in _DEATHS:
            self.die(harm.kind, connection)
            raise Killed
        if harm.kind == "undone" and connection.in_transaction:
            sqlite3.Connection.execute(connection, "ROLLBACK")
        raise _said(harm.kind)

    def rise(self) -> None:
        """Put back what death left, for the next program to open."""
        if self.remains is not None:
            put(self.path, self.remains)
            self.remains = None


class Mortal(sqlite3.Connection):
    """A connection that asks its lifeline before and after every statement."""

    line: Lifeline

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
        """Run one statement."""
        self.line.before(self, sql)
        found = super().execute(sql, values)
        self.line.after(self)
        return found

    def executemany(self, sql: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
        """Run one statement for each row."""
        self.line.before(self, sql)
        found = super().executemany(sql, rows)
        self.line.after(self)
        return found

    def cursor(self, factory: Any = None) -> Any:
        """Return a cursor that asks as well."""
        del factory
        return super().cursor(MortalCursor)

    def commit(self) -> None:
        """Commit, as a statement of its own."""
        self.line.before(self, "COMMIT")
        super().commit()
        self.line.after(self)

    def rollback(self) -> None:
        """Undo; the dead undo nothing."""
        if self.line.remains is None:
            super().rollback()


class MortalCursor(sqlite3.Cursor):
    """A cursor of a ``Mortal`` connection."""

    connection: Mortal

    def execute(self, sql: str, values: Any = (), /) -> Self:
        """Run one statement."""
        self.connection.line.before(self.connection, sql)
        super().execute(sql, values)
        self.connection.line.after(self.connection)
        return self

    def executemany(self, sql: str, rows: Iterable[Any], /) -> Self:
        """Run one statement for each row."""
        self.connection.line.before(self.connection, sql)
        super().executemany(sql, rows)
        self.connection.line.after(self.connection)
        return self


def mortal(lifeline: Lifeline) -> Callable[..., Mortal]:
    """Return what makes connections that hang on *lifeline*."""

    def made(*arguments: Any, **named: Any) -> Mortal:
        connection = Mortal(*arguments, **named)
        connection.line = lifeline
        return connection

    return made


def synchronous(connection: sqlite3.Connection) -> int:
    """Return how carefully *connection* syncs: 2 and more makes every commit reach the disk."""
    return int(sqlite3.Connection.execute(connection, "PRAGMA synchronous").fetchone()[0])


def synced(wal: bytes, level: int) -> bytes:
    """
    Return what of a write-ahead log survives a power cut: up to the last commit, and a torn piece behind it.

    Below FULL a commit does not sync the log, so nothing of it need have reached the disk.
    """
    if level < _FULL or len(wal) < _WAL_HEAD:
        return b""
    end = _last_commit(wal)
    return wal[:end] + (wal[end : end + len(_GARBAGE)] or _GARBAGE)


def _last_commit(wal: bytes) -> int:
    page, salts = struct.unpack(">I", wal[8:12])[0], wal[16:24]
    at = end = _WAL_HEAD
    while len(wal) >= at + _FRAME_HEAD + page and wal[at + 8 : at + 16] == salts:
        commits = wal[at + 4 : at + 8] != bytes(4)
        at += _FRAME_HEAD + page
        end = at if commits else end
    return end


def put(path: Path, image: dict[str, bytes]) -> None:
    """Put *image* where *path* is; whatever programs shared of it is gone."""
    for part in (*PARTS, *_SHARED):
        # Unlinked, not overwritten: whoever still holds the old file open must not write into the new one.
        path.with_name(path.name + part).unlink(missing_ok=True)
    for part, content in image.items():
        path.with_name(path.name + part).write_bytes(content)


def image_of(path: Path) -> dict[str, bytes]:
    """Return the bytes of a file that nobody has open."""
    return {part: _bytes(path, part) for part in PARTS}


def _bytes(path: Path, part: str) -> bytes:
    try:
        return path.with_name(path.name + part).read_bytes()
    except FileNotFoundError:
        return b""


def _said(kind: str) -> sqlite3.OperationalError:
    locked = kind == "locked"
    error = sqlite3.OperationalError("database is locked" if locked else "database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY if locked else sqlite3.SQLITE_FULL
    return error
