"""Sixty tablets come back on line in the same moment 重连风暴: some are sent away, and everything arrives once."""

import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from server.api.doorkeeper import Doorkeeper
from server.storage.people import Account
from server.storage.tables import history
from server.usecases.enrol_device import offer_code
from sync_client.client import FieldClient
from sync_client.errors import SyncError
from sync_client.testing import InProcessTransport
from sync_client.transport import Request, Response, Transport
from tests.server.office import DISTRICT, GRID_7, PEOPLE, Office, open_office, person_id

TABLETS, CHECKS = 60, 3
#: One second of the story's waiting in real time: nobody has to wait for a real one.
HASTE = 0.02


@dataclass
class Line:
    """A tablet's line to the server, and what it was told."""

    inner: Transport
    statuses: list[int] = field(default_factory=list)
    moments: list[int] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        """Carry *request*, and note when to come again."""
        answer = self.inner.send(request)
        self.statuses.append(answer.status)
        if answer.status == 503:
            self.moments.append(int(answer.headers["retry-after"]))
        return answer


@dataclass
class Crowd:
    """Tablets of Li's colleagues, each with its line, and what went wrong with them."""

    tablets: list[FieldClient] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    syncs: int = 0


def gather(office: Office, folder: Path) -> Crowd:
    """Enrol everybody, and let each record what will wait."""
    crowd = Crowd()
    for number in range(TABLETS):
        line = Line(InProcessTransport(office.app))
        tablet = FieldClient(
            folder / f"{number}.db",
            line,
            randomness=random.Random(number).randbytes,
            sleep=lambda seconds: time.sleep(seconds * HASTE),
        )
        account = Account(person_id("li"), PEOPLE["li"][0])
        tablet.enrol(offer_code(office.store, DISTRICT, account, time.time_ns() // 1_000_000), f"平板{number}")
        with tablet.batch():
            for check in range(CHECKS):
                tablet.create("shop", grid=GRID_7, name=f"{number}号店{check}", category="repair")
        crowd.tablets.append(tablet)
        crowd.lines.append(line)
    return crowd


def come_back(crowd: Crowd) -> None:
    """Let all of them sync in the same moment, and again for as long as one is told to."""
    ready = threading.Barrier(TABLETS)

    def sync(tablet: FieldClient) -> None:
        ready.wait()
        for _ in range(50):
            crowd.syncs += 1
            try:
                tablet.sync()
                return
            except SyncError as error:
                time.sleep((error.report.next_sync_after_s if error.report else 1) * HASTE)

    threads = [threading.Thread(target=sync, args=(tablet,)) for tablet in crowd.tablets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_all_come_at_once_and_all_get_through(database_url: str, tmp_path: Path) -> None:
    """Two at work, six waiting: the rest come again, each at his moment; nothing lost, nothing twice."""
    office = open_office(database_url)
    crowd = gather(office, tmp_path)
    door = Doorkeeper(2, 6)
    office.app.extensions["gridward.door"] = door
    come_back(crowd)

    with office.store.engine.connect() as connection:
        h = history.c
        rows = connection.execute(select(func.count(), func.count(h.record.distinct())).where(h.n > 0)).one()
    assert tuple(rows) == (TABLETS * CHECKS, TABLETS * CHECKS)
    assert [tablet.status().waiting for tablet in crowd.tablets] == [0] * TABLETS
    assert door.figures.most_working <= 2
    assert door.figures.most_waiting <= 6
    told = [status for line in crowd.lines for status in line.statuses]
    assert set(told) == {200, 503}
    assert told.count(503) == door.figures.sent_away
    moments = [moment for line in crowd.lines for moment in line.moments]
    assert len(set(moments)) > 2
    for tablet in crowd.tablets[::10]:
        tablet.sync()
        assert len(tablet.find("shop", limit=500)) == TABLETS * CHECKS
    for tablet in crowd.tablets:
        tablet.close()
    office.store.engine.dispose()
