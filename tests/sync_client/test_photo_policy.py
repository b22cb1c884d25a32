"""What travels over which network, and what may leave the tablet: never what only the tablet has."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sync_client.client import FieldClient
from sync_client.errors import Unreachable
from sync_client.photos.policy import Network, PhotoPolicy, Way
from sync_client.photos.room import is_low
from sync_client.testing import InProcessTransport
from sync_client.transport import Request, Response
from tests.sync_client.photo_office import PhotoOffice
from tests.sync_client.photographers import Breaks, cut, large, photographed, small, states
from tests.sync_client.tablets import Workshop

DAY_S = 86_400


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    """Tablets of an office that takes photos."""
    made = Workshop(tmp_path, office=PhotoOffice())
    yield made
    made.close()


@pytest.fixture
def office(workshop: Workshop) -> PhotoOffice:
    """That office."""
    assert isinstance(workshop.office, PhotoOffice)
    return workshop.office


def here(workshop: Workshop) -> set[str]:
    """Return which photo files lie in the tablets' folders."""
    return {place.name for place in workshop.folder.glob("*-photos/*/*")}


# -- which network ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "network", "goes"),
    [
        ("any", None, True), ("any", "mobile", True), ("any", "wifi", True),
        ("wifi", None, False), ("wifi", "mobile", False), ("wifi", "wifi", True),
        ("hand", None, False), ("hand", "mobile", False), ("hand", "wifi", False),
    ],
)  # fmt: skip
def test_what_goes_over_which_network(
    li: FieldClient, office: PhotoOffice, way: Way, network: Network | None, *, goes: bool
) -> None:
    """For copies and for originals alike; by hand everything goes."""
    policy = PhotoPolicy(copies=way, originals=way)
    assert {policy.allows(network, leading=leading) for leading in (True, False)} == {goes}
    li.photo_policy(copies=way, originals=way)
    photographed(li, small(), large())
    li.sync()
    report = li.send_photos(network=network)
    assert (report.verified, report.not_now) == ((3, 0) if goes else (0, 3))
    li.send_photos(now=True)
    assert len(office.arrived()) == 3


def test_originals_wait_for_wifi_and_nothing_else_does(li: FieldClient, office: PhotoOffice) -> None:
    """Unless somebody said otherwise: the small one that has no copy goes with the copies."""
    photographed(li, small(), large())
    li.sync()
    report = li.send_photos(network="mobile")
    assert (report.verified, report.waiting, report.not_now) == (2, 1, 1)
    assert {file.leading for file in li.photos() if file.state == "verified"} == {True}
    li.photo_policy(originals="any")
    assert li.send_photos(network="mobile").verified == 1


def test_a_policy_is_kept_in_the_file(workshop: Workshop) -> None:
    """Whoever opens it next goes by it."""
    li = workshop.tablet("李")
    li.photo_policy(originals="hand", copies_days=90)
    li.close()
    assert workshop.tablet("李").photo_policy() == PhotoPolicy(originals="hand", copies_days=90)


@pytest.mark.parametrize("wrong", [{"copies": "sometimes"}, {"originals_days": -1}, {"copies_days": "many"}])
def test_what_is_no_policy_is_not_kept(li: FieldClient, wrong: dict[str, Any]) -> None:
    """And the one that holds stays."""
    with pytest.raises(ValueError, match=r"Invalid|Expected"):
        li.photo_policy(**wrong)
    assert li.photo_policy() == PhotoPolicy()


# -- tidying ----------------------------------------------------------------------------------------


@pytest.fixture
def sent(li: FieldClient) -> FieldClient:
    """A tablet whose photos, a large one and a small one, were verified just now."""
    photographed(li, large(), small())
    li.sync()
    li.send_photos(now=True)
    return li


def test_only_originals_go_and_only_after_thirty_days(
    sent: FieldClient, workshop: Workshop, office: PhotoOffice
) -> None:
    """A day before nothing goes; copies and the small photo stay to be looked at for a year."""
    workshop.wall.forward(29 * DAY_S)
    assert sent.tidy_photos().files == 0
    workshop.wall.forward(2 * DAY_S)
    [original] = [file.sha256 for file in sent.photos() if not file.leading]
    before = here(workshop)
    tidied = sent.tidy_photos()
    assert (tidied.files, tidied.bytes, tidied.kept) == (1, len(large()), 0)
    assert before - here(workshop) == {original}
    [file] = [file for file in sent.photos() if file.sha256 == original]
    assert (file.state, file.here) == ("verified", False)
    workshop.wall.forward(340 * DAY_S)
    assert sent.tidy_photos().files == 2
    assert here(workshop) == set()
    assert set(states(sent).values()) == {"verified"}


def test_asked_for_now_originals_go_sooner_but_nothing_else(sent: FieldClient, workshop: Workshop) -> None:
    """Also then only what the office confirms again."""
    assert sent.tidy_photos(now=True).files == 1
    assert len(here(workshop)) == 2


def test_a_rehearsal_needs_no_network_and_removes_nothing(sent: FieldClient, workshop: Workshop) -> None:
    """It says what would be asked for."""
    sent.close()
    offline = workshop.tablet("李", transport=Breaks(InProcessTransport(workshop.office), 1, cut, arrives=False))
    before = here(workshop)
    rehearsed = offline.tidy_photos(now=True, rehearse=True)
    assert (rehearsed.files, rehearsed.bytes, rehearsed.rehearsed) == (1, len(large()), True)
    assert here(workshop) == before


@pytest.mark.parametrize("gone", ["the original", "the copy", "both"])
def test_what_the_office_lost_meanwhile_stays(
    sent: FieldClient, workshop: Workshop, office: PhotoOffice, gone: str
) -> None:
    """It said verified once; asked again it has one of the two files no more: neither leaves, and that one is sent."""
    [asked_for] = [{file.sha256, file.of} for file in sent.photos() if file.of]
    for file in sent.photos():
        if gone == "both" or file.leading == (gone == "the copy"):
            office.files.pop(file.sha256)
    before = here(workshop)
    tidied = sent.tidy_photos(now=True)
    assert (tidied.files, tidied.kept) == (0, 1)
    assert here(workshop) == before
    sent.send_photos(network="wifi")
    assert asked_for <= office.files.keys()
    assert {file.state for file in sent.photos()} == {"verified"}
    assert sent.tidy_photos(now=True).files == 1


def test_no_network_removes_nothing(sent: FieldClient, workshop: Workshop, office: PhotoOffice) -> None:
    """A confirmation of yesterday is none."""
    sent.close()
    cut_off = Breaks(InProcessTransport(office), 1, cut, arrives=True, again=True)
    offline = workshop.tablet("李", transport=cut_off)
    with pytest.raises(Unreachable):
        offline.tidy_photos(now=True)
    assert len(here(workshop)) == 3


@pytest.mark.parametrize("now", [False, True])
def test_what_is_not_verified_never_goes(li: FieldClient, workshop: Workshop, *, now: bool) -> None:
    """Neither an original whose copy waits, nor a copy whose original does, however old."""
    photographed(li, large())
    li.sync()
    li.send_photos(network="mobile")
    workshop.wall.forward(4_000 * DAY_S)
    assert li.tidy_photos(now=now).files == 0
    li.sync()
    li._db.run("UPDATE photo_file SET state = 'verified', verified_ms = 0 WHERE state <> 'verified'")
    li._db.run("UPDATE photo_file SET state = 'queued' WHERE bytes < 1000000")
    assert li.tidy_photos(now=now).files == 0
    assert len(here(workshop)) == 2


def test_a_file_that_another_photo_needs_stays(sent: FieldClient, workshop: Workshop) -> None:
    """The large picture was attached to a second shop, which the office has not heard of."""
    photographed(sent, large())
    assert sent.tidy_photos(now=True, rehearse=True).files == 0
    assert sent.tidy_photos(now=True).files == 0
    sent.sync()
    sent.send_photos(now=True)
    assert sent.tidy_photos(now=True).files == 1


def test_an_office_restored_between_asking_and_removing_keeps_it(
    sent: FieldClient, workshop: Workshop, office: PhotoOffice
) -> None:
    """A sync heard of it while the answer was on its way."""
    backup = office.back_up()

    class Restored(InProcessTransport):
        def send(self, request: Request) -> Response:
            answer = super().send(request)
            if request.path.endswith("/plan"):
                office.restore(backup, "epoch-2")
                workshop.tablet("李").sync()
            return answer

    sent.close()
    li = workshop.tablet("李", transport=Restored(office))
    assert li.tidy_photos(now=True).files == 0
    assert len(here(workshop)) == 3


def test_a_photo_tidied_away_and_taken_in_again_is_here_again(sent: FieldClient, workshop: Workshop) -> None:
    """The same file chosen for another shop: nothing travels, and it may be tidied away once more."""
    sent.tidy_photos(now=True)
    photographed(sent, large())
    assert {file.here for file in sent.photos()} == {True}
    sent.sync()
    assert sent.send_photos(now=True).bytes_sent == 0
    assert sent.tidy_photos(now=True).files == 1


def test_a_restored_office_is_not_offered_what_was_tidied_away(
    sent: FieldClient, workshop: Workshop, office: PhotoOffice
) -> None:
    """There is nothing to offer, and nobody is told that it is lost."""
    sent.tidy_photos(now=True)
    office.restore(office.back_up(), "epoch-2")
    sent.sync()
    assert sent.status().photos_waiting == 2
    report = sent.send_photos(now=True)
    assert (report.verified, report.problems, sent.status().photos_lost) == (2, [], 0)


# -- room -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("free_mb", "total_gb", "low"),
    [(999, 16, True), (1_000, 16, False), (3_100, 64, True), (3_300, 64, False), (4_900, 1_000, True),
     (5_100, 1_000, False)],
)  # fmt: skip
def test_when_room_is_little(free_mb: int, total_gb: int, *, low: bool) -> None:
    """Under a gigabyte, or under a twentieth, of which five gigabytes are enough."""
    assert is_low(free_mb * 1_000_000, total_gb * 1_000_000_000) is low


def test_little_room_is_told_with_what_tidying_would_free(
    sent: FieldClient, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what may go by the policy counts."""
    little = SimpleNamespace(total=64_000_000_000, used=0, free=900_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: little)
    room = sent.status().room
    assert room is not None
    assert (room.low, room.free, room.to_tidy) == (True, 900_000_000, 0)
    workshop.wall.forward(31 * DAY_S)
    room = sent.status().room
    assert room is not None
    assert room.to_tidy == len(large())
