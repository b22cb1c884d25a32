"""
When to call which use-case, and nothing else 定时任务.

Every process writes down the contacts it noted itself; what concerns the whole database is done by the one process
that leads. It looks every second what is due; a job that takes long has a thread of its own, and holds up nobody.
"""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event, Lock
from typing import Any

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from server.jobs.job import Job
from server.jobs.leading import Leading
from server.jobs.running import Clock, Runner
from server.storage.election import Election
from server.storage.store import Store
from server.usecases.note_contacts import flush_contacts

#: Another process leads at the latest so long after the leader died, and a moment that the database needs to notice it.
LOOK_EVERY_S = 1.0
FLUSH_EVERY_S = 10

_log = structlog.get_logger()


def wall_ms() -> int:
    """Return this machine's time in milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


class Jobs:
    """
    The jobs of one process; ``stop`` lets what is under way finish and writes down the rest.

    Args:
        jobs: What is run here while this process leads; nothing: it does not stand for election.
        clock: Returns milliseconds since 1970-01-01 UTC; by it jobs are due.
        look_every_s: How often, in true seconds, it looks what is due.
        flush_every_s: How often, in true seconds, it writes down who was heard of.
    """

    def __init__(
        self,
        store: Store,
        jobs: Sequence[Job],
        clock: Clock = wall_ms,
        *,
        look_every_s: float = LOOK_EVERY_S,
        flush_every_s: float = FLUSH_EVERY_S,
    ) -> None:
        self._store = store
        self._runner = Runner(store, jobs, clock)
        self._look_every_s, self._flush_every_s = look_every_s, flush_every_s
        self.leading = Leading(Election(store.engine))
        self._ending = Event()
        self._running: set[str] = set()
        self._lock = Lock()
        # Each job at most once, and a thread for each: the longest of them keeps no other waiting.
        self._threads = ThreadPoolExecutor(max(1, len(jobs)), "gridward-job")
        self._scheduler: Any = BackgroundScheduler(
            timezone="UTC",
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Begin."""
        # That a look took longer than a second is nobody's business.
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
        self._every(self._flush_every_s, "flush_contacts", self._flush)
        if self._runner.jobs:
            self._every(self._look_every_s, "look", self._look)
        self._scheduler.start()

    def stop(self) -> None:
        """End, and lose nothing that was noted."""
        self._ending.set()
        self._scheduler.shutdown(wait=True)
        self._threads.shutdown(wait=True)
        self.leading.resign()
        self._flush()

    def _look(self) -> None:
        try:
            if self._ending.is_set() or not self.leading.ask():
                return
            for name, districts in self._runner.due().items():
                self._begin(name, districts)
        except Exception as error:  # noqa: BLE001  # the next look must come
            _log.error("look_failed", kind=type(error).__name__)

    def _begin(self, name: str, districts: Sequence[str]) -> None:
        with self._lock:
            if name in self._running:
                return
            self._running.add(name)
        # Not as jobs of APScheduler's: it waits for its threads with its doors locked, and a look that hands it a
        # job while it is shut down would wait for ever.
        self._threads.submit(self._run, name, districts)

    def _run(self, name: str, districts: Sequence[str]) -> None:
        try:
            for district in districts:
                if self._may_go_on():
                    self._run_in(name, district)
        finally:
            with self._lock:
                self._running.discard(name)

    def _run_in(self, name: str, district: str) -> None:
        try:
            self._runner.run(name, district, self._may_go_on)
        except Exception as error:  # noqa: BLE001  # the database is away: the next look finds it due again
            _log.error("job_failed", job=name, district=district, kind=type(error).__name__)

    def _may_go_on(self) -> bool:
        return self.leading.leads and not self._ending.is_set()

    def _flush(self) -> None:
        try:
            flush_contacts(self._store)
        except Exception as error:  # noqa: BLE001  # whatever it is, the next run must come
            _log.error("job_failed", job="flush_contacts", kind=type(error).__name__)

    def _every(self, seconds: float, name: str, run: Any) -> None:
        self._scheduler.add_job(run, "interval", seconds=seconds, id=name, next_run_time=datetime.now(UTC))


def start_jobs(
    store: Store, jobs: Sequence[Job], clock: Clock = wall_ms, *, flush_every_s: float = FLUSH_EVERY_S
) -> Jobs:
    """Start *jobs*, and what each process does for itself, over *store*; call ``stop`` before it ends."""
    started = Jobs(store, jobs, clock, flush_every_s=flush_every_s)
    started.start()
    return started
