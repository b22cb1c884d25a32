"""First syncs from a snapshot: resumed, verified, beneath waiting work, and the same in the end as page after page."""

import gzip
import hashlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from schemas import wire
from server.storage.tables import GrantRow, departure
from server.usecases.build_snapshots import build_snapshots
from sync_client import snapshots
from sync_client.client import FieldClient
from sync_client.driver import PLAIN
from sync_client.errors import Unreachable
from sync_client.exchange import Exchange
from sync_client.local_store import Reading
from sync_client.retry import Patience
from sync_client.snapshots import DamagedPart, NoSnapshot, records_in
from sync_client.testing import ROUGH, InProcessTransport
from sync_client.transport import Request, Response
from sync_client.values import Progress
from tests.server.office import DISTRICT, ELSEWHERE, GRID_7, GRID_8, STREET, person_id
from tests.server.test_snapshots import PLACES, furnish
from tests.stories.town import Town, town_at

ROWS = """SELECT id, type, grid, feed, version, born, at_ms, at_counter, by, void, waiting, subject, status, time,
    fields FROM record ORDER BY id"""
Change = Callable[[Response], Response]


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """A town in which a dozen records are worth a snapshot, and parts come in small pieces."""
    monkeypatch.setattr("server.usecases.offer_snapshot.WORTH_IT", 10)
    monkeypatch.setattr("server.usecases.build_snapshots.WORTH_IT", 10)
    monkeypatch.setattr(snapshots, "PIECE", 150)
    with town_at(f"sqlite:///{tmp_path / 'gridward.db'}", tmp_path) as opened:
        yield opened


@dataclass
class Line:
    """
    A line to the office on which parts can be stopped or spoilt.

    Attributes:
        fails_at: The request with this number, counted from 1, gets no answer; 0 for none.
        spoils: What happens to the bytes of a part on their way.
        parts: The bytes of parts that arrived, by address.
    """

    inner: InProcessTransport
    fails_at: int = 0
    spoils: Change | None = None
    requests: list[str] = field(default_factory=list)
    parts: dict[str, int] = field(default_factory=dict)

    def send(self, request: Request) -> Response:
        """Carry *request*, or not."""
        self.requests.append(request.path)
        if len(self.requests) == self.fails_at:
            raise Unreachable("cut")
        answer = self.inner.send(request)
        if answer.headers.get("content-type") == "application/gzip":
            self.parts[request.path] = self.parts.get(request.path, 0) + len(answer.body)
            answer = self.spoils(answer) if self.spoils else answer
        return answer


def tablet_of(town: Town, name: str, **options: Any) -> tuple[FieldClient, Line]:
    """Return a new tablet of somebody, and its line."""
    enrolled = town.tablet(name)
    enrolled.close()
    line = Line(InProcessTransport(town.office.app))
    path = enrolled.path
    town.tablets[name] = FieldClient(path, line, clock=lambda: town.now_ms, sleep=lambda _: None, **options)
    return town.tablets[name], line


def rows(tablet: FieldClient) -> list[Any]:
    return tablet._db.all(ROWS)


def by_pages(town: Town, name: str) -> list[Any]:
    """Return what another tablet of somebody shows that reads page by page."""
    tablet, _ = tablet_of(town, name)
    tablet._store.put_reading(STREET, Reading(_old_cursor(town, tablet), 1, under_way=True))
    tablet.sync()
    return rows(tablet)


def _old_cursor(town: Town, tablet: FieldClient) -> str:
    """Return the cursor of an empty first page, as a client stores it that knows no snapshots."""
    token = tablet._desk.head().token
    body = wire.encode({"protocol": 1, "install": "old"})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = town.office.app.test_client().post("/v1/sync", data=body, headers=headers)
    return wire.decode_response(answer.data).feeds[STREET].cursor


def ready(town: Town, count: int = 40, places: tuple[str, ...] = PLACES) -> list[str]:
    ids = furnish(town.office, count, places)
    assert build_snapshots(town.office.store, town.now_ms)
    return ids


def test_a_first_sync_takes_what_lies_ready(town: Town) -> None:
    """And then the tail; it ends where page after page would have ended."""
    ready(town)
    furnish(town.office, 3, name="新华路")
    qian, line = tablet_of(town, "qian")
    report = qian.sync()
    assert (report.pulled, report.rounds, report.left) == (43, 2, 0)
    assert len(line.parts) == len(PLACES)
    assert rows(qian) == by_pages(town, "qian/2")
    assert not list(town.folder.glob("*-snapshot/*"))


@pytest.mark.parametrize("fails_at", range(1, 20))
def test_a_cut_costs_a_piece(town: Town, fails_at: int) -> None:
    """Wherever the network breaks off, the next sync goes on from the bytes on the disk."""
    ready(town)
    qian, line = tablet_of(town, "qian", patience=Patience(attempts=1))
    line.fails_at = fails_at
    try:
        qian.sync()
    except Unreachable:
        pass
    else:
        assert len(line.requests) < fails_at
    line.fails_at = 0
    qian.sync()
    sizes = {path.rpartition("/")[2]: size for path, size in line.parts.items()}
    with town.office.store.work(DISTRICT, writing=False) as work:
        assert sizes == {part.sha256: part.size for part in work.snapshots.parts(STREET, 40)}
    assert rows(qian) == by_pages(town, "qian/2")


class Killed(Exception):
    """The program was killed."""


def test_it_is_of_use_from_the_first_part_on(town: Town) -> None:
    """Killed behind any part, the tablet shows what it has, and takes no part in twice."""
    ready(town)
    qian, _ = tablet_of(town, "qian")
    seen, pulled = [], 0
    for _ in range(12):
        taken: list[int] = []

        def kill(progress: Progress, taken: list[int] = taken) -> None:
            if progress.state == "PAGE_APPLIED":
                taken.append(progress.report.pulled)
                raise Killed

        try:
            qian.sync(kill)
        except Killed:
            pulled += taken[0]
            seen.append(len(qian.find("street_segment", limit=100)))
        else:
            break
    assert seen[:4] == [10, 20, 30, 40]
    assert pulled == 40
    assert rows(qian) == by_pages(town, "qian/2")


def test_in_any_weather(town: Town) -> None:
    """Lost, cut, damaged, doubled and refused answers: it takes longer, and comes to the same."""
    ready(town, 200)
    expected = None
    for seed in range(6):
        tablet = town.tablet(f"qian/{seed}", seed=seed)
        town.networks[f"qian/{seed}"].weather = ROUGH
        for _ in range(60):
            town.sync(f"qian/{seed}", weather=ROUGH)
        town.sync(f"qian/{seed}")
        expected = expected or rows(tablet)
        assert rows(tablet) == expected
        assert len(expected) == 200


def test_it_may_be_made_anew_while_it_is_read(town: Town) -> None:
    """Once: the parts named are still there. Twice: they are gone, and the feed is read page by page."""
    for builds in (1, 2):
        ready(town)
        name = f"qian/{builds}"
        qian, line = tablet_of(town, name)
        made = iter(range(builds))

        def rebuild(answer: Response, made: Iterator[int] = made) -> Response:
            for _ in made:
                ready(town)
            return answer

        line.spoils = rebuild
        report = qian.sync()
        assert report.problem is None
        assert rows(qian) == by_pages(town, f"qian/{builds}/pages")
        assert ("/v1/sync" in line.requests[-2:]) is True


def test_a_list_made_meanwhile_begins_anew(town: Town) -> None:
    """What an older list named is taken again: records may have left its parts, and nobody would say so."""
    [first, *_] = ready(town)
    qian, line = tablet_of(town, "qian")
    line.fails_at = 9
    with pytest.raises(Unreachable):
        tablet_once(qian)
    assert 0 < qian.status().records < 40
    with town.office.store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM record WHERE id = ?", (first,))
    ready(town)
    qian.sync()
    assert not qian.holds(first)
    assert rows(qian) == by_pages(town, "qian/2")


def tablet_once(tablet: FieldClient) -> None:
    """Sync without trying again."""
    object.__setattr__(tablet._meeting, "patience", replace(tablet._meeting.patience, attempts=1))
    tablet.sync()


def test_a_damaged_part_is_fetched_once_more(town: Town) -> None:
    """Its hash is compared before a row is touched."""
    ready(town)
    qian, line = tablet_of(town, "qian")
    spoilt = iter([True])
    line.spoils = lambda answer: _flipped(answer) if next(spoilt, False) else answer
    assert qian.sync().pulled == 40
    sizes = sorted(line.parts.values())
    with town.office.store.work(DISTRICT, writing=False) as work:
        assert sum(sizes) - sum(part.size for part in work.snapshots.parts(STREET, 40)) in sizes_of(town)
    assert rows(qian) == by_pages(town, "qian/2")


def sizes_of(town: Town) -> set[int]:
    with town.office.store.work(DISTRICT, writing=False) as work:
        return {part.size for part in work.snapshots.parts(STREET, 40)}


def _flipped(answer: Response) -> Response:
    return replace(answer, body=bytes([answer.body[0] ^ 1]) + answer.body[1:])


def test_what_stays_damaged_is_read_page_by_page(town: Town) -> None:
    """Nothing of it is taken in."""
    ready(town)
    qian, line = tablet_of(town, "qian")
    line.spoils = _flipped
    report = qian.sync()
    assert (report.pulled, report.problem) == (40, None)
    assert rows(qian) == by_pages(town, "qian/2")
    assert not list(town.folder.glob("*-snapshot/*"))


def test_a_part_whose_records_cannot_be_read_is_not_taken(town: Town) -> None:
    """Though its hash is right: all of it is undone, and pages are read."""
    ready(town, places=(GRID_7,))
    bad = gzip.compress(b'{"type":"shop"}\n' * 40)
    hashed = hashlib.sha256(bad).hexdigest()
    with town.office.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE snapshot_part SET body = ?, sha256 = ?, size = ?", (bad, hashed, len(bad)))
    qian, line = tablet_of(town, "qian")
    assert qian.sync().pulled == 40
    assert sum(line.parts.values()) == len(bad)


@pytest.mark.parametrize(
    ("feed", "address"),
    [
        ("../../outside", "/v1/snapshots/210902005"),
        (STREET, ".elsewhere.example/v1/snapshots/210902005"),
        (STREET, "@elsewhere.example/"),
        (STREET, ""),
    ],
)
def test_what_leads_elsewhere_is_not_followed(town: Town, feed: str, address: str) -> None:
    """Neither out of the folder of the parts, nor with the token to another server."""
    qian, line = tablet_of(town, "qian")
    found = Exchange(qian._meeting._tablet())._snapshots
    with pytest.raises(NoSnapshot):
        next(found.taking(feed, address, "token"))
    assert line.requests == []


def test_waiting_work_stays_on_top(town: Town) -> None:
    """A snapshot goes beneath it; it is sent, and what is sent is not taken back by an older snapshot."""
    [first, second, *_] = ready(town, places=(GRID_7,))
    li, _ = tablet_of(town, "li")
    li.sync()
    town.pass_time(60)
    li.edit(first, name="解放路")
    li.sync()
    assert li.read(first)["name"] == "解放路"
    li._db.run("UPDATE cursor SET cursor = NULL")
    shown, beneath = [], []

    def watch(progress: Progress) -> None:
        shown.append(li.read(first)["name"])
        if progress.state == "PREPARED" and len(shown) < 3:
            li.edit(second, name="人民街")
        if progress.state == "PAGE_APPLIED":
            beneath.append((li.read(second)["name"], li.read(second).waiting))

    li.sync(watch)
    assert set(shown) == {"解放路"}
    assert beneath[0] == ("人民街", 1)
    assert rows(li) == by_pages(town, "li/2")


def test_what_went_to_another_feed_is_left_there(town: Town) -> None:
    """A part that still holds it does not bring it back."""
    ids = ready(town, places=(GRID_7,))
    gone = {
        "district": DISTRICT, "feed": STREET, "version": 41, "record": ids[4], "grid": GRID_7,
        "to_grid": ELSEWHERE, "to_feed": "210902006", "to_version": 1, "at_ms": town.now_ms,
    }  # fmt: skip
    with town.office.store.work(DISTRICT) as work:
        work.feeds.take(STREET, 1)
        work.commit()
    with town.office.store.engine.begin() as connection:
        connection.execute(insert(departure), gone)
        connection.exec_driver_sql("UPDATE record SET feed = '210902006', grid = ? WHERE id = ?", (ELSEWHERE, ids[4]))
    qian, _ = tablet_of(town, "qian")
    qian.sync()
    assert not qian.holds(ids[4])
    assert qian.status().records == 39


def test_what_left_the_view_since_is_dropped(town: Town) -> None:
    """A record stands in the part of grid 7 and lies in grid 8 by now: the tail says so."""
    ids = ready(town, places=(GRID_7,))
    gone = {
        "district": DISTRICT, "feed": STREET, "version": 41, "record": ids[4], "grid": GRID_7,
        "to_grid": GRID_8, "to_feed": STREET, "to_version": 41, "at_ms": town.now_ms,
    }  # fmt: skip
    with town.office.store.work(DISTRICT) as work:
        work.feeds.take(STREET, 1)
        work.commit()
    with town.office.store.engine.begin() as connection:
        connection.execute(insert(departure), gone)
        connection.exec_driver_sql("UPDATE record SET version = 41, grid = ? WHERE id = ?", (GRID_8, ids[4]))
    li, line = tablet_of(town, "li")
    li.sync()
    assert line.parts
    assert not li.holds(ids[4])
    assert li.status().records == 39
    assert li.verify().repaired == 0


def test_a_view_that_shrank_is_swept(town: Town) -> None:
    """The new reading brings less, and what it did not bring goes when the last page is in, not before."""
    ready(town, places=(GRID_7, GRID_8))
    zhao, _ = tablet_of(town, "zhao")
    zhao.sync()
    assert zhao.status().records == 40
    with town.office.store.engine.begin() as connection:
        connection.execute(update(GrantRow).where(GrantRow.person == person_id("zhao")).values(area=GRID_8))
    assert zhao.sync().left == 20
    assert {row[2] for row in rows(zhao)} == {GRID_8}


def test_what_was_told_comes_with_it(town: Town) -> None:
    """Whoever reads anew hears of the last thirty days, as page by page."""
    li, wang = town.tablet("li"), town.tablet("wang")
    shop = li.create("shop", grid=GRID_7, name="老王修车", category="repair")
    town.sync("li", "wang")
    town.pass_time(60)
    li.edit(shop, name="王记修车行")
    town.pass_time(60)
    wang.edit(shop, name="老王汽修")
    town.sync("li", "wang", "li")
    told = {one.conflict for one in li.conflicts() if not one.n}
    assert told
    ready(town)
    again, line = tablet_of(town, "li/2")
    report = again.sync()
    assert line.parts
    assert report.told == len(told)
    assert {one.conflict for one in again.conflicts()} == told


def test_a_sealed_tablet_keeps_nothing_in_the_clear(town: Town) -> None:
    """It reads page by page, and removes what an earlier download left."""
    ready(town)
    qian, line = tablet_of(town, "qian", driver=replace(PLAIN, sealed=True))
    left = qian.path.with_name(qian.path.name + "-snapshot")
    left.mkdir()
    (left / f"{STREET}-{'0' * 64}.gz").write_bytes(b"secret")
    assert qian.sync().pulled == 40
    assert not line.parts
    assert not left.exists()


def test_no_room_for_parts_is_no_reason_to_stop(town: Town) -> None:
    """Something lies where their folder should be: pages need none."""
    ready(town)
    qian, _ = tablet_of(town, "qian")
    qian.path.with_name(qian.path.name + "-snapshot").write_bytes(b"in the way")
    assert qian.sync().pulled == 40


RECORD = bytes(
    wire.encode(
        {"type": "shop", "id": "i", "grid": GRID_7, "version": 1, "at": [1, 0], "by": "b", "fields": {"name": "n" * 50}}
    )
)


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (gzip.compress(RECORD + b"\n"), 2),
        (gzip.compress((RECORD + b"\n") * 3), 2),
        (gzip.compress(RECORD), 1),
        (gzip.compress(RECORD + b"\n")[:-9], 1),
        (gzip.compress(RECORD + b"\n") + b"more", 1),
        (gzip.compress(RECORD + b"\n") * 2, 2),
        (b"no gzip", 1),
        (b"", 1),
        (b"", 0),
    ],
)
def test_what_is_no_part_is_refused(tmp_path: Path, body: bytes, count: int) -> None:
    """Too few, too many, cut off, with something behind it, or none at all."""
    file = tmp_path / "part.gz"
    file.write_bytes(body)
    with pytest.raises(DamagedPart):
        list(records_in(file, count))


def test_bombs_are_stopped_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that never ends, and more bytes than any grid has: told from a little of them."""
    file = tmp_path / "part.gz"
    monkeypatch.setattr(snapshots, "MOST_LINE", 1 << 20)
    file.write_bytes(gzip.compress(b"x" * (64 << 20)))
    with pytest.raises(DamagedPart, match="lines"):
        list(records_in(file, 1))
    monkeypatch.setattr(snapshots, "MOST_INFLATED", 4 << 20)
    file.write_bytes(gzip.compress((RECORD + b"\n") * 100_000))
    with pytest.raises(DamagedPart, match="size"):
        list(itertools.islice(records_in(file, 100_000), 100_000))
