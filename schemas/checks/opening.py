"""
From findings to ledger cases, the same on the tablet and in the office 检查立案.
"""

from typing import Any

from schemas import ids
from schemas.cases import CaseSchema
from schemas.checks.forms import Item
from schemas.checks.reading import Finding, Reading
from schemas.checks.scoring import FORMS, cases_in
from schemas.grid import Level
from schemas.records import Consequence, Fields

#: Who answers for a parking area of each kind: the carriageway is the traffic police's.
UNIT_BY_KIND = {
    "on_street": "dept_traffic",
    "off_street": "street",
    "sidewalk": "dept_urban",
    "shop_front": "dept_urban",
    "compound": "street",
    "bike_zone": "dept_urban",
    "no_parking": "dept_traffic",
}
_LEVEL_WORDS = {"light": "轻", "heavy": "重"}
_MOST_TEXT = 300


def case_id(check_id: str, group: str) -> str:
    """Return the id of the case that the findings *group* of a check open; the same wherever it is asked."""
    return ids.derived_id("case", check_id, group)


def cases_of(
    type_name: str, check_id: str, grid: str, fields: Fields, reading: Reading | None = None
) -> list[Consequence]:
    """Return the cases that a check opens; none where its form is not known here."""
    return [
        Consequence("case", case_id(check_id, found.group), grid, _case(type_name, check_id, grid, fields, found))
        for found in cases_in(type_name, fields, reading)
    ]


def _case(type_name: str, check_id: str, grid: str, fields: Fields, found: Finding) -> Fields:
    opens = found.opens
    case: Fields = {
        "source": _source_of(fields),
        "check_id": check_id,
        "item_codes": sorted(found.items),
        "problem_class": opens.problem_class,
        "severity": found.severity,
        "case_nature": opens.nature,
        "cause": opens.cause,
        "place_text": (fields.get("target_draft") or {}).get("place"),
        "position": fields.get("position"),
        "target_id": fields.get("target_id"),
        "road_grade": fields.get("road_grade"),
        "territorial_unit": (fields.get("real_grid") or grid)[: Level.STREET],
        "real_grid": fields.get("real_grid"),
        "embargo_until": fields.get("embargo_until"),
        "functional_unit": opens.unit or UNIT_BY_KIND[fields["kind"]],
        "description": _description(type_name, fields, found),
        "found_at": fields["observed_at"],
        "campaign_ids": fields.get("campaign_ids"),
        "fixed_on_spot": _fixed_at_once(fields, found) or None,
        "photos": [photo for photo in fields.get("photos") or () if photo.get("item") in found.items],
    }
    case = {name: value for name, value in case.items() if value is not None}
    CaseSchema.complete(case)
    return case


def _fixed_at_once(fields: Fields, found: Finding) -> bool:
    """Say whether the inspector put right everything of *found* during his visit 当场整改."""
    notes = fields.get("notes") or {}
    return bool(found.items) and all((notes.get(code) or {}).get("fixed_at_once") for code in found.items)


def _source_of(fields: Fields) -> str:
    if fields.get("inspector_role") == "inspector":
        return "district_inspection"
    return "self" if fields.get("mode") == "self" else "check"


def _description(type_name: str, fields: Fields, found: Finding) -> str:
    form = FORMS[type_name, fields["form_version"]]
    notes = fields.get("notes") or {}
    said = [
        _sentence(item, fields["items"][item.code], (notes.get(item.code) or {}).get("remark"))
        for item in form.items
        if item.code in found.items
    ]
    said += [veto.zh for veto in form.vetoes if veto.code == found.group and not found.items]
    return "；".join(said)[:_MOST_TEXT]


def _sentence(item: Item, value: Any, remark: str | None) -> str:
    return f"{item.zh}{_amount(item, value)}" + (f"（{remark}）" if remark else "")


def _amount(item: Item, value: Any) -> str:
    if item.kind == "count":
        return f" {value} {item.unit}"
    if item.kind == "m2":
        return f" {value:g} 平方米"
    if item.kind == "level":
        return f"：{_LEVEL_WORDS[value]}"
    return f" {value['piles']} 堆，{value['m2']:g} 平方米" if item.kind == "piles" else ""
