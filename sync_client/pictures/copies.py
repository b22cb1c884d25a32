"""
The copy 副本: what the office sees of a photo today, over a poor network.

The same picture gives the same copy, byte for byte, wherever the same libraries are installed.
"""

import io
import math
from typing import BinaryIO

from PIL import Image

from schemas.pictures import Picture, upright

#: No side of a copy is longer, pixels.
COPY_SIDE = 1_920
#: No copy is larger, bytes.
COPY_BYTES = 400_000
#: Above it a JPEG only grows; below it letters on a sign begin to blur.
_BEST, _WORST = 88, 60
#: A little smaller than what should just fit, so that one more step is rarely needed.
_MARGIN = 0.95
_SMALLEST_STEP, _LARGEST_STEP = 0.5, 0.9


def travels_as_it_is(seen: Picture, size: int) -> bool:
    """Say whether a picture of *size* bytes is so small already that no copy is made of it."""
    return seen.kind == "jpeg" and size <= COPY_BYTES and max(seen.width, seen.height) <= COPY_SIDE


def copy_of(source: bytes | BinaryIO) -> bytes:
    """
    Return the copy of the picture in *source*: a JPEG as it is seen, upright, without any metadata.

    It has the best quality, from 88 down to 60, with which it stays within ``COPY_BYTES``; where even 60 is too
    large, fewer pixels.

    Raises:
        schemas.problems.Refusal: As ``schemas.pictures.look``.
    """
    picture = upright(source, COPY_SIDE)
    while True:
        smallest = as_jpeg(picture, _WORST)
        if len(smallest) <= COPY_BYTES:
            return _best(picture) or smallest
        step = _MARGIN * math.sqrt(COPY_BYTES / len(smallest))
        picture = _scaled(picture, min(_LARGEST_STEP, max(_SMALLEST_STEP, step)))


def as_jpeg(picture: Image.Image, quality: int) -> bytes:
    """Return *picture* as a JPEG of *quality*, 1 to 95."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, optimize=False, progressive=False)
    return file.getvalue()


def _best(picture: Image.Image) -> bytes | None:
    """Return the JPEG of the best quality above the worst that fits; None where none does."""
    low, high, found = _WORST + 1, _BEST, None
    # The best comes first: most pictures fit with it.
    quality = _BEST
    while low <= high:
        made = as_jpeg(picture, quality)
        if len(made) <= COPY_BYTES:
            low, found = quality + 1, made
        else:
            high = quality - 1
        quality = (low + high) // 2
    return found


def _scaled(picture: Image.Image, factor: float) -> Image.Image:
    width, height = (max(1, round(side * factor)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)
