"""
Offering the journal again 重报: what the office may have forgotten goes back into the outbox.

An office that was put back to a backup has lost what it took since; every tablet still holds its own part.
Whatever has its outcome waits once more, under its old number, so that what the office does remember is
answered as before and nothing is doubled.

What the worker sees stays as it is: the copy he has holds these changes already. It becomes the copy
beneath them, until the office's own comes down.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from schemas.grid import feed_of
from schemas.records import TYPES
from sync_client.desk import Desk
from sync_client.following import follow_again
from sync_client.journal import Journal
from sync_client.local_store import Held, LocalStore
from sync_client.overlay import NOTHING, kind_of, lay_all

Row = tuple[int, str, str]


class Offering:
    """Offers again, for one sync; every method is part of the caller's transaction."""

    def __init__(self, desk: Desk, journal: Journal, store: LocalStore) -> None:
        self._desk = desk
        self._journal = journal
        self._store = store
        self._done = False

    def everything(self) -> int:
        """
        Offer all that has its outcome, after the office began another history; return how much that is.

        Also what lies below the greatest number the office has settled: a mutation that was held when the
        backup was made may have been taken after it.
        """
        return self._again(self._journal.can_be_offered())

    def is_due(self, install: str, settled: int, told: Sequence[int] = ()) -> bool:
        """Say whether the office has forgotten something of *install*: once a sync, lest nobody ever gets done."""
        return not self._done and bool(self._journal.beyond(install, settled, told))

    def beyond(self, install: str, settled: int, told: Sequence[int]) -> int:
        """
        Offer what the office has forgotten of *install*, once a sync; return how much that is.

        Args:
            settled: How far it had settled the install before it answered.
            told: The numbers whose outcomes came with the answer.
        """
        return 0 if self._done else self._again_if(self._journal.beyond(install, settled, told))

    def _again_if(self, rows: Sequence[Row]) -> int:
        return self._again(rows) if rows else 0

    def _again(self, rows: Sequence[Row]) -> int:
        self._done = True
        if rows:
            self._journal.offer_again([n for n, _, _ in rows])
            self._lay(rows)
        return len(rows)

    def _lay(self, rows: Sequence[Row]) -> None:
        """Put the records of *rows* in order: at once where the copy simply goes beneath, one by one the rest."""
        counts = Counter(record_id for _, record_id, _ in rows)
        self._store.wait_again(counts)
        for record_id in {record_id for _, record_id, op in rows if op == "act"}:
            self._ask_again(record_id)
        for record_id in {record_id for _, record_id, op in rows if op == "create"} - self._store.known(list(counts)):
            self._show_again(record_id)
        parents = [name for name, kind in TYPES.items() if kind.has_consequences]
        for record_id in self._store.known(list(counts), parents):
            follow_again(self._store, self._store.need(record_id))

    def _ask_again(self, record_id: str) -> None:
        """Show the acts of a record as asked for and not yet decided."""
        held = self._store.held(record_id)
        if held is not None:
            acts = tuple(m.act.name for m in self._journal.waiting_for(record_id) if m.act)
            self._store.put(replace(held, view=replace(held.view, acts=acts)))

    def _show_again(self, record_id: str) -> None:
        """Show a record that the office had refused or taken away; it waits as it did on the first day."""
        left = self._journal.waiting_for(record_id)
        first = left[0]
        if first.op != "create":
            return
        view = lay_all(NOTHING, left, kind_of(first.type), self._desk.head().device or "")
        self._store.put(Held(record_id, first.type, first.grid, feed_of(first.grid), view, waiting=len(left)))
