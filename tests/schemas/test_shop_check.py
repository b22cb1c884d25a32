"""Three guarantees in front of the door: seasons, greenery, notices, vetoes and cases."""

from datetime import datetime
from typing import Any

import pytest

from schemas.checks.reading import snow_start_limit
from tests.schemas.checks_made import JANUARY, JULY, cases, missing, opened, photo, shop


@pytest.mark.parametrize(
    ("has_green", "when", "lost_of"),
    [
        (True, JANUARY, 1000 - 140),  # all 100 points apply
        (False, JANUARY, 835),  # 71 of 85
        (True, JULY, 848),  # 78 of 92
        (False, JULY, 818),  # 63 of 77
    ],
)
def test_a_shop_without_greenery_is_measured_by_what_it_has(has_green: bool, when: str, lost_of: int) -> None:
    """Fourteen points lost weigh more where fewer apply; greenery and snow fall away by themselves."""
    found = {"H1": 9, "G1": 0 if has_green else 9, "H5": when == JULY}
    assert shop(found, has_green=has_green, observed_at=when)["score"] == lost_of


@pytest.mark.parametrize(
    ("when", "snowed", "counts"),
    [
        ("2020-10-31T23:59:59+08:00", None, False),
        ("2020-11-01T00:00:00+08:00", None, True),
        ("2020-10-31T17:00:00+00:00", None, True),  # the first of November in Fuxin
        ("2021-03-31T23:59:59+08:00", None, True),
        ("2021-04-01T00:00:00+08:00", None, False),
        ("2021-04-02T09:00:00+08:00", "2021-04-01T20:00:00+08:00", True),
    ],
)
def test_snow_counts_in_winter_or_after_snow(when: str, snowed: str | None, counts: bool) -> None:
    """From 1 November to 31 March by the local calendar, and whenever it has snowed."""
    assert (shop({"H5": True}, observed_at=when, snow_stopped_at=snowed)["score"] < 1000) is counts


@pytest.mark.parametrize(
    ("items", "lost"),
    [
        ({"H1": 1}, 20), ({"H1": 9}, 140), ({"H2": 1}, 50), ({"H2": 3}, 100), ({"H3": 3}, 100), ({"H4": 0.1}, 80),
        ({"H5": True}, 80), ({"G1": 2}, 40), ({"G1": 3}, 50), ({"G2": 1}, 20), ({"G3": True}, 50), ({"G4": 7}, 50),
        ({"O1": True}, 80), ({"O2": 4}, 60), ({"O3": 1}, 20), ({"O4": 1}, 10), ({"O4": 3}, 10), ({"O4": 4}, 20),
        ({"O4": 40}, 40), ({"O5": 3}, 40), ({"O6": 5}, 20),
    ],
)  # fmt: skip
def test_deductions(items: dict[str, Any], lost: int) -> None:
    """One line of the form each, in January, where all of them apply."""
    assert shop(items, observed_at=JANUARY)["score"] == 1000 - lost


_FIXED = {"fixed_at_once": True}
_NEXT_DAY = "2021-01-13T10:00:00+08:00"


@pytest.mark.parametrize(
    ("items", "notes", "fields", "expected"),
    [
        ({"H1": 3}, {}, {}, {}),
        ({"H1": 4}, {}, {}, {"unclean_road": "minor"}),
        ({"H1": 4}, {"H1": _FIXED}, {}, {}),
        ({"H2": 1}, {}, {}, {"standing_water": "minor"}),
        ({"H2": 1}, {"H2": _FIXED}, {}, {}),
        ({"H2": 1}, {"H2": {"blocks_passage": True}}, {}, {"standing_water": "major"}),
        ({"H2": 1}, {}, {"weather": "snow"}, {}),
        ({"H3": 1}, {}, {}, {}),
        ({"H3": 1}, {"H3": {"overflow": True}}, {}, {"bin_overflow": "minor"}),
        ({"H4": 0.5}, {}, {}, {"exposed_garbage": "minor"}),
        ({"H4": 1.0}, {}, {}, {"exposed_garbage": "major"}),
        ({"H5": True}, {}, {}, {"snow_not_cleared": "major"}),
        ({"H5": True}, {}, {"snow_stopped_at": "2021-01-12T06:00:00+08:00"}, {}),
        ({"H5": True}, {}, {"snow_stopped_at": "2021-01-11T10:00:00+08:00"}, {"snow_not_cleared": "major"}),
        ({"H5": True}, {"H5": {"not_started": True}}, {"snow_stopped_at": "2021-01-12T06:00:00+08:00"},
         {"snow_not_cleared": "major"}),
        ({"H5": True}, {"H5": {"not_started": True}}, {"snow_stopped_at": "2021-01-12T09:00:00+08:00"}, {}),
        ({"G1": 1}, {}, {}, {}),
        ({"G1": 2}, {}, {}, {"dirty_green": "minor"}),
        ({"G1": 2}, {}, {"has_green": False}, {}),
        ({"G2": 1}, {}, {}, {}),
        ({"G2": 1}, {}, {"notice_given": None}, {}),
        ({"G2": 1}, {}, {"notice_given": "verbal"}, {"dirty_green": "minor"}),
        ({"G2": 1}, {"G2": _FIXED}, {"notice_given": "verbal"}, {}),
        ({"G3": True}, {}, {}, {"green_damage": "minor"}),
        ({"G4": 2}, {}, {}, {}),
        ({"G4": 3}, {}, {}, {"small_ads": "minor"}),
        ({"G4": 3}, {"G4": {"broken": True}}, {}, {"facility_broken": "minor"}),
        ({"O1": True}, {}, {}, {"out_of_store": "minor"}),
        ({"O1": True}, {"O1": _FIXED}, {}, {}),
        ({"O2": 1}, {}, {}, {"piling": "minor"}),
        ({"O2": 1}, {"O2": _FIXED}, {}, {}),
        ({"O3": 1}, {}, {}, {}),
        ({"O3": 2}, {}, {}, {"motor_parking": "minor"}),
        ({"O4": 5}, {}, {}, {}),
        ({"O4": 6}, {}, {}, {"nonmotor_parking": "minor"}),
        ({"O5": 1}, {}, {}, {"illegal_structure": "major"}),
        ({"O5": 1}, {"O5": {"bay_held": True}}, {}, {"bay_occupied": "minor"}),
        ({"O6": 1}, {}, {}, {"other": "minor"}),
        ({"O6": 1}, {"O6": _FIXED}, {}, {}),
        ({}, {}, {"fire_lane_blocked": True}, {"lane_blocked": "critical"}),
    ],
)  # fmt: skip
def test_what_opens_a_case(
    items: dict[str, Any], notes: dict[str, Any], fields: dict[str, Any], expected: dict[str, str]
) -> None:
    """Each threshold, just below and just reached; what was put right at once opens none."""
    assert opened("shop_check", shop(items, notes=notes, **{"observed_at": JANUARY} | fields)) == expected


@pytest.mark.parametrize(
    ("stopped", "begin"),
    [
        ("2021-01-12T07:00:00+08:00", "2021-01-12T09:00:00+08:00"),
        ("2021-01-12T17:59:00+08:00", "2021-01-12T19:59:00+08:00"),
        ("2021-01-12T18:00:00+08:00", "2021-01-13T09:00:00+08:00"),
        ("2021-01-12T06:59:00+08:00", "2021-01-12T09:00:00+08:00"),
    ],
)
def test_when_clearing_must_begin(stopped: str, begin: str) -> None:
    """Two hours by day; nine in the morning after a night's snow."""
    assert snow_start_limit(stopped) == datetime.fromisoformat(begin)


@pytest.mark.parametrize(
    ("fields", "veto"),
    [
        ({"items": {"H4": 1.0}}, "large_pile"),
        ({"fire_lane_blocked": True}, "lane_blocked"),
        ({"operator_reaction": "refused"}, "refused"),
    ],
)
def test_a_veto_fails_the_shop_whatever_its_score(fields: dict[str, Any], veto: str) -> None:
    """The score is told as it was counted, the result is not in doubt."""
    check = shop(fields.pop("items", None), **fields)
    assert (check["vetoes"], check["result"]) == ([veto], "fail")
    assert check["score"] >= 900


def test_the_photos_a_shop_asks_for() -> None:
    """The frontage always, near for each finding, and after where it was put right."""
    check = shop({"H1": 2, "O1": True}, notes={"O1": {"fixed_at_once": True}}, photos=[photo("overview")])
    assert missing(check) == {("H1", "near"), ("O1", "near"), ("O1", "after")}


def test_a_case_takes_the_photos_of_its_items_along() -> None:
    """A case opened by a check shows what the inspector saw, and who has to act."""
    check = shop({"O3": 3}, photos=[photo("near", "O3"), photo("overview")], mode="self")
    [case] = cases("shop_check", check)
    assert case.fields["photos"] == [photo("near", "O3")]
    assert case.fields["functional_unit"] == "street"
    assert case.fields["source"] == "self"
    assert cases("shop_check", check | {"inspector_role": "inspector"})[0].fields["source"] == "district_inspection"
