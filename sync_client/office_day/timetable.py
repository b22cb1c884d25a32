"""
When a street PC syncs next 同步时刻: at times of the day, or every so many minutes, in the district's time.

Pure: the moment comes in. A time that passed while the PC slept is due as soon as it wakes, once.
"""

from collections.abc import Iterable

MINUTE_MS = 60_000
DAY_MINUTES = 24 * 60
_DAY_MS = DAY_MINUTES * MINUTE_MS
_EAST_MS = 8 * 60 * MINUTE_MS


def clock_of(minute: int) -> str:
    """Return a minute of the day as ``08:30``."""
    return f"{minute // 60:02}:{minute % 60:02}"


def slots(at: Iterable[int], every: int | None) -> tuple[int, ...]:
    """
    Return the minutes of a day at which to sync, sorted.

    Args:
        at: Minutes of the day.
        every: Minutes between two, counted from midnight; None for none of these.
    """
    return tuple(sorted({*at, *(range(0, DAY_MINUTES, every) if every else ())}))


def last_slot(minutes: tuple[int, ...], now_ms: int) -> int:
    """Return the latest moment of *minutes* (not empty) that is not after *now_ms*."""
    midnight = _midnight(now_ms)
    passed = [midnight + minute * MINUTE_MS for minute in minutes if midnight + minute * MINUTE_MS <= now_ms]
    return passed[-1] if passed else midnight - _DAY_MS + minutes[-1] * MINUTE_MS


def next_slot(minutes: tuple[int, ...], now_ms: int) -> int:
    """Return the first moment of *minutes* (not empty) after *now_ms*."""
    midnight = _midnight(now_ms)
    coming = [midnight + minute * MINUTE_MS for minute in minutes if midnight + minute * MINUTE_MS > now_ms]
    return coming[0] if coming else midnight + _DAY_MS + minutes[0] * MINUTE_MS


def next_try(minutes: tuple[int, ...], now_ms: int, done_ms: int | None, not_before_ms: int) -> int:
    """
    Return the moment at which to sync next; *now_ms* or earlier where it is due.

    Args:
        done_ms: When a sync last went through; None where none ever did.
        not_before_ms: What the attempt before asked for, which failed; 0 where it did not.
    """
    if done_ms is not None and done_ms >= last_slot(minutes, now_ms):
        return next_slot(minutes, now_ms)
    return min(max(now_ms, not_before_ms), next_slot(minutes, now_ms))


def _midnight(now_ms: int) -> int:
    return (now_ms + _EAST_MS) // _DAY_MS * _DAY_MS - _EAST_MS
