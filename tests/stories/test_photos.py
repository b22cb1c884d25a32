"""Photos on their way from real tablets to the real office: what a tablet calls verified lies there, byte for byte."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import pytest

from schemas.photos import PART_BYTES
from server.storage.depot import keys
from server.usecases.begin_epoch import begin_epoch
from sync_client.client import FieldClient
from sync_client.errors import SyncError
from sync_client.photos.values import PhotoProgress
from sync_client.testing import FINE, ROUGH
from tests.pictures import jpeg
from tests.server.office import DISTRICT, GRID_7
from tests.server.photographs import lying, row, sha256
from tests.stories.backups import back_up, restore
from tests.stories.town import Town
from tests.sync_client.photographers import Killed, large, small, states


def shop(tablet: FieldClient, name: str, *photos: bytes) -> str:
    """Record a shop with photos, and return its id."""
    record = tablet.create("shop", grid=GRID_7, name=name, category="repair").id
    for photo in photos:
        tablet.attach(record, photo)
    return record


def honest(town: Town, *tablets: FieldClient) -> None:
    """Make sure that what a tablet calls verified lies at the office, and that it has whatever it does not."""
    for tablet in tablets:
        for file in tablet.photos():
            there = lying(town.office, file.sha256)
            assert file.here or file.state == "verified"
            if file.state == "verified":
                assert there is not None
                assert sha256(there) == file.sha256


def send_through(town: Town, name: str, *, seed_rounds: int) -> None:
    """Let a tablet send its photos through a rough network until none waits; whatever it claims meanwhile is so."""
    tablet, network = town.tablet(name), town.networks[name]
    for _ in range(seed_rounds):
        network.weather = ROUGH
        with suppress(SyncError):
            tablet.sync()
        with suppress(SyncError):
            tablet.send_photos(network="wifi")
        network.weather = FINE
        honest(town, tablet)
        town.pass_time(3600)
        if set(states(tablet).values()) == {"verified"}:
            return
    raise AssertionError(states(tablet))


def test_a_photo_waits_for_its_record_and_then_arrives_whole(town: Town) -> None:
    """Copy and original; the next sending has nothing to send, and only asks."""
    li = town.tablet("li")
    shop(li, "老王修车", large(), small())
    assert li.send_photos(network="wifi").verified == 0
    assert all(file.waits_for_record for file in li.photos() if file.leading)
    town.sync("li")
    report = li.send_photos(network="wifi")
    assert (report.verified, report.waiting, report.problems, report.bytes_resent) == (3, 0, [], 0)
    honest(town, li)
    assert lying(town.office, sha256(large())) == large()
    again = li.send_photos(network="wifi")
    assert (again.verified, again.bytes_sent) == (0, 0)


def test_the_weather_only_delays(town: Town) -> None:
    """Requests and answers lost, doubled and damaged: in the end everything is there, and nothing is claimed before."""
    li = town.tablet("li", seed=5)
    shop(li, "老王修车", large("a"), small("a"), small("b"))
    send_through(town, "li", seed_rounds=30)
    assert lying(town.office, sha256(large("a"))) == large("a")


def test_one_picture_of_two_people_travels_once(town: Town) -> None:
    """Wang attaches what Li has sent: the office has it, and knows whose record names it."""
    li, wang = town.tablet("li"), town.tablet("wang")
    first = shop(li, "老王修车", large())
    town.sync("li")
    li.send_photos(network="wifi")
    second = shop(wang, "老李粮油", large())
    town.sync("wang")
    report = wang.send_photos(network="wifi")
    assert (report.verified, report.bytes_sent) == (2, 0)
    with town.office.store.work(DISTRICT, writing=False) as work:
        assert work.photos.users_of([sha256(large())])[sha256(large())] == sorted([first, second])
    honest(town, li, wang)


def test_a_sync_goes_through_beside(town: Town) -> None:
    """After every step of a sending the tablet records and syncs, and colleagues read it."""
    li, wang = town.tablet("li"), town.tablet("wang")
    shop(li, "老王修车", large())
    town.sync("li")
    made = list[str]()

    def meanwhile(_: PhotoProgress) -> None:
        if len(made) < 4:
            made.append(shop(li, f"第 {len(made)} 家"))
            town.sync("li")

    assert li.send_photos(network="wifi", progress=meanwhile).verified == 2
    assert len(made) == 4
    town.sync("wang")
    assert all(wang.read(record).fields["name"] for record in made)


def test_a_tablet_that_is_killed_after_any_step_goes_on(town: Town) -> None:
    """At no moment does it claim what is not so."""
    li = town.tablet("li")
    shop(li, "老王修车", large())
    town.sync("li")
    for place in count():
        left = iter(range(place, -1, -1))

        def dies(_: PhotoProgress, left: Iterator[int] = left) -> None:
            if next(left) == 0:
                raise Killed

        try:
            li.send_photos(network="wifi", progress=dies)
        except Killed:
            honest(town, li)
        else:
            break
    assert set(states(li).values()) == {"verified"}
    honest(town, li)


def test_an_older_database_beside_the_photos_needs_none_of_them_again(town: Town) -> None:
    """The records come again from the tablet; the photos lie there whole, and are looked at where they lie."""
    li = town.tablet("li")
    backup = back_up(town)
    shop(li, "老王修车", large(), small())
    town.sync("li")
    li.send_photos(network="wifi")
    restore(town, backup)
    assert row(town.office, sha256(small())) is None
    town.sync("li")
    assert li.send_photos(network="wifi").bytes_sent == 0
    honest(town, li)
    found = row(town.office, sha256(large()))
    assert found
    assert found.state == "verified"


def test_an_office_put_back_asks_for_what_it_lacks(town: Town) -> None:
    """A folder of photos from last week, and a new epoch: what tablets still hold comes again, and only that."""
    li = town.tablet("li")
    shop(li, "老王修车", large(), small())
    town.sync("li")
    li.send_photos(network="wifi")
    lost = sha256(small())
    town.office.depot.delete([keys.whole(DISTRICT, lost)])
    begin_epoch(town.office.store, DISTRICT, "restored", town.now_ms)
    town.sync("li")
    report = li.send_photos(network="wifi")
    assert report.bytes_sent == len(small())
    honest(town, li)
    assert lying(town.office, lost) == small()


@pytest.mark.parametrize("rotten", [jpeg("rotten")[:-300], jpeg("rotten") + b"?"])
def test_a_file_that_changed_on_the_tablet_is_never_taken_for_the_photo(town: Town, rotten: bytes) -> None:
    """Somebody wrote over it: the tablet says so, the office has nothing."""
    li, photo = town.tablet("li"), jpeg("rotten")
    shop(li, "老王修车", photo)
    town.sync("li")
    [place] = (town.folder / "li.db-photos").rglob(sha256(photo) + "*")
    place.chmod(0o600)
    place.write_bytes(rotten)
    with suppress(SyncError):
        li.send_photos(network="wifi")
    assert states(li) == {sha256(photo): "lost"}
    assert lying(town.office, sha256(photo)) is None


def test_parts_are_what_both_sides_cut(town: Town) -> None:
    """The office expects of a file what the tablet told of it."""
    li = town.tablet("li")
    shop(li, "老王修车", large())
    town.sync("li")
    seen = list[PhotoProgress]()
    li.send_photos(network="wifi", progress=seen.append)
    found = row(town.office, sha256(large()))
    assert found
    assert found.size == len(large()) > 2 * PART_BYTES
    assert seen[-1].bytes_done == seen[-1].bytes_total
