"""Snapshots: made from a feed at one number, handed out by view, resumable, and never of another history."""

import hashlib
import zlib
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, update

from schemas import wire
from schemas.clock import Stamp
from schemas.ids import uuid7
from schemas.wire import FeedPage, Snapshot
from server.storage.snapshots import KEPT
from server.storage.tables import departure, feed
from server.usecases import offer_snapshot
from server.usecases.begin_epoch import begin_epoch
from server.usecases.build_snapshots import Built, build_snapshots
from server.usecases.serve_feeds import wire_record
from server.values import Origin, Record
from tests.server.office import (
    COMMUNITY,
    DISTRICT,
    ELSEWHERE,
    GRID_7,
    GRID_8,
    STREET,
    Office,
    RawDevice,
    person_id,
)

NOW = 1_595_030_400_000
PLACES = (GRID_7, GRID_8, COMMUNITY, STREET)


@pytest.fixture(autouse=True)
def _small_feeds_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten records are worth a snapshot here."""
    monkeypatch.setattr(offer_snapshot, "WORTH_IT", 10)
    monkeypatch.setattr("server.usecases.build_snapshots.WORTH_IT", 10)


def furnish(office: Office, count: int, places: tuple[str, ...] = PLACES, name: str = "和平路") -> list[str]:
    """Put *count* roads into the street's feed, the places in turn; return their ids."""
    ids = []
    with office.store.work(DISTRICT) as work:
        head = work.feeds.take(STREET, count)
        for number in range(head.seq + 1, head.seq + count + 1):
            ids.append(uuid7(NOW + number, number.to_bytes(10, "big")))
            work.records.write([road(ids[-1], places[number % len(places)], number, f"{name}{number}")])
        work.commit()
    return ids


def road(id_: str, grid: str, number: int, name: str) -> Record:
    stamp = Stamp(NOW + number, 0, "filler")
    by = person_id("qian")
    return Record(
        type="street_segment", id=id_, grid=grid, feed=STREET, fields={"name": name, "kind": "secondary"},
        origin=Origin(stamp, by, 1), at=stamp, by=by, device="filler", rank=1, received_ms=NOW, version=number,
        born=number,
    )  # fmt: skip


def build(office: Office, *, anyway: bool = False) -> list[Built]:
    return build_snapshots(office.store, NOW, anyway=anyway)


def get(device: RawDevice, path: str, **headers: str) -> Any:
    told = {"Authorization": f"Bearer {device.token}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return device.office.app.test_client().get(path, headers=told)


def listed(device: RawDevice) -> Snapshot:
    answer = get(device, f"/v1/snapshots/{STREET}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: Snapshot = msgspec.json.decode(answer.data, type=Snapshot)
    return found


def first_page(device: RawDevice, **parts: Any) -> FeedPage:
    answer = wire.decode_response(device.post({"protocol": 1, "install": device.install, **parts}).data)
    return answer.feeds[STREET]


def records_of(device: RawDevice, snapshot: Snapshot) -> list[dict[str, Any]]:
    found = []
    for part in snapshot.parts:
        body = get(device, f"/v1/snapshots/{STREET}/{part.sha256}").data
        assert (len(body), hashlib.sha256(body).hexdigest()) == (part.size, part.sha256)
        lines = zlib.decompress(body, 31).splitlines()
        assert len(lines) == part.records
        found += [wire.decode_json(line) for line in lines]
    return found


def test_a_first_reading_is_offered_what_lies_ready(office: Office) -> None:
    """The parts and the pages behind them are, byte for byte, what page after page would have brought."""
    furnish(office, 40)
    [built] = build(office)
    furnish(office, 3, name="新华路")
    qian = office.device("qian")
    page = first_page(qian)
    assert (page.snapshot, page.records, page.more, page.fresh) == (f"/v1/snapshots/{STREET}", [], True, True)
    snapshot = listed(qian)
    assert (snapshot.version, len(snapshot.parts)) == (built.version, len(PLACES))
    tail = first_page(qian, cursors={STREET: snapshot.cursor})
    paged = office.device("qian")
    paged.cursors = {STREET: first_page(paged).cursor}
    paged.pull()
    ours = records_of(qian, snapshot) + [wire.decode_json(raw) for raw in tail.records]
    assert sorted(ours, key=lambda r: str(r["id"])) == sorted(paged.shown.values(), key=lambda r: str(r["id"]))
    assert not tail.more
    assert not tail.fresh


def test_a_client_that_knows_no_snapshots_reads_on(office: Office) -> None:
    """It stores the cursor of the empty page, asks for more, and gets page after page."""
    furnish(office, 40)
    build(office)
    old = office.device("qian")
    assert len(old.pull()) == 40


@pytest.mark.parametrize(
    ("who", "grids"),
    [("li", {GRID_7, COMMUNITY, STREET}), ("sun", {GRID_8, COMMUNITY, STREET}), ("zhao", set(PLACES))],
)
def test_everybody_gets_the_parts_he_sees(office: Office, who: str, grids: set[str]) -> None:
    """What stands above a grid is seen from it; its neighbours are not, neither in the list nor by their hash."""
    furnish(office, 40)
    build(office)
    device, everything = office.device(who), listed(office.device("qian"))
    assert {part.grid for part in listed(device).parts} == grids
    for part in everything.parts:
        answer = get(device, f"/v1/snapshots/{STREET}/{part.sha256}")
        assert answer.status_code == (200 if part.grid in grids else 404)


def test_little_is_read_page_by_page(office: Office) -> None:
    """A feed that holds little has no snapshot, and a view that holds little is not offered one."""
    furnish(office, 9)
    assert build(office, anyway=True) == []
    furnish(office, 31, places=(GRID_8,))
    assert build(office)
    li = office.device("li")
    assert first_page(li).snapshot is None
    assert get(li, f"/v1/snapshots/{STREET}").status_code == 404


def test_one_is_made_when_a_tenth_is_new(office: Office) -> None:
    """Not before, unless an operator wants it; never twice of the same."""
    furnish(office, 40)
    assert len(build(office)) == 1
    assert build(office, anyway=True) == []
    furnish(office, 3)
    assert build(office) == []
    assert len(build(office, anyway=True)) == 1
    furnish(office, 5)
    assert len(build(office)) == 1


def test_parts_outlive_the_next_build(office: Office) -> None:
    """Whoever was given the list goes on reading while the next one is made, and no longer than that."""
    furnish(office, 40)
    build(office)
    qian = office.device("qian")
    before = listed(qian)
    for made in range(1, KEPT + 1):
        furnish(office, 40)
        build(office)
        answers = {get(qian, f"/v1/snapshots/{STREET}/{part.sha256}").status_code for part in before.parts}
        assert answers == ({200} if made < KEPT else {404})


def test_what_changes_while_it_is_made_comes_with_the_pages(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The snapshot holds what is numbered up to its version, and what changed meanwhile is in the tail."""
    monkeypatch.setattr("server.usecases.build_snapshots._PAGE", 7)
    [first, *_] = furnish(office, 40, places=(GRID_7,))
    qian = office.device("qian")
    monkeypatch.setattr("server.usecases.build_snapshots.wire_record", _after(3, lambda: _rename(office, first)))
    build(office)
    snapshot = listed(qian)
    tail = first_page(qian, cursors={STREET: snapshot.cursor})
    found = {record["id"]: record for record in records_of(qian, snapshot)}
    found |= {record["id"]: record for record in map(wire.decode_json, tail.records)}
    assert len(found) == 40
    assert found[first]["fields"]["name"] == "解放路"
    assert snapshot.version == 40


def _rename(office: Office, id_: str) -> None:
    with office.store.work(DISTRICT) as work:
        head = work.feeds.take(STREET, 1)
        record = work.records.get([id_])[id_]
        record.fields["name"], record.version = "解放路", head.seq + 1
        work.records.write([record])
        work.commit()


def _after(count: int, happens: Any) -> Any:
    """Return what builds a record, with something happening after so many of them."""
    seen = [0]

    def build_one(row: Any) -> Any:
        seen[0] += 1
        if seen[0] == count:
            happens()
        return wire_record(row)

    return build_one


def test_one_of_an_older_history_is_never_served(office: Office) -> None:
    """Its numbers mean nothing any more; the next build makes a new one and drops it."""
    furnish(office, 40)
    build(office)
    qian = office.device("qian")
    before = listed(qian)
    begin_epoch(office.store, DISTRICT, "restored", NOW)
    assert first_page(qian).snapshot is None
    assert get(qian, f"/v1/snapshots/{STREET}/{before.parts[0].sha256}").status_code == 404
    assert len(build(office)) == 1
    assert first_page(qian).snapshot is not None
    assert listed(qian).version > before.version
    with office.store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM snapshot").scalar() == 1


def test_one_below_the_horizon_is_never_served(office: Office) -> None:
    """Departures up to there are forgotten, so nobody would say what has left since."""
    furnish(office, 40)
    build(office)
    furnish(office, 3)
    with office.store.engine.begin() as connection:
        connection.execute(update(feed).values(horizon=41).where(feed.c.code == STREET))
    assert first_page(office.device("qian")).snapshot is None


def test_what_went_to_another_feed_since_is_named(office: Office) -> None:
    """It stands in a part, but lives elsewhere; named only to whom it was visible."""
    [id_, *_] = furnish(office, 40, places=(GRID_7,))
    build(office)
    gone = {
        "district": DISTRICT, "feed": STREET, "version": 41, "record": id_, "grid": GRID_7,
        "to_grid": ELSEWHERE, "to_feed": "210902006", "to_version": 1, "at_ms": NOW,
    }  # fmt: skip
    with office.store.engine.begin() as connection:
        connection.execute(insert(departure), gone)
    assert listed(office.device("li")).left == [id_]
    assert listed(office.device("zhao")).left == [id_]


SIZE = "size"


@pytest.mark.parametrize(
    ("asked", "status", "begin", "length"),
    [
        ({}, 200, 0, SIZE),
        ({"Range": "bytes=0-9"}, 206, 0, 10),
        ({"Range": "bytes=10-10"}, 206, 10, 1),
        ({"Range": "bytes=-5"}, 206, -5, 5),
        ({"Range": "bytes=20-99999999"}, 206, 20, None),
        ({"Range": "bytes=20-"}, 206, 20, None),
        ({"Range": "bytes=99999999-"}, 416, 0, None),
        ({"Range": "bytes=99999999999999999999999-"}, 416, 0, None),
        ({"Range": "bytes=9-3"}, 200, 0, SIZE),
        ({"Range": "bytes=0-1,4-5"}, 200, 0, SIZE),
        ({"Range": "lines=0-1"}, 200, 0, SIZE),
        ({"Range": "nonsense"}, 200, 0, SIZE),
        ({"Range": "bytes=0-9", "If_Range": '"tag"'}, 206, 0, 10),
        ({"Range": "bytes=0-9", "If_Range": 'W/"tag"'}, 200, 0, SIZE),
        ({"Range": "bytes=0-9", "If_Range": '"another"'}, 200, 0, SIZE),
        ({"Range": "bytes=0-9", "If_Range": "Wed, 21 Oct 2015 07:28:00 GMT"}, 200, 0, SIZE),
        ({"If_None_Match": '"tag"'}, 304, 0, None),
        ({"If_None_Match": '"another"'}, 200, 0, SIZE),
    ],
)
def test_bytes_are_served_by_range(
    office: Office, asked: dict[str, str], status: int, begin: int, length: int | str | None
) -> None:
    """As RFC 9110 has it: what is no single range of bytes is answered by the whole part."""
    furnish(office, 40, places=(GRID_7,))
    build(office)
    li = office.device("li")
    [part] = listed(li).parts
    path = f"/v1/snapshots/{STREET}/{part.sha256}"
    whole = get(li, path).data
    answer = get(li, path, **{name: value.replace("tag", part.sha256) for name, value in asked.items()})
    assert answer.status_code == status
    if status == 416:
        assert answer.headers["Content-Range"] == f"bytes */{part.size}"
        assert wire.decode_json(answer.data)["code"] == "range_not_satisfiable"
        return
    assert answer.headers["ETag"] == f'"{part.sha256}"'
    wanted = b"" if status == 304 else whole[begin:] if length in (None, SIZE) else whole[begin:][: int(length or 0)]
    assert answer.data == wanted
    if status == 206:
        start = begin % part.size
        assert answer.headers["Content-Range"] == f"bytes {start}-{start + len(wanted) - 1}/{part.size}"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "210902005x",
        "21090",
        "999999999",
        "210902005/abc",
        "210902005/" + "0" * 64,
        "210902005/" + "Z" * 64,
        "..%2f",
    ],
)
def test_what_is_not_there_is_a_plain_no(office: Office, path: str) -> None:
    """Whatever is asked for."""
    furnish(office, 40)
    build(office)
    answer = get(office.device("li"), f"/v1/snapshots/{path}")
    assert (answer.status_code, wire.decode_json(answer.data)["code"]) == (404, "not_found")


def test_strangers_get_nothing(office: Office) -> None:
    """Neither without a token nor with one that was taken away."""
    furnish(office, 40)
    build(office)
    li = office.device("li")
    path = f"/v1/snapshots/{STREET}/{listed(li).parts[0].sha256}"
    office.revoke(li)
    assert get(li, path).status_code == 403
    assert office.app.test_client().get(path).status_code == 401
