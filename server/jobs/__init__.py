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

from server.storage.depot import Depot
from server.storage.election import Election
from server.storage.store import Store
from server.usecases.build_snapshots import build_snapshots
from server.usecases.collect_photos import collect_everywhere
from server.usecases.forget_codes import forget_codes
from server.usecases.forget_contacts import forget_everywhere
from server.usecases.forget_departures import forget_departures
from server.usecases.hand_over import hand_over_everywhere
from server.usecases.note_contacts import flush_contacts
from server.usecases.release_covert import release_everywhere
from server.usecases.retain_photos import FOR_EVER, Policy, retain_everywhere
from server.usecases.review_escalations import review_everywhere

FLUSH_EVERY_S = 10
PRUNE_EVERY_S = 24 * 3600
SNAPSHOTS_EVERY_S = 15 * 60
ESCALATIONS_EVERY_S = 15 * 60
RELEASE_EVERY_S = 15 * 60
#: Also where the server is started anew every night.
CONTACTS_EVERY_S = 3600
#: Time enough for a clerk to end one holder's grant and give another his.
HAND_OVER_EVERY_S = 3600

_log = structlog.get_logger()


class Jobs:
    """The jobs of one process; ``stop`` lets what is under way finish and writes down the rest."""

    def __init__(
        self, store: Store, keep_days: int, depot: Depot | None, policy: Policy, contacts_days: int | None
    ) -> None:
        self._store = store
        self._keep_days, self._contacts_days = keep_days, contacts_days
        self._depot, self._policy = depot, policy
        self._election = Election(store.engine)
        self._scheduler: Any = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def start(self) -> None:
        """Begin."""
        self._every(FLUSH_EVERY_S, "flush_contacts", lambda: flush_contacts(self._store))
        self._every(RELEASE_EVERY_S, "release_covert", self._if_leading(self._release_covert))
        self._every(PRUNE_EVERY_S, "forget_codes", self._if_leading(self._forget_codes))
        self._every(PRUNE_EVERY_S, "forget_departures", self._if_leading(self._forget_departures))
        if (days := self._contacts_days) is not None:
            self._every(CONTACTS_EVERY_S, "forget_contacts", self._if_leading(lambda: self._forget_contacts(days)))
        self._every(SNAPSHOTS_EVERY_S, "build_snapshots", self._if_leading(self._build_snapshots))
        self._every(HAND_OVER_EVERY_S, "hand_over", self._if_leading(self._hand_over))
        self._every(ESCALATIONS_EVERY_S, "review_escalations", self._if_leading(self._review_escalations))
        if (depot := self._depot) is not None:
            self._every(PRUNE_EVERY_S, "keep_photos", self._if_leading(lambda: self._keep_photos(depot)))
        self._scheduler.start()

    def stop(self) -> None:
        """End, and lose nothing that was noted."""
        self._scheduler.shutdown(wait=True)
        self._election.resign()
        _guarded("flush_contacts", lambda: flush_contacts(self._store))()

    def _release_covert(self) -> int:
        return release_everywhere(self._store, time.time_ns() // 1_000_000)

    def _forget_codes(self) -> int:
        return forget_codes(self._store, time.time_ns() // 1_000_000)

    def _forget_departures(self) -> int:
        return forget_departures(self._store, time.time_ns() // 1_000_000, self._keep_days)

    def _forget_contacts(self, days: int) -> int:
        return forget_everywhere(self._store, days, time.time_ns() // 1_000_000)

    def _build_snapshots(self) -> int:
        return len(build_snapshots(self._store, time.time_ns() // 1_000_000))

    def _hand_over(self) -> int:
        return hand_over_everywhere(self._store, time.time_ns() // 1_000_000)

    def _review_escalations(self) -> int:
        return review_everywhere(self._store, time.time_ns() // 1_000_000)

    def _keep_photos(self, depot: Depot) -> int:
        now_ms = time.time_ns() // 1_000_000
        expired = retain_everywhere(self._store, depot, self._policy, now_ms)
        return expired + collect_everywhere(self._store, depot, now_ms)

    def _if_leading(self, run: Callable[[], object]) -> Callable[[], object]:
        return lambda: run() if self._election.leads() else None

    def _every(self, seconds: int, name: str, run: Callable[[], object]) -> None:
        self._scheduler.add_job(_guarded(name, run), "interval", seconds=seconds, id=name)


def start_jobs(
    store: Store, keep_days: int, depot: Depot | None = None, policy: Policy = FOR_EVER,
    contacts_days: int | None = None,
) -> Jobs:  # fmt: skip
    """
    Start the jobs of this process over *store*; call ``stop`` before it ends.

    Args:
        keep_days: For how long departures and tellings are kept.
        depot: Where photos lie, so that what nobody needs is taken out of it; None leaves them alone.
        policy: For how long photos are kept.
        contacts_days: For how long it is known how to reach a reporter, once his case is over; None: for ever.
    """
    jobs = Jobs(store, keep_days, depot, policy, contacts_days)
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
