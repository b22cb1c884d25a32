"""
What the acts on a case do to its deadline 时限的变化: a term in, a term out; and what follows when it is over.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from schemas.cases import Limit
from schemas.machines import WhyNot
from schemas.roles import Role
from server.core.clocks.calendar import HOUR_MS, START_MS, Calendar
from server.core.clocks.limits import half
from server.core.clocks.working import (
    YELLOW,
    advance,
    days_overdue,
    due,
    due_and_yellow,
    overdue_by,
    rounded_up,
    share_of,
    spent,
)

#: What was done, or asked for, before it was due, counts if it arrives within this time after it was due.
GRACE_MS = 24 * HOUR_MS
#: A date that the office brought forward counts so long after the tablet heard of it.
_HEARD = Limit(1, "work_hour")

#: How long the steps inside the office may take 内部时限, by what has to be done.
INNER: Mapping[str, Limit] = {
    "accept": Limit(2, "work_hour"),
    "dispatch": Limit(1, "work_hour"),
    "sign_for": Limit(1, "work_hour"),
    "send_back": Limit(2, "work_hour"),
    "verify": Limit(1, "work_day"),
    "verify_on_spot": Limit(1, "work_day"),
    "strike_off": Limit(1, "work_day"),
}


class Term(NamedTuple):
    """
    The time allowed for a case, as it stands.

    Attributes:
        limit: What runs now: the whole limit, or half of it after a return.
        start_ms: Since when it runs; the moment of resuming after a deferral.
        due_ms, yellow_ms: When it is over, and when three quarters of it are used.
        original: The limit given at dispatch: extensions and halves go by it.
        extensions: How many were granted.
        used_ms: How long the clock ran before it was paused, in all.
        paused_ms: Since when it stands.
        named: Whether a person named the date: then no change of the calendar moves it.
        known_ms: The date the holder knew before the office brought it forward.
    """

    limit: Limit
    start_ms: int
    due_ms: int
    yellow_ms: int
    original: Limit
    extensions: int = 0
    used_ms: int = 0
    paused_ms: int | None = None
    named: bool = False
    known_ms: int | None = None


# -- acts --------------------------------------------------------------------------------------------


def begin(calendar: Calendar, limit: Limit, at_ms: int, due_ms: int | None = None) -> Term:
    """
    Return the term of a case dispatched at *at_ms*, also to the next holder after it was sent back 派遣.

    The next holder gets the whole limit from his own dispatch: what the wrong one used is not charged to him.

    Args:
        due_ms: The date that an order names; it counts instead of the limit.
    """
    at_ms = _reckonable(at_ms)
    if due_ms is None:
        return Term(limit, at_ms, *due_and_yellow(calendar, at_ms, limit), limit)
    due_ms = _reckonable(due_ms)
    yellow = share_of(calendar, limit.clock, at_ms, due_ms)
    return Term(limit, at_ms, due_ms, yellow, limit, named=True)


def begin_half(calendar: Calendar, term: Term, at_ms: int) -> Term:
    """Return the term after a return 返工 or a reopening 回潮 at *at_ms*: half of the original limit from then on."""
    fresh = begin(calendar, half(term.original), at_ms)
    return fresh._replace(original=term.original, extensions=term.extensions)


def extend(calendar: Calendar, term: Term, until_ms: int) -> Term:
    """Return *term* with an extension until *until_ms* granted 延期; ``why_no_extension`` says whether it may be."""
    return _until(calendar, term, until_ms)._replace(extensions=term.extensions + 1, known_ms=None)


def set_due(calendar: Calendar, term: Term, due_ms: int) -> Term:
    """Return *term* with the date that the office names 改定时限, earlier or later; see ``counts_from``."""
    earlier = due_ms < term.due_ms
    knew = (term.known_ms or term.due_ms) if earlier else None
    return _until(calendar, term, due_ms)._replace(known_ms=knew)


def pause(term: Term, at_ms: int) -> Term:
    """Return *term* standing still from *at_ms* on 挂账; one that stands already stays as it is."""
    return term if term.paused_ms is not None else term._replace(paused_ms=_reckonable(at_ms))


def resume(calendar: Calendar, term: Term, at_ms: int) -> Term:
    """
    Return *term* going on at *at_ms* with what was left when it was paused 恢复.

    What is counted in working days is due at 12:00 or 17:30 again: rounded up. What was overdue when it was
    paused is as much overdue afterwards. A date that somebody named moves by as much as was left until it.
    """
    if term.paused_ms is None:
        return term
    clock, at_ms = term.limit.clock, _reckonable(at_ms)
    until = _left_from(calendar, term, term.paused_ms, at_ms)
    ran = spent(calendar, clock, term.start_ms, term.paused_ms)
    going = term._replace(start_ms=at_ms, due_ms=until, used_ms=term.used_ms + ran, paused_ms=None, known_ms=None)
    return going._replace(yellow_ms=_yellow(calendar, going))


def _left_from(calendar: Calendar, term: Term, paused_ms: int, at_ms: int) -> int:
    """Return when what was left of *term* at *paused_ms* is over, running on from *at_ms*."""
    clock = term.limit.clock
    left = spent(calendar, clock, paused_ms, term.due_ms)
    if left == 0:  # natural time: a date in a holiday that somebody named, or the last window closed
        return at_ms + term.due_ms - paused_ms
    until = advance(calendar, clock, at_ms, left)
    return rounded_up(calendar, until) if clock == "work_day" and left > 0 else until


def reckoned_anew(calendar: Calendar, term: Term) -> Term:
    """
    Return *term* by a calendar that has changed since.

    A date that a person named stays, and so does one that was set by a resumption; what stands is not touched.
    """
    if term.paused_ms is not None:
        return term
    if term.named or term.used_ms:
        return term._replace(yellow_ms=_yellow(calendar, term))
    until, yellow = due_and_yellow(calendar, term.start_ms, term.limit)
    if until == term.due_ms and yellow == term.yellow_ms:
        return term
    return term._replace(due_ms=until, yellow_ms=yellow)


def _reckonable(ms: int) -> int:
    """Return *ms*, or the first moment that calendars know: a tablet whose battery was empty begins in 1970."""
    return max(ms, START_MS)


def _until(calendar: Calendar, term: Term, due_ms: int) -> Term:
    moved = term._replace(due_ms=_reckonable(due_ms), named=True)
    return moved._replace(yellow_ms=_yellow(calendar, moved))


def _yellow(calendar: Calendar, term: Term) -> int:
    """Return when three quarters of all that was allowed are used, at the earliest when it last began to run."""
    clock = term.limit.clock
    if not term.used_ms:
        return share_of(calendar, clock, term.start_ms, term.due_ms)
    whole = term.used_ms + max(0, spent(calendar, clock, term.start_ms, term.due_ms))
    return advance(calendar, clock, term.start_ms, max(0, round(whole * YELLOW) - term.used_ms))


# -- extensions --------------------------------------------------------------------------------------


class Asked(NamedTuple):
    """
    An extension asked for.

    Attributes:
        at_ms: When it was asked for, offline perhaps; received_ms: when that arrived.
        until_ms: Until when.
        engineering: Whether it is an engineering matter 工程类: the district office's from the beginning.
    """

    at_ms: int
    received_ms: int
    until_ms: int
    engineering: bool = False


def why_no_extension(calendar: Calendar, term: Term, asked: Asked, severity: str, by: Role | None) -> WhyNot | None:
    """
    Return why the extension may not be granted, or None.

    Args:
        by: As what it is to be granted; None: whether it may be asked for at all.
    """
    if severity == "critical":
        return WhyNot("no_extension", "紧急案件不能延期", "a critical case is given no more time")
    if not in_time(term, asked.at_ms, asked.received_ms):
        return WhyNot("asked_after_due", "已过整改时限，不能再申请延期", "asked for after the time was over")
    if asked.until_ms <= term.due_ms:
        return WhyNot("not_later", "延期日期应晚于原时限", "the new date must be later than the old one")
    by_office = bool(term.extensions or asked.engineering)
    if not by_office and asked.until_ms > longest_extension(calendar, term):
        return WhyNot("too_long", "首次延期不得超过一个原时限", "a first extension is at most one original limit")
    if by is None or by in _MAY_GRANT[by_office]:
        return None
    return WhyNot("office_grants", "第二次延期和工程类延期由区创卫办批准", "that is the district office's to grant")


def longest_extension(calendar: Calendar, term: Term) -> int:
    """Return until when a first extension may go: one original limit beyond the date."""
    return due(calendar, term.due_ms, term.original)


#: Who grants a first extension; and who a second one, or one for an engineering matter.
_MAY_GRANT = {
    False: frozenset({Role.STREET, Role.DISTRICT_OFFICE}),
    True: frozenset({Role.DISTRICT_OFFICE}),
}


# -- in time, overdue --------------------------------------------------------------------------------


def in_time(term: Term, done_ms: int, received_ms: int, *, proven: bool = True) -> bool:
    """
    Say whether what was done at *done_ms* and arrived at *received_ms* counts as in time 按期.

    Deadlines go by arrival; but what was provably done (a photo taken, an act signed) before it was due counts
    if it arrives within 24 hours after it was due.

    Args:
        proven: Whether *done_ms* can be believed; if not, only arrival counts.
    """
    if received_ms <= term.due_ms:
        return True
    return proven and done_ms <= term.due_ms and received_ms <= term.due_ms + GRACE_MS


def counts_from(calendar: Calendar, term: Term, heard_ms: int | None) -> int:
    """
    Return from when on *term* counts as overdue.

    Where the office brought the date forward, not before one work hour after the holder's tablet first received the
    new date, but at the latest from the date that he knew before.

    Args:
        heard_ms: When the tablet received it; None: not yet.
    """
    if term.known_ms is None:
        return term.due_ms
    if heard_ms is None:
        return term.known_ms
    return min(term.known_ms, max(term.due_ms, due(calendar, heard_ms, _HEARD)))


def inner_due(calendar: Calendar, step: str, since_ms: int) -> int:
    """Return by when a step inside the office, one of ``INNER``, is due that has been waiting since *since_ms*."""
    return due(calendar, _reckonable(since_ms), INNER[step])


def overdue_words(calendar: Calendar, term: Term, now_ms: int) -> tuple[str, str] | None:
    """Return in two languages how long *term* is overdue; None: it is not, or it stands."""
    found = None if term.paused_ms is not None else overdue_by(calendar, term.due_ms, now_ms, term.limit.clock)
    return None if found is None else (found.zh, found.en)


# -- escalation --------------------------------------------------------------------------------------


#: What each level 升级 proposes. L3 and L4 are proposals that a person has to sign.
LEVELS: Mapping[int, tuple[str, str]] = {
    0: ("不升级", "none"),
    1: ("提醒责任单位负责人", "the head of the lead unit is told"),
    2: ("报街道或部门领导，建议下发督办单", "the street's or department's leader is told, and an order proposed"),
    3: ("列入区约谈名单（建议）", "proposed for the district's list of summoned talks"),
    4: ("问责建议", "proposed for being held accountable"),
}
#: Working days overdue, and returns, from which on a level is reached.
_BY_DAYS, _BY_RETURNS = {2: 1, 3: 3}, {2: 2, 3: 3}
_WEEKS = 3


def escalation(calendar: Calendar, now_ms: int, counts_from_ms: int | None, return_count: int) -> int:
    """
    Return the level, 0 to 3, that one case has reached.

    Args:
        counts_from_ms: From when on it counts as overdue (``counts_from``); None: nothing runs.
    """
    late = counts_from_ms is not None and now_ms > counts_from_ms
    days = days_overdue(calendar, counts_from_ms, now_ms) if counts_from_ms is not None else 0
    reached = [1] if late else [0]
    reached += [level for level, least in _BY_DAYS.items() if days >= least]
    reached += [level for level, least in _BY_RETURNS.items() if return_count >= least]
    return max(reached)


def at_the_bottom(weeks: Sequence[Mapping[str, float]]) -> frozenset[str]:
    """
    Return the units that were last in each of the last three weeks: level 4.

    Args:
        weeks: The score of each unit that was ranked, one mapping a week, the latest last. Units with the same
            lowest score are last together; in a week in which all are equal, or only one is ranked, nobody is.
    """
    if len(weeks) < _WEEKS:
        return frozenset()
    return frozenset.intersection(*(_last_of(week) for week in weeks[-_WEEKS:]))


def _last_of(week: Mapping[str, float]) -> frozenset[str]:
    lowest = min(week.values(), default=0.0)
    found = frozenset(unit for unit, score in week.items() if score == lowest)
    return found if len(found) < len(week) else frozenset()


# -- as it is kept -----------------------------------------------------------------------------------


def plain(term: Term) -> dict[str, Any]:
    """Return *term* as plain data, for keeping; ``from_plain`` reads it again."""
    return {name: list(value) if isinstance(value, Limit) else value for name, value in term._asdict().items()}


def from_plain(data: Mapping[str, Any]) -> Term:
    """Return the term that ``plain`` wrote down."""
    limits = {name: Limit(*data[name]) for name in ("limit", "original")}
    return Term(**{**data, **limits})
