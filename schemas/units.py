"""
Who answers for something 责任单位: departments, contractors, offices; and who holds a place from when to when.

A unit is a text: the code of a place (a street answers for itself), a department's word of
``FUNCTIONAL_UNITS``, or a word of its own for any other (``unit_sweeping_1``). A unit has a record where there
is more to say of it than its name. Units are the office's to enter; a tablet reads them.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from schemas import grid, ids
from schemas.fields import UNIT_PATTERN, Choice, Day, Exact, Id, Text, Unit
from schemas.parts import FUNCTIONAL_UNITS, labelled
from schemas.records import Fields, RecordSchema, register
from schemas.rules import FIRST, authority

OFFICE = authority()
UNIT_KINDS = {
    "department": "职能部门",
    "contractor": "作业单位",
    "campaign_office": "创卫办（爱卫办）",
    "supervision": "督查室",
    "leading_group": "领导小组",
    "street": "街道办事处",
    "community": "社区居委会",
    "grid": "网格",
    "other": "其他单位",
}
#: As what a person answers for a place.
HOLDING_ROLES = {"segment_head": "路段长", "holder": "责任人"}
_UNIT = re.compile(UNIT_PATTERN)


@cache
def departments() -> Mapping[str, str]:
    """Return the departments every district has, by word, with their Chinese names."""
    return {word: zh for word, zh in FUNCTIONAL_UNITS.items() if word.startswith("dept_")}


def is_unit_code(text: str) -> bool:
    """Say whether *text* has the form of a unit's code."""
    return _UNIT.match(text) is not None and not text.endswith("\n")


def named_department(text: str) -> str | None:
    """Return the word of the department that goes by *text*, in full or without what stands in brackets."""
    wide = text.replace("(", "（").replace(")", "）")
    return next((word for word, zh in departments().items() if wide in (word, zh, zh.partition("（")[0])), None)


def unit_id(district: str, code: str) -> str:
    """Return the id of the unit *code*: a code is unique in its district, so the id follows from it."""
    return ids.derived_id("unit", district, code)


def name_of(code: str, names: Mapping[str, str]) -> str:
    """Return what the unit *code* is called: as it was entered (*names*), else as every district calls it."""
    return names.get(code) or FUNCTIONAL_UNITS.get(code) or code


def territory_of(place: str) -> str | None:
    """Return the unit to which *place* belongs 属地: its street; None for what belongs to none, or lies sealed."""
    return place[: grid.Level.STREET] if len(place) >= grid.Level.STREET and not grid.is_sealed(place) else None


def _ends_after_it_begins(fields: Fields) -> bool:
    begins, ends = fields.get("valid_from"), fields.get("valid_to")
    return begins is None or ends is None or begins <= ends


ENDS_LATER = Exact(_ends_after_it_begins, "结束早于开始", "ends before it begins")


@register
class UnitSchema(RecordSchema):
    """
    A unit 责任单位, by its code; it lies at the district, so every tablet can name it.

    ``head`` is the person who answers for it; ``parent`` the unit it belongs to. ``valid_to`` is its last day.
    """

    type_name = "unit"
    title_zh = "责任单位"
    exact = (ENDS_LATER,)

    code = Unit(required=True, metadata=labelled("单位代码", FIRST))
    name = Text(1, 60, required=True, metadata=labelled("名称", OFFICE))
    kind = Choice(UNIT_KINDS, required=True, metadata=labelled("单位类型", OFFICE))
    head = Id(allow_none=True, metadata=labelled("负责人", OFFICE))
    parent = Unit(allow_none=True, metadata=labelled("上级单位", OFFICE))
    valid_from = Day(allow_none=True, metadata=labelled("启用日期", OFFICE))
    valid_to = Day(allow_none=True, metadata=labelled("停用日期", OFFICE))


@register
class HoldingSchema(RecordSchema):
    """
    A person who answers for one place by name 路段长、责任人, from one day to another, both included.

    Whoever follows him has a holding of his own; where a place has none, its grid's holder answers for it.
    """

    type_name = "holding"
    title_zh = "责任人任期"
    subject_field = "target_id"
    exact = (ENDS_LATER,)

    target_id = Id(required=True, metadata=labelled("对象", FIRST))
    person = Id(required=True, metadata=labelled("责任人", FIRST))
    role = Choice(HOLDING_ROLES, required=True, metadata=labelled("责任身份", OFFICE))
    valid_from = Day(required=True, metadata=labelled("起", OFFICE))
    valid_to = Day(allow_none=True, metadata=labelled("止", OFFICE))


def holds_on(fields: Mapping[str, Any], day: str) -> bool:
    """Say whether something with ``valid_from`` and ``valid_to``, both days included, holds on *day*."""
    begins, ends = fields.get("valid_from"), fields.get("valid_to")
    return (begins is None or begins <= day) and (ends is None or day <= ends)


def in_use(units: Iterable[Fields], day: str) -> list[Fields]:
    """Return those of *units* that hold on *day*, by code."""
    return sorted((unit for unit in units if holds_on(unit, day)), key=lambda unit: unit["code"])
