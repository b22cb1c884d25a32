"""
Close a day 日终截止: one frozen, numbered report for each street and one for the district.

A report is written once: its id follows from area and day, and one row per period and area stands before it. What is
received later is told in the next report; nothing is ever written over.
"""

from datetime import date, timedelta
from functools import partial
from typing import NamedTuple

from schemas import day_text, wire
from schemas.day_figures import DayFigures, as_fields
from schemas.moments import day_of, instant, ms_of
from schemas.mutations import MAX_MUTATION_BYTES
from schemas.records import Fields
from schemas.reports import DAY_REPORT, MOST_TEXT, day_report_id
from server.core import digesting
from server.core.importing.wanted import Wanted
from server.storage.settings import Word
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.bring_in import bring_in_within
from server.usecases.day_digest import gather, streets_of
from server.usecases.mistakes import Mistake
from server.usecases.push_text import push_text

JOB = "cut_off"
SETTING = "cut_off"
DIGEST = "digest"
_MADE_UP = 31
#: Room for what stands around the fields in a mutation.
_MOST_BYTES = MAX_MUTATION_BYTES - 4_096
_TITLE = "创卫日报 Daily digest"


class CutOff(NamedTuple):
    """Which areas' reports of a day were made now, and how many had been made before."""

    day: str
    made: tuple[str, ...]
    before: int


def cut_off(store: Store, district: str, period_ms: int, now_ms: int) -> CutOff:
    """
    Close the day on which *period_ms* lies; done already, it changes nothing.

    What was received until *now_ms* counts: a server that was down at the cut-off says so by its 数据截至.
    """
    day = day_of(period_ms)
    with store.work(district, writing=False) as work:
        streets = streets_of(work, district)
        areas = [*streets, district]
        there = work.records.get(day_report_id(area, day) for area in areas)
        missing = [area for area in areas if day_report_id(area, day) not in there]
        if not missing:
            return CutOff(day, (), len(areas))
        facts = gather(work, district, day, now_ms)
    told = [digesting.figures(facts, area, streets if area == district else ()) for area in missing]
    made = [one.area for one in told if retrying(partial(_freeze, store, district, one, period_ms, now_ms))]
    return CutOff(day, tuple(made), len(areas) - len(made))


def close_days(store: Store, district: str, _period_ms: int, now_ms: int) -> int:
    """
    Close every day that is over by the district's own cut-off and not closed yet; return how many reports that made.

    Days since the last report are made up, a month at most; where there never was one, today alone.
    """
    with store.work(district, writing=False) as work:
        periods = _open_periods(work, cut_off_time(work), now_ms)
    return sum(len(cut_off(store, district, period_ms, now_ms).made) for period_ms in periods)


def _open_periods(work: UnitOfWork, at: str, now_ms: int) -> list[int]:
    """Return the cut-offs that are over and whose district has no report, the oldest first."""
    today = date.fromisoformat(day_of(now_ms))
    days = [(today - timedelta(days=back)).isoformat() for back in range(_MADE_UP + 1)]
    ids = {day: day_report_id(work.district, day) for day in days}
    there = work.records.get(ids.values())
    found = []
    for day in days:
        if ids[day] in there:
            break
        found.append(ms_of(f"{day}T{at}:00+08:00"))
    else:
        found = found[:1]
    return sorted(one for one in found if one <= now_ms)


def _freeze(store: Store, district: str, told: DayFigures, period_ms: int, now_ms: int) -> bool:
    """Write one report, and queue its text for the groups of its area; False where it had been made."""
    report = day_report_id(told.area, told.day)
    with store.work(district) as work:
        if report in work.records.get([report]) or not work.job_runs.claim(JOB, period_ms, told.area, now_ms):
            return False
        fields = report_fields(told, period_ms)
        push_text(work, told.area, DIGEST, _TITLE, fields["text_zh"], report, now_ms)
        [filed] = bring_in_within(work, [Wanted(DAY_REPORT, report, told.area, fields)], now_ms)
        if filed.fate != "new":
            raise RuntimeError(f"the report of {told.area} on {told.day} was not taken: {filed.errors}")
        work.commit()
    return True


def report_fields(told: DayFigures, period_ms: int) -> Fields:
    """Return the fields of the report of *told*; where they would not fit into one record, with shorter lists."""
    return next(filter(_fits, (_fields(one, period_ms) for one in digesting.shorter(told))))


def _fits(fields: Fields) -> bool:
    long = max(len(fields["text_zh"]), len(fields["text_en"]))
    return long <= MOST_TEXT and len(wire.canonical(fields)) <= _MOST_BYTES


def _fields(told: DayFigures, period_ms: int) -> Fields:
    return {
        "day": told.day,
        "area": told.area,
        "cut_off_at": instant(period_ms),
        "as_of": told.as_of,
        "figures": as_fields(told),
        "text_zh": day_text.digest_zh(told),
        "text_en": day_text.digest_en(told),
    }


# -- when ---------------------------------------------------------------------------------------------


def cut_off_time(work: UnitOfWork) -> str:
    """Return at which time of day the district closes its days, as 18:30."""
    return digesting.cut_off_at(work.settings.get(SETTING))


def set_cut_off(store: Store, district: str, at: str | None, reason: str, by: str, now_ms: int) -> str:
    """
    Let the district's days be closed at another time of day from now on; None: the standard again.

    Raises:
        Mistake: It is no time of day.
    """
    if at is not None and not digesting.is_time(at):
        raise Mistake(f"“{at}”不是时刻，应如 18:30。", f"'{at}' is no time of day; write it as 18:30.")

    def attempt() -> str:
        with store.work(district) as work:
            work.settings.say(Word(SETTING, at, reason, by, now_ms))
            told = cut_off_time(work)
            work.commit()
        return told

    return retrying(attempt)
