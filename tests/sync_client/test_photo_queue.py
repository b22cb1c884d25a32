"""The queue of photo files: what is in it, what leaves it, and what becomes of it when a tablet changes hands."""

import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.photos import PART_BYTES
from schemas.problems import Refusal
from schemas.rescue import opened
from sync_client import tables
from sync_client.client import FieldClient
from sync_client.errors import StoreLocked, SyncError, WorkWaiting
from sync_client.originals import Originals
from sync_client.photos.values import PhotoReport
from sync_client.testing import FlakyTransport, InProcessTransport
from tests.sync_client.photo_office import PhotoOffice
from tests.sync_client.photographers import Breaks, Killed, cut, large, photo_terminal, photographed, small, states
from tests.sync_client.tablets import NOON, WANG, Workshop, shop
from tests.sync_client.terminals import Terminal


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


def name_of(data: bytes) -> str:
    """Return the SHA-256 of *data*."""
    return hashlib.sha256(data).hexdigest()


# -- an album of yesterday --------------------------------------------------------------------------


def before_copies(path: Path, originals: list[tuple[bytes, str]]) -> None:
    """Make a tablet's file as the version before copies left it, with *originals* and their records."""
    with sqlite3.connect(path) as file:
        for migration in tables.MIGRATIONS[:3]:
            for statement in migration.split(";"):
                file.execute(statement)
        file.execute("INSERT INTO device (one, install) VALUES (1, 'aaaaaaaaaaaa')")
        file.execute(f"PRAGMA application_id = {tables.APPLICATION_ID}")
        file.execute("PRAGMA user_version = 3")
        rows = [(name_of(data), record, len(data), NOON, "captured") for data, record in originals]
        file.executemany("INSERT INTO original VALUES (?, ?, ?, ?, ?)", rows)
    file.close()


def test_originals_of_the_version_before_are_sent_as_they_are(workshop: Workshop, office: PhotoOffice) -> None:
    """None is lost, none is named twice, and they go as copies do: over any network."""
    records = [f"00000000-0000-7000-8000-00000000{n:04d}" for n in range(3)]
    pictures = [(large(), records[0]), (large(), records[1]), (small(), records[2])]
    before_copies(workshop.folder / "李.db", pictures)
    kept = Originals(workshop.folder / "李.db-photos")
    for data, record in pictures:
        kept.keep(data)
        office.write("shop", record, "210902005003007", name="店", category="repair")
        office.records[record].fields["photos"] = [{"sha256": name_of(data), "role": "near"}]
    li = workshop.tablet("李")
    assert li.status().photos_waiting == 2
    assert [(file.record_id, file.of, file.leading, file.captured_ms) for file in li.photos()] == [
        (record, None, True, NOON) for record in records
    ]
    li.sync()
    assert li.send_photos(network="mobile").verified == 2
    assert office.uses == {(name_of(data), record) for data, record in pictures}


def test_an_empty_file_and_one_of_yesterday_end_up_alike(tmp_path: Path) -> None:
    """The same tables, whichever way a file came to them."""

    def tables_in(path: Path) -> set[str]:
        with sqlite3.connect(path) as file:
            found = {sql for (sql,) in file.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
        file.close()
        return found

    before_copies(tmp_path / "old.db", [(b"a picture", "00000000-0000-7000-8000-000000000001")])
    for name in ("old.db", "new.db"):
        FieldClient(tmp_path / name).close()
    assert tables_in(tmp_path / "old.db") == tables_in(tmp_path / "new.db")
    assert not any(" original " in sql for sql in tables_in(tmp_path / "old.db"))


# -- what is in the queue ---------------------------------------------------------------------------


def test_a_photo_counts_once_whatever_travels_of_it(li: FieldClient, office: PhotoOffice) -> None:
    """A large one has two files, a small one is its own copy; the bytes of all of them wait."""
    photographed(li, large(), small())
    status = li.status()
    files = li.photos()
    assert (status.photos_waiting, status.photo_files) == (2, {"captured": 3})
    assert status.photo_bytes_waiting == sum(file.bytes for file in files)
    assert sorted((file.of is None, file.leading) for file in files) == [(False, True), (True, False), (True, True)]


def test_a_file_goes_through_its_states(workshop: Workshop, office: PhotoOffice) -> None:
    """Captured, queued, partly sent, stored, verified: one after the other, and all of it in the tablet's file."""
    seen = []
    li = workshop.tablet("李")
    photographed(li, large())
    li.sync()
    li.send_photos(network="mobile")
    original = name_of(large())
    for at in range(1, 12):
        seen.append(states(li)[original])
        li.close()
        li = workshop.tablet("李", transport=Breaks(InProcessTransport(office), at, Killed, arrives=False))
        try:
            li.send_photos(now=True)
        except Killed:
            continue
        break
    seen.append(states(li)[original])
    assert list(dict.fromkeys(seen)) == ["captured", "queued", "partly_sent", "stored", "verified"]


def test_attaching_what_is_verified_already_only_tells_the_office(li: FieldClient, office: PhotoOffice) -> None:
    """The same picture of another shop: it waits for the office's word, and no byte travels."""
    photographed(li, small())
    li.sync()
    li.send_photos()
    second = photographed(li, small())
    assert li.status().photos_waiting == 1
    li.sync()
    assert li.send_photos().bytes_sent == 0
    assert (name_of(small()), second) in office.uses
    assert li.status().photos_waiting == 0


def test_what_the_office_let_go_meanwhile_is_sent_again(li: FieldClient, office: PhotoOffice) -> None:
    """Taken off its shop, a photo was collected; attached once more, it must not pass for verified."""
    record = photographed(li, small())
    li.sync()
    li.send_photos()
    li.edit(record, remove={"photos": [name_of(small())]})
    li.sync()
    office.files.clear()
    li.attach(record, small())
    assert states(li)[name_of(small())] != "verified"
    li.sync()
    assert li.send_photos().bytes_sent == len(small())
    assert states(li)[name_of(small())] == "verified"
    assert name_of(small()) in office.arrived()


def test_a_photo_whose_check_was_not_kept_is_not_in_the_queue(li: FieldClient) -> None:
    """The record and the queue know it in one commit, or neither does."""
    record = shop(li)

    def interrupted() -> None:
        with li.batch():
            li.attach(record, small())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert li.photos() == []
    with pytest.raises(Refusal):
        li.attach(record, small(), role="mountain")
    assert li.photos() == []


@pytest.mark.parametrize("seed", range(4))
def test_through_the_worst_of_weather(workshop: Workshop, office: PhotoOffice, seed: int) -> None:
    """Lost, doubled, cut off, damaged, a portal, a storm: in the end everything is there, once."""
    office.depot = bool(seed % 2)
    li = workshop.tablet("李")
    photographed(li, large(), small(1), small(2))
    li.sync()
    li.close()
    rough = FlakyTransport(InProcessTransport(office), seed)
    li = workshop.tablet("李", transport=rough)
    sent = resent = 0
    for _ in range(60):
        report = whatever_came_of_it(li)
        sent, resent = sent + report.bytes_sent, resent + report.bytes_resent
        if not report.waiting:
            break
    assert set(states(li).values()) == {"verified"}
    assert {sha256: name_of(data) for sha256, data in office.arrived().items()} == {name: name for name in states(li)}
    assert sent - resent == sum(map(len, office.arrived().values()))
    assert resent <= sum(one != "fine" for one in rough.happened) * PART_BYTES


def whatever_came_of_it(tablet: FieldClient) -> PhotoReport:
    """Send photos, and return what was done, also where it stopped early."""
    try:
        return tablet.send_photos(now=True)
    except SyncError as error:
        return error.photos or PhotoReport()


# -- leaving, rescuing, carrying --------------------------------------------------------------------


def test_a_rescue_package_holds_what_the_office_lacks(workshop: Workshop, office: PhotoOffice, tmp_path: Path) -> None:
    """Copies and originals of what is not verified; what is stays out."""
    li = workshop.tablet("李")
    photographed(li, large(1), large(2))
    li.sync()
    li.send_photos(network="mobile")
    original = name_of(large(1))
    told = li.export_outbox(tmp_path / "all.zip", whole=True)
    assert (told.photos, told.missing) == (2, 0)
    with (tmp_path / "all.zip").open("rb") as file:
        photos = {photo.sha256: photo.of for photo in opened(file).manifest.photos}
    assert photos == {original: None, name_of(large(2)): None}


def test_a_colleague_carries_photos_and_sends_them(workshop: Workshop, office: PhotoOffice, tmp_path: Path) -> None:
    """The copy is known as one, and goes first."""
    li, wang = workshop.tablet("李"), workshop.tablet("王", WANG)
    photographed(li, large(), small())
    li.sync()
    li.export_outbox(tmp_path / "rescue.zip", whole=True)
    carried = wang.import_rescue(tmp_path / "rescue.zip")
    assert carried.photos == 3
    assert sorted((file.of or "", file.leading) for file in wang.photos()) == sorted(
        (file.of or "", file.leading) for file in li.photos()
    )
    assert wang.send_photos(network="mobile").verified == 2
    assert wang.send_photos(now=True).verified == 1
    assert li.send_photos(now=True).bytes_sent == 0
    assert set(states(li).values()) == {"verified"}


def test_a_tablet_is_not_emptied_while_a_photo_is_here_alone(workshop: Workshop, office: PhotoOffice) -> None:
    """Also one that was refused; once everything is verified it may be."""
    li = workshop.tablet("李")
    photographed(li, large(), small())
    li.sync()
    with pytest.raises(WorkWaiting, match="3 个照片文件"):
        li.reset()
    office.refused[name_of(small())] = "photo_damaged"
    li.send_photos(now=True)
    with pytest.raises(WorkWaiting, match="1 个照片文件"):
        li.reset()
    office.refused.clear()
    li._db.run("UPDATE photo_file SET state = 'captured'")
    li.send_photos(now=True)
    li.reset()
    assert (li.photos(), list((workshop.folder / "李.db-photos").glob("*"))) == ([], [])


def test_a_busy_file_stops_it_and_no_more(workshop: Workshop, li: FieldClient, office: PhotoOffice) -> None:
    """Another program holds the tablet's file: the part that was sent is found at the office."""
    photographed(li, small())
    li.sync()
    run = li._db.run

    def locked(sql: str, values: object = ()) -> object:
        if "SET state = ?, sent = ?" in sql and office.put:
            raise StoreLocked("busy")
        return run(sql, values)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(li._db, "run", locked)
        with pytest.raises(StoreLocked):
            li.send_photos()
    assert li.send_photos().bytes_sent == 0
    assert office.arrived()


# -- at the terminal --------------------------------------------------------------------------------


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal whose office takes photos."""
    made = photo_terminal(tmp_path)
    for number, picture in enumerate((large(), small())):
        file = tmp_path / f"{number}.jpg"
        file.write_bytes(picture)
        assert made.types("attach", "SH-0001", str(file)).exit_code == 0
    return made


def test_sync_sends_photos_behind_the_records(terminal: Terminal) -> None:
    """What may travel over any network goes; the original waits for Wi-Fi, and how to send it now is said."""
    told = terminal.types("sync")
    assert told.exit_code == 2
    assert "2 个文件已送达" in told.stdout
    assert "1 个照片文件按策略等 Wi-Fi" in told.stdout
    sent = terminal.types("sync", "--network", "wifi")
    assert (sent.exit_code, "1 个文件已送达" in sent.stdout) == (0, True)
    assert "已送达 3" in terminal.types("show", "SH-0001").stdout
    assert "没有待传的照片" in terminal.types("photos").stdout


def test_sync_without_photos_sends_none(terminal: Terminal) -> None:
    """For a worker who pays by the megabyte."""
    told = terminal.json("sync", "--no-photos")
    assert told["photos"] is None
    assert told["status"]["photos_waiting"] == 2
    assert terminal.types("photos", "send", "--now").exit_code == 0


def test_the_list_names_each_file_and_what_is_wrong(terminal: Terminal) -> None:
    """Refused: why, and what to do; put aside only the list names it, as seen, and the exit code is 3 no more."""
    assert isinstance(terminal.office, PhotoOffice)
    terminal.types("sync", "--no-photos")
    terminal.office.refused[name_of(small())] = "photo_damaged"
    assert terminal.types("photos", "send").exit_code == 3
    shown = terminal.types("photos", "list").stdout
    assert "未被接受" in shown
    assert "请当场重新拍一张" in shown
    name = name_of(small())[:10]
    assert terminal.types("photos", "seen", name).exit_code == 0
    listed = terminal.types("photos", "list").stdout
    assert "未被接受，已阅" in listed
    assert "✗" not in listed
    assert terminal.types("photos", "send", "--now").exit_code == 0
    assert terminal.types("photos", "seen", "ffff").exit_code == 1


def test_a_lost_photo_that_was_seen_is_told_no_more(terminal: Terminal) -> None:
    """Not at each sync; until something new happens to it: its file comes back as another's, or as itself."""
    name = name_of(small())
    [place] = [file for file in terminal.folder.rglob(name) if file.is_file()]
    place.unlink()
    assert "照片文件不在了" in terminal.types("sync", "--network", "wifi").stdout
    assert "✗" in terminal.types("sync").stdout, "told until somebody has seen it"
    terminal.types("photos", "seen", name[:10])
    for _ in range(2):
        told = terminal.types("sync")
        assert (told.exit_code, "✗" in told.stdout, "丢失" in told.stdout) == (0, False, False)
    assert "已丢失，已阅" in terminal.types("photos", "list").stdout
    assert "没有待传的照片" in terminal.types("photos", "send").stdout
    place.write_bytes(small("another"))
    told = terminal.types("sync")
    assert (told.exit_code, "照片文件被改动过" in told.stdout) == (3, True)
    place.write_bytes(small())
    assert terminal.types("sync").exit_code == 0
    assert {file["state"] for file in terminal.json("photos", "list", "--all")["photos"]} == {"verified"}


def test_a_sending_that_does_nothing_says_why(terminal: Terminal) -> None:
    """Before a sync the photos wait for their record; behind it for Wi-Fi; and at last nothing waits."""
    told = terminal.types("photos", "send", "--now").stdout
    assert "先运行 gridward sync" in told
    assert "上传：gridward photos send" not in told, "that is what was just typed"
    assert "等记录先到" in terminal.types("photos").stdout
    terminal.office.now_ms += 1_000
    terminal.types("sync", "--no-photos")
    assert "等记录先到" not in terminal.types("photos").stdout
    terminal.types("photos", "send", "--now")
    assert "没有待传的照片" in terminal.types("photos", "send").stdout


def test_the_doctor_counts_what_is_lost(terminal: Terminal) -> None:
    """A file deleted by hand is told by its number, before and behind the sending that finds it gone."""
    [kept] = [file for file in terminal.folder.rglob(name_of(small())) if file.is_file()]
    kept.unlink()
    assert "1 个文件丢失" in terminal.types("doctor").stdout
    terminal.types("sync")
    assert "1 个文件丢失" in terminal.types("doctor").stdout


def test_no_network_is_told_behind_the_sync(terminal: Terminal) -> None:
    """The records went through, the photos did not: the exit code says so."""
    terminal.transport = Breaks(InProcessTransport(terminal.office), 2, cut, arrives=False, again=True)
    told = terminal.json("sync")
    assert (told["exit"], told["report"]["problem"], told["photos"]["problem"]["code"]) == (4, None, "unreachable")


def test_the_policy_is_shown_changed_and_kept(terminal: Terminal) -> None:
    """In the tablet's file; what is no policy is refused."""
    assert terminal.json("photos", "policy")["originals"] == "wifi"
    assert terminal.json("photos", "policy", "--originals", "any", "--originals-days", "7")["originals_days"] == 7
    assert terminal.json("photos", "policy")["originals"] == "any"
    assert terminal.types("photos", "policy", "--copies", "never").exit_code == 64
    assert terminal.types("sync").exit_code == 0


def test_tidying_at_the_terminal(terminal: Terminal) -> None:
    """Rehearsed without a network; then done."""
    terminal.types("sync", "--network", "wifi")
    assert "可清理 1 个文件" in terminal.types("photos", "tidy", "--now", "--dry-run").stdout
    assert "已清理 1 个文件" in terminal.types("photos", "tidy", "--now").stdout
    assert "已送达，本机已清理" in terminal.types("photos", "list", "--all").stdout
    assert terminal.types("doctor").exit_code == 0
