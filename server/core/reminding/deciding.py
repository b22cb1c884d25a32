"""
When reminders are asked for, and what each person is due 提醒判定. Pure.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from server.core.clocks.calendar import HOUR_MS, Calendar, day_on, index_of, midnight
from server.core.reminding.facts import Due, Matter
from server.core.reminding.manners import Manners
from server.core.reminding.roster import Roster
from server.core.reminding.rules import CONDITIONS, Reminder

_MINUTE_MS = 60_000
#: As long as what is kept of a due thing may be; its texts are as long as they are.
_LONGEST = {"code": 20, "period": 40, "target": 100, "person": 36, "subject": 40, "grid": 15}
_PLACE = re.compile(r"\{([a-z_]+)\}")


class Asking(NamedTuple):
    """
    One reminder asked for at one hour.

    Attributes:
        at_ms: The hour.
        period: The day; where the reminder has several hours, the hour too.
        before_ms: The hour before it on the same day that was told; None: none was.
    """

    reminder: Reminder
    at_ms: int
    period: str
    before_ms: int | None = None


def hours(reminder: Reminder, calendar: Calendar, now_ms: int) -> Iterator[Asking]:
    """Yield the hours at which *reminder* is asked for on the day of *now_ms*, in their order."""
    index = index_of(now_ms)
    if reminder.days == "duty" and not calendar.duty.flags[index]:
        return
    day = day_on(index).isoformat()
    for hour in sorted(reminder.at):
        at_ms = midnight(index) + _minutes(hour) * _MINUTE_MS
        yield Asking(reminder, at_ms, day if len(reminder.at) == 1 else f"{day}T{hour}")


def come_due(asking: Asking, manners: Manners, now_ms: int) -> bool:
    """Say whether the hour has come, and has not been over for too long."""
    return asking.at_ms <= now_ms < asking.at_ms + manners.late_min * _MINUTE_MS


def dues(reminder: Reminder, matters: Iterable[Matter], roster: Roster) -> list[Due]:
    """Return what each person is due of *matters*."""
    # Whoever is told of a number of things was found when they were counted.
    audience = "person" if CONDITIONS[reminder.condition].counted else reminder.audience
    return [
        _due(reminder, matter, person, roster.home(person) or matter.place)
        for matter in matters
        for person in roster.told(audience, matter)
    ]


def can_be_kept(due: Due) -> bool:
    """Say whether *due* fits where it is kept; what a tablet or an import brought may be longer than anybody meant."""
    words = [(getattr(due, name) or "", most) for name, most in _LONGEST.items()]
    return all(len(word) <= most for word, most in words) and not any(
        "\x00" in word for word in (*(word for word, _ in words), due.zh, due.en)
    )


def filled(text: str, words: Mapping[str, str]) -> str:
    """Return *text* with *words* in the place of their names; what is not known stands as a dash."""
    return _PLACE.sub(lambda found: words.get(found[1], "—"), text)


def over_by_day(period: str, now_ms: int) -> bool:
    """Say whether *period* is a day, or an hour of one, and that day is over."""
    dated = len(period) in (len("2020-07-18"), len("2020-07-18T08:00"))
    return dated and period[:10] < day_on(index_of(now_ms)).isoformat()


def _due(reminder: Reminder, matter: Matter, person: str, home: str) -> Due:
    return Due(
        code=reminder.code,
        period=matter.period,
        target=f"{person}.{matter.subject}",
        person=person,
        subject=matter.subject or None,
        grid=home,
        step=0,
        critical=reminder.critical or matter.critical,
        zh=filled(reminder.text_zh, matter.words),
        en=filled(reminder.text_en, {**matter.words, **matter.words_en}),
    )


def _minutes(hour: str) -> int:
    return int(hour[:2]) * (HOUR_MS // _MINUTE_MS) + int(hour[3:])
