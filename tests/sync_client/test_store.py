"""The tablet's file and clock when things go wrong around them."""

import sqlite3
import threading
from pathlib import Path

import pytest

from sync_client.client import FieldClient
from sync_client.database import unsaid
from sync_client.errors import LocalStoreDamaged, StoreError, StoreFull, StoreLocked, StoreReadOnly, StoreTooNew
from tests.pictures import jpeg
from tests.sync_client.office import TinyOffice
from tests.sync_client.tablets import NOON, WANG, Wall, Workshop, shop
from tests.sync_client.test_stories import same_as_office

DAY_S = 24 * 3600


def test_a_full_disk_keeps_what_was_there_and_says_so(li: FieldClient, office: TinyOffice) -> None:
    """The step that found no space is not kept, half kept, or counted; the next one works again."""
    made = [shop(li, f"店{i}") for i in range(3)]
    pages = li._db.one("PRAGMA page_count")[0]
    li._db.run(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreFull):
        li.create("shop", grid="210902005003007", name="大", category="repair", set={"x": "满" * 15_000})
    batch = pytest.raises(StoreFull)
    with batch, li.batch():
        for _ in range(200):
            shop(li)
    li._db.run("PRAGMA max_page_count = 1000000")
    assert li.status().waiting == 3
    shop(li, "后来")
    assert [entry.n for entry in li.outbox().waiting] == [1, 2, 3, 4]
    li.sync()
    assert set(made) < office.records.keys()
    same_as_office(li, office)


def test_a_failure_swallowed_inside_a_batch_still_undoes_it(li: FieldClient) -> None:
    """Whoever catches the error cannot keep half of what was begun."""
    pages = li._db.one("PRAGMA page_count")[0]
    li._db.run(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError):
        swallow_in_batch(li)
    li._db.run("PRAGMA max_page_count = 1000000")
    assert li.status().waiting == 0


def swallow_in_batch(tablet: FieldClient) -> None:
    """Record until the disk is full, and carry on as if nothing were."""
    with tablet.batch():
        for _ in range(200):
            try:
                shop(tablet)
            except StoreFull:
                break


def test_a_photo_without_space_leaves_nothing_behind(li: FieldClient, tmp_path: Path) -> None:
    """A folder that cannot be made is told in words."""
    (tmp_path / "李.db-photos").write_text("in the way")
    garage = shop(li)
    with pytest.raises(StoreError):
        li.attach(garage, jpeg("the garage"))
    with pytest.raises(StoreError):
        li.attach(garage, tmp_path / "missing.jpg")
    assert li.status().photos_waiting == 0


@pytest.mark.parametrize(
    ("free", "writable", "kind"),
    [(0, True, StoreFull), (4096, False, StoreFull), (1 << 30, False, StoreReadOnly), (1 << 30, True, StoreError)],
)
def test_what_sqlite_cannot_say_is_looked_up(free: int, writable: bool, kind: type[StoreError]) -> None:
    """A disk without a single page to spare, or a locked card: SQLite itself only says "disk I/O error"."""
    assert unsaid(free, writable=writable) is kind


@pytest.mark.parametrize("content", [b"not a database, long enough to be taken for one", b"SQLite format 3\x00" * 300])
def test_a_damaged_file_is_never_touched(tmp_path: Path, content: bytes) -> None:
    """It is told, and left for somebody to rescue."""
    path = tmp_path / "tablet.db"
    path.write_bytes(content)
    with pytest.raises(StoreError) as told:
        FieldClient(path)
    assert isinstance(told.value, LocalStoreDamaged)
    assert path.read_bytes() == content


def test_damage_in_the_middle_is_noticed_when_it_is_met(workshop: Workshop, li: FieldClient) -> None:
    """Not at every start, which would take minutes, but never silently."""
    with li.batch():
        for i in range(300):
            shop(li, f"店{i}")
    li.close()
    path = workshop.folder / "李.db"
    whole = bytearray(path.read_bytes())
    for page in range(len(whole) // 4096 // 2, len(whole) // 4096):
        whole[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(bytes(whole))
    again = workshop.tablet("李", enrolled=False)
    with pytest.raises(LocalStoreDamaged):
        again.find("shop", limit=1000)


def test_a_file_that_lost_its_numbers_is_damaged(workshop: Workshop, li: FieldClient) -> None:
    """It does not begin to count anew, and it does not fail in words of the program's."""
    shop(li)
    li._db.run("DELETE FROM device")
    li.close()
    again = workshop.tablet("李", enrolled=False)
    for look in (again.status, again.sync, lambda: shop(again)):
        with pytest.raises(LocalStoreDamaged):
            look()


def test_a_database_of_somebody_else_is_not_ours(tmp_path: Path) -> None:
    """It keeps its tables to itself."""
    path = tmp_path / "music.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE song (name)")
    other.close()
    with pytest.raises(LocalStoreDamaged):
        FieldClient(path)


def test_a_file_of_tomorrow_is_left_alone(workshop: Workshop, li: FieldClient) -> None:
    """A newer client may have moved things; this one does not guess."""
    li._db.run("PRAGMA user_version = 99")
    li.close()
    with pytest.raises(StoreTooNew):
        workshop.tablet("李")


def test_a_file_kept_busy_is_told(li: FieldClient, workshop: Workshop) -> None:
    """After a while the worker hears why nothing happens."""
    other = sqlite3.connect(workshop.folder / "李.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    li._db.run("PRAGMA busy_timeout = 50")
    with pytest.raises(StoreLocked):
        shop(li)
    other.close()
    assert shop(li)


def test_threads_record_while_another_syncs(li: FieldClient, office: TinyOffice) -> None:
    """No number twice, no number missing, nothing lost."""

    def work(name: str) -> None:
        for i in range(25):
            garage = shop(li, f"{name}{i}")
            li.edit(garage, address=f"{i}号")

    workers = [threading.Thread(target=work, args=(name,)) for name in "甲乙丙"]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        li.sync()
    for worker in workers:
        worker.join()
    li.sync()
    assert len(office.applied()) == 150
    assert li.status().waiting == 0
    same_as_office(li, office)


def test_two_programs_record_into_one_file(workshop: Workshop, li: FieldClient, office: TinyOffice) -> None:
    """Numbers and stamps come from the file, not from anybody's memory."""
    other = workshop.tablet("李")
    for i in range(10):
        shop((li, other)[i % 2], f"店{i}")
    waiting = li.outbox().waiting
    assert [entry.n for entry in waiting] == list(range(1, 11))
    assert sorted(entry.at for entry in waiting) == [entry.at for entry in waiting]
    assert len({entry.at for entry in waiting}) == 10
    other.sync()
    assert li.status().waiting == 0
    same_as_office(li, office)


# -- clocks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong_s", [-40 * 365 * DAY_S, -DAY_S, 0, DAY_S, 5 * 365 * DAY_S])
def test_a_wrong_clock_is_measured_and_stamps_come_out_right(workshop: Workshop, wrong_s: int) -> None:
    """Whatever the tablet's date, its stamps follow the office's."""
    wall = Wall(NOON + wrong_s * 1000)
    li = workshop.tablet("李", clock=wall)
    garage = li.create("shop", grid="210902005003007", name="店", category="repair")
    assert abs(garage.at[0] - NOON) < 1000
    assert li.status().clock_offset_ms == -wrong_s * 1000


def test_a_clock_that_jumps_back_never_stamps_backwards(workshop: Workshop) -> None:
    """What is written later sorts later, on this tablet and after what came down."""
    wall = Wall()
    li, wang = workshop.tablet("李", clock=wall), workshop.tablet("王", WANG)
    workshop.wall.forward(100)
    workshop.office.now_ms += 100_000
    hers = wang.create("shop", grid="210902005003007", name="王的", category="repair")
    wang.sync()
    wall.now = workshop.office.now_ms
    first = shop(li)
    wall.forward(-DAY_S)
    second = shop(li)
    li.sync()
    assert li.read(first).at < li.read(second).at
    third = li.edit(hers, name="李改的")
    assert third.at > hers.at


def test_work_of_two_clocks_travels_apart(workshop: Workshop, office: TinyOffice) -> None:
    """Each push says the time by the clock that stamped it, so the office can correct both."""
    wall = Wall()
    li = workshop.tablet("李", clock=wall)
    wall.forward(-2 * DAY_S)
    li._db.run("UPDATE device SET clock_ms = 0")
    early = shop(li, "早")
    office.park = {early}
    li.sync()
    late = shop(li, "晚")
    office.park = set()
    office.requests.clear()
    li.sync()
    pushes = [asked for asked in office.requests if asked.mutations]
    assert len(pushes) == 2
    assert [round((office.now_ms - (asked.now or 0)) / 1000 / DAY_S) for asked in pushes] == [2, 0]
    assert abs(li.read(late).at[0] - office.now_ms) < 1000


def test_a_clock_put_right_does_not_leave_stamps_in_the_future(workshop: Workshop, office: TinyOffice) -> None:
    """Once everything stamped ahead is at the office, stamps come back to the present."""
    wall = Wall()
    li = workshop.tablet("李", clock=wall)
    wall.forward(365 * DAY_S)
    assert li.read(shop(li)).at[0] > office.now_ms + 300 * DAY_S * 1000
    li.sync()
    assert li.read(shop(li)).at[0] <= office.now_ms + 121_000


def test_the_journal_is_kept_thirty_days_of_the_office_s_time(li: FieldClient, office: TinyOffice) -> None:
    """However the tablet's own clock jumps."""
    shop(li)
    li.sync()

    def kept() -> int:
        return int(li._db.one("SELECT count(*) FROM journal")[0])

    office.now_ms += 29 * DAY_S * 1000
    li.sync()
    assert kept() == 1
    office.now_ms += 2 * DAY_S * 1000
    li.sync()
    assert kept() == 0
    assert shop(li)
    assert li.outbox().waiting[0].n == 2
