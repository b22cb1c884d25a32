"""
``/v1/public-reports`` 随手拍办理: list them, answer suggestions, see how to reach a reporter; noted each time.
"""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema

from schemas import wire
from schemas.explain import errors_of_value
from schemas.fields import UUID_PATTERN, Choice, Id, Text, Whole
from schemas.problems import Refusal
from server.api import auth, body, specs
from server.api.asked import read_body, read_query
from server.usecases import office_reports, pages
from server.usecases.list_contact_views import SoughtViews, list_contact_views
from server.usecases.office_reports import MAX_LIMIT, MAX_REPLY, MAX_WHY, Sought
from server.usecases.take_report import PROBLEM, SUGGESTION

blueprint = Blueprint(
    "office_reports", __name__, url_prefix="/v1/public-reports", description="随手拍办理 Public reports at the office"
)
_DEVICE: dict[str, Any] = {"security": [{"device": []}]}
_ID = {
    "name": "report", "in": "path", "required": True, "description": "上报编号，即问题编号 the report's id",
    "schema": {"type": "string", "pattern": UUID_PATTERN},
}  # fmt: skip
_PERSON = "办理人；本机只有一人时可省略 who does it; may be left out where there is one"


def _about(description: str) -> dict[str, str]:
    return {"description": description}


class ReportsSchema(Schema):
    """What may be asked of the list."""

    class Meta:
        unknown = RAISE

    kind = Choice({PROBLEM: "问题", SUGGESTION: "建议"}, metadata=_about("只要问题或建议 of one kind"))
    unanswered = Choice({"1": "是"}, metadata=_about("1：只要未答复的建议 suggestions without an answer"))
    limit = Whole(1, MAX_LIMIT, metadata=_about("每页条数，默认 50 how many a page, 50 by default"))
    after = Text(1, 60, metadata=_about("上一页给出的 after the after of the page before"))


class ViewsSchema(Schema):
    """What may be asked of the list of who looked at contacts."""

    class Meta:
        unknown = RAISE

    report = Id(metadata=_about("一件上报 of one report"))
    limit = Whole(1, MAX_LIMIT, metadata=_about("每页条数，默认 50 how many a page, 50 by default"))
    after = Text(1, pages.MAX_AFTER, metadata=_about("上一页给出的 after the after of the page before"))


class AnswerSchema(Schema):
    """The answer to a suggestion."""

    class Meta:
        unknown = RAISE

    person = Id(allow_none=True, metadata=_about(_PERSON))
    answer = Choice(
        {"adopted": "采纳", "declined": "不采纳"}, required=True, metadata=_about("采纳或不采纳 adopted or declined")
    )
    reply = Text(1, MAX_REPLY, required=True, metadata=_about("答复或理由，建议人可见 what its author reads"))


class WhySchema(Schema):
    """Who wants to see a reporter, and why."""

    class Meta:
        unknown = RAISE

    person = Id(allow_none=True, metadata=_about(_PERSON))
    why = Text(1, MAX_WHY, required=True, metadata=_about("查看原因，留痕 why; it is noted"))


@blueprint.get("")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(ReportsSchema),
    responses={
        "200": specs.answered("一页随手拍，最近的在前 A page, the latest first", specs.reference("ReportPage")),
        **specs.problems(400, 401, 403, 503),
    },
)
def list_all() -> Response:
    """
    List what the public reported in the areas of this device's offices; who reported is not in it.

    列出本机街道、区创卫办人员责任区域内的随手拍，不含举报人。
    """
    asked = read_query(ReportsSchema())
    sought = Sought(asked.get("kind"), "unanswered" in asked, asked.get("limit", 50), asked.get("after"))
    with auth.reading() as (work, desk):
        return body.answer(wire.encode(office_reports.list_reports(work, desk, sought, body.now_ms())))


@blueprint.get("/views")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(ViewsSchema),
    responses={
        "200": specs.answered(
            "一页联系方式查看记录，最近的在前 Who looked at contacts, the latest first",
            specs.reference("ContactViewPage"),
        ),
        **specs.problems(400, 401, 403, 503),
    },
)
def list_all_views() -> Response:
    """
    List who looked at reporters' contacts in the areas of this device's offices, when and why; never the contact.

    列出本机街道、区创卫办责任区域内举报人联系方式的查看记录：谁、何时、为何，不含联系方式。
    """
    sought = SoughtViews(**read_query(ViewsSchema()))
    with auth.reading() as (work, desk):
        return body.answer(wire.encode(list_contact_views(work, desk, sought, body.now_ms())))


@blueprint.post("/<report>/answer")
@blueprint.doc(
    **_DEVICE,
    parameters=[_ID],
    requestBody=specs.taken(AnswerSchema),
    responses={
        "200": specs.answered("已答复 Answered", specs.reference("ListedReport")),
        **specs.problems(400, 401, 403, 404, 409, 413, 415, 503),
    },
)
def answer(report: str) -> Response:
    """
    Adopt a suggestion or not, with a reason its author reads; once.

    答复建议：采纳或不采纳，说明理由；只能答复一次。
    """
    desk = auth.caller()
    given = read_body(AnswerSchema())
    told = office_reports.answer_suggestion(
        body.store(), desk, _known(report), given.get("person"), given["answer"], given["reply"], body.now_ms()
    )
    return body.answer(wire.encode(told))


@blueprint.post("/<report>/reporter")
@blueprint.doc(
    **_DEVICE,
    parameters=[_ID],
    requestBody=specs.taken(WhySchema),
    responses={
        "200": specs.answered("举报人联系方式 How to reach the reporter", specs.reference("Contact")),
        **specs.problems(400, 401, 403, 404, 413, 415, 503),
    },
)
def reporter(report: str) -> Response:
    """
    See how to reach whoever reported; for the offices, never for the unit that answers for the case; noted each time.

    查看举报人联系方式：仅限街道、区创卫办，对承办单位保密，每次查看留痕。
    """
    desk = auth.caller()
    given = read_body(WhySchema())
    told = office_reports.show_reporter(
        body.store(), desk, _known(report), given.get("person"), given["why"], body.now_ms()
    )
    answered = body.answer(wire.encode(told))
    answered.headers["Cache-Control"] = "no-store"
    return answered


def _known(report: str) -> str:
    if errors_of_value(Id(), report):
        raise Refusal("report_unknown")
    return report
