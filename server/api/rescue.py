"""
``POST /v1/rescue`` 救援包转交: one part of a package that another tablet carried here.

The caller's token says who carries; the package's own MAC says whose work it is, and that nobody touched it.
"""

from typing import Any

import msgspec
from flask import Response
from flask_smorest import Blueprint

from schemas import wire
from schemas.explain import fault
from schemas.problems import Refusal
from schemas.rescue import (
    MAX_MANIFEST_BYTES,
    Part,
    RescueAnswer,
    RescueRequest,
    damaged,
    joined,
    lines_of,
    read_manifest,
)
from server.api import auth, body, specs
from server.api.doorkeeper import doorkeeper
from server.usecases.receive_rescue import Brought, receive_part

blueprint = Blueprint("rescue", __name__, url_prefix="/v1", description="救援包 Rescue packages")

_RESCUE: dict[str, Any] = {
    "security": [{"device": []}],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": specs.reference("RescueRequest")}},
    },
    "responses": {
        "200": specs.answered(
            "这一部分每条修改的结果 What became of each mutation of the part", specs.reference("RescueAnswer")
        ),
        **specs.problems(400, 401, 403, 404, 413, 415, 503),
    },
}


@blueprint.post("/rescue")
@blueprint.doc(**_RESCUE)
def rescue() -> Response:
    """
    Take in one part of a rescue package; it may come any number of times.

    接收由另一台平板转交的救援包的一部分；重复转交不会重复入库。
    """
    district, hashed = auth.bearer()
    # It costs the server what a sync does, and waits in the same line.
    door = doorkeeper()
    door.look_in(hashed)
    arrived = body.arrived()
    now_ms = body.now_ms()
    with door.let_in(hashed):
        return _taken(district, hashed, _read(body.inflated(arrived)), now_ms)


def _taken(district: str, hashed: bytes, asked: RescueRequest, now_ms: int) -> Response:
    with body.store().work(district, writing=False) as work:
        auth.device_of(work, hashed)
    brought, part, mutations = _checked(asked)
    device, outcomes = receive_part(body.store(), district, brought, part, mutations, now_ms)
    told = RescueAnswer(device.id, part.name, wire.runs(outcomes), device.name, device.revoked)
    return body.answer(wire.encode(told))


def _read(raw: bytes) -> RescueRequest:
    try:
        return _decode(raw)
    except msgspec.ValidationError as error:
        raise Refusal("invalid_request", fault("invalid", "请求的形状不对", str(error)[:200], "body")) from None
    except (ValueError, RecursionError):
        raise Refusal("malformed_body", why="JSON") from None


def _checked(asked: RescueRequest) -> tuple[Brought, Part, list[bytes]]:
    """Hold what came against the manifest, and the manifest against itself."""
    told = bytes(asked.manifest)
    if len(told) > MAX_MANIFEST_BYTES:
        raise Refusal("too_large", limit=f"{MAX_MANIFEST_BYTES >> 20} MiB")
    manifest = read_manifest(told)
    part = next((part for part in manifest.parts if part.name == asked.part), None)
    if part is None:
        raise damaged("清单里没有这一部分", "the manifest names no such part")
    return Brought(manifest, told, asked.mac), part, lines_of(part, joined(bytes(raw) for raw in asked.mutations))


_decode = msgspec.json.Decoder(RescueRequest).decode
