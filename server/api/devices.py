"""
``POST /v1/devices/enrol`` 设备登记: a one-time code becomes a token, or one more person on a device.
"""

import time
from threading import Lock
from typing import Any

from flask import Response, current_app, request
from flask_smorest import Blueprint
from marshmallow import INCLUDE, Schema

from schemas import wire
from schemas.explain import errors_of_fields, fault
from schemas.fields import Text
from schemas.problems import Refusal
from server.api import auth, body, specs
from server.core.attempts import Attempts
from server.storage.devices import Device
from server.usecases.enrol_device import Enrolled, enrol_device

blueprint = Blueprint("devices", __name__, url_prefix="/v1/devices", description="设备登记 Devices")

MAX_BODY = 4 * 1024
_lock = Lock()


class EnrolSchema(Schema):
    """What a device sends to be enrolled."""

    class Meta:
        unknown = INCLUDE

    code = Text(1, 40, required=True, metadata={"description": "一次性登记码 the one-time code, as typed"})
    device_name = Text(1, 60, required=True, metadata={"description": "设备名称 what the office will see"})


_ENROLLED = {
    "type": "object",
    "required": ["device", "district", "epoch", "name", "persons", "now_ms"],
    "properties": {
        "device": {"type": "string"},
        "token": {"type": "string", "description": "只在新登记时给出一次 only for a new device, only once"},
        "district": {"type": "string"},
        "epoch": {"type": "string"},
        "name": {"type": "string"},
        "persons": {"type": "array", "items": {"type": "object", "required": ["id", "name", "title", "roles"]}},
        "now_ms": {"type": "integer"},
    },
}


@blueprint.post("/enrol")
@blueprint.doc(
    # A caller without a token is a new device; with one, a person joins the device it names.
    security=[{}, {"device": []}],
    requestBody={"required": True, "content": {"application/json": {"schema": EnrolSchema}}},
    responses={
        "200": specs.answered("已登记 Enrolled", _ENROLLED),
        **specs.problems(400, 401, 403, 413, 415, 429, 503),
    },
)
def enrol() -> Response:
    """
    Exchange a one-time code for a token; with a token, admit a further person to the device.

    用一次性登记码换取设备令牌；已登记的设备用它增加一名使用人员。
    """
    asked = _read(body.received(MAX_BODY, MAX_BODY))
    now_ms = body.now_ms()
    known = _caller()
    _refuse_if_guessing()
    try:
        enrolled = enrol_device(body.store(), asked["code"], asked["device_name"], now_ms, known=known)
    except Refusal as refusal:
        if refusal.code == "enrol_code_invalid":
            with _lock:
                _attempts().note_wrong(_address(), time.monotonic())
        raise
    return body.answer(wire.encode(_told(enrolled, now_ms)))


def _read(raw: bytes) -> dict[str, Any]:
    try:
        asked = wire.decode_json(raw)
    except (ValueError, RecursionError) as error:
        raise Refusal("malformed_body", why="JSON") from error
    if not isinstance(asked, dict):
        raise Refusal("invalid_request", fault("invalid", "应为对象", "must be an object", "record"))
    errors = errors_of_fields(EnrolSchema(), asked, partial=False)
    if errors:
        raise Refusal("invalid_request", errors)
    return asked


def _caller() -> Device | None:
    """Return who asks; a revoked device may show a code, too, and is let in again."""
    if "Authorization" not in request.headers:
        return None
    district, hashed = auth.bearer()
    with body.store().work(district, writing=False) as work:
        return auth.device_of(work, hashed, revoked_too=True)


def _refuse_if_guessing() -> None:
    with _lock:
        wait_s = _attempts().wait_s(_address(), time.monotonic())
    if wait_s:
        raise Refusal("too_many_attempts", retry_after_s=wait_s)


def _attempts() -> Attempts:
    found: Attempts = current_app.extensions.setdefault("gridward_attempts", Attempts())
    return found


def _address() -> str:
    return request.remote_addr or ""


def _told(enrolled: Enrolled, now_ms: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        "device": enrolled.device,
        "district": enrolled.place.district,
        "epoch": enrolled.place.epoch,
        "name": enrolled.place.name,
        "persons": [
            {
                "id": person.id,
                "name": person.name,
                "title": person.title,
                "roles": [{"role": role, "area": area} for role, area in person.roles],
            }
            for person in enrolled.people
        ],
        "now_ms": now_ms,
    }
    return told | ({"token": enrolled.token} if enrolled.token else {})
