"""
``/v1/cases`` 问题台账: the ledger listed, searched and counted, one case with all that was done, and acts on cases.
"""

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from schemas import wire
from schemas.explain import errors_of_value
from schemas.fields import UUID_PATTERN, Id
from schemas.problems import Refusal
from server.api import auth, body, specs
from server.api.asked import read_body, read_query
from server.api.cases_asked import MANY, ActingSchema, DispatchSchema, FiguresSchema, PersonSchema, SoughtSchema, sought
from server.api.tagged import HEADERS, answers, tagged
from server.core.desk.cases import CaseFile
from server.usecases.act_on_case import Asked, ToDispatch, act_on_case, dispatch_cases
from server.usecases.ledger_figures import ledger_figures
from server.usecases.list_cases import count_cases, list_cases
from server.usecases.show_case import show_case, show_next_acts

blueprint = Blueprint("cases", __name__, url_prefix="/v1/cases", description="问题台账 The ledger")

_DEVICE: dict[str, Any] = {"security": [{"device": []}]}
_CASE = {
    "name": "case", "in": "path", "required": True, "description": "编号 id",
    "schema": {"type": "string", "pattern": UUID_PATTERN},
}  # fmt: skip


@blueprint.get("")
@blueprint.doc(
    **_DEVICE,
    parameters=[*HEADERS, *specs.asked_in_query(SoughtSchema)],
    responses={**answers("一页台账 One page of the ledger", "CasePage"), **specs.problems(400, 401, 403, 503)},
)
def list_all() -> Response:
    """
    List the cases that people of this device may read: filtered, sorted, searched, page by page.

    列出本机人员可见的问题：筛选、排序、检索（含拼音首字母）、翻页。
    """
    asked = sought(read_query(SoughtSchema(), MANY))
    with auth.reading() as (work, desk):
        page = list_cases(work, desk, asked, body.now_ms())
    return tagged(wire.encode(page))


@blueprint.get("/counts")
@blueprint.doc(
    **_DEVICE,
    parameters=[*HEADERS, *specs.asked_in_query(SoughtSchema)],
    responses={
        **answers("各状态、各灯数量 How many, by state and light", "CaseCounts"),
        **specs.problems(400, 401, 403, 503),
    },
)
def count() -> Response:
    """
    Count the same cases by state and by light, as of now.

    按状态和亮灯统计件数，以此刻为准。
    """
    asked = sought(read_query(SoughtSchema(), MANY))
    with auth.reading() as (work, desk):
        counts = count_cases(work, desk, asked, body.now_ms())
    return tagged(wire.encode(counts))


@blueprint.get("/figures")
@blueprint.doc(
    **_DEVICE,
    parameters=[*HEADERS, *specs.asked_in_query(FiguresSchema)],
    responses={
        **answers("指标 The figures of a period", "CaseFigures"),
        **specs.problems(400, 401, 403, 503),
    },
)
def figures() -> Response:
    """
    Reckon the rates of a period: 按期整改率, 整改率, 返工率; deferred cases are in no denominator.

    计算某一时段的按期整改率、整改率、返工率；挂账不计入分母。
    """
    given = read_query(FiguresSchema(), MANY)
    period, by = (given.pop("first"), given.pop("last")), given.pop("by", None)
    with auth.reading() as (work, desk):
        found = ledger_figures(work, desk, sought(given), period, by, body.now_ms())
    return tagged(wire.encode(found))


@blueprint.get("/<case>")
@blueprint.doc(
    **_DEVICE,
    parameters=[_CASE, *HEADERS],
    responses={**answers("案卷 Everything about one case", "CaseFile"), **specs.problems(400, 401, 403, 404, 503)},
)
def show(case: str) -> Response:
    """
    Show one case: its timeline in words, due date, light, photos, holders, and what it waits for.

    显示一件问题：流转记录、时限、亮灯、照片、责任单位和责任人，以及待办环节。
    """
    with auth.reading() as (work, desk):
        told: CaseFile = show_case(work, desk, _known(case), body.now_ms())
    return tagged(wire.encode(told))


@blueprint.get("/<case>/next-acts")
@blueprint.doc(
    **_DEVICE,
    parameters=[_CASE, *specs.asked_in_query(PersonSchema)],
    responses={
        "200": specs.answered("可办操作 What may be done now", specs.reference("NextActs")),
        **specs.problems(400, 401, 403, 404, 503),
    },
)
def next_acts(case: str) -> Response:
    """
    Tell what a person may do with a case now, what each act needs, and why the others are not possible.

    某人此刻可办哪些操作、各需什么；不能办的说明原因。
    """
    asked = read_query(PersonSchema())
    with auth.reading() as (work, desk):
        acts = show_next_acts(work, desk, _known(case), asked.get("person"), body.now_ms())
    return body.answer(wire.encode(acts))


@blueprint.post("/<case>/acts")
@blueprint.doc(
    **_DEVICE,
    parameters=[_CASE],
    requestBody=specs.taken(ActingSchema),
    responses={
        "200": specs.answered("结果与现状 What became of it", specs.reference("Acted")),
        **specs.problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
    },
)
def act(case: str) -> Response:
    """
    Take one act on a case, written as an ordinary edit; asking twice with the version seen acts once.

    办理一件问题：写入一条普通操作；带 version 重复请求只生效一次。
    """
    desk = auth.caller()
    given = read_body(ActingSchema())
    person = given.pop("person", None)
    asked = Asked(given["act"], given.get("reason"), tuple(given.get("evidence") or ()), given.get("into"),
                  given.get("details") or {}, given.get("role"), given.get("version"))  # fmt: skip
    acted = act_on_case(body.store(), desk, _known(case), person, asked, body.now_ms())
    return body.answer(wire.encode(acted))


@blueprint.post("/dispatch")
@blueprint.doc(
    **_DEVICE,
    requestBody=specs.taken(DispatchSchema),
    responses={
        "200": specs.answered("逐件结果 What became of each", specs.reference("Dispatched")),
        **specs.problems(400, 401, 403, 413, 415, 422, 503),
    },
)
def dispatch() -> Response:
    """
    Dispatch many cases; each has its own verdict, and one that is refused stops no other.

    批量派遣：逐件给出结果，一件不成不影响其他。不写主办单位的，按派遣规则。
    """
    desk = auth.caller()
    given = read_body(DispatchSchema())
    common = {name: given[name] for name in ("lead", "assist", "owner", "due_at") if given.get(name)}
    items = [_to_dispatch(one, common) for one in given["cases"]]
    done = dispatch_cases(body.store(), desk, items, given.get("person"), body.now_ms())
    return body.answer(wire.encode(done))


def _to_dispatch(one: dict[str, Any], common: dict[str, Any]) -> ToDispatch:
    own = {name: value for name, value in one.items() if name not in ("id", "version") and value}
    return ToDispatch(one["id"], common | own, one.get("version"))


def _known(case: str) -> str:
    """Return the id in the address; what cannot be one is not asked for."""
    if errors_of_value(Id(), case):
        raise Refusal("case_unknown")
    return case
