"""
The district's clock for one push 推算时限: its calendar and limits are read when the first act asks for them.
"""

from functools import cached_property

from schemas.machines import Clock, Doing, Fields, Step, WhyNot
from server.core.timekeeping import Timekeeping
from server.storage.unit_of_work import UnitOfWork
from server.usecases.read_calendar import read_calendar, read_limits


class OfficeClock:
    """Reckons the time allowed for cases within one transaction; see ``server.core.acts.Timekeeper``."""

    def __init__(self, work: UnitOfWork, received_ms: int) -> None:
        self._work, self._received_ms = work, received_ms

    @cached_property
    def _times(self) -> Timekeeping:
        return Timekeeping(read_calendar(self._work), read_limits(self._work), self._received_ms)

    def reckon(self, clock: Clock, before: Fields, after: Fields, doing: Doing) -> Fields:
        """Return what *doing* makes of the time allowed."""
        return self._times.reckon(clock, before, after, doing)

    def hinders(self, known: Step, fields: Fields, doing: Doing) -> WhyNot | None:
        """Return what the clocks say against the act *known*, or None; most are none of their business."""
        return self._times.hinders(known, fields, doing) if known.name in Timekeeping.ASKED else None

    def regraded(self, before: Fields, after: Fields) -> Fields:
        """Return what another class, severity or grade makes of the time allowed."""
        return self._times.regraded(before, after)
