"""
Hybrid logical time 混合逻辑时钟: stamps that sort as cause before effect, whatever the clocks say.

A tablet's clock may be wrong by years and may jump. A stamp therefore joins the device's time with a
counter and moves past every stamp the device has seen, so an edit always sorts after what its author
was looking at. Pure: whoever calls brings the wall time along.

Source: Kulkarni, Demirbas et al., "Logical Physical Clocks", OPODIS 2014.
"""

from typing import NamedTuple

#: A stamp further ahead of its receipt than this is cut back to it: 120 s.
MAX_AHEAD_MS = 120_000
#: A device clock that is wrong by more than this is corrected on receipt, both times kept: 5 min.
CORRECT_BEYOND_MS = 300_000
MAX_COUNTER = 0xFFFF
MAX_MS = (1 << 48) - 1


class Stamp(NamedTuple):
    """
    A moment in hybrid logical time; stamps sort as tuples do.

    ``ms`` is milliseconds since 1970-01-01 UTC (48 bits), ``counter`` numbers the edits within one
    millisecond (16 bits), ``device`` breaks the tie between two tablets.
    """

    ms: int
    counter: int
    device: str = ""


ZERO = Stamp(0, 0)


class Clock:
    """
    One device's hybrid logical clock.

    Args:
        device: The device whose edits it stamps.
        latest: The greatest stamp made or seen before; a restarted device hands in what it stored.
        offset_ms: What to add to the device's own time to get the server's, as last measured.
    """

    def __init__(self, device: str, latest: Stamp = ZERO, offset_ms: int = 0) -> None:
        self.device = device
        self.latest = latest
        self.offset_ms = offset_ms

    def tick(self, wall_ms: int) -> Stamp:
        """Return a stamp for an edit made now, greater than every stamp made or seen before."""
        return self._advance(self.latest, wall_ms)

    def observe(self, seen: Stamp, wall_ms: int) -> Stamp:
        """
        Move this clock past *seen*, so that whatever is written next sorts after it.

        The server never hands out a stamp more than ``MAX_AHEAD_MS`` ahead of its own time, so what
        comes from it is safe to follow even on a device whose clock is years behind.

        Returns:
            This clock's new latest stamp, greater than *seen* and than its own last one.

        Source: the receive rule of Kulkarni et al.
        """
        return self._advance(max(self.latest, seen), wall_ms)

    def now_ms(self, wall_ms: int) -> int:
        """Return the time this clock believes it is, never before its latest stamp."""
        return max(wall_ms + self.offset_ms, self.latest.ms)

    def _advance(self, past: Stamp, wall_ms: int) -> Stamp:
        now = min(max(wall_ms + self.offset_ms, 0), MAX_MS)
        if now > past.ms:
            self.latest = Stamp(now, 0, self.device)
        elif past.counter < MAX_COUNTER:
            self.latest = Stamp(past.ms, past.counter + 1, self.device)
        else:
            self.latest = Stamp(past.ms + 1, 0, self.device)
        return self.latest


class Received(NamedTuple):
    """A stamp as the server files it, beside what became of the claim."""

    stamp: Stamp
    corrected_by_ms: int
    clamped: bool

    @property
    def as_claimed(self) -> bool:
        """Whether the stamp is exactly the one its author wrote down."""
        return not self.clamped and self.corrected_by_ms == 0


def measured_offset(sent_ms: int | None, received_ms: int) -> int:
    """
    Return what has to be added to a device's stamps, or 0 while its clock is good enough.

    Args:
        sent_ms: The device's own idea of the time when it sent, or None where it said nothing.
        received_ms: The server's time on receipt.
    """
    if sent_ms is None:
        return 0
    offset = received_ms - sent_ms
    return offset if abs(offset) > CORRECT_BEYOND_MS else 0


def receive(claimed: Stamp, offset_ms: int, received_ms: int) -> Received:
    """
    Return *claimed* as the server files it: corrected by the measured offset, then clamped.

    A wrong clock is never a reason to refuse work; it is corrected, and a stamp that would still lie
    in the future is cut back to ``MAX_AHEAD_MS`` after its receipt.
    """
    ms = max(claimed.ms + offset_ms, 0)
    latest_allowed = received_ms + MAX_AHEAD_MS
    if ms <= latest_allowed:
        return Received(Stamp(ms, claimed.counter, claimed.device), offset_ms, False)
    return Received(Stamp(latest_allowed, claimed.counter, claimed.device), offset_ms, True)
