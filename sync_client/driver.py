"""
What opens the tablet's file 数据库驱动: the standard library's SQLite, or whatever speaks like it.

A driver is handed to ``FieldClient`` or ``Database``; they use nothing of a connection but what ``Connection``
names, and know errors only by what the driver says of them. To change one thing about a driver, make another:

    slow = dataclasses.replace(PLAIN, connect=my_connect)
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sync_client.errors import LocalStoreDamaged, StoreSealed

#: What every plain SQLite file begins with.
MAGIC = b"SQLite format 3\x00"


class Cursor(Protocol):
    """What a statement returns."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchall(self) -> list[Any]:
        """Return all rows."""

    def fetchmany(self, size: int, /) -> list[Any]:
        """Return the next so many rows."""


class Connection(Protocol):
    """The part of ``sqlite3.Connection`` that the tablet uses."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> Cursor:
        """Run one statement."""

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> Cursor:
        """Run one statement for each row."""

    def close(self) -> None:
        """Close the file; an open transaction is undone."""


#: What an error without a number says, for the codes that a worker is told apart.
_SAID = {
    "database or disk is full": sqlite3.SQLITE_FULL,
    "database is locked": sqlite3.SQLITE_BUSY,
    "database table is locked": sqlite3.SQLITE_LOCKED,
    "database disk image is malformed": sqlite3.SQLITE_CORRUPT,
    "file is not a database": sqlite3.SQLITE_NOTADB,
    "attempt to write a readonly database": sqlite3.SQLITE_READONLY,
    "disk I/O error": sqlite3.SQLITE_IOERR,
    "unable to open database file": sqlite3.SQLITE_CANTOPEN,
}


def code_of(error: Exception) -> int:
    """
    Return the SQLite result code of *error* without its extension, as ``sqlite3.SQLITE_FULL``; 0 where it has none.

    The number counts; the text is read only where there is no number.
    """
    # Extended codes keep the plain one in their lowest byte.
    code = int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
    return code or _SAID.get(str(error), 0)


def refuse_strangers(path: Path, head: bytes) -> None:
    """
    Refuse the plain file at *path* by its first bytes (none where it is new), before SQLite may touch it.

    Raises:
        StoreSealed: It was sealed; without its key it is noise.
        LocalStoreDamaged: It is no database.
    """
    if not head or head == MAGIC:
        return
    raise (StoreSealed if seal_of(path).exists() else LocalStoreDamaged)(str(path))


def seal_of(path: Path) -> Path:
    """Return where the note of how the file at *path* is sealed lies, whether or not it does."""
    return path.with_name(path.name + "-seal")


def _connect(path: Path, timeout_s: float) -> Connection:
    return sqlite3.connect(path, timeout=timeout_s, isolation_level=None, check_same_thread=False)


@dataclass(frozen=True, slots=True)
class Driver:
    """
    What opens the file, and how to read its errors.

    Attributes:
        connect: Opens the file at a path, waiting so many seconds for another program's lock. The connection
            begins no transaction by itself (``isolation_level=None``) and may be used by several threads in turn.
        errors: The classes that everything the connection raises by itself is one of.
        mistakes: Those of them that are a mistake of the program's, and are raised as they are.
        code_of: Returns the SQLite result code of an error, see ``code_of``.
        inspect: Is shown the path and the first 16 bytes before ``connect``; raises a ``StoreError`` to refuse
            the file, which nobody has touched then.
        sealed: Whether what it writes cannot be read without a key.
    """

    connect: Callable[[Path, float], Connection] = _connect
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    mistakes: tuple[type[Exception], ...] = (sqlite3.InterfaceError, sqlite3.ProgrammingError, sqlite3.IntegrityError)
    code_of: Callable[[Exception], int] = code_of
    inspect: Callable[[Path, bytes], None] = refuse_strangers
    sealed: bool = False


#: The standard library's.
PLAIN = Driver()
