"""Time runs out over a heap of rubbish: who is told, who signs, and what falls away when it is put right."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from sqlalchemy import update

from schemas.grid import sealed_place
from schemas.ids import derived_id
from schemas.moments import BEIJING
from server.commands import ledger_clocks, main
from server.storage.ledger_tables import escalation, ledger_row
from server.usecases.review_escalations import review_escalations
from tests.server.clerks import Clock, good
from tests.server.ledger_desk import AFTER, CASE, acts_for, at_the_ledger, photographed, report
from tests.server.office import DISTRICT, GRID_7, STREET, Office, RawDevice, open_office, person_id

OTHER = derived_id("record", "the other case")
REASON = {"reason": "请立即办理"}


def ms(text: str) -> int:
    """Return a moment here in milliseconds."""
    return round(datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp() * 1000)


@pytest.fixture
def clock() -> Clock:
    """The office's clock; it stands at Saturday 2020-07-18 08:00 until somebody turns it."""
    return Clock()


@pytest.fixture
def office(database_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office at whose server an operator types."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)
    monkeypatch.setattr(ledger_clocks, "now_ms", clock)
    opened = open_office(database_url, clock)
    yield opened
    opened.store.engine.dispose()


def given_out(office: Office, case: str = CASE, lead: str = GRID_7, **more: Any) -> RawDevice:
    """Let a case be reported and given out at once: four work hours, so until Monday 12:00."""
    tablet = report(office, case, **more)
    street = at_the_ledger(office, "qian")
    street.do("accept", case)
    street.do("dispatch", case, details={"lead": lead})
    return tablet


def looked(office: Office, clock: Clock, when: str) -> dict[int, int]:
    """Let the server look at a moment; return how many proposals it made by level."""
    clock.ms = ms(when)
    return review_escalations(office.store, DISTRICT, clock.ms).proposed


def ask(device: RawDevice, path: str = "", body: Any = None) -> Any:
    """Ask for *path* below the address of escalations (with a body: post it); return the raw response."""
    client, told = device.office.app.test_client(), {"Authorization": f"Bearer {device.token}"}
    if body is None:
        return client.get(f"/v1/escalations{path}", headers=told)
    told |= {"Content-Type": "application/json"}
    return client.post(f"/v1/escalations{path}", data=msgspec.json.encode(body), headers=told)


def listed(device: RawDevice, asked: str = "") -> list[Any]:
    """Return what a device reads."""
    found: list[Any] = good(ask(device, asked))["escalations"]
    return found


def levels(device: RawDevice, asked: str = "") -> list[int]:
    """Return the levels of what a device reads."""
    return [one["level"] for one in listed(device, asked)]


def state_of(office: Office, case: str = CASE) -> dict[tuple[int, int], tuple[str, str | None]]:
    """Return the state and the reason of every proposal about a case, by level and turn."""
    e = escalation.c
    asked = escalation.select().where(e.about == case).order_by(e.level, e.turn)
    with office.store.engine.connect() as connection:
        return {(row.level, row.turn): (row.state, row.reason) for row in connection.execute(asked)}


def typed(*words: str, code: int = 0) -> str:
    """Type *words*, which must end with *code*; return what was said."""
    result = CliRunner().invoke(main, ["ledger", *words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def test_level_after_level_and_looking_twice_changes_nothing(office: Office, clock: Clock) -> None:
    """Due on Monday 12:00: told at once, to the leaders on Tuesday evening, to the district on Thursday evening."""
    given_out(office)
    assert looked(office, clock, "2020-07-20 12:00") == {}
    assert looked(office, clock, "2020-07-20 12:01") == {1: 1}
    assert looked(office, clock, "2020-07-20 12:01") == {}
    assert looked(office, clock, "2020-07-21 17:29") == {}
    assert looked(office, clock, "2020-07-21 17:30") == {2: 1}
    assert looked(office, clock, "2020-07-23 17:29") == {}
    assert looked(office, clock, "2020-07-23 18:00") == {3: 1}
    gravest, *others = listed(office.device("chen"))
    assert (gravest["level"], gravest["why_zh"], gravest["to"]["id"]) == (3, "超期3个工作日", DISTRICT)
    assert gravest["since"]["ms"] == ms("2020-07-23 17:30")
    assert [(one["level"], one["why_zh"], one["overdue_zh"]) for one in others] == [
        (2, "超期1个工作日", "超期3个工作日"),
        (1, "已超期", "超期3个工作日"),
    ]


def test_two_returns_are_put_to_the_leader_whatever_the_time(office: Office, clock: Clock) -> None:
    """Returned three times it is on the district's list, though nothing is overdue yet."""
    li = given_out(office)
    zhao = at_the_ledger(office, "zhao")
    worker = at_the_ledger(office, "li")
    worker.do("sign")
    photographed(office, li)
    found: list[dict[int, int]] = []
    for hour in (9, 10, 11):
        clock.ms = ms(f"2020-07-20 0{hour}:00" if hour < 10 else f"2020-07-20 {hour}:00")
        worker.do("submit", evidence=[AFTER], details={"measure": "已清理"})
        zhao.do("return", reason="仍有垃圾", evidence=[AFTER], details={"code": "not_done"})
        found.append(review_escalations(office.store, DISTRICT, clock.ms).proposed)
    assert found == [{}, {2: 1}, {3: 1}]
    gravest, second = listed(office.device("chen"))
    assert (gravest["why_zh"], second["why_zh"]) == ("退回3次", "退回2次")
    assert second["since"]["ms"] == ms("2020-07-20 10:00")


def test_what_is_put_right_falls_away_and_may_come_again(office: Office, clock: Clock) -> None:
    """Submitted: nothing is left to propose. Returned and late once more: proposed once more, as a row of its own."""
    li = given_out(office)
    worker = at_the_ledger(office, "li")
    worker.do("sign")
    photographed(office, li)
    looked(office, clock, "2020-07-20 12:01")
    worker.do("submit", evidence=[AFTER], details={"measure": "已清理"})
    looked(office, clock, "2020-07-20 12:30")
    assert state_of(office) == {(1, 1): ("fallen", "已整改 put right")}
    at_the_ledger(office, "zhao").do("return", reason="仍有垃圾", evidence=[AFTER], details={"code": "not_done"})
    assert looked(office, clock, "2020-07-20 14:29") == {}
    assert looked(office, clock, "2020-07-20 14:31") == {1: 1}
    assert list(state_of(office)) == [(1, 1), (1, 2)]


def test_a_date_the_office_moves_and_a_deferral_let_it_fall_away(office: Office, clock: Clock) -> None:
    given_out(office)
    given_out(office, OTHER, position={"lat": 42.1, "lon": 121.6, "crs": "wgs84", "accuracy_m": 5})
    at_the_ledger(office, "li").do("sign", OTHER)
    assert looked(office, clock, "2020-07-20 12:01") == {1: 2}
    details = {"due_at": "2020-07-22T12:00:00+08:00"}
    at_the_ledger(office, "qian").do("set_due", reason="等待洒水车", details=details)
    at_the_ledger(office, "feng").do("ask_deferral", OTHER, reason="翻修", details={"review_on": "2020-08-20"})
    at_the_ledger(office, "chen").do("grant_deferral", OTHER, details={"review_on": "2020-08-20"})
    assert looked(office, clock, "2020-07-21 18:00") == {}
    assert state_of(office)[1, 1][0] == state_of(office, OTHER)[1, 1][0] == "fallen"
    assert state_of(office, OTHER)[1, 1][1] == "已挂账 deferred"


def test_a_date_brought_forward_counts_from_the_one_he_knew(office: Office, clock: Clock) -> None:
    """His tablet has not heard of Monday 10:00; until Monday 12:00 he is not late."""
    given_out(office)
    details = {"due_at": "2020-07-20T10:00:00+08:00"}
    at_the_ledger(office, "qian").do("set_due", reason="领导检查", details=details)
    assert looked(office, clock, "2020-07-20 11:00") == {}
    assert looked(office, clock, "2020-07-20 12:01") == {1: 1}


def test_what_is_sealed_is_nobodys_to_be_told_of(office: Office, clock: Clock) -> None:
    given_out(office)
    with office.store.engine.begin() as connection:
        connection.execute(update(ledger_row).values(grid=sealed_place(DISTRICT)))
    assert looked(office, clock, "2020-07-28 12:00") == {}


def test_each_reads_his_own_level_and_area(office: Office, clock: Clock) -> None:
    """The street reads what is put to it; the list for talks is the district's until it has been signed."""
    given_out(office, lead="dept_urban")
    acts_for(office, "dong", "dept_urban")
    looked(office, clock, "2020-07-27 18:00")
    assert levels(office.device("chen")) == levels(office.device("lu")) == [3, 2, 1]
    assert levels(office.device("qian")) == levels(office.device("dong")) == [2, 1]
    assert (levels(office.device("zhao")), levels(office.device("li"))) == ([1], [])
    assert levels(office.device("chen"), f"?level=2&area={STREET}") == [2]
    assert ask(office.device("qian"), "?area=210902006").get_json()["code"] == "outside_area"
    [talk, *_] = listed(office.device("chen"))
    good(ask(office.device("chen"), f"/{talk['id']}/sign", REASON))
    assert levels(office.device("qian"), "?state=signed") == [3]
    office.posted("qian", "210902006")
    assert levels(office.device("qian"), "?state=all") == []


def test_a_street_cannot_sign_for_the_district(office: Office, clock: Clock) -> None:
    """Levels 3 and 4 become nothing without the district's office; whoever only reads signs nothing."""
    given_out(office)
    looked(office, clock, "2020-07-27 18:00")
    chen, qian, lu = (office.device(name) for name in ("chen", "qian", "lu"))
    talk, order, reminder = listed(chen)
    assert [one["may_sign"] for one in listed(lu)] == [[], [], []]
    assert ask(lu, f"/{talk['id']}/sign", REASON).get_json()["code"] == "not_allowed"
    assert ask(qian, f"/{talk['id']}/sign", REASON).get_json()["code"] == "escalation_unknown"
    assert ask(qian, f"/{order['id']}/dismiss", REASON).get_json()["code"] == "not_allowed"
    signed = good(ask(qian, f"/{order['id']}/sign", REASON))
    assert (signed["state"], signed["by"]["name"], signed["reason"]) == ("signed", "钱伟", "请立即办理")
    again = good(ask(qian, f"/{order['id']}/sign", {"reason": "再说一遍"}))
    assert again["reason"] == "请立即办理"
    assert ask(chen, f"/{order['id']}/dismiss", REASON).get_json()["code"] == "escalation_over"
    assert good(ask(chen, f"/{reminder['id']}/dismiss", REASON))["state"] == "dismissed"
    assert looked(office, clock, "2020-07-30 18:00") == {}
    assert ask(chen, "/nothing/sign", REASON).status_code == 404
    assert ask(chen, f"/{talk['id']}/sign", {"reason": " "}).get_json()["code"] == "invalid_request"
    assert ask(chen, "?after=x").get_json()["code"] == "invalid_request"


def test_nobody_signs_what_was_put_right_meanwhile(office: Office, clock: Clock) -> None:
    """The list is a quarter of an hour old; the signature looks once more."""
    li = given_out(office)
    worker = at_the_ledger(office, "li")
    worker.do("sign")
    photographed(office, li)
    looked(office, clock, "2020-07-20 12:01")
    qian = office.device("qian")
    [reminder] = listed(qian)
    worker.do("submit", evidence=[AFTER], details={"measure": "已清理"})
    refused = ask(qian, f"/{reminder['id']}/sign", REASON).get_json()
    assert (refused["code"], refused["next_zh"]) == ("escalation_over", "案件情况已变，不必再处理。")
    assert state_of(office) == {(1, 1): ("fallen", "已整改 put right")}


def test_an_order_is_drafted_and_issued_by_a_person(office: Office, clock: Clock) -> None:
    """What level 2 drafts is a good record of its own, when somebody sends it."""
    given_out(office)
    looked(office, clock, "2020-07-21 18:00")
    chen = office.device("chen")
    draft = listed(chen, "?level=2")[0]["order"]
    assert (draft["to_unit"], draft["case_ids"]) == (GRID_7, [CASE])
    assert (draft["issued_on"], draft["reply_due"]) == ("2020-07-21", "2020-07-22")
    assert "超期1个工作日" in draft["text"]
    case_ids = draft.pop("case_ids")
    chen.clock_ms = clock.ms
    create = chen.mutation("create", "order", derived_id("order"), grid=DISTRICT, set=draft, add={"case_ids": case_ids})
    assert [one.outcome for one in chen.push(create)] == ["applied"]


def test_page_after_page(office: Office, clock: Clock) -> None:
    given_out(office)
    looked(office, clock, "2020-07-27 18:00")
    chen, seen, after = office.device("chen"), [], ""
    for _ in range(3):
        page = good(ask(chen, f"?limit=1{after}"))
        seen += [one["level"] for one in page["escalations"]]
        after = f"&after={page['after']}"
    assert (seen, page["after"]) == ([3, 2, 1], None)


def test_at_the_server(office: Office, clock: Clock) -> None:
    """Looked through, listed, signed by the first signs of its id, dismissed; an operator alone signs nothing."""
    given_out(office)
    clock.ms = ms("2020-07-21 18:00")
    assert "L1 1 条，L2 1 条" in typed("escalations", "review")
    page = typed("escalations", "--level", "2")
    assert "督办单草稿" in page
    assert "共 1 条" in page
    told = json.loads(typed("escalations", "--json"))
    first, second = (one["id"] for one in told)
    assert "已签批" in typed("escalations", "sign", first[:8], "--reason", "已约谈", "--as", "钱伟")
    assert "身份" in typed("escalations", "dismiss", second, "--reason", "x", "--as", "陆明", code=1)
    assert "不采纳" in typed("escalations", "dismiss", second, "--reason", "已协调", "--as", "陈红")
    assert "没有这条" in typed("escalations", "sign", first[:8], "--reason", "x", "--as", "陈红", code=1)
    assert json.loads(typed("escalations", "--json")) == []


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("2020-07-06,河北,80\n2020-07-06,河北,81", "已有得分"),
        ("2020-07-06,河北,80\n2020-07-20,河北,81", "缺少 2020-07-13"),
        ("2020-07-07,河北,80", "不是周一"),
        ("2020-02-31,河北,80", "没有 2020-02-31"),
        ("2020-07-06,河北,甲", "第 2 行"),
        ("", "没有得分"),
    ],
)
def test_scores_that_mean_nothing(office: Office, tmp_path: Path, rows: str, said: str) -> None:
    file = tmp_path / "scores.csv"
    file.write_text(f"周,单位,得分\n{rows}\n", encoding="utf-8")
    assert said in typed("escalations", "review", "--scores", str(file), code=1)


def test_three_weeks_at_the_bottom(office: Office, clock: Clock, tmp_path: Path) -> None:
    """Proposed once of the same weeks, whatever the district made of it; the street does not read it."""
    weeks = ("2020-06-29", "2020-07-06", "2020-07-13")
    rows = [f"{week},{unit},{score}" for week in weeks for unit, score in ((STREET, 71), ("210902006", 90))]
    file = tmp_path / "scores.csv"
    file.write_text("\n".join(["周,单位,得分", *rows]), encoding="utf-8")
    assert "L4 1 条" in typed("escalations", "review", "--scores", str(file))
    assert levels(office.device("qian")) == []
    [proposed] = listed(office.device("chen"))
    assert (proposed["unit"]["id"], proposed["why_zh"], proposed["case"]) == (STREET, "连续三周垫底", None)
    good(ask(office.device("chen"), f"/{proposed['id']}/sign", REASON))
    assert "L4 0 条" in typed("escalations", "review", "--scores", str(file))
    assert person_id("chen") == listed(office.device("chen"), "?state=signed")[0]["by"]["id"]
