"""
What there is to remind of in cases 案件提醒: which are ripe, in which words, and when it is over. Pure.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from schemas.cases import PROBLEM_CLASSES, Limit
from schemas.lights import RUNNING
from schemas.moments import instant
from schemas.wording import english, lasting, written
from schemas.workflow import RETURN_CODES
from server.core.clocks.calendar import HOUR_MS, Calendar
from server.core.clocks.deadlines import inner_due
from server.core.clocks.waiting import in_sample
from server.core.clocks.working import due, overdue_by
from server.core.reminding.facts import Case, Matter, Ripe, moment_period
from server.values import CaseTimes

#: How long a case that was put right may wait before whoever verifies is reminded.
VERIFIED_IN = Limit(4, "work_hour")
NO_NUMBER = ("（未编号）", "(no number)")
NO_DATE = ("—", "—")
#: What the higher levels propose.
PROPOSALS: Mapping[int, tuple[str, str]] = {
    2: ("建议下发督办单", "a supervision order is proposed"),
    3: ("建议列入约谈名单", "a summoned talk is proposed"),
}
Words = Mapping[str, tuple[str, str]]


class _Entry(Struct):
    """As much of an entry of a case's timeline as reminders tell."""

    act: str
    at: list[int]
    reason: str | None = None
    details: dict[str, Any] = {}


_ENTRIES = msgspec.json.Decoder(list[_Entry])


def ripe(condition: str, cases: Iterable[Case], calendar: Calendar, now_ms: int) -> list[Ripe]:
    """Return those of *cases* for which *condition* holds at *now_ms*, each with its period."""
    period = _PERIODS[condition]
    return [
        Ripe(told, case) for case in cases if not case.asked and (told := period(case, calendar, now_ms)) is not None
    ]


def still_holds(condition: str, period: str, case: Case | None) -> bool:
    """
    Say whether what was reminded of is not over: put right, given out anew, deferred, or its date moved.

    Args:
        case: As it is now; None: voided, sealed, or gone.
    """
    if case is None or case.status not in _STATES[condition]:
        return False
    if condition in ("dispatched", "unsigned"):
        return case.dispatched_ms is not None and moment_period(case.dispatched_ms) == period
    if condition in ("yellow", "red"):
        return not case.asked and moment_period(case.yellow_ms if condition == "yellow" else case.due_ms) == period
    return condition != "returned" or _returned(case) == period


def matter(condition: str, one: Ripe, times: CaseTimes, calendar: Calendar, now_ms: int) -> Matter | None:
    """Return what is told of a ripe case; None where its record says that nothing is to be told yet."""
    case = one.case
    also = _more(condition, case, times, calendar, now_ms)
    if also is None:
        return None
    words = {**_words(case, times), **also, **one.words}
    zh, en = ({name: pair[place] for name, pair in words.items()} for place in (0, 1))
    return Matter(one.period, case.id, case.grid, zh, en, case.owner, case.lead, case.severity == "critical")


def returned_ms(times: CaseTimes) -> int | None:
    """Return when a case was last returned 退回; None: it never was."""
    entry = _last(times, "return")
    return None if entry is None else entry.at[0]


def refused_because(times: CaseTimes) -> str:
    """Return why a case was not accepted 不予立案; empty where nothing is said."""
    entry = _last(times, "refuse")
    return (entry.reason or "") if entry is not None else ""


def waits_for_verifier(case: Case, calendar: Calendar, now_ms: int) -> bool:
    """Say whether a case was put right so long ago that whoever verifies is to be reminded."""
    if case.rectified_ms is None or (case.dispatched_ms is None and not in_sample(case.id, case.severity)):
        return False
    return due(calendar, case.rectified_ms, VERIFIED_IN) <= now_ms


def number(case: Case) -> tuple[str, str]:
    """Return the number by which people know a case, in two languages."""
    return (case.case_no, case.case_no) if case.case_no else NO_NUMBER


# -- periods -----------------------------------------------------------------------------------------


def _dispatched(case: Case, _calendar: Calendar, _now_ms: int) -> str | None:
    return moment_period(case.dispatched_ms) if case.status == "dispatched" and case.dispatched_ms else None


def _unsigned(case: Case, calendar: Calendar, now_ms: int) -> str | None:
    since = case.dispatched_ms
    if case.status != "dispatched" or not since or now_ms - since < HOUR_MS:
        return None
    return moment_period(since) if inner_due(calendar, "sign_for", since) <= now_ms else None


def _yellow(case: Case, _calendar: Calendar, now_ms: int) -> str | None:
    return moment_period(case.yellow_ms) if case.yellow_ms <= now_ms <= case.due_ms else None


def _red(case: Case, _calendar: Calendar, now_ms: int) -> str | None:
    return moment_period(case.due_ms) if case.due_ms < now_ms else None


def _returned(case: Case, *_at: object) -> str | None:
    return f"{case.returns:03d}" if case.returns else None


_PERIODS: Mapping[str, Callable[[Case, Calendar, int], str | None]] = {
    "dispatched": _dispatched, "unsigned": _unsigned, "yellow": _yellow, "red": _red, "returned": _returned,
}  # fmt: skip
_STATES: Mapping[str, tuple[str, ...]] = {
    "dispatched": ("dispatched",), "unsigned": ("dispatched",), "yellow": RUNNING, "red": RUNNING,
    "returned": ("handling",), "escalated": RUNNING,
}  # fmt: skip


# -- words -------------------------------------------------------------------------------------------


def _words(case: Case, times: CaseTimes) -> dict[str, tuple[str, str]]:
    known = PROBLEM_CLASSES.get(case.problem_class)
    place = times.place_text or ""
    # A date that nobody fixed lies far beyond what a calendar knows.
    until = written(instant(times.term.due_ms)) if times.term is not None else None
    return {
        "number": number(case),
        "place": (place, place or "its place"),
        "problem": (known.zh if known else case.problem_class, english(case.problem_class)),
        "due": (until, until) if until is not None else NO_DATE,
    }


def _more(condition: str, case: Case, times: CaseTimes, calendar: Calendar, now_ms: int) -> Words | None:
    """Return what only this condition tells; None where nothing is to be told."""
    if condition == "yellow":
        return {"left": lasting(case.due_ms - now_ms)}
    if condition == "red":
        knew = times.term.known_ms if times.term is not None else None
        clock = times.term.limit[1] if times.term is not None else "work_hour"
        # A date that was brought forward counts from when its holder could know of it.
        late = overdue_by(calendar, max(case.due_ms, knew or 0), now_ms, clock)
        return None if late is None else {"late": (late.zh, late.en)}
    if condition == "returned":
        return _why_returned(case, times)
    return {"times": (str(case.returns), str(case.returns))}


def _why_returned(case: Case, times: CaseTimes) -> Words | None:
    entry = _last(times, "return")
    if entry is None:
        return None
    code = str(entry.details.get("code") or "")
    said = [RETURN_CODES.get(code, code), entry.reason or ""]
    zh = "，".join(one for one in said if one)
    en = ", ".join(one for one in (english(code), entry.reason or "") if one)
    return {"reason": (zh, en), "times": (str(case.returns), str(case.returns))}


def _last(times: CaseTimes, act: str) -> _Entry | None:
    found = [entry for entry in _ENTRIES.decode(times.timeline) if entry.act == act]
    return found[-1] if found else None
