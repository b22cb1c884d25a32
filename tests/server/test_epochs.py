"""A server that lost its last commits begins a new epoch: no number means two things, and nothing stays lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import delete, func, select, update

from schemas import wire
from schemas.ids import derived_id
from server.app import create_app
from server.core import cursors
from server.core.cursors import Cursor
from server.settings import Settings
from server.storage.epochs import Jump
from server.storage.store import Store
from server.storage.tables import epoch, feed, history, install, pen, record
from server.usecases.begin_epoch import begin_epoch
from server.usecases.verify_history import Verified, verify_history
from tests.server.office import DISTRICT, ELSEWHERE, GRID_7, STREET, Office, RawDevice

#: 2020-07-18 08:00 in Fuxin, and where a feed counts on from that began anew then.
MORNING = 1_595_030_400_000
GROUND = (MORNING - 1_577_836_800_000) * 16


def shop(number: int) -> str:
    """Return the id of one of many shops."""
    return derived_id("shop", str(number))


def shops(device: RawDevice, *numbers: int) -> list[bytes]:
    """Return the creations of some shops."""
    return [device.mutation("create", "shop", shop(n), set={"name": f"{n}号店", "category": "retail"}) for n in numbers]


def verified(office: Office) -> list[tuple[str, int, int | None]]:
    """Return each feed with its rows, and the first that does not hold."""
    return [(v.feed, v.rows, v.broken) for v in verify_history(office.store, DISTRICT)]


def begun(store: Store) -> list[tuple[str, str]]:
    """Return every epoch that began after the first, and why."""
    with store.work(DISTRICT, writing=False) as work:
        return [(e.epoch, e.why) for e in work.epochs.all()]


def lose(office: Office, after: int) -> None:
    """Let a standby take over that never heard of what was committed beyond number *after* of the street's feed."""
    with office.store.engine.begin() as connection:
        last = connection.execute(select(history.c.chain).where(history.c.version == after)).scalar_one()
        connection.execute(delete(history).where(history.c.version > after))
        connection.execute(delete(record).where(record.c.version > after))
        connection.execute(delete(pen).where(pen.c.number.not_in(select(record.c.pen))))
        connection.execute(update(feed).values(seq=after, chain=last))
        for device in connection.execute(select(install.c.device)).scalars().all():
            taken = select(func.coalesce(func.max(history.c.n), 0)).where(history.c.device == device)
            settled = connection.execute(taken).scalar_one()
            connection.execute(update(install).values(settled=settled).where(install.c.device == device))


def test_numbers_jump_and_the_chain_goes_on(office: Office) -> None:
    li = office.device("li")
    li.push(*shops(li, 1, 2))
    begin_epoch(office.store, DISTRICT, "restored", MORNING)
    [outcome] = li.push(*shops(li, 3))
    assert outcome.version == GROUND + 1
    assert verified(office) == [(STREET, 3, None)]
    with office.store.work(DISTRICT, writing=False) as work:
        assert [e.jumps[STREET] for e in work.epochs.all()] == [Jump(2, GROUND)]


def test_a_feed_that_begins_later_counts_on_from_there_too(office: Office) -> None:
    """Its first numbers may have been given out in the history that was lost."""
    li, qian = office.device("li"), office.device("chen")
    li.push(*shops(li, 1))
    begin_epoch(office.store, DISTRICT, "restored", MORNING)
    fields = {"name": "别处的店", "category": "retail"}
    [outcome] = qian.push(qian.mutation("create", "shop", shop(2), grid=ELSEWHERE, set=fields))
    assert (outcome.outcome, outcome.version) == ("applied", GROUND + 1)
    assert verified(office) == [(STREET, 1, None), (ELSEWHERE[:9], 1, None)]


@pytest.mark.parametrize("moment", [0, MORNING, MORNING - 60_000])
def test_every_epoch_jumps_beyond_the_one_before(office: Office, moment: int) -> None:
    """Also within one millisecond, with nothing written in between, and after a clock that was put back."""
    li = office.device("li")
    li.push(*shops(li, 1))
    epochs = [begin_epoch(office.store, DISTRICT, "restored", at) for at in (MORNING, moment, moment)]
    [outcome] = li.push(*shops(li, 2))
    assert outcome.version == GROUND + 2 * 2**20 + 1
    assert verified(office) == [(STREET, 2, None)]
    assert [name for name, _ in begun(office.store)] == epochs


HARM: dict[str, tuple[Callable[[int], bool], str]] = {
    "the last row before the gap": (lambda version: version == 3, "缺少此行"),
    "the first row behind it": (lambda version: version == GROUND + 1, "缺少此行"),
    "the last row of all": (lambda version: version == GROUND + 3, "末尾的行缺失"),
    "everything behind the gap": (lambda version: version > 3, "末尾的行缺失"),
    "everything": (lambda _: True, "末尾的行缺失"),
}


@pytest.mark.parametrize(("gone", "told"), HARM.values(), ids=HARM)
def test_rows_missing_beside_a_gap_are_missed(office: Office, gone: Callable[[int], bool], told: str) -> None:
    """Only the numbers that the epoch jumped over may be absent."""
    li = office.device("li")
    li.push(*shops(li, 1, 2, 3))
    begin_epoch(office.store, DISTRICT, "restored", MORNING)
    li.push(*shops(li, 4, 5, 6))
    assert verified(office) == [(STREET, 6, None)]
    with office.store.engine.begin() as connection:
        versions = [v for v in connection.execute(select(history.c.version)).scalars() if gone(v)]
        connection.execute(delete(history).where(history.c.version.in_(versions)))
    [found] = verify_history(office.store, DISTRICT)
    # Where all that is behind the gap is gone, the gap itself is none to rely on.
    assert (found.broken, why(found)) == (min(versions) if told == "缺少此行" else found.broken, told)
    assert found.broken is not None


def why(found: Verified) -> str:
    """Return what is wrong, in Chinese."""
    return found.why[0] if found.why else ""


def test_a_tablet_that_read_further_gives_the_loss_away(office: Office) -> None:
    """Wang has what Li wrote; the standby has not. Li's tablet sends it again, Wang's reads everything anew."""
    li, wang = office.device("li"), office.device("wang")
    sent = shops(li, 1, 2, 3, 4)
    li.push(*sent)
    wang.pull()
    lose(office, 2)
    answer = asking(wang)
    assert (answer.server.epoch, "noticed") == begun(office.store)[0]
    again = li.push(*sent)
    assert [o.outcome for o in again] == ["applied"] * 4
    assert [o.version for o in again][:2] == [1, 2]
    assert min(o.version or 0 for o in again[2:]) > GROUND
    wang.cursors, wang.shown = {}, {}
    assert wang.pull().keys() == {shop(n) for n in (1, 2, 3, 4)}
    assert verified(office) == [(STREET, 4, None)]


def asking(device: RawDevice, *mutations: bytes) -> wire.SyncResponse:
    """Let *device* sync and return the answer as it is."""
    body = {"protocol": 1, "install": device.install, "cursors": device.cursors, "mutations": raws(mutations)}
    response = device.post(body)
    assert response.status_code == 200, response.get_data(as_text=True)
    return wire.decode_response(response.data)


def raws(mutations: tuple[bytes, ...]) -> list[object]:
    """Return *mutations* as they stand in a body."""
    return [wire.decode_json(raw) for raw in mutations]


def test_a_push_takes_no_number_of_the_lost_ones(office: Office) -> None:
    """The loss is noticed before the push of the same request is taken, and the push is taken once."""
    li, wang = office.device("li"), office.device("wang")
    li.push(*shops(li, 1, 2, 3, 4))
    wang.pull()
    lose(office, 1)
    answer = asking(wang, *shops(wang, 11, 12, 13, 14, 15))
    assert [o.version or 0 for o in wire.each(answer.outcomes)] > [GROUND] * 5
    assert [answer.server.epoch] == [name for name, _ in begun(office.store)]
    assert verified(office) == [(STREET, 6, None)]


def test_a_cursor_is_believed_only_where_it_was_made_here(office: Office) -> None:
    """Whoever makes one up, or shows another device's, begins no epoch."""
    li, wang = office.device("li"), office.device("wang")
    li.push(*shops(li, 1))
    for key, device in ((b"x" * 32, li.id), (b"k" * 32, wang.id)):
        made_up = cursors.seal(key, device, STREET, Cursor(1_000_000, False, b"view"))
        body = {"protocol": 1, "install": "first", "cursors": {STREET: made_up}}
        response = li.post(body)
        assert response.get_json()["code"] == "invalid_cursor"
    assert begun(office.store) == []


@pytest.mark.parametrize("sees", ["another view", "another feed"])
def test_a_tablet_whose_view_has_changed_gives_it_away_too(office: Office, sees: str) -> None:
    """It would be served from the beginning, or not at all; that it had read further is as true."""
    li = office.device("li")
    li.push(*shops(li, 1))
    read = STREET if sees == "another view" else ELSEWHERE[:9]
    li.cursors[read] = cursors.seal(b"k" * 32, li.id, read, Cursor(9, False, b"view"))
    asking(li)
    assert [reason for _, reason in begun(office.store)] == ["noticed"]
    li.cursors.clear()
    [outcome] = li.push(*shops(li, 2))
    assert (outcome.version or 0) > GROUND


def test_of_many_processes_that_notice_one_begins_the_epoch(office: Office, database_url: str) -> None:
    """Each with its own connections, all at the same moment, pushing and asking."""
    li = office.device("li")
    readers = [office.device("wang") for _ in range(6)]
    li.push(*shops(li, 1, 2, 3, 4))
    for reader in readers:
        reader.pull()
    lose(office, 2)
    offices = [
        Office(app, app.extensions["gridward"]) for app in (create_app(Settings(database_url)) for _ in range(2))
    ]
    together = Barrier(len(readers))

    def ask(number: int) -> str:
        reader = readers[number]
        reader.office = offices[number % 2]
        pushed = shops(reader, 10 + number) if number < 3 else []
        together.wait()
        return asking(reader, *pushed).server.epoch

    with ThreadPoolExecutor(len(readers)) as pool:
        told = list(pool.map(ask, range(len(readers))))
    [(name, reason)] = begun(office.store)
    assert reason == "noticed"
    # Whoever came in the very moment was still served under the old one, but hears of the new one next.
    assert set(told) <= {name, "first"}
    assert {asking(reader).server.epoch for reader in readers} == {name}
    assert len(begun(office.store)) == 1
    assert verified(office) == [(STREET, 5, None)]
    for other in offices:
        other.store.engine.dispose()


def test_what_a_process_knew_to_be_committed_is_forgotten(office: Office) -> None:
    """Li's pen was noted in a commit that is lost; what Li writes next names a pen that is there."""
    li, wang = office.device("li"), office.device("wang")
    wang.push(*shops(wang, 1))
    li.push(*shops(li, 2))
    wang.pull()
    lose(office, 1)
    asking(wang)
    li.push(*shops(li, 3))
    wang.cursors.clear()
    assert wang.pull()[shop(3)]["grid"] == GRID_7
    with office.store.engine.connect() as connection:
        assert len(connection.execute(select(epoch)).all()) == 1
