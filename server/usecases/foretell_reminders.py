"""
Who would get what today 提醒预览, and letting it be decided and sent now 立即执行.
"""

from collections import Counter

from msgspec import Struct

from schemas.moments import instant
from server.core.clocks.calendar import DAY_MS, index_of, midnight
from server.core.reminding.facts import Due
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork
from server.usecases.decide_reminders import decide_reminders, preview_reminders
from server.usecases.send_notices import send_notices

#: So many lines are shown; the counts are of all.
MOST_SHOWN = 1_000


class Foretold(Struct, frozen=True):
    """What one person would be told."""

    person: str
    name: str
    code: str
    zh: str
    en: str
    critical: bool


class Preview(Struct, frozen=True):
    """
    What would be decided between two moments as things stand now; nothing was written.

    Attributes:
        counts: How many there are, by code.
        people: How many people are concerned.
        told: The first of them by person and code; None for whoever reads no business data.
    """

    since: str
    until: str
    counts: dict[str, int]
    people: int
    told: list[Foretold] | None


class Ran(Struct, frozen=True):
    """What a run by hand came to: items decided by code, notices sent, items in them."""

    decided: dict[str, int]
    notices: int
    items: int


class Announced(Struct, frozen=True):
    """How many people are told what was announced; 0 where it was announced before."""

    people: int


def foretell(work: UnitOfWork, now_ms: int, *, dry_run: bool = False, whole: bool = True) -> Preview:
    """
    Return who would get what until the end of the day, and write nothing.

    Args:
        dry_run: Only what a run at this very moment would decide.
        whole: False: counts alone.
    """
    until_ms = now_ms if dry_run else midnight(index_of(now_ms)) + DAY_MS - 1
    dues = preview_reminders(work, now_ms, until_ms)
    told = _told(work, dues) if whole else None
    counts = dict(sorted(Counter(due.code for due in dues).items()))
    return Preview(instant(now_ms), instant(until_ms), counts, len({due.person for due in dues}), told)


def run_now(store: Store, district: str, now_ms: int) -> Ran:
    """Decide and send now what is due, as the jobs do every minute; what was done already is not done again."""
    decided = decide_reminders(store, district, now_ms)
    sent = send_notices(store, district, now_ms)
    return Ran(dict(sorted(decided.made.items())), sent.notices, sent.items)


def _told(work: UnitOfWork, dues: list[Due]) -> list[Foretold]:
    shown = sorted(dues, key=lambda due: (due.person, due.code, due.period, due.target))[:MOST_SHOWN]
    names = work.people.names({due.person for due in shown})
    return [Foretold(due.person, names.get(due.person, ""), due.code, due.zh, due.en, due.critical) for due in shown]
