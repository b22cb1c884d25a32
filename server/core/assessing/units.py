"""
The score of a street or community in one week 街道（社区）周得分, ranks, and red and black marks.

A part with nothing to divide by is left out, and the weights of the others take its place in proportion.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

from server.core.assessing.scheme import Scheme
from server.core.ledger_figures import Tally

Mark = Literal["red", "black"]
_TENTHS = 10
_FULL = 100


class Facts(NamedTuple):
    """
    What was counted of one unit in one week.

    Attributes:
        checks, points: Day scores of checks that were not its own 自查, and their sum in tenths of a point.
        tally: Of the cases it leads.
        patrol_due, patrol_done: What was to be looked at 应巡查, and was.
        reports, answered: Reports of the public whose answer was due, and those answered in time.
        findings: Problems that inspectors found and nobody had in the ledger 督查新发现.
        relapses, falsehoods: 回潮, 弄虚作假.
        cleaning_days, model_roads: Cleaning days held, model roads that stood.
    """

    unit: str
    checks: int = 0
    points: int = 0
    tally: Tally = Tally()
    patrol_due: int = 0
    patrol_done: int = 0
    reports: int = 0
    answered: int = 0
    findings: int = 0
    relapses: int = 0
    falsehoods: int = 0
    cleaning_days: int = 0
    model_roads: int = 0

    @property
    def is_ranked(self) -> bool:
        """Whether it had any case in the period; a unit without findings is not ranked."""
        return self.tally.due > 0


class Ranked(NamedTuple):
    """One unit in its list; ``rank`` and ``score`` are None where it is not ranked, the score is in tenths."""

    facts: Facts
    rank: int | None
    score: int | None
    mark: Mark | None
    why: tuple[str, ...]


def components(facts: Facts) -> dict[str, Fraction]:
    """Return the parts of a score, each from 0 to 100; one with nothing to divide by is not there."""
    tally = facts.tally
    base = tally.due - tally.deferred
    found = {
        "checks": _share(facts.points, facts.checks * _TENTHS * _FULL),
        "on_time": _share(tally.on_time, base),
        "rework": None if tally.submits == 0 else _FULL - (_share(tally.returns, tally.submits) or Fraction()),
        "patrol": _share(facts.patrol_done, facts.patrol_due),
        "replies": _share(facts.answered, facts.reports),
    }
    return {name: value for name, value in found.items() if value is not None}


def deducted(facts: Facts, scheme: Scheme) -> Fraction:
    """Return the points taken off 督查扣分."""
    by = scheme["deductions"]
    lost = facts.findings * by["finding"] + facts.relapses * by["relapse"] + facts.falsehoods * by["falsehood"]
    return min(lost, by["most"])


def added(facts: Facts, scheme: Scheme) -> Fraction:
    """Return the points put on 加分."""
    by = scheme["additions"]
    return min(facts.cleaning_days * by["cleaning_day"] + facts.model_roads * by["model_road"], by["most"])


def score(facts: Facts, scheme: Scheme) -> int | None:
    """Return the score in tenths of a point, 0 to 1000, a half rounded up; None where no part of it can be told."""
    exact = exactly(components(facts), scheme)
    return None if exact is None else in_tenths(exact - deducted(facts, scheme) + added(facts, scheme))


def exactly(parts: Mapping[str, Fraction], scheme: Scheme) -> Fraction | None:
    """Return what the weighted *parts* come to; None where none of them weighs anything."""
    weights = {name: scheme["weights"][name] for name in parts}
    whole = sum(weights.values(), Fraction())
    return sum((weights[name] * part for name, part in parts.items()), Fraction()) / whole if whole else None


def in_tenths(points: Fraction) -> int:
    """Return *points* in tenths, not below 0 nor above 100 points, a half rounded up."""
    within = max(Fraction(), min(points, Fraction(_FULL)))
    return int(within * _TENTHS + Fraction(1, 2))


def closing_rate(facts: Facts) -> Fraction | None:
    """Return the closing rate 整改率, 0 to 1; None where nothing had to be struck off that is not deferred."""
    base = facts.tally.due - facts.tally.deferred
    return Fraction(facts.tally.closed, base) if base > 0 else None


def ranked(group: Iterable[Facts], scheme: Scheme) -> list[Ranked]:
    """Return the units of one group, the best first; equal scores share a rank 并列, the unranked come last."""
    scores = {one: score(one, scheme) if one.is_ranked else None for one in group}
    listed = [told for told in scores.values() if told is not None]
    found = [_ranked(one, told, listed, scheme) for one, told in scores.items()]
    return sorted(found, key=lambda one: (one.rank is None, one.rank or 0, one.facts.unit))


def _ranked(facts: Facts, told: int | None, listed: Sequence[int], scheme: Scheme) -> Ranked:
    if told is None:
        return Ranked(facts, None, None, None, ())
    rank = 1 + sum(other > told for other in listed)
    black = _black(facts, told, listed, scheme)
    if black:
        return Ranked(facts, rank, told, "black", black)
    rate, lines = closing_rate(facts), scheme["units"]
    red = rate is not None and rate >= lines["red_rate"] and rank <= lines["top"]
    return Ranked(facts, rank, told, "red" if red else None, ("rate_and_top",) if red else ())


def _black(facts: Facts, told: int, listed: Sequence[int], scheme: Scheme) -> tuple[str, ...]:
    rate, lines = closing_rate(facts), scheme["units"]
    # Where all are equal, or one alone is ranked, nobody is last.
    last = told == min(listed) and told < max(listed)
    why = {
        "rate": rate is not None and rate < lines["black_rate"],
        "last": last and told < lines["black_score"] * _TENTHS,
    }
    return tuple(reason for reason, holds in why.items() if holds)


def _share(part: int, whole: int) -> Fraction | None:
    """Return *part* of *whole* in hundredths, at most all of it; None where there is nothing to divide by."""
    return min(Fraction(part * _FULL, whole), Fraction(_FULL)) if whole > 0 else None


# -- corrections --------------------------------------------------------------------------------------


def corrected(shown: Facts, now: Facts) -> Facts:
    """
    Return *shown*, the facts of an issued list, with what arrived since then 更正.

    Checks count as they stand now. Of cases only what turns out to have been there and to have been done counts: a
    relapse, or a deferral, that came after the week is the next week's, and takes nothing back.
    """
    was, known = shown.tally, now.tally
    due, closed, on_time = (max(getattr(was, name), getattr(known, name)) for name in ("due", "closed", "on_time"))
    late = was._replace(due=due, closed=min(closed, due), on_time=min(on_time, closed, due))
    return shown._replace(checks=now.checks, points=now.points, tally=late)
