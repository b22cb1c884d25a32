"""The parts of a photo, sent through the server: each is what was planned, or it is not kept."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from threading import Barrier, Event
from typing import Any

import pytest

from schemas.ids import derived_id
from schemas.photos import MAX_PARTS, PART_BYTES
from server.api.picture_gate import PARTS_AT_ONCE, PARTS_OF_ONE
from server.storage.depot import DepotFull, DepotTrouble, keys
from server.storage.depot.folder import FolderDepot
from server.storage.depot.memory import MemoryDepot
from tests.server.office import DISTRICT, open_office
from tests.server.photographs import Porter, cut, lying, named, offer, parts_lying, picture, row, sha256
from tests.server.stepping import SteppingDepot

LARGE = picture("large", 2 * PART_BYTES + 9)
FILE = sha256(LARGE)


both = pytest.mark.parametrize("depot", ["memory", "folder"], indirect=True)


@pytest.fixture
def depot(request: pytest.FixtureRequest, tmp_path: Path) -> SteppingDepot:
    """Where photos lie: in memory, or in a folder."""
    folder = getattr(request, "param", "memory") == "folder"
    return SteppingDepot(FolderDepot(tmp_path / "photos") if folder else MemoryDepot())


@pytest.fixture
def li(tmp_path: Path, depot: SteppingDepot) -> Iterator[Porter]:
    """Li, whose shop names the large photo."""
    office = open_office(f"sqlite:///{tmp_path / 'gridward.db'}", depot=depot)
    yield Porter(office.device("li"))
    office.store.engine.dispose()


@pytest.fixture
def shop(li: Porter) -> str:
    """The shop, its photo planned."""
    made = li.shop("老王修车", named(LARGE))
    li.plan(offer(made, LARGE))
    return made


def missing(li: Porter, shop: str) -> list[int]:
    """Return which parts the office asks for."""
    [planned] = li.plan(offer(shop, LARGE))
    assert planned["state"] == "send"
    return [part["n"] for part in planned.get("parts", [])]


def code(answer: Any) -> tuple[int, str]:
    """Return status and problem of an answer."""
    assert answer.mimetype == "application/problem+json"
    return answer.status_code, answer.get_json()["code"]


@both
def test_parts_come_in_any_order_and_more_than_once(li: Porter, shop: str) -> None:
    """After each the office asks for what is missing still; an answer that was kept says nothing else."""
    left = [0, 1, 2]
    for n in (2, 0, 2, 1):
        answer = li.put(FILE, n, cut(LARGE)[n])
        assert (answer.status_code, answer.data, answer.headers.get("Content-Type")) == (204, b"", None)
        left = [other for other in left if other != n]
        assert missing(li, shop) == left
        assert len(parts_lying(li.office, FILE)) == 3 - len(left)
    assert li.complete(FILE).get_json() == {"sha256": FILE, "state": "verified"}
    assert lying(li.office, FILE) == LARGE
    assert parts_lying(li.office, FILE) == []


@both
def test_a_part_that_comes_late_is_not_kept(li: Porter, shop: str) -> None:
    """Its answer was lost, it was sent again, and another way was quicker: the file is whole without it."""
    assert li.deliver(shop, LARGE) == "verified"
    assert li.put(FILE, 1, cut(LARGE)[1]).status_code == 204
    assert parts_lying(li.office, FILE) == []
    assert lying(li.office, FILE) == LARGE


@both
def test_a_part_that_got_lost_is_named(li: Porter, shop: str) -> None:
    """Complete says which, and takes nothing away of the others."""
    for n in (0, 2):
        li.put(FILE, n, cut(LARGE)[n])
    assert li.complete(FILE).get_json() == {"sha256": FILE, "state": "send", "parts": [{"n": 1}]}
    assert len(parts_lying(li.office, FILE)) == 2
    li.put(FILE, 1, cut(LARGE)[1])
    assert li.complete(FILE).get_json()["state"] == "verified"


@both
def test_a_part_that_rotted_is_asked_for_alone(li: Porter, shop: str) -> None:
    """It was right when it came; what is read later decides."""
    for n, part in enumerate(cut(LARGE)):
        li.put(FILE, n, part)
    li.office.depot.put(keys.part(DISTRICT, FILE, 1), cut(LARGE)[1][:-1] + b"?")
    assert li.complete(FILE).get_json() == {"sha256": FILE, "state": "send", "parts": [{"n": 1}]}
    assert missing(li, shop) == [1]
    found = row(li.office, FILE)
    assert found
    assert (found.state, lying(li.office, FILE)) == ("expected", None)
    assert li.deliver(shop, LARGE) == "verified"


WRONG = {
    "a bit turned": cut(LARGE)[0][:-1] + b"?",
    "cut off": cut(LARGE)[0][:-1],
    "nothing": b"",
    "another part": cut(LARGE)[1],
    "the last part": cut(LARGE)[2],
}


def test_a_part_damaged_on_its_way_is_not_kept(li: Porter, shop: str) -> None:
    """And may come again."""
    for how, part in WRONG.items():
        assert code(li.put(FILE, 0, part)) == (422, "photo_part_damaged"), how
        assert missing(li, shop) == [0, 1, 2]
    assert li.put(FILE, 0, cut(LARGE)[0]).status_code == 204


def test_no_more_than_the_part_is_read(li: Porter, shop: str) -> None:
    """What is longer is refused, by whatever little."""
    much = Random(1).randbytes(PART_BYTES + 1)
    assert code(li.put(FILE, 0, much)) == (413, "too_large")
    assert code(li.put(FILE, 2, cut(LARGE)[2] + b"?")) == (413, "too_large")
    assert missing(li, shop) == [0, 1, 2]


TOLD: dict[str, dict[str, Any]] = {
    "nothing": {"wsgi.input_terminated": True},
    "a terabyte": {"CONTENT_LENGTH": str(1 << 40)},
}


@pytest.mark.parametrize(("length", "most"), [("nothing", PART_BYTES + 64 * 1024), ("a terabyte", 0)])
def test_a_part_without_end_stops_at_its_size(li: Porter, shop: str, length: str, most: int) -> None:
    """Whatever is said of how much is coming: one byte beyond the part is enough to know."""

    class Endless:
        taken = 0

        def read(self, size: int = -1) -> bytes:
            assert size >= 0
            self.taken += size
            return b"\0" * size

        readline = read

    flood = Endless()
    answer = li.office.app.test_client().put(
        f"/v1/photos/{FILE}/parts/0",
        headers={"Authorization": f"Bearer {li.device.token}"},
        environ_overrides={"wsgi.input": flood, **TOLD[length]},
    )
    assert answer.status_code in (413, 422)
    assert flood.taken <= most
    assert missing(li, shop) == [0, 1, 2]


def test_a_part_travels_as_it_is(li: Porter, shop: str) -> None:
    """A picture is packed already."""
    for encoding in ("gzip", "zstd", "identity, gzip", "x" * 500):
        sent = li.put(FILE, 0, cut(LARGE)[0], **{"Content-Encoding": encoding})
        assert code(sent) == (415, "unsupported_encoding"), encoding
    assert missing(li, shop) == [0, 1, 2]


def test_parts_that_nobody_asked_for(li: Porter, shop: str) -> None:
    """Beyond the last, of a file without a plan, of a file whose record never came."""
    for n in (3, 63, MAX_PARTS, 10**30):
        assert code(li.put(FILE, n, b"?")) == (409, "photo_not_planned")
    stranger = picture("stranger")
    li.plan(offer(shop, stranger))
    li.plan(offer(derived_id("nowhere"), stranger))
    for answer in (li.put(sha256(stranger), 0, stranger), li.complete(sha256(stranger))):
        assert code(answer) == (409, "photo_not_planned")
    assert parts_lying(li.office, sha256(stranger)) == []


@pytest.mark.parametrize(
    ("tablets", "most"),
    [pytest.param(2, PARTS_AT_ONCE, id="of all tablets"), pytest.param(1, PARTS_OF_ONE, id="of one tablet")],
)
def test_only_so_many_parts_arrive_at_a_time(
    li: Porter, shop: str, depot: SteppingDepot, tablets: int, most: int
) -> None:
    """The others are told to come again before a byte of theirs is read; records need those threads."""
    porters = [li, *(Porter(li.office.device("li")) for _ in range(tablets - 1))]
    inside, go = Barrier(most + 1), Event()

    def waits(verb: str) -> None:
        if verb == "put" and not go.is_set():
            inside.wait(20)
            assert go.wait(20)

    depot.step = waits
    with ThreadPoolExecutor(most) as pool:
        arriving = [pool.submit(porters[i % tablets].put, FILE, 0, cut(LARGE)[0]) for i in range(most)]
        inside.wait(20)
        answer = li.put(FILE, 1, cut(LARGE)[1])
        go.set()
        assert {one.result().status_code for one in arriving} == {204}
    assert code(answer) == (503, "busy")
    assert int(answer.headers["Retry-After"]) > 0
    assert missing(li, shop) == [1, 2]


@pytest.mark.parametrize("trouble", [DepotFull, DepotTrouble])
def test_a_depot_in_trouble_keeps_the_tablet_waiting(
    li: Porter, shop: str, depot: SteppingDepot, trouble: type[Exception]
) -> None:
    """Full, or not to be reached: come again; once it is well, all goes on as if nothing had been."""

    def fails(_verb: str) -> None:
        raise trouble

    depot.step = fails
    for answer in (li.put(FILE, 0, cut(LARGE)[0]), li.complete(FILE), li.ask(offer(shop, LARGE))):
        assert code(answer) == (503, "storage_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    depot.step = lambda _: None
    assert li.deliver(shop, LARGE) == "verified"


def test_only_who_is_enrolled_brings_anything(li: Porter, shop: str) -> None:
    """Nobody without a token, with a stranger's, or with one that was revoked."""
    wang = Porter(li.office.device("wang"))
    li.office.revoke(wang.device)

    def tries() -> list[str]:
        answers = wang.put(FILE, 0, cut(LARGE)[0]), wang.complete(FILE), wang.ask(offer(shop, LARGE))
        return [answer.get_json()["code"] for answer in answers]

    assert tries() == ["device_revoked"] * 3
    for token in ("", f"{DISTRICT}.nobody", f"210903{li.device.token[6:]}"):
        wang.device.token = token
        assert tries() == ["not_enrolled"] * 3
    assert missing(li, shop) == [0, 1, 2]
