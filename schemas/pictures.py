"""
What counts as a picture 照片的检验: the one judge of tablet and office, so that neither refuses what the other took.

Values in, value out; Pillow does the reading. Nothing is decoded before its size is known and allowed.
"""

import io
import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, BinaryIO, NamedTuple

import pillow_heif

# Pillow loads no reader for being asked by name: these are the ones, and nothing else is read.
from PIL import ExifTags, Image, ImageCms, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, WebPImagePlugin

from schemas.photos import MAX_FILE_BYTES
from schemas.problems import Refusal

#: The largest picture that is decoded: every tablet's and telephone's camera of today stays below 64 megapixels.
MAX_PIXELS = 64_000_000
#: Its reader keeps four pictures of 32 bits a pixel at once, so half as many take as much memory as in any other kind.
_MOST_OF_WEBP = MAX_PIXELS // 2
MEDIA = {"jpeg": "image/jpeg", "png": "image/png", "heic": "image/heic", "webp": "image/webp"}
#: So many of a file's first bytes tell its kind.
HEAD_BYTES = 12
_PNG = b"\x89PNG\r\n\x1a\n"
_HEIF = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"))
#: Pillow's names of each kind; several pictures in one JPEG file are an MPO to it.
_FORMATS = {
    "jpeg": (JpegImagePlugin.JpegImageFile.format, MpoImagePlugin.MpoImageFile.format),
    "png": (PngImagePlugin.PngImageFile.format,),
    "webp": (WebPImagePlugin.WebPImageFile.format,),
    "heic": (pillow_heif.HeifImageFile.format,),
}
#: What broken metadata makes Pillow raise.
_UNREADABLE = (
    *(OSError, ValueError, SyntaxError, LookupError, TypeError, EOFError, ArithmeticError, AttributeError),
    *(AssertionError, RuntimeError, struct.error, ImageCms.PyCMSError),
)
#: A camera's metadata measure some kilobytes. More is left unread: lists in them unfold to many times their size.
_MOST_METADATA = 1 << 20
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
#: Orientations in which width and height change places.
_ACROSS = frozenset(range(5, 9))
_MOST_TEXT = 60
_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")
#: Where a camera names no offset, it was carried about here.
_BEIJING = "+08:00"
#: There were no cameras that wrote EXIF before; a time that says so comes from a clock nobody set.
_FIRST_YEAR = 1990
_TIMES = (
    (ExifTags.Base.DateTimeOriginal, ExifTags.Base.OffsetTimeOriginal),
    (ExifTags.Base.DateTimeDigitized, ExifTags.Base.OffsetTimeDigitized),
    (ExifTags.Base.DateTime, ExifTags.Base.OffsetTime),
)
_MOST_MINUTES = 60
#: A camera writes a JPEG in one scan, the web in some ten. Each further one costs a pass over all its pixels.
_MOST_SCANS = 64
_MOST_SEGMENTS = 4_096
#: Programs write a PNG in chunks of 8 KiB and more: a file of the largest size has some 4,000.
_MOST_CHUNKS = 32_768
#: Bytes of a chunk's length, name and checksum.
_AROUND_A_CHUNK = 12
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_SCAN, _END = 0xDA, 0xD9

pillow_heif.register_heif_opener()


class Picture(NamedTuple):
    """
    What a picture says of itself; None where it does not say, or says what cannot be.

    Attributes:
        kind: ``jpeg``, ``png``, ``heic`` or ``webp``, by its content, never by its name.
        width, height: Pixels, as it is seen (turned upright).
        orientation: How the file has to be turned, 1 to 8, as EXIF counts; HEIC is read upright, and says 1.
        taken_at: RFC 3339 with an offset; Beijing time (+08:00) is taken where the camera names none.
        lat, lon: Degrees, WGS-84.
        camera: Maker and model.
        software: What wrote the file last.
        accuracy_m: How exact the position is, metres.
    """

    kind: str
    width: int
    height: int
    orientation: int = 1
    taken_at: str | None = None
    lat: float | None = None
    lon: float | None = None
    camera: str | None = None
    software: str | None = None
    accuracy_m: float | None = None


def kind_of(head: bytes) -> str | None:
    """Return the kind of the file that begins with *head* (``HEAD_BYTES``), a key of ``MEDIA``; None: no picture."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(_PNG):
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    return "heic" if head[4:8] == b"ftyp" and head[8:12] in _HEIF else None


def look(source: bytes | BinaryIO) -> Picture:
    """
    Return what the picture in *source* says of itself, once it was seen to decode to its last pixel.

    Of a file with several pictures the first one counts.

    Raises:
        Refusal: ``photo_kind_unknown``, ``photo_too_large``, ``photo_too_many_pixels`` or ``photo_damaged``.
        OSError: The file that *source* reads from cannot be read; nothing is known of the picture.
    """
    with _opened(source) as (kind, image):
        size = image.size
        # A JPEG's every bit is read for the smallest picture of it too, in an eighth of the time and memory.
        _decode(kind, image, most=1)
        return _said(kind, image, size)


def upright(source: bytes | BinaryIO, most: int | None = None) -> Image.Image:
    """
    Return the picture in *source* as it is seen: turned upright, RGB (sRGB), on white, without any metadata.

    Args:
        most: Scale it down so that no side is longer, pixels.

    Raises:
        Refusal, OSError: As ``look``.
    """
    with _opened(source) as (kind, image):
        _decode(kind, image, most)
        return _shown(kind, image, most)


def look_upright(source: bytes | BinaryIO, most: int) -> tuple[Picture, Image.Image]:
    """
    Return what ``look`` and what ``upright`` return, of a picture that is decoded once.

    Raises:
        Refusal, OSError: As ``look``.
    """
    with _opened(source) as (kind, image):
        size = image.size
        _decode(kind, image, most)
        return _said(kind, image, size), _shown(kind, image, most)


# -- opening and decoding ------------------------------------------------------------------------


@contextmanager
def _opened(source: bytes | BinaryIO) -> Iterator[tuple[str, Image.Image]]:
    """Open a picture, nothing decoded yet."""
    kind = kind_of(source[:HEAD_BYTES] if isinstance(source, bytes) else _read(source, HEAD_BYTES))
    if kind is None:
        raise Refusal("photo_kind_unknown")
    data = source if isinstance(source, bytes) else _read(source, MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise Refusal("photo_too_large", limit=f"{MAX_FILE_BYTES >> 20} MiB")
    if kind == "jpeg":
        _refuse_laboured(data)
    if kind == "png":
        _refuse_crumbled(data)
    with warnings.catch_warnings():
        # What Pillow warns of (odd EXIF, many pixels) is looked at here, one by one.
        warnings.simplefilter("ignore")
        with _open(data, kind) as image:
            for most in (MAX_PIXELS, _MOST_OF_WEBP if kind == "webp" else MAX_PIXELS):
                if image.width * image.height > most:
                    raise Refusal("photo_too_many_pixels", limit=most // 1_000_000)
            yield kind, image


def _read(source: BinaryIO, most: int) -> bytes:
    """Return what lies in *source* from its beginning, *most* bytes of it at the most."""
    # A disk that cannot be read says so here; afterwards whatever goes wrong is the picture's own fault.
    source.seek(0)
    return source.read(most)


def _refuse_laboured(jpeg: bytes) -> None:
    """Refuse a JPEG that was made to cost minutes: of hundreds of passes, or of a hundred thousand segments."""
    at, scans = 2, 0
    for _ in range(_MOST_SEGMENTS):
        found = _JPEG_MARKER.search(jpeg, at)
        if found is None or jpeg[found.end() - 1] == _END:
            return
        scans += jpeg[found.end() - 1] == _SCAN
        if scans > _MOST_SCANS:
            break
        at = found.end() + int.from_bytes(jpeg[found.end() : found.end() + 2])
    raise Refusal("photo_damaged")


def _refuse_crumbled(png: bytes) -> None:
    """Refuse a PNG in so many chunks that reading through them alone takes half a minute."""
    at = len(_PNG)
    for _ in range(_MOST_CHUNKS):
        at += int.from_bytes(png[at : at + 4]) + _AROUND_A_CHUNK
        if at >= len(png):
            return
    raise Refusal("photo_damaged")


def _open(data: bytes, kind: str) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS[kind])
    except Image.DecompressionBombError as error:
        raise Refusal("photo_too_many_pixels", limit=MAX_PIXELS // 1_000_000) from error
    except Exception as error:
        raise _told(error) from error


def _decode(kind: str, image: Image.Image, most: int | None) -> None:
    """Decode a picture; of a JPEG only so much that both sides have *most* pixels, where it has that many."""
    try:
        if kind == "jpeg" and most:
            image.draft(None, (most, most))
        image.load()
    except Exception as error:
        raise _told(error) from error


def _shown(kind: str, image: Image.Image, most: int | None) -> Image.Image:
    """Return a decoded picture upright, in RGB, no side longer than *most*, detached from its file."""
    turn = _TURNS.get(_orientation(kind, _tags(image)))
    profile = image.info.get("icc_profile")
    try:
        seen = _in_colour(image)
        if most:
            seen.thumbnail((most, most), Image.Resampling.LANCZOS, reducing_gap=3.0)
        seen = _in_srgb(_on_white(seen), profile)
        seen = seen.transpose(turn) if turn is not None else seen
    except _UNREADABLE as error:
        raise _told(error) from error
    # Detached from the file and from whatever the file said.
    plain = seen.copy() if seen is image else seen
    plain.info = {}
    return plain


def _told(error: Exception) -> Exception:
    """Return what to raise for *error*: a machine without memory says nothing about the picture."""
    return error if isinstance(error, MemoryError) else Refusal("photo_damaged")


# -- colours -------------------------------------------------------------------------------------


def _in_colour(image: Image.Image) -> Image.Image:
    """Return *image* in a mode that can be scaled: L, RGB, RGBA, CMYK."""
    if image.mode.startswith("I"):
        # Sixteen bits of grey: Pillow would cut off everything above the lowest eight.
        return image.point(lambda grey: grey * (1 / 256)).convert("L")
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _in_srgb(image: Image.Image, profile: Any) -> Image.Image:
    """Return *image* in the colours a screen shows, by the profile it came with; one that is none is left out."""
    if isinstance(profile, bytes) and 0 < len(profile) <= _MOST_METADATA:
        try:
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if image.mode != "RGB" or "sRGB" not in ImageCms.getProfileDescription(given):
                ours = ImageCms.createProfile("sRGB")
                shown = ImageCms.profileToProfile(image, given, ours, outputMode="RGB")
                return shown if shown is not None else image.convert("RGB")
        except _UNREADABLE:
            pass
    return image if image.mode == "RGB" else image.convert("RGB")


# -- what a picture says -------------------------------------------------------------------------


def _said(kind: str, image: Image.Image, size: tuple[int, int]) -> Picture:
    tags = _tags(image)
    orientation = _orientation(kind, tags)
    width, height = reversed(size) if orientation in _ACROSS else size
    gps = tags.get(ExifTags.IFD.GPSInfo) or {}
    lat, lon = _position(gps)
    named = " ".join(filter(None, (_text(tags.get(tag)) for tag in (ExifTags.Base.Make, ExifTags.Base.Model))))
    return Picture(
        kind=kind,
        width=width,
        height=height,
        orientation=orientation,
        taken_at=_taken_at(tags),
        lat=lat,
        lon=lon,
        camera=named or None,
        # PNG has a text of its own for it.
        software=_text(tags.get(ExifTags.Base.Software)) or _text(image.info.get("Software")) or None,
        accuracy_m=_accuracy(gps.get(ExifTags.GPS.GPSHPositioningError)) if lat is not None else None,
    )


def _orientation(kind: str, tags: dict[int, Any]) -> int:
    # A HEIC says in its container how it is turned, and its reader has done so already.
    told = tags.get(ExifTags.Base.Orientation) if kind != "heic" else None
    return told if isinstance(told, int) and told in _TURNS else 1


def _tags(image: Image.Image) -> dict[int, Any]:
    """Return the picture's EXIF, its two inner directories beside; as much of it as can be read."""
    written = (image.info.get("exif"), image.info.get("Raw profile type exif"))
    if any(len(part) > _MOST_METADATA for part in written if isinstance(part, bytes | str)):
        return {}
    try:
        exif = image.getexif()
        found: dict[int, Any] = dict(exif)
    except _UNREADABLE:
        return {}
    for inner in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        try:
            part = dict(exif.get_ifd(inner))
        except _UNREADABLE:
            part = {}
        found[inner] = part
    return found


def _taken_at(tags: dict[int, Any]) -> str | None:
    inner = tags.get(ExifTags.IFD.Exif) or {}
    for time, offset in _TIMES:
        moment = _moment(_text(inner.get(time) or tags.get(time)), _text(inner.get(offset) or tags.get(offset)))
        if moment:
            return moment
    return None


def _moment(told: str, offset: str) -> str | None:
    zone = offset if _OFFSET.fullmatch(offset) else _BEIJING
    try:
        moment = datetime.strptime(told[:19] + zone, "%Y:%m:%d %H:%M:%S%z")
    except ValueError:
        return None
    return moment.isoformat() if moment.year >= _FIRST_YEAR else None


def _position(gps: dict[int, Any]) -> tuple[float | None, float | None]:
    lat = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "S", 90)
    lon = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "W", 180)
    nowhere = lat is None or lon is None or (lat == 0 and lon == 0)
    return (None, None) if nowhere else (lat, lon)


def _degrees(told: Any, side: Any, negative: str, most: int) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in told)
    except _UNREADABLE:
        return None
    # What is no number compares as false.
    if not (degrees >= 0 and 0 <= minutes <= _MOST_MINUTES and 0 <= seconds <= _MOST_MINUTES):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    return round(-value if _text(side) == negative else value, 7) if value <= most else None


def _accuracy(told: Any) -> float | None:
    try:
        metres = float(told)
    except _UNREADABLE:
        return None
    return round(metres, 1) if 0 < metres <= 100_000 else None


def _text(value: Any) -> str:
    """Return a tag's text, what cannot be shown left out; nothing where it holds none."""
    if isinstance(value, str) and not value.isascii():
        # Pillow reads every tag as Latin; Chinese programs write UTF-8 into it.
        value = value.encode("latin-1", "ignore")
    if isinstance(value, bytes):
        value = value.decode("utf-8", "ignore")
    shown = "".join(sign for sign in value if sign.isprintable()) if isinstance(value, str) else ""
    return shown.strip()[:_MOST_TEXT]
