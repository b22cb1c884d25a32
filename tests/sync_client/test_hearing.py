"""What people of a tablet are told of their edits 告知: at once, later, once, and until they have seen it."""

from pathlib import Path

import pytest

from schemas import wire
from schemas.ids import derived_id
from sync_client import database
from sync_client.client import FieldClient
from sync_client.database import Database
from sync_client.tables import MIGRATIONS
from sync_client.testing import InProcessTransport
from sync_client.values import Told
from tests.sync_client.office import TinyOffice
from tests.sync_client.tablets import GRID_7, LI, WANG, Wall, Workshop, shop

DAY_S = 24 * 3600
NAME = derived_id("conflict", "name")
MERGED = (
    "老王修车：联系电话现为“139****0002”（王芳 09:07），后写的为准。李明 09:05 写的“138****5678”保留在历史第 131 号。"
)
OPEN = (
    "老王修车：店名待社区认定，两者都保留；认定前显示较早的“老王修车”（李明 09:05）。另有王芳 09:07 写的“王记修车行”。"
)
SETTLED = "老王修车：店名已认定为“老王修车”（赵敏 10:20）。其余写法留在历史里。"


def sentences(told: list[Told]) -> list[str]:
    """Return what was told, in Chinese, in order."""
    return [said.zh for one in told for said in one.said]


@pytest.fixture
def garage(li: FieldClient) -> str:
    """A shop that Li wrote, and the office has."""
    made = shop(li)
    li.sync()
    return made


def renamed(office: TinyOffice, garage: str, name: str = "王记修车行") -> None:
    """Somebody else writes the shop's name."""
    office.now_ms += 60_000
    office.write("shop", garage, GRID_7, name=name)


def test_an_earlier_author_hears_what_became_of_his_edit(li: FieldClient, office: TinyOffice, garage: str) -> None:
    """Li's number was taken weeks ago; Wang's came in today, and it is Li who has to hear of it."""
    renamed(office, garage)
    office.tell(garage, LI, MERGED, field="operator_phone")
    report = li.sync()
    assert report.told == 1
    [told] = li.conflicts()
    assert sentences([told]) == [MERGED]
    assert (told.said[0].field, told.said[0].rule, told.said[0].reason) == (
        "operator_phone",
        "authority",
        "later_stamp",
    )
    assert (told.n, told.mark, told.record_id, told.person, told.open) == (0, "T1", garage, LI, False)
    assert told.version == office.records[garage].version
    assert told.at_ms == office.now_ms
    assert (li.status().told, li.status().conflicts) == (1, 0)


def test_put_aside_it_stays_where_it_can_be_looked_up(li: FieldClient, office: TinyOffice, garage: str) -> None:
    renamed(office, garage)
    office.tell(garage, LI, MERGED)
    li.sync()
    [told] = li.conflicts()
    assert li.acknowledge(told.mark.lower())
    assert not li.acknowledge(told.mark)
    assert li.conflicts() == []
    assert li.status().told == 0
    assert [one.seen for one in li.conflicts(aside=True)] == [True]


@pytest.mark.parametrize("mark", ["T9", "T", "", "X1", "-1", "T1 OR 1=1", "１", 9, 1 << 70])
def test_a_mark_that_is_on_no_list_changes_nothing(
    li: FieldClient, office: TinyOffice, garage: str, mark: str | int
) -> None:
    renamed(office, garage)
    office.tell(garage, LI, MERGED)
    li.sync()
    assert not li.acknowledge(mark)
    assert len(li.conflicts()) == 1


def test_the_same_telling_twice_is_one(li: FieldClient, office: TinyOffice, garage: str) -> None:
    """Everything is read anew after the server was restored; what was seen stays seen."""
    renamed(office, garage)
    office.tell(garage, LI, MERGED)
    li.sync()
    li.acknowledge("T1")
    office.epoch = "epoch-2"
    assert li.sync().told == 0
    assert li.conflicts() == []


def test_another_text_under_a_number_given_again_is_news(li: FieldClient, office: TinyOffice, garage: str) -> None:
    """A restored server gives numbers anew: what stands under one now has not been seen by anybody."""
    renamed(office, garage)
    office.tell(garage, LI, MERGED)
    li.sync()
    li.acknowledge("T1")
    office.epoch = "epoch-2"
    office.tellings.clear()
    office.tell(garage, LI, OPEN)
    assert li.sync().told == 1
    assert sentences(li.conflicts()) == [OPEN]


def test_a_page_and_its_tellings_are_one_commit(
    li: FieldClient, office: TinyOffice, garage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power fails before the cursor is written: neither the page nor the telling is there, then both."""
    renamed(office, garage)
    office.tell(garage, LI, MERGED)
    with monkeypatch.context() as broken:
        broken.setattr(li._store, "put_reading", power_failure)
        with pytest.raises(KeyboardInterrupt):
            li.sync()
    assert li.conflicts() == []
    assert li.read(garage)["name"] == "老王修车"
    assert li.sync().told == 1
    assert li.read(garage)["name"] == "王记修车行"


def power_failure(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_telling_comes_even_where_no_record_does(li: FieldClient, office: TinyOffice, garage: str) -> None:
    """It may be about a record that this tablet wrote last, and that need not come down to it."""
    li.edit(garage, operator_phone="13800005678")
    office.tell(garage, LI, MERGED, version=office.records[garage].version + 1)
    report = li.sync()
    assert (report.told, report.pulled) == (1, 0)


# -- open, and over ------------------------------------------------------------------------------------


def test_a_dispute_is_open_until_it_is_settled(li: FieldClient, office: TinyOffice, garage: str) -> None:
    """Two names; a day later the community picks one, and Li hears which."""
    renamed(office, garage)
    office.tell(garage, LI, OPEN, reason="a_person_decides", open=True, conflict=NAME)
    li.sync()
    assert li.status().conflicts == 1
    renamed(office, garage, "老王修车")
    office.tell(garage, LI, SETTLED, rule="settled", reason="choose", conflict=NAME)
    li.sync()
    settled, once_open = li.conflicts()
    assert sentences([settled, once_open]) == [SETTLED, OPEN]
    assert not settled.open
    assert not once_open.open
    assert (li.status().conflicts, li.status().told) == (0, 2)


def test_it_stays_over_when_everything_is_read_anew(li: FieldClient, office: TinyOffice, garage: str) -> None:
    test_a_dispute_is_open_until_it_is_settled(li, office, garage)
    office.epoch = "epoch-2"
    li.sync()
    assert li.status().conflicts == 0


def test_another_dispute_over_the_same_field_stays_open(li: FieldClient, office: TinyOffice, garage: str) -> None:
    """That it was suggested to open the shop again is over; what its two workers wrote is not."""
    renamed(office, garage)
    office.tell(garage, LI, OPEN, reason="a_person_decides", open=True, conflict=NAME)
    renamed(office, garage)
    other = derived_id("conflict", "other")
    office.tell(garage, LI, SETTLED, rule="settled", reason="keep", conflict=other)
    li.sync()
    assert li.status().conflicts == 1


def test_a_newer_word_takes_the_place_of_an_older_one(li: FieldClient, office: TinyOffice, garage: str) -> None:
    """A third name: there is still one dispute, and the newest sentence speaks of it."""
    for _ in range(2):
        renamed(office, garage)
        office.tell(garage, LI, OPEN, reason="a_person_decides", open=True, conflict=NAME)
    li.sync()
    assert [one.open for one in li.conflicts()] == [True, False]


def test_what_the_server_answered_is_over_too_once_it_is_settled(
    li: FieldClient, office: TinyOffice, garage: str
) -> None:
    """The answer was lost and came again after the settling: numbers, not clocks, say which is the later word."""
    renamed(office, garage)
    li.edit(garage, name="老王汽修")
    office.now_ms += 3_600_000
    li.sync()
    [told] = li.conflicts()
    assert told.open
    office.now_ms -= 3_600_000
    renamed(office, garage, "老王修车")
    office.tell(garage, LI, SETTLED, rule="settled", reason="choose", conflict=NAME)
    li.sync()
    assert [one.open for one in li.conflicts()] == [False, False]
    assert li.status().conflicts == 0


def test_whoever_ends_a_dispute_himself_sees_that_it_is_over(li: FieldClient, office: TinyOffice, garage: str) -> None:
    """The server tells nobody what he did himself."""
    renamed(office, garage)
    office.tell(garage, LI, OPEN, reason="a_person_decides", open=True, conflict=NAME)
    li.sync()
    li.edit(garage, operator_phone="13800005678")
    li.sync()
    assert li.status().conflicts == 1
    li.edit(garage, name="老王修车")
    li.sync()
    assert li.status().conflicts == 0


# -- whose -----------------------------------------------------------------------------------------------


def test_a_shared_tablet_tells_everybody_his_own(
    workshop: Workshop, li: FieldClient, office: TinyOffice, garage: str
) -> None:
    """Li reads what became of Li's edits; Wang's wait until she works, or until somebody asks for all."""
    li.enrol(office.invite("W3XP-8T", WANG, "王芳"), "平板 3")
    renamed(office, garage)
    office.tell(garage, LI, MERGED)
    office.tell(garage, WANG, OPEN, open=True, conflict=NAME)
    assert li.sync().told == 2
    assert sentences(li.conflicts()) == [MERGED]
    assert li.status().conflicts == 0
    li.switch_person(WANG)
    assert sentences(li.conflicts()) == [OPEN]
    assert (li.status().conflicts, li.status().told) == (1, 1)
    assert {one.person for one in li.conflicts(everyone=True)} == {LI, WANG}


def test_the_newest_comes_first(li: FieldClient, office: TinyOffice, garage: str) -> None:
    for text in ("甲", "乙", "丙"):
        renamed(office, garage)
        office.tell(garage, LI, text)
    li.sync()
    assert sentences(li.conflicts()) == ["丙", "乙", "甲"]


# -- words -----------------------------------------------------------------------------------------------


def test_decisions_without_words_are_worded_here(
    workshop: Workshop, li: FieldClient, wang: FieldClient, office: TinyOffice, garage: str
) -> None:
    """An older server sends values alone: the tablet says them with the names it knows."""
    office.names_candidates = True
    wang.sync()
    li.edit(garage, name="老王汽修")
    li.sync()
    wang.edit(garage, name="王记修车行")
    wang.sync()
    [told] = wang.conflicts()
    assert sentences([told]) == [
        "王记修车行：店名待社区认定，两者都保留；认定前显示较早的“老王汽修”（某人 16:00）。"
        "另有王 16:00 写的“王记修车行”。"
    ]
    assert told.said[0].en.startswith("王记修车行: the community has to decide the name")
    assert "zh" not in told.decisions[0]


def test_a_telling_without_words_still_says_something(li: FieldClient, office: TinyOffice, garage: str) -> None:
    renamed(office, garage)
    office.tell(garage, LI, "", en="")
    li.sync()
    assert sentences(li.conflicts()) == ["王记修车行：店名有几个人改过，系统已按规则处理，各人写的都能在历史里查到。"]


# -- the tablet's file -------------------------------------------------------------------------------------


def test_without_a_network_everything_can_be_read(
    workshop: Workshop, li: FieldClient, office: TinyOffice, garage: str
) -> None:
    """The lift has no signal; what came down in the morning is there."""
    renamed(office, garage)
    office.tell(garage, LI, MERGED)
    li.sync()
    li.close()
    with FieldClient(workshop.folder / "李.db") as alone:
        assert sentences(alone.conflicts()) == [MERGED]
        assert alone.acknowledge("T1")


def test_a_month_after_it_was_seen_it_is_forgotten(li: FieldClient, office: TinyOffice, garage: str) -> None:
    """What nobody has looked at is kept for as long as it takes."""
    renamed(office, garage)
    office.tell(garage, LI, MERGED)
    office.tell(garage, LI, OPEN)
    li.sync()
    li.acknowledge("T1")
    office.tellings.clear()
    office.now_ms += 31 * DAY_S * 1000
    li.sync()
    assert sentences(li.conflicts(aside=True)) == [OPEN]


def test_an_older_tablets_file_is_brought_up_to_date(
    tmp_path: Path, office: TinyOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tablet that worked with the version before: its record of what it was told is all there."""
    path = tmp_path / "tablet.db"
    with monkeypatch.context() as before:
        before.setattr(database, "MIGRATIONS", MIGRATIONS[:1])
        Database(path).close()
    with FieldClient(path, InProcessTransport(office), clock=Wall()) as tablet:
        tablet.enrol(office.invite("Q7KD-2M", LI, "李明"), "平板 3")
        garage = shop(tablet)
        tablet.sync()
        renamed(office, garage)
        office.tell(garage, LI, MERGED)
        tablet.sync()
        assert sentences(tablet.conflicts()) == [MERGED]
        [(body,)] = tablet._db.all("SELECT body FROM telling")
        assert wire.decode_json(body)["zh"] == MERGED


# -- merged registers ------------------------------------------------------------------------------------


def test_what_was_merged_can_be_left_out(li: FieldClient, office: TinyOffice, garage: str) -> None:
    """It is shown unless one asks otherwise: what happened to it matters to whoever looks for it."""
    twin = shop(li, "老王修车行")
    li.sync()
    office.write("shop", twin, GRID_7, merged_into=garage)
    li.sync()
    assert {record.id for record in li.find("shop")} == {garage, twin}
    assert {record.id for record in li.find("shop", include_merged=False)} == {garage}
