"""
The desk from the command line 裁定台: what waits for a person, everything about it, settling it in his name.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import click
import msgspec
from marshmallow import fields

from schemas import wire
from schemas.explain import errors_of_value
from schemas.fields import Choice, Id
from schemas.grid import is_code
from schemas.mutations import CHOICES
from schemas.registry import TYPES
from schemas.wording import fields_of
from server.commands.at_the_desk import desk_for, reading, refusing, say, say_or_json
from server.commands.common import as_json, in_district, now_ms, open_store, show, telling
from server.commands.desk_words import list_lines, outcome_lines, page_lines
from server.core.decisions import DUPLICATE
from server.core.desk.listed import KINDS_ZH
from server.core.desk.settling import Asked
from server.storage.conflicts import Conflict, Wanted
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk
from server.usecases.list_conflicts import MAX_HOURS, MAX_LIMIT, Sought, list_conflicts
from server.usecases.manage_people import find_person
from server.usecases.mistakes import Mistake
from server.usecases.settle_conflict import settle_conflict
from server.usecases.show_conflict import found, show_conflict

_STATES = {"open": "待裁定", "settled": "已了结", "all": "全部"}
_TYPES = {name: kind.title_zh for name, kind in sorted(TYPES.items())}
_SETTLING = {choice: zh for choice, zh in CHOICES.items() if choice != "reopen"}
#: So much of an id names an open dispute, and so many of them are looked through for it.
_LEAST, _MOST_OPEN = 4, 5000


class Called(click.Choice[str]):
    """One of a few words, typed as it is or as offices call it."""

    def __init__(self, words: Mapping[str, str]) -> None:
        super().__init__(tuple(words))
        self._words = {zh: word for word, zh in words.items()}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word meant."""
        begun = [known for zh, known in self._words.items() if zh.startswith(str(value))] if value else []
        word = self._words.get(value, begun[0] if len(begun) == 1 else value)
        if word not in self.choices:
            listed = "、".join(f"{zh}（{known}）" for zh, known in self._words.items())
            self.fail(f"没有“{value}”，应为：{listed}。 There is no '{value}'.", param, ctx)
        return super().convert(word, param, ctx)


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
@click.option("--type", "type_", type=Called(_TYPES), help="记录类型。Record type.")
@click.option("--kind", "kinds", type=Called(KINDS_ZH), multiple=True, help="类别，可重复。Kind; several at will.")
@click.option("--person", help="涉及的人员。A person it concerns.")
@click.option("--state", type=Called(_STATES), default="open", show_default=True, help="状态。State.")
@click.option("--older-than", "hours", type=click.IntRange(0, MAX_HOURS), help="等待超过的小时数。Hours waited.")
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=50, show_default=True, help="最多条数。At most.")
@click.option("--after", help="接着上一页。The next page.")
@as_person
@in_district
@as_json
@telling
@refusing
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
    with reading(store, district) as work:
        concerned = find_person(work, person).id if person else None
        sought = Sought(_area(area), type_, kinds, concerned, state, hours, limit, after)
        page = list_conflicts(work, desk_for(work, as_person), sought, now)
    if as_json:
        show(msgspec.to_builtins(page.conflicts), {}, json_wanted=True)
    else:
        say(list_lines(page.conflicts, state))
    if page.after:
        click.echo(f"还有更多 There are more: --after {page.after}", err=as_json)


@conflicts.command("show")
@click.argument("id")
@as_person
@in_district
@as_json
@telling
@refusing
def show_one(id: str, as_person: str | None, district: str | None, as_json: bool) -> None:  # noqa: A002
    """显示一项的全部情况，可直接宣读。Everything about one, as one would read it aloud."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        desk = desk_for(work, as_person)
        told = show_conflict(work, desk, _known(work, desk, id, now), now)
    say_or_json(told, page_lines(told, as_person), json_wanted=as_json)


@conflicts.command("settle")
@click.argument("id")
@click.argument("choice", type=Called(_SETTLING))
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
@refusing
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
    asked = Asked(choice, candidate, None if value is None else (value,), into, reason, version)
    _carry_out(id, asked, as_person, district, as_json=as_json)


@conflicts.command("reopen")
@click.argument("id")
@for_a_reason
@click.option("--as", "as_person", required=True, metavar="PERSON", help="谁重新打开：工号、姓名或编号。Who opens it.")
@in_district
@as_json
@telling
@refusing
def reopen(id: str, reason: str | None, as_person: str, district: str | None, as_json: bool) -> None:  # noqa: A002
    """重新裁定：连同全部候选值重新打开。Open one again, with all its values."""
    _carry_out(id, Asked("reopen", reason=reason), as_person, district, as_json=as_json)


def _carry_out(conflict: str, asked: Asked, who: str, district: str | None, *, as_json: bool) -> None:
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        desk = desk_for(work, who)
        row = found(work, desk, _known(work, desk, conflict, now), now)
    settlement = settle_conflict(store, desk, row.id, None, _meant(asked, row), now)
    say_or_json(settlement, outcome_lines(settlement, asked.choice), json_wanted=as_json)


# -- what was typed ---------------------------------------------------------------------------------


def _known(work: UnitOfWork, desk: Desk, typed: str, now: int) -> str:
    """
    Return the id meant by *typed*: an id, or the beginning of one that is open.

    Raises:
        Refusal: ``conflict_unknown``.
        Mistake: it is the beginning of several.
    """
    if not errors_of_value(Id(), typed):
        return typed
    begun = []
    if len(typed) >= _LEAST:
        waiting = work.conflicts.find(Wanted(desk.view(now).areas, limit=_MOST_OPEN))
        begun = [row.id for row in waiting if row.id.startswith(typed.lower())]
    if len(begun) > 1:
        listed = "、".join(begun)
        raise Mistake(f"“{typed}”是几项的开头，请写得更完整：{listed}", f"'{typed}' begins several; write more of it.")
    if not begun:
        raise Mistake(
            f"没有这一项待裁定事项：“{typed}”。待裁定的可只写编号开头 {_LEAST} 位以上，已了结的请写全。",
            f"There is no such dispute: '{typed}'. {_LEAST} signs of an open one's id will do; else write all of it.",
        )
    return begun[0]


def _area(area: str | None) -> str | None:
    if area is not None and not is_code(area):
        raise Mistake(f"“{area}”不是区划代码。", f"'{area}' is no area's code.")
    return area


def _meant(asked: Asked, row: Conflict) -> Asked:
    """Return *asked*, what was typed of it turned into a value of the field and the id of a record."""
    name = wire.decode_json(row.detail)["field"]
    value = None if asked.value is None else (_value(row.type, name, asked.value[0]),)
    into = asked.into
    if into is not None and row.kind == DUPLICATE:
        ends = [one for one in (row.record, row.field) if into and one.endswith(into.lower())]
        into = ends[0] if len(ends) == 1 else into
    return replace(asked, value=value, into=into)


def _value(type_name: str, name: str, typed: str) -> Any:
    """Return what was *typed* as a value of the field *name*: words for a text, else JSON where it is that."""
    field = fields_of(type_name).get(name)
    if isinstance(field, Choice):
        return {zh: word for word, zh in field.labels.items()}.get(typed, typed)
    try:
        read = json.loads(typed)
    except (ValueError, RecursionError):
        return {"是": True, "否": False}.get(typed, typed) if isinstance(field, fields.Boolean) else typed
    # A telephone number is digits, and a shop may be called 1922: in a text, only quotes and null mean JSON.
    return typed if isinstance(field, fields.String) and not isinstance(read, str | None) else read
