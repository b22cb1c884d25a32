"""The office was put back to a backup: the tablets offer their journals again, and nothing is lost or doubled."""

from collections.abc import Callable
from typing import Any

import pytest

from schemas import wire
from schemas.problems import Refusal
from sync_client.client import FieldClient
from sync_client.errors import NotEnrolled
from sync_client.exchange import State
from sync_client.testing import InProcessTransport
from sync_client.transport import Request, Response
from sync_client.values import Progress
from tests.sync_client.office import TinyOffice
from tests.sync_client.tablets import GRID_7, WANG, Workshop, shop
from tests.sync_client.test_crashes import Killed, at_step
from tests.sync_client.test_reading import create_dirty_check
from tests.sync_client.test_stories import record_together, same_as_office

DAY_S = 24 * 3600


def nothing_twice(office: TinyOffice) -> None:
    """Make sure that the office took no change twice."""
    taken = office.applied()
    assert len(taken) == len(set(taken))


def texts(tablet: FieldClient, record: str) -> list[str]:
    """Return the remarks on a record."""
    return [entry["text"] for entry in tablet.read(record).get("remark", ())]


def stop_at(state: State) -> Callable[[Progress], None]:
    """Return what kills a sync when it comes to *state* for the first time."""

    def watch(progress: Progress) -> None:
        if progress.state == state:
            raise Killed

    return watch


@pytest.fixture
def garage(li: FieldClient, wang: FieldClient) -> str:
    """A shop everybody has."""
    made = shop(li)
    li.sync()
    wang.sync()
    return made


def test_what_the_backup_missed_comes_back(li: FieldClient, wang: FieldClient, office: TinyOffice, garage: str) -> None:
    """Three days of two people's work, taken after the backup, is offered again and stands as before."""
    backup = office.back_up()
    li.edit(garage, address="河北街12号", add={"remark": ["门前台阶破损"]})
    new, *_ = record_together(li, "老李粮油", "小张水果")
    li.sync()
    wang.sync()
    wang.edit(garage, operator_phone="13804180000", add={"remark": ["已劝导"]})
    wang.edit(new, name="李家粮油")
    wang.sync()
    li.sync()
    before = {kept.id: wire.canonical(kept.fields) for kept in office.records.values()}

    office.restore(backup, "epoch-2")
    report = li.sync()
    # The shop it still had was answered as before.
    assert (report.offered, report.applied) == (4, 4)
    assert wang.sync().offered == 2
    li.sync()

    assert {kept.id: wire.canonical(kept.fields) for kept in office.records.values()} == before
    assert texts(li, garage) == ["门前台阶破损", "已劝导"]
    for tablet in (li, wang):
        assert tablet.status().waiting == 0
        same_as_office(tablet, office)
    nothing_twice(office)
    assert li.sync().pushed == 0


def test_what_was_held_when_the_backup_was_made(li: FieldClient, office: TinyOffice, garage: str) -> None:
    """It lies below the greatest number the backup has an outcome for, and is not there all the same."""
    office.park = {garage}
    li.edit(garage, address="河北街12号")
    later = shop(li, "小张水果")
    li.sync()
    backup = office.back_up()
    office.park = set()
    li.sync()
    assert office.records[garage].fields["address"] == "河北街12号"

    office.restore(backup, "epoch-2")
    assert "address" not in office.records[garage].fields
    li.sync()
    assert office.records[garage].fields["address"] == "河北街12号"
    assert later in office.records
    same_as_office(li, office)
    nothing_twice(office)


def test_the_worker_sees_no_difference_while_it_is_offered(
    workshop: Workshop, li: FieldClient, office: TinyOffice, garage: str
) -> None:
    """Killed right after the work went back into the outbox: all of it is shown once, and waits."""
    case = li.create("case", grid=GRID_7, source="self", problem_class="unclean_road", severity="minor",
                     found_at="2020-07-15T16:00:00+08:00").id  # fmt: skip
    li.sync()
    backup = office.back_up()
    li.edit(garage, name="王记修车行", add={"remark": ["门前台阶破损"]})
    li.edit(garage, address="河北街12号", add={"remark": ["已劝导"]})
    li.act(case, "accept")
    check = create_dirty_check(li)
    li.sync()
    shown = {record.id: wire.canonical(record.fields) for name in ("shop", "case", "shop_check", "street_check")
             for record in li.find(name)}  # fmt: skip
    opened = [record.id for record in li.find("case", where={"check_id": check})]
    assert opened

    office.restore(backup, "epoch-2")
    office.looks_at_epoch = False
    with pytest.raises(Killed):
        li.sync(stop_at(State.ACKNOWLEDGED))
    li.close()
    li = workshop.tablet("李")
    assert li.status().waiting == 6  # the shop, two edits, the case, the act, the check
    assert {name: wire.canonical(li.read(name).fields) for name in shown} == shown
    assert (li.read(garage).waiting, texts(li, garage)) == (3, ["门前台阶破损", "已劝导"])
    assert li.read(case).acts == ("accept",)
    assert li.edit(garage, door_no="17").waiting == 4  # work goes on

    # What the office had forgotten comes down without it, and goes beneath.
    office.park = {check, garage}
    li.sync()
    assert li.read(garage)["name"] == "王记修车行"
    assert texts(li, garage) == ["门前台阶破损", "已劝导"]
    assert [li.read(one).follows for one in opened] == [check] * len(opened)
    office.park = set()
    li.sync()
    assert li.read(case).acts == ()
    same_as_office(li, office)
    nothing_twice(office)


def test_what_came_after_it_is_not_covered_again(
    workshop: Workshop, li: FieldClient, wang: FieldClient, office: TinyOffice, garage: str
) -> None:
    """Li's name was followed by Wang's; answered as before, his old word shows at no moment, nor its old version."""
    li.edit(garage, name="王记修车行")
    li.sync()
    wang.sync()
    wang.edit(garage, name="老王汽修")
    wang.sync()
    li.sync()
    before = li.read(garage)
    assert before["name"] == "老王汽修"
    office.restore(office.back_up(), "epoch-2")
    office.looks_at_epoch = False
    acknowledged = 0

    def watch(progress: Progress) -> None:
        nonlocal acknowledged
        acknowledged += progress.state == State.ACKNOWLEDGED
        if acknowledged == 2:
            raise Killed

    with pytest.raises(Killed):
        li.sync(watch)
    assert li.status().waiting == 0
    assert (li.read(garage).fields, li.read(garage).version) == (before.fields, before.version)
    li.close()
    li = workshop.tablet("李")
    li.edit(garage, address="河北街12号")
    li.sync()
    same_as_office(li, office)
    assert office.records[garage].fields["name"] == "老王汽修"


def test_answered_only_after_the_page_has_come(
    li: FieldClient, wang: FieldClient, office: TinyOffice, garage: str
) -> None:
    """The page lies beneath Li's old words; when they are answered as before, the page alone is what stands."""
    li.edit(garage, name="王记修车行")
    li.sync()
    wang.sync()
    wang.edit(garage, name="老王汽修")
    wang.sync()
    office.restore(office.back_up(), "epoch-2")
    office.park = {garage}
    li.sync()
    assert li.read(garage).waiting == 2
    office.park = set()
    li.sync()
    assert li.read(garage)["name"] == "老王汽修"
    same_as_office(li, office)


@pytest.mark.parametrize("told", ["by refusing", "by answering"])
def test_killed_after_every_step(workshop: Workshop, office: TinyOffice, garage: str, told: str) -> None:
    """However often the sync with the restored office is killed, everything is there once in the end."""
    office.looks_at_epoch = told == "by refusing"
    li = workshop.tablet("李")
    backup = office.back_up()
    with li.batch():
        names = [shop(li, f"李{i}") for i in range(620)]
    li.edit(garage, add={"remark": ["已劝导"]})
    record_together(li, "一", "二", "三")
    li.sync()
    office.page = 100
    office.restore(backup, "epoch-2")
    for step in range(1, 25):
        steps: list[State] = []
        try:
            li.sync(at_step(step, steps))
        except Killed:
            li.close()
            li = workshop.tablet("李")
        assert all(li.holds(name) for name in names[::50])
        assert texts(li, garage) == ["已劝导"]
    li.sync()
    assert li.status().waiting == 0
    same_as_office(li, office)
    nothing_twice(office)
    assert len(office.records) == 1 + 620 + 3


def test_a_month_of_work_is_laid_again_at_once(li: FieldClient, office: TinyOffice) -> None:
    """Thousands of rows: the copies go beneath as they are, byte for byte, void ones and strange names too."""
    backup = office.back_up()
    with li.batch():
        names = [shop(li, f"“店\\{i}”") for i in range(2_000)]
        for name in names[::2]:
            li.edit(name, has_green=True, add={"remark": [f'说"好"{name}']})
    li.void(names[7], None)
    li.sync()
    before = {name: li.read(name) for name in names}
    office.restore(backup, "epoch-2")
    office.looks_at_epoch = False
    with pytest.raises(Killed):
        li.sync(stop_at(State.ACKNOWLEDGED))
    held = {name: li._store.need(name) for name in names}
    for name, one in held.items():
        assert one.base == one.view
        assert one.shown().fields == before[name].fields
        assert (one.view.at, one.view.by, one.view.void) == (before[name].at, before[name].by, before[name].void)
    assert sum(one.waiting for one in held.values()) == 3_001
    li.sync()
    same_as_office(li, office)
    nothing_twice(office)


def test_a_server_that_says_it_has_less(li: FieldClient, office: TinyOffice, garage: str) -> None:
    """Its epoch is the same, but it lost its last commits: what it misses is offered, once."""
    backup = office.back_up()
    li.edit(garage, address="河北街12号")
    li.edit(garage, add={"remark": ["已劝导"]})
    li.sync()
    office.restore(backup)
    report = li.sync()
    assert (report.offered, report.applied) == (2, 2)
    same_as_office(li, office)
    nothing_twice(office)
    assert li.sync().offered == 0


def test_a_server_that_always_says_less(li: FieldClient, office: TinyOffice, garage: str) -> None:
    """It never gets right: each sync offers once, and ends."""
    li.edit(garage, address="河北街12号")
    li.sync()
    office.says_settled = 0
    for _ in range(3):
        asked = len(office.requests)
        report = li.sync()
        assert (report.offered, report.applied) == (2, 2)
        assert len(office.requests) - asked <= 3
        assert li.status().waiting == 0
    same_as_office(li, office)
    nothing_twice(office)


class TwoHistories:
    """Two offices behind one address that never agree which history it is."""

    def __init__(self, office: TinyOffice) -> None:
        self._inner, self._office, self.asked = InProcessTransport(office), office, 0

    def send(self, request: Request) -> Response:
        """Carry *request* to the one or the other."""
        self.asked += 1
        self._office.epoch = f"epoch-{self.asked % 2 + 1}"
        return self._inner.send(request)


def test_two_servers_that_answer_in_turns(workshop: Workshop, office: TinyOffice) -> None:
    """The sync ends, and nothing is gone."""
    office.looks_at_epoch = False
    transport = TwoHistories(office)
    li = workshop.tablet("李", transport=transport)
    made = shop(li)
    for _ in range(4):
        transport.asked = 0
        li.sync()
        assert transport.asked < 6
    assert li.holds(made)
    nothing_twice(office)


# -- what people were told ------------------------------------------------------------------------


def a_dispute(li: FieldClient, wang: FieldClient, office: TinyOffice, garage: str) -> int:
    """Wang renames the shop over Li's head, and hears of it; return the number of her edit."""
    office.names_candidates = True
    wang.edit(garage, name="老王汽修")
    li.edit(garage, name="王记修车行")
    li.sync()
    wang.sync()
    [told] = wang.conflicts()
    return told.n


def test_what_was_put_aside_is_not_told_again(
    li: FieldClient, wang: FieldClient, office: TinyOffice, garage: str
) -> None:
    """The same dispute under other numbers is no news; what was not put aside stays on the list."""
    backup = office.back_up()
    n = a_dispute(li, wang, office, garage)
    wang.acknowledge(n)
    refused = shop(wang, "不许")
    wang.sync()
    [bad] = wang.outbox().attention
    office.restore(backup, "epoch-2")
    li.sync()
    report = wang.sync()
    assert (report.offered, report.conflicts, report.rejected) == (2, 1, 1)
    assert wang.conflicts() == []
    assert [told.n for told in wang.conflicts(aside=True)] == [n]
    assert [entry.n for entry in wang.outbox().attention] == [bad.n]
    assert not wang.holds(refused)
    wang.acknowledge(bad.n)
    office.restore(backup, "epoch-3")
    li.sync()
    wang.sync()
    assert wang.outbox().attention == ()
    assert ("不许", "outside_area") in {
        (wire.decode_json(payload)["set"].get("name"), code) for _, _, payload, code in office.quarantine
    }


def test_what_came_out_otherwise_is_told(li: FieldClient, wang: FieldClient, office: TinyOffice, garage: str) -> None:
    """This time Li's name is another: that is news, put aside or not."""
    backup = office.back_up()
    n = a_dispute(li, wang, office, garage)
    wang.acknowledge(n)
    office.restore(backup, "epoch-2")
    office.now_ms += 60_000
    office.write("shop", garage, GRID_7, name="海州汽修厂")
    wang.sync()
    assert [told.n for told in wang.conflicts()] == [n]


def test_a_refusal_of_old_may_be_taken_today(li: FieldClient, office: TinyOffice) -> None:
    """The office changed its mind before it was put back: what it refused then is a record now."""
    backup = office.back_up()
    office.refuse_all = True
    made = shop(li)
    li.sync()
    assert not li.holds(made)
    office.restore(backup, "epoch-2")
    office.refuse_all = False
    li.sync()
    assert li.outbox().attention == ()
    assert li.read(made).version > 0
    same_as_office(li, office)


# -- what is not offered --------------------------------------------------------------------------


def test_thirty_days_count_from_the_last_outcome(
    workshop: Workshop, li: FieldClient, office: TinyOffice, garage: str
) -> None:
    """What was offered again is kept thirty days more; what waits is kept however long it takes."""

    def days(count: float) -> None:
        office.now_ms += int(count * DAY_S * 1000)
        workshop.wall.forward(count * DAY_S)

    backup = office.back_up()
    li.edit(garage, address="河北街12号")
    li.sync()
    days(29)
    office.restore(backup, "epoch-2")
    li.sync()
    days(29)
    li.sync()
    office.restore(backup, "epoch-3")
    office.park = {garage}
    assert li.sync().offered == 2
    days(60)
    li.sync()
    assert [entry.outcome for entry in li.outbox().waiting] == ["retry"] * 2
    office.park = set()
    li.sync()
    assert office.records[garage].fields["address"] == "河北街12号"
    same_as_office(li, office)


def test_another_device_offers_nothing_of_the_old_one_s(
    workshop: Workshop, li: FieldClient, office: TinyOffice, garage: str
) -> None:
    """The office forgot the device, not its work: enrolled anew, the tablet sends what waits and nothing else."""
    li.edit(garage, add={"remark": ["已劝导"]})
    li.sync()
    waiting = shop(li, "小张水果")
    office.devices.clear()
    li.enrol(office.invite("code-again", workshop.folder.name, "李"), device_name="李")
    li.switch_person(li.people()[0].id)
    report = li.sync()
    assert (report.offered, report.pushed) == (0, 1)
    backup = office.back_up()
    li.edit(waiting, address="河北街12号")
    li.sync()
    office.restore(backup, "epoch-2")
    assert li.sync().offered == 2  # its own, not those of the device it was
    same_as_office(li, office)


def test_a_device_the_backup_does_not_know(workshop: Workshop, office: TinyOffice) -> None:
    """It was enrolled after the backup: with a new code it brings everything back, as another device."""
    backup = office.back_up()
    wang = workshop.tablet("王", WANG)
    garage = shop(wang)
    wang.edit(garage, add={"remark": ["已劝导"]})
    wang.sync()
    office.restore(backup, "epoch-2")
    with pytest.raises(NotEnrolled):
        wang.sync()
    wang.enrol(office.invite("code-again", WANG, "王"), device_name="王")
    report: Any = wang.sync()
    assert (report.offered, report.applied) == (2, 2)
    assert office.records[garage].fields["name"] == "老王修车"
    same_as_office(wang, office)
    nothing_twice(office)


def test_the_office_tells_of_its_epoch_by_refusing(li: FieldClient, office: TinyOffice, garage: str) -> None:
    """409 before anything was looked at: offered in the same commit that forgets the cursors."""
    backup = office.back_up()
    li.edit(garage, address="河北街12号")
    li.sync()
    office.restore(backup, "epoch-2")
    office.refuse = [Refusal("busy")]
    seen: list[tuple[str, int]] = []
    li.sync(lambda progress: seen.append((progress.state, progress.waiting)))
    assert ("IDLE", 2) in seen
    assert office.records[garage].fields["address"] == "河北街12号"
    same_as_office(li, office)
