"""The street office's evening: the digest, the frozen report of the day, and what comes in too late for it."""

import pytest

from server.core.channels import Channel
from server.usecases.cut_off import close_days, cut_off
from server.usecases.manage_calendar import Said
from server.usecases.manage_channels import open_channel
from server.usecases.patrol_plan import plans, set_intervals
from server.usecases.verify_history import verify_history
from sync_client.office_day.walking import walk_of
from tests.server.office import DISTRICT, GRID_7, STREET
from tests.stories.evening import (
    MONDAY,
    SATURDAY,
    SUNDAY,
    at,
    close,
    digest,
    furnished,
    report,
    told,
    with_shops,
)
from tests.stories.ground import case, check
from tests.stories.test_covert_figures import a_covert_visit
from tests.stories.town import Town


def test_a_saturday_in_words(town: Town) -> None:
    """Li checks two shops and finds waste at one; Sun next door does nothing; at half past six the street reads it."""
    furnished(town)
    li, shops = with_shops(town, 2)
    town.tablet("sun").sync()
    check(li, "li", shops[0], town.now_ms)
    check(li, "li", shops[1], town.now_ms)
    town.sync("li")
    at(town, SATURDAY, "18:30")
    lines = digest(town).zh.splitlines()
    assert lines[0] == "【创卫日报】河北街道 2020年7月18日（星期六）"
    assert lines[1].startswith("一、今日巡查：路段0个、商户2户、停车区0处，完成率")
    assert lines[2] == "二、问题情况：新增2件，销号0件，返工0件；在办2件，其中黄灯0件、红灯0件，挂账0件。"
    assert lines[3] == "三、超期问题：无。"
    assert lines[4] == "四、未巡查网格：无；未同步人员：无。"
    assert lines[5] == "五、明日重点：无。"
    assert lines[6] == "数据截至2020年7月18日18:30"


def test_nobody_is_named_in_what_anybody_may_read(town: Town) -> None:
    """Feng has a tablet and has not synced since Saturday: the street reads his name, the report counts him."""
    furnished(town)
    town.tablet("feng").sync()
    at(town, SUNDAY, "18:30")
    found = digest(town)
    assert "未同步人员：冯刚。" in found.zh
    assert "未同步人员：1人。" in found.plain_zh
    assert "冯刚" not in found.plain_zh + found.plain_en
    close(town, SUNDAY)
    assert "冯刚" not in str(report(town, SUNDAY))


def test_the_group_of_the_street_hears_of_it_once(town: Town) -> None:
    """The digest waits for the street's robot, whole and without a name, however often the day is closed."""
    furnished(town)
    town.tablet("feng").sync()
    store, robot = town.office.store, Channel("robot", "wecom", STREET, ("digest",))
    open_channel(store, DISTRICT, robot, Said("日报", "", town.now_ms))
    close(town, SUNDAY)
    assert close_days(store, DISTRICT, 0, town.now_ms) == 0
    with store.work(DISTRICT, writing=False) as work:
        [queued] = work.deliveries.due("robot", town.now_ms + 60_000, 10)
    assert queued.body.endswith(report(town, SUNDAY)["text_zh"])
    assert "冯刚" not in queued.body


def test_what_comes_too_late_is_told_the_next_day(town: Town) -> None:
    """
    Li's tablet is offline on Saturday evening; the report is out before his checks arrive.

    The issued figures stay; Sunday's report says what came in for Saturday and corrects the rate, for the street
    and for the district.
    """
    furnished(town)
    li, shops = with_shops(town, 4)
    with_today = digest(town).figures.counts.due
    first = check(li, "li", shops[0], town.now_ms)
    town.sync("li")
    at(town, SATURDAY, "17:00")
    for one in shops[1:]:
        check(li, "li", one, town.now_ms)
    case(li, shops[1], town.now_ms, GRID_7)
    close(town, SATURDAY)
    frozen = report(town, SATURDAY)
    assert (told(frozen).counts.shops, told(frozen).counts.found) == (1, 1)

    at(town, SUNDAY, "09:00")
    town.sync("li")
    assert town.on_server(first.id)["check_no"]
    assert report(town, SATURDAY) == frozen
    close(town, SUNDAY)
    assert report(town, SATURDAY) == frozen

    [late] = told(report(town, SUNDAY)).late
    assert (late.day, late.street, late.checks, late.workers) == (SATURDAY, STREET, 3, 1)
    assert late.cases == 4  # one he reported, and one from each check
    assert late.report_no == frozen["report_no"] == "RB-2020-河北-00001"
    assert late.was == (told(frozen).counts.due, told(frozen).counts.done)
    assert late.now == (with_today, with_today)
    line = "7月18日（RB-2020-河北-00001）补报检查3次、问题4件（1人）"
    assert f"补报更正：{line}" in report(town, SUNDAY)["text_zh"]
    assert f"补报更正：河北街道{line}" in report(town, SUNDAY, DISTRICT)["text_zh"]

    close(town, MONDAY)  # told once
    assert told(report(town, MONDAY)).late == ()
    assert report(town, MONDAY)["report_no"] == "RB-2020-河北-00003"
    assert all(found.broken is None for found in verify_history(town.office.store, DISTRICT))


def test_the_street_reads_its_report_on_its_own_computer(town: Town) -> None:
    """A report comes down with the ordinary sync, number and all; nobody can write on it."""
    furnished(town)
    qian = town.tablet("qian")
    close(town, SATURDAY)
    town.sync("qian")
    [held] = qian.find("day_report", where={"area": STREET})
    assert held.fields["report_no"] == "RB-2020-河北-00001"
    assert held.fields["text_zh"].startswith("【创卫日报】河北街道 2020年7月18日（星期六）")
    qian.edit(held.id, text_zh="一切正常。")
    town.sync("qian")
    assert town.on_server(held.id)["text_zh"].startswith("【创卫日报】")
    assert qian.read(held.id).fields["text_zh"].startswith("【创卫日报】")


def test_a_server_that_was_down_makes_its_days_up(town: Town) -> None:
    """Switched off on Saturday at noon, on again on Monday morning: two reports, numbered by their days, each once."""
    furnished(town)
    at(town, "2020-07-17", "19:00")
    assert close_days(town.office.store, DISTRICT, 0, town.now_ms) == 2
    at(town, MONDAY, "07:00")
    assert close_days(town.office.store, DISTRICT, 0, town.now_ms) == 4
    assert close_days(town.office.store, DISTRICT, 0, town.now_ms) == 0
    assert [report(town, day)["report_no"][-5:] for day in (SATURDAY, SUNDAY)] == ["00002", "00003"]
    assert report(town, SATURDAY)["cut_off_at"] == f"{SATURDAY}T18:30:00+08:00"
    assert report(town, SATURDAY)["as_of"] == f"{MONDAY}T07:00:00+08:00"


def test_a_report_is_made_once_whoever_makes_it(town: Town) -> None:
    """The job runs, runs again, and somebody closes the day by hand: one report, one number."""
    furnished(town)
    at(town, SATURDAY, "18:30")
    store = town.office.store
    assert cut_off(store, DISTRICT, town.now_ms, town.now_ms).made == (STREET, DISTRICT)
    again = cut_off(store, DISTRICT, town.now_ms + 60_000, town.now_ms + 60_000)
    assert (again.made, again.before) == ((), 2)
    assert close_days(store, DISTRICT, 0, town.now_ms) == 0
    close(town, SUNDAY)
    assert report(town, SUNDAY)["report_no"] == "RB-2020-河北-00002"


@pytest.mark.parametrize("area", [STREET, DISTRICT])
def test_covert_findings_are_in_no_figure(town: Town, area: str) -> None:
    """Zhou's unannounced visit changes neither the digest nor what is still open, until it is released."""
    furnished(town)
    _, [one] = with_shops(town, 1)
    town.tablet("zhou").sync()
    before = digest(town, area)
    a_covert_visit(town, one)
    town.sync("zhou")
    after = digest(town, area)
    assert (after.zh, after.figures.counts) == (before.zh, before.figures.counts)
    assert not [feed for feed in after.figures.heads if feed.endswith("999")]


def test_what_the_district_says_of_intervals_reaches_the_tablet(town: Town) -> None:
    """Shops every day instead of every week: office and tablet plan the same, and again when it is taken back."""
    furnished(town)
    li, _ = with_shops(town, 9)
    town.sync("li")
    weekly = _due_shops(town)
    for days, due in ((1, 9), (None, len(weekly))):
        set_intervals(town.office.store, DISTRICT, {"shop": days}, "创卫冲刺", "陈红", town.now_ms)
        town.sync("li")
        assert len(_due_shops(town)) == due
        walk = walk_of(li.database, lambda _: True, SATURDAY)
        assert {stop.id for stop in walk.stops} == _due_shops(town)


def _due_shops(town: Town) -> set[str]:
    with town.office.store.work(DISTRICT, writing=False) as work:
        found = plans(work, SATURDAY, town.now_ms)
    return {target for plan in found.values() for target in plan.parts["shop"].due}
