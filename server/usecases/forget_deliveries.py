"""
Forget what went out by channels long ago 清理投递记录: the log holds what people were told.
"""

from functools import partial

from server.storage.store import Store
from server.storage.unit_of_work import retrying

_DAY_MS = 24 * 3600 * 1000
#: Far longer than anything that is put once could be put again.
KEEP_DAYS = 180


def forget_deliveries(store: Store, district: str, now_ms: int) -> int:
    """Delete what ended, and was queued, more than 180 days ago; return how much. What still waits stays."""
    return retrying(partial(_attempt, store, district, now_ms - KEEP_DAYS * _DAY_MS))


def _attempt(store: Store, district: str, before_ms: int) -> int:
    with store.work(district) as work:
        forgotten = work.deliveries.forget(before_ms)
        work.commit()
    return forgotten
