"""
The quarantine desk from the command line 隔离区处理: list, show, let in, put aside, take along.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
import msgspec

from schemas.explain import errors_of_value
from schemas.fields import Id
from schemas.grid import is_code
from schemas.problems import KINDS
from server.commands.at_the_desk import desk_for, reading, refusing, say, say_or_json
from server.commands.common import as_json, in_district, now_ms, open_store, plain, show, telling, when
from server.commands.desk_words import with_next
from server.core.desk.refusals import ListedRefusal, RefusalFile
from server.core.readmission import STOPPED, Asked
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk
from server.usecases.dismiss_refused import dismiss
from server.usecases.export_quarantine import export_quarantine
from server.usecases.list_quarantine import MAX_LIMIT, Sought, list_quarantine, show_refusal, wanted
from server.usecases.manage_people import find_person
from server.usecases.mistakes import Mistake
from server.usecases.readmit import Readmission, ReadmittedItem, readmit

P = ParamSpec("P")
T = TypeVar("T")

#: So many are let in by one command; the next one goes on.
_MOST_AT_ONCE = 1000
_STATES = ("open", "settled", "all")
_ASK_OFFICE = KINDS["not_allowed"].next_zh
_STAYS = {
    "next_zh": "仍在隔离区；纠正原因后可再恢复。",
    "next_en": "It stays in quarantine; let it in again once the cause is put right.",
}
_RESULTS = {"taken": "已恢复入库 let in", "already": "早已入库 was in already", "refused": "仍未接受 refused again"}


def _filters(state: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return the options that choose among refusals; *state* where none is given."""
    options = (
        click.option("--area", help="区划代码。Only here."),
        click.option("--code", "codes", type=click.Choice(sorted(KINDS)), multiple=True, metavar="CODE",
                     help="原因代码，可重复。Why it was refused; several at will."),
        click.option("--person", help="签名的人：工号、姓名或编号。Who signed it."),
        click.option("--device", help="送来的设备：名称或编号。What brought it: name or id."),
        click.option("--day", metavar="2020-07-18", help="收到的日期。The day it was received."),
        click.option("--state", type=click.Choice(_STATES), default=state, show_default=True,
                     help="待处理、已处理、全部。What waits, what has ended, all."),
    )  # fmt: skip

    def with_options(command: Callable[P, T]) -> Callable[P, T]:
        for option in reversed(options):
            command = option(command)
        return command

    return with_options


as_person = click.option("--as", "as_person", metavar="PERSON", help="以谁的身份：工号、姓名或编号。As this person.")
by_person = click.option(
    "--as",
    "as_person",
    required=True,
    metavar="PERSON",
    help="办理人：工号、姓名或编号。Who does it: number, name or id.",
)


@click.group("quarantine")
def quarantine() -> None:
    """隔离区：未被接受的内容，原样保存，可恢复入库。What was refused, kept word for word; it can still be let in."""


@quarantine.command("list")
@_filters("open")
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=50, show_default=True, help="最多条数。At most.")
@click.option("--after", help="接着上一页。The next page.")
@as_person
@in_district
@as_json
@telling
@refusing
def list_all(
    limit: int, after: str | None, as_person: str | None, district: str | None, as_json: bool, **filters: Any
) -> None:
    """最近的在前；可见范围随 --as，不写则为全区。The newest first; of the whole district without --as."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        sought = _sought(work, limit=limit, after=after, **filters)
        page = list_quarantine(work, desk_for(work, as_person), sought, now)
    headings = {"received": "收到", "person": "人员", "what": "内容", "grid": "网格", "code": "原因代码",
                "problem": "原因", "state_zh": "状态", "id": "编号"}  # fmt: skip
    rows = [_row(one) for one in page.refusals]
    show(msgspec.to_builtins(page.refusals) if as_json else rows, headings, json_wanted=as_json)
    if page.after:
        click.echo(f"还有更多 There are more: --after {page.after}", err=as_json)


@quarantine.command("show")
@click.argument("id")
@as_person
@in_district
@as_json
@telling
@refusing
def show_one(id: str, as_person: str | None, district: str | None, as_json: bool) -> None:  # noqa: A002
    """显示一条的全文（编号可只写开头）。Show one in full; the beginning of its id is enough."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        told = show_refusal(work, desk_for(work, as_person), _known(work, id), now)
    say_or_json(told, _page(told), json_wanted=as_json)


@quarantine.command("readmit")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option(
    "--stopped", metavar="PERSON", help="此人停用前写的全部。All that this person wrote before he was stopped."
)
@by_person
@click.option("--place-was-his", is_flag=True, help="确认签名时该地点由作者负责。Vouch that the place was his then.")
@click.option("--reason", help="理由。Why.")
@in_district
@as_json
@telling
@refusing
def let_in(
    ids: tuple[str, ...],
    stopped: str | None,
    as_person: str,
    place_was_his: bool,
    reason: str | None,
    district: str | None,
    as_json: bool,
) -> None:
    """恢复入库，连同同组的和因它而未接受的。Let in, with what belongs to it; 1 if some is refused again."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        desk, chosen = desk_for(work, as_person), [_known(work, one) for one in ids]
        chosen += _from_before_the_stop(work, desk, stopped, now) if stopped else []
        chosen = sorted(dict.fromkeys(chosen), key=lambda one: _in_order(work, one))
    if not chosen:
        raise Mistake(
            "没有可恢复的：请写编号，或 --stopped 人员。", "Nothing to let in: give ids, or --stopped PERSON."
        )
    items = _readmitted(store, desk, chosen, Asked(place_was_his, reason), now)
    say_or_json(Readmission(items), (line for item in items for line in _became(item)), json_wanted=as_json)
    if any(item.result == "refused" for item in items):
        raise SystemExit(1)


def _readmitted(store: Store, desk: Desk, chosen: Iterable[str], asked: Asked, now: int) -> list[ReadmittedItem]:
    items: dict[str, ReadmittedItem] = {}
    for one in chosen:
        # What came in with one before it need not be asked for again.
        if one not in items or items[one].result == "refused":
            items |= {item.id: item for item in readmit(store, desk, one, None, asked, now).items}
    return list(items.values())


@quarantine.command("dismiss")
@click.argument("id")
@click.option("--reason", required=True, help="理由。Why.")
@by_person
@in_district
@telling
@refusing
def put_aside(id: str, reason: str, as_person: str, district: str | None) -> None:  # noqa: A002
    """搁置并写明原因：不删除，仍可恢复入库。Put one aside for a reason; nothing is deleted, it can still be let in."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        desk, refused = desk_for(work, as_person), _known(work, id)
    told = dismiss(store, desk, refused, None, reason, now)
    say([f"{told.refusal.state_zh} {told.refusal.state} {told.refusal.id}", *told.told_zh[-1:], *told.told_en[-1:]])


@quarantine.command("export")
@_filters("all")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, allow_dash=True), help="文件，- 为屏幕。File; - prints."
)
@as_person
@in_district
@telling
@refusing
def export(out: str, as_person: str | None, district: str | None, **filters: Any) -> None:
    """导出：每行一个 JSON 对象，原文照录。Export: one JSON object a line, payloads word for word."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        desk, sought = desk_for(work, as_person), _sought(work, **filters)
    lines = export_quarantine(store, desk, sought, now)
    if out == "-":
        for line in lines:
            click.echo(line, nl=False)
        return
    click.echo(f"已导出 {_write(Path(out), lines)} 条 exported: {plain(out)}")


# -- what was typed ---------------------------------------------------------------------------------


def _sought(work: UnitOfWork, *, area: str | None, person: str | None, device: str | None, **further: Any) -> Sought:
    if area is not None and not is_code(area):
        raise Mistake(f"“{area}”不是区划代码。", f"'{area}' is no area's code.")
    concerned = find_person(work, person).id if person else None
    return Sought(area=area, person=concerned, device=_device(work, device) if device else None, **further)


def _device(work: UnitOfWork, text: str) -> str:
    found = [device.id for device in work.enrolment.listed() if text in (device.id, device.name)]
    if len(found) != 1:
        raise Mistake(
            f"“{text}”对应 {len(found)} 台设备，请用编号指明。", f"'{text}' names {len(found)} devices; use the id."
        )
    return found[0]


def _known(work: UnitOfWork, typed: str) -> str:
    """
    Return the id meant by *typed*: an id, or the beginning of one.

    Raises:
        Mistake: it names none, or several.
    """
    if not errors_of_value(Id(), typed):
        return typed
    begun = work.quarantine.found(typed.lower())
    if len(begun) != 1:
        many = "多" if begun else "0"
        raise Mistake(f"编号“{typed}”对应 {many} 条。", f"'{typed}' names {'several' if begun else 0} of them.")
    return begun[0].id


def _from_before_the_stop(work: UnitOfWork, desk: Desk, who: str, now: int) -> list[str]:
    account = find_person(work, who)
    sought = Sought(person=account.id, codes=(STOPPED,))
    rows = work.quarantine.find(wanted(desk, sought, now, limit=_MOST_AT_ONCE, oldest_first=True))
    stopped_ms = account.stopped_ms
    return [row.id for row in rows if stopped_ms is None or (row.at_ms is not None and row.at_ms < stopped_ms)]


def _in_order(work: UnitOfWork, refused: str) -> tuple[int, int]:
    """Return by what several are let in one after the other: as they came."""
    row = work.quarantine.get(refused)
    return (row.received_ms, row.n) if row else (0, 0)


def _write(path: Path, lines: Iterable[bytes]) -> int:
    """Write *lines* beside *path* first, for nobody else to read: a file there stays whole until the new one is."""
    beside = path.with_name(f"{path.name}.part")
    beside.unlink(missing_ok=True)
    count = 0
    # Telephone numbers stand in it as they were written down.
    with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        for line in lines:
            file.write(line)
            count += 1
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    return count


# -- what is said -----------------------------------------------------------------------------------


def _row(one: ListedRefusal) -> dict[str, Any]:
    return {
        "received": when(one.received_ms), "person": (one.by.name or one.by.id) if one.by else "",
        "what": f"{one.op_zh}{one.title_zh}", "grid": one.grid, "code": one.code,
        "problem": f"{one.zh}{f' → {one.again.zh}' if one.again else ''}", "state_zh": one.state_zh, "id": one.id,
    }  # fmt: skip


def _page(told: RefusalFile) -> Iterator[str]:
    one = told.refusal
    yield f"{one.state_zh} {one.state}  {one.code}  {one.id}"
    yield from (line for pair in zip(told.told_zh, told.told_en, strict=True) for line in pair)
    if told.changes_zh:
        yield f"内容 What it says: {'；'.join(told.changes_zh)}"
    yield from (f"  {fault.path}: {fault.zh} {fault.en}" for fault in told.faults)
    for choice in one.choices:
        option = "" if choice.choice == "readmit" else " --reason 理由"
        yield f"  {choice.zh} {choice.choice}: gridward-server quarantine {choice.choice} {one.id} --as 人员{option}"
    yield "原文 Word for word:"
    yield told.payload if told.payload is not None else f"base64 {told.payload_base64}"


def _became(item: ReadmittedItem) -> Iterator[str]:
    where = f"，{item.feed} 第 {item.version} 号 number" if item.version is not None else ""
    cause = f"（因 because of {item.because_of}）" if item.because_of else ""
    yield f"{item.id}  {_RESULTS[item.result]}{where}{cause}"
    if item.problem:
        # What a tablet is told to do, to ask the office, is no advice to the office.
        told = item.problem if item.problem["next_zh"] != _ASK_OFFICE else item.problem | _STAYS
        yield from (f"  {line}" for line in with_next(told))
