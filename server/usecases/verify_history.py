"""
Walk the chains of the history 核验历史: the first row that somebody changed afterwards is named.
"""

from typing import NamedTuple

from server.storage.feeds import GENESIS
from server.storage.store import Store


class Verified(NamedTuple):
    """
    One feed: how many rows hold, and what is wrong with the first that does not.

    ``link`` is the last good link: noted down elsewhere, it shows later that nobody rewrote the whole
    chain. ``broken`` is that row's number in the feed; ``why`` says it in Chinese and English.
    """

    feed: str
    rows: int
    link: str
    broken: int | None = None
    why: tuple[str, str] | None = None


def verify_history(store: Store, district: str) -> list[Verified]:
    """Verify every feed of *district*, each from its first row to its head."""
    with store.work(district, writing=False) as work:
        heads = work.feeds.heads()
    return [_verify(store, district, feed, head) for feed, head in sorted(heads.items())]


def _verify(store: Store, district: str, feed: str, head: int) -> Verified:
    chain, rows = GENESIS, 0
    with store.work(district, writing=False) as work:
        for entry, link in work.history.entries(feed):
            if entry.version > head:  # came in while we walk
                break
            if entry.version != rows + 1:
                return Verified(feed, rows, chain.hex(), rows + 1, ("缺少此行", "the row is missing"))
            if entry.link(chain) != link:
                return Verified(feed, rows, chain.hex(), entry.version, ("内容被改动", "the row was changed"))
            chain = link
            rows += 1
    if rows < head:
        return Verified(feed, rows, chain.hex(), rows + 1, ("末尾的行缺失", "rows at the end are missing"))
    return Verified(feed, rows, chain.hex())
