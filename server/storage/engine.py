"""
Connections: SQLite for one office, PostgreSQL for a district 数据库连接.

On SQLite every unit of work that writes begins IMMEDIATE, so that two writers queue instead of
failing half-way; WAL lets readers go on meanwhile, and FULL makes a commit survive a power cut.
"""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

WRITING = "gridward_writing"
BUSY_TIMEOUT_MS = 20_000
#: So much of the file is read where the system keeps it, uncopied: a walk through the ledger takes half as long.
_MAPPED_BYTES = 1 << 30


def engine_options(url: str) -> dict[str, Any]:
    """Return the options with which the engine for *url* is made."""
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}}
    # No ping before use: it costs every request a round trip, and a lost connection is retried anyway.
    return {"pool_size": 8, "max_overflow": 24}


def open_engine(url: str) -> Engine:
    """Return a new engine for *url*: for whoever works on the database without serving it."""
    return create_engine(url, **engine_options(url))


def prepare(engine: Engine) -> None:
    """Hook up what every connection of *engine* needs; harmless when called twice."""
    if engine.dialect.name != "sqlite" or event.contains(engine, "connect", _open_sqlite):
        return
    event.listen(engine, "connect", _open_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def _open_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling begins too late; we say BEGIN ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute(f"PRAGMA mmap_size={_MAPPED_BYTES}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get(WRITING, False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
