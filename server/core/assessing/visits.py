"""
Checks as scores go by them 计分检查: of several of one thing on one day one counts.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple


class Visit(NamedTuple):
    """
    One check, as far as scores go by it.

    Attributes:
        target: What was looked at; None for what is in no register.
        day: Here, 2020-07-18.
        score: The one that counts, in tenths of a point; None where it could not be told.
        failed, vetoed, refused: 不合格, 一票否决, 拒不配合.
        inspected: Whether an inspector made it.
        stamp: When it was made: milliseconds, and the count within one.
    """

    type: str
    grid: str
    target: str | None
    day: str
    score: int | None
    failed: bool
    vetoed: bool
    refused: bool
    inspected: bool
    stamp: tuple[int, int]

    @property
    def is_good(self) -> bool:
        """Whether nothing is held against what was looked at."""
        return self.score is not None and not (self.failed or self.vetoed or self.refused)


def counting(visits: Iterable[Visit]) -> list[Visit]:
    """Return those of *visits* that count: of one thing, form and day an inspector's, else the latest; by time."""
    best: dict[tuple[str, str, str], Visit] = {}
    alone = []
    for one in visits:
        if one.target is None:
            alone.append(one)
            continue
        key = (one.type, one.target, one.day)
        best[key] = max(best.get(key, one), one, key=_weight)
    return sorted([*alone, *best.values()], key=lambda one: one.stamp)


def mean(scores: Iterable[int]) -> int | None:
    """Return the mean of *scores*, tenths of a point all of them, a half rounded up; None of none."""
    row = list(scores)
    return int(Fraction(sum(row), len(row)) + Fraction(1, 2)) if row else None


def _weight(visit: Visit) -> tuple[bool, tuple[int, int]]:
    return visit.inspected, visit.stamp
