"""What two workers and an office go through with their tablets."""

from pathlib import Path

import pytest

from schemas import wire
from schemas.problems import Refusal
from sync_client.client import FieldClient
from sync_client.errors import NoSuchRecord, NotEnrolled, Refused, SyncUnderWay, WrongPin
from sync_client.values import Progress
from tests.pictures import jpeg
from tests.sync_client.office import TinyOffice
from tests.sync_client.tablets import GRID_7, LI, WANG, Workshop, shop


def record_together(tablet: FieldClient, *names: str) -> list[str]:
    """Record shops as one group and return their ids."""
    with tablet.group():
        return [shop(tablet, name) for name in names]


def same_as_office(tablet: FieldClient, office: TinyOffice) -> None:
    """Hold every record of the office against the tablet's, byte for byte."""
    for kept in office.records.values():
        if kept.gone:
            assert not tablet.holds(kept.id)
            continue
        shown = tablet.read(kept.id)
        assert wire.canonical(shown.fields) == wire.canonical(kept.fields)
        assert (shown.version, shown.at, shown.by, shown.void) == (kept.version, kept.at, kept.by, kept.void)
        assert (shown.waiting, shown.born, shown.grid) == (0, kept.born, kept.grid)


def test_a_day_without_signal_arrives_in_the_evening(li: FieldClient, office: TinyOffice) -> None:
    """What was recorded in a cellar is at the office after one sync, and is not sent back."""
    li.sync()  # in the morning
    shops = [shop(li, f"店{i}") for i in range(80)]
    li.edit(shops[0], name="王记修车行", has_green=True)
    assert li.status().waiting == 81

    report = li.sync()

    assert (report.pushed, report.applied, report.pulled) == (81, 81, 0)
    assert li.status().waiting == 0
    assert len(office.records) == 80
    same_as_office(li, office)


def test_a_second_worker_sees_it_and_corrects_it(li: FieldClient, wang: FieldClient, office: TinyOffice) -> None:
    """One writes, the other reads and changes, and the first sees the change."""
    garage = shop(li)
    li.sync()
    wang.sync()
    wang.edit(wang.read(garage), address="河北街12号")
    wang.sync()
    report = li.sync()
    assert report.pulled == 1
    assert li.read(garage)["address"] == "河北街12号"
    same_as_office(li, office)
    same_as_office(wang, office)


def test_waiting_work_lies_over_what_comes_down(li: FieldClient, wang: FieldClient, office: TinyOffice) -> None:
    """A pull goes beneath what waits: both the office's news and the worker's own words are shown."""
    garage = shop(li)
    li.sync()
    wang.sync()
    wang.edit(garage, address="河北街12号", name="老王汽修")
    wang.sync()
    office.park = {garage}
    li.edit(garage, name="王记修车行", add={"remark": ["已劝导"]})

    report = li.sync()

    seen = li.read(garage)
    assert report.held == 1
    assert (seen["name"], seen["address"], seen.waiting) == ("王记修车行", "河北街12号", 1)
    assert [entry["text"] for entry in seen["remark"]] == ["已劝导"]
    assert li.status().held == 1
    assert li.outbox().waiting[0].outcome == "retry"

    office.park = set()
    li.sync()
    same_as_office(li, office)


def test_a_dispute_is_told_and_can_be_put_aside(li: FieldClient, wang: FieldClient, office: TinyOffice) -> None:
    """What the office decided over the worker's head is listed until he has seen it."""
    garage = shop(li)
    li.sync()
    wang.sync()
    li.edit(garage, name="王记修车行")
    wang.edit(garage, name="老王汽修")
    li.sync()
    report = wang.sync()
    assert report.conflicts == 1
    [told] = wang.conflicts()
    assert told.open
    assert told.record_id == garage
    assert told.decisions == ({"field": "name", "rule": "latest"},)
    same_as_office(wang, office)

    assert wang.acknowledge(told.n)
    assert not wang.acknowledge(told.n)
    assert wang.conflicts() == []
    assert wang.status().conflicts == 0


def test_one_bad_change_does_not_stop_the_others(li: FieldClient, office: TinyOffice) -> None:
    """The office refuses one; it leaves the view, is shown with its reason, and the rest goes on."""
    good = shop(li, "好店")
    bad = shop(li, "不许")
    li.sync()
    assert good in office.records
    assert not li.holds(bad)
    [entry] = li.outbox().attention
    assert entry.record_id == bad
    assert entry.problem is not None
    assert entry.problem["code"] == "outside_area"
    assert li.status().attention == 1
    li.acknowledge(entry.n)
    assert li.outbox().attention == ()


def test_a_refused_edit_gives_the_office_s_words_back(li: FieldClient, office: TinyOffice) -> None:
    """The server's copy stays, only the refused edit goes."""
    garage = shop(li)
    li.sync()
    li.edit(garage, name="不许")
    li.edit(garage, address="河北街12号")
    li.sync()
    assert li.read(garage).fields == office.records[garage].fields
    assert li.read(garage)["name"] == "老王修车"


def test_a_mistake_is_heard_at_once_and_writes_nothing(li: FieldClient) -> None:
    """What the form cannot be is refused in front of the door."""
    with pytest.raises(Refusal) as refused:
        li.create("shop", grid=GRID_7, name="", category="repair")
    assert refused.value.code == "invalid_fields"
    with pytest.raises(Refusal):
        li.create("shop", grid="21090", name="老王", category="repair")
    assert li.status().waiting == 0
    assert shop(li)
    assert li.outbox().waiting[0].n == 1


def test_an_edit_of_nothing_writes_nothing(li: FieldClient) -> None:
    """The outbox holds changes only."""
    garage = shop(li)
    assert li.edit(garage) == li.read(garage)
    assert li.status().waiting == 1


def test_a_group_goes_whole_or_not_at_all(li: FieldClient, office: TinyOffice) -> None:
    """An exception inside undoes all of it here; one refusal undoes all of it there."""
    with pytest.raises(Refusal):
        record_together(li, "一", "")
    assert li.status().waiting == 0

    first, second = record_together(li, "一", "不许")
    report = li.sync()
    assert report.rejected == 2
    assert office.records == {}
    assert not li.holds(first)
    assert not li.holds(second)


def test_a_group_too_large_is_refused(li: FieldClient) -> None:
    """Fifty go together, fifty-one do not."""
    record_together(li, *(f"店{i}" for i in range(50)))
    with pytest.raises(Refusal) as refused:
        record_together(li, *(f"摊{i}" for i in range(51)))
    assert refused.value.code == "group_too_large"
    assert li.status().waiting == 50


def test_a_refused_group_inside_a_batch_leaves_the_batch_whole(li: FieldClient) -> None:
    """The batch goes on without it, and no number is missing."""
    with li.batch():
        shop(li, "一")
        with pytest.raises(Refusal):
            record_together(li, "二", "")
        shop(li, "三")
    assert [entry.n for entry in li.outbox().waiting] == [1, 2]
    assert [record["name"] for record in li.find("shop")] == ["一", "三"]


def test_a_voided_record_is_out_of_the_lists_but_readable(li: FieldClient, office: TinyOffice) -> None:
    """Its reason is a signed remark, and both go together."""
    garage = shop(li)
    li.void(garage, "重复登记")
    assert len(li.find("shop")) == 0
    assert len(li.find("shop", include_void=True)) == 1
    assert li.read(garage).void
    li.sync()
    assert office.records[garage].void
    assert office.records[garage].fields["remark"][0]["text"] == "重复登记"
    same_as_office(li, office)


def test_an_act_waits_for_the_office(workshop: Workshop, office: TinyOffice, li: FieldClient) -> None:
    """The worker sees what it would lead to, and that it is provisional; where it leads is what comes down."""
    case = li.create(
        "case",
        grid=GRID_7,
        source="check",
        problem_class="unclean_road",
        severity="minor",
        found_at="2020-07-15T16:00:00+08:00",
    )
    li.sync()
    asked = li.act(case, "accept")
    assert (asked.acts, asked["status"]) == (("accept",), "accepted")
    li.sync()
    seen = li.read(case)
    assert (seen.acts, seen["status"]) == ((), "accepted")
    same_as_office(li, office)


def test_two_people_share_a_tablet(li: FieldClient, office: TinyOffice) -> None:
    """Each signs his own work, behind his own PIN, and a switch loses nothing."""
    mine = shop(li, "李的")
    li.enrol(office.invite("zweite", WANG, "王"), "李")
    li.set_pin(WANG, "4711")
    with pytest.raises(WrongPin):
        li.switch_person(WANG, "1234")
    with pytest.raises(NoSuchRecord):
        li.switch_person("nobody")
    assert li.switch_person(WANG, "4711").name == "王"
    hers = shop(li, "王的")
    assert (li.read(mine).by, li.read(hers).by) == (LI, WANG)
    assert [person.current for person in li.people()] == [False, True]
    li.set_pin(WANG, None, present="4711")
    li.switch_person(WANG)
    assert li.sync().applied == 2
    assert office.records[hers].by == WANG


def test_a_photo_is_evidence_before_its_bytes_arrive(li: FieldClient, tmp_path: Path) -> None:
    """Hashed at capture, kept byte for byte; the same picture twice is kept once."""
    picture, taken_by_li = tmp_path / "near.jpg", jpeg("the garage")
    picture.write_bytes(taken_by_li)
    garage = shop(li)
    taken = "2020-07-18T08:15:30+08:00"
    li.attach(garage, picture, item="H1", taken_at=taken)
    picture.write_bytes(b"something else")
    [photo] = li.attach(garage, taken_by_li, item="H1", taken_at=taken)["photos"]
    assert (photo["role"], photo["item"]) == ("near", "H1")
    [original] = [file for file in tmp_path.rglob("*") if file.name == photo["sha256"]]
    assert original.read_bytes() == taken_by_li
    assert li.status().photos_waiting == 1


def test_a_form_half_filled_survives(workshop: Workshop, li: FieldClient) -> None:
    """A killed program finds its drafts again."""
    li.save_draft("shop_check/1", {"items": {"H1": 2}})
    li.save_draft("shop_check/1", {"items": {"H1": 3}})
    li.close()
    again = workshop.tablet("李")
    [draft] = again.drafts()
    assert (draft.key, draft.data) == ("shop_check/1", {"items": {"H1": 3}})
    again.drop_draft(draft.key)
    assert again.status().drafts == 0


def test_a_tablet_that_was_never_enrolled_says_so(workshop: Workshop) -> None:
    """It cannot sign anything, and does not try to sync."""
    blank = workshop.tablet("新", enrolled=False)
    with pytest.raises(NotEnrolled):
        shop(blank)
    with pytest.raises(NotEnrolled):
        blank.sync()
    with pytest.raises(Refused) as refused:
        blank.enrol("guess", "新")
    assert refused.value.problem["code"] == "enrol_code_invalid"
    assert "登记码" in str(refused.value)


def test_a_revoked_tablet_keeps_its_work(li: FieldClient, office: TinyOffice) -> None:
    """Being thrown out never deletes what waits."""
    shop(li)
    office.devices.clear()
    with pytest.raises(NotEnrolled) as thrown_out:
        li.sync()
    assert thrown_out.value.report is not None
    assert li.status().waiting == 1
    told = li.status().last_problem
    assert told is not None
    assert told["code"] == "not_enrolled"


def test_only_one_sync_at_a_time(li: FieldClient) -> None:
    """A second one, begun while the first is under way, is told so."""

    def again(progress: Progress) -> None:
        del progress
        with pytest.raises(SyncUnderWay):
            li.sync()

    li.sync(again)


def test_five_thousand_changes_go_in_batches_of_five_hundred(li: FieldClient, office: TinyOffice) -> None:
    """No more round trips than 1 + n/500, and a group is never split."""
    with li.batch():
        for i in range(490):
            shop(li, f"店{i}")
        record_together(li, *(f"摊{i}" for i in range(30)))
        for i in range(480):
            shop(li, f"铺{i}")
    report = li.sync()
    assert (report.applied, report.rounds) == (1000, 3)
    assert [len(asked.mutations) for asked in office.requests] == [490, 500, 10]


def test_an_idle_sync_is_one_small_round(li: FieldClient, office: TinyOffice) -> None:
    """Nothing to say takes one request, and no more than the cursor and the time in it."""
    shop(li)
    li.sync()
    li.sync()
    report = li.sync()
    assert (report.rounds, report.pushed, report.pulled) == (1, 0, 0)
    assert report.bytes_up + report.bytes_down < 300
    assert office.requests[-1].report is None
