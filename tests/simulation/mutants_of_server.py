"""
Bugs planted in the server 服务器变异, each with the story it was taken from.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from schemas import clock, fold, wire
from schemas.ids import derived_id
from schemas.problems import Refusal
from schemas.records import Consequence
from schemas.rules import Authority, Extreme
from server.core import acts, admission, cursors, merge
from server.core.intake import Intake
from server.storage.devices import DeviceStore
from server.storage.feeds import FeedStore, Head
from server.storage.history import HistoryStore
from server.storage.quarantine import QuarantineStore
from server.storage.snapshots import Made
from server.usecases import receive_mutations, serve_feeds, serve_snapshot
from server.usecases.offer_snapshot import seen_snapshot
from tests.simulation.patching import put_in_place
from tests.simulation.planting import mutant


@mutant("numbers come from a sequence: given for good, whatever becomes of the transaction")
def numbers_taken_first() -> Iterator[None]:
    given: dict[str, int] = {}

    def first(self: FeedStore, feed: str, count: int) -> Head:
        head = real(self, feed, count)
        if 0 < given.get(feed, 0) - head.seq < 1_000:
            skipped = given[feed] - head.seq
            real(self, feed, skipped)
            head = Head(given[feed], head.chain)
        given[feed] = head.seq + count
        return head

    real = FeedStore.take
    with put_in_place(FeedStore, "take", first):
        yield


@mutant("an act that came too late is dropped: whoever took it is told, and the case knows nothing of it")
def late_act_dropped() -> Iterator[None]:
    def forgotten(self: Any, told: Any, whose: Any, why: Any) -> None:
        return None

    with put_in_place(acts._Asking, "_keep", forgotten):
        yield


@mutant("a repeated push is carried out once more")
def retry_applied_again() -> Iterator[None]:
    def forgetful(self: Any, device: str, install: str, numbers: Any) -> dict[int, Any]:
        return {}

    def stays(self: Any, device: str, install: str, upto: int) -> None:
        return None

    with put_in_place(HistoryStore, "settled", forgetful), put_in_place(DeviceStore, "settle", stays):
        yield


@mutant("that a number came is stored, but not what became of it")
def outcome_not_stored() -> Iterator[None]:
    def vague(settled: Any) -> wire.Outcome:
        return wire.Outcome(settled.n, "noop")

    with put_in_place(receive_mutations, "_as_before", vague):
        yield


@mutant("another payload under a known number passes for a repetition")
def reused_number_not_noticed() -> Iterator[None]:
    with put_in_place(receive_mutations, "_same", lambda *_: True):
        yield


@mutant("of a group whatever can be taken is taken")
def group_half_applied() -> Iterator[None]:
    def one_by_one(self: Intake, bundle: Any) -> None:
        for arrived in bundle:
            self._take(arrived)

    with put_in_place(Intake, "_try_group", one_by_one):
        yield


@mutant("the tablet's clock is believed")
def clock_trusted() -> Iterator[None]:
    def believed(claimed: Any, offset_ms: int, received_ms: int) -> clock.Received:
        return clock.Received(claimed, 0, False)

    with put_in_place(clock, "receive", believed):
        yield


@mutant("what is refused is not kept")
def quarantine_not_kept() -> Iterator[None]:
    with put_in_place(QuarantineStore, "keep", lambda *_: None):
        yield


@mutant("one person's account is stopped, and the tablet he shares speaks for nobody")
def stop_applied_to_others() -> Iterator[None]:
    def stopped(people: Any, mutation: Any) -> Any:
        found = real(people, mutation)
        for other in people.values():
            if other.stopped_ms is not None:
                raise Refusal("person_stopped")
        return found

    real = admission.admitted
    with put_in_place(admission, "admitted", stopped):
        yield


@mutant("a lower rank writes over a higher one, having seen it")
def lower_rank_overwrites() -> Iterator[None]:
    with put_in_place(Authority, "supersedes", lambda *_: True):
        yield


@mutant("a severity goes down again when somebody says so")
def severity_goes_down() -> Iterator[None]:
    with put_in_place(Extreme, "supersedes", lambda *_: True):
        yield


@mutant("the last writer wins, and nobody is told")
def decided_without_a_word() -> Iterator[None]:
    def saw(self: Any, version: int, device: str) -> bool:
        return True

    with put_in_place(merge._Newcomer, "_saw", saw):
        yield


@mutant("of two remarks made apart one is kept")
def remark_replaces_remark() -> Iterator[None]:
    def alone(fields: Any, name: str, text: str, at: Any, by: str) -> None:
        fields[name] = [entry for entry in fields.get(name, ()) if entry["by"] == by]
        real(fields, name, text, at, by)

    real = fold.append_entry
    with put_in_place(fold, "append_entry", alone):
        yield


@mutant("a tablet's own merged work is not sent back to it")
def own_merge_not_sent_back() -> Iterator[None]:
    def skipping(self: FeedStore, feed: str, seen: Any, after: int, upto: int, limit: int, skip: Any) -> Any:
        rows = real(self, feed, seen, after, upto, limit, skip)
        if skip is None:
            return rows
        m = self._mark
        sql = f"SELECT r.id FROM record r JOIN pen p ON p.number = r.pen WHERE r.feed = {m} AND p.device = {m}"  # noqa: S608
        own = {row[0] for row in self._connection.exec_driver_sql(sql, (feed, skip))}
        return [row for row in rows if row.id not in own]

    real = FeedStore.read
    with put_in_place(FeedStore, "read", skipping):
        yield


@mutant("a cursor is good for any view")
def view_changes_without_a_new_reading() -> Iterator[None]:
    def unchanged(self: Any, feed: str, text: str | None) -> Any:
        cursor = real(self, feed, text)
        if cursor is None and text is not None:
            return cursors.unseal(self.device.cursor_key, self.device.id, feed, text)
        return cursor

    real = serve_feeds.Reader.open
    with put_in_place(serve_feeds.Reader, "open", unchanged):
        yield


@mutant("behind a snapshot reading goes on from the present head, not from the number it was made at")
def snapshot_goes_on_from_the_head() -> Iterator[None]:
    def hasty(work: Any, device: Any, view: Any, feed: str) -> Any:
        found = seen_snapshot(work, device, view, feed)
        return found and (Made(work.feeds.heads()[feed], found[0].made_ms), found[1])

    with put_in_place(serve_snapshot, "seen_snapshot", hasty):
        yield


@mutant("a case that follows from a check gets an id that the tablet cannot know")
def case_gets_its_own_id() -> Iterator[None]:
    def anew(self: Intake, cause: Any, author: Any, received: Any, wanted: Iterable[Consequence]) -> None:
        real(self, cause, author, received, [replace(one, id=derived_id("opened", one.id)) for one in wanted])

    real = Intake.bring_about
    with put_in_place(Intake, "bring_about", anew):
        yield
