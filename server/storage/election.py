"""
One leader among the processes of one database 选主: for jobs that must not run three times over.

On PostgreSQL an advisory lock on a connection of its own: whoever loses the connection has lost the lead too, and
somebody else takes it at the next try. For a file of SQLite a lock on a file beside it, which the system takes back
when its holder dies. A database in memory belongs to one process, which leads.
"""

from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from server.storage.file_lock import FileLock

#: Names the lock; another than the migrations' own.
_LOCK = 0x67726A62
_BESIDE = ".leader"
#: A machine that vanished with the lead in its hands is noticed after so many seconds of silence, and thrice so many.
_SILENCE_S, _BETWEEN_S, _PROBES = 2, 1, 2


class Election:
    """One process's part in the election; to be used by one thread at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._file = _lock_beside(engine)

    @property
    def problem(self) -> str | None:
        """Why nobody can be elected here, as a kind of error; None: somebody can."""
        return self._file.problem if self._file is not None else None

    def leads(self) -> bool:
        """Try to lead, and say whether this process does from now on (or still)."""
        if self._engine.dialect.name != "postgresql":
            return self._file is None or self._file.take()
        try:
            return self._still_leads() or self._try()
        except SQLAlchemyError:
            self.resign()
            return False

    def resign(self) -> None:
        """Leave the lead to others."""
        if self._file is not None:
            self._file.release()
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        # Said aloud: PostgreSQL notices a closed connection only some moments later.
        with suppress(SQLAlchemyError):
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
        _throw_away(connection)

    def _still_leads(self) -> bool:
        if self._connection is None:
            return False
        self._connection.execute(text("SELECT 1"))
        return True

    def _try(self) -> bool:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            won: bool = connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}).scalar_one()
            if won:
                _watch(connection)
        except SQLAlchemyError:
            # Perhaps it holds the lock, and nobody would know.
            _throw_away(connection)
            raise
        if won:
            self._connection = connection
        else:
            connection.close()
        return won


def _lock_beside(engine: Engine) -> FileLock | None:
    """Return the lock beside a file of SQLite; None where the database is no file."""
    name = engine.url.database or ":memory:"
    if engine.dialect.name != "sqlite" or ":memory:" in name or engine.url.query.get("mode") == "memory":
        return None
    # By whatever name somebody opens the file, its lock is one.
    file = Path(name.removeprefix("file:")).resolve()
    return FileLock(file.with_name(file.name + _BESIDE))


def _watch(connection: Connection) -> None:
    """Let PostgreSQL ask every second whether the holder's machine is still there, where a network lies between."""
    for name, value in {"idle": _SILENCE_S, "interval": _BETWEEN_S, "count": _PROBES}.items():
        connection.execute(text(f"SET tcp_keepalives_{name} = {value}"))


def _throw_away(connection: Connection) -> None:
    """Close for good: a pooled connection must not take a lock along into the next user's hands."""
    with suppress(SQLAlchemyError):
        connection.invalidate()
    connection.close()
