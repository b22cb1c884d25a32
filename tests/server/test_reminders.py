"""Reminders decided and sent on real databases: once each, in time, to whom they concern, and to nobody else."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from schemas import wire
from schemas.clock import Stamp
from schemas.grid import feed_of, sealed_place
from schemas.ids import derived_id
from schemas.moments import BEIJING, instant
from server.storage.channels import ChannelWord
from server.storage.deliveries import Sought as SoughtDeliveries
from server.storage.public_reports import Reporter
from server.storage.reminders import Item, ReminderWord, Sought
from server.storage.settings import Word
from server.storage.tellings import TellingRow
from server.usecases.decide_reminders import announce, decide_reminders, preview_reminders
from server.usecases.forget_reminders import KEEP_DAYS, forget_reminders
from server.usecases.mistakes import Mistake
from server.usecases.review_escalations import review_escalations
from server.usecases.send_notices import send_notices
from server.values import Origin, Record
from tests.server.clerks import Clock
from tests.server.ledger_desk import AFTER, CASE, at_the_ledger, photographed, report
from tests.server.office import DISTRICT, GRID_7, STREET, Office, open_office, person_id

LI = {"lead": GRID_7, "owner": person_id("li")}
#: What was put right was given out before.
DONE: dict[str, Any] = {"dispatched_at": "2020-07-20 08:00"}
OTHER = derived_id("record", "the other case")


def ms(text: str) -> int:
    """Return a moment here in milliseconds."""
    return round(datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp() * 1000)


@pytest.fixture
def clock() -> Clock:
    """The office's clock; Monday 2020-07-20 08:10, ten minutes after work began."""
    return Clock(ms("2020-07-20 08:10"))


@pytest.fixture
def office(database_url: str, clock: Clock) -> Iterator[Office]:
    """An office with people and no records, on either database."""
    opened = open_office(database_url, clock)
    yield opened
    opened.store.engine.dispose()


@pytest.fixture
def small_office(tmp_path: Path, clock: Clock) -> Iterator[Office]:
    """The same on SQLite alone: what both databases do alike is shown by the others."""
    opened = open_office(f"sqlite:///{tmp_path / 'gridward.db'}", clock)
    yield opened
    opened.store.engine.dispose()


def given_out(office: Office, case: str = CASE, **more: Any) -> None:
    """Let a case be reported, accepted and given to Li."""
    report(office, case, **more)
    street = at_the_ledger(office, "qian")
    street.do("accept", case)
    street.do("dispatch", case, details=LI)


def minute(office: Office, clock: Clock, when: str) -> list[tuple[str, str]]:
    """Let the server decide and send at a moment; return the codes and people of what was made then."""
    clock.ms = ms(when)
    decide_reminders(office.store, DISTRICT, clock.ms)
    send_notices(office.store, DISTRICT, clock.ms)
    return sorted((one.code, one.person) for one in items(office) if one.made_ms == clock.ms)


def items(office: Office, **sought: Any) -> list[Item]:
    """Return every item there is."""
    with office.store.work(DISTRICT, writing=False) as work:
        return work.reminders.find(Sought(limit=1_000, **sought))


def notices(office: Office, name: str) -> list[Record]:
    """Return somebody's notices, the oldest first."""
    with office.store.work(DISTRICT, writing=False) as work:
        found = [one for one in work.records.of_types(("notice",)) if one.fields["person"] == person_id(name)]
    return sorted(found, key=lambda one: one.fields["sent_at"])


def lines(office: Office, name: str) -> list[str]:
    """Return what somebody was told, line by line."""
    return [line["zh"] for one in notices(office, name) for line in one.fields["items"]]


def to(*names: str, code: str) -> list[tuple[str, str]]:
    """Return the code beside each person."""
    return sorted((code, person_id(name)) for name in names)


def test_a_case_from_dispatch_to_overdue_tells_each_once(office: Office, clock: Clock) -> None:
    """Given out at 08:10 with four hours: told at once, after an hour unsigned, at yellow and at red."""
    given_out(office)
    assert minute(office, clock, "2020-07-20 08:11") == to("li", code="R04")
    assert minute(office, clock, "2020-07-20 08:12") == []
    assert minute(office, clock, "2020-07-20 09:09") == []
    assert minute(office, clock, "2020-07-20 09:10") == to("li", code="R05")
    assert minute(office, clock, "2020-07-20 11:10") == to("feng", code="R05") + to("li", code="R06")
    # The grid's leader is its head.
    assert minute(office, clock, "2020-07-20 12:11") == to("feng", "li", code="R07")
    assert minute(office, clock, "2020-07-20 12:12") == []
    number = office.record(CASE).fields["case_no"]  # type: ignore[union-attr]
    assert lines(office, "li") == [
        f"【交办】{number}：中华路12号门前暴露垃圾，请于2020-07-20 12:10前整改并上传整改后照片。",
        f"【待签收】{number}已派遣1小时未签收。",
        f"【即将到期】{number}距整改时限还有1 小时，请抓紧整改。",
        f"【超期】{number}超期1分钟，现亮红灯，请立即整改并说明原因。",
    ]


def test_only_the_person_acknowledges_and_then_nobody_higher_up_is_asked(small_office: Office, clock: Clock) -> None:
    """Li reads his notice on his tablet and confirms it; Wang in the same grid cannot, and Feng is not bothered."""
    given_out(small_office)
    minute(small_office, clock, "2020-07-20 09:10")
    [notice] = notices(small_office, "li")
    li, wang = small_office.device("li"), small_office.device("wang")
    li.clock_ms = wang.clock_ms = clock.ms
    seen = {"base": notice.version, "set": {"seen_at": "2020-07-20T09:11:00+08:00"}}
    assert li.pull()[notice.id]["fields"]["person"] == person_id("li")
    made = {name: notice.fields[name] for name in ("person", "title", "items", "sent_at", "critical")}
    tried = [
        wang.push(wang.mutation("patch", "notice", notice.id, **seen)),
        li.push(li.mutation("patch", "notice", notice.id, base=notice.version, set={"title": "没事了"})),
        li.push(li.mutation("create", "notice", derived_id("record", "forged"), set=made)),
        li.push(li.mutation("void", "notice", notice.id, base=notice.version)),
    ]
    assert [(one.outcome, (one.problem or {}).get("code")) for [one] in tried] == [
        ("rejected", "not_your_notice"),
        ("rejected", "not_allowed"),
        ("rejected", "not_allowed"),
        ("rejected", "not_allowed"),
    ]
    [outcome] = li.push(li.mutation("patch", "notice", notice.id, **seen))
    assert outcome.outcome == "applied"
    assert {one.acked_ms for one in items(small_office)} == {clock.ms}
    assert minute(small_office, clock, "2020-07-20 10:11") == []


def test_quiet_hours_and_the_half_hour(small_office: Office, clock: Clock) -> None:
    """What comes within half an hour waits and goes together; at night only what is critical goes, and alone."""
    hold_up(small_office, "2020-07-20 08:00", dispatched_at="2020-07-20 08:00")
    minute(small_office, clock, "2020-07-20 08:10")
    hold_up(small_office, "2020-07-20 08:15", case=OTHER, dispatched_at="2020-07-20 08:15")
    minute(small_office, clock, "2020-07-20 08:20")
    assert len(notices(small_office, "li")) == 1
    minute(small_office, clock, "2020-07-20 08:39")
    assert len(notices(small_office, "li")) == 1
    minute(small_office, clock, "2020-07-20 08:40")
    assert len(notices(small_office, "li")) == 2
    third, fourth = derived_id("record", "third"), derived_id("record", "fourth")
    hold_up(small_office, "2020-07-20 21:00", case=third, dispatched_at="2020-07-20 21:00")
    minute(small_office, clock, "2020-07-20 21:00")
    before = len(notices(small_office, "li"))
    hold_up(small_office, "2020-07-20 21:01", case=fourth, dispatched_at="2020-07-20 21:01", severity="critical")
    minute(small_office, clock, "2020-07-20 21:01")
    *_, critical = notices(small_office, "li")
    assert len(notices(small_office, "li")) == before + 1
    assert critical.fields["critical"]
    assert [line["about"] for line in critical.fields["items"]] == [fourth]
    minute(small_office, clock, "2020-07-21 06:59")
    assert len(notices(small_office, "li")) == before + 1
    minute(small_office, clock, "2020-07-21 07:00")
    assert third in [line.get("about") for line in notices(small_office, "li")[-1].fields["items"]]


def test_what_is_over_by_the_morning_is_not_told(office: Office, clock: Clock) -> None:
    """Overdue at 21:30, and dealt with in the night, each in its own way: nobody hears of them at seven."""
    late: dict[str, Any] = {"status": "handling", "due_at": "2020-07-20 21:30"}
    asked = {"kind": "extension", "at": [ms("2020-07-20 21:00"), 0], "by": person_id("li")}
    ways: dict[str, dict[str, Any]] = {
        **{state: {"status": state} for state in ("rectified", "deferred", "closed", "accepted")},
        "void": {"void": True},
        "sealed": {"grid": sealed_place(DISTRICT)},
        "asked": {"requests": [asked]},
        "moved": {"due_at": "2020-07-22 12:00"},
    }
    ids = {way: derived_id("record", way) for way in (*ways, "still late")}
    for one in ids.values():
        hold_up(office, "2020-07-20 09:00", case=one, **late)
    minute(office, clock, "2020-07-20 21:31")
    assert {one.code for one in items(office) if one.notice is None} == {"R07"}
    for way, changed in ways.items():
        hold_up(office, "2020-07-20 09:00", case=ids[way], **{**late, **changed})
    minute(office, clock, "2020-07-21 07:00")
    red = items(office, code="R07")
    assert {one.subject for one in red if one.over_ms == clock.ms} == {ids[way] for way in ways}
    assert {one.subject for one in red if one.sent_ms == clock.ms} == {ids["still late"]}


def test_returned_again_is_told_again(small_office: Office, clock: Clock) -> None:
    """Each return is news, with its reason; the same one never twice."""
    given_out(small_office)
    minute(small_office, clock, "2020-07-20 08:11")
    worker, verifier = at_the_ledger(small_office, "li"), at_the_ledger(small_office, "zhao")
    worker.do("sign")
    photographed(small_office, small_office.device("li"))
    for hour, said in ((9, "仍有垃圾"), (10, "还有一堆")):
        clock.ms = ms(f"2020-07-20 {hour:02}:00")
        worker.do("submit", evidence=[AFTER], details={"measure": "已清理"})
        verifier.do("return", reason=said, evidence=[AFTER], details={"code": "partly"})
        assert minute(small_office, clock, f"2020-07-20 {hour:02}:01") == to("li", code="R08")
        assert minute(small_office, clock, f"2020-07-20 {hour:02}:02") == []
    told = [one.zh for one in items(small_office, code="R08")]
    assert ["整改不彻底，还有一堆" in told[0], "（第2次退回）" in told[0], "（第1次退回）" in told[1]] == [True] * 3


def test_whoever_is_stopped_or_gone_is_told_nothing(small_office: Office, clock: Clock) -> None:
    """Li's account is stopped between the deciding and the sending; then his cases are told to the grid's leader."""
    hold_up(small_office, "2020-07-20 08:00", dispatched_at="2020-07-20 08:00")
    clock.ms = ms("2020-07-20 08:10")
    decide_reminders(small_office.store, DISTRICT, clock.ms)
    small_office.stop("li", clock.ms)
    send_notices(small_office.store, DISTRICT, clock.ms)
    assert notices(small_office, "li") == []
    hold_up(small_office, "2020-07-20 08:20", case=OTHER, dispatched_at="2020-07-20 08:20")
    assert minute(small_office, clock, "2020-07-20 08:21") == to("feng", code="R04")


def test_two_processes_at_one_moment_make_each_once(office: Office, clock: Clock) -> None:
    """Four deciders and four senders side by side: one item for each matter and person, in one notice."""
    ids = [derived_id("record", f"case {n}") for n in range(6)]
    for one in ids:
        hold_up(office, "2020-07-20 08:00", case=one, dispatched_at="2020-07-20 08:00")
    clock.ms = ms("2020-07-20 08:10")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: decide_reminders(office.store, DISTRICT, clock.ms), range(4)))
        sent = list(pool.map(lambda _: send_notices(office.store, DISTRICT, clock.ms), range(4)))
    assert sorted(one.subject or "" for one in items(office, code="R04")) == sorted(ids)
    assert sum(one.items for one in sent) == len(items(office))
    [notice] = notices(office, "li")
    [line] = notice.fields["items"]
    assert "等6件" in line["zh"]


def test_on_the_first_day_nothing_of_long_ago_is_told(small_office: Office, clock: Clock) -> None:
    """A ledger full of old red cases: only what turned red in the last three days is told, in one line."""
    for n in range(12):
        due = "2020-07-19 12:00" if n < 8 else "2020-07-01 12:00"
        hold_up(small_office, "2020-06-20 09:00", case=derived_id("record", f"case {n}"), status="handling", due_at=due)
    minute(small_office, clock, "2020-07-20 08:10")
    assert len(items(small_office, code="R07", person=person_id("li"))) == 8
    [line] = lines(small_office, "li")
    assert line.startswith("【超期】")
    assert "等8件" in line


def test_what_waits_for_offices_is_counted(small_office: Office, clock: Clock) -> None:
    """Put right in the forenoon: Feng is told of it with the count at 14:00, and not again until something is new."""
    for n in range(3):
        one = derived_id("record", f"case {n}")
        hold_up(small_office, "2020-07-20 08:00", case=one, status="rectified", **DONE, rectified_at="2020-07-20 09:30")
    hold_up(small_office, "2020-07-20 08:00", case=OTHER, status="rectified", **DONE, rectified_at="2020-07-20 12:00")
    assert minute(small_office, clock, "2020-07-20 11:00") == []
    assert minute(small_office, clock, "2020-07-20 14:00") == to("feng", code="R09")
    assert lines(small_office, "feng") == ["【待核查】3件已整改问题待核查，最早一件已等待4 小时。"]
    assert minute(small_office, clock, "2020-07-20 14:01") == []
    assert minute(small_office, clock, "2020-07-20 16:30") == to("feng", code="R09")
    assert lines(small_office, "feng")[-1].startswith("【待核查】4件")
    assert minute(small_office, clock, "2020-07-21 08:30") == to("feng", code="R09")
    assert minute(small_office, clock, "2020-07-21 11:00") == []


def test_verified_and_escalated(office: Office, clock: Clock) -> None:
    """Verified two working days ago: the street strikes off. On level 2 the district's office is told."""
    acts = [{"act": "pass", "at": [ms("2020-07-16 09:00"), 0], "by": person_id("feng"), "from": "rectified",
             "to": "verified"}]  # fmt: skip
    hold_up(office, "2020-07-15 08:00", status="verified", rectified_at="2020-07-15 12:00", timeline=acts)
    hold_up(office, "2020-07-15 08:00", case=OTHER, status="handling", due_at="2020-07-16 12:00")
    clock.ms = ms("2020-07-20 08:50")
    review_escalations(office.store, DISTRICT, clock.ms)
    assert minute(office, clock, "2020-07-20 09:00") == [("R10", person_id("qian")), ("R11", person_id("chen"))]
    assert lines(office, "qian") == ["【待销号】1件问题核查通过，请及时销号。"]
    [said] = lines(office, "chen")
    assert said == f"【督办】{GRID_7}HZ-{OTHER[:4]}超期1个工作日，已退回0次，建议下发督办单。"


def test_the_office_announces_that_the_snow_has_stopped(small_office: Office, clock: Clock) -> None:
    """Once for an area and a date: grid leaders and the street hear of it, and nobody after the date is over."""
    until = ms("2020-07-20 18:00")
    told = announce(small_office.store, DISTRICT, "R16", STREET, until, clock.ms)
    assert {one.person for one in told} == {person_id("feng"), person_id("qian")}
    assert announce(small_office.store, DISTRICT, "R16", STREET, until, clock.ms) == []
    minute(small_office, clock, "2020-07-20 08:11")
    assert lines(small_office, "feng") == ["【清雪】降雪已停，请组织沿街单位、商户清雪，2020-07-20 18:00前完成。"]
    for code, area, late in (("R04", STREET, until), ("R16", "110101001", until), ("R16", STREET, clock.ms)):
        with pytest.raises(Mistake):
            announce(small_office.store, DISTRICT, code, area, late, clock.ms)


def test_reporters_are_answered_by_the_clerk_who_learns_nothing_of_them(office: Office, clock: Clock) -> None:
    """Accepted, then put right: each is told once to the street, and the contact stands nowhere."""
    hold_up(office, "2020-07-20 08:00", source="public", status="accepted")
    with office.store.work(DISTRICT) as work:
        work.public_reports.add_reporter(Reporter(CASE, "public", "13812345678", None, clock.ms))
        work.commit()
    assert minute(office, clock, "2020-07-20 08:11") == to("qian", code="R14")
    assert minute(office, clock, "2020-07-20 08:12") == []
    hold_up(office, "2020-07-20 08:00", source="public", status="closed", closed_at="2020-07-20 10:00")
    assert minute(office, clock, "2020-07-20 10:11") == to("qian", code="R14")
    told = lines(office, "qian")
    assert ["已受理" in told[0], "已整改" in told[1], "138" in "".join(told)] == [True, True, False]


def test_the_district_changes_pauses_and_adds(small_office: Office, clock: Clock) -> None:
    """R04 is paused, R05 says something else, and X01 tells the street of every dispatch; a wrong word is no word."""
    say(small_office, "R04", {"paused": True})
    say(small_office, "R05", {"text_zh": "【催】{number}请签收。"})
    say(small_office, "R07", {"text_zh": "{phone}"})
    copy = {"zh": "派遣抄送", "en": "Copy", "condition": "dispatched", "audience": "street", "soon": True}
    say(small_office, "X01", {**copy, "text_zh": "{number}已派遣", "text_en": "{number} was dispatched"})
    hold_up(small_office, "2020-07-20 08:00", dispatched_at="2020-07-20 08:00")
    assert minute(small_office, clock, "2020-07-20 08:10") == to("qian", code="X01")
    assert minute(small_office, clock, "2020-07-20 09:10") == to("li", code="R05")
    assert lines(small_office, "li") == [f"【催】HZ-{CASE[:4]}请签收。"]
    hold_up(small_office, "2020-07-20 08:00", status="handling", due_at="2020-07-20 10:00")
    assert [code for code, _ in minute(small_office, clock, "2020-07-20 10:01")].count("R07") == 2


def test_a_preview_writes_nothing_and_tells_what_is_to_come(small_office: Office, clock: Clock) -> None:
    """In the morning it is known whose case turns red today, and who is told at which hour."""
    hold_up(
        small_office, "2020-07-20 08:00", status="handling", due_at="2020-07-20 12:00", yellow_at="2020-07-20 08:05"
    )
    hold_up(small_office, "2020-07-20 08:00", case=OTHER, status="rectified", **DONE, rectified_at="2020-07-20 08:00")
    with small_office.store.work(DISTRICT, writing=False) as work:
        found = preview_reminders(work, clock.ms)
        soon = preview_reminders(work, clock.ms, ms("2020-07-20 08:20"))
    assert {(one.code, one.person) for one in found} >= {
        ("R07", person_id("li")), ("R07", person_id("feng")), ("R09", person_id("feng")),
    }  # fmt: skip
    assert [(one.code, one.person) for one in soon] == [("R06", person_id("li"))]
    assert items(small_office) == []


def test_manners_are_the_districts(small_office: Office, clock: Clock) -> None:
    """Quiet from 19:00 on, by the district's word; numbers that cannot be meant count as not said."""
    with small_office.store.work(DISTRICT) as work:
        work.settings.say(Word("reminding", {"quiet_from": 19 * 60, "between_min": -5}, "入冬", "陈红", clock.ms))
        work.commit()
    hold_up(small_office, "2020-07-20 19:00", dispatched_at="2020-07-20 19:00")
    minute(small_office, clock, "2020-07-20 19:05")
    assert notices(small_office, "li") == []


def test_patrols_milestones_and_cleaning_days(small_office: Office, clock: Clock) -> None:
    """On a duty day workers hear what is due, and later what is left; units hear of dates, and of tomorrow."""
    qian = small_office.device("qian")
    qian.clock_ms = ms("2020-07-16 08:00")
    ids = {name: derived_id("record", name) for name in ("road", "campaign", "milestone", "task", "day")}
    plan = {"campaign_id": ids["campaign"]}
    chen = small_office.device("chen")
    chen.clock_ms = qian.clock_ms
    for device, kind, name, place, fields in (
        (qian, "street_segment", "road", GRID_7, {"name": "中华路一段", "kind": "arterial", "road_grade": 1}),
        (chen, "campaign", "campaign", DISTRICT,
         {"kind": "hygienic_city", "name": "百日会战", "start_on": "2020-07-14", "end_on": "2020-10-21"}),
        (chen, "milestone", "milestone", DISTRICT, {**plan, "name": "集中整治", "due_on": "2020-07-23"}),
        (chen, "campaign_task", "task", DISTRICT,
         {**plan, "unit": STREET, "what": "清理背街小巷", "due_on": "2020-07-22"}),
        (qian, "cleaning_day", "day", GRID_7,
         {"held_on": "2020-07-21", "theme": "洁净家园", "place_text": "中华路", "organiser_unit": STREET,
          "grid_ids": [GRID_7], "start_at": "2020-07-21T08:30:00+08:00"}),
    ):  # fmt: skip
        union = {name: fields.pop(name) for name in ("grid_ids",) if name in fields}
        [outcome] = device.push(device.mutation("create", kind, ids[name], grid=place, set=fields, add=union))
        assert outcome.outcome == "applied", outcome
    assert minute(small_office, clock, "2020-07-19 08:00") == []  # a Sunday
    assert minute(small_office, clock, "2020-07-20 08:00") == to("li", "wang", code="R01") + to("qian", code="R12")
    assert minute(small_office, clock, "2020-07-20 08:01") == []
    assert minute(small_office, clock, "2020-07-20 15:00") == to("feng", "qian", code="R13")
    assert minute(small_office, clock, "2020-07-20 16:30") == to("li", "wang", code="R02")
    assert minute(small_office, clock, "2020-07-21 10:00") == []  # two hours after eight it is too late
    assert minute(small_office, clock, "2020-07-22 09:59") == to("li", "wang", code="R01") + to("qian", code="R12")
    assert lines(small_office, "li")[:2] == [
        f"【今日巡查】{GRID_7}今日应查路段1个、商户0户、停车区0处，请先同步后出发。",
        f"【巡查未完成】{GRID_7}今日还有1处未检查，请于18:00前完成。",
    ]
    assert lines(small_office, "qian")[:2] == [
        f"【节点提醒】“集中整治”（2020-07-23）还有3天，{STREET}未完成任务1项。",
        "【清扫日】明日08:30在中华路开展网格创卫清扫（洁净家园），请组织人员参加，携带清扫工具。",
    ]


def test_what_was_settled_is_told_once_to_each(office: Office, clock: Clock) -> None:
    """Two decisions of one second about one record are two lines; what lies sealed is told to nobody."""
    body = wire.canonical({"record": CASE, "type": "case", "zh": "以先到的为准。", "en": "The first counts."}).decode()
    at_ms = ms("2020-07-20 08:05")
    rows = [TellingRow(STREET, 7, part, person_id("li"), at_ms, body) for part in (0, 1)]
    rows.append(TellingRow(sealed_place(DISTRICT), 7, 0, person_id("wang"), at_ms, body))
    with office.store.work(DISTRICT) as work:
        work.tellings.put(rows)
        work.commit()
    assert minute(office, clock, "2020-07-20 08:11") == to("li", "li", code="R15")
    assert minute(office, clock, "2020-07-20 08:12") == []
    assert lines(office, "li") == ["【记录说明】以先到的为准。"] * 2


def test_three_messages_a_day_leave_the_tablet_and_a_group_hears_of_each_matter_once(
    small_office: Office, clock: Clock
) -> None:
    """Li's mailbox gets the first three notices of the day; the street's group numbers alone, though two are told."""
    with small_office.store.work(DISTRICT) as work:
        for name, said in (
            ("li_mail", {"kind": "mail", "area": STREET, "codes": ["all"], "person": person_id("li")}),
            ("street", {"kind": "wecom", "area": STREET, "codes": ["R04", "R07"]}),
        ):
            work.channels.say(ChannelWord(name, said, "试用", "陈红", clock.ms))
        work.commit()
    for n in range(5):
        one = derived_id("record", f"case {n}")
        found = f"2020-07-20 {9 + n:02}:00"
        hold_up(small_office, found, case=one, case_no=f"HZ-2020-五龙-WTYA0000{n}", dispatched_at=found)
        minute(small_office, clock, f"2020-07-20 {9 + n:02}:01")
    hold_up(small_office, "2020-07-20 09:00", status="handling", due_at="2020-07-20 14:30")
    minute(small_office, clock, "2020-07-20 14:31")
    with small_office.store.work(DISTRICT, writing=False) as work:
        sent = work.deliveries.find(SoughtDeliveries())
    assert len([one for one in sent if one.channel == "li_mail"]) == 3
    group = [one.body for one in reversed(sent) if one.channel == "street"]
    assert len(group) == 6
    assert ["超期】1 件" in group[-1], "李" in "".join(group), "中华路" in "".join(group)] == [True, False, False]
    assert "WTYA00000" in group[0]
    minute(small_office, clock, "2020-07-21 07:30")
    hold_up(small_office, "2020-07-21 08:00", case=OTHER, dispatched_at="2020-07-21 08:00")
    minute(small_office, clock, "2020-07-21 08:30")
    with small_office.store.work(DISTRICT, writing=False) as work:
        assert len([one for one in work.deliveries.find(SoughtDeliveries()) if one.channel == "li_mail"]) > 3


# -- attacks -----------------------------------------------------------------------------------------


def waits(office: Office, now_ms: int, *subjects: str, who: str = "li", code: str = "R15", **said: Any) -> None:
    """Let something wait for somebody, a matter each."""
    shape = Item(code, instant(now_ms), "", person_id(who), "", GRID_7, 0, False, "说明", "Said", now_ms)
    made = [shape._replace(target=f"{person_id(who)}.{one}", subject=one)._replace(**said) for one in subjects]
    with office.store.work(DISTRICT) as work:
        work.reminders.put(made)
        work.commit()


def test_one_item_that_no_notice_takes_holds_up_nobody(
    small_office: Office, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its subject is longer than a notice may name: it ends, with a line in the log; Li and Wang hear all the rest."""
    waits(small_office, clock.ms, *(f"matter {n}" for n in range(9)), "x" * 60)
    waits(small_office, clock.ms, "matter 1", who="wang")
    sent = send_notices(small_office.store, DISTRICT, clock.ms)
    # Ten together are told as ten; so the long one is named only where it stands alone.
    assert (sent.notices, sent.items, sent.unfit) == (2, 11, 0)
    waits(small_office, clock.ms, "x" * 61, "matter 10", zh="张三的电话")
    waits(small_office, clock.ms, "matter 2", who="sun")
    sent = send_notices(small_office.store, DISTRICT, clock.ms + 31 * 60_000)
    assert (sent.notices, sent.items, sent.unfit) == (2, 2, 1)
    assert [one.over_ms is not None for one in items(small_office) if one.notice is None] == [True]
    logged = capsys.readouterr().out
    assert "left_out" in logged
    assert "张三" not in logged


def test_a_sending_that_breaks_off_anywhere_is_made_up_once(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the marks, after them, before the record, before the end: afterwards each was told once."""
    waits(office, clock.ms, "one", "two")

    def killed(*_given: object) -> None:
        raise KeyboardInterrupt

    for owner, name in (
        ("server.usecases.send_notices", "push_notices"),
        ("server.storage.reminders.ReminderStore", "sent"),
        ("server.usecases.send_notices", "bring_in_within"),
        ("server.storage.imports.ImportStore", "say"),
        ("server.storage.unit_of_work.UnitOfWork", "commit"),
    ):
        with monkeypatch.context() as broken:
            broken.setattr(f"{owner}.{name}", killed)
            with pytest.raises(KeyboardInterrupt):
                send_notices(office.store, DISTRICT, clock.ms)
        assert notices(office, "li") == []
    assert send_notices(office.store, DISTRICT, clock.ms).items == 2
    assert send_notices(office.store, DISTRICT, clock.ms).items == 0
    assert len(notices(office, "li")) == 1


def test_a_grant_for_what_is_no_place_here_is_told_at_the_district(small_office: Office, clock: Clock) -> None:
    """A city's area, another district's, or a word: the notice lies where every tablet of his reads it."""
    for n, area in enumerate(("2109", "110101001", "沈阳")):
        small_office.posted("li", area)
        waits(small_office, clock.ms, f"matter {n}")
        assert send_notices(small_office.store, DISTRICT, clock.ms + n * 3_600_000).notices == 1
    assert {one.grid for one in notices(small_office, "li")} == {DISTRICT}


def test_an_hour_that_was_passed_over_is_not_asked_afterwards(small_office: Office, clock: Clock) -> None:
    """The server was away from 08:00 to 09:31: of three hours the last is told, and the others never."""
    say(small_office, "R09", {"at": ["08:15", "08:45", "09:30"]})
    hold_up(small_office, "2020-07-17 08:00", status="rectified", **DONE, rectified_at="2020-07-17 09:00")
    assert minute(small_office, clock, "2020-07-20 09:31") == to("feng", code="R09")
    assert minute(small_office, clock, "2020-07-20 09:32") == []
    assert minute(small_office, clock, "2020-07-20 10:02") == []


def test_a_step_may_be_days_away(small_office: Office, clock: Clock) -> None:
    """Four days after Li heard of it and said nothing, longer than anything new is told: the street hears."""
    say(small_office, "R05", {"steps": [[4 * 24 * 60, "street"]]})
    hold_up(small_office, "2020-07-20 08:00", dispatched_at="2020-07-20 08:00", due_at="2020-07-31 12:00")
    minute(small_office, clock, "2020-07-20 08:10")
    minute(small_office, clock, "2020-07-20 09:10")
    assert minute(small_office, clock, "2020-07-24 09:09") == []
    assert minute(small_office, clock, "2020-07-24 09:10") == to("qian", code="R05")


def test_snow_that_is_to_be_gone_before_anybody_wakes_is_no_quiet_word(small_office: Office, clock: Clock) -> None:
    """At 22:00 until 06:30: nobody would hear of it; said to be critical it goes at once."""
    clock.ms, until = ms("2020-07-20 22:00"), ms("2020-07-21 06:30")
    with pytest.raises(Mistake):
        announce(small_office.store, DISTRICT, "R16", STREET, until, clock.ms)
    assert announce(small_office.store, DISTRICT, "R16", STREET, until + 3_600_000, clock.ms)
    say(small_office, "R16", {"critical": True})
    assert announce(small_office.store, DISTRICT, "R16", STREET, until, clock.ms)
    send_notices(small_office.store, DISTRICT, clock.ms)
    assert len(notices(small_office, "feng")) == 1


def test_nobody_answers_a_reporter_whose_report_was_voided_in_the_night(small_office: Office, clock: Clock) -> None:
    """Struck off at 21:30, voided, merged or opened again by seven."""
    ways: dict[str, dict[str, Any]] = {
        "void": {"void": True}, "merged": {"status": "merged"}, "again": {"status": "handling"}, "still": {},
        "sealed": {"grid": sealed_place(DISTRICT)},
    }  # fmt: skip
    ids = {way: derived_id("record", way) for way in ways}
    closed: dict[str, Any] = {"source": "public", "status": "closed", "closed_at": "2020-07-20 21:20"}
    for one in ids.values():
        hold_up(small_office, "2020-07-20 21:00", case=one, **closed)
    with small_office.store.work(DISTRICT) as work:
        for one in ids.values():
            work.public_reports.add_reporter(Reporter(one, "public", "13812345678", None, clock.ms))
        work.commit()
    minute(small_office, clock, "2020-07-20 21:30")
    for way, changed in ways.items():
        hold_up(small_office, "2020-07-20 21:00", case=ids[way], **{**closed, **changed})
    clock.ms = ms("2020-07-21 07:00")
    send_notices(small_office.store, DISTRICT, clock.ms)
    assert [line["about"] for one in notices(small_office, "qian") for line in one.fields["items"]] == [ids["still"]]


def test_one_case_over_which_the_program_stumbles_keeps_no_other_back(small_office: Office, clock: Clock) -> None:
    """Its timeline means nothing: the other case, and every other reminder, is told; so is the preview."""
    broken = [{"act": "return", "at": "yesterday"}]
    hold_up(small_office, "2020-07-20 08:00", status="handling", return_count=1, timeline=broken)
    good = [{"act": "return", "at": [ms("2020-07-20 08:05"), 0], "reason": "未做", "details": {"code": "not_done"}}]
    hold_up(small_office, "2020-07-20 08:00", case=OTHER, status="handling", return_count=1, timeline=good)
    third = derived_id("record", "third")
    hold_up(small_office, "2020-07-20 08:00", case=third, dispatched_at="2020-07-20 08:00")
    with small_office.store.work(DISTRICT, writing=False) as work:
        assert {one.code for one in preview_reminders(work, clock.ms)} >= {"R04", "R08"}
    assert minute(small_office, clock, "2020-07-20 08:10") == to("li", code="R04") + to("li", code="R08")


def test_what_was_told_half_a_year_ago_is_forgotten_and_never_told_again(office: Office, clock: Clock) -> None:
    """But what waits stays, and what became of a report while its reporter may still be answered."""
    hold_up(office, "2020-07-20 08:00", source="public", status="accepted")
    with office.store.work(DISTRICT) as work:
        work.public_reports.add_reporter(Reporter(CASE, "public", "13812345678", None, clock.ms))
        work.commit()
    minute(office, clock, "2020-07-20 08:11")
    waits(office, clock.ms, "told")
    send_notices(office.store, DISTRICT, clock.ms + 3_600_000)
    waits(office, clock.ms, "waiting", who="wang")
    later = clock.ms + (KEEP_DAYS + 1) * 24 * 3_600_000
    assert forget_reminders(office.store, DISTRICT, clock.ms + 24 * 3_600_000) == 0
    assert forget_reminders(office.store, DISTRICT, later) == 1
    assert {one.subject for one in items(office)} == {CASE, "waiting"}
    with office.store.work(DISTRICT) as work:
        work.public_reports.forget_reporters([CASE])
        work.commit()
    assert forget_reminders(office.store, DISTRICT, later) == 1


# -- helpers -----------------------------------------------------------------------------------------


def say(office: Office, code: str, said: dict[str, Any]) -> None:
    """Let the district say something of a reminder."""
    with office.store.work(DISTRICT) as work:
        work.reminders.say(ReminderWord(code, said, "试行", "陈红", 0))
        work.commit()


def hold_up(
    office: Office, found: str, *, case: str = CASE, grid: str = GRID_7, void: bool = False, **said: Any
) -> None:
    """Write a case of Li's as it stands, without walking it there; moments are given as 2020-07-20 08:00."""
    found_ms = ms(found)
    fields: dict[str, Any] = {
        "source": "check", "problem_class": "piling", "severity": "minor", "status": "dispatched",
        "found_at": instant(found_ms), "place_text": "中华路12号", "case_no": f"HZ-{case[:4]}", "lead": GRID_7,
        "owner_person": person_id("li"), "timeline": [],
    }  # fmt: skip
    fields |= {name: instant(ms(value)) if name.endswith("_at") else value for name, value in said.items()}
    stamp = Stamp(found_ms, 0, derived_id("device", "li"))
    with office.store.work(DISTRICT) as work:
        known = work.records.locked([case]).get(case)
        work.feeds.known([feed_of(grid)])
        [head] = [work.feeds.take(feed_of(grid), 1)]
        record = known or Record(
            type="case", id=case, grid=grid, feed=feed_of(grid), fields={}, at=Stamp(found_ms, 0), by=person_id("li"),
            origin=Origin(stamp, person_id("li"), 1), device=stamp.device, received_ms=found_ms, rank=1,
        )  # fmt: skip
        record.fields, record.grid, record.feed, record.void = fields, grid, feed_of(grid), void
        record.version = head.seq + 1
        record.born = record.born or record.version
        work.records.write([record])
        work.commit()
