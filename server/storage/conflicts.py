"""
The office's list of disputes 争议: a field that a person decides, a suggestion, a likely pair, what a rule settled.

A dispute is one row for its record, field and kind, however often it is renewed, closed and opened again;
its id follows from the three.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection

from server.storage.bulk import mark, one_of, update_rows, upsert_rows
from server.storage.feeds import within
from server.storage.tables import conflict as table


class Conflict(NamedTuple):
    """
    One dispute.

    Attributes:
        record, field, kind: What it is over. Of a pair (``duplicate``), ``record`` is the greater id and
            ``field`` the smaller.
        id: Follows from these three.
        version: The history number of the last word on it; 0 where it has none.
        opened_ms: Since when it has been waiting, in milliseconds.
        changed_ms: When it last changed.
        people: Everybody it concerns, as a JSON list of ids.
        rule: The rule that left it open or settled it.
        detail: The decision as JSON text; closing leaves it as it is.
        settled: How a person closed it, as JSON text.
    """

    record: str
    field: str
    kind: str
    id: str
    type: str
    feed: str
    grid: str
    open: bool
    version: int
    opened_ms: int
    changed_ms: int
    people: str
    rule: str
    detail: str
    settled: str | None = None


class Closing(NamedTuple):
    """The end of a dispute: which, with which history number, when, and how as JSON text."""

    record: str
    field: str
    kind: str
    version: int
    changed_ms: int
    settled: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Which disputes are wanted.

    Attributes:
        areas: Where; codes nest by their digits. None of them: nothing.
        type, kinds, person: Of one record type, of these kinds, concerning one person; None or nothing: any.
        older_than_ms: Opened before this moment.
        after: Beyond this one, as (``opened_ms``, ``id``); None: from the oldest on.
        limit: At most so many.
    """

    areas: tuple[str, ...]
    type: str | None = None
    kinds: tuple[str, ...] = ()
    person: str | None = None
    state: Literal["open", "settled", "all"] = "open"
    older_than_ms: int | None = None
    after: tuple[int, str] | None = None
    limit: int = 100


_COLUMNS = ", ".join(f'"{name}"' for name in Conflict._fields)
_OPEN = Conflict._fields.index("open")
# Compared with a value, because an index leads with it.
_STATES = {"open": '"open" = TRUE', "settled": '"open" = FALSE'}


class ConflictStore:
    """The disputes of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)
        # The place of a text in another.
        self._place = "strpos" if connection.dialect.name == "postgresql" else "instr"

    def put(self, conflicts: Sequence[Conflict]) -> None:
        """Write disputes, new or renewed; one that is open already has been waiting since it was opened."""
        upsert_rows(self._connection, table, [(self._district, *row) for row in conflicts], keep=("opened_ms", "open"))

    def close(self, closings: Sequence[Closing]) -> None:
        """Close those disputes that are open; of what they were about nothing is lost."""
        rows = [
            (False, c.settled, c.version, c.changed_ms, self._district, c.record, c.field, c.kind, True)
            for c in closings
        ]
        columns = ("open", "settled", "version", "changed_ms")
        update_rows(self._connection, table, columns, ("district", "record", "field", "kind", "open"), rows)

    def reopen(self, conflict: str, version: int, changed_ms: int) -> None:
        """Open the dispute with this id again, with all that stood in it; one that is open stays as it is."""
        columns = ("open", "settled", "version", "opened_ms", "changed_ms")
        row = (True, None, version, changed_ms, changed_ms, self._district, conflict, False)
        update_rows(self._connection, table, columns, ("district", "id", "open"), [row])

    def move(self, places: Iterable[tuple[str, str, str]]) -> None:
        """Let every dispute over a record lie where the record lies now; *places*: record, feed and grid."""
        rows = [(feed, grid, self._district, record) for record, feed, grid in places]
        update_rows(self._connection, table, ("feed", "grid"), ("district", "record"), rows)

    def renumber(self, conflicts: Iterable[Conflict]) -> None:
        """Write the numbers of *conflicts*, and what they say of it, after their record went into another feed."""
        rows = [(c.version, c.detail, self._district, c.id) for c in conflicts]
        update_rows(self._connection, table, ("version", "detail"), ("district", "id"), rows)

    def get(self, conflict: str) -> Conflict | None:
        """Return the dispute with this id, or None."""
        return self.by_ids([conflict]).get(conflict)

    def by_ids(self, ids: Iterable[str]) -> dict[str, Conflict]:
        """Return those of the disputes *ids* that exist, by id."""
        return {found.id: found for found in self._among(set(ids), "id")}

    def of_records(self, ids: Iterable[str]) -> list[Conflict]:
        """Return every dispute, open or not, over one of the records *ids*, the longest waiting first."""
        return self._among(set(ids), "record")

    def open_pairs(self, ids: Iterable[str]) -> list[Conflict]:
        """Return every pair that one of the records *ids* belongs to, also those already judged."""
        pair = " AND kind = 'duplicate'"
        return self._among(set(ids), "record", "field", also=pair)

    def open(self) -> list[Conflict]:
        """Return everything that still waits for a person, oldest first."""
        return self._read(f"{self._all} AND {_STATES['open']} ORDER BY changed_ms, record, field", (self._district,))

    def find(self, wanted: Wanted) -> list[Conflict]:
        """Return the disputes that *wanted* describes, the longest waiting first."""
        conditions, values = self._conditions(wanted)
        sql = f"{self._all} AND {' AND '.join(conditions)} ORDER BY opened_ms, id LIMIT {self._mark}"
        return self._read(sql, (self._district, *values, wanted.limit))

    def _conditions(self, wanted: Wanted) -> tuple[list[str], list[Any]]:
        m = self._mark
        place, values = within(m, wanted.areas)
        asked: list[tuple[str, tuple[Any, ...]]] = [(place, tuple(values))]
        if wanted.state in _STATES:
            asked.append((_STATES[wanted.state], ()))
        if wanted.type is not None:
            asked.append((f"type = {m}", (wanted.type,)))
        if wanted.kinds:
            condition, kinds = one_of(self._connection, wanted.kinds)
            asked.append((f"kind {condition}", (kinds,)))
        if wanted.person is not None:
            asked.append((f"{self._place}(people, {m}) > 0", (f'"{wanted.person}"',)))
        if wanted.older_than_ms is not None:
            asked.append((f"opened_ms < {m}", (wanted.older_than_ms,)))
        if wanted.after is not None:
            asked.append((f"(opened_ms, id) > ({m}, {m})", wanted.after))
        return [condition for condition, _ in asked], [value for _, bound in asked for value in bound]

    def _among(self, ids: set[str], *columns: str, also: str = "") -> list[Conflict]:
        """Return what has one of *ids* in one of *columns*, each looked up by an index of its own."""
        if not ids:
            return []
        condition, wanted = one_of(self._connection, sorted(ids))
        ways = [f"{self._all} AND {column} {condition}{also}" for column in columns]
        found = {c.id: c for c in self._read(" UNION ALL ".join(ways), (self._district, wanted) * len(ways))}
        return sorted(found.values(), key=lambda conflict: (conflict.opened_ms, conflict.id))

    @property
    def _all(self) -> str:
        return f"SELECT {_COLUMNS} FROM conflict WHERE district = {self._mark}"

    def _read(self, sql: str, values: Iterable[Any]) -> list[Conflict]:
        rows = self._connection.exec_driver_sql(sql, tuple(values))
        return [Conflict._make(row)._replace(open=bool(row[_OPEN])) for row in rows]
