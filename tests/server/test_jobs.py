"""The jobs beside the requests: contacts written down, old codes forgotten, long jobs and short ones side by side."""

import time
from collections.abc import Callable
from threading import Event

import pytest

from schemas.wire import Report
from server.jobs import Jobs, start_jobs
from server.jobs.catalogue import Keeping, catalogue
from server.jobs.job import Job
from server.jobs.running import Runner
from server.jobs.schedules import Every, next_period
from server.storage.depot.memory import MemoryDepot
from server.storage.devices import Device
from server.storage.enrolment import Listed
from server.storage.store import Store
from server.usecases.enrol_device import CODE_LIVES_MS, offer_code
from server.usecases.forget_codes import KEEP_MS, forget_codes
from server.usecases.manage_jobs import list_jobs
from server.usecases.manage_people import add_person
from server.usecases.note_contacts import flush_contacts, note_contact
from server.usecases.retain_photos import FOR_EVER
from tests.server.empty_office import DAY, HAIZHOU, LI, MORNING
from tests.server.jobbing import FastClock


def test_what_was_heard_is_written_when_the_jobs_stop(store: Store) -> None:
    """With the device's report; a later contact without one keeps it."""
    tablet = new_tablet(store)
    jobs = start_jobs(store, ())
    note_contact(store, tablet, Report(waiting=3), MORNING)
    note_contact(store, tablet, None, MORNING + 1)
    jobs.stop()
    [listed] = devices(store)
    assert (listed.last_ms, '"waiting":3' in (listed.report or "")) == (MORNING + 1, True)


def test_a_report_stays_until_there_is_a_newer_one(store: Store) -> None:
    """A tablet reports when something changed, and any of several processes may have heard of it last."""
    tablet = new_tablet(store)
    for report, at in ((Report(waiting=3), 10), (None, 20), (Report(waiting=9), 15)):
        note_contact(store, tablet, report, MORNING + at)
        flush_contacts(store)
        [listed] = devices(store)
        assert '"waiting":3' in (listed.report or "")
    assert listed.last_ms == MORNING + 20
    note_contact(store, tablet, Report(waiting=0, photos_waiting=1), MORNING + 30)
    flush_contacts(store)
    assert '"photos_waiting":1' in (devices(store)[0].report or "")


def test_nothing_heard_writes_nothing(store: Store) -> None:
    """The job may run as often as it likes."""
    new_tablet(store)
    assert flush_contacts(store) == 0
    assert devices(store)[0].last_ms is None


def test_codes_are_forgotten_a_day_after_they_expired(store: Store) -> None:
    """Not before: whoever asks why one failed can still be told."""
    li = add_person(store, HAIZHOU, LI, MORNING)
    offer_code(store, HAIZHOU, li, MORNING)
    assert forget_codes(store, HAIZHOU, MORNING + CODE_LIVES_MS + KEEP_MS) == 0
    assert forget_codes(store, HAIZHOU, MORNING + CODE_LIVES_MS + KEEP_MS + 1) == 1


def test_a_long_job_holds_up_no_other(store: Store) -> None:
    """It runs once at a time, in a thread of its own; stopping waits for it."""
    begun, enough, done = Event(), Event(), list[str]()

    def long(*_: object) -> None:
        begun.set()
        assert enough.wait(10)
        done.append("long")

    jobs = Jobs(
        store, [always("long", long), always("short", lambda *_: done.append("short"))], fast(), look_every_s=0.05
    )
    jobs.start()
    assert begun.wait(10)
    wait_until(lambda: done.count("short") >= 2)
    assert "long" not in done
    enough.set()
    jobs.stop()
    assert "long" in done
    assert not Jobs(store, ()).leading.leads


def test_two_schedulers_have_one_leader(store: Store) -> None:
    """Whoever was second goes on when the first is stopped."""
    done: list[str] = []
    first, second = (
        Jobs(store, [always("job", lambda *_, name=name: done.append(name))], fast(), look_every_s=0.05)
        for name in ("first", "second")
    )
    first.start()
    wait_until(lambda: bool(done))
    second.start()
    wait_until(lambda: len(done) >= 2)
    first.stop()
    wait_until(lambda: "second" in done)
    second.stop()
    assert done == sorted(done)


def test_stopping_in_the_middle_of_a_look(store: Store) -> None:
    """At any moment; nothing waits for what waits for it."""
    for n in range(20):
        jobs = Jobs(store, [always("job", lambda *_: None)], fast(), look_every_s=0.001)
        jobs.start()
        time.sleep(n * 0.003)
        jobs.stop()


def test_a_process_goes_on_when_the_database_is_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that fails is not the last one."""
    done: list[str] = []
    jobs = Jobs(store, [always("job", lambda *_: done.append("done"))], fast(), look_every_s=0.05)
    with monkeypatch.context() as away:
        away.setattr(Store, "places", lambda _: 1 // 0)
        jobs.start()
        time.sleep(0.2)
        assert not done
    wait_until(lambda: bool(done))
    jobs.stop()


def test_the_catalogue_is_sound() -> None:
    """Names are told apart and fit the column, grace is given where it is asked for, and every schedule comes again."""
    jobs = catalogue(Keeping(180, 90, MemoryDepot(), FOR_EVER))
    assert len({job.name for job in jobs}) == len(jobs)
    for job in jobs:
        assert 0 < len(job.name) <= 40
        assert (job.grace_s > 0) == (job.policy == "skip")
        assert MORNING < next_period(job.schedule, MORNING) <= MORNING + 31 * DAY


def test_every_job_runs_over_an_empty_office(store: Store) -> None:
    """And says how it ended."""
    now = [MORNING]
    jobs = catalogue(Keeping(180, 90, MemoryDepot(), FOR_EVER))
    runner = Runner(store, jobs, lambda: now[0])
    runner.due()
    now[0] += 31 * DAY
    assert runner.step() >= len(jobs)
    assert {name: (s.outcome, s.took_ms) for name, s in list_jobs(store, HAIZHOU).items()} == {
        job.name: ("done", 0) for job in jobs
    }


def fast() -> FastClock:
    """Return a clock whose second lasts a twentieth of ours."""
    return FastClock(MORNING, time.time_ns() // 1_000_000, 20)


def always(name: str, run: Callable[..., object]) -> Job:
    """Return a job that is due every second."""
    return Job(name, name, Every(1), "coalesce", run)


def new_tablet(store: Store) -> Device:
    """Return a tablet that is enrolled."""
    place = store.places()[HAIZHOU]
    with store.work(HAIZHOU) as work:
        work.enrolment.add("0197f3a0-0000-7000-8000-0000000000d1", "平板", b"hash", MORNING)
        work.commit()
    return Device("0197f3a0-0000-7000-8000-0000000000d1", HAIZHOU, "平板", {}, False, place.epoch, place.cursor_key)


def devices(store: Store) -> list[Listed]:
    """Return the list of devices."""
    with store.work(HAIZHOU, writing=False) as work:
        return work.enrolment.listed()


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until *holds* says so."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
