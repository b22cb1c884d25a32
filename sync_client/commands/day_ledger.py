"""
What an office has to look after 台账与裁定: ``office ledger``, ``office conflicts``, ``office settle``.
"""

from collections.abc import Mapping
from typing import Any

import click
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from schemas.cases import PROBLEM_CLASSES
from schemas.moments import day_of
from schemas.mutations import CHOICES, Settles, decode_mutation
from schemas.records import TYPES, rule_of
from schemas.rules import Together
from schemas.wording import english, fields_of, lasting
from schemas.workflow import STATES
from sync_client.client import FieldClient
from sync_client.commands.case_words import GRAVITY, light_text
from sync_client.commands.cases import now_of
from sync_client.commands.day_office import office_sight
from sync_client.commands.day_words import heading, tell_fresh
from sync_client.commands.folding import Folded
from sync_client.commands.session import Session, pass_session
from sync_client.commands.voice import BAD, GOOD, QUIET, STRONG, WAIT, Voice
from sync_client.labels import NotUnderstood, value_from
from sync_client.names import Names, short
from sync_client.office_day.disputes import Dispute, Writing, choice_called, disputes_in, written
from sync_client.office_day.kept_lists import CONFLICTS
from sync_client.office_day.ledger import Ledger, Lights, OpenCase
from sync_client.office_day.the_day import area_names, ledger_for
from sync_client.times import moment

_MOST_OVERDUE = 10


@click.command("ledger")
@click.option("--all", "whole", is_flag=True, help="列出全部超期的 list all that are overdue")
@pass_session
def ledger_command(session: Session, *, whole: bool) -> None:
    """台账：按状态、亮灯和社区，超期的列出来。 Open cases by state, light and community, and what is overdue."""
    with session.tablet() as client:
        now = now_of(session, client)
        ledger = ledger_for(client, office_sight(client), now)
        session.voice.answer(ledger, lambda: _tell_ledger(session.voice, client, ledger, whole=whole))


def _tell_ledger(voice: Voice, client: FieldClient, ledger: Ledger, *, whole: bool) -> None:
    areas = office_sight(client).areas
    voice.show(heading(client, voice, areas, "问题台账", "the ledger", day_of(ledger.now_ms)))
    tell_fresh(voice, client.status().last_sync_ms, ledger.now_ms)
    if not ledger.total.open:
        voice.say("没有在办的问题", "no open cases", GOOD)
        return
    states = {voice.pick(STATES[state], english(state)): counted for state, counted in ledger.states.items()}
    _tell_lights(voice, ("状态", "state"), states, ledger.total)
    names = area_names(client)
    places = {names.get(code, code): counted for code, counted in ledger.communities.items()}
    _tell_lights(voice, ("社区", "community"), places, ledger.total)
    voice.say(f"今日销号 {ledger.struck_off} 件", f"{ledger.struck_off} struck off today")
    tell_overdue(voice, client, ledger, None if whole else _MOST_OVERDUE)


def _tell_lights(voice: Voice, head: tuple[str, str], rows: Mapping[str, Lights], total: Lights) -> None:
    zh, en = head
    words = [voice.pick(zh, en), voice.pick("在办", "open"), *(light_text(voice, light).plain for light in GRAVITY)]
    heads = [(word, "") if voice.lang == "zh" else ("", word) for word in words]
    listed = [(Text(name), counted) for name, counted in rows.items()]
    listed.append((Text(voice.pick("合计", "total"), STRONG), total))
    voice.table(heads, [[name, str(counted.open), *_counts(counted)] for name, counted in listed])


def _counts(counted: Lights) -> list[RenderableType]:
    styles = {"red": BAD, "yellow": WAIT}
    numbers = {light: int(getattr(counted, light)) for light in GRAVITY}
    return [Text(str(number), styles.get(light, "") if number else QUIET) for light, number in numbers.items()]


def tell_overdue(voice: Voice, client: FieldClient, ledger: Ledger, most: int | None) -> None:
    """List what is overdue, the longest first, at most so many."""
    if not ledger.overdue:
        voice.say("没有超期的问题", "nothing is overdue", GOOD)
        return
    voice.say(f"超期 {len(ledger.overdue)} 件", f"{len(ledger.overdue)} overdue", BAD)
    names, shown = Names(client, voice.lang), ledger.overdue[:most]
    for one in shown:
        said = (_called(one), _what(voice, one), _lead(voice, names, one), _late(voice, one, ledger.now_ms))
        line = Text("  ".join(said))
        line.truncate(voice.console.width - 4, overflow="ellipsis")
        voice.show(Padding(line, (0, 0, 0, 4)))
    if len(shown) < len(ledger.overdue):
        voice.hint("全部：gridward office ledger --all", "all of them: gridward office ledger --all")


def _called(one: OpenCase) -> str:
    return one.number or short(one.id)


def _what(voice: Voice, one: OpenCase) -> str:
    known = PROBLEM_CLASSES.get(one.problem_class)
    return (one.place_text or "") + (known.zh if known and voice.lang == "zh" else english(one.problem_class))


def _lead(voice: Voice, names: Names, one: OpenCase) -> str:
    return names.called(None, one.lead, one.grid) if one.lead else voice.pick("无主办", "no lead")


def _late(voice: Voice, one: OpenCase, now_ms: int) -> str:
    zh, en = lasting(now_ms - (one.due_ms or now_ms))
    return voice.pick(f"超期 {zh}", f"{en} overdue")


# -- what waits for a decision ----------------------------------------------------------------------


@click.command("conflicts")
@pass_session
def conflicts_command(session: Session) -> None:
    """等本单位裁定的；用 gridward office settle 裁定。 What waits for a decision of this office."""
    voice = session.voice
    with session.tablet() as client:
        office_sight(client)
        disputes, heard_ms = waiting_disputes(client)
        told = {"heard_ms": heard_ms, "conflicts": disputes}
        voice.answer(told, lambda: _tell_disputes(voice, client, disputes, heard_ms))


def waiting_disputes(client: FieldClient) -> tuple[list[Dispute], int | None]:
    """Return what waits by the list as it was heard, without what was settled here since, and when that was."""
    kept = client.office_lists.kept(CONFLICTS)
    if kept is None:
        return [], None
    sight = office_sight(client)
    listed = [one for one in disputes_in(kept.rows) if sight.sees(one.record.grid)]
    settled = _settled_here(client, {one.record.id for one in listed} | {one.field for one in listed}, kept.heard_ms)
    return [one for one in listed if one.id not in settled], kept.heard_ms


def _settled_here(client: FieldClient, records: set[str], since_ms: int) -> set[str]:
    """Return the disputes that changes made here settle: those not sent yet, or made since the list came."""
    found: set[str] = set()
    for record in sorted(records):
        sql = "SELECT payload, outcome FROM journal WHERE record_id = ? AND coalesce(outcome, '') <> 'rejected'"
        for payload, outcome in client.database.all(sql, (record,)):
            mutation = decode_mutation(payload)
            if mutation.settles is not None and (outcome is None or mutation.at[0] >= since_ms):
                found.add(mutation.settles.conflict)
    return found


def _tell_disputes(voice: Voice, client: FieldClient, disputes: list[Dispute], heard_ms: int | None) -> None:
    if heard_ms is None:
        voice.say("还没有取过待裁定清单", "the list was never fetched", WAIT)
        voice.hint("运行 gridward office sync", "run gridward office sync")
        return
    voice.say(f"清单取于 {moment(heard_ms)}", f"as of {moment(heard_ms)}")
    if not disputes:
        voice.say("没有待裁定的", "nothing waits for a decision", GOOD)
        return
    person = client.status().person
    for place, one in enumerate(disputes, 1):
        _tell_dispute(voice, place, one, one.choosable(person.id) if person else [])
    voice.hint("裁定：gridward office settle 序号 方式 [第几个值]", "settle: gridward office settle N CHOICE [VALUE]")


def _tell_dispute(voice: Voice, place: int, one: Dispute, choices: list[str]) -> None:
    kind = voice.pick(one.kind_zh, english(one.kind))
    voice.show(Text.assemble((f"{place}  {one.record.name}", STRONG), f"  {kind}  {moment(one.opened_ms)}"))
    voice.show(Padding(Folded(voice.pick(one.zh, one.en)), (0, 0, 0, 4)))
    for value in one.candidates:
        shown = voice.pick("（现显示）", " (shown)") if value.shown else ""
        line = f"{value.index + 1}. {value.words_zh}{shown}  {value.name or '—'} {moment(value.at_ms)}"
        voice.show(Padding(Folded(line), (0, 0, 0, 4)))
    said = voice.pick("、", ", ").join(voice.pick(CHOICES[word], word) for word in choices if word in CHOICES)
    voice.show(
        Padding(
            Folded(voice.pick(f"可以：{said or '只能看'}", f"you may: {said or 'look'}"), style=QUIET), (0, 0, 0, 4)
        )
    )


@click.command("settle")
@click.argument("number", metavar="N", type=click.IntRange(1))
@click.argument("choice", metavar="CHOICE")
@click.argument("value", metavar="[VALUE]", required=False)
@click.option("--reason", metavar="TEXT", help="理由 why")
@pass_session
def settle_command(session: Session, number: int, choice: str, value: str | None, reason: str | None) -> None:
    """
    裁定一项，离线也行，下次同步送达。 Settle one, offline too; it is sent with the next sync.

    N 是 office conflicts 里的序号；CHOICE 如 选用其一 choose、维持现状 keep、另行填写 hand、两者都留 both、
    并为一条 merge、并非同一 distinct、已阅 seen；VALUE 是第几个值，或填写的内容。
    """
    voice = session.voice
    with session.tablet() as client:
        dispute = _dispute_at(client, number)
        word = _choice_over(client, dispute, choice)
        writing = _writing(client, dispute, word, value)
        settles = Settles(dispute.id, word, reason)  # type: ignore[arg-type]  # one of CHOICES
        client.settle(writing.record, settles, set=writing.set, add=writing.add, act=writing.act)
    told = {"conflict": dispute.id, "choice": word, "record": writing.record}
    zh = f"已裁定“{dispute.record.name}”：{CHOICES[word]}；下次同步送达平台"
    voice.answer(told, lambda: voice.say(zh, f"settled: {word}; the office hears with the next sync", GOOD))


def _dispute_at(client: FieldClient, number: int) -> Dispute:
    disputes, heard_ms = waiting_disputes(client)
    if heard_ms is None:
        raise NotUnderstood(
            "还没有取过待裁定清单，先 gridward office sync。", "Fetch the list first: gridward office sync."
        )
    if number > len(disputes):
        raise NotUnderstood(
            f"清单里没有第 {number} 项，共 {len(disputes)} 项。", f"There is no number {number} of {len(disputes)}."
        )
    return disputes[number - 1]


def _choice_over(client: FieldClient, dispute: Dispute, text: str) -> str:
    word, person = choice_called(text), client.status().person
    open_to = dispute.choosable(person.id) if person else []
    if word is None or word not in open_to:
        listed = "、".join(f"{CHOICES[one]}（{one}）" for one in open_to if one in CHOICES) or "无"
        raise NotUnderstood(f"这一项您可以：{listed}。", f"Here you may: {', '.join(open_to) or 'nothing'}.")
    return word


def _writing(client: FieldClient, dispute: Dispute, word: str, value: str | None) -> Writing:
    pair = [dispute.record.id, *([dispute.other.id] if dispute.other else [])]
    fields = {one: client.read(one).fields for one in pair if client.holds(one)}
    number = int(value) - 1 if value and value.isascii() and value.isdigit() else None
    hand = _by_hand(dispute, value) if word == "hand" else None
    beside = [
        f"另有{dispute.label_zh}“{one.words_zh}”（{one.name or ''} {moment(one.at_ms)}）"
        for one in dispute.candidates
        if not one.shown
    ]
    return written(dispute, word, number, hand, fields, beside)


def _by_hand(dispute: Dispute, text: str | None) -> Any:
    """Return what was written by hand as the field's value."""
    if isinstance(rule_of(TYPES, dispute.record.type, dispute.field), Together):
        raise NotUnderstood(
            "这一项几个值要一起填，请在平台上裁定。", "Several values go together here; settle it at the office's desk."
        )
    if not text:
        raise NotUnderstood("请写要填的内容。", "Say what is to stand there.")
    return value_from(fields_of(dispute.record.type).get(dispute.field), text)


COMMANDS = (ledger_command, conflicts_command, settle_command)
