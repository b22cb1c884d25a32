"""
The doorkeeper 门卫: how many syncs one process works on at a time, how many may wait, and when the rest come back.

A district that comes back on line asks all at once. Whoever finds the waiting room full is told at once to
come again, each device at a moment of its own, spread over the time that everybody before it will take. So
memory and queue stay bounded, and what the server can do a second it goes on doing.

Source: Nygard, "Release It!", 2nd ed., ch. 5, "Shed Load" and "Bulkheads": refuse early and cheaply.
"""

import hashlib
import heapq
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from flask import current_app

from schemas.problems import Refusal

#: The longest anybody is sent away for: 10 min. Who then finds the room full again is given a new moment.
LONGEST_S = 600
#: Whoever waits longer than this in the room is sent away after all; a tablet's own patience is 60 s.
WAIT_S = 20.0
#: What one sync is taken to last until one has been measured, and how fast the measure follows.
_FIRST_S, _WEIGHT = 0.2, 0.1
#: A tenth more than the time needed, so that not everybody comes back to a full room.
_MARGIN = 1.1
#: An idle device comes up to a fifth earlier or later, and up to four times as late while others queue.
SPREAD, SLOWEST, DOUBLED_S = 0.2, 4.0, 60.0
_TELL_EVERY_S = 10.0
#: Moments given out that are remembered; more devices than that are no district.
_REMEMBERED = 20_000

_log = structlog.get_logger()


@dataclass(slots=True)
class Figures:
    """What happened at the door since the process began."""

    let_in: int = 0
    sent_away: int = 0
    most_working: int = 0
    most_waiting: int = 0


class Doorkeeper:
    """
    The door to one process's syncs.

    Args:
        at_once: How many work at a time; at least 1.
        waiting: How many may wait beside them.
        clock: Returns seconds that only ever grow.
        wait_s: How long one may wait.
    """

    def __init__(
        self, at_once: int, waiting: int, clock: Callable[[], float] = time.monotonic, wait_s: float = WAIT_S
    ) -> None:
        self.figures = Figures()
        self._at_once, self._room, self._wait_s = max(at_once, 1), waiting, wait_s
        self._clock = clock
        self._free = threading.Condition()
        self._working = 0
        self._line: deque[object] = deque()
        self._took_s = _FIRST_S
        self._expected: list[float] = []
        self._told_s = float("-inf")

    @contextmanager
    def let_in(self, who: bytes) -> Iterator[None]:
        """
        Work on a sync of *who* (what tells a device from others) inside, after waiting for a turn.

        Raises:
            Refusal: ``busy``; with the moment to come again.
        """
        with self._free:
            self._wait_for_turn(who)
            self._working += 1
            self.figures.let_in += 1
            self.figures.most_working = max(self.figures.most_working, self._working)
        begun = self._clock()
        try:
            yield
        finally:
            with self._free:
                self._working -= 1
                self._took_s += _WEIGHT * (self._clock() - begun - self._took_s)
                self._free.notify_all()

    def look_in(self, who: bytes) -> None:
        """
        Refuse at once where there is neither a turn nor room to wait, before a body is read.

        Raises:
            Refusal: ``busy``.
        """
        with self._free:
            if self._full():
                raise self._sent_away(who)

    def next_sync_s(self, base_s: int, who: bytes) -> int:
        """Return when an idle device comes again: *base_s*, spread by device, later while others queue."""
        with self._free:
            behind = self._behind_s()
        slower = min(SLOWEST, 1.0 + behind / DOUBLED_S)
        return max(1, round(base_s * slower * (1.0 + SPREAD * (2.0 * self._dice(who) - 1.0))))

    # -- with the lock held ------------------------------------------------------------------------

    def _full(self) -> bool:
        return self._working + len(self._line) >= self._at_once + self._room

    def _wait_for_turn(self, who: bytes) -> None:
        """Stand in line: whoever came first goes first."""
        if self._full():
            raise self._sent_away(who)
        me = object()
        self._line.append(me)
        queue = len(self._line) - (self._at_once - self._working)
        self.figures.most_waiting = max(self.figures.most_waiting, queue)
        try:
            if not self._free.wait_for(lambda: self._line[0] is me and self._working < self._at_once, self._wait_s):
                raise self._sent_away(who)
        finally:
            self._line.remove(me)
            self._free.notify_all()

    def _sent_away(self, who: bytes) -> Refusal:
        seconds = self._come_again_s(who)
        self.figures.sent_away += 1
        self._tell()
        return Refusal("busy", retry_after_s=seconds)

    def _come_again_s(self, who: bytes) -> int:
        """Return after how many whole seconds a device should come again, and expect it then."""
        window = max(1.0, min(self._behind_s() * _MARGIN, LONGEST_S))
        seconds = 1 + int(self._dice(who) * window)
        if len(self._expected) < _REMEMBERED:
            heapq.heappush(self._expected, self._clock() + seconds)
        return seconds

    def _behind_s(self) -> float:
        """Return how long it will take to work on all who wait, and on all who were sent away and come again."""
        now = self._clock()
        while self._expected and self._expected[0] <= now:
            heapq.heappop(self._expected)
        return (len(self._line) + len(self._expected)) * self._took_s / self._at_once

    def _dice(self, who: bytes) -> float:
        """Return a number from 0 to 1 that is a device's own, and another one in the next minute."""
        minute = int(self._clock() // 60).to_bytes(8, "big")
        return int.from_bytes(hashlib.sha256(who + minute).digest()[:4], "big") / (1 << 32)

    def _tell(self) -> None:
        """Say in the log that some are sent away, now and then."""
        now = self._clock()
        if now - self._told_s < _TELL_EVERY_S:
            return
        self._told_s = now
        _log.warning(
            "syncs_sent_away",
            sent_away=self.figures.sent_away,
            working=self._working,
            waiting=len(self._line),
            most_waiting=self.figures.most_waiting,
            expected=len(self._expected),
            behind_s=round(self._behind_s(), 1),
        )


def doorkeeper() -> Doorkeeper:
    """Return the app's doorkeeper."""
    found: Doorkeeper = current_app.extensions["gridward.door"]
    return found
