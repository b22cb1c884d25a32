"""
Looking at what the tablet holds 查看: ``status``, ``list``, ``show``, ``outbox``.
"""

from collections.abc import Mapping
from typing import Any

import click
import msgspec
from rich.console import RenderableType
from rich.text import Text

from schemas.checks.scoring import FORMS, assess_check
from schemas.moments import day_of
from schemas.numbers import NOT_YET, NUMBER_FIELDS, has_number, number_of
from schemas.progress import ANSWERS, STANDINGS, answer, late_steps
from schemas.progress import standing as standing_on
from schemas.wording import brief, english, fields_of, label_of, points, title_of
from sync_client.client import FieldClient
from sync_client.commands import filters
from sync_client.commands.exits import is_revoked, standing
from sync_client.commands.naming import record_called, roles_of, when
from sync_client.commands.photos import standing_of, tell_photos
from sync_client.commands.session import Session, pass_session
from sync_client.commands.sheet_view import lacking, note_text, photo_texts, short_name, value_text
from sync_client.commands.voice import BAD, GOOD, QUIET, STRONG, WAIT, Voice
from sync_client.labels import type_called
from sync_client.names import Names, short
from sync_client.times import moment
from sync_client.values import Entry, Outbox, Page, Record, Status

#: What a list shows of each type; of a type that is not named here, what it cannot do without.
_CHECK_COLUMNS = ("observed_at", "target_id", "score", "result", "inspector_id")
_REGISTER_COLUMNS = ("name", "code")
_COLUMNS = {
    "shop": (*_REGISTER_COLUMNS, "door_no", "category", "status"),
    "street_segment": (*_REGISTER_COLUMNS, "kind", "road_grade", "status"),
    "parking_area": (*_REGISTER_COLUMNS, "kind", "status"),
    "street_check": _CHECK_COLUMNS,
    "shop_check": _CHECK_COLUMNS,
    "parking_check": _CHECK_COLUMNS,
    "case": ("found_at", "description", "severity", "status"),
    "area": ("code", "name", "level", "holders"),
    "person": ("name", "title", "role", "unit"),
    "campaign": ("name", "start_on", "end_on"),
    "milestone": ("due_on", "name"),
    "campaign_task": ("due_on", "unit", "what", "status"),
    "pledge": ("made_on", "kind", "unit", "text"),
    "standard_item": ("theme", "wording", "status", "unit"),
    "cleaning_day": ("held_on", "theme", "place_text", "waste_t"),
    "turnout": ("activity_id", "unit", "waste_t"),
    "compound": (*_REGISTER_COLUMNS, "has_property_mgmt", "enclosed"),
    "illegal_structure": (*_REGISTER_COLUMNS, "area_m2", "status"),
    "order": ("reply_due", "kind", "to_unit", "text"),
    "instruction": ("reply_due", "leader", "to_unit", "directive"),
}
#: Cut short where the screen is narrow.
_LONG = frozenset(
    {"name", "target_id", "description", "holders", "unit", "what", "text", "wording", "theme", "directive"}
)
_OPS = {"create": ("新建", "create"), "patch": ("修改", "edit"), "act": ("操作", "act"), "void": ("作废", "void")}
_STATES = {"held": ("等待前一条", "held"), "retry": ("稍后再试", "again"), "rejected": ("未被接受", "rejected")}
_MERGED_INTO = "merged_into"
#: Shown by themselves, beside the rest.
_APART = frozenset({"items", "notes", "photos", "missing_photos", _MERGED_INTO, *NUMBER_FIELDS.values()})


@click.command("status")
@pass_session
@click.pass_context
def status_command(context: click.Context, session: Session) -> None:
    """本机状态。 Where this tablet stands."""
    with session.tablet() as client:
        status = client.status()
    session.voice.answer(_plain_status(status), lambda: _tell_status(session.voice, status))
    context.exit(standing(status))


def _plain_status(status: Status) -> dict[str, Any]:
    return dict(msgspec.to_builtins(status)) | {"exit": int(standing(status))}


def _tell_status(voice: Voice, status: Status) -> None:
    person = status.person
    voice.pairs(
        (
            ("人员", "person", f"{person.name}（{roles_of(person, voice.lang)}）" if person else "—"),
            ("本机记录", "records", str(status.records)),
            ("上次同步", "last sync", moment(status.last_sync_ms)),
            ("合并说明", "explanations", str(status.told)),
            ("未完成的草稿", "drafts", str(status.drafts)),
        )
    )
    tell_waiting(voice, status)


def tell_waiting(voice: Voice, status: Status) -> None:
    """Say what waits, what needs somebody, and what to do about it."""
    _tell_standing(voice, status)
    if status.waiting:
        voice.say(f"待发 {status.waiting} 条", f"{status.waiting} waiting", WAIT)
        voice.hint("有网络时运行 gridward sync", "run gridward sync when there is a network")
    elif status.enrolled and not status.forgotten:
        voice.say("记录全部已送达", "every record is delivered", GOOD)
    tell_photos(voice, status)
    _tell_carried(voice, status)
    if status.attention:
        voice.say(f"{status.attention} 条未被接受", f"{status.attention} rejected", BAD)
        voice.hint("查看原因：gridward outbox", "see why: gridward outbox")
    if status.conflicts:
        voice.say(f"{status.conflicts} 处冲突待认定", f"{status.conflicts} open conflicts", BAD)
        voice.hint("查看：gridward conflicts", "see them: gridward conflicts")


def _tell_standing(voice: Voice, status: Status) -> None:
    """Say where the office does not take this tablet for one of its own."""
    if not status.enrolled:
        voice.say("本机尚未登记", "this tablet is not enrolled", BAD)
        voice.hint("向街道管理员要登记码，运行 gridward enrol", "ask the street office for a code: gridward enrol")
    elif status.forgotten:
        voice.say("办公室不认识本机，以前送达的可能也要重报", "the office may lack what it had taken, too", BAD)
        zh = "要登记码，运行 gridward enrol，再 gridward sync；在那之前不要清空本机，也不要删除数据文件夹"
        voice.hint(zh, "enrol with a new code and sync; until then keep this tablet and its folder as they are")
    elif is_revoked(status):
        voice.say("本机已被停用", "this device was revoked", BAD)
        zh = "要继续使用，请向街道要登记码，运行 gridward enrol；未发的数据都在"
        voice.hint(zh, "to go on ask the street office for a code: gridward enrol; unsent work stays")


def _tell_carried(voice: Voice, status: Status) -> None:
    if status.carried:
        voice.say(f"捎带的救援包 {status.carried} 个待转交", f"{status.carried} carried packages wait", WAIT)
        voice.hint("查看：gridward outbox carried", "see them: gridward outbox carried")
    if status.enrolled and status.person is None:
        voice.hint("现在没有人使用：gridward switch 姓名", "nobody works here now: gridward switch NAME")


@click.command("list")
@click.argument("type_name", metavar="TYPE")
@click.argument("conditions", metavar="[FIELD=VALUE]...", nargs=-1)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="最多几条 at most")
@click.option("--order", metavar="FIELD", help="排序，前加 - 为倒序 sort by, - for falling")
@click.option("--after", metavar="MARK", help="接着上一页 go on where the page before ended")
@click.option("--void", "with_void", is_flag=True, help="含已作废 voided ones too")
@pass_session
def list_command(
    session: Session,
    type_name: str,
    conditions: tuple[str, ...],
    limit: int,
    order: str | None,
    after: str | None,
    *,
    with_void: bool,
) -> None:
    """
    列出记录。 List records.

    TYPE 为类型名或中文名，如 shop、商户、case、问题。
    FIELD=VALUE 取相等；VALUE 可写成 老王*（开头）、2020-07-01..2020-07-31（范围）、open|vacant（其一）、空（未填）。
    """
    kind = type_called(type_name)
    where = dict(filters.condition(kind, text) for text in conditions)
    with session.tablet() as client:
        page = client.find(kind, where=where, order_by=order, limit=limit, after=after, include_void=with_void)
        names = Names(client, session.voice.lang)
        told = {"records": page.records, "after": page.after}
        session.voice.answer(told, lambda: _tell_page(session.voice, names, kind, page))


def _tell_page(voice: Voice, names: Names, kind: str, page: Page) -> None:
    if not page:
        voice.say(f"没有符合条件的{title_of(kind)}", "nothing found")
        return
    known, columns = fields_of(kind), _columns_of(kind)
    # English beside every label would leave no room for what the columns hold.
    heads = [
        ("", english(name)) if voice.lang == "en" else (brief(label_of(known.get(name), name)), "") for name in columns
    ]
    rows: list[list[RenderableType]] = [
        [*(names.value(record, name) for name in columns), _mark(voice, record), Text(short(record.id), QUIET)]
        for record in page
    ]
    giving = [place for place, name in enumerate(columns) if name in _LONG]
    voice.table([*heads, ("", ""), ("编号", "ID")], rows, giving or [0])
    if page.after:
        voice.hint(f"还有更多：加 --after {page.after}", "there are more: add --after")


def _columns_of(kind: str) -> tuple[str, ...]:
    return _COLUMNS.get(kind) or tuple(name for name, field in fields_of(kind).items() if field.required)[:5]


def _mark(voice: Voice, record: Record) -> Text:
    if record.void:
        return Text(voice.pick("作废", "void"), QUIET)
    if record.get(_MERGED_INTO):
        return Text(voice.pick("已并入", "merged"), QUIET)
    if record.waiting or not record.version:
        return Text(voice.pick("待发", "waiting"), WAIT)
    return Text("")


@click.command("show")
@click.argument("record_id", metavar="ID")
@pass_session
def show_command(session: Session, record_id: str) -> None:
    """
    查看一条记录。 Show one record.

    ID 可只写后几位，或写登记编号。 The end of an ID will do, or the register's code.
    """
    with session.tablet() as client:
        record = record_called(client, record_id)
        told = msgspec.to_builtins(record)
        day = day_of(session.around.wall_ms() + client.status().clock_offset_ms)

        def tell() -> None:
            tell_record(session.voice, client, record)
            tell_progress(session.voice, record, day)

        session.voice.answer(told, tell)


def tell_record(voice: Voice, client: FieldClient, record: Record) -> None:
    """Show *record* field by field, a check's items under their names."""
    names = Names(client, voice.lang)
    title = (voice.pick(title_of(record.type), english(record.type)), QUIET)
    voice.show(Text.assemble((names.of(record), STRONG), "  ", title, "  ", _mark(voice, record)))
    if record.get(_MERGED_INTO):
        into = names.of_id(str(record[_MERGED_INTO]))
        voice.say(f"已并入 {into}", f"merged into {into}", WAIT)
    known = fields_of(record.type)
    given = [name for name, value in record.fields.items() if value not in (None, [], {}) and name not in _APART]
    order = [name for name in _first_things_first(known) if name in given]
    order += [name for name in given if name not in known]
    voice.pairs((brief(label_of(known.get(name), name)), english(name), names.value(record, name)) for name in order)
    if has_number(record.type):
        number = number_of(record.type, record.grid, record.born, dict(record.fields))
        voice.pairs([("编号", "number", number or voice.pick(*NOT_YET))])
    _tell_items(voice, record)
    _tell_photos(voice, record)
    if files := client.photos(record):
        voice.pairs([("照片文件", "photo files", standing_of(voice, files))])
    voice.show(Text(f"  {record.id}  {record.grid}  {names.person(record.by)} {when(record.at)}", QUIET))


def tell_progress(voice: Voice, record: Record, day: str) -> None:
    """Say where a task stands on *day*, or whether an order or instruction was answered in time."""
    if record.type == "campaign_task":
        state = standing_on(record.fields, day)
        voice.say(STANDINGS[state], english(state), BAD if state in ("late", "slipped") else GOOD)
        for step in late_steps(record.fields, day):
            voice.say(f"逾期步骤：{step['name']}（{step['due_on']}）", "a step is late", WAIT)
    elif record.type in ("order", "instruction"):
        answered = answer(record.fields, day)
        voice.say(ANSWERS[answered], english(answered), BAD if answered == "overdue" else GOOD)


def _first_things_first(known: Mapping[str, Any]) -> list[str]:
    """Return the fields in the order in which they are read: what a record cannot do without first, remarks last."""
    return sorted(known, key=lambda name: (name == "remark", not known[name].required))


def _tell_photos(voice: Voice, record: Record) -> None:
    heads = (("照片", "photos", record.get("photos")), ("缺照片", "photos missing", lacking(record)))
    voice.pairs((zh, en, "；".join(photo_texts(voice, photos))) for zh, en, photos in heads if photos)


def _tell_items(voice: Voice, record: Record) -> None:
    form = FORMS.get((record.type, str(record.get("form_version"))))
    if form is None:
        return
    lost = assess_check(record.type, record.fields).deductions
    notes = record.get("notes") or {}
    rows = []
    for item in form.items:
        value = record["items"].get(item.code)
        if value is None or item.size_of(value):
            said = note_text(voice, notes.get(item.code) or {})
            shown = value_text(voice, record.type, item, value)
            off = f"-{points(lost[item.code])}" if item.code in lost else ""
            rows.append((item.code, short_name(voice, item), shown, off, said))
    if rows:
        voice.table([("项", "item"), ("内容", "what"), ("结果", "found"), ("扣分", "points"), ("说明", "note")], rows)
    else:
        voice.say("各项均合格", "every item is clean", GOOD)


@click.command("outbox")
@click.option("--seen", metavar="N", type=int, help="已阅，移出清单 put number N aside")
@pass_session
@click.pass_context
def outbox_command(context: click.Context, session: Session, seen: int | None) -> None:
    """待发的和未被接受的。 What waits, what was rejected."""
    with session.tablet() as client:
        if seen is not None:
            put_aside(session.voice, client, seen)
        outbox, status = client.outbox(), client.status()
        session.voice.answer(outbox, lambda: _tell_outbox(session.voice, Names(client, session.voice.lang), outbox))
    context.exit(standing(status))


def put_aside(voice: Voice, client: FieldClient, mark: int | str) -> None:
    """Take an entry off its list, and say whether it was there."""
    if client.acknowledge(mark):
        voice.say(f"第 {mark} 条已阅", f"number {mark} put aside", GOOD)
    else:
        voice.say(f"清单里没有第 {mark} 条", f"there is no number {mark} on the list", WAIT)


def _tell_outbox(voice: Voice, names: Names, outbox: Outbox) -> None:
    waiting, attention = outbox.waiting, outbox.attention
    if not waiting and not attention:
        voice.say("没有待发的修改", "nothing waits", GOOD)
    if waiting:
        voice.say(f"待发 {len(waiting)} 条", f"{len(waiting)} waiting", WAIT)
        heads = [("序号", "n"), ("时间", "time"), ("内容", "what"), ("对象", "record"), ("状态", "state")]
        voice.table(heads, [_entry_row(voice, names, entry) for entry in waiting], giving=[3])
    for entry in attention:
        voice.say(
            f"第 {entry.n} 条未被接受：{names.of_id(entry.record_id)}",
            f"number {entry.n} was rejected",
            BAD,
        )
        told = entry.problem or {}
        voice.show(Text(f"  {voice.pick(str(told.get('message_zh', '')), str(told.get('message_en', '')))}"))
        voice.hint(str(told.get("next_zh", "")), str(told.get("next_en", "")))
        voice.hint(f"看过后：gridward outbox --seen {entry.n}", "once seen")


def _entry_row(voice: Voice, names: Names, entry: Entry) -> list[str]:
    op = voice.pick(*_OPS.get(entry.op, (entry.op, entry.op)))
    what = voice.pick(f"{op}{title_of(entry.type)}", f"{op} {english(entry.type)}")
    state = voice.pick(*_STATES[entry.outcome]) if entry.outcome in _STATES else voice.pick("待发", "waiting")
    return [str(entry.n), when(entry.at), what, names.of_id(entry.record_id), state]
