"""
Two people's checks of one thing on one day 同日检查: both stand (``keep_both``, ``snapshot_not_sum``).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from schemas.checks.common import counted_score
from schemas.roles import Role
from schemas.rules import Candidate
from schemas.wording import BEIJING
from server.core.decisions import Decision, note
from server.values import Record

_COUNTS = {"parking_check": "motor_total"}


def day_of(check: Record) -> str:
    """Return the day, here, on which *check* was made, as 2020-07-18."""
    return datetime.fromisoformat(check.fields["observed_at"]).astimezone(BEIJING).date().isoformat()


def beside(check: Record, target: str, about: Iterable[Record]) -> list[Record]:
    """
    Return those of *about* that were made of the thing *target* by the same form on the day of *check*.

    *check* is among them if it stands there too; a voided one never is.
    """
    day = day_of(check)
    found = (
        other
        for other in about
        if other.type == check.type
        and not other.void
        and other.fields.get("target_id") == target
        and day_of(other) == day
    )
    return sorted(found, key=lambda other: other.origin.stamp)


def holder(day: list[Record]) -> Record | None:
    """Return the check with which the notice of *day* stands, the youngest; None where one person made all."""
    people = {check.fields.get("inspector_id") for check in day}
    return max(day, key=lambda check: check.id) if len(people) > 1 else None


def told(check: Record, beside: list[Record]) -> Decision:
    """Return what is said of *check* and those *beside* it: which figure counts for the day."""
    row = sorted([check, *beside], key=lambda one: one.origin.stamp)
    mine = _candidate(check)
    rest = [_candidate(other) for other in row if other is not check]
    if check.type in _COUNTS:
        most = max(row, key=lambda one: _figure(one) or 0)
        facts: dict[str, Any] = {"day": day_of(check), "most": _figure(most), "whose": most.origin.by}
        return note(_COUNTS[check.type], "snapshot_not_sum", "same_day", mine, *rest, facts=facts)
    counts = counting(row)
    facts = {"day": day_of(check), "counted_score": counted_score(counts.fields), "counted_by": counts.origin.by}
    return note("score", "keep_both", "same_day", mine, *rest, facts=facts, notice=True)


def counting(checks: list[Record]) -> Record:
    """Return the one of *checks*, all of one day, whose score counts: an inspector's, else the latest."""
    inspected = [check for check in checks if check.fields.get("inspector_role") == Role.INSPECTOR]
    return max(inspected or checks, key=lambda check: check.origin.stamp)


def _figure(check: Record) -> Any:
    return check.fields.get(_COUNTS[check.type]) if check.type in _COUNTS else counted_score(check.fields)


def _candidate(check: Record) -> Candidate:
    origin = check.origin
    return Candidate(_figure(check), origin.stamp, origin.by, origin.rank, check.born, origin.firm)
