"""
The ledger case 问题台账, and the classes of problems with their default severity and clock 问题类别.
"""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from marshmallow import fields

from schemas.case_parts import (
    CLOCKS,
    InstructionSchema,
    LateActSchema,
    LeadSchema,
    RequestSchema,
    SignatureSchema,
    SweepResultSchema,
    TimelineSchema,
)
from schemas.fields import Choice, Day, Flag, Id, Instant, Many, Part, Place, Text, Whole
from schemas.likeness import Likeness, within
from schemas.machines import TIMELINE
from schemas.parts import FUNCTIONAL_UNITS, NO_FIX_REASONS, EntrySchema, PhotoSchema, PositionSchema, labelled
from schemas.records import Fields, RecordSchema, register
from schemas.rules import APPEND, DERIVED, FIRST, Workflow, authority, escalate, union
from schemas.workflow import CASE, RETURN_CODES, unit

__all__ = ["CLOCKS", "PROBLEM_CLASSES", "SOURCES", "CaseSchema", "Limit", "ProblemClass"]

SEVERITIES = {"minor": "一般", "major": "较重", "critical": "紧急"}
NATURES = {"event": "事件", "component": "部件"}
CAUSES = {"conduct": "行为", "facility": "设施", "management": "管理"}
SOURCES = {
    "check": "巡查",
    "public": "随手拍",
    "hotline": "热线",
    "self": "自查",
    "district_inspection": "区督查",
    "city": "市暗访",
    "province": "省暗访",
    "national": "国家暗访",
    "media": "媒体",
    "leader": "领导交办",
}


#: Of some classes a part has a limit of its own; see ``ProblemClass.also``.
VARIANTS = {"soil": "渣土", "shared_bike": "共享单车", "penalty": "处罚", "demolish": "拆除"}


class Limit(NamedTuple):
    """A time allowed: so many units of a clock of ``CLOCKS``."""

    amount: float
    clock: str


class ProblemClass(NamedTuple):
    """
    A class of problems 问题类别.

    Attributes:
        zh: Its name.
        severity: The default, to which the limits belong.
        limits: The time allowed on streets of grades 1 to 4.
        also: Further limits by what they are for (shared bikes, the stages of a demolition).
    """

    zh: str
    severity: str
    limits: tuple[Limit, Limit, Limit, Limit]
    also: Mapping[str, Limit] = {}


def _hours(first: float, *rest: float) -> tuple[Limit, Limit, Limit, Limit]:
    one, two, three, four = (Limit(hours, "work_hour") for hours in (rest and (first, *rest)) or (first,) * 4)
    return one, two, three, four


def _same(amount: float, clock: str) -> tuple[Limit, Limit, Limit, Limit]:
    limit = Limit(amount, clock)
    return limit, limit, limit, limit


def _days(days: float) -> tuple[Limit, Limit, Limit, Limit]:
    return _same(days, "work_day")


PROBLEM_CLASSES: Mapping[str, ProblemClass] = {
    "unclean_road": ProblemClass("道路不洁", "minor", _hours(2, 2, 4, 5)),
    "exposed_garbage": ProblemClass("暴露垃圾", "minor", _hours(4, 4, 4, 8)),
    "standing_water": ProblemClass("路面积水、结冰", "minor", _hours(4)),
    "rubble_soil": ProblemClass("建筑垃圾、渣土", "major", _hours(4), {"soil": Limit(2, "work_day")}),
    "bin_overflow": ProblemClass("容器满溢", "minor", _hours(2, 2, 4, 4)),
    "dirty_green": ProblemClass("绿地脏乱", "minor", _hours(4)),
    "green_damage": ProblemClass("绿化损坏", "minor", _days(5)),
    "small_ads": ProblemClass("非法小广告", "minor", _days(1)),
    "snow_not_cleared": ProblemClass("积雪未清", "major", _same(24, "urgent_hour")),
    "out_of_store": ProblemClass("店外经营", "minor", _hours(2)),
    "mobile_vendor": ProblemClass("流动摊贩", "minor", _hours(2)),
    "piling": ProblemClass("乱堆物堆料", "minor", _hours(4)),
    "motor_parking": ProblemClass("机动车乱停放", "minor", _hours(2)),
    "nonmotor_parking": ProblemClass("非机动车乱停放", "minor", _hours(2), {"shared_bike": Limit(1, "work_hour")}),
    "lane_blocked": ProblemClass("占用消防通道", "critical", _same(0.5, "urgent_hour")),
    "bay_occupied": ProblemClass("私占泊位", "minor", _days(1)),
    "zombie_vehicle": ProblemClass("僵尸车", "minor", _days(5)),
    "marking_missing": ProblemClass("标线、标志缺失", "minor", _days(10)),
    "facility_broken": ProblemClass("设施损坏", "minor", _days(3)),
    "recycling_station": ProblemClass("回收站不规范", "minor", _days(1)),
    "illegal_structure": ProblemClass(
        "违法搭建",
        "major",
        _hours(4),
        {"penalty": Limit(7, "work_day"), "demolish": Limit(20, "work_day")},
    ),
    "other": ProblemClass("其他", "minor", _days(3)),
}


#: Two findings of one problem lie this near to each other, in place and in time.
_ONE_PLACE_M = 30
_ONE_DAY_S = 24 * 3600


def _one_problem(one: Fields, other: Fields, apart_m: float | None) -> str | None:
    if one["problem_class"] != other["problem_class"] or not (_is_open(one) and _is_open(other)):
        return None
    check = one.get("check_id")
    if check is not None and check == other.get("check_id"):
        return None  # one visit told them apart
    if not within(one["found_at"], other["found_at"], _ONE_DAY_S):
        return None
    target = one.get("target_id")
    if target is not None and target == other.get("target_id"):
        return "same_target"
    return "near_by" if apart_m is not None and apart_m <= _ONE_PLACE_M else None


def _is_open(case: Fields) -> bool:
    return case.get("status") not in CASE.final


#: The measure of whoever put a problem right when he found it.
_AT_ONCE = "立行立改"


@register
class CaseSchema(RecordSchema):
    """
    A problem in the ledger 问题台账: found once, followed until it is struck off.

    A case that a check opens has an id that follows from the check's, so tablet and office open the
    same one. A case merged into another 并案 names it in ``merged_into``; the other has its photos and
    remarks too, and names whoever else reported the problem.

    Everything from ``case_no`` to ``timeline`` is written by the acts of ``schemas.workflow``; the time
    allowed by the office alone, so a tablet shows it as provisional 暂定 until the office has spoken.
    """

    type_name = "case"
    title_zh = "问题"
    subject_field = "target_id"
    time_field = "found_at"
    status_field = "status"
    likeness: ClassVar[Likeness] = Likeness(
        _ONE_PLACE_M, _one_problem, same="problem_class", within_ms=_ONE_DAY_S * 1000
    )

    source = Choice(SOURCES, required=True, metadata=labelled("问题来源", FIRST))
    source_no = Text(1, 60, allow_none=True, metadata=labelled("来源编号", FIRST))
    ordered_due = Instant(allow_none=True, metadata=labelled("上级要求时限", authority()))
    check_id = Id(allow_none=True, metadata=labelled("检查", FIRST))
    item_codes = Many(Text(1, 20), 40, metadata=labelled("检查项", union()))
    problem_class = Choice(
        {word: known.zh for word, known in PROBLEM_CLASSES.items()},
        required=True,
        metadata=labelled("问题类别", authority()),
    )
    variant = Choice(VARIANTS, allow_none=True, metadata=labelled("情形", authority()))
    severity = Choice(SEVERITIES, required=True, metadata=labelled("严重程度", escalate(*SEVERITIES)))
    case_nature = Choice(NATURES, allow_none=True, metadata=labelled("案件性质", authority()))
    cause = Choice(CAUSES, allow_none=True, metadata=labelled("成因", authority()))
    place_text = Text(1, 120, allow_none=True, metadata=labelled("点位（具体位置）"))
    position = Part(PositionSchema, allow_none=True, metadata=labelled("位置"))
    target_id = Id(allow_none=True, metadata=labelled("对象", authority()))
    original_target_id = Id(allow_none=True, metadata=labelled("原对象", DERIVED))
    #: Of a covert finding that is sealed: where it belongs, and until when 暗访封存; see ``schemas.sealing``.
    real_grid = Place(allow_none=True, metadata=labelled("实际网格", FIRST))
    embargo_until = Day(allow_none=True, metadata=labelled("封存至", authority()))
    road_grade = Whole(1, 4, allow_none=True, metadata=labelled("保洁等级", FIRST))
    territorial_unit = Place(allow_none=True, metadata=labelled("属地责任单位", authority()))
    functional_unit = Choice(FUNCTIONAL_UNITS, allow_none=True, metadata=labelled("属事责任部门", authority()))
    description = Text(0, 300, allow_none=True, metadata=labelled("存在问题"))
    campaign_ids = Many(Id(), 10, metadata=labelled("所属行动", union()))
    found_at = Instant(required=True, metadata=labelled("发现时间", FIRST))
    fixed_on_spot = Flag(allow_none=True, metadata=labelled("立行立改", FIRST))
    status = Choice(CASE.states, metadata=labelled("状态", Workflow(CASE.name)))
    case_no = Text(1, 40, allow_none=True, metadata=labelled("问题编号", DERIVED))
    lead = unit("主办单位", allow_none=True, metadata=labelled("主办单位", DERIVED))
    assist = Many(unit("协办单位"), 60, metadata=labelled("协办单位", DERIVED))
    owner_person = Id(allow_none=True, metadata=labelled("责任人", DERIVED))
    leads = Many(Part(LeadSchema), 100, metadata=labelled("承办记录", DERIVED))
    term = fields.Dict(keys=Text(1, 40), allow_none=True, metadata=labelled("时限推算", DERIVED))
    dispatched_at = Instant(allow_none=True, metadata=labelled("派遣时间", DERIVED))
    yellow_at = Instant(allow_none=True, metadata=labelled("黄灯时间", DERIVED))
    due_at = Instant(allow_none=True, metadata=labelled("整改时限", DERIVED))
    signed_at = Instant(allow_none=True, metadata=labelled("签收时间", DERIVED))
    handlers = Many(Id(), 60, metadata=labelled("整改人", DERIVED))
    measure = Text(1, 300, allow_none=True, metadata=labelled("整改措施", DERIVED))
    no_fix_reason = Choice(NO_FIX_REASONS, allow_none=True, metadata=labelled("整改无定位原因", DERIVED))
    rectified_at = Instant(allow_none=True, metadata=labelled("完成时间", DERIVED))
    rectified_by = Id(allow_none=True, metadata=labelled("提交人", DERIVED))
    verified_at = Instant(allow_none=True, metadata=labelled("核查时间", DERIVED))
    verified_by = Id(allow_none=True, metadata=labelled("核查人", DERIVED))
    return_count = Whole(0, 1000, allow_none=True, metadata=labelled("退回次数", DERIVED))
    return_code = Choice(RETURN_CODES, allow_none=True, metadata=labelled("退回原因", DERIVED))
    first_signature = Part(SignatureSchema, allow_none=True, metadata=labelled("第一签字", DERIVED))
    closed_at = Instant(allow_none=True, metadata=labelled("销号时间", DERIVED))
    closed_by = Id(allow_none=True, metadata=labelled("销号人", DERIVED))
    reopen_count = Whole(0, 1000, allow_none=True, metadata=labelled("回潮次数", DERIVED))
    reopened_from = Id(allow_none=True, metadata=labelled("前案", FIRST))
    requests = Many(Part(RequestSchema), 100, metadata=labelled("申请", DERIVED))
    review_on = Day(allow_none=True, metadata=labelled("复核日期", DERIVED))
    project = Text(1, 80, allow_none=True, metadata=labelled("工程或时节", DERIVED))
    instructions = Many(Part(InstructionSchema), 60, metadata=labelled("批示", DERIVED))
    sweep = Part(SweepResultSchema, allow_none=True, metadata=labelled("举一反三结果", DERIVED))
    timeline = Many(Part(TimelineSchema), 500, metadata=labelled("流转记录", DERIVED))
    merged_into = Id(allow_none=True, metadata=labelled("并入", DERIVED))
    reporters = Many(Id(), 60, metadata=labelled("其他上报人", DERIVED))
    distinct_from = Many(Id(), 60, metadata=labelled("并非同一", union()))
    late_acts = Many(Part(LateActSchema), 500, metadata=labelled("迟到的操作", DERIVED))
    photos = Many(Part(PhotoSchema), 60, metadata=labelled("照片", union("sha256")))
    remark = Many(Part(EntrySchema), 500, metadata=labelled("备注", APPEND))

    @staticmethod
    def complete(fields: Fields) -> None:
        """Put a new case at the beginning of its workflow; what was put right at once has to be verified only."""
        if fields.get("status") is None:
            fields["status"] = CASE.initial
        if fields.get("fixed_on_spot") and fields["status"] == CASE.initial and not fields.get(TIMELINE):
            _verify_only(fields)


def _verify_only(fields: Fields) -> None:
    """Fixed on the spot 立行立改 is shown by a photo of after and any other one, which may come later."""
    photos = fields.get("photos", ())
    after = [photo for photo in photos if photo["role"] == "after"]
    if not after or len(after) == len(photos):
        return
    taken = [photo["taken_at"] for photo in after if photo.get("taken_at")]
    fields |= {"status": "rectified", "measure": _AT_ONCE}
    if taken:
        fields["rectified_at"] = min(taken)
