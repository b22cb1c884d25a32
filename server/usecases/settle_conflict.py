"""
Settle a dispute 裁定, or open it again 重新裁定: one ordinary mutation, taken in the way every other is.

Nothing of it goes to quarantine: whoever sits at the desk is told at once, and then nothing was written.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from schemas import validation, wire
from schemas.clock import Clock, Stamp
from schemas.explain import fault
from schemas.mutations import CHOICES, Mutation
from schemas.problems import Refusal
from schemas.records import TYPES
from server.core.arrived import Arrived, lay_out
from server.core.decisions import DUPLICATE
from server.core.desk import reading
from server.core.desk.listed import ENDINGS, KINDS_ZH, ListedConflict
from server.core.desk.offering import may_settle
from server.core.desk.settling import Asked, Dispute, says_the_same, signed, why_not_again, written
from server.core.intake import Intake
from server.core.taken import Taken
from server.storage.history import told
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.at_the_desk import INSTALL, Desk, Laid, signer_of, told_at_once
from server.usecases.file_intake import file_intake
from server.usecases.keep_time import OfficeClock
from server.usecases.show_conflict import found
from server.values import Entry, Person, Record


class Settlement(Struct, frozen=True):
    """
    What became of it: the mutation's outcome, its number in the history, what the rules decided, and the
    dispute as it stands now. ``noop``: it was so already.
    """

    outcome: str
    version: int
    decisions: list[dict[str, Any]]
    conflict: ListedConflict


def settle_conflict(
    store: Store, desk: Desk, conflict: str, person: str | None, asked: Asked, now_ms: int
) -> Settlement:
    """
    Settle the dispute with the id *conflict*, or open it again, as *asked*.

    Asking twice settles once: the second time the answer is what it was. Where somebody else settled it while
    the caller was looking at it (``asked.version``), his is an ordinary edit on that version, and the rules of
    the field settle between the two.

    Args:
        person: Who signs; None where the device speaks for one person only.

    Raises:
        Refusal: ``conflict_unknown``, ``conflict_settled``, ``conflict_changed``, ``invalid_request``,
            ``not_admitted_person``, ``person_stopped``, ``not_allowed`` or ``outside_area``. Nothing was written.
    """
    with told_at_once():
        signer = signer_of(desk, person)
        outcome, version, decisions = retrying(lambda: _attempt(store, desk, conflict, signer, asked, now_ms))
    with store.work(desk.district, writing=False) as work:
        row = found(work, desk, conflict, now_ms)
        return Settlement(outcome, version, decisions, Laid(work, desk, [row], now_ms, thoroughly=True).item(row))


#: Outcome, version and decisions of a mutation.
_Answer = tuple[str, int, list[dict[str, Any]]]


def _attempt(store: Store, desk: Desk, conflict: str, signer: Person, asked: Asked, now_ms: int) -> _Answer:
    with store.work(desk.district) as work:
        settled = work.devices.lock_install(desk.device, INSTALL).settled
        settling = _Settling(work, desk, conflict, signer, asked, now_ms)
        before = settling.answered_before()
        if before is not None:
            return before
        answer = settling.carry_out(settled)
        work.commit()
    return answer


class _Settling:
    """One dispute, locked with the records it is over, and what somebody asks for."""

    def __init__(self, work: UnitOfWork, desk: Desk, conflict: str, signer: Person, asked: Asked, now_ms: int) -> None:
        self._work, self._desk, self._signer, self._asked, self._now_ms = work, desk, signer, asked, now_ms
        row = found(work, desk, conflict, now_ms)
        self._records = _Locked(work, {row.record, row.field} if row.kind == DUPLICATE else {row.record})
        # Again, now that nobody else can change what it is over.
        self._row = found(work, desk, conflict, now_ms)
        laid = Laid(work, desk, [self._row], now_ms, thoroughly=True)
        self._dispute: Dispute = laid.disputes[row.id]
        self._names: Mapping[str, str] = laid.names
        self._history: list[Entry] = laid.history_of(self._row)
        self._settled: dict[str, Any] | None = wire.decode_json(self._row.settled) if self._row.settled else None

    def answered_before(self) -> _Answer | None:
        """
        Return the answer given before, where this very thing was asked before or is so already.

        Raises:
            Refusal: ``conflict_settled``; ``conflict_changed`` for a version that is not there yet;
                ``invalid_request`` where it cannot be opened again.
        """
        row, asked = self._row, self._asked
        if asked.version is not None and asked.version > max(record.version for record in self._records.all()):
            raise Refusal("conflict_changed")  # nobody can have seen what is not there yet
        if asked.choice == "reopen":
            if row.open:
                return "noop", self._record.version, []
            self._refuse_reopening()
            return None
        # Whether it was said before does not depend on what has been seen of it since.
        made = self._mutation_or_none(dataclasses.replace(asked, version=None))
        entry = made and self._repeated(made)
        if entry:
            return entry.outcome, entry.version, told(entry.decisions) or []
        in_time = row.open or (self._looked_before_it_was_settled() and self._mutation_or_none(asked) is not None)
        if not in_time:
            raise self._already_settled()
        return None

    def carry_out(self, settled: int) -> _Answer:
        """Take the mutation in; numbers are taken here, last."""
        mutation = self._mutation(self._asked, settled + 1)
        intake = self._take_in(_arrived(mutation, self._desk.device))
        [row] = intake.taken
        if self._row.open and self._asked.choice == "distinct" and not _stands(row, self._dispute):
            # Told apart in words and joined all the same would be told to everybody as the truth.
            raise _outweighed(self._dispute)
        # The tablet of the same device did not write it, and is to hear of it.
        row.record.clean = False
        if not self._row.open and self._asked.choice != "reopen" and _stands(row, self._dispute):
            # Whoever comes second and prevails is the one who settled it.
            self._work.conflicts.reopen(self._row.id, self._row.version, self._now_ms)
        [outcome] = file_intake(self._work, intake, INSTALL, settled)
        self._work.devices.settle(self._desk.device, INSTALL, mutation.n)
        return outcome.outcome, outcome.version or row.number, outcome.decisions or []

    @property
    def _record(self) -> Record:
        record = self._records.get(self._row.record)
        if record is None:
            raise Refusal("conflict_unknown")
        return record

    def _take_in(self, arrived: Arrived) -> Intake:
        intake = Intake(
            device=self._desk.device,
            people=self._desk.people,
            records=self._records,
            received_ms=self._now_ms,
            refused_ids=set(),
            upto=arrived.n,
            disputes={self._row.id: self._row.kind},
            times=OfficeClock(self._work, self._now_ms),
        )
        intake.take_all([arrived])
        for _, refusal in intake.refused:
            raise _in_words(refusal, self._dispute, self._asked.choice)
        if intake.waiting:
            raise Refusal("conflict_unknown")
        return intake

    def _stamp(self) -> Stamp:
        """Return a stamp after everything the clerk saw."""
        seen = [record.at for record in self._records.all()]
        seen += [Stamp(*one.at) for one in self._dispute.candidates]
        return Clock(self._desk.device, max(seen)).tick(self._now_ms)

    def _mutation(self, asked: Asked, n: int) -> Mutation:
        records = {record.id: record for record in self._records.all()}
        writing = written(self._dispute, asked, records, self._words())
        mutation = signed(writing, self._dispute, asked, records, self._signer.id, n, self._stamp())
        _check(mutation, self._dispute)
        return mutation

    def _mutation_or_none(self, asked: Asked) -> Mutation | None:
        """Return the mutation, or None where what is asked makes no sense any more since it was settled."""
        try:
            return self._mutation(asked, 1)
        except Refusal:
            if self._row.open:
                raise
            return None

    def _words(self) -> dict[int, str]:
        label = reading.label_of(self._dispute.type, self._dispute.field)
        return {
            place: f"另有{label}“{reading.words_of(self._dispute.type, self._dispute.field, one.value, self._names)}”"
            f"（{self._names.get(one.by, '')} {reading.clock_time(one.at[0])}）"
            for place, one in enumerate(self._dispute.candidates)
        }

    # -- what was before ----------------------------------------------------------------------------

    def _repeated(self, made: Mutation) -> Entry | None:
        """Return the row of the history in which the signer said the very same before, if it still counts."""
        for entry in reversed(self._history):
            before = _mutation_of(entry)
            if before is not None and says_the_same(before, made) and self._still_counts(entry, before):
                return entry
        return None

    def _still_counts(self, entry: Entry, before: Mutation) -> bool:
        if not self._row.open:
            return self._settled is not None and entry.version == self._settled.get("version")
        record = self._records.get(entry.record)
        ours = (entry.device, entry.install) == (self._desk.device, INSTALL)
        if self._asked.version is not None:
            return ours and before.base == self._asked.version
        return ours and record is not None and record.version == entry.version

    def _looked_before_it_was_settled(self) -> bool:
        version = self._settled.get("version") if self._settled else None
        one_feed = len({record.feed for record in self._records.all()}) == 1
        return self._asked.version is not None and version is not None and one_feed and self._asked.version < version

    def _refuse_reopening(self) -> None:
        why = why_not_again(self._dispute, {record.id: record for record in self._records.all()})
        if why is not None:
            raise Refusal("invalid_request", fault("choice", *why, "choice"))

    def _already_settled(self) -> Refusal:
        settled = self._settled
        if settled is None:
            return Refusal("conflict_settled", settled_zh="按规则处理", settled_en="by its rule")
        who = self._work.people.names([settled["by"]]).get(settled["by"], "—")
        choice = settled["choice"]
        how = CHOICES.get(choice) or ENDINGS.get(choice, choice)
        when = reading.clock_time(settled["at_ms"])
        return Refusal("conflict_settled", settled_zh=f"{who} {when} {how}", settled_en=f"{who}, {when}, {choice}")


class _Locked:
    """The records at hand: those of the dispute locked at once in the order of their ids, any other when asked for."""

    def __init__(self, work: UnitOfWork, ids: set[str]) -> None:
        self._store = work.records
        self._of_dispute = sorted(ids)
        self._records: dict[str, Record | None] = dict.fromkeys(ids) | dict(self._store.locked(ids))

    def all(self) -> list[Record]:
        """Return the records of the dispute."""
        return [record for i in self._of_dispute if (record := self._records[i]) is not None]

    def get(self, record_id: str) -> Record | None:
        """Return the record, or None where there is none."""
        if record_id not in self._records:
            self._records[record_id] = self._store.locked([record_id]).get(record_id)
        record = self._records[record_id]
        return None if record is None or record.gone else record

    def put(self, record: Record) -> None:
        """Keep a record."""
        self._records[record.id] = record


def _arrived(mutation: Mutation, device: str) -> Arrived:
    # The server's own clock: received as it was claimed, whatever it says.
    return lay_out(mutation, TYPES[mutation.type], validation.write_mutation(mutation), device, 0, mutation.at[0])


def _check(mutation: Mutation, dispute: Dispute) -> None:
    """Make sure that the mutation could have come from a tablet; what a clerk got wrong, he is told by its name."""
    try:
        validation.write_mutation(mutation)
    except Refusal as refusal:
        errors = {_named(path, dispute): found for path, found in (refusal.errors or {}).items()}
        raise Refusal(
            "invalid_request", errors or fault("invalid", refusal.message_zh, refusal.message_en, "value")
        ) from refusal


def _outweighed(dispute: Dispute) -> Refusal:
    """Return why two records are not taken apart."""
    zh = "并为一条的人位阶更高，须由同级或更高一级的人员拆开"
    en = "whoever joined them is of a higher rank; it takes his rank or a higher one to take them apart"
    return _not_allowed(dispute, "distinct", zh, en)


def _in_words(refusal: Refusal, dispute: Dispute, choice: str) -> Refusal:
    """Return *refusal*; one for want of a role says in words what was tried, and whose it is."""
    if refusal.code != "not_allowed":
        return refusal
    allowed = may_settle(dispute, choice)
    zh, en = "、".join(role.zh for role in allowed), ", ".join(role.value.replace("_", " ") for role in allowed)
    return _not_allowed(dispute, choice, f"须由{zh}的人员来做", f"that is for one of these: {en}")


def _not_allowed(dispute: Dispute, choice: str, why_zh: str, why_en: str) -> Refusal:
    kind_zh, choice_zh = KINDS_ZH.get(dispute.kind, dispute.kind), CHOICES.get(choice, choice)
    refusal = Refusal("not_allowed")
    zh = f"此人的身份不能进行这项操作：对“{kind_zh}”事项选“{choice_zh}”，{why_zh}。"
    en = f"This person's role may not do this: '{choice}' over a dispute of the kind '{dispute.kind}'; {why_en}."
    refusal.kind = dataclasses.replace(refusal.kind, zh=zh, en=en)
    return refusal


def _named(path: str, dispute: Dispute) -> str:
    """Return the member of the request to which the field path of a mutation goes back."""
    first, _, rest = path.partition(".")
    member = "value" if first in dispute.field.split("+") else "reason" if first in ("settles", "act") else first
    return ".".join(part for part in (member, rest) if part)


def _stands(row: Taken, dispute: Dispute) -> bool:
    """Say whether what was written is shown now: nothing was set aside or left open."""
    fields = {dispute.field, "merged_into"}
    return not any(d.field in fields and d.outcome in ("set_aside", "open") for d in row.decisions)


def _mutation_of(entry: Entry) -> Mutation | None:
    return validation.read_mutation(entry.payload.encode()) if entry.n else None
