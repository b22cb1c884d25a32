"""
Areas that change while a tablet is away 责任区域调整: people moved, grids split, merged and handed over.

Nothing that waits is lost, whatever went out of a view goes, whatever came into it comes; and when all have met, every
tablet shows, byte for byte, what the office holds of its view.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.roles import Role
from server.commands import main
from server.usecases.receive_mutations import Push, receive_mutations
from sync_client.errors import SyncError
from sync_client.testing import FINE, Weather
from tests.server.office import DISTRICT, ELSEWHERE, GRID_7, GRID_8, person_id
from tests.stories.backups import back_up, restore
from tests.stories.ground import (
    GRID_9,
    GRID_NEXT,
    case,
    check,
    end_grants,
    everybody_agrees,
    grid_of,
    move,
    moved,
    nothing_is_broken,
    same_as_office,
    shop,
    tablet_of,
    told_of_moves,
)
from tests.stories.situations.hearing import said_on
from tests.stories.town import Town, town_at

HOUR = 3600


# -- people -----------------------------------------------------------------------------------------


def test_a_person_moved_to_another_grid_while_away(town: Town) -> None:
    """
    Li writes in the seventh grid without signal; meanwhile he is given the eighth.

    What he signed before is taken. The records of the new grid arrive, the old ones go, and until the office has
    answered he goes on seeing what he has not sent.
    """
    li, wang, sun = town.tablet("li"), town.tablet("wang"), town.tablet("sun")
    old, new = shop(wang), shop(sun, "孙记粮油", GRID_8)
    town.sync("wang", "sun", "li")
    assert li.holds(old)
    li.edit(old.id, operator_phone="13804180000")
    fresh = shop(li, "李记包子")
    town.pass_time(HOUR)
    end_grants(town, "li")
    town.post("li", Role.GRID_WORKER, GRID_8)
    town.pass_time(HOUR)

    town.networks["li"].weather = Weather(lose_request=1.0)
    with pytest.raises(SyncError):
        li.sync()
    town.networks["li"].weather = FINE
    assert li.read(fresh).fields["name"] == "李记包子"
    assert li.read(old.id).fields["operator_phone"] == "13804180000"

    town.sync("li", "wang", "li")
    assert li.outbox().waiting == li.outbox().attention == ()
    assert li.holds(new)
    assert not li.holds(old)
    assert not li.holds(fresh)
    assert wang.read(old.id).fields["operator_phone"] == "13804180000"
    assert wang.read(fresh.id).fields["name"] == "李记包子"
    everybody_agrees(town)


def test_what_he_writes_in_the_old_grid_after_he_was_moved_is_kept_aside(town: Town) -> None:
    """He did not know yet; it is no longer his to change, and lies in quarantine word for word."""
    li, wang = town.tablet("li"), town.tablet("wang")
    old = shop(wang)
    town.sync("wang", "li")
    end_grants(town, "li")
    town.post("li", Role.GRID_WORKER, GRID_8)
    town.pass_time(HOUR)
    li.edit(old.id, operator_phone="13804180000")
    town.sync("li", "wang")
    [aside] = li.outbox().attention
    assert aside.problem
    assert aside.problem["code"] == "outside_area"
    [(_, code, payload)] = town.office.refused(li.status().device or "")
    assert code == "outside_area"
    assert b"13804180000" in payload
    assert "operator_phone" not in wang.read(old.id).fields
    everybody_agrees(town)


def test_a_grid_given_to_another_worker(town: Town) -> None:
    """The seventh grid goes from Li to Sun: all of it is Sun's to see now, the open case is his, and both are told."""
    li, sun = town.tablet("li"), town.tablet("sun")
    one = shop(li)
    checked = check(li, "li", one.id, town.now_ms)
    [opened] = [c for c in li.find("case").records if c.fields["check_id"] == checked.id]
    town.sync("li", "sun")
    li.edit(one.id, door_no="17号")
    town.pass_time(HOUR)
    end_grants(town, "li")
    town.post("li", Role.GRID_WORKER, GRID_9)
    town.post("sun", Role.GRID_WORKER, GRID_7)
    assert moved(move(town, GRID_7, whole=GRID_7)) == {opened.id}
    town.pass_time(HOUR)
    town.sync("sun", "li", "sun")
    for tablet in (sun, li):
        [words] = told_of_moves(tablet)
        assert "孙强" in words
        assert "未了结的问题随之移交" in words
    for record in (one.id, checked.id, opened.id):
        assert sun.holds(record)
        assert not li.holds(record)
    assert sun.read(one.id).fields["door_no"] == "17号"
    town.pass_time(60)
    sun.edit(opened.id, severity="critical")
    town.sync("sun", "li")
    assert town.on_server(opened.id)["severity"] == "critical"
    everybody_agrees(town)
    nothing_is_broken(town)


def test_two_people_share_a_tablet_and_one_is_stopped(town: Town) -> None:
    """
    Li and Sun, of two grids, share one tablet, which shows what either may see.

    Every change stays its author's, switching deletes nothing; when Li is stopped, his work is kept aside, Sun's
    goes on, and only the eighth grid is still shown.
    """
    both = tablet_of(town, "li", "sun")
    shop_7 = shop(both)
    both.switch_person(person_id("sun"))
    shop_8 = shop(both, "孙记粮油", GRID_8)
    both.switch_person(person_id("li"))
    assert both.status().waiting == 2
    town.sync("li+sun")
    both.edit(shop_7.id, door_no="1号")
    both.switch_person(person_id("sun"))
    both.edit(shop_8.id, door_no="2号")
    with town.office.store.work(DISTRICT, writing=False) as work:
        records = work.records.get([shop_7.id, shop_8.id])
    assert (records[shop_7.id].by, records[shop_8.id].by) == (person_id("li"), person_id("sun"))

    town.office.stop("li", town.now_ms)
    town.sync("li+sun")
    [aside] = both.outbox().attention
    assert aside.problem
    assert aside.problem["code"] == "person_stopped"
    assert [code for _, code, _ in town.office.refused(both.status().device or "")] == ["person_stopped"]
    assert town.on_server(shop_8.id)["door_no"] == "2号"
    assert "door_no" not in town.on_server(shop_7.id)
    assert both.holds(shop_8)
    assert not both.holds(shop_7)
    same_as_office(town, both, "li", "sun")


# -- grids ------------------------------------------------------------------------------------------


def test_a_grid_split_in_two_by_a_file(
    database_url: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the shops go into the ninth grid, by a list the office wrote; the rest stays, on every tablet."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)
    folder = tmp_path_factory.mktemp("town")
    with town_at(database_url, folder) as town:
        li, qian = town.tablet("li"), town.tablet("qian")
        town.hire("ma", "马琳", Role.GRID_WORKER, GRID_9)
        ma = town.tablet("ma")
        shops = [shop(li, f"第{i}家店", code=f"S{i:03}") for i in range(20)]
        town.sync("li", "qian", "ma")
        mine = li.edit(shops[0].id, door_no="1号")
        listed = folder / "第九网格.csv"
        listed.write_text("商户编号\n" + "".join(f"S{i:03}\n" for i in range(10)), encoding="utf-8")
        town.pass_time(HOUR)

        command = ["records", "move", "--to", GRID_9, "--file", str(listed)]
        looked = CliRunner().invoke(main, [*command, "--dry-run"])
        assert looked.exit_code == 0, looked.output
        assert "没有移交" in looked.output
        assert grid_of(town, shops[0].id) == GRID_7
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0, done.output
        assert "moved: 10" in done.output
        again = CliRunner().invoke(main, command)
        assert "there: 10" in again.output

        town.sync("ma", "li", "qian", "ma")
        assert [li.holds(one) for one in shops] == [False] * 10 + [True] * 10
        assert [ma.holds(one) for one in shops] == [True] * 10 + [False] * 10
        assert ma.read(shops[0].id).fields["door_no"] == mine.fields["door_no"]
        assert all(qian.holds(one) for one in shops)
        everybody_agrees(town)
        nothing_is_broken(town)


def test_two_grids_merged(town: Town) -> None:
    """The eighth grid goes into the seventh: its shops and open cases go along, its checks and closed cases stay."""
    li, sun, zhao = town.tablet("li"), town.tablet("sun"), town.tablet("zhao")
    one = shop(sun, "孙记粮油", GRID_8)
    checked = check(sun, "sun", one.id, town.now_ms, GRID_8)
    [opened] = [c for c in sun.find("case").records if c.fields["check_id"] == checked.id]
    refused = case(sun, one.id, town.now_ms, GRID_8)
    town.sync("sun", "zhao")
    zhao.act(refused.id, "refuse", reason="不属实")
    town.sync("zhao", "sun", "li")
    town.pass_time(HOUR)

    told = move(town, GRID_7, whole=GRID_8)
    assert moved(told) == {one.id, opened.id}
    assert [t.why[0] for t in told if t.record == refused.id] == ["问题已了结"]
    town.sync("li", "sun", "zhao")
    assert li.holds(one)
    assert li.holds(opened)
    assert not li.holds(checked)
    assert sun.holds(checked)
    assert sun.holds(refused)
    assert not sun.holds(one)
    assert not sun.holds(opened)
    for name, tablet in (("li", li), ("sun", sun)):
        assert {said.record for said in said_on(tablet) if said.rule == "observer_scope_kept"} >= {opened.id}, name
        assert "李明" in told_of_moves(tablet)[0]
    everybody_agrees(town)
    nothing_is_broken(town)


@pytest.mark.parametrize("order", [("li", "ding"), ("ding", "li")])
def test_a_grid_handed_to_another_street(town: Town, order: tuple[str, str]) -> None:
    """
    A shop goes to the next street's office, into another feed; Li of the old grid and Ding of the new both write.

    Li had seen all there was when he signed, so nothing is in dispute, and neither overwrites the other.
    """
    li, chen = town.tablet("li"), town.tablet("chen")
    town.hire("ding", "丁宁", Role.GRID_WORKER, GRID_NEXT)
    ding = town.tablet("ding")
    for n in range(3):
        shop(ding, f"邻街第{n}家", GRID_NEXT)
    one = shop(li, operator_phone="13804180000")
    town.sync("ding", "li", "chen")
    li.edit(one.id, operator_phone="13804180001")
    li.edit(one.id, add={"remark": ["换了电话"]})
    town.pass_time(HOUR)
    assert moved(move(town, GRID_NEXT, one.id)) == {one.id}
    town.sync("ding")
    town.pass_time(60)
    ding.edit(one.id, door_no="9号")
    town.sync(*order)
    town.sync(*order, "chen")

    fields = town.on_server(one.id)
    assert fields["operator_phone"] == "13804180001"
    assert fields["door_no"] == "9号"
    assert [entry["text"] for entry in fields["remark"]] == ["换了电话"]
    assert town.disputes() == []
    assert not li.holds(one)
    assert li.outbox().waiting == li.outbox().attention == ()
    assert ding.holds(one)
    assert chen.holds(one)
    everybody_agrees(town)
    nothing_is_broken(town)


def test_whoever_had_not_seen_it_all_overwrites_nobody_across_a_border(town: Town) -> None:
    """Wang changed the phone before the move, and Li had not seen that: both numbers are kept."""
    li, wang = town.tablet("li"), town.tablet("wang")
    town.hire("ding", "丁宁", Role.GRID_WORKER, GRID_NEXT)
    ding = town.tablet("ding")
    one = shop(wang)
    town.sync("wang", "li", "ding")
    wang.edit(one.id, operator_phone="13804180001")
    town.sync("wang")
    town.pass_time(60)
    li.edit(one.id, operator_phone="13804180002")
    town.pass_time(HOUR)
    move(town, GRID_NEXT, one.id)
    town.sync("li", "ding", "wang")
    with town.office.store.work(DISTRICT, writing=False) as work:
        [decided] = work.conflicts.of_records([one.id])
    assert (decided.field, decided.kind, decided.grid) == ("operator_phone", "decided", GRID_NEXT)
    assert "13804180001" in decided.detail
    assert ding.read(one.id).fields["operator_phone"] == "13804180002"
    everybody_agrees(town)
    nothing_is_broken(town)


def test_a_shop_moved_while_another_edits_it_offline(town: Town) -> None:
    """What Li signed before the move is taken where it lay then; what he signs after it is the new grid's business."""
    li, sun = town.tablet("li"), town.tablet("sun")
    one = shop(li)
    town.sync("li", "sun")
    li.edit(one.id, door_no="17号")
    town.pass_time(60)
    move(town, GRID_8, one.id)
    town.pass_time(60)
    li.edit(one.id, operator_phone="13804180000")
    town.sync("sun", "li", "sun")
    [aside] = li.outbox().attention
    assert aside.problem
    assert aside.problem["code"] == "outside_area"
    assert not li.holds(one)
    assert sun.read(one.id).fields["door_no"] == "17号"
    assert "operator_phone" not in sun.read(one.id).fields
    everybody_agrees(town)
    nothing_is_broken(town)


@pytest.mark.parametrize("away", [GRID_8, GRID_NEXT])
def test_a_moved_record_comes_back(town: Town, away: str) -> None:
    """
    Moved by mistake and moved back, seen on the way or not: nobody's copy is stale, and Li's edit is no dispute.
    """
    li, wang, chen = town.tablet("li"), town.tablet("wang"), town.tablet("chen")
    if away == GRID_NEXT:
        town.hire("ding", "丁宁", Role.GRID_WORKER, GRID_NEXT)
        shop(town.tablet("ding"), "邻街店", GRID_NEXT)
        town.sync("ding")
    one = shop(wang)
    town.sync("wang", "li", "chen")
    li.edit(one.id, operator_phone="13804180000", name="老王电动车")
    town.pass_time(HOUR)
    move(town, away, one.id)
    town.sync("wang")
    assert not wang.holds(one)
    town.pass_time(HOUR)
    move(town, GRID_7, one.id)
    town.sync("li", "wang", "chen", "li")
    assert town.on_server(one.id)["name"] == "老王电动车"
    assert town.disputes() == []
    for tablet in (li, wang, chen):
        assert tablet.holds(one)
    town.pass_time(60)
    li.edit(one.id, door_no="17号")
    town.sync("li", "wang", "chen")
    assert wang.read(one.id).fields["door_no"] == "17号"
    everybody_agrees(town)
    nothing_is_broken(town)


def test_open_cases_go_with_the_shop_and_both_holders_hear_of_it(town: Town, tmp_path: Path) -> None:
    """Rule 24: the check stays where Li stood, its case goes to Sun with the shop, and both are told."""
    li, sun = town.tablet("li"), town.tablet("sun")
    one = shop(li)
    checked = check(li, "li", one.id, town.now_ms)
    [opened] = [c for c in li.find("case").records if c.fields["check_id"] == checked.id]
    town.sync("li", "sun")
    town.pass_time(HOUR)
    assert moved(move(town, GRID_8, one.id, signer="钱伟")) == {one.id, opened.id}
    town.sync("li", "sun")
    assert li.holds(checked)
    assert not li.holds(opened)
    assert sun.holds(opened)
    assert not sun.holds(checked)
    for tablet in (li, sun):
        words = told_of_moves(tablet)
        assert len(words) == 2
        assert all("孙强" in said for said in words)
        assert any("仍归原网格" in said for said in words)
    with town.office.store.work(DISTRICT, writing=False) as work:
        assert [work.records.get([record])[record].grid for record in (one.id, checked.id)] == [GRID_8, GRID_7]
    everybody_agrees(town)
    nothing_is_broken(town)


def test_a_page_lost_between_two_brings_every_departure_again(town: Town) -> None:
    """Thirty shops leave and thirty change; the tablet reads four at a time, and its network fails now and then."""
    li = town.tablet("li")
    town.tablet("sun")
    shops = [shop(li, f"第{i}家店") for i in range(60)]
    town.sync("li", "sun")
    reader = tablet_of(town, "wang", page_records=4)
    town.sync("wang")
    town.pass_time(HOUR)
    move(town, GRID_8, *(one.id for one in shops[::2]))
    for one in shops[1::2]:
        li.edit(one.id, door_no="1号")
    town.sync("li")
    for _ in range(6):
        town.sync("wang", weather=Weather(lose_answer=0.5, lose_request=0.3))
    town.sync("wang", "sun", "li")
    assert [reader.holds(one) for one in shops] == [False, True] * 30
    everybody_agrees(town)


@pytest.mark.parametrize("to", [GRID_8, ELSEWHERE])
@pytest.mark.parametrize("restored", [False, True])
def test_what_went_away_before_its_receipt_came(town: Town, restored: bool, to: str) -> None:
    """A shop is taken in, the answer is lost, the office moves it away: the late receipt does not bring it back."""
    town.hire("he", "何勇", Role.GRID_WORKER, ELSEWHERE)
    li = town.tablet("li", seed=3)
    if restored:
        restore(town, back_up(town))
    made = shop(li).id
    town.networks["li"].weather = Weather(lose_answer=1.0)
    with pytest.raises(SyncError):
        li.sync()
    town.networks["li"].weather = FINE
    assert moved(move(town, to, made)) == {made}
    town.sync("li", "li")
    assert (li.outbox().waiting, li.outbox().attention) == ((), ())
    assert not li.holds(made)
    assert town.on_server(made)["name"]


def test_an_edit_of_what_a_refused_check_opened_does_not_wait_for_ever(town: Town) -> None:
    """Li held nothing there when he signed: the check is refused, and with it the edit of the case it showed him."""
    li = town.tablet("li")
    made = shop(li).id
    town.sync("li")
    town.pass_time(60)
    end_grants(town, "li")
    town.pass_time(60)
    checked = check(li, "li", made, town.now_ms)
    [opened] = [found.id for found in li.find("case", where={"check_id": checked.id})]
    li.edit(opened, description="门前堆物")
    town.sync("li")
    codes = [(told.problem or {})["code"] for told in li.outbox().attention]
    assert li.outbox().waiting == ()
    assert codes == ["outside_area", "depends_on_refused"]


def test_nor_does_it_wait_when_it_comes_in_a_later_push(town: Town) -> None:
    """The check's refusal was heard, and only then he pushes what he wrote about the case it had shown him."""
    li = town.tablet("li")
    made = shop(li).id
    town.sync("li")
    town.pass_time(60)
    end_grants(town, "li")
    town.pass_time(60)
    checked = check(li, "li", made, town.now_ms)
    [opened] = [found.id for found in li.find("case", where={"check_id": checked.id})]
    li.edit(opened, description="门前堆物")
    with closing(sqlite3.connect(li.path)) as db:
        waiting = db.execute("SELECT install, payload FROM journal WHERE outcome IS NULL ORDER BY n").fetchall()
    with town.office.store.work(DISTRICT, writing=False) as work:
        device = work.devices.by_id(li.status().device or "", waiting[0][0])
    assert device
    codes = []
    for install, payload in waiting:
        push = Push(install, [payload], town.now_ms, town.now_ms)
        [outcome] = receive_mutations(town.office.store, device, push).outcomes
        codes.append((outcome.problem or {})["code"])
    assert codes == ["outside_area", "depends_on_refused"]
