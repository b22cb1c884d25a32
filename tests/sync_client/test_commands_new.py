"""``gridward new``, and what it makes edited, listed and shown: a campaign's records at a terminal, without signal."""

from pathlib import Path
from typing import Any

import pytest

from schemas.directory import area_id
from tests.pictures import jpeg
from tests.sync_client.tablets import GRID_7, LI, WANG
from tests.sync_client.terminals import LAO_WANG, NoSignal, Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """The terminal of Li's tablet, enrolled, then out of reach."""
    made = Terminal(tmp_path / "tablet")
    made.enrol()
    made.transport = NoSignal()
    return made


def reached(terminal: Terminal) -> None:
    """Let the tablet meet the office once."""
    terminal.transport = None
    assert terminal.types("sync").exit_code in (0, 2)
    terminal.transport = NoSignal()


def new(terminal: Terminal, *args: str) -> Any:
    """Make a record as a program does, and return it."""
    return terminal.json("new", *args)


def test_a_cleaning_day_from_plan_to_photo(terminal: Terminal, tmp_path: Path) -> None:
    """Chinese labels will do; people sign in by name; the screen says which photos are missing, spot by spot."""
    terminal.office.write("person", WANG, GRID_7, name="王芳")
    reached(terminal)
    said = terminal.types("new", "清扫日", "日期=2020-07-25", "主题=清理楼道", "清扫点位=东门", "清扫点位=西门")
    assert said.exit_code == 0
    assert "缺照片" in said.stdout
    assert "东门 整改前；东门 整改后；西门 整改前；西门 整改后" in said.stdout.replace("\n", "")
    [day] = terminal.json("list", "清扫日")["records"]
    assert (day["grid"], day["fields"]["spots"]) == ("210902005003", ["东门", "西门"])

    edited = terminal.types("edit", day["id"], "signed_in=王芳", "清理垃圾（吨）=1.5", "车辆=翻斗车,2")
    assert edited.exit_code == 0
    assert "王芳" in edited.stdout
    assert "1.5" in edited.stdout
    shown = terminal.json("show", day["id"])["fields"]
    assert shown["signed_in"] == [WANG]
    assert shown["vehicles"] == [{"kind": "翻斗车", "number": 2}]
    again = terminal.types("edit", day["id"], "signed_in-=王芳")
    assert again.exit_code == 0
    assert terminal.json("show", day["id"])["fields"]["signed_in"] == []

    photo = tmp_path / "east.jpg"
    photo.write_bytes(jpeg("the east gate"))
    attached = terminal.types("attach", day["id"], str(photo), "--item", "东门", "--role", "整改前")
    assert attached.exit_code == 0
    assert "东门 整改后；西门 整改前；西门 整改后" in attached.stdout.replace("\n", "")
    lost = terminal.types("attach", day["id"], str(photo), "--item", "南门")
    assert "没有点位“南门”，应为：东门、西门" in lost.stdout


def test_a_task_with_its_timetable(terminal: Terminal) -> None:
    """The campaign and units by their names, steps in one line; late is said in red and in words."""
    terminal.office.write("area", area_id("210902005"), "210902005", code="210902005", name="河北街道", level="street")
    reached(terminal)
    campaign = new(terminal, "campaign", "kind=hygienic_city", "name=创卫百日会战", "start_on=2020-07-14")
    task = new(
        terminal, "行动任务", "所属行动=创卫百日会战", "责任单位=dept_housing", "任务内容=封闭新华小区",
        "完成时限=2020-07-20", "时间表=动员，2020-07-15", "时间表=封闭,2020-07-19",
    )  # fmt: skip
    assert task["fields"]["campaign_id"] == campaign["id"]
    assert task["fields"]["steps"] == [
        {"name": "动员", "due_on": "2020-07-15"}, {"name": "封闭", "due_on": "2020-07-19"},
    ]  # fmt: skip
    other = new(
        terminal, "行动任务", "所属行动=创卫百日会战", "责任单位=住建局", "配合单位=河北街道", "任务内容=清运",
        "完成时限=2020-07-20",
    )  # fmt: skip
    assert (other["fields"]["unit"], other["fields"]["assist"]) == ("dept_housing", ["210902005"])
    assert "河北街道" in terminal.types("show", other["id"]).stdout
    listed = terminal.types("list", "campaign_task", "unit=dept_housing")
    assert "住建局" in listed.stdout
    assert "封闭新华小区" in listed.stdout

    terminal.wall.now = 1_595_203_200_000  # 2020-07-20 08:00 in Fuxin
    before = terminal.types("show", task["id"]).stdout
    assert "未开始" in before
    assert "逾期步骤：动员" in before
    assert "创卫百日会战" in before
    terminal.wall.now += 24 * 3600 * 1000
    assert "逾期未完成" in terminal.types("show", task["id"]).stdout
    terminal.types("edit", task["id"], "进度=已完成", "完成日期=2020-07-21")
    assert "已完成（巩固提高）" in terminal.types("show", task["id"]).stdout


def test_an_order_is_answered_and_dated(terminal: Terminal) -> None:
    """A reply is signed by whoever works, at the moment it is written."""
    order = new(
        terminal, "order", "kind=督办单", "to_unit=210902005", "text=清理铁路沿线", "issued_on=2020-07-18",
        "reply_due=2020-07-20",
    )  # fmt: skip
    terminal.wall.now = 1_595_116_800_000  # 2020-07-19 08:00 in Fuxin
    assert "待回复" in terminal.types("show", order["id"]).stdout
    terminal.types("edit", order["id"], "回复=已清理完毕")
    shown = terminal.json("show", order["id"])["fields"]
    assert [(reply["by"], reply["text"]) for reply in shown["replies"]] == [(LI, "已清理完毕")]
    assert "按期回复" in terminal.types("show", order["id"]).stdout


def test_a_judgement_on_a_pledge_needs_its_reason(terminal: Terminal) -> None:
    """Kept or not is one word with why; without a reason nothing is written."""
    pledge = new(terminal, "pledge", "kind=unit", "unit=dept_health", "made_on=2020-07-14", "text=排查市场")
    bare = terminal.types("edit", pledge["id"], "kept.kept=否")
    assert bare.exit_code != 0
    assert "kept" not in terminal.json("show", pledge["id"])["fields"]
    assert terminal.types("edit", pledge["id"], "kept.kept=否", "kept.reason=两个市场未查").exit_code == 0
    assert terminal.json("show", pledge["id"])["fields"]["kept"] == {"kept": False, "reason": "两个市场未查"}


def test_a_letter_names_its_shop_as_people_do(terminal: Terminal) -> None:
    """By the register's code, or by the sign over the door; one that nobody knows is told."""
    letter = ("pledge", "kind=责任书", "made_on=2020-07-14", "text=包卫生、包绿化、包秩序")
    assert (
        new(terminal, *letter[:1], "kind=shop_letter", *letter[2:], "shop_id=SH-0001")["fields"]["shop_id"] == LAO_WANG
    )
    by_name = new(terminal, *letter[:1], "kind=shop_letter", *letter[2:], "shop_id=老王修车")
    assert by_name["fields"]["shop_id"] == LAO_WANG
    unknown = terminal.types("new", *letter[:1], "kind=shop_letter", *letter[2:], "shop_id=不知名小店")
    assert unknown.exit_code != 0
    assert len(terminal.json("list", "pledge")["records"]) == 2


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("new", "shop_check", "mode=self"), "检查请用 gridward record"), (("new", "人员", "name=某"), "由办公室维护"),
        (("new", "campaign", "name=创卫百日会战"), "还要填：创建类别（kind）、开始日期（start_on）"),
        (("new", "小区", "name=新华", "has_property_mgmt=大概"), "请答是或否"),
        (("new", "order", "to_unit=不知名局"), "格式不对"), (("new", "小区", "楼层=3"), "没有“楼层”这个字段"),
        (("new", "行动任务", "时间表=清理,2020-07-19,2020-07-19,又一项"), "项数过多"),
        (("new", "行动任务", "时间表=清理,明天"), "格式不对"), (("new", "飞船", "name=甲"), "没有“飞船”这类记录"),
    ],
)  # fmt: skip
def test_a_slip_is_told_and_nothing_is_made(terminal: Terminal, args: tuple[str, ...], says: str) -> None:
    result = terminal.types(*args)
    assert result.exit_code != 0
    assert says in result.stdout.replace("\n", "")
    assert terminal.json("outbox")["waiting"] == []


def test_what_was_made_out_of_reach_is_delivered(terminal: Terminal) -> None:
    """And its photos, remarks and shares stand at the office as they stood on the screen."""
    made = new(terminal, "小区", "name=新华小区", "有物业=否", "户数=320", "备注=东门常开")
    terminal.transport = None
    assert terminal.types("sync").exit_code == 0
    held = terminal.office.records[made["id"]]
    assert held.fields["has_property_mgmt"] is False
    assert held.fields["remark"][0]["text"] == "东门常开"
