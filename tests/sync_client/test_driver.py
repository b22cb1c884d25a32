"""A file that fails in the middle of any statement: undone or done, told, and no lock left behind."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from sync_client.client import FieldClient
from sync_client.database import Database
from sync_client.driver import PLAIN, Driver
from sync_client.errors import LocalStoreDamaged, StoreError, StoreFull, StoreLocked, StoreReadOnly, SyncError
from sync_client.testing import InProcessTransport
from tests.sync_client.tablets import GRID_7, Workshop, shop


class Killed(BaseException):
    """Ends a program as a kill would: nobody catches it."""


@dataclass
class Weather:
    """When the next statement fails, and with what."""

    error: Callable[[], BaseException] = Killed
    after: bool = False
    count: int = 0
    at: int = 0
    seen: list[str] = field(default_factory=list)

    def strike(self, at: int) -> None:
        """Let the *at*-th statement from now fail; 0 lets none."""
        self.count, self.at = 0, at
        self.seen.clear()

    def passes(self, sql: str, *, done: bool) -> None:
        """Count a statement before it runs, and look again when it is *done*."""
        if not done:
            self.count += 1
            self.seen.append(sql)
        if self.count == self.at and done == self.after:
            self.at = 0
            raise self.error()


def shaky(weather: Weather) -> Driver:
    """Return the standard library's driver, with statements that fail."""

    class Shaky(sqlite3.Connection):
        def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
            weather.passes(sql, done=False)
            cursor = super().execute(sql, values)
            weather.passes(sql, done=True)
            return cursor

        def executemany(self, sql: str, rows: Any, /) -> sqlite3.Cursor:
            weather.passes(sql, done=False)
            cursor = super().executemany(sql, rows)
            weather.passes(sql, done=True)
            return cursor

    def connect(path: Path, timeout_s: float) -> sqlite3.Connection:
        return sqlite3.connect(path, timeout=timeout_s, isolation_level=None, check_same_thread=False, factory=Shaky)

    return replace(PLAIN, connect=connect)


def full() -> BaseException:
    """What SQLite says of a full disk, without its number."""
    return sqlite3.OperationalError("database or disk is full")


def locked() -> BaseException:
    """What SQLite says where another program holds the file."""
    return sqlite3.OperationalError("database is locked")


FAULTS = [(full, StoreFull), (locked, StoreLocked), (Killed, Killed)]


def tablet_in(workshop: Workshop, weather: Weather) -> FieldClient:
    """Li's enrolled tablet on a shaky file."""
    workshop.tablet("李").close()
    made = FieldClient(
        workshop.folder / "李.db",
        InProcessTransport(workshop.office),
        clock=workshop.wall,
        sleep=workshop.waited.append,
        driver=shaky(weather),
    )
    workshop.made.append(made)
    return made


def a_days_work(li: FieldClient) -> None:
    """Two shops and a correction, the second with its correction in one commit."""
    shop(li, "甲")
    with li.batch():
        second = shop(li, "乙")
        li.edit(second, address="河北街1号")


def sound(li: FieldClient) -> bool:
    """Whether the tablet's own books agree: numbers without gaps, the last one noted, nothing half."""
    numbers = [n for (n,) in li._db.all("SELECT n FROM journal ORDER BY n")]
    noted = li._db.one("SELECT last_n FROM device")[0]
    pairs = li._db.all("SELECT record_id, count(*) FROM journal GROUP BY record_id")
    second = {name: count for (name, count) in pairs if li.read(name)["name"] == "乙"}
    return numbers == list(range(1, noted + 1)) and all(count == 2 for count in second.values())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_in_any_statement_of_a_days_work(workshop: Workshop, *, after: bool) -> None:
    """Each commit is there or not; the same program, had it lived, could go on, and so can the next one."""
    weather = Weather(after=after)
    li = tablet_in(workshop, weather)
    weather.strike(-1)
    a_days_work(li)
    statements = weather.count
    assert statements > 10
    for at in range(1, statements + 1):
        weather.strike(at)
        with pytest.raises(Killed):
            a_days_work(li)
        assert not li._db.in_transaction or weather.seen[-1] == "ROLLBACK"
        assert sound(li)
        with FieldClient(li.path) as other:
            assert sound(other)
    before = li._db.one("SELECT count(*) FROM journal")[0]
    a_days_work(li)
    assert li._db.one("SELECT count(*) FROM journal")[0] == before + 3


@pytest.mark.parametrize(("fault", "told"), FAULTS[:2], ids=["full", "locked"])
def test_an_error_in_any_statement_is_told_and_undone(
    workshop: Workshop, fault: Callable[[], BaseException], told: type[SyncError]
) -> None:
    """The worker hears what it was, nothing of it is kept, and the next step works."""
    weather = Weather(fault)
    li = tablet_in(workshop, weather)
    weather.strike(-1)
    shop(li)
    for at in range(1, weather.count + 1):
        weather.strike(0)
        before = li._db.all("SELECT n FROM journal")
        weather.strike(at)
        with pytest.raises(told):
            shop(li)
        assert li._db.all("SELECT n FROM journal") == before or weather.seen[-1] == "COMMIT"
        assert sound(li)
        assert shop(li)


@pytest.mark.parametrize(("fault", "told"), FAULTS, ids=["full", "locked", "killed"])
def test_a_sync_that_fails_in_any_statement_loses_nothing(
    workshop: Workshop, fault: Callable[[], BaseException], told: type[BaseException]
) -> None:
    """However often: in the end the office has everything once."""
    weather = Weather(fault)
    li = tablet_in(workshop, weather)
    made = []
    for at in range(1, 60):
        made.append(shop(li, f"店{at}"))
        weather.strike(at)
        try:
            li.sync()
        except told:
            assert not li._db.in_transaction
        weather.strike(0)
        assert sound(li)
    li.sync()
    assert li.status().waiting == 0
    assert sorted(workshop.office.records) == sorted(made)
    assert len(workshop.office.applied()) == len(made)


def test_what_failed_inside_a_batch_undoes_the_batch_whoever_catches_it(workshop: Workshop) -> None:
    """SQLite may already have undone everything before; what comes later must not be kept alone."""
    weather = Weather(full)
    li = tablet_in(workshop, weather)

    def stubborn() -> None:
        with li.batch():
            shop(li, "甲")
            weather.strike(1)
            for name in "丙丁":
                with suppress(StoreFull):
                    shop(li, name)

    with pytest.raises(StoreFull):
        stubborn()
    assert li.status().waiting == 0
    assert shop(li, "戊")
    assert li.outbox().waiting[0].n == 1


def test_a_transaction_sqlite_undid_by_itself_is_not_gone_on_with(tmp_path: Path) -> None:
    """A really full file: SQLite ends the transaction, and nothing after it stays."""
    database = Database(tmp_path / "tablet.db")
    pages = database.one("PRAGMA page_count")[0]
    database.run(f"PRAGMA max_page_count = {pages + 2}")

    def stubborn() -> None:
        with database.writing():
            database.put_note("first", "a")
            for value in ("x" * 100_000, "y" * 100_000, "small"):
                with suppress(StoreFull):
                    database.put_note("last", value)

    with pytest.raises(StoreFull):
        stubborn()
    assert database.note("first") is None
    assert database.note("last") is None
    database.run(f"PRAGMA max_page_count = {pages + 1000}")
    database.put_note("first", "c")
    assert database.note("first") == "c"
    database.close()


def test_undoing_that_fails_too_is_made_up_for(tmp_path: Path) -> None:
    """The next statement finds no half transaction to become part of."""
    weather = Weather(locked)
    database = Database(tmp_path / "tablet.db", shaky(weather))

    def half() -> None:
        with database.writing():
            database.put_note("half", "a")
            weather.strike(1)
            raise StoreLocked

    with pytest.raises(StoreLocked):
        half()
    assert weather.seen == ["ROLLBACK"]
    database.put_note("whole", "b")
    assert (database.note("half"), database.note("whole")) == (None, "b")
    database.close()


def test_a_kill_leaves_the_lock_to_other_threads(tmp_path: Path) -> None:
    """A thread that dies in a statement keeps nobody waiting."""
    weather = Weather()
    database = Database(tmp_path / "tablet.db", shaky(weather))

    def dies() -> None:
        weather.strike(2)
        with pytest.raises(Killed), database.writing():
            database.put_note("half", "a")

    thread = threading.Thread(target=dies)
    thread.start()
    thread.join()
    assert database.lock.acquire(timeout=1)
    database.lock.release()
    assert database.note("half") is None
    database.close()


def test_opening_that_fails_leaves_no_file_open_and_nothing_half(tmp_path: Path) -> None:
    """A new file is made whole in one commit, or not at all; the next opening makes it."""
    weather = Weather()
    path = tmp_path / "tablet.db"
    for at in range(1, 120):
        weather.strike(at)
        try:
            Database(path, shaky(weather)).close()
        except Killed:
            continue
        break
    weather.strike(0)
    assert weather.count < at
    database = Database(path)
    assert database.one("SELECT count(*) FROM device")[0] == 1
    database.close()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("database or disk is full", StoreFull),
        ("database is locked", StoreLocked),
        ("database disk image is malformed", LocalStoreDamaged),
        ("file is not a database", LocalStoreDamaged),
        ("attempt to write a readonly database", StoreReadOnly),
        ("disk I/O error", StoreError),
        ("something new", StoreError),
    ],
)
def test_an_error_without_a_number_is_read_by_its_words(tmp_path: Path, text: str, told: type[StoreError]) -> None:
    """Not every driver gives numbers."""
    weather = Weather(lambda: sqlite3.DatabaseError(text))
    database = Database(tmp_path / "tablet.db", shaky(weather))
    weather.strike(1)
    with pytest.raises(told):
        database.put_note("a", "b")
    database.close()


def test_a_mistake_of_the_program_s_stays_what_it_is(tmp_path: Path) -> None:
    """A worker is never told of a broken file where a statement was wrong."""
    database = Database(tmp_path / "tablet.db")
    with pytest.raises(sqlite3.OperationalError):
        database.run("SELECT nothing FROM nowhere")
    with pytest.raises(sqlite3.IntegrityError):
        database.run("INSERT INTO device (one, install) VALUES (1, 'twice')")
    with pytest.raises(sqlite3.ProgrammingError):
        database.run("SELECT ?", ())
    database.close()


def test_many_rows_are_kept_together_or_not_at_all(tmp_path: Path) -> None:
    """Also where nobody opened a transaction for them."""
    database = Database(tmp_path / "tablet.db")
    with pytest.raises(sqlite3.IntegrityError):
        database.run_many("INSERT INTO note VALUES (?, ?)", [("a", GRID_7), ("b", None)])
    assert database.note("a") is None
    database.close()
