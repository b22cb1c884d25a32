"""
``/v1/records/…/photos`` 记录的照片: what is expected and what has arrived, the pictures themselves, redaction, pairs;
and ``/v1/photos/views``: who saw originals.
"""

from typing import Any, get_args

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields

from schemas import wire
from schemas.explain import errors_of_value
from schemas.fields import SHA256_PATTERN, UUID_PATTERN, Bilingual, Id, Length, Sha256, Text, Whole
from schemas.pictures import MEDIA
from schemas.problems import Refusal
from server.api import auth, body, ranges, specs
from server.api.asked import read_body, read_query
from server.api.picture_gate import gate
from server.usecases import list_views, pages, redact_photo, serve_pair, serve_picture
from server.usecases.serve_picture import MAX_WHY, What
from server.usecases.show_photos import show_pairs, show_photos

blueprint = Blueprint("record_photos", __name__, url_prefix="/v1", description="照片查看 Looking at photos")

_JPEG = MEDIA["jpeg"]
#: What somebody uploaded is never a page, whatever it says of itself.
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Vary": "Authorization",
}
#: A week, and never changed within it.
_LASTING = "private, max-age=604800, immutable"


def _about(description: str) -> dict[str, str]:
    return {"description": description}


_PERSON = "办理人；本机只有一人时可省略 who does it; may be left out where there is one"


class _Listed(Bilingual, fields.List[Any]):
    """A list of *low* to *most* entries."""

    def __init__(self, inner: Any, low: int, most: int, **kwargs: Any) -> None:
        super().__init__(inner, validate=Length(low, most), **kwargs)


class LookingSchema(Schema):
    """Who looks, and why; asked for with originals."""

    class Meta:
        unknown = RAISE

    person = Id(metadata=_about("查看原图的人；本机只有一人时可省略 who looks at an original"))
    why = Text(0, MAX_WHY, metadata=_about("查看原图的原因 why he looks at an original"))


class PairSchema(Schema):
    """Which pair."""

    class Meta:
        unknown = RAISE

    item = Text(1, 20, metadata=_about("检查项 the check item"))
    before = Sha256(metadata=_about("整改前照片的 SHA-256 the photo before"))


class RedactSchema(Schema):
    """Which parts of a photo are to be painted over 打码."""

    class Meta:
        unknown = RAISE

    person = Id(allow_none=True, metadata=_about(_PERSON))
    boxes = _Listed(
        _Listed(Whole(0, redact_photo.PARTS), 4, 4),
        1,
        redact_photo.MAX_BOXES,
        required=True,
        metadata=_about(
            "[左, 上, 宽, 高]，万分之几 left, top, width and height in ten-thousandths of the upright picture"
        ),
    )


class ViewsSchema(Schema):
    """What may be asked of the list of views."""

    class Meta:
        unknown = RAISE

    record = Id(metadata=_about("记录 of one record"))
    photo = Sha256(metadata=_about("照片 of one photo"))
    person = Id(metadata=_about("查看的人 by one person"))
    limit = Whole(1, list_views.MAX_LIMIT, metadata=_about("每页条数，默认 50 how many a page, 50 by default"))
    after = Text(1, pages.MAX_AFTER, metadata=_about("上一页给出的 after the after of the page before"))


_DEVICE: dict[str, Any] = {"security": [{"device": []}]}


def _part(name: str, about: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "description": about, "schema": {"type": "string", **schema}}


_RECORD = _part("record", "记录编号 the record's id", pattern=UUID_PATTERN)
_PHOTO = _part("sha256", "照片（原图）的 SHA-256 of the photo's original", pattern=SHA256_PATTERN)
_WHAT = _part(
    "what",
    "thumb 缩略图，view 浏览图，original 原图，published 公开件 thumbnail, view, original, copy for publication",
    enum=list(get_args(What)),
)
_CAPTIONS = {
    "Gridward-Captions": {
        "schema": {"type": "string", "enum": ["zh", "plain"]},
        "description": "plain：服务器没有中文字体，标 1、2 without a Chinese font: 1 is before, 2 after",
    }
}


@blueprint.get("/records/<record>/photos")
@blueprint.doc(
    **_DEVICE,
    parameters=[_RECORD],
    responses={
        "200": specs.answered("应有的和已到的照片 What is expected and what is here", specs.reference("RecordPhotos")),
        **specs.problems(401, 403, 404, 503),
    },
)
def show(record: str) -> Response:
    """
    List the photos that a record names: expected, arrived, what to look at twice, where to get them.

    列出一条记录的照片：应有多少、已到多少、哪些要多看一眼、从哪里取。
    """
    with auth.reading() as (work, desk):
        return body.answer(wire.encode(show_photos(work, desk, _known(record), body.now_ms())))


@blueprint.get("/records/<record>/photos/pair")
@blueprint.doc(
    **_DEVICE,
    parameters=[_RECORD],
    responses={
        "200": specs.answered("整改前后的照片对 Which photos show before and after", specs.reference("RecordPairs")),
        **specs.problems(401, 403, 404, 503),
    },
)
def show_pair(record: str) -> Response:
    """
    List which photos of a record show one place before and after.

    列出一条记录中整改前后的照片对。
    """
    with auth.reading() as (work, desk):
        return body.answer(wire.encode(show_pairs(work, desk, _known(record), body.now_ms())))


@blueprint.get("/records/<record>/photos/pair.jpg")
@blueprint.doc(
    **_DEVICE,
    parameters=[_RECORD, *ranges.HEADERS, *specs.asked_in_query(PairSchema)],
    responses={
        **ranges.answers(_JPEG, headers=_CAPTIONS),
        **specs.problems(400, 401, 403, 404, 410, 416, 503),
    },
)
def draw_pair(record: str) -> Response:
    """
    Show before and after side by side, as one picture.

    整改前后并排的一张图。
    """
    asked = read_query(PairSchema())
    with auth.reading() as (work, desk):
        item, before = asked.get("item"), asked.get("before")
        pair = serve_pair.find_pair(work, desk, _known(record), item, before, body.now_ms())
    told = _headers(f"{pair.before.photo[:12]}-pair.jpg", "inline", "private, no-cache")
    told["Gridward-Captions"] = "zh" if pair.font else "plain"
    if ranges.is_held(pair.etag):
        return ranges.unchanged(pair.etag, told)
    with gate():
        drawn = serve_pair.draw(body.depot(), pair)
    lying = ranges.Lying(len(drawn), pair.etag)
    return ranges.handed_out(lying, lambda start, stop: drawn[start:stop], _JPEG, told)


@blueprint.get("/records/<record>/photos/<sha256>/<what>")
@blueprint.doc(
    **_DEVICE,
    parameters=[_RECORD, _PHOTO, _WHAT, *ranges.HEADERS, *specs.asked_in_query(LookingSchema)],
    responses={
        **ranges.answers(*sorted(MEDIA.values())),
        **specs.problems(400, 401, 403, 404, 410, 416, 503),
    },
)
def picture(record: str, sha256: str, what: What) -> Response:
    """
    Return a photo: a thumbnail, a view, the original, or its copy for publication.

    取一张照片：缩略图、浏览图、原图或公开件。查看原图须有权限，每次查看都有记录。
    """
    asked = read_query(LookingSchema())
    if what not in get_args(What):
        raise Refusal("not_found")
    store, depot, now_ms = body.store(), body.depot(), body.now_ms()
    with auth.reading() as (work, desk):
        found = serve_picture.find_picture(work, desk, *_named(record, sha256), what, now_ms)
    size = serve_picture.size_of(depot, found)
    if size is None:
        with gate():
            size = serve_picture.make(depot, found)
    if what == "original":
        # Noted before the first byte goes out, and whether or not any does.
        serve_picture.view_original(store, desk, found, asked.get("person"), asked.get("why"), now_ms)
    told = _headers(found.name, "attachment" if what == "original" else "inline", _kept(found))
    lying = ranges.Lying(size, found.etag)
    return ranges.handed_out(
        lying, lambda start, stop: serve_picture.read(depot, found, start, stop), found.media, told
    )


@blueprint.get("/records/<record>/photos/<sha256>/redactions")
@blueprint.doc(
    **_DEVICE,
    parameters=[_RECORD, _PHOTO],
    responses={
        "200": specs.answered("打码记录，最近的在前 The latest first: it is published", specs.reference("Redactions")),
        **specs.problems(401, 403, 404, 503),
    },
)
def list_redactions(record: str, sha256: str) -> Response:
    """
    List a photo's copies for publication: who drew which boxes, and when.

    列出一张照片的公开件：谁、何时、打了哪些框。
    """
    with auth.reading() as (work, desk):
        told = redact_photo.list_redactions(work, desk, *_named(record, sha256), body.now_ms())
    return body.answer(wire.encode(told))


@blueprint.post("/records/<record>/photos/<sha256>/redactions")
@blueprint.doc(
    **_DEVICE,
    parameters=[_RECORD, _PHOTO],
    requestBody=specs.taken(RedactSchema),
    responses={
        "200": specs.answered("新的公开件 The new copy for publication", specs.reference("ListedRedaction")),
        **specs.problems(400, 401, 403, 404, 410, 413, 415, 422, 503),
    },
)
def redact(record: str, sha256: str) -> Response:
    """
    Paint boxes over faces and plates; the result is the photo's copy for publication.

    打码：在人脸和车牌上涂黑，另存为公开件；原图不变。
    """
    store, depot, now_ms = body.store(), body.depot(), body.now_ms()
    # Nobody's body is read before it is known that he may speak at all.
    auth.caller()
    given = read_body(RedactSchema())
    with auth.reading() as (work, desk):
        asked = redact_photo.ask_to_redact(
            work, desk, *_named(record, sha256), given.get("person"), given["boxes"], now_ms
        )
    with gate():
        painted = redact_photo.paint(depot, asked)
    told = redact_photo.publish(store, depot, desk, asked, painted, now_ms)
    return body.answer(wire.encode(told))


@blueprint.get("/photos/views")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(ViewsSchema),
    responses={
        "200": specs.answered(
            "一页原图查看记录，最近的在前 Who saw originals, the latest first", specs.reference("ViewPage")
        ),
        **specs.problems(400, 401, 403, 503),
    },
)
def list_all_views() -> Response:
    """
    List who saw originals of records in the areas of this device's offices, the latest first.

    列出本机街道及以上人员责任区域内的原图查看记录，最近的在前。
    """
    sought = list_views.Sought(**read_query(ViewsSchema()))
    with auth.reading() as (work, desk):
        page = list_views.list_views(work, desk, sought, body.now_ms())
    return body.answer(wire.encode(page))


def _known(record: str) -> str:
    """Return the id in the address; what cannot be one is not asked for."""
    if errors_of_value(Id(), record):
        raise Refusal("photo_unknown")
    return record


def _named(record: str, sha256: str) -> tuple[str, str]:
    if errors_of_value(Sha256(), sha256):
        raise Refusal("photo_unknown")
    return _known(record), sha256


def _headers(name: str, how: str, kept: str) -> dict[str, str]:
    return {**_SAFE, "Cache-Control": kept, "Content-Disposition": f'{how}; filename="{name}"'}


def _kept(found: serve_picture.Found) -> str:
    """Return what a cache may do with it: an original stays with nobody, and every look at it asks again."""
    if found.what == "original":
        return "private, no-store"
    return _LASTING if found.lasting else "private, no-cache"
