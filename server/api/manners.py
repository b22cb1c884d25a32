"""
``/v1/reminders/manners`` 提醒分寸: quiet hours, how often, how late; read by those who manage, changed by the office.
"""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema

from schemas import wire
from schemas.fields import Part, Pattern, Text, Whole
from server.api import auth, body, specs
from server.api.asked import read_body
from server.api.reminders import ReasonSchema
from server.core.desk.managing import BUSINESS, EITHER, check_managing
from server.core.reminding.manners import RANGES
from server.usecases.at_the_desk import signer_of
from server.usecases.manage_manners import change_manners, show_manners

blueprint = Blueprint(
    "manners", __name__, url_prefix="/v1/reminders/manners", description="提醒分寸 How often people are reminded"
)
_HOUR = Pattern(r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$", "时刻", "an hour as 21:00")


def _hour(description: str) -> Text:
    return Text(5, 5, pattern=_HOUR, metadata={"description": description})


def _number(name: str, description: str) -> Whole:
    return Whole(*RANGES[name], metadata={"description": description})


class MannersSchema(Schema):
    """What is to differ; what is left out stays as it is."""

    class Meta:
        unknown = RAISE

    quiet_from = _hour("静默开始 only what is critical goes from then on")
    quiet_to = _hour("静默结束，与开始相同即不静默 and until then; the same: at any hour")
    between_min = _number("between_min", "同一人两条之间的分钟 minutes between two messages to one person")
    pushes = _number("pushes", "每人每天外发条数 messages a day that leave the tablet for one person")
    horizon_h = _number("horizon_h", "多少小时以前的不再提醒 what happened so many hours ago is told no more")
    late_min = _number("late_min", "定时提醒最多迟多少分钟 minutes after its hour a reminder still goes")
    lines = _number("lines", "同类超过几件合成一行 of one kind more than so many stand in one line")


class MannersChangeSchema(ReasonSchema):
    """Who changes what, and why."""

    manners = Part(MannersSchema, required=True, metadata={"description": "要改的内容 what is to differ"})


_DEVICE: dict[str, Any] = {"security": [{"device": []}]}
_FILE = specs.answered("现在的分寸与改动记录 As they stand now, with their history", specs.reference("MannersFile"))


def _changes(shape: type[Schema]) -> dict[str, Any]:
    refused = specs.problems(400, 401, 403, 413, 415, 503)
    return {**_DEVICE, "requestBody": specs.taken(shape), "responses": {"200": _FILE, **refused}}


@blueprint.get("")
@blueprint.doc(**_DEVICE, responses={"200": _FILE, **specs.problems(401, 403, 503)})
def show() -> Response:
    """
    Show quiet hours, spacing, the daily limit and the horizon, with everything that was said of them.

    查看静默时段、间隔、每日外发上限、追溯期限及全部改动。
    """
    with auth.reading() as (work, desk):
        check_managing(desk.people.values(), EITHER, desk.district, body.now_ms())
        told = show_manners(work)
    return body.answer(wire.encode(told))


@blueprint.post("")
@blueprint.doc(**_changes(MannersChangeSchema))
def change() -> Response:
    """
    Change some of them; the district's office alone may.

    修改提醒分寸；仅区创卫办。
    """
    asked = read_body(MannersChangeSchema())
    return _changed(asked, dict(asked["manners"]))


@blueprint.post("/reset")
@blueprint.doc(**_changes(ReasonSchema))
def reset() -> Response:
    """
    Take the district's own words back: the standard counts again.

    取消本区的设定，恢复标准。
    """
    return _changed(read_body(ReasonSchema()), None)


def _changed(asked: dict[str, Any], members: dict[str, Any] | None) -> Response:
    desk, now_ms = auth.caller(), body.now_ms()
    signer = signer_of(desk, asked.get("person"))
    check_managing([signer], BUSINESS, desk.district, now_ms)
    told = change_manners(body.store(), desk.district, members, asked["reason"], signer.id, now_ms)
    return body.answer(wire.encode(told))
