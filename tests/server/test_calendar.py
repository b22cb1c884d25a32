"""A clerk keeps the district's calendar and its limits; nothing he says changes what is over."""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from schemas.cases import Limit
from schemas.moments import BEIJING
from server.commands import calendar as calendar_commands
from server.commands import limits as limits_commands
from server.commands import main
from server.core.clocks.limits import STANDARD, limit_of
from server.core.clocks.working import due
from server.storage.store import Store
from server.usecases.examine_calendar import examine_calendar
from server.usecases.manage_calendar import Said, set_day
from server.usecases.read_calendar import read_calendar, read_limits
from tests.server.empty_office import HAIZHOU, MORNING
from tests.server.office import Office

Type = Callable[..., Result]
DAY_MS = 24 * 3_600_000
BATTLE = "calendar campaign add 百日会战 2020-07-18 2020-10-21 --reason 海创卫办〔2020〕5号"


def ms(text: str) -> int:
    """Return a moment as a clerk writes it in milliseconds."""
    return round(datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp() * 1000)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The office's clock; it stands at 2020-07-18 08:00 until somebody sets it."""
    at = [MORNING]
    for commands in (calendar_commands, limits_commands):
        monkeypatch.setattr(commands, "now_ms", lambda: at[0])
    return at


@pytest.fixture
def store(office: Office) -> Store:
    """The store of an office with people."""
    return office.store


@pytest.fixture
def type_(database_url: str, store: Store, clock: list[int], monkeypatch: pytest.MonkeyPatch) -> Type:
    """A clerk at the server of Haizhou."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)

    def run(line: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, line.split(), catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    return run


def listed(type_: Type, line: str) -> list[dict[str, Any]]:
    """Return what a list prints for machines."""
    rows: list[dict[str, Any]] = json.loads(type_(f"{line} --json").output)
    return rows


def due_at(store: Store, start: str, amount: float, clock: str) -> str:
    """Return when something is due by the district's calendar."""
    with store.work(HAIZHOU, writing=False) as work:
        found = due(read_calendar(work), ms(start), Limit(amount, clock))
    return datetime.fromtimestamp(found / 1000, BEIJING).isoformat(" ", "minutes")[:16]


def test_a_typhoon_stops_the_clocks_and_a_reason_is_kept(type_: Type, store: Store) -> None:
    """Set, taken back, and both words stay in the history."""
    assert due_at(store, "2020-07-20 17:00", 2, "work_hour") == "2020-07-21 09:00"
    type_("calendar set 2020-07-21 stop --reason 台风停工 --as 李明")
    assert due_at(store, "2020-07-20 17:00", 2, "work_hour") == "2020-07-22 09:00"
    [row] = [row for row in listed(type_, "calendar show 2020") if row["day"] == "2020-07-21"]
    assert (row["working"], row["duty"], row["reason"]) == (False, False, "台风停工")
    type_("calendar unset 2020-07-21 --reason 台风改道")
    assert due_at(store, "2020-07-20 17:00", 2, "work_hour") == "2020-07-21 09:00"
    told = [(row["word"], row["reason"], row["by"]) for row in listed(type_, "calendar history")]
    assert told == [("stop", "台风停工", "李明"), ("取消 taken back", "台风改道", "")]


def test_the_hundred_day_battle_makes_every_day_a_duty_day(type_: Type, store: Store, clock: list[int]) -> None:
    """Planned, prolonged, ended early; its working days are what they were all the while."""
    type_(BATTLE)
    assert due_at(store, "2020-07-18 17:00", 2, "work_hour") == "2020-07-19 09:00"
    assert due_at(store, "2020-09-30 16:00", 2, "work_day") == "2020-10-10 17:30"
    type_("calendar campaign until 百日会战 2020-11-01 --reason 延长")
    assert due_at(store, "2020-10-31 17:00", 2, "work_hour") == "2020-11-01 09:00"
    clock[0] += DAY_MS
    type_("calendar campaign until 百日会战 2020-07-19 --reason 提前结束")
    assert due_at(store, "2020-07-25 17:00", 2, "work_hour") == "2020-07-27 10:00"
    assert due_at(store, "2020-07-18 17:00", 2, "work_hour") == "2020-07-19 09:00"
    assert [row["last"] for row in listed(type_, "calendar campaign list")] == ["2020-07-19"]


def test_a_campaign_that_has_not_begun_may_be_called_off(type_: Type, store: Store) -> None:
    type_("calendar campaign add 秋季会战 2020-09-01 2020-09-30 --reason 方案")
    type_("calendar campaign cancel 秋季会战 --reason 不办了")
    assert listed(type_, "calendar campaign list") == []
    assert due_at(store, "2020-09-05 10:00", 1, "work_hour") == "2020-09-07 09:00"
    type_("calendar campaign add 秋季会战 2020-09-05 2020-09-06 --reason 又办了")
    assert due_at(store, "2020-09-05 10:00", 1, "work_hour") == "2020-09-05 11:00"


SLIPS = [
    ("calendar set 2020-07-17 off --reason 补记", 1, "已经过去"),
    ("calendar set 2020-07-20 off", 1, "--reason"),
    ("calendar set 2020-02-30 off --reason 没有", 2, "不是日期"),
    ("calendar set 2100-01-01 off --reason 太远", 1, "日历只到"),
    ("calendar set 2020-07-20 holiday --reason 写错", 2, "holiday"),
    ("calendar set 2020-07-20 off --reason 放假 --as 无此人", 1, "没有找到人员"),
    ("calendar unset 2020-07-20 --reason 没设过", 1, "没有本区的设定"),
    ("calendar confirm 2020 --reason 已有", 1, "已经有了"),
    ("calendar confirm 2027 --reason 空的", 1, "还没有设定"),
    ("calendar show 1999", 2, "1999"),
    ("calendar campaign add 会战 2020-07-17 2020-07-30 --reason 晚了", 1, "已经过去"),
    ("calendar campaign add 会战 2020-07-30 2020-07-20 --reason 反了", 1, "不能早于开始"),
    ("calendar campaign add 会战 2020-07-20 2022-07-20 --reason 太长", 1, "最长"),
    ("calendar campaign until 会战 2020-07-20 --reason 没有", 1, "没有“会战”"),
    ("limits set 噪声 1 工作日 --reason 没有", 2, "没有问题类别"),
    ("limits set 道路不洁 1 星期 --reason 没有", 2, "没有计时方式"),
    ("limits set 道路不洁 nan 工作时 --reason 不是数", 1, "大于 0"),
    ("limits set 道路不洁 0.3 工作日 --reason 零头", 1, "半天"),
    ("limits set 道路不洁 1 工作时", 1, "--reason"),
    ("limits set 道路不洁 1 工作时 --from 2020-07-17 --reason 倒填", 1, "今天"),
    ("limits set 道路不洁 1 工作时 --variant soil --reason 不符", 1, "没有“soil”"),
    ("limits set 道路不洁 1 工作时 --to 2020-07-17 --reason 反了", 1, "结束早于开始"),
]


def test_a_slip_is_told_and_nothing_is_kept(type_: Type, store: Store) -> None:
    for line, code, told in SLIPS:
        assert told in type_(line, code).output, line
    with store.work(HAIZHOU, writing=False) as work:
        assert (work.calendars.days(), work.calendars.periods(), work.calendars.limits()) == ([], [], [])


def test_two_campaigns_of_one_name_are_one_too_many(type_: Type, clock: list[int]) -> None:
    type_(BATTLE)
    assert "改期请用" in type_(BATTLE, 1).output
    assert "已经开始" in type_("calendar campaign cancel 百日会战 --reason 晚了", 1).output
    clock[0] = ms("2020-12-01 08:00")
    assert "已于 2020-10-21 结束" in type_("calendar campaign until 百日会战 2020-12-31 --reason 晚了", 1).output


def test_years_without_data_are_told(type_: Type, store: Store, clock: list[int]) -> None:
    """All good in 2020; at the end of the last known year, and in the one after it, the clerk is told what to do."""
    assert "2021 年的放假安排已有" in type_("calendar check").output
    assert "! 没有 2095 年的放假安排" in type_("calendar show 2095").output
    levels = {}
    for day in ("2094-06-01", "2094-12-01"):
        clock[0] = ms(f"{day} 08:00")
        levels[day] = [found.level for found in examine_calendar(store, HAIZHOU, clock[0])]
    assert levels == {"2094-06-01": ["bad", "look"], "2094-12-01": ["bad", "bad"]}
    assert "没有 2094 年的放假安排" in type_("calendar check", 1).output
    for year in (2094, 2095):
        type_(f"calendar set {year}-12-30 off --reason 国办发明电")
        type_(f"calendar confirm {year} --reason 国办发明电")
    assert [row["level"] for row in listed(type_, "calendar check")] == ["good", "good"]


def test_a_word_that_changes_nothing_is_pointed_out(type_: Type, store: Store) -> None:
    type_("calendar set 2020-10-01 off --reason 国庆")
    type_("calendar set 2020-10-10 off --reason 调休不上班")
    told = [found.zh for found in examine_calendar(store, HAIZHOU, MORNING) if found.level == "look"]
    assert told == ["2020-10-01 本来就是“放假”，设定没有作用"]


def test_the_calendar_is_laid_out_once_until_somebody_says_something(store: Store) -> None:
    with store.work(HAIZHOU, writing=False) as work:
        before = read_calendar(work)
        assert read_calendar(work) is before
    set_day(store, HAIZHOU, date(2020, 7, 21), "off", Said("放假", "", MORNING))
    with store.work(HAIZHOU, writing=False) as work:
        assert read_calendar(work) is not before


# -- limits ------------------------------------------------------------------------------------------


def hours(store: Store, day: str, grade: int | None = 1) -> float:
    """Return what an unclean road is allowed that is dispatched on *day*."""
    with store.work(HAIZHOU, writing=False) as work:
        rows = read_limits(work)
    return limit_of(rows, "unclean_road", grade, "minor", "check", "", date.fromisoformat(day)).limit.amount


def test_a_limit_for_the_campaign_ends_with_it(type_: Type, store: Store) -> None:
    type_("limits set 道路不洁 1 工作时 --grade 1 --from 2020-08-01 --to 2020-10-21 --reason 会战从严")
    assert [hours(store, day) for day in ("2020-07-31", "2020-08-01", "2020-10-21", "2020-10-22")] == [2, 1, 1, 2]
    [row] = [row for row in listed(type_, "limits list 道路不洁 --on 2020-08-01") if row["grade"] == 1]
    assert (row["amount"], row["clock"], row["valid_to"]) == (1, "work_hour", "2020-10-21")
    [kept] = listed(type_, "limits list --history")
    assert kept["reason"] == "会战从严"
    assert "会战从严" in type_("limits list --history").output
    assert "1个工作时" in type_("limits list unclean_road --on 2020-08-01").output


def test_what_is_handed_out_comes_in_again_unchanged(type_: Type, store: Store, tmp_path: Path) -> None:
    """Out as a table, one line changed in a spreadsheet, in again: one new limit, from today on."""
    type_("limits set 道路不洁 3 工作时 --grade 2 --reason 试行")
    file = tmp_path / "limits.csv"
    type_(f"limits export --out {file}")
    told = type_(f"limits import {file} --reason 再导入").output
    assert f"新增 new 0，未变 unchanged {len(STANDARD)}，错误 wrong 0" in told
    file.write_text(file.read_text("utf-8").replace("道路不洁,1,,2,", "道路不洁,1,,1.5,"), "utf-8")
    assert "新增 new 1" in type_(f"limits import {file} --dry-run --reason 试算").output
    assert hours(store, "2020-07-18") == 2
    type_(f"limits import {file} --reason 从严")
    assert (hours(store, "2020-07-18"), hours(store, "2020-07-17"), hours(store, "2020-07-18", 2)) == (1.5, 2, 3)
    assert type_("limits export").output.splitlines()[1] == "道路不洁,1,,1.5,工作时,2020-07-18,"


def test_one_wrong_row_stops_the_whole_table(type_: Type, store: Store, tmp_path: Path) -> None:
    file = tmp_path / "limits.csv"
    file.write_text(
        "问题类别,保洁等级,时限,计时方式,生效日期\n道路不洁,1,1,工作时,\n道路不洁,9,1,工作时,\n"
        "噪声,,1,工作时,\n道路不洁,2,1,工作时,2020-02-30\n道路不洁,2,1,工作时,2020-01-01\n",
        "utf-8",
    )
    told = type_(f"limits import {file} --reason 有错", 1).output
    assert all(f"第 {row} 行" in told for row in (3, 4, 5, 6))
    assert "全部未写入" in told
    assert hours(store, "2020-07-18") == 2
    file.write_text("随便,写写\n1,2\n", "utf-8")
    assert "没有找到表头" in type_(f"limits import {file} --reason 错表", 1).output
