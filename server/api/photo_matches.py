"""
``/v1/photos/matches`` 重复照片: pictures used twice, exactly or nearly; looking at them and saying what was found.
"""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema

from schemas import wire
from schemas.explain import errors_of_value
from schemas.fields import UUID_PATTERN, Choice, Id, Pattern, Text, Whole
from schemas.grid import CODE_PATTERN
from schemas.problems import Refusal
from server.api import auth, body, specs
from server.api.asked import read_body, read_query
from server.core.desk.matched import OUTCOMES, ListedMatch
from server.storage.devices import Device
from server.usecases.at_the_desk import Desk
from server.usecases.list_matches import MAX_LIMIT, MatchPage, Sought, list_matches
from server.usecases.pages import MAX_AFTER
from server.usecases.settle_match import MAX_REASON, settle_match

blueprint = Blueprint(
    "photo_matches", __name__, url_prefix="/v1/photos/matches", description="重复照片 Pictures used twice"
)

_STATES = {"open": "待查看", "settled": "已认定", "all": "全部"}


def _about(description: str) -> dict[str, str]:
    return {"description": description}


class SoughtMatchesSchema(Schema):
    """What may be asked of the list."""

    class Meta:
        unknown = RAISE

    area = Text(
        4, 15, pattern=Pattern(CODE_PATTERN, "区划代码", "a code of 4, 6, 9, 12 or 15 digits"),
        metadata=_about("区划代码，须在责任区域内 a code; must lie in an area of this device's people"),
    )  # fmt: skip
    record = Id(metadata=_about("涉及的记录 a record that is one of the two"))
    state = Choice(_STATES, metadata=_about("默认 open open by default"))
    limit = Whole(1, MAX_LIMIT, metadata=_about("每页条数，默认 50 how many a page, 50 by default"))
    after = Text(1, MAX_AFTER, metadata=_about("上一页给出的 after the after of the page before"))


class FoundSchema(Schema):
    """What somebody found who looked at both 认定."""

    class Meta:
        unknown = RAISE

    person = Id(
        allow_none=True, metadata=_about("认定人；本机只有一人时可省略 who says so; may be left out where there is one")
    )
    outcome = Choice(
        {word: zh for word, (zh, _) in OUTCOMES.items()}, required=True, metadata=_about("结果 what was found")
    )
    reason = Text(1, MAX_REASON, required=True, metadata=_about("理由 why"))


_DEVICE: dict[str, Any] = {"security": [{"device": []}]}


@blueprint.get("")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(SoughtMatchesSchema),
    responses={
        "200": specs.answered("一页重复照片 One page of matches, the newest first", specs.reference("MatchPage")),
        **specs.problems(400, 401, 403, 503),
    },
)
def list_all() -> Response:
    """
    List the pictures used twice of which one record lies in an area of the street's people on this device.

    列出本机街道及以上人员责任区域内的重复照片，最近的在前；另一条记录不在可见范围的，不显示其内容。
    """
    sought = Sought(**read_query(SoughtMatchesSchema(), many=""))
    district, hashed = auth.bearer()
    now_ms = body.now_ms()
    with body.store().work(district, writing=False) as work:
        page: MatchPage = list_matches(work, _desk(auth.device_of(work, hashed)), sought, now_ms)
    return body.answer(wire.encode(page))


@blueprint.post("/<match>/settle")
@blueprint.doc(
    **_DEVICE,
    parameters=[{"name": "match", "in": "path", "required": True, "description": "编号 id",
                 "schema": {"type": "string", "pattern": UUID_PATTERN}}],
    requestBody=specs.taken(FoundSchema),
    responses={
        "200": specs.answered("该条现状 How it stands now", specs.reference("ListedMatch")),
        **specs.problems(400, 401, 403, 404, 413, 415, 503),
    },
)  # fmt: skip
def settle(match: str) -> Response:
    """
    Say what was found of one match, and why; what was found before is kept.

    认定一条重复照片并写明理由；以前的认定保留。
    """
    district, hashed = auth.bearer()
    with body.store().work(district, writing=False) as work:
        desk = _desk(auth.device_of(work, hashed))
    given = read_body(FoundSchema())
    if errors_of_value(Id(), match):
        raise Refusal("photo_match_unknown")
    told: ListedMatch = settle_match(
        body.store(), desk, match, given.get("person"), given["outcome"], given["reason"], body.now_ms()
    )
    return body.answer(wire.encode(told))


def _desk(device: Device) -> Desk:
    return Desk(device.district, device.id, device.people)
