"""
Whether this process leads 是否负责定时任务: asked every second, and known to all of its threads.
"""

import os
import time

import structlog

from server.storage.election import Election

#: So long an answer counts; who could not ask for longer does not know.
_COUNTS_S = 4.0
_log = structlog.get_logger()


class Leading:
    """What one process knows of its part in an election."""

    def __init__(self, election: Election) -> None:
        self._election = election
        self._until: float | None = None
        self._problem: str | None = None

    @property
    def leads(self) -> bool:
        """Whether this process leads, as far as it knows; any thread may ask."""
        until = self._until
        return until is not None and time.monotonic() < until

    def ask(self) -> bool:
        """Try to lead, or to go on doing so; one thread asks."""
        asked = time.monotonic()
        led, won = self._until is not None, self._election.leads()
        self._until = asked + _COUNTS_S if won else None
        if won != led:
            _log.info("scheduler_leads" if won else "scheduler_leads_no_more", process=os.getpid())
        self._tell(self._election.problem)
        return won

    def _tell(self, problem: str | None) -> None:
        """Say once that nobody can lead, for nothing runs then; and once that somebody can."""
        if problem is not None and problem != self._problem:
            _log.error("scheduler_cannot_lead", kind=problem, look_at="the file .leader beside the database")
        self._problem = problem

    def resign(self) -> None:
        """Leave it to others."""
        self._until = None
        self._election.resign()
