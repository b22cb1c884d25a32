"""What a revoked tablet brings is kept, and judged when it is let in again."""

import pytest

from schemas.problems import Refusal
from server.storage.people import Account
from server.storage.quarantine import Refused, Wanted
from server.usecases.enrol_device import offer_code
from server.usecases.receive_mutations import Push
from server.usecases.set_aside import set_aside
from sync_client.client import FieldClient
from sync_client.errors import NotEnrolled
from tests.server.office import DISTRICT, GRID_7, PEOPLE, person_id
from tests.stories.town import Town, same_bytes


def kept(town: Town) -> list[Refused]:
    """Return what lies in quarantine."""
    with town.office.store.work(DISTRICT, writing=False) as work:
        return work.quarantine.find(Wanted(state="all", limit=1_000))


def revoke(town: Town, tablet: FieldClient) -> None:
    """Let the office revoke a tablet."""
    with town.office.store.work(DISTRICT) as work:
        work.enrolment.revoke(tablet.status().device or "", town.now_ms)
        work.commit()


def let_in(town: Town, name: str) -> None:
    """Give somebody a code, and let him show it on his tablet."""
    code = offer_code(town.office.store, DISTRICT, Account(person_id(name), PEOPLE[name][0]), town.now_ms)
    town.tablets[name].enrol(code, device_name=f"{PEOPLE[name][0]}的平板")


def sync_in_vain(tablet: FieldClient) -> None:
    """Try to sync as a revoked tablet."""
    with pytest.raises(NotEnrolled):
        tablet.sync()


def test_a_revoked_tablets_work_lies_on_both_sides(town: Town) -> None:
    """Word for word in quarantine, once however often it is brought, and still in the tablet's outbox."""
    li = town.tablet("li")
    shop = li.create("shop", grid=GRID_7, name="老王修车", category="repair")
    li.edit(shop, address="河北街12号")
    revoke(town, li)
    for _ in range(3):
        sync_in_vain(li)
    rows = kept(town)
    assert sorted((row.n, row.code, row.record, row.by, row.grid) for row in rows) == [
        (n, "device_revoked", shop.id, person_id("li"), GRID_7) for n in (1, 2)
    ]
    assert "老王修车".encode() in rows[0].payload + rows[1].payload
    assert li.status().waiting == 2


def test_let_in_again_it_is_the_same_tablet(town: Town) -> None:
    """The same device to the office; what waited is judged like any other and arrives once."""
    li, wang = town.tablet("li"), town.tablet("wang")
    before = li.create("shop", grid=GRID_7, name="老王修车", category="repair")
    town.sync("li")
    device = li.status().device
    waiting = li.create("shop", grid=GRID_7, name="老李粮油", category="retail")
    li.edit(before, address="河北街12号")
    revoke(town, li)
    sync_in_vain(li)
    let_in(town, "li")
    assert li.status().device == device
    town.sync("li", "wang", "li")
    assert (li.outbox().waiting, li.outbox().attention) == ((), ())
    for shop in (before.id, waiting.id):
        assert same_bytes(li.read(shop).fields) == same_bytes(wang.read(shop).fields)
    with town.office.store.work(DISTRICT, writing=False) as work:
        taken = [(e.device, e.install, e.n) for feed in work.feeds.heads() for e, _ in work.history.entries(feed)]
    assert len(taken) == len(set(taken)) == 3
    assert {row.settled is None for row in kept(town)} == {False}


def test_the_old_token_opens_nothing(town: Town) -> None:
    """Whoever copied the token of a tablet that was revoked cannot come in behind it."""
    li = town.tablet("li")
    li.sync()
    token = li._desk.head().token
    revoke(town, li)
    let_in(town, "li")
    assert li._desk.head().token != token
    with li._desk.writing() as head:
        head.token = token
    sync_in_vain(li)


def test_an_arrived_lost_answer_is_recognised(town: Town) -> None:
    """The office took a shop in, the answer was lost, the tablet revoked and let in: answered as before."""
    li = town.tablet("li", seed=1)
    shop = li.create("shop", grid=GRID_7, name="老王修车", category="repair", add={"remark": ["门前台阶破损"]})
    office = town.networks["li"]
    sent = office.send

    def unheard(request: object) -> object:
        sent(request)  # type: ignore[arg-type]
        raise Refusal("busy")

    office.send = unheard  # type: ignore[assignment,method-assign]
    with pytest.raises(Refusal):
        li.sync()
    office.send = sent  # type: ignore[method-assign]
    revoke(town, li)
    let_in(town, "li")
    report = li.sync()
    assert (report.applied, report.rejected) == (1, 0)
    assert len(town.on_server(shop.id)["remark"]) == 1


def test_what_was_refused_is_not_kept_once_more_when_the_tablet_is_revoked(town: Town) -> None:
    """An old request of the tablet's wanders about, and arrives when the tablet is revoked: it lies there already."""
    li = town.tablet("li")
    li.create("shop", grid=GRID_7, name="老王修车", category="repair")
    town.office.end_grants("li", 0)
    town.sync("li")
    [refused] = kept(town)
    revoke(town, li)
    with town.office.store.work(DISTRICT, writing=False) as work:
        device = work.devices.by_id(refused.device, refused.install)
    assert device
    assert device.revoked
    old = Push(refused.install, [refused.payload], town.now_ms, town.now_ms)
    assert set_aside(town.office.store, device, old)
    assert [row.code for row in kept(town)] == [refused.code]
