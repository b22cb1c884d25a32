"""
Tablets that were away for too long 离线过久: the office has forgotten what left meanwhile, and they begin anew.

What they bring is taken all the same, however old it is, and in the end they show what the office holds.
"""

import pytest

from schemas import wire
from schemas.checks.shop import SHOP_1
from schemas.ids import derived_id
from schemas.packing import unpack
from server.storage.tellings import TellingRow
from server.storage.unit_of_work import UnitOfWork
from server.usecases.forget_departures import forget_departures
from server.usecases.note_contacts import flush_contacts
from sync_client.errors import OutdatedClient
from sync_client.testing import Weather
from sync_client.transport import Request, Response, Transport
from tests.schemas.checks_made import clean
from tests.server.office import DISTRICT, GRID_8, STREET, person_id
from tests.stories.ground import (
    everybody_agrees,
    move,
    nothing_is_broken,
    same_as_office,
    shop,
    told_of_moves,
)
from tests.stories.town import Town

DAY = 24 * 3600
KEEP_DAYS = 180


def forget(town: Town) -> int:
    """Let the nightly job run."""
    flush_contacts(town.office.store)
    return forget_departures(town.office.store, town.now_ms, KEEP_DAYS)


def horizon(town: Town) -> int:
    """Return up to where departures of the street are forgotten."""
    with town.office.store.work(DISTRICT, writing=False) as work:
        return work.departures.horizon(STREET)


def days_pass(town: Town, days: int, *names: str) -> None:
    """Let days pass, on which some come by every thirty, and the job runs."""
    for _ in range(days // 30):
        town.pass_time(30 * DAY)
        town.sync(*names)
        forget(town)


class Watch:
    """A network that keeps the codes of what was refused."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.codes: list[str] = []

    def send(self, request: Request) -> Response:
        """Carry *request* on."""
        response = self._inner.send(request)
        if response.status >= 400:
            plain = unpack(response.body, response.headers.get("content-encoding"), wire.MAX_BODY_INFLATED)
            self.codes.append(wire.decode_json(plain)["code"])
        return response


def watch(town: Town, name: str) -> Watch:
    """Watch the network of somebody's tablet."""
    gate = town.gates[name]
    watching = Watch(gate._inner)
    gate._inner = watching
    return watching


def test_a_tablet_from_the_drawer_reads_anew_and_its_work_is_taken(town: Town) -> None:
    """
    Li's tablet lay in a drawer for seven months with two changes in it; shops left his grid meanwhile.

    Of the one shop that moved away, what he signed before the move is taken too: the history still knows
    where it lay, though the departure is forgotten. Nothing that left is still shown.
    """
    li, wang = town.tablet("li"), town.tablet("wang")
    kept, gone, sold = shop(wang, "老王修车"), shop(wang, "老李粮油"), shop(wang, "旧书店")
    town.sync("wang", "li", "wang")
    forget(town)
    li.edit(kept.id, door_no="17号")
    li.edit(gone.id, operator_phone="13804180000")
    fresh = shop(li, "抽屉里的店")
    town.pass_time(DAY)
    move(town, GRID_8, gone.id, sold.id)
    days_pass(town, 210, "wang")
    assert horizon(town) > 0

    watching = watch(town, "li")
    town.sync("li", "wang")
    assert watching.codes == ["cursor_too_old"]
    assert li.outbox().waiting == li.outbox().attention == ()
    assert [li.holds(one) for one in (kept, gone, sold, fresh)] == [True, False, False, True]
    assert town.on_server(gone.id)["operator_phone"] == "13804180000"
    assert wang.read(kept.id).fields["door_no"] == "17号"
    assert wang.holds(fresh)
    same_as_office(town, li, "li")
    everybody_agrees(town)
    assert watching.codes == ["cursor_too_old"]
    nothing_is_broken(town)


def test_what_waits_is_kept_when_the_network_fails_after_the_refusal(town: Town) -> None:
    """The push was taken, the answer said "too old", and then the network went: nothing is lost, nothing doubled."""
    li, wang = town.tablet("li", seed=4), town.tablet("wang")
    shops = [shop(wang, f"第{i}家店") for i in range(8)]
    town.sync("wang", "li")
    town.pass_time(DAY)
    move(town, GRID_8, *(one.id for one in shops[:4]))
    mine = shop(li, "抽屉里的店")
    days_pass(town, 210, "wang")
    for _ in range(5):
        town.sync("li", weather=Weather(lose_answer=0.6))
        assert li.holds(mine)
    town.sync("li", "wang")
    assert [li.holds(one) for one in shops] == [False] * 4 + [True] * 4
    assert wang.holds(mine)
    everybody_agrees(town)
    nothing_is_broken(town)


def test_a_living_tablet_holds_the_departures_back(town: Town) -> None:
    """
    Wang's tablet comes by, but its network breaks before it has read on; as long as it lives, nothing is forgotten.

    When it has read at last, the departures go.
    """
    li, wang = town.tablet("li"), town.tablet("wang")
    one = shop(li)
    town.sync("li", "wang")
    town.sync("wang")
    forget(town)
    town.pass_time(DAY)
    move(town, GRID_8, one.id)
    for _ in range(7):
        town.pass_time(30 * DAY)
        town.sync("li")
        town.sync("wang", weather=Weather(lose_answer=1.0))
        forget(town)
        assert horizon(town) == 0
    town.sync("wang")
    assert not wang.holds(one)
    town.sync("wang", "li")
    forget(town)
    assert horizon(town) > 0
    everybody_agrees(town)


def test_revoked_and_dead_tablets_hold_nothing_back(town: Town) -> None:
    """One was lost and revoked, another has not been heard of for half a year; the rest goes on without them."""
    li, wang, sun = town.tablet("li"), town.tablet("wang"), town.tablet("li/2")
    one = shop(li)
    town.sync("li", "wang", "li/2")
    town.sync("li", "wang", "li/2")
    forget(town)
    with town.office.store.work(DISTRICT) as work:
        work.enrolment.revoke(wang.status().device or "", town.now_ms)
        work.commit()
    town.pass_time(DAY)
    move(town, GRID_8, one.id)
    days_pass(town, 210, "li")
    assert horizon(town) > 0
    watching = watch(town, "li/2")
    town.sync("li/2")
    assert watching.codes == ["cursor_too_old"]
    assert not sun.holds(one)
    same_as_office(town, sun, "li")


def test_tellings_are_forgotten_with_the_departures(town: Town) -> None:
    """What was told half a year ago is not told any more to whoever reads anew; the office's list still says it."""
    li, sun = town.tablet("li"), town.tablet("sun")
    one = shop(li)
    town.sync("li", "sun")
    move(town, GRID_8, one.id)
    town.sync("sun", "li")
    assert len(told_of_moves(sun)) == len(told_of_moves(li)) == 1
    with town.office.store.work(DISTRICT, writing=False) as work:
        [number] = {row.version for row in _tellings(work, "sun")}
    assert number
    days_pass(town, 210, "sun", "li")
    with town.office.store.work(DISTRICT, writing=False) as work:
        assert _tellings(work, "sun") == []


def _tellings(work: UnitOfWork, name: str) -> list[TellingRow]:
    return work.tellings.read(STREET, 0, 1 << 62, [person_id(name)], 0, 100)


def test_a_tablet_of_an_older_protocol_always_delivers(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The office speaks a newer protocol by now: what the tablet brings is taken, only reading needs a new program."""
    li, wang = town.tablet("li"), town.tablet("wang")
    one = shop(wang)
    town.sync("wang", "li")
    li.edit(one.id, door_no="17号")
    monkeypatch.setattr(wire, "PROTOCOL", wire.PROTOCOL + 1)
    town.sync("li")
    assert li.outbox().waiting == li.outbox().attention == ()
    assert town.on_server(one.id)["door_no"] == "17号"
    with pytest.raises(OutdatedClient):
        li.sync()
    li.edit(one.id, door_no="18号")
    town.sync("li")
    assert town.on_server(one.id)["door_no"] == "18号"
    monkeypatch.undo()
    everybody_agrees(town)


def test_a_check_in_the_shape_of_two_months_ago_is_taken(town: Town) -> None:
    """An old program wrote items as a list; Wang's tablet shows the check in today's shape."""
    wang, old = town.tablet("wang"), town.office.device("li")
    today = clean(SHOP_1, {"H1": 5, "O1": True})
    items = [{"code": code, "count": int(value)} for code, value in today["items"].items()]
    signed = today | {"items": items, "inspector_id": person_id("li"), "inspector_role": "grid_worker"}
    old.clock_ms = town.now_ms - 60 * DAY * 1000
    record = derived_id("record", "an old check")
    [outcome] = old.push(old.mutation("create", "shop_check", record, schema=1, set=signed))
    assert outcome.outcome in ("applied", "merged"), outcome
    town.sync("wang")
    assert wang.read(record).fields["items"] == today["items"]
    assert b'"count"' in town.office.taken(old.id)[0][2]
    same_as_office(town, wang, "wang")
