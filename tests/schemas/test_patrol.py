"""What is due on a day: intervals, turns, days of rest, and what of it is done."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.ids import derived_id
from schemas.patrol import (
    LONGEST,
    STANDARD,
    WORDS,
    Entry,
    PatrolDay,
    Target,
    completion,
    interval,
    is_due,
    plan,
    rhythm_of,
    stands,
    targets,
)
from tests.server.office import GRID_7, GRID_8

SATURDAY = "2020-07-18"


def shop(name: str = "shop", every: int = 7, grid: str = GRID_7) -> Target:
    return Target(derived_id("test", name), "shop", grid, every)


def days_from(day: str, count: int) -> list[str]:
    first = date.fromisoformat(day)
    return [(first + timedelta(days=n)).isoformat() for n in range(count)]


@pytest.mark.parametrize(
    ("kind", "fields", "key_kinds", "every"),
    [
        ("street_segment", {"road_grade": 1, "kind": "arterial"}, (), 1),
        ("street_segment", {"road_grade": 2, "kind": "secondary"}, (), 2),
        ("street_segment", {"road_grade": 4, "kind": "branch"}, (), 7),
        # A back alley is neglected easily: more often than its grade asks.
        ("street_segment", {"road_grade": 4, "kind": "alley"}, (), 3),
        ("street_segment", {"road_grade": 3, "kind": "branch", "is_model_road": True}, (), 1),
        ("street_segment", {"road_grade": 4, "kind": "branch", "key_place_kind": "railway_side"}, (), 2),
        ("shop", {"category": "retail"}, (), 7),
        ("shop", {"category": "market"}, ("farm_market",), 1),
        ("parking_area", {"kind": "sidewalk"}, (), 1),
    ],
)
def test_the_shortest_interval_counts(
    kind: Any, fields: dict[str, Any], key_kinds: tuple[str, ...], every: int
) -> None:
    assert interval(kind, fields, STANDARD, key_kinds) == every


def test_what_a_key_place_holds_is_looked_at_more_often() -> None:
    """A shop in a farm market is due daily; the market itself has no form and is no target."""
    stall, other = derived_id("test", "stall"), derived_id("test", "other")
    entries = [
        Entry(stall, "shop", GRID_7, {"category": "retail"}),
        Entry(other, "shop", GRID_7, {"category": "retail"}),
        Entry("market", "key_place", GRID_7, {"kind": "farm_market", "patrol_per_day": 2, "target_ids": [stall]}),
    ]
    found = {one.id: one.every for one in targets(entries, STANDARD, SATURDAY)}
    assert found == {stall: 1, other: 7}


@pytest.mark.parametrize(
    ("fields", "there"),
    [
        ({}, True),
        ({"status": "open"}, True),
        ({"status": "renamed"}, True),
        ({"status": "closed"}, False),
        ({"status": "vacant"}, False),
        ({"status": "closed_temporarily"}, False),
        ({"status": "suspended"}, False),
        ({"category": "vacant"}, False),
        ({"merged_into": "another"}, False),
        ({"valid_from": "2020-07-19"}, False),
        ({"valid_to": "2020-07-17"}, False),
        ({"valid_from": SATURDAY, "valid_to": SATURDAY}, True),
    ],
)
def test_nobody_walks_to_what_is_not_there(fields: dict[str, Any], there: bool) -> None:
    assert stands(fields, SATURDAY) is there


@pytest.mark.parametrize(("last", "due"), [("2020-07-11", True), ("2020-07-12", False), ("2020-06-01", True)])
def test_it_is_due_when_its_last_check_is_as_old_as_its_interval(last: str, due: bool) -> None:
    assert is_due(shop(), last, PatrolDay(SATURDAY)) is due


def test_nothing_is_due_on_a_day_of_rest_and_all_of_it_on_the_next() -> None:
    """Checked eight days ago, due on Saturday: without a campaign that is Monday."""
    assert not is_due(shop(), "2020-07-10", PatrolDay(SATURDAY, duty=False))
    assert is_due(shop(), "2020-07-10", PatrolDay("2020-07-20", rest=2))


@given(st.uuids().map(str), st.integers(1, LONGEST), st.integers(0, 400))
def test_what_nobody_checked_comes_in_turn(record: str, every: int, start: int) -> None:
    """In any stretch as long as its interval it is due at least once, and on fewer than all days where it can be."""
    target = Target(record, "shop", GRID_7, every)
    first = (date(2020, 1, 1) + timedelta(days=start)).isoformat()
    due = [is_due(target, None, PatrolDay(day)) for day in days_from(first, every)]
    assert any(due)


@given(st.uuids().map(str), st.integers(1, LONGEST), st.integers(1, 10), st.integers(0, 400))
def test_what_fell_on_days_of_rest_comes_right_after(record: str, every: int, rest: int, start: int) -> None:
    """The first day on which it would be due is a day of rest: it is due when people are on duty again."""
    target = Target(record, "shop", GRID_7, every)
    days = days_from((date(2020, 1, 1) + timedelta(days=start)).isoformat(), rest + 1)
    begins = [
        is_due(target, None, PatrolDay(day)) and not is_due(target, None, PatrolDay(_before(day))) for day in days
    ]
    if any(begins[:-1]):
        assert is_due(target, None, PatrolDay(days[-1], rest=rest))


def _before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def test_a_fresh_register_does_not_fall_on_one_day() -> None:
    """Of 700 shops that nobody has seen, about a hundred more are due every day of the week."""
    shops = [shop(str(n)) for n in range(700)]
    due = [sum(is_due(one, None, PatrolDay(day)) for one in shops) for day in days_from("2020-07-13", 7)]
    assert due == sorted(due)
    assert due[-1] == 700
    grown = [later - earlier for earlier, later in zip([0, *due], due, strict=False)]
    assert all(60 <= step <= 140 for step in grown)


def test_what_was_checked_today_is_done_and_what_was_not_due_does_not_count() -> None:
    due, open_, extra = shop("due", 1), shop("open", 1), shop("extra", 7)
    last = {due.id: "2020-07-17", open_.id: "2020-07-17", extra.id: "2020-07-17"}
    found = plan([due, open_, extra], last, {due.id: 1, extra.id: 2}, PatrolDay(SATURDAY))
    part = found[GRID_7].part("shop")
    assert (part.done, part.open, part.visited, part.checks) == (1, (open_.id,), 2, 3)
    assert completion(found.values()) == (2, 1)
    assert completion(found.values()).rate == 0.5
    assert completion([]).rate is None


def test_each_grid_has_a_plan_of_its_own() -> None:
    here, there = shop("here", 1), shop("there", 1, GRID_8)
    found = plan([here, there], {}, {there.id: 1}, PatrolDay(SATURDAY))
    assert {code: (one.due, one.done, one.walked) for code, one in found.items()} == {
        GRID_7: (1, 0, False), GRID_8: (1, 1, True),
    }  # fmt: skip


@settings(max_examples=30)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.dictionaries(st.text(), x)))
def test_no_setting_breaks_the_plan(said: Any) -> None:
    """Whatever stands in the settings, every interval is one."""
    assert rhythm_of(said).keys() == STANDARD.keys() == WORDS.keys()
    assert all(1 <= days <= LONGEST for days in rhythm_of(said).values())


def test_the_district_says_otherwise() -> None:
    assert rhythm_of({"shop": 5, "alley": 0, "parking": True, "nonsense": 3}) == STANDARD | {"shop": 5}
