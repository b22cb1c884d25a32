"""
When a job is due 时间表: every so many seconds, or by a line of cron in Asia/Shanghai.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Every:
    """Due whenever the seconds since 1970 are a multiple of *seconds*: the same moments after every restart."""

    seconds: int

    def __str__(self) -> str:
        """Return it as a list shows it."""
        return f"每 {self.seconds} 秒 every {self.seconds} s"


@dataclass(frozen=True, slots=True)
class Cron:
    """Due at the moments of *line*: minute, hour, day, month, day of week (mon–sun), by the clocks of Shanghai."""

    line: str

    def __str__(self) -> str:
        """Return it as a list shows it."""
        return self.line


Schedule = Every | Cron


def periods(schedule: Schedule, after_ms: int, until_ms: int) -> Sequence[int]:
    """Return the moments at which *schedule* is due, oldest first: after *after_ms*, at the latest at *until_ms*."""
    if isinstance(schedule, Every):
        step = schedule.seconds * 1000
        return range((after_ms // step + 1) * step, until_ms + 1, step)
    found = []
    trigger = _trigger(schedule)
    moment = _next(trigger, after_ms)
    while moment <= until_ms:
        found.append(moment)
        moment = _next(trigger, moment)
    return found


def next_period(schedule: Schedule, after_ms: int) -> int:
    """Return the first moment after *after_ms* at which *schedule* is due."""
    if isinstance(schedule, Every):
        return (after_ms // (schedule.seconds * 1000) + 1) * schedule.seconds * 1000
    return _next(_trigger(schedule), after_ms)


@cache
def _trigger(schedule: Cron) -> Any:
    return CronTrigger.from_crontab(schedule.line, timezone=ZONE)


def _next(trigger: Any, after_ms: int) -> int:
    # A trigger answers with the moment asked for itself, where that is one.
    asked = datetime.fromtimestamp((after_ms + 1) / 1000, UTC)
    found: datetime = trigger.get_next_fire_time(None, asked)
    return round(found.timestamp() * 1000)
