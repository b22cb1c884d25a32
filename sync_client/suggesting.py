"""
Whom a case should go to 派遣建议, by the rules this tablet has read: so that a clerk without signal is offered a lead.

The office asks the same rules and knows one thing more: whether somebody has set the case's department by hand
since it was opened. Its word counts; a suggestion binds nobody either way.
"""

from collections.abc import Mapping

from schemas import grid
from schemas.directory import area_id
from schemas.dispatching import Suggestion, matter_of, rules_of, suggested_lead
from schemas.moments import day_of
from schemas.records import Fields
from schemas.units import departments, in_use, unit_id
from sync_client.client import FieldClient
from sync_client.values import Record

_PAGE = 200


def suggest_lead(tablet: FieldClient, case: Record | str, now_ms: int) -> Suggestion:
    """
    Return who should answer for *case*, by the rules of the day of *now_ms*.

    Raises:
        NoSuchRecord: The tablet does not hold it.
    """
    asked = tablet.read(case)
    target_id = asked.fields.get("target_id")
    target = tablet.read(str(target_id)) if target_id and tablet.holds(str(target_id)) else None
    matter = matter_of(asked.fields, asked.grid, target.type if target else "", target.fields if target else None)
    rules, on = rules_of(_all(tablet, "dispatch_rule")), day_of(now_ms)
    says = target.fields.get("functional_unit") if target else None
    plain = suggested_lead(asked.fields, matter, rules, on, register_says=says)
    names = _names(tablet, asked.grid, [code for code in (plain.lead, *plain.assist) if code])
    return suggested_lead(asked.fields, matter, rules, on, register_says=says, names=names)


def units_offered(tablet: FieldClient, now_ms: int) -> dict[str, str]:
    """Return the units a case may be given to, with their names, by code: departments, entered units, areas known."""
    areas = {str(one["code"]): str(one["name"]) for one in _all(tablet, "area")}
    entered = in_use(_all(tablet, "unit"), day_of(now_ms))
    return {**areas, **departments(), **{str(one["code"]): str(one["name"]) for one in entered}}


def _names(tablet: FieldClient, place: str, codes: list[str]) -> Mapping[str, str]:
    district = grid.district_of(place)
    found = {}
    for code in codes:
        for record_id in (unit_id(district, code), area_id(code)):
            if code not in found and tablet.holds(record_id):
                found[code] = str(tablet.read(record_id).fields["name"])
    return found


def _all(tablet: FieldClient, type_name: str) -> list[Fields]:
    found: list[Fields] = []
    page = tablet.find(type_name, limit=_PAGE)
    while True:
        found += [record.fields for record in page.records]
        if page.after is None:
            return found
        page = tablet.find(type_name, limit=_PAGE, after=page.after)
