"""
Who answers for one place by name, from when to when 路段长、责任人任期: whoever comes after ends whoever was before.
"""

from datetime import date, timedelta

from schemas import ids
from schemas.explain import unstorable
from schemas.records import Fields
from schemas.units import HOLDING_ROLES, holds_on
from server.core.admission import REGISTERS
from server.core.importing.wanted import Filed, Wanted
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.bring_in import bring_in_within
from server.usecases.manage_people import find_person
from server.usecases.mistakes import Mistake
from server.values import Record

_ID_LENGTH = 36


def set_holding(
    store: Store, district: str, target: str, person: str, role: str, first: date, last: date | None, now_ms: int
) -> Filed:
    """
    Let *person* answer for *target* from the day *first* to *last*; whoever did so far ends on the day before.

    Args:
        target: A register entry's number or id.
        person: A name, a staff number or an id.
        role: A key of ``HOLDING_ROLES``.

    Raises:
        Mistake: there is no such place, or more than one; nobody goes by that name; it ends before it begins.
    """
    if role not in HOLDING_ROLES:
        raise Mistake(f"没有责任身份“{role}”。", f"There is no such role: '{role}'.")
    if last is not None and last < first:
        raise Mistake("结束早于开始。", "It ends before it begins.")

    def attempt() -> Filed:
        with store.work(district) as work:
            place, holder = find_place(work, target), find_person(work, person).id
            said: Fields = {"target_id": place.id, "person": holder, "role": role, "valid_from": first.isoformat()}
            said |= {"valid_to": last.isoformat()} if last else {}
            new = Wanted("holding", ids.derived_id("holding", place.id, holder, said["valid_from"]), place.grid, said)
            filed = bring_in_within(work, [new, *_ending(work, place, new, first)], now_ms)[0]
            for errors in (filed.errors or {}).values():
                raise Mistake(f"{errors[0]['zh']}。", f"{errors[0]['en']}.")
            work.commit()
        return filed

    return retrying(attempt)


def find_place(work: UnitOfWork, text: str) -> Record:
    """
    Return the register entry that goes by *text*: its id or its number.

    Raises:
        Mistake: there is none, or its number stands in registers of several kinds.
    """
    wanted = {text} if len(text) == _ID_LENGTH and not unstorable(text) else set()
    for kind in () if unstorable(text) else sorted(REGISTERS):
        wanted |= set(work.records.ids_by_code(kind, [text]).values())
    found = [r for r in work.records.get(wanted).values() if r.type in REGISTERS and not r.void]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Mistake(f"没有编号为“{text}”的登记。", f"No register entry goes by '{text}'.")
    raise Mistake(
        f"编号“{text}”有 {len(found)} 处，请用记录编号指明。", f"{len(found)} entries have the number '{text}'."
    )


def _ending(work: UnitOfWork, place: Record, new: Wanted, first: date) -> list[Wanted]:
    """Return the holdings of *place* that go on beyond the day before *first*, ended on it."""
    before = (first - timedelta(1)).isoformat()
    held = work.records.about([place.id], 0, lock=True).values()
    return [
        Wanted("holding", one.id, one.grid, {"valid_to": before})
        for one in sorted(held, key=lambda one: one.id)
        if one.type == "holding" and one.id != new.id and not one.void
        and holds_on(one.fields, new.fields["valid_from"]) and one.fields["valid_from"] <= before
    ]  # fmt: skip
