"""What the tablet hands out: records, pages, people, the state of things 平板给出的值."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from schemas.grid import lies_in_any
from schemas.records import Fields
from sync_client.photos.values import Room


@dataclass(frozen=True, slots=True)
class Record:
    """
    One record as the worker sees it: what the office knows, and his own waiting work over it.

    Attributes:
        version: The feed number of the server's copy; 0 while the server has none.
        at: Stamp of the last change ``(milliseconds, counter)``.
        by: The person of the last change.
        fields: The fields; a fresh dict, changing it changes nothing.
        waiting: How many of this tablet's mutations of it are still in the outbox.
        acts: Names of the workflow acts among them, in order: asked for, not yet decided.
        follows: The check this record follows from, while only the tablet has derived it.
    """

    type: str
    id: str
    grid: str
    version: int
    at: tuple[int, int]
    by: str
    fields: Fields
    void: bool = False
    born: int = 0
    waiting: int = 0
    acts: tuple[str, ...] = ()
    follows: str | None = None

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the field *name*, or *default* where it is not filled in."""
        return self.fields.get(name, default)


@dataclass(frozen=True, slots=True)
class Attached(Record):
    """
    A record to which a photo was just attached 附照片的结果.

    Attributes:
        photo: The photo as the record names it now.
        before: As the record named it already; None where it did not. ``item`` and ``role`` are what changed.
        elsewhere: Ids of this tablet's other records that name it; a check and what follows from it are one.
    """

    photo: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] | None = None
    elsewhere: tuple[str, ...] = ()

    @property
    def repurposed(self) -> bool:
        """Whether the photo was there already, for another item or role."""
        was = self.before
        return was is not None and any(was.get(name) != self.photo.get(name) for name in ("item", "role"))


@dataclass(frozen=True, slots=True)
class Page:
    """A page of records; hand ``after`` to the next ``find``, it is None on the last page."""

    records: tuple[Record, ...]
    after: str | None

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> Record:
        return self.records[index]


@dataclass(frozen=True, slots=True)
class PersonRole:
    """A role 角色 held in an area 责任区."""

    role: str
    area: str


@dataclass(frozen=True, slots=True)
class Person:
    """A person admitted to this tablet 本机人员."""

    id: str
    name: str
    roles: tuple[PersonRole, ...]
    has_pin: bool
    current: bool

    def works_in(self, grid: str) -> bool:
        """Say whether the place *grid* lies in one of the person's areas."""
        return lies_in_any(grid, tuple(held.area for held in self.roles))


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One mutation of the journal, as a worker may be shown it.

    Attributes:
        outcome: None while it waits; ``held`` or ``retry`` where the server has it but not yet
            decided; else the final outcome.
        problem: Why it was rejected, in both languages, with what to do next.
        waits_for: What a held mutation waits for.
    """

    n: int
    type: str
    record_id: str
    op: str
    by: str
    at: tuple[int, int]
    outcome: str | None = None
    problem: dict[str, Any] | None = None
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class Outbox:
    """What still waits 待发, and what the server would not take 需处理."""

    waiting: tuple[Entry, ...]
    attention: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One decision in words 告知: about which field, by which rule and for which reason, in two languages."""

    field: str
    rule: str
    reason: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Told:
    """
    What was decided about something somebody wrote on this tablet 合并结果.

    Either the server's answer to one of this tablet's mutations, which brings the ``decisions`` as well, or
    what came down later, when somebody else's edit met an earlier one.

    Attributes:
        n: The mutation's number; 0 for what came down later.
        open: Whether a person still has to decide.
        decisions: The server's own, of a mutation; ``said`` has one entry for each.
        mark: Names it for ``FieldClient.acknowledge``.
        person: Whose edit it is about.
        at_ms: When it was decided, by the server's clock.
        feed, version: The history number it stands at.
        said: What a person is told.
        seen: Whether it was put aside.
        conflict: The dispute it belongs to, where the server named it.
    """

    n: int
    type: str
    record_id: str
    open: bool
    decisions: tuple[dict[str, Any], ...]
    mark: str
    person: str
    at_ms: int
    feed: str | None
    version: int
    said: tuple[Said, ...]
    seen: bool = False
    conflict: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """Something half filled in 草稿."""

    key: str
    data: dict[str, Any]
    saved_ms: int


@dataclass(frozen=True, slots=True)
class Status:
    """
    Where the tablet stands 本机状态. Times are milliseconds since 1970-01-01 UTC, as corrected.

    ``attention`` counts what the server would not take. ``told`` counts what whoever works now was told of
    his edits and has not put aside, ``conflicts`` those of it that somebody still has to decide. ``carried`` counts
    other tablets' rescue packages that the office has not answered for good. ``forgotten``: the office did not know
    this tablet when it was asked last, so it may lack what it had acknowledged, too. ``photos_waiting`` counts photos
    of which some file waits, ``photo_bytes_waiting`` the bytes of these files, ``photo_files`` files by state, verified
    ones left out; ``photos_refused`` and ``photos_lost`` count files that nobody has put aside.
    """

    enrolled: bool
    device: str | None
    district: str | None
    person: Person | None
    records: int
    waiting: int
    held: int
    attention: int
    conflicts: int
    told: int
    photos_waiting: int
    oldest_waiting_ms: int | None
    last_sync_ms: int | None
    next_sync_after_s: int
    last_problem: dict[str, Any] | None
    clock_offset_ms: int
    drafts: int
    carried: int = 0
    forgotten: bool = False
    photo_bytes_waiting: int = 0
    photo_files: dict[str, int] = field(default_factory=dict)
    photos_refused: int = 0
    photos_lost: int = 0
    room: Room | None = None


@dataclass(slots=True)
class SyncReport:
    """
    What one sync did 同步报告.

    ``problem`` is set where it stopped early; what was done until then is kept and need not be done
    again. ``told`` counts what came down about earlier edits of this tablet's people, ``offered`` what was offered
    again because the server had forgotten it, ``renumbered`` what was recorded again because its number was
    taken, ``delivered`` the mutations of carried rescue packages that the office answered for good. Bytes count
    bodies as they travelled.
    """

    pushed: int = 0
    applied: int = 0
    merged: int = 0
    noop: int = 0
    conflicts: int = 0
    rejected: int = 0
    held: int = 0
    pulled: int = 0
    left: int = 0
    told: int = 0
    offered: int = 0
    renumbered: int = 0
    delivered: int = 0
    rounds: int = 0
    retries: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    next_sync_after_s: int = 300
    feeds_unread: list[str] = field(default_factory=list)
    problem: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain data, for a log or a screen."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Progress:
    """
    Where a sync stands, told after every step.

    ``report`` is the running one and goes on changing; ``waiting`` counts what is left to push.
    """

    state: str
    report: SyncReport
    waiting: int


@dataclass(frozen=True, slots=True)
class FeedVerified:
    """
    What a verification found in one feed 核对结果; what differed was repaired.

    Attributes:
        records: How many records of the server's were compared.
        changed, missing, surplus: How many stood otherwise on the tablet, were not there, or were there alone.
        read_anew: So much differed that the feed was read from the beginning.
        proven: Whether the tablet holds now, byte for byte, what the server holds; else the office kept changing it.
    """

    feed: str
    records: int
    changed: int
    missing: int
    surplus: int
    read_anew: bool
    proven: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """
    What a verification found 核对报告.

    Attributes:
        strays: How many copies stood in feeds that the tablet does not read, and were dropped.
        relaid: How many records did not show what waiting work makes of the server's copy, and do now.
        report: The last sync's.
        bytes_up, bytes_down: Of the comparison and the repairs alone, beside the syncs.
    """

    feeds: tuple[FeedVerified, ...]
    strays: int
    relaid: int
    report: SyncReport
    bytes_up: int
    bytes_down: int

    @property
    def proven(self) -> bool:
        """Whether every feed now equals the server's."""
        return all(feed.proven for feed in self.feeds)

    @property
    def repaired(self) -> int:
        """How many records had to be repaired; at least one where a feed was read from the beginning."""
        each = (one.changed + one.missing + one.surplus for one in self.feeds)
        return self.strays + self.relaid + sum(each) or int(any(one.read_anew for one in self.feeds))
