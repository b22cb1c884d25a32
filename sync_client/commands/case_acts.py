"""
Doing something with a case at the terminal 办理: ``case do``, ``case report``, ``case drafts``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from schemas import grid as codes
from schemas import sealing
from schemas.cases import PROBLEM_CLASSES
from schemas.dispatching import Suggestion
from schemas.fields import Id, Instant, Many, Unit
from schemas.machines import Step, WhyNot, step
from schemas.mutations import Act
from schemas.parts import PHOTO_ROLES
from schemas.roles import Role
from schemas.wording import english, fields_of, label_of
from schemas.workflow import CASE, STATES
from sync_client.casework import NextAct, hindered, kept_submission
from sync_client.check_sheet import role_called
from sync_client.client import FieldClient
from sync_client.commands import filters
from sync_client.commands.case_words import state_text
from sync_client.commands.cases import case_called, needs_of, now_of, option_of, suggestion_for
from sync_client.commands.covert import embargo_of, embargo_option, sealed_told
from sync_client.commands.looking import tell_record
from sync_client.commands.naming import meant
from sync_client.commands.pictures import picture_at, position_called
from sync_client.commands.session import Session, pass_session
from sync_client.commands.voice import GOOD, QUIET, WAIT, Voice
from sync_client.errors import NobodyWorks
from sync_client.labels import NotUnderstood, value_from
from sync_client.names import short
from sync_client.times import instant, moment
from sync_client.values import Draft, Person, Record

#: Everything an act may ask for, by name; each is an option.
_TAKES: Mapping[str, Any] = {name: shape for act in CASE.acts.values() for name, shape in act.takes.items()}
#: What a photo that comes with an act is for.
_ROLES = {"submit": "after", "return": "near"}
_DAY_AND_TIME = re.compile(r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2})$")
_DRAFT = "case:"


def _details(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give *command* an option for everything an act may ask for."""
    for name, shape in reversed(list(_TAKES.items())):
        several = isinstance(shape, Many)
        words = f"{shape.metadata['label']} {english(name)}" + ("，可多次 repeatable" if several else "")
        command = click.option(option_of(name), name, multiple=several, metavar="VALUE", help=words)(command)
    return command


@dataclass(frozen=True, slots=True)
class _Given:
    """What somebody brought along with an act."""

    reason: str | None
    photos: tuple[Path, ...]
    position: dict[str, Any] | None
    into: str | None
    details: dict[str, Any]


@click.command("do")
@click.argument("record_id", metavar="ID")
@click.argument("act_name", metavar="ACT")
@click.option("--reason", help="理由 why")
@click.option("--photo", "photos", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
              help="照片，可多次；提交整改时为整改后照片 a photo, repeatable; with submit it is of after")  # fmt: skip
@click.option("--position", metavar="LAT,LON[,M]", help="照片拍摄位置 where the photos were taken")
@click.option("--into", metavar="ID", help="并案的主案 the case it goes into")
@click.option("--again", is_flag=True, help="用留用的整改材料提交 hand in the submission that was kept")
@click.option("--anyway", is_flag=True, help="本机认为不可，仍请平台判断 let the office judge it all the same")
@_details
@pass_session
def do_command(
    session: Session, /, record_id: str, act_name: str, reason: str | None, photos: tuple[Path, ...],
    position: str | None, into: str | None, *, again: bool, anyway: bool, **details: Any,
) -> None:  # fmt: skip
    """
    办理一件问题。 Take an act on a case.

    ACT 为操作名，如 签收、sign；可做哪些、各需什么，见 gridward case acts。

    \b
    gridward case do HZ-2020-河北-00123 签收
    gridward case do ID 提交整改 --measure 已清运 --photo after.jpg --position 42.02,121.66
    gridward case do ID 派遣 --lead 210902005003007
    gridward case do ID 申请延期 --until "2020-07-20 17:30" --reason 需洒水车
    """
    known = _act_called(act_name)
    with session.tablet() as client:
        record = case_called(client, record_id)
        main = case_called(client, into).id if into else None
        where = position_called(position) if position else None
        given = _Given(reason, photos, where, main, _read_details(client, known, details))
        if again:
            given = _with_kept(record, given)
        act = _allowed(client, record, known, anyway=anyway)
        suggested = suggestion_for(client, record, [act] if act is not None else [], now_of(session, client))
        _refuse_what_lacks(act, known, given, suggested, again=again)
        if not anyway:
            _refuse_what_hinders(client, record, known, given, now_of(session, client))
        now = _take(client, record, known, given, again=again)
        session.voice.answer(now, lambda: _tell_done(session.voice, known, now))


def _act_called(text: str) -> Step:
    wanted = text.strip()
    for known in CASE.acts.values():
        if wanted in (known.name, known.zh, known.name.replace("_", "-")):
            return known
    listed = "、".join(f"{known.zh}（{known.name}）" for known in CASE.acts.values())
    raise NotUnderstood(f"没有“{text}”这项操作，应为：{listed}。", f"No act '{text}': {', '.join(CASE.acts)}.")


def _read_details(client: FieldClient, known: Step, typed: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: text for name, text in typed.items() if text not in (None, ())}
    strange = [name for name in given if name not in known.takes]
    if strange:
        listed = "、".join(map(option_of, strange))
        raise NotUnderstood(f"“{known.zh}”用不上 {listed}。", f"'{known.name}' takes no {', '.join(strange)}.")
    return {name: _read(client, known.takes[name], text) for name, text in given.items()}


def _read(client: FieldClient, shape: Any, typed: Any) -> Any:
    if isinstance(shape, Many):
        return [_read(client, shape.inner, one) for one in typed]
    if isinstance(shape, (Id, Unit)):
        return value_from(shape, meant(client, shape, typed))
    found = _DAY_AND_TIME.match(typed.strip()) if isinstance(shape, Instant) else None
    return value_from(shape, f"{found[1]}T{found[2]}:00+08:00" if found else typed)


def _with_kept(record: Record, given: _Given) -> _Given:
    kept = kept_submission(record)
    if kept is None:
        raise NotUnderstood("没有留用的整改材料。", "No submission was kept.")
    return _Given(given.reason, given.photos, given.position, given.into, {**kept.details, **given.details})


def _allowed(client: FieldClient, record: Record, known: Step, *, anyway: bool) -> NextAct | None:
    """
    Return the act as it is open to whoever works now; None where he asks for it all the same.

    Raises:
        NotUnderstood: It is not open to him, or something stands in its way.
    """
    acts = {act.name: act for act in client.next_acts(record)}
    act = acts.get(known.name)
    if anyway or (act is not None and act.ready):
        return act
    zh, en = (act.why.zh, act.why.en) if act is not None and act.why is not None else _why(client, record, known)
    open_now = [one for one in acts.values() if one.ready]
    listed = "、".join(one.zh for one in open_now) or "无"
    raise NotUnderstood(
        f"{zh}。现在可做：{listed}；若确需平台判断，加 --anyway。",
        f"{en}. Open now: {', '.join(one.name for one in open_now) or 'nothing'}; --anyway asks the office.",
    )


def _why(client: FieldClient, record: Record, known: Step) -> tuple[str, str]:
    person = _working(client)
    held = [each.role for each in person.roles if codes.lies_in(record.grid, each.area) and each.role in set(Role)]
    found = [step(CASE, str(record.get("status")), known.name, Role(role)) for role in held or ["public"]]
    why = next((one for one in found if isinstance(one, WhyNot)), None)
    return (why.zh, why.en) if why else ("不能办理", "it cannot be done")


def _working(client: FieldClient) -> Person:
    """
    Return who works now.

    Raises:
        NobodyWorks: Nobody does.
    """
    person = client.status().person
    if person is None:
        raise NobodyWorks
    return person


def _refuse_what_lacks(
    act: NextAct | None, known: Step, given: _Given, suggested: Suggestion | None, *, again: bool
) -> None:
    """Name everything that is still missing, with the option that brings it, and whom the rules suggest to lead."""
    wanted = needs_of(act) if act is not None else ()
    have = {option_of(name) for name in given.details}
    have |= {"--reason"} if given.reason and given.reason.strip() else set()
    have |= {"--photo"} if given.photos or again else set()
    have |= {"--into"} if given.into else set()
    missing = [(option, zh) for option, zh in wanted if option not in have]
    if missing:
        listed = "、".join(f"{zh}（{option}）" for option, zh in missing)
        zh, en = (f"{suggested.zh}。", f" {suggested.en}.") if suggested and "lead" not in given.details else ("", "")
        raise NotUnderstood(
            f"{known.zh}还缺：{listed}。{zh}",
            f"To {known.en} still needs {', '.join(option for option, _ in missing)}.{en}",
        )


def _refuse_what_hinders(client: FieldClient, record: Record, known: Step, given: _Given, now: int) -> None:
    """Say what is wrong with what was brought along, as a date that lies too early."""
    why = hindered(record, _working(client), Act(known.name, reason=given.reason, details=given.details), now)
    if why is not None:
        raise NotUnderstood(
            f"{known.zh}：{why.zh}；若确需平台判断，加 --anyway。", f"{known.en}: {why.en}; --anyway asks the office."
        )


def _take(client: FieldClient, record: Record, known: Step, given: _Given, *, again: bool) -> Record:
    """Attach the photos and ask for the act, in one commit; the photos stand before it."""
    ready = [client.prepare_photo(picture_at(path)) for path in given.photos]
    kept = kept_submission(record) if again else None
    evidence = [photo.original.sha256 for photo in ready] or list(kept.evidence if kept else ())
    with client.batch():
        for photo in ready:
            record = client.attach(record, photo, role=_ROLES.get(known.name, "near"), position=given.position)
        return client.act(record, known.name, given.reason, evidence, into=given.into, **given.details)


def _tell_done(voice: Voice, known: Step, now: Record) -> None:
    state = state_text(voice, now)
    voice.say(
        f"已存到本机：{known.zh}，{state}", f"saved on this tablet: {known.en}, {english(str(now['status']))}", GOOD
    )
    voice.hint("同步后以平台为准：gridward sync", "the office has the last word: gridward sync")


# -- reporting ----------------------------------------------------------------------------------------


@click.command("report")
@click.argument("texts", metavar="[FIELD=VALUE]...", nargs=-1)
@click.option("--grid", metavar="CODE", help="所在网格，默认本人网格 where it lies; else your own grid")
@click.option("--photo", "photos", multiple=True, type=click.Path(path_type=Path), metavar="FILE", help="照片 a photo")
@click.option("--role", default="near", show_default=True, help="照片用途，如 整改前、整改后 what the photos are for")
@click.option("--draft", is_flag=True, help="只存草稿，不上报 keep it as a draft on this tablet")
@click.option("--from", "resumed", metavar="N", type=int, help="接着第 N 份草稿 go on with draft N")
@embargo_option
@pass_session
def report_command(
    session: Session, texts: tuple[str, ...], grid: str | None, photos: tuple[Path, ...], role: str, *,
    draft: bool, resumed: int | None, embargo: str | None,
) -> None:  # fmt: skip
    """
    上报一件问题；可先存草稿。 Report a problem, or keep it as a draft first.

    \b
    gridward case report 问题类别=暴露垃圾 存在问题=楼后一堆 --photo near.jpg
    gridward case report 问题类别=乱堆物堆料 --draft
    gridward case report --from 1 存在问题=门口木料
    """
    with session.tablet() as client:
        person, now = _working(client), now_of(session, client)
        before = _draft(client, person, resumed) if resumed is not None else None
        if embargo is not None:
            texts = (*texts, f"{sealing.UNTIL}={embargo_of(person, embargo, now)}")
        data = _continued(before, texts, grid, photos, role_called(role))
        if draft:
            key = before.key if before else f"{_DRAFT}{person.id}:{now}"
            client.save_draft(key, data)
            session.voice.answer(data, lambda: _tell_draft(session.voice))
            return
        made = _report(client, person, data, now)
        if before is not None:
            client.drop_draft(before.key)
        session.voice.answer(made, lambda: _tell_reported(session.voice, client, made))


@click.command("drafts")
@click.option("--drop", metavar="N", type=int, help="放弃第 N 份 throw draft N away")
@pass_session
def drafts_command(session: Session, drop: int | None) -> None:
    """未上报的问题草稿，只在本机。 Problems not reported yet, on this tablet alone."""
    with session.tablet() as client:
        person = _working(client)
        if drop is not None:
            client.drop_draft(_draft(client, person, drop).key)
        drafts = _drafts(client, person)
        session.voice.answer({"drafts": drafts}, lambda: _tell_drafts(session.voice, drafts))


def _drafts(client: FieldClient, person: Person) -> list[Draft]:
    """Return the drafts of whoever works now, the oldest first."""
    return sorted((one for one in client.drafts() if one.key.startswith(f"{_DRAFT}{person.id}:")), key=lambda d: d.key)


def _draft(client: FieldClient, person: Person, number: int) -> Draft:
    drafts = _drafts(client, person)
    if not 1 <= number <= len(drafts):
        raise NotUnderstood(f"没有第 {number} 份草稿；见 gridward case drafts。", f"There is no draft {number}.")
    return drafts[number - 1]


def _continued(
    before: Draft | None, texts: tuple[str, ...], grid: str | None, photos: tuple[Path, ...], role: str
) -> dict[str, Any]:
    data = dict(before.data) if before else {"texts": [], "photos": [], "grid": None}
    named = [{"path": str(picture_at(photo).resolve()), "role": role} for photo in photos]
    return {"texts": [*data["texts"], *texts], "photos": [*data["photos"], *named], "grid": grid or data["grid"]}


def _report(client: FieldClient, person: Person, data: Mapping[str, Any], now: int) -> Record:
    """Make the case, its photos with it, in one commit."""
    written = filters.changed("case", {}, data["texts"], partial(meant, client))
    if (until := written.set.get(sealing.UNTIL)) is not None:
        embargo_of(person, until, now)
    source = "self" if until is None else "district_inspection"
    fields = {"source": source, "found_at": instant(now)} | written.set
    if "problem_class" not in fields:
        label = label_of(fields_of("case")["problem_class"], "problem_class")
        raise NotUnderstood(f"还要填：{label}（problem_class）。", "Still to fill in: problem_class.")
    fields.setdefault("severity", PROBLEM_CLASSES[fields["problem_class"]].severity)
    place = data["grid"] or _own_grid(person)
    ready = [(client.prepare_photo(picture_at(Path(one["path"]))), one["role"]) for one in data["photos"]]
    with client.batch():
        made = client.create("case", grid=place, set=fields, add=written.add)
        for photo, role in ready:
            made = client.attach(made, photo, role=role)
    return made


def _own_grid(person: Person) -> str:
    grids = sorted({each.area for each in person.roles if len(each.area) == codes.Level.GRID})
    if len(grids) == 1:
        return grids[0]
    listed = "、".join(grids) or "—"
    raise NotUnderstood(f"请用 --grid 写明所在网格：{listed}。", f"Say which grid with --grid: {', '.join(grids)}.")


def _tell_draft(voice: Voice) -> None:
    voice.say("已存为草稿，尚未上报", "kept as a draft, not reported", WAIT)
    voice.hint("查看：gridward case drafts", "see them: gridward case drafts")


def _tell_drafts(voice: Voice, drafts: list[Draft]) -> None:
    if not drafts:
        voice.say("没有草稿", "no drafts", GOOD)
    for number, one in enumerate(drafts, 1):
        photos = [f"{PHOTO_ROLES[photo['role']]} {Path(photo['path']).name}" for photo in one.data["photos"]]
        voice.say(f"{number}  {'，'.join([*one.data['texts'], *photos])}", moment(one.saved_ms), QUIET)
    if drafts:
        voice.hint("上报：gridward case report --from 序号", "report it: gridward case report --from N")


def _tell_reported(voice: Voice, client: FieldClient, made: Record) -> None:
    voice.say(
        f"已存到本机：{STATES[made['status']]}（{short(made.id)}）", f"saved on this tablet ({short(made.id)})", GOOD
    )
    if told := sealed_told(made.fields):
        voice.say(*told, WAIT)
    tell_record(voice, client, made)


#: What is added to the commands about cases.
COMMANDS = (do_command, report_command, drafts_command)
