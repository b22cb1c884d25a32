"""Days and times as clerks type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.said_times import day_said, minute_said, time_said

TODAY = "2020-07-18"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("今天", TODAY), ("昨天", "2020-07-17"), ("明天", "2020-07-19"), ("前天", "2020-07-16"),
        ("Yesterday", "2020-07-17"),
        ("2020-07-17", "2020-07-17"), ("2020-7-17", "2020-07-17"), ("2020/7/17", "2020-07-17"),
        ("20200717", "2020-07-17"),
        ("7月17日", "2020-07-17"), ("7月3号", "2020-07-03"), ("2019年12月31日", "2019-12-31"), ("7-17", "2020-07-17"),
        ("2020-02-30", None), ("13月1日", None), ("上周", None), ("", None), ("7", None), ("٢٠٢٠-07-17", None),
    ],
)  # fmt: skip
def test_days_as_they_are_typed(text: str, day: str | None) -> None:
    assert day_said(text, TODAY) == day


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("08:00", "08:00"), ("8:05", "08:05"), ("8点", "08:00"), ("8点半", "08:30"), ("20点15分", "20:15"),
        ("20：00", "20:00"),
        ("8时5分", "08:05"), ("24:00", "24:00"), ("下午3点", "下午3点"), ("8", "8"),
    ],
)  # fmt: skip
def test_times_as_they_are_typed(text: str, time: str) -> None:
    assert time_said(text) == time


@given(st.text(max_size=12))
def test_whatever_is_typed_is_a_day_or_none(text: str) -> None:
    """No typing ends in an error of the program."""
    day, minute = day_said(text, TODAY), minute_said(text)
    assert day is None or day_said(day, TODAY) == day
    assert minute is None or 0 <= minute < 1440
