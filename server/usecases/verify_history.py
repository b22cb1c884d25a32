"""
Walk the chains of the history 核验历史: the first row that somebody changed afterwards is named.
"""

from collections.abc import Mapping
from typing import NamedTuple

from server.storage.epochs import across, jumps_of
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
    """
    Verify every feed of *district*, each from its first row to its head.

    Numbers follow each other without a gap, but for those that a new epoch jumped over.
    """
    with store.work(district, writing=False) as work:
        heads = work.feeds.heads()
        # After the heads: a jump that comes in between is over a number that no head here stands at.
        epochs = work.epochs.all()
    return [_verify(store, district, feed, head, jumps_of(feed, epochs)) for feed, head in sorted(heads.items())]


def _verify(store: Store, district: str, feed: str, head: int, jumps: Mapping[int, int]) -> Verified:
    chain, rows, at = GENESIS, 0, 0
    with store.work(district, writing=False) as work:
        for entry, link in work.history.entries(feed):
            if entry.version > head:  # came in while we walk
                break
            due = across(at, jumps)[-1] + 1
            if entry.version != due:
                return Verified(feed, rows, chain.hex(), due, ("缺少此行", "the row is missing"))
            if entry.link(chain) != link:
                return Verified(feed, rows, chain.hex(), entry.version, ("内容被改动", "the row was changed"))
            chain, at, rows = link, entry.version, rows + 1
    path = across(at, jumps)
    if head not in path:
        return Verified(feed, rows, chain.hex(), path[-1] + 1, ("末尾的行缺失", "rows at the end are missing"))
    return Verified(feed, rows, chain.hex())
