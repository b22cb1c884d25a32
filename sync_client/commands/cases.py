"""
Cases at the terminal 问题办理: ``case list``, ``show``, ``acts``; what is done with one is in ``case_acts``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import click
import msgspec
from rich.cells import cell_len
from rich.console import RenderableType
from rich.text import Text

from schemas.case_parts import ANSWERS, REQUESTS
from schemas.dispatching import Suggestion
from schemas.lights import LIGHTS, Light, light_of
from schemas.moments import ms_of
from schemas.numbers import NOT_YET, number_of
from schemas.roles import Role
from schemas.wording import english
from schemas.workflow import CASE, STATES
from sync_client.casework import NextAct, due_is_provisional, is_provisional, kept_submission, may_be_in_charge
from sync_client.client import FieldClient
from sync_client.commands.case_words import (
    GRAVITY,
    beside,
    due_text,
    light_called,
    light_text,
    state_called,
    state_text,
)
from sync_client.commands.looking import tell_record
from sync_client.commands.naming import record_called, when
from sync_client.commands.session import Session, pass_session
from sync_client.commands.voice import BAD, GOOD, QUIET, STRONG, WAIT, Voice
from sync_client.finding import OneOf
from sync_client.labels import NotUnderstood
from sync_client.names import Names, short
from sync_client.suggesting import suggest_lead
from sync_client.times import moment
from sync_client.values import Record

_MOST = 10_000
_LIGHT_WIDTH = 9
_GIVING = ("dispatch", "reassign")


@click.group("case", invoke_without_command=True)
@click.pass_context
def case_group(context: click.Context) -> None:
    """问题：清单与亮灯、查看、可用操作、办理、上报。 Cases: their lights, what may be done, doing it."""
    if context.invoked_subcommand is None:
        context.invoke(list_command)


@case_group.command("list")
@click.option(
    "--state", "states", multiple=True, metavar="STATE", help="状态，可多次，如 整改中 in this state, repeatable"
)
@click.option(
    "--light", "typed", multiple=True, metavar="LIGHT", help="亮灯，可多次，如 红灯 with this light, repeatable, as red"
)
@click.option("--mine", is_flag=True, help="只列我或本单位承办的 only mine, or my unit's")
@click.option("--all", "whole", is_flag=True, help="含已销号、不予立案、已并案的 those that are over too")
@pass_session
def list_command(
    session: Session, states: tuple[str, ...] = (), typed: tuple[str, ...] = (), *, mine: bool = False,
    whole: bool = False,
) -> None:  # fmt: skip
    """列出问题，红灯在前。 List cases, red lights first."""
    wanted = [state_called(text) for text in states] or [s for s in STATES if whole or s not in CASE.final]
    lights = [light_called(text) for text in typed]
    with session.tablet() as client:
        now = now_of(session, client)
        found = client.find("case", where={"status": OneOf(wanted)}, limit=_MOST, include_merged=whole)
        rows = sorted(((light_of(one.fields, now), one) for one in found), key=_by_gravity)
        rows = [row for row in rows if (not lights or row[0] in lights) and (not mine or is_mine(client, row[1]))]
        told = [{"light": light, "provisional": is_provisional(one), "record": one} for light, one in rows]
        session.voice.answer(
            {"cases": told}, lambda: _tell_list(session.voice, Names(client, session.voice.lang), rows, now)
        )


@case_group.command("show")
@click.argument("record_id", metavar="ID")
@pass_session
def show_command(session: Session, record_id: str) -> None:
    """查看一件问题：状态、时限、该做什么、流转记录。 One case: its state, its time, what is asked, its timeline."""
    with session.tablet() as client:
        record, now = case_called(client, record_id), now_of(session, client)
        acts, light = client.next_acts(record), light_of(record.fields, now)
        told = {
            "record": record, "light": light, "provisional": is_provisional(record),
            "due_provisional": due_is_provisional(record), "acts": [plain_act(act) for act in acts],
        }  # fmt: skip
        session.voice.answer(told, lambda: _tell_case(session.voice, client, record, acts, now))


@case_group.command("acts")
@click.argument("record_id", metavar="ID")
@pass_session
def acts_command(session: Session, record_id: str) -> None:
    """现在可做的操作，各需什么。 What may be done now, and what each needs."""
    with session.tablet() as client:
        record = case_called(client, record_id)
        acts, now = client.next_acts(record), now_of(session, client)
        suggested = suggestion_for(client, record, acts, now)
        told = {"acts": [plain_act(act) for act in acts], "suggested": suggested and suggested._asdict()}
        session.voice.answer(told, lambda: tell_acts(session.voice, record, acts, suggested))


def case_called(client: FieldClient, text: str) -> Record:
    """
    Return the case that *text* names.

    Raises:
        NoSuchRecord: There is no such record.
        NotUnderstood: It is no case, or there are several.
    """
    record = record_called(client, text)
    if record.type != "case":
        raise NotUnderstood(f"“{text}”不是问题，请用 gridward show。", f"'{text}' is no case; use gridward show.")
    return record


def now_of(session: Session, client: FieldClient) -> int:
    """Return the moment by the tablet's corrected clock."""
    return session.around.wall_ms() + client.status().clock_offset_ms


def plain_act(act: NextAct) -> dict[str, Any]:
    """Return an act for a program."""
    return dict(msgspec.to_builtins(act)) | {"ready": act.ready}


def option_of(name: str) -> str:
    """Return the option that takes the detail *name*."""
    return f"--{name.replace('_', '-')}"


def suggestion_for(client: FieldClient, record: Record, acts: list[NextAct], now: int) -> Suggestion | None:
    """Return whom the rules suggest 派遣建议, where one of *acts* gives the case to a unit."""
    gives = any(act.ready and act.name in _GIVING for act in acts)
    return suggest_lead(client, record, now) if gives else None


def tell_acts(voice: Voice, record: Record, acts: list[NextAct], suggested: Suggestion | None) -> None:
    """Show what may be done with *record*, what each act needs or lacks, and who is suggested to lead it."""
    if not acts:
        voice.say("您现在没有可做的操作", "there is nothing for you to do here", QUIET)
        return
    voice.table(
        [("操作", "act"), ("", ""), ("之后", "leads to"), ("需要", "needs")],
        [_act_row(voice, act) for act in acts],
    )
    if suggested is not None:
        voice.say(suggested.zh, suggested.en, STRONG)
    ready = sorted((act for act in acts if act.ready), key=lambda act: act.name == "merge")
    if ready:
        command = f"gridward case do {short(record.id)} {ready[0].zh}"
        voice.hint(f"办理：{command} …", f"do it: gridward case do {short(record.id)} {ready[0].name} …")


def _act_row(voice: Voice, act: NextAct) -> list[RenderableType]:
    target = voice.pick(STATES[act.target], english(act.target)) if act.target else "—"
    if act.why is not None:
        return [voice.pick(act.zh, act.en), Text("✗", BAD), target, Text(voice.pick(act.why.zh, act.why.en), QUIET)]
    needs = [f"{zh} {option}" if voice.lang == "zh" else option for option, zh in needs_of(act)]
    return [
        Text(voice.pick(act.zh, act.en), STRONG),
        Text("✓", GOOD),
        target,
        voice.pick("、", ", ").join(needs) or "—",
    ]


def needs_of(act: NextAct) -> Iterable[tuple[str, str]]:
    """Yield what has to come with an act: the option, and what it is called."""
    if act.reason:
        yield "--reason", "理由"
    if act.evidence:
        yield "--photo", "照片"
    if act.into:
        yield "--into", "主案"
    for asked in act.asks:
        if asked.required:
            yield option_of(asked.name), asked.zh


# -- one case -----------------------------------------------------------------------------------------


def _tell_case(voice: Voice, client: FieldClient, record: Record, acts: list[NextAct], now: int) -> None:
    names = Names(client, voice.lang)
    tell_record(voice, client, _without_its_way(record))
    voice.show("")
    voice.pairs([
        ("状态", "state", state_text(voice, record)),
        ("亮灯", "light", light_text(voice, light_of(record.fields, now))),
        ("整改时限", "due", due_text(voice, record, now)),
        ("承办单位", "units", _units(names, record)),
        ("责任人", "owner", names.person(record["owner_person"]) if record.get("owner_person") else "—"),
    ])  # fmt: skip
    _tell_what_is_asked(voice, record, acts)
    _tell_kept(voice, names, record)
    _tell_requests(voice, names, record)
    tell_timeline(voice, names, record)
    _tell_late(voice, names, record)


#: Told by itself, below the rest.
_OF_ITS_WAY = frozenset(
    {"status", "timeline", "late_acts", "term", "leads", "lead", "assist", "owner_person", "due_at", "yellow_at",
     "requests", "instructions", "handlers", "first_signature"}
)  # fmt: skip


def _without_its_way(record: Record) -> Record:
    return replace(record, fields={name: value for name, value in record.fields.items() if name not in _OF_ITS_WAY})


def _tell_what_is_asked(voice: Voice, record: Record, acts: list[NextAct]) -> None:
    ready = [act for act in acts if act.ready]
    listed = voice.pick("、", ", ").join(voice.pick(act.zh, act.en) for act in ready)
    if ready:
        voice.say(f"您可以：{listed}", f"you may: {listed}" if voice.lang == "en" else "what you may do", STRONG)
        voice.hint(f"各需什么：gridward case acts {short(record.id)}", f"what each needs: case acts {short(record.id)}")


def _tell_kept(voice: Voice, names: Names, record: Record) -> None:
    kept = kept_submission(record)
    if kept is None:
        return
    who = names.person(kept.by)
    voice.say(
        f"{who} {when(kept.at)} 已上传整改材料（照片 {len(kept.evidence)} 张），尚未作为提交执行",
        f"{who} handed in material at {when(kept.at)}; it was kept, not carried out", WAIT,
    )  # fmt: skip
    voice.hint(
        f"核对后提交：gridward case do {short(record.id)} 提交整改 --again", "hand it in: case do … submit --again"
    )


def _tell_requests(voice: Voice, names: Names, record: Record) -> None:
    for one in record.get("requests", ()):
        kind, answer = REQUESTS.get(one["kind"], one["kind"]), ANSWERS.get(one.get("answer", ""), "待批复")
        until = str(one.get("until") or one.get("review_on") or "")
        until = moment(ms_of(until)) if "T" in until else until
        asked = f"{names.person(one['by'])} {when(tuple(one['at']))}"
        voice.say(
            f"申请{kind}：{one.get('reason') or ''}（{asked}）{until} {answer}",
            f"{english(one['kind'])}: {one.get('answer', 'waits for an answer')}", QUIET if one.get("answer") else WAIT,
        )  # fmt: skip
    for one in record.get("instructions", ()):
        done = "reply" in one
        voice.say(
            f"批示：{one['text']}（{names.person(one['by'])}）{'已回复：' + one['reply'] if done else '待回复'}",
            "an instruction, answered" if done else "an instruction waits for an answer", QUIET if done else WAIT,
        )  # fmt: skip


def tell_timeline(voice: Voice, names: Names, record: Record) -> None:
    """Show every act that was carried out, the first one first; those only asked for are marked."""
    entries = record.get("timeline", ())
    if not entries:
        return
    known = _decided(entries, record.acts)
    heads = [("时间", "time"), ("操作", "act"), ("谁", "who"), ("状态", "state"), ("说明", "said")]
    voice.table(heads, [_step_row(voice, names, one, expected=place >= known) for place, one in enumerate(entries)])


def _decided(entries: Sequence[Mapping[str, Any]], asked: Sequence[str]) -> int:
    """Return how many of *entries* the office has decided; of *asked* not every act need have led anywhere."""
    left, place = list(asked), len(entries)
    while place and entries[place - 1]["act"] in left:
        place -= 1
        while left.pop() != entries[place]["act"]:
            pass
    return place


def _step_row(voice: Voice, names: Names, entry: dict[str, Any], *, expected: bool) -> list[RenderableType]:
    known = CASE.acts.get(entry["act"])
    act = voice.pick(known.zh, known.en) if known else entry["act"]
    role = entry.get("role")
    who = names.person(entry["by"]) + (f"（{Role(role).zh}）" if role in set(Role) and voice.lang == "zh" else "")
    states = " → ".join(voice.pick(STATES.get(s, s), english(s)) for s in dict.fromkeys((entry["from"], entry["to"])))
    said = "；".join(str(part) for part in (entry.get("reason"), (entry.get("details") or {}).get("measure")) if part)
    return [when(tuple(entry["at"])), act + (beside(voice) if expected else ""), who, states, said]


def _tell_late(voice: Voice, names: Names, record: Record) -> None:
    for one in record.get("late_acts", ()):
        known = CASE.acts.get(one["act"])
        zh, en = (known.zh, known.en) if known else (one["act"], one["act"])
        who, at = names.person(one["by"]), when(tuple(one["at"]))
        voice.say(f"未执行的操作：{at} {who} {zh}：{one['zh']}", f"not carried out: {en} by {who}: {one['en']}", WAIT)


# -- words --------------------------------------------------------------------------------------------


def _units(names: Names, record: Record) -> str:
    lead, assist = record.get("lead"), record.get("assist", ())
    if lead is None:
        return "—"
    helped = f"（协办 {'、'.join(_unit(names, unit, record) for unit in assist)}）" if assist else ""
    return _unit(names, lead, record) + helped


def _unit(names: Names, unit: str, record: Record) -> str:
    return names.called(None, unit, record.grid)


def _tell_list(voice: Voice, names: Names, rows: list[tuple[Light, Record]], now: int) -> None:
    if not rows:
        voice.say("没有符合条件的问题", "no such cases", GOOD)
        return
    numbers = {one.id: _number(voice, one) for _, one in rows}
    widest = max(cell_len(number) for number in numbers.values())
    for light, one in rows:
        head = Text.assemble("  ", _filled(light_text(voice, light), _LIGHT_WIDTH), " ")
        lead = one.get("lead")
        head += _filled(Text(numbers[one.id], STRONG), widest + 2) + Text(state_text(voice, one))
        head += Text(f"  {voice.pick('主办', 'lead')} {_unit(names, lead, one)}" if lead else "")
        about = [told for told in (due_text(voice, one, now), names.of(one)) if told != "—"]
        below = Text(" " * (_LIGHT_WIDTH + 3) + voice.pick("，", ", ").join(about))
        below.truncate(voice.console.width, overflow="ellipsis")
        voice.show(head, below)
    counted = {light: sum(found == light for found, _ in rows) for light in GRAVITY}
    told = "，".join(f"{LIGHTS[light][0]} {count}" for light, count in counted.items() if count)
    voice.say(f"共 {len(rows)} 件：{told}", f"{len(rows)} cases")


def _number(voice: Voice, record: Record) -> str:
    number = number_of(record.type, record.grid, record.born, dict(record.fields))
    return number or f"{short(record.id)} {voice.pick(*NOT_YET)}"


def _filled(text: Text, width: int) -> Text:
    """Return *text* filled up to *width* cells."""
    text.pad_right(max(0, width - text.cell_len))
    return text


def _by_gravity(row: tuple[Light, Record]) -> tuple[int, str, str]:
    light, record = row
    return GRAVITY.index(light), str(record.get("due_at") or "9"), record.id


def is_mine(client: FieldClient, record: Record) -> bool:
    """Say whether whoever works now, or his unit, answers for the case *record*."""
    me = next((person for person in client.people() if person.current), None)
    return me is not None and (record.get("owner_person") == me.id or may_be_in_charge(record, me))
