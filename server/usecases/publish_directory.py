"""
Tell the tablets who is who and who holds which area 发布目录: whatever changes people calls this.
"""

from collections import defaultdict

from schemas import grid
from schemas.directory import area_id
from schemas.grid import Level
from server.core.directory import area_entry, holders_of, person_entry
from server.core.importing.wanted import Wanted
from server.storage.people import Account
from server.storage.unit_of_work import UnitOfWork
from server.usecases.bring_in import bring_in_within
from server.values import Grant


def publish_directory(work: UnitOfWork, now_ms: int) -> None:
    """Bring the records of people and of area holders up to date, within the transaction of *work*."""
    accounts = work.people.all()
    grants: dict[str, list[Grant]] = defaultdict(list)
    for held in work.people.held():
        grants[held.person].append(held.grant)
    wanted = [
        person_entry(work.district, a.id, _said(a), [] if a.stopped_ms else grants[a.id], now_ms) for a in accounts
    ]
    bring_in_within(work, [*wanted, *_areas(work, accounts, grants, now_ms)], now_ms)


def _said(account: Account) -> dict[str, str | None]:
    return {"name": account.name, "title": account.title or None, "unit": account.unit or None}


def _areas(work: UnitOfWork, accounts: list[Account], grants: dict[str, list[Grant]], now_ms: int) -> list[Wanted]:
    working = {account.id: account.name for account in accounts if account.stopped_ms is None}
    holders = holders_of(grants, working, now_ms)
    # An area that was not brought in yet gets its holders when it is.
    known = work.records.get([area_id(area) for area in holders])
    return [
        area_entry(area, place_of(area, work.district), names)
        for area, names in holders.items()
        if area_id(area) in known
    ]


def place_of(area: str, district: str) -> str:
    """Return where the record of *area* lies: at its own code, the city's at the district's."""
    return area if len(area) >= Level.DISTRICT and grid.is_code(area) else district
