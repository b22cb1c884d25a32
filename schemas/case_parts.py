"""
The parts of a case: its acts one by one, who was asked for what, and the time allowed 案件组成.
"""

from typing import Any, ClassVar

from marshmallow import fields

from schemas.case_guards import DEFERRAL, EXTENSION, SEND_BACK
from schemas.fields import Choice, Day, Id, Instant, Many, Sha256, Text, Whole
from schemas.parts import PartSchema
from schemas.roles import Role
from schemas.workflow import CASE, unit

CLOCKS = {"urgent_hour": "紧急工作时", "work_hour": "工作时", "work_day": "工作日"}
REQUESTS = {EXTENSION: "延期", DEFERRAL: "挂账", SEND_BACK: "回退"}
ANSWERS = {"granted": "批准", "denied": "不批准", "lapsed": "失效"}


def _stamp(zh: str = "时间") -> Many:
    return Many(Whole(0, 1 << 53), 2, required=True, metadata={"label": zh})


class LateActSchema(PartSchema):
    """An act that the case's state no longer allowed when it arrived 迟到的操作: kept, shown, never carried out."""

    act = Text(1, 40, required=True, metadata={"label": "操作"})
    state = Choice(CASE.states, required=True, metadata={"label": "到达时的状态"})
    zh = Text(1, 200, required=True, metadata={"label": "原因"})
    en = Text(1, 300, required=True, metadata={"label": "原因（英文）"})
    at = _stamp()
    by = Id(required=True, metadata={"label": "操作人"})
    reason = Text(0, 300, allow_none=True, metadata={"label": "理由"})
    evidence = Many(Sha256(), 40, metadata={"label": "照片"})
    details = fields.Dict(keys=Text(1, 80), metadata={"label": "所附内容"})


class TimelineSchema(PartSchema):
    """One act that was carried out 流转记录, with its own time."""

    class Meta(PartSchema.Meta):
        # Two of its members are called by words that Python keeps for itself.
        include: ClassVar[dict[str, Any]] = {
            "from": Choice(CASE.states, required=True, metadata={"label": "原状态"}),
            "to": Choice(CASE.states, required=True, metadata={"label": "新状态"}),
        }

    act = Text(1, 40, required=True, metadata={"label": "操作"})
    at = _stamp()
    by = Id(required=True, metadata={"label": "操作人"})
    role = Choice({role.value: role.zh for role in Role}, allow_none=True, metadata={"label": "身份"})
    reason = Text(0, 300, allow_none=True, metadata={"label": "理由"})
    evidence = Many(Sha256(), 40, metadata={"label": "照片"})
    details = fields.Dict(keys=Text(1, 80), metadata={"label": "所附内容"})


class RequestSchema(PartSchema):
    """Somebody asked for more time, for a deferral, or that another unit take it 申请."""

    kind = Choice(REQUESTS, required=True, metadata={"label": "申请事项"})
    at = _stamp("申请时间")
    by = Id(required=True, metadata={"label": "申请人"})
    reason = Text(0, 300, allow_none=True, metadata={"label": "理由"})
    until = Instant(allow_none=True, metadata={"label": "申请延至"})
    review_on = Day(allow_none=True, metadata={"label": "复核日期"})
    project = Text(1, 80, allow_none=True, metadata={"label": "工程或时节"})
    suggested = unit("建议承办单位")
    answer = Choice(ANSWERS, allow_none=True, metadata={"label": "批复"})
    answered_by = Id(allow_none=True, metadata={"label": "批复人"})
    answered_at = Instant(allow_none=True, metadata={"label": "批复时间"})


class LeadSchema(PartSchema):
    """Which unit led since when 承办记录."""

    unit = unit("主办单位", required=True)
    at = _stamp("派遣时间")


class InstructionSchema(PartSchema):
    """What the leading group wants, and what it was told 批示."""

    text = Text(1, 300, required=True, metadata={"label": "批示内容"})
    by = Id(required=True, metadata={"label": "批示人"})
    at = Instant(required=True, metadata={"label": "批示时间"})
    reply_by = Day(allow_none=True, metadata={"label": "回复期限"})
    reply = Text(1, 300, allow_none=True, metadata={"label": "回复"})
    replied_by = Id(allow_none=True, metadata={"label": "回复人"})
    replied_at = Instant(allow_none=True, metadata={"label": "回复时间"})


class SignatureSchema(PartSchema):
    """Who signed, when 签字."""

    by = Id(required=True, metadata={"label": "签字人"})
    at = Instant(required=True, metadata={"label": "签字时间"})


class SweepResultSchema(SignatureSchema):
    """How many of its like a search found 举一反三结果."""

    found = Whole(0, 100_000, required=True, metadata={"label": "发现同类问题（处）"})
