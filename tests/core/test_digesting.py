"""The daily digest: its figures, and its words to the letter."""

import msgspec
import pytest

from schemas.day_figures import Ahead, Counts, DayFigures, Late, OverdueCase, Street, Unwalked, as_fields, from_fields
from schemas.day_text import digest_en, digest_zh, percent
from schemas.moments import ms_of
from schemas.patrol import PatrolDay, Target, plan
from schemas.progress import Countdown
from server.core.clocks.calendar import Calendar, Official
from server.core.digesting import (
    Arrival,
    Facts,
    Look,
    RedCase,
    Silent,
    Standing,
    cut_off_at,
    figures,
    late_arrivals,
)
from server.values import CaseTimes, TermKept
from tests.server.office import DISTRICT, ELSEWHERE, GRID_7, GRID_8, STREET

DAY, AS_OF = "2020-07-17", "2020-07-17T18:30:00+08:00"
NEXT_STREET = ELSEWHERE[:9]
LI = "0197c000-0000-7000-8000-000000000001"

FULL = DayFigures(
    area=STREET,
    name="河北街道",
    day="2020-07-18",
    as_of="2020-07-18T18:30:00+08:00",
    counts=Counts(
        segments=12, shops=36, parking=5, checks=60, due=60, done=52, found=8, closed=5, returned=1,
        open=23, yellow=4, red=2, deferred=1, due_next=6, unwalked=1, unsynced=1,
    ),
    overdue=(
        OverdueCase(
            "HZ-2020-河北-00123", "人民路口", "暴露垃圾", "exposed garbage", "住建局", "超期3小时",
            "3 hours overdue", LI,
        ),
        OverdueCase(
            "HZ-2020-河北-00119", "中华路12号", "店外经营", "trading outside", "河北街道", "超期20分钟",
            "20 minutes overdue",
        ),
    ),
    unwalked=("八网格",),
    unsynced=(LI,),
    ahead=(Ahead("迎接省级评估", "2020-08-20", 33),),
)  # fmt: skip


def test_the_digest_to_the_letter() -> None:
    """As the street's leaders read it."""
    assert digest_zh(FULL, {LI: "李明"}) == (
        "【创卫日报】河北街道 2020年7月18日（星期六）\n"
        "一、今日巡查：路段12个、商户36户、停车区5处，完成率86.7%。\n"
        "二、问题情况：新增8件，销号5件，返工1件；在办23件，其中黄灯4件、红灯2件，挂账1件。\n"
        "三、超期问题：1.HZ-2020-河北-00123人民路口暴露垃圾，责任人李明，超期3小时。"
        "2.HZ-2020-河北-00119中华路12号店外经营，责任单位河北街道，超期20分钟。\n"
        "四、未巡查网格：八网格；未同步人员：李明。\n"
        "五、明日重点：6件到期；迎接省级评估倒计时33天。\n"
        "数据截至2020年7月18日18:30"
    )


def test_nobody_is_named_to_a_group() -> None:
    """The unit stands for the person, a count for the list."""
    plain = digest_zh(FULL)
    assert "责任单位住建局，超期3小时" in plain
    assert "未同步人员：1人。" in plain
    assert "李明" not in plain
    # Somebody may have typed a name, or a telephone number, for a place.
    assert "人民路口" not in plain + digest_en(FULL)


def test_an_empty_day_says_so() -> None:
    """Nothing was due, nothing is late: no empty blanks, and no 100 %."""
    empty = DayFigures(STREET, "河北街道", "2020-07-18", "2020-07-18T18:30:00+08:00", Counts())
    lines = digest_zh(empty, {}).splitlines()
    assert lines[1] == "一、今日巡查：路段0个、商户0户、停车区0处，完成率—。"
    assert lines[3:6] == ["三、超期问题：无。", "四、未巡查网格：无；未同步人员：无。", "五、明日重点：无。"]
    assert "Overdue: none." in digest_en(empty)


def test_long_lists_are_cut() -> None:
    """Thirty grids, of which the record keeps the names: twenty are read out."""
    many = msgspec.structs.replace(
        FULL,
        unwalked=tuple(f"{n}网格" for n in range(30)),
        counts=msgspec.structs.replace(FULL.counts, unwalked=30, red=12),
    )
    told = digest_zh(many)
    assert "19网格等30个；" in told
    assert "20网格" not in told
    assert "超期20分钟。等12件。\n" in told


def test_many_grids_are_counted_by_community() -> None:
    """Seven grids nobody walked: their communities with a count each, for a leader reads no screen of names."""
    counted = msgspec.structs.replace(
        FULL,
        unwalked=tuple(f"{n}网格" for n in range(7)),
        unwalked_in=(Unwalked("河北社区", 2), Unwalked("育才社区", 5)),
        counts=msgspec.structs.replace(FULL.counts, unwalked=7),
    )
    assert "四、未巡查网格：河北社区2个、育才社区5个，共7个；未同步人员：" in digest_zh(counted)
    assert "Grids not walked: 河北社区 2, 育才社区 5; 7 grids in all; people" in digest_en(counted)
    one = msgspec.structs.replace(counted, unwalked_in=(Unwalked("育才社区", 7),))
    assert "未巡查网格：育才社区7个；" in digest_zh(one)
    few = msgspec.structs.replace(counted, counts=msgspec.structs.replace(FULL.counts, unwalked=6))
    assert "未巡查网格：0网格、1网格" in digest_zh(few)


def test_english_says_the_same() -> None:
    told = digest_en(FULL, {LI: "Li Ming"})
    assert "12 segments, 36 shops, 5 parking areas; 86.7% of the plan" in told
    assert "(1) HZ-2020-河北-00123 人民路口 exposed garbage, Li Ming, 3 hours overdue" in told
    assert "33 days to 迎接省级评估" in told


def test_a_district_tells_its_streets_one_by_one() -> None:
    one = msgspec.structs.replace(FULL, streets=(Street(STREET, "河北街道", FULL.counts),))
    assert "六、各街道：\n河北街道：路段12个、商户36户、停车区5处，完成率86.7%；新增8件" in digest_zh(one)


def test_corrections_name_the_report_they_correct() -> None:
    late = Late("2020-07-17", STREET, "河北街道", "RB-2020-河北-00044", 3, 1, 2, (50, 40), (50, 43))
    here = msgspec.structs.replace(FULL, late=(late,))
    line = "7月17日（RB-2020-河北-00044）补报检查3次、问题1件（2人），完成率由80%更正为86%。"
    assert digest_zh(here).splitlines()[6] == f"六、补报更正：{line}"
    above = msgspec.structs.replace(here, area=DISTRICT, name="海州区")
    assert f"补报更正：河北街道{line}" in digest_zh(above)


@pytest.mark.parametrize(
    ("done", "due", "told"),
    [(0, 0, "—"), (0, 7, "0%"), (7, 7, "100%"), (52, 60, "86.7%"), (1, 3, "33.3%"), (9999, 10000, "99.9%")],
)
def test_shares_are_rounded_and_never_up_to_all(done: int, due: int, told: str) -> None:
    assert percent(done, due) == told


def test_figures_come_back_from_a_record() -> None:
    assert from_fields(as_fields(FULL)) == FULL
    assert from_fields(as_fields(FULL) | {"of_a_newer_version": 1}) == FULL


@pytest.mark.parametrize(
    ("said", "at"), [(None, "18:30"), ("17:00", "17:00"), ("24:00", "18:30"), (["x"], "18:30"), ("7:00", "18:30")]
)
def test_the_time_of_the_cut_off(said: object, at: str) -> None:
    assert cut_off_at(said) == at


# -- figures ------------------------------------------------------------------------------------------


def facts() -> Facts:
    """A Friday: one shop of two checked in grid 7, a check of something in no register, nothing in grid 8."""
    wanted = [Target(name, "shop", grid, 1) for name, grid in (("a", GRID_7), ("b", GRID_7), ("c", GRID_8))]
    due_ms = ms_of("2020-07-17T15:30:00+08:00")
    times = CaseTimes(
        "handling", "exposed_garbage", "minor", "check", "2020-07-17T08:00:00+08:00", case_no="HZ-1",
        place_text="人民路口", lead="dept_housing", owner_person=LI,
        term=TermKept((4.0, "work_hour"), 0, due_ms, 0, (4.0, "work_hour")),
    )  # fmt: skip
    return Facts(
        day=DAY,
        as_of_ms=ms_of(AS_OF),
        names={DISTRICT: "海州区", STREET: "河北街道", NEXT_STREET: "五龙街道", GRID_8: "八网格"},
        plans=plan(wanted, {}, {"a": 2}, PatrolDay(DAY)),
        looks=[Look("shop_check", GRID_7, "a"), Look("shop_check", GRID_7, "a"), Look("street_check", GRID_7, "check")],
        standings=[Standing(STREET, 3, 1, 1, 1, 2, 1, 1), Standing(NEXT_STREET, 5, 0, 0, 0, 0, 0, 0)],
        returned=[GRID_7, GRID_7, ELSEWHERE],
        red=[RedCase(GRID_7, due_ms, times, "住建局")],
        silent=[Silent(LI, GRID_7), Silent(LI, GRID_8)],
        ahead=[
            Countdown("m1", "自查", "2020-07-10", -7, {}, {}, False, False),
            Countdown("m2", "评估", "2020-08-01", 15, {}, {}, False, False),
            Countdown("m3", "年底", "2020-12-31", 167, {}, {}, False, False),
        ],
        calendar=Calendar(Official()),
        late=[],
        heads={STREET: 40, NEXT_STREET: 7, DISTRICT: 2},
    )


def test_a_street_has_its_own_figures() -> None:
    told = figures(facts(), STREET)
    assert (told.counts.shops, told.counts.segments, told.counts.checks) == (1, 1, 3)
    assert (told.counts.due, told.counts.done, told.counts.returned) == (3, 1, 2)
    assert (told.counts.open, told.counts.red, told.counts.deferred, told.counts.due_next) == (3, 1, 1, 1)
    assert told.unwalked == ("八网格",)
    assert [one.grids for one in told.unwalked_in] == [1]
    assert (told.counts.unsynced, told.unsynced) == (1, (LI,))
    assert [one.name for one in told.ahead] == ["评估"]
    assert told.heads == {STREET: 40}
    [late] = told.overdue
    assert (late.number, late.place, late.problem_zh, late.unit) == ("HZ-1", "人民路口", "暴露垃圾", "住建局")
    assert late.zh == "超期2小时"  # working hours end at 18:00


def test_a_district_is_the_sum_of_its_streets() -> None:
    told = figures(facts(), DISTRICT, (STREET, NEXT_STREET))
    assert (told.counts.open, told.counts.returned, told.counts.due) == (8, 3, 3)
    assert [(one.name, one.counts.open) for one in told.streets] == [("河北街道", 3), ("五龙街道", 5)]
    assert told.heads == {STREET: 40, NEXT_STREET: 7, DISTRICT: 2}


def test_a_grid_with_nothing_due_was_not_left_out() -> None:
    """Nobody had to go there."""
    assert figures(facts()._replace(plans={}), STREET).unwalked == ()


def test_a_check_of_something_in_no_register_is_walking_too() -> None:
    walked = facts()._replace(looks=[Look("shop_check", GRID_8, "draft")])
    assert figures(walked, STREET).unwalked == ()


def test_what_is_late_is_counted_by_day_and_street() -> None:
    """Two people's checks of Thursday and one problem; what was made today is not late."""
    thursday, today = ms_of("2020-07-16T17:00:00+08:00"), ms_of("2020-07-17T09:00:00+08:00")
    found = late_arrivals(
        [
            Arrival("shop_check", GRID_7, "li", thursday),
            Arrival("shop_check", GRID_8, "sun", thursday),
            Arrival("case", GRID_7, "li", thursday),
            Arrival("shop_check", ELSEWHERE, "gao", thursday),
            Arrival("shop_check", GRID_7, "li", today),
        ],
        DAY,
    )
    assert found == {("2020-07-16", STREET): (2, 1, 2), ("2020-07-16", NEXT_STREET): (1, 0, 1)}
