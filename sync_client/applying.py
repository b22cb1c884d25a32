"""
Taking the server's word in 落地: outcomes into the journal, pages beneath the worker's waiting work.

Each call is one commit. Doing the same thing twice, after a crash or beside another program, changes
nothing: an outcome is stored once, a page is taken only where the reading still stands before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from schemas import wire
from schemas.clock import MAX_AHEAD_MS, Stamp
from schemas.mutations import Mutation
from schemas.wire import FeedPage, Outcome, SyncResponse, WireRecord
from sync_client.desk import Desk
from sync_client.journal import Journal, Waiting
from sync_client.local_store import Held, LocalStore, Reading, beneath, greatest_stamp
from sync_client.overlay import NOTHING, View, kind_of, lay, lay_all
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


class Applier:
    """Applies answers to the tablet's file."""

    def __init__(self, desk: Desk, journal: Journal, store: LocalStore, tellings: Tellings) -> None:
        self._desk = desk
        self._journal = journal
        self._store = store
        self._tellings = tellings

    # -- outcomes --------------------------------------------------------------------------------

    def acknowledge(
        self, sent: Sequence[Waiting], outcomes: Sequence[Outcome], answer: SyncResponse, offset_ms: int
    ) -> bool:
        """
        Store what became of *sent*, and the server's clock and epoch.

        Args:
            sent: The mutations of the request.
            outcomes: One for each of them that the server answered.
            answer: The answer they came with.
            offset_ms: What to add to the device's clock to get the server's, as known now.

        Returns:
            Whether the server's history is another than the one the cursors were given for.
        """
        if not outcomes and not self._news(answer, offset_ms):
            return False
        by_number = {waiting.n: waiting for waiting in sent}
        with self._desk.writing() as head:
            self._journal.park(outcome for outcome in outcomes if not outcome.final)
            final = [outcome for outcome in outcomes if outcome.final]
            self._journal.settle(final, answer.server.now_ms)
            self._settle([(by_number[outcome.n], outcome) for outcome in final])
            head.clock.offset_ms = offset_ms
            changed = head.epoch not in (None, answer.server.epoch)
            head.epoch = answer.server.epoch
        return changed

    def _news(self, answer: SyncResponse, offset_ms: int) -> bool:
        head = self._desk.head()
        return head.clock.offset_ms != offset_ms or head.epoch != answer.server.epoch

    def _settle(self, settled: Sequence[Settled]) -> None:
        by_record: dict[str, list[Settled]] = {}
        for pair in settled:
            by_record.setdefault(pair[0].record_id, []).append(pair)
        plain = self._store.plain_waiting(list(by_record))
        generations: dict[str, int] = {}
        whole = []
        for record_id, pairs in by_record.items():
            known = plain.get(record_id)
            if known and known.waiting == len(pairs) and _all_applied(pairs, has_base=known.has_base):
                if known.feed not in generations:
                    generations[known.feed] = self._store.reading(known.feed).generation
                last = pairs[-1][1].version or 0
                whole.append((last, _born(pairs), generations[known.feed], record_id))
            else:
                self._settle_one(record_id, pairs)
        self._store.take_over(whole)

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
            [mutation] = self._journal.between(waiting.n, waiting.n)
            laid = lay(server or NOTHING, mutation, kind_of(held.type), device)
            # The office decides where an act leads, so an act alone moves no version here.
            server = replace(laid, acts=())
            if outcome.outcome == "applied" and waiting.op != "act":
                version = outcome.version or version
        held = replace(
            held,
            version=version,
            born=_born(pairs) or held.born,
            generation=self._store.reading(held.feed).generation if version else held.generation,
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
            self._take(feed, reading.generation, records)
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

    def _take(self, feed: str, generation: int, records: Sequence[WireRecord]) -> None:
        waiting: set[str] = set()
        if records and not self._journal.is_empty():
            waiting = self._journal.with_waiting([record.id for record in records])
        self._store.put_records(feed, generation, (r for r in records if r.id not in waiting))
        for record in records:
            if record.id in waiting:
                self._put_beneath(feed, generation, record)

    def _put_beneath(self, feed: str, generation: int, record: WireRecord) -> None:
        held = self._store.need(record.id)
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

    def read_anew(self, epoch: str | None = None) -> None:
        """Drop every cursor, and remember the server's new *epoch* if there is one; nothing else goes."""
        with self._desk.writing() as head:
            self._store.drop_cursors()
            head.epoch = epoch or head.epoch

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
            # A clock that ran ahead was corrected by the server; without work left that was stamped
            # by it, stamps need not stay in the future with it.
            if head.clock.latest.ms > server_ms + MAX_AHEAD_MS and self._journal.is_empty():
                head.clock.latest = Stamp(server_ms + MAX_AHEAD_MS, 0, head.clock.device)
            for key, value in notes.items():
                self._desk.db.put_note(key, value)


def _all_applied(pairs: Sequence[Settled], *, has_base: bool) -> bool:
    known = has_base or pairs[0][0].op == "create"
    return known and all(outcome.outcome == "applied" and outcome.version for _, outcome in pairs)


def _born(pairs: Sequence[Settled]) -> int:
    """Return the version of the creation, if it is among *pairs*."""
    first, outcome = pairs[0]
    return outcome.version or 0 if first.op == "create" and outcome.outcome == "applied" else 0
