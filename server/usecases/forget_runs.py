"""
Forget what was done once, long ago 清理任务记录: nobody makes up a period of last year.
"""

from functools import partial

from server.storage.store import Store
from server.storage.unit_of_work import retrying

_DAY_MS = 24 * 3600 * 1000
#: Far longer than the scheduler looks back for missed periods.
KEEP_DAYS = 400


def forget_runs(store: Store, district: str, now_ms: int) -> int:
    """Delete what was claimed more than 400 days ago; return how much."""
    return retrying(partial(_attempt, store, district, now_ms - KEEP_DAYS * _DAY_MS))


def _attempt(store: Store, district: str, before_ms: int) -> int:
    with store.work(district) as work:
        forgotten = work.job_runs.forget(before_ms)
        work.commit()
    return forgotten
