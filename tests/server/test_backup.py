"""A backup is one moment of a database that goes on working; putting it back loses nothing that was in it."""

import json
import os
import resource
import shutil
import signal
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, select, table, text

from schemas import wire
from schemas.ids import derived_id
from server.app import create_app
from server.commands import main
from server.settings import Settings, own_environment
from server.storage import migrate
from server.storage.people import Account
from server.storage.postgres_tools import Tools, address_of
from server.storage.store import Store
from server.storage.tables import Base, EnrolCodeRow, record
from server.usecases.back_up import back_up, own_digest
from server.usecases.enrol_device import offer_code
from server.usecases.mistakes import Mistake
from server.usecases.replay_history import replay_history
from server.usecases.restore_backup import Restored, read_backup, restore_backup
from server.usecases.verify_history import verify_history
from tests.postgres import LocalPostgres, find_binaries
from tests.server import old_office
from tests.server.office import DISTRICT, GRID_8, STREET, Office, RawDevice, open_office, person_id

#: 2020-07-18 12:00 in Fuxin, and an afternoon later.
NOON = 1_595_044_800_000
EVENING = NOON + 5 * 3_600_000
PHOTO = "ab" * 32


@pytest.fixture
def tools(database_url: str) -> Tools:
    """Where the tools of the database are: PostgreSQL's lie beside the server that the tests run."""
    return Tools(None if database_url.startswith("sqlite") else find_binaries(), own_environment())


@pytest.fixture
def elsewhere(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of another database of the same kind, in which nothing is."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'elsewhere' / 'gridward.db'}"
        return
    postgres: LocalPostgres = request.getfixturevalue("postgres")
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


@contextmanager
def store_at(url: str) -> Iterator[Store]:
    """Open the database at *url*, which need not be there."""
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(exist_ok=True)
    store = Store(create_engine(url))
    yield store
    store.engine.dispose()


def new_shop(device: RawDevice, name: str) -> bytes:
    """Return the creation of a shop, with a photo of its door."""
    fields = {"name": name, "category": "retail"}
    photos = [{"sha256": PHOTO, "role": "overview"}]
    return device.mutation("create", "shop", shop(name), set=fields, add={"photos": photos})


def shop(name: str) -> str:
    """Return the id of a shop."""
    return derived_id("shop", name)


def names(store: Store) -> set[str]:
    """Return what the shops of a database are called."""
    with store.engine.connect() as connection:
        return {wire.decode_json(fields)["name"] for fields in connection.execute(select(record.c.fields)).scalars()}


def put_back(url: str, folder: Path, tools: Tools, now_ms: int = EVENING, *, replace: bool = False) -> Restored:
    """Restore *folder* into the database at *url*."""
    with store_at(url) as store:
        return restore_backup(store, folder, now_ms, tools, replace=replace)


def contents(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    with store.engine.connect() as connection:
        tables = Base.metadata.tables.items()
        return {name: sorted(map(tuple, connection.execute(table.select())), key=repr) for name, table in tables}


def at_noon(office: Office, tmp_path: Path, tools: Tools) -> Path:
    """Let Li register two shops, back up, and let him register one more; return the backup."""
    li = office.device("li")
    li.push(new_shop(li, "早上一"), new_shop(li, "早上二"))
    folder = tmp_path / "backups" / "noon"
    back_up(office.store, folder, NOON, tools)
    li.push(new_shop(li, "下午"))
    return folder


# -- a backup and its way back -------------------------------------------------------------------------


def test_what_was_backed_up_comes_back_and_the_rest_is_not_there(
    office: Office, tmp_path: Path, tools: Tools, elsewhere: str
) -> None:
    folder = at_noon(office, tmp_path, tools)
    restored = put_back(elsewhere, folder, tools)
    assert (restored.aside, restored.broken) == (None, [])
    with store_at(elsewhere) as store:
        assert names(store) == {"早上一", "早上二"}
        assert store.places()[DISTRICT].epoch == restored.epochs[DISTRICT] != "first"
        assert [(v.rows, v.broken) for v in verify_history(store, DISTRICT)] == [(2, None)]
        assert not [d for c in replay_history(store, DISTRICT) for d in c.differences]
        with store.work(DISTRICT, writing=False) as work:
            [epoch] = work.epochs.all()
            assert (epoch.why, epoch.began_ms, epoch.jumps[STREET].last) == ("restored", EVENING, 2)
            assert work.feeds.heads() == {STREET: epoch.jumps[STREET].to}


def test_a_backup_holds_three_files_for_their_owner_alone(office: Office, tmp_path: Path, tools: Tools) -> None:
    folder = at_noon(office, tmp_path, tools)
    [database] = {file.name for file in folder.iterdir()} - {"manifest.json", "photos.txt"}
    assert database == ("database.sqlite" if office.store.engine.dialect.name == "sqlite" else "database.pgdump")
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [file.name for file in folder.parent.iterdir()] == ["noon"]
    lines = (folder / "photos.txt").read_text().splitlines()
    assert lines == [f"{PHOTO}\t-\t{id_}\t-" for id_ in sorted([shop("早上一"), shop("早上二")])]
    told = json.loads((folder / "manifest.json").read_text())
    assert (told["format"], told["taken_ms"], told["photos"]) == ("gridward-backup", NOON, 2)
    [district] = told["districts"]
    assert (district["district"], district["epoch"], district["feeds"][STREET]["seq"]) == (DISTRICT, "first", 2)


def test_a_second_restoration_has_an_epoch_and_numbers_of_its_own(
    office: Office, tmp_path: Path, tools: Tools, elsewhere: str
) -> None:
    """Also in the same moment: what was numbered after the first is not numbered so again."""
    folder = at_noon(office, tmp_path, tools)
    first = put_back(elsewhere, folder, tools)
    with open_again(elsewhere) as between:
        [given] = between.push(new_shop(between, "恢复之后"))
    second = put_back(elsewhere, folder, tools, EVENING, replace=True)
    assert first.epochs != second.epochs
    with open_again(elsewhere) as after:
        [again] = after.push(new_shop(after, "恢复之后"))
    assert (again.version or 0) > (given.version or 0) > 0
    with store_at(elsewhere) as store:
        assert [v.broken for v in verify_history(store, DISTRICT)] == [None]


@contextmanager
def open_again(url: str) -> Iterator[RawDevice]:
    """Open a restored office, and a tablet of Wang's that it did not know."""
    app = create_app(Settings(url), lambda: EVENING)
    office = Office(app, app.extensions["gridward"])
    for _ in range(2):  # the names that the backup's own devices have
        office._devices.append(RawDevice(office, "", "", ""))
    yield office.device("wang")
    office.store.engine.dispose()


def test_what_was_there_is_set_aside_and_never_deleted(
    office: Office, tmp_path: Path, tools: Tools, database_url: str
) -> None:
    folder = at_noon(office, tmp_path, tools)
    office.store.engine.dispose()
    with pytest.raises(Mistake, match="--replace"):
        put_back(database_url, folder, tools)
    with store_at(database_url) as store:
        assert names(store) == {"早上一", "早上二", "下午"}
    restored = put_back(database_url, folder, tools, replace=True)
    assert restored.aside
    with store_at(database_url) as store:
        assert names(store) == {"早上一", "早上二"}
        if store.engine.dialect.name == "postgresql":
            with store.engine.connect() as connection:
                assert connection.execute(select(table("record", schema=restored.aside))).all() == [()] * 3
            return
    with store_at(f"sqlite:///{restored.aside}") as former:
        assert names(former) == {"早上一", "早上二", "下午"}


def test_a_database_set_aside_is_not_backed_up_again(
    office: Office, tmp_path: Path, tools: Tools, database_url: str, elsewhere: str
) -> None:
    """A backup holds what the server works with, nothing that lies beside it."""
    folder = at_noon(office, tmp_path, tools)
    office.store.engine.dispose()
    put_back(database_url, folder, tools, replace=True)
    with store_at(database_url) as store:
        back_up(store, tmp_path / "next", EVENING, tools)
    put_back(elsewhere, tmp_path / "next", tools)
    with store_at(elsewhere) as store:
        assert names(store) == {"早上一", "早上二"}
        assert migrate.differences(store.engine) == []


def test_a_running_server_is_not_pulled_away_from_under_its_feet(
    office: Office, tmp_path: Path, tools: Tools, database_url: str
) -> None:
    folder = at_noon(office, tmp_path, tools)
    before = contents(office.store)
    with office.store.engine.connect() as connection:
        connection.execute(text("SELECT count(*) FROM record"))
        with pytest.raises(Mistake, match="停止"):
            put_back(database_url, folder, tools, replace=True)
    assert contents(office.store) == before
    sun = office.device("sun")
    fields = {"name": "还在", "category": "retail"}
    [outcome] = sun.push(sun.mutation("create", "shop", shop("还在"), grid=GRID_8, set=fields))
    assert outcome.outcome == "applied"


def test_codes_are_not_good_for_a_second_time(office: Office, tmp_path: Path, tools: Tools, elsewhere: str) -> None:
    """A code that was used after the backup would be unused again."""
    offer_code(office.store, DISTRICT, Account(person_id("li"), "李明"), NOON)
    put_back(elsewhere, at_noon(office, tmp_path, tools), tools)
    with store_at(elsewhere) as store, store.engine.connect() as connection:
        assert connection.execute(select(EnrolCodeRow.__table__)).all() == []


def test_a_backup_of_older_tables_is_brought_up_to_date(
    database_url: str, tmp_path: Path, tools: Tools, elsewhere: str
) -> None:
    engine = create_engine(database_url)
    old_office.fill(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO deployment VALUES ('210902', 'old', :key, '海州区')"), {"key": b"k" * 32})
        connection.execute(text("INSERT INTO feed VALUES ('210902', '210902005', 6, :chain)"), {"chain": bytes(32)})
    manifest = back_up(Store(engine), tmp_path / "old", NOON, tools)
    assert manifest.revision == "0001"
    engine.dispose()
    put_back(elsewhere, tmp_path / "old", tools)
    with store_at(elsewhere) as store:
        assert migrate.state(store.engine).up_to_date
        assert migrate.differences(store.engine) == []
        assert len(store.places()) == 1
        with store.work(DISTRICT, writing=False) as work:
            assert work.records.get([old_office.FIRST_SHOP])[old_office.FIRST_SHOP].fields["code"] == "S-1"


# -- while others write --------------------------------------------------------------------------------


def test_a_backup_made_while_tablets_write_is_one_moment(
    office: Office, tmp_path: Path, tools: Tools, database_url: str, elsewhere: str
) -> None:
    """Records, feeds and history agree; of groups of three, none is there in part; nobody was made to wait."""
    stop, failed = Event(), list[BaseException]()
    writers = [Thread(target=write_on, args=(office.device(who), stop, failed)) for who in ("li", "wang", "feng")]
    for writer in writers:
        writer.start()
    folders = [tmp_path / f"backup{n}" for n in range(4)]
    try:
        for folder in folders:
            time.sleep(0.15)
            back_up(office.store, folder, NOON, tools)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert not failed, failed
    rows = []
    for folder in folders:
        manifest = read_backup(folder)
        put_back(elsewhere, folder, tools, replace=True)
        with store_at(elsewhere) as store:
            [verified] = verify_history(store, DISTRICT)
            assert verified.broken is None
            assert manifest.districts[0].feeds[STREET] == (verified.rows, verified.link)
            assert not [d for c in replay_history(store, DISTRICT) for d in c.differences]
            assert verified.rows % 3 == 0
            rows.append(verified.rows)
    assert rows == sorted(set(rows)), "they wrote all the while"


def write_on(device: RawDevice, stop: Event, failed: list[BaseException]) -> None:
    """Push groups of three until told to stop."""
    try:
        while not stop.is_set():
            group = [device.n + 1, 3]
            made = [{"op": "create", "id": shop(f"{device.id} {device.n} {n}")} for n in range(3)]
            parts = {"group": group, "set": {"name": "店", "category": "retail"}}
            outcomes = device.push(*(device.mutation(one["op"], "shop", one["id"], **parts) for one in made))
            assert [o.outcome for o in outcomes] == ["applied"] * 3
    except BaseException as error:  # noqa: BLE001 # told to the test, which runs in another thread
        failed.append(error)


# -- backups that must not be believed -----------------------------------------------------------------


def change(file: str, *, cut: bool = False) -> Callable[[Path], None]:
    """Return what changes one byte in the middle of a file, or cuts off its last third."""

    def harm(folder: Path) -> None:
        [path] = folder.glob(file)
        body = bytearray(path.read_bytes())
        body[len(body) // 2] ^= 1
        path.write_bytes(body[: len(body) * 2 // 3] if cut else bytes(body))

    return harm


def rewrite(**told: Any) -> Callable[[Path], None]:
    """Return what makes a manifest say something else, with a right hash."""

    def harm(folder: Path) -> None:
        file = folder / "manifest.json"
        body = json.loads(file.read_text()) | told
        body.pop("sha256")
        file.write_bytes(wire.canonical(body | {"sha256": own_digest(body)}))

    return harm


def lie(folder: Path) -> None:
    """Let a manifest speak of more than the database holds."""
    body = json.loads((folder / "manifest.json").read_text())
    body["districts"][0]["feeds"][STREET]["seq"] = 9
    rewrite(districts=body["districts"])(folder)


HARM: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte of the database": (change("database.*"), "已损坏"),
    "half a database": (change("database.*", cut=True), "已损坏"),
    "no database": (lambda folder: next(folder.glob("database.*")).unlink(), "已损坏"),
    "a byte of the list of photos": (change("photos.txt"), "已损坏"),
    "a byte of the manifest": (change("manifest.json"), "已损坏"),
    "half a manifest": (change("manifest.json", cut=True), "已损坏"),
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), "不是完整的备份"),
    "an empty manifest": (lambda folder: (folder / "manifest.json").write_text("{}"), "不是完整的备份"),
    "another's manifest": (rewrite(format="something"), "不是完整的备份"),
    "a manifest that is a list": (lambda folder: (folder / "manifest.json").write_text("[1]"), "不是完整的备份"),
    "a manifest nested without end": (lambda folder: (folder / "manifest.json").write_text("[" * 9_000), "已损坏"),
    "a newer format": (rewrite(version=2), "先升级"),
    "newer tables": (rewrite(revision="9999"), "先升级"),
    "tables of no known version": (rewrite(revision="cafe"), "先升级"),
    "another kind of database": (rewrite(database="oracle"), "已损坏"),
    "districts without feeds": (rewrite(districts=[{"district": "210902"}]), "已损坏"),
    "more than the database holds": (lie, "已损坏"),
    "a file outside": (rewrite(files={"../../etc/passwd": "0" * 64}), "已损坏"),
    "nothing at all": (shutil.rmtree, "不是完整的备份"),
}


@pytest.mark.parametrize(("harm", "told"), HARM.values(), ids=HARM)
def test_a_bad_backup_touches_nothing(tmp_path: Path, harm: Callable[[Path], object], told: str) -> None:
    """Not even a database that is to be replaced."""
    url, tools = f"sqlite:///{tmp_path / 'gridward.db'}", Tools(None, {})
    office = open_office(url)
    folder = at_noon(office, tmp_path, tools)
    harm(folder)
    nothing_changes(office, url, folder, tools, told)


def test_what_is_found_out_late_is_undone(office: Office, tmp_path: Path, tools: Tools, database_url: str) -> None:
    """The copy is in its place already when it turns out to hold another history than the manifest says."""
    folder = at_noon(office, tmp_path, tools)
    lie(folder)
    nothing_changes(office, database_url, folder, tools, "已损坏")


def nothing_changes(office: Office, url: str, folder: Path, tools: Tools, told: str) -> None:
    """Try to restore *folder* in the place of what is there, and make sure that nothing came of it."""
    before = contents(office.store)
    office.store.engine.dispose()
    with pytest.raises(Mistake, match=told):
        put_back(url, folder, tools, replace=True)
    with store_at(url) as store:
        assert contents(store) == before
        assert store.places()[DISTRICT].epoch == "first"
        assert leftovers(store) == []


def leftovers(store: Store) -> list[str]:
    """Return what lies beside a database that does not belong to it."""
    if store.engine.dialect.name == "sqlite":
        file = Path(str(store.engine.url.database))
        return [p.name for p in file.parent.iterdir() if p.name.startswith(f"{file.name}.")]
    sql = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'gridward%'"
    with store.engine.connect() as connection:
        return list(connection.execute(text(sql)).scalars())


def test_a_bad_backup_leaves_an_empty_database_empty(
    office: Office, tmp_path: Path, tools: Tools, elsewhere: str
) -> None:
    """It is found out only when the copy is looked at: the manifest claims another history."""
    folder = at_noon(office, tmp_path, tools)
    lie(folder)
    with pytest.raises(Mistake, match="已损坏"):
        put_back(elsewhere, folder, tools)
    rewrite(districts=[])(folder)
    with pytest.raises(Mistake, match="已损坏"):
        put_back(elsewhere, folder, tools)
    if elsewhere.startswith("sqlite"):
        assert list(Path(elsewhere.removeprefix("sqlite:///")).parent.iterdir()) == []
        return
    with store_at(elsewhere) as store:
        assert migrate.state(store.engine).current is None
        assert leftovers(store) == []


def test_another_districts_backup_is_refused(office: Office, tmp_path: Path, tools: Tools, elsewhere: str) -> None:
    folder = at_noon(office, tmp_path, tools)
    put_back(elsewhere, folder, tools)
    with store_at(elsewhere) as store, store.engine.begin() as connection:
        connection.execute(text("UPDATE deployment SET district = '210903'"))
    with pytest.raises(Mistake, match="210903"):
        put_back(elsewhere, folder, tools, replace=True)


def test_a_backup_of_the_other_kind_is_refused(
    office: Office, tmp_path: Path, tools: Tools, postgres_url: str, database_url: str
) -> None:
    folder = at_noon(office, tmp_path, tools)
    other = postgres_url if database_url.startswith("sqlite") else f"sqlite:///{tmp_path / 'other.db'}"
    with pytest.raises(Mistake, match="GRIDWARD_DATABASE_URL"):
        put_back(other, folder, tools)


def test_a_damaged_database_is_replaced_and_kept(tmp_path: Path) -> None:
    """The disk broke: nothing can be read any more, but it may still be worth something to somebody."""
    url, tools = f"sqlite:///{tmp_path / 'gridward.db'}", Tools(None, {})
    office = open_office(url)
    folder = at_noon(office, tmp_path, tools)
    office.store.engine.dispose()
    file = tmp_path / "gridward.db"
    file.write_bytes(b"\0" * 4_096 + file.read_bytes()[4_096:])
    restored = put_back(url, folder, tools, replace=True)
    assert restored.aside
    assert Path(restored.aside).read_bytes()[:4_096] == b"\0" * 4_096
    with store_at(url) as store:
        assert names(store) == {"早上一", "早上二"}


def test_a_log_without_its_database_is_not_taken_for_the_new_ones(tmp_path: Path) -> None:
    url, tools = f"sqlite:///{tmp_path / 'gridward.db'}", Tools(None, {})
    office = open_office(url)
    folder = at_noon(office, tmp_path, tools)
    with closing(office.store.engine.raw_connection()):
        log = (tmp_path / "gridward.db-wal").read_bytes()
    office.store.engine.dispose()
    (tmp_path / "gridward.db").unlink()
    (tmp_path / "gridward.db-wal").write_bytes(log)
    put_back(url, folder, tools)
    with store_at(url) as store:
        assert names(store) == {"早上一", "早上二"}
        assert [v.broken for v in verify_history(store, DISTRICT)] == [None]


# -- backups that were not finished --------------------------------------------------------------------


def test_a_folder_that_is_there_is_left_alone(office: Office, tmp_path: Path, tools: Tools) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "letter").write_text("something else")
    with pytest.raises(Mistake, match="已存在"):
        back_up(office.store, folder, NOON, tools)
    assert [file.name for file in folder.iterdir()] == ["letter"]


@contextmanager
def small_disk(most: int) -> Iterator[None]:
    """Let no file of this process, or of one it starts, grow beyond *most* bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("most", [0, 20_000])
def test_a_full_disk_leaves_nothing_behind(office: Office, tmp_path: Path, tools: Tools, most: int) -> None:
    """Neither a folder that looks like a backup, nor one that does not."""
    li = office.device("li")
    li.push(*(new_shop(li, f"{n}号店") for n in range(400)))
    with small_disk(most), pytest.raises((Mistake, OSError)):
        back_up(office.store, tmp_path / "backups" / "noon", NOON, tools)
    assert list((tmp_path / "backups").iterdir()) == []
    back_up(office.store, tmp_path / "backups" / "noon", NOON, tools)
    read_backup(tmp_path / "backups" / "noon")


def test_a_disk_too_full_to_restore_changes_nothing(tmp_path: Path) -> None:
    url, tools = f"sqlite:///{tmp_path / 'gridward.db'}", Tools(None, {})
    office = open_office(url)
    folder = at_noon(office, tmp_path, tools)
    before = contents(office.store)
    office.store.engine.dispose()
    with small_disk(50_000), pytest.raises((Mistake, OSError)):
        put_back(url, folder, tools, replace=True)
    with store_at(url) as store:
        assert contents(store) == before
        assert leftovers(store) == []


def test_a_backup_that_was_killed_is_none(office: Office, tmp_path: Path, tools: Tools, database_url: str) -> None:
    """Whatever bears the name of a backup is whole; the rest says by its name that it is not."""
    li = office.device("li")
    li.push(*(new_shop(li, f"{n}号店") for n in range(400)))
    folders = tmp_path / "backups"
    folders.mkdir()
    for number in range(6):
        child = in_a_process_of_its_own(partial(back_up_alone, database_url, folders / str(number), tools))
        while not list(folders.glob(f"{number}*")):
            time.sleep(0.0005)
        time.sleep(number * 0.003)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    for found in folders.iterdir():
        if found.name.endswith(".partial"):
            with pytest.raises(Mistake):
                put_back(f"sqlite:///{tmp_path}/none.db", found, tools)
        else:
            read_backup(found)
    assert list(folders.glob("*.partial")), "at least one was interrupted"
    back_up_alone(database_url, folders / "last", tools)
    read_backup(folders / "last")


def back_up_alone(url: str, folder: Path, tools: Tools) -> None:
    """Back up over a connection of our own."""
    with store_at(url) as store:
        back_up(store, folder, NOON, tools)


def in_a_process_of_its_own(run: Callable[[], None]) -> int:
    """Run something beside us; return the number of the process."""
    child = os.fork()
    if child == 0:
        try:
            run()
        finally:
            os._exit(0)
    return child


# -- the tools of PostgreSQL ---------------------------------------------------------------------------


def test_the_password_goes_by_the_environment_never_by_the_command_line() -> None:
    url = "postgresql+psycopg://gridward:s%40cret@db.example:5433/haizhou?sslmode=require&connect_timeout=7"
    address, secrets = address_of(create_engine(url))
    assert secrets == {"PGPASSWORD": "s@cret"}
    assert dict(part.split("=") for part in address.split()) == {
        "user": "gridward", "host": "db.example", "port": "5433", "dbname": "haizhou", "sslmode": "require",
        "connect_timeout": "7",
    }  # fmt: skip


def test_missing_tools_are_told(postgres_url: str, tmp_path: Path) -> None:
    """Before anything is made; and what to do about it."""
    office = open_office(postgres_url)
    with pytest.raises(Mistake, match="GRIDWARD_PG_BIN"):
        back_up(office.store, tmp_path / "backup", NOON, Tools(tmp_path, own_environment()))
    assert not (tmp_path / "backup").exists()
    with pytest.raises(Mistake, match="pg_dump"):
        back_up(office.store, tmp_path / "backup", NOON, Tools(None, {"PATH": str(tmp_path)}))
    office.store.engine.dispose()


# -- what an operator types ----------------------------------------------------------------------------


@pytest.fixture
def type_(
    office: Office, tools: Tools, monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path
) -> Callable[..., Result]:
    """An operator beside the office."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)
    monkeypatch.setenv("GRIDWARD_PHOTOS", str(tmp_path / "photos"))
    monkeypatch.setenv("GRIDWARD_PG_BIN", str(tools.folder or ""))

    def run(*line: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, line)
        assert result.exit_code == code, result.output
        return result

    return run


def test_an_operator_backs_up_checks_and_restores(
    office: Office, type_: Callable[..., Result], tmp_path: Path, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    li = office.device("li")
    li.push(new_shop(li, "早上"))
    folder = str(tmp_path / "backup")
    # Its server runs all the while.
    hold = office.store.engine.connect()
    hold.execute(text("SELECT count(*) FROM record"))
    assert f"{STREET}:1" in type_("backup", folder).output
    assert "已存在" in type_("backup", folder, code=1).output
    assert "完好" in type_("restore", folder, "--check").output
    assert "--replace" in type_("restore", folder, code=1).output
    assert "停止" in type_("restore", folder, "--replace", code=1).output
    hold.close()
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", elsewhere)
    said = type_("restore", folder).output
    assert "新纪元" in said
    assert "重做" in said
    assert "历史链完整" in type_("doctor", code=0).output
    change("database.*")(tmp_path / "backup")
    assert "已损坏" in type_("restore", folder, "--check", code=1).output
