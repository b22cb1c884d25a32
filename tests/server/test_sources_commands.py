"""Calls and reporters from the command line: taken down, who looked at them, and forgotten when all is over."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from click.testing import CliRunner

from schemas.directory import area_id
from schemas.ids import derived_id
from schemas.moments import BEIJING
from schemas.problems import Refusal
from server.commands import main
from server.core.importing.wanted import Wanted
from server.jobs.catalogue import Keeping, catalogue
from server.jobs.running import Runner
from server.usecases.at_the_desk import desk_of
from server.usecases.bring_in import bring_in
from server.usecases.forget_contacts import forget_contacts
from server.usecases.manage_people import find_person
from server.usecases.office_reports import show_reporter
from tests.server.office import DISTRICT, STREET, Office, open_office

NUMBER = "13841815678"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def office(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """A district with a street in its directory, at whose server an operator types today."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)
    opened = open_office(database_url, now_ms)
    area = {"code": STREET, "name": "河北街道", "level": "street"}
    bring_in(opened.store, DISTRICT, [Wanted("area", area_id(STREET), DISTRICT, area)], now_ms())
    yield opened
    opened.store.engine.dispose()


def typed(*words: str, code: int = 0) -> str:
    """Type *words*, which must end with *code*; return what was said."""
    result = CliRunner().invoke(main, list(words), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def call(*more: str, code: int = 0) -> str:
    """Take down a call, with *more* options."""
    return typed(
        "hotline", "add", "--number", NUMBER, "--grid", "河北", "--place", "五一路8号", "--text", "夜间烧烤占道",
        "--as", "钱伟", *more, code=code,
    )  # fmt: skip


def test_a_clerk_takes_down_a_call(office: Office) -> None:
    """With the street's name and the time as he writes it; the case shows the number masked."""
    at = datetime.now(BEIJING).replace(hour=0, minute=0).strftime("%Y-%m-%d %H:%M")
    told = json.loads(call("--at", at, "--class", "店外经营", "--json"))
    case = office.record(told["case"])
    assert case is not None
    assert (case.grid, case.fields["source"], case.fields["source_no"]) == (STREET, "hotline", "138****5678")
    assert (case.fields["found_at"][:16], case.fields["place_text"]) == (at.replace(" ", "T"), "五一路8号")
    assert "138****5678" in call()
    assert NUMBER not in call()


WRONG: list[tuple[tuple[str, ...], str]] = [
    (("--at", "今天上午"), "不是日期"),
    (("--at", "2019-07-18 08:00"), "近 30 天"),
    (("--number", "1384181567"), "手机号"),
    (("--grid", "河南"), "没有这个街道"),
    (("--grid", "2109020"), "没有这个"),
    (("--text", ""), "1 至 300"),
    (("--text", "字" * 301), "300"),
    (("--as", "李明"), "责任区"),
    (("--as", "周某"), "没有找到人员"),
]


def test_what_is_wrong_with_a_call_is_said(office: Office) -> None:
    """In one sentence; nothing is written."""
    for given, said in WRONG:
        assert said in call(*given, code=1), given
    with office.store.work(DISTRICT, writing=False) as work:
        assert work.records.of_types({"case"}) == []


def the_call(office: Office) -> str:
    """Take down a call, and return its case."""
    return str(json.loads(call("--json"))["case"])


def look_at(office: Office, case: str, who: str = "陈红") -> str:
    """Let somebody of an office see who called, and return the number."""
    with office.store.work(DISTRICT, writing=False) as work:
        desk = desk_of(work, find_person(work, who))
    return show_reporter(office.store, desk, case, None, "回访", now_ms()).contact


def test_who_looked_at_reporters_is_listed(office: Office) -> None:
    """For the operator, and over the interface for the offices: name, when, why; never the number itself."""
    case = the_call(office)
    assert json.loads(typed("reports", "views", "--json")) == []
    assert look_at(office, case) == NUMBER
    [seen] = json.loads(typed("reports", "views", "--json"))
    assert (seen["report"], seen["person_name"], seen["why"], seen["case_no"] is not None) == (
        case,
        "陈红",
        "回访",
        True,
    )
    table = typed("reports", "views", "--report", case)
    assert "陈红" in table
    assert NUMBER not in table
    assert json.loads(typed("reports", "views", "--report", derived_id("no", "report"), "--json")) == []


def views(office: Office, who: str, asked: str = "") -> Any:
    told = {"Authorization": f"Bearer {office.device(who).token}"}
    return office.app.test_client().get(f"/v1/public-reports/views{asked}", headers=told)


def test_the_offices_read_who_looked_in_their_own_areas(office: Office) -> None:
    """Page by page; nobody without an office, and no street what lies in another."""
    case = the_call(office)
    for _ in range(3):
        look_at(office, case)
    page = views(office, "qian", "?limit=2").json
    rest = views(office, "chen", f"?limit=2&after={page['after']}").json
    assert [len(one["views"]) for one in (page, rest)] == [2, 1]
    assert (rest["after"], rest["views"][0]["person_name"]) == (None, "陈红")
    assert views(office, "qian", f"?report={case}").json["views"]
    for who in ("li", "zhao", "zhou", "dong"):
        assert views(office, who).json["code"] == "not_allowed", who
    assert views(office, "chen", "?after=x").json["code"] == "invalid_request"
    office.posted("qian", "210902006")
    assert views(office, "qian").json == {"views": [], "after": None}


def refuse(office: Office, case: str) -> None:
    """Let the street refuse a case."""
    device, stands = office.device("qian"), office.record(case)
    assert stands is not None
    device.clock_ms = now_ms()
    act = {"name": "refuse", "evidence": [], "reason": "不属实"}
    [outcome] = device.push(device.mutation("act", "case", case, grid=STREET, base=stands.version, act=act))
    assert outcome.outcome == "applied", outcome.problem


DAY_MS = 24 * 3600 * 1000


def test_contacts_are_forgotten_some_time_after_the_case_is_over(office: Office) -> None:
    """Never of an open case; tried first; the case and who looked stay, and looking again finds nobody."""
    still_open, over = the_call(office), the_call(office)
    look_at(office, over)
    refuse(office, over)
    later = now_ms() + 89 * DAY_MS
    assert forget_contacts(office.store, DISTRICT, 90, later) == []
    later += 2 * DAY_MS
    assert forget_contacts(office.store, DISTRICT, 90, later, dry_run=True) == [over]
    assert look_at(office, over) == NUMBER
    assert len(forget_contacts(office.store, DISTRICT, 90, later)) == 1
    assert forget_contacts(office.store, DISTRICT, 90, later) == []
    assert look_at(office, still_open) == NUMBER
    with pytest.raises(Refusal, match="report_unknown"):
        look_at(office, over)
    assert office.record(over) is not None
    assert [seen["report"] for seen in views(office, "chen").json["views"]].count(over) == 2
    assert len(json.loads(typed("reports", "views", "--report", over, "--json"))) == 2


def test_a_joined_case_is_over_with_the_one_it_was_joined_to(office: Office) -> None:
    """Somebody may have to ask its reporter until then."""
    main, joined = the_call(office), the_call(office)
    device = office.device("qian")
    device.clock_ms = now_ms()
    act = {"name": "merge", "evidence": [], "into": main}
    stands = office.record(joined)
    assert stands is not None
    [outcome] = device.push(device.mutation("act", "case", joined, grid=STREET, base=stands.version, act=act))
    assert outcome.outcome == "merged", outcome.problem
    later = now_ms() + 91 * DAY_MS
    assert forget_contacts(office.store, DISTRICT, 90, later) == []
    refuse(office, main)
    assert set(forget_contacts(office.store, DISTRICT, 90, later)) == {main, joined}


def test_forgetting_from_the_command_line(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the setting, or for fewer days; nothing that is over today goes."""
    refuse(office, the_call(office))
    assert json.loads(typed("reports", "forget", "--dry-run", "--json")) == {
        "days": 90, "dry_run": True, "reports": [],
    }  # fmt: skip
    monkeypatch.setenv("GRIDWARD_KEEP_CONTACTS_DAYS", "7")
    assert "满 7 天，已删除联系方式 forgotten: 0" in typed("reports", "forget")
    assert "没有删除" in typed("reports", "forget", "--days", "1", "--dry-run")


def test_the_leading_process_forgets_by_itself(office: Office) -> None:
    """Within the hour; a process that was told nothing leaves contacts alone."""
    case = the_call(office)
    refuse(office, case)
    hour, at = 3_600_000, [now_ms()]
    for keeping, expected in ((Keeping(180), {case}), (Keeping(180, contacts_days=0), set())):
        runner = Runner(office.store, catalogue(keeping), lambda: at[0])
        runner.due()
        at[0] += hour
        runner.step()
        assert held(office, case).keys() == expected


def held(office: Office, case: str) -> dict[str, Any]:
    """Return how to reach whoever reported a case, as the table has it."""
    with office.store.work(DISTRICT, writing=False) as work:
        return dict(work.public_reports.reporters([case]))
