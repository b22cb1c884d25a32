"""
The conflict rules: how two people's edits of one field become one 冲突规则.

A rule is a function of a *set* of candidates. It is given every value whose author had not seen the
others, and says which one is shown, which ones must be remembered for the next comparison, and
whether a person has to decide. Because it never asks who arrived first, the result cannot depend on
who reached a network first; a test permutes arrivals for every rule that claims so.

A rule is a pure value and stands beside its field::

    name = Text(1, 60, metadata=settled_by(authority(then=person())))
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol

from schemas.clock import CORRECT_BEYOND_MS, Stamp
from schemas.roles import Role

DAY_MS = 24 * 3600 * 1000
#: Two clocks that nobody corrected may still be this far apart: 5 min.
UNSURE_MS = CORRECT_BEYOND_MS
#: What a decision says of its own certainty.
ORDERED = "ordered"
CLOCK_UNCERTAIN = "clock_uncertain"
#: The reasons that rest on the order of stamps.
BY_TIME = frozenset({"later_stamp", "written_once"})


class Candidate(NamedTuple):
    """
    One value somebody wrote, and everything a rule may ask about it.

    ``version`` is the record's version at which it was written; a mutation still in hand has 0. ``firm``
    is False where the clock that stamped it had to be corrected or cut back; ``first`` says that the record
    was made with it.
    """

    value: Any
    stamp: Stamp
    by: str
    rank: int
    version: int = 0
    firm: bool = True
    first: bool = False


class Settled(NamedTuple):
    """
    What a rule made of a set of candidates.

    ``winner`` is shown. ``kept`` is what the next comparison needs, the winner included. ``aside``
    holds lower ranks' values that became suggestions. ``open`` says that a person must decide.
    """

    winner: Candidate
    kept: tuple[Candidate, ...]
    reason: str
    aside: tuple[Candidate, ...] = ()
    open: bool = False
    #: What a person is shown of the dispute, where that is not all that is kept.
    standing: tuple[Candidate, ...] = ()


class Rule(Protocol):
    """What every conflict rule says of itself."""

    @property
    def name(self) -> str:
        """The rule's word in the protocol; stable."""

    @property
    def verb(self) -> str:
        """The part of a mutation that writes such a field: set, add, share, act or nothing."""

    @property
    def order_free(self) -> bool:
        """Whether the result is promised not to depend on the order of arrival."""


class ValueRule(Rule, Protocol):
    """A rule over whole values, written by ``set``."""

    def supersedes(self, new: Candidate, seen: Candidate) -> bool:
        """Say whether *new* replaces *seen*, whose value its author was looking at."""

    def settle(self, candidates: Sequence[Candidate]) -> Settled:
        """Settle at least one candidate; the order of *candidates* makes no difference."""


@dataclass(frozen=True, slots=True)
class Latest:
    """The greatest stamp wins."""

    name: ClassVar[str] = "latest"
    verb: ClassVar[str] = "set"
    order_free: ClassVar[bool] = True

    def supersedes(self, new: Candidate, seen: Candidate) -> bool:
        """Whoever saw a value may replace it."""
        return True

    def settle(self, candidates: Sequence[Candidate]) -> Settled:
        """
        Pick the greatest stamp.

        All are kept: a corrected clock may put an edit before the one it replaced, and then a value that
        had lost to that one comes last after all.
        """
        row = tuple(sorted(candidates, key=_by_stamp))
        return Settled(row[-1], row, "later_stamp", standing=row[-1:])


@dataclass(frozen=True, slots=True)
class First:
    """The smallest stamp wins: written once, as the moment of an observation."""

    name: ClassVar[str] = "first"
    verb: ClassVar[str] = "set"
    order_free: ClassVar[bool] = True

    def supersedes(self, new: Candidate, seen: Candidate) -> bool:
        """Never: what was written first stays."""
        return False

    def settle(self, candidates: Sequence[Candidate]) -> Settled:
        """Pick the smallest stamp."""
        winner = min(candidates, key=_by_stamp)
        return Settled(winner, (winner,), "written_once")


@dataclass(frozen=True, slots=True)
class Extreme:
    """A lattice join over an order of values; two equal values keep the earlier author."""

    name: str
    greatest: bool
    ladder: tuple[str, ...] = ()
    verb: ClassVar[str] = "set"
    order_free: ClassVar[bool] = True

    def supersedes(self, new: Candidate, seen: Candidate) -> bool:
        """Only further along: the value alone decides, whoever saw which."""
        return self._height(new) > self._height(seen)

    def settle(self, candidates: Sequence[Candidate]) -> Settled:
        """Pick the extreme value, and among equal ones the smallest stamp."""
        best = self._height(max(candidates, key=self._height))
        winner = min((c for c in candidates if self._height(c) == best), key=_by_stamp)
        return Settled(winner, (winner,), f"{self.name}_value")

    def _height(self, candidate: Candidate) -> float:
        value = candidate.value
        if value is None:
            return float("-inf")
        height = float(self.ladder.index(value)) if self.ladder else float(value)
        return height if self.greatest else -height


@dataclass(frozen=True, slots=True)
class Person:
    """
    A person decides between values written within a window of each other; further apart, the later.

    Until somebody settles it the older value is shown: a sign over a door is not renamed by a race
    (domain rule 10). Whoever settles holds at least the rank ``settler``; below it, having seen a
    colleague's change gives no right to change it again within the window. What the record was made with
    is no change: whoever saw it may correct it.
    """

    window_ms: int = DAY_MS
    settler: int = Role.COMMUNITY.rank
    name: ClassVar[str] = "person"
    verb: ClassVar[str] = "set"
    order_free: ClassVar[bool] = True

    def supersedes(self, new: Candidate, seen: Candidate) -> bool:
        """His own value anybody may replace, another's change after the window or as one who may settle."""
        free = new.by == seen.by or seen.first
        return free or new.rank >= self.settler or new.stamp.ms - seen.stamp.ms >= self.window_ms

    def settle(self, candidates: Sequence[Candidate]) -> Settled:
        """
        Show the oldest of those that stand close together at the end of the row.

        All are kept: a value that lies between two others may still join them into one dispute.
        """
        row = sorted(candidates, key=_by_stamp)
        rivals = self._last_cluster(row)
        if all(rival.value == rivals[0].value for rival in rivals):
            return Settled(rivals[0], tuple(row), "later_stamp" if len(row) > len(rivals) else "same_value")
        return Settled(rivals[0], tuple(row), "a_person_decides", open=True)

    def _last_cluster(self, row: list[Candidate]) -> list[Candidate]:
        start = len(row) - 1
        while start and row[start].stamp.ms - row[start - 1].stamp.ms < self.window_ms:
            start -= 1
        return row[start:]


@dataclass(frozen=True, slots=True)
class Authority:
    """The greater rank at signing time wins, then the inner rule; a lower rank's value is a suggestion."""

    inner: ValueRule
    name: ClassVar[str] = "authority"
    verb: ClassVar[str] = "set"

    @property
    def order_free(self) -> bool:
        """As free as the inner rule."""
        return self.inner.order_free

    def supersedes(self, new: Candidate, seen: Candidate) -> bool:
        """A lower rank never writes over a higher one, seen or not."""
        return new.rank >= seen.rank and (new.rank > seen.rank or self.inner.supersedes(new, seen))

    def settle(self, candidates: Sequence[Candidate]) -> Settled:
        """
        Settle among the highest rank only; other values of lower ranks are set aside.

        All are kept: whoever made a value outdated may himself, in a greater role, take it back.
        """
        row = tuple(sorted(candidates, key=_by_stamp))
        rank = max(c.rank for c in row)
        inner = self.inner.settle([c for c in row if c.rank == rank])
        aside = tuple(c for c in row if c.rank < rank and c.value != inner.winner.value)
        reason = "higher_rank" if aside else inner.reason
        return inner._replace(kept=row, aside=aside, reason=reason, standing=(*(inner.standing or inner.kept), *aside))


@dataclass(frozen=True, slots=True)
class Together:
    """Fields that win or lose as one (a position and its accuracy); a mutation sets all or none."""

    fields: tuple[str, ...]
    inner: ValueRule
    name: ClassVar[str] = "together"
    verb: ClassVar[str] = "set"

    @property
    def order_free(self) -> bool:
        """As free as the inner rule."""
        return self.inner.order_free

    def supersedes(self, new: Candidate, seen: Candidate) -> bool:
        """As the inner rule says."""
        return self.inner.supersedes(new, seen)

    def settle(self, candidates: Sequence[Candidate]) -> Settled:
        """As the inner rule settles; a candidate's value is the mapping of all the fields."""
        return self.inner.settle(candidates)


@dataclass(frozen=True, slots=True)
class Union:
    """A set of elements told apart by *key*: adding wins, a remove takes away what its author saw."""

    key: str | None = None
    name: ClassVar[str] = "union"
    verb: ClassVar[str] = "add"
    order_free: ClassVar[bool] = True

    def key_of(self, element: Any) -> str:
        """Return the text that tells *element* from others."""
        return str(element if self.key is None else element[self.key])


@dataclass(frozen=True, slots=True)
class Append:
    """A list that only grows, of entries with author and time; two remarks are both kept."""

    name: ClassVar[str] = "append"
    verb: ClassVar[str] = "add"
    order_free: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Share:
    """One number a device and person; the total is their sum, so no count is lost or added twice."""

    name: ClassVar[str] = "share"
    verb: ClassVar[str] = "share"
    order_free: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Workflow:
    """An act legal in the present state is applied with its own time; else it is kept as a late act."""

    machine: str
    name: ClassVar[str] = "workflow"
    verb: ClassVar[str] = "act"
    #: By arrival, and says so: a step made offline is a request that the office's state decides.
    order_free: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Derived:
    """Computed from the other fields on both sides, or given by the server; never sent."""

    name: ClassVar[str] = "derived"
    verb: ClassVar[str] = ""
    order_free: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Unique:
    """
    Two ids for one thing are linked or suggested to a person as a pair, never an error.

    Args:
        key: The fields that together name the thing; all must be filled.
        policy: ``suggest`` leaves both usable until a person decides.
    """

    key: tuple[str, ...]
    policy: str = "suggest"
    name: ClassVar[str] = "unique"
    verb: ClassVar[str] = ""
    order_free: ClassVar[bool] = True


LATEST = Latest()
FIRST = First()
HIGHEST = Extreme("highest", greatest=True)
LOWEST = Extreme("lowest", greatest=False)
PERSON = Person()
APPEND = Append()
SHARE = Share()
DERIVED = Derived()


def certainty(settled: Settled, candidates: Sequence[Candidate]) -> str:
    """
    Say how sure the order is that *settled* rests on: ``ordered`` or ``clock_uncertain``.

    An order of stamps is uncertain where two devices' clocks might well have stood the other way round:
    they are less than ``UNSURE_MS`` apart, or one of them had to be corrected.
    """
    if settled.reason not in BY_TIME:
        return ORDERED
    others = [c for c in candidates if c.stamp.device != settled.winner.stamp.device]
    return CLOCK_UNCERTAIN if any(_unsure(settled.winner, other) for other in others) else ORDERED


def _unsure(one: Candidate, other: Candidate) -> bool:
    close = abs(one.stamp.ms - other.stamp.ms) < UNSURE_MS
    return close or not (one.firm and other.firm)


def escalate(*ladder: str) -> Extreme:
    """Return the rule by which a value only climbs *ladder*, given from lowest to highest."""
    return Extreme("escalate", greatest=True, ladder=ladder)


def authority(then: ValueRule = LATEST) -> Authority:
    """Return the rule by which rank decides first and *then* among equals."""
    return Authority(then)


def union(key: str | None = None) -> Union:
    """Return the add-wins set rule; *key* names the element's field that identifies it."""
    return Union(key)


def settled_by(rule: Rule) -> dict[str, Any]:
    """Return the field metadata that declares *rule* beside the field."""
    return {"rule": rule}


@dataclass(frozen=True, slots=True)
class RuleTable:
    """
    The rules of one record type, ready for merging.

    ``groups`` maps a member field to the name of its ``together`` group, which is the group's fields
    joined by ``+``; for every other field it has no entry.
    """

    fields: Mapping[str, Rule]
    groups: Mapping[str, str] = field(default_factory=dict)
    unique: Unique | None = None

    def of(self, name: str) -> Rule:
        """Return the rule of field *name*; a field this version does not know settles by stamp."""
        return self.fields.get(name, LATEST)


_by_stamp: Callable[[Candidate], Stamp] = lambda candidate: candidate.stamp  # noqa: E731
