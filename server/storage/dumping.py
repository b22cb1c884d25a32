"""
Copying a database while it is used, and putting a copy in its place 整库复制与放回.

SQLite is copied by its online backup, PostgreSQL by pg_dump under a snapshot of ours: either way the copy
is one moment of the database, with no half transaction in it, and nobody waits for it.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, NullPool, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from schemas import wire
from server.storage import postgres_tools
from server.storage.engine import engine_options
from server.storage.postgres_tools import DumpTrouble, Tools
from server.storage.store import Store

#: What a copied database is called inside a backup, by the kind of the database.
FILE_OF = {"sqlite": "database.sqlite", "postgresql": "database.pgdump"}
#: Files that may stand beside a SQLite file and belong to it.
_BESIDE = ("", "-wal", "-shm", "-journal")
_PAGE = 1_000


class End(NamedTuple):
    """How far a feed went, and the last link of its chain in hexadecimal."""

    seq: int
    chain: str


class Held(NamedTuple):
    """One district that a database holds."""

    district: str
    name: str
    epoch: str
    feeds: Mapping[str, End]


class Photo(NamedTuple):
    """A photo that a record of a district names: ``size`` in bytes, where the record says so."""

    sha256: str
    size: int | None
    record: str
    district: str


def kind_of(store: Store) -> str:
    """Return which kind of database *store* is: ``sqlite`` or ``postgresql``."""
    return store.engine.dialect.name


# -- what a database holds ----------------------------------------------------------------------------


def revision_of(connection: Connection) -> str | None:
    """Return the step its tables stand at; None where there are none."""
    return MigrationContext.configure(connection).get_current_revision()


def held_in(connection: Connection) -> list[Held]:
    """Return the districts of a database of whatever version, by code."""
    rows = connection.execute(text("SELECT district, name, epoch FROM deployment ORDER BY district")).all()
    ends: dict[str, dict[str, End]] = {}
    for district, code, seq, chain in connection.execute(text("SELECT district, code, seq, chain FROM feed")):
        ends.setdefault(district, {})[code] = End(seq, bytes(chain).hex())
    return [Held(district, name, epoch, ends.get(district, {})) for district, name, epoch in rows]


def photos_in(connection: Connection) -> Iterator[Photo]:
    """Yield every photo that a record names, once for each record, in the order of the records' ids."""
    sql = text(
        "SELECT id, fields, district FROM record "
        "WHERE id > :after AND fields LIKE '%\"sha256\"%' ORDER BY id LIMIT :page"
    )
    after = ""
    while rows := connection.execute(sql, {"after": after, "page": _PAGE}).all():
        for record, fields, district in rows:
            named = {photo["sha256"]: photo for photo in _photos(wire.decode_json(fields))}
            for digest in sorted(named):
                size = named[digest].get("bytes")
                yield Photo(digest, size if isinstance(size, int) else None, record, district)
        after = rows[-1][0]


def _photos(value: Any) -> Iterator[dict[str, Any]]:
    """Yield whatever names a photo in *value*, however deep."""
    if isinstance(value, dict):
        if isinstance(value.get("sha256"), str):
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _photos(inner)


# -- copying ------------------------------------------------------------------------------------------


@contextmanager
def frozen(store: Store, target: Path, tools: Tools) -> Iterator[Connection]:
    """
    Copy the database of *store* into the new file *target*, and yield a connection that sees what was copied.

    Raises:
        DumpTrouble: It could not be copied; *target* may hold a part.
    """
    if kind_of(store) == "sqlite":
        _copy_sqlite(store.engine, target)
        with _opened(target).connect() as connection:
            yield connection
        return
    # One snapshot for pg_dump and for what is read beside it.
    lasting = store.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with lasting.connect() as connection:
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        _make(target)
        postgres_tools.dump(store.engine, tools, target, snapshot, postgres_tools.schema_of(connection))
        sync_file(target)
        yield connection


def _copy_sqlite(engine: Engine, target: Path) -> None:
    _make(target)
    try:
        source = engine.raw_connection()
        copy = sqlite3.connect(target, isolation_level=None)
        try:
            driver: Any = source.driver_connection
            # All pages in one step: in steps, every commit in between would make it begin anew.
            driver.backup(copy)
            _alone(copy)
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            copy.close()
            source.close()
    except sqlite3.Error as error:
        raise DumpTrouble(
            f"数据库无法复制，请检查磁盘空间：{error}", f"The database cannot be copied: {error}"
        ) from error
    if found != "ok":
        raise DumpTrouble(
            f"数据库文件已损坏，没有备份：{found}", f"The database is damaged, no backup was made: {found}"
        )
    sync_file(target)


def _alone(copy: sqlite3.Connection) -> None:
    """Make the file whole by itself, without a log beside it; it fails where somebody else uses it."""
    copy.execute("PRAGMA journal_mode=DELETE")


def _opened(file: Path) -> Engine:
    """Return an engine that only reads a SQLite file, and leaves nothing beside it."""

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)

    return create_engine("sqlite://", creator=connect, poolclass=NullPool)


def _make(target: Path) -> None:
    """Make an empty file that its owner alone can read: it will hold everything."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def sync_file(path: Path) -> None:
    """Have the file or folder *path* on disk, not only in the system's memory."""
    # Some systems cannot open a folder for this; they write its entries in order themselves.
    with suppress(PermissionError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# -- putting back -------------------------------------------------------------------------------------


class Target(NamedTuple):
    """
    What is where a copy is to be put.

    Attributes:
        empty: There are no tables.
        held: The districts, as far as they can be read.
        used: Somebody is connected to it; a SQLite file does not say so before it is to be moved.
    """

    empty: bool
    held: list[Held]
    used: bool = False


def target_of(store: Store) -> Target:
    """
    Look at the database of *store* without making one.

    Raises:
        DumpTrouble: It is none that lasts.
    """
    if kind_of(store) == "sqlite":
        file = file_of(store)
        if not file.exists() or not file.stat().st_size:
            return Target(empty=True, held=[])
    try:
        with store.engine.connect() as connection:
            used = kind_of(store) == "postgresql" and postgres_tools.others_connected(connection) > 0
            tables = inspect(connection).get_table_names()
            held = held_in(connection) if {"deployment", "feed"} <= set(tables) else []
            return Target(not tables, held, used)
    except DBAPIError:
        if kind_of(store) == "postgresql":
            raise
        # Damaged: it is kept beside as it is, and nothing more can be learned from it.
        return Target(empty=False, held=[])
    finally:
        store.engine.dispose()


def file_of(store: Store) -> Path:
    """
    Return the file of a SQLite database.

    Raises:
        DumpTrouble: It lives in memory.
    """
    if not store.engine.url.database or store.engine.url.database == ":memory:":
        raise DumpTrouble("内存中的数据库不能恢复。", "A database in memory cannot be restored into.")
    return Path(store.engine.url.database)


@contextmanager
def landing(store: Store, source: Path, aside: str, tools: Tools) -> Iterator[Store]:
    """
    Yield a store over the copy *source*; when left well, it has taken the place of the database of *store*.

    When left by an error everything is as it was.

    Args:
        aside: What to keep a former database as, see ``aside_of``.

    Raises:
        DumpTrouble: The copy cannot be read, or the former database is in use.
    """
    inner = _land_sqlite(store, source, aside) if kind_of(store) == "sqlite" else _land(store, source, aside, tools)
    with inner as landed:
        yield landed


def aside_of(store: Store, stamp: str) -> str:
    """Return where a former database is kept: a file beside SQLite's own, a schema in PostgreSQL."""
    return f"{file_of(store)}.before-{stamp}" if kind_of(store) == "sqlite" else f"gridward_before_{stamp}"


@contextmanager
def _land_sqlite(store: Store, source: Path, aside: str) -> Iterator[Store]:
    file = file_of(store)
    staged = file.with_name(f"{file.name}.restoring")
    for name in _BESIDE:
        Path(f"{staged}{name}").unlink(missing_ok=True)
    try:
        _make(staged)
        shutil.copyfile(source, staged)
        url = f"sqlite:///{staged}"
        landed = Store(create_engine(url, poolclass=NullPool, **engine_options(url)))
        yield landed
        landed.engine.dispose()
        with sqlite3.connect(staged, isolation_level=None) as copy:
            _alone(copy)
        copy.close()
        sync_file(staged)
        _keep(file, aside)
        staged.replace(file)
        sync_file(file.parent)
    except sqlite3.Error as error:
        raise DumpTrouble(f"备份无法放回：{error}", f"The backup cannot be put back: {error}") from error
    finally:
        for name in _BESIDE:
            Path(f"{staged}{name}").unlink(missing_ok=True)


def _keep(file: Path, aside: str) -> None:
    """Keep the former database, whole or damaged, and leave nothing beside *file* that belonged to it."""
    if file.exists() and file.stat().st_size:
        _rest(file)
    # A log that is left would be taken for the new file's own.
    for name in _BESIDE[1:]:
        if Path(f"{file}{name}").exists():
            Path(f"{file}{name}").rename(f"{aside}{name}")
    if file.exists() and file.stat().st_size:
        # Under both names, so that there is a database at every moment.
        try:
            os.link(file, aside)
        except FileExistsError:
            raise
        except OSError:  # a file system on which a file has one name
            file.rename(aside)


def _rest(former: Path) -> None:
    """
    Bring a database to rest: everything in one file.

    Raises:
        DumpTrouble: Somebody still uses it.
    """
    try:
        connection = sqlite3.connect(former, isolation_level=None, timeout=1)
        try:
            _alone(connection)
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise still_used() from error
    except sqlite3.DatabaseError:
        pass  # damaged: it is kept as it is


@contextmanager
def _land(store: Store, source: Path, aside: str, tools: Tools) -> Iterator[Store]:
    with store.engine.connect() as connection:
        schema = postgres_tools.schema_of(connection)
    tables = postgres_tools.set_aside(store.engine, schema, aside)
    try:
        postgres_tools.load(store.engine, tools, source, schema)
        yield store
    except BaseException:
        postgres_tools.put_back(store.engine, schema, aside, tables)
        raise


def still_used() -> DumpTrouble:
    """Return what is told where somebody still uses a database that is to be replaced."""
    return DumpTrouble(
        "数据库还有人在用；请先停止 gridward-server serve，再恢复。",
        "The database is in use: stop gridward-server serve first, then restore.",
    )
