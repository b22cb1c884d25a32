"""
Photos of the demo 演示照片: a street with a shop, drawn, and the ground before it; the same shot is always the same.

Two people at one place stand differently, so no two shots look alike; only ``after`` is taken from where ``near`` was,
with the rubbish gone.
"""

import io
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFilter

from sync_client.pictures.fonts import drawable, runs_of, width_of

_WIDTH, _HEIGHT = 640, 480
#: Drawn so much larger than shown: edges come out smooth.
_FINE = 2
_GROUND, _KERB, _ROAD = 330, 405, 418
_WORLD = 1_000
#: Where in an overview the number plate stands: left, top, width and height in ten-thousandths.
PLATE_BOX = (5_000, 8_420, 1_300, 620)

Colour = tuple[int, int, int]


class Shot(NamedTuple):
    """
    One photo 照片.

    Attributes:
        place: Of what; whatever has the same word looks the same.
        sign: The shop's name, or the road's.
        number: Beside the shop's door; empty where it is no shop.
        who: By whom.
        item, role: As the record says.
    """

    place: str
    sign: str
    number: str
    who: str
    item: str | None
    role: str


class _Dice:
    """Numbers that follow from *words* alone."""

    def __init__(self, *words: object) -> None:
        self._words, self._thrown = "/".join(map(str, words)), 0

    def between(self, low: int, high: int) -> int:
        """Return a number from *low* to *high*."""
        self._thrown += 1
        drawn = sha256(f"{self._words}/{self._thrown}".encode()).digest()
        return low + int.from_bytes(drawn[:4], "big") % (high - low + 1)

    def colour(self, low: int, high: int, tint: int = 25) -> Colour:
        """Return a colour as bright as that, each of its three parts *tint* more or less."""
        grey = self.between(low, high)
        red, green, blue = (max(0, min(255, grey + self.between(-tint, tint))) for _ in range(3))
        return red, green, blue


class _Sheet:
    """A sheet to draw on, in points of the picture; what lies outside is cut off."""

    def __init__(self, ground: Colour, left: int = 0) -> None:
        self.image = Image.new("RGB", (_WIDTH * _FINE, _HEIGHT * _FINE), ground)
        self._draw = ImageDraw.Draw(self.image)
        #: Where the picture begins in what is drawn.
        self.left = left

    def box(self, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
        """Fill a rectangle."""
        self.shape([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def shape(self, corners: Sequence[tuple[int, int]], colour: Colour) -> None:
        """Fill a polygon."""
        self._draw.polygon([((x - self.left) * _FINE, y * _FINE) for x, y in corners], fill=colour)

    def disc(self, x: int, y: int, radius: int, colour: Colour) -> None:
        """Fill a circle."""
        x, y, radius = (x - self.left) * _FINE, y * _FINE, radius * _FINE
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def text(self, middle: int, top: int, text: str, size: int, colour: Colour) -> None:
        """Write a line, its middle at *middle*."""
        text, size = drawable(text)[0], size * _FINE
        x = (middle - self.left) * _FINE - width_of(text, size) / 2
        for piece, font in runs_of(text, size):
            self._draw.text((x, top * _FINE), piece, colour, font)
            x += font.getlength(piece)


def picture(shot: Shot, *, large: bool = False) -> bytes:
    """
    Return *shot* as a JPEG of 640 by 480 points.

    Args:
        large: As a good camera takes it: three times the points, with grain, and more than one part to send.
    """
    drawn = _street(shot) if shot.item is None or shot.role == "far" else _ground(shot)
    if large:
        size = (3 * _WIDTH, 3 * _HEIGHT)
        drawn = Image.blend(drawn.resize(size, Image.Resampling.BICUBIC), _grain(size), 0.12)
    file = io.BytesIO()
    drawn.save(file, "JPEG", quality=90 if large else 80)
    return file.getvalue()


def _grain(size: tuple[int, int]) -> Image.Image:
    tile = b"".join(sha256(bytes([n, at])).digest() for n in range(128) for at in range(16))
    patch = Image.frombytes("L", (256, 256), tile)
    whole = Image.new("L", size)
    for x in range(0, size[0], 256):
        for y in range(0, size[1], 256):
            whole.paste(patch, (x, y))
    return whole.convert("RGB")


# -- a street ----------------------------------------------------------------------------------------


def _street(shot: Shot) -> Image.Image:
    """The shop between its neighbours, pavement and road before them, seen from where somebody stands."""
    place, view = _Dice(shot.place), _Dice(shot.place, shot.who, shot.item, shot.role, "street")
    light = view.between(150, 225)
    sheet = _Sheet((light - 25, light, light + 25), left=view.between(40, 280))
    _houses(sheet, place)
    sheet.box(0, _GROUND, _WORLD, _KERB, place.colour(150, 200, 8))
    sheet.box(0, _KERB, _WORLD, _ROAD, (225, 222, 215))
    sheet.box(0, _ROAD, _WORLD, _HEIGHT, place.colour(70, 95, 8))
    (_shop if shot.number else _road_sign)(sheet, place, shot)
    _trees(sheet, view)
    if shot.item is not None:
        _rubbish(sheet, _Dice(shot.place, shot.item), (430, _GROUND + 35), 1)
    if shot.item is None:
        _car(sheet, view)
    return _shaded(sheet.image.reduce(_FINE), view)


def _houses(sheet: _Sheet, place: _Dice) -> None:
    x = -place.between(0, 120)
    while x < _WORLD:
        wide, top = place.between(130, 260), place.between(20, 190)
        sheet.box(x, top, x + wide, _GROUND, place.colour(70, 215))
        for window in range(x + 18, x + wide - 30, 48):
            for floor in range(top + 18, 200, 52):
                sheet.box(window, floor, window + 24, floor + 30, place.colour(30, 120))
        x += wide


def _shop(sheet: _Sheet, place: _Dice, shot: Shot) -> None:
    left, right = 330, 330 + place.between(230, 320)
    sheet.box(left, 185, right, _GROUND, place.colour(120, 210))
    sheet.box(left - 6, 178, right + 6, 228, place.colour(60, 130))
    sheet.text((left + right) // 2, 183, shot.sign, 32, (255, 246, 190))
    door = left + place.between(20, right - left - 80)
    for pane in range(left + 12, right - 30, 56):
        sheet.box(pane, 244, pane + 46, 308, (150, 185, 200))
    sheet.box(door, 240, door + 54, _GROUND, place.colour(50, 110))
    sheet.box(door + 10, 254, door + 44, 280, (30, 70, 150))
    sheet.text(door + 27, 256, shot.number, 18, (255, 255, 255))


def _road_sign(sheet: _Sheet, place: _Dice, shot: Shot) -> None:
    x = place.between(400, 560)
    sheet.box(x - 4, 150, x + 4, _KERB - 12, (120, 124, 128))
    sheet.box(x - 90, 140, x + 90, 190, (24, 74, 168))
    sheet.text(x, 144, shot.sign, 30, (255, 255, 255))


def _trees(sheet: _Sheet, view: _Dice) -> None:
    for _ in range(view.between(1, 3)):
        # Nothing hides the sign.
        x, top = (view.between(130, 250), view.between(660, 850))[view.between(0, 1)], view.between(60, 170)
        sheet.box(x - 6, top, x + 6, _KERB - 10, (84, 62, 44))
        for _ in range(5):
            leaf = (x + view.between(-45, 45), top + view.between(-35, 45))
            sheet.disc(*leaf, view.between(26, 46), (40, view.between(90, 140), 50))


def _car(sheet: _Sheet, view: _Dice) -> None:
    """Park a car on the road, always at the same place of the picture."""
    sheet.left = 0
    body = view.colour(90, 210)
    sheet.shape([(240, 420), (280, 372), (440, 372), (478, 420)], body)
    sheet.shape([(262, 416), (290, 382), (430, 382), (456, 416)], (60, 75, 85))
    sheet.box(226, 416, 492, 462, body)
    for wheel in (262, 456):
        sheet.disc(wheel, 460, 18, (25, 25, 25))
    sheet.box(322, 408, 402, 430, (20, 60, 160))
    sheet.text(362, 408, f"辽J·D{view.between(1000, 9999)}", 15, (255, 255, 255))


def _shaded(street: Image.Image, view: _Dice) -> Image.Image:
    """Let the sun stand somewhere: two long shadows over it all."""
    wide, high = (side // 2 for side in street.size)
    dark = Image.new("L", (wide, high))
    for _ in range(2):
        x, lean, broad = view.between(-60, 360), view.between(-130, 130), view.between(40, 90)
        beam = [(x, 0), (x + broad, 0), (x + broad + lean, high), (x + lean, high)]
        ImageDraw.Draw(dark).polygon(beam, fill=view.between(80, 130))
    street.paste((0, 0, 0), mask=dark.filter(ImageFilter.GaussianBlur(4)).resize(street.size))
    return street


# -- the ground --------------------------------------------------------------------------------------


def _ground(shot: Shot) -> Image.Image:
    """The pavement from close by, with what was found on it, or without."""
    dice = _Dice(shot.place, shot.who, shot.item, "ground")
    sheet = _Sheet(dice.colour(60, 90, 6))
    wide, high = dice.between(70, 150), dice.between(60, 120)
    for row in range(9):
        for column in range(-1, 10):
            left, top = column * wide + (row % 2) * wide // 2, row * high
            sheet.box(left + 3, top + 3, left + wide - 3, top + high - 3, dice.colour(85, 205, 8))
    corner, lean = dice.between(60, 560), dice.between(-200, 200)
    sheet.shape(
        [(corner, 0), (corner + 90, 0), (corner + 90 + lean, 480), (corner + lean, 480)], dice.colour(190, 240, 8)
    )
    sheet.disc(dice.between(60, 580), dice.between(60, 420), dice.between(50, 90), (48, 48, 50))
    if shot.role != "after":
        _rubbish(sheet, dice, (dice.between(150, 460), dice.between(140, 330)), 4)
    return sheet.image.reduce(_FINE)


def _rubbish(sheet: _Sheet, dice: _Dice, around: tuple[int, int], scale: int) -> None:
    """Cartons, papers, bottles and a bag."""
    for kind in (0, 0, 0, 1, 1, 1, 2, 2, 3):
        x, y = (at + dice.between(-26, 26) * scale for at in around)
        wide, high, lean = (dice.between(low, low + 5) * scale for low in (6, 4, -2))
        corners = [(x, y), (x + wide, y + lean), (x + wide - lean, y + lean + high), (x - lean, y + high)]
        if kind < 2:
            sheet.shape(corners, dice.colour(225, 245, 6) if kind else (176, 130, 78))
        else:
            sheet.disc(x, y, (3, 8)[kind - 2] * scale, dice.colour(40, 70, 6) if kind == 3 else (40, 130, 80))
