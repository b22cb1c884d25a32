"""
How often people are bothered 提醒分寸: quiet hours, how many messages, how late is too late. Pure.

The district's word lies over the standard under the setting ``reminding``; what cannot be meant counts as not said.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from server.core.clocks.calendar import DAY_MS, HOUR_MS, index_of, midnight

SETTING = "reminding"
_MINUTE_MS = 60_000
#: Which of them are hours of the day; people write them as 21:00.
HOURS = frozenset({"quiet_from", "quiet_to"})
_HOUR = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


class Manners(NamedTuple):
    """
    The numbers that reminders go by.

    Attributes:
        quiet_from, quiet_to: Minutes of the day between which nobody is told anything that is not critical 静默时段.
        between_min: So many minutes lie between two messages to one person.
        pushes: So many messages a day, at most, leave the tablet for one person.
        horizon_h: What happened longer ago is not told any more: after a long standstill, or on the first day.
        late_min: So long after its hour a daily reminder still goes.
        lines: So many matters of one reminder stand one by one in a notice; more are told together.
    """

    quiet_from: int = 21 * 60
    quiet_to: int = 7 * 60
    between_min: int = 30
    pushes: int = 3
    horizon_h: int = 72
    late_min: int = 120
    lines: int = 5

    def quiet(self, now_ms: int) -> bool:
        """Say whether *now_ms* lies in the quiet hours."""
        minute = (now_ms - midnight(index_of(now_ms))) // _MINUTE_MS
        if self.quiet_from <= self.quiet_to:
            return self.quiet_from <= minute < self.quiet_to
        return minute >= self.quiet_from or minute < self.quiet_to

    def awake_ms(self, now_ms: int) -> int:
        """Return the first moment from *now_ms* on that does not lie in the quiet hours."""
        if not self.quiet(now_ms):
            return now_ms
        ends_ms = midnight(index_of(now_ms)) + self.quiet_to * _MINUTE_MS
        return ends_ms if ends_ms > now_ms else ends_ms + DAY_MS

    @property
    def horizon_ms(self) -> int:
        """How far back anything is told."""
        return self.horizon_h * HOUR_MS


STANDARD = Manners()
#: What each number may be, from and to.
RANGES: Mapping[str, tuple[int, int]] = {
    "quiet_from": (0, DAY_MS // _MINUTE_MS - 1),
    "quiet_to": (0, DAY_MS // _MINUTE_MS - 1),
    "between_min": (1, 24 * 60),
    "pushes": (0, 20),
    "horizon_h": (1, 14 * 24),
    "late_min": (10, 12 * 60),
    "lines": (2, 20),
}


def read_manners(said: Any) -> Manners:
    """Return the manners that the district's word *said* makes of the standard ones."""
    if not isinstance(said, Mapping):
        return STANDARD
    good = {name: value for name, value in said.items() if not mistakes_in({name: value})}
    return STANDARD._replace(**good)


def in_minutes(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return *said* with its hours in minutes of the day; what is no hour stays as it is, and is a mistake."""
    found = dict(said)
    for name in HOURS & said.keys():
        hour = _HOUR.fullmatch(said[name]) if isinstance(said[name], str) else None
        if hour is not None:
            found[name] = int(hour[1]) * 60 + int(hour[2])
    return found


def hour_of(minutes: int) -> str:
    """Return so many *minutes* of the day as people write them: 21:00."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def mistakes_in(said: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with a word on manners, in two languages; nothing: it may be kept."""
    found = []
    for name, value in said.items():
        if name not in RANGES:
            found.append((f"没有“{name}”这一项，有：{'、'.join(RANGES)}", f"there is no '{name}'"))
        elif type(value) is not int or not RANGES[name][0] <= value <= RANGES[name][1]:
            found.append(_out_of_range(name))
    return found


def _out_of_range(name: str) -> tuple[str, str]:
    least, most = RANGES[name]
    if name in HOURS:
        told = f"{hour_of(least)} 至 {hour_of(most)}"
        return f"{name} 应为 {told} 的时刻", f"{name} must be an hour from {hour_of(least)} to {hour_of(most)}"
    return f"{name} 应为 {least} 至 {most} 的整数", f"{name} must be a number from {least} to {most}"
