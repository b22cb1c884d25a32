"""
Forget what people were reminded of long ago 清理提醒记录: each item is the fence before telling it twice.
"""

from functools import partial

from server.core.reminding.facts import moment_period
from server.storage.store import Store
from server.storage.unit_of_work import retrying

_DAY_MS = 24 * 3600 * 1000
#: Far longer than anything is told of after it happened.
KEEP_DAYS = 180
#: So many in one transaction.
_CHUNK = 2_000


def forget_reminders(store: Store, district: str, now_ms: int) -> int:
    """
    Delete what was decided more than 180 days ago, and is sent or over; return how much.

    What would be found, and told, once more stays as long as that is so.
    """
    forgotten = 0
    while gone := retrying(partial(_attempt, store, district, now_ms - KEEP_DAYS * _DAY_MS)):
        forgotten += gone
    return forgotten


def _attempt(store: Store, district: str, before_ms: int) -> int:
    with store.work(district) as work:
        gone = work.reminders.forget(before_ms, moment_period(before_ms), _CHUNK)
        work.commit()
    return gone
