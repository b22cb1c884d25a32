"""
The campaign 百日会战: its plan, its dates, what each unit took upon itself, and what came of it.

What lies at the district's own code reaches every tablet of the district; a street's tasks lie at the
street's code. Whether something is late depends on the day, so nothing here says so: see
``schemas.progress``.
"""

from typing import Any, ClassVar

from schemas.cases import PROBLEM_CLASSES
from schemas.fields import Choice, Day, Exact, Flag, Id, Many, Part, Text, Unit
from schemas.parts import EntrySchema, PartSchema, PhotoSchema, labelled
from schemas.records import Fields, RecordSchema, register
from schemas.rules import APPEND, FIRST, LATEST, authority, escalate, union

OFFICE = authority()

#: The titles a city may seek together 五城联创.
TITLES = {
    "hygienic_city": "国家卫生城市",
    "civilized_city": "全国文明城市",
    "garden_city": "国家园林城市",
    "forest_city": "国家森林城市",
    "environment_city": "国家环境保护模范城市",
    "other": "其他",
}
TASK_STATES = {"not_started": "未开始", "under_way": "进行中", "done": "已完成"}
RECHECKS = {"holds": "保持", "slipped": "反弹", "not_done": "实际未完成"}
PLEDGE_KINDS = {"unit": "单位表态", "shop_letter": "门前三包责任书"}
ITEM_STATES = {"not_met": "未达标", "partly": "基本达标", "met": "达标", "not_applicable": "不涉及"}
HONOURS = {"bulletin": "通报表扬", "certificate": "表彰奖励", "red_list": "红榜"}
MEASURES = {"talk": "约谈", "bulletin": "通报批评", "accountability": "问责"}


def _in_order(first: str, last: str) -> Any:
    def ordered(fields: Fields) -> bool:
        begun, over = fields.get(first), fields.get(last)
        return not (isinstance(begun, str) and isinstance(over, str)) or begun <= over

    return ordered


def _pledges_somebody(fields: Fields) -> bool:
    about = "shop_id" if fields.get("kind") == "shop_letter" else "unit"
    return fields.get(about) is not None


def _names_somebody(fields: Fields) -> bool:
    return fields.get("unit") is not None or fields.get("person_name") is not None


@register
class CampaignSchema(RecordSchema):
    """
    A drive with a plan, a beginning and an end 行动.

    A sub-programme (市容环境综合整治) is a campaign that names the whole in ``part_of``.
    """

    type_name = "campaign"
    title_zh = "行动"
    subject_field = "part_of"
    time_field = "start_on"
    exact: ClassVar[tuple[Exact, ...]] = (
        Exact(_in_order("start_on", "end_on"), "结束早于开始", "ends before it begins"),
    )

    kind = Choice(TITLES, required=True, metadata=labelled("创建类别", OFFICE))
    name = Text(1, 60, required=True, metadata=labelled("名称", OFFICE))
    start_on = Day(required=True, metadata=labelled("开始日期", OFFICE))
    end_on = Day(allow_none=True, metadata=labelled("结束日期", OFFICE))
    plan_title = Text(1, 120, allow_none=True, metadata=labelled("方案名称", OFFICE))
    plan_no = Text(1, 40, allow_none=True, metadata=labelled("方案文号", OFFICE))
    titles = Many(Choice(TITLES), len(TITLES), metadata=labelled("联创称号", union()))
    part_of = Id(allow_none=True, metadata=labelled("上级行动", OFFICE))
    remark = Many(Part(EntrySchema), 500, metadata=labelled("备注", APPEND))


class OfCampaignSchema(RecordSchema):
    """What belongs to a campaign 行动事项."""

    subject_field = "campaign_id"

    campaign_id = Id(required=True, metadata=labelled("所属行动", OFFICE))
    remark = Many(Part(EntrySchema), 500, metadata=labelled("备注", APPEND))


@register
class MilestoneSchema(OfCampaignSchema):
    """A day by which something has to stand 节点."""

    type_name = "milestone"
    title_zh = "节点"
    time_field = "due_on"

    name = Text(1, 60, required=True, metadata=labelled("名称", OFFICE))
    due_on = Day(required=True, metadata=labelled("日期", OFFICE))
    demand = Text(1, 300, allow_none=True, metadata=labelled("要求", OFFICE))


class StepSchema(PartSchema):
    """
    One line of a unit's own timetable 时间表: told apart by its name.

    Where two people wrote one step without seeing each other's, the one that is done stands, else the
    earlier date: a set shows the smaller of two elements, and ``done_on`` comes before ``due_on``.
    """

    name = Text(1, 60, required=True, metadata={"label": "步骤"})
    due_on = Day(required=True, metadata={"label": "完成时限"})
    done_on = Day(metadata={"label": "完成日期"})


class RecheckSchema(PartSchema):
    """A second look at what was said to be done 巩固提高复查: told apart by its day."""

    on = Day(required=True, metadata={"label": "复查日期"})
    result = Choice(RECHECKS, required=True, metadata={"label": "复查结果"})
    note = Text(1, 200, allow_none=True, metadata={"label": "说明"})


@register
class CampaignTaskSchema(OfCampaignSchema):
    """
    What one unit has to do by a day 任务, with its own timetable 路线图.

    ``status`` only climbs. What was reported done and turns out not to be is no step back but a re-check
    that says so; see ``schemas.progress.standing``. The office's date and the unit's progress are two
    fields: neither undoes the other.
    """

    type_name = "campaign_task"
    title_zh = "行动任务"
    time_field = "due_on"
    status_field = "status"

    milestone_id = Id(allow_none=True, metadata=labelled("对应节点", OFFICE))
    unit = Unit(required=True, metadata=labelled("责任单位", OFFICE))
    assist = Many(Unit(), 40, metadata=labelled("配合单位", union()))
    lead_person = Text(1, 30, allow_none=True, metadata=labelled("责任人", OFFICE))
    what = Text(1, 300, required=True, metadata=labelled("任务内容", OFFICE))
    due_on = Day(required=True, metadata=labelled("完成时限", OFFICE))
    steps = Many(Part(StepSchema), 40, metadata=labelled("时间表", union("name")))
    status = Choice(TASK_STATES, allow_none=True, metadata=labelled("进度", escalate(*TASK_STATES)))
    done_on = Day(allow_none=True, metadata=labelled("完成日期", LATEST))
    result = Text(1, 300, allow_none=True, metadata=labelled("完成情况", LATEST))
    rechecks = Many(Part(RecheckSchema), 60, metadata=labelled("巩固提高复查", union("on")))
    standard_items = Many(Id(), 60, metadata=labelled("对应标准项", union()))
    case_ids = Many(Id(), 200, metadata=labelled("相关问题", union()))
    photos = Many(Part(PhotoSchema), 60, metadata=labelled("照片", union("sha256")))


class KeptSchema(PartSchema):
    """Whether a promise was kept 兑现情况: never without a reason."""

    kept = Flag(required=True, metadata={"label": "兑现"})
    reason = Text(1, 300, required=True, metadata={"label": "依据"})
    on = Day(allow_none=True, metadata={"label": "认定日期"})


@register
class PledgeSchema(OfCampaignSchema):
    """What a unit promised in public 表态, or a shop signed 责任书; an office says whether it was kept."""

    type_name = "pledge"
    title_zh = "承诺"
    time_field = "made_on"
    exact: ClassVar[tuple[Exact, ...]] = (
        Exact(_pledges_somebody, "单位表态应填单位，责任书应填商户", "names no unit, or no shop for a letter"),
    )

    campaign_id = Id(allow_none=True, metadata=labelled("所属行动", OFFICE))
    kind = Choice(PLEDGE_KINDS, required=True, metadata=labelled("类型", FIRST))
    unit = Unit(allow_none=True, metadata=labelled("单位", OFFICE))
    shop_id = Id(allow_none=True, metadata=labelled("商户", OFFICE))
    made_by = Text(1, 30, allow_none=True, metadata=labelled("表态人", OFFICE))
    made_on = Day(required=True, metadata=labelled("日期", OFFICE))
    text = Text(1, 600, required=True, metadata=labelled("承诺内容", OFFICE))
    task_ids = Many(Id(), 60, metadata=labelled("对应任务", union()))
    kept = Part(KeptSchema, allow_none=True, metadata=labelled("兑现情况", OFFICE))
    photos = Many(Part(PhotoSchema), 20, metadata=labelled("照片", union("sha256")))


@register
class StandardItemSchema(OfCampaignSchema):
    """
    One thing a standard asks for 标准项, in our own short words.

    There is no field for a clause's number: texts differ between editions, and numbers read from excerpts
    would be taken for the text. One piece of evidence may serve several items; each names it.
    """

    type_name = "standard_item"
    title_zh = "标准项"
    status_field = "status"

    title = Choice(TITLES, required=True, metadata=labelled("标准", OFFICE))
    edition = Text(1, 60, required=True, metadata=labelled("版本", OFFICE))
    theme = Text(1, 30, allow_none=True, metadata=labelled("类目", OFFICE))
    wording = Text(1, 300, required=True, metadata=labelled("要求（自拟简述）", OFFICE))
    problem_classes = Many(
        Choice({word: known.zh for word, known in PROBLEM_CLASSES.items()}),
        len(PROBLEM_CLASSES),
        metadata=labelled("对应问题类别", union()),
    )
    unit = Unit(allow_none=True, metadata=labelled("责任单位", OFFICE))
    status = Choice(ITEM_STATES, allow_none=True, metadata=labelled("自评", OFFICE))
    evidence = Many(Id(), 300, metadata=labelled("佐证记录", union()))
    photos = Many(Part(PhotoSchema), 60, metadata=labelled("照片", union("sha256")))


class JudgedSchema(OfCampaignSchema):
    """A judgement on a unit or a person: a person makes it and gives the grounds; no figure ever does."""

    exact: ClassVar[tuple[Exact, ...]] = (
        Exact(_names_somebody, "应填单位或个人", "names neither a unit nor a person"),
    )

    unit = Unit(allow_none=True, metadata=labelled("单位", OFFICE))
    person_name = Text(1, 30, allow_none=True, metadata=labelled("个人", OFFICE))
    grounds = Text(1, 600, required=True, metadata=labelled("依据", OFFICE))
    decided_by = Text(1, 60, required=True, metadata=labelled("决定单位", OFFICE))
    decided_on = Day(required=True, metadata=labelled("决定日期", OFFICE))
    case_ids = Many(Id(), 200, metadata=labelled("相关问题", union()))
    task_ids = Many(Id(), 60, metadata=labelled("相关任务", union()))


@register
class CommendationSchema(JudgedSchema):
    """Praise for a unit or a person 通报表扬."""

    type_name = "commendation"
    title_zh = "表扬"
    time_field = "decided_on"

    kind = Choice(HONOURS, required=True, metadata=labelled("形式", OFFICE))


@register
class AccountabilitySchema(JudgedSchema):
    """A unit or a person held to account 约谈、问责."""

    type_name = "accountability"
    title_zh = "追责"
    time_field = "decided_on"

    kind = Choice(MEASURES, required=True, metadata=labelled("形式", OFFICE))
