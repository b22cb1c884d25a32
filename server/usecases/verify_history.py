"""
Walk the chains of the history 核验历史: the first row that somebody changed afterwards is named, and what of it.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from server.core.proving.changes import Change, find_change
from server.storage.epochs import across, jumps_of
from server.storage.feeds import GENESIS, Head
from server.storage.history_rows import HistoryRows, Stored
from server.storage.store import Store
from server.values import Entry

_CHANGED = ("内容被改动", "the row was changed")


class Verified(NamedTuple):
    """
    One feed: how many rows hold, and what is wrong with the first that does not.

    Attributes:
        link: The last good link: noted down elsewhere, it shows later that nobody rewrote the whole chain.
        broken: The number of the first bad row in the feed; ``why`` says in Chinese and English what is wrong.
        record: Whose row it is, where that can be told.
        change: The column that was changed, and what stood there, where a single change explains it.
    """

    feed: str
    rows: int
    link: str
    broken: int | None = None
    why: tuple[str, str] | None = None
    record: str | None = None
    change: Change | None = None


def verify_history(store: Store, district: str) -> list[Verified]:
    """
    Verify every feed of *district*, each from its first row to its head.

    Numbers follow each other without a gap, but for those that a new epoch jumped over.
    """
    with store.work(district, writing=False) as work:
        ends = work.feeds.ends()
        # After the heads: a jump that comes in between is over a number that no head here stands at.
        epochs = work.epochs.all()
        rows = HistoryRows(work.connection, district)
        walks = [_Walk(rows, district, feed, head, jumps_of(feed, epochs)) for feed, head in sorted(ends.items())]
        return [walk.verified() for walk in walks]


class _Walk:
    """One feed on the way from its first row to its head."""

    def __init__(self, lying: HistoryRows, district: str, feed: str, head: Head, jumps: Mapping[int, int]) -> None:
        self._lying, self._district, self._feed, self._head, self._jumps = lying, district, feed, head, jumps
        self._chain, self._at, self._rows = GENESIS, 0, 0

    def verified(self) -> Verified:
        """Walk as far as everything holds."""
        for stored in self._lying.of(self._feed):
            if stored.version > self._head.seq and across(self._at, self._jumps)[-1] >= self._head.seq:
                break  # came in while we walk
            wrong = self._wrong(stored)
            if wrong is not None:
                return wrong
        path = across(self._at, self._jumps)
        if self._head.seq not in path:
            return self._missing(path[-1] + 1, ("末尾的行缺失", "rows at the end are missing"))
        if self._chain != self._head.chain:
            return self._broken(self._at, ("流的末环被改动", "the feed's last link was changed"), None)
        return Verified(self._feed, self._rows, self._chain.hex())

    def _wrong(self, stored: Stored) -> Verified | None:
        due = across(self._at, self._jumps)[-1] + 1
        if stored.version != due:
            return self._missing(due, ("缺少此行", "the row is missing"))
        entry, link = stored.entry, stored.chain
        if entry is None:
            return self._broken(due, _CHANGED, stored.record, Change(stored.odd or "", stored.value))
        if entry.link(self._chain) != link:
            return self._changed(entry, link)
        self._chain, self._at, self._rows = link, due, self._rows + 1
        return None

    def _changed(self, entry: Entry, link: bytes) -> Verified:
        """Tell a row whose content was changed from one whose link was, and what of the content."""
        before, made = self._chain, entry.link(self._chain)
        change: Change | None = Change("chain", link.hex(), made.hex())
        if not self._follows_on(entry.version, made):
            change = find_change(entry, lambda one: one.link(before) == link)
        record = str(change.before) if change and change.column == "record" else entry.record
        return self._broken(entry.version, _CHANGED, record, change)

    def _follows_on(self, version: int, link: bytes) -> bool:
        """Say whether the row behind *version*, or the head, was made from *link*."""
        if version == self._head.seq:
            return self._head.chain == link
        after = next(self._lying.of(self._feed, version), None)
        return after is not None and after.entry is not None and after.entry.link(link) == after.chain

    def _missing(self, due: int, why: tuple[str, str]) -> Verified:
        """Look whether the row that is missing lies under another name; then that was changed."""
        for stored in self._lying.everywhere():
            entry = stored.entry
            if entry is None:
                continue
            there = msgspec.structs.replace(entry, feed=self._feed, version=due)
            if there.link(self._chain) == stored.chain:
                return self._broken(due, why, entry.record, self._elsewhere(stored, due))
        return self._broken(due, why, None)

    def _elsewhere(self, stored: Stored, due: int) -> Change | None:
        names = (("district", stored.district, self._district), ("feed", stored.feed, self._feed),
                 ("version", stored.version, due))  # fmt: skip
        return next((Change(column, now, before) for column, now, before in names if now != before), None)

    def _broken(self, row: int, why: tuple[str, str], record: str | None, change: Change | None = None) -> Verified:
        return Verified(self._feed, self._rows, self._chain.hex(), row, why, record, change)
