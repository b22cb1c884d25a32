"""
Hand a snapshot out 下发快照: the list of its parts that a device may see, and their bytes, from anywhere on.

What is not there any more and what is not for this device's eyes are answered alike.
"""

import re
from dataclasses import dataclass

from schemas.problems import Refusal
from schemas.wire import FEED_PATTERN, Snapshot, SnapshotPart
from server.core.views import View
from server.storage.devices import Device
from server.storage.snapshots import Part
from server.storage.unit_of_work import UnitOfWork
from server.usecases.offer_snapshot import seen_snapshot
from server.usecases.serve_feeds import Reader, told_between

_SHA256 = re.compile(r"[0-9a-f]{64}")
_FEED = re.compile(FEED_PATTERN)


def snapshot_of(work: UnitOfWork, reader: Reader, feed: str) -> Snapshot:
    """
    Return the list of the latest snapshot of *feed*, as far as *reader* sees it.

    Its cursor still reads from the beginning: behind the snapshot, too, the device gets its own work back.

    Raises:
        Refusal: ``not_found`` where there is none that is worth the asking.
    """
    found = _FEED.fullmatch(feed) and seen_snapshot(work, reader.device, reader.view, feed)
    if not found:
        raise Refusal("not_found")
    made, parts = found
    link = work.history.links_at({feed: made.version}).get(feed, b"")
    return Snapshot(
        feed=feed,
        version=made.version,
        cursor=reader.seal(feed, made.version, whole=True, link=link),
        parts=[SnapshotPart(*part) for part in parts],
        told=told_between(work, reader, feed, 0, made.version),
        left=work.snapshots.moved_since(feed, made.version, reader.view.part_of(feed)),
    )


@dataclass(frozen=True, slots=True)
class FoundPart:
    """One part that a device may read, and the version of the snapshot it belongs to."""

    feed: str
    version: int
    part: Part


def find_part(work: UnitOfWork, device: Device, view: View, feed: str, sha256: str) -> FoundPart:
    """
    Return the part of *feed* whose bytes hash to *sha256*, if *view* sees its grid.

    Raises:
        Refusal: ``not_found``.
    """
    if _FEED.fullmatch(feed) and _SHA256.fullmatch(sha256):
        for version, part in work.snapshots.named(feed, device.epoch, sha256):
            if view.sees(part.grid):
                return FoundPart(feed, version, part)
    raise Refusal("not_found")


def read_part(work: UnitOfWork, found: FoundPart, start: int, length: int) -> bytes:
    """
    Return *length* bytes of a part from byte *start* on, counted from 0.

    Raises:
        Refusal: ``not_found`` where it was dropped since it was found.
    """
    piece = work.snapshots.piece(found.feed, found.version, found.part.grid, start, length)
    if piece is None:
        raise Refusal("not_found")
    return piece
