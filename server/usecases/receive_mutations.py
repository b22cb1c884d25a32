"""
Take in one push as one transaction, and say what became of each mutation 接收修改.

A mutation already settled is answered as before and not applied again, so a tablet that lost our
answer may simply push once more. Everything slow (decoding, checking, scoring) happens before the
first lock; numbers are taken last; then the transaction commits at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import msgspec

from schemas import clock, validation, wire
from schemas.clock import Stamp
from schemas.mutations import decode_mutation
from schemas.problems import Refusal
from schemas.wire import Outcome
from server.core.arrived import Arrived, lay_out
from server.core.decisions import number_in
from server.core.intake import Intake
from server.core.readmission import content_of
from server.storage.devices import Device
from server.storage.history import Settled, told
from server.storage.records import RecordStore
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.file_intake import file_intake
from server.usecases.keep_time import OfficeClock
from server.usecases.known_moves import moves_of
from server.usecases.note_arrivals import note_arrivals
from server.usecases.one_by_one import MISTAKES, one_by_one
from server.values import Record


@dataclass(frozen=True, slots=True)
class Push:
    """What one device sends up: raw mutations, and its clock's idea of the time."""

    install: str
    mutations: Sequence[bytes]
    sent_ms: int | None
    received_ms: int
    #: The numbers that records went by before the office lost them, by their ids.
    had: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """How far the install is settled, and was before; and one outcome for every mutation that was pushed."""

    settled: int
    outcomes: list[Outcome]
    before: int | None = None
    #: What was answered as before, as (feed, record): it may have left the device's view since.
    repeated: frozenset[tuple[str, str]] = frozenset()


def receive_mutations(store: Store, device: Device, push: Push) -> Answer:
    """
    Take in *push* from *device*.

    Never raises for a mutation: what cannot be accepted is kept in quarantine and its outcome says
    why. Raises what the database raises when it stays unavailable; then nothing was taken.
    """
    try:
        return _taken(store, device, push)
    except MISTAKES as error:
        return _apart(store, device, push, error)


def _taken(store: Store, device: Device, push: Push, why: Refusal | None = None) -> Answer:
    return retrying(lambda: _attempt(store, device, push, why))


def _apart(store: Store, device: Device, push: Push, error: Exception) -> Answer:
    """Take in a push over which the program stumbled, one group after the other 逐条接收."""
    with store.work(device.district, writing=False) as work:
        if _is_copied(work, device.id, push):
            # What else a copied journal brings is judged by the whole of it.
            raise error
        known = judged_before(work, device.id, push).keys()

    def take(unit: list[bytes], why: Refusal | None = None) -> Answer:
        return _taken(store, device, replace(push, mutations=unit), why)

    def take_or_answer(unit: list[bytes]) -> Answer:
        # What was judged before is answered as before, whatever would refuse it now.
        judged = all(validation.peek_number(raw) in known for raw in unit)
        return take(unit, Refusal("office_fault", incident="—") if judged else None)

    answers = one_by_one(_units(push), take_or_answer, take, error)
    return Answer(
        max(answer.settled for answer in answers),
        sorted((outcome for answer in answers for outcome in answer.outcomes), key=lambda outcome: outcome.n),
        next((answer.before for answer in answers if answer.before is not None), None),
        frozenset().union(*(answer.repeated for answer in answers)),
    )


def _units(push: Push) -> list[list[bytes]]:
    """Return the mutations of a push that are taken in together: each group, and whatever is in none by itself."""
    units: dict[Any, list[bytes]] = defaultdict(list)
    for place, raw in enumerate(push.mutations):
        try:
            group = decode_mutation(raw).group
        except msgspec.MsgspecError:
            group = None
        units[group or -1 - place].append(raw)
    return list(units.values())


def _attempt(store: Store, device: Device, push: Push, why: Refusal | None = None) -> Answer:
    """Take in *push*, or refuse all of it because of *why*."""
    arrived = _read_or_refused(device, push, why)
    with store.work(device.district) as work:
        settled, writer = work.devices.lock_install(device.id, push.install)
        if writer != device.writer:
            # Another install of this device came first, in between.
            device = device._replace(writer=writer)
            arrived = _read_or_refused(device, push, why)
        sorted_out = _sort_out(work, device, push, arrived, settled)
        intake = take_in(work, device, push, sorted_out, max(settled, *(one.n for one in arrived), 0))
        note_arrivals(work, intake, push.install)
        outcomes = file_intake(work, intake, push.install, settled)
        # The numbers of a copied journal say nothing of the one known under the install.
        fresh = [] if sorted_out.copied else sorted_out.fresh
        upto = max(settled, *(a.n for a in fresh if a not in intake.unready), 0)
        if upto != settled:
            work.devices.settle(device.id, push.install, upto)
        work.commit()
    outcomes = sorted([*sorted_out.outcomes, *outcomes], key=lambda outcome: outcome.n)
    return Answer(upto, outcomes, settled if settled != upto else None, frozenset(sorted_out.repeated))


def _read_or_refused(device: Device, push: Push, why: Refusal | None) -> list[Arrived]:
    if why is None:
        return read_all(device.id, push, device.writer)
    return sorted((Arrived(validation.peek_number(raw) or 0, raw, refusal=why) for raw in push.mutations), key=_number)


def read_all(device: str, push: Push, writer: str | None = None) -> list[Arrived]:
    """Read and check every mutation, in the order of their numbers; 0 where none can be made out."""
    offset_ms = clock.measured_offset(push.sent_ms, push.received_ms)
    arrived = [_read(raw, device, writer, offset_ms, push.received_ms) for raw in push.mutations]
    return sorted(arrived, key=_number)


def _number(one: Arrived) -> int:
    return one.n


def _read(raw: bytes, device: str, writer: str | None, offset_ms: int, received_ms: int) -> Arrived:
    try:
        mutation = validation.read_mutation(raw)
    except Refusal as refusal:
        return Arrived(validation.peek_number(raw) or 0, raw, refusal=refusal)
    try:
        kind = validation.type_of(mutation)
        validation.check(mutation, kind)
    except Refusal as refusal:
        received = clock.receive(Stamp(*mutation.at, writer or device), offset_ms, received_ms)
        return Arrived(mutation.n, raw, mutation, refusal=refusal, received=received)
    return lay_out(mutation, kind, raw, device, offset_ms, received_ms, writer)


@dataclass(slots=True)
class SortedOut:
    """
    A push taken apart: what is new, what reuses a number, and the outcomes of what came before.

    ``copied``: a number was used in another push, so this journal is another than the one known under its install.
    """

    fresh: list[Arrived]
    reused: list[Arrived]
    outcomes: list[Outcome]
    copied: bool = False
    repeated: set[tuple[str, str]] = field(default_factory=set)


def judged_before(work: UnitOfWork, device: str, push: Push) -> dict[int, Outcome]:
    """Return, by number, what became of those mutations of *push* that came before and were judged then."""
    before = _settled(work, device, push)
    return {n: _as_before(found) for n, (found, raw) in before.items() if _same(found.payload, raw)}


def _settled(work: UnitOfWork, device: str, push: Push) -> dict[int, tuple[Settled, bytes]]:
    """Return, by number, what came before under the numbers of *push*, and what came now."""
    sent = {n: raw for raw in push.mutations if (n := validation.peek_number(raw))}
    before = work.quarantine.settled(device, push.install, sent) | work.history.settled(device, push.install, sent)
    return {n: (found, sent[n]) for n, found in before.items()}


def _is_copied(work: UnitOfWork, device: str, push: Push) -> bool:
    """Say whether a number of *push* meant something else before."""
    return any(not _same(found.payload, raw) for found, raw in _settled(work, device, push).values())


def _sort_out(work: UnitOfWork, device: Device, push: Push, arrived: list[Arrived], settled: int) -> SortedOut:
    numbers = {a.n: a.raw for a in arrived if 0 < a.n <= settled}
    # What was let in out of quarantine is answered as the history has it.
    before = work.quarantine.settled(device.id, push.install, numbers)
    before |= work.history.settled(device.id, push.install, numbers)
    known = set(before)
    taken: dict[int, bytes] = {n: found.payload for n, found in before.items()}
    sorted_out = SortedOut([], [], [])
    for one in arrived:
        if not one.n or one.n not in taken:
            taken[one.n] = one.raw
            sorted_out.fresh.append(one)
        elif not _same(taken[one.n], one.raw):
            sorted_out.reused.append(one)
            sorted_out.copied |= one.n in known
        elif one.n in before:
            outcome = _as_before(before.pop(one.n))
            sorted_out.outcomes.append(outcome)
            if outcome.feed is not None and one.mutation is not None:
                sorted_out.repeated.add((outcome.feed, one.mutation.id))
    if sorted_out.reused:
        _answer_what_was_let_in(work, device, push, sorted_out)
    return sorted_out


def _answer_what_was_let_in(work: UnitOfWork, device: Device, push: Push, sorted_out: SortedOut) -> None:
    """Answer as the history has it what came under a used number before, and was given another at the desk."""
    reused = sorted_out.reused
    let_in = work.quarantine.renumbered(device.id, push.install, [one.n for one in reused])
    sorted_out.outcomes.extend(_as_before(let_in[one.raw]) for one in reused if one.raw in let_in)
    reused[:] = [one for one in reused if one.raw not in let_in]


def _same(before: bytes, now: bytes) -> bool:
    if before == now:
        return True
    try:
        # As JSON says it: to Python 1, 1.0 and true would be the same.
        return wire.canonical(wire.decode_json(before)) == wire.canonical(wire.decode_json(now))
    except (ValueError, RecursionError):
        return False


def _as_before(settled: Settled) -> Outcome:
    return Outcome(
        n=settled.n,
        outcome=settled.outcome,
        feed=settled.feed,
        version=None if settled.outcome == "noop" else settled.version,
        decisions=told(settled.decisions),
        problem=wire.decode_json(settled.problem) if settled.problem else None,
        no=number_in(wire.decode_json(settled.decisions)) if settled.decisions else None,
    )


def take_in(work: UnitOfWork, device: Device, push: Push, sorted_out: SortedOut, upto: int) -> Intake:
    """
    Take in what is new of a push, its install locked; the caller writes it down.

    Args:
        upto: The greatest number the install has sent so far, this push included.
    """
    records = _AtHand(work.records, _touched(sorted_out.fresh))
    missing = {i for i in _built_on(sorted_out.fresh) if records.get(i) is None}
    intake = Intake(
        device=device.id,
        people=device.people,
        records=records,
        received_ms=push.received_ms,
        refused_ids=_refused_before(work, device, missing),
        upto=upto,
        writer=device.writer,
        disputes=_settling(work, sorted_out.fresh),
        moved=partial(moves_of, work),
        repeated=_repeated(work, device, sorted_out.fresh),
        times=OfficeClock(work, push.received_ms),
        had=push.had,
    )
    # A copied tablet's payload under a used number: both are kept, neither overwrites the other.
    reused = sorted_out.reused
    if sorted_out.copied:
        # What else it brings was written by a hand that has not seen what the other journal wrote. The tablet
        # records it again under a new install, where that shows.
        reused = [*reused, *sorted_out.fresh]
    else:
        intake.take_all(sorted_out.fresh)
    intake.refused += [(one, Refusal("number_reused")) for one in reused]
    return intake


def _refused_before(work: UnitOfWork, device: Device, missing: set[str]) -> set[str]:
    """Return which of the records *missing* the device tried to create in vain, or would have followed from such."""
    refused = work.quarantine.refused_ids(device.id, missing)
    if missing - refused:
        before = Push("", work.quarantine.last_refused(device.id), None, 0)
        refused |= {follows.id for arrived in read_all(device.id, before) for follows in arrived.follows} & missing
    return refused


def _repeated(work: UnitOfWork, device: Device, fresh: Iterable[Arrived]) -> frozenset[int]:
    """
    Return the numbers of what *device* has delivered already under another install.

    Two copies of a tablet may hold the same unsent change; only an install after the first can repeat one.
    """
    edits = [a for a in fresh if a.mutation is not None and a.mutation.op != "create"] if device.writer else []
    if not edits:
        return frozenset()
    ids = {a.mutation.id for a in edits if a.mutation is not None}
    before = {content_of(payload) for payload in work.history.of_device(device.id, ids)}
    return frozenset(a.n for a in edits if content_of(a.raw) in before)


def _settling(work: UnitOfWork, fresh: Iterable[Arrived]) -> dict[str, str]:
    """Return the kind of each known dispute that this push says it settles."""
    named = {a.mutation.settles.conflict for a in fresh if a.mutation is not None and a.mutation.settles is not None}
    return {i: conflict.kind for i, conflict in work.conflicts.by_ids(named).items()} if named else {}


def _built_on(fresh: Iterable[Arrived]) -> set[str]:
    return {a.mutation.id for a in fresh if a.mutation is not None and a.mutation.op != "create"}


def _touched(fresh: Iterable[Arrived]) -> set[str]:
    """Return the ids to lock: every record written, and the cases that new checks will open."""
    ids: set[str] = set()
    for one in fresh:
        if one.mutation is not None:
            ids.add(one.mutation.id)
            ids.update(follows.id for follows in one.follows)
    return ids


class _AtHand:
    """The records one push touches: locked in id order at once, any other when first asked for."""

    def __init__(self, store: RecordStore, ids: set[str]) -> None:
        self._store = store
        self._records: dict[str, Record | None] = dict.fromkeys(ids)
        self._records.update(store.locked(ids))

    def get(self, record_id: str) -> Record | None:
        """Return the record, or None where there is none."""
        if record_id not in self._records:
            self._records[record_id] = self._store.locked([record_id]).get(record_id)
        record = self._records[record_id]
        return None if record is None or record.gone else record

    def put(self, record: Record) -> None:
        """Keep a new record, or one put back after a group failed."""
        self._records[record.id] = record
