"""
Open cases go to whoever answers for them now 责任移交: when a holder changes, or is stopped.

What was recorded stays with the grid in which it was seen; only the person who has to see to it changes (rule
``observer_scope_kept``). Both are told. A case for which nobody is clear keeps its owner, and stands in the report
of gaps until somebody names another.
"""

from functools import partial
from itertools import islice
from typing import NamedTuple

from schemas.clock import Clock, Received, Stamp
from schemas.rules import Candidate
from schemas.workflow import CASE
from server.core import machine
from server.core.decisions import Decision, note
from server.core.intake import Intake
from server.core.responsibility import Posts
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.coverage_gaps import everybody, owned_cases
from server.usecases.file_intake import file_intake
from server.values import PENDING, Author, Record

#: So many cases go over in one transaction.
CHUNK = 500
RULE, REASON, FIELD = "observer_scope_kept", "holder_changed", "owner_person"


class HandedOver(NamedTuple):
    """How many cases went to another owner, and how many wait for somebody to name one."""

    moved: int
    unclear: int


def hand_over(store: Store, district: str, now_ms: int) -> HandedOver:
    """
    Give every open case whose owner no longer answers for it to whoever does now; harmless where all is well.

    Returns:
        What became of them.
    """
    with store.work(district, writing=False) as work:
        wanted, unclear = _wanted(work, now_ms)
    cases = iter(sorted(wanted.items()))
    moved = 0
    while chunk := dict(islice(cases, CHUNK)):
        moved += retrying(partial(_attempt, store, district, chunk, now_ms))
    return HandedOver(moved, unclear)


def _attempt(store: Store, district: str, wanted: dict[str, str], now_ms: int) -> int:
    with store.work(district) as work:
        done = _write(work, wanted, now_ms)
        work.commit()
    return done


def _wanted(work: UnitOfWork, now_ms: int) -> tuple[dict[str, str], int]:
    """Return the new owner of each case that needs one, by its id, and how many need one that is not clear."""
    posts = Posts(everybody(work), now_ms)
    found: dict[str, str] = {}
    unclear = 0
    for case in owned_cases(work, work.district):
        owner = case.fields.get(FIELD)
        if owner is None or posts.answers(str(owner), case.grid, case.fields):
            continue
        new = posts.new_owner(case.grid, case.fields)
        if new is None:
            unclear += 1
        else:
            found[case.id] = new
    return found, unclear


def _write(work: UnitOfWork, wanted: dict[str, str], now_ms: int) -> int:
    device = machine.machine_device(work.district)
    settled = work.devices.lock_install(device, machine.INSTALL).settled
    cases = work.records.locked(wanted)
    posts = Posts(everybody(work), now_ms)
    clock = Clock(device, max((case.at for case in cases.values()), default=Stamp(0, 0)))
    intake = Intake(device, {}, _Shelf(cases), now_ms, set())
    for case in sorted(cases.values(), key=lambda one: one.id):
        before = case.fields.get(FIELD)
        # Somebody may have named an owner, or struck it off, since it was looked at.
        if case.void or case.fields.get("status") in CASE.final or before is None:
            continue
        if not posts.answers(str(before), case.grid, case.fields):
            author = machine.machine_author(work.district, clock.tick(now_ms))
            told = _told(case, str(before), wanted[case.id], author)
            intake.amend(case, author, Received(author.stamp, 0, False), {FIELD: wanted[case.id]}, decisions=[told])
    file_intake(work, intake, machine.INSTALL, settled)  # numbers are taken here, last
    return len(intake.brought)


def _told(case: Record, before: str, new: str, author: Author) -> Decision:
    kept = Candidate(new, author.stamp, author.person.id, author.rank, PENDING)
    both = tuple(sorted({before, new}))
    return note(
        FIELD, RULE, REASON, kept, facts={"grid": case.grid, "from": before, "to": new}, hearers=both, tells=both
    )


class _Shelf:
    """The cases at hand."""

    def __init__(self, cases: dict[str, Record]) -> None:
        self._cases = cases

    def get(self, record_id: str) -> Record | None:
        """Return the case, or None where there is none."""
        return self._cases.get(record_id)

    def put(self, record: Record) -> None:
        """Keep a new record."""
        self._cases[record.id] = record
