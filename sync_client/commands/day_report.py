"""
The day reports of an office 日报: ``office report``, frozen, with what came in late beside.
"""

import click
from rich.padding import Padding
from rich.text import Text

from schemas.day_text import day_zh
from schemas.moments import ms_of
from schemas.wording import plural
from sync_client.client import FieldClient
from sync_client.commands.cases import now_of
from sync_client.commands.day_office import office_sight
from sync_client.commands.day_words import day_called, day_text
from sync_client.commands.folding import Folded
from sync_client.commands.session import Session, pass_session
from sync_client.commands.voice import GOOD, STRONG, WAIT, Voice
from sync_client.names import Names
from sync_client.office_day.reports import DayReport, Supplement, last_report, report_on
from sync_client.times import moment


@click.command("report")
@click.argument("day", metavar="[DAY]", required=False)
@pass_session
def report_command(session: Session, day: str | None) -> None:
    """日报：已冻结，补报列在旁边；不写日期就是最近一份。 The frozen day report; the latest unless a day is given."""
    voice = session.voice
    with session.tablet() as client:
        wanted = day_called(day, now_of(session, client)) if day else None
        areas = office_sight(client).areas
        found = [report_on(client, area, wanted) if wanted else last_report(client, area) for area in areas]
        reports = [one for one in found if one is not None]
        voice.answer({"reports": reports}, lambda: _tell(voice, client, reports, wanted))


def _tell(voice: Voice, client: FieldClient, reports: list[DayReport], day: str | None) -> None:
    if not reports:
        of_zh, of_en = (f" {day_zh(day)} 的", f" of {day}") if day else ("", "")
        voice.say(f"本机没有{of_zh}日报", f"this machine holds no report{of_en}", WAIT)
        voice.hint("每天截止（一般 18:30）以后同步就有", "it comes with a sync after the cut-off, usually 18:30")
    for one in reports:
        _tell_report(voice, one, Names(client, voice.lang))


def _tell_report(voice: Voice, one: DayReport, names: Names) -> None:
    number = one.number or voice.pick("编号待定", "not numbered yet")
    voice.show(Text.assemble((f"{voice.pick('日报', 'day report')} {number}", STRONG), f"  {day_text(voice, one.day)}"))
    cut_off, as_of = moment(ms_of(one.cut_off_at)), moment(ms_of(one.as_of))
    voice.say(f"截止 {cut_off}，数据截至 {as_of}，已冻结", f"closed {cut_off}, as of {as_of}; frozen")
    voice.show(Padding(Folded(voice.pick(one.text_zh, one.text_en)), (0, 0, 0, 2)))
    if one.figures and one.figures.unsynced:
        listed = voice.pick("、", ", ").join(names.person(person) for person in one.figures.unsynced)
        voice.say(f"当时未同步：{listed}", f"not synced then{': ' + listed if voice.lang == 'en' else ''}", WAIT)
    if one.supplements:
        voice.say("以后的补报（不改上面的数）", "what came later; the figures above stay", WAIT)
        for each in one.supplements:
            voice.show(Padding(Folded(_supplement(voice, each)), (0, 0, 0, 4)))
    else:
        voice.say("没有补报", "nothing came later", GOOD)


def _supplement(voice: Voice, one: Supplement) -> str:
    late = one.late
    zh = f"{one.told_by}（{one.told_on}）：{late.name} 补检查 {late.checks} 次、问题 {late.cases} 件，{late.workers} 人"
    en = f"{one.told_by} ({one.told_on}): {late.name} {plural(late.checks, 'check')}, {plural(late.cases, 'case')}"
    if late.was and late.now and late.was != late.now:
        zh += f"；完成 {late.was[1]}/{late.was[0]} → {late.now[1]}/{late.now[0]}"
        en += f"; done {late.was[1]}/{late.was[0]} → {late.now[1]}/{late.now[0]}"
    return voice.pick(zh, en)


COMMANDS = (report_command,)
