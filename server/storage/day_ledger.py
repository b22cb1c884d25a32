"""
What the ledger says of one day 台账当日数字: read in one walk over its narrow rows, street by street.

Of what is sealed 封存 nothing is counted.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection

from schemas import grid
from schemas.lights import RUNNING
from schemas.workflow import CASE
from server.storage.bulk import mark
from server.storage.ledger import NEVER
from server.values import ActTime

_RUNNING = ", ".join(f"'{state}'" for state in RUNNING)
_OPEN = ", ".join(f"'{state}'" for state in sorted(CASE.states.keys() - CASE.final - {"deferred"}))
_RETURN = "return"


class Standing(NamedTuple):
    """The problems of one street on a day; ``street`` is the district's code for what lies in none."""

    street: str
    open: int
    deferred: int
    yellow: int
    red: int
    found: int
    closed: int
    due_next: int


class Overdue(NamedTuple):
    """An overdue problem, where it lies and since when."""

    id: str
    grid: str
    due_ms: int


class _Acts(msgspec.Struct):
    timeline: list[ActTime] = []


_ACTS = msgspec.json.Decoder(_Acts)


class DayLedger:
    """The ledger of one district, for reading, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)
        postgres = connection.dialect.name == "postgresql"
        # As the rows lie: an index that begins with the district would be taken for a help.
        self._as_it_lies = "" if postgres else " NOT INDEXED"
        self._by_date = "" if postgres else " INDEXED BY ledger_running"
        self._returned = "" if postgres else " INDEXED BY ledger_returned"

    def standings(self, area: str, now_ms: int, day: tuple[int, int], following: tuple[int, int]) -> list[Standing]:
        """
        Return how the problems in *area* stand at *now_ms*, by street.

        Args:
            day, following: The day told of and the one after it, from one moment until before another.
        """
        m, running = self._mark, f"status IN ({_RUNNING}) AND due_ms < {NEVER}"
        sums = (
            f"status IN ({_OPEN})",
            "status = 'deferred'",
            f"{running} AND (asked OR (yellow_ms <= {m} AND due_ms >= {m}))",
            f"{running} AND due_ms < {m} AND NOT asked",
            f"found_ms >= {m} AND found_ms < {m} AND status NOT IN ('refused', 'merged')",
            f"status = 'closed' AND closed_ms >= {m} AND closed_ms < {m}",
            f"{running} AND due_ms >= {m} AND due_ms < {m}",
        )
        counted = ", ".join(f"SUM(CASE WHEN {one} THEN 1 ELSE 0 END)" for one in sums)
        condition, values = self._within(area)
        sql = (
            f"SELECT SUBSTR(grid, 1, {int(grid.Level.STREET)}) AS street, {counted} FROM ledger_row{self._as_it_lies} "
            f"WHERE {condition} GROUP BY 1 ORDER BY 1"
        )
        bound = (now_ms, now_ms, now_ms, *day, *day, *following, *values)
        rows = self._connection.exec_driver_sql(sql, bound)
        return [Standing(street, *map(int, rest)) for street, *rest in rows]

    def overdue(self, area: str, now_ms: int) -> Iterator[Overdue]:
        """Yield the overdue problems in *area*, the longest overdue first."""
        condition, values = self._within(area)
        sql = (
            f"SELECT id, grid, due_ms FROM ledger_row{self._by_date} WHERE {condition} AND status IN ({_RUNNING}) "
            f"AND due_ms < {self._mark} AND NOT asked ORDER BY due_ms, id"
        )
        for row in self._connection.exec_driver_sql(sql, (*values, now_ms)):
            yield Overdue(*row)

    def returned(self, area: str, since_ms: int, until_ms: int) -> list[str]:
        """Return where problems were returned 返工 from *since_ms* until before *until_ms*, one entry each time."""
        condition, values = self._within(area, "l.")
        m = self._mark
        sql = (
            f"SELECT l.grid, r.fields FROM ledger_row l{self._returned} "
            f"JOIN record r ON r.district = l.district AND r.id = l.id "
            f"WHERE {condition} AND l.returns > 0 AND r.at_ms >= {m}"
        )
        rows = self._connection.exec_driver_sql(sql, (*values, since_ms))
        return [
            place
            for place, fields in rows
            for act in _ACTS.decode(fields).timeline
            if act.act == _RETURN and since_ms <= act.at[0] < until_ms
        ]

    def _within(self, area: str, of: str = "") -> tuple[str, list[Any]]:
        m, hidden = self._mark, grid.sealed_place(self._district)
        # ":" is the character after "9": everything that begins with the digits.
        condition = (
            f"{of}district = {m} AND {of}grid >= {m} AND {of}grid < {m} "
            f"AND NOT ({of}grid >= {m} AND {of}grid < {m}) AND NOT {of}void"
        )
        return condition, [self._district, area, area + ":", hidden, hidden + ":"]
