"""
A reader misses nothing, whatever order writers commit in: numbers are the last thing a transaction takes.

Eight tablets write into two streets at once; each transaction dawdles before it takes its numbers and
again before it commits, so that commits come in any order. A reader follows its cursors meanwhile. The
same reader is then shown a store that takes numbers first, and has to notice what it never saw.
"""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from threading import Event, Thread

import pytest
from sqlalchemy import create_engine, select

from schemas import wire
from schemas.ids import derived_id
from schemas.registry import TYPES
from schemas.roles import Role
from server.core import cursors
from server.core.views import View
from server.storage.devices import Device
from server.storage.engine import engine_options
from server.storage.feeds import FeedStore, Head
from server.storage.store import Store
from server.storage.tables import history, record
from server.storage.unit_of_work import UnitOfWork
from server.usecases.receive_mutations import Push, receive_mutations
from server.usecases.serve_feeds import Reader, serve_feeds
from server.values import Grant, Person
from tests.server.office import DISTRICT, ELSEWHERE, GRID_7, STREET, open_office, person_id

NOON = 1_594_796_400_000
CHEN = Person(person_id("chen"), "陈红", (Grant(Role.DISTRICT_OFFICE, DISTRICT, 0, None),))
KEY = b"k" * 32


def tablet(number: int) -> Device:
    """Return one of the tablets of the district office."""
    id_ = derived_id("writer", str(number))
    return Device(id_, DISTRICT, f"平板{number}", {CHEN.id: CHEN}, revoked=False, epoch="first", cursor_key=KEY)


class DawdlingFeeds(FeedStore):
    """Takes its time before it takes numbers."""

    def take(self, feed: str, count: int) -> Head:
        time.sleep(random.random() * 0.003)
        return super().take(feed, count)


class DawdlingWork(UnitOfWork):
    """Takes its time before it commits, with the numbers in hand."""

    @cached_property
    def feeds(self) -> FeedStore:
        return DawdlingFeeds(self.connection, self.district, self.pens)

    def commit(self) -> None:
        time.sleep(random.random() * 0.002)
        super().commit()


class DawdlingStore(Store):
    """Lets every transaction dawdle."""

    def work(self, district: str, *, writing: bool = True) -> UnitOfWork:
        return DawdlingWork(self.engine, district, self.known) if writing else super().work(district, writing=False)


def pushes(number: int, records: int, batch: int) -> Iterator[Push]:
    """Yield what one tablet writes: shops in two streets, every fifth of them changed in the next push."""
    n, before = 0, list[tuple[str, str]]()
    for start in range(0, records, batch):
        raws = []
        for id_, place in before[::5]:
            n += 1
            raws.append(written(n, "patch", id_, place, {"door_no": str(n)}))
        before = []
        for serial in range(start, min(start + batch, records)):
            n += 1
            id_, place = derived_id("shop", str(number), str(serial)), GRID_7 if serial % 3 else ELSEWHERE
            before.append((id_, place))
            raws.append(written(n, "create", id_, place, {"name": f"店{serial}", "category": "retail"}))
        yield Push("first", raws, None, NOON)


def written(n: int, op: str, id_: str, place: str, fields: dict[str, str]) -> bytes:
    body = {"n": n, "op": op, "type": "shop", "id": id_, "grid": place, "at": [n, 0], "by": CHEN.id, "set": fields}
    return wire.encode(body)


def write(store: Store, number: int, records: int, batch: int = 25) -> None:
    """Let one tablet write *records* shops."""
    for push in pushes(number, records, batch):
        answer = receive_mutations(store, tablet(number), push)
        assert {outcome.outcome for outcome in answer.outcomes} == {"applied"}


@dataclass
class Following:
    """A reader of the whole district, from the first record on."""

    store: Store
    seen: dict[str, int] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)
    rounds: int = 0

    def __post_init__(self) -> None:
        self.device = tablet(1_000)
        self.reader = Reader(self.device, View((DISTRICT,)), 0)

    def pull(self) -> int:
        """Read one page of every feed; return how many records came."""
        with self.store.work(DISTRICT, writing=False) as work:
            served = serve_feeds(work, self.reader, self.cursors, wire.MAX_PAGE_RECORDS)
        count = 0
        for feed, page in served.pages.items():
            before = self.place(feed)
            self.cursors[feed] = page.cursor
            records = [wire.decode_record(raw) for raw in page.records]
            versions = [record.version for record in records]
            assert versions == sorted(set(versions)), "a page runs upwards"
            assert before <= self.place(feed), "a cursor never moves back"
            assert all(before < version <= self.place(feed) for version in versions)
            self.seen |= {record.id: record.version for record in records}
            count += len(records)
        self.rounds += bool(count)
        return count

    def place(self, feed: str) -> int:
        """Return how far *feed* was read."""
        if feed not in self.cursors:
            return 0
        return cursors.unseal(KEY, self.device.id, feed, self.cursors[feed]).version

    def missed(self) -> set[str]:
        """Return the records of which this reader, who has nothing more to read, does not hold the last version."""
        while self.pull():
            pass
        with self.store.engine.connect() as connection:
            last = {row.id: row.version for row in connection.execute(select(record.c.id, record.c.version))}
        return {id_ for id_, version in last.items() if self.seen.get(id_) != version}


def follow_while_writing(store: Store, writers: int, records: int) -> Following:
    """Let *writers* write *records* in all, at once, and a reader follow them; return the reader."""
    following, done = Following(store), Event()

    def follow() -> None:
        while not done.is_set():
            if not following.pull():
                time.sleep(0.002)

    reader = Thread(target=follow)
    reader.start()
    try:
        with ThreadPoolExecutor(writers) as pool:
            list(pool.map(lambda number: write(store, number, records // writers), range(writers)))
    finally:
        done.set()
        reader.join()
    return following


def assert_gapless(store: Store, changes: int) -> None:
    """The history of each feed counts from 1 without a gap, and holds every change once."""
    with store.engine.connect() as connection:
        rows = connection.execute(select(history.c.feed, history.c.version).order_by(history.c.feed, history.c.version))
        by_feed: dict[str, list[int]] = {}
        for feed, version in rows:
            by_feed.setdefault(feed, []).append(version)
    with store.work(DISTRICT, writing=False) as work:
        heads = work.feeds.heads()
    assert {feed: list(range(1, heads[feed] + 1)) for feed in by_feed} == by_feed
    assert sum(heads.values()) == changes


def changes_of(writers: int, records: int) -> int:
    return sum(len(push.mutations) for number in range(writers) for push in pushes(number, records // writers, 25))


def furnished(url: str) -> DawdlingStore:
    open_office(url).store.engine.dispose()
    return DawdlingStore(create_engine(url, **engine_options(url)))


@pytest.mark.postgres
def test_eight_writers_and_a_reader_who_misses_nothing(postgres_url: str) -> None:
    """Six thousand shops, in the order of nobody's choosing."""
    assert_nothing_missed(furnished(postgres_url), writers=8, records=6_000)


@pytest.mark.long
@pytest.mark.postgres
def test_a_hundred_thousand_records_and_none_missed(postgres_url: str) -> None:
    """The same for as long as it takes to meet the rarer orders."""
    assert_nothing_missed(furnished(postgres_url), writers=8, records=100_000)


def test_writers_on_one_file_take_turns(tmp_path_factory: pytest.TempPathFactory) -> None:
    """On SQLite there is one writer at a time, and the promise is the same."""
    url = f"sqlite:///{tmp_path_factory.mktemp('numbers') / 'gridward.db'}"
    assert_nothing_missed(furnished(url), writers=3, records=1_200)


def assert_nothing_missed(store: Store, writers: int, records: int) -> None:
    following = follow_while_writing(store, writers, records)
    assert following.missed() == set()
    assert len(following.seen) == records
    assert following.rounds > 10, "the reader did read in between"
    assert_gapless(store, changes_of(writers, records))
    store.engine.dispose()


# -- and what happens otherwise ------------------------------------------------------------------------


class NumbersFirst(FeedStore):
    """Takes numbers as a sequence does: for good, whatever becomes of the transaction."""

    store: "HastyStore"

    def take(self, feed: str, count: int) -> Head:
        with self.store.engine.begin() as connection:
            head = FeedStore(connection, DISTRICT, self._pens).take(feed, count)
        self.store.numbered.set()
        assert self.store.go_on.wait(20)
        return head


class HastyWork(UnitOfWork):
    """Has its numbers before its work is done."""

    store: "HastyStore"

    @cached_property
    def feeds(self) -> FeedStore:
        feeds = NumbersFirst(self.connection, self.district, self.pens)
        feeds.store = self.store
        return feeds


class HastyStore(Store):
    """A store whose writers take numbers first, and wait after that until they are told to go on."""

    def __init__(self, url: str, *, patient: bool) -> None:
        super().__init__(create_engine(url))
        self.numbered, self.go_on = Event(), Event()
        if not patient:
            self.go_on.set()

    def work(self, district: str, *, writing: bool = True) -> UnitOfWork:
        if not writing:
            return super().work(district, writing=False)
        work = HastyWork(self.engine, district, self.known)
        work.store = self
        return work


@pytest.mark.postgres
def test_taking_numbers_first_loses_records(postgres_url: str) -> None:
    """The first writer holds 1, the second commits 2, a reader sees 2 and never asks for 1 again."""
    office = open_office(postgres_url)
    slow, quick = HastyStore(postgres_url, patient=True), HastyStore(postgres_url, patient=False)
    with office.store.work(DISTRICT) as work:
        work.feeds.known([STREET])
        # Noted by whoever writes a shop first; the second would wait here for the first.
        work.rules.note([("shop", TYPES["shop"].rules_mark, lambda: "{}")], NOON)
        work.commit()
    following = Following(office.store)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(receive_mutations, slow, tablet(1), one_shop(1))
        assert slow.numbered.wait(20)
        receive_mutations(quick, tablet(2), one_shop(2))
        assert following.pull() == 1
        slow.go_on.set()
        assert [outcome.outcome for outcome in first.result(20).outcomes] == ["applied"]

    assert following.missed() == {shop_of(1)}
    assert set(following.seen) == {shop_of(2)}
    for store in (office.store, slow, quick):
        store.engine.dispose()


@pytest.mark.postgres
def test_the_same_two_writers_with_numbers_last_lose_nothing(postgres_url: str) -> None:
    """The second waits for the first: whoever has a number commits before anybody has a greater one."""
    office = open_office(postgres_url)
    following = Following(office.store)
    with ThreadPoolExecutor(2) as pool:
        store = DawdlingStore(create_engine(postgres_url))
        both = [pool.submit(receive_mutations, store, tablet(number), one_shop(number)) for number in (1, 2)]
        while not all(one.done() for one in both):
            following.pull()
    assert following.missed() == set()
    office.store.engine.dispose()
    store.engine.dispose()


def one_shop(number: int) -> Push:
    return Push(
        "first", [written(1, "create", shop_of(number), GRID_7, {"name": "店", "category": "retail"})], None, NOON
    )


def shop_of(number: int) -> str:
    return derived_id("only-shop", str(number))
