"""
The rules of their day 规则留存: what was declared for each record type, under the mark the history names.
"""

from collections.abc import Callable, Iterable

from sqlalchemy import Connection

from server.storage.bulk import add_rows, mark
from server.storage.tables import rules as table


class RulesStore:
    """
    The rules of one district, within one transaction.

    Args:
        known: Types and marks known to be kept already; filled here.
    """

    def __init__(self, connection: Connection, district: str, known: set[tuple[str, str]]) -> None:
        self._connection = connection
        self._district = district
        self._known = known
        self._noted: set[tuple[str, str]] = set()

    def note(self, kinds: Iterable[tuple[str, str, Callable[[], str]]], now_ms: int) -> None:
        """
        Keep the rules of record types, where they are not kept yet.

        Args:
            kinds: Each type, the mark of its rules, and what writes the rules down as JSON text.
        """
        new = {(name, seal): declared() for name, seal, declared in kinds if self._is_new((name, seal))}
        add_rows(self._connection, table, [(self._district, *key, now_ms, new[key]) for key in sorted(new)])
        self._noted |= new.keys()

    def all(self) -> dict[tuple[str, str], str]:
        """Return all rules that ever held, as JSON text, by record type and mark."""
        sql = f"SELECT type, mark, declared FROM rules WHERE district = {mark(self._connection)}"
        return {(row[0], row[1]): row[2] for row in self._connection.exec_driver_sql(sql, (self._district,))}

    def committed(self) -> None:
        """Remember what was noted; only to be called after the commit."""
        self._known |= self._noted
        self._noted = set()

    def _is_new(self, key: tuple[str, str]) -> bool:
        return key not in self._known and key not in self._noted
