"""
Bugs planted in the tablet 平板变异, each with the story it was taken from.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import msgspec

from schemas import wire
from sync_client import applying, offering, recording, renewing
from sync_client.applying import Applier
from sync_client.database import Database
from sync_client.desk import Desk
from sync_client.errors import StoreError
from sync_client.journal import Journal
from sync_client.local_store import LocalStore, Reading
from sync_client.people import People
from tests.simulation.patching import put_in_place
from tests.simulation.planting import mutant


@mutant("the outbox is emptied when it is sent, not when it is answered")
def popped_before_its_receipt() -> Iterator[None]:
    def popped(self: Journal, *arguments: Any) -> Any:
        found: Any = real(self, *arguments)
        waiting = found[0] if isinstance(found, tuple) else found.waiting
        self.settle([wire.Outcome(one.n, "applied", version=1) for one in waiting], 0)
        return found

    real = Journal.next_push
    with put_in_place(Journal, "next_push", popped):
        yield


@mutant("a pull writes over what was not sent yet")
def pull_over_unsent_work() -> Iterator[None]:
    def over(self: Applier, feed: str, generation: int, records: Any) -> None:
        self._store.put_records(feed, generation, records)

    with put_in_place(Applier, "take_in", over):
        yield


@mutant("the cursor is saved first, and the page behind it in a commit of its own")
def cursor_before_its_page() -> Iterator[None]:
    def hasty(self: Applier, feed: str, page: Any, sent: str | None) -> Any:
        with self._desk.writing():
            reading = self._store.reading(feed)
            if reading.cursor != sent:
                return None
            self._store.put_reading(feed, replace(reading, cursor=page.cursor))
        return real(self, feed, page, page.cursor)

    real = Applier.apply_page
    with put_in_place(Applier, "apply_page", hasty):
        yield


@mutant("a page that could not be stored is passed over")
def page_skipped_after_an_error() -> Iterator[None]:
    def lenient(self: Applier, feed: str, page: Any, sent: str | None) -> Any:
        try:
            return real(self, feed, page, sent)
        except StoreError:
            with self._desk.writing():
                self._store.put_reading(feed, Reading(page.cursor, self._store.reading(feed).generation, False))
            return None

    real = Applier.apply_page
    with put_in_place(Applier, "apply_page", lenient):
        yield


@mutant("for speed, a commit does not wait for the disk")
def commits_without_the_disk() -> Iterator[None]:
    def fast(self: Database) -> None:
        real(self)
        self.run("PRAGMA synchronous = NORMAL")

    real = Database._prepare
    with put_in_place(Database, "_prepare", fast):
        yield


@mutant("what the server refused is dropped, and nobody is told")
def refusal_dropped_silently() -> Iterator[None]:
    def dropped(self: Journal, outcomes: Any, now_ms: int) -> None:
        listed = list(outcomes)
        real(self, listed, now_ms)
        self._db.run_many("DELETE FROM journal WHERE n = ?", [(o.n,) for o in listed if o.outcome == "rejected"])

    real = Journal.settle
    with put_in_place(Journal, "settle", dropped):
        yield


@mutant("after a change of person, what waits is sent in the new one's name")
def switch_rewrites_the_author() -> Iterator[None]:
    def renamed(self: People, person: str, *rest: Any) -> Any:
        done = real(self, person, *rest)
        rows = self._desk.db.all("SELECT n, payload FROM journal WHERE outcome IS NULL")
        for n, payload in rows:
            said = msgspec.json.decode(payload) | {"by": person}
            self._desk.db.run("UPDATE journal SET payload = ? WHERE n = ?", (msgspec.json.encode(said), n))
        return done

    real = People.switch
    with put_in_place(People, "switch", renamed):
        yield


@mutant("the version is taken from the receipt of a merge, before the merged record has come down")
def base_taken_from_the_receipt() -> Iterator[None]:
    taken_as_they_are = applying._all_applied  # what decides that the worker's view is the server's copy

    def trusting(pairs: Any, held: Any) -> bool:
        merged = all(outcome.version for _, outcome in pairs) and (held.has_base or pairs[0][0].op == "create")
        return merged or taken_as_they_are(pairs, held)

    with put_in_place(applying, "_all_applied", trusting):
        yield


@mutant("a held mutation counts as delivered")
def held_taken_for_delivered() -> Iterator[None]:
    with put_in_place(wire, "FINAL", wire.FINAL | {"held", "retry"}):
        yield


@mutant("a record stays when its grid goes out of the view")
def view_never_swept() -> Iterator[None]:
    with put_in_place(LocalStore, "sweep", lambda *_: 0):
        yield


@mutant("records that left the grid are not taken off the tablet")
def departures_not_followed() -> Iterator[None]:
    with put_in_place(LocalStore, "let_go", lambda *_: 0):
        yield


@mutant("a number is kept in memory, and given although its transaction failed")
def number_kept_in_memory() -> Iterator[None]:
    given: dict[str, int] = {}

    def loaded(self: Desk) -> Any:
        head = real(self)
        key = str(self.db.path)
        head.last_n = max(head.last_n, given.get(key, 0)) if head.device else head.last_n
        return head

    def counted(self: Any, head: Any, *arguments: Any, **named: Any) -> Any:
        given[str(self._desk.db.path)] = head.last_n + 1
        return write(self, head, *arguments, **named)

    def begun(self: Database, *arguments: Any, **named: Any) -> None:
        opened(self, *arguments, **named)
        given.pop(str(self.path), None)

    real, write, opened = Desk._load, recording.Recorder._write, Database.__init__
    with (
        put_in_place(Desk, "_load", loaded),
        put_in_place(recording.Recorder, "_write", counted),
        put_in_place(Database, "__init__", begun),
    ):
        yield


@mutant("a group is recorded one by one")
def group_recorded_in_parts() -> Iterator[None]:
    @contextmanager
    def apart(self: Any) -> Iterator[None]:
        first = self._desk.head().last_n + 1
        yield
        with self._desk.writing() as head:
            self._bind(first, head.last_n)

    with put_in_place(recording.Recorder, "group", apart):
        yield


@mutant("the server's new history goes unnoticed, the old cursors are used on")
def epoch_ignored() -> Iterator[None]:
    def deaf(self: Applier, pushed: Any, outcomes: Any, answer: Any, offset_ms: int) -> Any:
        known = self._desk.head().epoch
        answer.server.epoch = known or answer.server.epoch
        return real(self, pushed, outcomes, answer, offset_ms)

    real = Applier.acknowledge
    with put_in_place(Applier, "acknowledge", deaf):
        yield


@mutant("after a restored backup nobody offers what it had delivered since")
def journal_not_offered_again() -> Iterator[None]:
    with put_in_place(offering.Offering, "_again", lambda *_: 0):
        yield


@mutant("a copied tablet goes on under the numbers of the first")
def copy_not_noticed_by_the_tablet() -> Iterator[None]:
    with (
        put_in_place(renewing.Renewal, "is_due", lambda *_: False),
        put_in_place(renewing.Renewal, "to_record_again", lambda *_: []),
    ):
        yield
