"""
When to call which use-case, and nothing else 定时任务.

Every process writes down the contacts it noted itself; what concerns the whole database is done by the
one process that leads.
"""

import time
from collections.abc import Callable
from typing import Any

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from server.storage.election import Election
from server.storage.store import Store
from server.usecases.forget_codes import forget_codes
from server.usecases.note_contacts import flush_contacts

FLUSH_EVERY_S = 10
PRUNE_EVERY_S = 24 * 3600

_log = structlog.get_logger()


class Jobs:
    """The jobs of one process; ``stop`` lets what is under way finish and writes down the rest."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._election = Election(store.engine)
        self._scheduler: Any = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def start(self) -> None:
        """Begin."""
        self._every(FLUSH_EVERY_S, "flush_contacts", lambda: flush_contacts(self._store))
        self._every(PRUNE_EVERY_S, "forget_codes", self._if_leading(self._forget_codes))
        self._scheduler.start()

    def stop(self) -> None:
        """End, and lose nothing that was noted."""
        self._scheduler.shutdown(wait=True)
        self._election.resign()
        _guarded("flush_contacts", lambda: flush_contacts(self._store))()

    def _forget_codes(self) -> int:
        return forget_codes(self._store, time.time_ns() // 1_000_000)

    def _if_leading(self, run: Callable[[], object]) -> Callable[[], object]:
        return lambda: run() if self._election.leads() else None

    def _every(self, seconds: int, name: str, run: Callable[[], object]) -> None:
        self._scheduler.add_job(_guarded(name, run), "interval", seconds=seconds, id=name)


def start_jobs(store: Store) -> Jobs:
    """Start the jobs of this process over *store*; call ``stop`` before it ends."""
    jobs = Jobs(store)
    jobs.start()
    return jobs


def _guarded(name: str, run: Callable[[], object]) -> Callable[[], None]:
    """Return *run* so that a failure is logged and the next run comes all the same."""

    def guarded() -> None:
        try:
            run()
        except Exception as error:  # noqa: BLE001  # whatever it is, the next run must come
            _log.error("job_failed", job=name, kind=type(error).__name__)

    return guarded
