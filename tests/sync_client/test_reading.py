"""How the office's records come down, and what a pull never touches."""

import msgspec
import pytest

from schemas import wire
from schemas.ids import derived_id
from schemas.problems import Refusal
from schemas.wire import FeedPage
from sync_client.applying import Applier
from sync_client.client import FieldClient
from sync_client.errors import Refused
from sync_client.finding import Between, OneOf, Prefix
from sync_client.testing import InProcessTransport
from sync_client.transport import Request, Response
from tests.sync_client.office import TinyOffice
from tests.sync_client.tablets import GRID_7, GRID_8, WANG, Workshop, shop
from tests.sync_client.test_stories import same_as_office


def fill(office: TinyOffice, count: int, grid: str = GRID_7) -> list[str]:
    """Write shops in the office."""
    names = [derived_id(grid, str(i)) for i in range(count)]
    for i, name in enumerate(names):
        office.write("shop", name, grid, name=f"店{i:03}", category="repair", status="open" if i % 2 else "vacant")
    return names


def test_pages_follow_each_other_to_the_end(li: FieldClient, office: TinyOffice) -> None:
    """Many small pages are one picture."""
    fill(office, 25)
    office.page = 10
    report = li.sync()
    assert (report.pulled, report.rounds) == (25, 3)
    same_as_office(li, office)
    office.write("shop", derived_id(GRID_7, "3"), GRID_7, name="新名字")
    assert li.sync().pulled == 1
    same_as_office(li, office)


def test_what_leaves_the_view_is_dropped_but_not_what_waits(li: FieldClient, office: TinyOffice) -> None:
    """``left``: the office's copy goes; the worker's unsent edit stays and is judged."""
    gone, edited = fill(office, 2)
    li.sync()
    li.edit(edited, address="河北街12号")
    office.park = {edited}
    office.withdraw(gone)
    office.withdraw(edited)
    report = li.sync()
    assert report.left == 2
    assert not li.holds(gone)
    assert li.read(edited)["address"] == "河北街12号"
    assert li.status().waiting == 1
    office.park = set()
    assert li.sync().merged == 1
    assert not li.holds(edited)


def test_a_feed_out_of_view_goes_as_a_whole(workshop: Workshop, office: TinyOffice) -> None:
    """``gone_feeds``: everything of it but waiting work."""
    office.feeds = {"210902005", "210902006"}
    li = workshop.tablet("李")
    fill(office, 3)
    [kept, *_] = fill(office, 3, "210902006001001")
    li.sync()
    li.edit(kept, address="河北街12号")
    office.park = {kept}
    office.devices["token-1"].feeds = {"210902005"}
    li.sync()
    assert [record.id for record in li.find("shop", where={"grid": Prefix("210902006")})] == [kept]
    assert len(li.find("shop", where={"grid": Prefix("210902005")})) == 3


def test_a_restored_office_is_read_anew_once(li: FieldClient, office: TinyOffice) -> None:
    """409: cursors go, records the backup lost are swept, lower versions are believed, the rest stays."""
    names = fill(office, 12)
    mine = shop(li)
    li.sync()
    waiting = shop(li, "未发")
    for lost in (mine, names[0]):
        del office.records[lost]
    office.epoch, office.seq = "epoch-2", {"210902005": 40}
    office.page = 5
    for place, kept in enumerate(office.records.values()):
        kept.version, kept.touched = place + 1, [(place + 1, "")]
    report = li.sync()
    assert (report.offered, report.applied) == (1, 2)  # what the office had taken, it answered as before
    assert not li.holds(mine)
    assert not li.holds(names[0])
    same_as_office(li, office)
    assert li.holds(waiting)
    assert len(office.requests) == 1 + 1 + 1 + 2  # before; refused; three pages
    li.sync()
    assert li.sync().pulled == 0


def test_a_new_epoch_is_noticed_without_being_told(workshop: Workshop, office: TinyOffice) -> None:
    """An office that does not look at cursors: the tablet sees the other epoch and reads anew, once."""
    fill(office, 4)
    li = workshop.tablet("李")
    li.sync()
    office.looks_at_epoch = False
    office.epoch = "epoch-2"
    report = li.sync()
    assert (report.pulled, report.rounds) == (4, 2)
    assert li.sync().rounds == 1
    same_as_office(li, office)


@pytest.mark.parametrize("code", ["cursor_too_old", "invalid_cursor"])
def test_a_tablet_long_away_reads_anew_and_its_work_is_taken(li: FieldClient, office: TinyOffice, code: str) -> None:
    """410 and 400: cursors go, nothing else."""
    [gone, *_] = fill(office, 5)
    li.sync()
    del office.records[gone]  # its tombstone is long forgotten
    shop(li)
    office.refuse = [Refusal(code)]
    report = li.sync()
    assert (report.applied, report.pulled) == (1, 5)
    assert not li.holds(gone)
    same_as_office(li, office)
    office.refuse = [Refusal(code), Refusal(code)]
    with pytest.raises(Refused):
        li.sync()


def test_killed_in_the_middle_of_reading_anew(workshop: Workshop, li: FieldClient, office: TinyOffice) -> None:
    """The sweep comes with the last page, whichever sync brings it."""
    [gone, *_] = fill(office, 12)
    li.sync()
    del office.records[gone]
    office.epoch, office.page = "epoch-2", 4

    class Killed(BaseException): ...

    def kill(progress: object) -> None:
        if progress.state == "PAGE_APPLIED":  # type: ignore[attr-defined]
            raise Killed

    with pytest.raises(Killed):
        li.sync(kill)
    assert li.holds(gone)
    li.close()
    again = workshop.tablet("李")
    again.sync()
    assert not again.holds(gone)
    same_as_office(again, office)


def test_cases_a_check_opens_are_shown_at_once_and_become_the_office_s(
    workshop: Workshop, li: FieldClient, office: TinyOffice
) -> None:
    """Derived on both sides under one id; what the office did not open goes again."""
    check = create_dirty_check(li)
    [case] = li.find("case", where={"check_id": check})
    assert (case.follows, case.version, case.waiting) == (check, 0, 0)
    li.sync()
    arrived = li.read(case.id)
    assert (arrived.follows, arrived.version > 0) == (None, True)
    same_as_office(li, office)

    office.refuse_all = True
    refused = create_dirty_check(li)
    assert len(li.find("case")) == 2
    li.sync()
    assert not li.holds(refused)
    assert len(li.find("case")) == 1


def create_dirty_check(tablet: FieldClient) -> str:
    """Record a street check that opens one case, and return its id."""
    items: dict[str, object] = dict.fromkeys(("A1", "A2", "A3", "A4", "A5", "A6", "C1", "D1", "D2", "F1", "G1"), 0)
    items |= {"B1": "heavy", "E1": {"piles": 0, "m2": 0}}
    person = tablet.people()[0]
    record = tablet.create(
        "street_check",
        grid=GRID_7,
        inspector_id=person.id,
        inspector_role="grid_worker",
        target_id=derived_id("segment"),
        mode="routine",
        observed_at="2020-07-15T16:00:00+08:00",
        no_fix_reason="indoors",
        form_version="street-1",
        items=items,
        road_grade=2,
        sample_length_m=100,
        sample_width_m=12,
        side="both",
        worker_present=True,
    )
    return record.id


class SpoilsOneFeed(InProcessTransport):
    """Puts a record that cannot be read into the page of one feed."""

    feed: str | None = "210902006"

    def send(self, request: Request) -> Response:
        """Carry *request*, and spoil the answer."""
        plain = {name: value for name, value in request.headers.items() if name != "Accept-Encoding"}
        answer = super().send(Request(request.method, request.path, plain, request.body))
        said = msgspec.json.decode(answer.body)
        if self.feed is None or "feeds" not in said:
            return answer
        said["feeds"][self.feed]["records"].append({"id": 1})
        return Response(answer.status, answer.headers, wire.encode(said))


def test_a_page_that_cannot_be_read_holds_up_its_own_feed_only(workshop: Workshop, office: TinyOffice) -> None:
    """The others come in; the report names it; it is read once it can be."""
    office.feeds = {"210902005", "210902006"}
    network = SpoilsOneFeed(office)
    network.feed = None
    li = workshop.tablet("李", transport=network)
    fill(office, 3)
    fill(office, 3, "210902006001001")
    network.feed = "210902006"
    report = li.sync()
    assert report.feeds_unread == ["210902006"]
    assert report.pulled == 3
    network.feed = None
    assert li.sync().pulled == 3
    same_as_office(li, office)


def test_a_page_another_program_has_taken_is_not_taken_again(li: FieldClient, office: TinyOffice) -> None:
    """An answer that comes late, to a cursor long passed, changes nothing."""
    [name, *_] = fill(office, 3)
    li.sync()
    cursor = li._store.reading("210902005").cursor
    assert cursor is not None
    page = FeedPage(cursor="epoch-1:1:", left=[name], fresh=True)
    applier = Applier(li._desk, li._journal, li._store, li._meeting.tellings, bytes)
    assert applier.apply_page("210902005", page, None) is None
    assert li._store.reading("210902005").cursor == cursor
    same_as_office(li, office)
    assert applier.apply_page("210902005", page, cursor) is not None
    assert not li.holds(name)


def test_finding(li: FieldClient, office: TinyOffice) -> None:
    """By promoted columns, by any field, in either order, page by page."""
    fill(office, 20)
    fill(office, 5, GRID_8)
    li.sync()
    mine = shop(li, "新店", GRID_8)

    def names(**asked: object) -> list[str]:
        return [record["name"] for record in li.find("shop", **asked)]  # type: ignore[arg-type]

    assert len(names(where={"grid": GRID_8})) == 6
    assert len(names(where={"grid": Prefix("210902005")})) == 26
    assert len(names(where={"status": "vacant", "grid": GRID_7})) == 10
    assert names(where={"status": None}) == ["新店"]
    assert names(where={"name": OneOf(["店003", "店004"]), "grid": GRID_7}) == ["店003", "店004"]
    assert names(where={"name": Between("店018", None), "grid": GRID_7}) == ["店018", "店019"]
    assert names(where={"waiting": 1}) == ["新店"]
    assert li.find("shop", where={"id": mine})[0].id == mine
    for order in (None, "name", "-name", "status", "-status"):
        assert paged(li, order) == paged(li, order, 100)
    assert paged(li, "-name")[:2] == ["新店", "店019"]
    assert paged(li, "status")[0] == "新店"
    assert paged(li, "-status")[-1] == "新店"


def paged(tablet: FieldClient, order: str | None, limit: int = 4) -> list[str]:
    """Return every shop's name, read in pages."""
    page = tablet.find("shop", order_by=order, limit=limit)
    found = [record["name"] for record in page]
    while page.after:
        page = tablet.find("shop", order_by=order, limit=limit, after=page.after)
        found += [record["name"] for record in page]
    return found


@pytest.mark.parametrize("asked", [{"where": {"name') --": 1}}, {"order_by": "a b"}, {"after": "?"}])
def test_a_name_no_field_can_have_is_no_way_into_the_database(li: FieldClient, asked: dict[str, object]) -> None:
    """Names are checked, values are bound."""
    with pytest.raises(ValueError, match=r".+"):
        li.find("shop", **asked)  # type: ignore[arg-type]


def test_two_tablets_of_one_person_end_alike(workshop: Workshop, office: TinyOffice) -> None:
    """Everybody's view is the office's, byte for byte."""
    li, wang = workshop.tablet("李"), workshop.tablet("王", WANG)
    for tablet in (li, wang, li, wang):
        for i in range(5):
            shop(tablet, f"店{i}")
        tablet.sync()
    li.sync()
    same_as_office(li, office)
    same_as_office(wang, office)
