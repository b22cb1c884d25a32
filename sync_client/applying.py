"""
Taking the server's word in 落地: outcomes into the journal, pages beneath the worker's waiting work.

Each call is one commit. Doing the same thing twice, after a crash or beside another program, changes
nothing: an outcome is stored once, a page is taken only where the reading still stands before it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from schemas import wire
from schemas.clock import MAX_AHEAD_MS, Stamp
from schemas.mutations import Mutation
from schemas.wire import FeedPage, Outcome, SyncResponse, WireRecord
from sync_client.album import Album
from sync_client.desk import Desk, Head
from sync_client.journal import Journal, Waiting
from sync_client.local_store import Held, LocalStore, PlainWaiting, Reading, beneath, greatest_stamp
from sync_client.offering import Offering
from sync_client.overlay import NOTHING, View, kind_of, lay, lay_all, named
from sync_client.renewing import Renewal
from sync_client.tellings import Tellings

#: What the server took, as far as the tablet can know before the record itself comes down.
_TAKEN = frozenset({"applied", "merged", "conflict", "noop"})

Settled = tuple[Waiting, Outcome]


@dataclass(frozen=True, slots=True)
class Applied:
    """What one page brought."""

    records: int
    left: int
    told: int = 0


@dataclass(frozen=True, slots=True)
class Pushed:
    """What went up: the install, the greatest number the file had under it, and the mutations."""

    install: str
    last: int
    sent: Sequence[Waiting]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """
    What an acknowledgement led to.

    Attributes:
        outcomes: What the file now holds of them, each with one number.
        anew: Whether every feed is to be read from the beginning.
        changed: Whether the server began another history.
        offered: How many mutations were offered again.
        again: The numbers of those recorded again under another install.
    """

    outcomes: Sequence[Outcome] = ()
    anew: bool = False
    changed: bool = False
    offered: int = 0
    again: Sequence[int] = ()


class Applier:
    """
    Applies the answers of one sync to the tablet's file.

    Args:
        desk, journal, store, tellings: The tablet's.
        randomness: Returns so many random bytes, for a new install.
    """

    def __init__(
        self,
        desk: Desk,
        journal: Journal,
        store: LocalStore,
        tellings: Tellings,
        randomness: Callable[[int], bytes],
    ) -> None:
        self._desk = desk
        self._journal = journal
        self._store = store
        self._tellings = tellings
        self._album = Album(desk)
        self._offering = Offering(desk, journal, store)
        self._renewal = Renewal(journal, randomness)

    # -- outcomes --------------------------------------------------------------------------------

    def acknowledge(
        self, pushed: Pushed, outcomes: Sequence[Outcome], answer: SyncResponse, offset_ms: int
    ) -> Acknowledged:
        """
        Store what became of *pushed*, and the server's clock and epoch.

        In the same commit: what the server has forgotten waits again, photos too, and what it refused because its
        number names something else is recorded again.

        Args:
            pushed: What the request brought.
            outcomes: One for each of its mutations that the server answered.
            answer: The answer they came with.
            offset_ms: What to add to the device's clock to get the server's, as known now.
        """
        if not outcomes and not self._news(pushed, answer, offset_ms):
            return Acknowledged()
        with self._desk.writing() as head:
            install = head.install
            if self._renewal.is_due(head, pushed.install, pushed.last, answer.settled):
                self._renewal.take(head)
            judged = self._renewal.judged(pushed.install, pushed.sent, outcomes)
            again = self._store_outcomes(head, pushed, judged, answer)
            head.clock.offset_ms = offset_ms
            changed = head.epoch not in (None, answer.server.epoch)
            head.epoch = answer.server.epoch
            offered = self._offering.everything() if changed else 0
            offered += self._offering.beyond(pushed.install, _settled_before(answer), list(judged))
            if changed or offered:
                self._album.queue_again()
            anew = changed or offered > 0 or head.install != install
            if anew:
                self._store.drop_cursors()
        return Acknowledged(list(judged.values()), anew, changed, offered, again)

    def _news(self, pushed: Pushed, answer: SyncResponse, offset_ms: int) -> bool:
        head = self._desk.head()
        if head.clock.offset_ms != offset_ms or head.epoch != answer.server.epoch:
            return True
        due = self._renewal.is_due(head, pushed.install, pushed.last, answer.settled)
        return due or self._offering.is_due(pushed.install, _settled_before(answer))

    def _store_outcomes(
        self, head: Head, pushed: Pushed, judged: Mapping[int, Outcome], answer: SyncResponse
    ) -> Sequence[int]:
        """Store the outcomes, final or not, and record again what has to be; return the numbers of that."""
        self._journal.park(outcome for outcome in judged.values() if not outcome.final)
        final = {n: outcome for n, outcome in judged.items() if outcome.final}
        open_still = self._journal.still_waiting(list(final))
        settled = [(waiting, final[waiting.n]) for waiting in pushed.sent if waiting.n in open_still]
        again = self._renewal.to_record_again([waiting for waiting, _ in settled], final)
        if again and pushed.install == head.install:
            self._renewal.take(head)
        self._journal.settle([outcome for _, outcome in settled], answer.server.now_ms)
        if again:
            self._renewal.record_again(head, [waiting for waiting, _ in settled if waiting.n in set(again)])
        self._settle([pair for pair in settled if pair[0].n not in set(again)])
        return again

    def _settle(self, settled: Sequence[Settled]) -> None:
        by_record: dict[str, list[Settled]] = {}
        for pair in settled:
            by_record.setdefault(pair[0].record_id, []).append(pair)
        plain = self._store.plain_waiting(list(by_record))
        readings: dict[str, Reading] = {}
        whole = []
        for record_id, pairs in by_record.items():
            known = plain.get(record_id)
            if known and known.waiting == len(pairs) and _all_applied(pairs, known):
                if known.feed not in readings:
                    readings[known.feed] = self._store.reading(known.feed)
                last = pairs[-1][1].version or 0
                version, generation = _counted(readings[known.feed], known.version, last)
                whole.append((version, _born(pairs), generation, record_id))
            else:
                self._settle_one(record_id, pairs)
        self._store.take_over(whole)
        numbers = {waiting.record_id: outcome.no for waiting, outcome in settled if outcome.no is not None}
        self._store.name({record_id: numbers[record_id] for *_, record_id in whole if record_id in numbers})

    def _settle_one(self, record_id: str, pairs: Sequence[Settled]) -> None:
        """Settle part of what waits for a record, or something other than a plain acceptance."""
        held = self._store.held(record_id)
        if held is None:
            return
        device = self._desk.head().device or ""
        server, version = held.server_view, held.version
        for waiting, outcome in pairs:
            if outcome.outcome not in _TAKEN or (server is None and waiting.op != "create"):
                continue
            if server is not None and (outcome.outcome == "noop" or _is_older(outcome, held.feed, version)):
                continue  # the server's copy holds it already, and perhaps what came after it
            [mutation] = self._journal.between(waiting.n, waiting.n)
            laid = lay(server or NOTHING, mutation, kind_of(held.type), device)
            # The office decides where an act leads, so an act alone moves no version here.
            server = named(replace(laid, acts=()), held.type, outcome.no)
            if outcome.outcome == "applied" and waiting.op != "act":
                version = outcome.version or version
        version, generation = _counted(self._store.reading(held.feed), held.version, version)
        held = replace(
            held,
            version=version,
            born=_born(pairs) or held.born,
            generation=held.generation if generation is None or not version else generation,
        )
        self._lay_again(held, server, self._journal.waiting_for(record_id), device)

    def _lay_again(self, held: Held, server: View | None, left: Sequence[Mutation], device: str) -> None:
        if server is None and not left and held.follows is None:
            self._store.drop(held.id)
            return
        view = held.view
        if server is not None or (left and left[0].op == "create"):
            view = lay_all(server or NOTHING, left, kind_of(held.type), device)
        self._store.put(replace(held, view=view, waiting=len(left), base=server if left else None))

    # -- pages -----------------------------------------------------------------------------------

    def apply_page(self, feed: str, page: FeedPage, sent_cursor: str | None) -> Applied | None:
        """
        Take one page of *feed* in, together with what it tells and the cursor behind it.

        Args:
            feed: The feed's code.
            page: What the server sent.
            sent_cursor: The cursor that the request named; None for none.

        Returns:
            What it brought; None where the reading no longer stands there, so that another program
            has already taken it.

        Raises:
            ValueError: A record of the page cannot be read (``calls.UNREADABLE``); nothing was taken.
        """
        records = [wire.decode_record(raw) for raw in page.records]
        with self._desk.writing() as head:
            reading = self._store.reading(feed)
            if reading.cursor != sent_cursor:
                return None
            if page.fresh:
                reading = replace(reading, generation=reading.generation + 1, under_way=True)
            self.take_in(feed, reading.generation, records)
            told = self._tellings.keep(feed, page.told) if page.told else 0
            left = self._store.let_go(feed, page.left) if page.left else 0
            if reading.under_way and not page.more:
                left += self._store.sweep(feed, reading.generation)
            under_way = reading.under_way and page.more
            self._store.put_reading(feed, Reading(page.cursor, reading.generation, under_way))
            latest = greatest_stamp(records)
            if latest is not None and latest > head.clock.latest:
                head.clock.observe(latest, self._desk.wall_ms())
        return Applied(len(records), left, told)

    def take_in(self, feed: str, generation: int, records: Sequence[WireRecord]) -> None:
        """Write the server's copies of *records* beneath what waits; part of the caller's transaction."""
        waiting: set[str] = set()
        if records and not self._journal.is_empty():
            waiting = self._journal.with_waiting([record.id for record in records])
        self._store.put_records(feed, generation, (r for r in records if r.id not in waiting))
        for record in records:
            if record.id in waiting:
                self._put_beneath(feed, generation, record)

    def _put_beneath(self, feed: str, generation: int, record: WireRecord) -> None:
        # A record that went out of the view may have waiting work all the same.
        held = self._store.held(record.id) or Held(record.id, record.type, record.grid, feed, NOTHING)
        older = record.version < held.version and generation <= held.generation and feed == held.feed
        if older:
            return
        left = self._journal.waiting_for(record.id)
        device = self._desk.head().device or ""
        now = beneath(held, record, feed, generation)
        view = lay_all(now.base or NOTHING, left, kind_of(now.type), device)
        self._store.put(replace(now, view=view, waiting=len(left)))

    def forget_feeds(self, feeds: Sequence[str]) -> int:
        """Drop the server's copies of feeds that went out of the view; return how many records."""
        with self._desk.writing():
            return sum(self._store.forget_feed(feed) for feed in feeds)

    def read_anew(self, epoch: str | None = None) -> int:
        """
        Drop every cursor, and remember the server's new *epoch* if there is one; nothing else goes.

        Returns:
            How many mutations were offered again, because the epoch is another.
        """
        with self._desk.writing() as head:
            self._store.drop_cursors()
            changed = epoch is not None and head.epoch not in (None, epoch)
            head.epoch = epoch or head.epoch
            if changed:
                self._album.queue_again()
            return self._offering.everything() if changed else 0

    def finish(self, server_ms: int, notes: Mapping[str, str], *, all_read: bool) -> None:
        """
        End a sync in which the server has said everything.

        Args:
            server_ms: The server's clock.
            notes: What to remember of this sync.
            all_read: Whether every feed was read to its end.
        """
        with self._desk.writing() as head:
            if all_read:
                self._store.drop_unknown()
                self._store.forget_unanswered()
            # A clock that ran ahead was corrected by the server; without work left that was stamped
            # by it, stamps need not stay in the future with it.
            if head.clock.latest.ms > server_ms + MAX_AHEAD_MS and self._journal.is_empty():
                head.clock.latest = Stamp(server_ms + MAX_AHEAD_MS, 0, head.clock.device)
            for key, value in notes.items():
                self._desk.db.put_note(key, value)


def _settled_before(answer: SyncResponse) -> int:
    """Return how far the server had settled the install before it took the push in."""
    return answer.settled if answer.settled_before is None else answer.settled_before


def _all_applied(pairs: Sequence[Settled], held: PlainWaiting) -> bool:
    known = held.has_base or pairs[0][0].op == "create"
    if not known or _is_older(pairs[0][1], held.feed, held.version):
        return False
    return all(outcome.outcome == "applied" and outcome.version for _, outcome in pairs)


def _is_older(outcome: Outcome, feed: str, version: int) -> bool:
    """Say whether a copy of *version* in *feed* was made after the change that *outcome* speaks of."""
    return outcome.version is not None and outcome.feed in (None, feed) and outcome.version <= version


def _counted(reading: Reading, version: int, now: int) -> tuple[int, int | None]:
    """
    Return the version and generation of a copy of *version* that the server has taken a change of as *now*.

    Whether the record is seen at all, only a reading tells: while one from the beginning is under way, it has to
    bring the copy, or it is swept; where the feed is not read, nothing counts as the server's copy.
    """
    if reading.cursor is None:
        return version, None
    return now, None if reading.under_way else reading.generation


def _born(pairs: Sequence[Settled]) -> int:
    """Return the version of the creation, if it is among *pairs*."""
    first, outcome = pairs[0]
    return outcome.version or 0 if first.op == "create" and outcome.outcome == "applied" else 0
