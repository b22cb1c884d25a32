"""
The three guarantees in front of the door 门前三包检查: the form, and the check made with it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from schemas.checks.common import CheckSchema, items_part, notes_part, whole_check
from schemas.checks.forms import ANY, Applies, Deduction, Each, Form, Item, Kind, Once, Opens, Photos, Veto, When
from schemas.checks.opening import cases_of
from schemas.checks.scoring import add_form, fill_in
from schemas.fields import Choice, Flag, Instant, Part
from schemas.parts import labelled
from schemas.records import Consequence, Fields, register
from schemas.registers import SHOP_CATEGORIES
from schemas.rules import FIRST

NOTICES = {"none": "未告知", "verbal": "口头劝导", "written": "限期整改通知书"}
REACTIONS = {"cooperative": "配合", "refused": "拒绝", "absent": "不在场"}

_NOT_FIXED = When(unless_fixed=True)
_NEAR = Photos(when=ANY)


def _item(
    code: str, zh: str, en: str, kind: Kind, unit: str, deduct: Deduction, most: int, *opens: Opens,
    applies: Applies = "always",
) -> Item:  # fmt: skip
    return Item(code, zh, en, kind, unit, deduct, most, opens, _NEAR, applies=applies)


SHOP_1 = add_form(
    Form(
        "shop_check",
        "shop-1",
        "门前三包检查表",
        "Three guarantees in front of the door",
        (
            _item("H1", "地面污渍垃圾（痰迹、油污、胶印、果皮、烟蒂、纸屑、粪便）", "stains and litter on the ground",
                  "count", "处", Each(20), 140,
                  Opens("unclean_road", When(least=4, unless_fixed=True), "dept_urban")),
            _item("H2", "积水、乱泼污水", "standing or thrown-out water", "count", "处", Each(50), 100,
                  Opens("standing_water", _NOT_FIXED, "dept_urban", major_flag="blocks_passage"), applies="dry"),
            _item("H3", "垃圾容器缺失、满溢、不洁", "bins missing, overflowing or dirty", "count", "个", Each(50), 100,
                  Opens("bin_overflow", When(flags=("overflow",)), "dept_urban", cause="management")),
            _item("H4", "垃圾乱堆（暴露垃圾）", "waste piled up", "m2", "", Once(80), 80,
                  Opens("exposed_garbage", ANY, "dept_urban", major_m2=1)),
            _item("H5", "门前积雪、结冰未清（冬季）", "snow or ice not cleared (winter)", "yes", "", Once(80), 80,
                  Opens("snow_not_cleared", When(past_snow_limit=True), "dept_urban"), applies="winter"),
            _item("G1", "绿地、花坛、树穴内有垃圾杂物", "waste in greenery or tree pits", "count", "处", Each(20), 50,
                  Opens("dirty_green", When(least=2), "dept_urban"), applies="green"),
            _item("G2", "树上拴绳、晾挂、钉钉", "ropes, washing or nails on trees", "count", "处", Each(20), 50,
                  Opens("dirty_green", When(unless_fixed=True, after_notice=True), "dept_urban"), applies="green"),
            _item("G3", "损坏花草、占用绿地", "plants damaged, greenery occupied", "yes", "", Once(50), 50,
                  Opens("green_damage", ANY, "dept_urban"), applies="green"),
            _item("G4", "立面乱贴乱画、牌匾破损", "scrawls on the front, broken sign", "count", "处", Each(10), 50,
                  Opens("facility_broken", When(least=3, flags=("broken",)), "dept_urban", nature="component",
                        cause="facility"),
                  Opens("small_ads", When(least=3), "dept_urban")),
            _item("O1", "店外经营、占道经营", "trading outside the shop", "yes", "", Once(80), 80,
                  Opens("out_of_store", _NOT_FIXED, "dept_urban")),
            _item("O2", "乱堆杂物", "things piled up", "count", "处", Each(20), 60,
                  Opens("piling", _NOT_FIXED, "dept_urban")),
            _item("O3", "门前机动车乱停", "motor vehicles parked badly", "count", "辆", Each(20), 60,
                  Opens("motor_parking", When(least=2), "street")),
            _item("O4", "门前非机动车乱停", "bicycles parked badly", "count", "辆", Each(10, per=3), 40,
                  Opens("nonmotor_parking", When(least=6), "street")),
            _item("O5", "乱搭乱建、地锁石墩占位", "illegal structures, locks or stones holding bays", "count", "处",
                  Once(40), 40,
                  Opens("bay_occupied", When(flags=("bay_held",)), "dept_urban", nature="component"),
                  Opens("illegal_structure", ANY, "dept_urban")),
            _item("O6", "乱拉乱挂（条幅、晾晒）", "banners or washing hung out", "count", "处", Once(20), 20,
                  Opens("other", _NOT_FIXED, "dept_urban")),
        ),
        vetoes=(
            Veto("large_pile", "垃圾堆达到1平方米", "a pile of 1 m² or more", item="H4", least=1),
            Veto("lane_blocked", "占用消防通道", "a fire lane is blocked", field="fire_lane_blocked",
                 opens=Opens("lane_blocked", ANY, "street")),
            Veto("refused", "拒不配合", "the operator refused", field="operator_reaction", value="refused"),
        ),
        photo_after_fix=True,
    )
)  # fmt: skip

FORMS = (SHOP_1,)


@register
class ShopCheckSchema(CheckSchema):
    """
    A check of one shop's duty area 门前三包检查.

    Version 2 of the shape holds ``items`` by code; version 1, of older tablets, held a list.
    """

    type_name = "shop_check"
    title_zh = "门前三包检查"
    schema_version = 2
    exact = whole_check("shop_check")
    reads: ClassVar[Mapping[str, str]] = {"has_green": "has_green", "category": "category"}

    form_version = Choice([form.version for form in FORMS], required=True, metadata=labelled("表单版本", FIRST))
    has_green = Flag(required=True, metadata=labelled("门前有绿化", FIRST))
    category = Choice(SHOP_CATEGORIES, allow_none=True, metadata=labelled("类别", FIRST))
    snow_stopped_at = Instant(allow_none=True, metadata=labelled("降雪停止时间"))
    letter_seen = Flag(allow_none=True, metadata=labelled("已见责任书"))
    plate_seen = Flag(allow_none=True, metadata=labelled("责任牌上墙"))
    open_now = Flag(allow_none=True, metadata=labelled("正在营业"))
    notice_given = Choice(NOTICES, allow_none=True, metadata=labelled("告知方式"))
    operator_reaction = Choice(REACTIONS, allow_none=True, metadata=labelled("经营者态度"))
    fire_lane_blocked = Flag(allow_none=True, metadata=labelled("占用消防通道"))
    items = Part(items_part(*FORMS), required=True, metadata=labelled("检查项"))
    notes = Part(notes_part(*FORMS), allow_none=True, metadata=labelled("检查项说明"))

    @staticmethod
    def complete(fields: Fields) -> Any:
        """Fill in the score and what follows from it."""
        return fill_in("shop_check", fields)

    @staticmethod
    def consequences(record_id: str, grid: str, fields: Fields, known: Any = None) -> list[Consequence]:
        """Return the cases this check opens."""
        return cases_of("shop_check", record_id, grid, fields, known)
