"""
List proposals of escalation 升级建议清单: what a desk may read, the gravest first, page by page.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from schemas import grid
from schemas.explain import fault
from schemas.problems import Refusal
from schemas.roles import Role
from server.core.clocks.working import overdue_by
from server.core.desk import escalated
from server.core.desk.escalated import About, Kept, ListedEscalation
from server.core.desk.reach import Reach
from server.storage.escalations import Proposal, State, Wanted
from server.storage.ledger import LedgerRow
from server.storage.ledger_lists import Scope
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk
from server.usecases.name_units import unit_names
from server.usecases.read_calendar import read_calendar
from server.usecases.review_escalations import standing_of
from server.values import CaseTimes, Person

MAX_LIMIT = 200
MAX_AFTER = 200
#: Levels are asked for by their numbers.
LEVELS = (1, 2, 3, 4)
_ALL: tuple[State, ...] = ("proposed", "signed", "dismissed", "fallen")
_ID_LENGTH = 36
_WITH_ORDER = 2
Found = tuple[Proposal, LedgerRow | None]


@dataclass(frozen=True, slots=True)
class Sought:
    """
    Which proposals are looked for.

    Attributes:
        levels: Of these levels; none: of all.
        state: Open by default; "all" for whatever became of them.
        area: The case lies here.
        after: What the page before gave; opaque.
    """

    levels: tuple[int, ...] = ()
    state: str = "proposed"
    area: str | None = None
    limit: int = 50
    after: str | None = None


class EscalationPage(Struct, frozen=True):
    """One page of the list; ``after`` asks for the next one, null where there is none."""

    escalations: list[ListedEscalation]
    after: str | None


def list_escalations(work: UnitOfWork, desk: Desk, sought: Sought, now_ms: int) -> EscalationPage:
    """
    Return the proposals that *desk* may read, as far as they are *sought*.

    Args:
        work: For reading; needs no transaction.

    Raises:
        Refusal: ``outside_area`` for an area of which the desk reads nothing; ``invalid_request`` for an
            ``after`` that is none of ours.
    """
    rows = work.escalations.find(_wanted(desk, sought, now_ms))
    page, more = rows[: sought.limit], len(rows) > sought.limit
    return EscalationPage(laid(work, desk, page, now_ms), _written(page[-1][0]) if more else None)


def laid(work: UnitOfWork, desk: Desk, found: Sequence[Found], now_ms: int) -> list[ListedEscalation]:
    """Return proposals as *desk* reads them."""
    times = work.case_clocks.of([row.id for _, row in found if row is not None])
    calendar = read_calendar(work)
    about = {one.id: about_of(work, one, row, times, now_ms) for one, row in found}
    names = dict(work.people.names({one.by for one, _ in found if one.by}))
    names |= unit_names(work, _units(about.values(), desk.district))
    told = []
    for one, _ in found:
        order = escalated.draft(about[one.id], one.why_zh, now_ms, calendar) if one.level == _WITH_ORDER else None
        people: Iterable[Person] = desk.people.values()
        told.append(escalated.told(kept(one), about[one.id], desk.district, names, order, people, now_ms))
    return told


def about_of(
    work: UnitOfWork, proposal: Proposal, row: LedgerRow | None, times: dict[str, CaseTimes], now_ms: int
) -> About:
    """Return what *proposal* is about, as it stands."""
    if row is None:
        return About(unit=proposal.about)
    known = times.get(row.id)
    standing = standing_of(row, known)
    overdue = None
    if standing is not None and standing.runs and standing.due_ms is not None and known is not None and known.term:
        overdue = overdue_by(read_calendar(work), standing.due_ms, now_ms, known.term.limit[1])
    return About(
        row.lead, row.id, row.grid, row.functional_unit, row.case_no, row.problem_class,
        known.place_text if known else None, (overdue.zh, overdue.en) if overdue else None,
    )  # fmt: skip


def kept(proposal: Proposal) -> Kept:
    """Return *proposal* as it is told."""
    return Kept(*(getattr(proposal, name) for name in Kept._fields))


def _wanted(desk: Desk, sought: Sought, now_ms: int) -> Wanted:
    if desk.whole:
        scopes: dict[int, tuple[Scope, ...]] = {level: (Scope(desk.district),) for level in LEVELS}
        signed: dict[int, tuple[Scope, ...]] = {}
    else:
        scopes, signed = (_scopes(desk, now_ms, reads) for reads in (escalated.READS, escalated.READS_SIGNED))
    _check_area(sought.area, [one for by_level in (scopes, signed) for of in by_level.values() for one in of])
    return Wanted(
        scopes,
        signed,
        levels=sought.levels,
        states=tuple(state for state in _ALL if sought.state in (state, "all")),
        areas=(sought.area,) if sought.area else (),
        after=None if sought.after is None else _place(sought.after),
        limit=sought.limit + 1,
    )


def _scopes(desk: Desk, now_ms: int, reads: Mapping[int, frozenset[Role]]) -> dict[int, tuple[Scope, ...]]:
    found: dict[int, tuple[Reach, ...]] = escalated.scopes(desk.people.values(), now_ms, reads)
    return {level: tuple(Scope(*one) for one in reach) for level, reach in found.items()}


def _check_area(area: str | None, scopes: Iterable[Scope]) -> None:
    if area is not None and not any(grid.lies_in(area, one.area) or grid.lies_in(one.area, area) for one in scopes):
        raise Refusal("outside_area", grid=area)


def _units(about: Iterable[About], district: str) -> set[str]:
    units = {unit for one in about for unit in (one.unit,) if unit}
    return units | {unit[: grid.Level.STREET] for unit in units if grid.is_code(unit)} | {district}


def _written(proposal: Proposal) -> str:
    place = (proposal.level, proposal.since_ms, proposal.id)
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _place(after: str) -> tuple[int, int, str]:
    try:
        text = urlsafe_b64decode(after.encode("ascii") + b"=" * (-len(after) % 4))
        level, since_ms, id_ = msgspec.json.decode(text, type=tuple[int, int, str])
    except (ValueError, msgspec.MsgspecError):
        level, since_ms, id_ = 0, 0, ""
    if level not in LEVELS or abs(since_ms) >= 1 << 62 or len(id_) != _ID_LENGTH or "\0" in id_:
        raise Refusal(
            "invalid_request", fault("cursor", "应为上一页给出的 after", "must be the after of a page", "after")
        )
    return level, since_ms, id_
