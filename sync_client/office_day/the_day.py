"""
Putting an office's day together 办公一日: what the tablet's file holds, handed to what counts it.

Nothing here needs a network; everything is seen as whoever works now may see it.
"""

from schemas import grid
from schemas.moments import day_of
from schemas.roles import Role
from schemas.sealing import reads_sealed
from sync_client.client import FieldClient
from sync_client.office_day import reading
from sync_client.office_day.device_table import devices_in
from sync_client.office_day.kept_lists import DEVICES
from sync_client.office_day.ledger import Ledger, ledger_of
from sync_client.office_day.syncing import Facts, sync_day
from sync_client.office_day.values import SyncDay
from sync_client.values import Person


class Sight:
    """
    What whoever works now answers for and may see 可见范围.

    A machine may be shared: what lies here for another of its people, or is sealed against this one, is not his.
    """

    def __init__(self, person: Person | None) -> None:
        held = [each for each in person.roles if each.role in set(Role)] if person else []
        self.areas = grid.outermost(frozenset(each.area for each in held))
        self._trusted = any(reads_sealed(Role(each.role), each.area) for each in held)

    def sees(self, code: str) -> bool:
        """Say whether he may know of what lies at *code*."""
        return grid.lies_in_any(code, self.areas) and (self._trusted or not grid.is_sealed(code))


def sight_of(client: FieldClient) -> Sight:
    """Return what whoever works now may see."""
    return Sight(client.status().person)


def sync_day_of(client: FieldClient, sight: Sight, day: str) -> SyncDay:
    """Return 今日同步 of *day* for the areas of *sight*."""
    kept, db = client.office_lists.kept(DEVICES), client.database
    return sync_day(
        Facts(
            day=day,
            areas=sight.areas,
            sees=sight.sees,
            begins_ms=reading.midnight_of(day),
            directory=reading.areas(db),
            people=reading.people(db),
            checks=reading.checks_on(db, day),
            found=reading.cases_found_on(db, day),
            devices=devices_in(kept.rows) if kept else [],
            synced_ms=client.status().last_sync_ms,
            devices_ms=kept.heard_ms if kept else None,
        )
    )


def ledger_for(client: FieldClient, sight: Sight, now_ms: int) -> Ledger:
    """Return the ledger of the areas of *sight* at *now_ms*."""
    db = client.database
    cases = (one for one in reading.open_cases(db, now_ms) if sight.sees(one.grid))
    struck_off = sum(sight.sees(place) for place in reading.struck_off_on(db, day_of(now_ms)))
    return ledger_of(cases, now_ms, struck_off)


def area_names(client: FieldClient) -> dict[str, str]:
    """Return the names of the areas that the directory knows, by their codes."""
    return {area.code: area.name for area in reading.areas(client.database)}
