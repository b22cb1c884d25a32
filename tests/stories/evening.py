"""A street office's evening, for stories: places with names, a clock to set, days to close, reports to read."""

from datetime import date
from typing import Any

from schemas.day_figures import DayFigures, from_fields
from schemas.directory import area_id
from schemas.moments import day_of, ms_of
from schemas.reports import day_report_id
from server.core.importing.wanted import Wanted
from server.usecases.bring_in import bring_in
from server.usecases.cut_off import cut_off
from server.usecases.day_digest import DayDigest, day_digest
from server.usecases.manage_calendar import Said, add_campaign
from server.usecases.note_contacts import flush_contacts
from sync_client.client import FieldClient
from tests.server.office import COMMUNITY, DISTRICT, GRID_7, GRID_8, STREET
from tests.stories.ground import shop
from tests.stories.town import Town

SATURDAY, SUNDAY, MONDAY = "2020-07-18", "2020-07-19", "2020-07-20"
NAMES = {
    DISTRICT: ("海州区", "district"), STREET: ("河北街道", "street"), COMMUNITY: ("三社区", "community"),
    GRID_7: ("七网格", "grid"), GRID_8: ("八网格", "grid"),
}  # fmt: skip


def furnished(town: Town) -> None:
    """Give the places their names, and let it be campaign time: every day is a duty day."""
    with_names(town)
    said = Said("创卫", "", town.now_ms)
    add_campaign(town.office.store, DISTRICT, "百日会战", date(2020, 7, 18), date(2020, 10, 21), said)


def with_names(town: Town) -> None:
    """Give the places their names."""
    places = [
        Wanted("area", area_id(code), code, {"code": code, "name": name, "level": level})
        for code, (name, level) in NAMES.items()
    ]
    bring_in(town.office.store, DISTRICT, places, town.now_ms)


def at(town: Town, day: str, time: str) -> None:
    """Let every clock show a time of day."""
    town.now_ms = ms_of(f"{day}T{time}:00+08:00")


def close(town: Town, day: str) -> None:
    """Close a day at half past six."""
    at(town, day, "18:30")
    flush_contacts(town.office.store)
    cut_off(town.office.store, DISTRICT, town.now_ms, town.now_ms)


def digest(town: Town, area: str = STREET) -> DayDigest:
    """Return the digest as it stands now, of whatever the office heard of."""
    flush_contacts(town.office.store)
    with town.office.store.work(DISTRICT, writing=False) as work:
        return day_digest(work, area, day_of(town.now_ms), town.now_ms)


def report(town: Town, day: str, area: str = STREET) -> dict[str, Any]:
    """Return a day report as the office holds it."""
    return town.on_server(day_report_id(area, day))


def told(fields: dict[str, Any]) -> DayFigures:
    """Return the figures of a report."""
    return from_fields(fields["figures"])


def with_shops(town: Town, count: int) -> tuple[FieldClient, list[str]]:
    """Let Li register shops in grid 7; return his tablet and their ids."""
    li = town.tablet("li")
    made = [shop(li, f"商店{n}").id for n in range(count)]
    town.sync("li")
    return li, made
