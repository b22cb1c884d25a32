"""
The ledger case's way from found to struck off 问题台账流程: every state and every act, declared once.

Tablet and office run this same declaration; the diagram in docs/ledger.md is drawn from it. What stands in
the way of each act is said in ``schemas.case_guards``, what it writes in ``schemas.case_steps``, how an act
is judged in ``schemas.machines``.
"""

from collections.abc import Mapping
from typing import Any

from schemas import case_guards as unless
from schemas import case_steps as does
from schemas.fields import Choice, Day, Id, Instant, Many, Text, Unit, Whole
from schemas.machines import Machine, Step, machine
from schemas.parts import NO_FIX_REASONS
from schemas.roles import Role

_GW, _GL, _CM, _ST = Role.GRID_WORKER, Role.GRID_LEADER, Role.COMMUNITY, Role.STREET
_DO, _DP, _IN, _LG = Role.DISTRICT_OFFICE, Role.DEPARTMENT, Role.INSPECTOR, Role.LEADING_GROUP

_ACCEPTERS = frozenset({_CM, _ST, _DO, _IN})
_DISPATCHERS = frozenset({_CM, _ST, _DO})
_OFFICES = frozenset({_ST, _DO})
_HANDLERS = frozenset({_GW, _GL, _CM, _ST, _DO, _DP})
_ASKING = frozenset({_GL, _ST, _DO, _DP})
_VERIFIERS = frozenset({_GL, _CM, _ST, _DO, _IN})
_EVERYBODY = _HANDLERS | _VERIFIERS

RETURN_CODES = {
    "not_done": "未整改",
    "partly": "整改不彻底",
    "photo_unclear": "照片不清",
    "wrong_place": "点位不符",
    "relapsed": "反弹",
    "false": "弄虚作假",
}

STATES = {
    "reported": "已上报待立案",
    "accepted": "已立案待派遣",
    "dispatched": "已派遣待签收",
    "handling": "整改中",
    "rectified": "已整改待核查",
    "verified": "核查通过待销号",
    "deferred": "挂账",
    "closed": "已销号",
    "refused": "不予立案",
    "merged": "已并案",
}
_OVER = frozenset({"closed", "refused", "merged"})
_OPEN = frozenset(STATES) - _OVER
#: In an open case somebody answers for it.
_HELD = frozenset({"dispatched", "handling"})


def unit(zh: str, **kwargs: Any) -> Unit:
    """Return the shape of a unit's code 责任单位: a place's code, or a department's word."""
    return Unit(metadata=kwargs.pop("metadata", {"label": zh}), **kwargs)


_LEAD = {
    "lead": unit("主办单位", required=True),
    "assist": Many(unit("协办单位"), 20, metadata={"label": "协办单位"}),
    "owner": Id(metadata={"label": "责任人"}),
}
_DUE = Instant(metadata={"label": "整改时限"})
_GIVEN = ("lead", "assist", "owner_person", "dispatched_at", "leads", "requests")


def _from(*states: str) -> frozenset[str]:
    return frozenset(states)


#: A draft lives on the tablet alone and is no record yet; voiding is an operation on any record (``op: void``).
CASE: Machine = machine(
    "case", STATES, "reported", _OVER,
    [
        # Of an acceptance and a refusal made apart the acceptance counts: no problem leaves the ledger by a race.
        Step("accept", "立案", "accept", _from("reported"), "accepted", _ACCEPTERS, over=frozenset({"refuse"})),
        Step("refuse", "不予立案", "refuse", _from("reported"), "refused", _ACCEPTERS, needs_reason=True),
        Step(
            "merge", "并案", "merge", _OPEN, "merged", _ACCEPTERS, needs_into=True, over=frozenset({"refuse"}),
            only=dict.fromkeys(_OPEN - {"reported", "accepted"}, _OFFICES), writes=("merged_into",),
        ),
        Step(
            "dispatch", "派遣", "dispatch", _from("accepted"), "dispatched", _DISPATCHERS,
            takes={**_LEAD, "due_at": _DUE}, guards=(unless.office_decides, unless.sensible_date),
            effect=does.given_out, beside=does.helps_out, clock="begin", writes=_GIVEN,
        ),
        Step(
            "reassign", "改派", "reassign", _HELD, "dispatched", _DISPATCHERS, needs_reason=True,
            # The new holder stays, whatever the old one did meanwhile.
            over=frozenset({"sign", "submit", "send_back"}),
            takes={**_LEAD, "due_at": _DUE}, guards=(unless.office_decides, unless.sensible_date),
            effect=does.given_out, beside=does.helps_out, clock="begin", writes=_GIVEN,
        ),
        Step(
            "set_due", "调整时限", "set the time allowed", _HELD, None, _OFFICES, needs_reason=True,
            takes={"due_at": Instant(required=True, metadata={"label": "整改时限"})}, guards=(unless.sensible_date,),
            clock="set",
        ),
        Step(
            "sign", "签收", "sign for", _from("dispatched"), "handling", _HANDLERS, by_holder=True,
            effect=does.signed_for, beside=does.had_a_hand, writes=("signed_at", "owner_person", "handlers"),
        ),
        Step(
            "send_back", "回退", "send back", _from("dispatched"), "accepted", _ASKING | {_CM}, by_holder=True,
            needs_reason=True, takes={"suggested": unit("建议承办单位")}, guards=(unless.sent_back_at_most_twice,),
            effect=does.sent_back, writes=("lead", "assist", "owner_person", "requests"),
        ),
        Step(
            "submit", "提交整改", "submit as put right", _from("handling"), "rectified", _HANDLERS, by_holder=True,
            needs_evidence=True, knowing=frozenset({"return"}),
            takes={
                "measure": Text(1, 300, required=True, metadata={"label": "整改措施"}),
                "no_fix_reason": Choice(NO_FIX_REASONS, metadata={"label": "无定位原因"}),
            },
            effect=does.put_right, beside=does.had_a_hand,
            writes=("measure", "rectified_at", "rectified_by", "no_fix_reason", "handlers"),
        ),
        Step(
            "ask_extension", "申请延期", "ask for more time", _HELD, None, _ASKING, by_holder=True, needs_reason=True,
            takes={"until": Instant(required=True, metadata={"label": "申请延至"})},
            guards=(unless.extension_in_time, unless.sensible_date), effect=does.asks_extension, writes=("requests",),
        ),
        Step(
            "grant_extension", "批准延期", "give more time", _HELD, None, _OFFICES,
            takes={"until": Instant(metadata={"label": "延至"})},
            guards=(unless.extension_grantable, unless.sensible_date),
            effect=does.grants_extension, clock="extend", writes=("requests",),
        ),
        Step(
            "deny_extension", "不批准延期", "give no more time", _HELD, None, _OFFICES, needs_reason=True,
            guards=(unless.extension_asked,), effect=does.denies_extension, writes=("requests",),
        ),
        Step(
            "ask_deferral", "申请挂账", "ask to defer", _from("handling"), None, _ASKING, by_holder=True,
            needs_reason=True,
            takes={
                "review_on": Day(required=True, metadata={"label": "复核日期"}),
                "project": Text(1, 80, metadata={"label": "工程或时节"}),
            },
            guards=(unless.not_asked_to_defer,), effect=does.asks_deferral, writes=("requests",),
        ),
        Step(
            "grant_deferral", "批准挂账", "defer", _from("handling"), "deferred", frozenset({_DO}),
            takes={
                "review_on": Day(metadata={"label": "复核日期"}),
                "project": Text(1, 80, metadata={"label": "工程或时节"}),
            },
            guards=(unless.deferral_asked, unless.review_in_time), effect=does.grants_deferral, clock="pause",
            writes=("requests", "review_on", "project"),
        ),
        Step(
            "deny_deferral", "不批准挂账", "do not defer", _from("handling"), None, frozenset({_DO}), needs_reason=True,
            guards=(unless.deferral_asked,), effect=does.denies_deferral, writes=("requests",),
        ),
        Step(
            "renew_deferral", "续挂", "defer on", _from("deferred"), None, frozenset({_DO}), needs_reason=True,
            takes={"review_on": Day(required=True, metadata={"label": "复核日期"})}, guards=(unless.review_in_time,),
            effect=does.renewed, writes=("review_on",),
        ),
        Step(
            "resume", "恢复整改", "take up again", _from("deferred"), "handling", frozenset({_DO}),
            effect=does.taken_up_again, clock="resume", writes=("review_on",),
        ),
        Step(
            "pass", "核查通过", "pass", _from("rectified"), "verified", _VERIFIERS, guards=(unless.not_the_handler,),
            knowing=frozenset({"submit"}), effect=does.found_good, writes=("verified_at", "verified_by"),
        ),
        # Of two who looked apart the stricter one counts 从严.
        Step(
            "return", "退回返工", "return for rework", _from("rectified", "verified"), "handling", _VERIFIERS,
            only={"verified": frozenset({_IN})}, needs_reason=True, needs_evidence=True,
            takes={"code": Choice(RETURN_CODES, required=True, metadata={"label": "退回原因"})},
            over=frozenset({"pass"}), knowing=frozenset({"submit"}),
            guards=(unless.not_the_handler, unless.false_by_inspector),
            effect=does.found_wanting, clock="half", writes=("return_count", "return_code", "requests"),
        ),
        Step(
            "close", "销号", "strike off", _from("verified"), "closed", _OFFICES | {_IN},
            knowing=frozenset({"pass"}),
            guards=(unless.not_the_handler, unless.ready_to_strike_off, unless.signatures_in_order),
            effect=does.struck_off, writes=("first_signature", "closed_at", "closed_by"),
        ),
        Step(
            "reopen", "回潮重开", "reopen", _from("closed"), "handling", _VERIFIERS, needs_reason=True,
            guards=(unless.within_fifteen_days,), effect=does.came_back, clock="half", writes=("reopen_count",),
        ),
        Step(
            "instruct", "批示", "instruct", _OPEN, None, frozenset({_LG}), needs_reason=True,
            takes={"reply_by": Day(metadata={"label": "回复期限"})}, effect=does.instructed, writes=("instructions",),
        ),
        Step(
            "reply", "回复批示", "answer an instruction", _OPEN, None, _EVERYBODY - {_GW}, needs_reason=True,
            guards=(unless.instruction_open,), effect=does.replied, writes=("instructions",),
        ),
        Step(
            "report_sweep", "上报举一反三", "report a follow-up sweep", _OPEN, None, _EVERYBODY - {_GW},
            takes={"found": Whole(0, 100_000, required=True, metadata={"label": "发现同类问题（处）"})},
            effect=does.swept, writes=("sweep",),
        ),
    ],
)  # fmt: skip

#: Every workflow by the name a ``Workflow`` rule gives.
MACHINES: Mapping[str, Machine] = {CASE.name: CASE}
