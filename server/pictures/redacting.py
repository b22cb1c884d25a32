"""
Painting over faces and plates 打码: solid black on the whole upright picture, and nothing beside it carried along.

Pure. A box is black to the last pixel: it is widened to the 8 by 8 squares in which JPEG keeps a picture, so that
no square holds a trace of what lay under it. Blur and mosaic can be reckoned back; black cannot.
"""

from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

from PIL import ImageDraw

from schemas import pictures
from server.pictures.deriving import jpeg

#: Boxes are told in parts of so many of the upright picture's width and height.
SCALE = 10_000
#: The narrowest box, of ``SCALE``: one thousandth of the picture.
LEAST = 10
MOST_BOXES = 60
#: Pixels: what a tablet takes at 12 megapixels stays as large as it is. A larger one would take a gigabyte of memory.
MOST_SIDE = 4_000
_QUALITY = 88
_SQUARE = 8
_BLACK = (0, 0, 0)


class Box(NamedTuple):
    """A box over an upright picture, from its top left corner, in parts of ``SCALE`` of width and height."""

    left: int
    top: int
    width: int
    height: int

    @property
    def fits(self) -> bool:
        """Say whether it lies inside the picture and is large enough to hide anything."""
        inside = min(self.left, self.top) >= 0 and max(self.left + self.width, self.top + self.height) <= SCALE
        return inside and min(self.width, self.height) >= LEAST

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom (the last two still in it) in a picture of so many pixels."""
        right, bottom = self.left + self.width, self.top + self.height
        return (
            self.left * width // SCALE // _SQUARE * _SQUARE,
            self.top * height // SCALE // _SQUARE * _SQUARE,
            min(width, _squares(right * width)) - 1,
            min(height, _squares(bottom * height)) - 1,
        )


def redacted(source: bytes | BinaryIO, boxes: Iterable[Box]) -> bytes:
    """
    Return the picture in *source*, whole and upright, with *boxes* painted black, as JPEG without any metadata.

    No side of it is longer than ``MOST_SIDE``.

    Args:
        boxes: Each of which ``fits``.

    Raises:
        schemas.problems.Refusal: As ``schemas.pictures.look``.
    """
    image = pictures.upright(source, MOST_SIDE)
    painter = ImageDraw.Draw(image)
    for box in boxes:
        painter.rectangle(box.pixels(*image.size), fill=_BLACK)
    return jpeg(image, _QUALITY, sharp=True)


def _squares(edge: int) -> int:
    """Return where the square ends that *edge*, in pixels times ``SCALE``, lies in."""
    return -(-edge // (SCALE * _SQUARE)) * _SQUARE
