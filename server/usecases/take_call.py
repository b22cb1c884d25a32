"""
Take down a call to the hotline 热线受理: when, from which number, where, what.

The case shows the number masked; the whole one lies with the reporters, where the office alone looks it up.
"""

import secrets
from dataclasses import dataclass

from schemas import grid, ids
from schemas.cases import PROBLEM_CLASSES
from schemas.directory import area_id
from schemas.explain import fault
from schemas.moments import instant
from schemas.problems import Refusal
from schemas.records import Fields
from schemas.roles import Role
from server.core import admission
from server.core.importing.wanted import Wanted
from server.core.sources.masking import masked, without_numbers
from server.storage.public_reports import Reporter
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.at_the_desk import Desk, signer_of, told_at_once
from server.usecases.bring_in import bring_in_within

HOTLINE = "hotline"
MAX_TEXT, MAX_PLACE = 300, 120
#: A call is taken down while it is remembered.
_LATEST_MS = 30 * 24 * 3600 * 1000
#: A clock in the office may be a little ahead.
_AHEAD_MS = 5 * 60 * 1000
_TAKERS = (Role.STREET, Role.DISTRICT_OFFICE)


@dataclass(frozen=True, slots=True)
class Call:
    """
    One call.

    Attributes:
        at_ms: When it came.
        number: The caller's, as typed; None where it was withheld.
        grid: Where the problem is, a code of the district or below.
    """

    at_ms: int
    number: str | None
    grid: str
    place: str | None
    text: str
    problem_class: str = "other"


def take_call(store: Store, desk: Desk, person: str | None, call: Call, now_ms: int) -> str:
    """
    Make a case of *call*, taken down by *person*, and return its id.

    Raises:
        Refusal: ``invalid_request``; ``not_allowed`` for whoever is of no office there; or as ``signer_of``.
    """
    if not now_ms - _LATEST_MS <= call.at_ms <= now_ms + _AHEAD_MS:
        raise Refusal("invalid_request", fault("range", "来电时间应在近 30 天内", "must lie within 30 days", "at"))
    with told_at_once():
        signer = signer_of(desk, person)
        if not any(admission.holds(signer, role, call.grid, now_ms) for role in _TAKERS):
            raise Refusal("outside_area", grid=call.grid)
    case = ids.uuid7(now_ms, secrets.token_bytes(10))
    caller = Reporter(case, HOTLINE, call.number, signer.id, call.at_ms) if call.number else None
    retrying(lambda: _write(store, desk.district, case, call, caller, now_ms))
    return case


def _write(store: Store, district: str, case: str, call: Call, caller: Reporter | None, now_ms: int) -> None:
    with store.work(district) as work:
        _check_place(work, call.grid)
        if caller is not None:
            work.public_reports.add_reporter(caller)
        [filed] = bring_in_within(work, [Wanted("case", case, call.grid, _fields(call))], now_ms)
        if filed.errors:
            raise Refusal("invalid_request", filed.errors)
        work.commit()


def _check_place(work: UnitOfWork, place: str) -> None:
    known = place == work.district or bool(work.records.get([area_id(place)]))
    if not known or grid.is_sealed(place) or not grid.lies_in(place, work.district):
        raise Refusal("invalid_request", fault("unknown", "没有这个区划", "is no place of ours", "grid"))


def _fields(call: Call) -> Fields:
    fields: Fields = {
        "source": HOTLINE,
        "source_no": masked(call.number) if call.number else None,
        "found_at": instant(call.at_ms),
        "problem_class": call.problem_class,
        "severity": PROBLEM_CLASSES[call.problem_class].severity,
        "description": without_numbers(call.text),
        "place_text": without_numbers(call.place) if call.place else None,
        "territorial_unit": call.grid[: grid.Level.STREET] if len(call.grid) >= grid.Level.STREET else None,
    }
    return {name: value for name, value in fields.items() if value is not None}
