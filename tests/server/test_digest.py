"""Digests: what a view boils down to, at the number that a cursor names, and exactly what differs."""

import hashlib
import json
import time
from typing import Any

import msgspec
import pytest

from schemas import digests, wire
from schemas.digests import FeedDigest, Repair, Summary
from server.api.digest import MOST_A_MINUTE
from server.core.views import view_of
from server.usecases.serve_feeds import Reader
from tests.benchmarks.reading import fill
from tests.server.office import COMMUNITY, DISTRICT, GRID_7, GRID_8, STREET, Office, RawDevice
from tests.server.test_snapshots import furnish


def ask(device: RawDevice, cursor: str | None = None, feed: str = STREET) -> Any:
    query = {"feed": feed, "cursor": cursor or device.cursors[STREET]}
    headers = {"Authorization": f"Bearer {device.token}"}
    return device.office.app.test_client().get("/v1/digest", query_string=query, headers=headers)


def digest(device: RawDevice, cursor: str | None = None) -> FeedDigest:
    answer = ask(device, cursor)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: FeedDigest = msgspec.json.decode(answer.data, type=FeedDigest)
    return found


def post(device: RawDevice, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {device.token}", "Content-Type": "application/json"}
    data = body if isinstance(body, bytes) else wire.encode(body)
    return device.office.app.test_client().post("/v1/digest", data=data, headers=headers)


def repair(device: RawDevice, told: FeedDigest, held: dict[str, bytes]) -> Repair:
    asked = {
        "feed": STREET, "cursor": device.cursors[STREET], "buckets": told.buckets,
        "differing": list(range(told.buckets)), "records": {id_: raw.hex() for id_, raw in held.items()},
    }  # fmt: skip
    answer = post(device, asked)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: Repair = msgspec.json.decode(answer.data, type=Repair)
    return found


def held_by(device: RawDevice) -> dict[str, bytes]:
    """Return the digests of what a device shows, computed by hand from the records as they came down."""
    found = {}
    for id_, record in device.shown.items():
        born, void = record.get("born") or record["version"], record.get("void", False)
        head = (id_, record["type"], record["grid"], record["version"], born, void, *record["at"], record["by"])
        found[id_] = digests.digest_of(head, wire.canonical(record["fields"]))
    return found


def sums(held: dict[str, bytes], buckets: int) -> str:
    summary = Summary()
    for id_, raw in held.items():
        summary.add(id_, raw)
    return summary.text(buckets)


@pytest.mark.parametrize(("who", "count"), [("li", 30), ("sun", 30), ("qian", 40), ("chen", 40)])
def test_both_sides_compute_the_same(office: Office, who: str, count: int) -> None:
    """From the records as they came down, each by its own view."""
    furnish(office, 40, places=(GRID_7, GRID_8, COMMUNITY, STREET))
    device = office.device(who)
    device.pull()
    told = digest(device)
    assert (told.count, told.behind, told.epoch) == (count, False, "first")
    assert told.sums == sums(held_by(device), told.buckets)


def test_edits_are_in_it(office: Office) -> None:
    """Born earlier than its version, changed by another, voided: all that travels of a record counts."""
    li, wang = office.device("li"), office.device("wang")
    shop = "0197f3a0-0000-7000-8000-0000000000a1"
    li.push(li.mutation("create", "shop", shop, set={"name": "老王修车", "category": "repair"}))
    wang.pull()
    wang.push(wang.mutation("patch", "shop", shop, base=1, set={"door_no": "17"}))
    li.pull()
    before = digest(li)
    assert before.sums == sums(held_by(li), before.buckets)
    qian = office.device("qian")
    qian.pull()
    [outcome] = qian.push(qian.mutation("void", "shop", shop, base=2))
    assert outcome.outcome in ("applied", "merged")
    assert digest(li).behind
    li.pull()
    after = digest(li)
    assert after.sums == sums(held_by(li), after.buckets) != before.sums


def test_who_has_not_read_all_is_told_to(office: Office) -> None:
    """A digest belongs to one number: behind it, under another view or half-way through, there is none."""
    furnish(office, 40, places=(GRID_7,))
    li, zhao = office.device("li"), office.device("zhao")
    answer = wire.decode_response(li.post({"protocol": 1, "install": "first", "limit": 5}).data)
    assert digest(li, answer.feeds[STREET].cursor).behind
    li.pull()
    zhao.pull()
    assert not digest(li).behind
    furnish(office, 1)
    assert digest(li) == FeedDigest(STREET, "first", behind=True)
    assert repair(li, FeedDigest(STREET, "first", buckets=16), {}) == Repair(STREET, "first", behind=True)
    assert ask(li, zhao.cursors[STREET]).status_code == 400
    assert ask(li, "AAAA").status_code == 400


def test_a_change_while_it_is_computed_makes_it_none(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read would belong to no number at all."""
    furnish(office, 40, places=(GRID_7,))
    li = office.device("li")
    li.pull()
    told = digest(li)
    happened: list[object] = []

    def while_computing(*args: Any) -> bytes:
        if not happened:
            happened.append(furnish(office, 1))
        return digests.digest_of(*args)

    monkeypatch.setattr("server.usecases.digest.digest_of", while_computing)
    assert digest(li).behind
    li.pull()
    happened.clear()
    assert repair(li, told, {}).behind


def test_exactly_what_differs_is_brought(office: Office) -> None:
    """Changed and missing records come, surplus ones are named, all others stay where they are."""
    ids = furnish(office, 40, places=(GRID_7,))
    li = office.device("li")
    li.pull()
    held = held_by(li)
    assert repair(li, digest(li), held) == Repair(STREET, "first")
    stranger = "0197f3a0-0000-7000-8000-0000000000ff"
    held[ids[3]] = b"12345678"
    del held[ids[5]]
    held[stranger] = b"12345678"
    told = repair(li, digest(li), held)
    assert [wire.decode_json(raw)["id"] for raw in told.records] == [ids[3], ids[5]]
    assert [wire.decode_json(raw) for raw in told.records] == [li.shown[ids[3]], li.shown[ids[5]]]
    assert (told.gone, told.more) == ([stranger], False)


def test_only_the_buckets_named_are_looked_at(office: Office) -> None:
    """A record outside them is neither brought nor missed."""
    ids = furnish(office, 40, places=(GRID_7,))
    li = office.device("li")
    li.pull()
    [bucket] = {digests.bucket_of(ids[0], 16)}
    asked = {"feed": STREET, "cursor": li.cursors[STREET], "buckets": 16, "differing": [bucket], "records": {}}
    asked["records"] = {ids[1]: "0" * 16} if digests.bucket_of(ids[1], 16) != bucket else {}
    told = msgspec.json.decode(post(li, asked).data, type=Repair)
    brought = {wire.decode_json(raw)["id"] for raw in told.records}
    assert brought == {id_ for id_ in ids if digests.bucket_of(id_, 16) == bucket}
    assert told.gone == []


def test_a_view_is_never_left(office: Office) -> None:
    """Naming others' records brings none of them: they are simply not there."""
    ids = furnish(office, 40, places=(GRID_7, GRID_8))
    li = office.device("li")
    li.pull()
    told = repair(li, digest(li), dict.fromkeys(ids, b"12345678"))
    assert {wire.decode_json(raw)["grid"] for raw in told.records} == {GRID_7}
    assert len(told.gone) == 20


def test_much_comes_in_several_answers(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """As much as a page holds; the device asks again with what it has by then."""
    ids = furnish(office, 40, places=(GRID_7,))
    monkeypatch.setattr(wire, "MAX_PAGE_RECORDS", 15)
    li = office.device("li")
    li.pull()
    held: dict[str, bytes] = {}
    rounds = 0
    while True:
        told = repair(li, digest(li), held)
        rounds += 1
        held |= {wire.decode_json(raw)["id"]: held_by(li)[wire.decode_json(raw)["id"]] for raw in told.records}
        if not told.more:
            break
    assert (rounds, set(held)) == (3, set(ids))


def test_nobody_may_ask_without_end(office: Office) -> None:
    """So many a minute for each device and feed; the answer says how long to wait."""
    furnish(office, 40, places=(GRID_7,))
    li, wang = office.device("li"), office.device("wang")
    li.pull()
    wang.pull()
    assert {ask(li).status_code for _ in range(MOST_A_MINUTE)} == {200}
    refused = ask(li)
    assert (refused.status_code, wire.decode_json(refused.data)["code"]) == (429, "too_many_attempts")
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert post(li, {"feed": STREET, "cursor": "x", "buckets": 16, "differing": [], "records": {}}).status_code == 429
    assert ask(wang).status_code == 200


GOOD: dict[str, Any] = {"feed": STREET, "cursor": "x", "buckets": 16, "differing": [1], "records": {}}


@pytest.mark.parametrize(
    "change",
    [
        {"feed": None}, {"feed": "abc"}, {"cursor": 7}, {"cursor": "x" * 401}, {"buckets": 0}, {"buckets": 17},
        {"buckets": 8192}, {"differing": [4096]}, {"differing": [-1]}, {"differing": list(range(4096)) * 2},
        {"records": []}, {"records": {"x": "0" * 16}}, {"records": {"-" * 36: "0" * 16}},
        {"records": {"0197f3a0-0000-7000-8000-0000000000ff": "XY"}},
        {"records": {f"0197f3a0-0000-7000-8000-{n:012x}": "0" * 16 for n in range(digests.MOST_NAMED + 1)}},
        {"cursor": "\ud800"},
    ],
)  # fmt: skip
def test_what_is_out_of_shape_is_refused(office: Office, change: dict[str, Any]) -> None:
    """Told what is wrong; never a broken server."""
    li = office.device("li")
    body = json.dumps({key: value for key, value in (GOOD | change).items() if value is not None}).encode()
    answer = post(li, body)
    assert (answer.status_code, wire.decode_json(answer.data)["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_request_is_refused(office: Office, body: bytes) -> None:
    """Told so; never a broken server."""
    assert post(office.device("li"), body).status_code == 400


@pytest.mark.parametrize("query", ["", "feed=1", "feed=210902005", "cursor=x", "feed=210902005&cursor=x&more=1"])
def test_a_question_out_of_shape_is_refused(office: Office, query: str) -> None:
    """Each parameter by its name."""
    li = office.device("li")
    headers = {"Authorization": f"Bearer {li.token}"}
    answer = li.office.app.test_client().get(f"/v1/digest?{query}", headers=headers)
    assert (answer.status_code, wire.decode_json(answer.data)["code"]) == (400, "invalid_request")


def test_ten_thousand_records_take_a_fifth_of_a_second(office: Office) -> None:
    """Of this process's own time, so that whoever else uses the machine does not count."""
    fill(office.store, 10_000)
    qian = office.device("qian")
    qian.cursors = {STREET: cursor_at(qian, 10_000)}
    best = min(_cpu_s(lambda: digest(qian)) for _ in range(5))
    assert digest(qian).count == 10_000
    assert best <= 0.2


def cursor_at(device: RawDevice, version: int) -> str:
    """Return the cursor that says a device has read a feed up to *version*, made by the server's own hand."""
    with device.office.store.work(DISTRICT, writing=False) as work:
        known = work.devices.by_token(hashlib.sha256(device.token.encode()).digest())
    assert known is not None
    return Reader(known, view_of(known.people.values(), 1), 1).seal(STREET, version, whole=False)


def _cpu_s(action: Any) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start
