"""
``/v1/public/reports`` 随手拍: report without a login, and ask by code what became of it.
"""

import dataclasses

from flask import Response
from flask_smorest import Blueprint

from schemas import wire
from schemas.explain import fault
from schemas.problems import Refusal
from server.api import body, public_door, specs
from server.api.picture_gate import public_picture_gate, report_gate
from server.api.report_form import JsonReportSchema, read_report
from server.usecases.follow_report import Followed, follow_report
from server.usecases.take_report import Received, Told, take_report
from server.usecases.verify_photo import Office

blueprint = Blueprint("public", __name__, url_prefix="/v1/public", description="随手拍 Reports of the public")

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "no-store",
}
_CODE = {
    "name": "code", "in": "path", "required": True, "description": "查询码 the code, as shown or typed",
    "schema": {"type": "string", "maxLength": 60},
}  # fmt: skip
_TAKEN = {
    "type": "object",
    "required": ["code", "state", "zh", "en", "url"],
    "properties": {
        "code": {"type": "string", "pattern": "^[2-9A-HJKMNP-TV-Z]{4}(-[2-9A-HJKMNP-TV-Z]{4}){2}$"},
        "state": {"type": "string", "enum": ["received"]},
        "zh": {"type": "string"},
        "en": {"type": "string"},
        "url": {"type": "string"},
    },
}
_STANDS = {
    "type": "object",
    "required": ["kind", "received_at", "state", "zh", "en", "photo"],
    "properties": {
        "kind": {"type": "string", "enum": ["problem", "suggestion"]},
        "received_at": {"type": "string"},
        "state": {"type": "string", "enum": ["received", "accepted", "put_right", "refused", "answered"]},
        "zh": {"type": "string"},
        "en": {"type": "string"},
        "photo": {"type": ["string", "null"], "description": "整改后照片公开件的地址 where the after-photo is"},
    },
}
_MULTIPART = {"schema": specs.reference("PublicReportForm")}


@blueprint.post("/reports")
@blueprint.doc(
    security=[{}],
    requestBody={
        "required": True,
        "content": {"application/json": {"schema": JsonReportSchema}, "multipart/form-data": _MULTIPART},
    },
    responses={
        "201": specs.answered("已收到，给出查询码 Taken; its code", _TAKEN),
        **specs.problems(400, 413, 415, 422, 429, 503),
    },
)
def report() -> Response:
    """
    Report a problem with a photo, or make a suggestion; no login. The answer's code is told this once.

    随手拍：一张照片、一处地点、一句话（至多 120 字）；无需登录，答复查询码，请记下。
    """
    taken = take_this_report()
    told = {
        "code": taken.code, "state": "received", "zh": f"已收到。查询码 {taken.code}，请记下。",
        "en": f"Received. Your code is {taken.code}; write it down.", "url": f"/v1/public/reports/{taken.code}",
    }  # fmt: skip
    return _unseen(body.answer(wire.encode(told), 201))


@blueprint.get("/reports/<code>")
@blueprint.doc(
    security=[{}],
    parameters=[_CODE],
    responses={"200": specs.answered("办理情况 How it stands", _STANDS), **specs.problems(404, 429, 503)},
)
def follow(code: str) -> Response:
    """
    Say in words how a report stands: received, accepted, put right, refused with its reason; a suggestion's answer.

    按查询码查看办理情况。
    """
    _, found = follow_this(code)
    told = found.told()
    photo = f"/v1/public/reports/{code}/photo.jpg" if told.pop("has_photo") else None
    return _unseen(body.answer(wire.encode(told | {"photo": photo})))


@blueprint.get("/reports/<code>/photo.jpg")
@blueprint.doc(
    security=[{}],
    parameters=[_CODE],
    responses={
        "200": {
            "description": "整改后照片（公开件）The after-photo, as published",
            "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
        },
        **specs.problems(404, 429, 503),
    },
)
def after_photo(code: str) -> Response:
    """
    Show the photo of after, once the office has published a copy of it.

    整改后照片：街道打码公开之后可以看到。
    """
    _, found = follow_this(code)
    if found.picture is None or body.depot().size(found.picture) is None:
        raise Refusal("photo_not_published")
    return Response(b"".join(body.depot().read(found.picture)), mimetype="image/jpeg", headers=SAFE)


def take_this_report() -> Received:
    """
    Take in what this request reports.

    Raises:
        Refusal: As it is told.
    """
    places = body.store().places()
    only = next(iter(places)) if len(places) == 1 else None
    public_door.admit_report(only or "")
    with report_gate():
        district, told = read_report(only)
        if district not in places:
            raise Refusal("invalid_request", fault("unknown", "没有这个区县", "is no district of ours", "district"))
        office = Office(body.store(), body.depot(), district, body.now_ms())
        return _taken(office, dataclasses.replace(told, grid=told.grid or district))


def _taken(office: Office, told: Told) -> Received:
    if told.photo is None:
        return take_report(office, told)
    with public_picture_gate():
        return take_report(office, told)


def follow_this(code: str) -> tuple[str, Followed]:
    """
    Return the district in which the report of *code* is, and how it stands.

    Raises:
        Refusal: ``report_unknown``, or ``too_many_attempts`` after too many wrong ones.
    """
    public_door.refuse_guessing()
    for district in sorted(body.store().places()):
        try:
            with body.store().work(district, writing=False) as work:
                return district, follow_report(work, code)
        except Refusal as refusal:
            if refusal.code != "report_unknown":
                raise
    public_door.note_wrong()
    raise Refusal("report_unknown")


def _unseen(response: Response) -> Response:
    """Return *response*, to be kept by nobody on its way: whoever holds the code reads it."""
    response.headers.update(SAFE)
    return response
