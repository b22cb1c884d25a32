"""
The watermark 水印: who, where, when and why, in a band at the lower left of the picture.

It is drawn for showing and sharing and never travels; proof is the original's hash, not what is printed here.
"""

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from PIL import Image, ImageDraw

from schemas.pictures import upright
from sync_client.pictures.copies import COPY_SIDE, as_jpeg
from sync_client.pictures.fonts import drawable, runs_of, width_of

#: The most of a picture that the band may cover.
MOST_COVERED = 1 / 5
_QUALITY = 85
#: Letters of a smaller picture could not be read, so it is enlarged, pixels.
_LEAST_SIDE = 640
#: The letters' size against the shorter side; smaller ones only where the words would cover too much.
_USUAL, _LEAST = 0.034, 10
_LINE, _PADDING = 1.35, 0.5
_WIDEST = 0.94
#: White on it has a contrast of 8 to 1 even where the picture is white.
_BAND = (0, 0, 0, 180)
_CUT = "…"
#: What stays together where a row ends: numbers and Latin words, and whatever closes what stands before it.
_WORD = re.compile(r"(?:[!-~°±·]+|.)[，。、；：）】》”’！？…]*")


class Marked(NamedTuple):
    """
    A watermarked picture.

    Attributes:
        jpeg: Its bytes.
        lacking: Signs that no font here has; 〓 stands in their place.
        covered: Which part of the picture the band covers, 0 to 1.
        left_out: How many lines found no room.
    """

    jpeg: bytes
    lacking: str = ""
    covered: float = 0.0
    left_out: int = 0


def watermarked(source: bytes | BinaryIO, lines: Sequence[str]) -> Marked:
    """
    Return the picture in *source* with *lines* printed on it, the most important first.

    Raises:
        schemas.problems.Refusal: As ``schemas.pictures.look``.
    """
    picture = _readable(upright(source, COPY_SIDE))
    told = [drawable(line) for line in lines]
    texts = [text for text, _ in told if text]
    size, rows, left_out = _laid_out(texts, picture.size)
    covered = _print(picture, rows, size) if rows else 0.0
    lacking = "".join(dict.fromkeys("".join(missing for _, missing in told)))
    return Marked(as_jpeg(picture, _QUALITY), lacking, covered, left_out)


def _readable(picture: Image.Image) -> Image.Image:
    factor = _LEAST_SIDE / max(picture.size)
    if factor <= 1:
        return picture
    width, height = (max(1, round(side * factor)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC)


def _laid_out(texts: list[str], room: tuple[int, int]) -> tuple[int, list[str], int]:
    """Return the letters' size, the rows, and how many texts were left out, so that the band keeps within bounds."""
    size = max(_LEAST, round(min(room) * _USUAL))
    while True:
        rows = [row for text in texts for row in _wrapped(text, size, room[0] * _WIDEST - _extra(size))]
        if _fits(rows, size, room):
            return size, rows, 0
        if size == _LEAST:
            return _cut(texts, size, room)
        size = max(_LEAST, round(size * 0.92) if round(size * 0.92) < size else size - 1)


def _cut(texts: list[str], size: int, room: tuple[int, int]) -> tuple[int, list[str], int]:
    """Return one row for each of the first *texts* for which there is room, with letters of the least size."""
    rows: list[str] = []
    for text in texts:
        row = _shortened(text, size, room[0] * _WIDEST - _extra(size))
        if not _fits([*rows, row], size, room):
            break
        rows.append(row)
    return size, rows, len(texts) - len(rows)


def _fits(rows: list[str], size: int, room: tuple[int, int]) -> bool:
    width, height = _extent(rows, size)
    return width <= room[0] and height <= room[1] and width * height <= MOST_COVERED * room[0] * room[1]


def _extent(rows: list[str], size: int) -> tuple[int, int]:
    """Return the width and height of the band around *rows*, pixels."""
    widest = max((width_of(row, size) for row in rows), default=0)
    return round(widest + _extra(size)), round(len(rows) * size * _LINE + _extra(size))


def _extra(size: int) -> float:
    return 2 * _PADDING * size


def _wrapped(text: str, size: int, width: float) -> Iterator[str]:
    """Yield *text* in rows of at most *width* pixels; numbers and Latin words stay whole where they can."""
    row = ""
    for word in _pieces(text, size, width):
        if row and width_of(row + word, size) > width:
            yield row.rstrip()
            row = ""
        row += word if row else word.lstrip()
    if row:
        yield row.rstrip()


def _pieces(text: str, size: int, width: float) -> Iterator[str]:
    for word in _WORD.findall(text):
        yield from (word if width_of(word, size) > width else [word])


def _shortened(text: str, size: int, width: float) -> str:
    if width_of(text, size) <= width:
        return text
    kept = len(text)
    while kept and width_of(text[:kept] + _CUT, size) > width:
        kept -= 1
    return text[:kept] + _CUT


def _print(picture: Image.Image, rows: list[str], size: int) -> float:
    """Draw *rows* on *picture*; return which part of it they cover."""
    width, height = _extent(rows, size)
    left, top = 0, picture.height - height
    band = Image.new("RGBA", (width, height), _BAND)
    picture.paste(band, (left, top), band)
    pen = ImageDraw.Draw(picture)
    for number, row in enumerate(rows):
        across = left + _PADDING * size
        # The line its letters stand on.
        down = top + _PADDING * size + number * size * _LINE + size
        for piece, font in runs_of(row, size):
            pen.text((across, down), piece, fill="white", font=font, anchor="ls")
            across += font.getlength(piece)
    return width * height / (picture.width * picture.height)
