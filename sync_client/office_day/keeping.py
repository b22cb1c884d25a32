"""
Staying open on a street PC 常驻同步: sync when it is time, wait without haste, stop when told.

The clock, the waiting and the syncing are handed in. While it waits it looks at the clock every minute: a PC that
slept does not know for how long, and its clock may be set.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from signal import SIGINT, SIGTERM, Signals, signal
from types import FrameType
from typing import Any

from sync_client.office_day.timetable import next_try

_SLICE_S = 60.0


class Stopped(Exception):
    """Somebody wants this program to end."""


@dataclass
class Keeper:
    """
    Syncs by a timetable.

    Attributes:
        minutes: Of the day, see ``timetable.slots``; not empty.
        now_ms: The corrected clock.
        sleep: Waits so many seconds.
        sync: Syncs once; returns None where it went through, else after how many seconds to try again.
        waiting: Told, whenever it changes, until which moment nothing happens.
        done_ms: When a sync last went through; None where none ever did.
    """

    minutes: tuple[int, ...]
    now_ms: Callable[[], int]
    sleep: Callable[[float], None]
    sync: Callable[[], float | None]
    waiting: Callable[[int], None]
    done_ms: int | None = None
    _not_before_ms: int = field(default=0, init=False)

    def run(self) -> None:
        """Go on until something raises, which is how it is stopped."""
        announced = 0
        while True:
            now_ms = self.now_ms()
            due_ms = next_try(self.minutes, now_ms, self.done_ms, self._not_before_ms)
            if due_ms <= now_ms:
                self._once(now_ms)
                announced = 0
                continue
            if due_ms != announced:
                self.waiting(due_ms)
                announced = due_ms
            self.sleep(min(_SLICE_S, max(1.0, (due_ms - now_ms) / 1000)))

    def _once(self, now_ms: int) -> None:
        again_s = self.sync()
        if again_s is None:
            # By the clock of its beginning: a time that passed while it ran is still to be kept.
            self.done_ms, self._not_before_ms = now_ms, 0
        else:
            self._not_before_ms = self.now_ms() + max(1, round(again_s * 1000))


class Stopping:
    """Whether somebody wants the program to end: between two steps of a sync it is asked, a wait is ended at once."""

    def __init__(self) -> None:
        self.wanted = False
        self._waits = False

    def ask(self, number: int, frame: FrameType | None) -> None:
        """Take a signal; the second one ends whatever runs."""
        if self._waits or self.wanted:
            raise Stopped(Signals(number).name)
        self.wanted = True

    def check(self) -> None:
        """
        Go on only if nobody wants otherwise.

        Raises:
            Stopped: Somebody does.
        """
        if self.wanted:
            raise Stopped

    def waiting(self, sleep: Callable[[float], None], seconds: float) -> None:
        """
        Wait so many seconds.

        Raises:
            Stopped: Somebody wants the program to end.
        """
        self._waits = True
        try:
            self.check()
            sleep(seconds)
        finally:
            self._waits = False


@contextmanager
def stopping() -> Iterator[Stopping]:
    """Let Ctrl-C and SIGTERM end what runs inside cleanly; what was there before is put back."""
    asked, before = Stopping(), list[tuple[Signals, Any]]()
    for one in (SIGINT, SIGTERM):
        # Outside the main thread nobody but the caller can say when to stop.
        with suppress(ValueError):
            before.append((one, signal(one, asked.ask)))
    try:
        yield asked
    finally:
        for one, handler in before:
            signal(one, handler)
