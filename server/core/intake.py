"""
Take in one push 接收: what becomes of each mutation, in the order of their numbers.

Pure: the records it touches are handed in, and what it leaves behind (changed records, refusals,
what waits) is written by the caller in one transaction. One bad mutation never stops the others;
only those wait that depend on it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas import grid
from schemas.clock import Received
from schemas.mutations import MAX_GROUP
from schemas.problems import Refusal
from schemas.records import Consequence, Fields
from schemas.registry import TYPES
from server.core import admission
from server.core.acts import Timekeeper
from server.core.amending import amend, amendment
from server.core.arrived import Arrived, Group, bundles
from server.core.decisions import Decision
from server.core.moving import Move, never_moved
from server.core.signing import Signing
from server.core.taken import Records, Taken, Waiting, Waits
from server.values import Author, Origin, Person, Record, moment


@dataclass(slots=True)
class Intake:
    """
    One push on its way in.

    Args:
        device: Who pushes; its token speaks for ``people`` and nobody else.
        writer: Whose hand its edits count as, where that is not the device; see ``values.Author``.
        records: The records the push touches.
        received_ms: Server time of receipt.
        refused_ids: Records whose creation was refused; what builds on them is refused too.
        upto: The greatest number the install has sent so far, this push included.
        disputes: Of the disputes that this push says it settles, those that are known: the kind of each.
        moved: Returns how a record was moved, asked only for what may have been.
        times: Reckons the time allowed for cases.
        had: The numbers that records went by before the office lost them, by their ids.
        repeated: The numbers of changes that the device has delivered already, under other numbers.
    """

    device: str
    people: Mapping[str, Person]
    records: Records
    received_ms: int
    refused_ids: set[str]
    upto: int = 0
    disputes: Mapping[str, str] = field(default_factory=dict)
    writer: str | None = None
    moved: Callable[[Record], Sequence[Move]] = field(default=never_moved)
    repeated: frozenset[int] = frozenset()
    times: Timekeeper | None = None
    had: Mapping[str, str] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    brought: list[Taken] = field(default_factory=list)
    refused: list[tuple[Arrived, Refusal]] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    unready: list[Arrived] = field(default_factory=list)

    def moves(self, record: Record) -> Sequence[Move]:
        """Return the moves of *record*, the first one first."""
        return self.moved(record)

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
        except Waits as waits:
            self.waiting.append(Waiting(arrived, waits.record))

    def _refuse(self, arrived: Arrived, refusal: Refusal) -> None:
        self.refused.append((arrived, refusal))
        if arrived.mutation is not None and arrived.mutation.op == "create" and refusal.code != "record_exists":
            self.refused_ids.add(arrived.mutation.id)
            # What would have followed from it never comes either: an edit of that must not wait for it for ever.
            self.refused_ids.update(follows.id for follows in arrived.follows)

    def _settle(self, arrived: Arrived) -> None:
        mutation, kind, received = arrived.mutation, arrived.kind, arrived.received
        if arrived.refusal is not None:
            raise arrived.refusal
        if mutation is None or kind is None or received is None:
            raise Refusal("malformed_mutation", why="JSON")
        person = admission.admitted(self.people, mutation)
        signing = Signing(self, arrived, mutation, kind, person, received)
        signed = signing.create() if mutation.op == "create" else signing.change()
        self.taken.append(signed.taken)
        if signed.follows:
            self.bring_about(signed.taken.record, signed.taken.author, received, signed.follows)

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
                self.brought.append(Taken(record, author, received, "applied", []))
            elif photos := _new_evidence(record, follows):
                self.amend(record, author, received, adds={"photos": photos})

    def amend(
        self,
        record: Record,
        author: Author,
        received: Received,
        sets: Fields | None = None,
        adds: dict[str, list[Any]] | None = None,
        decisions: Iterable[Decision] = (),
    ) -> None:
        """Write into *record* what follows from an edit of *author* elsewhere."""
        written = amendment(sets, adds)
        amend(record, TYPES[record.type], author, written["sets"], written["adds"])
        self.brought.append(Taken(record, author, received, "applied", list(decisions), amendment=written))

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


def _following(follows: Consequence, cause: Record, author: Author) -> Record:
    return Record(
        type=follows.type,
        id=follows.id,
        grid=follows.grid,
        feed=grid.feed_of(follows.grid),
        fields=follows.fields,
        origin=Origin(author.stamp, author.person.id, author.rank, author.as_claimed),
        at=moment(author.stamp),
        by=author.person.id,
        device=author.hand,
        rank=author.rank,
        received_ms=cause.received_ms,
        clean=False,
        changed=True,
    )


def _new_evidence(record: Record, follows: Consequence) -> list[Any]:
    """Return the photos that *follows* has beyond what *record* holds."""
    held = {photo["sha256"] for photo in record.fields.get("photos", ())}
    photos = follows.fields.get("photos", ()) if record.type == follows.type else ()
    return [photo for photo in photos if photo["sha256"] not in held]
