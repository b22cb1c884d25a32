"""
Sending photos 上传照片, as a machine that may stop after any step.

Everything it knows lies in the tablet's file, or is asked for again: the office says which parts it lacks, so what
was killed is begun anew and only the part under way travels twice. No transaction is open while a request is under
way, so records come and go beside it. That a photo has arrived is only ever concluded from the answer to a plan or
to a completion.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256 as sha256_of
from pathlib import Path
from typing import Any

from schemas.photos import MAX_FILE_BYTES, Completed, Planned, Wanted
from schemas.problems import Refusal
from sync_client.album import FileState
from sync_client.calls import Office
from sync_client.desk import Desk
from sync_client.errors import NotEnrolled, OutdatedClient, Refused, StoreFull, SyncError, Unreachable
from sync_client.originals import Originals
from sync_client.photos.answers import FINAL, NOT_YET, PLAN_ANEW, RECKON_ANEW, completion_of, end_of, plan_of
from sync_client.photos.errors import NoRoomToNote, PhotoLost, PhotosNotTaken
from sync_client.photos.policy import PhotoPolicy
from sync_client.photos.posting import PlanAnew, put_part
from sync_client.photos.queue import Outdated, Parcel, Queue, When, batch
from sync_client.photos.reckoning import glance_at, part_at, parts_in
from sync_client.photos.unnoted import UnnotedQueue
from sync_client.photos.values import PhotoProgress, PhotoReport
from sync_client.retry import BETWEEN_SYNCS, Patience, jitter_s, pause_s

#: A file that was planned so often in vain is left for later.
_TRIES = 3
#: So many files in a row that no answer came for, though the office does answer: it is not the files.
_STUCK = 2


class State(StrEnum):
    """How far a sending has come 上传状态."""

    IDLE = "IDLE"
    RECKONED = "RECKONED"
    PLANNED = "PLANNED"
    PART_SENT = "PART_SENT"
    COMPLETED = "COMPLETED"
    DONE = "DONE"


#: Every way on. An error leaves the machine where it stands.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.IDLE: frozenset({State.RECKONED, State.DONE}),
    State.RECKONED: frozenset({State.PLANNED, State.IDLE, State.DONE}),
    State.PLANNED: frozenset({State.PART_SENT, State.COMPLETED, State.IDLE}),
    State.PART_SENT: frozenset({State.PART_SENT, State.COMPLETED, State.IDLE}),
    State.COMPLETED: frozenset({State.PART_SENT, State.COMPLETED, State.IDLE}),
    State.DONE: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Sender:
    """
    The tablet a sending belongs to.

    ``sleep`` waits so many seconds, ``dice`` returns a number from 0 to 1.
    """

    desk: Desk
    queue: Queue
    originals: Originals
    office: Office
    patience: Patience
    sleep: Callable[[float], None]
    dice: Callable[[], float]


class Sending:
    """
    One sending of the photos of a tablet; one at a time, see ``database.only_one``.

    Args:
        sender: Whose.
        policy, when: What may travel.
        watch: Called after every step; whatever it raises stops the sending there.
    """

    def __init__(
        self, sender: Sender, policy: PhotoPolicy, when: When, watch: Callable[[PhotoProgress], None] | None = None
    ) -> None:
        self._sender = sender
        self._queue = sender.queue
        self._policy, self._when, self._watch = policy, when, watch
        self._parcels: list[Parcel] = []
        self._skipped: set[str] = set()
        self._sizes: dict[str, int] = {}
        self._there: dict[str, int] = {}
        self._over: set[str] = set()
        self._fresh: set[str] = set()
        self._no_room: NoRoomToNote | None = None
        self._failed = 0
        self._stuck = 0
        self.state = State.IDLE
        self.report = PhotoReport()

    def run(self) -> PhotoReport:
        """
        Go through to the end.

        Raises:
            SyncError: It stopped early; the error carries the report of what was done.
        """
        try:
            while self.state is not State.DONE:
                self.step()
            if self._no_room:
                raise self._no_room
        except SyncError as error:
            self.report.problem, error.photos = error.problem, self.report
            raise
        finally:
            self.report.waiting, self.report.not_now = self._queue.waiting(self._when, self._policy)
        return self.report

    def step(self) -> None:
        """Take one step, and tell whoever watches."""
        try:
            self.state = {State.IDLE: self._reckon, State.RECKONED: self._plan}.get(self.state, self._go_on)()
        except StoreFull as error:
            self.state = self._go_on_unnoted(error)
        if self._watch:
            self._watch(self._progress())

    def _go_on_unnoted(self, error: StoreFull) -> State:
        """Send on without noting it: what arrives is safe with the office, which says so when there is room again."""
        if self._no_room:
            raise error
        self._no_room, self._queue = NoRoomToNote(error.detail), UnnotedQueue(self._sender.desk)
        self._parcels.clear()
        return self._reckon() if self.state is State.IDLE else State.IDLE

    def _progress(self) -> PhotoProgress:
        return PhotoProgress(
            state=self.state,
            done=len(self._over),
            total=len(self._sizes),
            bytes_done=sum(self._there.values()),
            bytes_total=sum(self._sizes.values()),
            current=self._parcels[0].sha256 if self._parcels else None,
        )

    # -- what goes next --------------------------------------------------------------------------

    def _reckon(self) -> State:
        """Take up what is due, and see that its parts are reckoned."""
        if not self._parcels:
            due = self._queue.due(self._when, self._policy, self._skipped)
            for parcel in due:
                self._sizes[parcel.sha256] = parcel.size
                self._there[parcel.sha256] = parcel.bytes_there
            self._parcels = batch(due)
            if not self._parcels:
                return State.DONE
        for parcel in [parcel for parcel in self._parcels if not parcel.parts]:
            self._reckon_one(parcel)
        return State.RECKONED

    def _reckon_one(self, parcel: Parcel) -> None:
        if parcel.size > MAX_FILE_BYTES:
            self._refuse(parcel, Refusal("photo_too_large", limit=f"{MAX_FILE_BYTES >> 20} MiB").body())
            return
        try:
            self._queue.reckoned(parcel, parts_in(self._place(parcel), parcel.sha256))
        except PhotoLost as error:
            self._lose(parcel, error)

    def _place(self, parcel: Parcel) -> Path:
        return self._sender.originals.place_of(parcel.sha256)

    # -- the plan --------------------------------------------------------------------------------

    def _plan(self) -> State:
        """Ask the office what it lacks: of everything taken up, and later of the one file that needs it anew."""
        asked = [parcel for parcel in self._parcels if parcel.wanted is None]
        if not asked:
            return State.PLANNED
        standing, asked_ms = self._queue.standing(), self._sender.desk.wall_ms()
        try:
            answers = plan_of(self._sender.office, asked, self._token())
        except Unreachable as error:
            return self._wait(error)
        except Refused as error:
            return self._end(error)
        try:
            with self._queue.settling(standing):
                for parcel, answer in zip(asked, answers, strict=True):
                    self._settle(parcel, answer, asked_ms)
        except Outdated:
            return self._anew()
        return State.PLANNED

    def _end(self, error: Refused) -> State:
        """End quietly where the office takes no photos yet; they wait for the day when it does."""
        if error.told.get("code") not in NOT_YET:
            raise error
        self.report.problem = PhotosNotTaken().problem
        return State.DONE

    def _settle(self, parcel: Parcel, answer: Planned, asked_ms: int) -> None:
        if answer.state == "verified":
            self._arrived(parcel)
        elif answer.state == "wait":
            self._queue.waits(parcel)
            # Not skipped: another record that names it may have come; this one is asked for again behind a sync.
            self._over.add(parcel.sha256)
            self._parcels.remove(parcel)
        elif answer.state == "refused":
            self._judge(parcel, Refused(answer.problem))
        elif answer.parts and (lost := glance_at(self._place(parcel), parcel.size)):
            self._lose(parcel, lost)
        else:
            self._queue.planned(parcel, answer.parts, end_of(answer, asked_ms))
            self._there[parcel.sha256] = parcel.bytes_there

    def _anew(self) -> State:
        """Begin anew with the first: what was planned was planned with an office, or as a device, of the past."""
        self._parcels.clear()
        return State.IDLE

    # -- one file after the other ----------------------------------------------------------------

    def _go_on(self) -> State:
        if not self._parcels:
            return State.IDLE
        parcel = self._parcels[0]
        if parcel.wanted is None:
            return State.IDLE
        if self._too_late(parcel):
            self._again(parcel, {})
            return State.IDLE
        try:
            return self._send_part(parcel, parcel.wanted[0]) if parcel.wanted else self._complete(parcel)
        except PhotoLost as error:
            self._lose(parcel, error)
        except PlanAnew as error:
            self._again(parcel, {**Refused().problem, "detail": str(error)})
        except Unreachable as error:
            return self._wait_for(parcel, error)
        except Refused as error:
            self._obey(parcel, error)
        return State.IDLE

    def _too_late(self, parcel: Parcel) -> bool:
        if not parcel.wanted or parcel.holds_until_ms is None:
            return False
        # A clock that jumps says so of every address: believed once, then the depot is asked.
        believed = parcel.moved or not parcel.tries
        return believed and self._sender.desk.wall_ms() >= parcel.holds_until_ms

    def _send_part(self, parcel: Parcel, wanted: Wanted) -> State:
        token = self._token()
        body = part_at(self._place(parcel), wanted.n)
        if sha256_of(body).hexdigest() != parcel.parts[wanted.n]:
            # What is no more what was taken raises here; else it was our note of it that was wrong.
            self._queue.reckoned(parcel, parts_in(self._place(parcel), parcel.sha256))
            raise PlanAnew("reckoned again")
        before = self._queue.set_out(parcel, wanted.n)
        self.report.bytes_sent += len(body)
        self.report.bytes_resent += len(body) if before else 0
        put_part(self._sender.office, parcel.sha256, wanted, body, token)
        self._queue.sent(parcel, wanted.n)
        parcel.wanted = [part for part in parcel.wanted or () if part.n != wanted.n]
        self._there[parcel.sha256] = parcel.bytes_there
        self._went_well()
        return State.PART_SENT

    def _complete(self, parcel: Parcel) -> State:
        standing, asked_ms = self._queue.standing(), self._sender.desk.wall_ms()
        answer = completion_of(self._sender.office, parcel, self._token())
        try:
            with self._queue.settling(standing):
                self._take_completion(parcel, answer, asked_ms)
        except Outdated:
            return self._anew()
        return State.COMPLETED

    def _take_completion(self, parcel: Parcel, answer: Completed, asked_ms: int) -> None:
        if answer.state == "verified":
            self._arrived(parcel)
            return
        self._queue.planned(parcel, answer.parts, end_of(answer, asked_ms))
        self._there[parcel.sha256] = parcel.bytes_there
        self._again(parcel, {**Refused().problem, "detail": "complete"}, planned=bool(answer.parts))

    # -- what becomes of a file ------------------------------------------------------------------

    def _arrived(self, parcel: Parcel) -> None:
        fresh = parcel.state != FileState.VERIFIED
        self._queue.verified(parcel)
        self._fresh |= {parcel.sha256} if fresh else set()
        self.report.verified = len(self._fresh)
        self.report.unnoted += fresh and self._no_room is not None
        self._there[parcel.sha256] = parcel.size
        self._over.add(parcel.sha256)
        self._parcels.remove(parcel)
        self._went_well()

    def _went_well(self) -> None:
        self._failed = self._stuck = 0

    def _drop(self, parcel: Parcel) -> None:
        """Leave a file for this time."""
        self._skipped.add(parcel.sha256)
        self._over.add(parcel.sha256)
        self._parcels.remove(parcel)

    def _refuse(self, parcel: Parcel, problem: dict[str, Any]) -> None:
        self._queue.refused(parcel, problem)
        self._tell(parcel, problem)

    def _lose(self, parcel: Parcel, error: PhotoLost) -> None:
        if self._queue.is_put_aside(parcel, FileState.LOST, error.problem):
            return self._drop(parcel)
        self._queue.lost(parcel, error.problem)
        return self._tell(parcel, error.problem)

    def _put_off(self, parcel: Parcel, problem: dict[str, Any]) -> None:
        pause = jitter_s(BETWEEN_SYNCS, self._queue.failures(parcel), self._sender.dice())
        self._queue.put_off(parcel, problem, pause)
        self._tell(parcel, problem)

    def _tell(self, parcel: Parcel, problem: dict[str, Any]) -> None:
        self.report.problems.append({"sha256": parcel.sha256, "record": parcel.record, **problem})
        self._drop(parcel)

    # -- what goes wrong -------------------------------------------------------------------------

    def _judge(self, parcel: Parcel, error: Refused) -> None:
        """Take in that a file is refused by the plan: for good, unless it was reckoned wrongly."""
        if error.told.get("code") in RECKON_ANEW:
            self._obey(parcel, error)
        else:
            self._refuse(parcel, error.problem)

    def _obey(self, parcel: Parcel, error: Refused) -> None:
        """Do what a refusal of one file asks for; one that is about the tablet ends it all."""
        code = error.told.get("code")
        if isinstance(error, NotEnrolled | OutdatedClient):
            raise error
        if code in FINAL:
            self._refuse(parcel, error.problem)
        elif code in RECKON_ANEW:
            self._reckon_one(parcel)
            if parcel in self._parcels:
                self._again(parcel, error.problem)
        elif code in PLAN_ANEW:
            self._again(parcel, error.problem)
        else:
            self._put_off(parcel, error.problem)

    def _again(self, parcel: Parcel, problem: dict[str, Any], *, planned: bool = False) -> None:
        """Let a file be planned anew (or go on as just *planned*), unless that has been in vain too often."""
        parcel.tries += not parcel.moved
        parcel.moved = False
        if not planned:
            parcel.wanted = None
        if parcel.tries > _TRIES:
            self._put_off(parcel, problem)

    def _wait_for(self, parcel: Parcel, error: Unreachable) -> State:
        """Wait, and ask what the office has of the file; one that always fails must not hold up the others."""
        parcel.wanted = None
        parcel.failed += 1
        pause = pause_s(self._sender.patience, parcel.failed, error, self._sender.dice())
        if pause is not None:
            return self._pause(pause)
        self._stuck += 1
        if not error.retryable or error.retry_after_s or self._stuck >= _STUCK:
            raise error
        self._put_off(parcel, error.problem)
        return State.IDLE

    def _wait(self, error: Unreachable) -> State:
        self._failed += 1
        pause = pause_s(self._sender.patience, self._failed, error, self._sender.dice())
        if pause is None:
            raise error
        return self._pause(pause)

    def _pause(self, seconds: float) -> State:
        self.report.retries += 1
        self._sender.sleep(seconds)
        return State.IDLE

    def _token(self) -> str:
        token = self._sender.desk.head().token
        if token is None:
            raise NotEnrolled
        return token
