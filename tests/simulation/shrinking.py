"""
Leaving out of a failing play whatever it fails without 缩减: what is left is the story of the mistake.

Source: Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 2002: parts of
halving size are left out, each for as long as the play fails in the same way.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.simulation.running import Played, play_seed

#: Plays that one shrinking may take; a play lasts some 0.2 s.
MOST_PLAYS = 400


@dataclass
class Shrunk:
    """The steps, from 1, that are left of a play, how that went, and how many plays it took."""

    keep: list[int]
    played: Played
    plays: int


def shrink(failed: Played, steps: int | None = None, play: Callable[..., Played] = play_seed) -> Shrunk:
    """
    Return the least of a *failed* play that still breaks the same invariant.

    Args:
        steps: How long the play was made, where that was given.
        play: Plays a seed with the steps that are kept.
    """
    keep = list(range(1, (failed.at or failed.steps) + 1))
    found = Shrunk(keep, failed, 0)
    size = max(len(keep) // 2, 1)
    while size and found.plays < MOST_PLAYS:
        left = _leave_out(failed, found, size, steps, play)
        size = min(size, max(len(found.keep) // 2, 1)) if left and size > 1 else size // 2 if not left else size
    return found


def _leave_out(failed: Played, found: Shrunk, size: int, steps: int | None, play: Callable[..., Played]) -> bool:
    """Leave out every part of *size* steps that is not needed, the last first; say whether one was not."""
    some = False
    at = len(found.keep)
    while at > 0 and found.plays < MOST_PLAYS:
        start = max(at - size, 0)
        fewer = found.keep[:start] + found.keep[at:]
        found.plays += 1
        played = play(failed.seed, steps, fewer)
        if played.broken == failed.broken:
            found.keep, found.played, some = fewer, played, True
        at = start
    return some
