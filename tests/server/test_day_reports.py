"""The office's day at the desk and on the terminal: who reads what, the ledger's figures, the plan, the cut-off."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from schemas import wire
from schemas.day_figures import Counts, DayFigures, Street, from_fields
from schemas.ids import derived_id
from schemas.moments import ms_of
from schemas.mutations import MAX_MUTATION_BYTES
from server.commands import days, main
from server.core.importing.wanted import Wanted
from server.usecases.bring_in import bring_in
from server.usecases.cut_off import report_fields
from server.usecases.day_digest import gather
from server.usecases.patrol_plan import patrol_day
from server.usecases.read_calendar import read_calendar
from tests.server.clerks import Clock, good
from tests.server.ledger_desk import CASE, at_the_ledger, photographed, report
from tests.server.office import DISTRICT, ELSEWHERE, GRID_7, GRID_8, STREET, Office, RawDevice, open_office, person_id

MONDAY = "2020-07-20"
SEGMENT, PARKING, SHOP = (derived_id("day test", name) for name in ("segment", "parking", "shop"))


@pytest.fixture
def clock() -> Clock:
    """The office's clock: Monday morning at eight."""
    return Clock(ms_of(f"{MONDAY}T08:00:00+08:00"))


@pytest.fixture
def office(database_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office at whose server an operator types; three things are registered in it."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)
    monkeypatch.setattr(days, "now_ms", clock)
    opened = open_office(database_url, clock)
    entries = [
        Wanted("street_segment", SEGMENT, GRID_7, {"name": "人民路", "kind": "arterial", "road_grade": 1}),
        Wanted("parking_area", PARKING, GRID_7, {"name": "门前停车区", "kind": "sidewalk"}),
        Wanted("shop", SHOP, GRID_8, {"name": "老王修车", "category": "repair"}),
    ]
    bring_in(opened.store, DISTRICT, entries, clock.ms)
    yield opened
    opened.store.engine.dispose()


def types(*line: str, code: int = 0) -> Result:
    """Run one command below ``gridward-server``."""
    result = CliRunner().invoke(main, line, env={"COLUMNS": "200"})
    assert result.exit_code == code, result.output
    return result


def told(*line: str) -> Any:
    """Return what a command tells programs."""
    return json.loads(types(*line, "--json").stdout)


def asked(office: Office, device: RawDevice, path: str = "") -> Any:
    """Ask below ``/v1/day-reports`` and return the raw response."""
    token = {"Authorization": f"Bearer {device.token}"}
    return office.app.test_client().get(f"/v1/day-reports{path}", headers=token)


# -- who reads what -----------------------------------------------------------------------------------


#: Who asks for what, and the status of the answer.
ASKED = [
    ("qian", "/digest", 200), ("qian", f"/digest?area={DISTRICT}", 403), ("qian", f"/digest?area={ELSEWHERE}", 403),
    ("chen", "/digest", 200), ("chen", f"/digest?area={DISTRICT}999", 403), ("lu", "/digest", 200),
    ("zhao", "/digest", 200), ("feng", f"/digest?area={STREET}", 403),
    ("li", "/digest", 403), ("dong", "/digest", 403), ("wu", "/digest", 403), ("li", "", 403),
    ("qian", "/digest?day=2020-07-21", 400), ("qian", "/digest?day=2020-06-01", 400),
    ("qian", f"/{STREET}/{MONDAY}", 200), ("qian", f"/{STREET}/2020-07-19", 404), ("qian", "/nowhere/today", 404),
    ("qian", f"/{DISTRICT}/{MONDAY}", 403), ("chen", f"/{STREET}/{MONDAY}", 200),
]  # fmt: skip


def test_everybody_reads_the_days_of_his_own_area(office: Office, clock: Clock) -> None:
    """A street its own, the district all; whoever walks or works for a department none; nobody the sealed place."""
    with_street(office, clock)
    clock.ms = ms_of(f"{MONDAY}T18:30:00+08:00")
    types("day", "cut-off")
    devices = {name: office.device(name) for name, _, _ in ASKED}
    answered = [(name, path, asked(office, devices[name], path).status_code) for name, path, _ in ASKED]
    assert answered == ASKED


def with_street(office: Office, clock: Clock) -> None:
    """Give the street its name."""
    area = {"code": STREET, "name": "河北街道", "level": "street"}
    bring_in(office.store, DISTRICT, [Wanted("area", derived_id("area", STREET), STREET, area)], clock.ms)


def test_a_frozen_report_at_the_desk(office: Office, clock: Clock) -> None:
    """The street lists its reports and reads one; a problem that comes in afterwards stands beside it."""
    with_street(office, clock)
    clock.ms = ms_of(f"{MONDAY}T18:30:00+08:00")
    types("day", "cut-off")
    qian = office.device("qian")
    [listed] = good(asked(office, qian))["reports"]
    assert (listed["report_no"], listed["name"], listed["as_of"]) == (
        "RB-2020-河北-00001", "河北街道", f"{MONDAY}T18:30:00+08:00",
    )  # fmt: skip
    frozen = good(asked(office, qian, f"/{STREET}/{MONDAY}"))
    assert frozen["since"] == []
    clock.ms += 60_000
    tablet = office.device("li")
    tablet.clock_ms = clock.ms
    found = {"source": "check", "problem_class": "exposed_garbage", "severity": "minor"}
    tablet.push(tablet.mutation("create", "case", CASE, set=found | {"found_at": f"{MONDAY}T18:29:00+08:00"}))
    later = good(asked(office, qian, f"/{STREET}/{MONDAY}"))
    [since] = later.pop("since")
    assert (since["checks"], since["cases"], since["workers"]) == (0, 1, 1)
    assert later == {name: value for name, value in frozen.items() if name != "since"}
    assert "补报" in types("day", "show", MONDAY, "--area", STREET).output
    assert [one["report_no"] for one in told("day", "list")] == ["RB-2020-本级-00001", "RB-2020-河北-00001"]


# -- the ledger's figures -----------------------------------------------------------------------------


def test_a_day_of_the_ledger(office: Office, clock: Clock) -> None:
    """
    A heap of rubbish is found, given out, put right, returned and goes over its date.

    The digest counts it as the ledger does, and names whoever answers for it.
    """
    clock.ms = ms_of("2020-07-18T08:00:00+08:00")
    tablet = report(office)
    street = at_the_ledger(office, "qian")
    street.do("accept")
    street.do("dispatch", details={"lead": GRID_7, "owner": person_id("li")})
    li = at_the_ledger(office, "li")
    li.do("sign")
    photographed(office, tablet)
    li.do("submit", details={"measure": "已清理"}, evidence=["a" * 64])
    digest = told("day", "digest", "--area", STREET, "--on", "2020-07-18")
    counts = digest["figures"]["counts"]
    assert (counts["found"], counts["open"], counts["red"], counts["returned"]) == (1, 1, 0, 0)
    clock.ms = ms_of(f"{MONDAY}T09:00:00+08:00")
    zhao = office.device("zhao")
    zhao.clock_ms = clock.ms
    at_the_ledger(office, "zhao").do("return", reason="仍有垃圾", evidence=["a" * 64], details={"code": "not_done"})
    clock.ms = ms_of(f"{MONDAY}T17:00:00+08:00")
    digest = told("day", "digest", "--area", STREET)
    counts = digest["figures"]["counts"]
    assert (counts["found"], counts["returned"], counts["open"], counts["red"]) == (0, 1, 1, 1)
    [late] = digest["figures"]["overdue"]
    assert late["number"].endswith("-00001")
    assert "中华路12号门前暴露垃圾，责任人李明，超期" in digest["zh"]
    assert "李明" not in digest["plain_zh"]
    lights = good(street.ask("/counts"))["lights"]
    assert (lights["red"], lights.get("yellow", 0)) == (counts["red"], counts["yellow"])


def test_no_figure_of_a_street_counts_another_street(office: Office, clock: Clock) -> None:
    clock.ms = ms_of("2020-07-18T08:00:00+08:00")
    office.posted("sun", ELSEWHERE)
    report(office)
    report(office, derived_id("record", "elsewhere"), "sun", ELSEWHERE)
    found = {area: told("day", "digest", "--area", area)["figures"]["counts"]["found"] for area in (STREET, DISTRICT)}
    assert found == {STREET: 1, DISTRICT: 2}


# -- plan and cut-off ---------------------------------------------------------------------------------


def test_the_plan_on_the_terminal(office: Office) -> None:
    """Grade 1 and the parking area are due daily; on Sunday nobody is on duty."""
    plans = {one["grid"]: (one["due"], one["done"]) for one in told("patrol", "plan")}
    assert plans[GRID_7] == (2, 0)
    assert told("patrol", "plan", "--on", "2020-07-19") == []
    assert "100%" not in types("patrol", "plan").output


def test_the_district_sets_its_own_intervals(office: Office) -> None:
    """With a reason, step by step, and back to the standard; what makes no sense changes nothing."""
    types("patrol", "set", "shop=5", "alley=2", "--reason", "夏季加密", "--as", "陈红")
    types("patrol", "set", "alley=", "--reason", "恢复")
    days_of = {one["name"]: (one["days"], one["own"]) for one in told("patrol", "show")}
    assert (days_of["shop"], days_of["alley"], days_of["parking"]) == ((5, True), (3, False), (1, False))
    assert [one["said"] for one in told("patrol", "show", "--history")] == [{"shop": 5, "alley": 2}, {"shop": 5}]
    for line, why in (("shop=0", "1至31天"), ("shop=99", "1至31天"), ("shops=3", "没有"), ("shop", "应写成")):
        assert why in types("patrol", "set", line, "--reason", "试", code=1).output
    assert "依据" in types("patrol", "set", "shop=3", code=1).output


def test_days_of_rest_are_told_from_the_calendar(office: Office) -> None:
    """Monday after a weekend; the first working day after the holidays of October."""
    with office.store.work(DISTRICT, writing=False) as work:
        calendar = read_calendar(work)
    assert patrol_day(calendar, MONDAY) == (MONDAY, True, 2)
    assert patrol_day(calendar, "2020-07-19") == ("2020-07-19", False, 1)
    assert patrol_day(calendar, "2020-10-09") == ("2020-10-09", True, 8)


def test_closing_a_day_by_hand(office: Office, clock: Clock) -> None:
    """Not before its time; the district may say another one, in words that are a time."""
    assert "还没到" in types("day", "cut-off", code=1).output
    assert "不是时刻" in types("day", "cut-off", "--at", "25:00", "--reason", "试", code=1).output
    assert "依据" in types("day", "cut-off", "--at", "07:30", code=1).output
    types("day", "cut-off", "--at", "07:30", "--reason", "早班")
    assert "新生成日报 1 份" in types("day", "cut-off").output
    assert "新生成日报 0 份，原有 1 份" in types("day", "cut-off").output
    assert "18:30" in types("day", "cut-off", "--standard", "--reason", "恢复").output
    assert "没有日报" in types("day", "show", "2020-07-01", code=1).output


def test_a_report_fits_into_one_record() -> None:
    """Two hundred streets with long names: lists are cut, counts are not."""
    counts = Counts(segments=12, shops=360, due=900, done=899, found=80, open=423, unwalked=10, unsynced=9)
    streets = tuple(Street(f"210902{n:03d}", f"第{n}号名称特别长的街道办事处所辖范围", counts) for n in range(100, 300))
    fields = report_fields(
        DayFigures(DISTRICT, "海州区", MONDAY, f"{MONDAY}T18:30:00+08:00", counts, streets=streets), 0
    )
    told = from_fields(fields["figures"])
    assert 0 < len(told.streets) < 200
    assert told.counts == counts
    assert len(wire.canonical(fields)) < MAX_MUTATION_BYTES


def test_what_a_report_is_made_of_is_read_at_one_time(office: Office, clock: Clock) -> None:
    """The heads of the feeds, by which late work is told, are those of the streets that are there."""
    with office.store.work(DISTRICT, writing=False) as work:
        found = gather(work, DISTRICT, MONDAY, clock.ms)
        assert found.heads == {feed: n for feed, n in work.feeds.heads().items() if not feed.endswith("999")}
