"""
Make a record again from its history 重放: the same rows, the same code, the same result.

Pure. What a push brought is folded in by the very functions that took it in, under the rules of its day or
under others. What only the office knew at the time (that a check was locked, that a case still stood on a
photo, what other records meant for this one) is read from the decisions that were written down.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from schemas import grid, machines, validation, wire, workflow
from schemas.clock import Stamp
from schemas.fold import fold
from schemas.machines import Clock, Doing, Fields, Step, WhyNot
from schemas.mutations import Mutation
from schemas.problems import Refusal
from schemas.records import RecordType
from schemas.roles import Role
from schemas.rules import RuleTable
from server.core import acts, locked, merge, moving
from server.core.amending import amend
from server.core.decisions import PERSON, Decision
from server.core.merge import Dispute
from server.core.moving import MOVED, Move
from server.values import Author, Entry, Origin, Person, Record, moment

#: What is raised where a row cannot be replayed: somebody changed it, or it is from another program.
BROKEN = (Refusal, ValueError, KeyError, TypeError, AttributeError, IndexError)
NO_CHANGE = frozenset({"noop", "rejected", moving.LEFT})
_HELD = "evidence_holds"

#: The rules of one type by their mark; None asks for those of rows from before marks were kept.
RulesOf = Callable[[str | None], RuleTable]


class Row(Entry, frozen=True):
    """A row of a record's history, with what has become known of it since."""

    #: Whose hand it was, where that is not the device.
    writer: str | None = None
    #: When it was let in out of quarantine, where it was: long after the rest of its push, then.
    let_in_ms: int | None = None

    @property
    def push(self) -> tuple[str, str, int, int | None]:
        """What the rows that were taken in at once have in common."""
        return self.device, self.install, self.received_ms, self.let_in_ms

    def author(self) -> Author:
        """Return who signed it, as the office filed it."""
        stamp = Stamp(self.at_ms, self.at_counter, self.writer or self.device)
        role = Role(self.role) if self.role else None
        as_claimed = not (self.clamped or self.corrected_ms)
        return Author(Person(self.by, "", ()), self.device, role, stamp, as_claimed, self.writer)


class Replayed(NamedTuple):
    """
    What a history comes to.

    Attributes:
        record: The record.
        disputes: The fields over which a person has to decide.
        reopened: The ids of disputes that somebody opened again; the marks do not tell of them.
        decided: How many decisions were made on the way.
    """

    record: Record
    disputes: frozenset[str]
    reopened: frozenset[str]
    decided: int


def replayed(rows: Sequence[Row], kind: RecordType, record_id: str, place: str, rules_of: RulesOf) -> Replayed:
    """
    Return the record that *rows* make, in the order of their versions.

    Args:
        kind: The record's type; of its rules only those count that *rules_of* returns.
        place: The record's grid; where it was moved, its last one.

    Raises:
        One of ``BROKEN``: a row cannot be replayed, or there is none that changed anything.
    """
    changing = [row for row in rows if row.outcome not in NO_CHANGE]
    first = next((moving.read_move(row.payload).from_grid for row in changing if row.outcome == MOVED), place)
    replaying = _Replaying(kind, record_id, first, rules_of)
    for push in _pushes(changing):
        replaying.take(push)
    if replaying.record is None:
        raise ValueError("no row makes the record")
    return Replayed(replaying.record, frozenset(replaying.disputes), frozenset(replaying.reopened), replaying.decided)


def number(record: Record, version: int, born: int = 0) -> None:
    """Give *record* the number *version*, as if it had been stored and read again; *born*, where it was made."""
    record.version, record.born = version, record.born or born or version
    record.changed, record.stored_before = False, True
    marks = record.marks
    for name, kept in marks.values.items():
        marks.values[name] = tuple(c if c.version else c._replace(version=version) for c in kept)
    for dots in marks.dots.values():
        for key, added in dots.items():
            dots[key] = tuple(dot if dot.version else dot._replace(version=version) for dot in added)


def _pushes(rows: Sequence[Row]) -> Iterator[list[Row]]:
    push: list[Row] = []
    for row in rows:
        if push and (row.push != push[0].push or MOVED in (row.outcome, push[-1].outcome) or _saw(row, push[0])):
            yield push
            push = []
        push.append(row)
    if push:
        yield push


def _saw(row: Row, first: Row) -> bool:
    """Say whether the author of *row* was looking at *first*: whoever saw a number of a push was not part of it."""
    base = _decode_base(row.payload).base if row.n else 0
    return isinstance(base, int) and base >= first.version


class _Based(Struct):
    base: Any = 0


_decode_base = msgspec.json.Decoder(_Based).decode


class _Replaying:
    def __init__(self, kind: RecordType, record_id: str, place: str, rules_of: RulesOf) -> None:
        self.record: Record | None = None
        self.disputes: set[str] = set()
        self.reopened: set[str] = set()
        self.decided = 0
        self._kind, self._id, self._place, self._rules_of = kind, record_id, place, rules_of
        self._kinds: dict[str | None, RecordType] = {}
        self._moves: list[Move] = []

    def take(self, push: Sequence[Row]) -> None:
        """Take in the rows of one push, whose numbers were taken at its end."""
        for row in self._first_things_first(push):
            self._take_row(row, self._kind_then(row.rules))
        if self.record is not None:
            number(self.record, push[-1].version, push[0].version)

    def _first_things_first(self, push: Sequence[Row]) -> list[Row]:
        """What the office brought about stands behind what was pushed, also where it was changed at once."""
        made = next((row for row in push if row.n == 0), None) if self.record is None and push[0].n else None
        if made is None or _op(push[0]) == "create":
            return list(push)
        return [made, *(row for row in push if row is not made)]

    def _take_row(self, row: Row, kind: RecordType) -> None:
        told: list[dict[str, Any]] = wire.decode_json(row.decisions) if row.decisions else []
        author = row.author()
        if row.n == 0:
            self._take_own(row, kind, author)
        else:
            self._take_mutation(row, kind, author, told)
        for decision in told:
            if decision["rule"] != _HELD and decision.get("sets"):
                machines.write(self._known().fields, decision["sets"])

    def _take_own(self, row: Row, kind: RecordType, author: Author) -> None:
        written = wire.decode_json(row.payload)
        if row.outcome == MOVED:
            self._moves.append(moving.read_move(row.payload))
            moving.carry(self._known(), self._moves[-1].to_grid)
        elif self.record is None:
            self.record = _brought(kind, self._id, self._place, _rewound(written, kind), author, row.received_ms)
        elif row.rules is None:  # from before amendments: the whole of the fields
            self.record.fields = written
            self.record.sign(row.by, author, self.record.version, quiet=False)
        else:
            amend(self.record, kind, author, written["sets"], written["adds"])

    def _take_mutation(self, row: Row, kind: RecordType, author: Author, told: Sequence[Mapping[str, Any]]) -> None:
        mutation = validation.read_mutation(row.payload.encode())
        mutation = msgspec.structs.replace(mutation, at=(row.at_ms, row.at_counter))
        if mutation.settles is not None and mutation.settles.choice == "reopen":
            self.reopened.add(mutation.settles.conflict)
        if mutation.op == "create":
            self.record = _created(kind, mutation, author, row)
            return
        mutation = moving.rebased(mutation, self._moves)
        decisions, closed = _carried_out(self._known(), kind, _without_held(mutation, told), author, told)
        self._note(decisions, closed)

    def _note(self, decisions: Sequence[Decision], closed: Sequence[Dispute]) -> None:
        self.decided += len(decisions)
        self.disputes |= {decision.listed_as for decision in decisions if decision.kind == PERSON}
        self.disputes -= {name for name, kind in closed if kind == PERSON}

    def _known(self) -> Record:
        if self.record is None:
            raise ValueError("the record is changed before it is made")
        return self.record

    def _kind_then(self, mark: str | None) -> RecordType:
        if mark not in self._kinds:
            self._kinds[mark] = dataclasses.replace(self._kind, rules=self._rules_of(mark))
        return self._kinds[mark]


def _op(row: Row) -> str:
    return validation.read_mutation(row.payload.encode()).op


def _carried_out(
    record: Record, kind: RecordType, mutation: Mutation, author: Author, told: Sequence[Mapping[str, Any]]
) -> tuple[Sequence[Decision], Sequence[Dispute]]:
    if mutation.op == "void":
        return merge.void(record, mutation, author), ()
    if mutation.op == "act":
        times = _AsReckoned(told)
        return acts.act(record, kind, mutation, author, in_the_way=_in_the_way(told), times=times), ()
    if locked.REASON in {decision["reason"] for decision in told}:
        return locked.keep_as_note(record, kind, mutation, author), ()
    return merge.merge(record, kind, mutation, author)


class _AsReckoned:
    """The office's clock as it stood: what it reckoned was written down."""

    def __init__(self, told: Sequence[Mapping[str, Any]]) -> None:
        self._sets: dict[str, Any] = next((d.get("sets", {}) for d in told if d["reason"] == acts.RECKONED), {})

    def reckon(self, clock: Clock, before: Fields, after: Fields, doing: Doing) -> Fields:
        return self._sets

    def hinders(self, known: Step, fields: Fields, doing: Doing) -> WhyNot | None:
        return None

    def regraded(self, before: Fields, after: Fields) -> Fields:
        return {}


def _in_the_way(told: Sequence[Mapping[str, Any]]) -> WhyNot | None:
    """Return what only the office could see to stand in the way of an act, where it was kept as late."""
    reasons = {decision["reason"]: decision.get("facts", {}) for decision in told}
    if acts.NOT_MET in reasons:
        facts = reasons[acts.NOT_MET]
        return WhyNot(facts["code"], facts["why_zh"], facts["why_en"])
    return acts.LEADS_BACK if acts.LATE in reasons else None


def _created(kind: RecordType, mutation: Mutation, author: Author, row: Row) -> Record:
    fields: dict[str, Any] = {}
    fold(kind, fields, mutation, row.device)
    if row.corrected_ms:
        merge.note_offset(fields, kind, row.corrected_ms)
    return merge.create(mutation, fields, author, row.received_ms)


def _brought(
    kind: RecordType, record_id: str, place: str, fields: dict[str, Any], author: Author, received_ms: int
) -> Record:
    by = author.person.id
    return Record(
        type=kind.name, id=record_id, grid=place, feed=grid.feed_of(place), fields=fields,
        origin=Origin(author.stamp, by, author.rank, author.as_claimed), at=moment(author.stamp), by=by,
        device=author.hand, rank=author.rank, received_ms=received_ms, clean=False, changed=True,
    )  # fmt: skip


def _rewound(fields: dict[str, Any], kind: RecordType) -> dict[str, Any]:
    """Return *fields* before any act: what a push brought about was written down at the push's end."""
    if kind.workflow_field in fields:
        for name in (kind.workflow_field, acts.LATE_ACTS, *machines.acted_on(workflow.MACHINES[kind.machine])):
            fields.pop(name, None)
        kind.complete(fields)
    return fields


def _without_held(mutation: Mutation, told: Sequence[Mapping[str, Any]]) -> Mutation:
    """Return *mutation* without the removals that an open case forbade."""
    held = {(d["field"], d["kept"]["value"]["sha256"]) for d in told if d["rule"] == _HELD}
    if not held:
        return mutation
    remove = {name: [k for k in keys if (name, k) not in held] for name, keys in mutation.remove.items()}
    return msgspec.structs.replace(mutation, remove=remove)
