"""
What a district says of its calendar 日历管理: single days, campaigns, years whose holidays it entered itself.

Each call is one transaction. Nothing is ever overwritten, and days that are over are left as they were: deadlines
have been reckoned with them.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple, TypeVar

from schemas.moments import day_of
from server.core.clocks.calendar import LAST, Word
from server.storage.calendars import DayWord, Period
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.manage_people import find_person
from server.usecases.mistakes import Mistake
from server.usecases.official_days import official_days
from server.usecases.read_calendar import KNOWN, campaigns, standing

T = TypeVar("T")

_MOST_REASON, _MOST_NAME = 300, 60
#: A campaign is a stretch of at most so many days.
_MOST_DAYS = 366


class Said(NamedTuple):
    """
    Who says something, why, and when.

    Attributes:
        by: A name, a staff number or an id; empty for whoever sits at the server.
    """

    reason: str
    by: str
    now_ms: int

    @property
    def today(self) -> str:
        """The day on which it is said."""
        return day_of(self.now_ms)


def set_day(store: Store, district: str, day: date, word: Word | None, said: Said) -> None:
    """
    Say what *day* is; None: as it was announced after all.

    Raises:
        Mistake: it is over, or too far away; no reason is given; there was no word to take back.
    """
    _refuse_past(day, said)

    def say(work: UnitOfWork) -> None:
        if word is None and day.isoformat() not in standing(work.calendars.days()):
            raise Mistake(f"{day} 没有本区的设定。", f"The district has said nothing of {day}.")
        _keep(work, day.isoformat(), word, said)

    _change(store, district, say)


def confirm_year(store: Store, district: str, year: int, said: Said) -> None:
    """
    Say that the holidays of *year*, which the program does not know, have been entered in full.

    Raises:
        Mistake: the program knows the year; or not a single day of it was entered.
    """

    def say(work: UnitOfWork) -> None:
        if year in official_days().years:
            raise Mistake(f"{year} 年的放假安排已经有了。", f"The holidays of {year} are known already.")
        if not any(day.startswith(f"{year}-") for day in standing(work.calendars.days())):
            raise Mistake(
                f"{year} 年还没有设定任何一天，请先用 calendar set 录入放假和调休。",
                f"Nothing was entered for {year}; enter its holidays first with calendar set.",
            )
        _keep(work, str(year), KNOWN, said)

    _change(store, district, say)


def add_campaign(store: Store, district: str, name: str, first: date, last: date, said: Said) -> None:
    """
    Plan a campaign from *first* to *last*, both included.

    Raises:
        Mistake: its name is taken or no name; it has begun before today, ends before it begins, or is too long.
    """
    _refuse_past(first, said)
    _check_length(first, last)
    if not 1 <= len(name.strip()) <= _MOST_NAME:
        raise Mistake(f"名称应为 1 至 {_MOST_NAME} 字。", f"A name has 1 to {_MOST_NAME} characters.")

    def plan(work: UnitOfWork) -> None:
        if any(known.name == name for known in campaigns(work.calendars.periods())):
            raise Mistake(
                f"已有“{name}”；改期请用 campaign until，另一次请另取名称。",
                f"There is a '{name}' already: move its end with campaign until, or take another name.",
            )
        work.calendars.plan([_period(work, name, first, last, said)])

    _change(store, district, plan)


def move_campaign_end(store: Store, district: str, name: str, last: date, said: Said) -> None:
    """
    Let a campaign end on *last*, earlier or later than planned; days that are over stay as they were.

    Raises:
        Mistake: there is no such campaign; it, or the new end, is over.
    """

    def move(work: UnitOfWork) -> None:
        known = _find_campaign(work, name)
        _refuse_over(known, said)
        _refuse_past(last, said)
        first = date.fromisoformat(known.first)
        _check_length(first, last)
        work.calendars.plan([_period(work, name, first, last, said)])

    _change(store, district, move)


def call_off_campaign(store: Store, district: str, name: str, said: Said) -> None:
    """
    Call off a campaign that has not begun.

    Raises:
        Mistake: there is no such campaign, or it has begun.
    """

    def call_off(work: UnitOfWork) -> None:
        known = _find_campaign(work, name)
        if known.first <= said.today:
            raise Mistake(
                f"“{name}”已经开始，只能提前结束：campaign until。",
                f"'{name}' has begun; it can only be ended earlier: campaign until.",
            )
        work.calendars.plan([_period(work, name, date.fromisoformat(known.first), None, said)])

    _change(store, district, call_off)


def _find_campaign(work: UnitOfWork, name: str) -> Period:
    for known in campaigns(work.calendars.periods()):
        if known.name == name:
            return known
    raise Mistake(f"没有“{name}”。", f"There is no '{name}'.")


def _refuse_over(period: Period, said: Said) -> None:
    if (period.last or "") < said.today:
        raise Mistake(f"“{period.name}”已于 {period.last} 结束。", f"'{period.name}' ended on {period.last}.")


def _refuse_past(day: date, said: Said) -> None:
    if day.isoformat() < said.today:
        raise Mistake(
            f"{day} 已经过去，时限已按当时的日历计算，不能再改。",
            f"{day} is over: deadlines were reckoned with it, and it stays as it was.",
        )
    if day > LAST:
        raise Mistake(f"日历只到 {LAST}。", f"Calendars end on {LAST}.")


def _check_length(first: date, last: date) -> None:
    if not timedelta(0) <= last - first < timedelta(_MOST_DAYS):
        raise Mistake(
            f"结束不能早于开始，最长 {_MOST_DAYS} 天。", f"It ends after it begins, and has {_MOST_DAYS} days at most."
        )


def _keep(work: UnitOfWork, day: str, word: str | None, said: Said) -> None:
    work.calendars.say([DayWord(day, word, reason_of(said), by_of(work, said), said.now_ms)])


def _period(work: UnitOfWork, name: str, first: date, last: date | None, said: Said) -> Period:
    until = None if last is None else last.isoformat()
    return Period(name, first.isoformat(), until, reason_of(said), by_of(work, said), said.now_ms)


def reason_of(said: Said) -> str:
    """Return the reason given; Mistake: there is none, or it is too long."""
    reason = said.reason.strip()
    if not 1 <= len(reason) <= _MOST_REASON:
        raise Mistake(
            f"请用 --reason 写明依据，1 至 {_MOST_REASON} 字。",
            f"Give the reason with --reason, 1 to {_MOST_REASON} characters.",
        )
    return reason


def by_of(work: UnitOfWork, said: Said) -> str:
    """Return the id of whoever says it, empty for the server itself; Mistake: nobody, or several, go by that."""
    return find_person(work, said.by).id if said.by else ""


def _change(store: Store, district: str, change: Callable[[UnitOfWork], T]) -> T:
    def attempt() -> T:
        with store.work(district) as work:
            result = change(work)
            work.commit()
        return result

    return retrying(attempt)
