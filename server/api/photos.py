"""
``/v1/photos`` 照片传送: which are wanted, their parts, and whether they arrived whole.
"""

import re
from typing import Any

import msgspec
from flask import Response, request
from flask_smorest import Blueprint

from schemas import wire
from schemas.explain import fault
from schemas.photos import MAX_PARTS, PART_BYTES, PlanAnswer, PlanRequest, read_plan
from schemas.problems import Refusal
from server.api import auth, body, specs
from server.api.picture_gate import gate, part_gate
from server.usecases.ask_for_parts import expected_part, take_part
from server.usecases.plan_photos import plan_photos
from server.usecases.verify_photo import Office, verify_photo

blueprint = Blueprint("photos", __name__, url_prefix="/v1/photos", description="照片传送 Photos on their way")

#: A hundred files of the largest size, and what stands around them.
MAX_PLAN_BYTES = 1024 * 1024
#: A tablet that waits for longer keeps others' syncs from being heard; it comes again by itself.
_TURN_S = 1.0
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DEVICE: dict[str, Any] = {"security": [{"device": []}]}
_FILE = {
    "name": "sha256",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "description": "文件的 SHA-256 the file's SHA-256",
}
_PART = {
    "name": "n",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 0, "maximum": MAX_PARTS - 1},
    "description": "第几个分片，从 0 数起 which part, counted from 0",
}


@blueprint.post("/plan")
@blueprint.doc(
    **_DEVICE,
    requestBody={"required": True, "content": {"application/json": {"schema": specs.reference("PlanRequest")}}},
    responses={
        "200": specs.answered("每个文件的处理，按所问顺序 What becomes of each file", specs.reference("PlanAnswer")),
        **specs.problems(400, 401, 403, 413, 415, 503),
    },
)
def plan() -> Response:
    """
    Say which of the files offered are wanted, and which of their parts are missing; ask as often as you like.

    传送计划：哪些文件要传、缺哪些分片；可以重复询问。
    """
    district, hashed = auth.bearer()
    asked = _read(body.received(MAX_PLAN_BYTES, MAX_PLAN_BYTES))
    with body.store().work(district, writing=False) as work:
        device = auth.device_of(work, hashed)
    seconds = body.settings().photo_parts_s
    planned = plan_photos(body.store(), body.depot(), device, asked.photos, body.now_ms(), seconds)
    return body.answer(wire.encode(PlanAnswer(planned)))


@blueprint.put("/<sha256>/parts/<int:n>")
@blueprint.doc(
    **_DEVICE,
    parameters=[_FILE, _PART],
    requestBody={
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
    responses={
        "204": {"description": "已收下 Kept"},
        **specs.problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
    },
)
def put_part(sha256: str, n: int) -> Response:
    """
    Take in one part that was asked for; one that comes twice is kept once.

    接收一个分片；重复送达只保存一份。
    """
    district, hashed = auth.bearer()
    file = _known(sha256)
    with body.store().work(district, writing=False) as work:
        device = auth.device_of(work, hashed)
        expected = expected_part(work, file, n)
    with part_gate(device.id):
        take_part(body.depot(), district, expected, _part(expected.size))
    kept = Response(status=204)
    # A network's log-in page says that it is a page; of nothing there is nothing to say.
    del kept.headers["Content-Type"]
    return kept


@blueprint.post("/<sha256>/complete")
@blueprint.doc(
    **_DEVICE,
    parameters=[_FILE],
    responses={
        "200": specs.answered("核验结果，或须重传的分片 Verified, or what to send again", specs.reference("Completed")),
        **specs.problems(401, 403, 404, 409, 410, 422, 503),
    },
)
def complete(sha256: str) -> Response:
    """
    Put the parts together and verify the file; once this says ``verified``, the tablet may let go of its own.

    核验整个文件：大小、指纹、格式、能否打开；答复 ``verified`` 之后平板才可以删除。
    """
    district, hashed = auth.bearer()
    file = _known(sha256)
    with body.store().work(district, writing=False) as work:
        auth.device_of(work, hashed)
    office = Office(body.store(), body.depot(), district, body.now_ms())
    with gate(_TURN_S):
        done = verify_photo(office, file, body.settings().photo_parts_s)
    return body.answer(wire.encode(done))


def _read(raw: bytes) -> PlanRequest:
    try:
        return read_plan(raw)
    except msgspec.ValidationError as error:
        raise Refusal("invalid_request", fault("invalid", "请求的形状不对", str(error)[:200], "body")) from None
    except (ValueError, RecursionError):
        raise Refusal("malformed_body", why="JSON") from None


def _known(sha256: str) -> str:
    """Return the name in the address; what cannot be one is not asked for."""
    if not _SHA256.fullmatch(sha256):
        raise Refusal("photo_unknown")
    return sha256


def _part(size: int) -> bytes:
    """Return the body, which has *size* bytes at the most and travels as it is: a picture is packed already."""
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise Refusal("unsupported_encoding", encoding=encoding[:40])
    if (request.content_length or 0) > size:
        raise Refusal("too_large", limit=f"{PART_BYTES // 1024} KiB")
    return request.stream.read(size + 1)
