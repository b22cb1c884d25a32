"""
What Alembic runs for every command: it works on the connection that ``storage.migrate`` hands it.

There is no ``alembic.ini``: the address of the database is the server's own setting, given once.
"""

from alembic import context

from server.storage import photo_tables  # noqa: F401  # its tables are part of the metadata
from server.storage.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    # SQLite cannot alter a column: Alembic copies the table instead.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
