"""
Take an act on a case at the desk 办理: one ordinary mutation, taken in the way every other is.

A tablet's act that comes too late is kept and shown; at the desk it is told at once, and then nothing was
written. Many cases may be dispatched in one go 批量派遣: each is a transaction of its own, with its own verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Struct

from schemas import validation
from schemas.clock import Clock
from schemas.explain import fault
from schemas.mutations import Act, Mutation
from schemas.problems import Refusal
from schemas.roles import Role
from schemas.wire import Outcome
from server.core.acts import LATE_ACTS
from server.core.arrived import Arrived, lay_out
from server.core.desk.cases import ListedCase, listed
from server.core.desk.next_acts import judged
from server.core.intake import Intake
from server.storage.history import told
from server.storage.records import RecordStore
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.at_the_desk import INSTALL, Desk, signer_of, told_at_once
from server.usecases.file_intake import file_intake
from server.usecases.keep_time import OfficeClock
from server.usecases.known_moves import history_of
from server.usecases.list_cases import found_case, is_readable, names_for
from server.usecases.suggest_lead import suggest_lead
from server.values import Person, Record

#: So many cases may be dispatched in one request.
MAX_ITEMS = 100
DISPATCH = "dispatch"
#: Why an act is not his to take; anything else only stands in its way now.
_NOT_HIS = frozenset({"not_allowed", "not_in_charge", "outside_area"})


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What is to be done with a case; see ``schemas.mutations.Act``.

    Attributes:
        role: As what, where the person holds several; None: as whatever fits.
        version: The version that was seen; None: the present one.
    """

    act: str
    reason: str | None = None
    evidence: tuple[str, ...] = ()
    into: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    role: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class ToDispatch:
    """One case to be dispatched; without a lead to whom the district's rules give it."""

    case: str
    details: dict[str, Any] = field(default_factory=dict)
    version: int | None = None


class Acted(Struct, frozen=True):
    """What became of it: the mutation's outcome, its number in the history, what was decided, the case now."""

    outcome: str
    version: int
    decisions: list[dict[str, Any]]
    case: ListedCase


class DispatchOutcome(Struct, frozen=True):
    """
    What became of one case of many: ``dispatched``, or why not, as a problem's code and sentences.

    ``version`` is its number in the history; null where nothing was written.
    """

    id: str
    dispatched: bool
    version: int | None
    case: ListedCase | None
    code: str | None
    message_zh: str
    message_en: str


class Dispatched(Struct, frozen=True):
    """What became of many cases, in the order in which they were asked for."""

    dispatched: int
    refused: int
    cases: list[DispatchOutcome]


def act_on_case(store: Store, desk: Desk, case: str, person: str | None, asked: Asked, now_ms: int) -> Acted:
    """
    Do with the case *case* what is *asked*.

    Asking twice with the version that was seen acts once: the second time the answer is what it was.

    Args:
        person: Who signs; None where the device speaks for one person only.

    Raises:
        Refusal: ``case_unknown``, ``case_changed``, ``act_not_possible``, ``act_unknown``, ``act_incomplete``,
            ``invalid_request``, ``not_admitted_person``, ``person_stopped``, ``not_allowed``, ``not_in_charge``
            or ``outside_area``. Nothing was written.
    """
    with told_at_once():
        signer = signer_of(desk, person)
        outcome = retrying(lambda: _attempt(store, desk, case, signer, asked, now_ms))
    with store.work(desk.district, writing=False) as work:
        record = work.records.get([case])[case]
        now = listed(record, names_for(work, [record]), now_ms)
    return Acted(outcome.outcome, outcome.version or record.version, outcome.decisions or [], now)


def dispatch_cases(
    store: Store, desk: Desk, items: Sequence[ToDispatch], person: str | None, now_ms: int
) -> Dispatched:
    """
    Dispatch each of *items* by itself: one that is refused stops no other 批量派遣.

    Raises:
        Refusal: ``invalid_request``, ``not_admitted_person`` or ``person_stopped``, before anything is written.
    """
    signer = signer_of(desk, person)
    done = [_dispatch(store, desk, item, signer, now_ms) for item in items]
    good = sum(one.dispatched for one in done)
    return Dispatched(good, len(done) - good, done)


def _dispatch(store: Store, desk: Desk, item: ToDispatch, signer: Person, now_ms: int) -> DispatchOutcome:
    try:
        asked = Asked(DISPATCH, details=_with_lead(store, desk, item, now_ms), version=item.version)
        acted = act_on_case(store, desk, item.case, signer.id, asked, now_ms)
    except Refusal as refusal:
        faults = [one for found in (refusal.errors or {}).values() for one in found]
        zh = "；".join([refusal.message_zh, *(one["zh"] for one in faults)])
        en = "; ".join([refusal.message_en, *(one["en"] for one in faults)])
        return DispatchOutcome(item.case, False, None, None, refusal.code, zh, en)
    zh, en = f"已派遣{acted.case.lead.name or acted.case.lead.id if acted.case.lead else ''}", "dispatched"
    return DispatchOutcome(item.case, True, acted.version, acted.case, None, zh, en)


def _with_lead(store: Store, desk: Desk, item: ToDispatch, now_ms: int) -> dict[str, Any]:
    """Return the details of a dispatch, with whom the rules name where nobody else was named 按规则派遣."""
    if item.details.get("lead"):
        return item.details
    with store.work(desk.district, writing=False) as work:
        said = suggest_lead(work, found_case(work, desk, item.case, now_ms), now_ms)
    rest = {name: value for name, value in item.details.items() if value}
    return {"lead": said.lead, **({"assist": list(said.assist)} if said.assist else {}), **rest}


def _attempt(store: Store, desk: Desk, case: str, signer: Person, asked: Asked, now_ms: int) -> Outcome:
    with store.work(desk.district) as work:
        settled = work.devices.lock_install(desk.device, INSTALL).settled
        acting = _Acting(work, desk, case, signer, asked, now_ms)
        before = acting.answered_before()
        if before is not None:
            return before
        outcome = acting.carry_out(settled)
        work.commit()
    return outcome


class _Acting:
    """One case, locked, and what somebody asks for."""

    def __init__(self, work: UnitOfWork, desk: Desk, case: str, signer: Person, asked: Asked, now_ms: int) -> None:
        self._work, self._desk, self._signer, self._asked, self._now_ms = work, desk, signer, asked, now_ms
        self._records = _AtHand(work.records, {case} | ({asked.into} if asked.into else set()))
        self._record = self._readable(case)
        if asked.into is not None:
            self._readable(asked.into)
        self._times = OfficeClock(work, now_ms)

    def _readable(self, case: str) -> Record:
        """Return a locked case that the desk may read; it may just have gone elsewhere."""
        record = self._records.get(case)
        if record is None or not is_readable(self._desk, record, self._now_ms):
            raise Refusal("case_unknown")
        return record

    def answered_before(self) -> Outcome | None:
        """
        Return the answer given before, where this very thing was asked before.

        Raises:
            Refusal: ``case_changed`` for a version that is not there yet.
        """
        seen = self._asked.version
        if seen is None or seen == self._record.version:
            return None
        if seen > self._record.version:
            raise Refusal("case_changed")
        made = self._mutation(1)
        for entry in reversed(history_of(self._work, self._record)):
            if entry.n and (entry.device, entry.install) == (self._desk.device, INSTALL):
                before = validation.read_mutation(entry.payload.encode())
                if (before.base, before.by, before.act) == (made.base, made.by, made.act):
                    return Outcome(entry.n, entry.outcome, version=entry.version, decisions=told(entry.decisions))
        return None

    def carry_out(self, settled: int) -> Outcome:
        """Take the mutation in; numbers are taken here, last."""
        mutation = msgspec.structs.replace(self._mutation(settled + 1), role=self._role())
        intake = Intake(
            device=self._desk.device,
            people=self._desk.people,
            records=self._records,
            received_ms=self._now_ms,
            refused_ids=set(),
            upto=mutation.n,
            times=self._times,
        )
        intake.take_all([_arrived(mutation, self._desk.device)])
        for _, refusal in intake.refused:
            raise refusal
        if intake.waiting:
            raise Refusal("invalid_request", fault("unknown", "没有这件问题", "there is no such case", "into"))
        self._refuse_what_came_late(mutation)
        # The tablet of the same device did not write it, and is to hear of it.
        self._record.clean = False
        [outcome] = file_intake(self._work, intake, INSTALL, settled)
        self._work.devices.settle(self._desk.device, INSTALL, mutation.n)
        return outcome

    def _refuse_what_came_late(self, mutation: Mutation) -> None:
        """Say at once what only showed as it was taken in, of the case it leads into perhaps; nothing is written."""
        late = (one for one in self._record.fields.get(LATE_ACTS, ()) if one["by"] == mutation.by)
        for one in late:
            if (one["act"], one["at"]) == (self._asked.act, list(mutation.at)):
                raise Refusal("act_not_possible", why_zh=one["zh"], why_en=one["en"])

    def _role(self) -> Role:
        """Return as what the signer does it; where that is not possible now, say so before anything is written."""
        asked = Role(self._asked.role) if self._asked.role else None
        role, why = judged(self._record, self._signer, self._act(), self._now_ms, self._times.hinders, asked)
        if role is not None:
            return role
        zh, en = (why.zh, why.en) if why else ("", "")
        code = why.code if why and why.code in _NOT_HIS else "act_not_possible"
        raise Refusal(code, why_zh=zh, why_en=en, what=f"{zh} {en}", grid=self._record.grid)

    def _act(self) -> Act:
        asked = self._asked
        return Act(asked.act, list(asked.evidence), asked.reason, asked.into, asked.details)

    def _mutation(self, n: int) -> Mutation:
        record = self._record
        stamp = Clock(self._desk.device, record.at).tick(self._now_ms)
        base = record.version if self._asked.version is None else self._asked.version
        mutation = Mutation(
            n=n, op="act", type=record.type, id=record.id, grid=record.grid, at=(stamp.ms, stamp.counter),
            by=self._signer.id, base=base, act=self._act(),
        )  # fmt: skip
        _check(mutation)
        return mutation


class _AtHand:
    """The case and what it may lead into, locked in the order of their ids."""

    def __init__(self, store: RecordStore, ids: set[str]) -> None:
        self._store = store
        self._records: dict[str, Record | None] = dict.fromkeys(ids) | dict(store.locked(ids))

    def get(self, record_id: str) -> Record | None:
        """Return the record, or None where there is none."""
        if record_id not in self._records:
            self._records[record_id] = self._store.locked([record_id]).get(record_id)
        return self._records[record_id]

    def put(self, record: Record) -> None:
        """Keep a record."""
        self._records[record.id] = record


def _arrived(mutation: Mutation, device: str) -> Arrived:
    kind = validation.type_of(mutation)
    # The server's own clock: received as it was claimed, whatever it says.
    return lay_out(mutation, kind, validation.write_mutation(mutation), device, 0, mutation.at[0])


def _check(mutation: Mutation) -> None:
    """Make sure that the mutation could have come from a tablet; what is wrong is told by the request's members."""
    try:
        validation.write_mutation(mutation)
    except Refusal as refusal:
        if refusal.code in ("act_unknown", "act_incomplete"):
            raise
        errors = {path.removeprefix("act."): found for path, found in (refusal.errors or {}).items()}
        named = errors or fault("invalid", refusal.message_zh, refusal.message_en, "act")
        raise Refusal("invalid_request", named) from refusal
