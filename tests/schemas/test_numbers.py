"""The number on the slip, and how both sides come to the same."""

import pytest

from schemas.numbers import number_of

CHECK = {"observed_at": "2020-07-18T08:15:30+08:00"}
CASE = {"found_at": "2020-12-31T23:30:00+00:00"}


@pytest.mark.parametrize(
    ("type_name", "grid", "born", "fields", "number"),
    [
        ("shop_check", "210902005003007", 123, CHECK, "XC-20200718-005-000123"),
        ("street_check", "210902", 7, CHECK, "XC-20200718-000-000007"),
        # Still the old year in London, already the new one in Fuxin.
        ("case", "210902005003007", 1_234_567, CASE, "WT-2021-005-1234567"),
        ("shop_check", "210902005003007", 0, CHECK, None),
        ("shop", "210902005003007", 5, {}, None),
    ],
)
def test_a_number_follows_from_place_day_and_first_version(
    type_name: str, grid: str, born: int, fields: dict[str, str], number: str | None
) -> None:
    assert number_of(type_name, grid, born, fields) == number
