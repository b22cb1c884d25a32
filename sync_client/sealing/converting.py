"""
Sealing a tablet's file in place 加密, and opening it for good 解密.

A verified copy takes the file's place in one rename, while nobody else can have the file open. Killed
before the rename, nothing has happened; killed after it, all has; what lies about is cleared away by
``tidy`` when the tablet is next opened.

    tablet.db             the file, plain or sealed; its first bytes say which
    tablet.db-seal        the note; it means nothing beside a plain file
    tablet.db-converting  the copy in the making
    tablet.db-before      another name of the old file, so that it can be wiped after the rename
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sync_client.database import head_of, only_one, told
from sync_client.driver import MAGIC, PLAIN, Connection, Driver, seal_of
from sync_client.errors import LocalStoreDamaged, StoreLocked, SyncUnderWay
from sync_client.sealing import copying
from sync_client.sealing.driver import sealed_by
from sync_client.sealing.keys import SealNote, write_note
from sync_client.sealing.places import sync_folder
from sync_client.tables import APPLICATION_ID

#: Called after every step with its name; a test stops the program there.
Watch = Callable[[str], None]

_PATIENCE_S = 2.0
_PIECE = 1 << 20


def seal(path: Path, key: bytes, note: SealNote, watch: Watch = lambda _: None) -> None:
    """
    Seal the plain file at *path* by *key*; *note* will lie beside it.

    Raises:
        StoreSealed: It is sealed already.
        LocalStoreDamaged: It is none of ours, or the copy came out otherwise; nothing has changed.
        SyncUnderWay: A sync is running.
        StoreLocked: Another program has the file open.
        StoreFull: There is not room for two of it; everything is as it was.
    """
    _convert(path, PLAIN, sealed_by(key), note, watch)
    # Parts of a first sync that broke off lie there in the clear; a sealed tablet reads pages instead.
    shutil.rmtree(path.with_name(path.name + "-snapshot"), ignore_errors=True)


def unseal(path: Path, key: bytes, watch: Watch = lambda _: None) -> None:
    """Make the sealed file at *path* plain again; raises as ``seal`` does. The key stays where it is kept."""
    _convert(path, sealed_by(key, proven=True), PLAIN, None, watch)


def is_sealed(path: Path) -> bool:
    """Tell whether the file at *path* is sealed: it begins like noise, and a note lies beside it."""
    return seal_of(path).exists() and not is_plain(path)


def is_plain(path: Path) -> bool:
    """Tell whether anybody can read the file at *path*; one that is not there, or empty, is plain."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) in (b"", MAGIC)
    except FileNotFoundError:
        return True


def tidy(path: Path) -> None:
    """Clear away what a conversion left that was killed; does nothing while one is under way."""
    stale = seal_of(path).exists() and is_plain(path)
    if not path.exists() or not (stale or _copy_of(path).exists() or _before(path).exists()):
        return
    with only_one(path) as free:
        if free:
            _tidy(path)


def _tidy(path: Path) -> None:
    before, copy = _before(path), _copy_of(path)
    if before.exists() and before.samefile(path):
        before.unlink()
    for left in (before, copy):
        _wipe(left)
    for side in ("-journal", "-wal", "-shm"):
        copy.with_name(copy.name + side).unlink(missing_ok=True)
    if is_plain(path):
        seal_of(path).unlink(missing_ok=True)


def _convert(path: Path, old: Driver, new: Driver, note: SealNote | None, watch: Watch) -> None:
    with only_one(path) as free:
        if not free:
            raise SyncUnderWay
        _tidy(path)
        try:
            path.stat()  # opening would make a file where there is none
            with _held(path, old) as holder:
                watch("held")
                _copied(path, holder, new, watch)
                if note:
                    write_note(path, note)
                watch("noted")
                if os.name == "nt":  # Windows renames nothing over a file that is open
                    holder.close()
                _swap(path, watch)
        except OSError as error:
            raise told(_as_sqlite(error), path) from error
        finally:
            with suppress(OSError):
                _tidy(path)
        watch("done")


@contextmanager
def _held(path: Path, driver: Driver) -> Iterator[Connection]:
    """Hold the file so that nobody else has it open, all of it in the one file, until the end."""
    driver.inspect(path, head_of(path))
    connection = driver.connect(path, _PATIENCE_S)
    try:
        # Only whoever has the file alone may leave the log, and keeps it alone with the lock.
        [mode] = connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        if mode[0] != "delete":
            raise StoreLocked(str(path))
        for statement in ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "COMMIT"):
            connection.execute(statement)
        if connection.execute("PRAGMA application_id").fetchall()[0][0] != APPLICATION_ID:
            raise LocalStoreDamaged(str(path))
        yield connection
    except driver.errors as error:
        raise told(error, path, driver) from error
    finally:
        connection.close()


def _copied(path: Path, holder: Connection, new: Driver, watch: Watch) -> None:
    copy = _copy_of(path)
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    shutil.copymode(path, copy)
    target = new.connect(copy, _PATIENCE_S)
    try:
        copying.copy(holder, target)
        watch("copied")
        copying.verify(holder, target)
        watch("verified")
    except new.errors as error:
        raise told(error, path, new) from error
    finally:
        target.close()
    with copy.open("rb+") as file:
        os.fsync(file.fileno())


def _swap(path: Path, watch: Watch) -> None:
    """Let the copy take the file's place, and wipe what was there."""
    before = _before(path)
    with suppress(OSError):  # a card's file system may know no second names; then the old file is only let go
        before.hardlink_to(path)
    watch("linked")
    _copy_of(path).replace(path)
    sync_folder(path.parent)
    watch("swapped")
    # Whoever still waits for the old file finds noise in it, and not a file to record into.
    _wipe(before)
    watch("wiped")


def _wipe(place: Path) -> None:
    """Write over every byte at *place*, and take it away; on flash the old cells may live on for a while."""
    if not place.exists():
        return
    with place.open("rb+") as file:
        left = place.stat().st_size
        while left > 0:
            left -= file.write(bytes(min(_PIECE, left)))
        file.flush()
        os.fsync(file.fileno())
    place.unlink()


def _as_sqlite(error: OSError) -> Exception:
    """Return the error in SQLite's words, which ``told`` knows to tell."""
    full = error.errno == 28  # ENOSPC
    return sqlite3.OperationalError("database or disk is full" if full else str(error))


def _copy_of(path: Path) -> Path:
    return path.with_name(path.name + "-converting")


def _before(path: Path) -> Path:
    return path.with_name(path.name + "-before")
