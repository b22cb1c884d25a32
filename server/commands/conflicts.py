"""
The desk from the command line 裁定台: what waits for a person, everything about it, settling it in his name.
"""

import json
from collections.abc import Iterable
from typing import Any

import click
import msgspec

from schemas.explain import errors_of_value
from schemas.fields import Id
from schemas.grid import is_code
from schemas.mutations import CHOICES
from schemas.problems import Refusal
from schemas.registry import TYPES
from schemas.wording import title_of
from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, plain, show, telling, when
from server.core.decisions import KINDS
from server.core.dossier import Dossier, Line, Side, Standing
from server.core.listed import Ending, ListedConflict, Value
from server.core.settling import Asked
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk, desk_of, operators_desk
from server.usecases.list_conflicts import MAX_HOURS, MAX_LIMIT, Sought, list_conflicts
from server.usecases.manage_people import find_person
from server.usecases.mistakes import Mistake
from server.usecases.settle_conflict import Settlement, settle_conflict
from server.usecases.show_conflict import show_conflict

_STATES = ("open", "settled", "all")
_SETTLING = tuple(choice for choice in CHOICES if choice != "reopen")

as_person = click.option(
    "--as",
    "as_person",
    metavar="PERSON",
    help="以谁的身份：工号、姓名或编号。As this person: number, name or id.",
)
for_a_reason = click.option("--reason", help="理由。Why.")


@click.group("conflicts")
def conflicts() -> None:
    """裁定台：待裁定事项。The desk: what waits for a person to decide."""


@conflicts.command("list")
@click.option("--area", help="区划代码。Only here.")
@click.option("--type", "type_", type=click.Choice(sorted(TYPES)), help="记录类型。Record type.")
@click.option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, help="类别，可重复。Kind; several at will.")
@click.option("--person", help="涉及的人员。A person it concerns.")
@click.option("--state", type=click.Choice(_STATES), default="open", show_default=True, help="状态。State.")
@click.option("--older-than", "hours", type=click.IntRange(0, MAX_HOURS), help="等待超过的小时数。Hours waited.")
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=50, show_default=True, help="最多条数。At most.")
@click.option("--after", help="接着上一页。The next page.")
@as_person
@in_district
@as_json
@telling
def list_all(
    area: str | None,
    type_: str | None,
    kinds: tuple[str, ...],
    person: str | None,
    state: Any,
    hours: int | None,
    limit: int,
    after: str | None,
    as_person: str | None,
    district: str | None,
    as_json: bool,
) -> None:
    """等待最久的在前；可见范围随 --as，不写则为全区。The longest waiting first; of the whole district without --as."""
    store, now = open_store(), now_ms()
    with _reading(store, district) as work:
        concerned = find_person(work, person).id if person else None
        sought = Sought(_area(area), type_, kinds, concerned, state, hours, limit, after)
        page = list_conflicts(work, _desk(work, as_person), sought, now)
    if as_json:
        show(msgspec.to_builtins(page.conflicts), {}, json_wanted=True)
    else:
        _show_list(page.conflicts)
    if page.after:
        click.echo(f"还有更多 There are more: --after {page.after}", err=as_json)


def _show_list(listed: Iterable[ListedConflict]) -> None:
    headings = {"id": "编号", "kind": "类别", "opened": "时间", "grid": "网格", "said": "说明", "settled": "结果"}
    show([_row(one) for one in listed], headings, json_wanted=False)


@conflicts.command("show")
@click.argument("id")
@as_person
@in_district
@as_json
@telling
def show_one(id: str, as_person: str | None, district: str | None, as_json: bool) -> None:  # noqa: A002
    """显示一项的全部情况，可直接宣读。Everything about one, as one would read it aloud."""
    store, now = open_store(), now_ms()
    with _reading(store, district) as work:
        told = show_conflict(work, _desk(work, as_person), _known(id), now)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(told), ensure_ascii=False, indent=2))
        return
    for line in _page(told):
        click.echo(plain(line))


@conflicts.command("settle")
@click.argument("id")
@click.argument("choice", type=click.Choice(_SETTLING))
@click.option("--candidate", type=click.IntRange(0), help="候选值的序号。Which of the values.")
@click.option("--value", help="内容，文字或 JSON。The value: text, or JSON.")
@click.option("--into", help="保留的一条。Of a pair, the one that stays.")
@for_a_reason
@click.option(
    "--version", type=click.IntRange(0), help="所见版本，默认现在的。The version seen; the present one by default."
)
@click.option("--as", "as_person", required=True, metavar="PERSON", help="裁定人：工号、姓名或编号。Who settles it.")
@in_district
@as_json
@telling
def settle(
    id: str,  # noqa: A002
    choice: Any,
    candidate: int | None,
    value: str | None,
    into: str | None,
    reason: str | None,
    version: int | None,
    as_person: str,
    district: str | None,
    as_json: bool,
) -> None:
    """裁定一项，以裁定人自己的权限。Settle one, with the rights of whoever settles it."""
    given = None if value is None else (_value(value),)
    asked = Asked(choice, candidate, given, into, reason, version)
    _carry_out(id, asked, as_person, district, as_json=as_json)


@conflicts.command("reopen")
@click.argument("id")
@for_a_reason
@click.option("--as", "as_person", required=True, metavar="PERSON", help="谁重新打开：工号、姓名或编号。Who opens it.")
@in_district
@as_json
@telling
def reopen(id: str, reason: str | None, as_person: str, district: str | None, as_json: bool) -> None:  # noqa: A002
    """重新裁定：连同全部候选值重新打开。Open one again, with all its values."""
    _carry_out(id, Asked("reopen", reason=reason), as_person, district, as_json=as_json)


def _carry_out(conflict: str, asked: Asked, who: str, district: str | None, *, as_json: bool) -> None:
    store, now = open_store(), now_ms()
    with _reading(store, district) as work:
        desk = _desk(work, who)
    try:
        settlement = settle_conflict(store, desk, _known(conflict), None, asked, now)
    except Refusal as refusal:
        raise _told(refusal) from refusal
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(settlement), ensure_ascii=False, indent=2))
        return
    for line in _outcome(settlement):
        click.echo(plain(line))


# -- words ------------------------------------------------------------------------------------------


def _row(one: ListedConflict) -> dict[str, Any]:
    return {
        "id": one.id, "kind": one.kind_zh, "opened": when(one.opened_ms), "grid": one.record.grid,
        "said": one.zh or f"{one.record.name} {one.label_zh}", "settled": one.settled.zh if one.settled else "",
    }  # fmt: skip


def _page(told: Dossier) -> Iterable[str]:
    """Yield everything about one dispute, line by line."""
    one = told.conflict
    yield f"{one.kind_zh} {one.id}"
    yield f"{one.record.title_zh}“{one.record.name}” {one.record.number or ''} 网格 {one.record.grid}"
    yield f"{one.zh}\n{one.en}"
    yield f"{when(one.opened_ms)} 起，{_state(one)}"
    if told.base is not None:
        yield f"原值 Before: {told.base.words_zh}"
    yield from (_side(side, value) for side, value in zip(told.sides, one.candidates, strict=True))
    yield from _pair_and_count(told)
    yield from _standing("记录现状 As it stands", told.record) if told.pair is None else ()
    yield "历史 History:"
    for line in told.history:
        yield _line(line)
        yield from (f"      {decision.zh}" for decision in line.decisions)
    yield f"可选 May be chosen: {'、'.join(f'{c.zh}({c.choice})' for c in one.choices) or '—'}"


def _side(side: Side, value: Value) -> str:
    shown = "（现显示 shown）" if value.shown else ""
    also = f"；同时 also: {'；'.join(side.also_zh)}" if side.also_zh else ""
    signed = " ".join(part for part in (side.name or side.by, side.role_zh, when(value.at_ms)) if part)
    return f"  [{side.index}] {side.words_zh}{shown} — {signed}{also}"


def _line(line: Line) -> str:
    signed = " ".join(part for part in (line.name or line.by, line.role_zh, line.op_zh) if part)
    changes = "；".join(line.changes_zh)
    return f"  {line.version} {when(line.received_ms)} {signed}：{changes}（{line.outcome_zh}）"


def _pair_and_count(told: Dossier) -> Iterable[str]:
    if told.pair is not None:
        apart = "—" if told.pair.apart_m is None else f"{told.pair.apart_m:g} 米"
        yield f"两条记录，相距 Two records, apart: {apart}"
        for record in told.pair.records:
            stays = "（可保留 would stay）" if record.about.id == told.pair.stays else ""
            yield from _standing(f"{record.about.name}{stays} {record.about.id}", record)
    if told.counts is not None:
        yield f"{told.counts.day or ''} 计入 Counts: {told.counts.figure} {told.counts.name or told.counts.by}"


def _standing(heading: str, record: Standing) -> Iterable[str]:
    yield f"{heading}："
    if record.fields is None:
        yield "  （不在可见范围 out of sight）"
    yield from (f"  {word.label_zh}：{word.words_zh}" for word in record.words)


def _state(one: ListedConflict) -> str:
    if one.open:
        return f"已等待 {one.age_h} 小时 waiting"
    return _ended(one.settled) if one.settled else "已按规则处理 settled by its rule"


def _ended(settled: Ending) -> str:
    reason = f"，理由：{settled.reason}" if settled.reason else ""
    return f"{settled.name or settled.by} {when(settled.at_ms)} {settled.choice_zh}{reason}"


def _outcome(settlement: Settlement) -> Iterable[str]:
    one = settlement.conflict
    yield f"{_state(one)}（{title_of(one.record.type)}“{one.record.name}”，版本 {settlement.version}）"
    if one.settled is not None:
        yield f"{one.settled.zh}\n{one.settled.en}"
    yield from (f"{decision.get('zh', '')}\n{decision.get('en', '')}" for decision in settlement.decisions)


# -- what was typed ---------------------------------------------------------------------------------


def _reading(store: Store, district: str | None) -> UnitOfWork:
    return store.work(pick_district(store, district), writing=False)


def _desk(work: UnitOfWork, who: str | None) -> Desk:
    return desk_of(work, find_person(work, who)) if who else operators_desk(work)


def _known(conflict: str) -> str:
    if errors_of_value(Id(), conflict):
        raise Refusal("conflict_unknown")
    return conflict


def _area(area: str | None) -> str | None:
    if area is not None and not is_code(area):
        raise Mistake(f"“{area}”不是区划代码。", f"'{area}' is no area's code.")
    return area


def _value(text: str) -> Any:
    """Return the value typed: JSON where it is that, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _told(refusal: Refusal) -> Mistake:
    """Return a refusal with what is wrong with each part, and what to do next."""
    said = refusal.body()
    faults = [(path, one) for path, found in said.get("errors", {}).items() for one in found]
    zh = [said["message_zh"], *(f"{path}：{one['zh']}。" for path, one in faults), said["next_zh"]]
    en = [said["message_en"], *(f"{path} {one['en']}." for path, one in faults), said["next_en"]]
    return Mistake(" ".join(zh), " ".join(en))
