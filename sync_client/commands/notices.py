"""
What the office told whoever works now 通知: ``notices``, and ``notices seen``.
"""

import click
from rich.padding import Padding
from rich.text import Text

from schemas.moments import ms_of
from sync_client.client import FieldClient
from sync_client.commands.cases import now_of
from sync_client.commands.folding import Folded
from sync_client.commands.naming import record_called
from sync_client.commands.session import Session, pass_session
from sync_client.commands.voice import BAD, GOOD, QUIET, STRONG, WAIT, Voice
from sync_client.labels import NotUnderstood
from sync_client.names import short
from sync_client.notices import Notice, is_mine, notices_of, see
from sync_client.times import moment

_EVERY = "all"


@click.group("notices", invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="含已阅和 30 天以前的 those seen, and older ones too")
@pass_session
@click.pass_context
def notices_group(context: click.Context, session: Session, *, everything: bool) -> None:
    """通知：现在使用平板的人的，紧急的在前，新的在前。 Notices of whoever works now, critical ones first."""
    if context.invoked_subcommand is not None:
        return
    with session.tablet() as client:
        found = notices_of(client, now_ms=now_of(session, client), everything=everything)
    session.voice.answer({"notices": found}, lambda: _tell(session.voice, found))


@notices_group.command("seen")
@click.argument("which", metavar="[ID]... | all", nargs=-1)
@pass_session
def seen_command(session: Session, which: tuple[str, ...]) -> None:
    """已阅：写编号末几位，或 all；没有网络也行。 Acknowledge: the end of an ID, several, or all; offline too."""
    with session.tablet() as client:
        chosen = _chosen(client, which or (_EVERY,))
        count = see(client, chosen, now_of(session, client))
    told = {"seen": [one.id for one in chosen], "count": count}
    session.voice.answer(told, lambda: _tell_seen(session.voice, count))


def _chosen(client: FieldClient, which: tuple[str, ...]) -> list[Notice]:
    listed = {one.id: one for one in notices_of(client, everything=True)}
    if _EVERY in {word.lower() for word in which}:
        return [one for one in listed.values() if one.seen_at is None]
    found = []
    for word in which:
        record = record_called(client, word)
        if not is_mine(client, record):
            raise NotUnderstood(f"“{word}”不是您的通知，见 gridward notices。", f"'{word}' is no notice of yours.")
        found.append(listed[record.id])
    return found


def _tell_seen(voice: Voice, count: int) -> None:
    if count:
        voice.say(f"已阅 {count} 条，下次同步告知平台", f"{count} seen; the office hears with the next sync", GOOD)
    else:
        voice.say("没有未看的", "nothing was unseen", GOOD)


def _tell(voice: Voice, found: list[Notice]) -> None:
    if not found:
        voice.say("没有未看的通知", "no notice is unseen", GOOD)
        return
    for one in found:
        tell_notice(voice, one)
    if any(one.seen_at is None for one in found):
        voice.hint("看过后：gridward notices seen 编号（或 all）", "once seen: gridward notices seen ID, or all")


def tell_notice(voice: Voice, one: Notice) -> None:
    """Show one notice: whether it is urgent and unseen, then line by line."""
    unseen = one.seen_at is None
    word = voice.pick("未看", "unseen") if unseen else voice.pick("已阅", "seen")
    urgent = voice.pick("紧急", "urgent") if one.critical else ""
    style = BAD if one.critical and unseen else WAIT if unseen else QUIET
    sign = "✗" if one.critical and unseen else "!" if unseen else "·"
    head = Text.assemble((f"{sign} {' '.join(part for part in (urgent, word) if part)}", style))
    voice.show(
        head + Text.assemble("  ", (one.title, STRONG), f"  {moment(ms_of(one.sent_at))}  ", (short(one.id), QUIET))
    )
    for line in one.lines:
        voice.show(Padding(Folded(voice.pick(line.zh, line.en)), (0, 0, 0, 4)))


def tell_new(voice: Voice, new: list[Notice]) -> None:
    """Say after a sync how many notices came, and show those that cannot wait."""
    if not new:
        return
    voice.say(f"有 {len(new)} 条新通知，运行 gridward notices 查看", f"{len(new)} new notices: gridward notices", WAIT)
    for one in new:
        if one.critical:
            tell_notice(voice, one)
