"""The three clocks, against somebody who counts the minutes, over the years 2019 to 2027."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.cases import Limit
from server.core.clocks.calendar import Calendar, Campaign, Official, OutsideCalendar, Word, day_of
from server.core.clocks.working import at_share, days_overdue, due, due_and_yellow, opening, overdue_by, spent, used
from server.usecases.official_days import official_days
from tests.core.clock_oracle import ANNOUNCED, DAY, HERE, MINUTE, Oracle

BATTLE = Campaign("百日会战", date(2020, 7, 14), date(2020, 10, 21))
PLAIN = Calendar(official_days())
IN_BATTLE = Calendar(official_days(), campaigns=[BATTLE])
FIRST, LAST = datetime(2019, 1, 2, tzinfo=HERE), datetime(2027, 12, 20, tzinfo=HERE)


def ms(moment: datetime | str) -> int:
    """Return a moment in milliseconds; text is as a clerk writes it, 2020-09-30 16:00."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment).replace(tzinfo=HERE)
    return round(moment.timestamp() * 1000)


def told(at_ms: int) -> str:
    """Return a moment as a clerk writes it."""
    return datetime.fromtimestamp(at_ms / 1000, HERE).isoformat(" ", "minutes")[:16]


# -- the calendar ------------------------------------------------------------------------------------


def test_the_calendar_is_what_was_announced() -> None:
    """Every day of 2019 to 2026, holidays and make-up days as they were printed; 2027 by the week alone."""
    oracle, day = Oracle({}, []), date(2019, 1, 1)
    while day <= date(2027, 12, 31):
        assert PLAIN.is_working_day(day) == PLAIN.is_duty_day(day) == oracle.works(day), day
        day += DAY


def test_a_year_without_data_is_named() -> None:
    """The office is told that 2027 goes by the week alone, until it has entered the holidays itself."""
    assert ANNOUNCED.keys() <= official_days().years
    assert (PLAIN.known(2004), PLAIN.known(2026), PLAIN.known(2027)) == (True, True, False)
    assert PLAIN.unknown_years(ms("2026-12-30 16:00"), ms("2027-01-04 17:30")) == (2027,)
    assert PLAIN.unknown_years(ms("2020-09-30 16:00"), ms("2020-10-10 17:30")) == ()
    entered = Calendar(official_days(), {date(2027, 1, 1): "off"}, confirmed={2027})
    assert entered.known(2027)
    assert not entered.is_working_day(date(2027, 1, 1))


@pytest.mark.parametrize(
    ("word", "works", "on_duty"), [("work", True, True), ("off", False, True), ("stop", False, False)]
)
def test_the_districts_word_outranks_week_holiday_and_campaign(word: Word, works: bool, on_duty: bool) -> None:
    """People rest and are on duty nevertheless in a campaign; where everything stops, nobody is."""
    for day in (date(2020, 7, 15), date(2020, 7, 18), date(2020, 10, 1), date(2020, 10, 10)):
        calendar = Calendar(official_days(), {day: word}, [BATTLE])
        assert (calendar.is_working_day(day), calendar.is_duty_day(day)) == (works, on_duty)


def test_a_day_outside_the_calendar_is_no_silent_guess() -> None:
    for moment in ("1999-12-31 23:59", "2100-01-01 00:00"):
        with pytest.raises(OutsideCalendar):
            due(PLAIN, ms(moment), Limit(1, "work_hour"))
    with pytest.raises(OutsideCalendar):
        due(PLAIN, ms("2099-12-30 09:00"), Limit(5, "work_day"))
    with pytest.raises(OutsideCalendar):
        PLAIN.is_working_day(date(2100, 1, 1))


def test_days_are_those_of_here() -> None:
    """At 00:30 here it is still yesterday in UTC."""
    assert day_of(ms("2020-07-18 00:30")) == date(2020, 7, 18)
    assert day_of(ms("2020-07-17 23:59")) == date(2020, 7, 17)


# -- against the oracle ------------------------------------------------------------------------------

_words: st.SearchStrategy[Word] = st.sampled_from(["work", "off", "stop"])
_moments = st.builds(lambda minutes: FIRST + minutes * MINUTE, st.integers(0, int((LAST - FIRST) / MINUTE)))
#: Most of what goes wrong goes wrong around holidays and at the edges of a day.
_edges = st.builds(
    lambda year, day, hour, minute: (
        datetime(year, 1, 20, tzinfo=HERE) + timedelta(days=day, hours=hour, minutes=minute)
    ),
    st.integers(2019, 2027),
    st.one_of(st.integers(0, 40), st.integers(245, 270)),
    st.sampled_from([0, 7, 8, 12, 17, 18, 23]),
    st.sampled_from([0, 1, 29, 30, 31, 59]),
)
_limits = st.one_of(
    st.builds(Limit, st.integers(1, 90).map(lambda n: n / 2), st.just("work_hour")),
    st.builds(Limit, st.integers(1, 60).map(lambda n: n / 2), st.just("urgent_hour")),
    st.builds(Limit, st.integers(1, 16).map(lambda n: n / 2), st.just("work_day")),
)


@st.composite
def _scenes(draw: st.DrawFn) -> tuple[Calendar, Oracle, datetime]:
    """A moment, and a district with its own days and campaigns around it; as a calendar, and as a clerk has it."""
    start = draw(st.one_of(_moments, _edges))
    near = st.integers(-3, 12).map(lambda n: start.date() + n * DAY)
    words = draw(st.dictionaries(near, _words, max_size=4))
    stretches = [(a, a + n * DAY) for a, n in draw(st.lists(st.tuples(near, st.integers(0, 9)), max_size=2))]
    campaigns = [Campaign(str(n), *stretch) for n, stretch in enumerate(stretches)]
    return Calendar(official_days(), words, campaigns), Oracle(dict(words), stretches), start


@settings(max_examples=150, deadline=None)
@given(scene=_scenes(), limit=_limits)
def test_due_is_when_a_patient_clerk_says(scene: tuple[Calendar, Oracle, datetime], limit: Limit) -> None:
    calendar, oracle, start = scene
    assert told(due(calendar, ms(start), limit)) == told(ms(oracle.due(limit.clock, start, limit.amount)))


@settings(max_examples=100, deadline=None)
@given(scene=_scenes(), limit=_limits, later=st.integers(0, 5 * 1440))
def test_what_is_used_is_what_a_patient_clerk_counts(
    scene: tuple[Calendar, Oracle, datetime], limit: Limit, later: int
) -> None:
    """The share used, three quarters of it, and the working days overdue."""
    calendar, oracle, start = scene
    until = oracle.due(limit.clock, start, limit.amount)
    whole, at = oracle.minutes(limit.clock, start, until), start + later * MINUTE
    assert used(calendar, ms(start), ms(at), limit) == pytest.approx(oracle.minutes(limit.clock, start, at) / whole)
    yellow = at_share(calendar, ms(start), limit, 0.75)
    assert due_and_yellow(calendar, ms(start), limit) == (ms(until), yellow)
    assert used(calendar, ms(start), yellow, limit) == pytest.approx(0.75)
    assert used(calendar, ms(start), yellow - 1, limit) < 0.75
    assert days_overdue(calendar, ms(until), ms(until + later * MINUTE)) == oracle.days_overdue(
        until, until + later * MINUTE
    )


@settings(max_examples=150, deadline=None)
@given(scene=_scenes(), limit=_limits, minutes=st.integers(1, 3 * 1440))
def test_whoever_gets_a_case_later_has_until_later(
    scene: tuple[Calendar, Oracle, datetime], limit: Limit, minutes: int
) -> None:
    """No deadline moves forward because a case was dispatched later, and none lies before its dispatch."""
    calendar, _, start = scene
    later = start + minutes * MINUTE
    assert ms(start) < due(calendar, ms(start), limit) <= due(calendar, ms(later), limit)
    assert spent(calendar, limit.clock, ms(start), ms(later)) == -spent(calendar, limit.clock, ms(later), ms(start))


# -- tables ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "amount", "clock", "expected"),
    [
        ("2020-09-30 16:00", 2, "work_day", "2020-10-10 17:30"),  # the National Day holiday, and its make-up Saturday
        ("2020-09-30 16:00", 1, "work_day", "2020-10-09 17:30"),
        ("2020-09-30 16:00", 0.5, "work_day", "2020-10-09 12:00"),
        ("2020-09-30 16:00", 2.5, "work_day", "2020-10-12 12:00"),
        ("2020-09-30 16:00", 0.3, "work_day", "2020-10-09 12:00"),  # nothing finer than half a day
        ("2020-09-30 18:00", 1, "work_day", "2020-10-10 17:30"),  # its clock starts on the 9th
        ("2020-07-18 10:00", 1, "work_day", "2020-07-21 17:30"),  # a Saturday: its clock starts on Monday
        ("2020-09-30 16:00", 2, "work_hour", "2020-09-30 18:00"),
        ("2020-09-30 16:00", 4, "work_hour", "2020-10-09 10:00"),
        ("2020-09-30 19:00", 4, "work_hour", "2020-10-09 12:00"),
        ("2020-07-17 07:00", 10, "work_hour", "2020-07-17 18:00"),
        ("2020-07-17 17:00", 2, "work_hour", "2020-07-20 09:00"),
        ("2020-09-30 16:00", 24, "urgent_hour", "2020-10-01 16:00"),
        ("2020-09-30 16:00", 0.5, "urgent_hour", "2020-09-30 16:30"),
    ],
)
def test_when_it_is_due(start: str, amount: float, clock: str, expected: str) -> None:
    assert told(due(PLAIN, ms(start), Limit(amount, clock))) == expected


@pytest.mark.parametrize(
    ("start", "amount", "clock", "expected"),
    [
        ("2020-09-30 16:00", 4, "work_hour", "2020-10-01 10:00"),  # every day is a duty day
        ("2020-10-21 17:00", 2, "work_hour", "2020-10-22 09:00"),  # a working day after the battle
        ("2020-09-30 16:00", 2, "work_day", "2020-10-10 17:30"),  # working days are what they were
        ("2020-07-18 10:00", 4, "work_hour", "2020-07-18 14:00"),
    ],
)
def test_when_it_is_due_in_the_hundred_day_battle(start: str, amount: float, clock: str, expected: str) -> None:
    assert told(due(IN_BATTLE, ms(start), Limit(amount, clock))) == expected


@pytest.mark.parametrize(
    ("moment", "clock", "expected"),
    [
        ("2020-07-17 07:59", "work_hour", "2020-07-17 08:00"),
        ("2020-07-17 12:34", "work_hour", "2020-07-17 12:34"),
        ("2020-07-17 18:00", "work_hour", "2020-07-20 08:00"),
        ("2020-07-18 12:00", "work_day", "2020-07-20 08:00"),
        ("2020-07-18 03:00", "urgent_hour", "2020-07-18 03:00"),
    ],
)
def test_when_a_clock_starts(moment: str, clock: str, expected: str) -> None:
    assert told(opening(PLAIN, clock, ms(moment))) == expected


@pytest.mark.parametrize(
    ("due_at", "now", "clock", "zh", "en"),
    [
        ("2020-07-17 11:00", "2020-07-17 11:00", "work_hour", None, None),
        ("2020-07-17 18:00", "2020-07-17 23:00", "work_hour", "刚刚超期", "just overdue"),
        ("2020-07-17 11:00", "2020-07-17 11:20", "work_hour", "超期20分钟", "20 minutes overdue"),
        ("2020-07-17 11:00", "2020-07-17 14:59", "work_hour", "超期3小时", "3 hours overdue"),
        ("2020-07-17 17:00", "2020-07-20 10:00", "work_hour", "超期3小时", "3 hours overdue"),  # a weekend between
        ("2020-07-17 11:00", "2020-07-20 17:30", "work_hour", "超期1个工作日", "1 working day overdue"),
        ("2020-09-30 17:30", "2020-10-10 17:30", "work_day", "超期2个工作日", "2 working days overdue"),
        ("2020-09-30 17:30", "2020-10-10 17:29", "work_day", "超期1个工作日", "1 working day overdue"),
        ("2020-07-17 11:00", "2020-07-18 12:00", "urgent_hour", "超期25小时", "25 hours overdue"),
        ("2020-07-17 11:00", "2020-07-20 12:00", "urgent_hour", "超期3天", "3 days overdue"),
    ],
)
def test_how_long_it_is_overdue_in_words(due_at: str, now: str, clock: str, zh: str | None, en: str | None) -> None:
    found = overdue_by(PLAIN, ms(due_at), ms(now), clock)
    assert (found and found.zh, found and found.en) == (zh, en)


def test_an_empty_announcement_is_the_week() -> None:
    week = Calendar(Official())
    assert [week.is_working_day(date(2020, 10, day)) for day in range(5, 12)] == [True] * 5 + [False] * 2
