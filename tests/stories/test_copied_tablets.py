"""One tablet's file on two tablets, or put back to an old image: what either recorded is at the office, and on both."""

import random
import shutil
from typing import Any

import pytest

from schemas import wire
from sync_client.client import FieldClient
from sync_client.errors import SyncError
from sync_client.testing import FINE, FlakyTransport, InProcessTransport, Weather
from sync_client.transport import Transport
from tests.server.office import GRID_7
from tests.stories.backups import back_up, restore, taken
from tests.stories.ground import check, everybody_agrees, nothing_is_broken, shop
from tests.stories.town import PATIENT, Gate, Town

LOST = Weather(lose_answer=1.0)


def opened(town: Town, name: str, network: Transport | None = None) -> FieldClient:
    """Open the file of the tablet called *name*, as another program, with dice of its own."""
    flaky = FlakyTransport(network or InProcessTransport(town.office.app), 5, FINE)
    gate = Gate(flaky)
    tablet = FieldClient(
        town.folder / f"{name.replace('/', '-')}.db",
        gate,
        clock=lambda: town.now_ms,
        randomness=random.Random(f"{name} {len(list(town.folder.iterdir()))} {town.now_ms}").randbytes,
        sleep=lambda _: None,
        patience=PATIENT,
    )
    town.tablets[name], town.networks[name], town.gates[name] = tablet, flaky, gate
    return tablet


def image_of(town: Town, name: str, image: str) -> None:
    """Keep the file of a tablet, closed, under another name."""
    town.tablets[name].close()
    shutil.copy(town.folder / f"{name.replace('/', '-')}.db", town.folder / f"{image.replace('/', '-')}.db")


def twins(town: Town) -> tuple[FieldClient, FieldClient, str, str]:
    """Li's tablet, and a copy of it that somebody uses too, with a shop and a cleaning day on both."""
    li, feng = town.tablet("li"), town.tablet("feng")
    garage = shop(li).id
    day = feng.create("cleaning_day", grid=GRID_7, held_on="2020-07-18", theme="创卫清扫").id
    town.sync("feng", "li")
    image_of(town, "li", "li/copy")
    return opened(town, "li"), opened(town, "li/copy"), garage, day


def content(payload: bytes | str) -> str:
    """Return what a change says, whatever its number is and whatever it was based on."""
    mutation: dict[str, Any] = wire.decode_json(payload)
    return wire.canonical({k: v for k, v in mutation.items() if k not in ("n", "group", "base")}).decode()


def nothing_is_lost(town: Town, *tablets: FieldClient) -> None:
    """Make sure that every change of these tablets' journals is in the history, once, or else in quarantine."""
    inside = [content(payload) for *_, payload in taken(town)]
    assert len(inside) == len(set(inside))
    outside = {content(bytes(row["payload"])) for row in back_up(town)["quarantine"]}
    for tablet in tablets:
        for (payload,) in tablet._db.all("SELECT payload FROM journal"):
            assert content(payload) in outside.union(inside)
        assert tablet.outbox().waiting == ()
        assert tablet.outbox().attention == ()


def remarks(town: Town, record: str) -> list[str]:
    """Return the remarks on a record, as the office has them."""
    return [entry["text"] for entry in town.on_server(record)["remark"]]


@pytest.mark.parametrize("order", [("li", "li/copy"), ("li/copy", "li")])
def test_two_copies_sync_in_turns(town: Town, order: tuple[str, ...]) -> None:
    """Edits of one shop, groups, shares, remarks, a check with its case: all of both, on both."""
    one, two, garage, day = twins(town)
    made = []
    for turn in range(3):
        for name, tablet in (("甲", one), ("乙", two)):
            town.pass_time(60)
            tablet.edit(garage, add={"remark": [f"{name}{turn}"]})
            tablet.edit(day, share={"waste_t": turn + (0.5 if name == "乙" else 0.1)})
            with tablet.group():
                new = shop(tablet, f"{name}的店{turn}")
                tablet.edit(new, add={"remark": ["新开张"]})
            made += [new.id, check(tablet, "li", new.id, town.now_ms).id]
        town.sync(*order)
    town.sync(*order, *order)
    everybody_agrees(town)
    assert remarks(town, garage) == ["甲0", "乙0", "甲1", "乙1", "甲2", "乙2"]
    [share] = town.on_server(day)["waste_t"].values()  # one device, one person: one share, nothing counted twice
    assert share in (2.1, 2.5)
    for tablet in (one, two):
        assert all(tablet.holds(name) for name in made)
        assert len(tablet.find("case").records) == 6
    nothing_is_lost(town, one, two)
    nothing_is_broken(town)


def test_copies_do_not_write_over_each_other_unseen(town: Town) -> None:
    """The copies rename one shop: it is a dispute like any other, although one device made both names."""
    one, two, garage, _ = twins(town)
    one.edit(garage, name="王记修车行")
    town.pass_time(60)
    two.edit(garage, name="老王汽修")
    town.sync("li", "li/copy")
    [dispute] = town.disputes()
    assert dispute.record == garage
    [told] = [told for told in two.conflicts() if told.n]
    assert told.open
    town.sync("li", "li/copy", "feng")
    everybody_agrees(town)
    nothing_is_lost(town, one, two)


def test_what_one_made_and_the_other_has_not_heard_of(town: Town) -> None:
    """A shop waits when the file is copied: both send it, it is there once, and its edits are their author's own."""
    li = town.tablet("li")
    town.sync("li")
    garage = shop(li).id
    image_of(town, "li", "li/copy")
    one, two = opened(town, "li"), opened(town, "li/copy")
    one.edit(garage, address="河北街12号")
    two.edit(garage, operator_phone="13804180000")
    town.sync("li", "li/copy", "li")
    assert town.disputes() == []
    assert two.conflicts() == one.conflicts() == []
    assert town.on_server(garage)["address"] == "河北街12号"
    assert town.on_server(garage)["operator_phone"] == "13804180000"
    everybody_agrees(town)
    nothing_is_lost(town, one, two)


def test_put_back_to_an_old_image_in_the_middle_of_a_push(town: Town) -> None:
    """The push arrived, its answer did not, and the file was put back to before half of it."""
    li = town.tablet("li")
    known = shop(li)
    town.sync("li")
    li.edit(known.id, add={"remark": ["图像之前"]})
    image_of(town, "li", "old")
    li = opened(town, "li")
    lost = shop(li, "图像之后的店")
    with li.group():
        li.edit(lost, add={"remark": ["新开张"]})
        li.edit(known.id, add={"remark": ["图像之后"]})
    town.networks["li"].weather = LOST
    with pytest.raises(SyncError):
        li.sync()
    town.tablets["li"].close()
    shutil.copy(town.folder / "old.db", town.folder / "li.db")
    li = opened(town, "li")
    town.pass_time(3600)
    li.edit(known.id, add={"remark": ["换回之后"]})
    with li.group():
        made = [shop(li, f"后来的店{i}") for i in range(4)]
    town.sync("li", "li")
    assert remarks(town, known.id) == ["图像之前", "图像之后", "换回之后"]
    assert all(li.holds(each.id) for each in [lost, *made])
    everybody_agrees(town)
    nothing_is_lost(town, li)
    nothing_is_broken(town)


def test_put_back_and_only_looked_at(town: Town) -> None:
    """Nothing new was recorded: the lost work comes down all the same, and the next numbers are not spent ones."""
    li = town.tablet("li")
    known = shop(li)
    town.sync("li")
    image_of(town, "li", "old")
    li = opened(town, "li")
    lost = shop(li, "图像之后的店")
    li.edit(known.id, address="河北街12号")
    town.sync("li")
    li.close()
    shutil.copy(town.folder / "old.db", town.folder / "li.db")
    li = opened(town, "li")
    town.sync("li")
    assert li.read(lost.id)["name"] == "图像之后的店"
    assert li.read(known.id)["address"] == "河北街12号"
    li.edit(lost.id, operator_phone="13804180000")
    report = li.sync()
    assert (report.applied, report.renumbered) == (1, 0)
    assert li.conflicts() == []
    everybody_agrees(town)
    nothing_is_lost(town, li)


def test_copies_and_a_restored_office(town: Town) -> None:
    """The office forgets the split as well: both bring theirs, under the numbers they have now."""
    one, two, garage, _ = twins(town)
    backup = back_up(town)
    for name, tablet in (("甲", one), ("乙", two)):
        shop(tablet, f"{name}的店")
        tablet.edit(garage, add={"remark": [f"{name}到过"]})
        town.pass_time(60)
    town.sync("li", "li/copy", "li", "li/copy")
    restore(town, backup)
    town.sync("li/copy", "li", "li/copy", "li")
    assert remarks(town, garage) == ["甲到过", "乙到过"]
    everybody_agrees(town)
    nothing_is_lost(town, one, two)
    nothing_is_broken(town)
