"""
The registers that checks are about: street segments, shops, parking areas 登记.

In a register the office's word weighs more than the walker's, field by field. Two names or two states
given within a day by people of one rank are left to a person: a sign over a door is not renamed by a
race.
"""

from typing import ClassVar

from schemas.fields import Choice, Day, Flag, Id, Many, Number, Part, Pattern, Phone, Place, Text, Whole
from schemas.likeness import Likeness, folded, names_alike
from schemas.parts import FUNCTIONAL_UNITS, EntrySchema, LineSchema, PhotoSchema, PositionSchema, labelled
from schemas.records import Fields, RecordSchema, register
from schemas.rules import APPEND, PERSON, Unique, authority, union

OFFICE = authority()
#: The office's word; between equals within a day of each other, a person's.
DISPUTED = authority(then=PERSON)

SEGMENT_KINDS = {
    "arterial": "主干道",
    "secondary": "次干道",
    "branch": "支路",
    "alley": "背街小巷",
    "square": "广场",
    "pedestrian": "步行街",
}
KEY_PLACE_KINDS = {"railway_side": "铁路沿线", "urban_fringe": "城乡结合部", "farm_market": "农贸市场"}
SHOP_CATEGORIES = {
    "catering": "餐饮",
    "retail": "零售",
    "service": "服务",
    "repair": "修理",
    "market": "市场",
    "office": "单位",
    "construction": "工地",
    "vacant": "空置",
    "other": "其他",
}
SHOP_STATES = {
    "open": "营业",
    "closed_temporarily": "暂停营业",
    "vacant": "空置",
    "closed": "已关闭",
    "renamed": "已更名",
}
PARKING_KINDS = {
    "on_street": "路内泊位",
    "off_street": "停车场",
    "sidewalk": "人行道",
    "shop_front": "门前",
    "compound": "小区",
    "bike_zone": "非机动车停放区",
    "no_parking": "禁停区",
}
IN_USE = {"in_use": "在用", "suspended": "暂停", "removed": "已取消"}
USCC = Pattern(r"^[0-9A-Z]{18}$", "18位统一社会信用代码", "18 capitals and digits")


class RegisterSchema(RecordSchema):
    """
    What every register entry has 登记公用字段.

    ``code`` is the office's own number for it, by which an import finds it again; two entries with one
    code are shown to a person as a pair. Where a person found two entries to be one thing, the one names
    the other in ``merged_into``, and whatever refers to it is taken to mean the other; where he found them
    to be two, they say so in ``distinct_from`` and are not suggested again.
    """

    unique = Unique(("code",))

    code = Text(1, 40, allow_none=True, metadata=labelled("编号", OFFICE))
    name = Text(1, 60, required=True, metadata=labelled("名称", DISPUTED))
    territorial_unit = Place(allow_none=True, metadata=labelled("属地责任单位", OFFICE))
    functional_unit = Choice(FUNCTIONAL_UNITS, allow_none=True, metadata=labelled("属事责任部门", OFFICE))
    valid_from = Day(allow_none=True, metadata=labelled("启用日期", OFFICE))
    valid_to = Day(allow_none=True, metadata=labelled("停用日期", OFFICE))
    merged_into = Id(allow_none=True, metadata=labelled("并入", OFFICE))
    distinct_from = Many(Id(), 60, metadata=labelled("并非同一", union()))
    photos = Many(Part(PhotoSchema), 60, metadata=labelled("照片", union("sha256")))
    remark = Many(Part(EntrySchema), 500, metadata=labelled("备注", APPEND))


@register
class StreetSegmentSchema(RegisterSchema):
    """A stretch of street with one cleaning grade 路段; ``code`` is its segment number."""

    type_name = "street_segment"
    title_zh = "路段"
    status_field = "status"

    code = Text(1, 40, allow_none=True, metadata=labelled("路段编号", OFFICE))
    name = Text(1, 60, required=True, metadata=labelled("路名", DISPUTED))
    from_point = Text(1, 60, allow_none=True, metadata=labelled("起点", OFFICE))
    to_point = Text(1, 60, allow_none=True, metadata=labelled("止点", OFFICE))
    kind = Choice(SEGMENT_KINDS, required=True, metadata=labelled("道路类型", OFFICE))
    road_grade = Whole(1, 4, required=True, metadata=labelled("保洁等级", OFFICE))
    length_m = Number(1, 100_000, allow_none=True, metadata=labelled("长度（米）", OFFICE))
    width_m = Number(1, 200, allow_none=True, metadata=labelled("宽度（米）", OFFICE))
    is_model_road = Flag(allow_none=True, metadata=labelled("示范路", OFFICE))
    pass_line = Whole(700, 1_000, allow_none=True, metadata=labelled("示范路合格线（十分之一分）", OFFICE))
    key_place_kind = Choice(KEY_PLACE_KINDS, allow_none=True, metadata=labelled("重点部位", OFFICE))
    contractor = Text(1, 60, allow_none=True, metadata=labelled("保洁单位", OFFICE))
    segment_head = Text(1, 30, allow_none=True, metadata=labelled("路段长", OFFICE))
    centerline = Part(LineSchema, allow_none=True, metadata=labelled("中心线", OFFICE))
    status = Choice(IN_USE, allow_none=True, metadata=labelled("状态", DISPUTED))


#: Two signs this near to each other may hang over one door.
_ONE_DOOR_M = 15


def _one_shop(one: Fields, other: Fields, apart_m: float | None) -> str | None:
    if apart_m is None or apart_m > _ONE_DOOR_M:
        return None
    if names_alike(one.get("name"), other.get("name")):
        return "near_and_alike"
    door = folded(one.get("door_no"))
    return "near_and_same_door" if door and door == folded(other.get("door_no")) else None


@register
class ShopSchema(RegisterSchema):
    """
    A shop or unit and its duty area 商户与责任区; ``code`` is its shop number.

    A new tenant is a new shop that names its predecessor: history must not pass to another operator. A
    mere change of the sign stays on the record.
    """

    type_name = "shop"
    title_zh = "商户"
    status_field = "status"
    subject_field = "segment_id"
    likeness: ClassVar[Likeness] = Likeness(_ONE_DOOR_M, _one_shop)

    code = Text(1, 40, allow_none=True, metadata=labelled("商户编号", OFFICE))
    name = Text(1, 60, required=True, metadata=labelled("店名（牌匾）", DISPUTED))
    licence_name = Text(1, 100, allow_none=True, metadata=labelled("执照名称", OFFICE))
    uscc = Text(18, 18, pattern=USCC, allow_none=True, metadata=labelled("统一社会信用代码", OFFICE))
    category = Choice(SHOP_CATEGORIES, required=True, metadata=labelled("类别", OFFICE))
    address = Text(1, 120, allow_none=True, metadata=labelled("地址", OFFICE))
    door_no = Text(1, 40, allow_none=True, metadata=labelled("门牌号", OFFICE))
    position = Part(PositionSchema, allow_none=True, metadata=labelled("位置", OFFICE))
    segment_id = Id(allow_none=True, metadata=labelled("所在路段", OFFICE))
    frontage_m = Number(0, 10_000, allow_none=True, metadata=labelled("临街长度（米）", OFFICE))
    duty_area_text = Text(1, 300, allow_none=True, metadata=labelled("责任区", OFFICE))
    has_green = Flag(allow_none=True, metadata=labelled("门前有绿化", OFFICE))
    operator_name = Text(1, 30, allow_none=True, metadata=labelled("经营者", OFFICE))
    operator_phone = Phone(allow_none=True, metadata=labelled("联系电话", OFFICE))
    owner_name = Text(1, 30, allow_none=True, metadata=labelled("房屋产权人", OFFICE))
    letter_signed_on = Day(allow_none=True, metadata=labelled("责任书签订日期", OFFICE))
    plate_on_wall = Flag(allow_none=True, metadata=labelled("责任牌上墙", OFFICE))
    status = Choice(SHOP_STATES, allow_none=True, metadata=labelled("状态", DISPUTED))
    predecessor_id = Id(allow_none=True, metadata=labelled("前经营户", OFFICE))


@register
class ParkingAreaSchema(RegisterSchema):
    """A place where vehicles stand, or must not 停车区; ``code`` is its area number."""

    type_name = "parking_area"
    title_zh = "停车区"
    status_field = "status"
    subject_field = "segment_id"

    code = Text(1, 40, allow_none=True, metadata=labelled("停车区编号", OFFICE))
    name = Text(1, 60, required=True, metadata=labelled("停车区名称", DISPUTED))
    kind = Choice(PARKING_KINDS, required=True, metadata=labelled("类型", OFFICE))
    segment_id = Id(allow_none=True, metadata=labelled("所在路段", OFFICE))
    position = Part(PositionSchema, allow_none=True, metadata=labelled("位置", OFFICE))
    polygon = Part(LineSchema, allow_none=True, metadata=labelled("范围", OFFICE))
    motor_capacity = Whole(0, 100_000, allow_none=True, metadata=labelled("机动车泊位数", OFFICE))
    nonmotor_capacity = Whole(0, 100_000, allow_none=True, metadata=labelled("非机动车容量", OFFICE))
    has_marking = Flag(allow_none=True, metadata=labelled("已划线", OFFICE))
    direction_rule = Text(1, 100, allow_none=True, metadata=labelled("朝向规定", OFFICE))
    fire_lane = Flag(allow_none=True, metadata=labelled("含消防通道", OFFICE))
    manager = Text(1, 60, allow_none=True, metadata=labelled("管理单位", OFFICE))
    status = Choice(IN_USE, allow_none=True, metadata=labelled("状态", DISPUTED))
