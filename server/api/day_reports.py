"""
``/v1/day-reports`` 日报: the digest of a day as it stands, the frozen reports, and what came in after them.
"""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema

from schemas import wire
from schemas.explain import errors_of_value
from schemas.fields import DATE_PATTERN, Day, Place, Whole
from schemas.grid import PLACE_PATTERN
from schemas.problems import Refusal
from server.api import auth, body, specs
from server.api.asked import read_query
from server.usecases.manage_day import MAX_LIMIT, digest_for_desk, list_days, show_day

blueprint = Blueprint("day_reports", __name__, url_prefix="/v1/day-reports", description="日报 Day reports")
_DEVICE: dict[str, Any] = {"security": [{"device": []}]}
_AREA = "区划代码，默认本机人员的责任区域 a code; by default the area of this device's people"
_LIMIT = 50
_FIRST, _LAST = "2000-01-01", "2099-12-31"


def _about(description: str) -> dict[str, str]:
    return {"description": description}


class AskedDigestSchema(Schema):
    """What may be asked of the digest."""

    class Meta:
        unknown = RAISE

    area = Place(metadata=_about(_AREA))
    day = Day(metadata=_about("哪一天，默认今天 which day, today by default"))


class AskedDaysSchema(Schema):
    """What may be asked of the list of reports."""

    class Meta:
        unknown = RAISE

    area = Place(metadata=_about(_AREA))
    first = Day(metadata=_about("从这天起 from this day on"))
    last = Day(metadata=_about("到这天为止 until this day"))
    limit = Whole(1, MAX_LIMIT, metadata=_about("最多几份，默认 50 how many at most, 50 by default"))


@blueprint.get("/digest")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(AskedDigestSchema),
    responses={
        "200": specs.answered("创卫日报 The digest", specs.reference("ToldDay")),
        **specs.problems(400, 401, 403, 503),
    },
)
def digest() -> Response:
    """
    Tell the digest of a day as it stands now, with names and without; for whoever answers for an area.

    当前的创卫日报，含姓名与不含姓名两种；由网格长及以上人员、督查员、领导小组查看。
    """
    asked = read_query(AskedDigestSchema())
    with auth.reading() as (work, desk):
        told = digest_for_desk(work, desk, asked.get("area"), asked.get("day"), body.now_ms())
    return body.answer(wire.encode(told))


@blueprint.get("")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(AskedDaysSchema),
    responses={
        "200": specs.answered("日报列表 The reports, the latest first", specs.reference("DayPage")),
        **specs.problems(400, 401, 403, 503),
    },
)
def list_all() -> Response:
    """
    List the frozen reports that people of this device may read, the latest first.

    列出本机人员可见的日报，最近的在前。
    """
    asked = read_query(AskedDaysSchema())
    period = asked.get("first", _FIRST), asked.get("last", _LAST)
    with auth.reading() as (work, desk):
        page = list_days(work, desk, asked.get("area"), period, asked.get("limit", _LIMIT), body.now_ms())
    return body.answer(wire.encode(page))


@blueprint.get("/<area>/<day>")
@blueprint.doc(
    **_DEVICE,
    parameters=[
        {"name": "area", "in": "path", "required": True, "description": "区划代码 the area's code",
         "schema": {"type": "string", "pattern": PLACE_PATTERN}},
        {"name": "day", "in": "path", "required": True, "description": "日期 the day",
         "schema": {"type": "string", "pattern": DATE_PATTERN}},
    ],
    responses={
        "200": specs.answered("一份日报及其后补报 One report, and what came in since", specs.reference("DayFile")),
        **specs.problems(401, 403, 404, 503),
    },
)  # fmt: skip
def show(area: str, day: str) -> Response:
    """
    Tell one frozen report as it was issued, and beside it what came in for its day since.

    一份已定稿的日报；其后补报的数据另列，不改原数。
    """
    with auth.reading() as (work, desk):
        if errors_of_value(Place(), area) or errors_of_value(Day(), day):
            raise Refusal("day_report_unknown")
        told = show_day(work, desk, area, day, body.now_ms())
    return body.answer(wire.encode(told))
