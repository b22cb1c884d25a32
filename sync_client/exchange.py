"""
One sync 一次同步, as a machine that may stop after any step.

Everything it knows lies in the tablet's file or can be asked for again, so a sync that was killed is
not continued but simply begun anew. ``docs/failures.md`` says for every state what a crash leaves and
what the next sync does; a test holds the two tables together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from schemas import wire
from schemas.clock import Clock, Stamp
from schemas.mutations import decode_mutation
from schemas.wire import PROTOCOL, Outcome, Report, ServerInfo, SyncRequest, SyncResponse
from sync_client.applying import Applier
from sync_client.calls import UNREADABLE, Office, TooLarge, Traffic
from sync_client.desk import Desk
from sync_client.errors import CaptivePortal, GarbledAnswer, NotEnrolled, Refused, SyncError, Unreachable
from sync_client.journal import Journal, Waiting
from sync_client.local_store import LocalStore
from sync_client.offset import offset_after
from sync_client.retry import Patience, pause_s
from sync_client.tellings import Tellings
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
    number from 0 to 1.
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


@dataclass(slots=True)
class _Trip:
    """One request and its answer."""

    sent: list[Waiting]
    more_waiting: bool
    request: SyncRequest
    token: str
    clock: Clock
    asked_ms: int = 0
    offset_ms: int = 0
    answer: SyncResponse = field(default_factory=lambda: SyncResponse(ServerInfo("", 0)))


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
        self._applier = Applier(tablet.desk, tablet.journal, tablet.store, tablet.tellings)
        self._most = wire.MAX_MUTATIONS
        self._pushed_to = 0
        self._failed = 0
        self._anew = False
        self._trip = _Trip([], False, SyncRequest(PROTOCOL, "-"), "", Clock(""))
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
        told = self._tablet.desk.db.note("report") == wire.encode(report).decode()
        request = SyncRequest(
            protocol=PROTOCOL,
            install=head.install,
            mutations=[msgspec.Raw(waiting.payload) for waiting in sent],
            cursors=self._tablet.store.cursors(),
            limit=self._tablet.page_records,
            last=head.last_n or None,
            report=None if told else report,
        )
        self._trip = _Trip(sent, more, request, head.token, _clock_of(sent, head.clock))
        return State.PREPARED

    def _send(self) -> State:
        trip = self._trip
        try:
            trip.asked_ms = self._tablet.desk.wall_ms()
            trip.request.now = trip.clock.now_ms(trip.asked_ms)
            trip.answer = _answer_in(self._tablet.office.post("/v1/sync", trip.request, trip.token), trip)
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
        self._applier.read_anew(epoch if isinstance(epoch, str) else None)
        return State.IDLE

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
        changed = self._applier.acknowledge(trip.sent, outcomes, answer, trip.offset_ms)
        for outcome in outcomes:
            self._count(outcome)
        if trip.sent:
            self._pushed_to = trip.sent[-1].n
        if trip.request.report is not None:
            self._tablet.desk.db.put_note("report", wire.encode(trip.request.report).decode())
        self._more = trip.more_waiting
        self._pages = [] if changed and trip.request.cursors else list(answer.feeds)
        if changed and trip.request.cursors:
            # The cursors speak of a history that is no more; so do the pages behind them.
            self._applier.read_anew()
            self._more = True
        else:
            self.report.left += self._applier.forget_feeds(answer.gone_feeds) if answer.gone_feeds else 0
        return State.ACKNOWLEDGED

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
            self.report.pulled += applied.records
            self.report.left += applied.left
            self.report.told += applied.told
        self._more = self._more or (page.more and moved)

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

    def _count(self, outcome: Outcome) -> None:
        # A word of a newer server is not final here: the mutation stays, as one that is held.
        name = _COUNTED.get(outcome.outcome, outcome.outcome if outcome.final else "held")
        setattr(self.report, name, getattr(self.report, name) + 1)

    def _count_bytes(self) -> None:
        self.report.bytes_up = self._tablet.office.traffic.up
        self.report.bytes_down = self._tablet.office.traffic.down


def _clock_of(sent: Sequence[Waiting], clock: Clock) -> Clock:
    """
    Return the clock that stamped *sent*, or the present one where nothing is sent.

    The server corrects stamps by comparing the time it is told with its own, so it has to be told by the
    very clock that made them.
    """
    if not sent:
        return clock
    at = decode_mutation(sent[-1].payload).at
    return Clock(clock.device, Stamp(*at), sent[-1].offset_ms)


def _answer_in(body: bytes, trip: _Trip) -> SyncResponse:
    """
    Return the answer that *body* holds.

    Raises:
        GarbledAnswer: It is not one, speaks of more mutations than were sent, or took one without
            saying as which version.
    """
    try:
        str(body, "utf-8")  # the decoder passes over damage in what it does not look at
        answer = wire.decode_response(body)
    except UNREADABLE as error:
        raise GarbledAnswer(str(error)) from error
    told = answer.outcomes
    nameless = any(outcome.outcome == "applied" and not outcome.version for outcome in told)
    if nameless or sum(outcome.count for outcome in told) > len(trip.sent):
        raise GarbledAnswer("outcomes")
    return answer
