"""
Systems of coordinates 坐标系: WGS-84 as receivers measure it, GCJ-02 and BD-09 as domestic maps draw it.

Pure. Records keep a point as it was measured; it is converted for showing only, and whoever shows it names the system.
The shift of GCJ-02 is some hundreds of metres: a mix-up breaks every rule that goes by distance.

Source: the published approximation of the GCJ-02 shift over the Krasovsky ellipsoid, and BD-09's turn around it. Its
own inverse is not published: it is found by iteration.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

#: What a display may ask for, by the word under which positions name their system.
DISPLAYED = {"wgs84": "WGS-84", "gcj02": "GCJ-02（火星坐标）"}
#: CGCS2000 is WGS-84 to within some centimetres here.
_AS_MEASURED = frozenset({"wgs84", "cgcs2000"})

# The ellipsoid of Krasovsky: its half axis, metres, and the square of its eccentricity.
_HALF_AXIS, _ECCENTRICITY_2 = 6378245.0, 0.00669342162296594323
_CENTRE_LAT, _CENTRE_LON = 35.0, 105.0
_BAIDU_TURN = math.pi * 3000.0 / 180.0
#: The rectangle within which the shift is drawn: latitudes, longitudes.
_CHINA = ((0.8293, 55.8271), (72.004, 137.8347))
#: Each step of the inverse leaves about a thousandth of the error.
_STEPS = 8
_NEAR_DEG = 1e-10


class Point(NamedTuple):
    """A point in degrees."""

    lat: float
    lon: float


def is_shifted(point: Point) -> bool:
    """Say whether GCJ-02 differs from WGS-84 at *point*: inside the rectangle around China."""
    (south, north), (west, east) = _CHINA
    return south <= point.lat <= north and west <= point.lon <= east


def gcj02_of(point: Point) -> Point:
    """Return the WGS-84 *point* in GCJ-02; outside China it stays as it is."""
    if not is_shifted(point):
        return point
    lat, lon = _shift(point)
    return Point(point.lat + lat, point.lon + lon)


def wgs84_of_gcj02(point: Point) -> Point:
    """Return the GCJ-02 *point* in WGS-84, to within a centimetre; outside China it stays as it is."""
    if not is_shifted(point):
        return point
    found = point
    for _ in range(_STEPS):
        lat, lon = _shift(found)
        better = Point(point.lat - lat, point.lon - lon)
        if max(abs(better.lat - found.lat), abs(better.lon - found.lon)) < _NEAR_DEG:
            return better
        found = better
    return found


def gcj02_of_bd09(point: Point) -> Point:
    """Return the BD-09 *point* in GCJ-02; outside China it stays as it is."""
    if not is_shifted(point):
        return point
    x, y = point.lon - 0.0065, point.lat - 0.006
    away = math.hypot(x, y) - 0.00002 * math.sin(y * _BAIDU_TURN)
    angle = math.atan2(y, x) - 0.000003 * math.cos(x * _BAIDU_TURN)
    return Point(away * math.sin(angle), away * math.cos(angle))


def wgs84_of(position: Mapping[str, Any]) -> Point | None:
    """
    Return a position, as records keep it, in WGS-84; None where its system is none that is known.

    Args:
        position: ``lat``, ``lon`` in degrees, and ``crs``.
    """
    point, crs = Point(float(position["lat"]), float(position["lon"])), position["crs"]
    if crs in _AS_MEASURED:
        return point
    if crs == "gcj02":
        return wgs84_of_gcj02(point)
    return wgs84_of_gcj02(gcj02_of_bd09(point)) if crs == "bd09" else None


def displayed(position: Mapping[str, Any], crs: str) -> Point | None:
    """
    Return a position, as records keep it, in the system *crs* of ``DISPLAYED``; None where its own is not known.

    What was kept in that very system is given back untouched.
    """
    if position["crs"] == crs:
        return Point(float(position["lat"]), float(position["lon"]))
    plain = wgs84_of(position)
    return gcj02_of(plain) if plain is not None and crs == "gcj02" else plain


def _shift(point: Point) -> tuple[float, float]:
    """Return by how much GCJ-02 lies north and east of a WGS-84 *point*, in degrees."""
    east, north = point.lon - _CENTRE_LON, point.lat - _CENTRE_LAT
    radians = math.radians(point.lat)
    bend = 1.0 - _ECCENTRICITY_2 * math.sin(radians) ** 2
    along_lat = _HALF_AXIS * (1.0 - _ECCENTRICITY_2) / (bend * math.sqrt(bend))
    along_lon = _HALF_AXIS / math.sqrt(bend) * math.cos(radians)
    return math.degrees(_northwards(east, north) / along_lat), math.degrees(_eastwards(east, north) / along_lon)


def _northwards(x: float, y: float) -> float:
    """Return the shift to the north in metres, *x* degrees east and *y* degrees north of the centre."""
    flat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    return flat + _ripple(x) + _waves(y, (1, 20.0), (1 / 3, 40.0)) + _waves(y, (1 / 12, 160.0), (1 / 30, 320.0))


def _eastwards(x: float, y: float) -> float:
    """Return the shift to the east in metres; see ``_northwards``."""
    flat = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    return flat + _ripple(x) + _waves(x, (1, 20.0), (1 / 3, 40.0)) + _waves(x, (1 / 12, 150.0), (1 / 30, 300.0))


def _ripple(x: float) -> float:
    return _waves(x, (6, 20.0), (2, 20.0))


def _waves(at: float, *waves: tuple[float, float]) -> float:
    """Return two thirds of the sum of sines, each so often in two degrees and so high."""
    return sum(height * math.sin(at * often * math.pi) for often, height in waves) * 2.0 / 3.0
