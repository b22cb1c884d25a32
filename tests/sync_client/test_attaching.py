"""Taking a photo: judged on the spot, kept before it is named, and the little that a full disk or a kill may leave."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from schemas.pictures import look
from schemas.problems import Refusal
from sync_client import originals
from sync_client.client import FieldClient
from sync_client.errors import NoSuchRecord, StoreError, StoreFull
from sync_client.photos.errors import PhotoAway
from sync_client.pictures import showing
from sync_client.pictures.watermark import Marked, watermarked
from tests.pictures import jpeg, noise, saved, scene
from tests.sync_client.tablets import GRID_7, WANG, Workshop, shop
from tests.sync_client.terminals import LAO_WANG, Terminal

#: What the clock on the wall says: NOON.
NOW = "2020-07-15T16:00:00+08:00"
HERE = {"lat": 42.0189, "lon": 121.6542, "crs": "wgs84", "accuracy_m": 8, "fix_source": "gnss"}
LARGE = saved(scene("门前", 2_400, 1_800), "JPEG", quality=95)


def photo_of(record: Any) -> dict[str, Any]:
    """Return the one photo of a record."""
    [photo] = record["photos"]
    found: dict[str, Any] = photo
    return found


def files_in(folder: Path) -> list[Path]:
    """Return every file in a tablet's photo folder."""
    return sorted(place for place in folder.glob("*.db-photos/**/*") if place.is_file())


# -- what is written ----------------------------------------------------------------------------------


def test_a_photo_of_the_camera_is_kept_with_its_copy(li: FieldClient, tmp_path: Path) -> None:
    """The original byte for byte, the copy beside it, both named by the record and both to be sent."""
    record = li.attach(shop(li), LARGE, role="overview", position=HERE)
    photo = photo_of(record)
    assert {place.name for place in files_in(tmp_path)} == {photo["sha256"], photo["copy"]}
    kept = {place.name: place.read_bytes() for place in files_in(tmp_path)}
    assert kept[photo["sha256"]] == LARGE
    assert look(kept[photo["copy"]]).width == 1_920
    assert {(file.sha256, file.of) for file in li.photos(record)} == {
        (photo["sha256"], None),
        (photo["copy"], photo["sha256"]),
    }
    assert {name: photo.get(name) for name in ("role", "taken_at", "origin", "position", "flags")} == {
        "role": "overview",
        "taken_at": NOW,
        "origin": "camera",
        "position": HERE,
        "flags": None,
    }


def test_a_small_jpeg_travels_as_it_is(li: FieldClient, tmp_path: Path) -> None:
    """No copy is made, and none is named."""
    photo = photo_of(li.attach(shop(li), jpeg()))
    assert "copy" not in photo
    assert [place.name for place in files_in(tmp_path)] == [photo["sha256"]]


def test_the_picture_says_when_and_where(li: FieldClient) -> None:
    """Chosen from the gallery: its own time and place; the caller's word goes before both."""
    told: dict[str, Any] = {"taken_at": "2020-07-15T15:50:00+08:00", "position": (42.0189, 121.6542)}
    photo = photo_of(li.attach(shop(li), jpeg("a", **told), origin="gallery"))
    assert photo["taken_at"] == told["taken_at"]
    assert photo["position"] == {"lat": 42.0189, "lon": 121.6542, "crs": "wgs84", "fix_source": "photo"}
    assert photo["flags"] == ["gallery"]
    given = photo_of(li.attach(shop(li), jpeg("b", **told), taken_at=NOW, position=HERE))
    assert (given["taken_at"], given["position"]) == (NOW, HERE)


def test_a_picture_without_time_gets_one_only_where_it_was_just_taken(workshop: Workshop, li: FieldClient) -> None:
    """The tablet's clock, corrected, is a witness of the moment; of a picture found later it knows nothing."""
    workshop.wall.forward(90)
    assert photo_of(li.attach(shop(li), jpeg(1)))["taken_at"] == "2020-07-15T16:01:30+08:00"
    found = photo_of(li.attach(shop(li), jpeg(2), origin="gallery"))
    assert "taken_at" not in found
    assert found["flags"] == ["gallery", "no_time"]


def test_a_photo_far_from_its_check_is_flagged(li: FieldClient) -> None:
    """From the hour of the check, and from the shop's own place in the register."""
    front = li.create("shop", grid=GRID_7, name="老王修车", category="repair", position=HERE)
    items = dict.fromkeys(("H1", "H2", "H3", "G1", "G2", "G4", "O2", "O3", "O4", "O5", "O6"), 0)
    check = li.create(
        "shop_check",
        grid=GRID_7,
        set=checked(front.id, items | {"H4": 0, "H5": False, "G3": False, "O1": False}),
    )
    away: dict[str, Any] = {"taken_at": "2020-07-15T15:20:00+08:00", "position": (42.03, 121.6542)}
    assert photo_of(li.attach(check, jpeg("a", **away)))["flags"] == ["time_far", "position_far"]
    near: dict[str, Any] = {"taken_at": "2020-07-15T15:40:00+08:00", "position": (42.0190, 121.6542)}
    later = li.attach(check.id, jpeg("b", **near), role="near", item="H1")["photos"]
    assert [photo.get("flags") for photo in later if photo["role"] == "near"] == [None]


@pytest.mark.parametrize(
    ("says", "far"),
    [
        ("2010-07-15T16:00:00+08:00", True),
        ("2020-07-15T15:29:00+08:00", True),
        ("2020-07-15T15:31:00+08:00", False),
        ("2020-07-15T16:29:00+08:00", False),
        ("2020-07-15T16:31:00+08:00", True),
        ("2026-07-15T16:00:00+08:00", True),
        ("2099-12-31T23:59:59-12:00", True),
        ("9999-12-31T23:59:59-12:00", True),
    ],
)
@pytest.mark.parametrize("origin", ["camera", "gallery"])
@pytest.mark.parametrize("of", ["a check", "a shop"])
def test_the_photo_s_own_clock_years_behind_and_years_ahead(
    li: FieldClient, origin: Any, of: str, says: str, *, far: bool
) -> None:
    """Alike in both directions, also where the check itself bears no time and the tablet's clock has to do."""
    items = dict.fromkeys(("H1", "H2", "H3", "H4", "G1", "G2", "G4", "O2", "O3", "O4", "O5", "O6"), 0)
    record = shop(li)
    if of == "a check":
        record = li.create(
            "shop_check", grid=GRID_7, set=checked(record, items | {"H5": False, "G3": False, "O1": False})
        ).id
    photo = photo_of(li.attach(record, jpeg(says, taken_at=says), origin=origin))
    assert ("time_far" in photo.get("flags", ())) is far


def test_nothing_was_photographed_after_now(li: FieldClient) -> None:
    """A check dated ahead by a wrong clock does not vouch for a photo of the same clock, once the clock is right."""
    items = dict.fromkeys(("H1", "H2", "H3", "H4", "G1", "G2", "G4", "O2", "O3", "O4", "O5", "O6"), 0)
    ahead = "2025-07-15T16:00:00+08:00"
    fields = checked(shop(li), items | {"H5": False, "G3": False, "O1": False}) | {"observed_at": ahead}
    check = li.create("shop_check", grid=GRID_7, set=fields)
    assert photo_of(li.attach(check, jpeg(taken_at=ahead)))["flags"] == ["time_far"]


def checked(target: str, items: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a check of a shop."""
    return {
        "target_id": target,
        "inspector_id": "00000000-0000-7000-8000-00000000001a",
        "inspector_role": "grid_worker",
        "mode": "routine",
        "observed_at": NOW,
        "form_version": "shop-1",
        "has_green": True,
        "position": HERE | {"lat": 42.05},
        "items": items,
    }


def test_a_simulated_position_and_an_edited_picture_are_flagged(li: FieldClient) -> None:
    """Facts, told with the photo, and the photo is taken all the same."""
    photo = photo_of(li.attach(shop(li), jpeg(software="Adobe Photoshop 2024"), position=HERE, mock=True))
    assert photo["flags"] == ["mock_position", "edited"]


def test_a_prepared_photo_is_named_later(li: FieldClient, tmp_path: Path) -> None:
    """Looking takes its time before a transaction is held; what is named is what was looked at."""
    picture = tmp_path / "near.jpg"
    picture.write_bytes(jpeg("门前"))
    ready = li.prepare_photo(picture)
    picture.write_bytes(jpeg("another"))
    assert not li.photos()
    with li.batch():
        record = li.attach(shop(li), ready)
    assert photo_of(record)["sha256"] == ready.original.sha256


# -- on the spot --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"hello", "photo_kind_unknown"),
        (b"", "photo_kind_unknown"),
        (jpeg()[:-60], "photo_damaged"),
        (saved(noise("雪", 64, 48), "HEIF")[:-900], "photo_damaged"),
        (jpeg() + bytes(32 << 20), "photo_too_large"),
    ],
)
def test_what_is_no_sound_picture_leaves_nothing_behind(
    li: FieldClient, tmp_path: Path, content: bytes, code: str
) -> None:
    """The worker stands there and can take it again: refused from memory as from a file, and nothing is kept."""
    record = shop(li)
    waiting = li.status().waiting
    file = tmp_path / "near.jpg"
    file.write_bytes(content)
    for photo in (content, file):
        with pytest.raises(Refusal) as refused:
            li.attach(record, photo)
        assert refused.value.code == code
    assert files_in(tmp_path) == []
    assert (li.status().waiting, li.photos()) == (waiting, [])


def test_a_photo_of_nothing_is_not_kept(li: FieldClient, tmp_path: Path) -> None:
    """A record that the tablet does not hold is told before a byte is written."""
    with pytest.raises(NoSuchRecord):
        li.attach("00000000-0000-7000-8000-0000000000ff", jpeg())
    assert files_in(tmp_path) == []


# -- a full disk, a kill ------------------------------------------------------------------------------


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A disk with room for so many more bytes of photos."""
    room = [0]
    write = originals._write_through

    def written(place: Path, data: bytes) -> None:
        if len(data) > room[0]:
            place.with_name(f"{place.name}.part").write_bytes(data[: room[0]])
            place.with_name(f"{place.name}.part").unlink()
            raise OSError(originals.NO_SPACE, "No space left on device")
        room[0] -= len(data)
        write(place, data)

    monkeypatch.setattr(originals, "_write_through", written)
    return room


@pytest.mark.parametrize("room", [0, len(LARGE)])
def test_a_full_disk_is_told_and_nothing_is_half_written(
    li: FieldClient, tmp_path: Path, tight: list[int], room: int
) -> None:
    """No room for the original, or none for the copy: neither is left or named by a record; later both are kept."""
    record = shop(li)
    waiting = li.status().waiting
    tight[0] = room
    with pytest.raises(StoreFull):
        li.attach(record, LARGE)
    assert files_in(tmp_path) == []
    assert (li.status().waiting, li.photos()) == (waiting, [])
    tight[0] = 10 << 20
    assert photo_of(li.attach(record, LARGE))["copy"]
    assert len(files_in(tmp_path)) == 2


class Killed(BaseException):
    """The program is gone."""


def test_killed_between_the_files_and_the_record(
    li: FieldClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files lie there, named by nothing; taken again, they are found, and nothing is there twice."""
    record = shop(li)
    waiting = li.status().waiting

    def killed(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as world:
        world.setattr("sync_client.album.Album.take", killed)
        with pytest.raises(Killed):
            li.attach(record, LARGE)
    kept = files_in(tmp_path)
    assert len(kept) == 2
    assert (li.status().waiting, li.photos(), li.read(record).get("photos")) == (waiting, [], None)
    li.attach(record, LARGE)
    assert files_in(tmp_path) == kept


# -- with its watermark -------------------------------------------------------------------------------


def test_a_photo_is_shown_with_its_watermark(li: FieldClient, tmp_path: Path) -> None:
    """Drawn from the copy when somebody asks; nothing of it is to be sent, and the original stays as it was."""
    record = li.attach(shop(li), LARGE, role="after", position=HERE)
    before = li.photos()
    photo = photo_of(record)
    shown = li.watermarked(record, photo["sha256"])
    picture = look(shown.read_bytes())
    assert (picture.kind, picture.width, picture.height) == ("jpeg", 1_920, 1_440)
    assert picture.taken_at is None
    assert li.photos() == before
    again = shown.read_bytes()
    assert li.watermarked(record.id, photo["sha256"]) == shown
    assert shown.read_bytes() == again
    li.edit(record, name="王记修车行")
    assert li.watermarked(record.id, photo["sha256"]).read_bytes() != again


def test_a_watermark_names_whoever_took_the_photo(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Li took it; that Wang edits the shop afterwards does not put her name on it."""
    tablet = workshop.tablet("共用")
    tablet.enrol(workshop.office.invite("code-two", WANG, "王"), device_name="共用")
    record = tablet.attach(shop(tablet), jpeg())
    tablet.switch_person(WANG)
    tablet.edit(record.id, name="王记修车行")
    told: list[str] = []

    def drawn(source: bytes, lines: Sequence[str]) -> Marked:
        told.extend(lines)
        return watermarked(source, lines)

    monkeypatch.setattr(showing, "watermarked", drawn)
    tablet.watermarked(record.id, photo_of(record)["sha256"])
    assert {"王记修车行", "记录人 共用"} <= set(told)


def test_what_cannot_be_shown_is_told(li: FieldClient, tmp_path: Path) -> None:
    """A photo of another record, one whose files are gone, a folder that cannot be written to."""
    record = li.attach(shop(li), LARGE)
    sha256 = photo_of(record)["sha256"]
    with pytest.raises(Refusal, match="photo_not_named"):
        li.watermarked(shop(li, "别家"), sha256)
    (tmp_path / "李.db-photos" / "shown").write_text("in the way")
    with pytest.raises(StoreError):
        li.watermarked(record, sha256)
    for place in files_in(tmp_path):
        place.unlink()
    with pytest.raises(PhotoAway):
        li.watermarked(record, sha256)


# -- at the terminal ----------------------------------------------------------------------------------


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """The terminal of Li's tablet, with the registers on it."""
    made = Terminal(tmp_path / "tablet")
    made.enrol()
    return made


def test_the_terminal_tells_sizes_flags_and_what_is_missing(terminal: Terminal, tmp_path: Path) -> None:
    """Before the worker goes on to the next shop."""
    picture = tmp_path / "large.jpg"
    picture.write_bytes(LARGE)
    answers = ("-a", "a", "-a", "H1 5", "-a", "l 42.0189,121.6542", "-a", "d open_now=是", "--yes")
    terminal.types("record", "shop", "--target", "SH-0001", *answers)
    check = terminal.json("list", "shop_check")["records"][0]["id"]
    told = terminal.types("attach", check, str(picture), "--item", "H1", "--gallery", "--position", "42.1,121.6542,5")
    assert told.exit_code == 0
    for words in (
        "副本",
        "KB",
        "相册导入",
        "拍摄位置离检查对象较远",
        "照片没有拍摄时间",
        "还缺照片",
        "全景",
        "photos still missing",
    ):
        assert words in told.stdout
    [photo] = terminal.json("show", check)["fields"]["photos"]
    assert photo["position"] == {"lat": 42.1, "lon": 121.6542, "accuracy_m": 5, "crs": "wgs84"}


@pytest.mark.parametrize("position", ["42", "here", "42,121,8,9", "95,121", "42,-"])
def test_a_position_that_is_none_is_a_slip(terminal: Terminal, tmp_path: Path, position: str) -> None:
    """Told, and nothing is kept."""
    picture = tmp_path / "near.jpg"
    picture.write_bytes(jpeg())
    assert terminal.types("attach", LAO_WANG, str(picture), "--position", position).exit_code == 1
    assert terminal.json("status")["photos_waiting"] == 0


def test_photos_of_a_check_go_along_with_it(terminal: Terminal, tmp_path: Path) -> None:
    """Named while the check is made, one of them from the gallery."""
    for name in ("front.jpg", "near.jpg"):
        (tmp_path / name).write_bytes(jpeg(name))
    lines = ("a", f"p {tmp_path / 'front.jpg'}", f"p H1 近景 +相册 {tmp_path / 'near.jpg'}", "l 1", "d open_now=是")
    answers = [word for line in lines for word in ("-a", line)]
    made = terminal.json("record", "shop", "--target", "SH-0001", *answers, "--yes")["record"]
    photos = {photo["role"]: photo["origin"] for photo in made["fields"]["photos"]}
    assert photos == {"overview": "camera", "near": "gallery"}


def test_what_is_no_picture_keeps_the_check_a_draft(terminal: Terminal, tmp_path: Path) -> None:
    """Damaged between naming and saving: nothing is saved by halves."""
    picture = tmp_path / "near.jpg"
    picture.write_bytes(jpeg())
    terminal.types("record", "shop", keys=f"12\n1\n\na\np {picture}\nq\n")
    picture.write_bytes(jpeg()[:-60])
    told = terminal.types("record", keys="\n\n")
    assert told.exit_code == 1
    assert "重新拍" in told.stdout
    assert (terminal.json("status")["waiting"], terminal.json("status")["drafts"]) == (0, 1)
