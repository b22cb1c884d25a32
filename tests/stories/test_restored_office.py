"""The office is put back to a backup: whatever a tablet still holds is there again, once, on every tablet."""

import pytest

from schemas.fold import total_of
from schemas.roles import Role
from server.usecases.publish_directory import publish_directory
from sync_client.errors import SyncError
from sync_client.testing import FINE, Weather
from sync_client.values import Progress
from tests.server.office import DISTRICT, GRID_7, GRID_8
from tests.stories.backups import back_up, put_back, restore, taken
from tests.stories.ground import case, check, everybody_agrees, nothing_is_broken, shop
from tests.stories.refusals import kept, let_in
from tests.stories.town import Town, same_bytes

STORM = Weather(0.15, 0.15, 0.15, 0.1, 0.1, 0.05, 0.1)


def nothing_twice(town: Town) -> None:
    """Make sure that no mutation stands in the history twice, under whatever number."""
    found = taken(town)
    assert len({row[:3] for row in found}) == len(found)
    assert len({row[3] for row in found}) == len(found)


def three_days(town: Town) -> tuple[str, dict[str, bytes]]:
    """Three people record and meet; return a cleaning day and what the office then holds of each record."""
    li, wang, feng = (town.tablet(name) for name in ("li", "wang", "feng"))
    [known] = li.find("shop")
    day = feng.create("cleaning_day", grid=GRID_7, held_on="2020-07-18", theme="创卫清扫").id
    town.sync("feng", "li")
    li.edit(known, operator_phone="13804180000", add={"remark": ["门前台阶破损"]})
    with li.group():
        new = shop(li, "老李粮油")
        li.edit(new, add={"remark": ["新开张"]})
    li.edit(day, share={"waste_t": 1.5})
    town.pass_time(3600)
    town.sync("li", "wang")
    wang.edit(day, share={"waste_t": 2.0}, add={"remark": ["已劝导"]})
    wang.edit(new.id, operator_phone="13804180002")
    checked = check(wang, "wang", new.id, town.now_ms)
    report = case(wang, known.id, town.now_ms, GRID_7)
    wang.edit(known.id, address="河北街12号")
    town.pass_time(3600)
    town.sync("wang", "li")
    li.void(report.id, "重复")
    town.sync("li", "wang")
    opened = [found.id for found in li.find("case", where={"check_id": checked.id})]
    assert opened
    names = [known.id, day, new.id, checked.id, report.id, *opened]
    return day, {name: same_bytes(town.on_server(name)) for name in names}


@pytest.mark.parametrize("order", [("li", "wang", "feng"), ("feng", "wang", "li")])
def test_three_days_come_back(town: Town, order: tuple[str, ...]) -> None:
    """Checks, cases, groups, shares, remarks, a void: the office holds byte for byte what it held."""
    li = town.tablet("li")
    town.tablet("wang")
    town.tablet("feng")
    shop(li)
    town.sync("li", "wang", "feng")
    backup = back_up(town)
    day, before = three_days(town)
    count = len(taken(town))

    town.pass_time(3600)
    restore(town, backup)
    for _ in range(3):  # what hangs on the other's record waits for it
        town.sync(*order)

    assert {name: same_bytes(town.on_server(name)) for name in before} == before
    assert total_of(town.on_server(day)["waste_t"]) == 3.5
    assert len(taken(town)) == count
    everybody_agrees(town)
    nothing_twice(town)
    nothing_is_broken(town)
    for name in order:
        assert town.tablets[name].sync().pushed == 0


def test_put_back_twice(town: Town) -> None:
    """The same backup again, before everybody was back: nobody's work is lost the second time either."""
    li = town.tablet("li")
    town.tablet("wang")
    town.tablet("feng")
    shop(li)
    town.sync("li", "wang", "feng")
    backup = back_up(town)
    _, before = three_days(town)
    town.pass_time(60)
    restore(town, backup)
    town.sync("wang")
    town.pass_time(60)
    restore(town, backup)
    for _ in range(3):
        town.sync("li", "wang", "feng")
    assert {name: same_bytes(town.on_server(name)) for name in before} == before
    everybody_agrees(town)
    nothing_twice(town)
    nothing_is_broken(town)


def test_a_standby_that_missed_the_last_commits(town: Town) -> None:
    """Nobody said anything: the first tablet that comes shows it, and from then on it is as after a backup."""
    li = town.tablet("li")
    town.tablet("wang")
    town.tablet("feng")
    shop(li)
    town.sync("li", "wang", "feng")
    backup = back_up(town)
    _, before = three_days(town)
    town.pass_time(60)
    put_back(town, backup)
    for _ in range(3):
        town.sync("li", "wang", "feng")
    assert {name: same_bytes(town.on_server(name)) for name in before} == before
    everybody_agrees(town)
    nothing_twice(town)
    nothing_is_broken(town)


def test_in_bad_weather(town: Town) -> None:
    """Offered through a storm, with new work in between: everything is there once."""
    li, wang, _ = town.tablet("li", seed=3), town.tablet("wang", seed=4), town.tablet("feng")
    known = shop(li)
    town.sync("li", "wang")
    backup = back_up(town)
    _, before = three_days(town)
    restore(town, backup)
    li.edit(known.id, add={"remark": ["停电一天"]})
    made = shop(wang, "小张水果")
    for _ in range(3):
        for name in ("li", "wang"):
            try:
                town.sync(name, weather=STORM)
            except SyncError:
                town.networks[name].weather = FINE
    for _ in range(3):
        town.sync("li", "wang", "feng")
    assert all(town.office.record(name) for name in [*before, made.id])
    texts = [entry["text"] for entry in town.on_server(known.id)["remark"]]
    assert texts == ["门前台阶破损", "停电一天"]
    everybody_agrees(town)
    nothing_twice(town)
    nothing_is_broken(town)


def test_a_dispute_that_was_put_aside_is_not_told_again(town: Town) -> None:
    """Both names come back, the community still has to choose, and Wang, who knows, is not told anew."""
    li, wang = town.tablet("li"), town.tablet("wang")
    known = shop(li)
    town.sync("li", "wang")
    backup = back_up(town)
    li.edit(known.id, name="王记修车行")
    town.pass_time(60)
    wang.edit(known.id, name="老王汽修")
    town.sync("li", "wang")
    [told] = wang.conflicts()
    wang.acknowledge(told.mark)
    town.pass_time(60)
    restore(town, backup)
    town.sync("li", "wang", "li")
    [dispute] = town.disputes()
    assert dispute.record == known.id
    assert [one for one in wang.conflicts() if one.n] == []
    assert town.on_server(known.id)["name"] == "王记修车行"
    everybody_agrees(town)
    nothing_is_broken(town)


class Killed(BaseException):
    """The tablet's program is killed."""


def killed_after_the_receipt(progress: Progress) -> None:
    """Kill a sync once it has its outcomes and before it has read a page."""
    if progress.state == "ACKNOWLEDGED":
        raise Killed


def test_a_loss_nobody_read_past_shows_with_the_next_push(town: Town) -> None:
    """
    A standby took over that lacked the last commit, and nobody said so, and no cursor leads beyond it.

    The tablet hears how far the office had settled its journal before it took the new work in.
    """
    li, wang = town.tablet("li"), town.tablet("wang")
    town.sync("li", "wang")
    backup = back_up(town)
    lost = shop(li, "老李粮油")
    with pytest.raises(Killed):
        li.sync(killed_after_the_receipt)
    assert li.status().waiting == 0

    put_back(town, backup)
    newer = shop(li, "老王修车")
    report = li.sync()
    assert report.offered == 1
    town.sync("li", "wang")
    for made in (lost, newer):
        assert same_bytes(wang.read(made.id).fields) == same_bytes(town.on_server(made.id))
    nothing_twice(town)
    everybody_agrees(town)


def test_a_feed_that_the_backup_does_not_know_goes(town: Town) -> None:
    """The directory was published after the backup: restored, the office says nothing of it, and no tablet keeps it."""
    li = town.tablet("li")
    made = shop(li).id
    town.sync("li")
    backup = back_up(town)
    with town.office.store.work(DISTRICT) as work:
        publish_directory(work, town.now_ms)
        work.commit()
    town.sync("li")
    assert list(li.find("person"))
    restore(town, backup)
    town.sync("li", "li")
    assert not list(li.find("person"))
    assert li.holds(made)


def test_an_edit_waits_until_the_office_has_let_in_what_it_builds_on(town: Town) -> None:
    """
    The backup knows neither Li's shop nor that he was responsible there: offered again, the shop is refused.

    Wang's remark on it is nobody's fault: it waits on his tablet, and arrives when the office has let the shop in.
    """
    town.hire("he", "何平", Role.GRID_WORKER, GRID_8)
    he, wang = town.tablet("he"), town.tablet("wang")
    backup = back_up(town)
    town.post("he", Role.GRID_WORKER, GRID_7)
    town.sync("he")
    made = shop(he).id
    town.sync("he", "wang")
    wang.edit(made, add={"remark": ["门前台阶破损"]})

    town.pass_time(3600)
    restore(town, backup)
    town.sync("he", "wang", "wang")
    assert [(told.problem or {})["code"] for told in he.outbox().attention] == ["outside_area"]
    assert (wang.status().waiting, wang.status().held) == (1, 1)

    [refused] = [row.id for row in kept(town)]
    [item] = let_in(town, "qian", refused, place_was_his=True).items
    assert item.result == "taken"
    town.sync("wang", "he")
    assert wang.outbox().waiting == ()
    assert [entry["text"] for entry in town.on_server(made)["remark"]] == ["门前台阶破损"]
