"""What counts as a picture: what cameras and telephones write, what people send by mistake, and what is meant ill."""

import io
import struct
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms

from schemas.fields import Instant
from schemas.photos import MAX_FILE_BYTES
from schemas.pictures import HEAD_BYTES, MAX_PIXELS, kind_of, look, look_upright, upright
from schemas.problems import Refusal
from tests.pictures import exif, jpeg, large_webp, noise, saved, scene

MOMENT = "2020-07-18T08:15:30+08:00"
KINDS = {"JPEG": "jpeg", "PNG": "png", "WEBP": "webp", "HEIF": "heic"}
RED, WHITE = (255, 0, 0), (255, 255, 255)


def near(one: Any, other: tuple[int, ...], most: int = 12) -> bool:
    """Say whether two colours are one, but for what packing does to them."""
    return all(abs(a - b) <= most for a, b in zip(one, other, strict=True))


def flag() -> Image.Image:
    """Return a picture of 64 by 32 points that shows how it is turned: red at the top left, blue at the top right."""
    made = Image.new("RGB", (64, 32), "white")
    made.paste("red", (0, 0, 24, 12))
    made.paste("blue", (40, 0, 64, 12))
    return made


# -- kinds --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("written", "kind"), KINDS.items())
def test_a_picture_is_known_by_its_content(written: str, kind: str) -> None:
    """There is no name to go by; every kind is seen to its last pixel, and its size told."""
    content = saved(scene("门前", 40, 30), written)
    seen = look(content)
    assert (seen.kind, seen.width, seen.height) == (kind, 40, 30)
    assert kind_of(content[:HEAD_BYTES]) == kind
    assert upright(content).size == (40, 30)
    assert look(io.BytesIO(content)) == seen


def test_several_pictures_in_one_file_are_one_photo() -> None:
    """A telephone's JPEG with a second picture, a moving WebP, a moving PNG: the first is the photo."""
    more = {"save_all": True, "append_images": [Image.new("RGB", (16, 16), "blue")]}
    for written, kind in {"MPO": "jpeg", "PNG": "png", "WEBP": "webp", "HEIF": "heic"}.items():
        content = saved(Image.new("RGB", (16, 16), "red"), written, **more)
        assert look(content).kind == kind
        assert near(upright(content).getpixel((8, 8)), RED)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        "照片".encode(),
        bytes(100_000),
        saved(scene(), "GIF"),
        saved(scene(), "BMP"),
        saved(scene(), "TIFF"),
        b"%PDF-1.7",
        b"\0\0\0\x18ftypavif" + bytes(40),
        b"RIFF\x10\0\0\0WAVE",
        # 44 bytes that say they are a picture of a thousand million points.
        b"GIF89a" + struct.pack("<HH", 32_000, 32_000) + bytes(34),
    ],
)
def test_what_is_no_photo_is_refused(content: bytes) -> None:
    """Nothing, text, zeros, a kind that no camera writes: one refusal, and nothing is decoded."""
    for judge in (look, upright):
        with pytest.raises(Refusal) as refused:
            judge(content)
        assert refused.value.code == "photo_kind_unknown"


@pytest.mark.parametrize("written", KINDS)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
def test_a_picture_cut_off_is_damaged_not_unknown(written: str, part: float) -> None:
    """The card was pulled out, the copy broke off: it is to be taken again, whatever of it can be seen."""
    content = saved(noise("门前", 64, 48), written)
    for judge in (look, upright):
        with pytest.raises(Refusal) as refused:
            judge(content[: int(len(content) * part)])
        assert refused.value.code == "photo_damaged"


class FailingCard(io.BytesIO):
    """A card that gives its first bytes and then fails."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, until the card fails."""
        if self.tell() + (size if size and size > 0 else 1 << 30) > 400:
            raise OSError(5, "Input/output error")
        return super().read(size)


def test_a_card_that_fails_is_no_damaged_picture() -> None:
    """Nobody may be told that his photo is bad because the disk is."""
    for written in KINDS:
        with pytest.raises(OSError, match="Input/output"):
            look(FailingCard(saved(noise("门前", 64, 48), written)))


def test_a_file_too_large_to_travel_is_refused() -> None:
    """However good the picture in it is."""
    content = jpeg() + bytes(MAX_FILE_BYTES)
    for source in (content, io.BytesIO(content)):
        with pytest.raises(Refusal) as refused:
            look(source)
        assert (refused.value.code, refused.value.details) == ("photo_too_large", {"limit": "32 MiB"})


# -- how it is seen -----------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_seen_upright(orientation: int) -> None:
    """However the camera was held, red is at the top left: 8 ways, and the size as it is seen."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    held = flag() if orientation == 1 else flag().transpose(Image.Transpose(undo[orientation]))
    content = saved(held, "JPEG", quality=95, exif=exif(orientation=orientation))
    seen, shown = look(content), upright(content)
    assert (seen.width, seen.height, seen.orientation) == (64, 32, orientation)
    assert shown.size == (64, 32)
    assert near(shown.getpixel((6, 5)), RED, 40)
    assert near(shown.getpixel((58, 5)), (0, 0, 255), 40)


@pytest.mark.parametrize(
    "content",
    [
        saved(scene("门前", 400, 300), "JPEG", exif=exif(MOMENT, (42.0125, 121.625), orientation=6)),
        *(saved(scene("门前", 400, 300), written) for written in KINDS),
        saved(scene("门前", 400, 300).convert("P"), "PNG"),
        saved(noise("门前", 90, 70), "JPEG")[:-800],
        b"<html>",
    ],
)
def test_one_look_says_and_shows_what_two_would(content: bytes) -> None:
    """Whoever needs both has it decoded once, and finds the same, or the same refusal."""
    try:
        expected = look(content), upright(content, 100).tobytes()
    except Refusal as refusal:
        with pytest.raises(Refusal, match=refusal.code):
            look_upright(content, 100)
        return
    seen, shown = look_upright(io.BytesIO(content), 100)
    assert (seen, shown.tobytes()) == expected


@pytest.mark.parametrize("orientation", [0, 9, 300])
def test_an_impossible_orientation_counts_as_none(orientation: int) -> None:
    """Some programs write zero."""
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    seen = look(saved(flag(), "JPEG", exif=tags.tobytes()))
    assert (seen.width, seen.height, seen.orientation) == (64, 32, 1)


def test_a_heic_is_not_turned_twice() -> None:
    """Its container says how it is turned, and its reader does it; the EXIF beside says it a second time."""
    content = saved(flag().transpose(Image.Transpose.ROTATE_90), "HEIF", exif=exif(orientation=6), quality=95)
    shown = upright(content)
    assert shown.size == (64, 32)
    assert near(shown.getpixel((6, 5)), RED, 60)
    assert look(content)[1:4] == (64, 32, 1)


def test_what_is_transparent_is_white() -> None:
    """A drawing without ground is shown on paper, not on black."""
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    half = Image.new("LA", (8, 8), (0, 128))
    index = Image.new("P", (8, 8), 0)
    index.putpalette([0, 0, 0, *RED])
    assert upright(saved(clear, "PNG")).getpixel((4, 4)) == WHITE
    assert upright(saved(clear, "WEBP", lossless=True), 4).getpixel((2, 2)) == WHITE
    assert near(upright(saved(half, "PNG")).getpixel((4, 4)), (127, 127, 127))
    assert upright(saved(index, "PNG", transparency=0)).getpixel((4, 4)) == WHITE


@pytest.mark.parametrize(
    ("image", "written", "shown"),
    [
        (Image.new("L", (8, 8), 90), "JPEG", (90, 90, 90)),
        (Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", RED),
        (Image.new("I;16", (8, 8), 40_000), "PNG", (156, 156, 156)),
        (Image.new("1", (8, 8), 1), "PNG", WHITE),
        (Image.new("RGB", (8, 8), "red").convert("P"), "PNG", RED),
    ],
)
def test_every_kind_of_colour_is_shown(image: Image.Image, written: str, shown: tuple[int, ...]) -> None:
    """Grey, ink, sixteen bits, black and white, a palette: as a screen shows it."""
    for most in (None, 4):
        assert near(upright(saved(image, written), most).getpixel((2, 2)), shown)


def test_the_colours_of_a_wide_screen_are_kept() -> None:
    """A telephone's profile is followed; one that is none, or far too long, is left out."""
    usual = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # A screen whose red lamp shines green, and whose green one red.
    odd = usual.replace(b"rXYZ", b"oXYZ").replace(b"gXYZ", b"rXYZ").replace(b"oXYZ", b"gXYZ")
    odd = odd.replace("sRGB".encode("utf-16-be"), "奇RGB".encode("utf-16-be"))
    for profile, colour in {
        odd: (0, 255, 0),
        usual: RED,
        b"none": RED,
        odd[:100]: RED,
        odd + bytes(2 << 20): RED,
    }.items():
        content = saved(Image.new("RGB", (8, 8), "red"), "JPEG", icc_profile=profile, quality=95)
        assert near(upright(content).getpixel((4, 4)), colour)


def test_a_shown_picture_says_nothing() -> None:
    """No time, no place, no profile, no comment goes along."""
    content = saved(scene(), "JPEG", exif=exif(taken_at=MOMENT, position=(42.0, 121.6)), comment=b"at home")
    for most in (None, 16):
        shown = upright(content, most)
        assert not shown.info
        assert not shown.getexif()
        assert b"at home" not in saved(shown, "JPEG")


# -- what it says -------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", KINDS)
def test_time_place_and_camera_are_read(written: str) -> None:
    """From every kind of file that can say so."""
    told = exif(taken_at=MOMENT, position=(42.0189, -121.6542), camera=("HUAWEI", "AGS3"), software="Snapseed 2.19")
    seen = look(saved(scene(), written, exif=told))
    assert seen[4:] == (MOMENT, 42.0189, -121.6542, "HUAWEI AGS3", "Snapseed 2.19", None)


def test_chinese_in_a_tag_is_read() -> None:
    """Programs write UTF-8 where the standard knows only ASCII."""
    assert look(jpeg(software="美图秀秀".encode())).software == "美图秀秀"


def tagged(times: dict[int, Any] | None = None, gps: dict[int, Any] | None = None) -> bytes:
    """Return a picture whose camera wrote strange things."""
    tags = Image.Exif()
    tags.get_ifd(ExifTags.IFD.Exif).update(times or {})
    tags.get_ifd(ExifTags.IFD.GPSInfo).update(gps or {})
    return saved(scene(), "JPEG", exif=tags.tobytes())


_TAKEN, _SCANNED = ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized
_ZONE = ExifTags.Base.OffsetTimeOriginal


@pytest.mark.parametrize(
    ("times", "read"),
    [
        ({_TAKEN: "2020:07:18 08:15:30"}, MOMENT),
        ({_TAKEN: "2020:07:18 08:15:30", _ZONE: "+09:30"}, "2020-07-18T08:15:30+09:30"),
        ({_TAKEN: "2020:07:18 08:15:30", _ZONE: "   :  "}, MOMENT),
        ({_TAKEN: "2020:07:18 08:15:30", _ZONE: "+99:00"}, MOMENT),
        ({_TAKEN: "2020:07:18 08:15:30.25"}, MOMENT),
        ({_TAKEN: "0000:00:00 00:00:00", _SCANNED: "2020:07:18 08:15:30"}, MOMENT),
        ({_TAKEN: "0000:00:00 00:00:00"}, None),
        ({_TAKEN: "1970:01:01 08:00:00"}, None),
        ({_TAKEN: "2020:02:30 08:15:30"}, None),
        ({_TAKEN: "2020:07:18 24:00:00"}, None),
        ({_TAKEN: "    :  :     :  :  "}, None),
        ({_TAKEN: ""}, None),
        ({_TAKEN: "昨天".encode()}, None),
        ({}, None),
    ],
)
def test_a_time_that_cannot_be_is_none(times: dict[int, Any], read: str | None) -> None:
    """What is read can be written into a record as it is; Beijing time where the camera names no zone."""
    seen = look(tagged(times)).taken_at
    assert seen == read
    if seen:
        assert Instant().deserialize(seen) == seen


_LAT, _LON = ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLongitude
_HERE = {_LAT: (42.0, 1.0, 8.4), _LAT - 1: "N", _LON: (121.0, 39.0, 15.0), _LON - 1: "E"}


@pytest.mark.parametrize(
    ("changed", "read"),
    [
        ({}, (42.019, 121.654167)),
        ({_LAT - 1: "S", _LON - 1: "W"}, (-42.019, -121.654167)),
        ({_LAT - 1: "", _LON - 1: ""}, (42.019, 121.654167)),
        ({_LAT: (91.0, 0.0, 0.0)}, None),
        ({_LON: (180.0, 0.0, 1.0)}, None),
        ({_LAT: (42.0, 61.0, 0.0)}, None),
        ({_LAT: (42.0, 1.0)}, None),
        ({_LAT: (0.0, 0.0, 0.0), _LON: (0.0, 0.0, 0.0)}, None),
        ({_LAT: None}, None),
    ],
)
def test_a_place_that_cannot_be_is_none(changed: dict[int, Any], read: tuple[float, float] | None) -> None:
    """Half a place is no place either."""
    gps = {tag: value for tag, value in (_HERE | changed).items() if value is not None}
    seen = look(tagged(gps=gps))
    assert (seen.lat, seen.lon) == (pytest.approx(read) if read else (None, None))


def test_how_exact_a_place_is_told() -> None:
    """Only beside a place, and only where it can be."""
    error = ExifTags.GPS.GPSHPositioningError
    assert look(tagged(gps=_HERE | {error: 8.5})).accuracy_m == 8.5
    assert look(tagged(gps={error: 8.5})).accuracy_m is None
    assert look(tagged(gps=_HERE | {error: 0.0})).accuracy_m is None


# -- meant ill ----------------------------------------------------------------------------------------


def chunk(name: bytes, body: bytes) -> bytes:
    """Return one chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, beside: bytes = b"") -> bytes:
    """Return a PNG that says it has so many points, and has four rows of four."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = zlib.compress(bytes(13 * 4))
    return b"\x89PNG\r\n\x1a\n" + head + beside + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def large_jpeg() -> bytes:
    """Return a small JPEG that says it is 60,000 points wide and high."""
    content = bytearray(jpeg())
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", 60_000, 60_000)
    return bytes(content)


def large_heic() -> bytes:
    """Return a small HEIC whose every size says 30,000 by 30,000 points."""
    content = bytearray(saved(scene(0, 64, 64), "HEIF"))
    at = content.index(b"ispe")
    content[at + 8 : at + 16] = struct.pack(">II", 30_000, 30_000)
    return bytes(content)


@pytest.mark.parametrize("content", [png(30_000, 30_000), png(9_000, 9_000), large_jpeg(), large_heic(), large_webp()])
def test_too_many_points_are_refused_before_they_are_decoded(content: bytes) -> None:
    """A small file may say it is a huge picture; it is not unfolded to find out."""
    for judge in (look, upright):
        with pytest.raises(Refusal) as refused:
            judge(content)
        assert refused.value.code == "photo_too_many_pixels"
        assert str(MAX_PIXELS // 1_000_000) in refused.value.message_zh


def test_a_webp_may_have_half_as_many_points() -> None:
    """Two kilobytes of 64 megapixels took a gigabyte: its reader keeps four pictures at once."""
    for judge in (look, upright):
        with pytest.raises(Refusal) as refused:
            judge(large_webp(7_900))
        assert refused.value.code == "photo_too_many_pixels"
        assert str(MAX_PIXELS // 2_000_000) in refused.value.message_zh


def test_a_picture_in_a_million_crumbs_is_refused() -> None:
    """To walk through 20 MB of empty chunks took 13 seconds; a file of many ordinary ones is a picture."""
    crumb = chunk(b"abCd", b"")
    for judge in (look, upright):
        judge(png(4, 4, crumb * 4_096))
        with pytest.raises(Refusal) as refused:
            judge(png(4, 4, crumb * 1_000_000))
        assert refused.value.code == "photo_damaged"


@pytest.mark.parametrize("name", [b"iCCP", b"zTXt"])
def test_text_that_unfolds_without_end_is_refused(name: bytes) -> None:
    """A few kilobytes that stand for megabytes of words."""
    with pytest.raises(Refusal) as refused:
        look(png(4, 4, chunk(name, b"x\0\0" + zlib.compress(bytes(8 << 20)))))
    assert refused.value.code == "photo_damaged"


def segment(marker: int, body: bytes) -> bytes:
    """Return one segment of a JPEG."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def test_a_jpeg_of_hundreds_of_passes_is_refused() -> None:
    """Each pass over all its pixels costs a few bytes to ask for; a camera's JPEG has one, the web's some ten."""
    content = saved(scene(0, 64, 64), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    assert look(content).kind == "jpeg"
    with pytest.raises(Refusal) as refused:
        look(content[:-2] + content[last:-2] * 100 + content[-2:])
    assert refused.value.code == "photo_damaged"


def test_a_jpeg_of_endless_segments_is_refused() -> None:
    """Remarks without end, and scans hidden behind remarks that look like an end."""
    content = jpeg()
    with pytest.raises(Refusal):
        look(content[:2] + segment(0xFE, b"") * 5_000 + content[2:])
    hidden = segment(0xFE, b"\xff\xd9") + content[content.index(b"\xff\xda") : -2] * 100
    with pytest.raises(Refusal):
        look(content[:-2] + hidden + content[-2:])


def test_metadata_that_unfold_are_left_unread() -> None:
    """Megabytes of EXIF are no camera's; the picture itself counts."""
    blob = 3 << 20
    tiff = b"II*\0" + struct.pack("<IHHHII", 8, 1, 20_000, 3, blob // 2, 40) + bytes(blob)
    parts = (tiff[at : at + 65_000] for at in range(0, len(tiff), 65_000))
    content = jpeg()
    long = content[:2] + b"".join(segment(0xE1, b"Exif\0\0" + part) for part in parts) + content[2:]
    assert look(long).taken_at is None
    assert upright(long).size == (32, 24)


WHOLE = [
    jpeg("李", taken_at=MOMENT, position=(42.0, 121.6), orientation=6),
    saved(scene(), "JPEG", progressive=True),
    *(saved(scene(), written, exif=exif(taken_at=MOMENT, orientation=5)) for written in KINDS),
    saved(scene().convert("P"), "PNG", transparency=0),
    saved(scene().convert("CMYK"), "JPEG"),
]


@settings(max_examples=300, deadline=None)
@given(
    content=st.sampled_from(WHOLE),
    hits=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6), st.integers(0, 9)), min_size=1, max_size=8),
)
def test_damage_is_refused_or_looked_past_and_never_anything_else(
    content: bytes, hits: list[tuple[float, bytes, int]]
) -> None:
    """Bytes changed, lost and put in, anywhere: a picture or a refusal, from both judges, and never a crash."""
    for where, put, lost in hits:
        at = int(where * len(content))
        content = content[:at] + put + content[at + lost :]
    for judge in (look, upright):
        with suppress(Refusal):
            judge(content)
