"""
Before and after, side by side 整改对比图: two pictures of one height, and under each what it is and when it was taken.

Pure. Chinese is written where a font for it is given; without one, the pictures are numbered, 1 before and 2 after.
"""

import io
from functools import lru_cache
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from schemas import pictures
from server.pictures.deriving import jpeg

BEFORE_ZH, AFTER_ZH = "整改前", "整改后"
#: Pixels: the height of both, the widest one may be, the gap between them, the strip of text below.
_HEIGHT, _WIDEST, _GAP, _STRIP, _TEXT = 960, 1600, 12, 64, 32
_QUALITY = 82
_GROUND, _INK = (255, 255, 255), (20, 20, 20)
#: A collection holds a face for each country; how the one for this country is called.
_FACES, _SIMPLIFIED = 10, (" SC", " GB")
#: No font draws this; what one draws for it, it draws for everything it does not know.
_UNKNOWN = "\U0010fffe"

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Side(NamedTuple):
    """One of the two: its picture, and when it was taken in words (ASCII; empty where it is not known)."""

    picture: bytes
    taken: str


def side_by_side(before: Side, after: Side, font: str | None = None) -> bytes:
    """
    Return both as one JPEG, *before* on the left.

    Args:
        font: A file with a font that ``writes_chinese``.

    Raises:
        schemas.problems.Refusal: As ``schemas.pictures.look``.
    """
    left, right = _scaled(before.picture), _scaled(after.picture)
    sheet = Image.new("RGB", (left.width + _GAP + right.width, _HEIGHT + _STRIP), _GROUND)
    sheet.paste(left, (0, (_HEIGHT - left.height) // 2))
    sheet.paste(right, (left.width + _GAP, (_HEIGHT - right.height) // 2))
    painter, written = ImageDraw.Draw(sheet), _font(font)
    for words, side, at, width in (
        (BEFORE_ZH if font else "1", before, 0, left.width),
        (AFTER_ZH if font else "2", after, left.width + _GAP, right.width),
    ):
        told = _fitting(f"{words}  {side.taken}".strip(), words, written, width)
        painter.text((at + width // 2, _HEIGHT + _STRIP // 2), told, _INK, written, anchor="mm")
    return jpeg(sheet, _QUALITY)


@lru_cache(maxsize=8)
def writes_chinese(font: str) -> bool:
    """Say whether the font in the file *font* can be read and has the signs that are needed."""
    try:
        found = _face(font)
        unknown = bytes(found.getmask(_UNKNOWN))
        return all(bytes(found.getmask(sign)) != unknown for sign in BEFORE_ZH + AFTER_ZH)
    except (OSError, ValueError):
        return False


def _font(font: str | None) -> _Font:
    return _face(font) if font else ImageFont.load_default(_TEXT)


def _face(font: str) -> ImageFont.FreeTypeFont:
    """Return the face of a file that writes Chinese as it is written here; its first one where none says so."""
    first = ImageFont.truetype(font, _TEXT)
    for index in range(1, _FACES if font.lower().endswith(".ttc") else 1):
        try:
            face = ImageFont.truetype(font, _TEXT, index=index)
        except OSError:
            break
        if str(face.getname()[0]).endswith(_SIMPLIFIED):
            return face
    return first


def _fitting(told: str, shorter: str, font: _Font, width: int) -> str:
    """Return *told*, or *shorter* under a picture too narrow for it."""
    return told if font.getlength(told) <= width else shorter


def _scaled(picture: bytes) -> Image.Image:
    """Return a picture of the common height; one wider than anything is scaled to the widest."""
    image = pictures.upright(io.BytesIO(picture))
    scale = min(_HEIGHT / image.height, _WIDEST / image.width)
    return image.resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.LANCZOS
    )
