"""
What follows where nobody acknowledges 升级提醒: whoever comes next hears the same words, and that nobody did. Pure.
"""

from collections.abc import Iterable

from server.core.reminding.facts import Due, Matter
from server.core.reminding.roster import Roster
from server.core.reminding.rules import Reminder

_MINUTE_MS = 60_000
#: What stands in front of the words from the first step on.
NOBODY = ("【未确认】", "Not acknowledged: ")


def next_step_ms(reminder: Reminder, step: int, sent_ms: int) -> int | None:
    """Return when the step after *step* is due of what was sent at *sent_ms*; None: there is none."""
    if step >= len(reminder.steps):
        return None
    return sent_ms + reminder.steps[step].after_min * _MINUTE_MS


def next_dues(reminder: Reminder, before: Due, matter: Matter, roster: Roster, told: Iterable[str]) -> list[Due]:
    """
    Return what comes due because *before* was not acknowledged.

    Where whoever comes next has heard already, those after him are asked: a step that reaches nobody is no step.

    Args:
        matter: What it is about, as it stands now: where it lies, whose it is.
        told: Who heard of it before.
    """
    heard = set(told)
    for step, one in enumerate(reminder.steps[before.step :], before.step + 1):
        if people := [person for person in roster.told(one.audience, matter) if person not in heard]:
            return [_due(before, matter, step, person, roster.home(person) or matter.place) for person in people]
    return []


def _due(before: Due, matter: Matter, step: int, person: str, home: str) -> Due:
    zh, en = before.zh.removeprefix(NOBODY[0]), before.en.removeprefix(NOBODY[1])
    target = f"{person}.{matter.subject}.{step}"
    return before._replace(
        target=target, person=person, grid=home, step=step, zh=NOBODY[0] + zh, en=NOBODY[1] + en, next_ms=None
    )
