"""A tablet whose disk is full: photos still go to the office, nothing is half written, and the worker is told."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sync_client import originals
from sync_client.client import FieldClient
from sync_client.commands.naming import record_called
from sync_client.database import Database
from sync_client.driver import PLAIN
from sync_client.errors import StoreFull
from sync_client.photos.errors import NoRoomToNote
from sync_client.photos.values import PhotoReport
from sync_client.testing import InProcessTransport
from tests.sync_client.photo_office import PhotoOffice
from tests.sync_client.photographers import Breaks, cut, large, photo_terminal, photographed, small, states
from tests.sync_client.tablets import Workshop, shop
from tests.sync_client.terminals import LAO_WANG, Terminal

Full = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    """Tablets of an office that takes photos."""
    made = Workshop(tmp_path, office=PhotoOffice())
    yield made
    made.close()


@pytest.fixture
def office(workshop: Workshop) -> PhotoOffice:
    """That office."""
    assert isinstance(workshop.office, PhotoOffice)
    return workshop.office


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Full:
    """For a while no tablet's file takes anything in, as on a disk without a byte left."""
    run = Database.run

    def refuse(database: Database, sql: str, values: Sequence[Any] = ()) -> Any:
        if sql.lstrip().startswith(("UPDATE", "INSERT", "DELETE")):
            raise StoreFull("database or disk is full")
        return run(database, sql, values)

    @contextmanager
    def lasting() -> Iterator[None]:
        with monkeypatch.context() as world:
            world.setattr(Database, "run", refuse)
            yield

    return lasting


def files_in(folder: Path) -> set[str]:
    """Return every file in the photo folders below *folder*."""
    return {place.name for place in folder.glob("**/*.db-photos/**/*") if place.is_file()}


# -- sending ------------------------------------------------------------------------------------------


def test_what_cannot_be_noted_arrives_all_the_same(li: FieldClient, office: PhotoOffice, full: Full) -> None:
    """Every photo gets to the office, the tablet calls none of them verified; with room again none travels twice."""
    photographed(li, large(1), small(2), large(3))
    li.sync()
    before = states(li)
    with full(), pytest.raises(NoRoomToNote) as told:
        li.send_photos(now=True)
    report = told.value.photos
    assert report is not None
    assert (report.verified, report.unnoted, report.waiting, len(office.arrived())) == (5, 5, 5, 5)
    assert states(li) == before
    again = li.send_photos(now=True)
    assert (again.verified, again.unnoted, again.bytes_sent) == (5, 0, 0)
    assert set(states(li).values()) == {"verified"}


def test_a_disk_that_fills_up_in_the_middle(
    li: FieldClient, office: PhotoOffice, full: Full, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever that happens, all arrive, each is counted once, and what was noted before stays so."""
    for at in range(1, 30):
        photographed(li, small(at), large(at))
        li.sync()
        with monkeypatch.context() as world:
            world.setattr(Database, "run", _full_after(at, Database.run))
            report = done_by(li)
        assert report.verified == 3
        assert len(office.arrived()) == 3 * at
        li.send_photos(now=True)
        assert set(states(li).values()) == {"verified"}
        if not report.problem:
            return
    pytest.fail("it never got through")


def done_by(tablet: FieldClient) -> PhotoReport:
    """Send photos, and return what was done."""
    try:
        return tablet.send_photos(now=True)
    except NoRoomToNote as error:
        return error.photos or PhotoReport()


def _full_after(writes: int, run: Callable[..., Any]) -> Callable[..., Any]:
    left = [writes]

    def refuse(database: Database, sql: str, values: Sequence[Any] = ()) -> Any:
        if sql.lstrip().startswith(("UPDATE", "INSERT", "DELETE")):
            left[0] -= 1
            if left[0] < 0:
                raise StoreFull("database or disk is full")
        return run(database, sql, values)

    return refuse


def test_a_full_disk_and_refusals_and_losses(li: FieldClient, office: PhotoOffice, full: Full, tmp_path: Path) -> None:
    """Neither holds the others up, and neither is forgotten: with room again it is noted."""
    record = photographed(li, small(1), small(2), small(3))
    li.sync()
    refused, lost, _ = (photo["sha256"] for photo in li.read(record)["photos"])
    office.refused[refused] = "photo_damaged"
    next(tmp_path.glob(f"*-photos/*/{lost}")).unlink()
    with full(), pytest.raises(NoRoomToNote) as told:
        li.send_photos(now=True)
    assert told.value.photos is not None
    assert len(told.value.photos.problems) == 2
    assert len(office.arrived()) == 1
    li.send_photos(now=True)
    assert states(li)[refused] == "refused"
    assert states(li)[lost] == "lost"


class NoSharedMemory(sqlite3.Connection):
    """A connection on a disk full to the last byte: SQLite's file of shared memory cannot be made there."""

    alone = False

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
        """Run one statement, unless it would need that memory."""
        self.alone = self.alone or sql == "PRAGMA locking_mode = EXCLUSIVE"
        if not self.alone:
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, values)


def test_a_tablet_without_room_for_shared_memory_still_opens(
    workshop: Workshop, office: PhotoOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does without, alone with its file as long as it is open; the next one that opens it shares it again."""

    def connect(path: Path, timeout_s: float) -> sqlite3.Connection:
        return sqlite3.connect(path, timeout_s, isolation_level=None, check_same_thread=False, factory=NoSharedMemory)

    li = workshop.tablet("李")
    record = photographed(li, small())
    li.sync()
    li.close()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=16_000_000_000, used=0, free=0))
    file = workshop.folder / "李.db"
    network = InProcessTransport(office)
    with FieldClient(file, network, clock=workshop.wall, driver=replace(PLAIN, connect=connect)) as tight:
        assert tight.status().photos_waiting == 1
        assert record_called(tight, record[-8:]).id == record, "to look for a record opens the file no second time"
        assert tight.send_photos().verified == 1
    li = workshop.tablet("李")
    assert li.status().photos_waiting == 0
    assert workshop.tablet("李").status().photos_waiting == 0


# -- at the terminal ----------------------------------------------------------------------------------


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal whose office takes photos; one of a shop waits, its record has arrived."""
    made = photo_terminal(tmp_path)
    (tmp_path / "near.jpg").write_bytes(large())
    assert made.types("attach", LAO_WANG, str(tmp_path / "near.jpg")).exit_code == 0
    made.types("sync", "--no-photos")
    return made


def test_the_worker_is_told_that_nothing_could_be_noted(terminal: Terminal, full: Full) -> None:
    """In both languages, with what to do; the exit code is no success, and no tick stands before the sum."""
    with full():
        told = terminal.types("photos", "send", "--now")
    assert told.exit_code == 1
    for words in ("存储空间已满", "The disk is full", "gridward photos tidy", "2 个文件已送达", "2 个没有记下来"):
        assert words in told.stdout.replace("\n  ", "")
    assert "✓" not in told.stdout
    assert terminal.types("photos", "send", "--now").exit_code == 0


def test_no_tick_where_nothing_arrived(terminal: Terminal) -> None:
    """A line that breaks with the first part: bytes were sent, no file arrived."""
    terminal.transport = Breaks(terminal.network(), 2, cut, arrives=False, again=True)
    told = terminal.types("photos", "send", "--now")
    assert "0 个文件已送达" in told.stdout
    assert "✓" not in told.stdout
    assert told.exit_code == 4


# -- attaching ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("free", [0, 10_000, len(large()), len(large()) + 20_000])
def test_a_photo_that_does_not_fit_is_refused_before_it_is_written(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int
) -> None:
    """Room for nothing, for half of it, for the original alone, for the files without the commit: nothing is left."""
    (tmp_path / "far.jpg").write_bytes(large("far"))
    before = files_in(tmp_path)
    with monkeypatch.context() as world:
        world.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=16_000_000_000, used=0, free=free))
        told = terminal.types("attach", LAO_WANG, str(tmp_path / "far.jpg"))
        assert terminal.json("attach", LAO_WANG, str(tmp_path / "far.jpg"))["problem"]["code"] == "no_room_for_photo"
    assert told.exit_code == 1
    assert "存储空间不足，这张照片没有保存" in told.stdout
    assert files_in(tmp_path) == before
    assert terminal.types("attach", LAO_WANG, str(tmp_path / "far.jpg")).exit_code == 0


def test_a_disk_that_fills_up_between_original_and_copy(
    li: FieldClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What other programs write meanwhile nobody foresees; the original goes again, unless a record names it."""
    record, write = shop(li), originals._write_through

    def only_large(place: Path, data: bytes) -> None:
        if len(data) < len(large()) // 2:
            raise OSError(originals.NO_SPACE, "No space left on device")
        write(place, data)

    with monkeypatch.context() as world:
        world.setattr(originals, "_write_through", only_large)
        with pytest.raises(StoreFull):
            li.attach(record, large())
    assert files_in(tmp_path) == set()
    li.attach(record, large())
    kept = files_in(tmp_path)
    next(tmp_path.glob(f"*-photos/*/{li.read(record)['photos'][0]['copy']}")).unlink()
    with monkeypatch.context() as world:
        world.setattr(originals, "_write_through", only_large)
        with pytest.raises(StoreFull):
            li.attach(record, large(), role="near")
    assert len(files_in(tmp_path)) == len(kept) - 1
