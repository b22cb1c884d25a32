"""
``/v1/rank-lists`` 红黑榜: the lists of units, shops and segments; drafting, objecting, signing.
"""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema

from schemas import wire
from schemas.fields import UUID_PATTERN, Choice, Day, Id, Pattern, Text, Whole
from schemas.ranks import RANK_KINDS, RANK_STATES
from server.api import auth, body, specs
from server.api.asked import read_body, read_query
from server.usecases.rank_lists import MAX_TEXT, Asked, Verb, draft_ranks, object_to_ranks, settle_ranks
from server.usecases.read_ranks import MAX_LIMIT, Sought, list_ranks, show_ranks

blueprint = Blueprint("rank_lists", __name__, url_prefix="/v1/rank-lists", description="红黑榜 Red and black lists")

_PERSON = "办理人；本机只有一人时可省略 who says so; may be left out where there is one"
_GROUP = Pattern(r"^(?:[0-9]{6}|[0-9]{9})$", "区或街道代码", "the code of a district or a street")


def _about(description: str) -> dict[str, str]:
    return {"description": description}


class SoughtRanksSchema(Schema):
    """What may be asked of the lists."""

    class Meta:
        unknown = RAISE

    kind = Choice(RANK_KINDS, metadata=_about("榜单 kind"))
    group = Text(6, 9, pattern=_GROUP, metadata=_about("评比范围 the district or street compared"))
    status = Choice(RANK_STATES, metadata=_about("状态 state"))
    limit = Whole(1, MAX_LIMIT, metadata=_about("条数，默认 50 how many, 50 by default"))


class DraftedSchema(Schema):
    """Which list is to be drafted 起草."""

    class Meta:
        unknown = RAISE

    kind = Choice(RANK_KINDS, required=True, metadata=_about("榜单 kind"))
    day = Day(required=True, metadata=_about("周期内任一天 any day of the period"))
    group = Text(6, 9, pattern=_GROUP, allow_none=True, metadata=_about("区或街道，默认本区 where; the district"))
    person = Id(allow_none=True, metadata=_about(_PERSON))


class SettledRanksSchema(Schema):
    """Who opens, signs or withdraws a list 公示、签发、撤回."""

    class Meta:
        unknown = RAISE

    person = Id(allow_none=True, metadata=_about(_PERSON))
    reason = Text(1, MAX_TEXT, allow_none=True, metadata=_about("理由，撤回时必填 why; must be given to withdraw"))


class ObjectedSchema(Schema):
    """What an affected unit says 异议."""

    class Meta:
        unknown = RAISE

    person = Id(allow_none=True, metadata=_about(_PERSON))
    about = Text(1, 40, required=True, metadata=_about("榜单中的对象 the row it is about"))
    text = Text(1, MAX_TEXT, required=True, metadata=_about("异议内容 what is wrong"))


_DEVICE: dict[str, Any] = {"security": [{"device": []}]}
_PATH = {
    "name": "list_id", "in": "path", "required": True, "description": "编号 id",
    "schema": {"type": "string", "pattern": UUID_PATTERN},
}  # fmt: skip
_FILE = specs.answered("榜单现状 The list as it stands", specs.reference("RankFile"))
_PAGE = specs.answered("榜单，近期在前 Lists, the latest first", specs.reference("RankListPage"))


def _acting(shape: type[Schema]) -> dict[str, Any]:
    return {
        **_DEVICE,
        "parameters": [_PATH],
        "requestBody": specs.taken(shape),
        "responses": {"200": _FILE, **specs.problems(400, 401, 403, 404, 409, 413, 415, 503)},
    }


@blueprint.get("")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(SoughtRanksSchema),
    responses={"200": _PAGE, **specs.problems(400, 401, 403, 503)},
)
def list_all() -> Response:
    """
    List the red and black lists of the last half year that people of this device may read.

    列出近半年本机人员可见的红黑榜，近期在前。
    """
    given = read_query(SoughtRanksSchema(), many="")
    with auth.reading() as (work, desk):
        page = list_ranks(work, desk, Sought(**given), body.now_ms())
    return body.answer(wire.encode(page))


@blueprint.post("")
@blueprint.doc(
    **_DEVICE,
    requestBody=specs.taken(DraftedSchema),
    responses={"200": _PAGE, **specs.problems(400, 401, 403, 409, 413, 415, 503)},
)
def draft() -> Response:
    """
    Let the server reckon the lists of one kind and period, and keep them as drafts; what is open or issued stays.

    由系统计算并起草榜单；已公示或签发的不变。
    """
    desk, asked = auth.caller(), read_body(DraftedSchema())
    wanted = Asked(asked["kind"], asked["day"], asked.get("group"))
    return body.answer(wire.encode(draft_ranks(body.store(), desk, wanted, asked.get("person"), body.now_ms())))


@blueprint.get("/<list_id>")
@blueprint.doc(
    **_DEVICE, parameters=[_PATH], responses={"200": _FILE, **specs.problems(400, 401, 403, 404, 503)}
)  # fmt: skip
def show(list_id: str) -> Response:
    """
    Show one list; shops that have passed a check since are noted beside their rows, which stay as they were frozen.

    查看一份榜单；复查合格的商户在旁注明“已整改”，榜单原文不变。
    """
    with auth.reading() as (work, desk):
        told = show_ranks(work, desk, list_id, body.now_ms())
    return body.answer(wire.encode(told))


@blueprint.post("/<list_id>/open")
@blueprint.doc(**_acting(SettledRanksSchema))
def open_(list_id: str) -> Response:
    """
    Open a draft for objections: affected units have one working day.

    公示一份草稿：相关单位可在一个工作日内提出异议。
    """
    return _settled(list_id, "open")


@blueprint.post("/<list_id>/sign")
@blueprint.doc(**_acting(SettledRanksSchema))
def sign(list_id: str) -> Response:
    """
    Sign a list once the time for objections is over: it gets its number and is never changed again.

    异议期满后签发：编号、定稿，此后不再改动。
    """
    return _settled(list_id, "sign")


@blueprint.post("/<list_id>/withdraw")
@blueprint.doc(**_acting(SettledRanksSchema))
def withdraw(list_id: str) -> Response:
    """
    Take back a list that has not been issued, and say why; the period may be drafted anew.

    撤回一份未签发的榜单并写明理由；可重新起草。
    """
    return _settled(list_id, "withdraw")


@blueprint.post("/<list_id>/objections")
@blueprint.doc(**_acting(ObjectedSchema))
def object_(list_id: str) -> Response:
    """
    Object for an affected unit while a list is open.

    在公示期内代表相关单位提出异议。
    """
    desk, asked = auth.caller(), read_body(ObjectedSchema())
    told = object_to_ranks(
        body.store(), desk, list_id, asked["about"], asked.get("person"), asked["text"], body.now_ms()
    )
    return body.answer(wire.encode(told))


def _settled(list_id: str, verb: Verb) -> Response:
    desk, asked = auth.caller(), read_body(SettledRanksSchema())
    told = settle_ranks(body.store(), desk, list_id, verb, asked.get("person"), asked.get("reason"), body.now_ms())
    return body.answer(wire.encode(told))
