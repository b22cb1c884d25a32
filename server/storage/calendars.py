"""
What a district said of its calendar and its limits 日历与时限: every word is kept, in the order in which it was said.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, insert, select

from server.storage.ledger_tables import calendar_day, campaign_period, time_limit


class DayWord(NamedTuple):
    """A word on one day, or on a year; ``word`` is None where an earlier one is taken back."""

    day: str
    word: str | None
    reason: str
    by: str
    at_ms: int


class Period(NamedTuple):
    """A campaign from the day ``first`` to ``last``; ``last`` is None where it was called off."""

    name: str
    first: str
    last: str | None
    reason: str
    by: str
    at_ms: int


class LimitRow(NamedTuple):
    """A limit as the table ``time_limit`` holds it; grade 0: all grades, variant "": the class as such."""

    problem_class: str
    grade: int
    variant: str
    amount: float
    clock: str
    valid_from: str
    valid_to: str | None
    reason: str
    by: str
    at_ms: int


class CalendarStore:
    """The calendar and the limits of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district

    def days(self) -> list[DayWord]:
        """Return every word on a day or a year, as they were said."""
        return [DayWord(*row) for row in self._read(calendar_day, DayWord._fields)]

    def periods(self) -> list[Period]:
        """Return every word on a campaign, as they were said."""
        return [Period(*row) for row in self._read(campaign_period, Period._fields)]

    def limits(self) -> list[LimitRow]:
        """Return every limit, as they were written."""
        return [LimitRow(*row) for row in self._read(time_limit, LimitRow._fields)]

    def say(self, words: Sequence[DayWord]) -> None:
        """Add words on days."""
        self._add(calendar_day, words)

    def plan(self, periods: Sequence[Period]) -> None:
        """Add words on campaigns."""
        self._add(campaign_period, periods)

    def allow(self, limits: Sequence[LimitRow]) -> None:
        """Add limits."""
        self._add(time_limit, limits)

    def _read(self, table: Table, names: Sequence[str]) -> Any:
        columns = [table.c[name] for name in names]
        asked = select(*columns).where(table.c.district == self._district).order_by(table.c.n)
        return self._connection.execute(asked)

    def _add(self, table: Table, rows: Sequence[DayWord | Period | LimitRow]) -> None:
        # Whoever says something at the same moment takes the same number, and one of the two tries again.
        last = select(func.coalesce(func.max(table.c.n), 0)).where(table.c.district == self._district)
        n = self._connection.execute(last).scalar_one()
        for row in rows:
            n += 1
            self._connection.execute(insert(table).values(district=self._district, n=n, **row._asdict()))
