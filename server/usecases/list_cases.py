"""
List, search and count the ledger's cases 台账清单: what a desk may read, page by page.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from schemas import grid
from schemas.explain import fault
from schemas.initials import folded
from schemas.lights import LIGHTS, Light
from schemas.moments import ms_of
from schemas.numbers import as_given
from schemas.problems import Refusal
from schemas.workflow import CASE
from server.core.desk import reading
from server.core.desk.cases import ListedCase, listed, named_in
from server.core.desk.reach import Reach, reach_of, reads
from server.storage.ledger_lists import Counted, Scope, Sort, Wanted, key_of
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk
from server.usecases.name_units import unit_names
from server.values import Record

MAX_LIMIT = 200
MAX_AFTER = 200
#: At most so many words are looked for at once.
_MOST_WORDS = 5
#: So much of an id names a case, and of so many that it may begin the office is told.
_LEAST, _SEVERAL = 4, 10
_DAY_MS = 24 * 3_600_000
_ID = re.compile(r"[0-9a-f-]{36}", re.ASCII)
_NUMERIC = frozenset({"found", "oldest", "due", "closed", "returns"})


@dataclass(frozen=True, slots=True)
class Sought:
    """
    Which cases are looked for; nothing given: any.

    Attributes:
        area: In this area only.
        states, lights, classes, severities, sources, leads, owner: Of one of these.
        found, due, closed: The first and the last day, 2020-07-18, either of them open (None).
        overdue, returned: Only those that are, that ever were.
        void: Those that were voided, instead of all others.
        text: Words of number, place and description, or their pinyin initials; all of them.
        after: What the page before gave; opaque.
    """

    area: str | None = None
    states: tuple[str, ...] = ()
    lights: tuple[Light, ...] = ()
    classes: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()
    owner: str | None = None
    found: tuple[str | None, str | None] = (None, None)
    due: tuple[str | None, str | None] = (None, None)
    closed: tuple[str | None, str | None] = (None, None)
    overdue: bool = False
    returned: bool = False
    void: bool = False
    text: str | None = None
    sort: Sort = "found"
    limit: int = 50
    after: str | None = None


class CasePage(Struct, frozen=True):
    """One page of the ledger; ``after`` asks for the next one, null where there is none."""

    cases: list[ListedCase]
    after: str | None


class StateCount(Struct, frozen=True):
    """How many cases are in one state, and of them under each light."""

    state: str
    zh: str
    cases: int
    lights: dict[str, int]


class CaseCounts(Struct, frozen=True):
    """How many cases there are: in all, in each state, under each light, and not struck off yet."""

    cases: int
    open: int
    states: list[StateCount]
    lights: dict[str, int]


def list_cases(work: UnitOfWork, desk: Desk, sought: Sought, now_ms: int) -> CasePage:
    """
    Return the cases that *desk* may read, as far as they are *sought*.

    Args:
        work: For reading; needs no transaction.

    Raises:
        Refusal: ``outside_area`` for an area of which the desk reads nothing; ``invalid_request`` for an
            ``after`` that is none of ours.
    """
    rows = work.ledger_lists.find(wanted(desk, sought, now_ms))
    page, more = rows[: sought.limit], len(rows) > sought.limit
    records = work.records.get([row.id for row in page])
    found = [records[row.id] for row in page if row.id in records]
    names = names_for(work, found)
    after = _written(sought.sort, key_of(page[-1], sought.sort), page[-1].id) if more else None
    return CasePage([listed(record, names, now_ms) for record in found], after)


def count_cases(work: UnitOfWork, desk: Desk, sought: Sought, now_ms: int) -> CaseCounts:
    """
    Return how many cases *desk* may read, as far as they are *sought*, by state and light.

    Raises:
        Refusal: As ``list_cases``.
    """
    return counts_of(work.ledger_lists.count(wanted(desk, sought, now_ms)))


def counts_of(counted: Iterable[Counted]) -> CaseCounts:
    """Return counted cases by state, in the order of the workflow, and by light."""
    by_state: dict[str, dict[str, int]] = {state: dict.fromkeys(LIGHTS, 0) for state in CASE.states}
    for status, light, cases in counted:
        by_state.setdefault(status, dict.fromkeys(LIGHTS, 0))[light] += cases
    states = [
        StateCount(state, CASE.states.get(state, state), sum(lights.values()), lights)
        for state, lights in by_state.items()
    ]
    lights: dict[str, int] = {light: sum(one.lights[light] for one in states) for light in LIGHTS}
    over = sum(one.cases for one in states if one.state in CASE.final)
    cases = sum(lights.values())
    return CaseCounts(cases, cases - over, states, lights)


def reach(desk: Desk, now_ms: int) -> tuple[Reach, ...]:
    """Return which cases the people of *desk* may read now."""
    return (Reach(desk.district),) if desk.whole else reach_of(desk.people.values(), now_ms)


def found_case(work: UnitOfWork, desk: Desk, case: str, now_ms: int) -> Record:
    """
    Return the case with the id *case*.

    Raises:
        Refusal: ``case_unknown``; nobody learns of what lies beyond his areas.
    """
    record = work.records.get([case]).get(case)
    if record is None or not is_readable(desk, record, now_ms):
        raise Refusal("case_unknown")
    return record


def is_readable(desk: Desk, record: Record, now_ms: int) -> bool:
    """Say whether *record* is a case that *desk* may read."""
    return record.type == CASE.name and reads(reach(desk, now_ms), record.grid, record.fields)


def named_cases(work: UnitOfWork, desk: Desk, typed: str, now_ms: int) -> list[str]:
    """Return the ids of what *desk* may read and people mean by *typed*: a number, or the beginning of an id."""
    numbered = work.ledger.named(as_given(typed), typed.lower() if len(typed) >= _LEAST else None, _SEVERAL)
    records = work.records.get(numbered)
    mine = reach(desk, now_ms)
    return sorted(i for i, one in records.items() if reads(mine, one.grid, one.fields))


def names_for(work: UnitOfWork, cases: Iterable[Record]) -> Mapping[str, str]:
    """Return what everybody and everything that *cases* name is called: people, other records, units."""
    told = [named_in(record.fields) for record in cases]
    ids, units = {i for one, _ in told for i in one}, {code for _, one in told for code in one}
    people = work.people.names(ids)
    beside = work.records.get(ids - people.keys()) if ids - people.keys() else {}
    called = {one.id: reading.called(one) for one in beside.values()}
    return called | people | (unit_names(work, units) if units else {})


def wanted(desk: Desk, sought: Sought, now_ms: int) -> Wanted:
    """
    Return what is asked of the ledger.

    Raises:
        Refusal: As ``list_cases``.
    """
    scopes = reach(desk, now_ms)
    if sought.area is not None and not any(_touch(sought.area, one.area) for one in scopes):
        raise Refusal("outside_area", grid=sought.area)
    return Wanted(
        scopes=tuple(Scope(*one) for one in scopes),
        now_ms=now_ms,
        areas=(sought.area,) if sought.area else (),
        states=sought.states,
        lights=sought.lights,
        classes=sought.classes,
        severities=sought.severities,
        sources=sought.sources,
        leads=sought.leads,
        owner=sought.owner,
        found=_between(sought.found),
        due=_between(sought.due),
        closed=_between(sought.closed),
        overdue=sought.overdue,
        returned=sought.returned,
        void=sought.void,
        words=tuple(folded(sought.text or "").split()[:_MOST_WORDS]),
        sort=sought.sort,
        after=None if sought.after is None else _place(sought.after, sought.sort),
        limit=sought.limit + 1,
    )


def _touch(one: str, other: str) -> bool:
    return grid.lies_in(one, other) or grid.lies_in(other, one)


def _between(days: tuple[str | None, str | None]) -> tuple[int | None, int | None]:
    """Return from when until before when; the last day counts whole."""
    first, last = (None if day is None else ms_of(f"{day}T00:00:00+08:00") for day in days)
    return first, None if last is None else last + _DAY_MS


def _written(sort: Sort, key: int | str, case: str) -> str:
    return urlsafe_b64encode(msgspec.json.encode((sort, key, case))).decode().rstrip("=")


def _place(after: str, sort: Sort) -> tuple[int | str, str]:
    """Return behind what the page begins; what was given for another order is none of it."""
    try:
        text = urlsafe_b64decode(after.encode("ascii") + b"=" * (-len(after) % 4))
        order, key, case = msgspec.json.decode(text, type=tuple[str, int | str, str])
    except (ValueError, msgspec.MsgspecError):
        order, key, case = "", 0, ""
    fits = isinstance(key, int) and abs(key) < 1 << 62 if sort in _NUMERIC else isinstance(key, str)
    if order != sort or not fits or not _ID.fullmatch(case) or "\0" in str(key):
        raise Refusal(
            "invalid_request", fault("cursor", "应为上一页给出的 after", "must be the after of a page", "after")
        )
    return key, case
