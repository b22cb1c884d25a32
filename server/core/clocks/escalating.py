"""
Which levels of escalation a case has reached, since when, and why 升级建议. Pure.

Everything here is a proposal. Level 1 is told at once; the higher ones by time only when the grace for offline
work is over, for what was provably done before it was due may still arrive until then.
"""

from typing import NamedTuple

from schemas.lights import RUNNING
from server.core.clocks.calendar import Calendar, index_of, midnight
from server.core.clocks.deadlines import GRACE_MS, escalation
from server.core.clocks.working import END_OF_DAY_MS, days_overdue
from server.values import CaseTimes

#: The levels that one case may reach; the highest, 问责, is about a unit.
OF_CASES = (1, 2, 3)
OF_UNITS = 4
_DAYS = {2: 1, 3: 3}
_RETURN = "return"


class Standing(NamedTuple):
    """
    What the escalation of one case goes by.

    Attributes:
        due_ms: From when on it counts as overdue; None: nobody has fixed that, or more time was asked for in time.
        returns: How often it was returned 退回次数.
    """

    status: str
    void: bool
    due_ms: int | None
    returns: int

    @property
    def runs(self) -> bool:
        """Whether somebody answers for it and the time allowed runs; not while it is deferred or put right."""
        return self.status in RUNNING and not self.void


class Cause(NamedTuple):
    """Why a level is reached: since when (None: since it was returned, see ``returned_ms``), and in words."""

    since_ms: int | None
    zh: str
    en: str


def causes(calendar: Calendar, now_ms: int, standing: Standing) -> dict[int, Cause]:
    """
    Return why each level is reached that *standing* has reached at *now_ms*; nothing where nothing runs.

    A level reached both by time and by returns is told by time.
    """
    if not standing.runs:
        return {}
    by_returns = escalation(calendar, now_ms, None, standing.returns)
    found = {level: _returned(standing.returns) for level in OF_CASES[1:] if level <= by_returns}
    due_ms = standing.due_ms
    if due_ms is None or now_ms <= due_ms:
        return found
    in_grace = now_ms <= due_ms + GRACE_MS
    by_time = 1 if in_grace else escalation(calendar, now_ms, due_ms, 0)
    days = days_overdue(calendar, due_ms, now_ms)
    return found | {
        level: _overdue(_reached_ms(calendar, due_ms, level), days) for level in OF_CASES if level <= by_time
    }


def returned_ms(times: CaseTimes, level: int) -> int | None:
    """Return when the case was returned for the time with which *level* is reached; None where that is not told."""
    returns = [one.at[0] for one in times.acts if one.act == _RETURN]
    return returns[level - 1] if len(returns) >= level else None


def why_fallen(standing: Standing | None) -> tuple[str, str]:
    """Return in two languages why a proposal about a case falls away that no longer reaches its level."""
    if standing is None or standing.void:
        return "已作废", "voided"
    if standing.status == "deferred":
        return "已挂账", "deferred"
    if standing.status in ("rectified", "verified", "closed"):
        return "已整改", "put right"
    if not standing.runs:
        return "已另行处理", "dealt with otherwise"
    return "时限已改或已申请延期", "the date was moved, or more time was asked for in time"


def _overdue(since_ms: int, days: int) -> Cause:
    if days == 0:
        return Cause(since_ms, "已超期", "overdue")
    return Cause(since_ms, f"超期{days}个工作日", f"{days} working day{'s' * (days > 1)} overdue")


def _returned(returns: int) -> Cause:
    return Cause(None, f"退回{returns}次", f"returned {returns} times")


def _reached_ms(calendar: Calendar, due_ms: int, level: int) -> int:
    """Return when *level* was reached by time: at 17:30 of the last of its working days, after the grace."""
    if level not in _DAYS:
        return due_ms
    last = calendar.working.nth[calendar.working.before[index_of(due_ms) + 1] + _DAYS[level] - 1]
    return max(midnight(last) + END_OF_DAY_MS, due_ms + GRACE_MS)
