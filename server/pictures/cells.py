"""
Pictures for the cells of a table 表格照片: at most 200 pixels a side, upright, with nothing in them but the picture.
"""

from typing import BinaryIO, NamedTuple

from schemas import pictures
from server.pictures.deriving import jpeg

SIDE = 200
_QUALITY = 72


class Small(NamedTuple):
    """A small JPEG, and its sides in pixels."""

    data: bytes
    width: int
    height: int


def small(source: bytes | BinaryIO) -> Small:
    """
    Return the picture in *source* with at most ``SIDE`` pixels a side.

    Raises:
        schemas.problems.Refusal: As ``schemas.pictures.look``.
    """
    image = pictures.upright(source, SIDE)
    return Small(jpeg(image, _QUALITY), *image.size)
