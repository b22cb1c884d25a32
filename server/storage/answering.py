"""
The open cases by who answers for them 在办案件的责任人: read from the ledger's narrow rows.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection

from schemas import grid
from schemas.workflow import CASE
from server.storage.bulk import mark, one_of

_OPEN = sorted(CASE.states.keys() - CASE.final)


class Answering(NamedTuple):
    """One open case: ``name`` is its number; ``fields`` what says who answers for it, as in the record."""

    id: str
    grid: str
    name: str | None
    fields: dict[str, Any]


class AnsweringStore:
    """Who answers for the open cases of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district

    def open_cases(self, area: str, states: Iterable[str] = _OPEN) -> Iterator[Answering]:
        """Yield the cases in *area* that are in one of *states*; of a covert finding 暗访 nothing is told."""
        m = mark(self._connection)
        condition, wanted = one_of(self._connection, sorted(states))
        # ":" is the character after "9": everything that begins with the area's digits.
        sql = (
            "SELECT id, grid, case_no, status, lead, assist, owner FROM ledger_row "
            f"WHERE district = {m} AND grid >= {m} AND grid < {m} AND status {condition} AND NOT void"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, area, area + ":", wanted))
        for id_, place, number, status, lead, assist, owner in rows:
            if not grid.is_sealed(place):
                said = {"status": status, "lead": lead, "owner_person": owner, "assist": (assist or "").split()}
                yield Answering(id_, place, number, {name: value for name, value in said.items() if value})
