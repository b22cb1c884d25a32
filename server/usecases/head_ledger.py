"""
What stands above a ledger that leaves the office 台账抬头: the campaign's title, who filled it in, of which period.
"""

from schemas import grid
from schemas.directory import area_id
from schemas.moments import day_of
from schemas.roles import Role
from server.core.exporting import widest
from server.reports.ledger_rows import at_minute
from server.reports.ledger_xlsx import Heading
from server.storage.unit_of_work import UnitOfWork
from server.usecases.list_cases import Sought
from server.usecases.name_units import unit_names
from server.values import Person

#: What people call the seeking of each title.
_SEEKING = {
    "hygienic_city": "创卫",
    "civilized_city": "创城",
    "garden_city": "创园",
    "forest_city": "创森",
    "environment_city": "创模",
}
_OFFICES = {Role.DISTRICT_OFFICE: "创卫办", Role.INSPECTOR: "督查组", Role.LEADING_GROUP: "创卫工作领导小组"}


def heading_of(work: UnitOfWork, district_name: str, signer: Person, sought: Sought, now_ms: int) -> Heading:
    """
    Return what stands above the ledger that *signer* takes out.

    Args:
        signer: With those grants under which he takes it.
    """
    title = f"{district_name}{_campaign(work, now_ms)}问题整改台账"
    return Heading(title, _unit(work, district_name, signer, sought), at_minute(now_ms), _period(sought, now_ms))


def _campaign(work: UnitOfWork, now_ms: int) -> str:
    """Return how the campaign of the day is called, 创卫“百日会战”; where there is none, what is sought."""
    today = day_of(now_ms)
    known = [one for one in work.records.of_types({"campaign"}) if not one.void and not one.fields.get("part_of")]
    begun = [one.fields for one in known if one.fields["start_on"] <= today]
    running = [one for one in begun if not one.get("end_on") or today <= one["end_on"]]
    latest = max(running or begun, key=lambda fields: (fields["start_on"], fields["name"]), default=None)
    if latest is None:
        return _SEEKING["hygienic_city"]
    seeking = _SEEKING.get(latest["kind"], "")
    name = str(latest["name"]).removeprefix(seeking).strip('“”"')
    return f"{seeking}“{name}”" if name else seeking


def _unit(work: UnitOfWork, district_name: str, signer: Person, sought: Sought) -> str:
    role, area, unit = widest(signer)
    if role in _OFFICES and len(area) <= grid.Level.DISTRICT:
        filled = f"{district_name}{_OFFICES[role]}"
    elif unit is not None:
        filled = unit_names(work, [unit]).get(unit, unit)
    else:
        filled = _called(work, area, district_name)
    asked = sought.area
    return filled if asked in (None, area) else f"{filled}（{_called(work, str(asked), district_name)}）"


def _called(work: UnitOfWork, code: str, district_name: str) -> str:
    if code == work.district:
        return district_name
    found = work.records.get([area_id(code)]).get(area_id(code))
    return str(found.fields["name"]) if found is not None and not found.void else code


def _period(sought: Sought, now_ms: int) -> str:
    first, last = sought.found
    said = f"{first} 至 {last or day_of(now_ms)}" if first else f"截至 {last or day_of(now_ms)}"
    return f"{said}（按条件筛选）" if _narrowed(sought) else said


def _narrowed(sought: Sought) -> bool:
    """Say whether less is asked for than all of an area and a period."""
    chosen = (sought.states, sought.lights, sought.classes, sought.severities, sought.sources, sought.leads)
    days = (*sought.due, *sought.closed)
    single = (sought.owner, sought.overdue, sought.returned, sought.void, sought.text)
    return any(chosen) or any(days) or any(single)
