"""Which series a record's number is of, and what a restoration does to it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import wire
from schemas.grid import sealed_place
from schemas.moments import ms_of
from schemas.numbers import Series
from server.core.decisions import number_in, numbered, numbered_alone
from server.core.numbering import Letters, Naming, brought_back, letters_by_default, mark_for, mark_of, series_of
from tests.core.disputes import record
from tests.server.office import DISTRICT, ELSEWHERE, GRID_7

HERE = Naming(Letters("HZ", "海创卫"), {"210902005": "河北街道", "210902006": "新邱镇"})
SEALED = sealed_place(DISTRICT)
NIGHT = "2020-07-17T16:30:00+00:00"
DAY = Series("XC-20200718-", 6, "2020-07-18")


@pytest.mark.parametrize(
    ("type_name", "place", "fields", "naming", "number"),
    [
        ("shop_check", GRID_7, {"observed_at": "2020-07-18T08:15:30+08:00"}, None, "XC-20200718-000123"),
        # Still yesterday in London.
        ("street_check", GRID_7, {"observed_at": NIGHT}, None, "XC-20200718-000123"),
        # Nothing is numbered beyond the day on which the office took it in.
        # Covert ones have a series of their own: a gap in the other would tell of them.
        ("shop_check", SEALED, {"observed_at": NIGHT}, None, "AF-20200718-000123"),
        ("case", SEALED, {"found_at": NIGHT}, HERE, "HZ-2020-暗访-00123"),
        ("parking_check", GRID_7, {"observed_at": "2031-01-01T00:00:00+08:00"}, None, "XC-20200720-000123"),
        ("case", GRID_7, {"found_at": "2020-07-18T08:15:30+08:00"}, HERE, "HZ-2020-河北-00123"),
        ("case", GRID_7, {"found_at": "2019-12-31T16:00:00+00:00"}, HERE, "HZ-2020-河北-00123"),
        ("case", GRID_7, {"found_at": "2019-12-31T23:59:59+08:00"}, HERE, "HZ-2019-河北-00123"),
        ("case", ELSEWHERE, {"found_at": NIGHT}, HERE, "HZ-2020-新邱-00123"),
        ("case", "210902007001001", {"found_at": NIGHT}, HERE, "HZ-2020-007-00123"),
        ("case", DISTRICT, {"found_at": NIGHT}, HERE, "HZ-2020-本级-00123"),
        ("order", DISTRICT, {"kind": "supervision", "issued_on": "2020-07-15"}, HERE, "海创卫督〔2020〕123号"),
        ("order", DISTRICT, {"kind": "assignment", "issued_on": "2021-01-01"}, HERE, "海创卫交〔2020〕123号"),
        # Made up in January for the last day of December.
        ("day_report", "210902005", {"day": "2019-12-31"}, HERE, "RB-2019-河北-00123"),
        ("day_report", DISTRICT, {"day": "2020-07-18"}, HERE, "RB-2020-本级-00123"),
        ("day_report", "210902007", {"day": "2020-07-18"}, HERE, "RB-2020-007-00123"),
    ],
)
def test_the_series_follows_from_day_and_street(
    type_name: str, place: str, fields: dict[str, Any], naming: Naming | None, number: str
) -> None:
    series = series_of(record(type_=type_name, place=place, **fields), "2020-07-20", naming)
    assert series.number(123) == number


@pytest.mark.parametrize(
    ("district", "letters"),
    [
        ("海州区", ("HZ", "海创卫")),
        ("阜新蒙古族自治县", ("FXMG", "阜创卫")),
        ("区", ("Q", "区创卫")),
        ("", ("WT", "创卫")),
    ],
)
def test_letters_come_from_the_districts_name(district: str, letters: tuple[str, str]) -> None:
    assert letters_by_default(district) == letters


def test_only_what_may_have_been_lost_is_marked() -> None:
    noon = ms_of("2020-07-18T12:00:00+08:00")
    assert mark_for(DAY, []) == ""
    assert mark_for(DAY, [noon]) == mark_of(noon) == "WTYA"
    assert mark_for(Series("XC-20200719-", 6, "2020-07-19"), [noon]) == ""
    assert mark_for(Series("HZ-2020-河北-", 5, "2020-01-01"), [noon]) == "WTYA"
    assert mark_for(Series("HZ-2021-河北-", 5, "2021-01-01"), [noon]) == ""
    assert mark_for(DAY, [noon, noon + 60_000]) == mark_of(noon + 60_000)


@given(st.integers(0, 1 << 46), st.integers(60_000, 1 << 40))
def test_a_later_restoration_has_a_greater_mark(began_ms: int, more: int) -> None:
    one, other = mark_of(began_ms), mark_of(began_ms + more)
    assert one == other or (len(one), one) < (len(other), other)
    assert not set(one) & set("IO0123456789")


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("XC-20200718-000124", True),
        ("XC-20200718-000123", False),  # another has it
        ("XC-20200718-WTVN000001", True),  # given after an earlier restoration, and lost by this one
        ("XC-20200718-WUKA000001", False),  # of now
        ("XC-20200718-WUKB000001", False),  # of a restoration still to come
        ("XC-20200719-000124", False),  # of another series
        ("XC-20200718-124", False),
        ("XC-20200718-０００１２４", False),
        ("XC-20200718-", False),
        ("XC-20200718-00012４", False),
        ("", False),
    ],
)
def test_a_record_has_its_number_again_where_nobody_else_can_have_it(number: str, good: bool) -> None:
    assert brought_back(DAY, number, "WUKA", {"": 123}) is good


@given(st.text(max_size=40))
def test_what_stands_in_the_history_is_read_again(number: str) -> None:
    """Whatever a street is called."""
    written = numbered_alone("case_no", number)
    assert written == wire.canonical([numbered("case_no", number)]).decode()
    assert number_in(wire.decode_json(written)) == number
