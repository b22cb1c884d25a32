"""
The bodies of one sync 同步报文, and the canonical JSON both sides store.

``POST /v1/sync`` carries a ``SyncRequest`` up and a ``SyncResponse`` down. Mutations and records stay
raw here: one that cannot be read must not spoil the others, and one that is only passed on need not
be taken apart.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from schemas import numbers

PROTOCOL = 1
MAX_MUTATIONS = 500
#: Numbers that records had before: a check opens some twenty cases at the most.
MAX_HAD = 25 * MAX_MUTATIONS
MAX_PAGE_RECORDS = 2_000
MAX_PAGE_BYTES = 1024 * 1024
MAX_BODY_PACKED = 1024 * 1024
MAX_BODY_INFLATED = 8 * 1024 * 1024

FINAL = frozenset({"applied", "merged", "noop", "conflict", "rejected"})

#: Under these names the server itself writes: at the desk, what the desk lets in under a new number, moves.
INSTALL_PATTERN = r"^(?!(?:desk|desk-reused|moves)(?![\s\S]))[\s\S]*$"
_Install = Annotated[str, Meta(min_length=1, max_length=40, pattern=INSTALL_PATTERN.replace("$", r"\Z"))]
_Cursor = Annotated[str, Meta(max_length=400)]
#: A feed is named by its street's code or its district's.
FEED_PATTERN = r"^[0-9]{6}(?:[0-9]{3})?$"
_Feed = Annotated[str, Meta(min_length=6, max_length=9, pattern=FEED_PATTERN.replace("$", r"\Z"))]
_Id = Annotated[str, Meta(max_length=36)]
_Number = Annotated[str, Meta(max_length=40)]
_Small = Annotated[int, Meta(ge=0, le=1 << 53)]
_Moment = Annotated[str, Meta(max_length=40)]
#: More people share no tablet; whoever is left out counts with the device.
MAX_SHARING = 50


class Waits(Struct, omit_defaults=True):
    """What waits of one person's on a tablet that several share 各人未上传; as in ``Report``."""

    records: _Small = 0
    photos: _Small = 0
    oldest_at: _Moment | None = None


class Report(Struct, omit_defaults=True):
    """
    What a device says of itself, for the device ledger; sent when it changed, and with every push.

    Attributes:
        waiting: Mutations without a final outcome, those of this very request counted.
        photos_waiting: Photos of which a file still has to travel.
        oldest_waiting_at: When the oldest of both was made.
        clock_offset_s: What has to be added to the device's own clock to get the office's, as last measured.
        by: The same figures by person, where several use the device.
    """

    waiting: _Small = 0
    photos_waiting: _Small = 0
    oldest_waiting_at: _Moment | None = None
    app: Annotated[str, Meta(max_length=60)] | None = None
    free_mb: _Small | None = None
    clock_offset_s: Annotated[int, Meta(ge=-(1 << 53), le=1 << 53)] = 0
    by: Annotated[dict[_Id, Waits], Meta(max_length=MAX_SHARING)] = {}


class SyncRequest(Struct, omit_defaults=True):
    """
    What a device sends.

    Attributes:
        protocol: The version of this protocol.
        install: The device's install, part of every mutation's identity.
        mutations: At most ``MAX_MUTATIONS`` raw mutations, in the order of their numbers.
        cursors: Where the device stands in each feed, as the server last said.
        limit: How many records a page may hold.
        now: The device's clock in milliseconds, as its stamps are made; finds a wrong clock.
        last: The greatest number in the device's journal; finds a tablet restored from an old copy.
        report: See ``Report``.
        had: The numbers that records made by these mutations, or opened by them, went by before the server lost
            them: those that are offered again.
    """

    protocol: Annotated[int, Meta(ge=1, le=1_000)]
    install: _Install
    mutations: Annotated[list[Raw], Meta(max_length=MAX_MUTATIONS)] = []
    cursors: Annotated[dict[_Feed, _Cursor], Meta(max_length=400)] = {}
    limit: Annotated[int, Meta(ge=0, le=MAX_PAGE_RECORDS)] = MAX_PAGE_RECORDS
    now: _Small | None = None
    last: _Small | None = None
    report: Report | None = None
    had: Annotated[dict[_Id, _Number], Meta(max_length=MAX_HAD)] = {}


class Outcome(Struct, omit_defaults=True):
    """
    What became of mutation ``n``, or alike of the ``count`` mutations from ``n`` on.

    In a run of *applied* mutations the versions count up too: mutation ``n + i`` made version
    ``version + i`` of its record, in the feed ``feed``.

    ``no`` is the number that the record it created goes by 编号; in a run its last five digits count up too.
    """

    n: int
    outcome: str
    count: int = 1
    feed: str | None = None
    version: int | None = None
    decisions: list[dict[str, Any]] | None = None
    problem: dict[str, Any] | None = None
    waits_for: str | None = None
    no: str | None = None

    @property
    def final(self) -> bool:
        """Whether the mutation may leave the outbox."""
        return self.outcome in FINAL


class Telling(Struct, frozen=True, omit_defaults=True):
    """
    What somebody is told of a decision about something he wrote 告知, in two languages.

    Attributes:
        version, part: The history number the decision stands at, and which of the decisions there.
        person: Who is told.
        record, type, field: What it is about.
        at_ms: When it was decided, by the server's clock.
        open: Whether a person still has to decide.
        conflict: The dispute it belongs to.
    """

    version: int
    part: int
    person: str
    record: str
    type: str
    field: str
    rule: str
    reason: str
    at_ms: int
    zh: str
    en: str
    open: bool = False
    conflict: str | None = None


class FeedPage(Struct, omit_defaults=True):
    """
    One page of one feed.

    ``fresh`` marks the first page of a reading from the beginning: what the device holds of the feed
    and does not receive again until a page says ``more`` no longer, it must drop (its own waiting
    work excepted). ``left`` names records that went out of the device's view. ``told`` says what became
    of edits that people of this device made earlier. ``snapshot`` is where the whole of the feed lies ready,
    for a client that can read it; whoever cannot asks for page after page.
    """

    cursor: str
    records: list[Raw] = []
    told: list["Telling"] = []
    left: list[str] = []
    more: bool = False
    fresh: bool = False
    snapshot: str | None = None


class SnapshotPart(Struct, frozen=True):
    """The records of one grid, gzipped, one JSON record a line; ``size`` and ``sha256`` are of the packed bytes."""

    grid: str
    sha256: str
    records: int
    size: int


class Snapshot(Struct, frozen=True):
    """
    One feed as it stood at ``version`` 快照, as far as the device may see it.

    ``cursor`` goes on from there: what changed since comes as pages. ``told`` says what people of the device are
    told of decisions up to ``version``. ``left`` names records that stand in a part and lie in another feed by now.
    """

    feed: str
    version: int
    cursor: str
    parts: list[SnapshotPart]
    told: list["Telling"] = []
    left: list[str] = []


class ServerInfo(Struct, omit_defaults=True):
    """Which history the server speaks of, and its clock."""

    epoch: str
    now_ms: int


class SyncResponse(Struct, omit_defaults=True):
    """
    What the server answers.

    ``settled`` is the number up to which nothing is open but ``held``; ``settled_before`` is what it was before
    this push, where that is another: what the server had forgotten by then must not be hidden by what it took.
    """

    server: ServerInfo
    settled: int = 0
    settled_before: int | None = None
    outcomes: list[Outcome] = []
    feeds: dict[str, FeedPage] = {}
    next_sync_after_s: int = 300
    gone_feeds: list[str] = []


class WireRecord(Struct, omit_defaults=True):
    """
    One record as it travels down.

    ``version`` is the number of its last change in its feed, ``born`` that of its creation where it
    differs; ``at`` the stamp of the last change, which the reader's clock must move past.
    """

    type: str
    id: str
    grid: str
    version: int
    at: tuple[int, int]
    by: str
    fields: Raw
    born: int = 0
    void: bool = False


decode_request = msgspec.json.Decoder(SyncRequest).decode
decode_response = msgspec.json.Decoder(SyncResponse).decode
decode_record = msgspec.json.Decoder(WireRecord).decode
decode_json = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode
#: The one way fields are written down, so that equal records are equal bytes.
canonical = msgspec.json.Encoder(order="deterministic").encode


def runs(outcomes: list[Outcome]) -> list[Outcome]:
    """Return *outcomes* (sorted by ``n``) with neighbours that count up together made into one."""
    packed: list[Outcome] = []
    for outcome in outcomes:
        if packed and _continues(packed[-1], outcome):
            packed[-1].count += 1
        else:
            packed.append(msgspec.structs.replace(outcome))
    return packed


def is_told(outcomes: Sequence[Outcome], asked: int) -> bool:
    """Say whether *outcomes* can be told one by one, of at most *asked* mutations; else the answer is garbled."""
    counted = all(run.count == 1 or run.no is None or numbers.counts_up(run.no) for run in outcomes)
    return counted and all(run.count > 0 for run in outcomes) and sum(run.count for run in outcomes) <= asked


def each(outcomes: list[Outcome]) -> Iterator[Outcome]:
    """Yield one outcome for every single mutation of the runs in *outcomes*."""
    for run in outcomes:
        for i in range(run.count):
            version = None if run.version is None else run.version + i
            no = None if run.no is None else numbers.later(run.no, i)
            yield msgspec.structs.replace(run, n=run.n + i, count=1, version=version, no=no)


def _continues(run: Outcome, outcome: Outcome) -> bool:
    return (
        outcome.n == run.n + run.count
        and outcome.outcome == run.outcome == "applied"
        and outcome.feed == run.feed
        and outcome.version is not None
        and run.version is not None
        and outcome.version == run.version + run.count
        and not (outcome.decisions or run.decisions)
        and not (outcome.problem or run.problem)
        and not (outcome.waits_for or run.waits_for)
        and numbers.follows(outcome.no, run.no, run.count)
    )
