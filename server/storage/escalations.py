"""
Proposals of escalation 升级建议: one row for each time a case, or a unit, reached a level.

What a person signed or dismissed is never written over: a level reached again is a row of its own, with the next
``turn``. A proposal about a case is listed where the case lies now.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection

from schemas.grid import sealed_place
from server.storage.bulk import add_rows, mark, one_of, update_rows
from server.storage.ledger import LedgerRow
from server.storage.ledger import read as read_ledger
from server.storage.ledger_lists import Scope
from server.storage.ledger_tables import escalation as table

State = Literal["proposed", "signed", "dismissed", "fallen"]
BATCH = 2_000


class Proposal(NamedTuple):
    """
    One proposal; times in milliseconds.

    Attributes:
        about: The case's id; of level 4 a unit's code.
        turn: The how-manieth time the level was reached, from 1.
        due_ms, returns: What stood then, so that the same matter is not proposed again.
        by, at_ms, reason: Who ended it (None: nobody, it fell away), when and why.
    """

    about: str
    level: int
    turn: int
    id: str
    state: State
    since_ms: int
    noticed_ms: int
    due_ms: int
    returns: int
    why_zh: str
    why_en: str
    by: str | None = None
    at_ms: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Which proposals are wanted, the gravest first, and of those the oldest.

    Attributes:
        scopes: By level, whose proposals may be read; of a level that is not there, none. Those about units
            (level 4) belong to no area: they are read where any scope is given.
        signed: The same, for those that were signed.
        areas: Where the case lies.
        after: Beyond this one, as level, since when, and id.
    """

    scopes: dict[int, tuple[Scope, ...]]
    signed: dict[int, tuple[Scope, ...]]
    levels: tuple[int, ...] = ()
    states: tuple[State, ...] = ("proposed",)
    areas: tuple[str, ...] = ()
    after: tuple[int, int, str] | None = None
    limit: int = 50


_OF_UNITS = 4
_COLUMNS = ", ".join(f'e."{name}"' for name in Proposal._fields)
_LEDGER = ", ".join(f'l."{name}"' for name in LedgerRow._fields)
_SEALED = "(l.grid >= {0} AND l.grid < {0})"
#: By returns alone a case gets there without the levels below, which may still follow by time.
_AT_THE_TOP = (
    "SELECT 1 FROM escalation e WHERE e.district = l.district AND e.about = l.id AND e.level = 3 "
    # Not by the index of states: that would be walked once for each case.
    "AND e.state || '' = 'proposed' AND e.due_ms = l.due_ms AND e.returns = l.returns AND l.returns < 3"
)
_ENDED = ("state", "by", "at_ms", "reason")


class EscalationStore:
    """The proposals of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)
        # ":" is the character after "9": everything that begins with the place's digits.
        self._sealed = (sealed_place(district), sealed_place(district) + ":")
        self._locking = " FOR UPDATE" if connection.dialect.name == "postgresql" else ""

    def candidates(self, states: Sequence[str], now_ms: int, least_returns: int, after: str) -> list[LedgerRow]:
        """
        Return the next cases after the id *after*, in one of *states*, overdue or returned so often, by id.

        What is sealed 封存 is nobody's to be told of, and is left out; so is what was put at the highest level for
        its time already, and has not changed since: nothing is above that.
        """
        m = self._mark
        among = ", ".join([m] * len(states))
        sql = (
            f"SELECT {_LEDGER} FROM ledger_row l WHERE l.district = {m} AND l.id > {m} AND l.status IN ({among}) "
            f"AND NOT l.void AND NOT {_SEALED.format(m)} "
            f"AND ((l.due_ms < {m} AND NOT l.asked) OR l.returns >= {m}) "
            f"AND NOT EXISTS ({_AT_THE_TOP}) ORDER BY l.id LIMIT {BATCH}"
        )
        values = (self._district, after, *states, *self._sealed, now_ms, least_returns)
        return [read_ledger(row) for row in self._connection.exec_driver_sql(sql, values)]

    def latest(self, about: Iterable[str]) -> dict[tuple[str, int], Proposal]:
        """Return the last proposal for each of *about* and each level."""
        condition, wanted = one_of(self._connection, about)
        sql = f"SELECT {_COLUMNS} FROM escalation e WHERE e.district = {self._mark} AND e.about {condition}"
        rows = self._connection.exec_driver_sql(f"{sql} ORDER BY e.turn", (self._district, wanted))
        return {(row[0], row[1]): Proposal._make(row) for row in rows}

    def doubtful(self, states: Sequence[str], after: tuple[str, int]) -> list[tuple[Proposal, LedgerRow | None]]:
        """Return the next open proposals whose case is not as it was when they were made, beside its row."""
        m = self._mark
        among = ", ".join([m] * len(states))
        sql = (
            f"SELECT {_COLUMNS}, {_LEDGER} FROM escalation e "
            f"LEFT JOIN ledger_row l ON l.district = e.district AND l.id = e.about WHERE e.district = {m} "
            f"AND e.state = 'proposed' AND e.level < {_OF_UNITS} AND (e.about, e.level) > ({m}, {m}) "
            f"AND (l.id IS NULL OR l.void OR l.asked OR l.status NOT IN ({among}) "
            f"OR l.due_ms <> e.due_ms OR {_SEALED.format(m)}) "
            f"ORDER BY e.about, e.level LIMIT {BATCH}"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, *after, *states, *self._sealed))
        return [_beside(row) for row in rows]

    def put(self, proposals: Sequence[Proposal]) -> None:
        """Keep new proposals; of two who look at one moment the first counts."""
        add_rows(self._connection, table, [(self._district, *one) for one in proposals])

    def end(self, proposals: Sequence[Proposal]) -> None:
        """Write down how *proposals* ended; one that somebody has ended meanwhile stays as he said."""
        rows = [
            (one.state, one.by, one.at_ms, one.reason, self._district, one.about, one.level, one.turn, "proposed")
            for one in proposals
        ]
        update_rows(self._connection, table, _ENDED, ("district", "about", "level", "turn", "state"), rows)

    def locked(self, id_: str) -> tuple[Proposal, LedgerRow | None] | None:
        """Return one proposal, locked until the end of the transaction, beside its case's row as it stands."""
        sql = f"SELECT {_COLUMNS} FROM escalation e WHERE e.district = {self._mark} AND e.id = {self._mark}"
        row = self._connection.exec_driver_sql(sql + self._locking, (self._district, id_)).one_or_none()
        return None if row is None else next(self.beside([Proposal._make(row)]))

    def get(self, id_: str) -> tuple[Proposal, LedgerRow | None] | None:
        """Return one proposal beside its case's row."""
        sql = f"SELECT {_COLUMNS} FROM escalation e WHERE e.district = {self._mark} AND e.id = {self._mark}"
        row = self._connection.exec_driver_sql(sql, (self._district, id_)).one_or_none()
        return None if row is None else next(self.beside([Proposal._make(row)]))

    def beginning(self, typed: str) -> list[str]:
        """Return the ids of two open proposals at most that begin with *typed*: hexadecimal signs and dashes."""
        m = self._mark
        sql = f"SELECT id FROM escalation WHERE district = {m} AND state = 'proposed' AND id LIKE {m} LIMIT 2"
        return [row[0] for row in self._connection.exec_driver_sql(sql, (self._district, typed + "%"))]

    def beside(self, proposals: Sequence[Proposal]) -> Iterator[tuple[Proposal, LedgerRow | None]]:
        """Yield *proposals*, each beside its case's row."""
        condition, wanted = one_of(self._connection, {one.about for one in proposals})
        sql = f"SELECT {_LEDGER} FROM ledger_row l WHERE l.district = {self._mark} AND l.id {condition}"
        rows = self._connection.exec_driver_sql(sql, (self._district, wanted))
        cases = {row[0]: read_ledger(row) for row in rows}
        for one in proposals:
            yield one, cases.get(one.about)

    def find(self, wanted: Wanted) -> list[tuple[Proposal, LedgerRow | None]]:
        """Return the proposals that *wanted* describes."""
        m = self._mark
        readable, values = self._readable(wanted)
        conditions = [readable, f"e.state IN ({', '.join([m] * len(wanted.states))})"]
        values += wanted.states
        if wanted.levels:
            conditions.append(f"e.level IN ({', '.join([m] * len(wanted.levels))})")
            values += wanted.levels
        if wanted.areas:
            inside, bound = self._within(wanted.areas)
            conditions.append(inside)
            values += bound
        if wanted.after is not None:
            # The gravest first: levels count downwards, moments and ids upwards.
            conditions.append(f"(-e.level, e.since_ms, e.id) > ({m}, {m}, {m})")
            values += [-wanted.after[0], *wanted.after[1:]]
        sql = (
            f"SELECT {_COLUMNS}, {_LEDGER} FROM escalation e "
            f"LEFT JOIN ledger_row l ON l.district = e.district AND l.id = e.about "
            f"WHERE e.district = {m} AND {' AND '.join(conditions)} "
            f"ORDER BY -e.level, e.since_ms, e.id LIMIT {m}"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, *values, wanted.limit))
        return [_beside(row) for row in rows]

    def _readable(self, wanted: Wanted) -> tuple[str, list[Any]]:
        parts: list[str] = []
        values: list[Any] = []
        for state, by_level in (("", wanted.scopes), (" AND e.state = 'signed'", wanted.signed)):
            for level, scopes in sorted(by_level.items()):
                if not scopes:
                    continue
                inside, bound = ("TRUE", []) if level == _OF_UNITS else self._in_scopes(scopes)
                parts.append(f"(e.level = {level}{state} AND {inside})")
                values += bound
        return f"({' OR '.join(parts)})" if parts else "FALSE", values

    def _in_scopes(self, scopes: Iterable[Scope]) -> tuple[str, list[Any]]:
        m = self._mark
        parts: list[str] = []
        values: list[Any] = []
        for area, unit, sealed in scopes:
            inside, bound = self._within((area,))
            values += bound
            if not sealed:
                hidden, bound = self._within((sealed_place(self._district),))
                inside += f" AND NOT {hidden}"
                values += bound
            if unit is not None:
                inside += f" AND (l.lead = {m} OR l.functional_unit = {m})"
                values += [unit, unit]
            parts.append(f"({inside})")
        return f"({' OR '.join(parts)})", values

    def _within(self, areas: Iterable[str]) -> tuple[str, list[str]]:
        places = [(area, area + ":") for area in areas]
        inside = " OR ".join([f"(l.grid >= {self._mark} AND l.grid < {self._mark})"] * len(places))
        return f"({inside})", [code for place in places for code in place]


def _beside(row: Any) -> tuple[Proposal, LedgerRow | None]:
    """Return a proposal and its case's row from one row of the two joined."""
    width = len(Proposal._fields)
    case = row[width:]
    return Proposal._make(row[:width]), None if case[0] is None else read_ledger(case)
