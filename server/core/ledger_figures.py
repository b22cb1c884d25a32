"""
Rates of the ledger 台账指标: put right and struck off in time, struck off at all, done again.

Pure. How the figures are formed is published practice; which cases count is told here once, for SQL and for tests.
"""

from typing import NamedTuple

from msgspec import Struct

#: Not a problem after all, or counted under another case.
NOT_COUNTED = ("refused", "merged")


class Period(NamedTuple):
    """From one moment until before another, in milliseconds since 1970-01-01 UTC."""

    since_ms: int
    until_ms: int


class Case(NamedTuple):
    """What of one case the rates go by; times in milliseconds, None where there is none."""

    status: str
    void: bool
    due_ms: int | None
    rectified_ms: int | None
    closed_ms: int | None
    returns: int
    submits: int


class Tally(NamedTuple):
    """
    What was counted 计数.

    Attributes:
        due: Cases that had to be struck off 应销号数.
        deferred: Of these, deferred 挂账数.
        closed: Of these, struck off 销号数.
        on_time: Of those struck off, put right by the date 按期销号数.
        returns, submits: How often these were returned 返工次数, and submitted as put right 提交整改次数.
    """

    due: int = 0
    deferred: int = 0
    closed: int = 0
    on_time: int = 0
    returns: int = 0
    submits: int = 0


class Rates(Struct, frozen=True):
    """
    The rates, from 0 to 1, with what they are made of; null where there is nothing to divide by.

    Attributes:
        on_time_rate: 按期整改率, ``on_time / (due - deferred)``.
        closing_rate: 整改率, ``closed / (due - deferred)``.
        rework_rate: 返工率, ``returns / submits``.
    """

    due: int
    deferred: int
    closed: int
    on_time: int
    returns: int
    submits: int
    on_time_rate: float | None
    closing_rate: float | None
    rework_rate: float | None


def rates(tally: Tally) -> Rates:
    """Return the rates that follow from *tally*; what is deferred is in none of the denominators."""
    base = tally.due - tally.deferred
    return Rates(*tally, _share(tally.on_time, base), _share(tally.closed, base), _share(tally.returns, tally.submits))


def counts_in(case: Case, period: Period) -> bool:
    """
    Say whether *case* had to be struck off in *period* 应销号.

    It is due in the period, or was due before and still open when the period began. What was put right on the
    spot was never given any time, and is not counted here.
    """
    if case.void or case.status in NOT_COUNTED or case.due_ms is None:
        return False
    if case.due_ms < period.since_ms:
        return case.closed_ms is None or case.closed_ms >= period.since_ms
    return case.due_ms < period.until_ms


def tally_of(cases: list[Case], period: Period) -> Tally:
    """Return the tally of *cases* for *period*, one by one."""
    counted = [case for case in cases if counts_in(case, period)]
    closed = [case for case in counted if case.closed_ms is not None and case.closed_ms < period.until_ms]
    return Tally(
        len(counted),
        sum(case.status == "deferred" for case in counted),
        len(closed),
        sum(in_time(case) for case in closed),
        sum(case.returns for case in counted),
        sum(case.submits for case in counted),
    )


def in_time(case: Case) -> bool:
    """Say whether *case* was put right by its date; verifying it and striking it off is others' business."""
    return case.rectified_ms is not None and case.due_ms is not None and case.rectified_ms <= case.due_ms


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
