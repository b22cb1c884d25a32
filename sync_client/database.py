"""
The tablet's file 本机数据库: one SQLite database, opened, kept and locked in one place.

Every commit reaches the disk before it returns (WAL, ``synchronous=FULL``). One connection serves all
threads of a program in turn; several programs may open the same file, so nothing that a commit decides
is remembered outside it.
"""

import os
import secrets
import shutil
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sync_client.driver import MAGIC, PLAIN, Cursor, Driver
from sync_client.errors import (
    LocalStoreDamaged,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreMoved,
    StoreReadOnly,
    StoreTooNew,
)
from sync_client.tables import APPLICATION_ID, MIGRATIONS

#: How long another program may keep the file to itself before a worker is told: 10 s.
_PATIENCE_S = 10.0
_TOLD: dict[int, type[StoreError]] = {
    sqlite3.SQLITE_FULL: StoreFull,
    sqlite3.SQLITE_BUSY: StoreLocked,
    sqlite3.SQLITE_LOCKED: StoreLocked,
    sqlite3.SQLITE_CORRUPT: LocalStoreDamaged,
    sqlite3.SQLITE_NOTADB: LocalStoreDamaged,
    sqlite3.SQLITE_READONLY: StoreReadOnly,
}
#: SQLite keeps a file of shared memory beside ours even to read; with less room than this it cannot: 64 KiB.
_LEAST_ROOM = 64 * 1024
#: What only one program of a tablet does at a time; see ``only_one``.
SYNC, SENDING = "sync", "sending"


class Database:
    """
    The open file; where the disk is full to the last byte, it is held by this program alone until it is closed.

    Args:
        path: The file; it is made where there is none.
        driver: What opens it.

    Raises:
        LocalStoreDamaged: The file is not a database of ours, or cannot be trusted.
        StoreTooNew: A newer client wrote it.
        StoreSealed: It is sealed, and this is not what opens it.
    """

    def __init__(self, path: Path, driver: Driver = PLAIN) -> None:
        self.path = path
        self.driver = driver
        self.lock = threading.RLock()
        self._depth = 0
        self._broken: StoreError | None = None
        driver.inspect(path, head_of(path))
        before = _identity_of(path)
        self._connect()
        self._identity = before or _identity_of(path)
        try:
            self._prepare()
        except StoreFull:
            # Not even room for the memory that programs share: alone it can do without, and reading still helps.
            self._connect()
            self.run("PRAGMA locking_mode = EXCLUSIVE")
            self._prepare()

    def _connect(self) -> None:
        try:
            self._connection = self.driver.connect(self.path, _PATIENCE_S)
        except self.driver.errors as error:
            raise told(error, self.path, self.driver) from error

    def _prepare(self) -> None:
        try:
            self._migrate()
            self.run("PRAGMA journal_mode = WAL")
            self.run("PRAGMA synchronous = FULL")
        except BaseException:
            self._connection.close()
            raise

    def _migrate(self) -> None:
        if self._version() == len(MIGRATIONS):
            return
        with self.writing():
            found = self._version()
            if found > len(MIGRATIONS):
                raise StoreTooNew(f"{found} > {len(MIGRATIONS)}")
            for migration in MIGRATIONS[found:]:
                for statement in migration.split(";"):
                    self.run(statement)
            if not found:
                self.run("INSERT INTO device (one, install) VALUES (1, ?)", (secrets.token_hex(6),))
            self.run(f"PRAGMA application_id = {APPLICATION_ID}")
            self.run(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def _version(self) -> int:
        version = int(self.one("PRAGMA user_version")[0])
        ours = int(self.one("PRAGMA application_id")[0]) == APPLICATION_ID
        if not ours and (version or self.one("SELECT count(*) FROM sqlite_master")[0]):
            raise LocalStoreDamaged(str(self.path))
        return version

    def close(self) -> None:
        """Close the file; what was committed is there."""
        with self.lock:
            self._connection.close()

    @property
    def in_transaction(self) -> bool:
        """Whether SQLite holds a transaction open; a full disk may have ended it."""
        return self._connection.in_transaction

    @contextmanager
    def writing(self) -> Iterator[bool]:
        """
        Hold one transaction: leaving commits it to the disk, an exception undoes all of it.

        Yields:
            Whether this is the outermost one. Inside another transaction this one is part of it; a
            failure of the file in between undoes the outermost, whoever catches it.

        Raises:
            StoreError: The file did not take it.
        """
        with self.lock:
            if self._depth:
                with self._inside():
                    yield False
                return
            self._clear()
            self._depth, self._broken = 1, None
            try:
                self.run("BEGIN IMMEDIATE")
                yield True
                self._stay()
                self.run("COMMIT")
            except BaseException:
                self._undo()
                raise
            finally:
                self._depth, self._broken = 0, None

    @contextmanager
    def _inside(self) -> Iterator[None]:
        self._depth += 1
        try:
            yield
        except StoreError as error:
            self._broken = error
            raise
        finally:
            self._depth -= 1

    def _undo(self) -> None:
        # SQLite has already undone it where the disk was full; a second time would be an error. Where even
        # undoing fails, what began it is what the worker is told, and ``_clear`` tries again.
        with suppress(*self.driver.errors):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _stay(self) -> None:
        """Refuse to commit into a file that nobody would find again, for another one took its place."""
        if self._identity and _identity_of(self.path) != self._identity:
            raise StoreMoved(str(self.path))

    def _clear(self) -> None:
        """Undo what a transaction left that was interrupted while it was being undone."""
        if self._depth or not self._connection.in_transaction:
            return
        try:
            self._connection.execute("ROLLBACK")
        except self.driver.errors as error:
            raise told(error, self.path, self.driver) from error

    def _ready(self) -> None:
        """See that a statement may run: nothing half lies before it, and its transaction still holds."""
        self._clear()
        if self._broken:
            # SQLite may have undone the transaction, and what ran now would be kept without the rest.
            raise self._broken

    def _failed(self, error: Exception) -> Exception:
        """Return what is told of a statement's *error*, which ends the transaction it happens in."""
        known = told(error, self.path, self.driver)
        if isinstance(known, LocalStoreDamaged):
            self._stay()
        if self._depth and isinstance(known, StoreError):
            self._broken = known
        return known

    # One statement costs a microsecond, and a check ten of them: so these three say the same three times.

    def run(self, sql: str, values: Sequence[Any] = ()) -> Cursor:
        """Run one statement."""
        with self.lock:
            if self._broken or not self._depth:
                self._ready()
            try:
                cursor = self._connection.execute(sql, values)
            except self.driver.errors as error:
                raise self._failed(error) from error
            if not self._depth:
                self._stay()
            return cursor

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each of *rows*, all or none."""
        with self.writing():
            if self._broken:
                self._ready()
            try:
                self._connection.executemany(sql, rows)
            except self.driver.errors as error:
                raise self._failed(error) from error

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return all rows."""
        with self.lock:
            if self._broken or not self._depth:
                self._ready()
            try:
                return self._connection.execute(sql, values).fetchall()
            except self.driver.errors as error:
                raise self._failed(error) from error

    def one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Return the first row, or None."""
        rows = self.all(sql, values)
        return rows[0] if rows else None

    def note(self, key: str) -> str | None:
        """Return the note kept under *key*."""
        found = self.one("SELECT value FROM note WHERE key = ?", (key,))
        return str(found[0]) if found else None

    def put_note(self, key: str, value: str) -> None:
        """Keep *value* under *key*."""
        self.run("INSERT INTO note VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (key, value))


def told(error: Exception, path: Path, driver: Driver = PLAIN) -> Exception:
    """Return what a worker is told of *error* about the file at *path*; a mistake of ours stays what it is."""
    if isinstance(error, driver.mistakes):
        return error
    code = driver.code_of(error)
    if code == sqlite3.SQLITE_ERROR:
        return error
    return (_TOLD.get(code) or _unsaid_at(path.parent))(str(error))


def unsaid(free: int, *, writable: bool) -> type[StoreError]:
    """Return what keeps SQLite from its files where it only says that it cannot open, read or write one."""
    if free < _LEAST_ROOM:
        return StoreFull
    return StoreError if writable else StoreReadOnly


def _unsaid_at(folder: Path) -> type[StoreError]:
    try:
        return unsaid(shutil.disk_usage(folder).free, writable=os.access(folder, os.W_OK))
    except OSError:
        return StoreError


def head_of(path: Path) -> bytes:
    """Return the first bytes of the file, none where there is no file."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC))
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise StoreError(str(error)) from error


def _identity_of(path: Path) -> tuple[int, int] | None:
    """Return what tells the file at *path* from every other one; None where there is none, or nothing tells."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_ino else None


@contextmanager
def only_one(path: Path, doing: str = SYNC) -> Iterator[bool]:
    """
    Hold the lock beside *path* that only one thread of one program can hold; say whether it was free.

    What one is *doing*, syncing or sending photos, does not hinder the other.

    A lock of the operating system's on a second, empty SQLite file: it is gone when the program is,
    however it ended, on every system that SQLite runs on.
    """
    gate = sqlite3.connect(path.with_name(f"{path.name}-{doing}"), timeout=0, isolation_level=None)
    try:
        yield _taken(gate, path)
    finally:
        gate.close()


def _taken(gate: sqlite3.Connection, path: Path) -> bool:
    try:
        # Nothing is ever written to it; a journal on the disk would ask a full one for room.
        gate.execute("PRAGMA journal_mode = MEMORY")
        gate.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        if PLAIN.code_of(error) == sqlite3.SQLITE_BUSY:
            return False
        raise told(error, path) from error
    return True
