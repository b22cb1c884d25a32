"""
Reading photo files 读取照片文件: a part at a time, and never trusting the disk.

What was named at capture is what travels, or nothing does: a file that is gone, or is not itself any more, is told
as lost.
"""

from collections.abc import Iterator
from pathlib import Path

from schemas.photos import PART_BYTES, hashes_of
from sync_client.photos.errors import PhotoChanged, PhotoGone, PhotoLost


def parts_in(place: Path, sha256: str) -> list[str]:
    """
    Return the SHA-256 of every part of the file at *place*.

    Raises:
        PhotoGone: It cannot be read.
        PhotoChanged: It is not the file that *sha256* names.
    """
    try:
        whole, parts = hashes_of(_pieces(place))
    except OSError as error:
        raise PhotoGone(str(error)) from error
    if whole != sha256:
        raise PhotoChanged(str(place))
    return parts


def glance_at(place: Path, size: int) -> PhotoLost | None:
    """Return what is wrong with the file at *place*, which should have *size* bytes, as far as a glance tells."""
    try:
        found = place.stat().st_size
    except OSError as error:
        return PhotoGone(str(error))
    return None if found == size else PhotoChanged(f"{found} ≠ {size}")


def part_at(place: Path, n: int) -> bytes:
    """
    Return part *n*, counted from 0, of the file at *place*; what stands there, whatever that is.

    Raises:
        PhotoGone: It cannot be read.
    """
    try:
        with place.open("rb") as file:
            file.seek(n * PART_BYTES)
            return file.read(PART_BYTES)
    except OSError as error:
        raise PhotoGone(str(error)) from error


def _pieces(place: Path) -> Iterator[bytes]:
    with place.open("rb") as file:
        while piece := file.read(PART_BYTES):
            yield piece
