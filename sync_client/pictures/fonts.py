"""
Fonts for Chinese 字体: the one that is shipped, and for signs it lacks those of the system.

The shipped one comes first, so that a watermark looks the same on every tablet. A sign that no font has is never
drawn as an empty box: in its place stands 〓, as printers set it, and whoever asked is told.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from PIL import ImageFont

#: Set where a sign is missing, as printers do.
MISSING = "〓"
_SHIPPED = Path(__file__).parent / "fonts" / "gridward-sans-sc.otf"
#: Where systems keep fonts with many Chinese signs, the number of the Chinese one in a collection beside.
_OF_SYSTEMS = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf", 0),
    ("C:/Windows/Fonts/msyh.ttc", 0),
    ("C:/Windows/Fonts/simsun.ttc", 0),
    ("C:/Windows/Fonts/simsunb.ttf", 0),
    ("C:/Windows/Fonts/simhei.ttf", 0),
    ("/System/Library/Fonts/PingFang.ttc", 0),
    ("/System/Library/Fonts/Hiragino Sans GB.ttc", 0),
    ("/System/Library/Fonts/STHeiti Light.ttc", 0),
    ("/Library/Fonts/Arial Unicode.ttf", 0),
    ("/system/fonts/NotoSansCJK-Regular.ttc", 2),
    ("/system/fonts/NotoSansSC-Regular.otf", 0),
    ("/system/fonts/HarmonyOS_Sans_SC.ttf", 0),
    ("/system/fonts/DroidSansFallback.ttf", 0),
)
#: Signs are compared at this size, pixels; no font has anything at the last place of Unicode.
_COMPARED_AT = 24
_NOWHERE = "\U0010ffff"
#: Signs of no width: joiners, marks of direction, which variant is meant.
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
_VARIANTS = range(0xFE00, 0xFE10)

Font = ImageFont.FreeTypeFont


def places() -> tuple[tuple[str, int], ...]:
    """Return the font files that lie here, the shipped one first, each with the number of the font in it."""
    return ((str(_SHIPPED), 0), *((path, index) for path, index in _OF_SYSTEMS if Path(path).is_file()))


def runs_of(text: str, size: int) -> Iterator[tuple[str, Font]]:
    """Yield *text*, which ``drawable`` gave, in pieces, each with the font of *size* pixels that has all its signs."""
    piece, before = "", None
    for sign in text:
        place = _place_of(sign) or places()[0]
        if place != before and piece:
            yield piece, _font(*(before or place), size)
            piece = ""
        piece, before = piece + sign, place
    if piece and before:
        yield piece, _font(*before, size)


def width_of(text: str, size: int) -> float:
    """Return how wide *text* is, pixels."""
    return sum(font.getlength(piece) for piece, font in runs_of(text, size))


def drawable(text: str) -> tuple[str, str]:
    """Return *text* as it can be drawn, on one line, and the signs in it that no font here has."""
    seen = [sign for sign in " ".join(text.split()) if not _is_unseen(sign)]
    lacking = [sign for sign in seen if _place_of(sign) is None]
    return "".join(MISSING if sign in lacking else sign for sign in seen), "".join(dict.fromkeys(lacking))


def _is_unseen(sign: str) -> bool:
    return unicodedata.category(sign) in _UNSEEN or ord(sign) in _VARIANTS


@cache
def _place_of(sign: str) -> tuple[str, int] | None:
    """Return the first font that has *sign*."""
    return next((place for place in _known() if _has(place, sign)), None)


@cache
def _known() -> tuple[tuple[str, int], ...]:
    return tuple(place for place in places() if _opens(place))


def _opens(place: tuple[str, int]) -> bool:
    try:
        _font(*place, _COMPARED_AT)
    except OSError:
        return False
    return True


def _has(place: tuple[str, int], sign: str) -> bool:
    return sign.isspace() or _shape(place, sign) != _shape(place, _NOWHERE)


def _shape(place: tuple[str, int], sign: str) -> tuple[tuple[int, int], bytes]:
    mask = _font(*place, _COMPARED_AT).getmask(sign)
    return mask.size, bytes(mask)


def forget() -> None:
    """Look for fonts anew, when one was installed or taken away."""
    for remembered in (_place_of, _known):
        remembered.cache_clear()


@cache
def _font(path: str, index: int, size: int) -> Font:
    # Without the shaping library, which is not everywhere: the same everywhere.
    return ImageFont.truetype(path, size, index, layout_engine=ImageFont.Layout.BASIC)
