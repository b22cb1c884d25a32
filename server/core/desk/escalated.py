"""
Proposals of escalation as people read them, and who may decide on them 升级建议.

Pure. A proposal acts on nothing: an order is issued, a talk is called by a person, in the ordinary way. Those of
levels 3 and 4 are read by the district alone until its office has signed them.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from msgspec import Struct

from schemas import grid
from schemas.cases import PROBLEM_CLASSES
from schemas.moments import day_of
from schemas.roles import Role
from server.core.clocks.calendar import Calendar, day_on, index_of
from server.core.clocks.deadlines import LEVELS
from server.core.desk import reading
from server.core.desk.cases import Called, Moment
from server.core.desk.reach import Reach, reach_of
from server.core.desk.reading import Names
from server.values import Person

Verdict = Literal["sign", "dismiss"]
STATES = {"proposed": "待处理", "signed": "已签批", "dismissed": "不采纳", "fallen": "已失效"}
Ended = Literal["signed", "dismissed"]
VERDICTS: Mapping[Verdict, tuple[Ended, str, str]] = {
    "sign": ("signed", "签批升级建议", "sign an escalation"),
    "dismiss": ("dismissed", "不采纳升级建议", "dismiss an escalation"),
}
_ABOVE = frozenset({Role.DISTRICT_OFFICE, Role.INSPECTOR, Role.LEADING_GROUP})
_OFFICES = _ABOVE | {Role.STREET, Role.DEPARTMENT}
#: Who reads the proposals of each level; those that were signed are read by the offices they concern, too.
READS: Mapping[int, frozenset[Role]] = {1: _OFFICES | {Role.COMMUNITY}, 2: _OFFICES, 3: _ABOVE, 4: _ABOVE}
READS_SIGNED: Mapping[int, frozenset[Role]] = {3: _OFFICES}
#: Who decides. Nobody below the district dismisses a proposal about himself; the first level is a reminder only.
DECIDES: Mapping[Verdict, Mapping[int, frozenset[Role]]] = {
    "sign": {
        1: frozenset({Role.COMMUNITY, Role.STREET, Role.DEPARTMENT, Role.DISTRICT_OFFICE}),
        2: frozenset({Role.STREET, Role.DEPARTMENT, Role.DISTRICT_OFFICE}),
        3: frozenset({Role.DISTRICT_OFFICE}),
        4: frozenset({Role.DISTRICT_OFFICE}),
    },
    "dismiss": {
        1: frozenset({Role.STREET, Role.DISTRICT_OFFICE}),
        2: frozenset({Role.DISTRICT_OFFICE}),
        3: frozenset({Role.DISTRICT_OFFICE}),
        4: frozenset({Role.DISTRICT_OFFICE}),
    },
}


class About(NamedTuple):
    """
    What a proposal is about, as it stands; of level 4 the ``unit`` alone.

    Attributes:
        overdue: How long it is overdue now, in two languages; None: it is not.
    """

    unit: str | None
    case: str | None = None
    place: str | None = None
    functional_unit: str | None = None
    number: str | None = None
    problem_class: str | None = None
    place_text: str | None = None
    overdue: tuple[str, str] | None = None


class OrderDraft(Struct, frozen=True):
    """The fields of an ``order`` (督办单) as a person may issue it, or change it before."""

    kind: str
    to_unit: str
    case_ids: list[str]
    text: str
    issued_on: str
    reply_due: str


class ListedEscalation(Struct, frozen=True):
    """
    One proposal 升级建议.

    Attributes:
        turn: The how-manieth time the level was reached.
        state: ``proposed``, ``signed``, ``dismissed``, or ``fallen``: the case was put right or the date moved.
        proposes_zh, proposes_en: What the level proposes.
        case, number, grid, class_zh, place: The case; null of level 4, which is about a unit.
        to: To whom it is put: the lead unit, the street or department, the district.
        why_zh, why_en: Why the level was reached, as it was noticed; overdue_zh, overdue_en: as it is now.
        by, at, reason: Who ended it, when and why.
        order: A draft to issue; level 2 only, while it is open.
        may_sign, may_dismiss: Which people of the device may.
    """

    id: str
    level: int
    turn: int
    state: str
    state_zh: str
    proposes_zh: str
    proposes_en: str
    case: str | None
    number: str | None
    grid: str | None
    class_zh: str | None
    place: str | None
    unit: Called | None
    to: Called | None
    since: Moment
    noticed: Moment
    why_zh: str
    why_en: str
    overdue_zh: str | None
    overdue_en: str | None
    by: Called | None
    at: Moment | None
    reason: str | None
    order: OrderDraft | None
    may_sign: list[str]
    may_dismiss: list[str]


class Kept(NamedTuple):
    """One proposal as it is kept; times in milliseconds."""

    id: str
    level: int
    turn: int
    state: str
    since_ms: int
    noticed_ms: int
    why_zh: str
    why_en: str
    by: str | None
    at_ms: int | None
    reason: str | None


def scopes(people: Iterable[Person], now_ms: int, reads: Mapping[int, frozenset[Role]]) -> dict[int, tuple[Reach, ...]]:
    """Return which cases' proposals *people* may read by level, as *reads* has it."""
    listed = list(people)
    return {level: tuple(reach_of(_only(listed, roles), now_ms)) for level, roles in reads.items()}


def may(verdict: Verdict, level: int, person: Person, about: About, now_ms: int) -> bool:
    """Say whether *person* may sign or dismiss a proposal of *level*."""
    return _covers(_only([person], DECIDES[verdict][level]), about, now_ms)


def may_read(level: int, state: str, people: Iterable[Person], about: About, now_ms: int) -> bool:
    """Say whether one of *people* may read a proposal."""
    roles = READS[level] | (READS_SIGNED.get(level, frozenset()) if state == "signed" else frozenset())
    return _covers(_only(people, roles), about, now_ms)


def addressee(level: int, district: str, about: About) -> str | None:
    """Return the unit to which a proposal is put: the lead; its street, or the department itself; the district."""
    if level == 1 or about.unit is None:
        return about.unit
    if level != 2:
        return district
    return about.unit[: grid.Level.STREET] if grid.is_code(about.unit) else about.unit


def draft(about: About, why_zh: str, now_ms: int, calendar: Calendar) -> OrderDraft | None:
    """Return an order to be issued about a case 督办单草稿, to be answered within a working day; None: to nobody."""
    if about.unit is None or about.case is None:
        return None
    called = about.number or about.case
    what = "，".join(part for part in (_class_zh(about), about.place_text) if part)
    late = about.overdue[0] if about.overdue else why_zh
    text = f"问题 {called}（{what}）{late}。请立即组织整改，并按时限书面回复整改情况。"
    issued = day_of(now_ms)
    return OrderDraft("supervision", about.unit, [about.case], text, issued, _next_working_day(calendar, now_ms))


def told(
    kept: Kept,
    about: About,
    district: str,
    names: Names,
    order: OrderDraft | None,
    people: Iterable[Person],
    now_ms: int,
) -> ListedEscalation:
    """Return a proposal as it is read; *names* knows people by id and units by code."""
    open_, listed = kept.state == "proposed", list(people)
    deciders: dict[Verdict, list[str]] = {
        verdict: [one.id for one in listed if open_ and may(verdict, kept.level, one, about, now_ms)]
        for verdict in VERDICTS
    }
    overdue_zh, overdue_en = about.overdue or (None, None)
    proposes_zh, proposes_en = LEVELS[kept.level]
    return ListedEscalation(
        kept.id, kept.level, kept.turn, kept.state, STATES[kept.state], proposes_zh, proposes_en, about.case,
        about.number, about.place, _class_zh(about), about.place_text, _called(about.unit, names),
        _called(addressee(kept.level, district, about), names), _moment(kept.since_ms), _moment(kept.noticed_ms),
        kept.why_zh, kept.why_en, overdue_zh if open_ else None, overdue_en if open_ else None,
        _called(kept.by, names), None if kept.at_ms is None else _moment(kept.at_ms), kept.reason,
        order if open_ else None, deciders["sign"], deciders["dismiss"],
    )  # fmt: skip


def _only(people: Iterable[Person], roles: frozenset[Role]) -> list[Person]:
    """Return *people* with those of their grants only that are of one of *roles*."""
    return [
        Person(one.id, one.name, tuple(grant for grant in one.grants if grant.role in roles), one.stopped_ms)
        for one in people
    ]


def _covers(people: Iterable[Person], about: About, now_ms: int) -> bool:
    reach = reach_of(people, now_ms)
    if about.case is None:
        return bool(reach)
    units = {about.unit, about.functional_unit}
    place = about.place or ""
    return any(grid.lies_in(place, area) and (unit is None or unit in units) for area, unit, _ in reach)


def _next_working_day(calendar: Calendar, now_ms: int) -> str:
    days = calendar.working
    return day_on(days.nth[days.before[index_of(now_ms) + 1]]).isoformat()


def _class_zh(about: About) -> str | None:
    known = PROBLEM_CLASSES.get(about.problem_class or "")
    return known.zh if known else about.problem_class


def _called(id_: str | None, names: Names) -> Called | None:
    return Called(id_, names.get(id_)) if id_ else None


def _moment(ms: int) -> Moment:
    return Moment(reading.moment(ms), ms)
