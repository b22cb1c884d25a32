"""
``/v1/digest`` 核对摘要: what a device's view of a feed boils down to, and exactly the records that differ.
"""

from typing import Any

from flask import Response, current_app, request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema

from schemas import wire
from schemas.digests import MAX_BODY, read_repair
from schemas.explain import errors_of_fields
from schemas.fields import Pattern, Text
from schemas.problems import Refusal
from schemas.wire import FEED_PATTERN
from server.api import auth, body, specs
from server.core.pace import Pace
from server.core.views import view_of
from server.storage.devices import Device
from server.usecases.digest import digest_feed, repair_feed
from server.usecases.serve_feeds import Reader

blueprint = Blueprint("digest", __name__, url_prefix="/v1/digest", description="核对 Digests")

#: A device asks about one feed at most so often within a minute: three tries, each with its repairs.
MOST_A_MINUTE = 12
_PACE = "gridward-digest-pace"

_DEVICE: dict[str, Any] = {"security": [{"device": []}]}


class AskedSchema(Schema):
    """Which feed, and how far the device has read it."""

    class Meta:
        unknown = RAISE

    feed = Text(
        6,
        9,
        required=True,
        pattern=Pattern(FEED_PATTERN, "街道或区的代码", "the code of a street office or a district"),
        metadata={"description": "流 the feed"},
    )
    cursor = Text(1, 400, required=True, metadata={"description": "本机游标 the device's cursor"})


@blueprint.get("")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(AskedSchema),
    responses={
        "200": specs.answered(
            "摘要，或 behind：请先同步 The digest, or behind: sync first", specs.reference("FeedDigest")
        ),
        **specs.problems(400, 401, 403, 429, 503),
    },
)
def show() -> Response:
    """
    Return count and sums of what the device may see of a feed, at the number its cursor names.

    返回本机在某一流中可见部分的数量与摘要，以游标所指的序号为准。
    """
    district, hashed = auth.bearer()
    asked = {name: request.args[name] for name in request.args}
    found = errors_of_fields(AskedSchema(), asked, partial=False)
    if found:
        raise Refusal("invalid_request", found)
    now_ms = body.now_ms()
    with body.store().work(district, writing=False) as work:
        reader = _reader(auth.device_of(work, hashed), now_ms, asked["feed"])
        digest = digest_feed(work, reader, asked["feed"], asked["cursor"])
    return body.answer(wire.encode(digest))


@blueprint.post("")
@blueprint.doc(
    **_DEVICE,
    requestBody={"required": True, "content": {"application/json": {"schema": specs.reference("RepairRequest")}}},
    responses={
        "200": specs.answered("不同的记录 The records that differ", specs.reference("Repair")),
        **specs.problems(400, 401, 403, 413, 415, 429, 503),
    },
)
def repair() -> Response:
    """
    Return exactly the records that the device does not hold as they are here.

    返回本机与平台不一致的记录，仅此而已。
    """
    district, hashed = auth.bearer()
    asked = read_repair(body.received(limit=MAX_BODY))
    now_ms = body.now_ms()
    with body.store().work(district, writing=False) as work:
        reader = _reader(auth.device_of(work, hashed), now_ms, asked.feed)
        found = repair_feed(work, reader, asked)
    return body.answer(wire.encode(found))


def _reader(device: Device, now_ms: int, feed: str) -> Reader:
    """
    Return *device* as a reader, if it has not asked too often.

    Raises:
        Refusal: ``too_many_attempts``.
    """
    wait_s = _pace().wait_s(f"{device.id} {feed}", now_ms / 1000)
    if wait_s:
        raise Refusal("too_many_attempts", retry_after_s=wait_s)
    return Reader(device, view_of(device.people.values(), now_ms), now_ms)


def _pace() -> Pace:
    pace: Pace = current_app.extensions.setdefault(_PACE, Pace(MOST_A_MINUTE))
    return pace
