"""
Parking order 停车秩序检查: the form, and the check made with it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from schemas.checks.common import CheckSchema, items_part, notes_part, whole_check
from schemas.checks.forms import ANY, Deduction, Each, Form, Item, Kind, Once, Opens, Veto, When
from schemas.checks.opening import cases_of
from schemas.checks.scoring import add_form, fill_in
from schemas.fields import Choice, Part, Whole
from schemas.parts import labelled
from schemas.records import Consequence, Fields, register
from schemas.registers import PARKING_KINDS
from schemas.rules import DERIVED, FIRST

_MARKING = Opens("marking_missing", ANY, "", "marking", nature="component", cause="facility")


def _item(
    code: str, zh: str, en: str, kind: Kind, unit: str, deduct: Deduction, most: int, *opens: Opens
) -> Item:  # fmt: skip
    return Item(code, zh, en, kind, unit, deduct, most, opens)


def _bikes(least: int) -> Opens:
    return Opens("nonmotor_parking", When(least=least), "dept_urban", "nonmotor")


PARKING_1 = add_form(
    Form(
        "parking_check",
        "parking-1",
        "停车秩序检查表",
        "Parking order",
        (
            _item("M1", "人行道、盲道、绿地违停", "parked on sidewalk, tactile paving or greenery", "count", "辆",
                  Each(40), 200,
                  Opens("motor_parking", When(flags=("still_there", "driver_absent")), "dept_urban")),
            _item("M2", "泊位外、压线、逆向停放", "outside the bay, on the line, facing the wrong way", "count", "辆",
                  Each(10), 80, Opens("motor_parking", When(least=5), "")),
            _item("M3", "双排、占车行道影响通行", "double-parked, obstructing the carriageway", "count", "辆",
                  Each(40), 80, Opens("motor_parking", ANY, "dept_traffic", severity="major")),
            _item("M4", "僵尸车（长期停放、破损）", "abandoned vehicle", "count", "辆", Each(20), 40,
                  Opens("zombie_vehicle", ANY, "", nature="component")),
            _item("N1", "非机动车未入框、未在停放区", "bicycles outside their area", "count", "辆", Each(5), 120,
                  _bikes(10)),
            _item("N2", "非机动车占盲道", "bicycles on tactile paving", "count", "辆", Each(10), 60, _bikes(3)),
            _item("N3", "倒伏、堆积", "bicycles fallen or heaped", "count", "辆", Each(5), 60, _bikes(10)),
            _item("N4", "朝向不一、不成排", "not in rows, not facing one way", "yes", "", Once(60), 60),
            _item("C1", "消防通道占用", "fire lane occupied", "yes", "", Once(100), 100,
                  Opens("lane_blocked", ANY, "")),
            _item("C2", "出入口、公交站、无障碍坡道占用", "entrance, bus stop or ramp occupied", "count", "处",
                  Once(50), 50, Opens("motor_parking", ANY, "", severity="major")),
            _item("F1", "标线模糊、缺失", "markings faded or missing", "count", "处", Each(30), 60, _MARKING),
            _item("F2", "标志、停放框缺失", "signs or frames missing", "yes", "", Once(30), 30, _MARKING),
            _item("F3", "私占泊位（地锁、石墩、锥桶、摆货）", "bays held by locks, stones, goods", "count", "处",
                  Each(30), 60, Opens("bay_occupied", ANY, "")),
        ),
        vetoes=(Veto("lane_blocked", "占用消防通道", "a fire lane is occupied", item="C1"),),
    )
)  # fmt: skip

FORMS = (PARKING_1,)


@register
class ParkingCheckSchema(CheckSchema):
    """
    A count of vehicles at one place and moment 停车秩序检查.

    Each vehicle is counted once, under its gravest item. Number plates are not collected.
    """

    type_name = "parking_check"
    title_zh = "停车秩序检查"
    exact = whole_check("parking_check")
    reads: ClassVar[Mapping[str, str]] = {"kind": "kind"}

    form_version = Choice([form.version for form in FORMS], required=True, metadata=labelled("表单版本", FIRST))
    kind = Choice(PARKING_KINDS, required=True, metadata=labelled("停车区类型", FIRST))
    motor_total = Whole(0, 100_000, required=True, metadata=labelled("机动车总数"))
    nonmotor_total = Whole(0, 100_000, required=True, metadata=labelled("非机动车总数"))
    shared_bike_count = Whole(0, 100_000, allow_none=True, metadata=labelled("共享单车数"))
    tidied_count = Whole(0, 100_000, allow_none=True, metadata=labelled("现场摆正数"))
    items = Part(items_part(*FORMS), required=True, metadata=labelled("检查项"))
    notes = Part(notes_part(*FORMS), allow_none=True, metadata=labelled("检查项说明"))
    violation_rate = Whole(0, 1000, allow_none=True, metadata=labelled("违停率（千分之一）", DERIVED))
    order_rate = Whole(0, 1000, allow_none=True, metadata=labelled("规范停放率（千分之一）", DERIVED))

    @staticmethod
    def complete(fields: Fields) -> Any:
        """Fill in the score and what follows from it, and the two rates."""
        reading = fill_in("parking_check", fields)
        items = fields.get("items", {})
        wrong = _share(items, ("M1", "M2", "M3"), fields.get("motor_total", 0))
        astray = _share(items, ("N1", "N2"), fields.get("nonmotor_total", 0))
        fields["violation_rate"] = wrong
        fields["order_rate"] = None if astray is None else 1000 - astray
        return reading

    @staticmethod
    def consequences(record_id: str, grid: str, fields: Fields, known: Any = None) -> list[Consequence]:
        """Return the cases this check opens."""
        return cases_of("parking_check", record_id, grid, fields, known)


def _share(items: Mapping[str, Any], codes: tuple[str, ...], total: int) -> int | None:
    """
    Return the vehicles counted under *codes* in thousandths of *total*, a half rounded up.

    None where there were no vehicles: nothing parked is not perfect order. A total smaller than what
    was counted is a slip, and reads as all.
    """
    if not total:
        return None
    counted = sum(items.get(code) or 0 for code in codes)
    return min((2000 * counted + total) // (2 * total), 1000)


def rate_text(rate: int | None) -> str:
    """Return a rate as people read it: ``12.5%``, or ``—`` where there was nothing to rate."""
    return "—" if rate is None else f"{rate // 10}.{rate % 10}%"
