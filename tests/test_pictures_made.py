"""Pictures made from pictures: small, upright, and with nothing of where, when and by whom left in them."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from schemas.problems import Refusal
from server.pictures.deriving import SIDES, Derived, derived
from server.pictures.pairing import Side, side_by_side
from server.usecases.find_font import chinese_font
from tests import pictures

TOLD: dict[str, Any] = {
    "taken_at": "2020-07-18T08:15:30+08:00",
    "position": (42.0, 121.6),
    "camera": ("HUAWEI", "BZT-W09"),
    "software": "Camera 1.0",
}
#: Where a JPEG keeps what is not the picture: application segments but the first, and comments.
_BESIDE = frozenset({*range(0xE1, 0xF0), 0xFE})


def opened(made: bytes) -> Image.Image:
    return Image.open(io.BytesIO(made))


def segments(made: bytes) -> list[int]:
    """Return the markers of a JPEG up to its data, and make sure that nothing stands behind its end."""
    assert made[:2] == b"\xff\xd8"
    assert made[-2:] == b"\xff\xd9"
    found, at = [], 2
    while made[at + 1] != 0xDA:
        assert made[at] == 0xFF
        found.append(made[at + 1])
        at += 2 + int.from_bytes(made[at + 2 : at + 4], "big")
    assert made.count(b"\xff\xd9") == 1
    return found


@pytest.mark.parametrize("what", ["thumb", "view"])
@pytest.mark.parametrize(("width", "height"), [(4000, 3000), (300, 2100), (200, 100), (1, 3000)])
def test_they_are_small_and_say_nothing(what: Derived, width: int, height: int) -> None:
    """No side is longer than it may be, none is drawn larger than it was, and no metadata is left."""
    made = derived(pictures.jpeg("街景", width, height, **TOLD), what)
    found = opened(made)
    assert max(found.size) == min(SIDES[what], max(width, height))
    assert not _BESIDE & set(segments(made))
    assert not found.getexif()
    assert b"HUAWEI" not in made


@pytest.mark.parametrize("orientation", range(1, 9))
def test_they_stand_upright_however_the_tablet_was_held(orientation: int) -> None:
    """A sky above grass stays above, for all eight ways of saying so."""
    seen = Image.new("RGB", (90, 60), (60, 160, 60))
    seen.paste((80, 140, 255), (0, 0, 90, 30))
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    held = seen.transpose(Image.Transpose(turns[orientation])) if orientation > 1 else seen
    photo = pictures.saved(held, "JPEG", exif=pictures.exif(orientation=orientation), quality=95)
    made = opened(derived(photo, "view"))
    assert made.size == (90, 60)
    assert ImageStat.Stat(ImageChops.difference(made.convert("RGB"), seen)).rms < [12, 12, 12]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "HEIF"])
def test_every_kind_that_is_taken_becomes_jpeg(kind: str) -> None:
    """Whatever a telephone saves, an office computer can show it."""
    made = derived(pictures.saved(pictures.scene(kind, 400, 300), kind), "thumb")
    assert (opened(made).format, opened(made).size) == ("JPEG", (320, 240))


def test_what_is_no_picture_is_refused() -> None:
    """As everywhere else."""
    with pytest.raises(Refusal, match="photo_kind_unknown"):
        derived(b"<html>no picture</html>", "thumb")


def test_before_and_after_stand_side_by_side() -> None:
    """Both of one height, the first on the left, with words where a font for them is there, and numbers else."""
    red = pictures.saved(Image.new("RGB", (400, 300), (200, 0, 0)), "JPEG")
    green = pictures.saved(Image.new("RGB", (300, 400), (0, 160, 0)), "JPEG")
    sheets = [
        opened(side_by_side(Side(red, "2020-07-18 08:15"), Side(green, ""), font)) for font in {None, chinese_font()}
    ]
    for sheet in sheets:
        assert sheet.size == (1280 + 12 + 720, 960 + 64)
        assert sheet.getpixel((640, 480)) == pytest.approx((200, 0, 0), abs=6)
        assert sheet.getpixel((1292 + 360, 480)) == pytest.approx((0, 160, 0), abs=6)
        # Something is written under both.
        for left, right in ((0, 1280), (1292, 2012)):
            assert min(sheet.convert("L").crop((left, 965, right, 1020)).tobytes()) < 80


def test_a_panorama_and_a_tower_fit_beside_each_other() -> None:
    """No picture pushes the other off the sheet."""
    wide = pictures.jpeg("panorama", 4000, 100)
    high = pictures.jpeg("tower", 20, 3000)
    sheet = opened(side_by_side(Side(wide, "2020-07-18 08:15"), Side(high, "2020-07-18 09:00")))
    assert sheet.size == (1600 + 12 + 6, 1024)


def test_a_font_is_taken_at_its_word_only_when_it_writes(tmp_path: Path) -> None:
    """A file that is called like a Chinese font and is none is passed over; a folder without any gives none."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "NotoSansCJK-Torn.ttc").write_bytes(b"no font")
    assert chinese_font((tmp_path,)) is None
    assert chinese_font((tmp_path / "not there",)) is None
