"""
The weeks and months that lists are about 评比周期: whole ones, weeks from Monday to Sunday.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from schemas.moments import ms_of

_DAY = timedelta(days=1)
_DAY_MS = 24 * 3_600_000
_WEEK = 7


class Span(NamedTuple):
    """From one day to another, both counted, as 2020-07-13 and 2020-07-19."""

    first: str
    last: str

    @property
    def since_ms(self) -> int:
        """When it begins."""
        return ms_of(f"{self.first}T00:00:00+08:00")

    @property
    def until_ms(self) -> int:
        """The first moment behind it."""
        return ms_of(f"{self.last}T00:00:00+08:00") + _DAY_MS

    def days(self) -> Iterator[str]:
        """Yield its days."""
        day = date.fromisoformat(self.first)
        while day.isoformat() <= self.last:
            yield day.isoformat()
            day += _DAY


def week_of(day: str) -> Span:
    """Return the week in which *day* lies."""
    on = date.fromisoformat(day)
    monday = on - timedelta(days=on.weekday())
    return Span(monday.isoformat(), (monday + timedelta(days=_WEEK - 1)).isoformat())


def month_of(day: str) -> Span:
    """Return the month in which *day* lies."""
    first = date.fromisoformat(day).replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return Span(first.isoformat(), (following - _DAY).isoformat())


def before(span: Span, *, month: bool = False) -> Span:
    """Return the week before *span*, or the month before."""
    day = (date.fromisoformat(span.first) - _DAY).isoformat()
    return month_of(day) if month else week_of(day)


def days_before(day: str, days: int) -> str:
    """Return the day so many days before *day*."""
    return (date.fromisoformat(day) - timedelta(days=days)).isoformat()
