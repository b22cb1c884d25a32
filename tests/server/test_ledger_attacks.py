"""Whoever wants his cases to look closed, his deadline to move, or the office to stand still: what he gets instead."""

from collections.abc import Iterator
from typing import Any

import pytest

from schemas.ids import derived_id
from schemas.machines import lacking
from schemas.mutations import Act
from schemas.workflow import CASE as MACHINE
from server.core.sources.masking import without_numbers
from server.usecases.replay_history import replay_history
from tests.server.clerks import HOUR, MORNING, Clock, code, good
from tests.server.ledger_desk import AFTER, BEFORE, CASE, PLACE, at_the_ledger, photographed, report
from tests.server.office import DISTRICT, ELSEWHERE, GRID_7, GRID_8, Office, RawDevice, open_office

OTHER = derived_id("record", "the other case")
MONDAY = MORNING + 48 * HOUR


@pytest.fixture
def clock() -> Clock:
    """The server's clock: 09:00 of a Monday."""
    return Clock(MONDAY + HOUR)


@pytest.fixture(name="office")
def monday_office(database_url: str, clock: Clock) -> Iterator[Office]:
    """An office on the Monday after."""
    opened = open_office(database_url, clock)
    yield opened
    opened.store.engine.dispose()


def fields(office: Office, case: str = CASE) -> dict[str, Any]:
    """Return what the office holds of a case."""
    record = office.record(case)
    assert record is not None
    return record.fields


def tablet(office: Office, name: str, at_ms: int) -> RawDevice:
    """Return a new tablet of somebody whose clock shows *at_ms*."""
    made = office.device(name)
    made.clock_ms = at_ms
    return made


def act(device: RawDevice, name: str, case: str = CASE, details: Any = None, **asked: Any) -> Any:
    """Let somebody who has seen everything take an act; return what became of it."""
    record = device.office.record(case)
    assert record is not None
    body = {"name": name, **asked} | ({"details": details} if details else {})
    [outcome] = device.push(device.mutation("act", "case", case, base=record.version, act=body))
    return outcome


def in_hand(office: Office, clock: Clock) -> tuple[RawDevice, RawDevice]:
    """Let Li of grid 7 have a case in hand since now; return Qian's tablet of the street and Li's."""
    report(office)
    qian, li = tablet(office, "qian", clock.ms - 2_000), tablet(office, "li", clock.ms)
    act(qian, "accept")
    act(qian, "dispatch", details={"lead": GRID_7})
    assert act(li, "sign").outcome == "applied"
    return qian, li


# -- joining ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["refused", "void", "elsewhere"])
def test_no_case_vanishes_into_one_that_is_over_or_elsewhere(office: Office, clock: Clock, way: str) -> None:
    """Qian would join an open case to one that he refused, voided, or that another street answers for."""
    report(office)
    main = OTHER
    report(office, main, who="chen", grid=ELSEWHERE if way == "elsewhere" else GRID_8, problem_class="piling")
    qian = tablet(office, "qian", clock.ms)
    if way == "refused":
        act(qian, "refuse", main, reason="查无此处")
    if way == "void":
        qian.push(qian.mutation("void", "case", main, base=2))
    outcome = act(qian, "merge", into=main)
    assert [one["reason"] for one in outcome.decisions] == ["not_met"]
    assert fields(office)["status"] == "reported"
    assert [one["act"] for one in fields(office)["late_acts"]] == ["merge"]
    assert [one.differences for one in replay_history(office.store, DISTRICT, CASE)] == [()]
    # Whoever answers for both joins them; what is over stays over for her as well.
    chen = tablet(office, "chen", clock.ms + 1_000)
    act(chen, "merge", into=main)
    assert fields(office)["status"] == ("merged" if way == "elsewhere" else "reported")


def test_the_desk_says_so_at_once_and_writes_nothing(office: Office) -> None:
    """What only shows while it is taken in is told like anything else that stands in the way."""
    report(office)
    report(office, OTHER, problem_class="piling")
    qian = at_the_ledger(office, "qian")
    qian.do("refuse", OTHER, reason="查无此处")
    before = office.record(CASE)
    told = qian.try_to("merge", into=OTHER)
    assert code(told) == "act_not_possible"
    assert "主案" in told.get_json()["message_zh"]
    after = office.record(CASE)
    assert before is not None
    assert after is not None
    assert (after.version, after.fields) == (before.version, before.fields)


def test_the_desk_knows_who_put_it_right_on_the_spot(office: Office, clock: Clock) -> None:
    """Zhao reported, Feng cleaned at once and said so: Zhao verifies, and Feng is told that he may not."""
    report(office, who="zhao")
    feng = tablet(office, "feng", clock.ms)
    photos = [
        {"sha256": sha, "role": role, "taken_at": f"2020-07-18T08:0{minute}:00+08:00", "position": PLACE}
        for minute, (sha, role) in enumerate([(BEFORE, "before"), (AFTER, "after")])
    ]
    feng.push(feng.mutation("patch", "case", CASE, base=1, set={"fixed_on_spot": True}, add={"photos": photos}))
    assert fields(office)["status"] == "rectified"
    at_feng, at_zhao = at_the_ledger(office, "feng"), at_the_ledger(office, "zhao")
    assert at_feng.may()["pass"]["why_code"] == "no_self_verify"
    assert code(at_feng.try_to("pass")) == "act_not_possible"
    at_zhao.do("pass")
    assert fields(office)["status"] == "verified"


# -- whose word stands ------------------------------------------------------------------------------


def unaware(device: RawDevice, base: int, name: str, **more: Any) -> None:
    """Let somebody take an act who has seen version *base* and nothing since."""
    [outcome] = device.push(
        device.mutation("act", "case", CASE, base=base, act={"name": name, "reason": "理由", **more})
    )
    assert outcome.outcome in ("applied", "merged"), outcome


@pytest.mark.parametrize("first", ["qian", "chen"])
def test_a_higher_word_stands_also_where_the_lower_one_would_be_legal_after_it(
    office: Office, clock: Clock, first: str
) -> None:
    """Qian of the street reassigns, Chen of the district does: in either order of arrival it is Chen's unit."""
    in_hand(office, clock)
    record = office.record(CASE)
    assert record is not None
    leads = {"qian": GRID_8, "chen": "dept_urban"}
    for name in (first, *(leads.keys() - {first})):
        unaware(tablet(office, name, clock.ms), record.version, "reassign", details={"lead": leads[name]})
    assert (fields(office)["lead"], fields(office)["status"]) == ("dept_urban", "dispatched")
    assert [one.differences for one in replay_history(office.store, DISTRICT, CASE)] == [()]


@pytest.mark.parametrize("order", [("qian", "zhou"), ("zhou", "qian")])
def test_no_street_joins_away_what_an_inspector_just_returned(
    office: Office, clock: Clock, order: tuple[str, str]
) -> None:
    """Neither knew of the other: the inspector's return stands, whichever came first."""
    _, li = in_hand(office, clock)
    report(office, OTHER, problem_class="piling")
    act(li, "submit", evidence=[AFTER], details={"measure": "已清运"})
    record = office.record(CASE)
    assert record is not None
    acts: dict[str, tuple[str, dict[str, Any]]] = {
        "qian": ("merge", {"into": OTHER}),
        "zhou": ("return", {"evidence": ["c" * 64], "details": {"code": "false"}}),
    }
    for name in order:
        unaware(tablet(office, name, clock.ms + 1_000), record.version, acts[name][0], **acts[name][1])
    assert fields(office)["status"] == "handling"
    assert fields(office)["return_count"] == 1
    assert [one["act"] for one in fields(office)["late_acts"]] == ["merge"]


def test_of_two_equal_reassignments_the_first_one_stands(office: Office, clock: Clock) -> None:
    """Two of the street, unaware of each other: the second unit assists."""
    in_hand(office, clock)
    record = office.record(CASE)
    assert record is not None
    for lead in (GRID_8, "dept_urban"):
        unaware(tablet(office, "qian", clock.ms), record.version, "reassign", details={"lead": lead})
    assert (fields(office)["lead"], fields(office)["assist"]) == (GRID_8, ["dept_urban"])


# -- time -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
def test_a_moment_that_no_other_zone_can_write_stops_nobody(office: Office, moment: str) -> None:
    """One such case in a push would have kept back everything else of the tablet, for ever."""
    li = report(office)
    found = {"source": "check", "problem_class": "piling", "severity": "minor", "found_at": moment}
    later = li.mutation("create", "case", derived_id("a", "b"), set=found | {"found_at": "2020-07-18T08:00:00+08:00"})
    first, second = li.push(li.mutation("create", "case", OTHER, set=found), later)
    assert {first.outcome, second.outcome} == {"rejected", "applied"}


@pytest.mark.parametrize("at_ms", [0, 946_656_000_000 - 1, (1 << 48) - 1])
def test_a_clock_that_begins_in_1970_is_no_trouble(office: Office, clock: Clock, at_ms: int) -> None:
    """Every act of a tablet whose battery was empty is taken, and everything can be listed afterwards."""
    report(office)
    qian, li = tablet(office, "qian", MONDAY), tablet(office, "li", MONDAY)
    acts: list[tuple[RawDevice, dict[str, Any]]] = [
        (qian, {"name": "accept"}),
        (qian, {"name": "dispatch", "details": {"lead": GRID_7}}),
        (qian, {"name": "set_due", "reason": "早办", "details": {"due_at": "2020-07-21T10:00:00+08:00"}}),
        (li, {"name": "sign"}),
        (li, {"name": "submit", "evidence": [AFTER], "details": {"measure": "已清运"}}),
    ]
    for device, asked in acts:
        [outcome] = device.push(device.mutation("act", "case", CASE, base=99, at=[at_ms, 0], act=asked))
        assert outcome.outcome in ("applied", "merged"), outcome
    assert fields(office)["status"] == "rectified"
    clerk = at_the_ledger(office, "chen")
    client, headers = office.app.test_client(), {"Authorization": f"Bearer {clerk.device.token}"}
    for path in ("/v1/cases", f"/v1/cases/{CASE}", f"/v1/cases/{CASE}/next-acts", "/v1/ledger/waiting"):
        assert client.get(path, headers=headers).status_code == 200, path


def test_a_second_extension_moves_the_date_whatever_the_clocks_say(office: Office, clock: Clock) -> None:
    """Chen's tablet is some minutes behind Qian's, so that her grant bears the earlier time."""
    qian, _ = in_hand(office, clock)
    feng = tablet(office, "feng", clock.ms + 60_000)
    act(feng, "ask_extension", reason="等车", details={"until": "2020-07-20T16:00:00+08:00"})
    qian.clock_ms = clock.ms + 30 * 60_000
    clock.ms += 40 * 60_000
    act(qian, "grant_extension")
    assert fields(office)["due_at"] == "2020-07-20T16:00:00+08:00"
    act(feng, "ask_extension", reason="还等车", details={"until": "2020-07-21T16:00:00+08:00"})
    chen = tablet(office, "chen", qian.clock_ms - 10 * 60_000)
    assert act(chen, "grant_extension").outcome == "applied"
    assert fields(office)["due_at"] == "2020-07-21T16:00:00+08:00"


# -- what comes along -------------------------------------------------------------------------------


def test_blanks_are_neither_a_measure_nor_a_unit() -> None:
    """All that was done may not be a space, and nobody is called so."""
    for name, detail in (("submit", "measure"), ("dispatch", "lead")):
        told = Act(name, ["a" * 64], "理由", details={detail: " \n　"})
        missing = lacking(MACHINE, told)
        assert missing is not None
        assert missing.code == "detail_missing"


def test_a_unit_is_a_place_or_a_departments_word(office: Office, clock: Clock) -> None:
    """A case given to "nowhere" would be in nobody's hands."""
    report(office)
    qian = tablet(office, "qian", clock.ms)
    act(qian, "accept")
    for lead in ("nowhere", "2109", "dept_", "210902005\n"):
        assert act(qian, "dispatch", details={"lead": lead}).problem["code"] == "invalid_fields", lead
    assert fields(office)["status"] == "accepted"


def test_whoever_fills_a_case_with_remarks_stops_no_verdict(office: Office, clock: Clock) -> None:
    """Li writes until nothing more goes in; Zhao returns the case all the same, and Qian gives it to another."""
    qian, li = in_hand(office, clock)
    photographed(office, li)
    clock.ms += HOUR
    act(li, "submit", evidence=[AFTER], details={"measure": "已清运"})
    for n in range(120):
        remark = {"remark": [f"{n} {k}" + "我" * 190 for k in range(5)]}
        [outcome] = li.push(li.mutation("patch", "case", CASE, base=1, add=remark))
        if outcome.problem is not None:
            break
    assert outcome.problem is not None
    assert outcome.problem["code"] == "record_too_large"
    zhao = tablet(office, "zhao", clock.ms)
    returned = act(zhao, "return", reason="仍有" * 140, evidence=["c" * 64], details={"code": "not_done"})
    assert returned.outcome == "applied"
    assert act(qian, "reassign", reason="换人" * 140, details={"lead": GRID_8}).outcome in ("applied", "merged")
    assert fields(office)["lead"] == GRID_8
    assert good(at_the_ledger(office, "qian").ask(f"/{CASE}"))["case"]["state"] == "dispatched"


@pytest.mark.parametrize(
    "number", ["13812345678", "138 1234 5678", "１３８１２３４５６７８", "138.1234.5678", "138－1234－5678"]
)
def test_no_number_comes_through_however_it_is_typed(number: str) -> None:
    """A reporter's own number in his sentence would be on every tablet of the street."""
    told = without_numbers(f"我是{number}，请回电")
    assert "5678" in told
    assert "****" in told
