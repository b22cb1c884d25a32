"""
``/v1/conflicts`` 裁定台: what waits for a person, everything about it, and settling it.
"""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields

from schemas import wire
from schemas.explain import errors_of_value
from schemas.fields import UUID_PATTERN, Choice, Id, Many, Pattern, Text, Whole
from schemas.grid import CODE_PATTERN
from schemas.mutations import CHOICES, MAX_N
from schemas.problems import Refusal
from schemas.registry import TYPES
from server.api import auth, body, specs
from server.api.asked import read_body, read_query
from server.core.decisions import KINDS
from server.core.desk.dossier import Dossier
from server.core.desk.settling import Asked
from server.usecases.at_the_desk import Desk
from server.usecases.list_conflicts import MAX_HOURS, MAX_LIMIT, ConflictPage, Sought, list_conflicts
from server.usecases.pages import MAX_AFTER
from server.usecases.settle_conflict import Settlement, settle_conflict
from server.usecases.show_conflict import show_conflict

blueprint = Blueprint("conflicts", __name__, url_prefix="/v1/conflicts", description="裁定台 The desk")

MAX_CANDIDATE = 999
_STATES = {"open": "待裁定", "settled": "已了结", "all": "全部"}
_SETTLING = {choice: zh for choice, zh in CHOICES.items() if choice != "reopen"}


def _about(description: str) -> dict[str, str]:
    return {"description": description}


class SoughtSchema(Schema):
    """What may be asked of the list."""

    class Meta:
        unknown = RAISE

    area = Text(
        4, 15, pattern=Pattern(CODE_PATTERN, "区划代码", "a code of 4, 6, 9, 12 or 15 digits"),
        metadata=_about("区划代码，须在本机可见范围内 a code; must lie in what the device may read"),
    )  # fmt: skip
    type = Choice(
        {name: kind.title_zh for name, kind in sorted(TYPES.items())}, metadata=_about("记录类型 record type")
    )
    kind = Many(Choice(KINDS), len(KINDS), metadata=_about("类别，可重复 kinds; may be given several times"))
    person = Id(metadata=_about("涉及的人员 a person it concerns"))
    state = Choice(_STATES, metadata=_about("默认 open"))
    older_than_h = Whole(0, MAX_HOURS, metadata=_about("等待超过的小时数 waiting for more hours than this"))
    limit = Whole(1, MAX_LIMIT, metadata=_about("每页条数，默认 50 how many a page, 50 by default"))
    after = Text(1, MAX_AFTER, metadata=_about("上一页给出的 after the after of the page before"))


class SettleSchema(Schema):
    """How a dispute is to be settled 裁定."""

    class Meta:
        unknown = RAISE

    choice = Choice(_SETTLING, required=True, metadata=_about("方式，以该项的 choices 为准 see the item's choices"))
    person = Id(
        allow_none=True, metadata=_about("裁定人；本机只有一人时可省略 who settles; may be left out where there is one")
    )
    candidate = Whole(0, MAX_CANDIDATE, allow_none=True, metadata=_about("候选值的 index of a candidate"))
    value = fields.Raw(
        allow_none=True,
        metadata=_about(
            "hand：填写的内容；choose、accept：该候选值，用于核对 written by hand, or the candidate as it was seen"
        ),
    )
    into = Id(allow_none=True, metadata=_about("merge：保留的一条 of a pair the one that stays"))
    reason = Text(0, 300, allow_none=True, metadata=_about("理由 why"))
    version = Whole(
        0, MAX_N, allow_none=True, metadata=_about("该项的 version：看到的版本 the item's version that was seen")
    )


class ReopenSchema(Schema):
    """That a dispute is to be opened again 重新裁定."""

    class Meta:
        unknown = RAISE

    person = Id(
        allow_none=True, metadata=_about("谁重新打开；本机只有一人时可省略 who; may be left out where there is one")
    )
    reason = Text(0, 300, allow_none=True, metadata=_about("理由 why"))


_DEVICE: dict[str, Any] = {"security": [{"device": []}]}
_ONE: dict[str, Any] = {
    "parameters": [{"name": "conflict", "in": "path", "required": True, "description": "编号 id",
                    "schema": {"type": "string", "pattern": UUID_PATTERN}}],
}  # fmt: skip


@blueprint.get("")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(SoughtSchema),
    responses={
        "200": specs.answered("一页待裁定事项 One page of disputes, the oldest first", specs.reference("ConflictPage")),
        **specs.problems(400, 401, 403, 503),
    },
)
def list_all() -> Response:
    """
    List the disputes that people of this device may read, the longest waiting first.

    列出本机人员可见的待裁定事项，等待最久的在前。
    """
    sought = _sought()
    with auth.reading() as (work, desk):
        page: ConflictPage = list_conflicts(work, desk, sought, body.now_ms())
    return body.answer(wire.encode(page))


@blueprint.get("/<conflict>")
@blueprint.doc(
    **_DEVICE,
    **_ONE,
    responses={
        "200": specs.answered("该项的全部情况 Everything about one dispute", specs.reference("Dossier")),
        **specs.problems(400, 401, 403, 404, 503),
    },
)
def show(conflict: str) -> Response:
    """
    Show one dispute: what was there before, every side, the record and its history.

    显示一项的全部情况：原值、各方、记录现状和历史。
    """
    with auth.reading() as (work, desk):
        dossier: Dossier = show_conflict(work, desk, _known(conflict), body.now_ms())
    return body.answer(wire.encode(dossier))


@blueprint.post("/<conflict>/settle")
@blueprint.doc(
    **_DEVICE,
    **_ONE,
    requestBody=specs.taken(SettleSchema),
    responses={
        "200": specs.answered("结果与该项现状 What became of it", specs.reference("Settlement")),
        **specs.problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
    },
)
def settle(conflict: str) -> Response:
    """
    Settle one dispute by an ordinary edit; asking twice settles once.

    裁定一项：写入一条普通修改；重复请求只生效一次。
    """
    desk = auth.caller()
    asked = read_body(SettleSchema())
    value = (asked["value"],) if "value" in asked else None
    wanted = Asked(
        asked["choice"], asked.get("candidate"), value, asked.get("into"), asked.get("reason"), asked.get("version")
    )
    return _settled(desk, conflict, asked.get("person"), wanted)


@blueprint.post("/<conflict>/reopen")
@blueprint.doc(
    **_DEVICE,
    **_ONE,
    requestBody=specs.taken(ReopenSchema),
    responses={
        "200": specs.answered("结果与该项现状 What became of it", specs.reference("Settlement")),
        **specs.problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
    },
)
def reopen(conflict: str) -> Response:
    """
    Open a dispute again that was settled, by a person or by a rule, with all its values.

    重新裁定：把已了结的一项连同全部候选值重新打开。
    """
    desk = auth.caller()
    asked = read_body(ReopenSchema())
    return _settled(desk, conflict, asked.get("person"), Asked("reopen", reason=asked.get("reason")))


def _settled(desk: Desk, conflict: str, person: str | None, asked: Asked) -> Response:
    settlement: Settlement = settle_conflict(body.store(), desk, _known(conflict), person, asked, body.now_ms())
    return body.answer(wire.encode(settlement))


def _known(conflict: str) -> str:
    """Return the id in the address; what cannot be one is not asked for."""
    if errors_of_value(Id(), conflict):
        raise Refusal("conflict_unknown")
    return conflict


def _sought() -> Sought:
    given = read_query(SoughtSchema(), many="kind")
    return Sought(kinds=tuple(given.pop("kind", ())), **given)
