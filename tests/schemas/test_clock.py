"""Stamps sort as cause before effect, on tablets whose clocks jump, stand still or lie by years."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.clock import (
    CORRECT_BEYOND_MS,
    MAX_AHEAD_MS,
    MAX_COUNTER,
    MAX_MS,
    ZERO,
    Clock,
    Stamp,
    measured_offset,
    receive,
)

NOON = 1_594_796_400_000
YEAR_MS = 365 * 24 * 3600 * 1000

walls = st.integers(-YEAR_MS, NOON + 50 * YEAR_MS)
stamps = st.builds(
    Stamp, st.integers(0, NOON + YEAR_MS), st.integers(0, MAX_COUNTER), st.sampled_from(["li", "wang", ""])
)


@given(st.lists(walls | stamps, min_size=1, max_size=40), st.integers(-YEAR_MS, YEAR_MS))
def test_whatever_the_wall_does_each_stamp_sorts_after_all_before_it(steps: list[int | Stamp], offset: int) -> None:
    clock, wall, past = Clock("li", offset_ms=offset), NOON, ZERO
    for step in steps:
        if isinstance(step, Stamp):
            made = clock.observe(step, wall)
            assert made > step
        else:
            wall = step
            made = clock.tick(wall)
        assert made > past
        assert 0 <= made.counter <= MAX_COUNTER
        assert clock.now_ms(wall) >= made.ms
        past = made


def test_a_tablet_that_saw_the_office_write_later_stamps_later_still() -> None:
    li = Clock("li")
    li.tick(NOON - YEAR_MS)
    office = Stamp(NOON, 4, "office")
    assert li.observe(office, NOON - YEAR_MS) == Stamp(NOON, 5, "li")
    assert li.tick(NOON - YEAR_MS) == Stamp(NOON, 6, "li")
    assert li.tick(NOON + 1) == Stamp(NOON + 1, 0, "li")


def test_a_full_counter_runs_over_into_the_next_millisecond() -> None:
    li = Clock("li", latest=Stamp(NOON, MAX_COUNTER, "li"))
    assert li.tick(NOON) == Stamp(NOON + 1, 0, "li")
    assert li.tick(NOON) == Stamp(NOON + 1, 1, "li")


def test_a_clock_beyond_48_bits_is_held_at_their_end() -> None:
    assert Clock("li").tick(MAX_MS * 2).ms == MAX_MS
    assert Clock("li").tick(-5) == Stamp(0, 1, "li")


def test_a_restarted_tablet_goes_on_after_what_it_stored() -> None:
    stored = Clock("li").tick(NOON)
    assert Clock("li", latest=stored).tick(NOON - YEAR_MS) > stored


@given(st.lists(stamps, max_size=20))
def test_stamps_sort_by_time_then_counter_then_device(row: list[Stamp]) -> None:
    assert sorted(row) == sorted(row, key=lambda stamp: (stamp.ms, stamp.counter, stamp.device))


@given(stamps, st.integers(-50 * YEAR_MS, 50 * YEAR_MS), st.integers(0, NOON + YEAR_MS))
def test_no_stamp_is_filed_far_in_the_future_and_none_is_refused(claimed: Stamp, offset: int, received_ms: int) -> None:
    filed = receive(claimed, offset, received_ms)
    assert 0 <= filed.stamp.ms <= received_ms + MAX_AHEAD_MS
    assert filed.stamp[1:] == claimed[1:]
    assert filed.clamped == (claimed.ms + offset > received_ms + MAX_AHEAD_MS)
    assert filed.as_claimed == (filed.stamp == claimed and offset == 0 and not filed.clamped)


@given(st.lists(stamps, max_size=20), st.integers(-YEAR_MS, YEAR_MS), st.integers(0, NOON + YEAR_MS))
def test_correcting_keeps_one_tablets_edits_in_order_up_to_the_clamp(
    row: list[Stamp], offset: int, received_ms: int
) -> None:
    filed = [receive(stamp, offset, received_ms).stamp.ms for stamp in sorted(row)]
    assert filed == sorted(filed)


def test_a_good_clock_is_left_alone_and_a_wrong_one_is_measured() -> None:
    assert measured_offset(None, NOON) == 0
    assert measured_offset(NOON - CORRECT_BEYOND_MS, NOON) == 0
    assert measured_offset(NOON - CORRECT_BEYOND_MS - 1, NOON) == CORRECT_BEYOND_MS + 1
    assert measured_offset(NOON + YEAR_MS, NOON) == -YEAR_MS


def test_work_of_a_tablet_that_believes_in_1970_is_filed_at_its_true_time() -> None:
    hour = 3_600_000
    offset = measured_offset(2 * hour, NOON)
    assert receive(Stamp(hour, 0, "li"), offset, NOON).stamp == Stamp(NOON - hour, 0, "li")
