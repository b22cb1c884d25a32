"""
``/v1/documents`` 台账导出: the ledger as a workbook, as CSV or as points for a map; and who took which.
"""

import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO, cast
from urllib.parse import quote

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema

from schemas import wire
from schemas.coordinates import DISPLAYED
from schemas.fields import Choice, Id, Text, Whole
from server.api import auth, body, specs
from server.api.asked import read_query
from server.api.cases_asked import MANY, SoughtSchema, sought
from server.api.picture_gate import document_gate, gate
from server.reports.geojson import MEDIA as MAP
from server.usecases.export_ledger import FORMATS, PHOTOS, Asked, Exported, Format, export_ledger, name_of
from server.usecases.list_exports import MAX_LIMIT, ExportPage, list_exports
from server.usecases.pages import MAX_AFTER

blueprint = Blueprint("documents", __name__, url_prefix="/v1/documents", description="台账导出 Documents")

_MEDIA: dict[str, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "geojson": MAP,
}
_DEVICE: dict[str, Any] = {"security": [{"device": []}]}
_PIECE = 64 * 1024
#: A document of many pictures waits longer for its turn than a page of thumbnails: it would begin again from nothing.
_PICTURE_WAIT_S = 60.0
_TOLD = {
    "Content-Disposition": {"schema": {"type": "string"}, "description": "文件名（RFC 5987） the file's name"},
    "Gridward-Cases": {"schema": {"type": "integer"}, "description": "件数 how many cases it holds"},
}


def _about(description: str) -> dict[str, str]:
    return {"description": description}


class DocumentSchema(SoughtSchema):
    """Which document of which cases is wanted; its order is always by street, community and number."""

    class Meta(SoughtSchema.Meta):
        exclude = ("sort", "limit", "after")

    format = Choice(FORMATS, metadata=_about("xlsx 表格（默认）、csv 文本表、geojson 地图点位 xlsx by default"))
    person = Id(metadata=_about("导出人；本机只有一人时可省略 who takes it; may be left out where there is one"))
    photos = Choice(PHOTOS, metadata=_about("xlsx 的照片，默认 names how pictures go into a workbook"))
    crs = Choice(DISPLAYED, metadata=_about("geojson 的坐标系，默认 wgs84 of points"))


class ExportsSchema(Schema):
    """What may be asked of the list of documents that went out."""

    class Meta:
        unknown = RAISE

    limit = Whole(1, MAX_LIMIT, metadata=_about("每页条数，默认 50 how many a page, 50 by default"))
    after = Text(1, MAX_AFTER, metadata=_about("上一页给出的 after the after of the page before"))


@blueprint.get("/ledger")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(DocumentSchema),
    responses={
        "200": {
            "description": "台账文件 The document",
            "headers": _TOLD,
            "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in _MEDIA.values()},
        },
        **specs.problems(400, 401, 403, 422, 503),
    },
)
def ledger() -> Response:
    """
    Export the ledger, filtered as the list of cases is; noted with who took it, before the first byte goes out.

    导出台账，筛选条件与问题清单相同；每次导出先记录导出人、时间、范围和件数。
    """
    given = read_query(DocumentSchema(), MANY)
    kind: Format = given.pop("format", "xlsx")
    asked = Asked(kind, sought(given), given.get("person"), given.get("photos", "names"), given.get("crs", "wgs84"))
    desk, now_ms = auth.caller(), body.now_ms()
    # Without a name: it is gone with the answer, whatever happens.
    file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115  # closed with the answer
    try:
        with document_gate():
            done = export_ledger(body.store(), body.depot(), desk, asked, now_ms, file, lambda: gate(_PICTURE_WAIT_S))
    except BaseException:
        file.close()
        raise
    return _handed_out(file, done, asked, now_ms)


@blueprint.get("/exports")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(ExportsSchema),
    responses={
        "200": specs.answered(
            "一页导出记录，最近的在前 What went out, the latest first", specs.reference("ExportPage")
        ),
        **specs.problems(400, 401, 403, 503),
    },
)
def list_all() -> Response:
    """
    List which documents went out: who took them, when, of what, how many cases and whole telephone numbers.

    列出导出记录：谁、何时、什么范围、多少件、多少个完整电话；供区创卫办和督查员查看。
    """
    given = read_query(ExportsSchema())
    with auth.reading() as (work, desk):
        page: ExportPage = list_exports(work, desk, given.get("limit", 50), given.get("after"), body.now_ms())
    return body.answer(wire.encode(page))


def _handed_out(file: BinaryIO, done: Exported, asked: Asked, now_ms: int) -> Response:
    size = file.seek(0, 2)
    file.seek(0)
    name = quote(name_of(done, asked, now_ms), safe="")
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": f"attachment; filename=\"ledger.{asked.format}\"; filename*=UTF-8''{name}",
        "Gridward-Cases": str(done.cases),
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    response = Response(_pieces(file), 200, headers, content_type=_MEDIA[asked.format])
    response.call_on_close(file.close)
    return response


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
