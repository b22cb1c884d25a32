"""
``/v1/instructions`` 待回复批示: what leaders want to hear and have not heard yet.
"""

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from schemas import wire
from server.api import auth, body, specs
from server.usecases.list_instructions import list_instructions

blueprint = Blueprint("instructions", __name__, url_prefix="/v1/instructions", description="批示 Leaders' instructions")
_DEVICE: dict[str, Any] = {"security": [{"device": []}]}


@blueprint.get("")
@blueprint.doc(
    **_DEVICE,
    responses={
        "200": specs.answered("待回复的批示，最急的在前 The most urgent first", specs.reference("Instructions")),
        **specs.problems(401, 403, 503),
    },
)
def list_all() -> Response:
    """
    List the instructions without a reply that this device's people may read, with the days that are left.

    列出本机人员可见、尚未回复的领导批示及剩余天数。
    """
    with auth.reading() as (work, desk):
        return body.answer(wire.encode(list_instructions(work, desk, body.now_ms())))
