"""When two shops may be one, and two findings one problem."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cases import CaseSchema
from schemas.likeness import cell_of, cells_around, distance_m, names_alike
from schemas.registers import ShopSchema

#: One degree of latitude.
DEGREE_M = 111_195
HAIZHOU = {"lat": 42.0113, "lon": 121.6611, "crs": "wgs84"}


def moved(metres_north: float, metres_east: float = 0, **more: Any) -> dict[str, Any]:
    """Return a position some metres away from the middle of Haizhou."""
    lat = HAIZHOU["lat"] + metres_north / DEGREE_M  # type: ignore[operator]
    lon = HAIZHOU["lon"] + metres_east / (DEGREE_M * math.cos(math.radians(42.0113)))  # type: ignore[operator]
    return {"lat": lat, "lon": lon, "crs": "wgs84"} | more


@pytest.mark.parametrize(("north", "east", "apart"), [(0, 0, 0), (15, 0, 15), (0, 30, 30), (3, 4, 5), (-300, 400, 500)])
def test_distances_are_metres(north: float, east: float, apart: float) -> None:
    assert distance_m(HAIZHOU, moved(north, east)) == pytest.approx(apart, abs=0.05)


def test_positions_of_two_systems_are_never_compared() -> None:
    """A point read off a domestic map lies some hundreds of metres beside a receiver's."""
    assert distance_m(HAIZHOU, moved(0, crs="gcj02")) is None
    assert distance_m(moved(0, crs="gcj02"), moved(5, crs="gcj02")) == pytest.approx(5, abs=0.05)
    assert distance_m(HAIZHOU, moved(5, crs="cgcs2000")) == pytest.approx(5, abs=0.05)
    assert distance_m(HAIZHOU, None) is None


lats, lons = st.floats(3, 54), st.floats(73, 136)
steps = st.floats(-30, 30)


@given(lats, lons, steps, steps)
def test_whatever_lies_within_30_m_lies_in_a_neighbouring_cell(
    lat: float, lon: float, north: float, east: float
) -> None:
    """Anywhere in the country."""
    here = {"lat": lat, "lon": lon, "crs": "wgs84"}
    metres_a_degree = DEGREE_M * math.cos(math.radians(lat))
    there = {"lat": lat + north / DEGREE_M, "lon": lon + east / metres_a_degree, "crs": "wgs84"}
    if (distance_m(here, there) or 0) <= 30:
        cell = cell_of(here)
        assert cell is not None
        assert cell_of(there) in cells_around(cell)


NAMES = [
    ("老王修车", "老王修车行", True),
    ("老王修车", "王记面馆", False),
    ("（老王）修车", "(老王) 修车", True),
    ("ＡＢ超市", "ab超市", True),
    ("第1家店", "第2家店", False),
    ("王记面馆2店", "王记面馆3店", False),
    ("好利来", "好利来（中华路店）", True),
    ("店", "中华路便利店", False),
    ("", "老王修车", False),
    (None, None, False),
]


@pytest.mark.parametrize(("one", "other", "alike"), NAMES)
def test_names_for_one_sign(one: str | None, other: str | None, alike: bool) -> None:
    assert names_alike(one, other) == names_alike(other, one) == alike


def shop(name: str = "老王修车", north: float = 0, **more: Any) -> dict[str, Any]:
    """Return a shop some metres north."""
    return {"name": name, "position": moved(north)} | more


SHOPS: dict[str, tuple[dict[str, Any], dict[str, Any], str | None]] = {
    "one sign, one door": (shop(), shop("老王修车行", 8), "near_and_alike"),
    "one sign, across the street": (shop(), shop("老王修车行", 16), None),
    "another sign over the same door": (
        shop(door_no="12号"),
        shop("王记面馆", 5, door_no="12 号"),
        "near_and_same_door",
    ),
    "another sign, another door": (shop(door_no="12"), shop("王记面馆", 5, door_no="14"), None),
    "no position": (shop(), {"name": "老王修车"}, None),
}


@pytest.mark.parametrize(("one", "other", "reason"), SHOPS.values(), ids=SHOPS)
def test_two_shops_or_one(one: dict[str, Any], other: dict[str, Any], reason: str | None) -> None:
    apart = distance_m(one.get("position"), other.get("position"))
    assert ShopSchema.likeness.alike(one, other, apart) == ShopSchema.likeness.alike(other, one, apart) == reason


def case(hour: int = 9, north: float = 0, **more: Any) -> dict[str, Any]:
    """Return a case found that morning."""
    found = {"problem_class": "exposed_garbage", "found_at": f"2020-07-18T{hour:02d}:00:00+08:00", "status": "reported"}
    return found | {"position": moved(north)} | more


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str | None]] = {
    "near by": (case(), case(15, 29), "near_by"),
    "too far": (case(), case(15, 31), None),
    "the same shop, however far the phones stood": (case(target_id="s"), case(15, 80, target_id="s"), "same_target"),
    "another class": (case(), case(15, problem_class="small_ads"), None),
    "a day later": (case(), case(9, found_at="2020-07-19T09:00:01+08:00"), None),
    "one of them is over": (case(), case(15, status="refused"), None),
    "one visit told them apart": (case(check_id="c"), case(9, check_id="c"), None),
}


@pytest.mark.parametrize(("one", "other", "reason"), CASES.values(), ids=CASES)
def test_two_problems_or_one(one: dict[str, Any], other: dict[str, Any], reason: str | None) -> None:
    apart = distance_m(one["position"], other["position"])
    assert CaseSchema.likeness.alike(one, other, apart) == CaseSchema.likeness.alike(other, one, apart) == reason
