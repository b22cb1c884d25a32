"""
Shops month by month 商户红黑榜: who keeps his front clean, and who was found wanting; and segments week by week.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from itertools import groupby
from typing import NamedTuple

from server.core.assessing.scheme import Scheme
from server.core.assessing.units import Mark
from server.core.assessing.visits import Visit, counting, mean

_TENTHS = 10


class RankedShop(NamedTuple):
    """One shop on a list; ``score`` is the mean of its checks in tenths; ``put_right_on`` the day it passed again."""

    shop: str
    grid: str
    mark: Mark
    why: tuple[str, ...]
    score: int | None
    checks: int
    fails: int
    put_right_on: str | None


def shops(
    visits: Iterable[Visit], with_cases: Collection[str], month: tuple[str, str], scheme: Scheme
) -> list[RankedShop]:
    """
    Return the shops to be listed for *month*: black ones first, then red ones by their mean.

    Args:
        visits: Of shops, not their own; also from before the month, as far back as failed checks count together,
            and from after it.
        with_cases: The shops about which there was a case in the month.
        month: Its first and its last day.
    """
    found = []
    for shop, row in _by_target(counting(visits)):
        of_month = [one for one in row if month[0] <= one.day <= month[1]]
        listed = _black(shop, row, of_month, month, scheme) or _red(shop, of_month, with_cases, scheme)
        if listed is not None:
            found.append(listed)
    return sorted(found, key=lambda one: (one.mark, -(one.score or 0) if one.mark == "red" else 0, one.shop))


def put_right_on(visits: Iterable[Visit], after_day: str) -> dict[str, str]:
    """Return the day on which each shop passed a check for the first time after *after_day*."""
    found: dict[str, str] = {}
    for one in counting(visits):
        if one.target is not None and one.day > after_day and one.is_good:
            found.setdefault(one.target, one.day)
    return found


def _red(shop: str, month: list[Visit], with_cases: Collection[str], scheme: Scheme) -> RankedShop | None:
    scores, lines = _scores(month), scheme["shops"]
    if shop in with_cases or len(scores) < lines["red_checks"]:
        return None
    # Not rounded before it is compared: 94.96 is below 95.
    if sum(scores) < lines["red_mean"] * _TENTHS * len(scores):
        return None
    return RankedShop(shop, month[-1].grid, "red", ("clean",), mean(scores), len(month), 0, None)


def _black(shop: str, row: list[Visit], month: list[Visit], span: tuple[str, str], scheme: Scheme) -> RankedShop | None:
    lines = scheme["shops"]
    together = _failed_together(row, span, int(lines["black_days"]), int(lines["black_fails"]))
    wrong = {
        "fails": together,
        "veto": [one for one in month if one.vetoed],
        "refused": [one for one in month if one.refused],
    }
    why = tuple(reason for reason, seen in wrong.items() if seen)
    if not why:
        return None
    last = max(one.stamp for seen in wrong.values() for one in seen)
    good = next((one.day for one in row if one.stamp > last and one.is_good), None)
    fails = sum(one.failed for one in month)
    return RankedShop(shop, month[-1].grid, "black", why, mean(_scores(month)), len(month), fails, good)


def _failed_together(row: list[Visit], month: tuple[str, str], days: int, least: int) -> list[Visit]:
    """Return the first *least* failed checks within so many days of which the last lies in the month; or none."""
    failed = [one for one in row if one.failed and one.day <= month[1]]
    for place in range(least - 1, len(failed)):
        run = failed[place - least + 1 : place + 1]
        apart = date.fromisoformat(run[-1].day) - date.fromisoformat(run[0].day)
        if run[-1].day >= month[0] and apart.days < days:
            return [one for one in failed if one.day >= run[0].day]
    return []


# -- segments -----------------------------------------------------------------------------------------


class RankedSegment(NamedTuple):
    """One street segment 路段 among those of its cleaning grade; the mean is in tenths of a point."""

    segment: str
    grid: str
    grade: int
    rank: int
    score: int
    checks: int
    points: int


def segments(visits: Iterable[Visit], grades: Mapping[str, int]) -> list[RankedSegment]:
    """
    Return the segments that were checked, grade by grade, the best of each first; equal means share a rank.

    Args:
        visits: Of one week, those of segments only.
        grades: The cleaning grade 保洁等级 of each segment; one without is not compared.
    """
    rows: dict[int, list[tuple[str, str, list[int]]]] = {}
    for segment, row in _by_target(counting(visits)):
        if segment in grades and (scores := _scores(row)):
            rows.setdefault(grades[segment], []).append((segment, row[-1].grid, scores))
    return [one for grade in sorted(rows) for one in _of_grade(grade, rows[grade])]


def _of_grade(grade: int, rows: list[tuple[str, str, list[int]]]) -> list[RankedSegment]:
    means = {segment: mean(scores) or 0 for segment, _, scores in rows}
    told = [
        RankedSegment(
            segment, place, grade, 1 + sum(other > means[segment] for other in means.values()), means[segment],
            len(scores), sum(scores),
        )
        for segment, place, scores in rows
    ]  # fmt: skip
    return sorted(told, key=lambda one: (one.rank, one.segment))


def _by_target(visits: list[Visit]) -> list[tuple[str, list[Visit]]]:
    known = sorted((one for one in visits if one.target is not None), key=lambda one: (one.target or "", one.stamp))
    return [(target or "", list(row)) for target, row in groupby(known, key=lambda one: one.target)]


def _scores(visits: Iterable[Visit]) -> list[int]:
    return [one.score for one in visits if one.score is not None]
