"""
The rows of the history as they lie 历史原样: also those that somebody made unreadable.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from schemas.roles import Role
from server.storage.bulk import mark
from server.values import Entry

_PAGE = 500
_NAMES = Entry.__struct_fields__
_COLUMNS = ", ".join(f'"{name}"' for name in _NAMES)
_NUMBERS = frozenset({"version", "n", "at_ms", "at_counter", "corrected_ms", "received_ms"})
_OPTIONAL = frozenset({"role", "decisions", "rules"})
_ROLES = frozenset(role.value for role in Role)


class Stored(NamedTuple):
    """
    One row as it lies.

    Attributes:
        entry: The row; None where a column holds what cannot stand there.
        odd: That column, and ``value`` what it holds, as far as that can be read.
    """

    district: str
    feed: str
    version: int
    record: str | None
    chain: bytes
    entry: Entry | None
    odd: str | None = None
    value: Any = None


class HistoryRows:
    """The history of one district, read with suspicion."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)

    def of(self, feed: str, after: int = 0) -> Iterator[Stored]:
        """Yield the rows of *feed* beyond version *after* in order."""
        m = self._mark
        where = f"district = {m} AND feed = {m} AND version > {m}"
        while True:
            page = list(self._page(where, (self._district, feed, after)))
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].version

    def everywhere(self) -> Iterator[Stored]:
        """Yield every row of the database, of whichever district; for a row that lies where it does not belong."""
        m = self._mark
        where = f"(district, feed, version) > ({m}, {m}, {m})"
        last: tuple[Any, ...] = ("", "", -1)
        while page := list(self._page(where, last)):
            yield from page
            last = page[-1][:3]

    def _page(self, where: str, bound: tuple[Any, ...]) -> Iterator[Stored]:
        sql = f"SELECT district, chain, {_COLUMNS} FROM history WHERE {where} ORDER BY district, feed, version"
        try:
            rows = self._connection.exec_driver_sql(f"{sql} LIMIT {_PAGE}", bound).all()
        except DBAPIError:
            # A text that is none stops the whole page: on SQLite such a thing can be written.
            yield from self._one_by_one(where, bound)
            return
        yield from (_stored(row[0], row[1], dict(zip(_NAMES, row[2:], strict=True))) for row in rows)

    def _one_by_one(self, where: str, bound: tuple[Any, ...]) -> Iterator[Stored]:
        sql = (
            f"SELECT district, feed, version FROM history WHERE {where} ORDER BY district, feed, version LIMIT {_PAGE}"
        )
        for key in self._connection.exec_driver_sql(sql, bound).all():
            read = {name: self._column(name, tuple(key)) for name in (*_NAMES, "chain")}
            chain = read.pop("chain")
            yield _stored(key[0], chain, read)

    def _column(self, name: str, key: tuple[Any, ...]) -> Any:
        m = self._mark
        sql = f'SELECT "{name}" FROM history WHERE district = {m} AND feed = {m} AND version = {m}'
        try:
            return self._connection.exec_driver_sql(sql, key).scalar_one()
        except DBAPIError:
            return _UNREADABLE


class _Unreadable:
    def __repr__(self) -> str:
        return "—"


_UNREADABLE = _Unreadable()


def _stored(district: str, chain: Any, read: dict[str, Any]) -> Stored:
    odd = next((name for name, value in read.items() if _is_odd(name, value)), None)
    odd = odd or (None if isinstance(chain, bytes | memoryview) else "chain")
    record = read["record"] if isinstance(read["record"], str) else None
    link = b"" if odd == "chain" else bytes(chain)
    key = (district, read["feed"], read["version"], record, link)
    if odd is not None:
        return Stored(*key, None, odd, repr(read.get(odd, chain)))
    return Stored(*key, Entry(**(read | {"clamped": bool(read["clamped"])})))


def _is_odd(name: str, value: Any) -> bool:
    """Say whether *value* cannot stand in the column *name*: what reads the same as another is no better."""
    if name == "clamped":
        return value not in (0, 1)
    if name in _NUMBERS:
        return not isinstance(value, int)
    if value is None:
        return name not in _OPTIONAL
    return not isinstance(value, str) or (name == "decisions" and not value) or (name == "role" and value not in _ROLES)
