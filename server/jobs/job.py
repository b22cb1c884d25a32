"""
A job as data 任务: what, when, what becomes of periods that were missed, and the use-case that does it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from server.core.scheduling import MissedPolicy
from server.jobs.schedules import Every, Schedule
from server.storage.store import Store

#: Takes the store, the district, the period and the time now, both in milliseconds.
Run = Callable[[Store, str, int, int], object]


@dataclass(frozen=True, slots=True)
class Job:
    """
    One job of every district.

    Attributes:
        name: As operators type it, 40 characters at most.
        zh: As they read it.
        schedule: When it is due.
        policy: What becomes of missed periods.
        run: The use-case. Whatever must not happen twice it claims by ``work.job_runs.claim(name, period_ms,
            target, now_ms)`` in the transaction that does it: a process may die before the period counts as done,
            and another then runs it again. An int it returns is shown as how many.
        grace_s: Of the policy ``skip``: for how long a missed period may still run.
    """

    name: str
    zh: str
    schedule: Schedule
    policy: MissedPolicy
    run: Run
    grace_s: int = 0

    @property
    def is_fenced(self) -> bool:
        """Whether each of its periods is remembered; of work that goes on all day only how far it is."""
        return self.policy == "catch_up" or not isinstance(self.schedule, Every)
