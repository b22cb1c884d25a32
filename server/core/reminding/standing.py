"""
When a reminder is over before it was sent, or acknowledged 提醒失效. Pure.
"""

from server.core.reminding.deciding import over_by_day
from server.core.reminding.facts import Case, moment_period
from server.core.reminding.manners import Manners
from server.core.reminding.of_cases import still_holds
from server.core.reminding.reporters import still_waits
from server.core.reminding.rules import CONDITIONS, Reminder


def is_over(
    rule: Reminder | None, period: str, since_ms: int, case: Case | None, manners: Manners, now_ms: int
) -> bool:
    """
    Say whether what somebody was to be told is over.

    That is so where its day has passed, its case was put right, given out anew, deferred, voided or sealed, its date
    has moved, or it has waited for longer than anything is told of.

    Args:
        since_ms: Since when it waits to be told.
        rule: The reminder as it is now; None: the district has taken it back.
        case: The case it is about, as it is now; None: it is about none, or nobody may be told of it any more.
    """
    if rule is None or over_by_day(period, now_ms) or since_ms < now_ms - manners.horizon_ms:
        return True
    if CONDITIONS[rule.condition].of_case:
        return not still_holds(rule.condition, period, case)
    if rule.condition == "reporter_waits":
        return not still_waits(period, case)
    return rule.condition == "announced" and period < moment_period(now_ms)
