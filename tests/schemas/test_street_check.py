"""Street sweeping: limits per 1000 m², caps, snow, photos and the cases they open."""

from typing import Any

import pytest

from schemas.checks.common import counted_score
from tests.schemas.checks_made import cases, missing, opened, photo, street


def test_twelve_butts_on_a_street_of_grade_two() -> None:
    """Ten per 1000 m² where eight may lie: two points, and no case."""
    check = street({"A3": 12})
    assert (check["score"], check["result"], check["sample_area_m2"]) == (980, "excellent", 1200)
    assert opened("street_check", check) == {}


@pytest.mark.parametrize(
    ("items", "score"),
    [
        ({}, 1000),
        ({"A1": 6}, 1000),  # 5.0: up to the limit passes
        ({"A1": 7}, 990),  # 5.83: a part of a unit counts as one
        ({"A3": 40}, 920),  # capped at 8
        ({"A5": 0.6}, 1000),  # 0.5 m² per 1000 m²
        ({"A5": 0.7}, 990),  # 0.583: one started half square metre
        ({"A5": 1.3}, 980),  # 1.083: two
        ({"A5": 9.0}, 960),
        ({"A6": 3}, 990),
        ({"A6": 50}, 960),
        ({"B1": "light"}, 950),
        ({"B1": "heavy"}, 850),
        ({"C1": 4}, 960),
        ({"C1": 40}, 850),
        ({"D1": 2}, 960),
        ({"D2": 3}, 970),
        ({"D1": 4, "D2": 4}, 900),  # 8 + 4, and 10 is their cap together
        ({"E1": {"piles": 1, "m2": 0.5}}, 950),
        ({"E1": {"piles": 2, "m2": 0.9}}, 900),
        ({"E1": {"piles": 1, "m2": 1.0}}, 900),
        ({"E1": {"piles": 0, "m2": 0.3}}, 950),
        ({"F1": 9}, 950),
        ({"G1": 2}, 980),
    ],
)
def test_deductions(items: dict[str, Any], score: int) -> None:
    """One line of the form each."""
    assert street(items)["score"] == score


@pytest.mark.parametrize(("grade", "butts"), [(1, 4), (2, 8), (3, 10), (4, 15)])
def test_every_grade_has_its_limit(grade: int, butts: int) -> None:
    """On exactly 1000 m² the count is the number per 1000."""
    where = {"road_grade": grade, "sample_length_m": 100, "sample_width_m": 10}
    assert street({"A3": butts}, **where)["score"] == 1000
    assert street({"A3": butts + 1}, **where)["score"] == 990
    assert "unclean_road" not in opened("street_check", street({"A3": 2 * butts}, **where))
    assert "unclean_road" in opened("street_check", street({"A3": 2 * butts + 1}, **where))


@pytest.mark.parametrize(
    ("items", "notes", "expected"),
    [
        ({"A5": 0.6}, {}, {}),
        ({"A5": 0.7}, {}, {"standing_water": "minor"}),
        ({"A5": 0.7}, {"A5": {"blocks_passage": True}}, {"standing_water": "major"}),
        ({"B1": "light"}, {}, {}),
        ({"B1": "heavy"}, {}, {"unclean_road": "minor"}),
        ({"C1": 4}, {}, {}),
        ({"C1": 5}, {}, {"unclean_road": "minor"}),
        ({"D1": 1}, {}, {"bin_overflow": "minor"}),
        ({"D2": 1}, {}, {}),
        ({"D2": 1}, {"D2": {"broken": True}}, {"facility_broken": "minor"}),
        ({"E1": {"piles": 1, "m2": 0.9}}, {}, {"exposed_garbage": "minor"}),
        ({"E1": {"piles": 1, "m2": 1}}, {}, {"exposed_garbage": "major"}),
        ({"F1": 4}, {}, {}),
        ({"F1": 5}, {}, {"small_ads": "minor"}),
        ({"G1": 1}, {}, {}),
        ({"G1": 1}, {"G1": {"burning": True}}, {"other": "critical"}),
    ],
)
def test_what_opens_a_case(items: dict[str, Any], notes: dict[str, Any], expected: dict[str, str]) -> None:
    """Each threshold, just below and just reached."""
    assert opened("street_check", street(items, notes=notes)) == expected


def test_a_dirty_road_is_one_case_however_many_ways_it_is_dirty() -> None:
    """Butts, dust and corners: one crew is sent once."""
    check = street({"A3": 30, "B1": "heavy", "C1": 6}, notes={"C1": {"remark": "树穴"}})
    [case] = cases("street_check", check)
    assert case.fields["item_codes"] == ["A3", "B1", "C1"]
    assert case.fields["description"] == (
        "烟蒂 30 个；积尘积泥、路见本色：重；边角（树穴、路缘石、雨水口、墙根） 6 处（树穴）"
    )
    assert case.fields["functional_unit"] == "dept_housing"
    assert case.fields["territorial_unit"] == "210902005"
    assert case.fields["road_grade"] == 2


def test_dust_and_damp_are_skipped_while_it_snows() -> None:
    """Fifteen points for dust and four for water leave both sides; a butt more weighs more."""
    snow = street({"A3": 12, "B1": "heavy", "A5": 3.0}, weather="snow")
    assert snow["score"] == 975  # 79 of 81
    assert opened("street_check", snow) == {}


def test_a_segment_nobody_swept_scores_fifty_nine_at_most() -> None:
    """Whole or in part, the veto is a lid, not a floor."""
    assert (street(whole_segment_unswept=True)["score"], street(whole_segment_unswept=True)["result"]) == (590, "fail")
    assert street(whole_segment_unswept=True)["vetoes"] == ["whole_segment_unswept"]
    filthy = {"A1": 99, "A2": 99, "A3": 99, "A4": 99, "B1": "heavy", "C1": 20}
    assert street(filthy, whole_segment_unswept=True)["score"] == 380


def test_the_photos_a_street_asks_for() -> None:
    """The overview always; near where points went; far and near for what opens a case."""
    assert missing(street()) == {(None, "overview")}
    check = street({"A3": 12, "A5": 0.1, "C1": 2, "D1": 1}, photos=[photo("overview", "A3"), photo("near", "D1")])
    assert missing(check) == {("A3", "near"), ("A5", "near"), ("D1", "far")}


def test_an_item_that_does_not_apply_leaves_both_sides() -> None:
    """No litter bins on this stretch: the ten points leave with both of their items, not with one."""
    assert street({"D1": None, "D2": None, "C1": 9})["score"] == 900  # 81 of 90
    assert street({"D1": None, "C1": 9})["score"] == 910
    nothing = street(dict.fromkeys(street()["items"]))
    assert (nothing["score"], nothing["result"]) == (None, None)


def test_an_inspectors_score_counts_and_the_workers_stays() -> None:
    """Both stand in the record."""
    check = street({"C1": 5}, score_revision={"score": 800, "reason": "漏看两处"})
    assert (check["score"], counted_score(check)) == (950, 800)
    assert counted_score(street()) == 1000


@pytest.mark.parametrize(
    ("lost", "result"), [(10, "excellent"), (11, "good"), (15, "good"), (16, "pass"), (30, "pass"), (31, "fail")]
)
def test_results(lost: int, result: str) -> None:
    """90, 85 and 70 belong to the better side."""
    corners, other = min(lost, 15), max(lost - 15, 0)
    bins, litter = min(other, 8), max(other - 8, 0)
    items = {"C1": corners, "D2": bins, "F1": min(litter, 5), "G1": max(litter - 5, 0)}
    check = street(items)
    assert (check["score"], check["result"]) == (1000 - 10 * lost, result)
