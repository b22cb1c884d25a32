"""Parking order: deductions by half points, rates, and who has to act."""

from typing import Any

import pytest

from schemas.checks.parking import rate_text
from tests.schemas.checks_made import cases, missing, opened, parking, photo


@pytest.mark.parametrize(
    ("items", "lost"),
    [
        ({"M1": 2}, 80), ({"M1": 6}, 200), ({"M2": 3}, 30), ({"M2": 9}, 80), ({"M3": 1}, 40), ({"M3": 3}, 80),
        ({"M4": 1}, 20), ({"M4": 3}, 40), ({"N1": 1}, 5), ({"N1": 30}, 120), ({"N2": 2}, 20), ({"N2": 7}, 60),
        ({"N3": 3}, 15), ({"N3": 13}, 60), ({"N4": True}, 60), ({"C1": True}, 100), ({"C2": 2}, 50), ({"F1": 1}, 30),
        ({"F1": 3}, 60), ({"F2": True}, 30), ({"F3": 1}, 30), ({"F3": 3}, 60),
    ],
)  # fmt: skip
def test_deductions(items: dict[str, Any], lost: int) -> None:
    """One line of the form each; all hundred points apply."""
    assert parking(items)["score"] == 1000 - lost


@pytest.mark.parametrize(
    ("items", "notes", "expected"),
    [
        ({"M1": 3}, {}, {}),
        ({"M1": 1}, {"M1": {"still_there": True}}, {"motor_parking": "minor"}),
        ({"M1": 1}, {"M1": {"driver_absent": True}}, {"motor_parking": "minor"}),
        ({"M2": 4}, {}, {}),
        ({"M2": 5}, {}, {"motor_parking": "minor"}),
        ({"M3": 1}, {}, {"motor_parking": "major"}),
        ({"M4": 1}, {}, {"zombie_vehicle": "minor"}),
        ({"N1": 9}, {}, {}),
        ({"N1": 10}, {}, {"nonmotor_parking": "minor"}),
        ({"N2": 2}, {}, {}),
        ({"N2": 3}, {}, {"nonmotor_parking": "minor"}),
        ({"N3": 9}, {}, {}),
        ({"N3": 10}, {}, {"nonmotor_parking": "minor"}),
        ({"N4": True}, {}, {}),
        ({"C1": True}, {}, {"lane_blocked": "critical"}),
        ({"C2": 1}, {}, {"motor_parking": "major"}),
        ({"F1": 1, "F2": True}, {}, {"marking_missing": "minor"}),
        ({"F3": 1}, {}, {"bay_occupied": "minor"}),
    ],
)
def test_what_opens_a_case(items: dict[str, Any], notes: dict[str, Any], expected: dict[str, str]) -> None:
    """Each threshold, just below and just reached."""
    assert opened("parking_check", parking(items, notes=notes)) == expected


@pytest.mark.parametrize(
    ("kind", "unit"), [("on_street", "dept_traffic"), ("sidewalk", "dept_urban"), ("compound", "street")]
)
def test_the_carriageway_belongs_to_the_traffic_police(kind: str, unit: str) -> None:
    """The kind of area says whose business it is; a double-parked car is always the police's."""
    found = cases("parking_check", parking({"F3": 1, "M3": 1}, kind=kind))
    assert {case.fields["item_codes"][0]: case.fields["functional_unit"] for case in found} == {
        "F3": unit,
        "M3": "dept_traffic",
    }


def test_an_occupied_fire_lane_fails_the_place() -> None:
    """Ninety points, and yet not in order."""
    check = parking({"C1": True})
    assert (check["score"], check["result"], check["vetoes"]) == (900, "fail", ["lane_blocked"])


@pytest.mark.parametrize(
    ("items", "totals", "violation", "order"),
    [
        ({"M1": 2, "M2": 2, "M3": 1}, (40, 80), "12.5%", "100.0%"),
        ({"N1": 10, "N2": 2, "N3": 50}, (40, 80), "0.0%", "85.0%"),
        ({}, (0, 0), "—", "—"),
        ({"M2": 1}, (3, 1), "33.3%", "100.0%"),
        ({"M2": 2}, (3, 1), "66.7%", "100.0%"),
        ({"M1": 9, "N2": 9}, (3, 1), "100.0%", "0.0%"),
        ({"M1": None, "M2": 1}, (4, 1), "25.0%", "100.0%"),
    ],
)
def test_rates(items: dict[str, Any], totals: tuple[int, int], violation: str, order: str) -> None:
    """Nothing parked is no rate at all, never a hundred per cent."""
    check = parking(items, motor_total=totals[0], nonmotor_total=totals[1])
    assert (rate_text(check["violation_rate"]), rate_text(check["order_rate"])) == (violation, order)


def test_the_photos_a_parking_area_asks_for() -> None:
    """One near photo for each item that lost points."""
    check = parking({"M1": 1, "N1": 1}, photos=[photo("overview"), photo("near", "M1")])
    assert missing(check) == {("N1", "near")}
