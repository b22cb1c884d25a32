"""What an operator types about reminders and channels; each mistake is one sentence that says what to do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from server.commands import main
from tests.server.office import DISTRICT, STREET, Office, open_office
from tests.server.receivers import Receiver, receiver


@pytest.fixture(name="office")
def office_of_an_operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office at whose server somebody types."""
    url = f"sqlite:///{tmp_path / 'gridward.db'}"
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", url)
    opened = open_office(url)
    yield opened
    opened.store.engine.dispose()


@pytest.fixture(name="robot")
def listening_robot() -> Iterator[Receiver]:
    """A robot's server."""
    with receiver() as running:
        yield running


def run(*words: str, code: int = 0) -> Result:
    """Type a command; it must end with *code*."""
    result = CliRunner().invoke(main, list(words), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def rows(*words: str) -> Any:
    """Return what a list prints for machines."""
    return json.loads(run(*words, "--json").output)


def reminder(code: str) -> Any:
    """Return one reminder as it counts."""
    return rows("reminders", "show", code)["reminder"]


def test_manners_are_set_at_the_server(office: Office) -> None:
    """Shown in words, kept with who said it; a wrong one is one sentence, and changes nothing."""
    assert "21:00–07:00" in run("reminders", "manners", "show").output
    done = run("reminders", "manners", "set", "--quiet-from", "07:00", "--between-min", "45", "--reason", "试行",
               "--as", "陈红").output  # fmt: skip
    assert ["无 none" in done, "45（本区" in done] == [True, True]
    told = rows("reminders", "manners", "show")
    assert (told["between_min"], told["words"][0]["by"], told["words"][0]["reason"]) == (45, "陈红", "试行")
    for wrong in (("--pushes", "99"), ("--quiet-to", "7点"), ()):
        assert "Traceback" not in run("reminders", "manners", "set", *wrong, "--reason", "试行", code=1).output
    assert "理由" in run("reminders", "manners", "set", "--pushes", "2", code=1).output
    assert rows("reminders", "manners", "show")["words"] == told["words"]
    assert "21:00–07:00" in run("reminders", "manners", "reset", "--reason", "恢复").output


def test_a_reminder_is_changed_at_the_server(office: Office) -> None:
    """Each word is kept, with who says so."""
    assert len(rows("reminders", "list")) == 16
    assert "今日巡查" in run("reminders", "list").output
    done = run("reminders", "set", "R02", "--at", "15:30", "--step", "30", "street", "--no-channels",
               "--reason", "提前", "--as", "陈红").output  # fmt: skip
    assert "已修改" in done
    assert (reminder("R02")["at"], reminder("R02")["steps"][0]["audience"]) == (["15:30"], "street")
    run("reminders", "pause", "R02", "--reason", "停工")
    assert "已暂停" in run("reminders", "list").output
    run("reminders", "resume", "R02", "--reason", "复工")
    told = run("reminders", "show", "R02").output
    assert "陈红：提前" in told
    assert "{left}" in told
    run("reminders", "reset", "R02", "--reason", "按标准")
    assert (reminder("R02")["at"], reminder("R02")["changed"]) == (["16:30"], False)


MISTAKES = (
    (("set", "R02", "--reason", "x"), "要改什么"),
    (("set", "R02", "--at", "25点", "--reason", "x"), "08:00"),
    (("set", "R07", "--text-zh", "{mayor}", "--reason", "x"), "{number}"),
    (("set", "R07", "--at", "08:00", "--reason", "x"), "不能定时"),
    (("set", "R02", "--at", "15:30"), "理由"),
    (("set", "N01", "--zh", "夜查", "--reason", "x"), "缺少"),
    (("set", "n 1", "--zh", "夜查", "--reason", "x"), "代码"),
    (("set", "R02", "--at", "15:30", "--reason", "x", "--as", "无此人"), "没有找到"),
    (("pause", "R99", "--reason", "x"), "没有这条提醒"),
    (("show", "R99"), "没有这条提醒"),
    (("reset", "R99", "--reason", "x"), "没有这条提醒"),
    (("log", "--after", "zzz"), "上一页"),
    (("snow", "220000", "--until", "2099-12-01 12:00"), "不在本区"),
    (("snow", "--until", "2020-12-01 12:00"), "已过"),
)


def test_a_mistake_is_one_sentence(office: Office) -> None:
    """Nothing was changed."""
    for words, told in MISTAKES:
        assert told in run("reminders", *words, code=1).output, words
    assert not [one for one in rows("reminders", "list") if one["changed"] or one["paused"]]


def test_preview_and_runs(office: Office) -> None:
    """A preview and a dry run write nothing, however often; a run sends once."""
    run("reminders", "snow", "--until", "2099-12-01 12:00")
    assert "没有写入任何内容" in run("reminders", "preview").output
    assert rows("reminders", "run", "--dry-run").keys() == rows("reminders", "preview").keys()
    run("reminders", "run")
    assert rows("reminders", "run")["notices"] == 0
    assert "共 0 条" in run("reminders", "log").output


def test_a_channel_from_its_opening_to_its_end(
    office: Office, robot: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its address it says so; with it the robot hears; closed, it is gone, and what was said stays."""
    opened = run("channels", "add", "hebei", "dingtalk", "--area", STREET, "--code", "digest", "--keyword", "创卫",
                 "--reason", "街道要求").output  # fmt: skip
    assert "GRIDWARD_CHANNEL_HEBEI" in opened
    assert "缺 GRIDWARD_CHANNEL_HEBEI" in run("channels", "list").output
    assert "未配置地址" in run("channels", "test", "hebei", code=1).output

    monkeypatch.setenv("GRIDWARD_CHANNEL_HEBEI", f"{robot.url}/robot/send?access_token=abc SECxyz")
    assert "已发出" in run("channels", "test", "hebei").output
    assert "创卫" in robot.heard[0].told["text"]["content"]
    assert robot.heard[0].asked["sign"]
    robot.answers = [(200, b'{"errcode": 310000}')]
    assert "310000" in run("channels", "test", "hebei", code=1).output
    [one] = rows("channels", "list")
    assert (one["configured"], one["codes"], one["area"]) == (True, ["digest"], STREET)
    assert "SECxyz" not in run("channels", "list", "--json").output

    assert "没有渠道" in run("channels", "close", "other", "--reason", "x", code=1).output
    assert "--reason" in run("channels", "close", "hebei", code=1).output
    assert "另起名称" in run("channels", "add", "hebei", "mail", "--reason", "x", code=1).output
    run("channels", "close", "hebei", "--reason", "群已解散")
    assert rows("channels", "list") == []
    assert [word["reason"] for word in rows("channels", "list", "--history")] == ["街道要求", "群已解散"]


def test_a_persons_channel_is_named_for_him(office: Office) -> None:
    """By his name; a group's robot is nobody's own."""
    run("channels", "add", "post", "mail", "--person", "钱伟", "--reason", "本人要求")
    [one] = rows("channels", "list")
    assert (one["owner"], one["area"], one["codes"]) == ("钱伟", DISTRICT, ["all"])
    assert "个人" in run("channels", "add", "bot", "wecom", "--person", "钱伟", "--reason", "x", code=1).output


def test_what_is_run_by_hand_may_go_out_at_once(
    office: Office, robot: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group hears how many matters there are; the log says that it went."""
    run("channels", "add", "all_of_it", "wecom", "--reason", "x")
    monkeypatch.setenv("GRIDWARD_CHANNEL_ALL_OF_IT", f"{robot.url}/send?key=abc")
    run("reminders", "set", "R16", "--critical", "--reason", "夜里也发")
    run("reminders", "snow", "--until", "2099-12-01 12:00")
    assert "外发" in run("reminders", "run", "--deliver").output
    logged = rows("reminders", "log", "--state", "sent")
    assert len(logged) == len(robot.heard) >= 1
    assert "【清雪】" in robot.heard[0].told["text"]["content"]
