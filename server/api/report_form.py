"""
What a report of the public says 随手拍内容: read from a form with a picture, or from JSON; limits before reading.
"""

import base64
import binascii
from contextlib import closing
from typing import Any

from flask import request
from marshmallow import RAISE, Schema
from werkzeug.exceptions import RequestEntityTooLarge

from schemas import wire
from schemas.cases import PROBLEM_CLASSES
from schemas.explain import Errors, errors_of_fields, fault
from schemas.fields import Choice, Number, Place, Text
from schemas.parts import CRS
from schemas.problems import Refusal
from server.api import body
from server.usecases.take_report import MAX_CONTACT, MAX_PHOTO_BYTES, MAX_PLACE, MAX_TEXT, PROBLEM, SUGGESTION, Told

FORM = "multipart/form-data"
#: Words, and what stands around a picture.
_BESIDE = 64 * 1024
_MAX_FORM = MAX_PHOTO_BYTES + _BESIDE
#: What the parser holds while it reads, the piece of a picture it has in hand included.
_IN_HAND = 512 * 1024
_MAX_JSON = MAX_PHOTO_BYTES * 4 // 3 + _BESIDE
_MAX_PARTS = 20
_NUMBERS = ("lat", "lon")
_POINT = frozenset({"lat", "lon", "crs"})


def _about(description: str) -> dict[str, str]:
    return {"description": description}


class ReportSchema(Schema):
    """What somebody reports."""

    class Meta:
        unknown = RAISE

    district = Text(
        6, 6, metadata=_about("区县代码；只有一个区时可省略 the district; may be left out where there is one")
    )
    kind = Choice(
        {PROBLEM: "问题", SUGGESTION: "建议"},
        metadata=_about("problem 问题（默认），suggestion 建议 problem by default"),
    )
    street = Place(metadata=_about("街道代码，9 位；不清楚可省略 the street office, 9 digits, where it is known"))
    place = Text(1, MAX_PLACE, metadata=_about("地点文字 where, in words"))
    lat = Number(-90, 90, metadata=_about("纬度；与 lon、crs 一起给出 latitude, together with lon and crs"))
    lon = Number(-180, 180, metadata=_about("经度 longitude"))
    crs = Choice(CRS, metadata=_about("坐标系：手机卫星定位为 wgs84，国内地图为 gcj02 the system of coordinates"))
    problem_class = Choice(
        {word: known.zh for word, known in PROBLEM_CLASSES.items()}, metadata=_about("问题类别 the class of problem")
    )
    text = Text(
        1, MAX_TEXT, required=True, metadata=_about("一句话，至多 120 字 one sentence of 120 characters at most")
    )
    contact = Text(
        3,
        MAX_CONTACT,
        metadata=_about("联系方式，可不填；承办单位看不到 how to reach you, optional; hidden from the unit"),
    )


_BASE64: dict[str, Any] = {"type": "string", "contentEncoding": "base64", "maxLength": MAX_PHOTO_BYTES * 4 // 3 + 4}


class JsonReportSchema(ReportSchema):
    """The same with its picture in base64."""

    photo = Text(1, MAX_PHOTO_BYTES * 4 // 3 + 4, metadata=_about("照片 base64，至多 10 MB the picture in base64"))


def read_report(district: str | None = None) -> tuple[str | None, Told]:
    """
    Return the district that this request names, if any, and what it reports.

    Raises:
        Refusal: ``too_large``, ``unsupported_media_type``, ``malformed_body`` or ``invalid_request``.
    """
    given, photo = _form() if request.mimetype == FORM else _json()
    errors = errors_of_fields(ReportSchema(), given, partial=False) | _missing(given, photo)
    if errors:
        raise Refusal("invalid_request", errors)
    position = {name: given[name] for name in ("lat", "lon", "crs")} if "lat" in given else None
    named = given.get("district", district)
    told = Told(
        kind=given.get("kind", PROBLEM), grid=given.get("street", ""), text=given["text"], place=given.get("place"),
        position=position, problem_class=given.get("problem_class", "other"), contact=given.get("contact"), photo=photo,
    )  # fmt: skip
    return named, told


def _missing(given: dict[str, Any], photo: bytes | None) -> Errors:
    """Return what belongs together and is not there; what is there is looked at one by one."""
    found: Errors = {}
    if given.keys() & _POINT and not given.keys() >= _POINT:
        found |= fault("together", "纬度、经度、坐标系须同时给出", "lat, lon and crs go together", "position")
    if not str(given.get("text") or "").strip():
        found |= fault("required", "必填", "is required", "text")
    if given.get("kind", PROBLEM) == SUGGESTION:
        return found | (fault("not_taken", "建议不收照片", "a suggestion takes no picture", "photo") if photo else {})
    if photo is None:
        found |= fault("required", "请附一张照片", "a picture is required", "photo")
    if not given.keys() & {"place", "lat"}:
        found |= fault("required", "请写明地点或给出定位", "say where, in words or by a position", "place")
    return found


def _form() -> tuple[dict[str, Any], bytes | None]:
    request.max_content_length, request.max_form_parts, request.max_form_memory_size = _MAX_FORM, _MAX_PARTS, _IN_HAND
    if (request.content_length or 0) > _MAX_FORM:
        raise _too_large()
    try:
        form, files = request.form, request.files
    except RequestEntityTooLarge as error:
        raise _too_large() from error
    repeated = [name for name in form if len(form.getlist(name)) > 1]
    if repeated or set(files) - {"photo"} or len(files.getlist("photo")) > 1:
        name = repeated[0] if repeated else "photo"
        raise Refusal("invalid_request", fault("repeated", "只能给出一次", "may be given once", name))
    # A browser sends what was left empty too.
    given = {name: _number(name, text) for name, text in form.items() if text.strip()}
    picture = b""
    if "photo" in files:
        with closing(files["photo"]) as file:
            picture = file.stream.read(MAX_PHOTO_BYTES + 1)
    return given, _bounded(picture) if picture else None


def _json() -> tuple[dict[str, Any], bytes | None]:
    raw = body.received(_MAX_JSON, _MAX_JSON)
    try:
        given = wire.decode_json(raw)
    except (ValueError, RecursionError) as error:
        raise Refusal("malformed_body", why="JSON") from error
    if not isinstance(given, dict):
        raise Refusal("invalid_request", fault("invalid", "应为对象", "must be an object", "record"))
    told = given.pop("photo", None)
    if told is None:
        return given, None
    try:
        return given, _bounded(base64.b64decode(told, validate=True))
    except (TypeError, ValueError, binascii.Error) as error:
        raise Refusal("invalid_request", fault("invalid", "不是 base64", "is no base64", "photo")) from error


def _bounded(picture: bytes) -> bytes:
    if len(picture) > MAX_PHOTO_BYTES:
        raise Refusal("photo_too_large", limit=f"{MAX_PHOTO_BYTES >> 20} MiB")
    return picture


def _number(name: str, text: str) -> Any:
    """Return the number that *text* says where one is asked for; else the text, which is then refused in words."""
    if name not in _NUMBERS:
        # A browser's line end counts as one character.
        return text.replace("\r\n", "\n")
    try:
        return float(text) if len(text) <= 24 else text
    except ValueError:
        return text


def _too_large() -> Refusal:
    return Refusal("too_large", limit=f"{MAX_PHOTO_BYTES >> 20} MiB")
