"""
Take in one push 接收: what becomes of each mutation, in the order of their numbers.

Pure: the records it touches are handed in, and what it leaves behind (changed records, refusals,
what waits) is written by the caller in one transaction. One bad mutation never stops the others;
only those wait that depend on it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from msgspec import Struct

from schemas import grid, wire
from schemas.clock import Received
from schemas.mutations import MAX_GROUP, Mutation
from schemas.problems import Refusal
from schemas.records import Consequence, RecordType
from schemas.registry import TYPES
from schemas.roles import Role
from server.core import acts, admission, merge
from server.core.arrived import Arrived, Group, bundles
from server.core.decisions import Decision
from server.core.merge import Dispute
from server.values import Author, Origin, Person, Record

#: What a record may grow to, by however many edits.
MAX_RECORD_BYTES = 64 * 1024
#: At most so many bytes does signing add to an entry: stamp, person, and an act's words in two languages.
_SIGNED_BYTES = 400


class Taken(Struct):
    """
    One row for the history; ``number`` is filled in when numbers are taken.

    ``arrived`` is None for a record that the server itself brought about.
    """

    record: Record
    author: Author
    received: Received
    outcome: str
    decisions: Sequence[Decision]
    closed: tuple[Dispute, ...] = ()
    arrived: Arrived | None = None
    changes: bool = True
    number: int = 0


class Waiting(Struct, frozen=True):
    """A mutation that waits for a record nobody has sent yet."""

    arrived: Arrived
    record: str


class Records(Protocol):
    """The records at hand: locked in the store, or made in this push."""

    def get(self, record_id: str) -> Record | None:
        """Return the record, or None where there is none."""

    def put(self, record: Record) -> None:
        """Keep a new record, or one put back after a group failed."""


@dataclass(slots=True)
class Intake:
    """
    One push on its way in.

    Args:
        device: Who pushes; its token speaks for ``people`` and nobody else.
        records: The records the push touches.
        received_ms: Server time of receipt.
        refused_ids: Records whose creation was refused; what builds on them is refused too.
        upto: The greatest number the install has sent so far, this push included.
    """

    device: str
    people: Mapping[str, Person]
    records: Records
    received_ms: int
    refused_ids: set[str]
    upto: int = 0
    taken: list[Taken] = field(default_factory=list)
    brought: list[Taken] = field(default_factory=list)
    refused: list[tuple[Arrived, Refusal]] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    unready: list[Arrived] = field(default_factory=list)

    def take_all(self, arrived: Sequence[Arrived]) -> None:
        """Take in *arrived*, sorted by number, groups as one."""
        for group, bundle in bundles(arrived):
            if group is None:
                self._take(bundle[0])
            else:
                self._take_group(group, bundle)

    def _take(self, arrived: Arrived) -> None:
        try:
            self._settle(arrived)
        except Refusal as refusal:
            self._refuse(arrived, refusal)
        except _Waits as waits:
            self.waiting.append(Waiting(arrived, waits.record))

    def _refuse(self, arrived: Arrived, refusal: Refusal) -> None:
        self.refused.append((arrived, refusal))
        if arrived.mutation is not None and arrived.mutation.op == "create" and refusal.code != "record_exists":
            self.refused_ids.add(arrived.mutation.id)

    def _settle(self, arrived: Arrived) -> None:
        mutation, kind, received = arrived.mutation, arrived.kind, arrived.received
        if arrived.refusal is not None:
            raise arrived.refusal
        if mutation is None or kind is None or received is None:
            raise Refusal("malformed_mutation", why="JSON")
        person = admission.admitted(self.people, mutation)
        signing = _Signing(self, arrived, mutation, kind, person, received)
        signing.create() if mutation.op == "create" else signing.change()

    def bring_about(self, cause: Record, author: Author, received: Received, wanted: Iterable[Consequence]) -> None:
        """
        Make the records that follow from *cause* and are not there yet (the cases a check opened).

        To one that is there, the photos are added that came to the check since: its evidence is the same.
        """
        for follows in wanted:
            record = self.records.get(follows.id)
            if record is None:
                record = _following(follows, cause, author)
                self.records.put(record)
            elif not _add_evidence(record, follows, author):
                continue
            self.brought.append(Taken(record, author, received, "applied", []))

    # -- groups -----------------------------------------------------------------------------------

    def _take_group(self, group: Group, bundle: list[Arrived]) -> None:
        first, size = group
        if size > MAX_GROUP:
            self._refuse_all(bundle, Refusal("group_too_large"))
        elif len(bundle) == size:
            self._try_group(bundle)
        elif first + size - 1 > self.upto:
            self.unready += bundle  # the rest is still to come
        else:
            self._refuse_all(bundle, Refusal("group_refused"))

    def _try_group(self, bundle: list[Arrived]) -> None:
        before = self._checkpoint(bundle)
        for arrived in bundle:
            self._take(arrived)
        refused, waiting = self.refused[before.counts[2] :], self.waiting[before.counts[3] :]
        if not refused and not waiting:
            return
        self._restore(before)
        if refused:
            culprits = {arrived.n: refusal for arrived, refusal in refused}
            for arrived in bundle:
                self._refuse(arrived, culprits.get(arrived.n) or Refusal("group_refused"))
        else:
            self.waiting += [Waiting(arrived, waiting[0].record) for arrived in bundle]

    def _refuse_all(self, bundle: list[Arrived], refusal: Refusal) -> None:
        for arrived in bundle:
            self._refuse(arrived, refusal)

    def _checkpoint(self, bundle: list[Arrived]) -> "_Checkpoint":
        ids = {a.mutation.id for a in bundle if a.mutation is not None}
        ids.update(follows.id for a in bundle for follows in a.follows)
        present = {i: r for i in ids if (r := self.records.get(i)) is not None}
        return _Checkpoint(
            {i: (r, r.copy()) for i, r in present.items()},
            (len(self.taken), len(self.brought), len(self.refused), len(self.waiting)),
        )

    def _restore(self, before: "_Checkpoint") -> None:
        made = [t.record for t in (*self.taken[before.counts[0] :], *self.brought[before.counts[1] :])]
        for record in made:
            record.gone = record.id not in before.records and not record.stored_before
        taken, brought, refused, waiting = before.counts
        del self.taken[taken:], self.brought[brought:], self.refused[refused:], self.waiting[waiting:]
        for record, twin in before.records.values():
            record.become(twin)


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    records: dict[str, tuple[Record, Record]]
    counts: tuple[int, int, int, int]


class _Waits(Exception):
    """The mutation waits for the record ``record``."""

    def __init__(self, record: str) -> None:
        self.record = record
        super().__init__(record)


class _Signing(Struct):
    """One good mutation, its author and what it is about."""

    intake: Intake
    arrived: Arrived
    mutation: Mutation
    kind: RecordType
    person: Person
    received: Received

    def create(self) -> None:
        """Make a new record, or recognise the one that is there."""
        mutation, received = self.mutation, self.received
        role = admission.acting_role(self.person, mutation, mutation.grid, received.stamp.ms)
        admission.check_reserved(mutation, role)
        author = self._author(role)
        existing = self.intake.records.get(mutation.id)
        if existing is not None:
            self._recognise(existing, author)
            return
        admission.check_signature(self.person, mutation, role, mutation.grid, received.stamp.ms)
        record = merge.create(mutation, self.arrived.fields or {}, author, self.intake.received_ms)
        record.size = self._growth()
        self.intake.records.put(record)
        self._done(record, author, self.arrived.follows)

    def change(self) -> None:
        """Patch, act on or void a record that is there."""
        mutation, received = self.mutation, self.received
        record = self._known()
        role = admission.acting_role(self.person, mutation, record.grid, received.stamp.ms)
        admission.check_reach(record, mutation, role, received.stamp.ms)
        admission.check_signature(self.person, mutation, role, record.grid, received.stamp.ms)
        author = self._author(role)
        before = self._before_growing(record)
        if mutation.op == "patch":
            decisions, closed = merge.merge(record, self.kind, mutation, author)
        elif mutation.op == "void":
            decisions, closed = merge.void(record, mutation, author), ()
        else:
            decisions, closed = acts.act(record, self.kind, mutation, author), ()
        self._refuse_a_giant(record, before)
        follows = self.kind.consequences(record.id, record.grid, record.fields) if mutation.op == "patch" else []
        self._done(record, author, follows, decisions, closed)

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
        record = self.intake.records.get(self.mutation.id)
        if record is None:
            if self.mutation.id in self.intake.refused_ids:
                raise Refusal("depends_on_refused")
            raise _Waits(self.mutation.id)
        if record.type != self.mutation.type:
            raise Refusal("wrong_record_type")
        return record

    def _recognise(self, existing: Record, author: Author) -> None:
        """The same creation sent under another number (a journal offered again) changes nothing."""
        same = existing.type == self.mutation.type and existing.origin[:2] == (author.stamp, self.mutation.by)
        if not same:
            raise Refusal("record_exists")
        self.intake.taken.append(
            Taken(existing, author, self.received, "noop", [], arrived=self.arrived, changes=False)
        )

    def _author(self, role: Role) -> Author:
        return Author(self.person, self.intake.device, role, self.received.stamp, self.received.as_claimed)

    def _done(
        self,
        record: Record,
        author: Author,
        follows: list[Consequence],
        decisions: Sequence[Decision] = (),
        closed: tuple[Dispute, ...] = (),
    ) -> None:
        outcome = _outcome(decisions, overtaken=record.overtaken)
        self.intake.taken.append(Taken(record, author, self.received, outcome, decisions, closed, self.arrived))
        if follows and not record.void:
            self.intake.bring_about(record, author, self.received, follows)


def _outcome(decisions: Sequence[Decision], *, overtaken: bool) -> str:
    """
    Return the outcome's word.

    Something written over what its author had not seen is *merged* even where no field was contested:
    told of a version, the device would take for seen what is still on its way to it.
    """
    if any(decision.outcome == "open" for decision in decisions):
        return "conflict"
    return "merged" if decisions or overtaken else "applied"


def _following(follows: Consequence, cause: Record, author: Author) -> Record:
    return Record(
        type=follows.type,
        id=follows.id,
        grid=follows.grid,
        feed=grid.feed_of(follows.grid),
        fields=follows.fields,
        origin=Origin(author.stamp, author.person.id, author.rank),
        at=author.stamp,
        by=author.person.id,
        device=author.device,
        received_ms=cause.received_ms,
        clean=False,
        changed=True,
    )


def _add_evidence(record: Record, follows: Consequence, author: Author) -> bool:
    """Add to *record* the photos that *follows* has beyond it; say whether there were any."""
    held = {photo["sha256"] for photo in record.fields.get("photos", ())}
    new = [photo for photo in follows.fields.get("photos", ()) if photo["sha256"] not in held]
    if not new or record.type != follows.type:
        return False
    stamp = author.stamp
    adding = Mutation(
        n=1, op="patch", type=record.type, id=record.id, grid=record.grid, at=(stamp.ms, stamp.counter),
        by=author.person.id, base=record.version, add={"photos": new},
    )  # fmt: skip
    merge.merge(record, TYPES[record.type], adding, author)
    # The tablet derives a case's photos only until the office's own case has come down.
    record.clean = False
    return True
