"""
``/v1/snapshots`` 快照: the parts of a feed that lie ready, and their bytes, resumable by Range.
"""

from typing import Any

from flask import Response, request
from flask_smorest import Blueprint
from werkzeug.datastructures import Headers
from werkzeug.http import parse_range_header, quote_etag

from schemas import wire
from schemas.problems import Refusal
from schemas.wire import FEED_PATTERN
from server.api import auth, body, specs
from server.api.problems import refused
from server.core.views import view_of
from server.usecases.serve_feeds import Reader
from server.usecases.serve_snapshot import FoundPart, find_part, read_part, snapshot_of

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
_HEADERS = [
    {"name": name, "in": "header", "schema": {"type": "string"}, "description": about}
    for name, about in (
        ("Range", "一个字节范围 one range of bytes, bytes=524288-"),
        ("If-Range", "ETag；不符则给全部 the ETag; the whole part where it is another"),
        ("If-None-Match", "ETag"),
    )
]
_TOLD = {
    "ETag": {"schema": {"type": "string"}, "description": "部分的 SHA-256 the part's SHA-256"},
    "Accept-Ranges": {"schema": {"type": "string"}, "description": "bytes"},
}
_PLACE = {"Content-Range": {"schema": {"type": "string"}, "description": "bytes 0-99/12345"}}
_BYTES = {GZIP: {"schema": {"type": "string", "format": "binary"}}}


@blueprint.get("/<feed>")
@blueprint.doc(
    **_DEVICE,
    parameters=[_FEED],
    responses={
        "200": specs.answered("快照的各部分 The parts of the snapshot", specs.reference("Snapshot")),
        **specs.problems(401, 403, 404, 429, 503),
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
    parameters=[_FEED, _SHA256, *_HEADERS],
    responses={
        "200": {"description": "全部 The whole part", "headers": _TOLD, "content": _BYTES},
        "206": {"description": "所要的字节 The bytes asked for", "headers": _TOLD | _PLACE, "content": _BYTES},
        "304": {"description": "没有变化 It is the one you have", "headers": _TOLD},
        **specs.problems(401, 403, 404, 416, 429, 503),
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
        if request.if_none_match.contains_weak(found.part.sha256):
            return Response(status=304, headers=_about(found))
        size, wanted = found.part.size, _wanted(found)
        start, stop = wanted or (0, size)
        if start >= stop:
            return _beyond(size)
        piece = read_part(work, found, start, stop - start)
    headers = _about(found)
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return Response(piece, 206 if wanted else 200, headers, mimetype=GZIP)


def _beyond(size: int) -> Response:
    response = refused(Refusal("range_not_satisfiable", size=size))
    response.headers["Content-Range"] = f"bytes */{size}"
    return response


def _about(found: FoundPart) -> Headers:
    return Headers(
        {
            "ETag": quote_etag(found.part.sha256),
            "Accept-Ranges": "bytes",
            # Whoever asks with another token may see other parts; what this one was given never changes.
            "Cache-Control": "private, immutable",
        }
    )


def _wanted(found: FoundPart) -> tuple[int, int] | None:
    """
    Return the bytes asked for, from and up to (an empty range lies beyond the part), or None for the whole part.

    What is no range, or several, is answered by the whole, as RFC 9110 allows (§14.2).
    """
    size = found.part.size
    asked = parse_range_header(request.headers.get("Range"))
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1 or not _still(found):
        return None
    begin, end = asked.ranges[0]
    if begin < 0:
        return max(0, size + begin), size
    return begin, size if end is None else min(end, size)


def _still(found: FoundPart) -> bool:
    """Say whether what the caller holds the beginning of is this part; without If-Range it is."""
    held = request.headers.get("If-Range")
    # Compared as it stands: a weak tag or a date never vouches for bytes.
    return held is None or held.strip() == quote_etag(found.part.sha256)
