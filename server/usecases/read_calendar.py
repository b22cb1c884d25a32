"""
The calendar and the limits a district goes by 读取日历与时限: what was announced, and what the district said beside it.
"""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import cast

from schemas.cases import Limit
from server.core.clocks.calendar import Calendar, Campaign, Word
from server.core.clocks.limits import Row
from server.storage.calendars import DayWord, LimitRow, Period
from server.storage.unit_of_work import UnitOfWork
from server.usecases.official_days import official_days

#: What is said of a year whose holidays the district has entered in full.
KNOWN = "known"
#: Districts, each with one calendar, that a process keeps laid out.
_KEPT = 64


def read_calendar(work: UnitOfWork) -> Calendar:
    """Return the district's calendar; the same one until somebody says something new."""
    return _laid_out(tuple(standing(work.calendars.days()).values()), tuple(campaigns(work.calendars.periods())))


def read_limits(work: UnitOfWork) -> tuple[Row, ...]:
    """Return the district's limits as they were written, for ``server.core.clocks.limits.limit_of``."""
    return tuple(row_of(kept) for kept in work.calendars.limits())


def standing(words: Iterable[DayWord]) -> dict[str, DayWord]:
    """Return the last word on each day and year, by day, where it was not taken back."""
    last = {word.day: word for word in words}
    return {day: word for day, word in sorted(last.items()) if word.word is not None}


def campaigns(periods: Iterable[Period]) -> list[Period]:
    """Return the last word on each campaign, by its beginning, where it was not called off."""
    last = {period.name: period for period in periods}
    return sorted((period for period in last.values() if period.last is not None), key=lambda period: period.first)


def row_of(kept: LimitRow) -> Row:
    """Return a kept limit as it is reckoned with."""
    until = None if kept.valid_to is None else date.fromisoformat(kept.valid_to)
    limit = Limit(kept.amount, kept.clock)
    return Row(kept.problem_class, kept.grade, kept.variant, limit, date.fromisoformat(kept.valid_from), until)


@lru_cache(_KEPT)
def _laid_out(said: tuple[DayWord, ...], periods: tuple[Period, ...]) -> Calendar:
    words = {date.fromisoformat(one.day): cast(Word, one.word) for one in said if one.word != KNOWN}
    known = {int(one.day) for one in said if one.word == KNOWN}
    runs = [
        Campaign(period.name, date.fromisoformat(period.first), date.fromisoformat(period.last))
        for period in periods
        if period.last is not None
    ]
    return Calendar(official_days(), words, runs, known)
