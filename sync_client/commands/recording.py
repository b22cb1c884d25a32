"""
Recording 记录: ``record`` a check, ``edit``, ``void``, ``attach``. Whatever says so has reached the disk before.
"""

from functools import partial
from pathlib import Path

import click
import msgspec

from schemas.wording import english, fields_of, label_of
from sync_client.check_sheet import DRAFT_PREFIX, Sheet, from_draft, role_called
from sync_client.client import FieldClient
from sync_client.commands import filters
from sync_client.commands.covert import embargo_of, embargo_option, seal, sealed_told
from sync_client.commands.dialogue import Dialogue, Discarded, Postponed
from sync_client.commands.exits import Exit
from sync_client.commands.looking import tell_record
from sync_client.commands.naming import meant, record_called
from sync_client.commands.pictures import (
    file_at,
    item_called,
    position_called,
    tell_attached,
    tell_elsewhere,
    tell_purpose,
)
from sync_client.commands.session import Session, pass_session
from sync_client.commands.sheet_view import show_assessment
from sync_client.commands.targets import Chooser, check_called
from sync_client.commands.voice import GOOD, QUIET, WAIT, Voice
from sync_client.errors import NobodyWorks, NotEnrolled
from sync_client.labels import NotUnderstood
from sync_client.names import Names, short
from sync_client.times import instant
from sync_client.values import Person, Record


@click.command("record")
@click.argument("what", required=False, metavar="[street|shop|parking]")
@click.option("--target", metavar="TEXT", help="检查对象：名称、编号、门牌或 ID which one")
@click.option("--answer", "-a", "answers", multiple=True, metavar="LINE", help="相当于输入一行 as if typed, repeatable")
@click.option("--yes", is_flag=True, help="不提问，直接保存 ask nothing, save")
@embargo_option
@pass_session
@click.pass_context
def record_command(
    context: click.Context,
    session: Session,
    what: str | None,
    target: str | None,
    answers: tuple[str, ...],
    embargo: str | None,
    *,
    yes: bool,
) -> None:
    """
    做一次检查。 Make a check.

    每答一项即存草稿，中断后再运行可继续。 Every answer is kept as a draft at once.

    \b
    填写 what to type
      a                   其余全部合格   all others are clean
      H1 3                某项结果       what was found under an item
      H1 3 +当场整改 油污   标记和说明     marks and a note
      H1 -                不适用         does not apply
      p H1 近景 文件       照片           a photo (+相册: from the gallery)
      l 42.02,121.66      位置，或原因   position, or why there is none
      d weather=晴        其他内容       other details
      r 文字              备注           a remark

    --answer 一次给出一行；--yes 不提问。 For programs: one line each, without questions.
    """
    voice, silent = session.voice, yes or session.voice.as_json
    with session.tablet() as client:
        until = _sealed_until(session, client, embargo)
        begin = _begin_silently if silent else _begin
        dialogue = Dialogue(voice, client, begin(session, client, what, target))
        if until is not None:
            seal(dialogue.sheet, until)
        try:
            for line in answers:
                dialogue.take(line)
            dialogue.keep()
            if not silent:
                dialogue.talk()
            _save(voice, client, dialogue.sheet)
        except Postponed:
            voice.say(
                "已存为草稿，下次运行 gridward record 可继续", "kept as a draft; gridward record goes on with it", WAIT
            )
        except Discarded:
            voice.say("已放弃", "thrown away")
            context.exit(Exit.DELIVERED)


def _chooser(session: Session, client: FieldClient) -> Chooser:
    person, now = _working(session, client)
    return Chooser(session.voice, client, person, instant(now))


def _working(session: Session, client: FieldClient) -> tuple[Person, int]:
    """Return who works now, and the time by the tablet's corrected clock."""
    status = client.status()
    if status.person is None:
        raise NobodyWorks if status.enrolled else NotEnrolled
    return status.person, session.around.wall_ms() + status.clock_offset_ms


def _sealed_until(session: Session, client: FieldClient, embargo: str | None) -> str | None:
    if embargo is None:
        return None
    person, now = _working(session, client)
    return embargo_of(person, embargo, now)


def _begin_silently(session: Session, client: FieldClient, what: str | None, target: str | None) -> Sheet:
    if what is None or target is None:
        raise NotUnderstood("不提问时，请写明检查种类和 --target。", "Without questions, name the kind and --target.")
    return _chooser(session, client).named(check_called(what), target)


def _begin(session: Session, client: FieldClient, what: str | None, target: str | None) -> Sheet:
    chooser = _chooser(session, client)
    wanted = check_called(what) if what else None
    drafted = None if target else _resumed(session.voice, client, chooser.person.id, wanted)
    return drafted or chooser.chosen(wanted or chooser.kind(), target or "")


def _resumed(voice: Voice, client: FieldClient, person: str, wanted: str | None) -> Sheet | None:
    """Offer the drafts of whoever works now; somebody else's are his own."""
    sheets = [
        sheet for draft in client.drafts() if draft.key.startswith(DRAFT_PREFIX) and (sheet := from_draft(draft.data))
    ]
    for sheet in sheets:
        if sheet.by != person or (wanted and sheet.type != wanted):
            continue
        begun = sheet.begun[5:16].replace("T", " ")
        zh = f"有未完成的检查：{sheet.name}（{sheet.form.zh}，{begun}，已答 {len(sheet.items)} 项）。继续？"
        if voice.agrees(zh, "go on with it?"):
            return sheet
    return None


def _save(voice: Voice, client: FieldClient, sheet: Sheet) -> None:
    """Keep the check, its photos and the end of its draft in one commit, then say so."""
    _refuse_unfinished(sheet)
    done = sheet.assessed()
    # Looking at pictures takes time; a sync beside this need not wait for it.
    ready = [client.prepare_photo(Path(photo.path)) for photo in sheet.photos]
    with client.batch():
        remarks = {"remark": sheet.remarks} if sheet.remarks else {}
        record = client.create(sheet.type, grid=sheet.grid, set=sheet.body(), add=remarks)
        attached = [
            client.attach(record.id, picture, item=photo.item, role=photo.role, origin=photo.origin)
            for photo, picture in zip(sheet.photos, ready, strict=True)
        ]
        client.drop_draft(sheet.key)
    record, names = client.read(record), Names(client, voice.lang)
    cases = [case._asdict() for case in done.cases] if done else []
    waiting = client.status().waiting

    def tell() -> None:
        voice.show("")
        voice.say(f"已存到本机：{sheet.name}", f"saved on this tablet ({short(record.id)})", GOOD)
        if told := sealed_told(record.fields):
            voice.say(*told, WAIT)
        if done:
            show_assessment(voice, done)
        for one in attached:
            tell_purpose(voice, one)
            tell_elsewhere(voice, names, one)
        voice.hint(
            f"待发 {waiting} 条；有网络时运行 gridward sync",
            f"{waiting} waiting; gridward sync when there is a network",
        )

    voice.answer({"record": record, "cases": msgspec.to_builtins(cases), "waiting": waiting}, tell)


def _refuse_unfinished(sheet: Sheet) -> None:
    """
    Refuse what is not answered, and photos that are no longer where they were.

    Raises:
        NotUnderstood: Something is missing.
    """
    gone = [photo.path for photo in sheet.photos if not Path(photo.path).is_file()]
    if gone:
        raise NotUnderstood(f"照片已不在原处：{'、'.join(gone)}。草稿还在。", f"Photos are gone: {', '.join(gone)}.")
    if sheet.untouched:
        codes = "、".join(item.code for item in sheet.untouched)
        raise NotUnderstood(f"还没查：{codes}。没查的项不算合格。", f"Not looked at yet: {codes}.")
    missing = sheet.unanswered()
    if missing:
        fields = fields_of(sheet.type)
        listed = "、".join(label_of(fields.get(name), name) for name in missing)
        first = missing[0]
        raise NotUnderstood(
            f'还要填：{listed}。写法如 d {first}=…，一次给出时为 -a "d {first}=…"。',
            f'Still to answer: {", ".join(map(english, missing))}. Type d {first}=…, or give -a "d {first}=…".',
        )


@click.command("edit")
@click.argument("record_id", metavar="ID")
@click.argument("texts", metavar="FIELD=VALUE...", nargs=-1, required=True)
@pass_session
def edit_command(session: Session, record_id: str, texts: tuple[str, ...]) -> None:
    """
    修改一条记录。 Change a record.

    name=新店名 设值；code= 清空；items.H1=3 改检查项；remark=文字 追加备注；photos-=指纹 移除。
    signed_in=姓名 签到；steps=清理楼道,2020-07-19 加一个步骤。
    """
    with session.tablet() as client:
        record = record_called(client, record_id)
        changed = filters.changes(record, texts, partial(meant, client))
        now = client.edit(record, set=changed.set, add=changed.add, remove=changed.remove, share=changed.share)
        session.voice.answer(now, lambda: _tell_kept(session.voice, client, now))


def _tell_kept(voice: Voice, client: FieldClient, record: Record) -> None:
    voice.say("已存到本机", "saved on this tablet", GOOD)
    tell_record(voice, client, record)


@click.command("void")
@click.argument("record_id", metavar="ID")
@click.option("--reason", help="原因，写入备注 why, kept as a remark")
@click.option("--yes", is_flag=True, help="不再确认 do not ask")
@pass_session
def void_command(session: Session, record_id: str, reason: str | None, *, yes: bool) -> None:
    """作废一条记录；作废后仍可查看。 Void a record; it stays readable."""
    voice = session.voice
    with session.tablet() as client:
        record = record_called(client, record_id)
        name = Names(client).of(record)
        if not (yes or voice.as_json or voice.agrees(f"作废“{name}”？", "void it?")):
            voice.say("没有改动", "nothing was changed", QUIET)
            return
        now = client.void(record, reason)
        voice.answer(now, lambda: voice.say(f"已作废：{name}", "voided", GOOD))


@click.command("attach")
@click.argument("record_id", metavar="ID")
@click.argument("photo", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--item", help="所示检查项，如 H1 the item it shows")
@click.option("--role", help="用途：全景、远景、近景、整改前、整改后 what it is for")
@click.option("--gallery", is_flag=True, help="从相册选的，不是当场拍的 chosen from the gallery, not taken just now")
@click.option("--position", metavar="LAT,LON[,M]", help="拍摄位置和精度（米），WGS-84 where it was taken, how exactly")
@pass_session
def attach_command(
    session: Session,
    record_id: str,
    photo: Path,
    item: str | None,
    role: str | None,
    position: str | None,
    *,
    gallery: bool,
) -> None:
    """给已存的记录补照片。 Attach a photo to a record."""
    with session.tablet() as client:
        record = record_called(client, record_id)
        called = role_called(role) if role else None
        shown = item_called(record, item) if item else None
        where = position_called(position) if position else None
        ready = client.prepare_photo(file_at(photo))
        now = client.attach(
            record, ready, item=shown, role=called, origin="gallery" if gallery else "camera", position=where
        )
        names = Names(client, session.voice.lang)
        session.voice.answer(now, lambda: tell_attached(session.voice, names, ready, now))
