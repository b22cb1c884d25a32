"""
One leader among the processes of one database 选主: for jobs that must not run three times over.

On PostgreSQL an advisory lock on a connection of its own: whoever loses the connection has lost the
lead too, and somebody else takes it at the next try. A SQLite file has one server process, which leads.
"""

from contextlib import suppress

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

#: Names the lock; another than the migrations' own.
_LOCK = 0x67726A62


class Election:
    """One process's part in the election."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def leads(self) -> bool:
        """Try to lead, and say whether this process does from now on (or still)."""
        if self._engine.dialect.name != "postgresql":
            return True
        try:
            return self._still_leads() or self._try()
        except DBAPIError:
            self.resign()
            return False

    def resign(self) -> None:
        """Leave the lead to others."""
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        # Said aloud: PostgreSQL notices a closed connection only some moments later.
        with suppress(SQLAlchemyError):
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
        # Invalid: a pooled connection must not take a lock along into the next user's hands.
        connection.invalidate()
        connection.close()

    def _still_leads(self) -> bool:
        if self._connection is None:
            return False
        self._connection.execute(text("SELECT 1"))
        return True

    def _try(self) -> bool:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}).scalar_one():
            self._connection = connection
            return True
        connection.close()
        return False
