"""A tablet that the office threw out or forgot comes back with a new code, and brings its work along."""

import pytest
from click.testing import CliRunner

from server.commands import main
from server.storage.people import Account
from server.usecases.enrol_device import offer_code
from sync_client.client import FieldClient
from sync_client.errors import NotEnrolled, SyncError
from sync_client.testing import FINE, Weather
from tests.server.office import DISTRICT, GRID_7, PEOPLE, person_id
from tests.stories.town import Town, same_bytes, town_at


def new_code(town: Town, name: str) -> str:
    """Return a fresh code for one of ``PEOPLE``."""
    return offer_code(town.office.store, DISTRICT, Account(person_id(name), PEOPLE[name][0]), town.now_ms)


def revoke(town: Town, tablet: FieldClient) -> None:
    """Let the office revoke a tablet."""
    device = tablet.status().device
    assert device
    with town.office.store.work(DISTRICT) as work:
        work.enrolment.revoke(device, town.now_ms)
        work.commit()


def test_a_revoked_tablet_is_let_in_again_with_a_code(town: Town) -> None:
    """Thought lost, found again: what waited arrives once, what had arrived is not doubled."""
    li, wang = town.tablet("li"), town.tablet("wang")
    before = li.create("shop", grid=GRID_7, name="老王修车", category="repair")
    town.sync("li")
    waiting = li.create("shop", grid=GRID_7, name="老李粮油", category="retail")
    li.edit(before, operator_phone="13804180000")

    revoke(town, li)
    with pytest.raises(NotEnrolled):
        li.sync()
    assert li.status().waiting == 2

    li.enrol(new_code(town, "li"), device_name="李伟的平板")
    town.sync("li", "wang", "li")
    assert li.outbox().waiting == ()
    assert li.outbox().attention == ()
    for shop in (before.id, waiting.id):
        assert same_bytes(li.read(shop).fields) == same_bytes(wang.read(shop).fields)
    assert town.on_server(before.id)["operator_phone"] == "13804180000"
    with town.office.store.work(DISTRICT, writing=False) as work:
        taken = [(entry.device, entry.n) for feed in work.feeds.heads() for entry, _ in work.history.entries(feed)]
    assert len(taken) == len(set(taken)) == 3


def test_a_token_alone_brings_nobody_back(town: Town) -> None:
    """A revoked tablet with a code that is wrong stays outside, its work with it."""
    li = town.tablet("li")
    li.create("shop", grid=GRID_7, name="老王修车", category="repair")
    revoke(town, li)
    with pytest.raises(Exception, match="enrolment code is wrong"):
        li.enrol("2222-2222", device_name="李伟的平板")
    with pytest.raises(NotEnrolled):
        li.sync()
    assert li.status().waiting == 1


def test_the_office_reads_a_dispute_in_words(
    database_url: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which shop, which field, both names and whose they are; not ids alone."""
    monkeypatch.setenv("GRIDWARD_DATABASE_URL", database_url)
    with town_at(database_url, tmp_path_factory.mktemp("town")) as town:
        li, wang = town.tablet("li"), town.tablet("wang")
        shop = li.create("shop", grid=GRID_7, name="老王修车", category="repair")
        town.sync("li", "wang")
        li.edit(shop, name="王记修车行")
        wang.edit(shop.id, name="老王汽修")
        town.sync("li", "wang")
        told = CliRunner().invoke(main, ["conflicts", "list"], env={"COLUMNS": "200"}).output
    for word in ("店名", "王记修车行", "老王汽修", PEOPLE["li"][0], PEOPLE["wang"][0]):
        assert word in told


def test_what_had_arrived_unheard_is_there_once(town: Town) -> None:
    """
    The server took a shop in, the answer was lost, the tablet was revoked.

    Let in again it is the same device, offers the shop again, and is answered as if it had heard it then.
    """
    li, wang = town.tablet("li", seed=1), town.tablet("wang")
    shop = li.create("shop", grid=GRID_7, name="老王修车", category="repair", add={"remark": ["门前台阶破损"]})
    town.networks["li"].weather = Weather(lose_answer=1.0)
    with pytest.raises(SyncError):
        li.sync()
    town.networks["li"].weather = FINE
    assert town.on_server(shop.id)["name"] == "老王修车"
    revoke(town, li)
    li.enrol(new_code(town, "li"), device_name="李伟的平板")
    town.sync("li", "wang", "li")
    assert (li.outbox().waiting, li.outbox().attention) == ((), ())
    with town.office.store.work(DISTRICT, writing=False) as work:
        assert (
            len([e for feed in work.feeds.heads() for e, _ in work.history.entries(feed) if e.record == shop.id]) == 1
        )
    assert same_bytes(li.read(shop.id).fields) == same_bytes(wang.read(shop.id).fields)
