"""
Listing, searching and counting the ledger 台账查询, so that a page of 200,000 cases comes at once.

A page is looked for near its beginning first: there it nearly always is. Only what is rare is looked for in
the whole ledger, row by row in the order in which they lie: to walk an index and fetch each row behind it
costs several times as much. Rare words are the exception: an index names the few cases in which they may stand.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection

from schemas.grid import sealed_place
from schemas.lights import RUNNING, Light
from server.storage.bulk import mark, one_of
from server.storage.feeds import within
from server.storage.ledger import COLUMNS, NEVER, LedgerRow, read
from server.storage.ledger_grams import GramIndex

Sort = Literal["found", "oldest", "due", "closed", "number", "returns"]
#: What each order sorts by, downwards or upwards, each by an index of its own; the id beside it, for no two rows
#: stand at one place. Some hold only what has it: what was struck off, has a number, was returned.
_ORDERS: dict[Sort, tuple[str, str, str]] = {
    "found": ("found_ms", "DESC", ""),
    "oldest": ("found_ms", "ASC", ""),
    "due": ("due_ms", "ASC", ""),
    "closed": ("closed_ms", "DESC", "closed_ms IS NOT NULL"),
    "number": ("case_no", "ASC", "case_no IS NOT NULL"),
    "returns": ("returns", "DESC", "returns > 0"),
}
Group = Literal["lead", "street"]
_GROUPS: dict[Group | None, str] = {None: "''", "lead": "COALESCE(lead, '')", "street": "SUBSTR(grid, 1, 9)"}
#: So many rows of an index count as near.
_NEAR = 1_000
#: What is in hand, as the index over it says it.
_RUNNING = "status IN ('dispatched', 'handling')"
#: Words that stand in more cases than this are no help in finding any.
_RARE = 10_000
#: Words that stand in so many of so many cases, both of the oldest and of the latest, are more common than that.
_COMMON, _SAMPLE = 20, 200
#: No text is as long, and SQLite takes no pattern that is much longer.
_LONGEST = 12_000
#: What means something in a pattern of LIKE.
_SIGNS = re.compile("[%_!]")


class Scope(NamedTuple):
    """
    What somebody may read: an area, and there only the cases of one unit, where he acts for a department.

    ``sealed``: also what is sealed there.
    """

    area: str
    unit: str | None = None
    sealed: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Which cases are wanted; nothing given: any.

    Attributes:
        scopes: What may be read at all; none of them: nothing.
        now_ms: The time of day, for lights.
        areas: Where; codes nest by their digits.
        found, due, closed: From one moment until before another, either of them open (None).
        overdue: Whether the light is red; True or None.
        returned: Whether it was ever returned.
        void: Whether those that were voided are wanted, instead of those that were not.
        words: Folded words, each of which stands in the case or in its initials.
        after: Beyond this one, as its sort key and id.
        limit: At most so many.
    """

    scopes: tuple[Scope, ...]
    now_ms: int
    areas: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    lights: tuple[Light, ...] = ()
    classes: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()
    owner: str | None = None
    found: tuple[int | None, int | None] = (None, None)
    due: tuple[int | None, int | None] = (None, None)
    closed: tuple[int | None, int | None] = (None, None)
    overdue: bool = False
    returned: bool = False
    void: bool = False
    words: tuple[str, ...] = ()
    sort: Sort = "found"
    after: tuple[int | str, str] | None = None
    limit: int = 50


class Counted(NamedTuple):
    """How many cases are in one state under one light."""

    status: str
    light: Light
    cases: int


#: A condition, and the values to bind in it.
_Condition = tuple[str, Sequence[Any]]


def key_of(row: LedgerRow, sort: Sort) -> int | str:
    """Return by what *row* is sorted."""
    value: int | str = getattr(row, _ORDERS[sort][0])
    return value


def _only_running(wanted: Wanted) -> bool:
    """Say whether all that is wanted is in hand: only there a light is yellow or red."""
    lights, states = set(wanted.lights), set(wanted.states)
    warned = wanted.overdue or (lights and lights <= {"yellow", "red"})
    return bool(warned or (states and states <= set(RUNNING)))


def _may_stand(word: str) -> bool:
    """Say whether a text can hold *word*: whether it could be stored at all, and is no longer than any."""
    return len(word) <= _LONGEST and "\0" not in word and not any("\ud800" <= sign <= "\udfff" for sign in word)


class LedgerLists:
    """The ledger of one district, for reading, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)
        postgres = connection.dialect.name == "postgresql"
        # As the rows lie: an index that begins with the district would be taken for a help.
        self._as_it_lies = "" if postgres else " NOT INDEXED"
        self._by_date = "" if postgres else " INDEXED BY ledger_running"
        # Whichever of the two takes half the time of the other there.
        self._stands = "strpos({}, {}) > 0" if postgres else "{} LIKE {} ESCAPE '!'"
        self._postgres = postgres
        self._index = GramIndex(connection)

    def find(self, wanted: Wanted) -> list[LedgerRow]:
        """Return the rows that *wanted* describes, in its order."""
        if not all(map(_may_stand, wanted.words)):
            return []
        numbered = self._numbered(wanted)
        if numbered:
            return numbered
        near = self._near(wanted)
        return near if len(near) == wanted.limit else self._anywhere(wanted)

    def count(self, wanted: Wanted) -> list[Counted]:
        """Return how many of *wanted* are in each state under each light; its order and limit do not matter."""
        if not all(map(_may_stand, wanted.words)):
            return []
        light, now = self._light(wanted.now_ms)
        worded, few = self._worded(wanted)
        condition, values = self._all_of([*self._conditions(wanted), *worded])
        lying = "" if few else self._as_it_lies
        sql = (
            f"SELECT status, {light} AS light, COUNT(*) FROM ledger_row{lying} "
            f"WHERE district = {self._mark} AND {condition} GROUP BY 1, 2"
        )
        rows = self._connection.exec_driver_sql(sql, (*now, self._district, *values))
        return [Counted(*row) for row in rows]

    def tally(
        self, wanted: Wanted, since_ms: int, until_ms: int, by: Group | None = None
    ) -> dict[str, tuple[int, ...]]:
        """
        Return by group the six numbers of ``core.ledger_figures.Tally`` for what had to be struck off in a period.

        Args:
            by: ``lead`` by the lead unit, ``street`` by the street; None: all together, under an empty name.
        """
        if not all(map(_may_stand, wanted.words)):
            return {}
        m = self._mark
        worded, few = self._worded(wanted)
        condition, values = self._all_of([*self._conditions(wanted), *worded])
        lying = "" if few else self._as_it_lies
        closed, counted = f"closed_ms IS NOT NULL AND closed_ms < {m}", "SUM(CASE WHEN {} THEN 1 ELSE 0 END)"
        sums = ("COUNT(*)", counted.format("status = 'deferred'"), counted.format(closed),
                counted.format(f"{closed} AND rectified_ms <= due_ms"), "SUM(returns)", "SUM(submits)")  # fmt: skip
        sql = (
            f"SELECT {_GROUPS[by]} AS part, {', '.join(sums)} FROM ledger_row{lying} "
            f"WHERE district = {m} AND {condition} AND status NOT IN ('refused', 'merged') AND due_ms < {m} "
            f"AND (due_ms >= {m} OR closed_ms IS NULL OR closed_ms >= {m}) AND due_ms < {NEVER} GROUP BY 1"
        )
        bound = (until_ms, until_ms, self._district, *values, until_ms, since_ms, since_ms)
        rows = self._connection.exec_driver_sql(sql, bound)
        return {row[0]: tuple(int(one) for one in row[1:]) for row in rows}

    def _near(self, wanted: Wanted) -> list[LedgerRow]:
        """Return what of *wanted* is among the first rows, by the index."""
        m, order = self._mark, self._order(wanted)
        # Of what is in hand, the first by their date are an index of their own.
        by_date = wanted.sort == "due" and _only_running(wanted)
        place, at = self._all_of([*self._beyond(wanted), *([(_RUNNING, ())] if by_date else [])])
        index = self._by_date if by_date else ""
        condition, values = self._all_of([*self._conditions(wanted), *self._words(wanted, "l")])
        sql = (
            f"SELECT {COLUMNS} FROM (SELECT * FROM ledger_row{index} WHERE district = {m} AND {place} "
            f"ORDER BY {order} LIMIT {_NEAR}) AS l WHERE {condition} ORDER BY {order} LIMIT {m}"
        )
        return self._rows(sql, (self._district, *at, *values, wanted.limit))

    def _anywhere(self, wanted: Wanted) -> list[LedgerRow]:
        """Return what of *wanted* is in the whole ledger: by its words where they are rare, or of all rows."""
        m, conditions = self._mark, [*self._beyond(wanted), *self._conditions(wanted)]
        worded, few = self._worded(wanted)
        lying = "" if few else self._as_it_lies
        if not few and _only_running(wanted):
            conditions, lying = [(_RUNNING, ()), *conditions], self._by_date
        condition, values = self._all_of([*conditions, *worded])
        sql = (
            f"SELECT {COLUMNS} FROM ledger_row{lying} WHERE district = {m} AND {condition} "
            f"ORDER BY {self._order(wanted, indexed=False)} LIMIT {m}"
        )
        return self._rows(sql, (self._district, *values, wanted.limit))

    def _numbered(self, wanted: Wanted) -> list[LedgerRow]:
        """Return what of *wanted* goes by the number that is looked for; nothing where that is no whole number."""
        if len(wanted.words) != 1 or wanted.after is not None:
            return []
        condition, values = self._all_of([*self._beyond(wanted), *self._conditions(wanted)])
        sql = (
            f"SELECT {COLUMNS} FROM ledger_row WHERE district = {self._mark} AND case_no = {self._mark} AND {condition}"
        )
        return self._rows(sql, (self._district, wanted.words[0].upper(), *values))

    def _with_rare_words(self, wanted: Wanted) -> list[str] | None:
        """Return the cases in which the words stand; None where there are none, or where they are too common."""
        if not wanted.words or self._are_common(wanted):
            return None
        question, bound = self._index.question(wanted.words), list[str]()
        if question is None:
            source = f"ledger_text t{self._as_it_lies} WHERE TRUE"
        else:
            source, bound = self._index.candidates(), [question]
        each, words = self._stand_in("t.text", wanted.words)
        sql = f"SELECT t.id FROM {source} AND t.district = {self._mark} AND {each} LIMIT {_RARE + 1}"
        ids = [row[0] for row in self._connection.exec_driver_sql(sql, (*bound, self._district, *words))]
        return ids if len(ids) <= _RARE else None

    def _are_common(self, wanted: Wanted) -> bool:
        """Say whether the words stand in many cases at either end: then no index is worth asking."""
        each, words = self._stand_in("t.text", wanted.words)
        # Ids follow the time: what happened in one week only is common at one end at most.
        some = f"SELECT text FROM ledger_text WHERE district = {self._mark} ORDER BY id {{}} LIMIT {_SAMPLE}"
        counts = (f"SELECT COUNT(*) FROM ({some.format(way)}) AS t WHERE {each}" for way in ("ASC", "DESC"))
        bound = (self._district, *words)
        return all(self._connection.exec_driver_sql(sql, bound).scalar_one() >= _COMMON for sql in counts)

    def _conditions(self, wanted: Wanted) -> list[_Condition]:
        conditions = [self._readable(wanted.scopes), ("void" if wanted.void else "NOT void", ())]
        if wanted.areas:
            conditions.append(within(self._mark, wanted.areas))
        chosen = (
            ("status", wanted.states), ("problem_class", wanted.classes), ("severity", wanted.severities),
            ("source", wanted.sources), ("lead", wanted.leads), ("owner", (wanted.owner,) if wanted.owner else ()),
        )  # fmt: skip
        conditions += [self._one_of(name, words) for name, words in chosen if words]
        lights = ("red",) if wanted.overdue else wanted.lights
        if lights:
            light, now = self._light(wanted.now_ms)
            among, words = self._one_of(light, lights)
            conditions.append((among, [*now, *words]))
        for name, (since, until) in (("found", wanted.found), ("due", wanted.due), ("closed", wanted.closed)):
            conditions += self._between(f"{name}_ms", since, until)
        return [*conditions, ("returns > 0", ())] if wanted.returned else conditions

    def _readable(self, scopes: Iterable[Scope]) -> _Condition:
        parts, values = [], []
        for area, unit, sealed in scopes:
            # All of it is asked for by the district alone.
            condition, bound = ("TRUE", []) if self._district.startswith(area) else within(self._mark, [area])
            values += bound
            if unit is not None:
                m = self._mark
                helps, words = self._stand_in("assist", [f" {unit} "])
                condition += f" AND (lead = {m} OR functional_unit = {m} OR {helps})"
                values += [unit, unit, *words]
            if not sealed:
                hidden, bound = within(self._mark, [sealed_place(self._district)])
                condition += f" AND NOT {hidden}"
                values += bound
            parts.append(f"({condition})")
        return f"({' OR '.join(parts)})" if parts else "FALSE", values

    def _one_of(self, what: str, words: Sequence[str]) -> _Condition:
        return f"{what} IN ({', '.join([self._mark] * len(words))})", words

    def _between(self, name: str, since: int | None, until: int | None) -> list[_Condition]:
        bounds = ((">=", since), ("<", until))
        return [(f"{name} {sign} {self._mark}", (ms,)) for sign, ms in bounds if ms is not None]

    def _worded(self, wanted: Wanted) -> tuple[list[_Condition], bool]:
        """Return the condition that the words stand in a row of the ledger, and whether it names the few rows."""
        rare = self._with_rare_words(wanted)
        if rare is None:
            return self._words(wanted, "ledger_row"), False
        condition, ids = one_of(self._connection, rare)
        return [(f"id {condition}", [ids])], True

    def _words(self, wanted: Wanted, outer: str) -> list[_Condition]:
        """Return the condition that the words stand in the text of a row of *outer*."""
        if not wanted.words:
            return []
        m = self._mark
        each, words = self._stand_in("t.text", wanted.words)
        found = f"SELECT 1 FROM ledger_text t WHERE t.district = {m} AND t.id = {outer}.id AND {each}"
        return [(f"EXISTS ({found})", [self._district, *words])]

    def _stand_in(self, column: str, words: Sequence[str]) -> tuple[str, list[str]]:
        """Return the condition that all *words* stand in *column*, and the patterns to bind."""
        each = " AND ".join([self._stands.format(column, self._mark)] * len(words))
        return each, list(words) if self._postgres else ["%" + _SIGNS.sub(r"!\g<0>", word) + "%" for word in words]

    def _beyond(self, wanted: Wanted) -> list[_Condition]:
        column, way, only = _ORDERS[wanted.sort]
        conditions: list[_Condition] = [(only, ())] if only else []
        if wanted.after is not None:
            sign = ">" if way == "ASC" else "<"
            conditions.append((f"({column}, id) {sign} ({self._mark}, {self._mark})", wanted.after))
        return conditions

    def _order(self, wanted: Wanted, *, indexed: bool = True) -> str:
        column, way, _ = _ORDERS[wanted.sort]
        # What is reckoned from it, and no index serves the order.
        by = column if indexed else f"COALESCE({column}, {column})"
        return f"{by} {way}, id {way}"

    def _light(self, now_ms: int) -> _Condition:
        """Return what a row's light is, as ``schemas.lights.light_in`` has it."""
        m = self._mark
        running = ", ".join(f"'{state}'" for state in RUNNING)
        sql = (
            f"CASE WHEN status IN ('rectified', 'verified') AND due_ms = {NEVER} THEN 'green' "
            f"WHEN status NOT IN ({running}) OR due_ms = {NEVER} THEN 'none' "
            f"WHEN due_ms < {m} AND NOT asked THEN 'red' WHEN asked OR yellow_ms <= {m} THEN 'yellow' ELSE 'green' END"
        )
        return sql, [now_ms, now_ms]

    def _all_of(self, conditions: Iterable[_Condition]) -> tuple[str, list[Any]]:
        told = list(conditions)
        return " AND ".join(sql for sql, _ in told) or "TRUE", [value for _, bound in told for value in bound]

    def _rows(self, sql: str, values: tuple[Any, ...]) -> list[LedgerRow]:
        return [read(row) for row in self._connection.exec_driver_sql(sql, values)]
