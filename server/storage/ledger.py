"""
The office's ledger 问题台账: one narrow row for each case, made from its record in the same transaction.

Lists are sorted, filtered, searched and counted by it; what stands in a case is read from the record. A light
is never stored: it is told from the time of day and what stands in the row.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from schemas.cases import PROBLEM_CLASSES
from schemas.initials import folded, initials
from schemas.moments import ms_of
from schemas.numbers import number_of
from schemas.workflow import CASE as CASE_WORKFLOW
from server.storage import ledger_grams
from server.storage.bulk import mark, one_of, upsert_rows
from server.storage.ledger_grams import GramIndex
from server.storage.ledger_tables import ledger_row as table
from server.values import Record

CASE = "case"
#: When what has no date is due: it stands behind everything that has one, and is never overdue.
NEVER = 1 << 53


class LedgerRow(NamedTuple):
    """
    What the ledger keeps of one case; times in milliseconds since 1970-01-01 UTC.

    Attributes:
        due_ms, yellow_ms: ``NEVER`` where nobody has fixed them.
        asked: Whether more time was asked for and nobody has answered 延期待批.
        returns, extensions, submits, reopens: How often it was returned 返工, given more time 延期, submitted as
            put right 提交整改, and came back 回潮.
        assist: The units that help, with a space before and behind each.
        feed, version: The record's; see ``LedgerStore.astray``.
    """

    id: str
    grid: str
    void: bool
    status: str
    found_ms: int
    due_ms: int
    yellow_ms: int
    asked: bool
    problem_class: str
    severity: str
    source: str
    lead: str | None
    owner: str | None
    closed_ms: int | None
    rectified_ms: int | None
    dispatched_ms: int | None
    returns: int
    extensions: int
    submits: int
    reopens: int
    functional_unit: str | None
    territorial_unit: str | None
    assist: str | None
    case_no: str | None
    feed: str
    version: int


def row_of(record: Record) -> LedgerRow:
    """Return the ledger's row of a case."""
    fields = record.fields
    requests = fields.get("requests", ())
    acts = [one["act"] for one in fields.get("timeline", ())]
    assist, due_ms = fields.get("assist"), _ms(fields, "due_at", NEVER)
    return LedgerRow(
        id=record.id, grid=record.grid, void=record.void, status=fields.get("status") or CASE_WORKFLOW.initial,
        found_ms=_ms(fields, "found_at", 0), due_ms=due_ms, yellow_ms=_ms(fields, "yellow_at", due_ms),
        asked=any(r["kind"] == "extension" and not r.get("answer") for r in requests),
        problem_class=fields.get("problem_class") or "", severity=fields.get("severity") or "",
        source=fields.get("source") or "",
        lead=fields.get("lead"), owner=fields.get("owner_person"), closed_ms=_ms(fields, "closed_at"),
        rectified_ms=_ms(fields, "rectified_at"), dispatched_ms=_ms(fields, "dispatched_at"),
        returns=fields.get("return_count") or 0,
        extensions=sum(r["kind"] == "extension" and r.get("answer") == "granted" for r in requests),
        submits=acts.count("submit") + _put_right_at_once(fields), reopens=fields.get("reopen_count") or 0,
        functional_unit=fields.get("functional_unit"), territorial_unit=fields.get("territorial_unit"),
        assist=f" {' '.join(assist)} " if assist else None, case_no=number_of(CASE, record.grid, record.born, fields),
        feed=record.feed, version=record.version,
    )  # fmt: skip


def _put_right_at_once(fields: Mapping[str, Any]) -> bool:
    """Say whether the case began as put right 立行立改: its report was the first submission."""
    begun = next((one.get("from") for one in fields.get("timeline", ())), fields.get("status"))
    return bool(fields.get("fixed_on_spot")) and begun == "rectified"


def text_of(record: Record) -> str:
    """Return what a case is found by: number, place, description and class, folded; and their pinyin initials."""
    fields = record.fields
    known = PROBLEM_CLASSES.get(fields.get("problem_class", ""))
    number = number_of(CASE, record.grid, record.born, fields)
    said = [number, fields.get("place_text"), fields.get("description"), known.zh if known else None]
    words = [folded(text) for text in said if text]
    letters = [short for word in words if (short := initials(word)) != word]
    return "\n".join([*words, *letters])


class LedgerStore:
    """The ledger of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)
        self._index = GramIndex(connection)

    def follow(self, records: Iterable[Record]) -> None:
        """Write what the ledger says of those of *records* that are cases; their numbers have been taken."""
        cases = [record for record in records if record.type == CASE]
        if cases:
            upsert_rows(self._connection, table, [(self._district, *row_of(one)) for one in cases])
            self._find_by({one.id: text_of(one) for one in cases})

    def of(self, ids: Iterable[str]) -> dict[str, LedgerRow]:
        """Return those of the rows *ids* that are there."""
        condition, wanted = one_of(self._connection, ids)
        sql = f"SELECT {COLUMNS} FROM ledger_row WHERE district = {self._mark} AND id {condition}"
        found = self._connection.exec_driver_sql(sql, (self._district, wanted))
        return {row[0]: read(row) for row in found}

    def texts(self, ids: Iterable[str]) -> dict[str, tuple[str, frozenset[str]]]:
        """Return what those of *ids* that are there are found by, and the grams of it."""
        condition, wanted = one_of(self._connection, ids)
        columns = f"id, text, {self._index.column}"
        sql = f"SELECT {columns} FROM ledger_text WHERE district = {self._mark} AND id {condition}"
        rows = self._connection.exec_driver_sql(sql, (self._district, wanted))
        return {row[0]: (row[1], self._index.read(row[2])) for row in rows}

    def named(self, number: str, begins: str | None, limit: int) -> list[str]:
        """Return the ids of up to *limit* cases with the number *number*, or else whose id begins with *begins*."""
        m = self._mark
        sql = f"SELECT id FROM ledger_row WHERE district = {m} AND case_no = {m} LIMIT {m}"
        found = [row[0] for row in self._connection.exec_driver_sql(sql, (self._district, number, limit))]
        if found or begins is None:
            return found
        # "~" is behind every sign of an id.
        sql = f"SELECT id FROM ledger_row WHERE district = {m} AND id >= {m} AND id < {m} ORDER BY id LIMIT {m}"
        bound = (self._district, begins, begins + "~", limit)
        return [row[0] for row in self._connection.exec_driver_sql(sql, bound)]

    def case_ids(self, after: str, limit: int) -> list[str]:
        """Return the ids of up to *limit* cases beyond *after*, from the records themselves."""
        m = self._mark
        sql = f"SELECT id FROM record WHERE district = {m} AND id > {m} AND type = 'case' ORDER BY id LIMIT {m}"
        return [row[0] for row in self._connection.exec_driver_sql(sql, (self._district, after, limit))]

    def instructed(self) -> list[str]:
        """Return the ids of the cases on which a leader has written 批示; walks all that are not over."""
        m = self._mark
        sql = (
            f"SELECT r.id FROM record r JOIN ledger_row l ON l.district = r.district AND l.id = r.id "
            f"WHERE r.district = {m} AND NOT l.void AND l.status NOT IN ('closed', 'refused', 'merged') "
            f"AND r.fields LIKE {m} ORDER BY r.id"
        )
        found = self._connection.exec_driver_sql(sql, (self._district, '%"instructions":[{%'))
        return [row[0] for row in found]

    def astray(self, limit: int) -> list[str]:
        """
        Return the ids of up to *limit* cases whose row is missing, or follows from another version or place.

        What the rows say is not compared; see ``usecases.rebuild_ledger``.
        """
        m = self._mark
        other = "l.version <> r.version OR l.feed <> r.feed OR l.grid <> r.grid OR l.void <> r.void"
        sql = (
            f"SELECT r.id FROM record r LEFT JOIN ledger_row l ON l.district = r.district AND l.id = r.id "
            f"WHERE r.district = {m} AND r.type = 'case' AND (l.id IS NULL OR {other}) LIMIT {m}"
        )
        return [row[0] for row in self._connection.exec_driver_sql(sql, (self._district, limit))]

    def orphans(self, limit: int) -> list[str]:
        """Return the ids of up to *limit* rows for which there is no case."""
        m = self._mark
        found: list[str] = []
        for name in ("ledger_row", "ledger_text"):
            sql = (
                f"SELECT l.id FROM {name} l LEFT JOIN record r ON r.district = l.district AND r.id = l.id "
                f"AND r.type = 'case' WHERE l.district = {m} AND r.id IS NULL LIMIT {m}"
            )
            found += [row[0] for row in self._connection.exec_driver_sql(sql, (self._district, limit))]
        return sorted(set(found))[:limit]

    def forget(self, ids: Sequence[str]) -> None:
        """Take the rows *ids* away."""
        condition, wanted = one_of(self._connection, ids)
        for name in ("ledger_row", "ledger_text"):
            sql = f"DELETE FROM {name} WHERE district = {self._mark} AND id {condition}"
            self._connection.exec_driver_sql(sql, (self._district, wanted))

    def index_is_sound(self) -> bool:
        """Say whether the index over the texts, where there is one, holds what they hold; reads all of both."""
        return ledger_grams.is_sound(self._connection)

    def refill_index(self) -> None:
        """Fill the index over the texts anew."""
        ledger_grams.refill(self._connection)

    def _find_by(self, texts: Mapping[str, str]) -> None:
        m, index = self._mark, self._index
        # Acts, which are most of what is written, change no word of it: then nothing is written.
        sql = (
            f"INSERT INTO ledger_text (district, id, text, grams) VALUES ({m}, {m}, {m}, {index.value}) "
            "ON CONFLICT (district, id) DO UPDATE SET text = excluded.text, grams = excluded.grams "
            "WHERE ledger_text.text <> excluded.text OR ledger_text.grams <> excluded.grams"
        )
        rows = [(self._district, case, text, index.kept(text)) for case, text in texts.items()]
        self._connection.exec_driver_sql(sql, rows)


COLUMNS = ", ".join(f'"{name}"' for name in LedgerRow._fields)
_FLAGS = tuple(LedgerRow._fields.index(name) for name in ("void", "asked"))


def read(row: Any) -> LedgerRow:
    """Return a row of the table, its columns in the order of ``COLUMNS``."""
    values = list(row)
    for place in _FLAGS:
        values[place] = bool(values[place])
    return LedgerRow._make(values)


def _ms(fields: Mapping[str, Any], name: str, otherwise: Any = None) -> Any:
    moment = fields.get(name)
    return otherwise if moment is None else ms_of(moment)
