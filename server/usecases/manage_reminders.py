"""
What the district says of its reminders 提醒管理: listed, changed, paused, taken back; by whom and why is kept.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from schemas.explain import fault
from schemas.moments import instant
from schemas.problems import Refusal
from server.core.reminding.rules import AUDIENCES, CONDITIONS, DAYS, Reminder, laid_over, mistakes_in, plain
from server.core.reminding.standard import STANDARD
from server.storage.reminders import ReminderWord
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.read_reminders import read_reminders

_STANDARD = {one.code: one for one in STANDARD}
MOST_REASON = 300


class ListedStep(Struct, frozen=True):
    """Whom a reminder goes to next, so many minutes after nobody acknowledged it."""

    after_min: int
    audience: str


class ListedReminder(Struct, frozen=True):
    """
    One reminder as it counts 提醒; see ``server.core.reminding.rules.Reminder``.

    Attributes:
        standard: Whether the program brings it along.
        changed: Whether the district said anything of it.
        places: What may stand in its texts as ``{name}``, and what that is.
    """

    code: str
    zh: str
    en: str
    condition: str
    condition_zh: str
    audience: str
    audience_zh: str
    text_zh: str
    text_en: str
    at: list[str]
    days: str
    soon: bool
    critical: bool
    steps: list[ListedStep]
    channels: bool
    paused: bool
    standard: bool
    changed: bool
    places: dict[str, str]


class Reminders(Struct, frozen=True):
    """The reminders of a district, by code."""

    reminders: list[ListedReminder]


class SaidOfIt(Struct, frozen=True):
    """One word on a reminder: what was changed (None: taken back), why, by whom, when."""

    at: str
    by: str
    reason: str
    said: dict[str, Any] | None


class ReminderFile(Struct, frozen=True):
    """One reminder with everything that was said of it, the oldest first."""

    reminder: ListedReminder
    words: list[SaidOfIt]


def list_reminders(work: UnitOfWork) -> Reminders:
    """Return them all as they are read."""
    changed = _changed(work)
    return Reminders([listed(one, changed=one.code in changed) for one in read_reminders(work)])


def show_reminder(work: UnitOfWork, code: str) -> ReminderFile:
    """
    Return the reminder *code* with its history.

    Raises:
        Refusal: ``reminder_unknown``.
    """
    found = _found(work, code)
    words = work.reminders.words(code)
    names = work.people.names({word.by for word in words if word.by})
    told = [SaidOfIt(instant(word.at_ms), names.get(word.by, word.by), word.reason, word.said) for word in words]
    return ReminderFile(listed(found, changed=code in _changed(work)), told)


def change_reminder(
    store: Store, district: str, code: str, members: Mapping[str, Any] | None, reason: str, by: str, now_ms: int
) -> ReminderFile:
    """
    Change the reminder *code*, or make a new one; what is not named stays as the district last said it.

    Args:
        members: What is to differ; members of ``Reminder``. None: the district takes its words back, and the
            standard counts; one of its own is gone.
        by: Who says so, an id; empty for whoever sits at the server.

    Raises:
        Refusal: ``reminder_unknown``, or ``invalid_request`` with what is wrong. Nothing was kept.
    """
    said_reason = reason.strip()
    if not 1 <= len(said_reason) <= MOST_REASON:
        raise Refusal(
            "invalid_request", fault("required", "请写明理由，至多 300 字", "say why, within 300 signs", "reason")
        )

    def attempt() -> ReminderFile:
        with store.work(district) as work:
            before = _said(work, code)
            said = None if members is None else {**(before or {}), **members}
            if said is None:
                _found(work, code)
            else:
                _check(code, said)
            if said != before:
                work.reminders.say(ReminderWord(code, said, said_reason, by, now_ms))
            told = show_reminder(work, code) if said is not None or code in _STANDARD else _gone(work, code)
            work.commit()
        return told

    return retrying(attempt)


def pause_reminder(
    store: Store, district: str, code: str, reason: str, by: str, now_ms: int, *, paused: bool
) -> ReminderFile:
    """
    Let the reminder *code* be silent, or speak again; asking twice changes nothing more.

    Raises:
        Refusal: as ``change_reminder``.
    """
    with store.work(district, writing=False) as work:
        _found(work, code)
    return change_reminder(store, district, code, {"paused": paused}, reason, by, now_ms)


def listed(one: Reminder, *, changed: bool) -> ListedReminder:
    """Return *one* as it is read."""
    told = plain(one) | {"steps": [ListedStep(step.after_min, step.audience) for step in one.steps]}
    condition = CONDITIONS[one.condition]
    return ListedReminder(
        **told, condition_zh=condition.zh, audience_zh=AUDIENCES[one.audience], standard=one.code in _STANDARD,
        changed=changed, places=dict(condition.places),
    )  # fmt: skip


def when_told(one: ListedReminder) -> str:
    """Return when a reminder goes, in words."""
    hours = f"{DAYS[one.days]} {'、'.join(one.at)}" if one.at else ""
    return " + ".join(filter(None, (hours, "即时" if one.soon else "")))


def _said(work: UnitOfWork, code: str) -> dict[str, Any] | None:
    words = work.reminders.words(code)
    return words[-1].said if words else None


def _changed(work: UnitOfWork) -> set[str]:
    last = {word.code: word.said for word in work.reminders.words()}
    return {code for code, said in last.items() if said is not None}


def _found(work: UnitOfWork, code: str) -> Reminder:
    found = next((one for one in read_reminders(work) if one.code == code), None)
    if found is None:
        raise Refusal("reminder_unknown")
    return found


def _gone(work: UnitOfWork, code: str) -> ReminderFile:
    """Return one of the district's own as it stood before it was taken back, with every word on it."""
    words = work.reminders.words(code)
    last = next(word.said for word in reversed(words) if word.said is not None)
    [stood] = [one for one in laid_over((), [(code, last)]) if one.code == code]
    names = work.people.names({word.by for word in words if word.by})
    told = [SaidOfIt(instant(word.at_ms), names.get(word.by, word.by), word.reason, word.said) for word in words]
    return ReminderFile(listed(stood, changed=False), told)


def _check(code: str, said: Mapping[str, Any]) -> None:
    wrong = mistakes_in(code, said, _STANDARD.get(code))
    if wrong:
        faults = {"reminder": [{"code": "invalid", "zh": zh, "en": en} for zh, en in wrong]}
        raise Refusal("invalid_request", faults)
