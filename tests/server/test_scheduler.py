"""What is due, step by step: missed periods by each policy, pauses, failures, and clocks that are wrong."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import insert

from schemas.moments import instant, ms_of
from server.core.scheduling import LOOK_BACK_MS, MissedPolicy, chosen, wait_ms
from server.jobs.job import Job
from server.jobs.running import Runner
from server.jobs.schedules import Cron, Every, Schedule, next_period, periods
from server.storage.store import Store
from server.storage.tables import Deployment
from server.usecases.forget_runs import KEEP_DAYS, forget_runs
from server.usecases.manage_jobs import list_jobs, pause_job, resume_job
from server.usecases.mistakes import Mistake
from tests.server.empty_office import DAY, HAIZHOU, MINUTE, empty_office, store_of
from tests.server.jobbing import STREETS, Stepped, effects, traced

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


# -- schedules --------------------------------------------------------------------------------------

SCHEDULES: list[tuple[Schedule, str, str]] = [
    (Cron("30 18 * * *"), "2020-07-18T12:00", "2020-07-18T18:30"),
    (Cron("30 18 * * *"), "2020-07-18T18:30", "2020-07-19T18:30"),
    (Cron("30 17 * * fri"), "2020-07-18T12:00", "2020-07-24T17:30"),
    (Cron("0 8 1 * *"), "2020-12-18T12:00", "2021-01-01T08:00"),
    # Seven in the evening of the day before in London: the day is ours.
    (Cron("10 3 * * *"), "2020-07-19T00:00", "2020-07-19T03:10"),
    (Every(900), "2020-07-18T12:00", "2020-07-18T12:15"),
    (Every(3600), "2020-07-18T12:01", "2020-07-18T13:00"),
]


@pytest.mark.parametrize(("schedule", "after", "expected"), SCHEDULES, ids=str)
def test_periods_are_moments_of_shanghai(schedule: Schedule, after: str, expected: str) -> None:
    assert instant(next_period(schedule, ms_of(f"{after}:00+08:00"))) == f"{expected}:00+08:00"


def test_a_period_is_due_at_its_very_moment_and_not_again() -> None:
    for schedule in (CUT_OFF, Every(60)):
        [first] = periods(schedule, at("18T18:29"), at("18T18:30"))
        assert first == at("18T18:30")
        assert not periods(schedule, first, first + 59_999)


POLICIES: list[tuple[MissedPolicy, int, list[int]]] = [
    ("catch_up", 0, [1, 2, 3]),
    ("coalesce", 0, [3]),
    ("skip", 10, [3]),
    ("skip", 9, []),
]


@pytest.mark.parametrize(("policy", "grace_ms", "expected"), POLICIES)
def test_each_policy_chooses(policy: MissedPolicy, grace_ms: int, expected: list[int]) -> None:
    """Three were missed, the last of them ten milliseconds ago."""
    assert list(chosen([1, 2, 3], policy, grace_ms, 13)) == expected
    assert list(chosen([], policy, grace_ms, 13)) == []


# -- missed periods ---------------------------------------------------------------------------------


def test_the_first_period_is_the_next_one(office: Stepped) -> None:
    """Nothing from before the district was there, however often the office starts."""
    office.has("cut_off", CUT_OFF, "catch_up")
    for _ in range(3):
        assert office.later(HOUR) == 0
        office.restart()
    assert office.later(4 * HOUR) == 1
    assert office.done("cut_off") == [at("18T18:30")]


def test_an_office_that_was_shut_for_three_days(either: Stepped) -> None:
    """Reports of every day, of the rest the latest, and nothing that is too late."""
    either.has("cut_off", CUT_OFF, "catch_up")
    either.has("digest", CUT_OFF, "coalesce")
    either.has("greeting", CUT_OFF, "skip", grace_s=1800)
    either.ms = at("20T19:30")
    either.restart()
    either.later(0)
    assert either.done("cut_off") == [at("18T18:30"), at("19T18:30"), at("20T18:30")]
    assert either.done("digest") == [at("20T18:30")]
    assert either.done("greeting") == []
    assert list_jobs(either.store, HAIZHOU)["greeting"].outcome == "passed_over"
    either.ms = at("21T18:45")
    either.restart()
    assert either.later(0) == 3
    assert either.done("greeting") == [at("21T18:30")]
    assert either.later(MINUTE) == 0


def test_a_server_that_is_off_every_night_does_its_nightly_work(office: Stepped) -> None:
    """At half past three nobody is there; at eight it is made up."""
    office.has("forget", Cron("30 3 * * *"), "coalesce")
    for day in (19, 20, 21):
        office.ms = at(f"{day}T08:00")
        office.restart()
        assert office.later(0) == 1
    assert office.done("forget") == [at(f"{day}T03:30") for day in (19, 20, 21)]


def test_what_goes_on_all_day_is_not_made_up_by_the_hundred(office: Stepped) -> None:
    office.has("decide", Every(60), "coalesce")
    assert office.later(8 * HOUR) == 1
    assert [office.later(MINUTE) for _ in range(3)] == [1, 1, 1]
    assert office.later(MINUTE - 1) == 0


# -- pauses -----------------------------------------------------------------------------------------


def paused_for_two_days(office: Stepped) -> None:
    """Let a clerk pause all three kinds of jobs before the first period, and two go by."""
    for name, policy in (("cut_off", "catch_up"), ("digest", "coalesce"), ("greeting", "skip")):
        office.has(name, CUT_OFF, policy, grace_s=1800)  # type: ignore[arg-type]
        pause_job(office.store, HAIZHOU, name, "钱伟", office.ms)
    for _ in range(48):
        assert office.later(HOUR) == 0


def test_after_a_pause_each_policy_decides(office: Stepped) -> None:
    paused_for_two_days(office)
    for name in ("cut_off", "digest", "greeting"):
        assert list_jobs(office.store, HAIZHOU)[name].paused_by == "钱伟"
        resume_job(office.store, HAIZHOU, name, office.ms)
    office.later(0)
    assert office.done("cut_off") == [at("18T18:30"), at("19T18:30")]
    assert office.done("digest") == [at("19T18:30")]
    assert office.done("greeting") == []


def test_after_a_pause_nothing_need_be_made_up(either: Stepped) -> None:
    paused_for_two_days(either)
    resume_job(either.store, HAIZHOU, "cut_off", either.ms, anew=True)
    assert either.later(0) == 0
    either.later(8 * HOUR)
    assert either.done("cut_off") == [at("20T18:30")]


def test_pausing_twice_and_resuming_what_runs_are_mistakes(office: Stepped) -> None:
    office.has("cut_off", CUT_OFF, "catch_up")
    with pytest.raises(Mistake, match="is not paused"):
        resume_job(office.store, HAIZHOU, "cut_off", office.ms)
    with pytest.raises(Mistake, match="whose decision"):
        pause_job(office.store, HAIZHOU, "cut_off", " ", office.ms)
    pause_job(office.store, HAIZHOU, "cut_off", "钱伟", office.ms)
    with pytest.raises(Mistake, match="paused already"):
        pause_job(office.store, HAIZHOU, "cut_off", "钱伟", office.ms)


def test_a_job_may_be_paused_before_the_scheduler_ever_ran(office: Stepped) -> None:
    pause_job(office.store, HAIZHOU, "cut_off", "钱伟", office.ms)
    office.has("cut_off", CUT_OFF, "catch_up")
    assert office.later(DAY) == 0
    resume_job(office.store, HAIZHOU, "cut_off", office.ms)
    assert office.later(0) == 1


# -- at once ----------------------------------------------------------------------------------------


def test_running_at_once_is_done_once(office: Stepped) -> None:
    """Of yesterday's report, though nobody missed it; of today's there is none yet."""
    office.has("cut_off", CUT_OFF, "catch_up")
    assert office.runner.run_now("cut_off", HAIZHOU) == (at("17T18:30"), 1)
    assert office.runner.run_now("cut_off", HAIZHOU) == (at("17T18:30"), 0)
    for wrong in (at("18T18:30"), at("17T18:31")):
        with pytest.raises(LookupError):
            office.runner.run_now("cut_off", HAIZHOU, wrong)
    office.later(7 * HOUR)
    assert office.done("cut_off") == [at("17T18:30"), at("18T18:30")]


def test_a_paused_job_runs_when_somebody_asks(office: Stepped) -> None:
    """And what he ran is not made up again."""
    paused_for_two_days(office)
    assert office.runner.run_now("cut_off", HAIZHOU, at("18T18:30")) == (at("18T18:30"), 1)
    resume_job(office.store, HAIZHOU, "cut_off", office.ms)
    assert office.later(0) == 1
    assert office.done("cut_off") == [at("18T18:30"), at("19T18:30")]


# -- failures ---------------------------------------------------------------------------------------


def test_a_job_that_fails_is_tried_again_and_holds_up_nobody(
    office: Stepped, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sooner at first, then more seldom; the log says the kind of trouble and nothing of what it said."""
    office.has("cut_off", CUT_OFF, "catch_up")
    office.has("digest", CUT_OFF, "coalesce")
    office.failing["cut_off"] = ValueError("李伟 13904180000")
    assert office.later(7 * HOUR) == 1
    told = capsys.readouterr().out
    assert "ValueError" in told
    assert "jobbing.py" in told
    assert "李伟" not in told
    state = list_jobs(office.store, HAIZHOU)["cut_off"]
    assert (state.outcome, state.said) == ("failed", "ValueError")
    assert office.runner.due() == {}
    office.ms += wait_ms(1)
    assert office.runner.due() == {"cut_off": [HAIZHOU]}
    del office.failing["cut_off"]
    assert office.runner.step() == 1
    assert list_jobs(office.store, HAIZHOU)["cut_off"].outcome == "done"


def test_waiting_grows_to_a_quarter_of_an_hour() -> None:
    assert [wait_ms(n) // 1000 for n in (1, 2, 3, 7, 8, 500)] == [10, 20, 40, 640, 900, 900]


def test_one_bad_day_keeps_back_no_other_for_long(store: Store) -> None:
    """The report of the 18th cannot be made; those behind it wait for three tries, and no longer."""
    office, done = Stepped(store, NOON), []

    def run(_store: Store, _district: str, period_ms: int, _now_ms: int) -> None:
        if period_ms == at("18T18:30") and office.ms < at("20T12:00"):
            raise ValueError
        done.append(period_ms)

    office.jobs.append(Job("cut_off", "日报", CUT_OFF, "catch_up", run))
    office.restart()
    office.later(0)
    office.later(31 * HOUR)
    assert done == []
    office.later(10_000)
    office.later(20_000)
    assert done == [at("19T18:30")]
    assert list_jobs(store, HAIZHOU)["cut_off"].done_ms < at("18T18:30")
    office.restart()
    office.ms = at("20T18:31")
    office.later(0)
    assert done == [at("19T18:30"), at("18T18:30"), at("20T18:30")]
    assert office.later(MINUTE) == 0
    assert list_jobs(store, HAIZHOU)["cut_off"].done_ms == at("20T18:30")


# -- several at once --------------------------------------------------------------------------------


def test_two_leaders_for_a_moment_do_nothing_twice(store: Store) -> None:
    """Both believe that they lead and step at the same moments, for three days."""
    first, second = Stepped(store, NOON), Stepped(store, NOON)
    jobs = [
        Job("cut_off", "日报", CUT_OFF, "catch_up", traced("cut_off")),
        Job("hourly", "每小时", Every(3600), "catch_up", traced("hourly", streets=STREETS[:1])),
    ]
    for each in (first, second):
        each.jobs = jobs
        each.restart()
        each.later(0)
    together = Barrier(2)

    def work(mine: Stepped) -> None:
        for _ in range(6):
            together.wait()
            mine.later(12 * HOUR)

    threads = [Thread(target=work, args=(each,)) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    left = effects(store.engine)
    assert len({(one.job, one.period_ms, one.target) for one in left}) == len(left) == 72 + 3 * len(STREETS)


def test_what_a_dead_transaction_claimed_is_free_again(store: Store) -> None:
    with store.work(HAIZHOU) as work:
        assert work.job_runs.claim("cut_off", NOON, "河北街道", NOON)
    with store.work(HAIZHOU) as work:
        assert work.job_runs.claim("cut_off", NOON, "河北街道", NOON)
        work.commit()
    with store.work(HAIZHOU) as work:
        assert not work.job_runs.claim("cut_off", NOON, "河北街道", NOON)
        assert work.job_runs.claim("cut_off", NOON, "五龙街道", NOON)


def test_what_was_done_long_ago_is_forgotten(either: Stepped) -> None:
    """Far later than anybody would make it up."""
    either.has("cut_off", CUT_OFF, "catch_up")
    either.later(7 * HOUR)
    assert forget_runs(either.store, HAIZHOU, either.ms + LOOK_BACK_MS) == 0
    assert forget_runs(either.store, HAIZHOU, either.ms + KEEP_DAYS * DAY + 1) == 2


def test_a_job_that_came_with_a_new_version_begins_then(office: Stepped) -> None:
    office.has("cut_off", CUT_OFF, "catch_up")
    office.later(3 * DAY)
    office.has("weekly", Cron("30 17 * * fri"), "catch_up")
    assert office.later(DAY) == 1
    office.ms = at("24T17:31")
    office.later(0)
    assert office.done("weekly") == [at("24T17:30")]


def test_who_pauses_a_job_while_it_makes_up_days_stops_it_between_two(office: Stepped) -> None:
    """Of five days two are done when somebody pauses it; the others wait until it is resumed."""
    office.has("cut_off", CUT_OFF, "catch_up")
    run = office.jobs[0].run

    def paused_on_the_second(store: Store, district: str, period_ms: int, now_ms: int) -> object:
        if len(office.done("cut_off")) == 1:
            pause_job(store, district, "cut_off", "陈红", now_ms)
        return run(store, district, period_ms, now_ms)

    office.jobs[0] = replace(office.jobs[0], run=paused_on_the_second)
    office.restart()
    assert office.later(5 * DAY) == 2
    assert office.later(HOUR) == 0
    resume_job(office.store, HAIZHOU, "cut_off", office.ms)
    assert office.later(0) == 3


def test_a_district_that_fails_keeps_no_other_from_its_work(office: Stepped) -> None:
    """The first of two districts raises, minute after minute; the second one's day is closed all the same."""
    done = []

    def run(_store: Store, district: str, period_ms: int, _now_ms: int) -> object:
        if district == HAIZHOU:
            raise ValueError(district)
        done.append(period_ms)
        return None

    with office.store.engine.begin() as connection:
        connection.execute(
            insert(Deployment), {"district": "210903", "epoch": "e", "cursor_key": b"k" * 32, "name": "太平区"}
        )
    office.jobs.append(Job("decide", "判定", Every(60), "coalesce", run))
    office.restart()
    office.later(0)
    for _ in range(3):
        office.later(MINUTE)
    assert len(done) == 3


def test_a_runner_may_be_told_to_end_between_two_periods(office: Stepped) -> None:
    office.has("cut_off", CUT_OFF, "catch_up")
    office.ms += 5 * DAY
    turns = iter([True, True, False])
    assert Runner(office.store, office.jobs, office.clock).run("cut_off", HAIZHOU, lambda: next(turns)) == 2
    assert office.later(0) == 3
