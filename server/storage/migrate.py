"""
Bring a database to today's tables 数据库升级, from nothing or from any earlier version.

Several processes may start at once: they queue, and whoever comes second finds nothing left to do.
A step that fails leaves the database as it was; both databases undo DDL.

``python -m server.storage.migrate TEXT`` drafts the next step after a change to the tables, for a
developer to read and finish.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from server.storage import ledger_grams
from server.storage.engine import WRITING, prepare
from server.storage.tables import Base

#: Names the lock under which PostgreSQL lets one process migrate at a time.
_LOCK = 0x67726964


class State(NamedTuple):
    """Which step a database stands at (None: no tables yet), and which is the last there is."""

    current: str | None
    latest: str | None

    @property
    def up_to_date(self) -> bool:
        """Whether nothing is left to do."""
        return self.current == self.latest


def upgrade(engine: Engine, step: str = "head") -> None:
    """Bring the database behind *engine* up to *step*, or to the latest; harmless when it stands there already."""
    with _alone(engine) as connection:
        command.upgrade(_config(connection), step)
        if inspect(connection).has_table("ledger_text"):
            ledger_grams.lay(connection)


def state(engine: Engine) -> State:
    """Return how far the database behind *engine* is migrated."""
    prepare(engine)
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        return State(current, ScriptDirectory.from_config(_config(connection)).get_current_head())


def latest() -> str:
    """Return the last step there is."""
    return ScriptDirectory(str(Path(__file__).with_name("migrations"))).get_current_head() or ""


def differences(engine: Engine) -> list[Any]:
    """Return what the tables of the database lack, or have too much, beside today's definition."""
    prepare(engine)
    with engine.connect() as connection:
        opts = {"compare_type": True, "include_object": ledger_grams.compared(connection.dialect.name)}
        found = list(compare_metadata(MigrationContext.configure(connection, opts=opts), Base.metadata))
        whole = ledger_grams.is_as_it_should_be(connection)
        return found if whole else [*found, ("other_index", "ledger_gram")]


def draft(message: str) -> None:
    """Write the next step's file, as far as a comparison with the tables can find it."""
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{Path(folder, 'draft.db')}")
        upgrade(engine)
        with _alone(engine) as connection:
            command.revision(_config(connection), message, autogenerate=True, rev_id=_next_number(connection))
        engine.dispose()


def _next_number(connection: Connection) -> str:
    latest = ScriptDirectory.from_config(_config(connection)).get_current_head() or "0"
    return f"{int(latest) + 1:04d}"


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """Yield a connection in a transaction that no other migration runs beside; commit at the end."""
    prepare(engine)
    with engine.connect().execution_options(**{WRITING: True}) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        yield connection


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.set_main_option("file_template", "v%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


if __name__ == "__main__":
    draft(" ".join(sys.argv[1:]))
