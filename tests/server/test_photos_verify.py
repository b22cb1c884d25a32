"""A photo is here when it lies here whole and was looked at: not a step sooner, wherever the server dies."""

import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from PIL import Image

from schemas.photos import PART_BYTES
from schemas.problems import Refusal
from server.api import picture_gate
from server.storage.depot import DepotTrouble
from server.storage.depot.folder import FolderDepot
from server.storage.depot.memory import MemoryDepot
from server.storage.unit_of_work import UnitOfWork
from server.usecases.verify_photo import Office as Counter
from server.usecases.verify_photo import verify_photo
from tests.pictures import exif, large_webp, saved, scene
from tests.server.office import DISTRICT, Office, open_office
from tests.server.photographs import Porter, cut, lying, named, offer, parts_lying, picture, row, sha256
from tests.server.stepping import Countdown, Killed, SteppingDepot, dies


@pytest.fixture
def depot() -> SteppingDepot:
    """Where photos lie."""
    return SteppingDepot(MemoryDepot())


@pytest.fixture
def office(database_url: str, depot: SteppingDepot) -> Iterator[Office]:
    """An office over a depot that can be stopped."""
    opened = open_office(database_url, depot=depot)
    yield opened
    opened.store.engine.dispose()


@pytest.fixture
def li(office: Office) -> Porter:
    """Li, with his tablet."""
    return Porter(office.device("li"))


# -- what a picture says -----------------------------------------------------------------------------

MOMENT = "2020-07-18T08:15:30+08:00"
TAKEN = {
    "jpeg": saved(scene(1, 64, 48), "JPEG", exif=exif(MOMENT, (42.0125, 121.625), orientation=6)),
    "png": saved(scene(2, 64, 48), "PNG"),
    "webp": saved(scene(3, 64, 48), "WEBP"),
    "heic": saved(scene(4, 64, 48), "HEIF"),
}


def test_what_a_picture_says_is_kept(li: Porter) -> None:
    """Kind by its content, size as it is seen, when and where it was taken; its bytes as they came."""
    shop = li.shop("老王修车", *map(named, TAKEN.values()))
    for kind, data in TAKEN.items():
        assert li.deliver(shop, data) == "verified", kind
        found = row(li.office, sha256(data))
        assert found
        assert (found.state, found.kind, found.size, found.parts) == ("verified", kind, len(data), None)
        assert found.likeness
        assert lying(li.office, sha256(data)) == data
    jpeg, png = (row(li.office, sha256(TAKEN[kind])) for kind in ("jpeg", "png"))
    assert jpeg
    assert png
    assert (jpeg.width, jpeg.height, jpeg.taken_at, jpeg.lat, jpeg.lon) == (48, 64, MOMENT, 42.0125, 121.625)
    assert (png.width, png.height, png.taken_at, png.lat, png.lon) == (64, 48, None, None, None)


def test_a_picture_is_decoded_once(li: Porter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judging it and finding what it is like take one reading of it: half of what a photo costs the server."""
    shop = li.shop("老王修车", *map(named, TAKEN.values()))
    opened: list[str] = []
    open_ = Image.open

    def counted(*asked: Any, **told: Any) -> Image.Image:
        image = open_(*asked, **told)
        opened.append(image.format or "")
        return image

    monkeypatch.setattr(Image, "open", counted)
    for data in TAKEN.values():
        assert li.deliver(shop, data) == "verified"
    assert sorted(opened) == ["HEIF", "JPEG", "PNG", "WEBP"]


NONE = {
    "nothing of a picture": (b"no picture", "photo_kind_unknown"),
    "a page": (b"<html>Please log in</html>", "photo_kind_unknown"),
    "a GIF": (saved(scene(5), "GIF"), "photo_kind_unknown"),
    "the first half of one": (picture("half")[:-400], "photo_damaged"),
    "too many pixels": (saved(Image.new("1", (9000, 9000)), "PNG"), "photo_too_many_pixels"),
    "too many for its kind": (large_webp(6000), "photo_too_many_pixels"),
}


@pytest.mark.parametrize(("data", "code"), NONE.values(), ids=NONE)
def test_what_is_no_picture_is_never_said_to_be_here(li: Porter, data: bytes, code: str) -> None:
    """Its hash is right, and it was told why; its parts stay for whoever runs the server."""
    shop = li.shop("老王修车", named(data))
    assert li.deliver(shop, data) == code
    found = row(li.office, sha256(data))
    assert found
    assert found.state == "refused"
    assert lying(li.office, sha256(data)) is None
    assert len(parts_lying(li.office, sha256(data))) == len(cut(data))
    answer = li.complete(sha256(data))
    assert (answer.status_code, answer.get_json()["code"]) == (422, code)
    [planned] = li.plan(offer(shop, data))
    assert {name: answer.get_json()[name] for name in planned["problem"]} == planned["problem"]
    assert "{" not in answer.get_json()["message_zh"]


# -- stopped anywhere --------------------------------------------------------------------------------


class Stopping:
    """Everything of a delivery that lasts, counted: each verb of the depot, each commit, each part on its way."""

    def __init__(self, depot: SteppingDepot, monkeypatch: pytest.MonkeyPatch) -> None:
        self._depot = depot
        self.step = Countdown(10**9, dies)
        commit = UnitOfWork.commit

        def stepped(work: UnitOfWork) -> None:
            self.step("commit")
            commit(work)
            self.step("commit")

        monkeypatch.setattr(UnitOfWork, "commit", stepped)
        depot.step = lambda verb: self.step(verb)

    def at(self, place: int, then: Any = dies) -> Countdown:
        """Let something happen at one place from here on."""
        self.step = Countdown(place, then)
        return self.step


def sound(office: Office, data: bytes) -> bool:
    """Say whether nothing is claimed of a file that is not so."""
    found = row(office, sha256(data))
    return not (found and found.state == "verified") or lying(office, sha256(data)) == data


def test_the_server_may_die_at_every_step(li: Porter, depot: SteppingDepot, monkeypatch: pytest.MonkeyPatch) -> None:
    """And be started again: never is a photo said to be here that is not, and in the end each is."""
    stopping, place = Stopping(depot, monkeypatch), 0
    while True:
        data = picture(("dies", place), PART_BYTES + 9)
        shop = li.shop(f"第 {place} 家", named(data))
        died = stopping.at(place)
        with suppress(Killed):
            li.deliver(shop, data)
        stopping.at(10**9)
        assert sound(li.office, data), place
        if not died.done:
            break
        assert li.deliver(shop, data) == "verified", place
        assert lying(li.office, sha256(data)) == data
        place += 1
    # The plan, two parts, what complete looks at, the photo itself, its row, what it leaves.
    assert place >= 15


def test_the_depot_may_fail_at_every_step(li: Porter, depot: SteppingDepot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tablet hears that it should come again, not that something broke; and it does."""
    stopping, place = Stopping(depot, monkeypatch), 0

    def fails() -> None:
        raise DepotTrouble("out of order")

    while True:
        data = picture(("fails", place), PART_BYTES + 9)
        stopping.at(10**9)
        shop = li.shop(f"第 {place} 家", named(data))
        li.plan(offer(shop, data))
        for n, part in enumerate(cut(data)):
            li.put(sha256(data), n, part)
        counted = iter(range(10**9))
        depot.step = lambda _, counted=counted, at=place: fails() if next(counted) == at else None  # type: ignore[misc]
        answer = li.complete(sha256(data))
        depot.step = stopping.step
        assert sound(li.office, data), place
        if next(counted) <= place:
            break
        # Once the photo is here, what stays behind of its parts is no trouble of the tablet's.
        code = answer.get_json().get("code", answer.get_json().get("state"))
        assert (answer.status_code, code) in ((503, "storage_unavailable"), (200, "verified")), place
        assert li.deliver(shop, data) == "verified", place
        place += 1
    assert place >= 7


def test_two_processes_complete_one_photo(office: Office, depot: SteppingDepot, tmp_path: Path) -> None:
    """The second one does all of it while the first stands at any of its steps: both are told that it is here."""
    li, place = Porter(office.device("li")), 0
    counter = Counter(office.store, depot, DISTRICT, 1_595_030_400_000)
    while True:
        data = picture(("two", place), PART_BYTES + 9)
        shop = li.shop(f"第 {place} 家", named(data))
        depot.step = lambda _: None
        li.plan(offer(shop, data))
        for n, part in enumerate(cut(data)):
            li.put(sha256(data), n, part)
        answers: list[str] = []

        def other(file: str = sha256(data), told: list[str] = answers) -> None:
            depot.step = lambda _: None
            told.append(verify_photo(counter, file, 900).state)

        count = Countdown(place, other)
        depot.step = count
        answers.append(verify_photo(counter, sha256(data), 900).state)
        if not count.done:
            break
        assert answers == ["verified", "verified"], place
        assert lying(office, sha256(data)) == data
        assert parts_lying(office, sha256(data)) == []
        place += 1
    assert place >= 10


def test_many_ask_at_once_and_some_are_sent_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are looked at at a time; who finds no place to wait is told when to come again, and others go on."""
    depot = SteppingDepot(MemoryDepot())
    office = open_office(f"sqlite:///{tmp_path / 'gridward.db'}", depot=depot)
    li, pictures = Porter(office.device("li")), [picture(("many", n)) for n in range(3)]
    shop = li.shop("老王修车", *map(named, pictures))
    monkeypatch.setattr(picture_gate, "MOST_WAITING", 0)
    for data in pictures:
        li.plan(offer(shop, data))
        li.put(sha256(data), 0, data)
    inside, go, answers = [Event(), Event()], Event(), list[Any]()

    def waits(verb: str) -> None:
        if verb == "read":
            next(event for event in inside if not event.is_set()).set()
            assert go.wait(20)

    depot.step = waits
    threads = [Thread(target=lambda data=data: answers.append(li.complete(sha256(data)))) for data in pictures[:2]]
    for thread, event in zip(threads, inside, strict=True):
        thread.start()
        assert event.wait(20)
    busy = li.complete(sha256(pictures[2]))
    assert (busy.status_code, busy.get_json()["code"]) == (503, "busy")
    assert int(busy.headers["Retry-After"]) > 0
    go.set()
    for thread in threads:
        thread.join()
    assert [answer.get_json()["state"] for answer in answers] == ["verified"] * 2
    depot.step = lambda _: None
    assert li.complete(sha256(pictures[2])).get_json()["state"] == "verified"
    office.store.engine.dispose()


def test_a_disk_without_room_for_looking(li: Porter, monkeypatch: pytest.MonkeyPatch) -> None:
    """The spool is full: come again, nothing is lost."""
    data = picture("no room")
    shop = li.shop("老王修车", named(data))
    li.plan(offer(shop, data))
    li.put(sha256(data), 0, data)
    monkeypatch.setattr("tempfile.tempdir", "/nowhere/at/all")
    answer = li.complete(sha256(data))
    assert (answer.status_code, answer.get_json()["code"]) == (503, "storage_unavailable")
    monkeypatch.undo()
    assert li.deliver(shop, data) == "verified"


def test_a_machine_without_memory_says_nothing_of_the_picture(li: Porter, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tablet is told to come again; the photo is neither here nor refused."""
    data = picture("no memory")
    shop = li.shop("老王修车", named(data))

    def short(*_: Any, **__: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "thumbnail", short)
    assert li.deliver(shop, data) == "busy"
    found = row(li.office, sha256(data))
    assert found
    assert (found.state, found.problem) == ("expected", None)
    monkeypatch.undo()
    assert li.deliver(shop, data) == "verified"


def test_a_large_file_passes_through_in_pieces(tmp_path: Path) -> None:
    """It is put together, hashed and judged by its first bytes: never does all of it stand in memory."""
    office = open_office(f"sqlite:///{tmp_path / 'gridward.db'}", depot=FolderDepot(tmp_path / "photos"))
    li, data = Porter(office.device("li")), b"a film".ljust(8 << 20, b"\0")
    shop = li.shop("老王修车", named(data))
    li.plan(offer(shop, data))
    for n, part in enumerate(cut(data)):
        li.put(sha256(data), n, part)
    counter = Counter(office.store, office.depot, DISTRICT, 1_595_030_400_000)
    tracemalloc.start()
    try:
        with pytest.raises(Refusal, match="photo_kind_unknown"):
            verify_photo(counter, sha256(data), 900)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2 << 20
    office.store.engine.dispose()


def test_the_row_of_a_photo_may_vanish_while_it_is_looked_at(li: Porter, depot: SteppingDepot) -> None:
    """Whatever tidies up meanwhile: what lies here in the end is known to lie here."""
    data = picture("vanishing")
    shop = li.shop("老王修车", named(data))
    li.plan(offer(shop, data))
    li.put(sha256(data), 0, data)

    def collects(verb: str) -> None:
        if verb == "put":
            with li.office.store.work(DISTRICT) as work:
                [found] = work.photos.locked([sha256(data)]).values()
                work.photos.change([found._replace(state="collected", ended_ms=5)])
                work.commit()

    depot.step = collects
    assert li.complete(sha256(data)).get_json()["state"] == "verified"
    depot.step = lambda _: None
    found = row(li.office, sha256(data))
    assert found
    assert (found.state, found.ended_ms) == ("verified", None)
