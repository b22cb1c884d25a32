"""
What the State Council announced 国务院放假安排, as the package chinesecalendar has it: 2004 until its last year.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache

import chinese_calendar

from server.core.clocks.calendar import Official

_SATURDAY = 5


@cache
def official_days() -> Official:
    """Return the holidays and make-up days of every year the installed package knows; read once a process."""
    holidays: Mapping[date, str] = chinese_calendar.holidays
    workdays: Mapping[date, str] = chinese_calendar.workdays
    return Official(
        years=frozenset(range(min(holidays).year, max(holidays).year + 1)),
        # A day that is in both lists is worked on.
        off=frozenset(day for day in holidays.keys() - workdays.keys() if day.weekday() < _SATURDAY),
        make_up=frozenset(day for day in workdays if day.weekday() >= _SATURDAY),
    )
