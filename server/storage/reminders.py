"""
Reminders as they are kept 提醒存储: the district's words on them, and what each person is to be told once.

An item waits until it goes out in a notice. It is over where what it was about is; then nobody is told, and no
further step is taken.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select

from schemas import wire
from server.storage.bulk import add_rows, mark, one_of, update_rows
from server.storage.office_tables import reminder as word_table
from server.storage.office_tables import reminder_item as table


class ReminderWord(NamedTuple):
    """What was said of a reminder; ``said`` is None where the district takes its words back."""

    code: str
    said: dict[str, Any] | None
    reason: str
    by: str
    at_ms: int


class Item(NamedTuple):
    """
    What one person is to be told; times in milliseconds.

    Attributes:
        code, period, target: Its key.
        notice, sent_ms: The notice it went out in, and when; None: it waits.
        acked_ms: When that was acknowledged.
        over_ms: When it was found that what it is about is over.
        next_ms: When the next step is taken, unless it is acknowledged or over by then.
    """

    code: str
    period: str
    target: str
    person: str
    subject: str | None
    grid: str
    step: int
    critical: bool
    zh: str
    en: str
    made_ms: int
    notice: str | None = None
    sent_ms: int | None = None
    acked_ms: int | None = None
    over_ms: int | None = None
    next_ms: int | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from every other."""
        return self.code, self.period, self.target


class Sought(NamedTuple):
    """Which items are wanted, the newest first; ``after`` is (made_ms, code, period, target) of the last one seen."""

    person: str | None = None
    code: str | None = None
    since_ms: int | None = None
    after: tuple[int, str, str, str] | None = None
    limit: int = 50


#: No step is further away: what is to wait until then was written under a clock that went back since.
_LONGEST_MS = 8 * 24 * 3_600_000
_NAMES = ", ".join(f'"{name}"' for name in Item._fields)
_CRITICAL = Item._fields.index("critical")
_KEY = ("district", "code", "period", "target")
_UNSENT = "notice IS NULL AND over_ms IS NULL"


class ReminderStore:
    """The reminders of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)
        self._locking = " FOR UPDATE" if connection.dialect.name == "postgresql" else ""

    # -- words ---------------------------------------------------------------------------------------

    def words(self, code: str | None = None) -> list[ReminderWord]:
        """Return every word on reminders, or on the reminder *code*, as they were said."""
        query = select(word_table).where(word_table.c.district == self._district).order_by(word_table.c.n)
        if code is not None:
            query = query.where(word_table.c.code == code)
        rows = self._connection.execute(query)
        return [ReminderWord(r.code, r.said and wire.decode_json(r.said), r.reason, r.by, r.at_ms) for r in rows]

    def say(self, word: ReminderWord) -> None:
        """Add one word; two at once cannot take one number, for it is part of the key."""
        last = select(func.coalesce(func.max(word_table.c.n), 0)).where(word_table.c.district == self._district)
        n = self._connection.execute(last).scalar_one() + 1
        said = None if word.said is None else wire.canonical(word.said).decode()
        values = {"district": self._district, "n": n} | word._asdict() | {"said": said}
        self._connection.execute(insert(word_table), values)

    # -- items ---------------------------------------------------------------------------------------

    def put(self, items: Sequence[Item]) -> None:
        """Keep new items; one that is there already, made by whomever, stays as it is."""
        add_rows(self._connection, table, [(self._district, *item) for item in items])

    def known(self, code: str, since: str, subjects: Iterable[str] | None = None) -> set[tuple[str, str]]:
        """Return what *code* was made for in the periods from *since* on, as (period, subject); every step alike."""
        m = self._mark
        sql = (
            f"SELECT DISTINCT period, subject FROM reminder_item WHERE district = {m} AND code = {m} AND period >= {m}"
        )
        values: list[Any] = [self._district, code, since]
        if subjects is not None:
            condition, wanted = one_of(self._connection, subjects)
            sql, values = f"{sql} AND subject {condition}", [*values, wanted]
        return {(row[0], row[1] or "") for row in self._connection.exec_driver_sql(sql, tuple(values))}

    def people_waiting(self, after: str, limit: int, *, critical: bool = False) -> list[str]:
        """Return up to *limit* people behind *after* for whom something (*critical*) waits, by id."""
        m = self._mark
        such = " AND critical" if critical else ""
        sql = (
            f"SELECT DISTINCT person FROM reminder_item WHERE district = {m} AND {_UNSENT}{such} AND person > {m} "
            f"ORDER BY person LIMIT {m}"
        )
        return [row[0] for row in self._connection.exec_driver_sql(sql, (self._district, after, limit))]

    def waiting(self, people: Iterable[str]) -> list[Item]:
        """Return what waits for *people*, locked, person by person."""
        condition, wanted = one_of(self._connection, people)
        found = f"{_UNSENT} AND person {condition} ORDER BY person, code, period, target"
        return self._read(found + self._locking, [wanted])

    def last_sent(self, people: Iterable[str], since_ms: int, until_ms: int) -> dict[str, int]:
        """Return when those of *people* who were sent a notice from *since_ms* to *until_ms* were sent the last one."""
        condition, wanted = one_of(self._connection, people)
        m = self._mark
        sql = (
            f"SELECT person, max(sent_ms) FROM reminder_item WHERE district = {m} AND person {condition} "
            f"AND sent_ms BETWEEN {m} AND {m} GROUP BY person"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, wanted, since_ms, until_ms))
        return {row[0]: row[1] for row in rows}

    def sent(self, items: Sequence[Item]) -> None:
        """Write down in which notice *items* went out, when, and when the next step is due."""
        self._write(("notice", "sent_ms", "next_ms"), items)

    def end(self, items: Sequence[Item], now_ms: int) -> None:
        """Write down that what *items* are about was over at *now_ms*: nothing more comes of them."""
        self._write(("over_ms", "next_ms"), [item._replace(over_ms=now_ms, next_ms=None) for item in items])

    def steps_due(self, now_ms: int, limit: int) -> list[Item]:
        """Return up to *limit* items whose next step is due, locked."""
        m = self._mark
        found = f"(next_ms <= {m} OR next_ms > {m}) ORDER BY next_ms, code, period, target LIMIT {m}"
        return self._read(found + self._locking, [now_ms, now_ms + _LONGEST_MS, limit])

    def stepped(self, items: Sequence[Item]) -> None:
        """Write down that the next step of *items* was taken."""
        self._write(("next_ms",), [item._replace(next_ms=None) for item in items])

    def acknowledge(self, notices: Iterable[str], now_ms: int) -> None:
        """Write down that *notices* were acknowledged: no further step is taken for what stands in them."""
        condition, wanted = one_of(self._connection, notices)
        m = self._mark
        sql = (
            f"UPDATE reminder_item SET acked_ms = {m}, next_ms = NULL "
            f"WHERE district = {m} AND notice {condition} AND acked_ms IS NULL"
        )
        self._connection.exec_driver_sql(sql, (now_ms, self._district, wanted))
        # One answer is enough: nobody asks the next one because of those who heard the same and kept silent.
        same = " AND ".join(f"a.{name} = reminder_item.{name}" for name in ("district", "code", "period", "subject"))
        sql = (
            f"UPDATE reminder_item SET next_ms = NULL WHERE district = {m} AND next_ms IS NOT NULL "
            f"AND EXISTS (SELECT 1 FROM reminder_item a WHERE {same} AND a.notice {condition})"
        )
        self._connection.exec_driver_sql(sql, (self._district, wanted))

    def heard(self, items: Sequence[Item]) -> dict[tuple[str, str, str], set[str]]:
        """Return who was told of the matters of *items*, or is to be: people by code, period and subject."""
        m = self._mark
        found: dict[tuple[str, str, str], set[str]] = {}
        sql = f"SELECT person FROM reminder_item WHERE district = {m} AND code = {m} AND period = {m} AND subject = {m}"
        for code, period, subject in {(one.code, one.period, one.subject or "") for one in items}:
            rows = self._connection.exec_driver_sql(sql, (self._district, code, period, subject))
            found[code, period, subject] = {row[0] for row in rows}
        return found

    def first_of(self, items: Sequence[Item]) -> list[Item]:
        """Return those of *items* of whose matter nobody was told in any other notice."""
        m = self._mark
        sql = (
            f"SELECT 1 FROM reminder_item WHERE district = {m} AND code = {m} AND period = {m} AND subject = {m} "
            f"AND notice IS NOT NULL LIMIT 1"
        )
        found: dict[tuple[str, str, str], Item] = {}
        for one in items:
            found.setdefault((one.code, one.period, one.subject or ""), one)
        return [
            one
            for key, one in found.items()
            if self._connection.exec_driver_sql(sql, (self._district, *key)).first() is None
        ]

    def find(self, sought: Sought) -> list[Item]:
        """Return the items that *sought* describes, the newest first."""
        m = self._mark
        conditions, values = ["TRUE"], list[Any]()
        for condition, value in (("person =", sought.person), ("code =", sought.code), ("made_ms >=", sought.since_ms)):
            if value is not None:
                conditions.append(f"{condition} {m}")
                values.append(value)
        if sought.after is not None:
            conditions.append(f"(made_ms, code, period, target) < ({m}, {m}, {m}, {m})")
            values += sought.after
        order = "ORDER BY made_ms DESC, code DESC, period DESC, target DESC"
        return self._read(f"{' AND '.join(conditions)} {order} LIMIT {m}", [*values, sought.limit])

    def forget(self, before_ms: int, before: str, limit: int) -> int:
        """
        Delete up to *limit* items made before *before_ms* that went out or are over; return how many.

        What may be found once more stays, so that nobody is told of it again: a period behind *before*, written as
        periods are; and what became of a report as long as its reporter is known.
        """
        m = self._mark
        reporter = f"EXISTS (SELECT 1 FROM reporter p WHERE p.district = {m} AND p.id = reminder_item.subject)"
        keys = (
            f"SELECT code, period, target FROM reminder_item WHERE district = {m} AND made_ms < {m} "
            f"AND (notice IS NOT NULL OR over_ms IS NOT NULL) AND next_ms IS NULL "
            f"AND (period < {m} OR (period >= 'a' AND NOT {reporter})) ORDER BY made_ms LIMIT {m}"
        )
        sql = f"DELETE FROM reminder_item WHERE district = {m} AND (code, period, target) IN ({keys})"
        values = (self._district, self._district, before_ms, before, self._district, limit)
        return self._connection.exec_driver_sql(sql, values).rowcount

    def _write(self, columns: tuple[str, ...], items: Sequence[Item]) -> None:
        rows = [(*(getattr(item, name) for name in columns), self._district, *item.key) for item in items]
        update_rows(self._connection, table, columns, _KEY, rows)

    def _read(self, condition: str, values: list[Any]) -> list[Item]:
        sql = f"SELECT {_NAMES} FROM reminder_item WHERE district = {self._mark} AND {condition}"
        rows = self._connection.exec_driver_sql(sql, (self._district, *values))
        # SQLite knows no booleans.
        return [Item._make(row)._replace(critical=bool(row[_CRITICAL])) for row in rows]
