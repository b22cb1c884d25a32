"""
Reckoning in the three clocks of ``schemas.cases.CLOCKS`` 三种时钟.

``urgent_hour`` runs day and night. ``work_hour`` runs from 08:00 to 18:00 of duty days. ``work_day`` counts official
working days: due at 17:30 of the n-th one after the day on which the clock started; half a day ends at 12:00,
and nothing is finer than half a day (what is, is rounded up). A clock that is started while it stands, starts
when it opens next. How much of a ``work_day`` limit is used is measured in the hours of its working days.
"""

import math
from typing import NamedTuple

from schemas.cases import Limit
from server.core.clocks.calendar import DAY_MS, HOUR_MS, START_MS, Calendar, Days, OutsideCalendar, index_of, midnight

OPEN_MS, CLOSE_MS = 8 * HOUR_MS, 18 * HOUR_MS
#: When a day's work is due, and half a day's.
END_OF_DAY_MS, NOON_MS = 17 * HOUR_MS + HOUR_MS // 2, 12 * HOUR_MS
_WINDOW_MS = CLOSE_MS - OPEN_MS
_MINUTE_MS = 60_000
#: So much of a limit is used when its light turns yellow.
YELLOW = 0.75


def due(calendar: Calendar, start_ms: int, limit: Limit) -> int:
    """
    Return the moment by which something started at *start_ms* is due.

    Raises:
        OutsideCalendar: the start or the end lies outside the years of calendars.
    """
    if limit.clock == "work_day":
        started = index_of(opening(calendar, "work_day", start_ms))
        return _end_of_day(calendar.working, calendar.working.before[started + 1], limit.amount)
    return advance(calendar, limit.clock, start_ms, round(limit.amount * HOUR_MS))


def due_and_yellow(calendar: Calendar, start_ms: int, limit: Limit) -> tuple[int, int]:
    """
    Return when something started at *start_ms* is due, and when three quarters of it are used, in one go.

    Raises:
        OutsideCalendar: the start or the end lies outside the years of calendars.
    """
    amount, clock = limit
    if clock == "urgent_hour":
        ran = round(amount * HOUR_MS)
        return start_ms + ran, start_ms + math.ceil(ran * YELLOW)
    days = calendar.duty if clock == "work_hour" else calendar.working
    done = _elapsed(days, start_ms)
    if clock == "work_hour":
        end = done + round(amount * HOUR_MS)
    else:
        counted = math.ceil(amount * 2)
        # A day that is over for the clock counts whole: the clock starts on the next one.
        last = done // _WINDOW_MS + (counted + 1) // 2
        end = last * _WINDOW_MS + (NOON_MS if counted % 2 else END_OF_DAY_MS) - OPEN_MS
    return _moment(days, end), _moment(days, done + math.ceil((end - done) * YELLOW))


def used(calendar: Calendar, start_ms: int, at_ms: int, limit: Limit) -> float:
    """Return which share of *limit*, started at *start_ms*, is used at *at_ms*: 0 before, 1 when due, more later."""
    return share_used(calendar, limit.clock, start_ms, due(calendar, start_ms, limit), at_ms)


def at_share(calendar: Calendar, start_ms: int, limit: Limit, share: float = YELLOW) -> int:
    """Return the moment at which *share* of *limit*, started at *start_ms*, is used."""
    return share_of(calendar, limit.clock, start_ms, due(calendar, start_ms, limit), share)


def share_used(calendar: Calendar, clock: str, start_ms: int, due_ms: int, at_ms: int) -> float:
    """
    Return which share of the time from *start_ms* to *due_ms* is used at *at_ms*, by *clock*.

    Where the clock stands all that while (a date that somebody named, in a holiday), natural time is taken.
    """
    whole = spent(calendar, clock, start_ms, due_ms)
    if whole <= 0:
        clock, whole = "urgent_hour", max(1, due_ms - start_ms)
    return max(0.0, spent(calendar, clock, start_ms, at_ms) / whole)


def share_of(calendar: Calendar, clock: str, start_ms: int, due_ms: int, share: float = YELLOW) -> int:
    """Return the moment at which *share* of the time from *start_ms* to *due_ms* is used, by *clock*."""
    whole = spent(calendar, clock, start_ms, due_ms)
    if whole <= 0:
        clock, whole = "urgent_hour", max(0, due_ms - start_ms)
    return advance(calendar, clock, start_ms, math.ceil(whole * share))


def opening(calendar: Calendar, clock: str, ms: int) -> int:
    """Return when *clock* runs next: *ms* itself where it runs then."""
    days = days_of(calendar, clock)
    if days is None:
        return ms
    index = index_of(ms)
    start = midnight(index)
    if days.flags[index] and ms < start + CLOSE_MS:
        return max(ms, start + OPEN_MS)
    return _nth(days, days.before[index + 1]) + OPEN_MS


def spent(calendar: Calendar, clock: str, from_ms: int, to_ms: int) -> int:
    """Return for how many milliseconds *clock* runs between two moments; negative where the second comes first."""
    days = days_of(calendar, clock)
    return to_ms - from_ms if days is None else _elapsed(days, to_ms) - _elapsed(days, from_ms)


def advance(calendar: Calendar, clock: str, from_ms: int, ran_ms: int) -> int:
    """
    Return the first moment at which *clock* has run for *ran_ms* since *from_ms*; before it where negative.

    A whole day ends when its window closes, not when the next one opens.
    """
    days = days_of(calendar, clock)
    if days is None:
        return from_ms + ran_ms
    return _moment(days, _elapsed(days, from_ms) + ran_ms) if ran_ms else from_ms


def days_of(calendar: Calendar, clock: str) -> Days | None:
    """Return the days on which *clock* runs; None where it runs always."""
    if clock == "work_hour":
        return calendar.duty
    return calendar.working if clock == "work_day" else None


def halves(days: float) -> float:
    """Return *days* as the day clock knows them: rounded up to half days."""
    return math.ceil(days * 2) / 2


def rounded_up(calendar: Calendar, ms: int) -> int:
    """Return the first moment from *ms* on at which the day clock lets anything be due: 12:00 or 17:30."""
    index = index_of(ms)
    for at in (NOON_MS, END_OF_DAY_MS) if calendar.working.flags[index] else ():
        if ms <= midnight(index) + at:
            return midnight(index) + at
    return _nth(calendar.working, calendar.working.before[index + 1]) + NOON_MS


# -- overdue -----------------------------------------------------------------------------------------


class Overdue(NamedTuple):
    """How long something is overdue 超期: ``ms`` by its clock, whole working ``days``, and the words for it."""

    ms: int
    days: int
    zh: str
    en: str


def overdue_by(calendar: Calendar, due_ms: int, now_ms: int, clock: str) -> Overdue | None:
    """Return how long something with a limit of *clock* is overdue, 超期3小时 or 超期2个工作日; None: it is not."""
    if now_ms <= due_ms:
        return None
    ran, days = spent(calendar, clock, due_ms, now_ms), days_overdue(calendar, due_ms, now_ms)
    if clock == "urgent_hour":
        told = _in_days(ran // DAY_MS, "天", "day") if ran >= 2 * DAY_MS else _in_hours(ran)
    else:
        told = _in_days(days, "个工作日", "working day") if days else _in_hours(ran)
    return Overdue(ran, days, *told)


def days_overdue(calendar: Calendar, due_ms: int, now_ms: int) -> int:
    """
    Return how many working days something is overdue, whatever its clock.

    It is one day at 17:30 of the first working day after the day on which it was due, and so on.
    """
    if now_ms <= due_ms:
        return 0
    due_on, now_on = index_of(due_ms), index_of(now_ms)
    if now_ms - midnight(now_on) < END_OF_DAY_MS:
        now_on -= 1
    return max(0, calendar.working.count(due_on, now_on)) if now_on > due_on else 0


def _in_days(days: int, zh: str, en: str) -> tuple[str, str]:
    return f"超期{days}{zh}", f"{days} {en}{'s' * (days > 1)} overdue"


def _in_hours(ms: int) -> tuple[str, str]:
    if ms < _MINUTE_MS:
        return "刚刚超期", "just overdue"
    if ms < HOUR_MS:
        minutes = ms // _MINUTE_MS
        return f"超期{minutes}分钟", f"{minutes} minute{'s' * (minutes > 1)} overdue"
    hours = ms // HOUR_MS
    return f"超期{hours}小时", f"{hours} hour{'s' * (hours > 1)} overdue"


# -- by index ----------------------------------------------------------------------------------------


def _end_of_day(days: Days, before: int, amount: float) -> int:
    """Return when *amount* days are over, where *before* days lie before the first of them."""
    counted = halves(amount)
    last = math.ceil(counted)
    return _nth(days, before + last - 1) + (END_OF_DAY_MS if last == counted else NOON_MS)


def _elapsed(days: Days, ms: int) -> int:
    """Return for how long the window of *days* was open before *ms*, since the first of all days."""
    index = index_of(ms)
    done = days.before[index] * _WINDOW_MS
    if days.flags[index]:
        open_ms = ms - START_MS - index * DAY_MS - OPEN_MS
        if open_ms > 0:
            return done + (open_ms if open_ms < _WINDOW_MS else _WINDOW_MS)
    return done


def _moment(days: Days, elapsed_ms: int) -> int:
    """Return the first moment before which the window of *days* was open for *elapsed_ms*."""
    number, rest = divmod(elapsed_ms - 1, _WINDOW_MS)
    return _nth(days, number) + OPEN_MS + rest + 1


def _nth(days: Days, number: int) -> int:
    """Return the first millisecond of the day of *days* with that number."""
    if not 0 <= number < len(days.nth):
        raise OutsideCalendar("the clock would run beyond the years of calendars")
    return START_MS + days.nth[number] * DAY_MS
