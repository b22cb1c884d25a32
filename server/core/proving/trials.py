"""
Trials of one field 试演: people write it on several tablets, and the edits arrive in this order or that.

Everything is as it really happens. Tablets have clocks that are wrong or jump, and see what the office
knew when they last asked; the office corrects and clamps their stamps, merges edit by edit, and numbers
a push at its end. What may differ from one arrival to another is only what a network decides: whose
push comes first, what travels in one push, and whether something is heard twice.

An author has seen the record as it stood at some moment, and whatever was there then came before him in
any order. So a trial has stages 阶段: what arrived in an earlier one can have been seen by who writes in
a later one, and inside a stage everything may change places, except that a tablet sends in its own order.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from schemas import clock, wire
from schemas.clock import Clock, Received, Stamp
from schemas.ids import derived_id
from schemas.mutations import Mutation
from schemas.records import Fields, RecordType
from schemas.roles import Role
from schemas.rules import DAY_MS, Candidate, Rule
from server.core import merge
from server.core.decisions import PERSON, SUGGESTION
from server.core.proving.replay import number
from server.core.proving.samples import WHOLES, Sampler, Written
from server.values import Author, Person, deep

T = TypeVar("T")

#: 2020-07-18 08:00 in Fuxin.
MORNING_MS = 1_595_030_400_000
GRID = "210902005003007"
OFFICE = "平台"
TABLETS = ("平板甲", "平板乙", "平板丙")
_SECOND, _MINUTE, _HOUR = 1_000, 60_000, 3_600_000
#: How much time passes between two things that happen, and by how much clocks are wrong: a few minutes with
#: clocks that jump to and fro, or hours and days with clocks wrong enough to be cut back, or corrected.
_WEATHER = (
    ((0, 0, _SECOND, 30 * _SECOND), (0, 30 * _SECOND, 60 * _SECOND, 90 * _SECOND)),
    ((0, _SECOND, _MINUTE, 10 * _MINUTE), (0, 4 * _MINUTE, 299 * _SECOND, 301 * _SECOND, -10 * _MINUTE)),
    ((0, 10 * _MINUTE, 3 * _HOUR, 25 * _HOUR), (0, 0, 0, -10 * _MINUTE, _HOUR, 400 * DAY_MS)),
)
_STAGES = (1, 1, 2, 2, 3)
_EDITS = (0, 1, 1, 2, 2)
_MAKERS = (OFFICE, OFFICE, TABLETS[0])


class Dice(Protocol):
    """What is asked of a generator of random numbers; ``random.Random`` is one."""

    def random(self) -> float:
        """Return a number from 0 up to 1."""

    def randrange(self, stop: int, /) -> int:
        """Return a whole number from 0 up to *stop*."""

    def choice(self, seq: Sequence[T], /) -> T:
        """Return one of *seq*."""

    def shuffle(self, x: list[Any], /) -> None:
        """Put *x* into another order, in place."""


class Actor(NamedTuple):
    """Somebody who writes, and his role."""

    name: str
    role: Role


PEOPLE = (
    Actor("李", Role.GRID_WORKER),
    Actor("王", Role.GRID_WORKER),
    Actor("孙", Role.GRID_LEADER),
    Actor("赵", Role.COMMUNITY),
    Actor("钱", Role.STREET),
)


class Edit(Struct, frozen=True):
    """
    One edit of a trial.

    Attributes:
        seen: The stage whose end its author was looking at: 0 for the record as it was made, -1 for nothing.
        stage: The stage in which it reaches the office, from 1.
        claimed, received: Its stamp as its tablet made it, and as the office files it.
    """

    device: str
    who: Actor
    written: Written
    seen: int
    stage: int
    claimed: Stamp
    received: Received


class Scene(Struct, frozen=True):
    """
    A record with the fields *born*, made on *maker*, and what was written into its field *name*.

    Every tablet's edits stand in its own order.
    """

    kind: RecordType
    name: str
    born: Fields
    maker: str
    edits: tuple[Edit, ...]

    def without(self, place: int) -> "Scene":
        """Return the scene as it is when the edit at *place* was never made."""
        return replace(self, edits=self.edits[:place] + self.edits[place + 1 :])


#: Which edits arrive together, by their places in the scene; an edit may be named twice.
Push = tuple[int, ...]
Arrival = tuple[Push, ...]


class Shown(NamedTuple):
    """
    What became of a record, as far as it must not depend on the arrival.

    ``standing`` has, by field, what is shown and what stands beside it, each with whose it is; ``disputes``
    what waits for a person, as the decisions opened and ended it, by field and kind.
    """

    fields: bytes
    at: tuple[int, int, str]
    standing: dict[str, Any]
    disputes: frozenset[tuple[str, str]]


class Field:
    """One field, or one group of fields, of a record type, with what people may write into it."""

    def __init__(self, sampler: Sampler, name: str, rule: Rule) -> None:
        self.kind, self.name, self.rule = sampler.kind, name, rule
        self.writings = sampler.writings(name, rule)
        self._members = name.split("+") if name in self.kind.rules.groups.values() else [name]
        self._wholes = [self._least(sampler.whole(place)) for place in range(WHOLES)]

    def imagined(self, dice: Dice) -> Scene:
        """Return a scene that might well happen."""
        stages = dice.choice(_STAGES)
        pace, errors = dice.choice(_WEATHER)
        tablets = [_Tablet(name, dice, pace, errors) for name in TABLETS[: dice.choice((2, 3, 3))]]
        now, edits = MORNING_MS, list[Edit]()
        for stage in range(1, stages + 1):
            dice.shuffle(tablets)
            for tablet in tablets:
                now += dice.choice(pace)
                tablet.look(stage - 1, edits, now)
                now = tablet.write(self.writings, now)
                if stage == stages or dice.random() < 0.8:
                    now += dice.choice(pace)
                    edits += tablet.push(stage, now)
        return Scene(self.kind, self.name, self._born(dice), dice.choice(_MAKERS), tuple(edits))

    def _least(self, whole: Fields) -> Fields:
        """Return of a whole record what matters here: where nothing is computed, the field alone."""
        computes = any(rule.name == "derived" for rule in self.kind.rules.fields.values())
        return whole if computes else {name: whole[name] for name in self._members}

    def _born(self, dice: Dice) -> Fields:
        born = deep(self._wholes[dice.randrange(WHOLES)])
        if dice.random() < 0.3:
            for member in self._members:
                born.pop(member, None)
        self.kind.complete(born)
        return born  # type: ignore[no-any-return]


class _Tablet:
    """
    A tablet with its clock, and one or two people who share it.

    Now and then it is a careless one, whose stamps say what its clock says and nothing else: a program that
    others wrote, which may even write something earlier than what it had on its screen.
    """

    def __init__(self, name: str, dice: Dice, pace: Sequence[int], errors: Sequence[int]) -> None:
        self._dice, self._name, self._pace, self._errors = dice, name, pace, errors
        self._error = dice.choice(errors)
        self._clock, self._careless = Clock(name), dice.random() < 0.4
        self._people = [dice.choice(PEOPLE) for _ in range(1 + dice.randrange(2))]
        self._seen = dice.choice((0, 0, -1))
        self._waiting: list[tuple[Actor, Written, int, Stamp]] = []

    def look(self, stage: int, edits: Sequence[Edit], now: int) -> None:
        """Perhaps see the record as it stands at the end of *stage*."""
        if self._dice.random() < 0.5:
            self._seen = stage
            for edit in edits:
                self._clock.observe(edit.received.stamp, now + self._error)

    def write(self, writings: Sequence[Written], now: int) -> int:
        """Write up to two edits; return the time when that is done."""
        for _ in range(self._dice.choice(_EDITS)):
            if self._dice.random() < 0.5:
                self._error = self._dice.choice(self._errors)
            written = self._dice.choice(writings)
            self._waiting.append((self._dice.choice(self._people), written, self._seen, self._stamp(now)))
            now += self._dice.choice(self._pace)
        return now

    def _stamp(self, now: int) -> Stamp:
        stamp = self._clock.tick(now + self._error)
        return Stamp(now + self._error, 0, self._name) if self._careless else stamp

    def push(self, stage: int, now: int) -> list[Edit]:
        """Send what waits: the office corrects it by what the tablet says of its clock, and clamps it."""
        offset = clock.measured_offset(self._clock.now_ms(now + self._error), now)
        sent = [
            Edit(self._name, who, written, seen, stage, stamp, clock.receive(stamp, offset, now))
            for who, written, seen, stamp in self._waiting
        ]
        self._waiting = []
        self._clock.offset_ms = -self._error
        return sent


# -- arrivals -----------------------------------------------------------------------------------------


def one_by_one(scene: Scene) -> Arrival:
    """Return the plainest arrival: stage by stage, every edit a push of its own."""
    return tuple((place,) for place in sorted(range(len(scene.edits)), key=lambda place: scene.edits[place].stage))


def shuffled(scene: Scene, dice: Dice) -> Arrival:
    """Return another arrival of the same edits: inside a stage anybody's may come first."""
    turns = [(edit.stage, edit.device) for edit in scene.edits]
    dice.shuffle(turns)
    waiting: dict[tuple[int, str], list[int]] = {}
    for place, edit in enumerate(scene.edits):
        waiting.setdefault((edit.stage, edit.device), []).append(place)
    return tuple((waiting[turn].pop(0),) for turn in sorted(turns, key=lambda turn: turn[0]))


def repeated(arrival: Arrival, dice: Dice) -> Arrival:
    """Return *arrival* with some edits heard twice."""
    return tuple(push if dice.random() < 0.5 else (*push, push[-1]) for push in arrival)


def batched(scene: Scene, arrival: Arrival) -> Arrival:
    """Return *arrival* with neighbours of one tablet in one push."""
    pushes: list[Push] = []
    for push in arrival:
        now, before = scene.edits[push[0]], scene.edits[pushes[-1][0]] if pushes else None
        if before is not None and (before.device, before.stage) == (now.device, now.stage):
            pushes[-1] += push
        else:
            pushes.append(push)
    return tuple(pushes)


def dropping(arrival: Arrival, place: int) -> Arrival:
    """Return *arrival* without the edit at *place*, for the scene that lacks it."""
    kept = (tuple(other - (other > place) for other in push if other != place) for push in arrival)
    return tuple(push for push in kept if push)


# -- playing ------------------------------------------------------------------------------------------


def play(scene: Scene, arrival: Arrival) -> Shown:
    """Let the edits of *scene* arrive, and return what the office shows in the end."""
    return _Played(scene).arrive(arrival)


class _Played:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        made = Stamp(MORNING_MS - _HOUR, 0, scene.maker)
        author = Author(Person(OFFICE, OFFICE, ()), scene.maker, None, made)
        mutation = _mutation(scene.kind, made, OFFICE, 0, {})
        self.record = merge.create(mutation, deep(scene.born), author, made.ms)
        self.disputes: set[tuple[str, str]] = set()
        #: The record's version at the end of each stage.
        self.ends = {-1: 0}
        number(self.record, 1)

    def arrive(self, arrival: Arrival) -> Shown:
        stage = 0
        for push in arrival:
            if self.scene.edits[push[0]].stage != stage:
                self._end(stage, self.scene.edits[push[0]].stage)
                stage = self.scene.edits[push[0]].stage
            for place in push:
                self._merge(self.scene.edits[place])
            number(self.record, self.record.version + len(push))
        record = self.record
        return Shown(wire.canonical(record.fields), record.at, self._standing(), frozenset(self.disputes))

    def _end(self, stage: int, following: int) -> None:
        self.ends |= dict.fromkeys(range(stage, following), self.record.version)

    def _merge(self, edit: Edit) -> None:
        stamp = edit.received.stamp
        author = Author(
            Person(edit.who.name, edit.who.name, ()), edit.device, edit.who.role, stamp, edit.received.as_claimed
        )
        mutation = _mutation(self.scene.kind, stamp, edit.who.name, self.ends[edit.seen], edit.written)
        decisions, closed = merge.merge(self.record, self.scene.kind, mutation, author)
        self.disputes |= {(d.field, d.kind) for d in decisions if d.kind in (PERSON, SUGGESTION)}
        self.disputes -= set(closed)

    def _standing(self) -> dict[str, Any]:
        marks, rules = self.record.marks, self.scene.kind.rules
        standing: dict[str, Any] = {}
        for name, kept in marks.values.items():
            settled = rules.of(name).settle(kept)  # type: ignore[attr-defined]  # only such fields have values
            beside = {told(candidate) for candidate in settled.standing or settled.kept}
            standing[name] = (told(settled.winner), tuple(sorted(beside)), settled.open)
        for name, dots in marks.dots.items():
            if dots:
                standing[name] = sorted((key, sorted({dot.device for dot in added})) for key, added in dots.items())
        return standing


def told(candidate: Candidate) -> tuple[str, str, Stamp, int]:
    """Return what makes a candidate the same in every arrival: its value as JSON, whose, when, of what weight."""
    return wire.canonical(candidate.value).decode(), candidate.by, candidate.stamp, candidate.rank


def _mutation(kind: RecordType, stamp: Stamp, by: str, base: int, written: Written) -> Mutation:
    parts: dict[str, Any] = {verb: deep(values) for verb, values in written.items()}
    return Mutation(
        n=1, op="patch", type=kind.name, id=_RECORD, grid=GRID, at=(stamp.ms, stamp.counter), by=by, base=base, **parts
    )


_RECORD = derived_id("trial")
