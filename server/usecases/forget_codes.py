"""
Forget one-time codes that nobody can use any more 清理登记码.
"""

from server.storage.store import Store

#: Kept for a day, so that whoever asks why a code failed can still be told.
KEEP_MS = 24 * 3600 * 1000


def forget_codes(store: Store, district: str, now_ms: int) -> int:
    """Delete the codes of *district* that expired more than a day ago; return how many."""
    with store.work(district) as work:
        forgotten = work.enrolment.forget(now_ms - KEEP_MS)
        work.commit()
    return forgotten
