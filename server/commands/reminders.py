"""
Reminders 提醒: listed, changed, paused, foretold, run by hand; the log of what went out; word that snow has stopped.
"""

from typing import Any

import click

from server.channels.sender import Sender
from server.commands.at_the_desk import say_or_json
from server.commands.calendar import with_reason
from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, plain, show, telling
from server.commands.conflicts import Called
from server.commands.manners import manners
from server.commands.saying import explained, who_says
from server.commands.typed import area_named, clocks_named, code_named, moment_named
from server.core.reminding.rules import AUDIENCES, CONDITIONS, DAYS
from server.settings import channel_address
from server.storage.deliveries import Sought
from server.storage.store import Store
from server.usecases.decide_reminders import announce
from server.usecases.deliver import Delivered, deliver
from server.usecases.foretell_reminders import Preview, foretell, run_now
from server.usecases.list_deliveries import STATES, after_of, list_deliveries
from server.usecases.manage_reminders import (
    ListedReminder,
    ReminderFile,
    change_reminder,
    list_reminders,
    pause_reminder,
    show_reminder,
    when_told,
)
from server.usecases.mistakes import Mistake

SNOW = "R16"
_HEADINGS = {
    "code": "代码", "zh": "名称", "condition_zh": "条件", "audience_zh": "对象", "when": "时间", "state": "状态",
}  # fmt: skip
_LOG = {
    "made_at": "时间", "channel": "渠道", "person": "本人", "title": "内容", "state": "状态", "attempts": "次数",
    "problem_told": "原因",
}  # fmt: skip
_PREVIEW = {"name": "人员", "code": "代码", "zh": "内容", "critical": "紧急"}


@click.group("reminders")
def reminders() -> None:
    """提醒：规则、分寸、预览、执行、投递记录。Reminders: rules, manners, who would get what, running, the log."""


reminders.add_command(manners)


@reminders.command("list")
@in_district
@as_json
@telling
def list_all(district: str | None, as_json: bool) -> None:
    """列出全部提醒。List all reminders as they count."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        found = list_reminders(work).reminders
    rows = [{name: getattr(one, name) for name in one.__struct_fields__} for one in found]
    if as_json:
        rows = [row | {"steps": [[step.after_min, step.audience] for step in row["steps"]]} for row in rows]
    else:
        rows = [row | {"when": when_told(one), "state": _state(one)} for row, one in zip(rows, found, strict=True)]
    show(rows, _HEADINGS, json_wanted=as_json)


@reminders.command("show")
@click.argument("code", type=code_named)
@in_district
@as_json
@telling
def show_one(code: str, district: str | None, as_json: bool) -> None:
    """查看一条提醒的文字、占位名和改动记录。One reminder: its texts, their places, its history."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        told = show_reminder(work, code)
    say_or_json(told, _lines(told), json_wanted=as_json)


@reminders.command("set")
@click.argument("code", type=code_named)
@click.option("--zh", help="名称。What it is called.")
@click.option("--en", help="英文名称。In English.")
@click.option("--condition", type=click.Choice(list(CONDITIONS)), help="条件。When it holds.")
@click.option("--audience", type=click.Choice(list(AUDIENCES)), help="对象。Whom it tells.")
@click.option("--text-zh", help="文字，{名称} 见 show。The text; {names} as show lists them.")
@click.option("--text-en", help="英文文字。The text in English.")
@click.option("--at", multiple=True, type=clocks_named, metavar="08:00", help="时刻，可多次。Hours of the day.")
@click.option("--days", type=click.Choice(list(DAYS)), help="值勤日或每天。On duty days, or on all.")
@click.option("--soon/--no-soon", default=None, help="即时。As soon as it holds.")
@click.option("--critical/--no-critical", default=None, help="紧急，不受静默限制。Passes quiet hours.")
@click.option("--step", "steps", type=(int, click.Choice(list(AUDIENCES))), multiple=True,
              help="升级：分钟 对象，可多次。Minutes unacknowledged, and whom next.")  # fmt: skip
@click.option("--channels/--no-channels", default=None, help="是否外发。May leave the tablet.")
@with_reason
@in_district
@telling
@explained
def set_one(code: str, reason: str, by: str, district: str | None, **given: Any) -> None:
    """修改或新建提醒，如：reminders set R02 --at 15:30 --reason 提前。Change a reminder, or make one of your own."""
    members = {name: value for name, value in given.items() if value not in (None, ())}
    members |= {name: [list(one) if name == "steps" else one for one in members[name]]
                for name in ("at", "steps") if name in members}  # fmt: skip
    if not members:
        raise Mistake("请写明要改什么，见 -h。", "Say what is to change; see -h.")
    if any(sign in str(members.get(name, "")) for name in ("zh", "en") for sign in "{【"):
        raise Mistake("--zh、--en 是名称；内容请用 --text-zh、--text-en。", "Name by --zh; the text is --text-zh.")
    store, place, who = who_says(district, by)
    _told(change_reminder(store, place, code, members, reason, who, now_ms()), "已修改 Changed")


@reminders.command("reset")
@click.argument("code", type=code_named)
@with_reason
@in_district
@telling
@explained
def reset(code: str, reason: str, by: str, district: str | None) -> None:
    """取消本区的改动，恢复标准。Take the district's own words back."""
    store, place, who = who_says(district, by)
    _told(change_reminder(store, place, code, None, reason, who, now_ms()), "已恢复 Reset")


@reminders.command("pause")
@click.argument("code", type=code_named)
@with_reason
@in_district
@telling
@explained
def pause(code: str, reason: str, by: str, district: str | None) -> None:
    """暂停一条提醒。Let a reminder be silent."""
    store, place, who = who_says(district, by)
    _told(pause_reminder(store, place, code, reason, who, now_ms(), paused=True), "已暂停 Paused")


@reminders.command("resume")
@click.argument("code", type=code_named)
@with_reason
@in_district
@telling
@explained
def resume(code: str, reason: str, by: str, district: str | None) -> None:
    """恢复一条提醒。Let a reminder speak again."""
    store, place, who = who_says(district, by)
    _told(pause_reminder(store, place, code, reason, who, now_ms(), paused=False), "已恢复 Resumed")


@reminders.command("preview")
@in_district
@as_json
@telling
def preview(district: str | None, as_json: bool) -> None:
    """今天谁会收到什么，不写入。Who would get what until the end of the day; writes nothing."""
    _foretold(district, as_json, dry_run=False)


@reminders.command("run")
@click.option("--dry-run", is_flag=True, help="只看此刻会发什么，不写入。What would go at this moment; writes nothing.")
@click.option("--deliver", "out", is_flag=True, help="并立即外发。Send what waits for the channels, too.")
@in_district
@as_json
@telling
def run(dry_run: bool, out: bool, district: str | None, as_json: bool) -> None:
    """立即判定并发送，已发的不重发。Decide and send now; nothing is sent twice."""
    if dry_run:
        _foretold(district, as_json, dry_run=True)
        return
    store = open_store()
    place = pick_district(store, district)
    ran = run_now(store, place, now_ms())
    counts = "，".join(f"{code} {n}" for code, n in ran.decided.items()) or "—"
    lines = [f"新判定 Decided: {counts}", f"通知 Notices: {ran.notices}（{ran.items} 项 items）"]
    if out:
        sent = _deliver(store, place)
        lines.append(f"外发 Delivered: {sent.sent}，再试 again {sent.again}，失败 failed {sent.failed}")
    say_or_json(ran, lines, json_wanted=as_json)


@reminders.command("log")
@click.option("--channel", help="只看一个渠道。Of one channel.")
@click.option("--state", type=Called(STATES), help="只看一种状态。In one state.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="多少条。How many.")
@click.option("--after", help="接着上一页。Behind the page before.")
@in_district
@as_json
@telling
@explained
def log(
    channel: str | None, state: str | None, limit: int, after: str | None, district: str | None, as_json: bool
) -> None:
    """投递记录，新的在前。What went out by the channels, the newest first."""
    store = open_store()
    sought = Sought(channel, state, None, after_of(after) if after else None, limit)
    with store.work(pick_district(store, district), writing=False) as work:
        page = list_deliveries(work, sought, whole=True)
    rows = [{name: getattr(one, name) for name in one.__struct_fields__} for one in page.deliveries]
    if not as_json:
        rows = [row | {"state": STATES[row["state"]], "title": row["title"] or row["body"][:40]} for row in rows]
    show(rows, _LOG, json_wanted=as_json)
    if page.after and not as_json:
        click.echo(f"下一页 The next page: --after {page.after}")


@reminders.command("snow")
@click.argument("area", required=False)
@click.option("--until", required=True, type=moment_named, metavar="'2020-12-01 12:00'",
              help="何时前清完。By when it is to be cleared.")  # fmt: skip
@in_district
@telling
def snow(area: str | None, until: int, district: str | None) -> None:
    """降雪已停，提醒 AREA（默认全区）的网格长和街道清雪。The snow has stopped: have AREA cleared."""
    store = open_store()
    place = pick_district(store, district)
    with store.work(place, writing=False) as work:
        here = area_named(work, area) or place
    told = announce(store, place, SNOW, here, until, now_ms())
    click.echo(f"已提醒 {len(told)} 人，随下一次发送送达。\n{len(told)} people are told with the next notices.")


def _foretold(district: str | None, as_json: bool, *, dry_run: bool) -> None:
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        told = foretell(work, now_ms(), dry_run=dry_run)
    if as_json:
        say_or_json(told, (), json_wanted=True)
        return
    show([{name: getattr(one, name) for name in one.__struct_fields__} for one in told.told or ()], _PREVIEW,
         json_wanted=False)  # fmt: skip
    click.echo(_summed(told))


def _summed(told: Preview) -> str:
    counts = "，".join(f"{code} {n}" for code, n in told.counts.items()) or "—"
    return f"{told.people} 人 people：{counts}。没有写入任何内容。Nothing was written."


def _deliver(store: Store, district: str) -> Delivered:
    return deliver(store, district, now_ms(), Sender(channel_address))


def _state(one: ListedReminder) -> str:
    told = "已暂停" if one.paused else "启用"
    return told if one.standard and not one.changed else f"{told}（{'已改' if one.standard else '自建'}）"


def _told(file: ReminderFile, done: str) -> None:
    click.echo(plain(f"{done}: {file.reminder.code} {file.reminder.zh}，{when_told(file.reminder)}"))


def _lines(file: ReminderFile) -> list[str]:
    one = file.reminder
    lines = [
        f"{one.code} {one.zh} {one.en}（{_state(one)}）",
        f"条件 condition: {one.condition_zh} ({one.condition})",
        f"对象 audience: {one.audience_zh} ({one.audience})",
        f"时间 when: {when_told(one)}",
        f"文字: {one.text_zh}",
        f"text: {one.text_en}",
        "占位 places: " + "、".join(f"{{{name}}} {zh}" for name, zh in one.places.items()),
    ]
    lines += [f"{step.after_min} 分钟未确认 → {AUDIENCES[step.audience]} ({step.audience})" for step in one.steps]
    lines += [f"{word.at} {word.by or '服务器'}：{word.reason} {word.said or '恢复标准'}" for word in file.words]
    return lines
