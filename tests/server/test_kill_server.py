"""
The server is killed at any moment, again and again: what it acknowledged stays, and nothing is there twice.

Two tablets push batch after batch over HTTP and repeat, under the same numbers, whatever got no answer.
"""

import http.client
import random
import time
from dataclasses import dataclass, field
from threading import Event, Thread

import pytest
from msgspec import Raw
from sqlalchemy import select

from schemas import wire
from schemas.ids import derived_id
from schemas.records import Fields
from server.storage.tables import history
from tests.server.office import DISTRICT, Office, RawDevice, open_office
from tests.server.serving import Launcher, Serving


@dataclass
class Door:
    """Where the server can be reached just now, and whether somebody is knocking."""

    server: Serving
    knocked: Event = field(default_factory=Event)

    def post(self, token: str, body: bytes) -> bytes:
        """Send one sync; raises what a network raises."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        self.knocked.set()
        try:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            connection.request("POST", "/v1/sync", body, headers)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        assert response.status in (200, 503), answer
        if response.status == 503:
            raise ConnectionError("busy")
        return answer


@dataclass
class Tablet:
    """A tablet that repeats what got no answer, and remembers what it was told."""

    device: RawDevice
    door: Door
    fields: dict[str, Fields] = field(default_factory=dict)
    acknowledged: dict[int, int | None] = field(default_factory=dict)
    repeated: int = 0

    def work(self, stop: Event) -> None:
        """Push until told to stop, and never leave a batch without its answer."""
        while not stop.is_set():
            self.deliver([self.next_mutation() for _ in range(random.randint(1, 20))])

    def next_mutation(self) -> Raw:
        shops = list(self.fields)
        if shops and random.random() < 0.5:
            shop = random.choice(shops)
            changed: Fields = {"door_no": str(self.device.n), "new": self.device.n}
            self.fields[shop] |= changed
            return Raw(self.device.mutation("patch", "shop", shop, set=changed))
        shop = derived_id("shop", self.device.id, str(len(shops)))
        self.fields[shop] = {"name": f"店{len(shops)}", "category": "retail"}
        return Raw(self.device.mutation("create", "shop", shop, set=self.fields[shop]))

    def deliver(self, batch: list[Raw]) -> None:
        body = wire.encode({"protocol": 1, "install": "first", "limit": 0, "mutations": batch})
        while True:
            try:
                answer = wire.decode_response(self.door.post(self.device.token, body))
            except (OSError, http.client.HTTPException):
                self.repeated += 1
                time.sleep(0.005)
                continue
            for outcome in wire.each(answer.outcomes):
                assert outcome.outcome == "applied"
                self.acknowledged[outcome.n] = outcome.version
            return


@pytest.mark.parametrize("kills", [6, pytest.param(100, marks=pytest.mark.long)])
def test_what_was_acknowledged_survives_every_kill(database_url: str, kills: int) -> None:
    office = open_office(database_url)
    with Launcher(database_url) as launcher:
        door = Door(launcher.start())
        tablets = [Tablet(office.device("li"), door), Tablet(office.device("wang"), door)]
        survive(launcher, door, tablets, kills)
        door.server.kill()

    assert sum(tablet.repeated for tablet in tablets) >= kills // 2, "most kills interrupted somebody"
    for tablet in tablets:
        assert_kept(office, tablet)
    assert_chained(office)
    office.store.engine.dispose()


def survive(launcher: Launcher, door: Door, tablets: list[Tablet], kills: int) -> None:
    """Kill the server and start another, *kills* times, while *tablets* work."""
    stop, failed = Event(), list[BaseException]()

    def work(tablet: Tablet) -> None:
        try:
            tablet.work(stop)
        except BaseException as error:  # noqa: BLE001 # told to the test, which runs in another thread
            failed.append(error)

    threads = [Thread(target=work, args=(tablet,)) for tablet in tablets]
    for thread in threads:
        thread.start()
    for _ in range(kills):
        door.knocked.clear()
        assert failed or door.knocked.wait(20)
        time.sleep(random.random() * 0.05)
        door.server.kill()
        door.server = launcher.start()
    stop.set()
    for thread in threads:
        thread.join()
    assert not failed, failed


def assert_kept(office: Office, tablet: Tablet) -> None:
    """The history holds each of the tablet's numbers once, under the version it was told; the records are its own."""
    h = history.c
    with office.store.engine.connect() as connection:
        rows = connection.execute(select(h.n, h.version).where(h.device == tablet.device.id)).all()
    assert sorted(n for n, _ in rows) == list(range(1, tablet.device.n + 1))
    assert {row.n: row.version for row in rows} == tablet.acknowledged
    with office.store.work(DISTRICT, writing=False) as work:
        records = work.records.get(tablet.fields)
    assert {id_: record.fields for id_, record in records.items()} == tablet.fields


def assert_chained(office: Office) -> None:
    """Every row of the history is linked to the one before."""
    with office.store.work(DISTRICT, writing=False) as work:
        for feed, head in work.feeds.heads().items():
            chain, count = bytes(32), 0
            for entry, link in work.history.entries(feed):
                chain, count = entry.link(chain), count + 1
                assert (entry.version, link) == (count, chain)
            assert count == head
