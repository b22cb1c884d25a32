"""The number on the slip: how it is written, typed, and told in runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import wire
from schemas.numbers import NUMBER_FIELDS, Series, as_given, number_of
from schemas.registry import TYPES
from schemas.rules import DERIVED
from schemas.wire import Outcome

CHECK = {"observed_at": "2020-07-18T08:15:30+08:00"}
CASE = {"found_at": "2020-12-31T23:30:00+00:00"}


@pytest.mark.parametrize(
    ("type_name", "fields", "number"),
    [
        ("shop_check", CHECK | {"check_no": "XC-20200718-000123"}, "XC-20200718-000123"),
        ("case", CASE | {"case_no": "HZ-2020-河北-00123"}, "HZ-2020-河北-00123"),
        ("order", {"order_no": "海创卫督〔2020〕5号"}, "海创卫督〔2020〕5号"),
        ("order", {}, None),
        ("shop", {"check_no": "XC-20200718-000123"}, None),
    ],
)
def test_a_number_stands_in_the_record(type_name: str, fields: dict[str, str], number: str | None) -> None:
    assert number_of(type_name, "210902005003007", 7, fields) == number


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
def test_what_was_taken_in_before_numbers_were_given_keeps_its_old_one(
    type_name: str, grid: str, born: int, fields: dict[str, str], number: str | None
) -> None:
    assert number_of(type_name, grid, born, fields) == number


def test_nobody_but_the_office_may_write_it() -> None:
    assert {TYPES[name].rules.of(field) for name, field in NUMBER_FIELDS.items()} == {DERIVED}


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("XC-20200718-000123", "XC-20200718-000123"),
        ("xc-20200718-123", "XC-20200718-000123"),
        ("ＨＺ－2020－河北－00123 ", "HZ-2020-河北-00123"),
        ("hz-2020-河北-123", "HZ-2020-河北-00123"),
        ("hz-2020-河北-wtvn7", "HZ-2020-河北-WTVN00007"),
        ("hz 2020 河北 123", "HZ-2020-河北-00123"),
        ("HZ2020河北123", "HZ-2020-河北-00123"),
        ("HZ 2020-A区 - WTVN7", "HZ-2020-A区-WTVN00007"),
        ("XC 20200718 123", "XC-20200718-000123"),
        ("海创卫督〔2020〕5号", "海创卫督〔2020〕5号"),
        ("WT-2020-005-000124", "WT-2020-005-000124"),
        ("SH-0001", "SH-0001"),
        ("", ""),
    ],
)
def test_people_type_it_as_they_like(typed: str, number: str) -> None:
    assert as_given(typed) == number


SERIES = [
    Series("XC-20200718-", 6, "2020-07-18"), Series("HZ-2020-河北-", 5, "2020-01-01"),
    Series("海创卫督〔2020〕", 1, "2020-01-01", "号"),
]  # fmt: skip
_SOME = st.one_of(
    st.none(),
    st.builds(
        lambda series, n, mark: series.number(n, mark),
        st.sampled_from(SERIES),
        st.one_of(st.integers(1, 12), st.integers(99_990, 100_010)),
        st.sampled_from(["", "WTVN"]),
    ),
)


@given(st.lists(_SOME, max_size=40))
def test_runs_come_apart_into_what_went_in(numbers: list[str | None]) -> None:
    told = [Outcome(n, "applied", feed="210902005", version=n + 7, no=number) for n, number in enumerate(numbers, 1)]
    assert list(wire.each(wire.runs(told))) == told


def test_a_day_of_checks_is_one_line() -> None:
    told = [Outcome(n, "applied", feed="210902005", version=n, no=SERIES[0].number(n + 40)) for n in range(1, 81)]
    [run] = wire.runs(told)
    assert (run.count, run.no) == (80, "XC-20200718-000041")
