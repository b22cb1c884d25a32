"""
``/v1/coverage-gaps`` 责任空白: which areas, places and open cases nobody answers for.
"""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema

from schemas import wire
from schemas.fields import Place, Whole
from server.api import auth, body, specs
from server.api.asked import read_query
from server.usecases.at_the_desk import Desk
from server.usecases.coverage_gaps import MAX_LIMIT, gaps_for_desk

blueprint = Blueprint(
    "coverage", __name__, url_prefix="/v1/coverage-gaps", description="责任空白 What nobody answers for"
)
_LIMIT = 200


class AskedGapsSchema(Schema):
    """What may be asked of the report."""

    class Meta:
        unknown = RAISE

    area = Place(
        metadata={"description": "区划代码，默认本机人员的责任区域 a code; by default the area of this device's people"}
    )
    limit = Whole(1, MAX_LIMIT, metadata={"description": "最多列出几条，默认 200 how many at most, 200 by default"})


_DEVICE: dict[str, Any] = {"security": [{"device": []}]}


@blueprint.get("")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(AskedGapsSchema),
    responses={
        "200": specs.answered("责任空白 What nobody answers for", specs.reference("Coverage")),
        **specs.problems(400, 401, 403, 503),
    },
)
def show() -> Response:
    """
    Tell which areas, places and open cases in an area lack a unit or a person; for whoever answers for an area.

    列出区域内没有责任单位或责任人的区域、点位和在办问题；由网格长及以上人员、督查员、领导小组查看。
    """
    asked = read_query(AskedGapsSchema())
    district, hashed = auth.bearer()
    now_ms = body.now_ms()
    with body.store().work(district, writing=False) as work:
        device = auth.device_of(work, hashed)
        desk = Desk(device.district, device.id, device.people)
        told = gaps_for_desk(work, desk, asked.get("area"), now_ms, asked.get("limit", _LIMIT))
    return body.answer(wire.encode(told))
