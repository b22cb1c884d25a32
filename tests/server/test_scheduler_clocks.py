"""Clocks that are wrong, by minutes or by years: nothing is repeated, and the work of years does not count as done."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.moments import ms_of
from server.core.scheduling import HOLD_MS, LOOK_BACK_MS
from server.jobs.schedules import Cron, Every
from server.storage.store import Store
from tests.server.empty_office import DAY, MINUTE, empty_office, store_of
from tests.server.jobbing import Stepped, effects

#: Saturday.
NOON = ms_of("2020-07-18T12:00:00+08:00")
CUT_OFF = Cron("30 18 * * *")
HOUR = 60 * MINUTE


def at(text: str) -> int:
    """Return a moment of that July, as 18T18:30."""
    return ms_of(f"2020-07-{text}:00+08:00")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Stepped]:
    """An office at noon of a Saturday."""
    with empty_office(f"sqlite:///{tmp_path / 'gridward.db'}") as app:
        yield Stepped(store_of(app), NOON)


@pytest.fixture
def either(store: Store) -> Stepped:
    """The same, on SQLite and on PostgreSQL."""
    return Stepped(store, NOON)


def test_a_clock_that_goes_back_repeats_nothing(office: Stepped) -> None:
    """Two days, half a day, a minute; what goes on all day goes on at once, or after the minute."""
    office.has("cut_off", CUT_OFF, "catch_up")
    office.has("digest", CUT_OFF, "coalesce")
    office.has("decide", Every(60), "coalesce")
    for day in (18, 19, 20):
        office.ms = at(f"{day}T19:00")
        office.later(0)
    before = {name: office.done(name) for name in ("cut_off", "digest")}
    for back in (2 * DAY, 12 * HOUR, MINUTE):
        office.ms = at("20T19:00") - back
        office.restart()
        office.later(0)
        assert office.later(2 * MINUTE) == (1 if back > HOUR else 0)
        for _ in range(60):
            office.later(HOUR)
            if office.ms >= at("20T19:00"):
                break
    office.ms = at("20T19:10")
    office.later(0)
    assert {name: office.done(name) for name in ("cut_off", "digest")} == before
    office.later(DAY)
    assert office.done("cut_off")[-1] == at("21T18:30")


def test_a_clock_that_leaps_ahead_does_nothing_for_an_hour(office: Stepped, capsys: pytest.CaptureFixture[str]) -> None:
    """Jobs delete what is old: by a clock of 2031 that would be everything."""
    office.has("cut_off", CUT_OFF, "catch_up")
    office.has("forget", Every(3600), "coalesce")
    office.later(7 * HOUR)
    before = effects(office.store.engine)
    right = office.ms
    office.ms = ms_of("2031-01-01T12:00:00+08:00")
    for _ in range(59):
        assert office.later(MINUTE) == 0
    assert capsys.readouterr().out.count("clock_doubtful") == 1
    assert effects(office.store.engine) == before
    office.ms = right + 60 * MINUTE
    assert office.later(0) == 1
    office.later(23 * HOUR)
    assert office.done("cut_off")[-1] == at("19T18:30")


def test_years_that_a_wrong_clock_went_through_are_not_done(either: Stepped) -> None:
    """It was believed at last, and put right two days later: what was missed meanwhile is made up, nothing twice."""
    either.has("cut_off", CUT_OFF, "catch_up")
    either.later(7 * HOUR)
    either.ms = ms_of("2031-01-01T12:00:00+08:00")
    either.later(0)
    either.later(HOLD_MS)
    made_up = [period for period in either.done("cut_off") if period > at("30T00:00")]
    assert len(made_up) == LOOK_BACK_MS // DAY
    either.ms = at("20T19:00")
    either.restart()
    either.later(0)
    either.ms = at("21T19:00")
    either.later(0)
    today = [period for period in either.done("cut_off") if period < at("30T00:00")]
    assert today == [at("18T18:30"), at("21T18:30")]


def test_a_clock_from_before_the_beginning_is_not_believed(office: Stepped) -> None:
    """An empty battery shows 2010; put right, the office goes on as if nothing had been."""
    office.has("cut_off", CUT_OFF, "catch_up")
    office.later(7 * HOUR)
    office.ms = ms_of("2010-01-01T08:00:00+08:00")
    office.restart()
    for _ in range(5):
        assert office.later(10 * MINUTE) == 0
    office.ms = at("20T19:00")
    assert office.later(0) == 2
    assert office.done("cut_off") == [at("18T18:30"), at("19T18:30"), at("20T18:30")]


def test_an_office_that_began_under_a_wrong_clock_gets_on(either: Stepped) -> None:
    """It was founded in 2031 by mistake; an hour after that is put right its days count."""
    either.ms = ms_of("2031-01-01T12:00:00+08:00")
    either.has("cut_off", CUT_OFF, "catch_up")
    either.ms = NOON
    assert either.later(0) == 0
    either.later(HOLD_MS)
    either.ms = at("18T18:31")
    assert either.later(0) == 1
    assert either.done("cut_off") == [at("18T18:30")]


def test_an_office_that_was_shut_for_a_winter(office: Stepped) -> None:
    """It waits an hour, in doubt of its clock, and then makes up three months and no more."""
    office.has("cut_off", CUT_OFF, "catch_up")
    office.ms += 200 * DAY
    office.restart()
    assert office.later(0) == 0
    assert office.later(HOLD_MS) == LOOK_BACK_MS // DAY
