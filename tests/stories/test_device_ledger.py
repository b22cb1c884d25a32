"""A street office sees which tablet last synced, and what is still on it, with real tablets that come and go."""

from typing import Any

from server.storage.people import Account
from server.usecases.enrol_device import offer_code
from server.usecases.know_devices import unsent_people
from server.usecases.note_contacts import flush_contacts
from sync_client.client import FieldClient
from tests.server.clerks import DAY, HOUR, good
from tests.server.office import DISTRICT, GRID_7, person_id
from tests.stories.test_photos_shown import computer
from tests.stories.town import Town
from tests.sync_client.photographers import large


def ledger(town: Town, asked: str = "") -> dict[str, Any]:
    """Return what the street's computer is told of the devices, by their names."""
    qian = town.tablet("qian")
    [token] = qian.database.one("SELECT token FROM device")
    headers = {"Authorization": f"Bearer {token}"}
    answer = good(town.office.app.test_client().get(f"/v1/devices{asked}", headers=headers))
    return {one["name"]: one for one in answer["devices"]}


def shop(tablet: FieldClient, *photos: bytes) -> None:
    """Record a shop with photos."""
    record = tablet.create("shop", grid=GRID_7, name="老王修车", category="repair")
    for one in photos:
        tablet.attach(record, one)


def test_a_noon_sync_leaves_nothing_but_its_photos(town: Town) -> None:
    """Records first, photos after; the ledger follows, and remembers which photo is the oldest."""
    li = town.tablet("li")
    shop(li, large())
    town.pass_time(3 * HOUR / 1000)
    town.sync("li")
    told = ledger(town)["li的平板"]
    assert (told["records"], told["photos"], told["missing"]) == (0, 1, 0)
    assert told["oldest_at"] == "2020-07-18T08:00:00+08:00"
    li.send_photos(network="wifi")
    town.sync("li")
    told = ledger(town)["li的平板"]
    assert (told["records"], told["photos"], told["flags"]) == (0, 0, [])
    assert told["zh"] == "li的平板：全部收到；1分钟前联系过"


def test_one_command_brings_records_and_photos_and_says_so(town: Town) -> None:
    """``gridward sync`` syncs once more after the photos: nobody comes back until tomorrow."""
    tablet = computer(town, "li")
    with FieldClient(tablet.folder / "tablet.db", clock=lambda: town.now_ms) as li:
        shop(li, large())
    assert tablet.types("sync", "--network", "wifi").exit_code == 0
    [told] = [one for one in ledger(town).values() if one["people"][0]["name"] == "李明"]
    assert (told["records"], told["photos"], told["flags"]) == (0, 0, [])


def test_a_tablet_that_stays_away_is_stale(town: Town) -> None:
    """What it said last stands beside how long ago that was; a wrong clock is told by the tablet itself."""
    town.wrong_ms["li"] = 7 * 60_000
    li, wang = town.tablet("li"), town.tablet("wang")
    town.sync("li", "wang")
    town.pass_time(25 * HOUR / 1000)
    shop(wang)
    town.sync("wang")
    told = ledger(town)
    assert told["li的平板"]["flags"] == ["stale", "clock"]
    assert "时钟快7分钟" in told["li的平板"]["zh"]
    assert told["wang的平板"]["flags"] == []
    assert "li的平板" in ledger(town, "?stale=yes")
    assert "wang的平板" not in ledger(town, "?stale=yes")
    assert li.status().clock_offset_ms == -7 * 60_000


def test_a_shared_tablet_says_whose_work_waits(town: Town) -> None:
    """Li's photo is still on it; Wang, who recorded without one, is not reminded."""
    tablet = town.tablet("li")
    wang = Account(person_id("wang"), "王芳")
    tablet.enrol(offer_code(town.office.store, DISTRICT, wang, town.now_ms), device_name="li的平板")
    shop(tablet, large())
    tablet.switch_person(wang.id)
    shop(tablet)
    town.sync("li")
    flush_contacts(town.office.store)
    with town.office.store.work(DISTRICT, writing=False) as work:
        found = unsent_people(work, town.now_ms + DAY)
    assert [(one.name, one.records, one.photos, one.shared) for one in found] == [("李明", 0, 1, False)]
