"""What lies in quarantine is listed, told in words and exported word for word, to whoever leads there."""

import json
from base64 import b64decode
from typing import Any

import pytest
from sqlalchemy import update

from schemas.ids import derived_id
from server.storage.quarantine_tables import quarantine
from tests.server.clerks import Clock
from tests.server.office import COMMUNITY, GRID_7, GRID_8, Office, RawDevice, open_office, person_id
from tests.server.quarantine_desk import QuarantineDesk, code, desk, good

SHOP, SECOND, THIRD = (derived_id("record", name) for name in ("shop", "second", "third"))
DAY = 24 * 3600 * 1000


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(name="office")
def office_at_eight(database_url: str, clock: Clock) -> Any:
    """An office whose clock stands at eight on 18 July 2020."""
    opened = open_office(database_url, clock)
    yield opened
    opened.store.engine.dispose()


def bad_shop(device: RawDevice, id_: str = SHOP, **parts: Any) -> bytes:
    """Return the creation of a shop of a category that there is not, with a telephone number in it."""
    fields = {"name": "老王修车", "category": "magic", "operator_phone": "13804180000"}
    return device.mutation("create", "shop", id_, **({"set": fields} | parts))


def three_refused(office: Office, clock: Clock) -> tuple[RawDevice, RawDevice]:
    """Let Li be refused on two days, and Sun next door; return their tablets."""
    li, sun = office.device("li"), office.device("sun")
    li.clock_ms = sun.clock_ms = clock.ms - 3_600_000
    li.push(bad_shop(li))
    clock.ms += DAY
    li.push(bad_shop(li, SECOND))
    clock.ms += 1_000
    sun.push(bad_shop(sun, THIRD, grid=GRID_8))
    return li, sun


def places(items: list[Any]) -> list[tuple[str, str]]:
    """Return which record each item is about, and where."""
    return [(item["record"], item["grid"]) for item in items]


def test_the_newest_comes_first_page_by_page(office: Office, clock: Clock) -> None:
    """Each once, however small the pages."""
    three_refused(office, clock)
    zhao = desk(office, "zhao")
    assert places(zhao.list()) == [(THIRD, GRID_8), (SECOND, GRID_7), (SHOP, GRID_7)]
    found, after = [], ""
    while True:
        page = good(zhao.ask(f"?limit=1{after}"))
        found += page["refusals"]
        if page["after"] is None:
            break
        after = f"&after={page['after']}"
    assert found == zhao.list()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (f"?area={GRID_7}", [SECOND, SHOP]),
        (f"?area={COMMUNITY}", [THIRD, SECOND, SHOP]),
        ("?area=2109", [THIRD, SECOND, SHOP]),
        (f"?person={person_id('li')}", [SECOND, SHOP]),
        (f"?device={derived_id('test-device', '1', 'sun')}", [THIRD]),
        ("?day=2020-07-18", [SHOP]),
        ("?day=2020-07-19", [THIRD, SECOND]),
        ("?code=invalid_fields&code=outside_area", [THIRD, SECOND, SHOP]),
        ("?code=outside_area", []),
        ("?state=settled", []),
        ("?state=all&limit=2", [THIRD, SECOND]),
    ],
)
def test_the_list_can_be_narrowed(office: Office, clock: Clock, asked: str, expected: list[str]) -> None:
    three_refused(office, clock)
    assert [item["record"] for item in desk(office, "zhao").list(asked)] == expected


def test_the_list_shows_no_telephone_number_and_no_plate(office: Office, clock: Clock) -> None:
    """Not even where somebody wrote one into a type's name; one by itself shows everything."""
    li = office.device("li")
    li.push(li.mutation("create", "13804180000", SHOP), li.mutation("create", "辽J12345", SECOND), bad_shop(li, THIRD))
    zhao = desk(office, "zhao")
    told = json.dumps(zhao.list(), ensure_ascii=False)
    assert "13804180000" not in told
    assert "辽J12345" not in told
    assert "138****0000" in told
    assert "辽J****" in told
    [third] = [item["id"] for item in zhao.list("?code=invalid_fields")]
    assert "13804180000" in zhao.show(third)["payload"]


def test_one_is_told_in_words(office: Office, clock: Clock) -> None:
    """Who, what, where, when, why, and what can be done by whom, in both languages."""
    li, _ = three_refused(office, clock)
    zhao = desk(office, "zhao", "feng")
    told = zhao.show(zhao.list(f"?area={GRID_7}")[-1]["id"])
    assert told["told_zh"] == [
        f"李明 2020-07-18 07:00 在网格 {GRID_7} 新建商户“老王修车”（平板“平板0”第 1 号）。",
        "2020-07-18 08:00 收到，没有接受：有字段不符合要求。",
        "现在可以办理，由社区、街道、区创卫办、督查员：纠正原因（授权、登记、程序更新）后再恢复。",
    ]
    assert told["told_en"] == [
        f'李明, 2020-07-18 07:00, grid {GRID_7}: create shop "老王修车" (number 1 of the tablet “平板0”).',
        "Received 2020-07-18 08:00 and refused: Some fields are not as they should be.",
        "What can be done, by community, street, district office, inspector: let it in once the cause is put right "
        "(a grant, a register, a new version).",
    ]
    assert told["changes_zh"][:2] == ["店名（牌匾）：老王修车", "类别：magic"]
    assert [fault["path"] for fault in told["faults"]] == ["category"]
    assert told["payload"] == li.sent[0].decode()
    [readmit, dismiss] = told["refusal"]["choices"]
    assert (readmit["choice"], readmit["people"], dismiss["choice"]) == ("readmit", [person_id("zhao")], "dismiss")


def test_a_try_in_vain_stands_beside_the_first_reason(office: Office, clock: Clock) -> None:
    """With whose it was and when."""
    three_refused(office, clock)
    zhao = desk(office, "zhao")
    refused = zhao.list()[0]["id"]
    clock.ms += 60_000
    zhao.readmit(refused, reason="规则已改")
    told = zhao.show(refused)
    assert told["told_zh"][2] == "2020-07-19 08:01 赵敏 仍未接受：有字段不符合要求。"
    assert (told["refusal"]["code"], told["refusal"]["again"]["code"]) == ("invalid_fields", "invalid_fields")
    assert told["trail"][0]["reason"] == "规则已改"


def test_a_wrong_clock_is_corrected_as_it_was_then(office: Office, clock: Clock) -> None:
    """Two hours ahead on receipt; let in, the check's time is the corrected one."""
    li = office.device("li")
    li.clock_ms = clock.ms + 2 * 3_600_000 - 60_000
    office.stop("li", clock.ms)
    li.push(
        li.mutation("create", "shop", SHOP, set={"name": "老王修车", "category": "repair"}), now=li.clock_ms + 59_000
    )
    feng = desk(office, "feng")
    item = feng.only()
    assert item["signed_ms"] == clock.ms - 59_000
    clock.ms += DAY
    assert feng.readmit(item["id"])[0]["result"] == "taken"
    record = office.record(SHOP)
    assert record is not None
    assert (record.at.ms, record.origin.firm, record.received_ms) == (clock.ms - DAY - 59_000, False, clock.ms - DAY)


# -- taken along ----------------------------------------------------------------------------------------


def export(clerk: QuarantineDesk, asked: str = "") -> list[Any]:
    """Return the lines of an export."""
    answer = clerk.ask(f"/export{asked}")
    assert (answer.status_code, answer.mimetype) == (200, "application/x-ndjson")
    return [json.loads(line) for line in answer.get_data().splitlines()]


def test_an_export_is_word_for_word(office: Office, clock: Clock) -> None:
    """The oldest first, with reason and fate; what is no text as base64."""
    li, sun = three_refused(office, clock)
    with office.store.engine.begin() as connection:
        connection.execute(update(quarantine).where(quarantine.c.device == sun.id).values(payload=b"\xff\x00"))
    chen = desk(office, "chen")
    chen.dismiss(chen.list()[-1]["id"], "重复")
    first, second, third = export(chen)
    assert [one["payload"] for one in (first, second)] == [raw.decode() for raw in li.sent]
    assert (first["fate"]["how"], first["fate"]["reason"], second["fate"]) == ("dismissed", "重复", None)
    assert (first["problem"]["code"], first["name"], first["n"]) == ("invalid_fields", "李明", 1)
    assert (third["payload"], b64decode(third["payload_base64"])) == (None, b"\xff\x00")
    assert [one["record"] for one in export(chen, "?day=2020-07-19&state=open")] == [SECOND, THIRD]


def test_an_export_holds_what_its_reader_may_see(office: Office, clock: Clock) -> None:
    """Of the grid leader's own grid; a worker gets nothing."""
    three_refused(office, clock)
    assert {one["grid"] for one in export(desk(office, "feng"))} == {GRID_7}
    assert code(desk(office, "li").ask("/export")) == "not_allowed"


def test_a_long_export_leaves_nothing_out(office: Office, clock: Clock) -> None:
    """Over several pages, and with many that came in the same moment."""
    li = office.device("li")
    sent = [bad_shop(li, derived_id("record", str(n))) for n in range(450)]
    li.push(*sent)
    lines = export(desk(office, "zhao"))
    assert {one["payload"].encode() for one in lines} == set(sent)
    assert len(lines) == 450


# -- bad questions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "problem"),
    [
        ("?area=12345", None, "invalid_request"),
        ("?area=2110", None, "outside_area"),
        ("?day=2020-13-01", None, "invalid_request"),
        ("?day=yesterday", None, "invalid_request"),
        ("?after=nonsense", None, "invalid_request"),
        ("?limit=0", None, "invalid_request"),
        ("?limit=1&limit=2", None, "invalid_request"),
        ("?code=magic", None, "invalid_request"),
        ("?colour=red", None, "invalid_request"),
        ("/export?limit=1", None, "invalid_request"),
        ("/nonsense", None, "quarantine_unknown"),
        (f"/{SHOP}", None, "quarantine_unknown"),
        (f"/{SHOP}/readmit", {}, "quarantine_unknown"),
        (f"/{SHOP}/readmit", [], "invalid_request"),
        (f"/{SHOP}/readmit", b"{", "invalid_request"),
        (f"/{SHOP}/readmit", {"place_was_his": "yes"}, "invalid_request"),
        (f"/{SHOP}/readmit", {"force": True}, "invalid_request"),
        (f"/{SHOP}/readmit", {"person": person_id("li")}, "not_admitted_person"),
        (f"/{SHOP}/dismiss", {}, "invalid_request"),
        (f"/{SHOP}/dismiss", {"reason": "  "}, "invalid_request"),
        (f"/{SHOP}/dismiss", {"reason": "长" * 301}, "invalid_request"),
    ],
)
def test_a_bad_question_is_told_so(office: Office, path: str, body: Any, problem: str) -> None:
    assert code(desk(office, "zhao").ask(path, body)) == problem


def test_two_at_one_desk_say_who(office: Office, clock: Clock) -> None:
    """Else nobody would know whose word it was."""
    three_refused(office, clock)
    both = desk(office, "zhao", "qian")
    refused = both.list()[0]["id"]
    asked = both.ask(f"/{refused}/dismiss", {"reason": "重复"})
    assert (code(asked), list(asked.get_json()["errors"])) == ("invalid_request", ["person"])
    assert both.ask(f"/{refused}/dismiss", {"reason": "重复", "person": person_id("qian")}).status_code == 200


def test_a_hostile_payload_does_no_harm(office: Office) -> None:
    """Odd claims, a deep pit, signs a terminal obeys: listed, told and exported all the same."""
    li = office.device("li")
    li.push(
        b'{"n":1,"by":{"a":[[]]},"grid":7,"at":"x"}',
        b'{"n":2,"set":{"a":' + b"[" * 200 + b"]" * 200 + b"}}",
        b'{"n":3,"op":"create","type":"\\u001b[31m"}',
    )
    chen = desk(office, "chen")
    assert len(chen.list()) == len(export(chen)) == 3
    for item in chen.list():
        assert (item["by"], item["grid"], item["signed_ms"]) == (None, None, None)
        assert chen.show(item["id"])["told_zh"]
