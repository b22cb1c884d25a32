"""
The patrol plan of a day 巡查计划: what is due in each grid, and what of it is done; and how often things are due.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from schemas import patrol
from schemas.directory import area_id
from schemas.moments import ms_of
from schemas.patrol import GridPlan, PatrolDay
from server.core.clocks.calendar import FIRST, Calendar
from server.core.importing.wanted import Wanted
from server.storage.settings import Word
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.bring_in import bring_in_within
from server.usecases.mistakes import Mistake
from server.usecases.read_calendar import read_calendar

SETTING = "patrol"
_DAY_MS = 86_400_000


def rhythm(work: UnitOfWork) -> dict[str, int]:
    """Return every how many days each kind of thing is due in the district; see ``patrol.STANDARD``."""
    return patrol.rhythm_of(work.settings.get(SETTING))


def plans(work: UnitOfWork, day: str, now_ms: int, area: str = "") -> dict[str, GridPlan]:
    """
    Return the plan of *day* (2020-07-18) by grid; a grid with nothing due and nothing checked is left out.

    What the office received until *now_ms* counts. Ids, not names, stand in it: whoever hands it on sees to areas.

    Args:
        work: For reading; needs no transaction.
        area: Only the grids in it, a code of district level or below; empty: all of the district.
    """
    entries = [patrol.Entry(*one) for one in work.patrol.entries(patrol.REGISTERS, area or work.district)]
    wanted = patrol.targets(entries, rhythm(work), day)
    looked = work.patrol.looked_at([one.id for one in wanted], day, _since(day), now_ms)
    last = {target: one.last for target, one in looked.items() if one.last is not None}
    seen = {target: one.seen for target, one in looked.items() if one.seen}
    return patrol.plan(wanted, last, seen, patrol_day(read_calendar(work), day))


def _since(day: str) -> int:
    """Return the moment before which no check matters: what is older than the longest interval is due."""
    # A check is made on its day and may be corrected later, never before; clocks may be a day apart.
    return ms_of(f"{day}T00:00:00+08:00") - (patrol.LONGEST + 1) * _DAY_MS


def patrol_day(calendar: Calendar, day: str) -> PatrolDay:
    """Return what kind of day *day* is: whether people are on duty, and how long nobody was before it."""
    on = date.fromisoformat(day)
    rest = 0
    before = on - timedelta(days=1)
    while before >= FIRST and rest < patrol.LONGEST and not calendar.is_duty_day(before):
        rest, before = rest + 1, before - timedelta(days=1)
    return PatrolDay(day, calendar.is_duty_day(on), rest)


# -- intervals ----------------------------------------------------------------------------------------


class Interval(NamedTuple):
    """Every how many days one kind is due; ``own`` where the district said so."""

    name: str
    zh: str
    en: str
    days: int
    standard: int

    @property
    def own(self) -> bool:
        """Whether it is not the standard."""
        return self.days != self.standard


def intervals(work: UnitOfWork) -> list[Interval]:
    """Return every interval of the district."""
    days = rhythm(work)
    return [Interval(name, *patrol.WORDS[name], days[name], standard) for name, standard in patrol.STANDARD.items()]


def set_intervals(
    store: Store, district: str, wanted: Mapping[str, int | None], reason: str, by: str, now_ms: int
) -> list[Interval]:
    """
    Let things be due every so many days from now on, and return all intervals; the others stay as they are.

    Args:
        wanted: By name; None: the standard again.

    Raises:
        Mistake: There is no such name, or an interval is not 1 to 31 days.
    """
    for name, days in wanted.items():
        if name not in patrol.STANDARD:
            raise Mistake(f"没有“{name}”这一项，见 patrol show。", f"There is no '{name}'; see patrol show.")
        if days is not None and not patrol.is_interval(days):
            raise Mistake(
                f"“{name}”的巡查周期应为1至{patrol.LONGEST}天。", f"'{name}' takes 1 to {patrol.LONGEST} days."
            )

    def attempt() -> list[Interval]:
        with store.work(district) as work:
            said = {**(work.settings.get(SETTING) or {}), **wanted}
            said = {name: days for name, days in said.items() if days is not None}
            work.settings.say(Word(SETTING, said or None, reason, by, now_ms))
            told = intervals(work)
            _tell_tablets(work, said, now_ms)
            work.commit()
        return told

    return retrying(attempt)


def _tell_tablets(work: UnitOfWork, said: dict[str, int], now_ms: int) -> None:
    """Let the district's own record say it: tablets plan without a network."""
    record = area_id(work.district)
    if work.records.get([record]):
        bring_in_within(work, [Wanted("area", record, work.district, {"patrol": said or None})], now_ms)
