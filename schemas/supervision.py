"""
Supervision 督查督办: orders, instructions, sweeps, joint actions, what units report back, and works to come.

Whoever sets a task out of these is not overruled by whoever carries it out: rank decides. What a unit
answers is signed and dated by its own stamp, so nobody answers yesterday.
"""

from schemas.campaigns import OFFICE
from schemas.cases import PROBLEM_CLASSES
from schemas.fields import Choice, Day, Id, Many, Part, Place, Text, Unit, Whole
from schemas.parts import EntrySchema, PhotoSchema, labelled
from schemas.records import RecordSchema, register
from schemas.rules import APPEND, DERIVED, FIRST, LATEST, union

ORDER_KINDS = {"supervision": "督办单", "assignment": "交办单"}
FUNDS = {
    "central": "中央投资",
    "bond": "地方政府债券",
    "old_compounds": "老旧小区改造",
    "district": "区级财政",
    "other": "其他",
}


class ReplySchema(EntrySchema):
    """A signed and dated answer 回复; a mutation brings its text."""

    text = Text(1, 1_000, required=True, metadata={"label": "内容"})


class SupervisedSchema(RecordSchema):
    """What everything here has: the campaign it serves, photos and remarks 公用字段."""

    campaign_id = Id(allow_none=True, metadata=labelled("所属行动", OFFICE))
    photos = Many(Part(PhotoSchema), 60, metadata=labelled("照片", union("sha256")))
    remark = Many(Part(EntrySchema), 500, metadata=labelled("备注", APPEND))


@register
class OrderSchema(SupervisedSchema):
    """A numbered paper with a deadline and a reply 督办单、交办单; the server gives the number."""

    type_name = "order"
    title_zh = "督办单"
    subject_field = "campaign_id"
    time_field = "reply_due"

    order_no = Text(1, 40, allow_none=True, metadata=labelled("文号", DERIVED))
    kind = Choice(ORDER_KINDS, required=True, metadata=labelled("类型", OFFICE))
    to_unit = Unit(required=True, metadata=labelled("主送单位", OFFICE))
    case_ids = Many(Id(), 200, metadata=labelled("所督办问题", union()))
    text = Text(1, 1_000, required=True, metadata=labelled("事项和要求", OFFICE))
    issued_on = Day(required=True, metadata=labelled("签发日期", OFFICE))
    reply_due = Day(required=True, metadata=labelled("回复时限", OFFICE))
    replies = Many(Part(ReplySchema), 60, metadata=labelled("回复", APPEND))


@register
class InstructionSchema(SupervisedSchema):
    """
    What one of the leading group wrote on a task, a milestone or a pledge 批示, and what was answered.

    What is written on a case is an act of the case (``instruct``): until it is answered nobody strikes it off.
    """

    type_name = "instruction"
    title_zh = "批示"
    subject_field = "about_id"
    time_field = "reply_due"

    about_id = Id(required=True, metadata=labelled("批示对象", FIRST))
    leader = Text(1, 30, required=True, metadata=labelled("批示领导", OFFICE))
    directive = Text(1, 600, required=True, metadata=labelled("批示内容", OFFICE))
    given_on = Day(required=True, metadata=labelled("批示日期", OFFICE))
    to_unit = Unit(required=True, metadata=labelled("办理单位", OFFICE))
    reply_due = Day(required=True, metadata=labelled("回复时限", OFFICE))
    replies = Many(Part(ReplySchema), 60, metadata=labelled("回复", APPEND))


@register
class SweepSchema(SupervisedSchema):
    """One finding, and the search for its kind everywhere 举一反三; units answer by ``unit_report``."""

    type_name = "sweep"
    title_zh = "举一反三"
    subject_field = "case_id"
    time_field = "due_on"

    case_id = Id(required=True, metadata=labelled("起因问题", FIRST))
    problem_class = Choice(
        {word: known.zh for word, known in PROBLEM_CLASSES.items()},
        required=True,
        metadata=labelled("排查类别", OFFICE),
    )
    places = Many(Place(), 200, metadata=labelled("排查范围", union()))
    units = Many(Unit(), 100, metadata=labelled("排查单位", union()))
    due_on = Day(required=True, metadata=labelled("完成时限", OFFICE))
    demand = Text(1, 300, allow_none=True, metadata=labelled("要求", OFFICE))


@register
class JointActionSchema(SupervisedSchema):
    """Several units act together 联合执法; the record says what came of it, it punishes nobody."""

    type_name = "joint_action"
    title_zh = "联合执法"
    subject_field = "campaign_id"
    time_field = "held_on"

    name = Text(1, 60, required=True, metadata=labelled("名称", OFFICE))
    held_on = Day(required=True, metadata=labelled("日期", OFFICE))
    place_text = Text(1, 120, required=True, metadata=labelled("地点", OFFICE))
    units = Many(Unit(), 40, metadata=labelled("参加单位", union()))
    case_ids = Many(Id(), 200, metadata=labelled("处置问题", union()))


@register
class UnitReportSchema(SupervisedSchema):
    """
    What one unit reports of a sweep or a joint action 单位反馈.

    Each report is a record of its own: two people of one unit who looked in two places both count.
    """

    type_name = "unit_report"
    title_zh = "单位反馈"
    subject_field = "about_id"
    time_field = "reported_on"

    about_id = Id(required=True, metadata=labelled("反馈对象", FIRST))
    unit = Unit(required=True, metadata=labelled("单位", OFFICE))
    reported_on = Day(required=True, metadata=labelled("反馈日期", FIRST))
    found = Whole(0, 10_000, allow_none=True, metadata=labelled("发现问题（处）", LATEST))
    result = Text(1, 600, required=True, metadata=labelled("结果", LATEST))
    case_ids = Many(Id(), 200, metadata=labelled("相关问题", union()))


@register
class ProjectSchema(SupervisedSchema):
    """Works that a deferred case waits for 工程项目: name, kind of fund, finish; no accounts are kept."""

    type_name = "project"
    title_zh = "工程项目"
    subject_field = "campaign_id"
    time_field = "finish_on"

    name = Text(1, 100, required=True, metadata=labelled("名称", OFFICE))
    fund = Choice(FUNDS, required=True, metadata=labelled("资金类型", OFFICE))
    unit = Unit(allow_none=True, metadata=labelled("实施单位", OFFICE))
    finish_on = Day(required=True, metadata=labelled("计划完工日期", OFFICE))
    finished_on = Day(allow_none=True, metadata=labelled("实际完工日期", OFFICE))
    case_ids = Many(Id(), 200, metadata=labelled("挂账问题", union()))
