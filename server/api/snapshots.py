"""
``/v1/snapshots`` 快照: the parts of a feed that lie ready, and their bytes, resumable by Range.
"""

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from schemas import wire
from schemas.wire import FEED_PATTERN
from server.api import auth, body, ranges, specs
from server.core.views import view_of
from server.usecases.serve_feeds import Reader
from server.usecases.serve_snapshot import find_part, read_part, snapshot_of

blueprint = Blueprint("snapshots", __name__, url_prefix="/v1/snapshots", description="快照 Snapshots")

GZIP = "application/gzip"

_DEVICE: dict[str, Any] = {"security": [{"device": []}]}
_FEED = {
    "name": "feed",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": FEED_PATTERN},
    "description": "流：街道或区的代码 the feed's code",
}
_SHA256 = {
    "name": "sha256",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "description": "部分的 SHA-256 the part's SHA-256",
}
# Whoever asks with another token may see other parts; what this one was given never changes.
_KEPT = {"Cache-Control": "private, immutable"}


@blueprint.get("/<feed>")
@blueprint.doc(
    **_DEVICE,
    parameters=[_FEED],
    responses={
        "200": specs.answered("快照的各部分 The parts of the snapshot", specs.reference("Snapshot")),
        **specs.problems(401, 403, 404, 503),
    },
)
def show(feed: str) -> Response:
    """
    Return the parts of a feed's latest snapshot that this device may see, and the cursor behind it.

    返回本机可见的快照部分，以及其后的游标。
    """
    district, hashed = auth.bearer()
    now_ms = body.now_ms()
    with body.store().work(district, writing=False) as work:
        device = auth.device_of(work, hashed)
        found = snapshot_of(work, Reader(device, view_of(device.people.values(), now_ms), now_ms), feed)
    return body.answer(wire.encode(found))


@blueprint.get("/<feed>/<sha256>")
@blueprint.doc(
    **_DEVICE,
    parameters=[_FEED, _SHA256, *ranges.HEADERS],
    responses={
        **ranges.answers(GZIP),
        **specs.problems(401, 403, 404, 416, 503),
    },
)
def part(feed: str, sha256: str) -> Response:
    """
    Return the bytes of one part: gzip, one JSON record a line.

    返回一个部分的字节：gzip，每行一条 JSON 记录；支持断点续传。
    """
    district, hashed = auth.bearer()
    now_ms = body.now_ms()
    with body.store().work(district, writing=False) as work:
        device = auth.device_of(work, hashed)
        found = find_part(work, device, view_of(device.people.values(), now_ms), feed, sha256)
        lying = ranges.Lying(found.part.size, found.part.sha256)
        return ranges.handed_out(lying, lambda start, stop: read_part(work, found, start, stop - start), GZIP, _KEPT)
