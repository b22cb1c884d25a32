"""
``/v1/channels`` 外发渠道: what there is, opening and closing it, trying it; addresses are never told, nor taken.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema

from schemas import wire
from schemas.explain import errors_of_value, fault
from schemas.fields import Choice, Id, Many, Pattern, Text
from schemas.grid import CODE_PATTERN
from schemas.problems import Refusal
from server.api import auth, body, specs
from server.api.asked import read_body
from server.api.reminders import ReasonSchema, SignerSchema
from server.core.channels import CODE_PATTERN as TOLD_PATTERN
from server.core.channels import KINDS, MOST_CODES, MOST_KEYWORD, NAME_PATTERN, Channel
from server.core.desk.managing import EITHER, TECHNICAL, check_managing
from server.settings import channel_address
from server.usecases.at_the_desk import Desk, signer_of
from server.usecases.list_channels import list_channels
from server.usecases.manage_calendar import Said
from server.usecases.manage_channels import close_channel, open_channel, queue_test
from server.usecases.mistakes import Mistake

blueprint = Blueprint("channels", __name__, url_prefix="/v1/channels", description="外发渠道 Ways out of the office")
T = TypeVar("T")
_NAME_PATTERN = Pattern(NAME_PATTERN, "渠道名称", "a channel's name")


def _about(description: str) -> dict[str, str]:
    return {"description": description}


class OpenChannelSchema(ReasonSchema):
    """What a channel is; its address stands in the environment of the server."""

    kind = Choice({name: kind.zh for name, kind in KINDS.items()}, required=True, metadata=_about("类型 the kind"))
    area = Text(
        6, 15, pattern=Pattern(CODE_PATTERN, "区划代码", "a code of 6, 9, 12 or 15 digits"), required=True,
        metadata=_about("服务的区划 the area it serves"),
    )  # fmt: skip
    codes = Many(
        Text(2, 30, pattern=Pattern(TOLD_PATTERN, "提醒代码", "a code")), MOST_CODES, required=True,
        metadata=_about("发送哪些：提醒代码、digest、all which codes it tells"),
    )  # fmt: skip
    owner = Id(allow_none=True, metadata=_about("个人渠道的本人 whose own channel it is; a group's without"))
    keyword = Text(0, MOST_KEYWORD, metadata=_about("钉钉关键词 the keyword DingTalk wants"))


_DEVICE: dict[str, Any] = {"security": [{"device": []}]}


def _changes(shape: type[Schema]) -> dict[str, Any]:
    path = {
        "name": "name", "in": "path", "required": True, "description": "渠道名称 name",
        "schema": {"type": "string", "pattern": NAME_PATTERN},
    }  # fmt: skip
    return {
        **_DEVICE,
        "parameters": [path],
        "requestBody": specs.taken(shape),
        "responses": {
            "200": specs.answered("现有渠道 The channels as they stand now", specs.reference("ChannelList")),
            **specs.problems(400, 401, 403, 404, 413, 415, 503),
        },
    }


@blueprint.get("")
@blueprint.doc(
    **_DEVICE,
    responses={
        "200": specs.answered("现有渠道 The channels, by name", specs.reference("ChannelList")),
        **specs.problems(401, 403, 503),
    },
)
def list_all() -> Response:
    """
    List the channels, with whether their addresses are set and how their deliveries stand.

    列出外发渠道、是否已配置地址、各状态的投递数。
    """
    with auth.reading() as (work, desk):
        check_managing(desk.people.values(), EITHER, desk.district, body.now_ms())
        told = list_channels(work, channel_address)
    return body.answer(wire.encode(told))


@blueprint.post("/<name>")
@blueprint.doc(**_changes(OpenChannelSchema))
def open_one(name: str) -> Response:
    """
    Open a channel, or change it; operations alone may. Its secret address is set on the server, never here.

    开通或修改一个渠道；仅运维。地址在服务器的环境变量里，不经过这里。
    """
    asked = read_body(OpenChannelSchema())
    desk, said = _managing(name, asked, asked["reason"])
    codes = tuple(dict.fromkeys(asked["codes"]))
    meant = Channel(name, asked["kind"], asked["area"], codes, asked.get("owner"), asked.get("keyword") or "")
    _told(lambda: open_channel(body.store(), desk.district, meant, said))
    return _listed(desk)


@blueprint.post("/<name>/close")
@blueprint.doc(**_changes(ReasonSchema))
def close(name: str) -> Response:
    """
    Close a channel; what waits for it is dropped.

    关闭一个渠道；等待中的不再发送。
    """
    asked = read_body(ReasonSchema())
    desk, said = _managing(name, asked, asked["reason"])
    _told(lambda: close_channel(body.store(), desk.district, name, said))
    return _listed(desk)


@blueprint.post("/<name>/test")
@blueprint.doc(**_changes(SignerSchema))
def test(name: str) -> Response:
    """
    Queue a message that says that it is a test; how it fared stands in the log of deliveries.

    排队发送一条测试消息；结果见投递记录。
    """
    asked = read_body(SignerSchema())
    desk, said = _managing(name, asked, "")
    _told(lambda: queue_test(body.store(), desk.district, name, said.now_ms))
    return _listed(desk)


def _managing(name: str, asked: dict[str, Any], reason: str) -> tuple[Desk, Said]:
    desk, now_ms = auth.caller(), body.now_ms()
    signer = signer_of(desk, asked.get("person"))
    check_managing([signer], TECHNICAL, desk.district, now_ms)
    if errors_of_value(Text(1, 30, pattern=_NAME_PATTERN), name):
        raise Refusal("channel_unknown")
    return desk, Said(reason, signer.id, now_ms)


def _told(act: Callable[[], T]) -> T:
    """Run *act*; what it takes for somebody's mistake is the request's."""
    try:
        return act()
    except Mistake as mistake:
        raise Refusal("invalid_request", fault("invalid", mistake.zh, mistake.en, "channel")) from mistake


def _listed(desk: Desk) -> Response:
    with body.store().work(desk.district, writing=False) as work:
        told = list_channels(work, channel_address)
    return body.answer(wire.encode(told))
