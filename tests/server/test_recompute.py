"""A typhoon stops the clocks: what was given out already is reckoned anew, and people hear why."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from click.testing import CliRunner

from schemas.cases import Limit
from schemas.ids import derived_id
from server.commands import ledger_clocks, main
from server.core.clocks.limits import Row
from server.usecases.manage_calendar import Said, set_day
from server.usecases.manage_limits import set_limit
from server.usecases.recompute_deadlines import Why, recompute_deadlines, would_move
from server.usecases.replay_history import replay_history
from server.usecases.verify_history import verify_history
from tests.server.clerks import MORNING, Clock, good
from tests.server.ledger_desk import CASE, at_the_ledger, report
from tests.server.office import DISTRICT, GRID_7, Office, open_office, person_id
from tests.server.test_escalations import ms

OTHER, THIRD = derived_id("record", "the other case"), derived_id("record", "the third case")
AWAY = {"lat": 42.1, "lon": 121.6, "crs": "wgs84", "accuracy_m": 5}
FURTHER = AWAY | {"lat": 42.2}
TYPHOON = Why("7月20日台风停工")


@pytest.fixture
def clock() -> Clock:
    """The office's clock; it stands at Saturday 2020-07-18 08:00."""
    return Clock()


@pytest.fixture
def office(database_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office at whose server an operator types; a heap of rubbish lies with grid 7 until Monday 12:00."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)
    monkeypatch.setattr(ledger_clocks, "now_ms", clock)
    opened = open_office(database_url, clock)
    given_out(opened, CASE)
    yield opened
    opened.store.engine.dispose()


def given_out(office: Office, case: str, **more: Any) -> None:
    report(office, case, **more)
    street = at_the_ledger(office, "qian")
    street.do("accept", case)
    street.do("dispatch", case, details={"lead": GRID_7, "owner": person_id("li")})


def stop(office: Office, day: str = "2020-07-20", word: Any = "stop") -> None:
    """Let the district say something of a day."""
    set_day(office.store, DISTRICT, date.fromisoformat(day), word, Said("台风", "", MORNING))


def due(office: Office, case: str = CASE) -> str:
    """Return by when a case is due."""
    record = office.record(case)
    assert record is not None
    return str(record.fields["due_at"])


def typed(*words: str, code: int = 0) -> str:
    """Type *words*, which must end with *code*; return what was said."""
    result = CliRunner().invoke(main, ["ledger", *words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def test_only_what_the_calendar_moves_is_moved_and_once(office: Office, clock: Clock) -> None:
    """A date that was named stays, a deferred one stays; the others move by the day that was lost."""
    given_out(office, OTHER, position=AWAY)
    given_out(office, THIRD, position=FURTHER)
    details = {"due_at": "2020-07-20T15:00:00+08:00"}
    at_the_ledger(office, "qian").do("set_due", OTHER, reason="领导检查", details=details)
    at_the_ledger(office, "li").do("sign", THIRD)
    at_the_ledger(office, "feng").do("ask_deferral", THIRD, reason="翻修", details={"review_on": "2020-08-20"})
    at_the_ledger(office, "chen").do("grant_deferral", THIRD, details={"review_on": "2020-08-20"})
    assert would_move(office.store, DISTRICT) == []
    stop(office)
    [moved] = would_move(office.store, DISTRICT)
    assert (moved.id, moved.was_ms, moved.due_ms) == (CASE, ms("2020-07-20 12:00"), ms("2020-07-21 12:00"))
    assert due(office) == "2020-07-20T12:00:00+08:00"
    assert recompute_deadlines(office.store, DISTRICT, TYPHOON, clock.ms) == [moved]
    assert (due(office), due(office, OTHER)) == ("2020-07-21T12:00:00+08:00", "2020-07-20T15:00:00+08:00")
    assert due(office, THIRD) == "2020-07-20T12:00:00+08:00"
    assert recompute_deadlines(office.store, DISTRICT, TYPHOON, clock.ms) == []
    with office.store.work(DISTRICT, writing=False) as work:
        assert work.ledger.of([CASE])[CASE].due_ms == ms("2020-07-21 12:00")


def test_a_limit_made_stricter_today_holds_for_what_was_given_out_today(office: Office, clock: Clock) -> None:
    """Two hours instead of four; his old date counts until his tablet has heard of the new one."""
    row = Row("exposed_garbage", 0, "", Limit(2, "work_hour"), date(2020, 7, 18), None)
    set_limit(office.store, DISTRICT, row, Said("会战从严", "", MORNING))
    [moved] = recompute_deadlines(office.store, DISTRICT, Why("会战从严", "陈红"), clock.ms)
    assert (moved.was_limit, moved.limit) == ((4.0, "work_hour"), (2, "work_hour"))
    record = office.record(CASE)
    assert record is not None
    assert record.fields["due_at"] == "2020-07-20T10:00:00+08:00"
    assert record.fields["term"]["known_ms"] == ms("2020-07-20 12:00")


def test_whoever_has_it_in_hand_hears_why(office: Office, clock: Clock) -> None:
    """Li and the street's Qian, who gave it out; nobody else. It stands in the history and replays from there."""
    li, qian, wang = (office.device(name) for name in ("li", "qian", "wang"))
    stop(office)
    recompute_deadlines(office.store, DISTRICT, TYPHOON, clock.ms)
    for device, hears in ((li, True), (qian, True), (wang, False)):
        response = device.post({"protocol": 1, "install": "first", "cursors": {}})
        assert ("台风停工" in response.get_data(as_text=True)) is hears
    assert [one for one in replay_history(office.store, DISTRICT) if one.differences] == []
    assert [one for one in verify_history(office.store, DISTRICT) if one.broken] == []
    assert office.conflicts() == []


def test_who_may_and_why_it_must_be_said(office: Office, clock: Clock) -> None:
    stop(office)
    assert "1 in all" in typed("recompute", "--dry-run")
    assert json.loads(typed("recompute", "--dry-run", "--json"))[0]["id"] == CASE
    assert "--reason" in typed("recompute", "--yes", code=1)
    assert "区创卫办" in typed("recompute", "--yes", "--reason", "台风", "--as", "钱伟", code=1)
    assert due(office) == "2020-07-20T12:00:00+08:00"
    assert "已改动 1 件" in typed("recompute", "--yes", "--reason", "台风", "--as", "陈红")
    assert "0 in all" in typed("recompute", "--yes", "--reason", "台风")
    assert due(office) == "2020-07-21T12:00:00+08:00"


def test_what_waits_inside_the_office_is_listed_to_whoever_reads_there(office: Office, clock: Clock) -> None:
    """Not signed for by Monday 09:00; a deferral comes up on its day. Another street reads nothing of it."""
    clock.ms = ms("2020-07-20 08:59")
    assert json.loads(typed("waiting", "--json")) == []
    clock.ms = ms("2020-07-20 10:00")
    assert "待签收" in typed("waiting", "--area", "210902005")
    [one] = asked(office, "qian", "/waiting")
    assert (one["step"], one["unit"]["id"], one["zh"]) == ("sign_for", GRID_7, "超期1小时")
    assert asked(office, "dong", "/waiting") == []
    at_the_ledger(office, "li").do("sign")
    at_the_ledger(office, "feng").do(
        "ask_deferral", reason="翻修", details={"review_on": "2020-08-20", "project": "旧改"}
    )
    at_the_ledger(office, "chen").do("grant_deferral", details={"review_on": "2020-08-20"})
    assert asked(office, "chen", "/reviews") == asked(office, "chen", "/waiting") == []
    clock.ms = ms("2020-08-21 09:00")
    assert "2020-08-20" in typed("reviews")
    [review] = asked(office, "chen", "/reviews?area=210902005")
    assert (review["id"], review["days"]) == (CASE, 1)
    assert "区划代码" in typed("reviews", "--area", "河北", code=1)


def asked(office: Office, name: str, path: str) -> list[Any]:
    """Return the cases that somebody reads at *path*."""
    told = {"Authorization": f"Bearer {office.device(name).token}"}
    found: list[Any] = good(office.app.test_client().get(f"/v1/ledger{path}", headers=told))["cases"]
    return found
