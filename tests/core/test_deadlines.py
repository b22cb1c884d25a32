"""What dispatching, extending, returning, deferring and the office's word do to a deadline."""

from collections.abc import Mapping
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.cases import Limit
from schemas.lights import Light, light
from schemas.roles import Role
from server.core.clocks.calendar import HOUR_MS, Calendar, Campaign
from server.core.clocks.deadlines import (
    INNER,
    Asked,
    Term,
    at_the_bottom,
    begin,
    begin_half,
    counts_from,
    escalation,
    extend,
    from_plain,
    in_time,
    inner_due,
    longest_extension,
    overdue_words,
    pause,
    plain,
    reckoned_anew,
    resume,
    set_due,
    why_no_extension,
)
from server.core.clocks.working import share_used
from server.usecases.official_days import official_days
from tests.core.test_clocks import PLAIN, ms, told

TWO_DAYS, FOUR_HOURS = Limit(2, "work_day"), Limit(4, "work_hour")


def dispatched(at: str, limit: Limit = TWO_DAYS) -> Term:
    """A case of whoever leads it, dispatched at *at*."""
    return begin(PLAIN, limit, ms(at))


def test_dispatched_before_a_holiday() -> None:
    """The whole term: due after the holiday, yellow at three quarters of the hours between."""
    term = dispatched("2020-09-30 16:00")
    assert (told(term.due_ms), told(term.yellow_ms)) == ("2020-10-10 17:30", "2020-10-10 12:07")
    assert share_used(PLAIN, "work_day", term.start_ms, term.due_ms, term.yellow_ms) == pytest.approx(0.75)


def test_an_order_may_name_a_date() -> None:
    """Also one in a holiday, when no clock runs: three quarters of natural time then."""
    term = begin(PLAIN, TWO_DAYS, ms("2020-10-01 12:00"), ms("2020-10-02 12:00"))
    assert (told(term.due_ms), told(term.yellow_ms)) == ("2020-10-02 12:00", "2020-10-02 06:00")
    assert term.named


# -- extensions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked_at", "arrived", "until", "by", "code"),
    [
        ("2020-07-21 10:00", "2020-07-21 10:00", "2020-07-24 17:30", Role.STREET, None),  # one limit: two days more
        ("2020-07-21 10:00", "2020-07-21 10:00", "2020-07-24 17:31", Role.STREET, "too_long"),
        ("2020-07-21 10:00", "2020-07-21 10:00", "2020-07-24 17:31", Role.DISTRICT_OFFICE, "too_long"),
        ("2020-07-21 10:00", "2020-07-21 10:00", "2020-07-24 17:30", Role.COMMUNITY, "office_grants"),
        ("2020-07-21 10:00", "2020-07-21 10:00", "2020-07-22 17:30", Role.STREET, "not_later"),
        ("2020-07-22 17:30", "2020-07-22 17:31", "2020-07-23 17:30", Role.STREET, None),
        ("2020-07-22 17:31", "2020-07-22 17:31", "2020-07-23 17:30", Role.STREET, "asked_after_due"),
        ("2020-07-22 09:00", "2020-07-23 17:30", "2020-07-23 17:30", Role.STREET, None),  # asked offline
        ("2020-07-22 09:00", "2020-07-23 17:31", "2020-07-23 17:30", Role.STREET, "asked_after_due"),
        ("2020-07-21 10:00", "2020-07-21 10:00", "2020-07-24 17:30", None, None),
    ],
)
def test_a_first_extension(asked_at: str, arrived: str, until: str, by: Role | None, code: str | None) -> None:
    term = dispatched("2020-07-20 09:00")
    assert told(term.due_ms) == "2020-07-22 17:30"
    why = why_no_extension(PLAIN, term, Asked(ms(asked_at), ms(arrived), ms(until)), "minor", by)
    assert (why and why.code) == code


def test_a_second_extension_is_the_district_offices() -> None:
    """And so is one for an engineering matter, the first time already; neither has a longest date."""
    term = dispatched("2020-07-20 09:00")
    assert told(longest_extension(PLAIN, term)) == "2020-07-24 17:30"
    extended = extend(PLAIN, term, ms("2020-07-24 17:30"))
    assert (extended.extensions, told(extended.due_ms), extended.limit) == (1, "2020-07-24 17:30", TWO_DAYS)
    assert extended.yellow_ms > term.yellow_ms
    far = Asked(ms("2020-07-22 10:00"), ms("2020-07-22 10:00"), ms("2020-08-31 17:30"))
    for term_now, asked in ((extended, far), (term, far._replace(engineering=True))):
        by_street = why_no_extension(PLAIN, term_now, asked, "minor", Role.STREET)
        assert by_street is not None
        assert by_street.code == "office_grants"
        assert why_no_extension(PLAIN, term_now, asked, "minor", Role.DISTRICT_OFFICE) is None


def test_a_critical_case_is_given_no_more_time() -> None:
    term = dispatched("2020-07-20 09:00", Limit(2, "urgent_hour"))
    asked = Asked(ms("2020-07-20 09:30"), ms("2020-07-20 09:30"), ms("2020-07-20 12:00"))
    why = why_no_extension(PLAIN, term, asked, "critical", Role.DISTRICT_OFFICE)
    assert why is not None
    assert why.code == "no_extension"


# -- rework, reopening, the next holder ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "at", "due_at"),
    [
        (FOUR_HOURS, "2020-07-20 15:00", "2020-07-20 17:00"),
        (Limit(1, "work_hour"), "2020-07-20 15:00", "2020-07-20 16:00"),  # at least an hour
        (TWO_DAYS, "2020-07-20 15:00", "2020-07-21 17:30"),
        (Limit(1, "work_day"), "2020-07-20 15:00", "2020-07-21 12:00"),
        (Limit(0.5, "urgent_hour"), "2020-07-20 15:00", "2020-07-20 15:30"),  # never more than the whole
    ],
)
def test_a_return_gives_half_of_the_original_limit(limit: Limit, at: str, due_at: str) -> None:
    """From the return on, and the same the second time: half of the original, not of the half."""
    term = begin(PLAIN, limit, ms("2020-07-17 09:00"))
    returned = begin_half(PLAIN, term, ms(at))
    assert (told(returned.due_ms), returned.original) == (due_at, limit)
    assert begin_half(PLAIN, returned, ms(at)) == returned


def test_extensions_stay_counted_after_a_return() -> None:
    extended = extend(PLAIN, dispatched("2020-07-20 09:00"), ms("2020-07-24 17:30"))
    assert begin_half(PLAIN, extended, ms("2020-07-24 10:00")).extensions == 1


def test_the_next_holder_is_not_charged_for_the_wrong_one() -> None:
    """Sent back after two days and dispatched again: all of the limit, as on the first day."""
    wrong = dispatched("2020-07-20 09:00")
    right = begin(PLAIN, wrong.original, ms("2020-07-22 10:00"))
    assert told(right.due_ms) == "2020-07-24 17:30"


# -- deferral ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "paused", "resumed", "due_at", "yellow_at"),
    [
        # Three of four hours are left, and two of them are green.
        (FOUR_HOURS, "2020-07-20 10:00", "2020-08-03 14:00", "2020-08-03 17:00", "2020-08-03 16:00"),
        (FOUR_HOURS, "2020-07-20 10:00", "2020-08-01 14:00", "2020-08-03 11:00", "2020-08-03 10:00"),
        # Due on the 22nd at 17:30: 27.5 hours of working days were left, which end at 11:30: at noon.
        (TWO_DAYS, "2020-07-20 10:00", "2020-08-03 14:00", "2020-08-06 12:00", None),
        (TWO_DAYS, "2020-07-20 10:00", "2020-07-20 10:00", "2020-07-22 17:30", None),
        (Limit(3, "urgent_hour"), "2020-07-20 10:00", "2020-08-01 23:00", "2020-08-02 01:00", "2020-08-02 00:15"),
    ],
)
def test_what_was_left_goes_on_after_a_deferral(
    limit: Limit, paused: str, resumed: str, due_at: str, yellow_at: str | None
) -> None:
    term = begin(PLAIN, limit, ms("2020-07-20 09:00"))
    standing = pause(term, ms(paused))
    assert pause(standing, ms(resumed)) == standing
    going = resume(PLAIN, standing, ms(resumed))
    assert told(going.due_ms) == due_at
    assert yellow_at is None or told(going.yellow_ms) == yellow_at
    assert (going.paused_ms, going.extensions) == (None, 0)
    assert resume(PLAIN, going, ms(due_at)) == going


def test_what_was_overdue_is_as_overdue_afterwards() -> None:
    """A deferral forgives nothing: two hours over before, two hours over when it goes on."""
    standing = pause(dispatched("2020-07-20 09:00", FOUR_HOURS), ms("2020-07-20 15:00"))
    assert overdue_words(PLAIN, standing, ms("2020-07-30 15:00")) is None
    going = resume(PLAIN, standing, ms("2020-08-03 14:00"))
    assert overdue_words(PLAIN, going, ms("2020-08-03 14:00")) == ("超期2小时", "2 hours overdue")


_limits = st.one_of(
    st.builds(Limit, st.integers(1, 40).map(lambda n: n / 2), st.sampled_from(["work_hour", "urgent_hour"])),
    st.builds(Limit, st.integers(1, 12).map(lambda n: n / 2), st.just("work_day")),
)
_minutes = st.integers(0, 20 * 1440)


@settings(max_examples=200, deadline=None)
@given(limit=_limits, start=_minutes, ran=st.floats(0, 1.5), stood=_minutes)
def test_pausing_for_no_time_changes_nothing_and_for_some_time_gains_nothing(
    limit: Limit, start: int, ran: float, stood: int
) -> None:
    """Due and yellow stay where no time passed; what is used when it goes on was used when it was paused."""
    term = begin(PLAIN, limit, ms("2020-09-20 00:00") + start * 60_000)
    at = term.start_ms + round((term.due_ms - term.start_ms) * ran)
    at_once = resume(PLAIN, pause(term, at), at)
    assert at_once.due_ms == term.due_ms
    assert abs(at_once.yellow_ms - max(at, term.yellow_ms)) <= 1 or at >= term.yellow_ms
    later = resume(PLAIN, pause(term, at), at + stood * 60_000)
    assert later.due_ms >= term.due_ms
    assert (later.due_ms >= later.start_ms) == (term.due_ms >= at)


# -- the office's word, grace --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ("2020-07-20 10:00", "2020-07-21 12:00"),  # long before: the new date
        ("2020-07-21 11:30", "2020-07-21 12:30"),  # an hour after he heard
        ("2020-07-21 17:30", "2020-07-22 08:30"),
        (None, "2020-07-22 17:30"),  # he never heard: by the date that he knew
        ("2020-07-22 17:25", "2020-07-22 17:30"),  # he knew that date anyway
    ],
)
def test_a_date_brought_forward_counts_an_hour_after_it_was_heard(heard: str | None, expected: str) -> None:
    term = set_due(PLAIN, dispatched("2020-07-20 09:00"), ms("2020-07-21 12:00"))
    assert told(term.due_ms) == "2020-07-21 12:00"
    assert told(counts_from(PLAIN, term, heard and ms(heard))) == expected  # type: ignore[arg-type]


def test_a_date_put_back_counts_at_once() -> None:
    term = set_due(PLAIN, dispatched("2020-07-20 09:00"), ms("2020-07-27 12:00"))
    assert counts_from(PLAIN, term, None) == term.due_ms == ms("2020-07-27 12:00")
    twice = set_due(PLAIN, set_due(PLAIN, term, ms("2020-07-24 12:00")), ms("2020-07-23 12:00"))
    assert twice.known_ms == ms("2020-07-27 12:00")  # what he knew before either


@pytest.mark.parametrize(
    ("done", "arrived", "proven", "counts"),
    [
        ("2020-07-22 17:00", "2020-07-22 17:30", True, True),
        ("2020-07-22 17:30", "2020-07-23 17:30", True, True),
        ("2020-07-22 17:30", "2020-07-23 17:31", True, False),  # more than 24 hours after it was due
        ("2020-07-22 17:31", "2020-07-22 17:40", True, False),
        ("2020-07-22 09:00", "2020-07-22 17:31", False, False),  # nothing shows when it was done
        ("2020-07-22 09:00", "2020-07-22 17:29", False, True),
    ],
)
def test_work_done_in_time_counts_if_it_arrives_within_a_day(
    done: str, arrived: str, proven: bool, counts: bool
) -> None:
    term = dispatched("2020-07-20 09:00")
    assert in_time(term, ms(done), ms(arrived), proven=proven) == counts


# -- inner limits, lights, escalation -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("accept", "2020-07-20 09:00"), ("dispatch", "2020-07-20 08:00+"), ("sign_for", "2020-07-20 08:00+"),
        ("send_back", "2020-07-20 09:00"), ("verify", "2020-07-20 17:30"), ("verify_on_spot", "2020-07-20 17:30"),
        ("strike_off", "2020-07-20 17:30"),
    ],
)  # fmt: skip
def test_steps_inside_the_office(step: str, expected: str) -> None:
    """Waiting since Friday 17:00: an hour is over when the window closes, two on Monday at nine."""
    found = told(inner_due(PLAIN, step, ms("2020-07-17 17:00")))
    assert found == ("2020-07-17 18:00" if expected.endswith("+") else expected)


def test_every_inner_limit_is_tried() -> None:
    assert INNER.keys() == {"accept", "dispatch", "sign_for", "send_back", "verify", "verify_on_spot", "strike_off"}


@pytest.mark.parametrize(
    ("now", "due_ms", "standing", "asked", "expected"),
    [
        (74, 100, False, False, "green"),
        (75, 100, False, False, "yellow"),
        (100, 100, False, False, "yellow"),
        (101, 100, False, False, "red"),
        (101, 100, False, True, "yellow"),  # more time was asked for, nobody has answered
        (10, 100, False, True, "yellow"),
        (101, 100, True, False, "none"),
        (101, None, False, False, "none"),
    ],
)
def test_lights(now: int, due_ms: int | None, standing: bool, asked: bool, expected: Light) -> None:
    assert light(now, 75, due_ms, standing=standing, asked=asked) == expected


@pytest.mark.parametrize(
    ("now", "returns", "level"),
    [
        ("2020-09-30 17:30", 0, 0),
        ("2020-09-30 17:31", 0, 1),
        ("2020-10-08 23:59", 0, 1),  # the holiday is nobody's working day
        ("2020-10-09 17:29", 0, 1),
        ("2020-10-09 17:30", 0, 2),
        ("2020-10-12 17:29", 0, 2),
        ("2020-10-12 17:30", 0, 3),  # Friday, the make-up Saturday, Monday
        ("2020-09-30 12:00", 1, 0),
        ("2020-09-30 12:00", 2, 2),
        ("2020-09-30 12:00", 3, 3),
        ("2020-10-09 17:30", 4, 3),
    ],
)
def test_escalation(now: str, returns: int, level: int) -> None:
    assert escalation(PLAIN, ms(now), ms("2020-09-30 17:30"), returns) == level


def test_what_stands_is_escalated_by_its_returns_alone() -> None:
    assert [escalation(PLAIN, ms("2020-12-01 12:00"), None, returns) for returns in (0, 1, 2, 3)] == [0, 0, 2, 3]


WEEK = {"河北街道": 92.0, "五龙街道": 80.5, "韩家店镇": 80.5, "新兴街道": 85.0}


@pytest.mark.parametrize(
    ("weeks", "last"),
    [
        ([WEEK, WEEK], set()),
        ([WEEK, WEEK, WEEK], {"五龙街道", "韩家店镇"}),  # who ties for the last place is last
        ([WEEK, WEEK | {"韩家店镇": 81.0}, WEEK], {"五龙街道"}),
        ([WEEK, WEEK | {"新兴街道": 70.0}, WEEK], set()),
        ([WEEK, WEEK, WEEK, WEEK | {"新兴街道": 70.0}], set()),  # the last three count
        ([WEEK, dict.fromkeys(WEEK, 80.0), WEEK], set()),  # all are equal: nobody is last
        ([WEEK, {}, WEEK], set()),
        ([{"五龙街道": 80.0}] * 3, set()),
    ],
)
def test_three_weeks_at_the_bottom(weeks: list[Mapping[str, float]], last: set[str]) -> None:
    assert at_the_bottom(weeks) == last


# -- reckoned anew, kept ---------------------------------------------------------------------------------


def test_a_new_day_of_rest_moves_what_the_clock_fixed_and_no_date_that_was_named() -> None:
    """A typhoon on the 21st: everybody is on no duty, and what runs by the clock is due a day later."""
    typhoon = Calendar(official_days(), {date(2020, 7, 21): "stop"})
    term = dispatched("2020-07-20 09:00")
    assert told(reckoned_anew(typhoon, term).due_ms) == "2020-07-23 17:30"
    named = extend(PLAIN, term, ms("2020-07-24 17:30"))
    assert reckoned_anew(typhoon, named).due_ms == named.due_ms
    standing = pause(term, ms("2020-07-20 10:00"))
    assert reckoned_anew(typhoon, standing) == standing
    battle = Calendar(official_days(), campaigns=[Campaign("百日会战", date(2020, 7, 14), date(2020, 10, 21))])
    weekend = dispatched("2020-07-17 17:00", FOUR_HOURS)
    assert told(reckoned_anew(battle, weekend).due_ms) == "2020-07-18 11:00"


@settings(max_examples=50, deadline=None)
@given(limit=_limits, start=_minutes, then=st.sampled_from(["", "half", "pause", "set"]))
def test_a_term_is_read_as_it_was_kept(limit: Limit, start: int, then: str) -> None:
    term = begin(PLAIN, limit, ms("2020-09-20 00:00") + start * 60_000)
    at = term.start_ms + HOUR_MS
    changed = {
        "": term, "half": begin_half(PLAIN, term, at), "pause": pause(term, at), "set": set_due(PLAIN, term, at),
    }[then]  # fmt: skip
    assert from_plain(plain(changed)) == changed
    assert reckoned_anew(PLAIN, changed) == changed
