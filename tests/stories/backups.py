"""What stories about backups need 备份: the whole database as it stood, and a way back to it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select

from server.storage.tables import db
from server.usecases.begin_epoch import begin_epoch
from tests.server.office import DISTRICT
from tests.stories.town import Town

#: Every row of every table, by table.
Backup = Mapping[str, Sequence[dict[str, Any]]]


def back_up(town: Town) -> Backup:
    """Return everything the office holds now."""
    with town.office.store.engine.connect() as connection:
        return {
            table.name: [dict(row._mapping) for row in connection.execute(select(table))]
            for table in db.metadata.sorted_tables
        }


def put_back(town: Town, backup: Backup) -> None:
    """Put the office's database back to *backup* and say nothing to anybody: as a standby that missed commits."""
    store = town.office.store
    with store.engine.begin() as connection:
        for table in reversed(db.metadata.sorted_tables):
            connection.execute(delete(table))
        for table in db.metadata.sorted_tables:
            if backup[table.name]:
                connection.execute(insert(table), list(backup[table.name]))
    store.known.forget()  # another process holds this database now


def restore(town: Town, backup: Backup) -> None:
    """Put the office's database back to *backup*, and begin the new epoch that belongs to it."""
    put_back(town, backup)
    begin_epoch(town.office.store, DISTRICT, "restored", town.now_ms)


def taken(town: Town) -> list[tuple[str, str, int, str]]:
    """Return device, install, number and payload of everything in the history that a tablet sent."""
    with town.office.store.work(DISTRICT, writing=False) as work:
        rows = [entry for feed in work.feeds.heads() for entry, _ in work.history.entries(feed)]
    return [(row.device, row.install, row.n, row.payload) for row in rows if row.n]
