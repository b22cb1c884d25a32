"""
Deliver what waits 外发: each channel by itself, no faster than it takes, again later what failed.

A message is taken up in one transaction and its outcome noted in another; between the two it is really sent. Whoever
is killed there leaves it under a lease, and when that has run out it is sent again, under the same id: a receiver
hears of everything at least once.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from typing import NamedTuple, Protocol, TypeVar

import structlog

from server.channels.outgoing import Outgoing
from server.core.channels import KEEP_TRYING_MS, WINDOW_MS, Channel, next_attempt, rest_until, room
from server.storage.deliveries import Delivery
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.one_by_one import MISTAKES
from server.usecases.push_text import channels_of
from server.usecases.spare_others import note

#: Longer than any attempt takes, and than the window in which a robot counts: what is under way counts all the while.
LEASE_MS = 120_000
#: So many messages are taken up at a time: each is sent well within the lease, also where every one takes its time.
_AT_A_TIME = 4
#: A run ends after so long, whatever still waits; the next one comes soon.
_RUN_MS = 30_000
_CHANNELS_AT_ONCE = 8
T = TypeVar("T")
_log = structlog.get_logger()


class Out(Protocol):
    """Whatever sends one message; see ``server.channels.sender.Sender``."""

    def send(self, out: Outgoing) -> str | None:
        """Send it; return the kind of failure, None where it arrived."""


class Delivered(NamedTuple):
    """What became of the messages of one run."""

    sent: int = 0
    again: int = 0
    failed: int = 0

    def plus(self, other: "Delivered") -> "Delivered":
        """Return both together."""
        return Delivered(self.sent + other.sent, self.again + other.again, self.failed + other.failed)


def deliver(store: Store, district: str, now_ms: int, out: Out) -> Delivered:
    """
    Send what may go out at *now_ms*; return what became of it.

    Channels go side by side: one that does not answer holds up itself alone. Several at once do no harm.
    """
    began = time.monotonic()

    def now() -> int:
        return now_ms + round((time.monotonic() - began) * 1000)

    with store.work(district, writing=False) as work:
        due = work.deliveries.channels_due(now_ms)
        known = {channel.name: channel for channel in channels_of(work)}
    if not due:
        return Delivered()
    turns = [_Turn(store, district, name, known.get(name), out, now) for name in due]
    with ThreadPoolExecutor(min(len(turns), _CHANNELS_AT_ONCE), thread_name_prefix="deliver") as pool:
        done: list[Delivered] = list(pool.map(lambda turn: turn.go_alone(now_ms + _RUN_MS), turns))
    return reduce(Delivered.plus, done, Delivered())


class _Turn:
    """What waits for one channel, one message after the other; without a channel, one that was closed."""

    def __init__(
        self, store: Store, district: str, name: str, channel: Channel | None, out: Out, now: Callable[[], int]
    ) -> None:
        self._store, self._district, self._name = store, district, name
        self._channel, self._out, self._now = channel, out, now

    def go_alone(self, until_ms: int) -> Delivered:
        """Do as ``go``; what the program stumbles over here is no other channel's affair."""
        try:
            return self.go(until_ms)
        except MISTAKES as error:
            note(error, self._district, f"channel {self._name}")
            return Delivered()

    def go(self, until_ms: int) -> Delivered:
        """Send what may go, until nothing more may, the channel fails, or the time is over."""
        done, channel = Delivered(), self._channel
        if channel is None:
            self._within(lambda work: work.deliveries.drop_waiting(self._name, self._now(), "closed"))
            return done
        while self._now() < until_ms and (due := self._within(lambda work: self._take(work, channel))):
            taken = [one for one in due if one.state == "sending"]
            for n, one in enumerate(taken):
                ended = self._send(one, channel)
                done = done.plus(_counted(ended))
                if rest_until(channel.kind, ended.problem, 0) is not None:
                    self._rest(channel, ended.problem, taken[n + 1 :])
                    return done
        return done

    def _take(self, work: UnitOfWork, channel: Channel) -> list[Delivery]:
        """Take up what may go now, and return it; what is too old to be news is given up."""
        work.channels.lock(self._name)
        now_ms = self._now()
        free = room(channel.kind, work.deliveries.used(self._name, now_ms - WINDOW_MS, now_ms))
        due = work.deliveries.due(self._name, now_ms, min(free, _AT_A_TIME)) if free else []
        taken = [_taken(one, now_ms) for one in due]
        work.deliveries.write(taken)
        return taken

    def _send(self, one: Delivery, channel: Channel) -> Delivery:
        """Send *one*, which was taken up, and note how that ended."""
        told = Outgoing(one.id, one.channel, channel.kind, one.title, one.body, one.about, one.made_ms)
        problem = self._out.send(told)
        ended = _ended(one, problem, self._now())
        self._within(lambda work: work.deliveries.write([ended]))
        if problem is not None:
            _log.warning("delivery_failed", district=self._district, channel=self._name, id=one.id, problem=problem)
        return ended

    def _rest(self, channel: Channel, problem: str | None, left: Sequence[Delivery]) -> None:
        """Let nothing more go by the channel for a while; what was taken up and not sent counts as never taken up."""
        now_ms = self._now()
        until = rest_until(channel.kind, problem, now_ms) or now_ms
        back = [one._replace(state="waiting", attempts=one.attempts - 1, next_ms=now_ms) for one in left]

        def put_back(work: UnitOfWork) -> None:
            work.deliveries.write(back)
            work.deliveries.postpone(self._name, until)

        self._within(put_back)

    def _within(self, act: Callable[[UnitOfWork], T]) -> T:
        def attempt() -> T:
            with self._store.work(self._district) as work:
                found = act(work)
                work.commit()
            return found

        return retrying(attempt)


def _taken(one: Delivery, now_ms: int) -> Delivery:
    """Return *one* as it stands while somebody is at it; given up, where it has been tried for too long."""
    if one.made_ms < now_ms - KEEP_TRYING_MS:
        return one._replace(state="failed", next_ms=None, ended_ms=now_ms, problem=one.problem or "too_late")
    return one._replace(state="sending", attempts=one.attempts + 1, next_ms=now_ms + LEASE_MS)


def _ended(one: Delivery, problem: str | None, now_ms: int) -> Delivery:
    """Return *one* after an attempt."""
    if problem is None:
        return one._replace(state="sent", next_ms=None, ended_ms=now_ms, problem=None)
    again = next_attempt(one.attempts, now_ms)
    return one._replace(state="failed" if again is None else "waiting", next_ms=again, ended_ms=now_ms, problem=problem)


def _counted(ended: Delivery) -> Delivered:
    return Delivered(ended.state == "sent", ended.state == "waiting", ended.state == "failed")
