"""
List the snapshots that lie ready 快照一览.
"""

from dataclasses import dataclass

from server.storage.store import Store


@dataclass(frozen=True, slots=True)
class Listed:
    """The latest snapshot of a feed; ``behind`` counts the feed's numbers since, ``size`` is in bytes, packed."""

    feed: str
    version: int
    made_ms: int
    grids: int
    records: int
    size: int
    behind: int


def list_snapshots(store: Store, district: str) -> list[Listed]:
    """Return the latest snapshot of each feed of *district* that has one, by feed."""
    epoch = store.places()[district].epoch
    found = []
    with store.work(district, writing=False) as work:
        for feed, head in sorted(work.feeds.heads().items()):
            made = work.snapshots.latest(feed, epoch)
            if made is None:
                continue
            parts = work.snapshots.parts(feed, made.version)
            records, size = sum(part.records for part in parts), sum(part.size for part in parts)
            found.append(Listed(feed, *made, len(parts), records, size, head - made.version))
    return found
