"""
What a grid does together 活动: the cleaning day with its helpers and its harvest.
"""

from schemas.fields import Day, Id, Instant, Many, Number, Part, Place, Text, Whole
from schemas.parts import EntrySchema, PartSchema, PhotoSchema, PositionSchema, labelled
from schemas.records import RecordSchema, register
from schemas.rules import APPEND, SHARE, authority, union

OFFICE = authority()


class VehicleSchema(PartSchema):
    """Vehicles of one kind 车辆."""

    kind = Text(1, 30, required=True, metadata={"label": "车型"})
    number = Whole(0, 9_999, required=True, metadata={"label": "数量"})


@register
class CleaningDaySchema(RecordSchema):
    """
    A weekend cleaning of a grid 网格创卫清扫日.

    Whoever helps signs in once, on whichever device: a person is counted once. What was removed is
    counted in shares, one for each device and person, so that no heap is lost and none counted twice.
    """

    type_name = "cleaning_day"
    title_zh = "清扫日"

    held_on = Day(required=True, metadata=labelled("日期", OFFICE))
    theme = Text(1, 60, required=True, metadata=labelled("主题", OFFICE))
    place_text = Text(1, 120, allow_none=True, metadata=labelled("地点", OFFICE))
    position = Part(PositionSchema, allow_none=True, metadata=labelled("位置", OFFICE))
    organiser_unit = Place(allow_none=True, metadata=labelled("组织单位", OFFICE))
    start_at = Instant(allow_none=True, metadata=labelled("开始时间", OFFICE))
    end_at = Instant(allow_none=True, metadata=labelled("结束时间", OFFICE))
    signed_in = Many(Id(), 1_000, metadata=labelled("签到人员", union()))
    vehicles = Many(Part(VehicleSchema), 40, metadata=labelled("车辆", union("kind")))
    waste_t = Number(0, 10_000, tenths=True, metadata=labelled("清理垃圾（吨）", SHARE))
    dead_corners = Whole(0, 10_000, metadata=labelled("卫生死角（处）", SHARE))
    ads_removed = Whole(0, 100_000, metadata=labelled("小广告（处）", SHARE))
    piles_removed = Whole(0, 10_000, metadata=labelled("乱堆乱放（处）", SHARE))
    units_cleaned = Whole(0, 10_000, metadata=labelled("楼道、单元（个）", SHARE))
    photos = Many(Part(PhotoSchema), 60, metadata=labelled("照片", union("sha256")))
    remark = Many(Part(EntrySchema), 500, metadata=labelled("备注", APPEND))
