"""
What the acts on a case make of the time it is allowed 时限推算; only the office reckons it.

Pure: the calendar and the limits of the day are handed in. How a term changes is the business of
``server.core.clocks``; here it is read from the case's fields and written back.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from schemas.case_guards import EXTENSION, granted
from schemas.cases import PROBLEM_CLASSES, Limit
from schemas.machines import Clock, Doing, Fields, Step, WhyNot
from schemas.moments import BEIJING, instant, ms_of
from server.core.clocks import deadlines, limits
from server.core.clocks.calendar import Calendar
from server.core.clocks.deadlines import Term
from server.core.clocks.limits import Row


@dataclass(frozen=True, slots=True)
class Timekeeping:
    """
    The clocks as they stand.

    Attributes:
        calendar: Which days count.
        rows: The district's limits; the standard table lies beneath them.
        received_ms: When what is being taken in arrived.
    """

    calendar: Calendar
    rows: tuple[Row, ...]
    received_ms: int

    #: The acts that the clocks may stand in the way of.
    ASKED: ClassVar[frozenset[str]] = frozenset({"send_back", "ask_extension", "grant_extension"})

    def reckon(self, clock: Clock, before: Fields, after: Fields, doing: Doing) -> Fields:
        """
        Return what *doing* makes of the time allowed: values by field.

        Args:
            clock: What the act does to it; see ``schemas.machines.Clock``.
            before, after: The case's fields without and with what the act writes.
        """
        until = _granted_until(before, after) if clock == "extend" else None
        term = self._term(clock, term_of(before), after, doing, until)
        return {} if term is None else told(term)

    def hinders(self, known: Step, fields: Fields, doing: Doing) -> WhyNot | None:
        """Return what the clocks say against the act *known*, or None."""
        if known.name == "send_back":
            return self._too_late_to_send_back(fields, doing)
        if known.name == "ask_extension":
            return self._why_no_extension(fields, doing, by_whom=False)
        return self._why_no_extension(fields, doing, by_whom=True) if known.name == "grant_extension" else None

    def regraded(self, before: Fields, after: Fields) -> Fields:
        """Return what another class, severity or grade makes of the time allowed; it runs on from its start."""
        term = term_of(before)
        if term is None or term.named or term.paused_ms is not None or term.used_ms:
            return {}
        limit = self._limit(after, term.start_ms)
        fresh = limit if term.limit == term.original else limits.half(limit)
        if limit == term.original:
            return {}
        anew = deadlines.begin(self.calendar, fresh, term.start_ms)
        return told(anew._replace(original=limit, extensions=term.extensions))

    def _term(self, clock: Clock, term: Term | None, after: Fields, doing: Doing, until: str | None) -> Term | None:
        at_ms, named = doing.at[0], doing.detail("due_at")
        named_ms = ms_of(named) if named else None
        if clock == "begin":
            return deadlines.begin(self.calendar, self._limit(after, at_ms), at_ms, named_ms)
        if term is None:
            # Put right on the spot, and not good: it was never given out, so its limit begins now.
            term = deadlines.begin(self.calendar, self._limit(after, at_ms), at_ms)
        match clock:
            case "half":
                return deadlines.begin_half(self.calendar, term, at_ms)
            case "extend":
                return term if until is None else deadlines.extend(self.calendar, term, ms_of(until))
            case "set":
                return term if named_ms is None else deadlines.set_due(self.calendar, term, named_ms)
            case "pause":
                return deadlines.pause(term, at_ms)
            case "resume":
                return deadlines.resume(self.calendar, term, at_ms)

    def _limit(self, fields: Fields, at_ms: int) -> Limit:
        known = fields["problem_class"] if fields["problem_class"] in PROBLEM_CLASSES else "other"
        allowed = limits.limit_of(
            self.rows, known, fields.get("road_grade"), fields["severity"], fields["source"],
            fields.get("variant") or limits.PLAIN, _day(at_ms),
        )  # fmt: skip
        return allowed.limit

    def _too_late_to_send_back(self, fields: Fields, doing: Doing) -> WhyNot | None:
        given = fields.get("dispatched_at")
        if given is None or doing.at[0] <= deadlines.inner_due(self.calendar, "send_back", ms_of(given)):
            return None
        return WhyNot("too_late_to_send_back", "派遣已超过2个工作时，不能回退", "given out over 2 work hours ago")

    def _why_no_extension(self, fields: Fields, doing: Doing, *, by_whom: bool) -> WhyNot | None:
        term = term_of(fields)
        if term is None:
            return None
        request = next((r for r in reversed(fields.get("requests", ())) if r["kind"] == EXTENSION), None)
        asked_ms = request["at"][0] if by_whom and request else doing.at[0]
        until = doing.detail("until") or (request or {}).get("until")
        # What was asked for arrived before it was granted: of the answer the moment of asking is all that counts.
        received_ms = asked_ms if by_whom else self.received_ms
        if until is None:
            return None
        asked = deadlines.Asked(asked_ms, received_ms, ms_of(until), engineering=fields.get("cause") == "facility")
        term = term._replace(extensions=granted(fields, EXTENSION))
        return deadlines.why_no_extension(
            self.calendar, term, asked, str(fields.get("severity")), doing.role if by_whom else None
        )


def term_of(fields: Fields) -> Term | None:
    """Return the term that stands in a case's *fields*, or None."""
    kept = fields.get("term")
    return deadlines.from_plain(kept) if kept else None


def told(term: Term) -> Fields:
    """Return what a case says of *term*: by when it is due, when it turns yellow, and all that is needed to go on."""
    return {"term": deadlines.plain(term), "yellow_at": instant(term.yellow_ms), "due_at": instant(term.due_ms)}


def _granted_until(before: Fields, after: Fields) -> str | None:
    """Return until when the request that was just granted gives time: by two clocks it need not be the latest."""
    asked = zip(before.get("requests", ()), after.get("requests", ()), strict=False)
    return next((str(now["until"]) for was, now in asked if was != now and now["kind"] == EXTENSION), None)


def _day(ms: int) -> date:
    return datetime.fromtimestamp(ms // 1000, BEIJING).date()
