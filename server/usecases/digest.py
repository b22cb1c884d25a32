"""
Prove a tablet equal to the server 核对, and bring it exactly the records in which it differs.

A digest holds for one number of the feed. The head is read before the records and again behind them: had anything
been written in between, what was read would belong to no number at all.
"""

from collections.abc import Iterator

from schemas import wire
from schemas.digests import FeedDigest, Repair, RepairRequest, Summary, bucket_of, buckets_for, digest_of
from server.storage.feeds import Row
from server.storage.unit_of_work import UnitOfWork
from server.usecases.serve_feeds import Reader, wire_record

#: Records read at once.
_PAGE = 5_000
#: Bytes a record takes on the wire beside its fields.
_ENVELOPE_BYTES = 220


def digest_feed(work: UnitOfWork, reader: Reader, feed: str, cursor: str) -> FeedDigest:
    """
    Return what the view of *reader* in *feed* boils down to.

    Args:
        cursor: How far the device has read.

    Raises:
        Refusal: ``invalid_cursor``.
    """
    epoch = reader.device.epoch
    head = _level(work, reader, feed, cursor)
    if head is None:
        return FeedDigest(feed, epoch, behind=True)
    summary = Summary()
    for row in _rows(work, reader, feed, head):
        summary.add(row.id, _digest(row))
    if not _stands(work, feed, head):
        return FeedDigest(feed, epoch, behind=True)
    buckets = buckets_for(summary.count)
    return FeedDigest(feed, epoch, count=summary.count, buckets=buckets, sums=summary.text(buckets))


def repair_feed(work: UnitOfWork, reader: Reader, asked: RepairRequest) -> Repair:
    """
    Return the records of the buckets named that the device does not hold as they are here.

    Raises:
        Refusal: ``invalid_cursor``.
    """
    epoch = reader.device.epoch
    head = _level(work, reader, asked.feed, asked.cursor)
    if head is None:
        return Repair(asked.feed, epoch, behind=True)
    wanted = frozenset(asked.differing)
    left = {id_: digest for id_, digest in asked.records.items() if bucket_of(id_, asked.buckets) in wanted}
    repair = Repair(asked.feed, epoch)
    room = wire.MAX_PAGE_BYTES
    for row in _rows(work, reader, asked.feed, head):
        if bucket_of(row.id, asked.buckets) not in wanted or left.pop(row.id, None) == _digest(row).hex():
            continue
        if room <= 0 or len(repair.records) >= wire.MAX_PAGE_RECORDS:
            repair.more = True
        else:
            repair.records.append(wire_record(row))
            room -= len(row.fields) + _ENVELOPE_BYTES
    if not _stands(work, asked.feed, head):
        return Repair(asked.feed, epoch, behind=True)
    repair.gone = sorted(left)
    return repair


def _level(work: UnitOfWork, reader: Reader, feed: str, text: str) -> int | None:
    """Return the feed's head if the device has read all up to it under its present view; else None."""
    cursor = reader.open(feed, text)
    head = work.feeds.heads().get(feed, 0)
    if cursor is None or cursor.whole or cursor.version != head:
        return None
    return head


def _stands(work: UnitOfWork, feed: str, head: int) -> bool:
    return work.feeds.heads().get(feed, 0) == head


def _rows(work: UnitOfWork, reader: Reader, feed: str, head: int) -> Iterator[Row]:
    seen, after = reader.view.part_of(feed), 0
    while rows := work.feeds.read(feed, seen, after, head, _PAGE, None):
        yield from rows
        after = rows[-1].version


def _digest(row: Row) -> bytes:
    head = (row.id, row.type, row.grid, row.version, row.born, bool(row.void), row.at_ms, row.at_counter, row.by)
    return digest_of(head, row.fields.encode())
