"""
``/v1/ledger`` 台账提醒: what waits too long inside the office, and the deferrals to be reviewed.
"""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema

from schemas import wire
from schemas.fields import Pattern, Text
from schemas.grid import CODE_PATTERN
from server.api import auth, body, specs
from server.api.asked import read_query
from server.usecases.list_waiting import reviews_told, waiting_told

blueprint = Blueprint("waiting", __name__, url_prefix="/v1/ledger", description="台账提醒 What waits")


class WhereSchema(Schema):
    """Where to look."""

    class Meta:
        unknown = RAISE

    area = Text(
        4, 15, pattern=Pattern(CODE_PATTERN, "区划代码", "a code of 4, 6, 9, 12 or 15 digits"),
        metadata={"description": "区划代码，须在本机可见范围内 a code; must lie in what the device may read"},
    )  # fmt: skip


def _documented(description: str, shape: str) -> dict[str, Any]:
    return {
        "security": [{"device": []}],
        "parameters": specs.asked_in_query(WhereSchema),
        "responses": {
            "200": specs.answered(description, specs.reference(shape)),
            **specs.problems(400, 401, 403, 503),
        },
    }


@blueprint.get("/waiting")
@blueprint.doc(**_documented("超过内部时限的问题 Cases that have waited too long", "WaitingList"))
def waiting() -> Response:
    """
    List the cases that have waited longer than the steps inside the office may take, the longest first.

    列出超过内部时限的问题（待立案、派遣、签收、核查、销号），等待最久的在前；立行立改的按比例抽查。
    """
    asked = read_query(WhereSchema())
    with auth.reading() as (work, desk):
        told = waiting_told(work, desk, asked.get("area"), body.now_ms())
    return body.answer(wire.encode(told))


@blueprint.get("/reviews")
@blueprint.doc(**_documented("复核日期已到的挂账 Deferrals to be reviewed", "ReviewList"))
def reviews() -> Response:
    """
    List the deferred cases whose review date has come, the oldest date first.

    列出复核日期已到的挂账，日期早的在前。
    """
    asked = read_query(WhereSchema())
    with auth.reading() as (work, desk):
        told = reviews_told(work, desk, asked.get("area"), body.now_ms())
    return body.answer(wire.encode(told))
