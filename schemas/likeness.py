"""
When two records may well be one thing 疑似重复: near each other, alike in name or door, close in time.

Pure, and symmetric: whichever of the two came first, the verdict is the same. It is only ever a
suggestion; a person decides.
"""

import math
import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any, NamedTuple

Fields = dict[str, Any]

#: Positions of these systems differ by less than a receiver's error.
_WGS84 = frozenset({"wgs84", "cgcs2000"})
_EARTH_M = 6_371_008.8
#: A cell is larger than the widest distance asked for (30 m) anywhere in the country.
_CELL_LAT, _CELL_LON = 0.0003, 0.0006
_LONS = 1_000_000
#: How much of two names must agree: "老王修车" and "老王修车行" do, "老王修车" and "王记面馆" do not.
_ALIKE = 0.6
_NOISE = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"\d+")


class Likeness(NamedTuple):
    """
    What makes two records of one type a likely pair.

    Attributes:
        within_m: How far apart they may lie.
        alike: Says why two sets of fields may be one thing, as a reason code, or None; symmetric. The
            distance in metres is given, or None where it cannot be told.
        same: The field in which they have to agree in any case, so that others need not be compared.
        within_ms: How far apart in time they may have been found; None where time does not matter.
    """

    within_m: float
    alike: Callable[[Fields, Fields, float | None], str | None]
    same: str | None = None
    within_ms: int | None = None

    def bucket(self, fields: Fields) -> str:
        """Return what two records have to have in common before they are compared."""
        return str(fields.get(self.same)) if self.same else ""


def distance_m(one: Any, other: Any) -> float | None:
    """
    Return how far apart two positions lie, or None where that cannot be told.

    A position read off a domestic map is some hundreds of metres off a receiver's: positions of two
    systems are never compared.
    """
    if not one or not other or _system(one) != _system(other):
        return None
    lat, lat2 = math.radians(one["lat"]), math.radians(other["lat"])
    across = math.sin(math.radians(other["lon"] - one["lon"]) / 2) ** 2
    along = math.sin((lat2 - lat) / 2) ** 2
    return 2 * _EARTH_M * math.asin(math.sqrt(along + math.cos(lat) * math.cos(lat2) * across))


def cell_of(position: Any) -> int | None:
    """Return the number of the cell, some 30 m wide or more, in which *position* lies; None for none."""
    if not position:
        return None
    return _row(position["lat"]) * _LONS + _column(position["lon"])


def cells_around(cell: int) -> list[int]:
    """Return *cell* and its eight neighbours: whatever lies within 30 m lies in one of them."""
    return [cell + row * _LONS + column for row in (-1, 0, 1) for column in (-1, 0, 1)]


def names_alike(one: str | None, other: str | None) -> bool:
    """Say whether two names may be one, whatever their spaces, brackets and full-width signs."""
    first, second = folded(one), folded(other)
    # The second and the third branch of one chain are two shops.
    if not first or not second or _DIGITS.findall(first) != _DIGITS.findall(second):
        return False
    if first in second or second in first:
        return min(len(first), len(second)) > 1 or first == second
    # The ratio of the same two texts may depend on which is named first.
    low, high = sorted((first, second))
    return SequenceMatcher(None, low, high, autojunk=False).ratio() >= _ALIKE


def folded(text: str | None) -> str:
    """Return *text* for comparing: full-width forms, case, spaces and punctuation levelled out."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text or "").casefold())


def within(one: str, other: str, seconds: float) -> bool:
    """Say whether two moments, as written in records, lie at most *seconds* apart."""
    return abs(seconds_between(one, other)) <= seconds


def seconds_between(earlier: str, later: str) -> float:
    """Return how many seconds two moments, as written in records, lie apart; below 0 where *earlier* is the later."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def _system(position: Any) -> str:
    crs = str(position["crs"])
    return "wgs84" if crs in _WGS84 else crs


def _row(lat: float) -> int:
    return math.floor((lat + 90) / _CELL_LAT)


def _column(lon: float) -> int:
    return math.floor((lon + 180) / _CELL_LON)
