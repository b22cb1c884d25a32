"""
What to ask again, and when 重试: full jitter, so that a district coming back on line does not come at once.

Pure: whoever calls brings the dice along.

Source: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: full jitter needs the
fewest calls of the variants compared.
"""

from dataclasses import dataclass

from sync_client.errors import SyncError


@dataclass(frozen=True, slots=True)
class Patience:
    """
    How long one sync keeps trying.

    Attributes:
        attempts: How often one request is sent at most.
        base_s, cap_s: The pause before attempt *k* is drawn from 0 to ``min(cap, base * 2**k)``.
        longest_s: A server that asks for more than this is left alone; the sync ends.
    """

    attempts: int = 4
    base_s: float = 1.0
    cap_s: float = 20.0
    longest_s: float = 30.0


#: Between two syncs that failed, seconds: from half a minute up to half an hour.
BETWEEN_SYNCS = Patience(attempts=0, base_s=30.0, cap_s=1_800.0)


def pause_s(patience: Patience, failed: int, error: SyncError, dice: float) -> float | None:
    """
    Return how many seconds to wait before asking again, or None to give up for now.

    Args:
        patience: The limits.
        failed: How many attempts of this request have failed, at least 1.
        error: What the last one failed with.
        dice: A number from 0 to 1.
    """
    if not error.retryable or failed >= patience.attempts:
        return None
    drawn = jitter_s(patience, failed - 1, dice)
    if error.retry_after_s is None:
        return drawn
    asked = error.retry_after_s + min(drawn, patience.base_s)
    return asked if asked <= patience.longest_s else None


def jitter_s(patience: Patience, doublings: int, dice: float) -> float:
    """Return a pause drawn from 0 to the cap for so many doublings."""
    return dice * min(patience.cap_s, patience.base_s * 2.0 ** min(doublings, 60))


def next_sync_s(failures: int, error: SyncError, dice: float) -> int:
    """
    Return after how many seconds a sync that stopped early is worth beginning again.

    Args:
        failures: How many syncs in a row have failed, at least 1.
        error: What stopped the last one; where the server named a time, not before that, and not at that very
            moment: a proxy before it may tell everybody the same.
        dice: A number from 0 to 1.
    """
    drawn = jitter_s(BETWEEN_SYNCS, failures - 1, dice)
    asked = error.retry_after_s or 0
    return round(max(drawn, asked + min(drawn, BETWEEN_SYNCS.base_s), 1))
