"""``gridward notices``: what the office told whoever works, critical ones first, each his own."""

from pathlib import Path
from typing import Any

import pytest

from tests.sync_client.tablets import GRID_7, LI, WANG
from tests.sync_client.terminals import NoSignal, Terminal

OVERDUE = "00000000-0000-7000-8000-0000000000d1"
PLAN = "00000000-0000-7000-8000-0000000000d2"
OLD = "00000000-0000-7000-8000-0000000000d4"
WANGS = "00000000-0000-7000-8000-0000000000d3"


def tell(terminal: Terminal, notice: str, person: str, said: str, sent: str, *, critical: bool = False) -> None:
    """Let the office write a notice."""
    line = {"code": "R07" if critical else "R01", "zh": said, "en": f"[{said}]", "critical": critical}
    fields: dict[str, Any] = {"person": person, "title": "提醒", "items": [line], "critical": critical}
    terminal.office.write("notice", notice, GRID_7, **fields, sent_at=f"2020-07-15T{sent}:00+08:00")


@pytest.fixture
def told(tmp_path: Path) -> Terminal:
    """Li's tablet; the office has told him two things, and Wang one."""
    terminal = Terminal(tmp_path / "tablet")
    terminal.enrol()
    tell(terminal, OVERDUE, LI, "【超期】HZ-2020-河北-00123已超期", "09:00", critical=True)
    tell(terminal, PLAN, LI, "【今日巡查】应查商户5户", "10:00")
    tell(terminal, WANGS, WANG, "【待签收】王芳的", "11:00")
    return terminal


def test_a_sync_says_how_many_came_and_shows_what_cannot_wait(told: Terminal) -> None:
    said = told.types("sync").stdout
    assert "有 2 条新通知" in said
    assert "【超期】HZ-2020-河北-00123已超期" in said
    assert "今日巡查" not in said
    assert "王芳" not in said
    assert "新通知" not in told.types("sync").stdout


def test_critical_ones_first_then_the_newest(told: Terminal) -> None:
    told.types("sync")
    assert [one["id"] for one in told.json("notices")["notices"]] == [OVERDUE, PLAN]
    lines = told.types("notices").stdout.splitlines()
    assert lines[0].startswith("✗ 紧急 未看")
    assert lines[2].startswith("! 未看")


def test_what_is_older_than_a_month_is_listed_on_demand(told: Terminal) -> None:
    """Never seen, and over for long: only ``--all`` shows it, and ``seen all`` acknowledges it with the others."""
    line = {"code": "R01", "zh": "【今日巡查】", "en": "Patrol", "critical": False}
    told.office.write("notice", OLD, GRID_7, person=LI, title="提醒", items=[line], critical=False,
                      sent_at="2020-06-15T09:00:00+08:00")  # fmt: skip
    told.types("sync")
    assert [one["id"] for one in told.json("notices")["notices"]] == [OVERDUE, PLAN]
    assert [one["id"] for one in told.json("notices", "--all")["notices"]] == [OVERDUE, PLAN, OLD]
    assert "已阅 3 条" in told.types("notices", "seen", "all").stdout


def test_seen_without_signal_and_heard_by_the_office(told: Terminal) -> None:
    told.types("sync")
    told.transport = NoSignal()
    assert "已阅 1 条" in told.types("notices", "seen", OVERDUE[-8:]).stdout
    assert [one["id"] for one in told.json("notices")["notices"]] == [PLAN]
    everything = told.json("notices", "--all")["notices"]
    assert {one["id"]: one["seen_at"] is not None for one in everything} == {OVERDUE: True, PLAN: False}
    told.transport = None
    told.types("sync")
    assert told.office.records[OVERDUE].fields["seen_at"] == "2020-07-15T16:00:00+08:00"
    assert told.office.records[PLAN].fields.get("seen_at") is None


def test_all_at_once_and_a_second_time_nothing(told: Terminal) -> None:
    told.types("sync")
    assert "已阅 2 条" in told.types("notices", "seen", "all").stdout
    assert "没有未看的" in told.types("notices", "seen", "all").stdout
    assert "没有未看的通知" in told.types("notices").stdout
    assert told.json("status")["waiting"] == 2


def test_on_a_shared_tablet_each_is_shown_his_own(told: Terminal) -> None:
    told.types("sync")
    said = told.types("notices", "seen", WANGS)
    assert said.exit_code == 1
    assert "不是您的通知" in said.stdout
    told.types("enrol", "W3XP-8T")
    told.types("switch", "王芳")
    assert [one["id"] for one in told.json("notices")["notices"]] == [WANGS]
    assert "超期" not in told.types("notices", "--all").stdout


def test_what_is_no_notice_cannot_be_seen(told: Terminal) -> None:
    told.types("sync")
    assert told.types("notices", "seen", "SH-0001").exit_code == 1
    assert told.types("notices", "seen", "ffffffff").exit_code == 1
    assert told.json("status")["waiting"] == 0


def test_in_english(told: Terminal) -> None:
    told.types("sync")
    said = told.types("--lang", "en", "notices").stdout
    assert "[【今日巡查】应查商户5户]" in said
    assert "urgent unseen" in said
