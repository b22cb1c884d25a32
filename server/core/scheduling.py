"""
Which periods of a job run now, and which are passed over 补做规则: decided from what is known, nothing else.

A period 周期 is the moment at which a job was due, in milliseconds. How far a job is done stands in the database;
clocks of servers are sometimes wrong, by hours or by years, and neither may a period run twice for it, nor the
work of years count as done.
"""

from collections.abc import Sequence
from typing import Literal

#: catch_up: every missed period runs, oldest first; coalesce: the latest alone; skip: the latest, while in its grace.
MissedPolicy = Literal["catch_up", "coalesce", "skip"]
POLICIES: dict[MissedPolicy, tuple[str, str]] = {
    "catch_up": ("逐期补做", "every missed one, oldest first"),
    "coalesce": ("只做最近一期", "the latest missed one"),
    "skip": ("过时不补", "only within its grace"),
}

_MINUTE_MS = 60_000
DAY_MS = 24 * 60 * _MINUTE_MS
#: What was missed longer ago than this is nobody's: a clock that wakes in another century makes up no decades.
LOOK_BACK_MS = 92 * DAY_MS
#: A clock that stands so far behind what is done shows that one of the two was wrong.
BACK_MS = 5 * _MINUTE_MS
#: Where nothing at all was done for so long, either nobody was here, or the clock is wrong.
LEAP_MS = 31 * DAY_MS
#: For so long a doubtful clock may be put right before it is believed: jobs delete what is old.
HOLD_MS = 60 * _MINUTE_MS
#: After so many failures of one period the later ones go on without it.
PATIENCE = 3
_FIRST_WAIT_MS, _LONGEST_WAIT_MS = 10_000, 15 * _MINUTE_MS


def missed_since(begun_ms: int, done_ms: int, now_ms: int) -> int:
    """Return the moment after which a job's periods are missed ones."""
    return max(begun_ms, done_ms, now_ms - LOOK_BACK_MS)


def is_ahead(done_ms: int, now_ms: int) -> bool:
    """Tell whether a job is done further than the clock goes, so that it would stand still until then."""
    return done_ms > now_ms + BACK_MS


def is_doubtful(begun_ms: int, done_ms: int, now_ms: int) -> bool:
    """
    Tell whether the clock is probably wrong: far ahead of the last thing done, or before the beginning of it all.

    Args:
        begun_ms: When the newest of the jobs began.
        done_ms: The latest period that counts as done, of any job.
    """
    return now_ms - done_ms > LEAP_MS or now_ms < begun_ms - DAY_MS


def chosen(missed: Sequence[int], policy: MissedPolicy, grace_ms: int, now_ms: int) -> Sequence[int]:
    """Return those of the periods *missed*, oldest first, that *policy* lets run; the others are passed over."""
    if policy == "catch_up" or not missed:
        return missed
    latest = missed[-1:]
    return latest if policy == "coalesce" or now_ms - latest[0] <= grace_ms else ()


def wait_ms(failures: int) -> int:
    """Return for how long a period waits after so many *failures*, one at least: 10 s, 20 s, … up to 15 min."""
    return min(_FIRST_WAIT_MS << min(failures - 1, 10), _LONGEST_WAIT_MS)
