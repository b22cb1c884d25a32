"""
Red and black lists 红黑榜: what a list shows, and what became of it.

The server alone writes one: it reckons the rows and notes who said what. Rows are frozen as they were shown: what
arrives later stands in the next list as a correction 更正. Marks are formulas; whether anybody is praised or held
to account is a person's to say, in a record of its own.
"""

from schemas.fields import Choice, Day, Id, Instant, Many, Part, Place, Text, Whole
from schemas.parts import PartSchema, labelled
from schemas.records import RecordSchema, register
from schemas.rules import FIRST, LATEST

RANK_KINDS = {
    "week_units": "街道周榜",
    "week_communities": "社区周榜",
    "month_shops": "商户月榜",
    "week_segments": "路段周榜",
}
RANK_STATES = {"draft": "草稿", "open": "公示（可提异议）", "issued": "已签发", "withdrawn": "已撤回"}
MARKS = {"red": "红榜", "black": "黑榜"}
#: Why a mark was given.
MARK_REASONS = {
    "rate_and_top": "整改率达标且得分居前",
    "rate": "整改率偏低",
    "last": "得分垫底且未达标",
    "clean": "检查得分高且无问题",
    "fails": "多次不合格",
    "veto": "一票否决",
    "refused": "拒不配合",
}
#: A list travels as one record, which must fit into one mutation.
MOST_ROWS = 150
#: Scores are summed in tenths of a point: a street has ten thousand checks in a week.
_MANY = 1_000_000_000


def _count(zh: str) -> Whole:
    return Whole(0, _MANY, allow_none=True, metadata={"label": zh})


class FiguresSchema(PartSchema):
    """What a score was made of 得分构成: counts, from which every rate follows; null where nothing was counted."""

    checks = _count("检查（次）")
    points = _count("检查得分合计（十分之一分）")
    due = _count("应销号")
    deferred = _count("挂账")
    closed = _count("销号")
    on_time = _count("按期销号")
    returns = _count("返工")
    submits = _count("提交整改")
    patrol_due = _count("应巡查")
    patrol_done = _count("已巡查")
    reports = _count("随手拍应回复")
    answered = _count("随手拍按期回复")
    findings = _count("督查发现问题")
    relapses = _count("回潮")
    falsehoods = _count("弄虚作假")
    cleaning_days = _count("清扫日")
    model_roads = _count("示范路达标")
    fails = _count("不合格（次）")


class RankRowSchema(PartSchema):
    """One unit, shop or segment in a list 一行: never a person's name."""

    about = Text(1, 40, required=True, metadata={"label": "对象"})
    name = Text(1, 60, required=True, metadata={"label": "名称"})
    place = Text(1, 120, allow_none=True, metadata={"label": "地址"})
    grid = Place(allow_none=True, metadata={"label": "所在网格"})
    grade = Whole(1, 4, allow_none=True, metadata={"label": "保洁等级"})
    rank = Whole(1, _MANY, allow_none=True, metadata={"label": "名次"})
    score = Whole(0, 1000, allow_none=True, metadata={"label": "得分（十分之一分）"})
    mark = Choice(MARKS, allow_none=True, metadata={"label": "红黑榜"})
    why = Many(Choice(MARK_REASONS), len(MARK_REASONS), metadata={"label": "理由"})
    put_right_on = Day(allow_none=True, metadata={"label": "已整改日期"})
    figures = Part(FiguresSchema, required=True, metadata={"label": "得分构成"})


class CorrectionSchema(PartSchema):
    """What an issued list would say otherwise, knowing what arrived since 更正; that list itself stays."""

    list_no = Text(1, 40, allow_none=True, metadata={"label": "原榜文号"})
    first_day = Day(required=True, metadata={"label": "原榜起始日期"})
    about = Text(1, 40, required=True, metadata={"label": "对象"})
    name = Text(1, 60, required=True, metadata={"label": "名称"})
    was = Whole(0, 1000, allow_none=True, metadata={"label": "原得分（十分之一分）"})
    now = Whole(0, 1000, allow_none=True, metadata={"label": "更正后得分（十分之一分）"})


class ObjectionSchema(PartSchema):
    """What an affected unit says against a list 异议, signed and dated."""

    by = Id(required=True, metadata={"label": "提出人"})
    unit = Text(1, 40, required=True, metadata={"label": "对象"})
    at = Instant(required=True, metadata={"label": "时间"})
    text = Text(1, 300, required=True, metadata={"label": "内容"})


class VerdictSchema(PartSchema):
    """Who signed a list or took it back, when and why 签发、撤回."""

    by = Id(required=True, metadata={"label": "签字人"})
    at = Instant(required=True, metadata={"label": "时间"})
    reason = Text(1, 300, allow_none=True, metadata={"label": "理由"})


@register
class RankListSchema(RecordSchema):
    """
    A red and black list 红黑榜: of a week, Monday to Sunday, or of a month.

    It lies at ``group``: the district, or the street whose communities, shops or segments are compared. Of one
    period there may be several, one after another, where the one before was withdrawn: ``turn`` counts them.
    """

    type_name = "rank_list"
    title_zh = "红黑榜"
    time_field = "data_until"
    status_field = "status"

    kind = Choice(RANK_KINDS, required=True, metadata=labelled("榜单", FIRST))
    group = Place(required=True, metadata=labelled("评比范围", FIRST))
    first_day = Day(required=True, metadata=labelled("起", FIRST))
    last_day = Day(required=True, metadata=labelled("止", FIRST))
    turn = Whole(1, 1_000, required=True, metadata=labelled("次", FIRST))
    status = Choice(RANK_STATES, required=True, metadata=labelled("状态", LATEST))
    data_until = Instant(required=True, metadata=labelled("数据截至", LATEST))
    rows = Many(Part(RankRowSchema), MOST_ROWS, metadata=labelled("名次", LATEST))
    left_out = Whole(0, _MANY, allow_none=True, metadata=labelled("未列出", LATEST))
    corrections = Many(Part(CorrectionSchema), MOST_ROWS, metadata=labelled("更正", LATEST))
    drafted_by = Id(allow_none=True, metadata=labelled("起草人", LATEST))
    opened_at = Instant(allow_none=True, metadata=labelled("公示时间", LATEST))
    objections_until = Instant(allow_none=True, metadata=labelled("异议截止", LATEST))
    objections = Many(Part(ObjectionSchema), 60, metadata=labelled("异议", LATEST))
    list_no = Text(1, 40, allow_none=True, metadata=labelled("文号", LATEST))
    signature = Part(VerdictSchema, allow_none=True, metadata=labelled("签发", LATEST))
    withdrawal = Part(VerdictSchema, allow_none=True, metadata=labelled("撤回", LATEST))
