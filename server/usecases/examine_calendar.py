"""
Look whether the calendar knows the years that deadlines are reckoned in 日历体检.
"""

from collections.abc import Iterator
from datetime import date

from schemas.moments import day_of
from server.core.clocks.calendar import WORDS, Calendar
from server.storage import migrate
from server.storage.store import Store
from server.usecases.examine import Finding
from server.usecases.read_calendar import read_calendar

#: By this month next year's holidays have usually been announced.
_ANNOUNCED_FROM = 12
_SATURDAY = 5


def examine_calendar(store: Store, district: str, now_ms: int) -> Iterator[Finding]:
    """Yield what there is to say of a district's calendar: this year and the next, and days that say nothing new."""
    with store.work(district, writing=False) as work:
        calendar = read_calendar(work)
    today = date.fromisoformat(day_of(now_ms))
    for year in (today.year, today.year + 1):
        yield _of_year(calendar, year, today)
    for day, word in sorted(calendar.words.items()):
        if day >= today and word != "stop" and (word == "work") == announced(calendar, day):
            zh, en = WORDS[word]
            yield Finding(
                "look", f"{day} 本来就是“{zh}”，设定没有作用", f"{day} is a {en} anyway, the word changes nothing"
            )


def examine_calendars(store: Store, now_ms: int) -> Iterator[Finding]:
    """Yield what a person should look at in any district's calendar; a server works on without, so none is bad."""
    if not migrate.state(store.engine).up_to_date:
        return
    for district in sorted(store.places()):
        for found in examine_calendar(store, district, now_ms):
            if found.level != "good":
                yield found._replace(level="look")


def announced(calendar: Calendar, day: date) -> bool:
    """Say whether *day* is a working day by what was announced, whatever the district said of it."""
    official = calendar.official
    return day in official.make_up or (day.weekday() < _SATURDAY and day not in official.off)


def _of_year(calendar: Calendar, year: int, today: date) -> Finding:
    if calendar.known(year):
        return Finding("good", f"{year} 年的放假安排已有", f"the holidays of {year} are known")
    urgent = year == today.year or today.month >= _ANNOUNCED_FROM
    return Finding("bad" if urgent else "look", *_unknown(year))


def _unknown(year: int) -> tuple[str, str]:
    return (
        f"没有 {year} 年的放假安排，时限暂按周一至周五上班计算：请更新 chinesecalendar，"
        f"或用 calendar set 录入后 calendar confirm {year}",
        f"the holidays of {year} are not known and Monday to Friday are taken for working days: update "
        f"chinesecalendar, or enter them with calendar set, then calendar confirm {year}",
    )
