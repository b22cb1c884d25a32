"""
``/v1/hotline`` 热线: take down a call; it becomes a case, and its number stays with the office.
"""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema

from schemas import wire
from schemas.cases import PROBLEM_CLASSES
from schemas.fields import Choice, Id, Instant, Phone, Place, Text
from schemas.moments import ms_of
from server.api import auth, body, specs
from server.api.asked import read_body
from server.usecases.take_call import MAX_PLACE, MAX_TEXT, Call, take_call

blueprint = Blueprint("hotline", __name__, url_prefix="/v1/hotline", description="热线 The hotline")
_DEVICE: dict[str, Any] = {"security": [{"device": []}]}
_TAKEN = {
    "type": "object",
    "required": ["case"],
    "properties": {"case": {"type": "string", "description": "问题编号 the case's id"}},
}


def _about(description: str) -> dict[str, str]:
    return {"description": description}


class CallSchema(Schema):
    """One call."""

    class Meta:
        unknown = RAISE

    person = Id(allow_none=True, metadata=_about("接线人；本机只有一人时可省略 who took it"))
    at = Instant(required=True, metadata=_about("来电时间 when it came"))
    number = Phone(allow_none=True, metadata=_about("来电号码；案卷只显示 138****5678 the caller's number"))
    grid = Place(required=True, metadata=_about("所属街道、社区、网格或区 where, a code"))
    place = Text(1, MAX_PLACE, allow_none=True, metadata=_about("地点文字 where, in words"))
    text = Text(1, MAX_TEXT, required=True, metadata=_about("反映内容 what was said"))
    problem_class = Choice(
        {word: known.zh for word, known in PROBLEM_CLASSES.items()}, metadata=_about("问题类别 the class of problem")
    )


@blueprint.post("/calls")
@blueprint.doc(
    **_DEVICE,
    requestBody=specs.taken(CallSchema),
    responses={
        "201": specs.answered("已登记 Taken down", _TAKEN),
        **specs.problems(400, 401, 403, 413, 415, 503),
    },
)
def take() -> Response:
    """
    Take down a call to the hotline: it becomes a case with the number masked.

    登记一通热线来电，立即成为问题；完整号码只有街道、区创卫办能查看，每次留痕。
    """
    desk = auth.caller()
    given = read_body(CallSchema())
    call = Call(
        ms_of(given["at"]), given.get("number"), given["grid"], given.get("place"), given["text"],
        given.get("problem_class", "other"),
    )  # fmt: skip
    case = take_call(body.store(), desk, given.get("person"), call, body.now_ms())
    return body.answer(wire.encode({"case": case}), 201)
