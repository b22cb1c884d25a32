"""
What Alembic runs for every command: it works on the connection that ``storage.migrate`` hands it.

There is no ``alembic.ini``: the address of the database is the server's own setting, given once.
"""

from alembic import context

from server.storage import (  # noqa: F401  # their tables are part of the metadata
    ledger_grams,
    ledger_tables,
    office_tables,
    photo_tables,
    quarantine_tables,
)
from server.storage.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    include_object=ledger_grams.compared(context.config.attributes["connection"].dialect.name),
    # SQLite cannot alter a column: Alembic copies the table instead.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
