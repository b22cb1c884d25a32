"""
What nearly equal pictures nearly share 照片相似度: 128 bits of brighter and darker, and how to find them again.

Pure: a picture in, digits out. A picture that was compressed again, scaled, brightened or stamped with a line
of text keeps nearly all of its bits; two pictures of different things share about half of them.
"""

import dhash
from PIL import Image

BANDS = 8
BAND_BITS = 16
#: Two likenesses that differ in no more bits than this are found by ``near_bands``; see there.
FOUND_WITHIN = 2 * BANDS - 1
_SIDE = 9
_INNER = _SIDE - 1
#: Two neighbours that differ by less, of 256 greys, may change places when a picture is compressed again.
_CLEAR = 4
#: Of the 64 neighbours beside each other, and of the 64 above each other, so many have to differ clearly.
_CLEAR_PAIRS = 16


def likeness_of(image: Image.Image) -> str | None:
    """
    Return the likeness of a picture: 32 hexadecimal digits, by rows and by columns.

    Args:
        image: Upright; of whatever size, for it is scaled down to 9 by 9.

    Returns:
        None for a picture with too little in it (a wall, fog, a lens cap): what it has is noise, and it would
        resemble every other such picture.
    """
    grays = list(image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS).tobytes())
    if min(_clear_pairs(grays)) < _CLEAR_PAIRS:
        return None
    rows, columns = dhash.dhash_row_col(grays)
    return str(dhash.format_hex(rows, columns))


def distance(a: str, b: str) -> int:
    """Return in how many of their 128 bits two likenesses differ."""
    return (int(a, 16) ^ int(b, 16)).bit_count()


def bands_of(likeness: str) -> list[int]:
    """
    Return the ``BANDS`` bands of a likeness, of ``BAND_BITS`` bits each; every bit belongs to one of them.

    Neighbouring bits say nearly the same: they go to different bands, so that few pictures share one by chance.
    """
    bits = int(likeness, 16)
    found = [0] * BANDS
    for place, band in enumerate(_BAND_OF):
        found[band] = found[band] << 1 | (bits >> place & 1)
    return found


def near_bands(likeness: str) -> list[list[int]]:
    """
    Return for each band the values that differ from that of *likeness* in one bit at most, its own first.

    Whatever differs from *likeness* in ``FOUND_WITHIN`` bits or fewer has one of these values in at least one
    band: were there two differing bits in every band, they would be more.
    """
    return [[band, *(band ^ 1 << bit for bit in range(BAND_BITS))] for band in bands_of(likeness)]


def _band_of(place: int) -> int:
    """Return the band of a bit: no two of a row, of a column or of the same place in both hashes share one."""
    half, inside = divmod(place, _INNER * _INNER)
    row, column = divmod(inside, _INNER)
    return (column + 3 * row + BANDS // 2 * half) % BANDS


_BAND_OF = [_band_of(place) for place in range(BANDS * BAND_BITS)]


def _clear_pairs(grays: list[int]) -> tuple[int, int]:
    """Return how many neighbours differ clearly, of those beside and of those above each other."""
    inner = [y * _SIDE + x for y in range(_INNER) for x in range(_INNER)]
    beside = sum(abs(grays[at] - grays[at + 1]) >= _CLEAR for at in inner)
    above = sum(abs(grays[at] - grays[at + _SIDE]) >= _CLEAR for at in inner)
    return beside, above
