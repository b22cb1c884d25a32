"""
What a file last said of each record 导入记忆: so that an import repeats nothing it has said before.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from schemas import wire
from schemas.records import Fields
from server.storage.bulk import mark, one_of, upsert_rows
from server.storage.tables import imported as table


class ImportStore:
    """The imports of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district

    def said(self, records: Iterable[str]) -> dict[str, Fields]:
        """Return what was last said of each of *records*, where anything was."""
        condition, wanted = one_of(self._connection, records)
        sql = f"SELECT record, fields FROM imported WHERE district = {mark(self._connection)} AND record {condition}"
        rows = self._connection.exec_driver_sql(sql, (self._district, wanted))
        return {row[0]: wire.decode_json(row[1]) for row in rows}

    def say(self, said: Mapping[str, Fields]) -> None:
        """Remember what was said just now, by record."""
        rows = [(self._district, record, wire.canonical(fields).decode()) for record, fields in said.items()]
        upsert_rows(self._connection, table, rows)
