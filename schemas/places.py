"""
The other registers 其他登记: key places, compounds, recycling stations, illegal structures.

Units, validity and what two people may say of one thing are as in ``schemas.registers``. What somebody
merely observed (a gate that stands open, when a station was last cleared) is whoever's looked last.
"""

from typing import ClassVar

from schemas.fields import Choice, Day, Flag, Id, Many, Number, Part, Place, Text, Whole
from schemas.likeness import Likeness, names_alike
from schemas.parts import PartSchema, PositionSchema, labelled
from schemas.records import Fields, register
from schemas.registers import DISPUTED, KEY_PLACE_KINDS, OFFICE, RegisterSchema
from schemas.rules import LATEST, union

STRUCTURE_STATES = {"found": "已发现", "stopped": "已责令停建", "notice": "已下达通知", "demolished": "已拆除"}

#: One compound or station has one gate; two names for it lie this near to each other.
_ONE_GATE_M = 30


def _one_place(one: Fields, other: Fields, apart_m: float | None) -> str | None:
    near = apart_m is not None and apart_m <= _ONE_GATE_M
    return "near_and_alike" if near and names_alike(one.get("name"), other.get("name")) else None


class LocatedSchema(RegisterSchema):
    """A register entry that stands somewhere 有位置的登记."""

    likeness: ClassVar[Likeness | None] = Likeness(_ONE_GATE_M, _one_place)

    address = Text(1, 120, allow_none=True, metadata=labelled("地址", OFFICE))
    position = Part(PositionSchema, allow_none=True, metadata=labelled("位置", OFFICE))


@register
class KeyPlaceSchema(LocatedSchema):
    """A place that is looked at more often 重点部位; a visit is a check of each thing it holds."""

    type_name = "key_place"
    title_zh = "重点部位"

    kind = Choice(KEY_PLACE_KINDS, required=True, metadata=labelled("类型", OFFICE))
    patrol_per_day = Whole(1, 24, required=True, metadata=labelled("每日巡查次数", OFFICE))
    target_ids = Many(Id(), 60, metadata=labelled("所含路段、商户、停车区", union()))
    covers = Many(Place(), 60, metadata=labelled("涉及网格", union()))


@register
class CompoundSchema(LocatedSchema):
    """A housing block 小区: whether somebody manages it, whether it is enclosed, and by when that is planned."""

    type_name = "compound"
    title_zh = "小区"

    households = Whole(0, 100_000, allow_none=True, metadata=labelled("户数", OFFICE))
    has_property_mgmt = Flag(required=True, metadata=labelled("有物业", DISPUTED))
    enclosed = Flag(allow_none=True, metadata=labelled("已封闭管理", DISPUTED))
    manager = Text(1, 60, allow_none=True, metadata=labelled("物业单位", OFFICE))
    plan_on = Day(allow_none=True, metadata=labelled("计划完成日期", OFFICE))
    done_on = Day(allow_none=True, metadata=labelled("实际完成日期", OFFICE))


@register
class RecyclingStationSchema(LocatedSchema):
    """A station for recyclables 垃圾回收站: licence shown, enclosed, cleared in time."""

    type_name = "recycling_station"
    title_zh = "垃圾回收站"

    operator = Text(1, 60, allow_none=True, metadata=labelled("经营者", OFFICE))
    licence_shown = Flag(allow_none=True, metadata=labelled("公示证照", LATEST))
    enclosed = Flag(allow_none=True, metadata=labelled("围挡封闭", LATEST))
    clear_every_days = Whole(1, 60, allow_none=True, metadata=labelled("清运周期（天）", OFFICE))
    last_cleared_on = Day(allow_none=True, metadata=labelled("最近清运日期", LATEST))


class DeadlinesSchema(PartSchema):
    """By when building stops, the penalty is decided and the structure is gone 各阶段时限."""

    stop_by = Day(allow_none=True, metadata={"label": "停建时限"})
    penalty_by = Day(allow_none=True, metadata={"label": "处罚时限"})
    demolish_by = Day(allow_none=True, metadata={"label": "拆除时限"})


@register
class IllegalStructureSchema(LocatedSchema):
    """Something built without leave 违法建设: from found to demolished, with photos before and after."""

    type_name = "illegal_structure"
    title_zh = "违法建设"
    status_field = "status"
    time_field = "found_on"

    name = Text(1, 60, required=True, metadata=labelled("点位", DISPUTED))
    area_m2 = Number(0, 1_000_000, tenths=True, required=True, metadata=labelled("面积（平方米）", OFFICE))
    status = Choice(STRUCTURE_STATES, required=True, metadata=labelled("处置状态", DISPUTED))
    found_on = Day(required=True, metadata=labelled("发现日期", OFFICE))
    deadlines = Part(DeadlinesSchema, allow_none=True, metadata=labelled("时限", OFFICE))
    demolished_on = Day(allow_none=True, metadata=labelled("拆除日期", OFFICE))
    case_id = Id(allow_none=True, metadata=labelled("对应问题", OFFICE))
