"""The jobs beside the requests: contacts written down, old codes forgotten, one leader."""

import time
from collections.abc import Callable

from sqlalchemy import text

from schemas.wire import Report
from server.jobs import start_jobs
from server.settings import KEEP_DAYS
from server.storage.devices import Device
from server.storage.election import Election
from server.storage.enrolment import Listed
from server.storage.store import Store
from server.usecases.enrol_device import CODE_LIVES_MS, offer_code
from server.usecases.forget_codes import KEEP_MS, forget_codes
from server.usecases.manage_people import add_person
from server.usecases.note_contacts import flush_contacts, note_contact
from tests.server.empty_office import HAIZHOU, LI, MORNING


def test_what_was_heard_is_written_when_the_jobs_stop(store: Store) -> None:
    """With the device's report; a later contact without one keeps it."""
    tablet = new_tablet(store)
    jobs = start_jobs(store, KEEP_DAYS)
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
    assert forget_codes(store, MORNING + CODE_LIVES_MS + KEEP_MS) == 0
    assert forget_codes(store, MORNING + CODE_LIVES_MS + KEEP_MS + 1) == 1


def test_one_process_leads(store: Store) -> None:
    """Two processes of one PostgreSQL: one leads until it resigns or loses its connection."""
    first, second = Election(store.engine), Election(store.engine)
    alone = store.engine.dialect.name == "sqlite"
    assert first.leads()
    assert first.leads()
    assert second.leads() is alone
    first.resign()
    assert second.leads()
    second.resign()


def test_a_leader_whose_connection_was_cut_no_longer_leads(store: Store) -> None:
    """It notices at its next job, and somebody else may take over."""
    if store.engine.dialect.name == "sqlite":
        assert Election(store.engine).leads()
        return
    first, second = Election(store.engine), Election(store.engine)
    assert first.leads()
    with store.engine.connect() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        )
    wait_until(second.leads)
    assert not first.leads()
    second.resign()


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
