"""
Deadlines reckoned anew after the calendar or a limit was changed 重新推算. Pure.

Only what runs, by a limit from its beginning, moves. A date that a person named stays, what stands or went on
after a deferral stays, and so does what is put right already.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from schemas.cases import PROBLEM_CLASSES, Limit
from schemas.lights import RUNNING
from schemas.moments import instant, ms_of
from server.core.clocks import limits
from server.core.clocks.calendar import Calendar
from server.core.clocks.deadlines import Term
from server.core.clocks.limits import Row
from server.core.clocks.working import due_and_yellow
from server.values import CaseTimes, TermKept

_Asked = tuple[str, int | None, str, str, str | None, int]
_HERE = "+08:00"
_ONE_DAY = timedelta(days=1)


class Recomputing:
    """
    The calendar and the limits of today, by which terms are reckoned anew.

    Args:
        rows: The district's limits; the standard table lies beneath them.
    """

    def __init__(self, calendar: Calendar, rows: Sequence[Row]) -> None:
        self._calendar, self._rows = calendar, rows
        #: Between two of these days the limits stay as they are.
        self._changes = sorted(set(_changes(rows)))
        self._known: dict[_Asked, Limit] = {}

    def anew(self, times: CaseTimes) -> Term | None:
        """
        Return the term of a case as it would be given today; None where its date stays as it is.

        Where it comes earlier, its holder keeps until his tablet has heard of it; see ``deadlines.counts_from``.
        """
        term = times.term
        if times.status not in RUNNING or term is None or term.named or term.used_ms or term.paused_ms is not None:
            return None
        original, limit = self._limit(times, term), Limit(*term.limit)
        if original != term.original:
            limit = original if term.limit == term.original else limits.half(original)
        due_ms, yellow_ms = due_and_yellow(self._calendar, term.start_ms, limit)
        return None if due_ms == term.due_ms else _moved(term, original, limit, due_ms, yellow_ms)

    def _limit(self, times: CaseTimes, term: TermKept) -> Limit:
        """Return the whole limit of a case: by what held on the day on which it was given out."""
        day = _day(times.dispatched_at or instant(term.start_ms))
        kind = (times.problem_class, times.road_grade, times.severity, times.source, times.variant)
        key = (*kind, bisect_right(self._changes, day))
        if key not in self._known:
            known = times.problem_class if times.problem_class in PROBLEM_CLASSES else "other"
            variant = times.variant or limits.PLAIN
            self._known[key] = limits.limit_of(
                self._rows, known, times.road_grade, times.severity, times.source, variant, day
            ).limit
        return self._known[key]


def _moved(term: TermKept, original: Limit, limit: Limit, due_ms: int, yellow_ms: int) -> Term:
    knew = (term.known_ms or term.due_ms) if due_ms < term.due_ms else None
    return Term(limit, term.start_ms, due_ms, yellow_ms, original, term.extensions, known_ms=knew)


def _changes(rows: Iterable[Row]) -> Iterator[date]:
    """Yield the days on which what the district allows may become another."""
    for row in rows:
        if row.valid_from is not None:
            yield row.valid_from
        if row.valid_to is not None:
            yield row.valid_to + _ONE_DAY


def _day(moment: str) -> date:
    """Return the day here of a moment as records write it."""
    return date.fromisoformat(moment[:10] if moment.endswith(_HERE) else instant(ms_of(moment))[:10])
