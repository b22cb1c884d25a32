"""
Which days count 日历: official working days with their holidays and make-up days, the district's own word, campaigns.

What is asked most, "how many such days lie before this one" and "which is the n-th", is looked up in
tables that are laid out once for a calendar; there are no loops over days afterwards.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from itertools import accumulate, compress
from typing import Literal, NamedTuple

from schemas.moments import BEIJING

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
#: Before 1992 clocks here were put forward in summer; no deadline is reckoned that long ago.
FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)

#: ``work``: a working day, whatever the week says 上班. ``off``: a day of rest 放假; in a campaign people are on
#: duty all the same. ``stop``: nobody is on duty, campaign or not 停工 (a typhoon, a closed district).
Word = Literal["work", "off", "stop"]
WORDS: Mapping[Word, tuple[str, str]] = {
    "work": ("上班", "working day"),
    "off": ("放假", "day of rest"),
    "stop": ("停工", "no duty at all"),
}

_OFFSET_MS = BEIJING.utcoffset(None) // timedelta(milliseconds=1)
_EPOCH = date(1970, 1, 1).toordinal()
_SATURDAY = 5


class OutsideCalendar(ValueError):
    """A moment lies in no year that calendars are laid out for: 2000 to 2099."""


class Official(NamedTuple):
    """
    What the State Council announced 国务院放假安排, as plain data.

    Attributes:
        years: The years it was announced for.
        off: Days from Monday to Friday without work.
        make_up: Saturdays and Sundays with work 调休上班.
    """

    years: frozenset[int] = frozenset()
    off: frozenset[date] = frozenset()
    make_up: frozenset[date] = frozenset()


class Campaign(NamedTuple):
    """A stretch of days, both ends included, in which every day is a duty day 百日会战."""

    name: str
    first: date
    last: date


class Days:
    """
    The days of one kind, numbered as they come.

    Args:
        flags: For each day from ``FIRST`` on, whether it is of that kind.
    """

    __slots__ = ("before", "flags", "nth")

    def __init__(self, flags: Iterable[bool]) -> None:
        self.flags = list(flags)
        #: By index of a day: how many such days lie before it; one entry more than there are days.
        self.before = [0, *accumulate(self.flags)]
        #: By number, from 0: the index of that day.
        self.nth = list(compress(range(len(self.flags)), self.flags))

    def count(self, after: int, until: int) -> int:
        """Return how many such days lie after the day *after*, up to and with the day *until* (indexes)."""
        return self.before[until + 1] - self.before[after + 1]


class Calendar:
    """
    The calendar of one district 日历. It never changes: lay one out once and keep it.

    Args:
        official: What was announced.
        words: What the district said of single days; it outranks everything else.
        campaigns: When every day is a duty day.
        confirmed: Years without announced data whose holidays the district entered in full as *words*.
    """

    __slots__ = ("campaigns", "confirmed", "duty", "official", "words", "working")

    def __init__(
        self,
        official: Official,
        words: Mapping[date, Word] | None = None,
        campaigns: Iterable[Campaign] = (),
        confirmed: Collection[int] = (),
    ) -> None:
        self.official = official
        self.words: Mapping[date, Word] = dict(words or {})
        self.campaigns = tuple(campaigns)
        self.confirmed = frozenset(confirmed)
        working = self._working()
        #: Official working days 法定工作日, and the days on which ``work_hour`` runs 值勤日.
        self.working = Days(working)
        self.duty = Days(self._duty(working))

    def known(self, year: int) -> bool:
        """Say whether the holidays of *year* are known; if not, Monday to Friday are taken for working days."""
        return year in self.official.years or year in self.confirmed

    def unknown_years(self, start_ms: int, end_ms: int) -> tuple[int, ...]:
        """Return the years between two moments whose holidays are not known: to be told with what was reckoned."""
        first, last = day_on(index_of(min(start_ms, end_ms))), day_on(index_of(max(start_ms, end_ms)))
        return tuple(year for year in range(first.year, last.year + 1) if not self.known(year))

    def is_working_day(self, day: date) -> bool:
        """Say whether *day* is an official working day 法定工作日; OutsideCalendar: not of 2000 to 2099."""
        return self.working.flags[index_on(day)]

    def is_duty_day(self, day: date) -> bool:
        """Say whether ``work_hour`` runs on *day* 值勤日; OutsideCalendar: not of 2000 to 2099."""
        return self.duty.flags[index_on(day)]

    def _working(self) -> list[bool]:
        flags = list(_WEEKS)
        said = [(day, False) for day in self.official.off] + [(day, True) for day in self.official.make_up]
        for day, counts in (*said, *((day, word == "work") for day, word in self.words.items())):
            if FIRST <= day <= LAST:
                flags[_index(day)] = counts
        return flags

    def _duty(self, working: list[bool]) -> list[bool]:
        flags = list(working)
        for campaign in self.campaigns:
            for index in range(_index(max(campaign.first, FIRST)), _index(min(campaign.last, LAST)) + 1):
                flags[index] = True
        for day, word in self.words.items():
            if word == "stop" and FIRST <= day <= LAST:
                flags[_index(day)] = False
        return flags


def _index(day: date) -> int:
    return day.toordinal() - _FIRST_ORDINAL


_FIRST_ORDINAL = FIRST.toordinal()
_LENGTH = _index(LAST) + 1
#: The first millisecond of ``FIRST`` here.
START_MS = (_FIRST_ORDINAL - _EPOCH) * DAY_MS - _OFFSET_MS
_SPAN_MS = _LENGTH * DAY_MS
#: By index of a day: whether it is one from Monday to Friday.
_WEEKS = [(FIRST.weekday() + index) % 7 < _SATURDAY for index in range(_LENGTH)]


def index_of(ms: int) -> int:
    """
    Return the index of the day on which the moment *ms* lies here.

    Raises:
        OutsideCalendar: it lies before 2000 or after 2099.
    """
    since = ms - START_MS
    if not 0 <= since < _SPAN_MS:
        raise OutsideCalendar(f"{ms} lies outside the years {FIRST.year} to {LAST.year}")
    return since // DAY_MS


def index_on(day: date) -> int:
    """
    Return the index of *day*.

    Raises:
        OutsideCalendar: it lies before 2000 or after 2099.
    """
    if not FIRST <= day <= LAST:
        raise OutsideCalendar(f"{day} lies outside the years {FIRST.year} to {LAST.year}")
    return _index(day)


def day_on(index: int) -> date:
    """Return the day at *index*."""
    return date.fromordinal(_FIRST_ORDINAL + index)


def midnight(index: int) -> int:
    """Return the first millisecond here of the day at *index*."""
    return START_MS + index * DAY_MS


def day_of(ms: int) -> date:
    """Return the day on which the moment *ms* lies here; OutsideCalendar: not in 2000 to 2099."""
    return day_on(index_of(ms))
