"""Points go from one system to another within a metre of what is published, and come back to where they were."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.coordinates import (
    DISPLAYED,
    Point,
    displayed,
    gcj02_of,
    gcj02_of_bd09,
    is_shifted,
    wgs84_of,
    wgs84_of_gcj02,
)
from schemas.parts import CRS

_DEGREE_M = 111_320.0

#: What several independent programs publish as the GCJ-02 of a WGS-84 point.
PUBLISHED = {
    "Shanghai": ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
    "Shenzhen": ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
    "Beijing": ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
    "Beijing, the square": ((39.915, 116.404), (39.91640428150164, 116.41024449916938)),
    "Jinshan": ((30.6107779, 121.0917077), (30.608604331756705, 121.09626935575027)),
}
#: What they publish as the GCJ-02 of a BD-09 point.
BAIDU = {
    "Beijing": ((39.915, 116.404), (39.90865673957631, 116.39762729119315)),
    "Jinshan": ((30.61484572185035, 121.10271732371203), (30.608604331756705, 121.09626935575027)),
    "the north-east": ((45.00636899, 123.00636499), (45.0, 123.0)),
}
ABROAD = {"London": (51.5072, -0.1276), "Sydney": (-33.86, 151.21), "New York": (40.71, -74.0), "Tokyo": (35.68, 139.7)}

in_china = st.builds(Point, st.floats(4, 53), st.floats(74, 134))
anywhere = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))


def apart_m(one: Point, other: Point) -> float:
    """Return how far two near points are from each other, metres."""
    east = (one.lon - other.lon) * math.cos(math.radians(one.lat))
    return math.hypot(one.lat - other.lat, east) * _DEGREE_M


@pytest.mark.parametrize(("plain", "shifted"), PUBLISHED.values(), ids=PUBLISHED)
def test_it_agrees_with_what_is_published(plain: tuple[float, float], shifted: tuple[float, float]) -> None:
    """Within a metre, there and back; and the two are hundreds of metres apart."""
    assert apart_m(gcj02_of(Point(*plain)), Point(*shifted)) < 1
    assert apart_m(wgs84_of_gcj02(Point(*shifted)), Point(*plain)) < 1
    assert 300 < apart_m(Point(*plain), Point(*shifted)) < 900


@pytest.mark.parametrize(("baidu", "shifted"), BAIDU.values(), ids=BAIDU)
def test_a_point_of_the_other_map_agrees_too(baidu: tuple[float, float], shifted: tuple[float, float]) -> None:
    """From BD-09 to GCJ-02, and by way of it to WGS-84."""
    position = {"lat": baidu[0], "lon": baidu[1], "crs": "bd09"}
    shown, plain = displayed(position, "gcj02"), wgs84_of(position)
    assert shown is not None
    assert plain is not None
    assert apart_m(gcj02_of_bd09(Point(*baidu)), Point(*shifted)) < 1
    assert apart_m(shown, Point(*shifted)) < 1
    assert apart_m(gcj02_of(plain), Point(*shifted)) < 1


@pytest.mark.parametrize("place", ABROAD.values(), ids=ABROAD)
def test_nothing_moves_outside_china(place: tuple[float, float]) -> None:
    """Neither there nor back."""
    point = Point(*place)
    assert not is_shifted(point)
    assert gcj02_of(point) == wgs84_of_gcj02(point) == gcj02_of_bd09(point) == point


@given(in_china)
def test_there_and_back_again(point: Point) -> None:
    """The inverse is found within a tenth of a metre anywhere in the country."""
    assert apart_m(wgs84_of_gcj02(gcj02_of(point)), point) < 0.1


@given(anywhere, st.sampled_from(sorted(CRS)), st.sampled_from(sorted(DISPLAYED)))
def test_every_system_can_be_shown(point: Point, crs: str, shown: str) -> None:
    """A position of any kind that records keep is shown in either system; in its own it is not touched."""
    found = displayed({"lat": point.lat, "lon": point.lon, "crs": crs}, shown)
    assert found is not None
    assert all(map(math.isfinite, found))
    if crs == shown:
        assert found == point


def test_an_unknown_system_is_never_guessed() -> None:
    """What a newer version may keep is left out, not drawn somewhere."""
    assert wgs84_of({"lat": 42.0, "lon": 121.6, "crs": "mars2000"}) is None
    assert displayed({"lat": 42.0, "lon": 121.6, "crs": "mars2000"}, "gcj02") is None
