"""
One sync 一次同步, as a machine that may stop after any step.

Everything it knows lies in the tablet's file or can be asked for again, so a sync that was killed is
not continued but simply begun anew. ``docs/failures.md`` says for every state what a crash leaves and
what the next sync does; a test holds the two tables together.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from schemas import wire
from schemas.clock import Clock
from schemas.wire import PROTOCOL, Report, SyncRequest, SyncResponse
from sync_client.applying import Acknowledged, Applied, Applier, Pushed
from sync_client.asking import Asking
from sync_client.calls import UNREADABLE, Office, TooLarge, Traffic
from sync_client.desk import Desk, Head
from sync_client.errors import CaptivePortal, GarbledAnswer, NotEnrolled, Refused, SyncError, Unreachable
from sync_client.journal import Journal, Waiting
from sync_client.local_store import LocalStore
from sync_client.offset import offset_after
from sync_client.retry import Patience, pause_s
from sync_client.snapshots import NoSnapshot, Snapshots
from sync_client.tellings import Tellings
from sync_client.trip import Trip, answer_in, clock_of
from sync_client.values import Progress, SyncReport

_PRUNE_EVERY_MS = 24 * 3600 * 1000
_READ_ANEW = frozenset({"epoch_changed", "cursor_too_old", "invalid_cursor"})
_COUNTED = {"conflict": "conflicts", "retry": "held"}


class State(StrEnum):
    """How far a sync has come 同步状态."""

    IDLE = "IDLE"
    PREPARED = "PREPARED"
    SENT = "SENT"
    ANSWERED = "ANSWERED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    PAGE_APPLIED = "PAGE_APPLIED"
    DONE = "DONE"


#: Every way on. An error leaves the machine where it stands.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.IDLE: frozenset({State.PREPARED}),
    State.PREPARED: frozenset({State.SENT}),
    State.SENT: frozenset({State.ANSWERED, State.IDLE}),
    State.ANSWERED: frozenset({State.ACKNOWLEDGED}),
    State.ACKNOWLEDGED: frozenset({State.PAGE_APPLIED, State.IDLE, State.DONE}),
    State.PAGE_APPLIED: frozenset({State.PAGE_APPLIED, State.IDLE, State.DONE}),
    State.DONE: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Tablet:
    """
    The tablet an exchange belongs to.

    ``report`` returns what the device says of itself, ``sleep`` waits so many seconds, ``dice`` returns a
    number from 0 to 1, ``randomness`` so many random bytes.
    """

    desk: Desk
    journal: Journal
    store: LocalStore
    tellings: Tellings
    office: Office
    patience: Patience
    page_records: int
    report: Callable[[], Report]
    sleep: Callable[[float], None]
    dice: Callable[[], float]
    randomness: Callable[[int], bytes]


class Exchange:
    """
    One sync of *tablet*.

    Args:
        tablet: Whose.
        watch: Called after every step; whatever it raises stops the sync there.
    """

    def __init__(self, tablet: Tablet, watch: Callable[[Progress], None] | None = None) -> None:
        self._tablet = tablet
        self._watch = watch
        self._applier = Applier(tablet.desk, tablet.journal, tablet.store, tablet.tellings, tablet.randomness)
        asking = Asking(tablet.patience, tablet.sleep, tablet.dice)
        self._snapshots = Snapshots(tablet.desk, tablet.store, tablet.tellings, self._applier, tablet.office, asking)
        self._taking: Iterator[Applied] | None = None
        self._most = wire.MAX_MUTATIONS
        self._pushed_to = 0
        self._failed = 0
        self._anew = False
        self._histories = 0
        self._trip = Trip([], False, True, SyncRequest(PROTOCOL, "-"), "", Clock(""))
        self._pages: list[str] = []
        self._more = False
        tablet.office.traffic = Traffic()
        self.state = State.IDLE
        self.report = SyncReport()

    def run(self) -> SyncReport:
        """
        Go through to the end.

        Raises:
            SyncError: It stopped early; the error carries the report of what was done.
        """
        try:
            while self.state is not State.DONE:
                self.step()
        except SyncError as error:
            self.report.problem = error.problem
            error.report = self.report
            raise
        finally:
            self._count_bytes()
        return self.report

    def step(self) -> State:
        """Do the next thing, and return the state it leads to."""
        ways: Mapping[State, Callable[[], State]] = {
            State.IDLE: self._prepare,
            State.PREPARED: lambda: State.SENT,
            State.SENT: self._send,
            State.ANSWERED: self._acknowledge,
            State.ACKNOWLEDGED: self._go_on,
            State.PAGE_APPLIED: self._go_on,
        }
        found = ways[self.state]()
        if found not in TRANSITIONS[self.state]:
            raise RuntimeError(f"{self.state} → {found}")
        self.state = found
        if self._watch:
            self._watch(Progress(str(found), self.report, self._tablet.journal.counts()["waiting"]))
        return found

    # -- there -----------------------------------------------------------------------------------

    def _prepare(self) -> State:
        head = self._tablet.desk.head()
        if head.token is None:
            raise NotEnrolled
        sent, more = self._tablet.journal.next_push(self._pushed_to, self._most)
        report = self._tablet.report()
        # What it pushes changes its report as soon as it is answered, so the two go together.
        told = not sent and self._tablet.desk.db.note("report") == wire.encode(report).decode()
        install = sent[0].install if sent else head.install
        # Pages are read as who the tablet is now: to another install its own work would not come down. And
        # what is offered again goes up as a whole first, lest old words show over what came after them.
        reads = install == head.install and not (more and self._tablet.journal.offers_again())
        request = SyncRequest(
            protocol=PROTOCOL,
            install=install,
            mutations=[msgspec.Raw(waiting.payload) for waiting in sent],
            cursors=self._tablet.store.cursors() if reads else {},
            limit=self._tablet.page_records if reads else 0,
            last=self._last_of(install, head),
            report=None if told else report,
            had=self._had(sent),
        )
        self._trip = Trip(sent, more or not reads, reads, request, head.token, clock_of(sent, head.clock))
        return State.PREPARED

    def _had(self, sent: Sequence[Waiting]) -> dict[str, str]:
        """Return the numbers that records went by before the office lost them; it knows them from nobody else."""
        if not self._tablet.journal.offers_again():
            return {}
        return self._tablet.store.numbers([waiting.record_id for waiting in sent if waiting.op == "create"])

    def _last_of(self, install: str, head: Head) -> int | None:
        # Old entries leave the journal; the last number under the present install is always remembered.
        return (head.last_n if install == head.install else self._tablet.journal.last_of(install)) or None

    def _send(self) -> State:
        trip = self._trip
        try:
            trip.asked_ms = self._tablet.desk.wall_ms()
            trip.request.now = trip.clock.now_ms(trip.asked_ms)
            trip.answer = answer_in(self._tablet.office.post("/v1/sync", trip.request, trip.token), trip)
        except TooLarge:
            return self._send_less(Refused({"code": "too_large"}))
        except Unreachable as error:
            return self._wait(error)
        except Refused as error:
            return self._obey(error)
        trip.offset_ms = self._offset(trip.answer.server.now_ms)
        self._failed = 0
        self.report.rounds += 1
        self.report.pushed += len(trip.sent)
        return State.ANSWERED

    def _offset(self, server_ms: int) -> int:
        desk = self._tablet.desk
        return offset_after(desk.head().clock.offset_ms, server_ms, self._trip.asked_ms, desk.wall_ms())

    def _wait(self, error: Unreachable) -> State:
        self._failed += 1
        seconds = pause_s(self._tablet.patience, self._failed, error, self._tablet.dice())
        if seconds is None:
            raise self._named(error)
        self.report.retries += 1
        self._tablet.sleep(seconds)
        return State.IDLE

    def _named(self, error: Unreachable) -> Unreachable:
        """Tell a server that stutters from somebody who answers in its place."""
        try:
            portal = isinstance(error, GarbledAnswer) and not self._tablet.office.ping()
        except Unreachable:
            return error
        return CaptivePortal(error.detail) if portal else error

    def _obey(self, error: Refused) -> State:
        """Do what the refusal asks for, where a tablet can."""
        code = error.told.get("code")
        if code == "too_large":
            return self._send_less(error)
        if code not in _READ_ANEW or self._anew:
            raise error
        self._anew = True
        epoch = error.told.get("epoch")
        offered = self._applier.read_anew(epoch if isinstance(epoch, str) else None)
        self._offer(offered)
        return State.IDLE

    def _offer(self, offered: int) -> None:
        """Begin with the oldest once more, where so many mutations were offered again."""
        self.report.offered += offered
        if offered:
            self._pushed_to = 0

    def _send_less(self, error: Refused) -> State:
        groups = {waiting.group_first or -waiting.n for waiting in self._trip.sent}
        if len(groups) < 2:
            raise error
        self._most = max(1, len(self._trip.sent) // 2)
        return State.IDLE

    # -- and back --------------------------------------------------------------------------------

    def _acknowledge(self) -> State:
        trip, answer = self._trip, self._trip.answer
        numbers = {waiting.n for waiting in trip.sent}
        outcomes = [outcome for outcome in wire.each(answer.outcomes) if outcome.n in numbers]
        pushed = Pushed(trip.request.install, trip.request.last or 0, trip.sent)
        known = self._applier.acknowledge(pushed, outcomes, answer, trip.offset_ms)
        self._count(known)
        if trip.sent:
            self._pushed_to = trip.sent[-1].n
        self._offer(known.offered)
        if trip.request.report is not None:
            self._tablet.desk.db.put_note("report", wire.encode(trip.request.report).decode())
        self._more = trip.more_waiting or bool(known.offered or known.again)
        # Cursors that were dropped speak of what is no more; so do the pages behind them.
        stale = known.anew and bool(trip.request.cursors)
        self._pages = list(answer.feeds) if trip.reads and not stale else []
        self._more = self._more or stale
        if trip.reads and not stale and answer.gone_feeds:
            self.report.left += self._applier.forget_feeds(answer.gone_feeds)
        if known.changed:
            self._bear(answer)
        return State.ACKNOWLEDGED

    def _bear(self, answer: SyncResponse) -> None:
        """Follow a server into another history, but not to and fro: two that answer in turns never agree."""
        self._histories += 1
        if self._histories > 1:
            self._pages, self._more = [], False
            self.report.feeds_unread = sorted({*self.report.feeds_unread, *answer.feeds})

    def _go_on(self) -> State:
        if self._pages:
            self._apply(self._pages.pop(0))
            return State.PAGE_APPLIED
        if self._more:
            return State.IDLE
        self._finish()
        return State.DONE

    def _apply(self, feed: str) -> None:
        """Take one page in; one that cannot be read holds up its own feed and no other."""
        page = self._trip.answer.feeds[feed]
        asked = self._trip.request.cursors.get(feed)
        if page.snapshot:
            if self._take_part(feed, page.snapshot):
                return
            asked = self._tablet.store.reading(feed).cursor
        moved = page.cursor != asked
        brings = moved or page.records or page.left or page.told or page.fresh
        if not brings and not self._tablet.store.reading(feed).under_way:
            return
        try:
            applied = self._applier.apply_page(feed, page, asked)
        except UNREADABLE:
            if feed not in self.report.feeds_unread:
                self.report.feeds_unread.append(feed)
            return
        if applied is not None:
            self._count_applied(applied)
        self._more = self._more or (page.more and moved)

    def _take_part(self, feed: str, address: str) -> bool:
        """Take in one part of what lies ready; say no where the feed has to be read page by page instead."""
        self._taking = self._taking or self._snapshots.taking(feed, address, self._trip.token)
        try:
            applied = next(self._taking, None)
        except NoSnapshot:
            self._taking = None
            return False
        if applied is None:
            self._taking, self._more = None, True
        else:
            self._pages.insert(0, feed)
            self._count_applied(applied)
        return True

    def _count_applied(self, applied: Applied) -> None:
        self.report.pulled += applied.records
        self.report.left += applied.left
        self.report.told += applied.told

    def _finish(self) -> None:
        answer = self._trip.answer
        self.report.next_sync_after_s = answer.next_sync_after_s
        now = answer.server.now_ms
        notes = {
            "last_sync_ms": str(now),
            "next_sync_after_s": str(answer.next_sync_after_s),
            "failures": "0",
            "problem": "",
        }
        pruned = int(self._tablet.desk.db.note("pruned_ms") or 0)
        if abs(now - pruned) > _PRUNE_EVERY_MS:
            self._tablet.journal.prune(now)
            self._tablet.tellings.prune(now)
            notes["pruned_ms"] = str(now)
        self._applier.finish(now, notes, all_read=not self.report.feeds_unread)

    def _count(self, known: Acknowledged) -> None:
        self.report.renumbered += len(known.again)
        for outcome in known.outcomes:
            if outcome.n not in known.again:
                # A word of a newer server is not final here: the mutation stays, as one that is held.
                name = _COUNTED.get(outcome.outcome, outcome.outcome if outcome.final else "held")
                setattr(self.report, name, getattr(self.report, name) + 1)

    def _count_bytes(self) -> None:
        self.report.bytes_up = self._tablet.office.traffic.up
        self.report.bytes_down = self._tablet.office.traffic.down
