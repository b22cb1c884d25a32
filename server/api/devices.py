"""
``/v1/devices`` 设备台账: which device was last heard of when, what is not here yet.

``POST /v1/devices/enrol`` 设备登记: a one-time code becomes a token, or one more person on a device.
"""

import time
from threading import Lock
from typing import Any

from flask import Response, current_app, request
from flask_smorest import Blueprint
from marshmallow import INCLUDE, RAISE, Schema

from schemas import wire
from schemas.explain import errors_of_fields, errors_of_value, fault
from schemas.fields import UUID_PATTERN, Choice, Id, Pattern, Text, Whole
from schemas.grid import CODE_PATTERN
from schemas.problems import Refusal
from server.api import auth, body, specs
from server.api.asked import read_query
from server.core.attempts import Attempts
from server.storage.devices import Device
from server.usecases.enrol_device import Enrolled, enrol_device
from server.usecases.list_devices import MAX_AFTER, MAX_LIMIT, Sought, list_devices
from server.usecases.note_contacts import heard_since
from server.usecases.show_device import show_device

blueprint = Blueprint("devices", __name__, url_prefix="/v1/devices", description="设备登记与台账 Devices")

MAX_BODY = 4 * 1024
_lock = Lock()


class EnrolSchema(Schema):
    """What a device sends to be enrolled."""

    class Meta:
        unknown = INCLUDE

    code = Text(1, 40, required=True, metadata={"description": "一次性登记码 the one-time code, as typed"})
    device_name = Text(1, 60, required=True, metadata={"description": "设备名称 what the office will see"})


_EITHER = {"yes": "是", "no": "否"}


def _about(description: str) -> dict[str, str]:
    return {"description": description}


class SoughtDevicesSchema(Schema):
    """What may be asked of the list."""

    class Meta:
        unknown = RAISE

    stale = Choice(_EITHER, metadata=_about("久未联系 nobody heard of it for a day, or as the district says"))
    unsent = Choice(_EITHER, metadata=_about("有未收到的记录或照片 not everything of it is here"))
    area = Text(
        4, 15, pattern=Pattern(CODE_PATTERN, "区划代码", "a code of 4, 6, 9, 12 or 15 digits"),
        metadata=_about("使用人员的责任区域 one of its people works here"),
    )  # fmt: skip
    limit = Whole(1, MAX_LIMIT, metadata=_about("每页条数，默认 50 how many a page, 50 by default"))
    after = Text(1, MAX_AFTER, metadata=_about("上一页给出的 after the after of the page before"))


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


@blueprint.get("")
@blueprint.doc(
    security=[{"device": []}],
    parameters=specs.asked_in_query(SoughtDevicesSchema),
    responses={
        "200": specs.answered("一页设备 One page, what needs somebody first", specs.reference("DevicePage")),
        **specs.problems(400, 401, 403, 503),
    },
)
def list_all() -> Response:
    """
    List the devices whose people work in the areas of this device's offices; whoever holds no office sees his own.

    列出本机人员辖区内的设备：最近联系、未收到的记录和照片、时钟、版本、剩余空间；无管理身份的只看到本机。
    """
    given = read_query(SoughtDevicesSchema())
    asked = {name: value == "yes" if name in ("stale", "unsent") else value for name, value in given.items()}
    with auth.reading() as (work, desk):
        heard = heard_since(body.store(), desk.district)
        page = list_devices(work, desk, Sought(**asked), body.now_ms(), heard)
    return body.answer(wire.encode(page))


@blueprint.get("/<device>")
@blueprint.doc(
    security=[{"device": []}],
    parameters=[{"name": "device", "in": "path", "required": True, "description": "编号 id",
                 "schema": {"type": "string", "pattern": UUID_PATTERN}}],
    responses={
        "200": specs.answered("一台设备 One device, and what of it is not here", specs.reference("DeviceFile")),
        **specs.problems(400, 401, 403, 404, 503),
    },
)  # fmt: skip
def show_one(device: str) -> Response:
    """
    Show one device, with the numbers of its journal that are not here and how many of its photos.

    查看一台设备：尚未收到的编号范围、等待中的编号、记录已到而照片未到的数量。
    """
    with auth.reading() as (work, desk):
        if errors_of_value(Id(), device):
            raise Refusal("device_unknown")
        file = show_device(work, desk, device, body.now_ms(), heard_since(body.store(), desk.district))
    return body.answer(wire.encode(file))


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
