"""
``/v1/quarantine`` 隔离区处理: what was refused, everything about it, letting it in, putting it aside, taking it along.
"""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema

from schemas import wire
from schemas.explain import errors_of_value
from schemas.fields import UUID_PATTERN, Choice, Flag, Id, Many, Pattern, Text, Whole
from schemas.grid import CODE_PATTERN
from schemas.problems import KINDS, Refusal
from server.api import auth, body, specs
from server.api.asked import read_body, read_query
from server.core.desk.refusals import RefusalFile
from server.core.readmission import Asked
from server.usecases.dismiss_refused import MAX_REASON, dismiss
from server.usecases.export_quarantine import export_quarantine
from server.usecases.list_quarantine import (
    MAX_LIMIT,
    QuarantinePage,
    Sought,
    list_quarantine,
    show_refusal,
)
from server.usecases.pages import MAX_AFTER
from server.usecases.readmit import Readmission, readmit

blueprint = Blueprint("quarantine", __name__, url_prefix="/v1/quarantine", description="隔离区 The quarantine desk")

LINES = "application/x-ndjson"
_STATES = {"open": "待处理", "settled": "已处理", "all": "全部"}
_DAY_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def _about(description: str) -> dict[str, str]:
    return {"description": description}


class ExportSchema(Schema):
    """What may be asked of the export."""

    class Meta:
        unknown = RAISE

    area = Text(
        4, 15, pattern=Pattern(CODE_PATTERN, "区划代码", "a code of 4, 6, 9, 12 or 15 digits"),
        metadata=_about("区划代码，须在责任区域内 a code; must lie in an area of this device's people"),
    )  # fmt: skip
    code = Many(
        Choice({code: kind.zh for code, kind in sorted(KINDS.items())}),
        len(KINDS),
        metadata=_about("原因代码，可重复 why it was refused; may be given several times"),
    )
    person = Id(metadata=_about("签名的人 who signed it"))
    device = Id(metadata=_about("送来的设备 the device that brought it"))
    day = Text(
        10, 10, pattern=Pattern(_DAY_PATTERN, "日期，如 2020-07-18", "a day such as 2020-07-18"),
        metadata=_about("收到的日期（北京时间） the day it was received, by Beijing time"),
    )  # fmt: skip
    state = Choice(_STATES, metadata=_about("默认 open；导出默认 all open by default; all of an export"))


class SoughtSchema(ExportSchema):
    """What may be asked of the list."""

    limit = Whole(1, MAX_LIMIT, metadata=_about("每页条数，默认 50 how many a page, 50 by default"))
    after = Text(1, MAX_AFTER, metadata=_about("上一页给出的 after the after of the page before"))


class ReadmitSchema(Schema):
    """That a refusal is to be let in 恢复入库."""

    class Meta:
        unknown = RAISE

    person = Id(
        allow_none=True, metadata=_about("办理人；本机只有一人时可省略 who does it; may be left out where there is one")
    )
    place_was_his = Flag(
        metadata=_about("确认签名时该地点由作者负责（街道及以上） vouch that the place was his when he signed")
    )
    reason = Text(0, MAX_REASON, allow_none=True, metadata=_about("理由 why"))


class DismissSchema(Schema):
    """That a refusal is to be put aside 搁置."""

    class Meta:
        unknown = RAISE

    person = Id(
        allow_none=True, metadata=_about("办理人；本机只有一人时可省略 who does it; may be left out where there is one")
    )
    reason = Text(1, MAX_REASON, required=True, metadata=_about("理由 why"))


_DEVICE: dict[str, Any] = {"security": [{"device": []}]}
_ONE: dict[str, Any] = {
    "parameters": [{"name": "refused", "in": "path", "required": True, "description": "编号 id",
                    "schema": {"type": "string", "pattern": UUID_PATTERN}}],
}  # fmt: skip


@blueprint.get("")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(SoughtSchema),
    responses={
        "200": specs.answered(
            "一页未接受的内容 One page of refusals, the newest first", specs.reference("QuarantinePage")
        ),
        **specs.problems(400, 401, 403, 503),
    },
)
def list_all() -> Response:
    """
    List what was refused in the areas that people of this device lead, the newest first.

    列出本机人员负责区域内未被接受的内容，最近的在前。
    """
    sought = _sought(SoughtSchema())
    with auth.reading() as (work, desk):
        page: QuarantinePage = list_quarantine(work, desk, sought, body.now_ms())
    return body.answer(wire.encode(page))


@blueprint.get("/export")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(ExportSchema),
    responses={
        "200": {
            "description": "每行一个 JSON 对象，原文照录 One JSON object a line, payloads word for word",
            "content": {LINES: {"schema": {"type": "string"}}},
        },
        **specs.problems(400, 401, 403, 503),
    },
)
def export() -> Response:
    """
    Hand out what was refused, word for word, the oldest first.

    导出未被接受的内容，原文照录，最早的在前。
    """
    sought = _sought(ExportSchema(), state="all")
    desk = auth.caller()
    lines = export_quarantine(body.store(), desk, sought, body.now_ms())
    return Response(lines, mimetype=LINES)


@blueprint.get("/<refused>")
@blueprint.doc(
    **_DEVICE,
    **_ONE,
    responses={
        "200": specs.answered("该条的全部情况 Everything about one refusal", specs.reference("RefusalFile")),
        **specs.problems(400, 401, 403, 404, 503),
    },
)
def show(refused: str) -> Response:
    """
    Show one refusal: who, what, where, when, why, and what can be done now.

    显示一条的全部情况：谁、什么、何处、何时、为何未接受、现在可以怎样办理。
    """
    with auth.reading() as (work, desk):
        told: RefusalFile = show_refusal(work, desk, _known(refused), body.now_ms())
    return body.answer(wire.encode(told))


@blueprint.post("/<refused>/readmit")
@blueprint.doc(
    **_DEVICE,
    **_ONE,
    requestBody=specs.taken(ReadmitSchema),
    responses={
        "200": specs.answered("每条的结果 What became of each", specs.reference("Readmission")),
        **specs.problems(400, 401, 403, 404, 413, 415, 422, 503),
    },
)
def let_in(refused: str) -> Response:
    """
    Let one refusal in, with its group and what was refused because of it; asking twice lets in once.

    恢复入库：连同同组的和因它而未接受的；重复请求只生效一次。
    """
    desk = auth.caller()
    given = read_body(ReadmitSchema())
    asked = Asked(bool(given.get("place_was_his")), given.get("reason"))
    became: Readmission = readmit(body.store(), desk, _known(refused), given.get("person"), asked, body.now_ms())
    return body.answer(wire.encode(became))


@blueprint.post("/<refused>/dismiss")
@blueprint.doc(
    **_DEVICE,
    **_ONE,
    requestBody=specs.taken(DismissSchema),
    responses={
        "200": specs.answered("该条现状 How it stands now", specs.reference("RefusalFile")),
        **specs.problems(400, 401, 403, 404, 409, 413, 415, 503),
    },
)
def put_aside(refused: str) -> Response:
    """
    Put one refusal aside for a reason; nothing is deleted, and it can still be let in.

    搁置一条并写明原因：不删除，以后仍可恢复入库。
    """
    desk = auth.caller()
    given = read_body(DismissSchema())
    told: RefusalFile = dismiss(
        body.store(), desk, _known(refused), given.get("person"), given["reason"], body.now_ms()
    )
    return body.answer(wire.encode(told))


def _known(refused: str) -> str:
    """Return the id in the address; what cannot be one is not asked for."""
    if errors_of_value(Id(), refused):
        raise Refusal("quarantine_unknown")
    return refused


def _sought(shape: Schema, **otherwise: Any) -> Sought:
    given = otherwise | read_query(shape, many="code")
    return Sought(codes=tuple(given.pop("code", ())), **given)
