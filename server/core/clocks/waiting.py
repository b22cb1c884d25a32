"""
Who has been kept waiting too long inside the office 内部时限, and which deferrals are to be reviewed 挂账复核. Pure.

A case that was put right on the spot 立行立改 is verified by sample: every major or critical one, of the others one
in four, which keeps the share above the fifth that has to be looked at. Which ones follows from their ids alone,
so tablet, office and auditor name the same ones.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from schemas.moments import day_of, ms_of
from server.core.clocks.calendar import Calendar
from server.core.clocks.deadlines import inner_due
from server.core.clocks.working import overdue_by
from server.values import ActTime, CaseTimes

#: What a case in each state waits for, by the steps of ``deadlines.INNER``.
STEPS: Mapping[str, str] = {
    "reported": "accept",
    "accepted": "dispatch",
    "dispatched": "sign_for",
    "rectified": "verify",
    "verified": "strike_off",
}
ON_SPOT = "verify_on_spot"
STEPS_WORDS: Mapping[str, tuple[str, str]] = {
    "accept": ("待立案", "to be accepted"),
    "dispatch": ("待派遣", "to be dispatched"),
    "sign_for": ("待签收", "to be signed for"),
    "verify": ("待核查", "to be verified"),
    ON_SPOT: ("立行立改待核查", "fixed on the spot, to be verified"),
    "strike_off": ("待销号", "to be struck off"),
}
#: Of what was put right on the spot one in so many is looked at, where it is of no graver kind.
ONE_IN = 4
_ALL_OF = frozenset({"major", "critical"})


class Case(NamedTuple):
    """A case that may be waiting: where it lies, when the office received it last, and its times."""

    id: str
    grid: str
    received_ms: int
    times: CaseTimes


class Waiting(NamedTuple):
    """
    A case that has waited too long.

    Attributes:
        step: For what; one of ``deadlines.INNER``.
        since_ms, due_ms: Since when, and by when it should have been done.
        unit: Whose step it is, where that is the lead unit's.
        zh, en: For how long it is overdue.
    """

    id: str
    number: str | None
    grid: str
    place: str | None
    step: str
    since_ms: int
    due_ms: int
    unit: str | None
    zh: str
    en: str


class Review(NamedTuple):
    """A deferred case whose review date has come: ``days`` ago, 0 for today."""

    id: str
    number: str | None
    grid: str
    place: str | None
    review_on: str
    days: int
    project: str | None


def in_sample(case: str, severity: str) -> bool:
    """Say whether a case put right on the spot is one of those that are verified 抽查: follows from its id."""
    if severity in _ALL_OF:
        return True
    return int.from_bytes(hashlib.sha256(f"on-spot.{case}".encode()).digest()[:8]) % ONE_IN == 0


def overdue_steps(calendar: Calendar, cases: Iterable[Case], now_ms: int) -> list[Waiting]:
    """Return those of *cases* that have waited longer than the step inside the office may take, the longest first."""
    found = [waiting for case in cases if (waiting := _waiting(calendar, case, now_ms)) is not None]
    return sorted(found, key=lambda one: (one.due_ms, one.id))


def due_reviews(cases: Iterable[Case], now_ms: int) -> list[Review]:
    """Return those of the deferred *cases* whose review date has come, the oldest date first."""
    today = day_of(now_ms)
    found = [
        Review(
            one.id, one.times.case_no, one.grid, one.times.place_text, review_on, _days(review_on, today),
            one.times.project,
        )
        for one in cases
        if one.times.status == "deferred" and (review_on := one.times.review_on) is not None and review_on <= today
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.review_on, one.id))


def _waiting(calendar: Calendar, case: Case, now_ms: int) -> Waiting | None:
    step = step_of(case)
    if step is None:
        return None
    since_ms = _since(case)
    due_ms = inner_due(calendar, step, since_ms)
    late = overdue_by(calendar, due_ms, now_ms, "work_hour")
    if late is None:
        return None
    times = case.times
    unit = times.lead if step == "sign_for" else None
    return Waiting(
        case.id, times.case_no, case.grid, times.place_text, step, since_ms, due_ms, unit, late.zh, late.en
    )  # fmt: skip


def step_of(case: Case) -> str | None:
    """Return what *case* waits for inside the office; None for nothing, or where it is not in the sample."""
    times = case.times
    step = STEPS.get(times.status)
    if step == "verify" and times.fixed_on_spot and not times.dispatched_at:
        return ON_SPOT if in_sample(case.id, times.severity) else None
    return step


def _since(case: Case) -> int:
    """
    Return since when the office has had it in this state: by the act that led here, as it was signed.

    What nobody has acted on waits since it arrived, for until then no office could know of it.
    """
    led_here = [one for one in case.times.acts if _moved(one)]
    return led_here[-1].at[0] if led_here else max(case.received_ms, ms_of(case.times.found_at))


def _moved(act: ActTime) -> bool:
    return act.start != act.end


def _days(day: str, today: str) -> int:
    return (ms_of(f"{today}T00:00:00+08:00") - ms_of(f"{day}T00:00:00+08:00")) // (24 * 3_600_000)
