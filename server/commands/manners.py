"""
How often people are reminded 提醒分寸: shown, set, taken back; under ``reminders``.
"""

from typing import Any

import click

from server.commands.at_the_desk import say_or_json
from server.commands.calendar import with_reason
from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, telling
from server.commands.saying import explained, who_says
from server.usecases.manage_manners import MannersFile, change_manners, show_manners
from server.usecases.mistakes import Mistake

_WORDS = {
    "between_min": "同一人间隔（分钟） minutes between two messages",
    "pushes": "每人每天外发（条） messages a day by channels",
    "horizon_h": "追溯（小时） hours back",
    "late_min": "定时提醒最多迟（分钟） minutes late",
    "lines": "同类逐条列出（件） of one kind one by one",
}


@click.group("manners")
def manners() -> None:
    """分寸：静默时段、间隔、每日上限、追溯期限。Quiet hours, spacing, the daily limit, how far back."""


@manners.command("show")
@in_district
@as_json
@telling
def show_all(district: str | None, as_json: bool) -> None:
    """查看分寸和改动记录。The manners that count, with their history."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        told = show_manners(work)
    say_or_json(told, _lines(told), json_wanted=as_json)


@manners.command("set")
@click.option("--quiet-from", metavar="21:00", help="静默开始。Only what is critical goes from then on.")
@click.option("--quiet-to", metavar="07:00", help="静默结束；与开始相同即不静默。Until then; the same: never quiet.")
@click.option("--between-min", type=int, help="同一人两条之间的分钟。Minutes between two messages to one person.")
@click.option("--pushes", type=int, help="每人每天外发条数。Messages a day that leave the tablet for one person.")
@click.option("--horizon-h", type=int, help="多少小时以前的不再提醒。How many hours back anything is told.")
@click.option("--late-min", type=int, help="定时提醒最多迟多少分钟。How late a reminder with an hour still goes.")
@click.option("--lines", type=int, help="同类超过几件合成一行。Of one kind more than so many stand in one line.")
@with_reason
@in_district
@telling
@explained
def set_some(reason: str, by: str, district: str | None, **given: Any) -> None:
    """修改分寸，如：reminders manners set --quiet-from 20:00 --reason 入冬。Change some of them."""
    members = {name: value for name, value in given.items() if value is not None}
    if not members:
        raise Mistake("请写明要改什么，见 -h。", "Say what is to change; see -h.")
    store, place, who = who_says(district, by)
    _told(change_manners(store, place, members, reason, who, now_ms()), "已修改 Changed")


@manners.command("reset")
@with_reason
@in_district
@telling
@explained
def reset_all(reason: str, by: str, district: str | None) -> None:
    """取消本区的设定，恢复标准。Take the district's own words back."""
    store, place, who = who_says(district, by)
    _told(change_manners(store, place, None, reason, who, now_ms()), "已恢复标准 Reset")


def _told(file: MannersFile, done: str) -> None:
    click.echo("\n".join([f"{done}:", *_numbers(file)]))


def _lines(file: MannersFile) -> list[str]:
    history = [f"{word.at} {word.by or '服务器'}：{word.reason} {word.said or '恢复标准'}" for word in file.words]
    return [*_numbers(file), *history]


def _numbers(file: MannersFile) -> list[str]:
    quiet = f"{file.quiet_from}–{file.quiet_to}" if file.quiet_from != file.quiet_to else "无 none"
    lines = [f"静默 quiet hours: {quiet}{_mark(file, 'quiet_from', 'quiet_to')}"]
    return lines + [f"{words}: {getattr(file, name)}{_mark(file, name)}" for name, words in _WORDS.items()]


def _mark(file: MannersFile, *names: str) -> str:
    return "（本区 the district's）" if set(names) & set(file.changed) else ""
