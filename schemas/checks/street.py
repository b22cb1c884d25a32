"""
Street sweeping and upkeep 街道清扫保洁检查: the form, and the check made with it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from schemas.checks.common import CheckSchema, items_part, notes_part, whole_check
from schemas.checks.forms import (
    ANY,
    AboveLimit,
    ByLevel,
    ByPile,
    Each,
    Form,
    Item,
    Opens,
    Photos,
    Veto,
    When,
)
from schemas.checks.opening import cases_of
from schemas.checks.reading import sample_area
from schemas.checks.scoring import add_form, fill_in
from schemas.fields import Choice, Flag, Number, Part, Whole
from schemas.parts import labelled
from schemas.records import Consequence, Fields, register
from schemas.rules import DERIVED, FIRST

SIDES = {"left": "左侧", "right": "右侧", "both": "两侧"}

_OVER_TWICE = Opens("unclean_road", When(times_limit=2), "dept_housing", "unclean_road")


def _unclean(when: When) -> tuple[Opens, ...]:
    return (Opens("unclean_road", when, "dept_housing", "unclean_road"),)


def _litter(code: str, zh: str, en: str, unit: str, limits: tuple[int, int, int, int]) -> Item:
    return Item(code, zh, en, "count", unit, AboveLimit(10, limits), 80, (_OVER_TWICE,))


STREET_1 = add_form(
    Form(
        "street_check",
        "street-1",
        "街道清扫保洁检查表",
        "Street sweeping and upkeep",
        (
            _litter("A1", "果皮", "fruit peel", "片", (40, 50, 80, 100)),
            _litter("A2", "纸屑、塑膜", "paper and film", "片", (40, 60, 100, 120)),
            _litter("A3", "烟蒂", "cigarette butts", "个", (40, 80, 100, 150)),
            _litter("A4", "痰迹", "spit", "处", (40, 80, 100, 150)),
            Item(
                "A5", "污水", "dirty water", "m2", "", AboveLimit(10, (0, 5, 10, 15), step=5), 40,
                (Opens("standing_water", When(times_limit=1), "dept_housing", major_flag="blocks_passage"),),
                Photos(when=ANY), applies="dry",
            ),
            Item(
                "A6", "其他废弃物", "other waste", "count", "处", AboveLimit(10, (0, 20, 60, 80)), 40, (_OVER_TWICE,)
            ),
            Item(
                "B1", "积尘积泥、路见本色", "dust and mud", "level", "", ByLevel(50, 150), 150,
                _unclean(When(least=2)), Photos(when=When(least=2)), applies="dry",
            ),
            Item(
                "C1", "边角（树穴、路缘石、雨水口、墙根）", "edges: tree pits, kerbs, gullies, walls", "count", "处",
                Each(10), 150, _unclean(When(least=5)), Photos(when=When(least=3)),
            ),
            Item(
                "D1", "果皮箱满溢", "litter bins overflowing", "count", "个", Each(20), 100,
                (Opens("bin_overflow", ANY, "dept_housing", nature="component", cause="management"),), cap="D",
            ),
            Item(
                "D2", "果皮箱污损、缺失", "litter bins soiled, broken or missing", "count", "个", Each(10), 100,
                (Opens("facility_broken", When(flags=("broken",)), "dept_housing", nature="component",
                       cause="facility"),), cap="D",
            ),
            Item(
                "E1", "暴露垃圾", "exposed garbage", "piles", "", ByPile(50, 100), 100,
                (Opens("exposed_garbage", ANY, "dept_housing", major_m2=1),), Photos(("far", "near")),
            ),
            Item(
                "F1", "小广告、乱贴乱画", "small advertisements and scrawls", "count", "处", Each(10), 50,
                (Opens("small_ads", When(least=5), "dept_urban"),),
            ),
            Item(
                "G1", "作业不规范（未着装、脱岗、向雨水口倒扫、焚烧）", "work not by the rules", "count", "次",
                Each(10), 50,
                (Opens("other", When(flags=("burning",)), "dept_housing", severity="critical",
                       cause="management"),),
            ),
        ),
        vetoes=(
            Veto("whole_segment_unswept", "整段漏扫", "the whole segment is unswept",
                 field="whole_segment_unswept", cap=590),
        ),
        case_photos=("far", "near"),
        sampled=True,
    )
)  # fmt: skip

FORMS = (STREET_1,)


@register
class StreetCheckSchema(CheckSchema):
    """A check of one stretch of street 街道清扫保洁检查."""

    type_name = "street_check"
    title_zh = "街道清扫保洁检查"
    exact = whole_check("street_check")
    reads: ClassVar[Mapping[str, str]] = {"road_grade": "road_grade", "sample_width_m": "width_m"}

    form_version = Choice([form.version for form in FORMS], required=True, metadata=labelled("表单版本", FIRST))
    road_grade = Whole(1, 4, required=True, metadata=labelled("保洁等级", FIRST))
    sample_length_m = Number(10, 500, tenths=True, required=True, metadata=labelled("抽查长度（米）"))
    sample_width_m = Number(1, 60, tenths=True, required=True, metadata=labelled("抽查宽度（米）"))
    sample_area_m2 = Number(0, 30_000, allow_none=True, metadata=labelled("抽查面积（平方米）", DERIVED))
    side = Choice(SIDES, allow_none=True, metadata=labelled("路侧"))
    worker_present = Flag(allow_none=True, metadata=labelled("保洁员在岗"))
    whole_segment_unswept = Flag(allow_none=True, metadata=labelled("整段漏扫"))
    items = Part(items_part(*FORMS), required=True, metadata=labelled("检查项"))
    notes = Part(notes_part(*FORMS), allow_none=True, metadata=labelled("检查项说明"))

    @staticmethod
    def complete(fields: Fields) -> Any:
        """Fill in the area of the sample, the score and what follows from it."""
        if "sample_length_m" in fields and "sample_width_m" in fields:
            area = sample_area(fields)
            fields["sample_area_m2"] = area / 100 if area % 100 else area // 100
        return fill_in("street_check", fields)

    @staticmethod
    def consequences(record_id: str, grid: str, fields: Fields, known: Any = None) -> list[Consequence]:
        """Return the cases this check opens."""
        return cases_of("street_check", record_id, grid, fields, known)
