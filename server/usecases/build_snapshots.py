"""
Make snapshots 制作快照: each feed's records packed once, so that a hundred first syncs need not do it again.

The feed's head is read first and then every record numbered up to it, page by page: what changes meanwhile has a
greater number and comes with the pages behind the snapshot. Nothing is locked until the parts are written.
"""

import hashlib
import zlib
from collections import defaultdict
from dataclasses import dataclass

from server.storage.snapshots import Made, Part
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork
from server.usecases.offer_snapshot import WORTH_IT
from server.usecases.serve_feeds import wire_record

#: Made anew when so many hundredths of it may have changed.
GROWN_PERCENT = 10
_PAGE = 2_000
_GZIP = 31
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Built:
    """A snapshot that was made; ``size`` is in bytes, packed."""

    feed: str
    version: int
    grids: int
    records: int
    size: int


class _Packer:
    """The part of one grid in the making: JSON records, one a line, gzipped."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self._records = self._size = 0
        self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._hash = hashlib.sha256()

    def add(self, record: bytes) -> None:
        """Pack one more record."""
        self._records += 1
        self._put(self._gzip.compress(record + b"\n"))

    def part(self, grid: str) -> Part:
        """End the part, and return what is known of it."""
        self._put(self._gzip.flush())
        return Part(grid, self._hash.hexdigest(), self._records, self._size)

    def _put(self, piece: bytes) -> None:
        if piece:
            self.pieces.append(piece)
            self._size += len(piece)
            self._hash.update(piece)


def build_snapshots(store: Store, now_ms: int, *, district: str | None = None, anyway: bool = False) -> list[Built]:
    """
    Make a snapshot of every feed that is worth one and has grown by a tenth since its last.

    Args:
        now_ms: The server's time.
        district: Of this district only.
        anyway: Whether or not a feed has grown.
    """
    places = store.places()
    built = []
    for code in sorted(places if district is None else {district} & set(places)):
        with store.work(code, writing=False) as work:
            heads = work.feeds.heads()
        for feed, head in sorted(heads.items()):
            made = _build(store, code, places[code].epoch, Made(head, now_ms), feed, anyway=anyway)
            built += [made] if made else []
    return built


def _build(store: Store, district: str, epoch: str, made: Made, feed: str, *, anyway: bool) -> Built | None:
    with store.work(district, writing=False) as work:
        if not _due(work, epoch, feed, made.version, anyway=anyway):
            return None
        packers = _pack(work, feed, made.version)
    parts = [(packer.part(grid), packer.pieces) for grid, packer in sorted(packers.items())]
    with store.work(district) as work:
        # The history may have become another while we packed; what was read of the old one is no use.
        new = work.epochs.present() == epoch and work.snapshots.keep(feed, epoch, made, parts)
        work.commit()
    found = [part for part, _ in parts]
    size, records = sum(part.size for part in found), sum(part.records for part in found)
    return Built(feed, made.version, len(found), records, size) if new else None


def _due(work: UnitOfWork, epoch: str, feed: str, head: int, *, anyway: bool) -> bool:
    last = work.snapshots.latest(feed, epoch)
    if last is not None:
        held = sum(part.records for part in work.snapshots.parts(feed, last.version))
        changed = head - last.version
        if not changed or (not anyway and changed * 100 < held * GROWN_PERCENT):
            return False
    return work.snapshots.count(feed) >= WORTH_IT


def _pack(work: UnitOfWork, feed: str, head: int) -> dict[str, _Packer]:
    """Return the records of *feed* up to number *head*, packed by grid, each in the order of the numbers."""
    packers: defaultdict[str, _Packer] = defaultdict(_Packer)
    after = 0
    while rows := work.feeds.read(feed, None, after, head, _PAGE, None):
        for row in rows:
            packers[row.grid].add(bytes(wire_record(row)))
        after = rows[-1].version
    return packers
