"""Sweeping the photo folder: what is nobody's evidence goes, and nothing else ever does."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync_client.client import FieldClient
from sync_client.errors import StoreError, Unreachable
from sync_client.photos import sweeping
from sync_client.testing import InProcessTransport
from tests.pictures import jpeg
from tests.sync_client.photo_office import PhotoOffice
from tests.sync_client.photographers import Breaks, cut, large, photo_terminal, photographed, small
from tests.sync_client.tablets import WANG, Wall, Workshop, shop
from tests.sync_client.terminals import LAO_WANG, Terminal

DAY_S = 86_400


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    """Tablets of an office that takes photos."""
    made = Workshop(tmp_path, office=PhotoOffice())
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Li's photo folder."""
    return tmp_path / "李.db-photos"


def age(wall: Wall, folder: Path, days: float) -> None:
    """Let every file in *folder* be so many days old, by the tablet's clock."""
    written = wall() / 1000 - days * DAY_S
    for place in folder.rglob("*"):
        if place.is_file():
            os.utime(place, (written, written))


def lying_in(folder: Path) -> set[str]:
    """Return the names of all files in *folder*."""
    return {place.name for place in folder.rglob("*") if place.is_file()}


def left_behind(tablet: FieldClient, picture: bytes) -> set[str]:
    """Keep a photo that no record comes to name, as a kill leaves it; return what its files are called."""
    ready = tablet.prepare_photo(picture)
    return {file.sha256 for file in (ready.original, ready.copy) if file}


# -- what was drawn -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "now", "goes"), [(2.9, False, False), (3.1, False, True), (0, True, True)])
def test_what_was_drawn_goes_after_three_days(
    li: FieldClient, workshop: Workshop, folder: Path, days: float, *, now: bool, goes: bool
) -> None:
    """Or at once when asked; whoever wants to look has it drawn anew, and the photo itself stays."""
    record = photographed(li, large())
    [photo] = li.read(record)["photos"]
    shown = li.watermarked(record, photo["sha256"])
    size, before = shown.stat().st_size, lying_in(folder)
    age(workshop.wall, folder / "shown", days)
    age(workshop.wall, shown.parent, days)
    rehearsed = li.tidy_photos(now=now, rehearse=True)
    assert ((rehearsed.drawn, rehearsed.drawn_bytes), shown.exists()) == ((1, size) if goes else (0, 0), True)
    tidied = li.tidy_photos(now=now)
    assert (tidied.drawn, tidied.files, tidied.stray) == (1 if goes else 0, 0, 0)
    assert lying_in(folder) == before - ({shown.name} if goes else set())
    assert li.watermarked(record, photo["sha256"]).exists()


def test_too_many_drawn_pictures_lose_the_oldest(
    li: FieldClient, workshop: Workshop, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker who shows a hundred photos a day does not fill the tablet with them."""
    record = photographed(li, *(small(n) for n in range(3)))
    shown = [li.watermarked(record, photo["sha256"]) for photo in li.read(record)["photos"]]
    for hours, place in enumerate(shown):
        written = workshop.wall() / 1000 - hours * 3600
        os.utime(place, (written, written))
    monkeypatch.setattr(sweeping, "_DRAWN_BYTES", sum(place.stat().st_size for place in shown[:2]))
    assert li.tidy_photos().drawn == 1
    assert [place.exists() for place in shown] == [True, True, False]


# -- what nothing names -------------------------------------------------------------------------------


def test_what_a_kill_left_goes_after_a_week(li: FieldClient, workshop: Workshop, folder: Path) -> None:
    """Original and copy that no record names, and half a file; what a record names stays, however old."""
    record = photographed(li, large("front"), small("door"))
    named = lying_in(folder)
    stray = left_behind(li, large("lost"))
    half = folder / "ab" / f"{'ab' * 32}.4711.part"
    half.parent.mkdir(exist_ok=True)
    half.write_bytes(b"half")
    age(workshop.wall, folder, 6.9)
    assert li.tidy_photos(now=True).stray == 0
    age(workshop.wall, folder, 7.1)
    tidied = li.tidy_photos(rehearse=True)
    assert (tidied.stray, lying_in(folder)) == (3, named | stray | {half.name})
    tidied = li.tidy_photos()
    assert (tidied.stray, tidied.files, lying_in(folder)) == (3, 0, named)
    li.sync()
    assert li.send_photos(now=True).verified == 3
    assert len(li.read(record)["photos"]) == 2


def name_in_the_queue(li: FieldClient, sha256: str) -> None:
    """Let the queue know the file."""
    li._db.run("INSERT INTO photo_file (sha256, bytes, state, captured_ms) VALUES (?, 1, 'captured', 0)", (sha256,))


def name_as_a_copy_s_original(li: FieldClient, sha256: str) -> None:
    """Let a copy in the queue be made of the file."""
    li._db.run("INSERT INTO photo_use (sha256, record_id, of) VALUES ('x', 'y', ?)", (sha256,))


def name_in_a_record(li: FieldClient, sha256: str) -> None:
    """Let a colleague's record name the file."""
    record = shop(li)
    li._db.run("UPDATE record SET fields = json_set(fields, '$.photos', json(?)) WHERE id = ?",
               (f'[{{"sha256": "{"0" * 64}", "copy": "{sha256}"}}]', record))  # fmt: skip


def name_beneath_a_record(li: FieldClient, sha256: str) -> None:
    """Let the office's copy name the file, over which the worker's own change lies."""
    li._db.run(
        "UPDATE record SET base = ? WHERE id = ?", (f'{{"fields":{{"photos":[{{"sha256":"{sha256}"}}]}}}}', shop(li))
    )


def name_in_the_journal(li: FieldClient, sha256: str) -> None:
    """Let a change that the office refused name the file, and nothing else."""
    record = shop(li)
    payload = f'{{"add":{{"photos":[{{"sha256":"{sha256}"}}]}}}}'.encode()
    li._db.run("UPDATE journal SET payload = ?, outcome = 'rejected' WHERE record_id = ?", (payload, record))


def name_in_a_package(li: FieldClient, sha256: str) -> None:
    """Let a colleague's rescue package name the file."""
    body = b"\x00\x83" + sha256.encode() + b"\x00"
    li._db.run("INSERT INTO carried VALUES ('p', 'p.zip', 'd', 0, 1, ?, '{}')", (body,))


def name_in_a_draft(li: FieldClient, sha256: str) -> None:
    """Let a check under way name the file."""
    li._db.run("INSERT INTO draft VALUES ('k', ?, 0)", (f'{{"photo":"{sha256}"}}',))


@pytest.mark.parametrize(
    "name",
    [
        name_in_the_queue,
        name_as_a_copy_s_original,
        name_in_a_record,
        name_beneath_a_record,
        name_in_the_journal,
        name_in_a_package,
        name_in_a_draft,
    ],
)
def test_whatever_names_a_file_keeps_it(li: FieldClient, workshop: Workshop, folder: Path, name: Any) -> None:
    """Wherever its hash is written down: a worker's work is never lost to tidying."""
    [kept] = left_behind(li, small("kept"))
    [stray] = left_behind(li, small("stray"))
    name(li, kept)
    age(workshop.wall, folder, 1_000)
    assert li.tidy_photos(now=True).stray == 1
    assert lying_in(folder) == {kept}
    assert stray != kept


def test_foreign_files_are_left_alone(li: FieldClient, workshop: Workshop, folder: Path, tmp_path: Path) -> None:
    """What is not called as a photo is, or lies elsewhere, or is somebody's link, is not ours to remove."""
    left_behind(li, small())
    name = hashlib.sha256(b"far").hexdigest()
    outside = tmp_path / name
    outside.write_bytes(b"far")
    for place in (folder / "notes.txt", folder / "zz" / name, folder / "aa" / "notes.txt", folder / "aa" / ("b" * 64)):
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(b"mine")
    (folder / name[:2]).mkdir(exist_ok=True)
    (folder / name[:2] / name).symlink_to(outside)
    age(workshop.wall, folder, 1_000)
    before = lying_in(folder)
    assert li.tidy_photos(now=True).stray == 1
    assert len(lying_in(folder)) == len(before) - 1
    assert outside.exists()
    assert (folder / name[:2] / name).is_symlink()


def test_a_photo_kept_again_begins_a_new_week(li: FieldClient, workshop: Workshop, folder: Path) -> None:
    """Chosen once more, its file is found there, and may be about to be named."""
    left_behind(li, small())
    age(workshop.wall, folder, 30)
    ready = li.prepare_photo(small())
    assert li.tidy_photos().stray == 0
    assert li.attach(shop(li), ready).photo["sha256"] == ready.original.sha256


def test_a_photo_prepared_long_ago_is_not_named_without_its_file(
    li: FieldClient, workshop: Workshop, folder: Path
) -> None:
    """Better an error than a record that names what is gone; prepared anew it is taken."""
    record, ready = shop(li), li.prepare_photo(large())
    age(workshop.wall, folder, 8)
    assert li.tidy_photos().stray == 2
    with pytest.raises(StoreError):
        li.attach(record, ready)
    assert (li.read(record).get("photos"), li.photos()) == (None, [])
    assert li.attach(record, large()).photo["sha256"] == ready.original.sha256


def test_a_photo_attached_while_it_is_swept_stays(
    workshop: Workshop, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the looking and the removing another program names it."""
    li, again = workshop.tablet("李"), workshop.tablet("李")
    [name] = left_behind(li, small())
    record, looked = shop(li), sweeping.Sweeper.litter
    age(workshop.wall, folder, 8)

    def meanwhile(sweeper: sweeping.Sweeper, *, now: bool = False) -> list[sweeping.Litter]:
        found = looked(sweeper, now=now)
        again.attach(record, small())
        return found

    monkeypatch.setattr(sweeping.Sweeper, "litter", meanwhile)
    assert li.tidy_photos().stray == 0
    assert lying_in(folder) == {name}


def test_a_colleague_s_photos_taken_along_stay(workshop: Workshop, tmp_path: Path) -> None:
    """Carried for another tablet, they are named by no record here."""
    li, wang = workshop.tablet("李"), workshop.tablet("王", WANG)
    photographed(li, large(), small())
    li.export_outbox(tmp_path / "li.zip")
    wang.import_rescue(tmp_path / "li.zip")
    carried = tmp_path / "王.db-photos"
    age(workshop.wall, carried, 100)
    assert wang.tidy_photos(now=True).stray == 0
    assert len(lying_in(carried)) == 3


# -- without a network, and at the terminal ------------------------------------------------------------


def test_no_network_is_needed_for_what_is_nobody_s(workshop: Workshop, folder: Path) -> None:
    """The verified photos stay until the office confirms them; the error says what went all the same."""
    li = workshop.tablet("李")
    photographed(li, large())
    li.sync()
    li.send_photos(now=True)
    left_behind(li, small("stray"))
    age(workshop.wall, folder, 8)
    li.close()
    cut_off = Breaks(InProcessTransport(workshop.office), 1, cut, arrives=True, again=True)
    offline = workshop.tablet("李", transport=cut_off)
    with pytest.raises(Unreachable) as told:
        offline.tidy_photos(now=True)
    assert told.value.tidied is not None
    assert (told.value.tidied.files, told.value.tidied.stray, len(lying_in(folder))) == (0, 1, 2)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal with a photo, the picture drawn of it, and what a kill has left."""
    made = photo_terminal(tmp_path)
    (tmp_path / "front.jpg").write_bytes(jpeg("front"))
    made.types("attach", LAO_WANG, str(tmp_path / "front.jpg"))
    with made.client() as client:
        [photo] = client.read(LAO_WANG)["photos"]
        client.watermarked(LAO_WANG, photo["sha256"])
        left_behind(client, small("stray"))
    age(made.wall, made.folder, 8)
    return made


def test_the_terminal_tells_how_many_went(terminal: Terminal) -> None:
    """By kind, reckoned first if one likes, also where there is no network."""
    for words, told in (
        ("可清理", terminal.types("photos", "tidy", "--dry-run")),
        ("已清理", terminal.types("photos", "tidy")),
    ):
        assert told.exit_code == 0
        assert f"{words} 1 张看图时画的图" in told.stdout
        assert f"{words} 1 个没有任何记录提到的文件" in told.stdout
    assert "没有可清理的文件 None" in terminal.types("photos", "tidy").stdout


def test_the_terminal_tells_what_went_before_the_network_failed(terminal: Terminal) -> None:
    """The exit code is that of the network."""
    terminal.types("sync")
    terminal.wall.forward(400 * DAY_S)
    terminal.transport = Breaks(terminal.network(), 1, cut, arrives=False, again=True)
    told = terminal.types("photos", "tidy")
    assert (told.exit_code, "已清理 1 个没有任何记录提到的文件" in told.stdout) == (4, True)
