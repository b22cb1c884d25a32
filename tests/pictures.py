"""
Small pictures for tests: valid to the last byte, drawn from a seed, so that the same one is always the same.
"""

import io
import struct
from datetime import datetime
from hashlib import sha256
from typing import Any

import pillow_heif
from PIL import ExifTags, Image

pillow_heif.register_heif_opener()

_CELLS = 4
_WIDTH, _HEIGHT = 32, 24


def scene(seed: object = 0, width: int = _WIDTH, height: int = _HEIGHT) -> Image.Image:
    """Return a picture of 4 by 4 soft patches in the colours that *seed* comes to; no two seeds look alike."""
    drawn = b"".join(sha256(f"{seed}/{n}".encode()).digest() for n in range(2))
    patches = Image.frombytes("RGB", (_CELLS, _CELLS), drawn[: 3 * _CELLS * _CELLS])
    return patches.resize((width, height), Image.Resampling.BICUBIC)


def noise(seed: object, width: int, height: int) -> Image.Image:
    """Return a picture of *seed* in which no two points are alike: the hardest there is to make small."""
    made, blocks = bytearray(), (3 * width * height + 31) // 32
    for n in range(blocks):
        made += sha256(f"{seed}/{n}".encode()).digest()
    return Image.frombytes("RGB", (width, height), bytes(made[: 3 * width * height]))


def jpeg(seed: object = 0, width: int = _WIDTH, height: int = _HEIGHT, **said: Any) -> bytes:
    """Return ``scene`` as a JPEG of some 800 bytes; *said* is what its EXIF says, see ``exif``."""
    return saved(scene(seed, width, height), "JPEG", **({"exif": exif(**said)} if said else {}))


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return *image* as the bytes of a file of Pillow's *kind*: JPEG, PNG, WEBP, HEIF."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def large_webp(points: int = 16_383) -> bytes:
    """Return a few bytes of a moving WebP that says it is so many *points* wide and high."""
    side = (points - 1).to_bytes(3, "little")
    frame = bytes(6) + (31).to_bytes(3, "little") + (23).to_bytes(3, "little") + bytes(4) + saved(scene(), "WEBP")[12:]
    parts = (b"VP8X", bytes([2, 0, 0, 0]) + side + side), (b"ANIM", bytes(6)), (b"ANMF", frame)
    body = b"".join(name + struct.pack("<I", len(part)) + part for name, part in parts)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def exif(
    taken_at: str | None = None,
    position: tuple[float, float] | None = None,
    orientation: int | None = None,
    software: str | bytes | None = None,
    camera: tuple[str, str] | None = None,
) -> bytes:
    """
    Return EXIF as a camera writes it.

    Args:
        taken_at: As 2020-07-18T08:15:30+08:00.
        position: Latitude and longitude, degrees.
        orientation: 1 to 8.
        software: What wrote the file last.
        camera: Maker and model.
    """
    tags = Image.Exif()
    named: dict[int, Any] = {ExifTags.Base.Orientation: orientation, ExifTags.Base.Software: software}
    named |= dict(zip((ExifTags.Base.Make, ExifTags.Base.Model), camera or (), strict=False))
    for tag, value in named.items():
        if value is not None:
            tags[tag] = value
    if taken_at:
        moment = datetime.fromisoformat(taken_at)
        inner = tags.get_ifd(ExifTags.IFD.Exif)
        inner[ExifTags.Base.DateTimeOriginal] = moment.strftime("%Y:%m:%d %H:%M:%S")
        inner[ExifTags.Base.OffsetTimeOriginal] = moment.isoformat()[-6:]
    if position:
        gps = tags.get_ifd(ExifTags.IFD.GPSInfo)
        for value, (tag, sides) in zip(position, _GPS, strict=True):
            gps[tag - 1] = sides[value < 0]
            gps[tag] = (float(abs(value)), 0.0, 0.0)
    return tags.tobytes()


_GPS = ((ExifTags.GPS.GPSLatitude, "NS"), (ExifTags.GPS.GPSLongitude, "EW"))
