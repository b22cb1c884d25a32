"""Which device was last heard of when, what of it is not here, and who may know: the device ledger."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import insert

from schemas.ids import derived_id
from schemas.roles import Role
from schemas.wire import Outcome, Report, Waits
from server.core.device_ledger import Facts, areas_of, flags_of, missing_numbers, sentence, stale_hours
from server.storage.photo_tables import photo
from server.storage.settings import Word
from server.usecases.know_devices import NotSynced, Unsent, not_synced_today, unsent_people
from server.usecases.note_contacts import flush_contacts, left_of
from server.values import Grant
from tests.server.clerks import DAY, HOUR, MINUTE, MORNING, Clock, good
from tests.server.office import (
    DISTRICT,
    ELSEWHERE,
    GRID_7,
    GRID_8,
    STREET,
    Office,
    RawDevice,
    open_office,
    person_id,
)
from tests.server.test_sync_stories import new_shop

NOON = MORNING + 4 * HOUR
TODAY = "2020-07-18"
GOOD = Facts(MORNING, last_ms=NOON, free_mb=20_000)


# -- in words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("facts", "flags", "zh", "en"), [
    (GOOD, [], "平板17：全部收到；1分钟前联系过", "平板17: everything received; last heard of 1 minute ago"),
    (replace(GOOD, waiting=42, photos_waiting=9, oldest_ms=NOON - 3 * DAY), ["unsent"],
     "平板17：42条记录、9张照片尚未收到，最早的已3天；1分钟前联系过",
     "平板17: 42 records, 9 photos not yet received, oldest 3 days; last heard of 1 minute ago"),
    (replace(GOOD, waiting=1), ["unsent"], "平板17：1条记录尚未收到；1分钟前联系过",
     "平板17: 1 record not yet received; last heard of 1 minute ago"),
    (replace(GOOD, waiting=2, held=2), ["held"], "平板17：全部收到；2条已收到、在等其他记录；1分钟前联系过",
     "平板17: everything received; 2 here and waiting for other records; last heard of 1 minute ago"),
    (replace(GOOD, ahead_ms=7 * MINUTE), ["clock"], "平板17：全部收到；时钟快7分钟；1分钟前联系过",
     "平板17: everything received; clock 7 minutes ahead; last heard of 1 minute ago"),
    (replace(GOOD, ahead_ms=-2 * HOUR), ["clock"], "平板17：全部收到；时钟慢2小时；1分钟前联系过",
     "平板17: everything received; clock 2 hours behind; last heard of 1 minute ago"),
    (replace(GOOD, ahead_ms=5 * MINUTE), [], "平板17：全部收到；1分钟前联系过",
     "平板17: everything received; last heard of 1 minute ago"),
    (replace(GOOD, free_mb=256), ["space"], "平板17：全部收到；剩余空间 256 MB；1分钟前联系过",
     "平板17: everything received; 256 MB free; last heard of 1 minute ago"),
    (replace(GOOD, last_ms=NOON - DAY), ["stale"], "平板17：全部收到；1天前联系过",
     "平板17: everything received; last heard of 1 day ago"),
    (replace(GOOD, last_ms=NOON - DAY, revoked_ms=NOON), ["revoked"], "平板17：全部收到；已停用；1天前联系过",
     "平板17: everything received; revoked; last heard of 1 day ago"),
    (Facts(NOON - DAY), ["never", "stale"], "平板17：全部收到；登记后从未同步",
     "平板17: everything received; never synced"),
    (replace(GOOD, set_back=True), ["set_back"], "平板17：全部收到；平板退回旧状态；1分钟前联系过",
     "平板17: everything received; put back to an older state; last heard of 1 minute ago"),
])  # fmt: skip
def test_a_device_in_one_sentence(facts: Facts, flags: list[str], zh: str, en: str) -> None:
    assert flags_of(facts, NOON) == flags
    assert sentence("平板17", facts, NOON) == (zh, en)


def test_a_district_says_when_a_device_is_stale() -> None:
    """What is no number of hours is passed over."""
    assert [stale_hours(said) for said in (None, 48, 1, 0, -1, True, "48", 721)] == [24, 48, 1, 24, 24, 24, 24, 24]
    late = replace(GOOD, last_ms=NOON - 25 * HOUR)
    assert ("stale" in flags_of(late, NOON), "stale" in flags_of(late, NOON, 48)) == (True, False)


@given(st.sets(st.integers(1, 40)), st.integers(0, 40), st.integers(0, 30))
def test_every_number_is_here_or_named_as_missing(filed: set[int], last: int, after: int) -> None:
    gaps = missing_numbers(last, filed, after)
    named = [n for first, until in gaps for n in range(first, until + 1)]
    assert named == [n for n in range(after + 1, last + 1) if n not in filed]
    assert all(until + 1 < first for (_, until), (first, _) in pairwise(gaps))


def test_a_device_is_where_its_people_are_or_were() -> None:
    """Whoever went left his tablet, and his work on it, with the street he went from."""
    worked, works = Grant(Role.GRID_WORKER, GRID_7, 0, NOON), Grant(Role.GRID_WORKER, ELSEWHERE, NOON, None)
    assert areas_of([worked, works], DISTRICT, MORNING) == (GRID_7,)
    assert areas_of([worked, works], DISTRICT, NOON) == (ELSEWHERE,)
    assert areas_of([worked], DISTRICT, NOON) == (GRID_7,)
    assert areas_of([], DISTRICT, NOON) == (DISTRICT,)


def test_what_is_answered_waits_no_longer() -> None:
    """A tablet counts before it knows; whose mutation it was is known only where it can be read."""
    report = Report(waiting=5, photos_waiting=1, oldest_waiting_at="2020-07-18T08:00:00+00:00",
                    by={"li": Waits(3, 1), "wang": Waits(2, 0)})  # fmt: skip
    pushed = [b'{"n":1,"by":"li"}', b'{"n":2,"by":"li"}', b'{"n":3,"by":"wang"}', b'{"n":4,', b"[" * 3000]
    left = left_of(report, pushed, [Outcome(1, "applied", count=2), Outcome(3, "held"), Outcome(4, "rejected")])
    assert left == Report(waiting=2, photos_waiting=1, oldest_waiting_at="2020-07-18T08:00:00+00:00",
                          by={"li": Waits(1, 1), "wang": Waits(2, 0)})  # fmt: skip
    assert left_of(report, pushed, []) is report
    done = left_of(Report(waiting=1, oldest_waiting_at="2020-07-18T08:00:00+00:00"), [], [Outcome(1, "noop")])
    assert done == Report()
    assert left_of(None, pushed, [Outcome(1, "applied")]) is None


# -- at the office ----------------------------------------------------------------------------------


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(database_url: str, clock: Clock) -> Iterator[Office]:
    opened = open_office(database_url, clock)
    yield opened
    opened.store.engine.dispose()


def told(device: RawDevice, waiting: int = 0, photos: int = 0, **parts: Any) -> Any:
    """Let a device sync and report; its clock is right unless *parts* say otherwise."""
    inner = {"waiting": waiting, "photos_waiting": photos} | parts.pop("report", {})
    right = {"protocol": 1, "install": device.install, "cursors": device.cursors, "now": MORNING, "report": inner}
    answer = device.post(right | parts)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer


def ask(device: RawDevice, path: str = "") -> Any:
    """Ask for *path* below the ledger's address and return the raw response."""
    headers = {"Authorization": f"Bearer {device.token}"}
    return device.office.app.test_client().get(f"/v1/devices{path}", headers=headers)


def seen(device: RawDevice, asked: str = "") -> dict[str, Any]:
    """Return the devices of the list, by id."""
    return {one["id"]: one for one in good(ask(device, asked))["devices"]}


def test_the_list_shows_what_this_process_has_only_heard(office: Office) -> None:
    """And the same once it is written down, with nothing written by looking."""
    li, qian = office.device("li"), office.device("qian")
    told(li, 3, 2, last=3, report={"app": "gridward 9", "free_mb": 256, "clock_offset_s": -420})
    before = seen(qian)[li.id]
    assert {name: before[name] for name in ("records", "photos", "app", "free_mb", "clock_s", "flags")} == {
        "records": 3, "photos": 2, "app": "gridward 9", "free_mb": 256, "clock_s": 420,
        "flags": ["unsent", "clock", "space"],
    }  # fmt: skip
    assert (before["last_at"], before["last_ago_s"]) == ("2020-07-18T08:00:00+08:00", 0)
    flush_contacts(office.store)
    assert seen(qian)[li.id] == before


def test_a_contact_over_one_written_down_keeps_what_it_does_not_say(office: Office, clock: Clock) -> None:
    """The idle sync that follows has no report: the one before stands."""
    li, qian = office.device("li"), office.device("qian")
    told(li, 3, last=3)
    flush_contacts(office.store)
    clock.ms += HOUR
    li.push(now=clock.ms)
    for _ in range(2):
        listed = seen(qian)[li.id]
        assert (listed["records"], listed["missing"], listed["last_at"]) == (3, 3, "2020-07-18T09:00:00+08:00")
        flush_contacts(office.store)


def test_a_clock_is_measured_where_nothing_is_said_of_it(office: Office) -> None:
    li, qian = office.device("li"), office.device("qian")
    told(li, now=MORNING + 6 * MINUTE)
    assert (seen(qian)[li.id]["clock_s"], seen(qian)[li.id]["flags"]) == (360, ["clock"])


def test_whoever_delivered_everything_stands_with_nothing(office: Office) -> None:
    """Though the report that came with it counted it."""
    li, qian = office.device("li"), office.device("qian")
    made = [li.mutation("create", "shop", derived_id("record", str(i)), set=new_shop()) for i in range(3)]
    li.push(*made, now=li.clock_ms, last=3, report={"waiting": 3, "oldest_waiting_at": "2020-07-18T07:00:00+08:00"})
    listed = seen(qian)[li.id]
    assert (listed["records"], listed["missing"], listed["oldest_at"]) == (0, 0, None)
    assert "unsent" not in listed["flags"]


def test_missing_and_waiting_numbers_are_named(office: Office) -> None:
    """Two on the tablet yet, one here that waits for a shop nobody sent, one to come again later."""
    li, qian = office.device("li"), office.device("qian")
    shops = [derived_id("record", str(i)) for i in range(6)]
    first = li.mutation("create", "shop", shops[0], set=new_shop())
    waits = li.mutation("patch", "shop", shops[5], base=0, set={"name": "王记修车行"})
    li.n += 2
    fifth = li.mutation("create", "shop", shops[1], set=new_shop())
    li.push(first, waits, fifth, now=li.clock_ms, last=8)
    told = good(ask(qian, f"/{li.id}"))
    assert (told["settled"], told["last_n"], told["install"]) == (5, 8, "first")
    assert told["missing"] == [{"first": 3, "last": 4}, {"first": 6, "last": 8}]
    assert told["held"] == [2]
    assert (told["device"]["missing"], told["device"]["records"], told["device"]["held"]) == (5, 5, 1)
    assert told["device"]["zh"].startswith("平板0：5条记录尚未收到；1条已收到、在等其他记录")


def test_a_tablet_put_back_is_seen(office: Office) -> None:
    """Its journal ends before what the office has of it."""
    li, qian = office.device("li"), office.device("qian")
    made = [li.mutation("create", "shop", derived_id("record", str(i)), set=new_shop()) for i in range(3)]
    li.push(*made, now=li.clock_ms, last=3)
    told(li, last=1)
    assert seen(qian)[li.id]["flags"] == ["set_back"]


def test_photos_whose_records_came_without_them(office: Office) -> None:
    """Nothing of one, the copy of another, all of a third; a fourth was taken off again."""
    li, qian = office.device("li"), office.device("qian")
    shop = derived_id("record", "shop")
    photos = [{"sha256": letter * 64, "role": "overview"} for letter in "abcd"]
    photos[1]["copy"] = "e" * 64
    made = li.mutation("create", "shop", shop, set=new_shop(), add={"photos": photos})
    [outcome] = li.push(made)
    assert outcome.outcome == "applied", outcome
    li.push(li.mutation("patch", "shop", shop, base=outcome.version, remove={"photos": ["d" * 64]}))
    planned = {"district": DISTRICT, "size": 1, "device": li.id}
    rows = (("b", "b", "expected", 7), ("c", "c", "verified", 8), ("e", "b", "verified", 6))
    with office.store.engine.begin() as connection:
        for sha256, of, state, hours in rows:
            own = {"sha256": sha256 * 64, "of": of * 64, "state": state, "planned_ms": MORNING - hours * HOUR}
            connection.execute(insert(photo), planned | own)
    told(li)
    shown = good(ask(qian, f"/{li.id}"))
    assert (shown["photos_absent"], shown["originals_absent"]) == (1, 1)
    listed = shown["device"]
    assert (listed["photos_expected"], listed["photos"]) == (1, 1)
    assert listed["oldest_at"] == "2020-07-18T01:00:00+08:00"


@pytest.mark.parametrize(("who", "expected"), [
    ("wang", {"wang"}), ("feng", {"feng", "li", "wang"}), ("zhao", {"li", "wang", "sun", "feng", "zhao"}),
    ("qian", {"li", "wang", "sun", "feng", "zhao", "qian"}),
    ("chen", {"li", "wang", "sun", "feng", "zhao", "qian", "chen", "zhou", "wu", "ma"}),
    ("wu", {"li", "wang", "sun", "feng", "zhao", "qian", "chen", "zhou", "wu", "ma"}), ("zhou", {"zhou"}),
])  # fmt: skip
def test_who_sees_whose_device(office: Office, who: str, expected: set[str]) -> None:
    """Offices those of their area, operations all, everybody else his own."""
    office.posted("dong", ELSEWHERE)
    devices = {
        name: office.device(name) for name in ("li", "wang", "sun", "feng", "zhao", "qian", "chen", "zhou", "wu")
    }
    devices["ma"] = office.device("dong")
    names = {device.id: name for name, device in devices.items()}
    assert {names[id_] for id_ in seen(devices[who])} == expected
    for name, device in devices.items():
        assert ask(devices[who], f"/{device.id}").status_code == (200 if name in expected else 404)


def test_filters_pages_and_totals(office: Office, clock: Clock) -> None:
    """What needs somebody first: silent with work on it, silent, the others, and revoked ones last."""
    silent, quiet, busy, fine, gone = (office.device(name) for name in ("li", "wang", "li", "sun", "li"))
    told(silent, 4, 1)
    told(quiet)
    flush_contacts(office.store)
    clock.ms += 25 * HOUR
    told(busy, 2, now=clock.ms)
    told(fine, now=clock.ms)
    office.revoke(gone)
    qian = office.device("qian")
    told(qian, now=clock.ms)
    everybody = [silent.id, quiet.id, busy.id]
    page = good(ask(qian, "?limit=3"))
    assert [one["id"] for one in page["devices"]] == everybody
    assert page["totals"] == {"devices": 6, "stale": 2, "unsent": 2, "records": 6, "photos": 1}
    rest = good(ask(qian, f"?limit=3&after={page['after']}"))
    assert {one["id"] for one in rest["devices"]} == {fine.id, qian.id, gone.id}
    assert rest["devices"][-1]["id"] == gone.id
    assert rest["after"] is None
    assert list(seen(qian, "?stale=yes")) == [silent.id, quiet.id]
    assert set(seen(qian, "?stale=yes&unsent=yes")) == {silent.id}
    assert set(seen(qian, "?stale=no&unsent=yes")) == {busy.id}
    assert set(seen(qian, f"?area={GRID_8}")) == {fine.id}
    with office.store.work(DISTRICT) as work:
        work.settings.say(Word("stale_h", 48, "周末", "陈红", clock.ms))
        work.commit()
    assert seen(qian, "?stale=yes") == {}


@pytest.mark.parametrize(("asked", "status", "code"), [
    (f"?area={ELSEWHERE}", 403, "outside_area"), ("?area=21", 400, "invalid_request"),
    ("?stale=perhaps", 400, "invalid_request"), ("?limit=0", 400, "invalid_request"),
    ("?after=%00", 400, "invalid_request"), ("?after=WzEsMiwzXQ", 400, "invalid_request"),
    ("?colour=red", 400, "invalid_request"), ("/nothing", 404, "device_unknown"),
    (f"/{derived_id('device', 'none')}", 404, "device_unknown"),
])  # fmt: skip
def test_what_cannot_be_answered_is_refused(office: Office, asked: str, status: int, code: str) -> None:
    answer = ask(office.device("qian"), asked)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


@pytest.mark.parametrize("report", [
    {"oldest_waiting_at": "long ago", "waiting": 1}, {"oldest_waiting_at": "9999-12-31T23:59:59-23:59", "waiting": 1},
    {"oldest_waiting_at": "0001-01-01T00:00:00+14:00", "waiting": 1}, {"waiting": 1 << 53, "photos_waiting": 1 << 53},
    {"clock_offset_s": -(1 << 53)}, {"app": "\x1b[2J"}, {"by": {"?": {"records": 1}}},
])  # fmt: skip
def test_whatever_a_device_says_of_itself_can_be_listed(office: Office, report: dict[str, Any]) -> None:
    """A report is a claim: it may be odd, and must not spoil the list of the others."""
    li, wang, qian = office.device("li"), office.device("wang"), office.device("qian")
    told(li, report=report, last=(1 << 53), now=1 << 53)
    told(wang, 1)
    assert flush_contacts(office.store) == 2
    assert {li.id, wang.id} <= seen(qian).keys()
    assert ask(qian, f"/{li.id}").status_code == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("report", "path"), [
    ({"by": {"k": {"photos": None}}}, "report.by.k"), ({"by": {"k": {"records": -1}}}, "report.by.k"),
    ({"by": {"k": None}}, "report.by"), ({"by": {"\x00": {}}}, "report.by"), ({"by": []}, "report.by"),
    ({"by": {str(n): {} for n in range(51)}}, "report.by"), ({"clock_offset_s": "7"}, "report.clock_offset_s"),
    ({"clock_offset_s": 1 << 54}, "report.clock_offset_s"),
])  # fmt: skip
def test_a_report_out_of_shape_is_told_where(office: Office, report: dict[str, Any], path: str) -> None:
    answer = office.device("li").post({"protocol": 1, "install": "a", "report": report})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_request")
    assert all(name.startswith(path) for name in answer.get_json()["errors"]), answer.get_json()["errors"]


# -- for reminders and the digest -------------------------------------------------------------------


def unsent(office: Office, now_ms: int = NOON) -> list[Unsent]:
    flush_contacts(office.store)
    with office.store.work(DISTRICT, writing=False) as work:
        return sorted(unsent_people(work, now_ms), key=lambda one: (one.device, one.name))


def missed(office: Office, area: str = "", day: str = TODAY, now_ms: int = NOON) -> list[NotSynced]:
    flush_contacts(office.store)
    with office.store.work(DISTRICT, writing=False) as work:
        return not_synced_today(work, day, now_ms, area)


def test_whose_work_waits_on_a_shared_tablet(office: Office) -> None:
    """One person's own tablet; a shared one that says whose; a shared one that does not; a revoked one."""
    own, says, mute, gone = (office.device(*who) for who in (["sun"], ["li", "wang"], ["li", "feng"], ["zhao"]))
    told(own, 5, 2, report={"oldest_waiting_at": "2020-07-18T07:00:00+08:00"})
    told(says, 3, 1, report={"by": {person_id("wang"): {"records": 3, "photos": 1}, person_id("zhou"): {"records": 9}}})
    told(mute, 2)
    told(gone, 7)
    office.revoke(gone)
    found = {(one.name, one.records, one.photos, one.shared) for one in unsent(office)}
    assert found == {("孙强", 5, 2, False), ("王芳", 3, 1, False), ("李明", 2, 0, True), ("冯刚", 2, 0, True)}
    [sun] = [one for one in unsent(office) if one.name == "孙强"]
    assert (sun.since_ms, sun.last_ms, sun.device) == (MORNING - HOUR, MORNING, own.id)
    office.stop("wang")
    assert {one.name for one in unsent(office)} == {"孙强", "李明", "冯刚"}


def test_who_has_not_synced_today(office: Office, clock: Clock) -> None:
    """Whoever walks the streets with a tablet, none of whose tablets was heard of since midnight."""
    li, wang, shared = office.device("li"), office.device("wang"), office.device("sun", "wang")
    office.device("feng")
    office.device("zhao")
    for device in (li, wang):
        told(device)
    assert {one.name for one in missed(office)} == {"孙强", "冯刚"}
    clock.ms += DAY
    told(shared, now=clock.ms)
    sunday = "2020-07-19", clock.ms
    assert [(one.name, one.area, one.last_ms) for one in missed(office, "", *sunday)] == [
        ("冯刚", GRID_7, None), ("李明", GRID_7, MORNING)]  # fmt: skip
    assert missed(office, GRID_8, *sunday) == []
    assert missed(office, ELSEWHERE, *sunday) == []
    office.stop("feng")
    office.revoke(li)
    assert missed(office, STREET, *sunday) == []


def test_the_document_of_the_list_says_what_is_in_it(office: Office) -> None:
    """Every flag a device can have is a word of the list's."""
    shape = msgspec.json.decode(office.app.test_client().get("/docs/openapi.json").data)["components"]["schemas"]
    assert {"flags", "records", "photos", "oldest_at", "zh", "en"} <= shape["ListedDevice"]["properties"].keys()
