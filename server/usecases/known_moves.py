"""
Where a record has lain 移交经过: read from the history, which is never forgotten, however old the edit is that asks.
"""

from server.core import moving
from server.core.moving import Move
from server.storage.unit_of_work import UnitOfWork
from server.values import Entry, Record


def moves_of(work: UnitOfWork, record: Record) -> list[Move]:
    """Return the moves of *record*, the first one first."""
    return moving.moves_in_order(work.history.with_outcome(record.id, moving.MOVED), record.feed)


def history_of(work: UnitOfWork, record: Record) -> list[Entry]:
    """Return everything that was taken for *record*, through all feeds it has lain in, from its creation on."""
    return moving.in_order(work.history.of_all_feeds(record.id), record.feed)
