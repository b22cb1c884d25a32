"""
The calendar a district goes by 日历: what was announced, what the district says of single days, campaigns.
"""

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, ParamSpec

import click

from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, plain, show, telling, when
from server.commands.conflicts import Called
from server.commands.typed import day_named
from server.core.clocks.calendar import FIRST, LAST, WORDS, Calendar, Word
from server.storage.calendars import DayWord
from server.usecases.examine_calendar import examine_calendar
from server.usecases.manage_calendar import (
    Said,
    add_campaign,
    call_off_campaign,
    confirm_year,
    move_campaign_end,
    set_day,
)
from server.usecases.read_calendar import campaigns, read_calendar, standing

P = ParamSpec("P")

_WEEK = "一二三四五六日"
_MARKS = {"good": "✓", "look": "!", "bad": "✗"}
_YEARS = click.IntRange(FIRST.year, LAST.year)


def with_reason(command: Callable[P, None]) -> Callable[P, None]:
    """Add the options that say why, and who says so."""
    why = click.option("--reason", default="", metavar="依据", help="依据，必填。Why; must be given.")
    who = click.option("--as", "by", default="", metavar="姓名", help="谁的决定。Whose decision it is.")
    return why(who(command))


_WORDS_SAID: dict[str, str] = {word: f"{zh} {en}" for word, (zh, en) in WORDS.items()}


@click.group("calendar")
def calendar() -> None:
    """日历：工作日、值勤日、百日会战。Working days, duty days, campaigns."""


@calendar.command("show")
@click.argument("year", type=_YEARS)
@click.option("--all", "every", is_flag=True, help="列出每一天。Every day.")
@in_district
@as_json
@telling
def show_year(year: int, every: bool, district: str | None, as_json: bool) -> None:
    """列出一年中与星期不同的日子。The days of YEAR that are not as the week has them."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        days, said = read_calendar(work), standing(work.calendars.days())
    rows = [row for row in _rows(days, year, said) if every or row["why"]]
    headings = {
        "day": "日期", "weekday": "星期", "working": "工作日 working", "duty": "值勤日 duty", "why": "说明",
        "reason": "依据",
    }  # fmt: skip
    if as_json:
        show(rows, headings, json_wanted=True)
        return
    show([row | {name: "是" if row[name] else "—" for name in ("working", "duty")} for row in rows], headings,
         json_wanted=False)  # fmt: skip
    _tell_year(days, year)


@calendar.command("set")
@click.argument("day", type=day_named)
@click.argument("word", type=Called({word: zh for word, (zh, _) in WORDS.items()}), metavar="WORD")
@with_reason
@in_district
@telling
def set_one(day: date, word: Word, reason: str, by: str, district: str | None) -> None:
    """
    设定某日：work 上班，off 放假（百日会战中仍值勤），stop 停工（谁都不值勤）。

    Say what DAY is: a working day, a day of rest (people stay on duty in a campaign), or no duty at all.
    """
    store = open_store()
    set_day(store, pick_district(store, district), day, word, Said(reason, by, now_ms()))
    zh, en = WORDS[word]
    click.echo(f"已设定：{day} {zh}\nSet: {day}, {en}")


@calendar.command("unset")
@click.argument("day", type=day_named)
@with_reason
@in_district
@telling
def unset(day: date, reason: str, by: str, district: str | None) -> None:
    """取消本区对某日的设定。Take back what the district said of DAY."""
    store = open_store()
    set_day(store, pick_district(store, district), day, None, Said(reason, by, now_ms()))
    click.echo(f"已取消：{day}\nTaken back: {day}")


@calendar.command("confirm")
@click.argument("year", type=_YEARS)
@with_reason
@in_district
@telling
def confirm(year: int, reason: str, by: str, district: str | None) -> None:
    """确认某年的放假和调休已全部录入。Say that the holidays of YEAR have been entered in full."""
    store = open_store()
    confirm_year(store, pick_district(store, district), year, Said(reason, by, now_ms()))
    click.echo(f"已确认 {year} 年\nConfirmed: {year}")


@calendar.command("history")
@in_district
@as_json
@telling
def history(district: str | None, as_json: bool) -> None:
    """列出对日历的每一次设定，包括已取消的。Every word on the calendar, those taken back too."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        said, periods = work.calendars.days(), work.calendars.periods()
        names = work.people.names({by for by in (*(one.by for one in said), *(one.by for one in periods)) if by})
    rows = [{"at": when(one.at_ms), "what": one.day, "word": one.word or "取消 taken back",
             "said": _WORDS_SAID.get(one.word or "", "取消 taken back"),
             "reason": one.reason, "by": names.get(one.by, one.by)} for one in said]  # fmt: skip
    rows += [{"at": when(one.at_ms), "what": one.name, "word": f"{one.first} — {one.last or '取消 called off'}",
              "said": f"{one.first} — {one.last or '取消 called off'}",
              "reason": one.reason, "by": names.get(one.by, one.by)} for one in periods]  # fmt: skip
    headings = {"at": "时间", "what": "日期、名称", "said": "设定", "reason": "依据", "by": "谁"}
    show(sorted(rows, key=lambda row: row["at"]), headings, json_wanted=as_json)


@calendar.command("check")
@in_district
@as_json
@telling
def check(district: str | None, as_json: bool) -> None:
    """检查今明两年的放假安排是否已有；缺少时返回 1。Are this year's and the next's holidays known? 1 if not."""
    store = open_store()
    found = list(examine_calendar(store, pick_district(store, district), now_ms()))
    if as_json:
        click.echo(json.dumps([one._asdict() for one in found], ensure_ascii=False, indent=2))
    else:
        for one in found:
            click.echo(plain(f"{_MARKS[one.level]} {one.zh}\n  {one.en}"))
    if any(one.level == "bad" for one in found):
        raise SystemExit(1)


@calendar.group("campaign")
def campaign() -> None:
    """百日会战等：每天都是值勤日的时段。Stretches in which every day is a duty day."""


@campaign.command("add")
@click.argument("name")
@click.argument("first", type=day_named)
@click.argument("last", type=day_named)
@with_reason
@in_district
@telling
def add(name: str, first: date, last: date, reason: str, by: str, district: str | None) -> None:
    """增加一个时段，首尾两天都算。Plan NAME from FIRST to LAST, both included."""
    store = open_store()
    add_campaign(store, pick_district(store, district), name, first, last, Said(reason, by, now_ms()))
    click.echo(plain(f"已增加：{name}，{first} 至 {last}，共 {(last - first).days + 1} 天\nPlanned: {first} to {last}"))


@campaign.command("until")
@click.argument("name")
@click.argument("last", type=day_named)
@with_reason
@in_district
@telling
def until(name: str, last: date, reason: str, by: str, district: str | None) -> None:
    """改为到某日结束，提前或延后。Let NAME end on LAST, earlier or later."""
    store = open_store()
    move_campaign_end(store, pick_district(store, district), name, last, Said(reason, by, now_ms()))
    click.echo(plain(f"已改：{name} 到 {last} 结束\nMoved: it ends on {last}"))


@campaign.command("cancel")
@click.argument("name")
@with_reason
@in_district
@telling
def cancel(name: str, reason: str, by: str, district: str | None) -> None:
    """取消尚未开始的时段。Call off NAME, which has not begun."""
    store = open_store()
    call_off_campaign(store, pick_district(store, district), name, Said(reason, by, now_ms()))
    click.echo(plain(f"已取消：{name}\nCalled off"))


@campaign.command("list")
@in_district
@as_json
@telling
def list_campaigns(district: str | None, as_json: bool) -> None:
    """列出各时段。List them."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        rows = [{"name": one.name, "first": one.first, "last": one.last, "reason": one.reason}
                for one in campaigns(work.calendars.periods())]  # fmt: skip
    headings = {"name": "名称", "first": "首日", "last": "末日", "reason": "依据"}
    show(rows, headings, json_wanted=as_json)


def _rows(days: Calendar, year: int, said: dict[str, DayWord]) -> Iterator[dict[str, Any]]:
    for day in _days_of(year):
        word = said.get(day.isoformat())
        yield {
            "day": day.isoformat(), "weekday": _WEEK[day.weekday()], "working": days.is_working_day(day),
            "duty": days.is_duty_day(day), "why": _why(days, day), "reason": word.reason if word else "",
        }  # fmt: skip


def _why(days: Calendar, day: date) -> str:
    """Return in words why *day* is not as the week has it; nothing where it is."""
    if day in days.words:
        zh, en = WORDS[days.words[day]]
        return f"本区设定{zh} set: {en}"
    if day in days.official.make_up:
        return "调休上班 make-up day"
    return "放假 holiday" if day in days.official.off else ""


def _tell_year(days: Calendar, year: int) -> None:
    working = sum(days.is_working_day(day) for day in _days_of(year))
    click.echo(f"{year} 年工作日 {working} 天 {working} working days")
    for one in days.campaigns:
        if one.first.year <= year <= one.last.year:
            click.echo(plain(f"{one.name}：{one.first} 至 {one.last}，每天值勤 every day is a duty day"))
    if not days.known(year):
        click.echo(f"! 没有 {year} 年的放假安排，暂按星期推算 the holidays of {year} are not known: by the week alone")


def _days_of(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + timedelta(n) for n in range((date(year, 12, 31) - first).days + 1))
