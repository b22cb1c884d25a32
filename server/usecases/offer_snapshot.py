"""
Offer a snapshot 提供快照 to a device that reads a feed from the beginning, where that spares it many pages.
"""

from server.core.views import View
from server.storage.devices import Device
from server.storage.snapshots import Made, Part
from server.storage.unit_of_work import UnitOfWork

#: Fewer records than this are read page by page as quickly.
WORTH_IT = 500


def offer_snapshot(work: UnitOfWork, device: Device, view: View, feed: str) -> str | None:
    """Return where the snapshot of *feed* lies, or None where there is none that is worth the asking."""
    found = seen_snapshot(work, device, view, feed)
    return f"/v1/snapshots/{feed}" if found else None


def seen_snapshot(work: UnitOfWork, device: Device, view: View, feed: str) -> tuple[Made, list[Part]] | None:
    """Return the latest snapshot of *feed*, and those of its parts that *view* sees; None where that is too little."""
    made = work.snapshots.latest(feed, device.epoch)
    if made is None:
        return None
    parts = [part for part in work.snapshots.parts(feed, made.version) if view.sees(part.grid)]
    return (made, parts) if sum(part.records for part in parts) >= WORTH_IT else None
