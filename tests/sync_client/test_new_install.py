"""One file on two tablets, or put back to an old copy: each goes on under its own install, and nothing is lost."""

import shutil
from typing import Any

import pytest

from schemas import wire
from sync_client.client import FieldClient
from sync_client.exchange import State
from sync_client.testing import InProcessTransport
from sync_client.transport import Request, Response
from tests.sync_client.office import TinyOffice
from tests.sync_client.tablets import LI, Workshop, shop
from tests.sync_client.test_crashes import Killed, at_step
from tests.sync_client.test_offering_again import nothing_twice, stop_at, texts
from tests.sync_client.test_stories import record_together, same_as_office


def copy_of(workshop: Workshop, name: str, into: str) -> None:
    """Copy the closed file of one tablet to another."""
    shutil.copy(workshop.folder / f"{name}.db", workshop.folder / f"{into}.db")


def twins(workshop: Workshop, office: TinyOffice) -> tuple[FieldClient, FieldClient, str]:
    """One tablet's file on two tablets, and a shop on both."""
    first = workshop.tablet("甲")
    garage = shop(first)
    first.sync()
    first.close()
    copy_of(workshop, "甲", "乙")
    return workshop.tablet("甲"), workshop.tablet("乙"), garage


def install_of(tablet: FieldClient) -> str:
    """Return the install under which a tablet records now."""
    return tablet._desk.head().install


def everything_is_somewhere(office: TinyOffice, *tablets: FieldClient) -> None:
    """Make sure that every change any file holds is at the office, taken once, or word for word in quarantine."""
    nothing_twice(office)
    taken = [same_change(wire.decode_json(payload)) for _, payload in office.applied()]
    assert len(taken) == len({*map(str, taken)})
    for tablet in tablets:
        for (payload,) in tablet._db.all("SELECT payload FROM journal"):
            assert same_change(wire.decode_json(payload)) in taken


def same_change(mutation: dict[str, Any]) -> dict[str, Any]:
    """Return what a change is, whatever its number is and whatever it was based on."""
    return {name: value for name, value in mutation.items() if name not in ("n", "group", "base")}


def sync_in_turns(*tablets: FieldClient, rounds: int = 3) -> None:
    """Let tablets sync, one after the other, until nobody has anything new."""
    for _ in range(rounds):
        for tablet in tablets:
            tablet.sync()


def test_two_copies_go_separate_ways(workshop: Workshop, office: TinyOffice) -> None:
    """Both record under the same numbers; the second to sync records again under an install of its own."""
    one, two, garage = twins(workshop, office)
    one.edit(garage, address="河北街12号", add={"remark": ["甲到过"]})
    mine = shop(one, "甲的店")
    two.edit(garage, operator_phone="13804180000", add={"remark": ["乙到过"]})
    yours, other = record_together(two, "乙的店", "乙的另一家店")
    one.sync()
    before = {entry.n: entry for entry in two.outbox().waiting}

    report = two.sync()

    assert (report.renumbered, report.rejected) == (3, 0)
    assert two.outbox().attention == ()
    assert two.outbox().waiting == ()
    assert install_of(one) != install_of(two)
    assert max(before) == 4
    assert two._desk.head().last_n == 7
    sync_in_turns(one, two)
    for tablet in (one, two):
        assert all(tablet.holds(name) for name in (garage, mine, yours, other))
        assert sorted(texts(tablet, garage)) == ["乙到过", "甲到过"]
        assert tablet.read(garage)["operator_phone"] == "13804180000"
        same_as_office(tablet, office)
    everything_is_somewhere(office, one, two)
    assert [code for *_, code in office.quarantine] == ["number_reused", "number_reused", "group_refused"]
    shop(one, "以后的店")
    shop(two, "以后的另一家店")
    sync_in_turns(one, two, rounds=2)
    assert one.sync().renumbered == two.sync().renumbered == 0
    same_as_office(one, office)
    same_as_office(two, office)


def test_what_was_recorded_again_keeps_its_stamp_and_says_the_same(workshop: Workshop, office: TinyOffice) -> None:
    """Only the number, the group and what its author has since been told of his own work are others."""
    first = workshop.tablet("甲")
    first.sync()
    garage = shop(first)
    first.close()
    copy_of(workshop, "甲", "乙")
    one, two = workshop.tablet("甲"), workshop.tablet("乙")
    for address in ("河北街12号", "河北街13号", "河北街14号"):
        one.edit(garage, address=address)
    workshop.wall.forward(60)
    two.edit(garage, name="王记修车行")
    with two.group():
        two.edit(garage, has_green=True)
        two.edit(garage, add={"remark": ["乙到过"]})
    old = [wire.decode_json(payload) for (payload,) in two._db.all("SELECT payload FROM journal ORDER BY n")]
    one.sync()
    two.sync()
    rows = two._db.all("SELECT n, install, payload, again, outcome, group_first FROM journal ORDER BY n")
    new = [wire.decode_json(row[2]) for row in rows]
    assert [row[0] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert [row[3] for row in rows] == [None, 5, 6, 7, None, None, None]
    assert [row[4] for row in rows[1:4]] == ["rejected"] * 3
    assert [row[1] for row in rows[4:]] == [install_of(two)] * 3
    assert [row[5] for row in rows] == [None, None, 3, 3, None, 6, 6]
    assert [same_change(each) for each in new[4:]] == [same_change(each) for each in old[1:]]
    assert [each.get("group") for each in new[4:]] == [None, [6, 2], [6, 2]]
    # He had seen his own creation, number 1 of the feed, and nothing of the other tablet's.
    assert [each.get("base") for each in new[4:]] == [1, 1, 1]
    everything_is_somewhere(office, one, two)


def test_a_file_put_back_hears_of_its_lost_work(workshop: Workshop, office: TinyOffice) -> None:
    """The office has more than the file: the lost work comes down, and the next numbers are an install's own."""
    li = workshop.tablet("李")
    garage = shop(li)
    li.sync()
    li.close()
    copy_of(workshop, "李", "旧")
    li = workshop.tablet("李")
    lost = shop(li, "丢失的店")
    li.edit(garage, address="河北街12号")
    li.sync()
    li.close()
    copy_of(workshop, "旧", "李")
    li = workshop.tablet("李")
    before = install_of(li)
    report = li.sync()
    assert (install_of(li) != before, report.renumbered) == (True, 0)
    assert li.holds(lost)
    same_as_office(li, office)
    shop(li, "新店")
    assert li.sync().applied == 1
    assert office.requests[-1].install == install_of(li)
    everything_is_somewhere(office, li)
    after = install_of(li)
    li.sync()
    assert install_of(li) == after


def test_put_back_in_the_middle_of_a_push(workshop: Workshop, office: TinyOffice) -> None:
    """The push arrived, the answer did not, the file was put back to before some of it; then work went on."""

    class Deaf:
        """Delivers and hears nothing."""

        def send(self, request: Request) -> Response:
            InProcessTransport(office).send(request)
            raise Killed

    li = workshop.tablet("李")
    li.sync()
    kept = shop(li, "图像里有的店")
    li.close()
    copy_of(workshop, "李", "旧")
    li = workshop.tablet("李", transport=Deaf())
    shop(li, "没有回音的店")
    record_together(li, "没有回音的一", "没有回音的二")
    with pytest.raises(Killed):
        li.sync()
    li.close()
    copy_of(workshop, "旧", "李")
    li = workshop.tablet("李")
    li.edit(kept, address="河北街12号")
    made = [shop(li, f"后来的店{i}") for i in range(6)]
    together = record_together(li, "后来的一", "后来的二")
    report = li.sync()
    assert report.renumbered == 3
    sync_in_turns(li)
    assert all(li.holds(name) for name in [kept, *made, *together])
    assert len(office.records) == 1 + 3 + 6 + 2
    same_as_office(li, office)
    everything_is_somewhere(office, li)
    assert li.outbox() == type(li.outbox())((), ())


def test_what_builds_on_something_recorded_again(workshop: Workshop, office: TinyOffice) -> None:
    """The creation's number was taken, its edit's was not: the edit waits for it, shown over it all the while."""
    one, two, _ = twins(workshop, office)
    shop(one, "甲的店")
    one.sync()
    yours = shop(two, "乙的店")
    two.edit(yours, address="河北街12号")
    report = two.sync()
    assert (report.renumbered, report.held) == (1, 1)
    assert two.read(yours)["address"] == "河北街12号"
    two.sync()
    assert two.status().waiting == 0
    assert office.records[yours].fields["address"] == "河北街12号"
    sync_in_turns(one, two)
    same_as_office(one, office)
    same_as_office(two, office)
    everything_is_somewhere(office, one, two)


def test_seen_while_the_creation_waits_behind_its_edit(workshop: Workshop, office: TinyOffice) -> None:
    """They are laid in the order in which they were done, not of their new numbers."""
    one, two, _ = twins(workshop, office)
    shop(one, "甲的店")
    one.sync()
    yours = shop(two, "乙的店")
    two.edit(yours, name="乙的新店")
    two.edit(yours, name="不许")
    with pytest.raises(Killed):
        two.sync(stop_at(State.ACKNOWLEDGED))
    assert [entry.n for entry in two.outbox().waiting] == [3, 5]
    assert two.read(yours)["name"] == "乙的新店"  # what was refused went out of the view, and only that
    sync_in_turns(one, two)
    assert office.records[yours].fields["name"] == "乙的新店"
    same_as_office(two, office)


def test_work_of_the_old_install_goes_up_under_it(workshop: Workshop, office: TinyOffice) -> None:
    """What waited before the change keeps its number and install, and no page is read in its name."""
    first = workshop.tablet("甲")
    garage = shop(first)
    first.sync()
    first.edit(garage, name="王记修车行")
    first.close()
    copy_of(workshop, "甲", "乙")
    one, two = workshop.tablet("甲"), workshop.tablet("乙")
    office.park = {garage}
    shop(one, "甲的店")
    shop(two, "乙的店")
    one.sync()
    two.sync()
    old, new = install_of(one), install_of(two)
    assert old != new
    shop(two, "乙的另一家店")
    office.requests.clear()
    two.sync()
    assert [
        (asked.install, len(asked.mutations), bool(asked.cursors), asked.limit, asked.last) for asked in office.requests
    ] == [(old, 1, False, 0, 3), (new, 1, True, 2_000, 5)]
    office.park = set()
    sync_in_turns(one, two)
    assert office.records[garage].fields["name"] == "王记修车行"
    same_as_office(one, office)
    same_as_office(two, office)
    everything_is_somewhere(office, one, two)


@pytest.mark.parametrize("lowest", [1, 2])
def test_killed_after_every_step(workshop: Workshop, office: TinyOffice, lowest: int) -> None:
    """However often both copies are killed in their syncs, everything either recorded is there once."""
    one, two, garage = twins(workshop, office)
    office.page = 3
    made = []
    for tablet, who in ((one, "甲"), (two, "乙")):
        with tablet.batch():
            made += [shop(tablet, f"{who}{i}") for i in range(510)]
        made += record_together(tablet, f"{who}一", f"{who}二")
        tablet.edit(garage, add={"remark": [f"{who}到过"]})
        tablet.edit(made[-1], address="河北街12号")
    tablets = {"甲": one, "乙": two}
    for step in range(lowest, 24):
        for name in tablets:
            steps: list[State] = []
            try:
                tablets[name].sync(at_step(step // 2 + 1, steps))
            except Killed:
                tablets[name].close()
                tablets[name] = workshop.tablet(name)
    sync_in_turns(*tablets.values())
    for tablet in tablets.values():
        assert tablet.status().waiting == 0
        assert tablet.outbox().attention == ()
        assert sorted(texts(tablet, garage)) == ["乙到过", "甲到过"]
        same_as_office(tablet, office)
    assert set(made) < office.records.keys()
    everything_is_somewhere(office, *tablets.values())


def test_copies_and_a_restored_office(workshop: Workshop, office: TinyOffice) -> None:
    """After the split the office is put back to before it: both bring theirs, nothing recorded again comes twice."""
    one, two, garage = twins(workshop, office)
    backup = office.back_up()
    for tablet, who in ((one, "甲"), (two, "乙")):
        shop(tablet, f"{who}的店")
        tablet.edit(garage, add={"remark": [f"{who}到过"]})
    sync_in_turns(one, two)
    office.restore(backup, "epoch-2")
    sync_in_turns(two, one)
    for tablet in (one, two):
        assert sorted(texts(tablet, garage)) == ["乙到过", "甲到过"]
        same_as_office(tablet, office)
    assert len(office.records) == 3
    everything_is_somewhere(office, one, two)


class Contrary:
    """An office that says of every number that it was used."""

    def __init__(self, office: TinyOffice) -> None:
        self._inner, self._office = InProcessTransport(office), office
        self.asked = 0

    def send(self, request: Request) -> Response:
        """Carry *request* there, with every number used before it comes."""
        self.asked += 1
        for device in self._office.devices.values():
            device.outcomes = _Used()
        return self._inner.send(request)


class _Used(dict[Any, Any]):
    """Knows every number, for another payload."""

    def get(self, key: Any, default: Any = None) -> Any:
        """Return a payload nobody sends."""
        del key, default
        return (b"{}", None)


def test_an_office_that_finds_every_number_used(workshop: Workshop, office: TinyOffice) -> None:
    """Each sync takes one new install and ends; the work waits."""
    workshop.tablet("李").close()
    transport = Contrary(office)
    li = workshop.tablet("李", transport=transport)
    made = shop(li)
    for count in range(1, 4):
        asked, before = transport.asked, install_of(li)
        li.sync()
        assert transport.asked - asked <= 4
        assert install_of(li) != before
        assert [entry.record_id for entry in li.outbox().waiting] == [made]
        assert li.outbox().attention == ()
        assert li._desk.head().last_n == 1 + count
    assert li.holds(made)


def test_old_entries_are_forgotten_and_no_copy_is_suspected(workshop: Workshop, office: TinyOffice) -> None:
    """After a quiet month the journal is empty; the office's count of it is no news."""
    li = workshop.tablet("李")
    shop(li)
    li.sync()
    before = install_of(li)
    for _ in range(3):
        office.now_ms += 40 * 24 * 3600 * 1000
        workshop.wall.forward(40 * 24 * 3600)
        li.sync()
    assert li._db.one("SELECT count(*) FROM journal")[0] == 0
    assert install_of(li) == before
    shop(li, "新店")
    assert li.sync().applied == 1


def test_a_dispute_recorded_again_is_told_once(workshop: Workshop, office: TinyOffice, wang: FieldClient) -> None:
    """Both copies rename the shop that Wang renamed: each is told of his own edit, under the number it has now."""
    one, two, garage = twins(workshop, office)
    wang.sync()
    wang.edit(garage, name="老王汽修")
    wang.sync()
    one.edit(garage, name="甲记修车行")
    two.edit(garage, name="乙记修车行")
    sync_in_turns(one, two)
    [told] = two.conflicts()
    assert told.n == 3
    assert told.person == LI
    assert len(one.conflicts()) == 1
    same_as_office(two, office)
