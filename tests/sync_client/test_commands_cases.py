"""Cases at the terminal: what lies where under which light, what may be done, doing it, and what is told when not."""

from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from schemas.moments import instant
from sync_client.commands.exits import Exit
from tests.pictures import jpeg
from tests.sync_client.tablets import GRID_7, LI, WANG
from tests.sync_client.terminals import SERVER, Terminal

_HOUR = 3_600_000
COMMUNITY = GRID_7[:12]
HEAP = "00000000-0000-7000-8000-0000000000e1"
CART = "00000000-0000-7000-8000-0000000000e2"
BIKES = "00000000-0000-7000-8000-0000000000e3"
QIAN = "00000000-0000-7000-8000-0000000000f5"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """
    The terminal of Li's tablet, with three cases on it.

    A heap that his grid has to clear within three hours, a cart that was due an hour ago, and bikes nobody was given.
    """
    made = Terminal(tmp_path / "tablet")
    now = made.wall()
    made.office.write("case", HEAP, GRID_7, **_case("楼后垃圾一堆", "dispatched", now, 3, case_no="HZ-2020-河北-00007"))
    made.office.write("case", CART, GRID_7, **_case("路口摊车", "handling", now, -1, handlers=[WANG]))
    made.office.write("case", BIKES, GRID_7, **(_case("单车一排", "reported", now, 0) | {"due_at": None, "lead": None}))
    made.enrol()
    return made


def _case(what: str, state: str, now: int, due_in_h: float, **more: Any) -> dict[str, Any]:
    return {
        "source": "self", "problem_class": "exposed_garbage", "severity": "minor", "description": what,
        "found_at": instant(now - 5 * _HOUR), "status": state, "lead": COMMUNITY,
        "dispatched_at": instant(now - 4 * _HOUR), "due_at": instant(now + int(due_in_h * _HOUR)),
        "yellow_at": instant(now + int((due_in_h - 1) * _HOUR)),
        "timeline": [
            {"act": "dispatch", "at": [now - 4 * _HOUR, 0], "by": WANG, "from": "accepted", "to": "dispatched"}
        ],
    } | more  # fmt: skip


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "after.jpg"
    path.write_bytes(jpeg("swept"))
    return path


def status_of(terminal: Terminal, case: str) -> tuple[str, bool]:
    """Return the state the tablet shows, and whether it is provisional."""
    told = terminal.json("case", "show", case)
    return told["record"]["fields"]["status"], told["provisional"]


def test_the_list_shows_lights_by_word_and_shape(terminal: Terminal) -> None:
    """Red first; nobody has to tell colours apart."""
    told = terminal.json("case", "list")["cases"]
    assert [(one["record"]["id"], one["light"]) for one in told] == [(CART, "red"), (HEAP, "green"), (BIKES, "none")]
    shown = terminal.types("case", "list", columns=140).stdout
    assert "■ 红灯" in shown
    assert "● 绿灯" in shown
    assert "○ 不亮灯" in shown
    assert "已超期 1 小时 0 分" in shown
    assert "还剩 3 小时 0 分" in shown
    assert "共 3 件：红灯 1，绿灯 1，不亮灯 1" in shown
    assert "\x1b[" not in shown


def test_eighty_columns_show_every_number_whole(terminal: Terminal) -> None:
    """A clerk reads the number out; it, the state and the time left are never cut, the description is."""
    terminal.office.write("case", CART, GRID_7, case_no="HZ-2020-河北-00008", description="路口摊车占道，" * 9)
    terminal.types("sync")
    shown = terminal.types("case", "list", columns=80).stdout
    assert "HZ-2020-河北-00008  整改中  主办" in shown
    assert "已超期 1 小时 0 分，路口摊车占道" in shown
    assert max(cell_len(line.rstrip()) for line in shown.splitlines()) <= 80


def test_a_light_in_either_language(terminal: Terminal) -> None:
    for word in ("red", "红灯", "红"):
        assert [one["record"]["id"] for one in terminal.json("case", "list", "--light", word)["cases"]] == [CART]
    done = terminal.types("case", "list", "--light", "蓝")
    assert done.exit_code == Exit.TROUBLE
    assert "没有“蓝”这种亮灯" in done.stdout


def test_the_suggested_lead_is_told_where_a_case_is_given_out(terminal: Terminal) -> None:
    """With the acts, and again where somebody forgets to name the lead."""
    terminal.office.write("case", BIKES, GRID_7, status="accepted", functional_unit="dept_urban")
    terminal.types("sync")
    assert terminal.json("case", "acts", BIKES)["suggested"] is None, "a worker gives nothing out"
    clerk = {"id": QIAN, "name": "钱伟", "roles": [{"role": "community", "area": COMMUNITY}]}
    terminal.office.codes["C5TR-9K"] = clerk
    terminal.types("enrol", "C5TR-9K", "--server", SERVER)
    assert terminal.types("switch", "钱伟").exit_code == 0
    assert terminal.json("case", "acts", BIKES)["suggested"]["by"] == "case"
    assert "建议综合执法局" in terminal.types("case", "acts", BIKES).stdout
    done = terminal.types("case", "do", BIKES, "派遣")
    assert "派遣还缺：主办单位（--lead）。建议综合执法局" in "".join(done.stdout.split())


def test_a_date_that_does_not_help_is_refused_before_it_is_written(terminal: Terminal) -> None:
    """An extension to a day before the one that stands already; --anyway leaves it to the office."""
    terminal.office.write("case", CART, GRID_7, due_at=instant(terminal.wall() + 30 * _HOUR), lead="210902005003007")
    terminal.types("sync")
    now = terminal.wall()
    asked = ("case", "do", CART, "ask_extension", "--reason", "需洒水车", "--until", instant(now + 20 * _HOUR))
    terminal.office.codes["C5TR-9K"] = {
        "id": QIAN, "name": "钱伟", "roles": [{"role": "grid_leader", "area": GRID_7}]
    }  # fmt: skip
    terminal.types("enrol", "C5TR-9K", "--server", SERVER)
    terminal.types("switch", "钱伟")
    done = terminal.types(*asked)
    assert done.exit_code == Exit.TROUBLE
    assert "延期日期应晚于原时限" in done.stdout
    assert not terminal.json("outbox")["waiting"]
    assert terminal.types(*asked, "--anyway").exit_code == 0


def test_the_light_turns_with_the_clock(terminal: Terminal) -> None:
    terminal.wall.now += int(2.5 * _HOUR)
    [heap] = [one for one in terminal.json("case", "list")["cases"] if one["record"]["id"] == HEAP]
    assert heap["light"] == "yellow"


def test_the_list_by_state_light_and_mine(terminal: Terminal) -> None:
    def listed(*options: str) -> list[str]:
        return [one["record"]["id"] for one in terminal.json("case", "list", *options)["cases"]]

    assert listed("--state", "整改中", "--state", "reported") == [CART, BIKES]
    assert listed("--light", "red") == [CART]
    assert listed("--mine") == [CART, HEAP]
    done = terminal.types("case", "list", "--state", "进行中")
    assert done.exit_code != 0
    assert "没有“进行中”这个状态" in done.stdout + done.stderr


def test_signed_for_without_a_network(terminal: Terminal) -> None:
    """By its number; what the tablet shows from then on is provisional until the office has spoken."""
    done = terminal.types("case", "do", "HZ-2020-河北-00007", "签收")
    assert done.exit_code == 0, done.stdout
    assert "整改中（暂定）" in done.stdout
    assert status_of(terminal, HEAP) == ("handling", True)
    shown = terminal.types("case", "show", HEAP, columns=140).stdout
    assert "签收（暂定）" in shown
    assert "您可以：提交整改" in shown


def test_what_may_be_done_and_what_it_needs(terminal: Terminal) -> None:
    told = terminal.json("case", "acts", CART)["acts"]
    assert [(one["name"], one["ready"]) for one in told] == [("submit", True)]
    shown = terminal.types("case", "acts", CART, columns=140).stdout
    assert "照片 --photo、整改措施 --measure" in shown
    assert terminal.json("case", "acts", BIKES)["acts"] == []
    assert "没有可做的操作" in terminal.types("case", "acts", BIKES).stdout


def test_all_that_is_missing_is_named_at_once(terminal: Terminal) -> None:
    done = terminal.types("case", "do", CART, "submit")
    assert done.exit_code != 0
    assert "提交整改还缺：照片（--photo）、整改措施（--measure）" in done.stdout + done.stderr
    assert status_of(terminal, CART) == ("handling", False)


def test_submitted_with_a_photo_of_after(terminal: Terminal, photo: Path) -> None:
    """Photo and act are one step; the photo is of after, and stands in the record before the act."""
    done = terminal.types(
        "case", "do", CART, "提交整改", "--measure", "已劝离", "--photo", str(photo), "--position", "42.02,121.66"
    )
    assert done.exit_code == 0, done.stdout
    case = terminal.json("case", "show", CART)["record"]["fields"]
    [taken] = case["photos"]
    assert (taken["role"], taken["position"]["lat"]) == ("after", 42.02)
    assert case["timeline"][-1]["evidence"] == [taken["sha256"]]
    assert (case["status"], case["measure"], case["handlers"]) == ("rectified", "已劝离", sorted([LI, WANG]))
    waiting = [entry["op"] for entry in terminal.json("outbox")["waiting"]]
    assert waiting == ["patch", "act"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("签字",), "没有“签字”这项操作"),
        (("核查通过",), "网格员不能核查通过"),
        (("签收",), "当前为“整改中”，不能签收。现在可做：提交整改"),
        (("提交整改", "--lead", GRID_7), "“提交整改”用不上 --lead"),
        (("提交整改", "--no-fix-reason", "没空"), "应为其中之一"),
        (("提交整改", "--photo", "no.jpg", "--measure", "清"), "没有这个文件"),
        (("提交整改", "--again"), "没有留用的整改材料"),
    ],
)
def test_why_not_in_words(terminal: Terminal, typed: tuple[str, ...], told: str) -> None:
    """One sentence, what to do next in it, and nothing written."""
    done = terminal.types("case", "do", CART, *typed)
    assert done.exit_code != 0
    assert told in done.stdout + done.stderr
    assert not terminal.json("outbox")["waiting"]


def test_what_is_no_case(terminal: Terminal) -> None:
    done = terminal.types("case", "show", "SH-0001")
    assert "不是问题" in done.stdout + done.stderr


def test_a_kept_submission_is_handed_in_as_it_is(terminal: Terminal) -> None:
    """The office returned the case while Wang was away and handed it in: one word, and it is handed in anew."""
    now, sha = terminal.wall(), "3f" * 32
    late = {
        "act": "submit", "state": "handling", "zh": "操作时尚不知已退回返工，所附材料留用", "en": "unawares",
        "at": [now - _HOUR, 0], "by": WANG, "evidence": [sha], "details": {"measure": "又清运一车"},
    }  # fmt: skip
    photo = {"sha256": sha, "role": "after"}
    fields = _case("路口摊车", "handling", now, -1, late_acts=[late], photos=[photo])
    terminal.office.write("case", CART, GRID_7, **fields)
    terminal.types("sync")
    assert "已上传整改材料（照片 1 张）" in terminal.types("case", "show", CART, columns=140).stdout
    assert terminal.types("case", "do", CART, "提交整改", "--again").exit_code == 0
    case = terminal.json("case", "show", CART)["record"]["fields"]
    assert (case["status"], case["measure"], case["timeline"][-1]["evidence"]) == ("rectified", "又清运一车", [sha])


def test_the_time_allowed_is_provisional_until_the_office_has_fixed_it(terminal: Terminal) -> None:
    fields = _case("新派", "dispatched", terminal.wall(), 1)
    terminal.office.write("case", HEAP, GRID_7, **(fields | {"due_at": None}))
    terminal.types("sync")
    assert terminal.json("case", "show", HEAP)["due_provisional"]
    assert "暂定，同步后以平台为准" in terminal.types("case", "show", HEAP, columns=140).stdout


# -- drafts -------------------------------------------------------------------------------------------


def test_a_draft_stays_on_the_tablet_until_it_is_reported(terminal: Terminal, photo: Path) -> None:
    """Begun at the door, finished in the yard; no record before that."""
    assert terminal.types("case", "report", "问题类别=乱堆物堆料", "--photo", str(photo), "--draft").exit_code == 0
    assert not terminal.json("outbox")["waiting"]
    assert "问题类别=乱堆物堆料，近景 after.jpg" in terminal.types("case", "drafts").stdout
    done = terminal.types("case", "report", "--from", "1", "存在问题=门口木料", "--grid", GRID_7)
    assert done.exit_code == 0, done.stdout
    [made] = [one["record"] for one in terminal.json("case", "list", "--state", "reported")["cases"] if
              one["record"]["id"] != BIKES]  # fmt: skip
    assert (made["fields"]["problem_class"], made["fields"]["description"]) == ("piling", "门口木料")
    assert (made["fields"]["severity"], made["grid"]) == ("minor", GRID_7)
    assert [photo["role"] for photo in made["fields"]["photos"]] == ["near"]
    assert terminal.json("case", "drafts")["drafts"] == []


def test_a_draft_may_be_thrown_away(terminal: Terminal) -> None:
    terminal.types("case", "report", "问题类别=乱堆物堆料", "--draft")
    terminal.types("case", "drafts", "--drop", "1")
    assert terminal.json("case", "drafts")["drafts"] == []
    done = terminal.types("case", "drafts", "--drop", "1")
    assert "没有第 1 份草稿" in done.stdout + done.stderr


def test_a_report_without_a_class_is_not_made(terminal: Terminal) -> None:
    done = terminal.types("case", "report", "存在问题=不知何物")
    assert "还要填：问题类别" in done.stdout + done.stderr
    done = terminal.types("case", "report", "问题类别=乱堆物堆料")
    assert "请用 --grid 写明所在网格" in done.stdout + done.stderr
    assert not terminal.json("outbox")["waiting"]


def test_in_english(terminal: Terminal) -> None:
    shown = terminal.types("--lang", "en", "case", "show", CART, columns=140).stdout
    assert "overdue" in shown
    assert "you may: submit as put right" in shown
