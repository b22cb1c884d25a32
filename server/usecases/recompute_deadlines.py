"""
Reckon the open cases' deadlines anew 重新推算时限, after the calendar or a limit was changed.

First it is shown what would change. What is written is an amendment in each case's history, with the reason, and
whoever has the case in hand is told.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple

import msgspec

from schemas.cases import Limit
from schemas.clock import Clock, Received
from schemas.ids import derived_id
from schemas.lights import RUNNING
from schemas.records import Fields
from schemas.roles import Role
from schemas.rules import Candidate
from server.core import machine
from server.core.clocks.deadlines import Term
from server.core.clocks.recomputing import Recomputing
from server.core.decisions import Decision, note
from server.core.intake import Intake
from server.core.timekeeping import told
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.file_intake import file_intake
from server.usecases.manage_people import find_person
from server.usecases.mistakes import Mistake
from server.usecases.read_calendar import read_calendar, read_limits
from server.values import PENDING, Author, CaseTimes, Person, Record

#: Cases a transaction; tablets sync between two of them.
CHUNK = 200
INSTALL = "recompute"
RECALCULATED = "recalculated"
_GIVEN_OUT = frozenset({"dispatch", "reassign"})


class Moved(NamedTuple):
    """One case whose deadline moves; times in milliseconds, limits as they were and are."""

    id: str
    number: str | None
    place: str | None
    lead: str | None
    was_ms: int
    due_ms: int
    was_limit: Limit
    limit: Limit


class Why(NamedTuple):
    """Why deadlines are reckoned anew, and in whose name (id, staff number or name; empty: the operator)."""

    reason: str
    by: str = ""


def would_move(store: Store, district: str) -> list[Moved]:
    """Return the open cases whose deadline another calendar or limit moves; nothing is written."""
    with store.work(district, writing=False) as work:
        reckoning = _reckoning(work)
        return [
            _moved(one.id, one.grid, one.times, term)
            for batch in work.case_clocks.in_states(RUNNING)
            for one in batch
            if (term := reckoning.anew(one.times)) is not None
        ]


def recompute_deadlines(
    store: Store, district: str, why: Why, now_ms: int, progress: Callable[[int], None] = lambda _done: None
) -> list[Moved]:
    """
    Move the deadlines that ``would_move``, ``CHUNK`` cases a transaction, and return those that did.

    An interrupted run is simply run again: what has been moved moves no further.

    Args:
        progress: Told how many cases are done, after each transaction.

    Raises:
        Mistake: no reason is given, or it is in the name of somebody who is not of the district's office.
    """
    if not why.reason.strip():
        raise Mistake("请用 --reason 写明依据。", "Give the reason with --reason.")
    with store.work(district, writing=False) as work:
        signer = _signer(work, why.by, now_ms)
    done: list[Moved] = []
    for chunk in _chunks(one.id for one in would_move(store, district)):
        done += retrying(partial(_attempt, store, district, chunk, signer, why.reason.strip(), now_ms))
        progress(len(done))
    return done


def _attempt(
    store: Store, district: str, ids: Sequence[str], signer: Person | None, reason: str, now_ms: int
) -> list[Moved]:
    with store.work(district) as work:
        writing = _Writing(work, ids, signer, reason, now_ms)
        moved = [one for record in writing.records() if (one := writing.move(record)) is not None]
        if moved:
            file_intake(work, writing.intake, INSTALL, 0)  # numbers are taken here, last
            work.commit()
    return moved


class _Writing:
    """One transaction's worth of cases, locked, and who moves their deadlines."""

    def __init__(self, work: UnitOfWork, ids: Sequence[str], signer: Person | None, reason: str, now_ms: int) -> None:
        self._found = work.records.locked(ids)
        self._reckoning = _reckoning(work)
        self._district, self._reason, self._now_ms = work.district, reason, now_ms
        self._device = derived_id("device", work.district, INSTALL)
        self._signer = signer or machine.machine_person(work.district)
        self._role = Role.DISTRICT_OFFICE if signer else None
        self.intake = Intake(self._device, {}, self, now_ms, set())

    def records(self) -> list[Record]:
        """Return the cases that are still in the ledger, in the order of their ids."""
        return [record for _, record in sorted(self._found.items()) if not record.void]

    def get(self, record_id: str) -> Record | None:
        """Return a record at hand, or None."""
        return self._found.get(record_id)

    def put(self, record: Record) -> None:
        """Keep a record."""
        self._found[record.id] = record

    def move(self, record: Record) -> Moved | None:
        """Write the new deadline into *record*; None where it stays, now that it is locked."""
        times = msgspec.json.decode(record.body(), type=CaseTimes)
        term = self._reckoning.anew(times)
        if term is None:
            return None
        stamp = Clock(self._device, record.at).tick(self._now_ms)
        author = Author(self._signer, self._device, self._role, stamp)
        sets = told(term)
        decision = self._decision(record, times, sets, author)
        self.intake.amend(record, author, Received(stamp, 0, False), sets, decisions=[decision])
        return _moved(record.id, record.grid, times, term)

    def _decision(self, record: Record, times: CaseTimes, sets: Fields, author: Author) -> Decision:
        new, old = (
            Candidate(value, author.stamp, self._signer.id, author.rank, PENDING, author.as_claimed)
            for value in (sets["due_at"], record.fields.get("due_at"))
        )
        said = self._reason.rstrip("。．.；;！! ")
        facts = {"why_zh": said, "why_en": said}
        return note("due_at", "office_sets_due", RECALCULATED, new, old, facts=facts, tells=_concerned(times))


def _reckoning(work: UnitOfWork) -> Recomputing:
    return Recomputing(read_calendar(work), read_limits(work))


def _concerned(times: CaseTimes) -> tuple[str, ...]:
    """Return who has the case in hand, and who gave it out last."""
    given = [one.by for one in times.acts if one.act in _GIVEN_OUT][-1:]
    return tuple(sorted({person for person in (times.owner_person, *given) if person}))


def _signer(work: UnitOfWork, by: str, now_ms: int) -> Person | None:
    if not by:
        return None
    account = find_person(work, by)
    grants = tuple(held.grant for held in work.people.held(account.id))
    office = any(grant.role is Role.DISTRICT_OFFICE and grant.holds_at(now_ms) for grant in grants)
    if account.stopped_ms is not None or not office:
        raise Mistake(
            f"重新推算时限由区创卫办办理，{account.name}不是其人员。",
            f"Deadlines are reckoned anew by the district's office; {account.name} is not of it.",
        )
    return Person(account.id, account.name, grants)


def _moved(case: str, place: str, times: CaseTimes, term: Term) -> Moved:
    before = times.term
    was_ms, was_limit = (before.due_ms, Limit(*before.limit)) if before else (term.due_ms, term.limit)
    return Moved(
        case, times.case_no, times.place_text or place, times.lead, was_ms, term.due_ms, was_limit, term.limit,
    )  # fmt: skip


def _chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
