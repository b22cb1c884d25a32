"""
What there is to remind of, read narrowly 提醒的事实: from the ledger's rows, never from whole records.

What is void, sealed 封存, deferred or over is in none of it.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection

from schemas.grid import sealed_place
from schemas.lights import RUNNING
from server.storage.bulk import mark, one_of


class CaseFact(NamedTuple):
    """What of one case reminders go by; times in milliseconds, dates that nobody fixed far in the future."""

    id: str
    grid: str
    status: str
    severity: str
    problem_class: str
    lead: str | None
    owner: str | None
    dispatched_ms: int | None
    rectified_ms: int | None
    yellow_ms: int
    due_ms: int
    asked: bool
    returns: int
    case_no: str | None


class Reached(NamedTuple):
    """A case that reached a level of escalation: when that was noticed, why, and the case."""

    level: int
    turn: int
    noticed_ms: int
    why_zh: str
    why_en: str
    case: CaseFact


class Reported(NamedTuple):
    """A case somebody of the public reported and left a way to reach him: when it last changed."""

    received_ms: int
    case: CaseFact


class Told(NamedTuple):
    """What somebody is told of a decision: ``body`` as it travels."""

    feed: str
    version: int
    part: int
    person: str
    at_ms: int
    body: str


_COLUMNS = ", ".join(f'l."{name}"' for name in CaseFact._fields)
_ASKED = CaseFact._fields.index("asked")
_RUNNING = ", ".join(f"'{state}'" for state in RUNNING)


class ReminderFacts:
    """What there is to remind of in one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)
        # ":" is the character after "9": everything that begins with the place's digits.
        self._sealed = (sealed_place(district), sealed_place(district) + ":")
        self._seen = (
            f"l.district = {self._mark} AND NOT l.void AND NOT (l.grid >= {self._mark} AND l.grid < {self._mark})"
        )

    def dispatched(self, since_ms: int) -> list[CaseFact]:
        """Return the cases that were dispatched after *since_ms* and that nobody has signed for."""
        return self._cases(f"l.status = 'dispatched' AND l.dispatched_ms > {self._mark}", since_ms)

    def turned(self, since_ms: int, now_ms: int) -> list[CaseFact]:
        """Return the cases whose light turned yellow or red after *since_ms*; not where more time was asked for."""
        m = self._mark
        turned = (
            f"((l.yellow_ms > {m} AND l.yellow_ms <= {m} AND l.due_ms >= {m}) OR (l.due_ms > {m} AND l.due_ms < {m}))"
        )
        running = f"l.status IN ({_RUNNING}) AND NOT l.asked AND l.due_ms > {m} AND {turned}"
        return self._cases(running, since_ms, since_ms, now_ms, now_ms, since_ms, now_ms)

    def returned(self, since_ms: int) -> list[CaseFact]:
        """Return the cases in hand that were ever returned, and about which anything arrived after *since_ms*."""
        joined = "JOIN record r ON r.district = l.district AND r.id = l.id"
        found = f"l.status = 'handling' AND l.returns > 0 AND r.received_ms > {self._mark}"
        return self._cases(found, since_ms, joined=joined)

    def put_right(self, before_ms: int) -> list[CaseFact]:
        """Return the cases that were put right before *before_ms* and wait to be verified."""
        return self._cases(f"l.status = 'rectified' AND l.rectified_ms <= {self._mark}", before_ms)

    def of(self, ids: Iterable[str]) -> dict[str, CaseFact]:
        """Return those of the cases *ids* that anybody may be reminded of, by id."""
        condition, wanted = one_of(self._connection, ids)
        return {one.id: one for one in self._cases(f"l.id {condition}", wanted)}

    def reached(self, since_ms: int) -> list[Reached]:
        """Return the cases about which level 2 or 3 was proposed after *since_ms* and was not ended since."""
        m = self._mark
        sql = (
            f"SELECT e.level, e.turn, e.noticed_ms, e.why_zh, e.why_en, {_COLUMNS} FROM escalation e "
            f"JOIN ledger_row l ON l.district = e.district AND l.id = e.about WHERE {self._seen} "
            f"AND e.state = 'proposed' AND e.level IN (2, 3) AND e.noticed_ms > {m} ORDER BY e.noticed_ms, e.about"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, *self._sealed, since_ms))
        return [Reached(row[0], row[1], row[2], row[3], row[4], _case(row[5:])) for row in rows]

    def reported(self, since_ms: int) -> list[Reported]:
        """Return the cases of the public that were accepted, refused or struck off, changed after *since_ms*."""
        sql = (
            f"SELECT r.received_ms, {_COLUMNS} FROM reporter p "
            "JOIN ledger_row l ON l.district = p.district AND l.id = p.id "
            f"JOIN record r ON r.district = l.district AND r.id = l.id WHERE {self._seen} "
            f"AND r.received_ms > {self._mark} AND l.status NOT IN ('reported', 'merged') ORDER BY l.id"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, *self._sealed, since_ms))
        return [Reported(row[0], _case(row[1:])) for row in rows]

    def told(self, since_ms: int) -> list[Told]:
        """Return what people are told of decisions since *since_ms*, the oldest first."""
        m = self._mark
        sql = (
            f"SELECT {', '.join(Told._fields)} FROM telling WHERE district = {m} AND at_ms > {m} "
            f"AND NOT (feed >= {m} AND feed < {m}) ORDER BY at_ms, feed, version, part, person"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, since_ms, *self._sealed))
        return [Told._make(row) for row in rows]

    def _cases(self, condition: str, *values: Any, joined: str = "") -> list[CaseFact]:
        sql = f"SELECT {_COLUMNS} FROM ledger_row l {joined} WHERE {self._seen} AND {condition} ORDER BY l.id"
        rows = self._connection.exec_driver_sql(sql, (self._district, *self._sealed, *values))
        return [_case(row) for row in rows]


def _case(row: Any) -> CaseFact:
    # SQLite knows no booleans.
    found = CaseFact._make(row)
    return found._replace(asked=bool(row[_ASKED]))
