"""
What a person has to decide 待裁定: one row a field that stands in dispute, a suggestion, a likely pair.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from server.storage.bulk import upsert_rows
from server.storage.tables import conflict as table


class Conflict(NamedTuple):
    """
    One dispute. ``detail`` is the decision as JSON text; ``kind`` is person, suggestion or duplicate.
    """

    record: str
    field: str
    kind: str
    feed: str
    grid: str
    open: bool
    version: int
    changed_ms: int
    detail: str


class ConflictStore:
    """The disputes of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = "%s" if connection.dialect.name == "postgresql" else "?"

    def put(self, conflicts: Sequence[Conflict]) -> None:
        """Open, renew or close disputes."""
        upsert_rows(self._connection, table, [(self._district, *row) for row in conflicts])

    def open(self) -> list[Conflict]:
        """Return everything that still waits for a person, oldest first."""
        m = self._mark
        names = ", ".join(f'"{name}"' for name in Conflict._fields)
        sql = f'SELECT {names} FROM conflict WHERE district = {m} AND "open" ORDER BY changed_ms, record, field'
        return [Conflict(*row) for row in self._connection.exec_driver_sql(sql, (self._district,))]
