"""
The day report 日报: the figures of one street, or of the district, as they stood at the day's cut-off.

The server alone makes one and nobody ever writes on it again: what comes in later stands in the next report as
supplement 补报 and correction 更正. It travels to every tablet of its street, so people stand in it by their ids,
and its text names units only.
"""

from marshmallow import fields

from schemas.fields import Day, Instant, Part, Place, Text
from schemas.ids import derived_id
from schemas.parts import PartSchema, labelled
from schemas.records import RecordSchema, register
from schemas.rules import DERIVED, FIRST

DAY_REPORT = "day_report"
#: So long a text is one that people still read.
MOST_TEXT = 20_000


class FiguresSchema(PartSchema):
    """The figures of a day 日报数字, in the shape of ``schemas.day_figures``."""

    area = Place(required=True, metadata={"label": "范围"})
    name = Text(1, 60, required=True, metadata={"label": "名称"})
    day = Day(required=True, metadata={"label": "日期"})
    as_of = Instant(required=True, metadata={"label": "数据截至"})
    counts = fields.Dict(keys=Text(1, 40), required=True, metadata={"label": "数字"})


@register
class DayReportSchema(RecordSchema):
    """The report of one day 日报; ``report_no`` is its number, RB-2020-河北-00045."""

    type_name = DAY_REPORT
    title_zh = "日报"
    time_field = "cut_off_at"

    report_no = Text(1, 40, allow_none=True, metadata=labelled("编号", DERIVED))
    day = Day(required=True, metadata=labelled("日期", FIRST))
    area = Place(required=True, metadata=labelled("范围", FIRST))
    cut_off_at = Instant(required=True, metadata=labelled("截止时间", FIRST))
    as_of = Instant(required=True, metadata=labelled("数据截至", FIRST))
    figures = Part(FiguresSchema, required=True, metadata=labelled("数字", FIRST))
    text_zh = Text(1, MOST_TEXT, required=True, metadata=labelled("正文", FIRST))
    text_en = Text(1, MOST_TEXT, required=True, metadata=labelled("英文", FIRST))


def day_report_id(area: str, day: str) -> str:
    """Return the id of the report of *area* on *day*: there is one, so the id follows from both."""
    return derived_id(DAY_REPORT, area, day)
