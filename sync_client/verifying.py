"""
Proving the tablet equal to the server 核对: byte for byte, and repairing exactly what differs.

Compared is the server's copy of each record, wherever it stands: beneath waiting work, or as the view itself. What
waits is neither compared nor touched; where the copy beneath it is repaired, it is laid over it again.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from schemas import wire
from schemas.digests import MOST_NAMED, FeedDigest, Repair, RepairRequest, Summary, bucket_of, differing, digest_of
from schemas.fields import UUID_PATTERN
from schemas.grid import feed_of
from schemas.wire import WireRecord
from sync_client.applying import Applier
from sync_client.asking import Asking
from sync_client.calls import UNREADABLE, Office
from sync_client.desk import Desk
from sync_client.errors import GarbledAnswer, NotEnrolled
from sync_client.journal import Journal
from sync_client.local_store import Held, LocalStore, Reading, greatest_stamp, promoted_of
from sync_client.overlay import NOTHING, View, kind_of, lay_all
from sync_client.values import FeedVerified, SyncReport, Verified

T = TypeVar("T")

#: How often the office may turn out to have gone on before a feed is left uncompared.
TRIES = 3
#: A feed that needs more requests than this is read from the beginning instead.
MOST_REPAIRS = 8
_PATH = "/v1/digest"
_CHUNK = 5_000
_ROWS = """SELECT row, id, type, grid, version, born, void, at_ms, at_counter, by, fields, waiting, base,
    subject, status, time
    FROM record WHERE row > ? AND feed = ? AND version > 0 ORDER BY row LIMIT ?"""
#: Whatever stood there, even where it cannot be read, gives way to what the server sends.
_EMPTY = """UPDATE record SET version = 0, fields = '{}', acts = NULL, base = NULL
    WHERE id IN (SELECT value FROM json_each(?))"""
_WAITING = """SELECT record_id FROM journal WHERE outcome IS NULL
    UNION SELECT id FROM record WHERE waiting > 0 AND version > 0"""
_UUID = re.compile(UUID_PATTERN)
#: Of a record that is there, but cannot be read.
_UNREADABLE = bytes(8)


@dataclass(slots=True)
class _Tally:
    """What was found in one feed so far."""

    records: int = 0
    changed: int = 0
    missing: int = 0
    surplus: int = 0
    read_anew: bool = False
    proven: bool = False


@dataclass(slots=True)
class _Held:
    """What the tablet holds of one feed: the sums, and the digest of each record."""

    summary: Summary = field(default_factory=Summary)
    digests: dict[str, bytes] = field(default_factory=dict)
    #: What cannot be an id of the server's.
    nameless: list[str] = field(default_factory=list)


class Verifier:
    """
    One verification.

    Args:
        desk, journal, store, office: The tablet's.
        applier: Takes records in beneath what waits.
        asking: How long to keep trying.
        sync: Syncs the tablet, and returns the report.
    """

    def __init__(
        self,
        desk: Desk,
        journal: Journal,
        store: LocalStore,
        office: Office,
        applier: Applier,
        asking: Asking,
        sync: Callable[[], SyncReport],
    ) -> None:
        self._desk = desk
        self._journal = journal
        self._store = store
        self._office = office
        self._applier = applier
        self._asking = asking
        self._sync = sync
        self._bytes = [0, 0]

    def run(self) -> Verified:
        """
        Sync, compare every feed, and repair what differs.

        Raises:
            SyncError: It stopped early; whatever was repaired until then is repaired.
        """
        report = self._sync()
        tallies = {feed: _Tally() for feed in self._store.cursors()}
        for tried in range(1, TRIES + 1):
            for feed in [feed for feed, tally in tallies.items() if not tally.proven]:
                self._count_bytes(feed, tallies[feed])
            if all(tally.proven for tally in tallies.values()) or tried == TRIES:
                break
            report = self._sync()
            tallies |= {feed: _Tally() for feed in self._store.cursors().keys() - tallies.keys()}
        found = tuple(_told(feed, tally) for feed, tally in sorted(tallies.items()))
        up, down = self._bytes
        return Verified(found, self._drop_strays(), self._lay_again(), report, up, down)

    def _count_bytes(self, feed: str, tally: _Tally) -> None:
        traffic = self._office.traffic
        up, down = traffic.up, traffic.down
        try:
            self._verify(feed, tally)
        finally:
            self._bytes[0] += traffic.up - up
            self._bytes[1] += traffic.down - down

    # -- one feed --------------------------------------------------------------------------------

    def _verify(self, feed: str, tally: _Tally) -> None:
        cursor = self._store.reading(feed).cursor
        if cursor is None:
            return
        theirs = self._digest(feed, cursor)
        if theirs.behind or theirs.epoch != self._desk.head().epoch:
            return
        for repairs in range(MOST_REPAIRS + 1):
            ours = self._held(feed)
            tally.records = ours.summary.count
            places = _places(ours, theirs)
            if not places and not ours.nameless:
                tally.proven = True
                return
            if repairs == MOST_REPAIRS:
                self._read_anew(feed, tally)
            elif not self._repair(feed, cursor, theirs.buckets, places, ours, tally):
                return

    def _repair(self, feed: str, cursor: str, buckets: int, places: list[int], ours: _Held, tally: _Tally) -> bool:
        """Bring some of what differs back to the server's state; say whether to compare again at once."""
        wanted = frozenset(places)
        named = {id_: raw.hex() for id_, raw in ours.digests.items() if bucket_of(id_, buckets) in wanted}
        if len(named) > MOST_NAMED:
            self._read_anew(feed, tally)
            return False
        repair = self._asked(RepairRequest(feed, cursor, buckets, places, named)) if places else Repair(feed, "")
        if repair.behind:
            return False
        with self._desk.writing():
            if self._store.reading(feed).cursor != cursor:
                return False
            records = [_decode_record(raw) for raw in repair.records]
            self._take_in(feed, records)
            tally.surplus += self._store.let_go(feed, [*repair.gone, *ours.nameless])
        known = sum(record.id in named for record in records)
        tally.changed += known
        tally.missing += len(records) - known
        return bool(records or repair.gone or ours.nameless)

    def _take_in(self, feed: str, records: list[WireRecord]) -> None:
        """Write the server's copies, whatever the tablet takes its own for."""
        ids = wire.encode([record.id for record in records]).decode()
        self._desk.db.run(_EMPTY, (ids,))
        self._applier.take_in(feed, self._store.reading(feed).generation, records)
        latest, clock = greatest_stamp(records), self._desk.head().clock
        if latest is not None and latest > clock.latest:
            clock.observe(latest, self._desk.wall_ms())

    def _read_anew(self, feed: str, tally: _Tally) -> None:
        """Let the next sync read the feed from the beginning: too much of it differs."""
        with self._desk.writing():
            reading = self._store.reading(feed)
            self._store.put_reading(feed, Reading(None, reading.generation, reading.under_way))
        tally.read_anew = True

    def _drop_strays(self) -> int:
        """Drop the server's copies that stand in no feed the tablet reads; return how many."""
        feeds = self._store.cursors()
        found = self._desk.db.all("SELECT DISTINCT feed FROM record WHERE version > 0")
        with self._desk.writing():
            return sum(self._store.forget_feed(feed) for (feed,) in found if feed not in feeds)

    def _lay_again(self) -> int:
        """Lay waiting work over the server's copies once more; return how often that gives another view."""
        with self._desk.writing() as head:
            waiting = self._desk.db.all(_WAITING)
            return sum(self._lay_one(record_id, head.device or "") for (record_id,) in waiting)

    def _lay_one(self, record_id: str, device: str) -> bool:
        left = self._journal.waiting_for(record_id)
        held = self._readable(record_id)
        known = held or (left and Held(record_id, left[0].type, left[0].grid, feed_of(left[0].grid), NOTHING))
        if not known:
            return False
        server = known.server_view
        if server is None and not (left and left[0].op == "create"):
            return False  # the office's copy went out of the view: what is shown is all there is
        view = lay_all(server or NOTHING, left, kind_of(known.type), device)
        self._store.put(replace(known, view=view, waiting=len(left), base=server if left else None))
        return held is None or (view, len(left)) != (held.view, held.waiting)

    def _readable(self, record_id: str) -> Held | None:
        try:
            return self._store.held(record_id)
        except UNREADABLE:
            return None

    # -- what the tablet holds -------------------------------------------------------------------

    def _held(self, feed: str) -> _Held:
        held = _Held()
        for id_, digest in self._digests(feed):
            if _UUID.fullmatch(id_):
                held.summary.add(id_, digest)
                held.digests[id_] = digest
            else:
                held.nameless.append(id_)
        return held

    def _digests(self, feed: str) -> Iterator[tuple[str, bytes]]:
        after = 0
        while rows := self._desk.db.all(_ROWS, (after, feed, _CHUNK)):
            for row in rows:
                yield row[1], _digest(row)
            after = rows[-1][0]

    # -- the server ------------------------------------------------------------------------------

    def _digest(self, feed: str, cursor: str) -> FeedDigest:
        path = f"{_PATH}?{urlencode({'feed': feed, 'cursor': cursor})}"
        return self._read(lambda: self._office.get(path, self._token()), _decode_digest)

    def _asked(self, request: RepairRequest) -> Repair:
        return self._read(lambda: self._office.post(_PATH, request, self._token()), _decode_repair)

    def _read(self, ask: Callable[[], bytes], decode: Callable[[bytes], T]) -> T:
        def read() -> T:
            try:
                return decode(ask())
            except UNREADABLE as error:
                raise GarbledAnswer(str(error)) from error

        return self._asking.patiently(read)

    def _token(self) -> str:
        token = self._desk.head().token
        if token is None:
            raise NotEnrolled
        return token


def _places(ours: _Held, theirs: FeedDigest) -> list[int]:
    """Return the buckets in which the two sides differ."""
    try:
        return differing(ours.summary.text(theirs.buckets), theirs.sums)
    except ValueError as error:
        raise GarbledAnswer(str(error)) from error


def _digest(row: tuple[Any, ...]) -> bytes:
    """Return the digest of the server's copy in one row of ``_ROWS``."""
    _, id_, kind, grid, version, born, void, at_ms, at_counter, by, fields, waiting, base, *listed = row
    try:
        if waiting:
            view = _decode_view(base)
            fields, (at_ms, at_counter) = wire.canonical(view.fields).decode(), view.at
            by, void = view.by, view.void
        elif promoted_of(kind, fields.encode()) != tuple(listed):
            return _UNREADABLE
        return digest_of((id_, kind, grid, version, born, bool(void), at_ms, at_counter, by), fields.encode())
    except (TypeError, AttributeError, *UNREADABLE):
        return _UNREADABLE


def _told(feed: str, tally: _Tally) -> FeedVerified:
    found = (tally.records, tally.changed, tally.missing, tally.surplus)
    return FeedVerified(feed, *found, read_anew=tally.read_anew, proven=tally.proven)


_decode_digest = msgspec.json.Decoder(FeedDigest).decode
_decode_repair = msgspec.json.Decoder(Repair).decode
_decode_record = wire.decode_record
_decode_view = msgspec.json.Decoder(View).decode
