"""Codes of the five levels: a place lies in an area when its code begins with the area's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.grid import (
    Level,
    NotACode,
    district_of,
    feed_of,
    is_code,
    level_of,
    lies_in,
    lies_in_any,
    outermost,
    parent_of,
)

GRID = "210902005003007"
codes = st.sampled_from(list(Level)).flatmap(lambda level: st.text("012", min_size=level, max_size=level))


def test_a_grid_climbs_to_its_city() -> None:
    chain = [GRID]
    while (above := parent_of(chain[-1])) is not None:
        chain.append(above)
    assert chain == [GRID, "210902005003", "210902005", "210902", "2109"]
    assert [level_of(code).zh for code in chain] == ["网格", "社区", "街道", "区", "市"]


@pytest.mark.parametrize(
    "text", ["", "21", "21090", "2109020", "21090x", "２１０９", "2109\n", "210902\n", " 2109", "-109"]
)
def test_what_is_no_code(text: str) -> None:
    assert not is_code(text)
    with pytest.raises(NotACode):
        level_of(text)
    with pytest.raises(NotACode):
        parent_of(text)


@pytest.mark.parametrize(("code", "feed"), [(GRID, "210902005"), ("210902005", "210902005"), ("210902", "210902")])
def test_a_record_lives_in_its_streets_feed_or_the_districts(code: str, feed: str) -> None:
    assert feed_of(code) == feed
    assert district_of(code) == "210902"


def test_a_city_is_in_no_feed() -> None:
    with pytest.raises(NotACode):
        feed_of("2109")


@given(codes, st.lists(codes, max_size=6))
def test_the_outermost_areas_hold_the_same_places_and_none_of_them_holds_another(place: str, areas: list[str]) -> None:
    kept = outermost(frozenset(areas))
    assert lies_in_any(place, kept) == any(lies_in(place, area) for area in areas)
    assert not any(lies_in(a, b) for a in kept for b in kept if a != b)


@given(codes)
def test_a_place_lies_in_itself_and_in_everything_above_it(code: str) -> None:
    assert lies_in(code, code)
    above = parent_of(code)
    assert above is None or (lies_in(code, above) and not lies_in(above, code))
