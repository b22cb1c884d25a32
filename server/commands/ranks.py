"""
``gridward-server ranks`` 红黑榜: scores of units, shops and segments; drafted, objected to, signed.
"""

from collections.abc import Iterator
from datetime import date

import click

from schemas.explain import errors_of_value
from schemas.fields import Id
from schemas.ranks import RANK_KINDS, RANK_STATES
from server.commands.at_the_desk import desk_for, reading, refusing, say_or_json
from server.commands.calendar import with_reason
from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, show, telling
from server.commands.conflicts import Called, as_person, for_a_reason
from server.commands.typed import area_named, day_named
from server.storage.unit_of_work import UnitOfWork
from server.usecases.manage_scores import Number, numbers, say_scores
from server.usecases.mistakes import Mistake
from server.usecases.rank_lists import Asked, Verb, draft_ranks, object_to_ranks, settle_ranks
from server.usecases.read_ranks import MAX_LIMIT, ListedRanks, RankFile, Sought, list_ranks, show_ranks

in_whose_name = click.option(
    "--as", "as_person", required=True, metavar="PERSON", help="谁办理：工号、姓名或编号。In this person's name."
)
_of_kind = Called(RANK_KINDS)
_LEAST = 4


@click.group("ranks")
def ranks() -> None:
    """红黑榜：得分、公示、异议、签发。Scores, and red and black lists."""


@ranks.command("draft")
@click.argument("kind", type=_of_kind)
@click.argument("day", type=day_named, metavar="DAY")
@click.option("--group", metavar="河北街道", help="只评这个区或街道。Only this district or street.")
@as_person
@in_district
@as_json
@telling
@refusing
def draft(kind: str, day: date, group: str | None, as_person: str | None, district: str | None, as_json: bool) -> None:
    """计算并起草 DAY 所在一周（商户为一月）的榜单。Reckon and draft the lists of the week (month) of DAY."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        desk, meant = desk_for(work, as_person), area_named(work, group)
    page = draft_ranks(store, desk, Asked(kind, day.isoformat(), meant), None, now)
    say_or_json(page.lists, map(_line, page.lists), json_wanted=as_json)
    if not as_json:
        click.echo(f"共 {len(page.lists)} 份 {len(page.lists)} in all")


@ranks.command("list")
@click.option("--kind", type=_of_kind, help="榜单。Kind.")
@click.option("--group", metavar="河北街道", help="评比范围。The district or street compared.")
@click.option("--state", type=Called(RANK_STATES), help="状态。State.")
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=50, show_default=True, help="最多条数。At most.")
@as_person
@in_district
@as_json
@telling
@refusing
def list_all(
    kind: str | None, group: str | None, state: str | None, limit: int, as_person: str | None, district: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """近半年的榜单，近期在前。The lists of the last half year, the latest first."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        page = list_ranks(work, desk_for(work, as_person), Sought(kind, area_named(work, group), state, limit), now)
    say_or_json(page.lists, map(_line, page.lists), json_wanted=as_json)
    if not as_json:
        click.echo(f"共 {len(page.lists)} 份 {len(page.lists)} in all")


@ranks.command("show")
@click.argument("id")
@as_person
@in_district
@as_json
@telling
@refusing
def show_one(id: str, as_person: str | None, district: str | None, as_json: bool) -> None:  # noqa: A002
    """查看一份榜单；编号写开头几位即可。Show one list; the beginning of its id will do."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        desk = desk_for(work, as_person)
        told = show_ranks(work, desk, _meant(work, id, now), now)
    say_or_json(told, _lines(told), json_wanted=as_json)


@ranks.command("open")
@click.argument("id")
@in_whose_name
@in_district
@as_json
@telling
@refusing
def open_one(id: str, as_person: str, district: str | None, as_json: bool) -> None:  # noqa: A002
    """公示草稿，异议期一个工作日。Open a draft: units may object for one working day."""
    _settle(id, "open", None, as_person, district, json_wanted=as_json)


@ranks.command("object")
@click.argument("id")
@click.option("--about", required=True, metavar="对象", help="榜单中的单位、商户或路段。The row it is about.")
@click.option("--text", required=True, metavar="异议", help="异议内容。What is wrong.")
@in_whose_name
@in_district
@as_json
@telling
@refusing
def object_to(id: str, about: str, text: str, as_person: str, district: str | None, as_json: bool) -> None:  # noqa: A002
    """代表相关单位提出异议。Object for an affected unit."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        desk, list_id = desk_for(work, as_person), _meant(work, id, now)
        shown = show_ranks(work, desk, list_id, now)
    meant = [row.about for row in shown.rows if about in (row.about, row.name)]
    told = object_to_ranks(store, desk, list_id, meant[0] if len(meant) == 1 else about, None, text, now)
    say_or_json(told, _lines(told), json_wanted=as_json)


@ranks.command("sign")
@click.argument("id")
@for_a_reason
@in_whose_name
@in_district
@as_json
@telling
@refusing
def sign(id: str, reason: str | None, as_person: str, district: str | None, as_json: bool) -> None:  # noqa: A002
    """异议期满后签发，编号定稿。Sign it: it gets its number and is never changed again."""
    _settle(id, "sign", reason, as_person, district, json_wanted=as_json)


@ranks.command("withdraw")
@click.argument("id")
@for_a_reason
@in_whose_name
@in_district
@as_json
@telling
@refusing
def withdraw(id: str, reason: str | None, as_person: str, district: str | None, as_json: bool) -> None:  # noqa: A002
    """撤回未签发的榜单，写明理由。Take back a list that has not been issued, and say why."""
    _settle(id, "withdraw", reason, as_person, district, json_wanted=as_json)


@ranks.command("scheme")
@in_district
@as_json
@telling
def scheme(district: str | None, as_json: bool) -> None:
    """考核办法：权重、扣分、加分和红黑线。Weights, deductions, additions and lines."""
    with reading(open_store(), district) as work:
        found = numbers(work)
    _show_numbers(found, json_wanted=as_json)


@ranks.command("set-scheme")
@click.argument("values", nargs=-1, required=True, metavar="NAME=VALUE…")
@with_reason
@in_district
@as_json
@telling
@refusing
def set_scheme(values: tuple[str, ...], reason: str, by: str, district: str | None, as_json: bool) -> None:
    """改考核办法，如 weights.checks=0.35 weights.on_time=0.40；写 = 后留空恢复标准。Score by other numbers."""
    if not reason.strip() or not by.strip():
        raise Mistake("请用 --reason 和 --as 写明依据和谁的决定。", "Say why and whose decision it is: --reason, --as.")
    store = open_store()
    told = say_scores(store, pick_district(store, district), dict(map(_named, values)), reason, by, now_ms())
    _show_numbers(told, json_wanted=as_json)


def _named(text: str) -> tuple[str, float | None]:
    name, equals, value = text.partition("=")
    try:
        number = float(value) if value else None
    except ValueError:
        equals, number = "", None
    if not equals:
        raise Mistake(f"“{text}”应写成 名称=数值，见 ranks scheme。", f"'{text}': write NAME=VALUE, see ranks scheme.")
    return name, number


def _show_numbers(found: list[Number], *, json_wanted: bool) -> None:
    rows = [one._asdict() | {"own": one.value != one.standard} for one in found]
    headings = {"name": "名称", "zh": "含义", "value": "现值", "standard": "标准", "own": "本区另定"}
    show(rows, headings, json_wanted=json_wanted)


def _settle(
    typed: str, verb: Verb, reason: str | None, as_person: str, district: str | None, *, json_wanted: bool
) -> None:
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        desk, id_ = desk_for(work, as_person), _meant(work, typed, now)
    told = settle_ranks(store, desk, id_, verb, None, reason, now)
    say_or_json(told, _lines(told), json_wanted=json_wanted)


def _line(one: ListedRanks) -> str:
    number = f"  {one.list_no}" if one.list_no else ""
    where = one.group_name or one.group
    return f"{one.id[:8]}  {one.first_day}  {where} {one.kind_zh}  {one.status_zh} {one.status}{number}"


def _lines(told: RankFile) -> Iterator[str]:
    yield from told.text_zh
    names = {row.about: row.name for row in told.rows}
    for one in told.objections:
        about, at = names.get(one.about or "") or one.about, one.at[:16].replace("T", " ")
        yield f"异议 objection：{about} {one.name or one.by} {at}：{one.text}"
    for word, said in (("签发 signed", told.signature), ("撤回 withdrawn", told.withdrawal)):
        if said is not None:
            yield f"{word}：{said.name or said.by} {said.at[:16].replace('T', ' ')} {said.text or ''}".rstrip()
    yield ""
    yield from told.text_en


def _meant(work: UnitOfWork, typed: str, now_ms: int) -> str:
    """
    Return the id meant by *typed*: an id, the beginning of one, or a list's number.

    Raises:
        Mistake: it means several, or none.
    """
    if not errors_of_value(Id(), typed):
        return typed
    page = list_ranks(work, desk_for(work, None), Sought(limit=10_000), now_ms)
    begun = [
        one.id for one in page.lists if typed == one.list_no or (len(typed) >= _LEAST and one.id.startswith(typed))
    ]
    if len(begun) == 1:
        return begun[0]
    raise Mistake(
        f"“{typed}”不是一份榜单的编号；写编号开头 {_LEAST} 位以上或文号，见 ranks list。",
        f"'{typed}' is no one list: {_LEAST} signs of its id, or its number, will do; see ranks list.",
    )
