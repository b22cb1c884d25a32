"""
The street office's PC 街道办电脑: ``gridward office``, and 今日同步 under it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import click
import msgspec
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from schemas import grid
from sync_client.client import FieldClient
from sync_client.commands.cases import now_of
from sync_client.commands.day_words import (
    area_text,
    clock,
    day_called,
    heading,
    sync_cell,
    sync_sentence,
    tell_devices_fresh,
    tell_fresh,
)
from sync_client.commands.folding import Folded
from sync_client.commands.session import Session, pass_session
from sync_client.commands.voice import BAD, GOOD, QUIET, STRONG, WAIT, Voice
from sync_client.labels import NotUnderstood
from sync_client.office_day.the_day import Sight, area_names, sight_of, sync_day_of
from sync_client.office_day.values import FORMS, SyncDay, WorkerDay

_FORM_HEADS = {
    "street_check": ("路段", "road"),
    "shop_check": ("商户", "shop"),
    "parking_check": ("停车", "park"),
}
_HEADS = (
    ("人员", "who"), ("网格", "grid"), *(_FORM_HEADS[form] for form in FORMS),
    ("问题", "cases"), ("照片", "pics"), ("检查时间", "time"), ("平板", "tablet"),
)  # fmt: skip
_GRID_COLUMN = 1
#: So many people are named in a line; more are counted by community.
_NAMED = 8

day_option = click.option("--day", metavar="DAY", help="哪一天，如 2020-07-18、昨天 which day; today unless given")


@click.group("office", invoke_without_command=True)
@click.pass_context
def office_group(context: click.Context) -> None:
    """街道办一日：谁查了、谁没同步、什么超期；离线可看。 An office's day at a glance, offline."""
    if context.invoked_subcommand is None:
        context.invoke(office_group.commands["overview"])


@office_group.command("today")
@day_option
@pass_session
def today_command(session: Session, day: str | None = None) -> None:
    """今日同步：每人查了什么、平板最近何时联系、还有多少未传。 What everybody did, and how his tablet stands."""
    with session.tablet() as client:
        now, sight = now_of(session, client), office_sight(client)
        told = sync_day_of(client, sight, day_called(day, now))
        names = area_names(client)
        session.voice.answer(plain_day(told), lambda: _tell_day(session.voice, client, told, names, now))


def office_sight(client: FieldClient) -> Sight:
    """
    Return what whoever works now answers for.

    Raises:
        NotUnderstood: Nobody works here, or he answers for no area.
    """
    sight = sight_of(client)
    if not sight.areas:
        raise NotUnderstood(
            "现在没有人使用本机，或没有责任区：先 gridward switch 姓名。",
            "Nobody works here now: gridward switch NAME.",
        )
    return sight


def plain_day(told: SyncDay) -> dict[str, Any]:
    """Return a day for a program, with whom to call."""
    plain: dict[str, Any] = msgspec.to_builtins(told)
    return plain | {
        "idle": [row.name for row in told.idle],
        "silent": [row.name for row in told.standing("silent")],
    }


def _tell_day(voice: Voice, client: FieldClient, told: SyncDay, names: Mapping[str, str], now_ms: int) -> None:
    voice.show(heading(client, voice, told.areas, "今日同步", "the day", told.day))
    tell_fresh(voice, told.synced_ms, now_ms)
    tell_devices_fresh(voice, told.devices_ms, now_ms)
    if told.rows:
        heads = [(zh, "") if voice.lang == "zh" else ("", en) for zh, en in _HEADS]
        rows = [*(_row(voice, row, names, told.day) for row in told.rows), _totals(voice, told)]
        voice.table(heads, rows, giving=[_GRID_COLUMN], close=True)
    else:
        voice.say(
            "目录里没有本区域的网格员，今天也没有检查", "no workers are known here, and nothing was checked", WAIT
        )
    tell_idle(voice, told, names)
    tell_silent(voice, told, names, now_ms)


def _row(voice: Voice, row: WorkerDay, names: Mapping[str, str], day: str) -> list[RenderableType]:
    counts: list[RenderableType] = [_count(row.checks[form]) for form in FORMS]
    return [
        row.name, area_text(voice, names, row.areas), *counts, _count(row.found), _count(row.photos),
        _span(voice, row, day), sync_cell(voice, row, day),
    ]  # fmt: skip


def _totals(voice: Voice, told: SyncDay) -> list[RenderableType]:
    counts = [str(told.checks[form]) for form in FORMS]
    total = [*counts, str(told.found), str(told.photos)]
    return [Text(voice.pick("合计", "total"), STRONG), "", *(Text(count, STRONG) for count in total), "", ""]


def _count(number: int) -> Text:
    return Text(str(number), "" if number else QUIET)


def _span(voice: Voice, row: WorkerDay, day: str) -> Text:
    if row.first_ms is None:
        return Text(voice.pick("未巡查", "no checks"), WAIT)
    first, last = clock(row.first_ms, day), clock(row.last_ms, day)
    return Text(first if first == last else f"{first}–{last}")


def tell_idle(voice: Voice, told: SyncDay, names: Mapping[str, str]) -> None:
    """Name whoever has not been out; *names*: of areas, by code."""
    if told.idle:
        listed, count = whom(voice, told.idle, names), len(told.idle)
        voice.say(f"未巡查 {count} 人：{listed}", f"{count} without a check" + _named(voice, listed), WAIT)
    elif told.rows:
        voice.say("人人都查过了", "everybody has checked something", GOOD)


def tell_silent(voice: Voice, told: SyncDay, names: Mapping[str, str], now_ms: int) -> None:
    """Say of everybody whose work may not all be here how his tablet stands."""
    for word, (zh, en, style) in _NOT_HERE.items():
        people = told.standing(word)
        if people and word == "no_device":
            listed = whom(voice, people, names)
            voice.say(f"{zh} {len(people)} 人：{listed}", f"{len(people)} {en}{_named(voice, listed)}", style)
        elif people:
            voice.say(f"{zh} {len(people)} 人", f"{len(people)} {en}", style)
            for row in people:
                voice.show(Padding(Folded(f"{row.name}  {sync_sentence(voice, row, now_ms)}"), (0, 0, 0, 4)))
    if told.devices_ms is not None and told.rows and not any(told.standing(word) for word in _NOT_HERE):
        voice.say("平板都已同步", "every tablet has synced", GOOD)


#: Whose work may not all be here, and how that is told.
_NOT_HERE = {
    "silent": ("未同步", "not synced", BAD),
    "unsent": ("有未传", "with unsent work", WAIT),
    "no_device": ("没有平板", "without a tablet", WAIT),
}


def whom(voice: Voice, people: Sequence[WorkerDay], names: Mapping[str, str]) -> str:
    """Return who *people* are: their names, or where they are many, how many there are in each community."""
    places = Counter(row.areas[0][: grid.Level.COMMUNITY] if row.areas else "" for row in people)
    if len(people) <= _NAMED or len(places) == 1:
        return voice.pick("、", ", ").join(row.name for row in people)
    nowhere = voice.pick("其他", "others")
    counted = [
        f"{names.get(code, code).removesuffix('居委会') or nowhere} {count}" for code, count in sorted(places.items())
    ]
    return voice.pick("、", ", ").join(counted)


def _named(voice: Voice, listed: str) -> str:
    return f": {listed}" if voice.lang == "en" else ""
