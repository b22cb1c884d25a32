"""``gridward-server campaign`` on a terminal: a campaign as it stands on a day, on both databases."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from schemas.ids import derived_id
from server.commands import main
from tests.server.office import DISTRICT, GRID_7, STREET, Office, RawDevice, open_office, person_id

TASKS = {
    "清理楼道": (STREET, "2020-07-18", {}),
    "封闭小区": ("dept_housing", "2020-07-20", {"status": "under_way"}),
    "取缔占道": ("dept_urban", "2020-07-15", {"status": "done", "done_on": "2020-07-15"}),
}


@pytest.fixture(name="office")
def office_of_commands(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office that the commands work on."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)
    opened = open_office(database_url)
    yield opened
    opened.store.engine.dispose()


def types(line: str, code: int = 0) -> Result:
    """Run one command below ``gridward-server campaign``."""
    result = CliRunner().invoke(main, ["campaign", *line.split()], env={"COLUMNS": "200"})
    assert result.exit_code == code, result.output
    return result


def told(line: str, code: int = 0) -> Any:
    """Return what a command tells programs."""
    return json.loads(types(f"{line} --json", code).stdout)


def begun() -> str:
    """Begin the campaign and return its id."""
    types("begin 创卫百日会战 --start 2020-07-14 --end 2020-10-21 --plan 工作方案 --plan-no 海创卫办〔2020〕5号")
    return str(told("list")[0]["id"])


def write(
    device: RawDevice, type_name: str, key: str, grid: str = DISTRICT, /, *, add: Any = None, **fields: Any
) -> str:
    """Let a device record something; return its id."""
    id_ = derived_id("campaign test", type_name, key)
    parts = {"add": add} if add else {}
    outcomes = device.push(device.mutation("create", type_name, id_, grid=grid, set=fields, **parts))
    assert [one.outcome for one in outcomes] == ["applied"], outcomes
    return id_


def planned(office: Office) -> str:
    """Let the district's office plan three tasks and the milestone of the 20th; return the campaign."""
    campaign, chen = begun(), office.device("chen")
    write(chen, "milestone", "20", campaign_id=campaign, name="全部完成", due_on="2020-07-20")
    for what, (unit, due_on, more) in TASKS.items():
        write(chen, "campaign_task", what, campaign_id=campaign, what=what, unit=unit, due_on=due_on, **more)
    return campaign


def test_a_campaign_is_begun_once(office: Office) -> None:
    """With its plan and six items; typed again nothing is doubled."""
    campaign = begun()
    begun()
    [listed] = told("list")
    assert (listed["id"], listed["plan_title"], listed["end_on"]) == (campaign, "工作方案", "2020-10-21")
    assert len(told("readiness")) == 6
    assert "结束早于开始" in types("begin 甲 --start 2020-07-14 --end 2020-07-13", code=1).output
    assert "不是日期" in types("begin 甲 --start 七月", code=2).output
    assert "太长" in types(f"begin {'长' * 61} --start 2020-07-14", code=1).output


def test_what_is_late_and_what_is_left(office: Office) -> None:
    """On the 19th one task is late; on the 21st two are, the milestone is red, departments have their names."""
    planned(office)
    [late] = told("late --on 2020-07-19", code=1)
    assert (late["what"], late["days"], late["unit"]) == ("清理楼道", 1, STREET)
    assert told("late --on 2020-07-18") == []
    [milestone] = told("countdown --on 2020-07-13")
    assert (milestone["days"], milestone["done"], milestone["open"], milestone["red"]) == (7, 1, 2, False)
    [milestone] = told("countdown 创卫百日会战 --on 2020-07-21")
    assert (milestone["days"], milestone["red"]) == (-1, True)
    assert "住建局 1" in milestone["units"]
    shown = types("show --on 2020-07-21").output
    assert "已完成（巩固提高） 1" in shown
    assert "逾期未完成 2" in shown


def test_promises_and_answers_are_counted(office: Office) -> None:
    """A pledge that was judged, an order nobody answered, an instruction on a task answered the same day."""
    campaign = planned(office)
    chen, lu, dong = office.device("chen"), office.device("lu"), office.device("dong")
    kept = {"kept": True, "reason": "已全部排查"}
    write(chen, "pledge", "health", campaign_id=campaign, kind="unit", unit="dept_health", made_on="2020-07-14",
          text="排查市场", kept=kept)  # fmt: skip
    write(chen, "order", "1", campaign_id=campaign, kind="supervision", to_unit="dept_urban", text="清理铁路沿线",
          issued_on="2020-07-16", reply_due="2020-07-18")  # fmt: skip
    task = derived_id("campaign test", "campaign_task", "封闭小区")
    on = write(lu, "instruction", "1", about_id=task, leader="陆明", directive="抓紧", given_on="2020-07-16",
               to_unit="dept_housing", reply_due="1970-01-02")  # fmt: skip
    [answered] = dong.push(dong.mutation("patch", "instruction", on, grid=DISTRICT, add={"replies": ["已开工"]}))
    assert answered.outcome in ("applied", "merged")
    shown = told("show --on 2020-07-19")
    assert shown["pledges"] == {"kept": 1, "broken": 0, "open": 0, "rate": 1.0}
    assert shown["answers"] == {"waiting": 0, "overdue": 1, "in_time": 1, "late": 0}


def test_a_unit_cannot_reword_what_it_has_to_answer(office: Office) -> None:
    """The department that has to answer would like another week."""
    chen, dong = office.device("chen"), office.device("dong")
    order = write(chen, "order", "1", kind="supervision", to_unit="dept_urban", text="清理", issued_on="2020-07-16",
                  reply_due="2020-07-18")  # fmt: skip
    [refused] = dong.push(dong.mutation("patch", "order", order, grid=DISTRICT, set={"reply_due": "2020-08-18"}))
    assert refused.outcome == "rejected"
    assert refused.problem is not None
    assert refused.problem["code"] == "not_allowed"


def test_readiness_names_what_speaks_against_an_item(office: Office) -> None:
    """Said to be met, with evidence, while a problem of its kind is open."""
    begun()
    chen, li = office.device("chen"), office.device("li")
    [item] = [one["id"] for one in told("readiness") if one["theme"] == "乱贴乱画"]
    chen.push(chen.mutation("patch", "standard_item", item, grid=DISTRICT, base=99, set={"status": "met"},
                            add={"evidence": [item]}))  # fmt: skip
    before = {one["theme"]: one for one in told("readiness")}["乱贴乱画"]
    assert (before["ready"], before["evidence"], before["doubts"]) == (True, 1, [])
    write(li, "case", "ads", GRID_7, source="self", problem_class="small_ads", severity="minor",
          found_at="2020-07-18T09:00:00+08:00")  # fmt: skip
    after = {one["theme"]: one for one in told("readiness")}["乱贴乱画"]
    assert (after["ready"], after["open_cases"], after["doubts"]) == (False, 1, ["open_cases"])
    assert "就绪 ready: 0 / 6" in types("readiness").output


def test_places_are_counted(office: Office) -> None:
    """Compounds by street, structures by state, a patrol that was not made, a station that is not cleared."""
    feng = office.device("feng")
    write(feng, "compound", "新华", GRID_7, name="新华小区", has_property_mgmt=False, plan_on="2020-07-10")
    write(feng, "compound", "红旗", GRID_7, name="红旗家园", has_property_mgmt=True)
    write(feng, "illegal_structure", "棚", GRID_7, name="彩钢房", area_m2=24.5, status="found", found_on="2020-07-16",
          deadlines={"stop_by": "2020-07-17"})  # fmt: skip
    write(feng, "key_place", "站", GRID_7, name="铁路沿线", kind="railway_side", patrol_per_day=2)
    write(feng, "recycling_station", "收", GRID_7, name="和平路回收站", licence_shown=False)
    [street] = told("compounds --on 2020-07-20")
    assert (street["street"], street["compounds"], street["ready"], street["rate"], street["overdue"]) == (
        STREET, 2, 1, 0.5, 1,
    )  # fmt: skip
    assert told("compounds --area 210902006 --on 2020-07-20") == []
    assert "50.0%" in types("compounds --on 2020-07-20").output
    found = {one["status"]: one for one in told("structures --on 2020-07-20")}
    assert (found["found"]["number"], found["found"]["overdue"]) == (1, ["彩钢房"])
    assert found["demolished"]["number"] == 0
    [patrol] = told("patrols --on 2020-07-20", code=1)
    assert (patrol["name"], patrol["due"], patrol["done"]) == ("铁路沿线", 2, 0)
    assert "未公示证照" in types("stations --on 2020-07-20").output


def test_a_model_road_is_told_with_its_shops(office: Office) -> None:
    """The road's own line in points; a shop that nobody checked does not pass."""
    qian = office.device("qian")
    road = write(qian, "street_segment", "和平路", GRID_7, name="和平路", kind="secondary", road_grade=2,
                 is_model_road=True, pass_line=850)  # fmt: skip
    write(qian, "shop", "老王", GRID_7, name="老王修车", category="repair", segment_id=road)
    [told_road] = told("roads --on 2020-07-20")
    assert (told_road["line"], told_road["shops"], told_road["passed"], told_road["stands"]) == (850, 1, 0, False)
    assert "85.0" in types("roads --on 2020-07-20").output


def test_a_cleaning_day_and_a_sweep_are_added_up(office: Office) -> None:
    """Two sign in, three are counted; one street has answered the sweep, the other has not."""
    qian, chen = office.device("qian"), office.device("chen")
    day = write(qian, "cleaning_day", "25", GRID_7, held_on="2020-07-25", theme="清理楼道")
    turnout = derived_id("campaign test", "turnout", "hebei")
    made = qian.mutation(
        "create", "turnout", turnout, set={"activity_id": day, "unit": STREET},
        add={"signed_in": [person_id("li"), person_id("wang")]}, share={"cadre": 3, "waste_t": 1.5},
    )  # fmt: skip
    assert [one.outcome for one in qian.push(made)] == ["applied"]
    unit, total = told(f"cleaning {day}")
    assert (unit["heads"], unit["signed"], unit["beyond_signed"], unit["waste_t"]) == (3, 2, True, 1.5)
    assert (total["heads"], total["unit"]) == (3, None)
    assert "3（含未签到）" in types(f"cleaning {day}").output

    sweep = write(chen, "sweep", "1", case_id=derived_id("case"), problem_class="exposed_garbage", due_on="2020-07-22",
                  add={"units": [STREET, "dept_urban"]})  # fmt: skip
    write(
        qian,
        "unit_report",
        "1",
        GRID_7,
        about_id=sweep,
        unit=STREET,
        reported_on="2020-07-21",
        found=0,
        result="未发现",
    )
    assert [(one["unit"], one["found"]) for one in told(f"sweep {sweep} --on 2020-07-22")] == [
        (STREET, 0), ("dept_urban", None),
    ]  # fmt: skip
    said = types(f"sweep {sweep} --on 2020-07-23", code=1).output
    assert "未发现 none found" in said
    assert "未反馈 no answer" in said


def test_a_slip_is_a_sentence(office: Office) -> None:
    """Nobody is shown a traceback."""
    for line, says in (
        ("show", "请写明一个行动"), ("show 不存在", "请写明一个行动"), ("cleaning 不存在", "没有编号为"),
        (f"sweep {derived_id('none')}", "没有编号为"),
    ):  # fmt: skip
        output = types(line, code=1).output
        assert says in output
        assert "Traceback" not in output


def test_two_campaigns_have_to_be_told_apart(office: Office) -> None:
    """By name, where there are several."""
    begun()
    types("begin 环境整治 --start 2020-08-01")
    assert "环境整治" in types("show", code=1).output
    assert told("show 环境整治 --on 2020-08-02")["name"] == "环境整治"
