"""What was refused is let in after a fix, by whoever leads there, once, and under its own name."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import insert, update

from schemas import wire
from schemas.ids import derived_id
from server.storage.tables import AdmittedRow, DeviceRow, GrantRow, PersonRow
from server.usecases.replay_history import replay_history
from server.usecases.verify_history import verify_history
from tests.server.office import DISTRICT, ELSEWHERE, GRID_8, Office, RawDevice, person_id
from tests.server.quarantine_desk import QuarantineDesk, code, desk

SHOP, SECOND, THIRD = (derived_id("record", name) for name in ("shop", "second", "third"))
#: Whatever the devices here sign by themselves was signed before this moment.
NOON = 50_000


@pytest.fixture(autouse=True)
def whole(office: Office) -> Iterator[None]:
    """Whatever is let in, the chains hold and every record follows from its history."""
    yield
    assert all(feed.broken is None for feed in verify_history(office.store, DISTRICT))
    assert [one for one in replay_history(office.store, DISTRICT) if one.differences] == []


def shop(device: RawDevice, id_: str = SHOP, name: str = "老王修车", **parts: Any) -> bytes:
    """Return the creation of a shop by whoever holds *device*."""
    return device.mutation("create", "shop", id_, set={"name": name, "category": "repair"}, **parts)


def stopped(office: Office, at_ms: int = NOON) -> RawDevice:
    """Let Li register a shop and add to it without signal, and be stopped at a moment; return his tablet."""
    li = office.device("li")
    made = [shop(li), li.mutation("patch", "shop", SHOP, set={"operator_phone": "13804180000"})]
    office.stop("li", at_ms)
    assert [outcome.outcome for outcome in li.push(*made)] == ["rejected", "rejected"]
    return li


def back_to_work(office: Office, name: str) -> None:
    """Let somebody's account count again."""
    with office.store.engine.begin() as connection:
        connection.execute(update(PersonRow).where(PersonRow.id == person_id(name)).values(stopped_ms=None))


def waiting(clerk: QuarantineDesk) -> list[str]:
    """Return the ids of what waits, in the order in which it was numbered."""
    return [item["id"] for item in sorted(clerk.list(), key=lambda item: item["n"])]


# -- an account that was stopped ----------------------------------------------------------------------


def test_what_was_written_before_the_stop_counts_once_the_grid_leader_says_so(office: Office) -> None:
    """Under Li's name, tablet and number; a push repeated afterwards is answered as the history has it."""
    li = stopped(office)
    feng = desk(office, "feng")
    first, second = waiting(feng)
    [item] = feng.readmit(first, reason="当日在岗")
    assert (item["result"], item["outcome"], item["feed"], item["version"]) == ("taken", "applied", "210902005", 1)
    feng.readmit(second)
    record = office.record(SHOP)
    assert record is not None
    assert (record.fields["operator_phone"], record.by, record.device) == ("13804180000", person_id("li"), li.id)
    assert office.taken(li.id) == [("first", 1, li.sent[0]), ("first", 2, li.sent[1])]
    again = li.push(*li.sent)
    assert [(one.outcome, one.version, one.problem) for one in again] == [("applied", 1, None), ("merged", 2, None)]
    assert len(office.taken(li.id)) == 2
    assert feng.list() == []


def test_the_tablet_that_made_it_gets_it_back(office: Office) -> None:
    """It had been told that it was refused, and showed it no more."""
    li = stopped(office)
    feng = desk(office, "feng")
    for refused in waiting(feng):
        feng.readmit(refused)
    back_to_work(office, "li")
    assert li.pull()[SHOP]["fields"]["operator_phone"] == "13804180000"


def test_what_was_written_after_the_stop_is_never_let_in(office: Office) -> None:
    """It stays, with both reasons, and can be put aside."""
    stopped(office, at_ms=2_500)
    zhao = desk(office, "zhao")
    before, after = waiting(zhao)
    [item] = zhao.readmit(after)
    assert (item["result"], item["problem"]["code"]) == ("refused", "signed_after_stop")
    told = zhao.show(after)
    assert (told["refusal"]["state"], told["refusal"]["code"]) == ("open", "person_stopped")
    assert told["refusal"]["again"]["code"] == "signed_after_stop"
    assert "停用之后" in told["told_zh"][-1]
    assert zhao.readmit(before)[0]["result"] == "taken"
    assert zhao.dismiss(after, "停用后所写")["refusal"]["state"] == "dismissed"


# -- who may ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status", "problem"),
    [
        ("wang", 403, "not_allowed"),
        ("dong", 403, "not_allowed"),
        ("wu", 403, "not_allowed"),
        ("feng", 403, "not_allowed"),
        ("zhao", 200, None),
        ("qian", 200, None),
        ("zhou", 200, None),
    ],
)
def test_what_a_rule_refused_is_the_communitys(office: Office, who: str, status: int, problem: str | None) -> None:
    """The grid leader reads it; a worker, a department and the operators of computers do not even read it."""
    li = office.device("li")
    li.push(li.mutation("create", "shop", SHOP, set={"name": "老王修车", "category": "magic"}))
    [refused] = waiting(desk(office, "zhao"))
    asked = desk(office, who).ask(f"/{refused}/readmit", {})
    assert asked.status_code == status
    if problem:
        assert code(asked) == problem
    assert code_or_none(desk(office, who).ask(f"/{refused}")) == (None if who in LEADING else "not_allowed")


LEADING = frozenset({"feng", "zhao", "qian", "zhou"})


def code_or_none(response: Any) -> str | None:
    return None if response.status_code == 200 else code(response)


def test_another_areas_refusals_are_out_of_sight(office: Office) -> None:
    """Neither in the list, nor by id, nor to be put aside."""
    sun = office.device("sun")
    sun.push(sun.mutation("create", "shop", SHOP, grid=GRID_8, set={"name": "", "category": "repair"}))
    [refused] = waiting(desk(office, "zhao"))
    feng = desk(office, "feng")
    assert feng.list() == []
    for asked in (feng.ask(f"/{refused}"), feng.ask(f"/{refused}/readmit", {})):
        assert (asked.status_code, code(asked)) == (404, "quarantine_unknown")
    assert code(feng.ask(f"?area={GRID_8}")) == "outside_area"


def test_a_tablet_must_first_speak_for_the_author(office: Office) -> None:
    """Wang wrote on Li's tablet without being admitted to it."""
    li = office.device("li")
    li.push(shop(li, by=person_id("wang")))
    zhao = desk(office, "zhao")
    [refused] = waiting(zhao)
    [item] = zhao.readmit(refused)
    assert (item["result"], item["problem"]["code"]) == ("refused", "not_admitted_person")
    admit(office, li, "wang")
    assert zhao.readmit(refused)[0]["outcome"] == "applied"
    record = office.record(SHOP)
    assert record is not None
    assert record.by == person_id("wang")
    steps = [step["how"] for step in zhao.show(refused)["trail"]]
    assert steps == ["refused"]


def admit(office: Office, device: RawDevice, name: str) -> None:
    """Let a device speak for one person more."""
    with office.store.engine.begin() as connection:
        admitted = {"district": DISTRICT, "device": device.id, "person": person_id(name), "since_ms": 0}
        connection.execute(insert(AdmittedRow), admitted)


def test_what_was_let_in_is_replayed_as_it_came(office: Office) -> None:
    """
    Half of a push was taken at once, half of it let in later.

    Wang's edit had seen the first half and not the second: that is what the replay must find as well.
    """
    li = office.device("li")
    li.push(shop(li))
    li.push(
        li.mutation("patch", "shop", SHOP, base=1, set={"category": "retail"}),
        li.mutation("patch", "shop", SHOP, base=1, by=person_id("wang"), set={"operator_phone": "13804180000"}),
    )
    admit(office, li, "wang")
    zhao = desk(office, "zhao")
    assert zhao.readmit(waiting(zhao)[0])[0]["version"] == 3
    wang = office.device("wang")
    # Her clock is behind Li's, and still she had seen what he wrote.
    wang.push(wang.mutation("patch", "shop", SHOP, base=2, set={"category": "catering"}))
    record = office.record(SHOP)
    assert record is not None
    assert record.fields["category"] == "catering"


# -- a place that was not his ---------------------------------------------------------------------------


def outside(office: Office) -> tuple[RawDevice, str]:
    """Let Li register a shop in Sun's grid; return his tablet, and what was refused."""
    li = office.device("li")
    li.push(shop(li, grid=GRID_8))
    [refused] = waiting(desk(office, "qian"))
    return li, refused


def grant(office: Office, name: str, area: str, from_ms: int, to_ms: int | None = None) -> None:
    """Give a grid worker's role from a moment on."""
    row = {"id": derived_id("grant", name, area, str(from_ms)), "person": person_id(name), "role": "grid_worker"}
    with office.store.engine.begin() as connection:
        connection.execute(
            insert(GrantRow), {"district": DISTRICT, "area": area, "from_ms": from_ms, "to_ms": to_ms, **row}
        )


def test_a_grant_that_covers_the_moment_of_signing_lets_it_in(office: Office) -> None:
    """One that begins afterwards does not."""
    _, refused = outside(office)
    qian = desk(office, "qian")
    grant(office, "li", GRID_8, NOON)
    assert qian.readmit(refused)[0]["problem"]["code"] == "outside_area"
    grant(office, "li", GRID_8, 0, NOON)
    assert qian.readmit(refused)[0]["result"] == "taken"


def test_the_street_may_vouch_for_the_place(office: Office) -> None:
    """The community may not; and the rank stays that of a grid worker."""
    _, refused = outside(office)
    assert code(desk(office, "zhao").ask(f"/{refused}/readmit", {"place_was_his": True})) == "not_allowed"
    [item] = desk(office, "qian").readmit(refused, place_was_his=True, reason="当天顶班")
    assert item["result"] == "taken"
    record = office.record(SHOP)
    assert record is not None
    assert (record.grid, record.rank) == (GRID_8, 1)


def test_nobody_vouches_for_himself(office: Office) -> None:
    """Qian wrote in another street; the district has to say that it was his."""
    qian = office.device("qian")
    qian.push(shop(qian, grid=ELSEWHERE))
    grant_row = {"id": derived_id("qians"), "person": person_id("qian"), "role": "street", "area": ELSEWHERE[:9]}
    with office.store.engine.begin() as connection:
        connection.execute(insert(GrantRow), {"district": DISTRICT, "from_ms": NOON, "to_ms": None, **grant_row})
    [refused] = waiting(desk(office, "chen"))
    assert code(desk(office, "qian").ask(f"/{refused}/readmit", {"place_was_his": True})) == "not_allowed"
    assert desk(office, "chen").readmit(refused, place_was_his=True)[0]["result"] == "taken"


# -- what belongs together ------------------------------------------------------------------------------


def test_a_group_comes_in_whole(office: Office) -> None:
    """Asking for one of it lets in all of it, in its order."""
    li = office.device("li")
    pair = [shop(li, group=[1, 2]), li.mutation("patch", "shop", SHOP, group=[1, 2], add={"remark": ["店主配合"]})]
    office.stop("li", NOON)
    li.push(*pair)
    feng = desk(office, "feng")
    _, second = waiting(feng)
    assert len(feng.show(second)["together"]) == 2
    items = feng.readmit(second)
    assert [(item["id"] == second, item["n"], item["result"]) for item in items] == [
        (True, 2, "taken"),
        (False, 1, "taken"),
    ]
    assert feng.list() == []
    assert [one.outcome for one in li.push(*pair)] == ["applied", "applied"]


def test_a_group_that_is_refused_again_stays_whole(office: Office) -> None:
    """One member is at fault, the other stands with it."""
    li = office.device("li")
    li.push(shop(li, group=[1, 2]), li.mutation("patch", "shop", SHOP, group=[1, 2], set={"category": "magic"}))
    zhao = desk(office, "zhao")
    items = zhao.readmit(waiting(zhao)[0])
    assert [item["problem"]["code"] for item in items] == ["group_refused", "invalid_fields"]
    assert office.record(SHOP) is None
    assert len(zhao.list()) == 2


def test_what_was_refused_because_of_it_follows(office: Office) -> None:
    """Sun's shop lay outside; what Wang added on the same tablet waited for it. Each is told by itself."""
    tablet = office.device("sun", "wang")
    tablet.push(
        shop(tablet),
        tablet.mutation("patch", "shop", SHOP, by=person_id("wang"), set={"door_no": "17"}),
        tablet.mutation("patch", "shop", SHOP, by=person_id("wang"), set={"category": "magic"}),
    )
    qian = desk(office, "qian")
    shop_, door, magic = waiting(qian)
    assert qian.readmit(door)[0]["problem"]["code"] == "depends_on_refused"
    items = qian.readmit(shop_, place_was_his=True)
    assert [(item["id"], item["result"], item["because_of"]) for item in items] == [
        (shop_, "taken", None),
        (door, "taken", shop_),
    ]
    record = office.record(SHOP)
    assert record is not None
    assert (record.fields["door_no"], record.by) == ("17", person_id("wang"))
    assert waiting(qian) == [magic]


# -- used numbers ---------------------------------------------------------------------------------------


def copied(office: Office) -> tuple[RawDevice, str]:
    """Let a copy of Li's tablet send another shop under the number of the first; return it, and what was refused."""
    li = office.device("li")
    li.push(shop(li))
    li.n = 0
    [outcome] = li.push(shop(li, SECOND, "老李粮油"))
    assert outcome.problem
    assert outcome.problem["code"] == "number_reused"
    [refused] = waiting(desk(office, "zhao"))
    return li, refused


def test_a_used_number_is_given_anew(office: Office) -> None:
    """By the desk; the first payload stays what the number stands for."""
    li, refused = copied(office)
    [item] = desk(office, "zhao").readmit(refused)
    assert item["result"] == "taken"
    assert office.taken(li.id) == [("first", 1, li.sent[0]), ("desk-reused", 1, li.sent[1])]
    assert office.record(SECOND) is not None
    # Both payloads under the one number are answered, each as it stands in the history.
    assert [(one.outcome, one.version) for one in li.push(*li.sent)] == [("applied", 1), ("applied", 2)]
    assert len(office.taken(li.id)) == 2


def test_what_has_come_under_another_number_is_not_taken_twice(office: Office) -> None:
    """The copy recorded it again under a new install: the refusal is over by itself."""
    li, refused = copied(office)
    body = wire.decode_json(li.sent[1]) | {"n": 1}
    li.install = "second"
    [outcome] = li.push(wire.encode(body))
    assert outcome.outcome == "applied"
    zhao = desk(office, "zhao")
    assert zhao.list() == []
    assert [item["result"] for item in zhao.readmit(refused)] == ["already"]
    assert len(office.taken(li.id)) == 2


# -- a tablet that was revoked --------------------------------------------------------------------------


def revoked(office: Office, device: RawDevice, at_ms: int | None) -> None:
    """Revoke a device, or let it speak again."""
    with office.store.engine.begin() as connection:
        connection.execute(update(DeviceRow).where(DeviceRow.id == device.id).values(revoked_ms=at_ms))


def test_what_a_revoked_tablet_brought_is_let_in_and_not_taken_twice(office: Office) -> None:
    """The second of two is let in out of turn; let in again itself, the tablet brings both."""
    li = office.device("li")
    made = [shop(li), shop(li, SECOND, "老李粮油")]
    revoked(office, li, NOON)
    body = {"protocol": 1, "install": "first", "mutations": [wire.decode_json(raw) for raw in made]}
    assert li.post(body).status_code == 403
    zhao = desk(office, "zhao")
    _, second = waiting(zhao)
    assert zhao.readmit(second)[0]["result"] == "taken"
    revoked(office, li, None)
    assert [one.outcome for one in li.push(*made)] == ["applied", "applied"]
    assert sorted(n for _, n, _ in office.taken(li.id)) == [1, 2]
    assert zhao.list() == []


# -- what cannot be read, what is put aside ---------------------------------------------------------------


def test_what_cannot_be_read_is_only_put_aside(office: Office) -> None:
    """The district's clerk sees it, since it says of no place; it is told word for word."""
    li = office.device("li")
    li.push(b'{"n":1,"op":"dance"}')
    assert desk(office, "zhao").list() == []
    chen = desk(office, "chen")
    item = chen.only()
    assert [choice["choice"] for choice in item["choices"]] == ["dismiss"]
    asked = chen.ask(f"/{item['id']}/readmit", {})
    assert (asked.status_code, code(asked)) == (422, "quarantine_unreadable")
    assert chen.show(item["id"])["payload"] == '{"n":1,"op":"dance"}'
    chen.dismiss(item["id"], "测试数据")
    assert chen.list() == []


def test_put_aside_is_not_gone(office: Office) -> None:
    """It is listed as put aside, with whose word and why; letting it in takes it up again."""
    stopped(office)
    feng = desk(office, "feng")
    first, _ = waiting(feng)
    feng.dismiss(first, "以为重复")
    feng.dismiss(first, "再说一次")
    item = feng.only("?state=settled")
    assert (item["settled"]["how"], item["settled"]["name"], item["settled"]["reason"]) == (
        "dismissed",
        "冯刚",
        "以为重复",
    )
    assert feng.readmit(first)[0]["result"] == "taken"
    told = feng.show(first)
    assert told["refusal"]["state"] == "readmitted"
    assert [(step["how"], step["reason"]) for step in told["trail"]] == [("dismissed", "以为重复")]
    refused = feng.ask(f"/{first}/dismiss", {"reason": "改主意"})
    assert (refused.status_code, code(refused)) == (409, "quarantine_settled")


# -- twice, and at once -----------------------------------------------------------------------------------


def test_twice_is_once(office: Office) -> None:
    """The second answer is the first."""
    li = stopped(office)
    feng = desk(office, "feng")
    first, _ = waiting(feng)
    [one] = feng.readmit(first)
    [again] = feng.readmit(first)
    assert (again["result"], again["version"], again["outcome"]) == ("already", one["version"], one["outcome"])
    assert len(office.taken(li.id)) == 1


def test_two_clerks_and_the_tablet_at_once(office: Office) -> None:
    """Feng and Zhao press the key while the tablet repeats its push: one row of the history."""
    li = stopped(office)
    clerks = [desk(office, "feng"), desk(office, "zhao")]
    first, _ = waiting(clerks[0])
    start = Barrier(3)

    def press(clerk: QuarantineDesk) -> Any:
        start.wait()
        [item] = clerk.readmit(first)
        return item["result"]

    def repeat() -> Any:
        start.wait()
        return li.push(li.sent[0])[0].outcome

    with ThreadPoolExecutor(3) as pool:
        results = [pool.submit(press, clerk) for clerk in clerks]
        pushed = pool.submit(repeat)
        assert sorted(result.result() for result in results) == ["already", "taken"]
        assert pushed.result() in ("applied", "rejected")
    assert office.taken(li.id) == [("first", 1, li.sent[0])]
    assert li.push(li.sent[0])[0].outcome == "applied"


def test_two_clerks_put_it_aside_and_let_it_in_at_once(office: Office) -> None:
    """Whoever comes second is told; it is in at most once, and never both in and aside."""
    li = stopped(office)
    feng, zhao = desk(office, "feng"), desk(office, "zhao")
    first, _ = waiting(feng)
    start = Barrier(2)

    def aside() -> int:
        start.wait()
        status: int = feng.ask(f"/{first}/dismiss", {"reason": "重复"}).status_code
        return status

    def let_in() -> str:
        start.wait()
        result: str = zhao.readmit(first)[0]["result"]
        return result

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.submit(aside), pool.submit(let_in)
        assert (one.result() in (200, 409), other.result()) == (True, "taken")
    assert zhao.show(first)["refusal"]["state"] == "readmitted"
    assert len(office.taken(li.id)) == 1


def test_a_rejected_retry_writes_its_reason_once(office: Office) -> None:
    """However often the clerk presses the key."""
    stopped(office, at_ms=1)
    feng = desk(office, "feng")
    first, _ = waiting(feng)
    for _ in range(3):
        feng.readmit(first)
    assert len(feng.show(first)["trail"]) == 1
