"""
What there is to remind of, and what comes of it 提醒的事实与结果.
"""

from collections.abc import Mapping
from typing import NamedTuple

from schemas.moments import instant


class Matter(NamedTuple):
    """
    One thing that a reminder may be about: a case, a plan, what somebody has not sent.

    Attributes:
        period: The day (2020-07-18), or the moment (2020-07-18T16:00:00+08:00), of what is reminded of: the same
            matter in the same period is reminded of once.
        subject: The record, or the place, it is about.
        place: Where it lies.
        words: What stands in its texts, by the names of its condition; in Chinese, or as figures.
        words_en: The same in English, where that differs.
        person: Whom it concerns by himself: the owner of a case, whoever has not sent.
        unit: Which unit answers for it.
        critical: Whether it is urgent 紧急.
    """

    period: str
    subject: str
    place: str
    words: Mapping[str, str] = {}
    words_en: Mapping[str, str] = {}
    person: str | None = None
    unit: str | None = None
    critical: bool = False


class Due(NamedTuple):
    """
    What one person is to be told once.

    Attributes:
        code, period, target: What stands in the way of telling it twice; ``target`` is the person, the subject, and
            of a later step the step.
        person: Whom it is for.
        subject: The record, or the place, it is about.
        grid: Where its notice is to lie: where the person works.
        step: 0, or the how-manieth step it is because nobody acknowledged it before.
        critical: Whether it passes quiet hours.
        zh, en: What he is told.
        next_ms: When the next step would be due; known only once it was sent.
    """

    code: str
    period: str
    target: str
    person: str
    subject: str | None
    grid: str
    step: int
    critical: bool
    zh: str
    en: str
    next_ms: int | None = None


def moment_period(ms: int) -> str:
    """Return the period of something that happened at the moment *ms*; periods sort as their moments do."""
    return instant(ms)


class Case(NamedTuple):
    """What of one case reminders go by; times in milliseconds, dates that nobody fixed far in the future."""

    id: str
    grid: str
    status: str
    severity: str
    problem_class: str
    lead: str | None
    owner: str | None
    dispatched_ms: int | None
    rectified_ms: int | None
    yellow_ms: int
    due_ms: int
    asked: bool
    returns: int
    case_no: str | None


class Ripe(NamedTuple):
    """A case of which something is to be told: of which period, and what else is known of it, as words."""

    period: str
    case: Case
    words: Mapping[str, tuple[str, str]] = {}


class Unsent(NamedTuple):
    """What somebody has not uploaded 未同步: how much, and since when the oldest of it waits."""

    person: str
    place: str
    records: int
    photos: int
    oldest_ms: int
