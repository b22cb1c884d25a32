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
from schemas.grid import is_sealed
from schemas.machines import Doing, Fields, WhyNot
from schemas.mutations import Act, Mutation
from schemas.problems import Refusal
from schemas.records import Consequence, RecordType
from schemas.roles import Role
from schemas.workflow import MACHINES
from server.core import acts, admission, locked, merge, moving, noting
from server.core.acts import Timekeeper
from server.core.arrived import Arrived
from server.core.between.redirects import named_by, survivor_of
from server.core.between.traits import merged_into, traits_of
from server.core.decisions import Decision
from server.core.in_charge import not_in_charge
from server.core.merge import Dispute, Merged
from server.core.moving import Move
from server.core.taken import Records, Taken, Waits
from server.values import Author, Person, Record, moment

#: What a record may grow to, by however many edits.
MAX_RECORD_BYTES = 64 * 1024
#: Beyond that there is room for acts alone: whoever fills a case with remarks keeps nobody from having a word on it.
_ROOM_FOR_ACTS = 32 * 1024
#: At most so many bytes does signing add to an entry: stamp, person, and an act's words in two languages.
_SIGNED_BYTES = 400


#: What the time allowed for a case goes by.
_TIMED = ("term", "problem_class", "variant", "severity", "road_grade")


class Taking(Protocol):
    """
    The push a mutation came in; see ``intake.Intake``.
    """

    device: str
    people: Mapping[str, Person]
    writer: str | None
    records: Records
    received_ms: int
    refused_ids: set[str]
    disputes: Mapping[str, str]
    repeated: frozenset[int]
    times: Timekeeper | None

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
        role, place = self._judged(record, then)
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

    def _judged(self, record: Record, then: str) -> tuple[Role, str]:
        """Return the role under which it is written, and where; see ``admission.where_judged``."""
        try:
            return admission.where_judged(self.person, self.mutation, then, record.grid, self.received.stamp.ms)
        except Refusal:
            if self._out_of_sight(record):
                raise self._missing(record.id) from None
            raise

    def _out_of_sight(self, record: Record) -> bool:
        """Say whether nobody of this device may learn that *record* is there."""
        people, at_ms = self.taking.people.values(), self.received.stamp.ms
        return admission.out_of_sight(people, record.grid, at_ms, self.taking.received_ms)

    def _missing(self, record_id: str) -> Exception:
        """Return what is said of a record that is not there: it may still come, unless it was refused."""
        return Refusal("depends_on_refused") if record_id in self.taking.refused_ids else Waits(record_id)

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
        before, term_before = record.fields.get("score"), {name: record.fields.get(name) for name in _TIMED}
        merged = merge.merge(record, kind, _without(mutation, held), author)
        notes = [*held.values(), *noting.revised(record, mutation, before)]
        notes += self._regraded(record, term_before)
        photos = mutation.add.get("photos", [])
        notes += noting.seen_after_the_end(record, kind, photos, noting.author_of(mutation, author))
        if notes:
            record.clean = False
        return Merged([*merged.decisions, *notes], merged.closed)

    def _regraded(self, record: Record, before: Fields) -> list[Decision]:
        """Reckon the time allowed for a case anew, where what it goes by has changed."""
        times, fields = self.taking.times, record.fields
        if times is None or before["term"] is None or all(fields.get(name) == before[name] for name in _TIMED):
            return []
        return acts.reckoned(record, times.regraded(before, fields), noting.writer_of(record))

    def _act(self, record: Record, author: Author) -> list[Decision]:
        before = record.fields.get(self.kind.workflow_field or "")
        whose, in_the_way = noting.writer_of(record), self._in_the_way(record, author)
        decisions = acts.act(record, self.kind, self.mutation, author, in_the_way=in_the_way, times=self.taking.times)
        if record.fields.get(self.kind.workflow_field or "") != before:
            photos = record.fields.get("photos", [])
            decisions += noting.seen_after_the_end(record, self.kind, photos, whose)
        return decisions

    def _in_the_way(self, record: Record, author: Author) -> WhyNot | None:
        """Return what only the office can see to stand in the way of the act."""
        led = self._where_it_leads(record, author)
        if led is not None:
            return led
        asked, machine = self.mutation.act, MACHINES.get(self.kind.machine)
        known = machine.acts.get(asked.name) if asked and machine else None
        if known is None or author.role is None:
            return None
        fields, at_ms = record.fields, author.stamp.ms
        theirs = not_in_charge(known, fields, self.person, author.role, at_ms)
        if theirs is not None or self.taking.times is None:
            return theirs
        doing = Doing(self.mutation.act or Act(""), self.mutation.by, author.role, (at_ms, author.stamp.counter))
        return self.taking.times.hinders(known, fields, doing)

    def _where_it_leads(self, record: Record, author: Author) -> WhyNot | None:
        """Make sure that what an act leads into is there; return why it may not go there, or None."""
        goal = self.mutation.act.into if self.mutation.act else None
        if goal is None:
            return None
        if goal == record.id:
            raise Refusal("act_incomplete", why_zh="不能并入自身", why_en="a record cannot go into itself")
        main = self.taking.records.get(goal)
        if main is None or self._out_of_sight(main):
            raise self._missing(goal)
        if main.type != record.type:
            raise Refusal("wrong_record_type")
        left = survivor_of(goal, self.taking.records.get)
        if left == record.id:
            return acts.LEADS_BACK
        return self._why_not_into(record, self.taking.records.get(left) or main, author)

    def _why_not_into(self, record: Record, main: Record, author: Author) -> WhyNot | None:
        """Return why *record* may not go into *main*, where it would be lost or out of its author's sight, or None."""
        machine, state = MACHINES.get(self.kind.machine), main.fields.get(self.kind.workflow_field or "")
        if machine is None or author.role is None:
            return None
        if main.void or state in machine.final:
            return acts.MAIN_OVER
        seen = admission.holds(self.person, author.role, main.grid, author.stamp.ms)
        # What is sealed is joined with what is sealed: the other one's readers would learn of it.
        return None if seen and is_sealed(main.grid) == is_sealed(record.grid) else acts.MAIN_ELSEWHERE

    def _disputed(self) -> str | None:
        settles = self.mutation.settles
        return self.taking.disputes.get(settles.conflict) if settles else None

    def _before_growing(self, record: Record) -> Record | None:
        """Return a copy to come back to where *record* might grow too large; nearly always it cannot."""
        record.size += self._growth()
        return record.copy() if record.size > self._most() else None

    def _most(self) -> int:
        return MAX_RECORD_BYTES + _ROOM_FOR_ACTS * (self.mutation.act is not None)

    def _growth(self) -> int:
        acts = self.mutation.act is not None
        signed = sum(map(len, self.mutation.add.values())) + acts
        # What comes with an act stands in the timeline, and again in the fields it writes.
        return len(self.arrived.raw) * (1 + acts) + _SIGNED_BYTES * signed

    def _refuse_a_giant(self, record: Record, before: Record | None) -> None:
        if before is None:
            return
        record.size = len(wire.canonical(record.fields))
        if record.size > self._most() and record.size > len(wire.canonical(before.fields)):
            record.become(before)
            raise Refusal("record_too_large")

    def _known(self) -> Record:
        record = self.taking.records.get(self.mutation.id)
        if record is None:
            raise self._missing(self.mutation.id)
        if record.type != self.mutation.type:
            if self._out_of_sight(record):
                raise self._missing(record.id)
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
    return "merged" if overtaken or not all(decision.silent for decision in decisions) else "applied"


def _without(mutation: Mutation, held: Mapping[str, Decision]) -> Mutation:
    """Return *mutation* without its removal of the photos *held*."""
    if not held:
        return mutation
    left = [key for key in mutation.remove["photos"] if key not in held]
    return msgspec.structs.replace(mutation, remove={**mutation.remove, "photos": left})
