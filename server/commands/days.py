"""
The office's day 日报与巡查计划: the digest, closing a day, frozen reports; what is due, and how often.
"""

from datetime import date
from typing import Any

import click
import msgspec

from schemas.day_text import day_zh, percent
from schemas.moments import day_of, ms_of
from schemas.patrol import KINDS, GridPlan
from server.commands.at_the_desk import desk_for, reading, refusing, say_or_json
from server.commands.calendar import with_reason
from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, show, telling, when
from server.commands.typed import area_named, clocks_named, day_named
from server.usecases.cut_off import cut_off, cut_off_time, set_cut_off
from server.usecases.manage_day import MAX_LIMIT, DayFile, digest_for_desk, list_days, show_day
from server.usecases.mistakes import Mistake
from server.usecases.patrol_plan import SETTING as PATROL
from server.usecases.patrol_plan import Interval, intervals, plans, set_intervals

_FIRST, _LAST = date(2000, 1, 1), date(2099, 12, 31)
_MOST_DIGITS = 3


in_area = click.option("--area", metavar="河北街道", help="街道，写名称或代码；默认全区。A street; else all.")
as_person = click.option("--as", "who", metavar="姓名", help="按此人的权限查看。As this person may see it.")
on_day = click.option("--on", "day", type=day_named, help="哪一天，默认今天。Which day; today by default.")


@click.group("day")
def day() -> None:
    """日报：今日情况、日终截止、已定稿的日报。The day: digest, cut-off, frozen reports."""


@day.command("digest")
@in_area
@on_day
@as_person
@click.option("--plain", is_flag=True, help="不含姓名，可发到群里。Without names, fit for a group.")
@in_district
@as_json
@telling
@refusing
def digest(
    area: str | None, day: date | None, who: str | None, plain: bool, district: str | None, as_json: bool
) -> None:
    """当前的创卫日报。The digest as it stands now."""
    with reading(open_store(), district) as work:
        desk = desk_for(work, who)
        told = digest_for_desk(work, desk, area_named(work, area), day.isoformat() if day else None, now_ms())
    said = (told.plain_zh, told.plain_en) if plain else (told.zh, told.en)
    say_or_json(told, ["\n\n".join(said)], json_wanted=as_json)


@day.command("cut-off")
@click.option("--on", "day", type=day_named, help="截止哪一天，默认今天。Which day; today by default.")
@click.option(
    "--at",
    type=clocks_named,
    metavar="18:30",
    help="改为每天在此时截止，不截止今天。From now on close days at this time.",
)
@click.option("--standard", is_flag=True, help="恢复标准截止时间。The standard time again.")
@with_reason
@in_district
@telling
def close(day: date | None, at: str | None, standard: bool, reason: str, by: str, district: str | None) -> None:
    """截止一天，生成定稿的日报；已有的不变。或用 --at 改变每天的截止时间。Close a day, or say when days close."""
    store = open_store()
    place = pick_district(store, district)
    if at is not None or standard:
        _needs(reason)
        click.echo(f"每天截止时间 Days close at: {set_cut_off(store, place, at, reason, by, now_ms())}")
        return
    now, wanted = now_ms(), (day or date.fromisoformat(day_of(now_ms()))).isoformat()
    with reading(store, place) as work:
        time = cut_off_time(work)
    period_ms = ms_of(f"{wanted}T{time}:00+08:00")
    if period_ms > now:
        raise Mistake(
            f"{wanted} 的截止时间 {time} 还没到；要提前截止，请先用 --at 改截止时间。",
            f"{wanted} closes at {time}; to close earlier, say so with --at first.",
        )
    done = cut_off(store, place, period_ms, now)
    click.echo(f"{done.day}：新生成日报 {len(done.made)} 份，原有 {done.before} 份 "
               f"{len(done.made)} made, {done.before} there before")  # fmt: skip


@day.command("list")
@in_area
@click.option("--from", "first", type=day_named, default=_FIRST.isoformat(), help="从这天起。From this day on.")
@click.option("--to", "last", type=day_named, default=_LAST.isoformat(), help="到这天为止。Until this day.")
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=30, show_default=True, help="最多几份。At most.")
@as_person
@in_district
@as_json
@telling
@refusing
def list_all(
    area: str | None, first: date, last: date, limit: int, who: str | None, district: str | None, as_json: bool
) -> None:
    """列出已定稿的日报，最近的在前。List the frozen reports, the latest first."""
    with reading(open_store(), district) as work:
        period = first.isoformat(), last.isoformat()
        page = list_days(work, desk_for(work, who), area_named(work, area), period, limit, now_ms())
    rows = [msgspec.to_builtins(one) for one in page.reports]
    shown = rows if as_json else [row | {"as_of": when(ms_of(row["as_of"]))} for row in rows]
    show(shown, {"report_no": "编号", "day": "日期", "name": "范围", "as_of": "数据截至"}, json_wanted=as_json)
    if page.more:
        click.echo("还有更早的，用 --to 查看。There are older ones: --to.", err=as_json)


@day.command("show")
@click.argument("day", type=day_named)
@in_area
@as_person
@in_district
@as_json
@telling
@refusing
def show_one(day: date, area: str | None, who: str | None, district: str | None, as_json: bool) -> None:
    """一份日报原文，及其后补报（另列，不改原数）。One report as issued, and what came in since."""
    with reading(open_store(), district) as work:
        desk = desk_for(work, who)
        told = show_day(work, desk, area_named(work, area), day.isoformat(), now_ms())
    say_or_json(told, _lines(told), json_wanted=as_json)


def _lines(told: DayFile) -> list[str]:
    lines = [f"{told.report.report_no}  {told.report.name}  {day_zh(told.report.day)}", "", told.zh, "", told.en]
    for one in told.since:
        was, now = (percent(*reversed(pair)) if pair else "—" for pair in (one.was, one.now))
        lines += [
            "",
            f"定稿后补报 Since then: {one.name} 检查{one.checks}次、问题{one.cases}件（{one.workers}人），"
            f"完成率 {was} → {now}",
        ]
    return lines


# -- the plan -----------------------------------------------------------------------------------------


@click.group("patrol")
def patrol() -> None:
    """巡查计划与周期：每类对象几天查一次。The patrol plan, and every how many days things are due."""


@patrol.command("show")
@click.option("--history", is_flag=True, help="列出每一次改动。Every word ever said.")
@in_district
@as_json
@telling
def show_rhythm(history: bool, district: str | None, as_json: bool) -> None:
    """每类对象的巡查周期（天）。Every how many days each kind is due."""
    with reading(open_store(), district) as work:
        said, words = intervals(work), work.settings.words(PATROL)
    if history:
        rows = [{"at": when(one.at_ms), "said": one.said, "reason": one.reason, "by": one.by} for one in words]
        shown = rows if as_json else [row | {"said": _said(row["said"])} for row in rows]
        show(shown, {"at": "时间", "said": "周期", "reason": "依据", "by": "决定人"}, json_wanted=as_json)
        return
    _show_intervals(said, as_json)


@patrol.command("set")
@click.argument("pairs", nargs=-1, required=True, metavar="名称=天数...")
@with_reason
@in_district
@telling
def set_rhythm(pairs: tuple[str, ...], reason: str, by: str, district: str | None) -> None:
    """设定周期，如：patrol set shop=5 alley=2；“shop=”恢复标准。Set intervals; an empty one is the standard again."""
    _needs(reason)
    store = open_store()
    place, said = pick_district(store, district), dict(map(_pair, pairs))
    with reading(store, place) as work:
        called = {one.zh: one.name for one in intervals(work)}
    told = set_intervals(
        store, place, {called.get(name, name): days for name, days in said.items()}, reason, by, now_ms()
    )
    _show_intervals(told, as_json=False)


@patrol.command("plan")
@in_area
@on_day
@in_district
@as_json
@telling
def show_plan(area: str | None, day: date | None, district: str | None, as_json: bool) -> None:
    """一天的巡查计划，逐网格：应查、已查。The plan of a day by grid: due and done."""
    with reading(open_store(), district) as work:
        wanted = day.isoformat() if day else day_of(now_ms())
        found = plans(work, wanted, now_ms(), area_named(work, area) or "")
        names = work.numbers.area_names(found)
    rows = [_row(one, names.get(one.grid, one.grid)) for one in found.values()]
    headings = {"name": "网格"} | {kind: zh for kind, (zh, *_) in KINDS.items()} | {"rate": "完成率"}
    show(rows, headings, json_wanted=as_json)


def _row(one: GridPlan, name: str) -> dict[str, Any]:
    parts = {kind: f"{one.part(kind).done}/{len(one.part(kind).due)}" for kind in KINDS}
    return {"grid": one.grid, "name": name, "due": one.due, "done": one.done} | parts | {
        "rate": percent(one.done, one.due)
    }  # fmt: skip


def _show_intervals(said: list[Interval], as_json: bool) -> None:
    rows = [one._asdict() | {"own": one.own} for one in said]
    headings = {"name": "名称", "zh": "对象", "days": "周期（天）", "standard": "标准", "own": "本区自定"}
    show(rows, headings, json_wanted=as_json)


def _said(said: Any) -> str:
    return "、".join(f"{name}={days}" for name, days in said.items()) if isinstance(said, dict) else "恢复标准"


def _pair(text: str) -> tuple[str, int | None]:
    name, sign, days = text.partition("=")
    if not sign or (days and not (days.isascii() and days.isdigit() and len(days) <= _MOST_DIGITS)):
        raise Mistake(f"“{text}”应写成 shop=7 的样子。", f"'{text}' should look like shop=7.")
    return name.strip(), int(days) if days else None


def _needs(reason: str) -> None:
    if not reason.strip():
        raise Mistake("请用 --reason 写明依据。", "Say why with --reason.")
