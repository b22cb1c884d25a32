"""
The office's day on one screen 一屏看全: who worked, who has not synced, what is late, what waits.
"""

from typing import Any

import click
import msgspec
from rich.text import Text

from schemas.moments import day_of
from sync_client.client import FieldClient
from sync_client.commands.cases import now_of
from sync_client.commands.day_ledger import tell_overdue, waiting_disputes
from sync_client.commands.day_office import office_sight, plain_day, tell_idle, tell_silent
from sync_client.commands.day_words import heading, tell_devices_fresh, tell_fresh
from sync_client.commands.looking import tell_waiting
from sync_client.commands.session import Session, pass_session
from sync_client.commands.voice import BAD, GOOD, WAIT, Voice
from sync_client.office_day.disputes import Dispute
from sync_client.office_day.ledger import Ledger
from sync_client.office_day.the_day import area_names, ledger_for, sync_day_of
from sync_client.office_day.values import SyncDay
from sync_client.values import Status

_MOST_OVERDUE = 5


@click.command("overview")
@pass_session
def overview_command(session: Session) -> None:
    """一屏看全今天，与不带子命令的 gridward office 相同。 All of it at a glance, as without a subcommand."""
    with session.tablet() as client:
        now, sight = now_of(session, client), office_sight(client)
        day, ledger = sync_day_of(client, sight, day_of(now)), ledger_for(client, sight, now)
        disputes, heard_ms = waiting_disputes(client)
        told = _plain(day, ledger, disputes if heard_ms is not None else None, client.status())
        waits = _waits(session.voice, len(disputes), heard_ms)
        session.voice.answer(told, lambda: _tell(session.voice, client, day, ledger, waits))


def _plain(day: SyncDay, ledger: Ledger, disputes: list[Dispute] | None, status: Status) -> dict[str, Any]:
    figures: dict[str, Any] = msgspec.to_builtins(ledger)
    return {
        "day": plain_day(day),
        "ledger": figures,
        "conflicts": None if disputes is None else len(disputes),
        "waiting": status.waiting,
    }


def _tell(voice: Voice, client: FieldClient, day: SyncDay, ledger: Ledger, waits: Text) -> None:
    voice.show(heading(client, voice, day.areas, "今日一览", "today at a glance", day.day))
    tell_fresh(voice, day.synced_ms, ledger.now_ms)
    tell_devices_fresh(voice, day.devices_ms, ledger.now_ms)
    voice.pairs([
        ("巡查", "checks", _worked(voice, day)),
        ("问题", "cases", _cases(voice, day, ledger)),
        ("在办亮灯", "lights", _lights(voice, ledger)),
        ("待裁定", "to settle", waits),
    ])  # fmt: skip
    names = area_names(client)
    tell_idle(voice, day, names)
    tell_silent(voice, day, names, ledger.now_ms)
    tell_overdue(voice, client, ledger, _MOST_OVERDUE)
    if client.status().waiting:
        tell_waiting(voice, client.status())
    zh = "细看：gridward office today · ledger · conflicts · report"
    voice.hint(zh, "more: office today, ledger, conflicts, report")


def _worked(voice: Voice, day: SyncDay) -> str:
    people, listed = len(day.rows) - len(day.idle), len(day.rows)
    counts = day.checks
    zh = (
        f"{people}/{listed} 人，路段 {counts['street_check']}、商户 {counts['shop_check']}、"
        f"停车区 {counts['parking_check']}，照片 {day.photos}"
    )
    en = (
        f"{people} of {listed} people: {counts['street_check']} streets, {counts['shop_check']} shops, "
        f"{counts['parking_check']} parking areas, {day.photos} photos"
    )
    return voice.pick(zh, en)


def _cases(voice: Voice, day: SyncDay, ledger: Ledger) -> str:
    zh = f"今日新增 {day.found} 件，销号 {ledger.struck_off} 件，在办 {ledger.total.open} 件"
    return voice.pick(zh, f"{day.found} found today, {ledger.struck_off} struck off, {ledger.total.open} open")


def _lights(voice: Voice, ledger: Ledger) -> Text:
    total = ledger.total
    return Text.assemble(
        (f"■ {voice.pick('红灯', 'overdue')} {total.red}", BAD if total.red else ""),
        "  ",
        (f"▲ {voice.pick('黄灯', 'due soon')} {total.yellow}", WAIT if total.yellow else ""),
        "  ",
        (f"● {voice.pick('绿灯', 'in time')} {total.green}", GOOD if total.green else ""),
        f"  ○ {voice.pick('不亮灯', 'no light')} {total.none}",
    )


def _waits(voice: Voice, count: int, heard_ms: int | None) -> Text:
    if heard_ms is None:
        return Text(voice.pick("还没有取过清单，先 gridward office sync", "never fetched: gridward office sync"), WAIT)
    if not count:
        return Text(voice.pick("没有", "nothing"))
    return Text(voice.pick(f"{count} 项，gridward office conflicts", f"{count}: gridward office conflicts"), BAD)


COMMANDS = (overview_command,)
