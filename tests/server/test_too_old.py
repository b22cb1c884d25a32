"""What was forgotten, and who has to read from the beginning because of it; on the wire."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest
from sqlalchemy import event, insert, select, update

from schemas import wire
from server.settings import KEEP_DAYS, Settings
from server.storage.tables import ContactRow, snapshot
from server.usecases.forget_departures import DAY_MS, forget_departures
from server.usecases.note_contacts import flush_contacts
from tests.server.clerks import Clock
from tests.server.office import DISTRICT, GRID_8, Office, RawDevice, open_office
from tests.server.reader import reader
from tests.server.test_moves import STREET, heads, in_view, move, shops


@pytest.fixture
def clock() -> Clock:
    """The server's clock."""
    return Clock()


@pytest.fixture(name="office")
def office_with_a_clock(database_url: str, clock: Clock) -> Iterator[Office]:
    """An office whose clock the test turns."""
    opened = open_office(database_url, clock)
    yield opened
    opened.store.engine.dispose()


def sync(device: RawDevice, *mutations: bytes) -> tuple[int, str | None]:
    """Sync once with the device's cursors; return the status and the code of a refusal."""
    raws = [msgspec.Raw(raw) for raw in mutations]
    body = {"protocol": 1, "install": device.install, "cursors": device.cursors, "mutations": raws}
    response = device.post(body)
    if response.status_code == 200:
        for feed, page in wire.decode_response(response.data).feeds.items():
            device.cursors[feed] = page.cursor
    return response.status_code, response.get_json().get("code")


def forget(office: Office, clock: Clock) -> None:
    """Let the nightly job run."""
    flush_contacts(office.store)
    forget_departures(office.store, clock.ms, KEEP_DAYS)


def horizon(office: Office) -> int:
    """Return up to where departures of the street are forgotten."""
    with office.store.work(DISTRICT, writing=False) as work:
        return work.departures.horizon(STREET)


def noted(office: Office, device: RawDevice) -> dict[str, int] | None:
    """Return how far the office has noted that a device has read."""
    with office.store.engine.connect() as connection:
        found = connection.execute(select(ContactRow.cursors).where(ContactRow.device == device.id)).scalar_one()
    return msgspec.json.decode(found) if found else None


def long_ago(office: Office, clock: Clock) -> tuple[RawDevice, list[str]]:
    """Let Li's device have read before a shop left, half a year ago and more; return the device and all shops."""
    wang, li = office.device("wang"), office.device("li")
    made = shops(wang, *range(4))
    sync(li)
    sync(wang)
    sync(li)
    flush_contacts(office.store)
    move(office, GRID_8, made[0], now_ms=clock.ms)
    clock.ms += KEEP_DAYS * DAY_MS + 1
    forget(office, clock)
    return li, made


def test_a_push_is_taken_before_the_refusal(office: Office, clock: Clock) -> None:
    """410 speaks of the cursor alone: the work is in the history, and pushed again it is answered as before."""
    li, made = long_ago(office, clock)
    li.clock_ms = clock.ms
    edit = li.mutation("patch", "shop", made[1], base=2, set={"door_no": "1号"})
    assert sync(li, edit) == (410, "cursor_too_old")
    record = office.record(made[1])
    assert record is not None
    assert record.fields["door_no"] == "1号"
    assert sync(li) == (410, "cursor_too_old")
    li.cursors.clear()
    [again] = li.push(edit)
    assert again.outcome in ("applied", "merged")
    assert len(office.taken(li.id)) == 1
    assert {i: (r["grid"], r["fields"]) for i, r in li.shown.items()} == in_view(office, "li")


def test_only_whoever_is_behind_the_horizon_begins_anew(office: Office, clock: Clock) -> None:
    """At the horizon nothing is missing; one number before it something is."""
    wang, one_behind, at_it = office.device("wang"), office.device("li"), office.device("li")
    made = shops(wang, *range(3))
    sync(one_behind)
    move(office, GRID_8, made[0], now_ms=clock.ms)
    sync(at_it)
    clock.ms += KEEP_DAYS * DAY_MS + 1
    forget(office, clock)
    assert horizon(office) == heads(office)[STREET]
    later = office.device("wang")
    later.push(later.mutation("patch", "shop", made[1], set={"door_no": "1号"}))
    assert sync(at_it) == (200, None)
    assert sync(one_behind) == (410, "cursor_too_old")


def test_a_reading_from_the_beginning_is_not_too_old(office: Office, clock: Clock) -> None:
    """Its first pages lie far below the horizon; it began after everything that was forgotten."""
    _, made = long_ago(office, clock)
    assert horizon(office) > 2
    slow = reader(office, "li", limit=1)
    assert slow.step()
    assert slow.read() == in_view(office, "li")
    assert set(slow.holds) == set(made[1:])
    assert slow.left() == []


def test_the_office_notes_how_far_each_device_has_read(office: Office) -> None:
    """By the cursors it sends, not by those it was sent: an answer may have been lost."""
    wang, li = office.device("wang"), office.device("li")
    shops(wang, 1, 2)
    sync(li)
    flush_contacts(office.store)
    assert noted(office, li) == {}
    sync(li)
    flush_contacts(office.store)
    assert noted(office, li) == {STREET: 2}
    shops(wang, 3)
    sync(li)
    flush_contacts(office.store)
    assert noted(office, li) == {STREET: 2}


def test_an_idle_sync_still_writes_nothing(office: Office) -> None:
    """What is noted of it stands in memory until the next batch."""
    li = office.device("li")
    shops(office.device("wang"), 1)
    sync(li)
    with statements(office) as said:
        assert sync(li) == (200, None)
    assert said
    assert [one for one in said if not one.lstrip().upper().startswith(("SELECT", "WITH", "PRAGMA"))] == []


@contextmanager
def statements(office: Office) -> Iterator[list[str]]:
    """Return every statement that the database hears meanwhile."""
    said: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(office.store.engine, "before_cursor_execute", listen)
    try:
        yield said
    finally:
        event.remove(office.store.engine, "before_cursor_execute", listen)


@pytest.mark.parametrize(
    ("report", "holds_back"),
    [("living", True), ("dead", False), ("revoked", False), ("unknown", True), ("reads another feed", False)],
)
def test_who_holds_departures_back(office: Office, clock: Clock, report: str, holds_back: bool) -> None:
    """Whoever lives and has not read them, and whoever lives and nobody knows how far he has read."""
    wang, other = office.device("wang"), office.device("li")
    made = shops(wang, *range(3))
    move(office, GRID_8, made[0], now_ms=clock.ms)
    moved_ms = clock.ms
    clock.ms += KEEP_DAYS * DAY_MS + 1
    read = {"unknown": None, "reads another feed": "{}"}.get(report, f'{{"{STREET}":1}}')
    last_ms = moved_ms if report == "dead" else clock.ms
    row = {"district": DISTRICT, "device": other.id, "last_ms": last_ms, "report": None, "cursors": read}
    with office.store.engine.begin() as connection:
        connection.execute(insert(ContactRow), row)
    if report == "revoked":
        office.revoke(other)
    forget(office, clock)
    assert (horizon(office) == 0) is holds_back
    with office.store.engine.begin() as connection:
        connection.execute(update(ContactRow).values(cursors=f'{{"{STREET}":99}}'))
    forget_departures(office.store, clock.ms, KEEP_DAYS)
    assert horizon(office) == heads(office)[STREET]


def test_a_snapshot_behind_the_horizon_goes_too(office: Office, clock: Clock) -> None:
    """Whoever took it would be sent back to the beginning, and be offered it again."""
    with office.store.engine.begin() as connection:
        row = {"district": DISTRICT, "feed": STREET, "version": 1, "epoch": "first", "made_ms": clock.ms}
        connection.execute(insert(snapshot), row)
    long_ago(office, clock)
    with office.store.engine.connect() as connection:
        assert connection.execute(select(snapshot.c.version)).all() == []


def test_how_long_is_a_setting() -> None:
    """Half a year unless the operator says otherwise; never no time at all."""
    assert Settings.from_environment({}).keep_days == KEEP_DAYS == 180
    assert Settings.from_environment({"GRIDWARD_KEEP_DAYS": "30"}).keep_days == 30
    assert Settings.from_environment({"GRIDWARD_KEEP_DAYS": "0"}).keep_days == 1
