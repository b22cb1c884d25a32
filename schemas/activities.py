"""
What a grid does together 活动: the cleaning day with its helpers and its harvest.
"""

from schemas.fields import Day, Id, Instant, Many, Number, Part, Place, Text, Unit, Whole
from schemas.parts import EntrySchema, PartSchema, PhotoSchema, PositionSchema, labelled
from schemas.records import Fields, RecordSchema, register
from schemas.rules import APPEND, FIRST, SHARE, authority, union

OFFICE = authority()
HELPERS = {
    "cadre": "党员干部",
    "worker": "网格员",
    "sanitation": "环卫工",
    "volunteer": "志愿者",
    "resident": "居民",
}
#: What is removed on a cleaning day; counted in shares.
HARVEST = ("waste_t", "dead_corners", "ads_removed", "piles_removed", "units_cleaned")
_PAIR = ("before", "after")


class VehicleSchema(PartSchema):
    """Vehicles of one kind 车辆."""

    kind = Text(1, 30, required=True, metadata={"label": "车型"})
    number = Whole(0, 9_999, required=True, metadata={"label": "数量"})


class HarvestSchema(RecordSchema):
    """Who came and what was removed 清扫成果: by signing in, and in shares, one for each device and person."""

    signed_in = Many(Id(), 1_000, metadata=labelled("签到人员", union()))
    vehicles = Many(Part(VehicleSchema), 40, metadata=labelled("车辆", union("kind")))
    waste_t = Number(0, 10_000, tenths=True, metadata=labelled("清理垃圾（吨）", SHARE))
    dead_corners = Whole(0, 10_000, metadata=labelled("卫生死角（处）", SHARE))
    ads_removed = Whole(0, 100_000, metadata=labelled("小广告（处）", SHARE))
    piles_removed = Whole(0, 10_000, metadata=labelled("乱堆乱放（处）", SHARE))
    units_cleaned = Whole(0, 10_000, metadata=labelled("楼道、单元（个）", SHARE))
    photos = Many(Part(PhotoSchema), 60, metadata=labelled("照片", union("sha256")))
    remark = Many(Part(EntrySchema), 500, metadata=labelled("备注", APPEND))


@register
class CleaningDaySchema(HarvestSchema):
    """
    A weekend cleaning of a grid 网格创卫清扫日.

    Whoever helps signs in once, on whichever device: a person is counted once. What was removed is
    counted in shares, one for each device and person, so that no heap is lost and none counted twice.
    Each unit that takes part has a ``turnout`` with its heads by kind. A photo names in ``item`` the spot
    it shows; ``missing_photos`` says what a day still lacks.
    """

    type_name = "cleaning_day"
    title_zh = "清扫日"

    held_on = Day(required=True, metadata=labelled("日期", OFFICE))
    theme = Text(1, 60, required=True, metadata=labelled("主题", OFFICE))
    campaign_id = Id(allow_none=True, metadata=labelled("所属行动", OFFICE))
    place_text = Text(1, 120, allow_none=True, metadata=labelled("地点", OFFICE))
    position = Part(PositionSchema, allow_none=True, metadata=labelled("位置", OFFICE))
    organiser_unit = Place(allow_none=True, metadata=labelled("组织单位", OFFICE))
    grid_ids = Many(Place(), 60, metadata=labelled("参加网格", union()))
    start_at = Instant(allow_none=True, metadata=labelled("开始时间", OFFICE))
    end_at = Instant(allow_none=True, metadata=labelled("结束时间", OFFICE))
    spots = Many(Text(1, 20), 60, metadata=labelled("清扫点位", union()))
    problems_found = Many(Id(), 200, metadata=labelled("发现的问题", union()))


@register
class TurnoutSchema(HarvestSchema):
    """One unit at a cleaning day 参加单位: its heads by kind and what it removed, in shares."""

    type_name = "turnout"
    title_zh = "清扫日参加单位"
    subject_field = "activity_id"

    activity_id = Id(required=True, metadata=labelled("清扫日", FIRST))
    unit = Unit(required=True, metadata=labelled("单位", OFFICE))
    cadre = Whole(0, 10_000, metadata=labelled("党员干部（人）", SHARE))
    worker = Whole(0, 10_000, metadata=labelled("网格员（人）", SHARE))
    sanitation = Whole(0, 10_000, metadata=labelled("环卫工（人）", SHARE))
    volunteer = Whole(0, 10_000, metadata=labelled("志愿者（人）", SHARE))
    resident = Whole(0, 10_000, metadata=labelled("居民（人）", SHARE))


def missing_photos(day: Fields) -> list[dict[str, str | None]]:
    """
    Return what a cleaning day still lacks 缺少的照片: one photo before and one after of each spot.

    Args:
        day: The fields of a cleaning day; one without spots is one spot.

    Returns:
        ``{"item": spot or None, "role": "before" or "after"}``, spot by spot.
    """
    spots: list[str] = day.get("spots") or []
    taken = {(photo.get("item") if spots else None, photo["role"]) for photo in day.get("photos") or ()}
    return [{"item": spot, "role": role} for spot in spots or (None,) for role in _PAIR if (spot, role) not in taken]
