"""
One good mutation and whoever signed it 签署: may he, and what does it make of the record?

Pure: what it asks of the push it came in is handed in.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec
from msgspec import Struct

from schemas import wire
from schemas.clock import Received
from schemas.mutations import Mutation
from schemas.problems import Refusal
from schemas.records import Consequence, RecordType
from schemas.roles import Role
from server.core import acts, admission, locked, merge, moving, noting
from server.core.arrived import Arrived
from server.core.between.redirects import named_by, survivor_of
from server.core.between.traits import merged_into, traits_of
from server.core.decisions import Decision
from server.core.merge import Dispute, Merged
from server.core.moving import Move
from server.core.taken import Records, Taken, Waits
from server.values import Author, Person, Record, moment

#: What a record may grow to, by however many edits.
MAX_RECORD_BYTES = 64 * 1024
#: At most so many bytes does signing add to an entry: stamp, person, and an act's words in two languages.
_SIGNED_BYTES = 400


class Taking(Protocol):
    """
    The push a mutation came in; see ``intake.Intake``.
    """

    device: str
    writer: str | None
    records: Records
    received_ms: int
    refused_ids: set[str]
    disputes: Mapping[str, str]
    repeated: frozenset[int]

    def moves(self, record: Record) -> Sequence[Move]:
        """Return the moves of *record* 移交, the first one first."""


class Signed(NamedTuple):
    """The row it became, and the records that follow from it."""

    taken: Taken
    follows: list[Consequence]


class Signing(Struct):
    """
    One good mutation, its author and what it is about.

    Its methods raise ``Refusal`` for what cannot be accepted, and ``Waits`` where something is not there yet.
    """

    taking: Taking
    arrived: Arrived
    mutation: Mutation
    kind: RecordType
    person: Person
    received: Received

    def create(self) -> Signed:
        """Make a new record, or recognise the one that is there."""
        mutation, received = self.mutation, self.received
        role = admission.acting_role(self.person, mutation, mutation.grid, received.stamp.ms)
        admission.check_reserved(mutation, role)
        author = self._author(role)
        existing = self.taking.records.get(mutation.id)
        if existing is not None:
            return self._recognise(existing, author)
        admission.check_signature(self.person, mutation, role, mutation.grid, received.stamp.ms)
        record = merge.create(mutation, self.arrived.fields or {}, author, self.taking.received_ms)
        record.size = self._growth()
        self.taking.records.put(record)
        notes = noting.corrected_time(mutation, self.kind, author, received)
        notes += noting.scope_kept(mutation, author, self.taking.received_ms)
        if notes:
            record.clean = False
        return self._done(record, author, self.arrived.follows, notes)

    def change(self) -> Signed:
        """Patch, act on or void a record that is there."""
        mutation, received = self.mutation, self.received
        record = self._known()
        moves = self.taking.moves(record) if moving.may_have_moved(record, mutation) else ()
        then = moving.place_at(record.grid, moves, received.stamp.ms)
        role, place = admission.where_judged(self.person, mutation, then, record.grid, received.stamp.ms)
        admission.check_reach(record, mutation, role)
        admission.check_signature(self.person, mutation, role, place, received.stamp.ms)
        admission.check_settling(mutation, role, self._disputed())
        self.mutation = moving.rebased(mutation, moves)
        author = self._author(role)
        if mutation.n in self.taking.repeated:
            return self._nothing_new(record, author)
        before = self._before_growing(record)
        left = merged_into(record)
        decisions, closed = self._carry_out(record, author, role)
        if moves and moving.read_elsewhere(record, self.mutation, mutation):
            # Its author's tablet knows it by numbers of another feed: it has to come down, and no receipt counts.
            record.clean, record.overtaken = False, True
        self._refuse_a_giant(record, before)
        follows = self._consequences(record) if mutation.op == "patch" else []
        return self._done(record, author, follows, decisions, closed, left)

    def _consequences(self, record: Record) -> list[Consequence]:
        """Return what follows from *record*, made about the thing that it was made about."""
        about, fields = traits_of(record.type).about, record.fields
        named = {about: named_by(record)} if about in fields else {}
        return self.kind.consequences(record.id, record.grid, fields | named)

    def _carry_out(self, record: Record, author: Author, role: Role) -> Merged:
        mutation, kind = self.mutation, self.kind
        if mutation.op == "void":
            decisions = [*merge.void(record, mutation, author), *noting.voided(record, mutation, author)]
            record.clean = record.clean and not decisions
            return Merged(decisions, ())
        if mutation.op == "act":
            return Merged(self._act(record, author), ())
        if admission.is_locked(record, mutation, role, self.received.stamp.ms):
            return Merged(locked.keep_as_note(record, kind, mutation, author), ())
        held = dict(noting.held_evidence(record, kind, mutation, author, self.taking.records.get))
        before = record.fields.get("score")
        merged = merge.merge(record, kind, _without(mutation, held), author)
        notes = [*held.values(), *noting.revised(record, mutation, before)]
        photos = mutation.add.get("photos", [])
        notes += noting.seen_after_the_end(record, kind, photos, noting.author_of(mutation, author))
        if notes:
            record.clean = False
        return Merged([*merged.decisions, *notes], merged.closed)

    def _act(self, record: Record, author: Author) -> list[Decision]:
        leads_back, before = self._leads_back(record), record.fields.get(self.kind.workflow_field or "")
        whose = noting.writer_of(record)
        decisions = acts.act(record, self.kind, self.mutation, author, leads_back=leads_back)
        if record.fields.get(self.kind.workflow_field or "") != before:
            photos = record.fields.get("photos", [])
            decisions += noting.seen_after_the_end(record, self.kind, photos, whose)
        return decisions

    def _leads_back(self, record: Record) -> bool:
        """Make sure that what an act leads into is there; say whether that has itself gone into *record*."""
        goal = self.mutation.act.into if self.mutation.act else None
        if goal is None:
            return False
        if goal == record.id:
            raise Refusal("act_incomplete", why_zh="不能并入自身", why_en="a record cannot go into itself")
        main = self.taking.records.get(goal)
        if main is None:
            raise Refusal("depends_on_refused") if goal in self.taking.refused_ids else Waits(goal)
        if main.type != record.type:
            raise Refusal("wrong_record_type")
        return survivor_of(goal, self.taking.records.get) == record.id

    def _disputed(self) -> str | None:
        settles = self.mutation.settles
        return self.taking.disputes.get(settles.conflict) if settles else None

    def _before_growing(self, record: Record) -> Record | None:
        """Return a copy to come back to where *record* might grow too large; nearly always it cannot."""
        record.size += self._growth()
        return record.copy() if record.size > MAX_RECORD_BYTES else None

    def _growth(self) -> int:
        signed = sum(map(len, self.mutation.add.values())) + (self.mutation.act is not None)
        return len(self.arrived.raw) + _SIGNED_BYTES * signed

    def _refuse_a_giant(self, record: Record, before: Record | None) -> None:
        if before is None:
            return
        record.size = len(wire.canonical(record.fields))
        if record.size > MAX_RECORD_BYTES and record.size > len(wire.canonical(before.fields)):
            record.become(before)
            raise Refusal("record_too_large")

    def _known(self) -> Record:
        record = self.taking.records.get(self.mutation.id)
        if record is None:
            if self.mutation.id in self.taking.refused_ids:
                raise Refusal("depends_on_refused")
            raise Waits(self.mutation.id)
        if record.type != self.mutation.type:
            raise Refusal("wrong_record_type")
        return record

    def _recognise(self, existing: Record, author: Author) -> Signed:
        """The same creation sent under another number (a journal offered again) changes nothing."""
        origin = existing.origin
        # Under another install it is another hand that sends it; the moment and the person are the same.
        same_signature = (moment(origin.stamp), origin.by) == (moment(author.stamp), self.mutation.by)
        if existing.type != self.mutation.type or not same_signature:
            raise Refusal("record_exists")
        return self._nothing_new(existing, author)

    def _nothing_new(self, record: Record, author: Author) -> Signed:
        return Signed(Taken(record, author, self.received, "noop", [], arrived=self.arrived, changes=False), [])

    def _author(self, role: Role) -> Author:
        taking, received = self.taking, self.received
        return Author(self.person, taking.device, role, received.stamp, received.as_claimed, taking.writer)

    def _done(
        self,
        record: Record,
        author: Author,
        follows: list[Consequence],
        decisions: list[Decision],
        closed: tuple[Dispute, ...] = (),
        left: str | None = None,
    ) -> Signed:
        outcome = _outcome(decisions, overtaken=record.overtaken)
        taken = Taken(record, author, self.received, outcome, decisions, closed, self.arrived, left=left)
        return Signed(taken, [] if record.void else follows)


def _outcome(decisions: Sequence[Decision], *, overtaken: bool) -> str:
    """
    Return the outcome's word.

    Something written over what its author had not seen is *merged* even where no field was contested:
    told of a version, the device would take for seen what is still on its way to it.
    """
    if any(decision.outcome == "open" for decision in decisions):
        return "conflict"
    return "merged" if decisions or overtaken else "applied"


def _without(mutation: Mutation, held: Mapping[str, Decision]) -> Mutation:
    """Return *mutation* without its removal of the photos *held*."""
    if not held:
        return mutation
    left = [key for key in mutation.remove["photos"] if key not in held]
    return msgspec.structs.replace(mutation, remove={**mutation.remove, "photos": left})
