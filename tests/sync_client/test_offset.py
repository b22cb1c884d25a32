"""What one question says of a clock, and what it leaves open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_client.offset import LONGEST_TRIP_MS, STEP_MS, offset_after

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("known", "server", "asked", "answered", "offset"),
    [
        (0, 1_000_020, 1_000_000, 1_000_040, 0),
        # The office took five seconds over it: nothing says that our clock is wrong.
        (0, 1_000_000, 1_000_000, 1_005_000, 0),
        (0, 1_005_000, 1_000_000, 1_005_000, 0),
        # An hour slow, found over a quick line and over a slow one.
        (0, 1_000_020 + HOUR, 1_000_000, 1_000_040, HOUR),
        (0, 1_002_000 + HOUR, 1_000_000, 1_004_000, HOUR),
        # Known to be an hour slow, and now put right by hand.
        (HOUR, 1_000_020, 1_000_000, 1_000_040, 0),
        # Set back while the question was under way.
        (0, 1_000_000, 1_000_000, 1_000_000 - HOUR, HOUR),
        # A line that slept: only the answer is any guide.
        (0, 1_000_000 + LONGEST_TRIP_MS * 9, 1_000_000, 1_000_000 + LONGEST_TRIP_MS * 9, 0),
    ],
)
def test_an_offset_is_kept_until_an_answer_contradicts_it(
    known: int, server: int, asked: int, answered: int, offset: int
) -> None:
    assert offset_after(known, server, asked, answered) == offset


@given(
    true=st.integers(-10 * HOUR, 10 * HOUR),
    there=st.integers(0, 20_000),
    back=st.integers(0, 20_000),
    known=st.integers(-10 * HOUR, 10 * HOUR),
)
def test_it_is_never_further_off_than_the_trip_and_a_step(true: int, there: int, back: int, known: int) -> None:
    asked = 1_595_030_400_000
    found = offset_after(known, asked + there + true, asked, asked + there + back)
    assert abs(found - true) <= there + back + STEP_MS
    assert offset_after(true, asked + there + true, asked, asked + there + back) == true
