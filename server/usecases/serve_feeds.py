"""
Hand a device what it missed 下发: page by page, along each feed of its view.

Reading takes no lock. The feed's head is read first and the records up to it afterwards: everything
up to a number is committed before the number can be seen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from msgspec import Raw

from schemas import wire
from schemas.problems import Refusal
from schemas.wire import FeedPage, Telling, WireRecord
from server.core import cursors
from server.core.cursors import Cursor
from server.core.views import View
from server.storage.departures import Gone
from server.storage.devices import Device
from server.storage.feeds import Row
from server.storage.unit_of_work import UnitOfWork
from server.usecases.begin_epoch import hold_to_feeds
from server.usecases.offer_snapshot import offer_snapshot

#: Bytes a record takes on the wire beside its fields.
_ENVELOPE_BYTES = 220
#: Whoever reads from the beginning is told of the last 30 days only; the office's list goes back further.
TELLINGS_KEPT_MS = 30 * 24 * 3600 * 1000
#: More than any device's people can have been told in that time; a page is never cut in its tellings.
MOST_TELLINGS = 10_000
#: A page ends at so many departures, as it does at so many records.
MOST_DEPARTURES = 2_000


@dataclass(frozen=True, slots=True)
class Reader:
    """A device that reads, and its view."""

    device: Device
    view: View
    #: The server's time.
    now_ms: int
    #: The device's journal is older than what was taken from it: it gets its own work back too.
    behind: bool = False

    def open(self, feed: str, text: str | None) -> Cursor | None:
        """Return the place *text* names, or None where the feed is to be read from the beginning."""
        if text is None:
            return None
        cursor = cursors.unseal(self.device.cursor_key, self.device.id, feed, text)
        return cursor if cursor.view == self.view.mark else None

    def seal(self, feed: str, version: int, *, whole: bool, since: int | None = None, link: bytes = b"") -> str:
        """
        Return the text for a place in *feed*.

        Args:
            since: The feed's number when a reading from the beginning began; *version* where left out.
            link: The history's link at *version*, by which it is known again.
        """
        began = version if since is None else since
        place = Cursor(version, whole, self.view.mark, began if whole else 0, link)
        return cursors.seal(self.device.cursor_key, self.device.id, feed, place)


@dataclass(slots=True)
class Served:
    """The pages of one answer, and the feeds the device no longer sees."""

    pages: dict[str, FeedPage] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)


def serve_feeds(work: UnitOfWork, reader: Reader, asked: Mapping[str, str], limit: int) -> Served:
    """
    Return what *reader* has not seen, at most *limit* records and about ``MAX_PAGE_BYTES`` together.

    Args:
        work: For reading; needs no transaction.
        asked: The cursors the device sent, by feed; a feed without one is read from the beginning.

    Raises:
        Refusal: ``invalid_cursor``; ``cursor_too_old`` where departures were forgotten that the device has not read.
        CommitsLost: The device has read what a feed does not hold.
    """
    heads = work.feeds.heads()
    hold_to_feeds(work, reader.device, asked, heads)
    wanted = reader.view.feeds(heads)
    # Whoever reads anew names no feed, and may hold copies of one that went out of his view meanwhile.
    named = asked or [feed for feed in heads if not reader.view.hides(feed)]
    served = Served(gone=sorted(set(named) - set(wanted)))
    budget = _Budget(limit, wire.MAX_PAGE_BYTES)
    for feed in wanted:
        page = _page(work, reader, feed, heads.get(feed, 0), asked.get(feed), budget)
        if page is not None:
            served.pages[feed] = page
    return served


def name_what_left(
    work: UnitOfWork, reader: Reader, asked: Mapping[str, str], repeated: Iterable[tuple[str, str]], served: Served
) -> None:
    """
    Name in *served* what lies out of the device's sight by now, of what was answered as before.

    The receipt makes the device's own copy count as the server's; its departure may lie behind the cursor.

    Args:
        repeated: Each record with the feed in which its change was numbered.
    """
    records = work.records.get({record for _, record in repeated})
    for feed, name in sorted(repeated):
        record = records.get(name)
        seen = record is None or (record.feed == feed and reader.view.sees(record.grid))
        page = served.pages.get(feed) or (FeedPage(asked[feed]) if feed in asked else None)
        if not seen and page is not None and feed not in served.gone:
            page.left = sorted({*page.left, name})
            served.pages[feed] = page


@dataclass(slots=True)
class _Budget:
    records: int
    bytes: int

    def cut(self, rows: list[Row]) -> list[Row]:
        """Return as many of *rows* as still fit (one at least, or nothing would ever move)."""
        for count, row in enumerate(rows):
            size = len(row.fields) + _ENVELOPE_BYTES
            if (self.records < 1 or self.bytes < size) and count:
                return rows[:count]
            self.records -= 1
            self.bytes -= size
        return rows


def _page(work: UnitOfWork, reader: Reader, feed: str, head: int, text: str | None, budget: _Budget) -> FeedPage | None:
    cursor = reader.open(feed, text)
    fresh = cursor is None
    cursor = cursor or Cursor(0, True, reader.view.mark, head)
    if cursor.version >= head and not cursor.whole:
        return None
    if fresh and (ready := offer_snapshot(work, reader.device, reader.view, feed)):
        # Whoever cannot read it asks on from here, page by page.
        return FeedPage(reader.seal(feed, 0, whole=True, since=head), more=True, fresh=True, snapshot=ready)
    if budget.records < 1 or budget.bytes < 1:
        place = reader.seal(feed, cursor.version, whole=cursor.whole, since=cursor.since, link=cursor.link)
        return FeedPage(place, more=True, fresh=fresh)
    return _filled(work, reader, feed, cursor, head, budget, fresh=fresh)


def _filled(
    work: UnitOfWork, reader: Reader, feed: str, cursor: Cursor, head: int, budget: _Budget, *, fresh: bool
) -> FeedPage:
    gone = work.departures.read(feed, cursor.passed, head, MOST_DEPARTURES + 1)
    # Asked afterwards: what was forgotten while we read is noticed too.
    if cursor.passed < work.departures.horizon(feed):
        raise Refusal("cursor_too_old")
    upto = head if len(gone) <= MOST_DEPARTURES else gone[MOST_DEPARTURES - 1].version
    skip = None if cursor.whole or reader.behind else reader.device.hand
    rows = work.feeds.read(feed, reader.view.part_of(feed), cursor.version, upto, budget.records + 1, skip)
    kept = budget.cut(rows)
    more = len(kept) < len(rows) or upto < head
    version = kept[-1].version if len(kept) < len(rows) else upto
    link = work.history.links_at({feed: version}).get(feed, b"")
    return FeedPage(
        reader.seal(feed, version, whole=cursor.whole and more, since=cursor.since, link=link),
        [wire_record(row) for row in kept],
        told_between(work, reader, feed, cursor.version, version),
        _left(reader.view, feed, gone, version),
        more=more,
        fresh=fresh,
    )


def _left(view: View, feed: str, gone: Iterable[Gone], upto: int) -> list[str]:
    """Return which of the records that departed from *feed* the device may hold, and sees there no more."""
    left = {
        one.record
        for one in gone
        if one.version <= upto and view.sees(one.grid) and not (one.now_feed == feed and view.sees(one.now_grid))
    }
    return sorted(left)


def told_between(work: UnitOfWork, reader: Reader, feed: str, after: int, upto: int) -> list[Telling]:
    """Return what people of the device are told of decisions numbered up to *upto*: they ride with the page."""
    since_ms = reader.now_ms - TELLINGS_KEPT_MS
    rows = work.tellings.read(feed, after, upto, sorted(reader.device.people), since_ms, MOST_TELLINGS)
    return [
        Telling(version=row.version, part=row.part, person=row.person, at_ms=row.at_ms, **wire.decode_json(row.body))
        for row in rows
    ]


def wire_record(row: Row) -> Raw:
    """Return one record as it travels."""
    return Raw(
        wire.encode(
            WireRecord(
                type=row.type,
                id=row.id,
                grid=row.grid,
                version=row.version,
                at=(row.at_ms, row.at_counter),
                by=row.by,
                fields=Raw(row.fields.encode()),
                born=0 if row.born == row.version else row.born,
                void=bool(row.void),
            )
        )
    )
