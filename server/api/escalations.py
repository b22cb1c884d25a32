"""
``/v1/escalations`` 升级建议: what is proposed where time ran out; signing or dismissing it.
"""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema

from schemas import wire
from schemas.explain import errors_of_value
from schemas.fields import UUID_PATTERN, Choice, Id, Pattern, Text, Whole
from schemas.grid import CODE_PATTERN
from schemas.problems import Refusal
from server.api import auth, body, specs
from server.api.asked import read_body, read_query
from server.core.desk.escalated import STATES, Verdict
from server.usecases.list_escalations import LEVELS, MAX_AFTER, MAX_LIMIT, EscalationPage, Sought, list_escalations
from server.usecases.settle_escalation import MAX_REASON, settle_escalation

blueprint = Blueprint(
    "escalations", __name__, url_prefix="/v1/escalations", description="升级建议 Proposals of escalation"
)


def _about(description: str) -> dict[str, str]:
    return {"description": description}


class SoughtEscalationsSchema(Schema):
    """What may be asked of the list."""

    class Meta:
        unknown = RAISE

    level = Whole(LEVELS[0], LEVELS[-1], metadata=_about("级别 level"))
    state = Choice({**STATES, "all": "全部"}, metadata=_about("默认 proposed"))
    area = Text(
        4, 15, pattern=Pattern(CODE_PATTERN, "区划代码", "a code of 4, 6, 9, 12 or 15 digits"),
        metadata=_about("问题所在区划 the case lies here"),
    )  # fmt: skip
    limit = Whole(1, MAX_LIMIT, metadata=_about("每页条数，默认 50 how many a page, 50 by default"))
    after = Text(1, MAX_AFTER, metadata=_about("上一页给出的 after the after of the page before"))


class VerdictSchema(Schema):
    """Who says so, and why 签批."""

    class Meta:
        unknown = RAISE

    person = Id(
        allow_none=True, metadata=_about("办理人；本机只有一人时可省略 who says so; may be left out where there is one")
    )
    reason = Text(1, MAX_REASON, required=True, metadata=_about("理由 why"))


_DEVICE: dict[str, Any] = {"security": [{"device": []}]}
_ONE: dict[str, Any] = {
    **_DEVICE,
    "parameters": [{"name": "proposal", "in": "path", "required": True, "description": "编号 id",
                    "schema": {"type": "string", "pattern": UUID_PATTERN}}],
    "requestBody": specs.taken(VerdictSchema),
    "responses": {
        "200": specs.answered("该条现状 How it stands now", specs.reference("ListedEscalation")),
        **specs.problems(400, 401, 403, 404, 409, 413, 415, 503),
    },
}  # fmt: skip


@blueprint.get("")
@blueprint.doc(
    **_DEVICE,
    parameters=specs.asked_in_query(SoughtEscalationsSchema),
    responses={
        "200": specs.answered("一页升级建议 One page, the gravest first", specs.reference("EscalationPage")),
        **specs.problems(400, 401, 403, 503),
    },
)
def list_all() -> Response:
    """
    List the proposals of escalation that people of this device may read, the gravest first, then the oldest.

    列出本机人员可见的升级建议，级别高的在前，同级的时间早的在前。
    """
    given = read_query(SoughtEscalationsSchema(), many="")
    levels = (given.pop("level"),) if "level" in given else ()
    with auth.reading() as (work, desk):
        page: EscalationPage = list_escalations(work, desk, Sought(levels=levels, **given), body.now_ms())
    return body.answer(wire.encode(page))


@blueprint.post("/<proposal>/sign")
@blueprint.doc(**_ONE)
def sign(proposal: str) -> Response:
    """
    Sign one proposal; it acts on nothing by itself: an order is issued, a talk is called in the ordinary way.

    签批一条升级建议；系统不会自动下发督办单或约谈。
    """
    return _settled(proposal, "sign")


@blueprint.post("/<proposal>/dismiss")
@blueprint.doc(**_ONE)
def dismiss(proposal: str) -> Response:
    """
    Dismiss one proposal, and say why; it comes again only for another reason.

    不采纳一条升级建议并写明理由；同一原因不再提出。
    """
    return _settled(proposal, "dismiss")


def _settled(proposal: str, verdict: Verdict) -> Response:
    desk = auth.caller()
    asked = read_body(VerdictSchema())
    if errors_of_value(Id(), proposal):
        raise Refusal("escalation_unknown")
    told = settle_escalation(body.store(), desk, proposal, asked.get("person"), verdict, asked["reason"], body.now_ms())
    return body.answer(wire.encode(told))
