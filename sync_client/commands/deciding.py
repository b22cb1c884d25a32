"""
What became of edits that met others' 合并说明: ``conflicts``.
"""

import re

import click
from rich.padding import Padding

from sync_client.client import FieldClient
from sync_client.commands.exits import standing
from sync_client.commands.folding import Folded
from sync_client.commands.looking import put_aside
from sync_client.commands.session import Session, pass_session
from sync_client.commands.voice import BAD, GOOD, QUIET, Voice
from sync_client.names import Names
from sync_client.times import moment
from sync_client.values import Told

_EVERY = "all"
_BETWEEN = re.compile(r"[\s,，、]+")


@click.command("conflicts")
@click.option("--seen", metavar="N", help="已阅，移出清单；如 T2、T2,T5，all 为全部 put N aside; several, or all")
@click.option("--all", "aside", is_flag=True, help="含已阅的 those put aside too")
@click.option("--everyone", is_flag=True, help="本机所有人的 of everybody on this tablet")
@pass_session
@click.pass_context
def conflicts_command(
    context: click.Context, session: Session, seen: str | None, *, aside: bool, everyone: bool
) -> None:
    """多人同改的处理结果。 Where several people wrote."""
    voice = session.voice
    with session.tablet() as client:
        if seen is not None:
            _put_aside(voice, client, seen, everyone=everyone)
        # What is still open first; each part stays the newest first.
        told = sorted(client.conflicts(everyone=everyone, aside=aside), key=lambda one: not one.open)
        status = client.status()
        voice.answer(told, lambda: _tell(voice, Names(client, voice.lang), told))
    context.exit(standing(status))


def _put_aside(voice: Voice, client: FieldClient, seen: str, *, everyone: bool) -> None:
    listed = [one.mark for one in client.conflicts(everyone=everyone)]
    typed = [mark.upper() for mark in _BETWEEN.split(seen) if mark]
    for mark in listed if seen.lower() == _EVERY else typed:
        put_aside(voice, client, mark)
    if listed and not set(typed) & {*listed, _EVERY.upper()}:
        voice.hint(f"清单上有：{'、'.join(listed)}", f"on the list are: {', '.join(listed)}")


def _tell(voice: Voice, names: Names, told: list[Told]) -> None:
    if not told:
        voice.say("没有冲突", "no conflicts", GOOD)
    for one in told:
        zh, en = ("待人工认定", "a person decides") if one.open else ("已处理", "settled")
        about = f"{one.mark}  {names.of_id(one.record_id)}  {moment(one.at_ms)}"
        said_en = f"{about}  {en}" if voice.lang == "en" else en
        voice.say(f"{about}  {zh}", said_en, BAD if one.open else GOOD)
        for said in one.said:
            voice.show(Padding(Folded(voice.pick(said.zh, said.en)), (0, 0, 0, 4)))
        if one.seen:
            voice.show(Padding(Folded(voice.pick("已阅", "put aside"), style=QUIET), (0, 0, 0, 4)))
    if any(not one.seen for one in told):
        voice.hint("看过后：gridward conflicts --seen 序号（或 all）", "once seen: --seen N, or all")
