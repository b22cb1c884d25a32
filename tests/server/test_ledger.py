"""The office's ledger: a case from found to struck off at the desk, and who may see and do what."""

from collections.abc import Iterator

import pytest

from schemas.grid import sealed_place
from schemas.ids import derived_id
from tests.server.clerks import HOUR, MORNING, Clock, code, good, ids
from tests.server.ledger_desk import (
    AFTER,
    CASE,
    acts_for,
    at_the_ledger,
    photographed,
    report,
)
from tests.server.office import DISTRICT, ELSEWHERE, GRID_8, STREET, Office, open_office, person_id

OTHER = derived_id("record", "the other case")


@pytest.fixture
def clock() -> Clock:
    """The server's clock: 08:10 of that Saturday."""
    return Clock(MORNING + 600_000)


@pytest.fixture(name="office")
def morning_office(database_url: str, clock: Clock) -> Iterator[Office]:
    """An office on the morning of 2020-07-18."""
    opened = open_office(database_url, clock)
    yield opened
    opened.store.engine.dispose()


def test_a_heap_of_rubbish_goes_all_the_way_at_the_desk(office: Office, clock: Clock) -> None:
    """Accepted, dispatched, signed for, put right, verified by somebody else, struck off; every step told in words."""
    tablet = report(office)
    qian, zhao = at_the_ledger(office, "qian"), at_the_ledger(office, "zhao")
    assert qian.list() == [CASE]
    assert qian.show()["case"]["waits_zh"] == "待立案"
    qian.do("accept")
    clock.ms += 60_000
    given = qian.do("dispatch", details={"lead": STREET})["case"]
    assert given["state"] == "dispatched"
    assert given["due"]["ms"] > clock.ms
    assert given["light"] == "green"
    zhao.do("sign")
    photographed(office, tablet)
    clock.ms += 2 * HOUR
    zhao.do("submit", evidence=[AFTER], details={"measure": "已清运"})
    may = zhao.may()
    assert not may["pass"]["possible"]
    assert may["pass"]["why_code"] == "no_self_verify"
    assert code(zhao.try_to("pass")) == "act_not_possible"
    feng = at_the_ledger(office, "feng")
    feng.do("pass")
    assert qian.show()["case"]["waits_zh"] == "待销号"
    qian.do("close")
    file = qian.show()
    assert file["case"]["state_zh"] == "已销号"
    assert file["case"]["waits_zh"] == ""
    assert [line["act"] for line in file["timeline"]] == ["accept", "dispatch", "sign", "submit", "pass", "close"]
    dispatched = file["timeline"][1]
    assert dispatched["zh"].startswith("钱伟（街道）派遣；主办单位：")
    assert "dispatch; lead" in dispatched["en"]
    assert [one["id"] for one in file["handlers"]] == ids("zhao")


def test_what_is_possible_says_what_it_needs(office: Office) -> None:
    """Whoever may dispatch is told that a lead unit has to be named, and why nothing else is possible yet."""
    report(office)
    may = at_the_ledger(office, "qian").may()
    assert may["accept"]["possible"]
    assert may["refuse"]["needs_reason"]
    assert not may["dispatch"]["possible"]
    assert may["dispatch"]["why_code"] == "not_in_this_state"
    assert [one["name"] for one in may["dispatch"]["details"] if one["required"]] == ["lead"]
    assert not at_the_ledger(office, "li").may()["accept"]["possible"]
    assert at_the_ledger(office, "li").may()["accept"]["why_code"] == "not_allowed"


def test_asking_twice_acts_once(office: Office) -> None:
    """The answer was lost on its way: asked again with the version that was seen, it is answered as before."""
    report(office)
    qian = at_the_ledger(office, "qian")
    seen = qian.show()["case"]["version"]
    first = qian.do("accept", version=seen)
    again = qian.do("accept", version=seen)
    assert first["version"] == again["version"]
    assert len(qian.show()["timeline"]) == 1
    assert code(qian.try_to("accept", version=seen + 99)) == "case_changed"
    # Without it nobody can know that it is the same.
    assert code(qian.try_to("accept")) == "act_not_possible"
    record = office.record(CASE)
    assert record is not None
    assert "late_acts" not in record.fields


def test_many_are_dispatched_at_once_and_each_has_its_own_verdict(office: Office) -> None:
    """One is not accepted yet, one is in another street, one is unknown: the others go out all the same."""
    qian = at_the_ledger(office, "qian")
    report(office)
    qian.do("accept")
    report(office, OTHER, problem_class="out_of_store")
    far = derived_id("record", "far")
    report(office, far, who="chen", grid=ELSEWHERE)
    nowhere = derived_id("record", "nowhere")
    told = good(qian.ask("/dispatch", {"cases": [{"id": one} for one in (CASE, OTHER, far, nowhere)]}))
    assert (told["dispatched"], told["refused"]) == (1, 3)
    assert [one["code"] for one in told["cases"]] == [None, "act_not_possible", "case_unknown", "case_unknown"]
    assert told["cases"][0]["case"]["lead"]["id"]
    qian.do("accept", OTHER)
    chen = at_the_ledger(office, "chen")
    chen.do("accept", far)
    listed = {"lead": "dept_urban", "cases": [{"id": OTHER, "lead": STREET}, {"id": far, "assist": ["dept_market"]}]}
    again = good(chen.ask("/dispatch", listed))
    assert [one["case"]["lead"]["id"] for one in again["cases"]] == [STREET, "dept_urban"]
    assert [one["id"] for one in again["cases"][1]["case"]["assist"]] == ["dept_market"]


def test_everybody_reads_his_own_area_and_a_department_its_own_cases(office: Office) -> None:
    """Sun works next door, the street reads both grids, Dong's department what is its own; nobody else's."""
    report(office)
    report(office, OTHER, grid=GRID_8, who="sun", functional_unit="dept_urban", problem_class="out_of_store")
    both = {CASE, OTHER}
    assert set(at_the_ledger(office, "qian").list()) == both
    assert at_the_ledger(office, "sun").list() == [OTHER]
    dong = at_the_ledger(office, "dong")
    assert dong.list() == []
    acts_for(office, "dong", "dept_urban")
    assert dong.list() == [OTHER]
    assert code(dong.ask(f"/{CASE}")) == "case_unknown"
    assert dong.show(OTHER)["case"]["id"] == OTHER
    assert at_the_ledger(office, "wu").list() == []
    assert code(at_the_ledger(office, "sun").try_to("accept")) == "case_unknown"
    assert good(dong.ask("/counts"))["cases"] == 1


def test_a_department_gets_its_case_signed_and_nobody_else_may(office: Office) -> None:
    """A case led by the department is signed for by its people; the street, which gave it out, may not."""
    acts_for(office, "dong", "dept_urban")
    report(office)
    qian, dong = at_the_ledger(office, "qian"), at_the_ledger(office, "dong")
    qian.do("accept")
    qian.do("dispatch", details={"lead": "dept_urban"})
    assert code(qian.try_to("sign")) == "not_in_charge"
    assert dong.do("sign")["case"]["owner"]["name"] == "董军"


def test_lists_are_filtered_sorted_and_found_by_initials(office: Office) -> None:
    """By words, by pinyin initials, full-width or not; by state, class, day; page by page without losing one."""
    report(office)
    report(office, OTHER, problem_class="piling", place_text="和平路Ａ座", description="堆放杂物",
           found_at="2020-07-17T08:00:00+08:00")  # fmt: skip
    qian = at_the_ledger(office, "qian")
    assert qian.list() == [CASE, OTHER]
    assert qian.list("?sort=oldest") == [OTHER, CASE]
    for asked, found in {
        "q=中华路": [CASE], "q=zhl12h": [CASE], "q=hpl": [OTHER], "q=ａ座": [OTHER], "q=A座 杂物": [OTHER],
        "q=A座 垃圾": [], "class=piling": [OTHER], "class=piling&class=exposed_garbage": [CASE, OTHER],
        "found_from=2020-07-18": [CASE], "found_to=2020-07-17": [OTHER], "light=none": [CASE, OTHER],
        "state=closed": [], "state=handling&sort=due": [],
        "area=210902005003007": [CASE, OTHER], "area=210902005003008": [], "q=%25": [], "q=_": [], "q=!": [],
        "sort=closed": [], "sort=returns": [], "overdue=true": [], "void=true": [],
    }.items():  # fmt: skip
        assert qian.list(f"?{asked}") == found, asked
    page = good(qian.ask("?limit=1"))
    assert [one["id"] for one in page["cases"]] == [CASE]
    assert qian.list(f"?limit=1&after={page['after']}") == [OTHER]
    assert code(qian.ask(f"?after={page['after']}&sort=due")) == "invalid_request"


def test_lights_go_by_the_time_of_day(office: Office, clock: Clock) -> None:
    """Nothing is written, and the light turns: green, yellow, red; overdue ones are listed by their date."""
    report(office)
    qian = at_the_ledger(office, "qian")
    qian.do("accept")
    due = qian.do("dispatch", details={"lead": STREET})["case"]["due"]["ms"]
    assert good(qian.ask("/counts"))["lights"] == {"green": 1, "yellow": 0, "red": 0, "none": 0}
    for ms, light in ((due - 60_000, "yellow"), (due, "yellow"), (due + 1, "red")):
        clock.ms = ms
        assert qian.list(f"?light={light}") == [CASE]
        assert qian.show()["case"]["light"] == light
        assert good(qian.ask("/counts"))["lights"][light] == 1
    assert qian.list("?overdue=true&sort=due") == [CASE]


def test_what_has_not_changed_is_not_sent_again(office: Office) -> None:
    """An entity tag for the list, the counts, and one case; another act, another tag."""
    report(office)
    qian = at_the_ledger(office, "qian")
    for path in ("", "/counts", f"/{CASE}", "/figures?first=2020-07-18&last=2020-07-18"):
        told = qian.ask(path)
        again = qian.ask(path, **{"If-None-Match": told.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b""), path
        assert again.headers["ETag"] == told.headers["ETag"]
    tag = qian.ask("").headers["ETag"]
    qian.do("accept")
    assert qian.ask("", **{"If-None-Match": tag}).status_code == 200


def test_a_merger_at_the_desk_needs_a_case_that_is_there(office: Office) -> None:
    """It goes into the other one, and the list says where it went."""
    report(office)
    qian = at_the_ledger(office, "qian")
    assert code(qian.try_to("merge", into=OTHER)) == "case_unknown"
    assert code(qian.try_to("merge")) == "act_incomplete"
    report(office, OTHER, description="同一处垃圾")
    assert qian.do("merge", into=OTHER)["case"]["state"] == "merged"
    assert qian.show()["merged_into"]["id"] == OTHER
    assert person_id("qian") in qian.show()["timeline"][0]["by"]["id"]


def test_a_covert_finding_is_read_by_nobody_who_may_be_inspected(office: Office) -> None:
    """Sealed until it is released: neither street nor department sees anything; office and inspectors do."""
    acts_for(office, "dong", "dept_urban")
    report(office, who="zhou", grid=sealed_place(DISTRICT), functional_unit="dept_urban", source="city")
    for name in ("qian", "zhao", "dong", "li"):
        clerk = at_the_ledger(office, name)
        assert clerk.list() == [], name
        assert clerk.list("?q=中华路") == [], name
        assert good(clerk.ask("/counts"))["cases"] == 0, name
        assert code(clerk.ask(f"/{CASE}")) == "case_unknown", name
    for name in ("chen", "zhou", "lu"):
        assert at_the_ledger(office, name).list() == [CASE], name


def test_a_case_is_found_by_its_number_whatever_else_is_asked(office: Office) -> None:
    """The number people read out, in full-width or small letters; filters still hold."""
    report(office)
    chen = at_the_ledger(office, "chen")
    number = chen.show()["case"]["number"]
    if number is None:
        return
    assert chen.list(f"?q={number}") == [CASE]
    assert chen.list(f"?q={number.lower().replace('-', '－')}") == [CASE]
    assert chen.list(f"?q={number}&state=closed") == []
    assert at_the_ledger(office, "sun").list(f"?q={number}") == []
