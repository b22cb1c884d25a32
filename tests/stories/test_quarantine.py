"""What the office refused is let in by people, comes back to the tablet that made it, and its author hears of it."""

from click.testing import CliRunner
from sqlalchemy import update

from schemas.roles import Role
from server.storage.tables import PersonRow
from sync_client.client import FieldClient
from sync_client.commands import main as gridward
from sync_client.testing import Weather
from tests.server.office import GRID_7, GRID_8, person_id
from tests.stories.refusals import kept, let_in
from tests.stories.town import Town, same_bytes


def account(town: Town, name: str, stopped_ms: int | None) -> None:
    """Stop somebody's account, or let it count again."""
    with town.office.store.engine.begin() as connection:
        connection.execute(update(PersonRow).where(PersonRow.id == person_id(name)).values(stopped_ms=stopped_ms))


def equal(town: Town, record: str, *tablets: FieldClient) -> bool:
    """Say whether tablets show, byte for byte, what the server holds."""
    here = same_bytes(town.on_server(record))
    return all(same_bytes(tablet.read(record).fields) == here for tablet in tablets)


def test_work_from_before_the_stop_is_let_in_and_later_work_is_not(town: Town) -> None:
    """
    Rule 25: Li is away when his account is stopped by mistake.

    Feng, his grid leader, lets in what he wrote before; what he wrote after that stays in quarantine. When the
    account counts again, the shop is on his tablet as everybody sees it, and he reads who let it in.
    """
    li, wang = town.tablet("li"), town.tablet("wang")
    shop = li.create("shop", grid=GRID_7, name="老王修车", category="repair")
    li.edit(shop, add={"remark": ["门前台阶破损"]})
    town.pass_time(600)
    account(town, "li", town.now_ms)
    town.pass_time(600)
    li.edit(shop, operator_phone="13804180000")
    town.sync("li")
    assert len(li.outbox().attention) == 3
    town.pass_time(3600)
    first, second, late = (row.id for row in kept(town))
    for refused in (first, second):
        assert [item.result for item in let_in(town, "feng", refused).items] == ["taken"]
    [item] = let_in(town, "feng", late).items
    assert item.problem
    assert (item.result, item.problem["code"]) == ("refused", "signed_after_stop")
    assert [row.id for row in kept(town)] == [late]

    account(town, "li", None)
    town.sync("wang", "li")
    assert equal(town, shop.id, wang, li)
    assert "operator_phone" not in town.on_server(shop.id)
    [told, *_] = [said for said in li.conflicts() if said.said[0].rule == "quarantine"]
    assert told.said[0].zh == "老王修车：先前未被接受的修改，已由冯刚 09:20 恢复入库。"
    assert "let in after all by 冯刚" in told.said[0].en


def test_its_author_reads_it_with_a_command(town: Town) -> None:
    """``gridward conflicts`` says in his language who let it in."""
    li = town.tablet("li")
    account(town, "li", town.now_ms + 1_000_000)
    li.create("shop", grid=GRID_7, name="老王修车", category="repair")
    town.sync("li")
    [refused] = [row.id for row in kept(town)]
    let_in(town, "feng", refused)
    account(town, "li", None)
    town.sync("li")
    li.close()
    mine = town.folder / "mine"
    mine.mkdir()
    (town.folder / "li.db").rename(mine / "tablet.db")
    said = CliRunner().invoke(gridward, ["--data", str(mine), "conflicts"])
    assert "先前未被接受的修改，已由冯刚" in said.output, said.output


def test_what_met_others_meanwhile_is_settled_by_the_rules(town: Town) -> None:
    """
    He corrects door 17 to 19 just after his time in the grid was over; Sun writes 21 an hour later, and only then
    the street vouches for him. The later one counts, and both read so.
    """
    town.hire("he", "何平", Role.GRID_WORKER, GRID_8)
    sun, he = town.tablet("sun"), town.tablet("he")
    shop = he.create("shop", grid=GRID_8, name="老王修车", category="repair", door_no="17号")
    town.sync("he", "sun")
    he.edit(shop, door_no="19号")
    town.office.end_grants("he", town.now_ms - 1)
    town.pass_time(3600)
    sun.edit(shop.id, door_no="21号")
    town.sync("sun", "he")
    [refused] = [row.id for row in kept(town)]
    town.pass_time(60)
    [item] = let_in(town, "qian", refused, place_was_his=True).items
    assert (item.result, item.outcome) == ("taken", "merged")
    town.office.end_grants("he", town.now_ms + 86_400_000)
    town.sync("sun", "he")
    assert town.on_server(shop.id)["door_no"] == "21号"
    assert equal(town, shop.id, sun, he)
    assert any("21号" in said.zh for told in sun.conflicts() for said in told.said)
    assert {said.rule for told in he.conflicts() for said in told.said} >= {"quarantine"}


def test_a_tablet_that_asks_again_hears_what_became_of_it(town: Town) -> None:
    """Its answer was lost: it repeats the push after the office has let it in, and is told that it is in."""
    li = town.tablet("li", seed=1)
    account(town, "li", town.now_ms + 1_000_000)
    shop = li.create("shop", grid=GRID_7, name="老王修车", category="repair")
    town.sync("li", weather=Weather(lose_answer=1.0))
    assert li.status().waiting == 1
    [refused] = [row.id for row in kept(town)]
    let_in(town, "feng", refused)
    account(town, "li", None)
    town.sync("li")
    assert li.outbox().waiting == ()
    assert li.outbox().attention == ()
    assert equal(town, shop.id, li)
    assert len(town.office.taken(li.status().device or "")) == 1
