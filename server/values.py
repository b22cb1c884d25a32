"""
The values that the core decides over and the stores keep 数值类型: records, people, grants.

Field marks are kept only for what was written after creation: a record that nobody edited carries
nothing but its creation stamp.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from schemas import wire
from schemas.clock import Stamp
from schemas.records import Fields
from schemas.roles import UNSIGNED, Role
from schemas.rules import Candidate

#: A mark's version while its number is not yet taken; it becomes the record's own on writing.
PENDING = 0


class Grant(NamedTuple):
    """
    A role in an area 授权, from one moment until another (milliseconds; None: until further notice).

    ``unit`` is the department for which the person acts there, where it is one.
    """

    role: Role
    area: str
    from_ms: int
    to_ms: int | None
    unit: str | None = None

    def holds_at(self, ms: int) -> bool:
        """Say whether the grant holds at the moment *ms*."""
        return self.from_ms <= ms and (self.to_ms is None or ms < self.to_ms)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody admitted to a device 人员; ``stopped_ms`` is when the account was stopped."""

    id: str
    name: str
    grants: tuple[Grant, ...]
    stopped_ms: int | None = None


class Entry(Struct, frozen=True):
    """
    One row of the history 历史; ``n`` is 0 for what the server itself brought about.

    ``payload`` is the mutation as it came; where ``n`` is 0, what the server wrote: of a record's first row its
    fields, of a later one an amendment. ``rules`` is the mark of the record type's rules on that day; rows from
    before marks were kept have none.
    """

    feed: str
    version: int
    record: str
    device: str
    install: str
    n: int
    by: str
    role: str | None
    at_ms: int
    at_counter: int
    corrected_ms: int
    clamped: bool
    received_ms: int
    outcome: str
    payload: str
    decisions: str | None
    rules: str | None = None

    def link(self, before: bytes) -> bytes:
        """Return this row's link, SHA-256 of everything in it and of the link *before*."""
        # What has no mark is linked as it was before there were any: old chains still hold.
        marked = "" if self.rules is None else f"rules {self.rules}|"
        head = "|".join(map(str, msgspec.structs.astuple(self)[:13])) + f"|{self.outcome}|{marked}{len(self.payload)}|"
        return hashlib.sha256(before + (head + self.payload + (self.decisions or "")).encode()).digest()


class Author(Struct, frozen=True):
    """
    Who signed a mutation, under which role, when, as the server files it.

    ``writer`` is whose hand the edit counts as, where that is not simply the device: after its first install a
    tablet was copied or put back, and does not know what was written on it before.
    """

    person: Person
    device: str
    role: Role | None
    stamp: Stamp
    as_claimed: bool = True
    writer: str | None = None

    @property
    def hand(self) -> str:
        """Who never conflicts with his own earlier edits."""
        return self.writer or self.device

    @property
    def rank(self) -> int:
        """The weight of the author's word; greater wins."""
        return self.role.rank if self.role else UNSIGNED


class Seen(NamedTuple):
    """Which part of one feed is read: what lies in one of ``areas``, and what stands at a code of ``above``."""

    areas: tuple[str, ...]
    above: frozenset[str]


class Dot(NamedTuple):
    """
    One adding of one set element: at which version, by which device and person.

    ``element`` is what was added, where others added it too; alone it is the one in the fields.
    """

    version: int
    device: str
    element: Any = None
    by: str = ""


@dataclass(slots=True)
class Marks:
    """
    What the fields of an edited record remember for the next comparison.

    ``values`` holds the candidates kept for a field; ``dots`` the addings of each set element.
    """

    values: dict[str, tuple[Candidate, ...]] = field(default_factory=dict)
    dots: dict[str, dict[str, tuple[Dot, ...]]] = field(default_factory=dict)

    def copy(self) -> "Marks":
        """Return a copy that can be written to without touching this one."""
        return Marks(dict(self.values), {name: dict(dots) for name, dots in self.dots.items()})

    def __bool__(self) -> bool:
        return bool(self.values or self.dots)


class Origin(NamedTuple):
    """Who made a record, when, with what weight; ``firm`` where the clock that says so needed no correction."""

    stamp: Stamp
    by: str
    rank: int
    firm: bool = True


class Record(Struct):
    """
    One record in memory.

    ``version`` and ``born`` are 0 until numbers are taken. ``at`` is the greatest moment at which somebody
    wrote, and names no device. ``by`` wrote last, on ``device``, with the weight ``rank``; ``clean`` says
    that what he wrote is exactly what that tablet shows, so that the record need not travel back to it.
    """

    type: str
    id: str
    grid: str
    feed: str
    fields: Fields
    origin: Origin
    at: Stamp
    by: str
    device: str
    received_ms: int
    rank: int = UNSIGNED
    version: int = 0
    born: int = 0
    marks: Marks = msgspec.field(default_factory=Marks)
    void: bool = False
    clean: bool = True
    changed: bool = False
    #: Whether the last change was made without having seen all that stood here before.
    overtaken: bool = False
    stored_before: bool = False
    #: Made by a group that then failed as a whole; as if it had never been.
    gone: bool = False
    #: At most so many bytes do the fields take.
    size: int = 0

    def sign(self, by: str, author: Author, base: int, *, quiet: bool = True) -> None:
        """
        Note who changed the record last, and whether his own tablet already shows the result.

        Args:
            base: The version the author was looking at.
            quiet: False where the outcome is not simply what the author wrote.
        """
        # A version seen says nothing of what this very push has changed since.
        saw_it_all = (base == self.version and not self.changed) or (self.clean and self.device == author.hand)
        self.clean = quiet and author.as_claimed and saw_it_all
        self.overtaken = not saw_it_all
        self.at = max(self.at, moment(author.stamp))
        self.by, self.device, self.rank, self.changed = by, author.hand, author.rank, True

    def body(self) -> str:
        """Return the fields as canonical JSON: equal records are equal bytes."""
        return wire.canonical(self.fields).decode()

    def copy(self) -> "Record":
        """Return a deep enough copy to come back to when a group of mutations fails."""
        return msgspec.structs.replace(self, fields=deep(self.fields), marks=self.marks.copy())

    def become(self, twin: "Record") -> None:
        """Be again what *twin*, a copy made earlier, still is; whoever holds this record sees it."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(twin, name))


class ActTime(Struct, frozen=True, gc=False):
    """When which act was carried out on a case, between which states; ``at`` is as in a stamp."""

    act: str
    at: list[int]
    by: str
    start: str = msgspec.field(name="from", default="")
    end: str = msgspec.field(name="to", default="")


_ACTS = msgspec.json.Decoder(list[ActTime])


class TermKept(Struct, frozen=True, gc=False):
    """The time allowed for a case as its record keeps it; see ``server.core.clocks.deadlines.Term``."""

    limit: tuple[float, str]
    start_ms: int
    due_ms: int
    yellow_ms: int
    original: tuple[float, str]
    extensions: int = 0
    used_ms: int = 0
    paused_ms: int | None = None
    named: bool = False
    known_ms: int | None = None


class CaseTimes(Struct, frozen=True, gc=False):
    """What of a case's fields its clocks go by 案件计时: a part of the record, read without the rest."""

    status: str
    problem_class: str
    severity: str
    source: str
    found_at: str
    variant: str | None = None
    road_grade: int | None = None
    fixed_on_spot: bool | None = None
    case_no: str | None = None
    place_text: str | None = None
    target_id: str | None = None
    lead: str | None = None
    owner_person: str | None = None
    dispatched_at: str | None = None
    review_on: str | None = None
    project: str | None = None
    term: TermKept | None = None
    timeline: msgspec.Raw = msgspec.Raw(b"[]")

    @property
    def acts(self) -> list[ActTime]:
        """The timeline, which most readers leave alone."""
        return _ACTS.decode(self.timeline)


def moment(stamp: Stamp) -> Stamp:
    """Return when *stamp* was made, whoever made it."""
    return Stamp(stamp.ms, stamp.counter)


def deep(value: Any) -> Any:
    """Copy JSON-like *value*."""
    if isinstance(value, dict):
        return {key: deep(item) for key, item in value.items()}
    return [deep(item) for item in value] if isinstance(value, list) else value
