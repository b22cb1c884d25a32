"""Photos on their way: whatever breaks, each arrives once, whole, and only the part under way travels twice."""

import hashlib
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest

from schemas.photos import PART_BYTES, Wanted
from schemas.problems import Refusal
from sync_client.album import FileState
from sync_client.calls import Office
from sync_client.client import FieldClient
from sync_client.errors import Busy, CaptivePortal, NotEnrolled, StoreFull, SyncError, Unreachable
from sync_client.photos.errors import SendingUnderWay, UnsafeAddress
from sync_client.photos.posting import put_part
from sync_client.photos.values import PhotoProgress
from sync_client.sending import TRANSITIONS, State
from sync_client.testing import InProcessTransport
from sync_client.transport import HTTPTransport, Request, Response
from tests.sync_client.photo_office import PhotoOffice
from tests.sync_client.photographers import Breaks, Killed, about_photos, cut, large, photographed, small, states
from tests.sync_client.tablets import WANG, Workshop, shop
from tests.sync_client.test_crashes import ROOT, ROW

BOTH_WAYS = pytest.mark.parametrize("depot", [False, True], ids=["through the server", "to a depot"])


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


def everything(workshop: Workshop) -> dict[str, bytes]:
    """Return every photo file on the tablets, by SHA-256."""
    folders = workshop.folder.glob("*-photos/*/*")
    return {place.name: place.read_bytes() for place in folders}


# -- the plain way ----------------------------------------------------------------------------------


@BOTH_WAYS
def test_photos_follow_their_record(workshop: Workshop, office: PhotoOffice, *, depot: bool) -> None:
    """The copy first, then the small one that needs none, then the original; each is what was taken."""
    office.depot = depot
    li = workshop.tablet("李")
    photographed(li, large(), small())
    li.sync()
    report = li.send_photos(network="wifi")
    assert office.arrived() == everything(workshop)
    assert (report.verified, report.bytes_resent, report.waiting, report.problems) == (3, 0, 0, [])
    assert report.bytes_sent == sum(map(len, everything(workshop).values()))
    assert set(states(li).values()) == {"verified"}
    assert li.status().photos_waiting == 0


def test_copies_come_before_originals_and_small_ones_before_large_ones(li: FieldClient, office: PhotoOffice) -> None:
    """The office sees something of every photo before it gets all of one."""
    photographed(li, large(1), small(), large(2))
    li.sync()
    li.send_photos(network="wifi")
    arrived = list(dict.fromkeys(sha256 for sha256, _ in office.put))
    files = {file.sha256: file for file in li.photos()}
    assert [files[name].leading for name in arrived] == [True, True, True, False, False]
    sizes = [files[name].bytes for name in arrived]
    assert sizes[:3] == sorted(sizes[:3])


def test_a_photo_waits_for_its_record(li: FieldClient, office: PhotoOffice) -> None:
    """The office does not know the shop yet; after the next sync it does, and not before it is asked again."""
    photographed(li, small())
    report = li.send_photos()
    assert (report.verified, report.waiting, report.problems) == (0, 1, [])
    assert [file.waits_for_record for file in li.photos()] == [True]
    asked = len(office.asked)
    li.send_photos()
    assert len(office.asked) == asked
    li.sync()
    assert [file.waits_for_record for file in li.photos()] == [False]
    assert li.send_photos().verified == 1


def test_one_picture_of_two_records_travels_once(li: FieldClient, office: PhotoOffice) -> None:
    """And the office hears of both records."""
    first, second = photographed(li, small()), photographed(li, small())
    li.sync()
    report = li.send_photos()
    assert report.verified == 1
    assert {record for _, record in office.uses} == {first, second}
    assert sum(office.put.values()) == 1
    assert li.send_photos().as_dict() == li.send_photos().as_dict()
    assert len(office.asked) == 4  # two plans, one part, one completion


def test_what_a_colleague_has_sent_already_does_not_travel(workshop: Workshop, office: PhotoOffice) -> None:
    """Both took in the same picture: the second is told so."""
    li, wang = workshop.tablet("李"), workshop.tablet("王", WANG)
    for tablet in (li, wang):
        photographed(tablet, small())
        tablet.sync()
    assert li.send_photos().bytes_sent > 0
    report = wang.send_photos()
    assert (report.verified, report.bytes_sent) == (1, 0)


def test_progress_is_told_by_file_and_byte(li: FieldClient) -> None:
    """It only ever grows, and ends where everything is."""
    photographed(li, large(), small())
    li.sync()
    told: list[PhotoProgress] = []
    li.send_photos(now=True, progress=told.append)
    assert [one.bytes_done for one in told] == sorted(one.bytes_done for one in told)
    assert (told[-1].done, told[-1].total, told[-1].state) == (3, 3, "DONE")
    assert told[-1].bytes_done == told[-1].bytes_total == sum(file.bytes for file in li.photos())
    assert any(0 < one.bytes_done < PART_BYTES * 2 for one in told)
    assert {one.state for one in told} == set(State)


def test_the_machine_goes_only_where_its_table_says(workshop: Workshop, office: PhotoOffice) -> None:
    """Also where the network breaks in between."""
    li = workshop.tablet("李", transport=Breaks(InProcessTransport(office), 4, cut, arrives=False))
    photographed(li, large(), small())
    li.sync()
    seen = [State.IDLE]
    li.send_photos(now=True, progress=lambda told: seen.append(State(told.state)))
    assert all(after in TRANSITIONS[before] for before, after in pairwise(seen))


def test_the_page_names_every_state_and_every_way_on() -> None:
    """``docs/photos.md`` and the machine say the same; so do the page and the album about files."""
    page = (ROOT / "docs/photos.md").read_text(encoding="utf-8")
    told = {row[1]: set(re.findall(r"`([A-Z_]+)`", row[2])) for row in ROW.finditer(page)}
    assert told == {state.value: {way.value for way in ways} for state, ways in TRANSITIONS.items()}
    assert re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE) == [state.value for state in FileState]


# -- killed and cut ---------------------------------------------------------------------------------


@BOTH_WAYS
@pytest.mark.parametrize("arrives", [False, True], ids=["lost on the way there", "lost on the way back"])
def test_killed_at_every_request_in_turn(
    workshop: Workshop, office: PhotoOffice, *, depot: bool, arrives: bool
) -> None:
    """Whichever request is the last before the battery dies, what was sent is not sent again."""
    office.depot = depot
    li = workshop.tablet("李")
    photographed(li, large(), small())
    li.sync()
    killed = resent = 0
    for at in range(1, 30):
        li.close()
        li = workshop.tablet("李", transport=Breaks(InProcessTransport(office), 1 + at % 3, Killed, arrives=arrives))
        try:
            resent += li.send_photos(now=True).bytes_resent
            break
        except Killed:
            killed += 1
            assert office.arrived().keys() >= {name for name, state in states(li).items() if state == "verified"}
    assert office.arrived() == everything(workshop)
    assert set(states(li).values()) == {"verified"}
    assert killed > 3
    assert max(office.put.values()) <= (1 if arrives else 2)
    assert resent <= killed * PART_BYTES


@BOTH_WAYS
@pytest.mark.parametrize("arrives", [False, True], ids=["lost on the way there", "lost on the way back"])
@pytest.mark.parametrize("at", [1, 2, 3, 6, 7, 8, 9])
def test_cut_at_any_request_it_goes_on_by_itself(
    workshop: Workshop, office: PhotoOffice, at: int, *, depot: bool, arrives: bool
) -> None:
    """One cut costs one part at the most, and a lost answer costs none."""
    office.depot = depot
    li = workshop.tablet("李", transport=Breaks(InProcessTransport(office), at, cut, arrives=arrives))
    photographed(li, large(), small())
    li.sync()
    report = li.send_photos(now=True)
    assert office.arrived() == everything(workshop)
    assert report.verified == 3
    assert report.bytes_resent <= (0 if arrives else PART_BYTES)
    assert report.bytes_sent - report.bytes_resent == sum(map(len, office.arrived().values()))


def test_no_network_ends_it_and_the_next_time_goes_on(workshop: Workshop, office: PhotoOffice) -> None:
    """The report says what was done; what was sent stays sent."""
    li = workshop.tablet("李", transport=Breaks(InProcessTransport(office), 6, cut, arrives=False, again=True))
    photographed(li, large(), small())
    li.sync()
    with pytest.raises(Unreachable) as raised:
        li.send_photos(now=True)
    assert raised.value.photos is not None
    assert (raised.value.photos.verified, raised.value.photos.waiting) == (2, 1)
    assert raised.value.photos.problem is not None
    li.close()
    li = workshop.tablet("李")
    report = li.send_photos(now=True)
    assert report.verified == 1
    assert max(office.put.values()) == 1


def test_what_watches_may_stop_it_anywhere(li: FieldClient, office: PhotoOffice) -> None:
    """Whoever presses stop stops it, and nothing is lost."""
    photographed(li, large(), small())
    li.sync()

    def stop(told: PhotoProgress) -> None:
        if told.state == "PART_SENT":
            raise KeyboardInterrupt

    for _ in range(20):
        try:
            li.send_photos(now=True, progress=stop)
            break
        except KeyboardInterrupt:
            continue
    assert len(office.arrived()) == 3
    assert max(office.put.values()) == 1


# -- the office, the depot and the network say no ----------------------------------------------------


@BOTH_WAYS
def test_a_damaged_part_is_sent_again_alone(workshop: Workshop, office: PhotoOffice, *, depot: bool) -> None:
    """The server notices at once, a depot only when the whole is looked at."""
    office.depot = depot
    li = workshop.tablet("李")
    photographed(li, large())
    li.sync()
    office.damage = 1
    report = li.send_photos(now=True)
    assert office.arrived() == everything(workshop)
    assert 0 < report.bytes_resent <= PART_BYTES


def test_a_part_that_was_acknowledged_and_lost_is_sent_again(li: FieldClient, office: PhotoOffice) -> None:
    """A 204 is no proof: only the completion is."""
    photographed(li, small())
    li.sync()
    office.losing = 1
    assert li.send_photos().verified == 1
    assert office.arrived()


def test_an_office_that_loses_every_part_is_not_asked_for_ever(li: FieldClient, office: PhotoOffice) -> None:
    """After a few plans the file is put off; the others go through, and next hour it is tried again."""
    photographed(li, small(1))
    li.sync()
    office.losing = 1_000
    report = li.send_photos()
    assert (report.verified, report.waiting, len(report.problems)) == (0, 1, 1)
    assert sum(office.put.values()) < 6
    office.losing = 0
    assert li.send_photos(now=True).verified == 1


def test_an_address_that_holds_no_longer_is_asked_for_anew(workshop: Workshop, office: PhotoOffice) -> None:
    """The depot says 403; the office gives out new addresses."""
    office.depot = True
    li = workshop.tablet("李")
    photographed(li, large())
    li.sync()
    seen: list[str] = []

    def dawdle(told: PhotoProgress) -> None:
        seen.append(told.state)
        if seen.count("PART_SENT") == 1 and told.state == "PART_SENT":
            office.now_ms += 3_600_000

    assert li.send_photos(now=True, progress=dawdle).verified == 2
    assert office.arrived() == everything(workshop)


def test_a_tablet_that_knows_its_addresses_are_old_does_not_try_them(workshop: Workshop, office: PhotoOffice) -> None:
    """No part travels in vain where its own clock says so."""
    office.depot = True
    li = workshop.tablet("李")
    photographed(li, large())
    li.sync()

    def dawdle(told: PhotoProgress) -> None:
        if told.state == "PART_SENT":
            workshop.wall.forward(3_600)
            office.now_ms += 3_600_000

    assert li.send_photos(now=True, progress=dawdle).bytes_resent == 0
    assert office.arrived() == everything(workshop)


def test_a_depot_gets_the_headers_named_and_never_the_token(workshop: Workshop, office: PhotoOffice) -> None:
    """Our server gets the token; nobody else does."""
    office.depot = True
    li = workshop.tablet("李")
    photographed(li, small())
    li.sync()
    li.send_photos()
    headers = {path.split("/")[1]: named for _, path, named in office.asked}
    assert headers["parts"] == {"HTTP_X_SIGNED_LENGTH"}
    assert "HTTP_AUTHORIZATION" in headers["v1"]


@pytest.mark.parametrize(
    ("address", "plain_http"),
    [
        ("http://depot.test", False),
        ("ftp://depot.test", True),
        ("//depot.test", True),
        ("https://", True),
        ("https://user:secret@depot.test", True),
        ("/v1/photos/plan", True),
        ("https://[::1", True),
        ("file:///etc/passwd", True),
        ("javascript:alert(1)", True),
        ("", True),
    ],
)
def test_photos_do_not_go_to_an_address_that_is_not_safe(
    workshop: Workshop, office: PhotoOffice, address: str, *, plain_http: bool
) -> None:
    """Whatever the office says: nothing is sent there, and the worker is told."""

    class Divided:
        """Our own server in this process, every other host by HTTP."""

        def __init__(self) -> None:
            self._ours = InProcessTransport(office)
            self._http = HTTPTransport("https://haizhou.test", plain_http=plain_http, connect_s=0.05)

        def send(self, request: Request) -> Response:
            ours = request.path.startswith("/v1")
            return self._ours.send(request) if ours else self._http.send(request)

    office.depot = True
    office.address = lambda path: address + path if address.endswith("test") else address
    li = workshop.tablet("李", transport=Divided())
    photographed(li, small())
    li.sync()
    with pytest.raises(UnsafeAddress):
        li.send_photos()
    assert set(states(li).values()) == {"queued"}
    assert not any(method == "PUT" for method, _, _ in office.asked)


def test_over_a_real_wire_nothing_goes_that_was_not_named(tmp_path: Path) -> None:
    """The depot's own eyes: the headers of the plan and what HTTP cannot do without; a redirect is not followed."""
    seen: list[tuple[str, dict[str, str], bytes]] = []

    class Depot(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:  # the base class's word
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            moved = self.path.endswith("moved")
            self.send_response(307 if moved else 200)
            self.send_header(*(("Location", "/elsewhere") if moved else ("ETag", '"1"')))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Depot) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}"
        office = Office(HTTPTransport("https://haizhou.test"), lambda count: bytes(count))
        put_part(office, "0" * 64, Wanted(0, f"{root}/part?X-Amz-Signature=1", {"X-Signed": "yes"}), b"half", "TOKEN")
        with pytest.raises(CaptivePortal):
            put_part(office, "0" * 64, Wanted(0, f"{root}/moved"), b"half", "TOKEN")
        server.shutdown()
    [(path, headers, body), (moved, _, _)] = seen
    assert (path, body, moved) == ("/part?X-Amz-Signature=1", b"half", "/moved")
    assert headers.keys() == {"host", "content-length", "x-signed"}


HTML = {"content-type": "text/html; charset=utf-8"}
PAGE = b"<!doctype html><html><form action='/login'></form></html>"


@BOTH_WAYS
@pytest.mark.parametrize(
    "answer",
    [
        Response(200, HTML, PAGE),
        Response(200, {"etag": '"x"', **HTML}, PAGE),
        Response(302, {"location": "https://portal.test/"}, b""),
        Response(200, {}, b""),
        Response(200, {"content-type": "application/json"}, b"{}"),
        Response(200, {"content-type": "application/xml"}, PAGE),
        Response(403, HTML, PAGE),
        Response(511, HTML, PAGE),
    ],
    ids=lambda answer: f"{answer.status} {len(answer.headers)} {len(answer.body)}",
)
def test_a_log_in_page_does_not_pass_for_an_answer(
    workshop: Workshop, office: PhotoOffice, answer: Response, *, depot: bool
) -> None:
    """It answers the PUT of a part; the photo is not there, and nobody believes that it is."""

    class Portal(InProcessTransport):
        def send(self, request: Request) -> Response:
            return answer if request.method == "PUT" else super().send(request)

    office.depot = depot
    li = workshop.tablet("李", transport=Portal(office))
    photographed(li, small())
    li.sync()
    with pytest.raises(CaptivePortal):
        li.send_photos()
    assert set(states(li).values()) == {"queued"}
    li.close()
    li = workshop.tablet("李")
    assert li.send_photos().verified == 1


def test_a_server_that_stutters_is_asked_again(li: FieldClient, office: PhotoOffice, workshop: Workshop) -> None:
    """503 with a time: it waits as long, and goes on."""
    photographed(li, small())
    li.sync()
    office.refuse = [Refusal("storage_unavailable"), Refusal("busy", retry_after_s=7)]
    report = li.send_photos()
    assert (report.verified, report.retries) == (1, 2)


def test_one_file_that_the_server_cannot_digest_does_not_hold_up_the_others(
    workshop: Workshop, office: PhotoOffice
) -> None:
    """Its completion fails every time; everybody else's photo arrives, and it is tried again later."""
    li = workshop.tablet("李")
    photographed(li, small(1), small(2), small(3))
    li.sync()
    first = min(li.photos(), key=lambda file: file.bytes).sha256

    class Chokes(InProcessTransport):
        def send(self, request: Request) -> Response:
            if request.path.endswith(f"{first}/complete"):
                return Response(500, {"content-type": "application/problem+json"}, b'{"code": "internal_error"}')
            return super().send(request)

    li.close()
    li = workshop.tablet("李", transport=Chokes(office))
    report = li.send_photos()
    assert (report.verified, report.waiting) == (2, 1)
    assert [problem["sha256"] for problem in report.problems] == [first]
    li.close()
    workshop.wall.forward(3_700)
    li = workshop.tablet("李")
    assert li.send_photos().verified == 1


def test_a_depot_that_is_down_ends_it(workshop: Workshop, office: PhotoOffice) -> None:
    """It is not the files: after the second one that nobody answers for, it stops."""

    class Down(InProcessTransport):
        def send(self, request: Request) -> Response:
            return Response(503, {}, b"") if request.path.startswith("https://") else super().send(request)

    office.depot = True
    li = workshop.tablet("李", transport=Down(office))
    photographed(li, *(small(seed) for seed in range(6)))
    li.sync()
    with pytest.raises(Busy):
        li.send_photos()
    assert len(workshop.waited) < 10


def test_a_picture_that_the_office_refuses_stays_and_is_told(li: FieldClient, office: PhotoOffice) -> None:
    """It needs somebody's eye, until he has put it aside; it is not offered again."""
    photographed(li, small())
    li.sync()
    [file] = li.photos()
    office.refused[file.sha256] = "photo_damaged"
    report = li.send_photos()
    assert [problem["code"] for problem in report.problems] == ["photo_damaged"]
    status = li.status()
    assert (status.photos_waiting, status.photos_refused) == (0, 1)
    [file] = li.photos()
    assert file.problem is not None
    assert (file.state, file.problem["code"]) == ("refused", "photo_damaged")
    asked = len(office.asked)
    li.send_photos(now=True)
    assert len(office.asked) == asked
    assert li.acknowledge_photo(file.sha256)
    assert li.status().photos_refused == 0
    assert not li.acknowledge_photo(file.sha256)


def test_an_office_that_takes_no_photos_yet_is_no_error(li: FieldClient, office: PhotoOffice) -> None:
    """They wait for the day when it does."""
    photographed(li, small())
    li.sync()
    office.takes_photos = False
    report = li.send_photos()
    assert report.problem is not None
    assert (report.problem["code"], report.waiting) == ("photos_not_taken", 1)
    office.takes_photos = True
    assert li.send_photos().verified == 1


def test_a_revoked_tablet_keeps_its_photos(li: FieldClient, office: PhotoOffice) -> None:
    """It is told, and nothing goes."""
    photographed(li, small())
    li.sync()
    office.devices.clear()
    with pytest.raises(NotEnrolled):
        li.send_photos()
    assert li.status().photos_waiting == 1


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"photos": []}',
        b'{"photos": [{"sha256": "0", "state": "verified"}]}',
        b'{"photos": [{"sha256": "%s", "state": "arrived"}]}',
        b'{"photos": [{"sha256": "%s", "state": "send", "parts": [{"n": 9}]}]}',
        b'{"photos": [{"sha256": "%s", "state": "send", "parts": [{"n": 0}, {"n": 0}]}]}',
        b'{"photos": [{"sha256": "%s", "state": "verified"}, {"sha256": "%s", "state": "verified"}]}',
    ],
)
def test_an_answer_that_does_not_fit_is_not_believed(workshop: Workshop, office: PhotoOffice, body: bytes) -> None:
    """Nothing counts as arrived because of it."""
    name = hashlib.sha256(small()).hexdigest().encode()

    class Wrong(InProcessTransport):
        def send(self, request: Request) -> Response:
            if request.path.endswith("/plan"):
                return Response(200, {"content-type": "application/json"}, body.replace(b"%s", name))
            return super().send(request)

    li = workshop.tablet("李", transport=Wrong(office))
    photographed(li, small())
    li.sync()
    with pytest.raises(Unreachable):
        li.send_photos()
    assert set(states(li).values()) == {"queued"}


# -- the tablet itself ------------------------------------------------------------------------------


def test_an_original_deleted_by_hand_is_told_as_lost(li: FieldClient, office: PhotoOffice, workshop: Workshop) -> None:
    """Loudly, in the report and in the status; put back, it is sent."""
    photographed(li, small())
    li.sync()
    [(name, content)] = everything(workshop).items()
    place = workshop.folder / "李.db-photos" / name[:2] / name
    place.unlink()
    report = li.send_photos()
    assert [problem["code"] for problem in report.problems] == ["photo_gone"]
    assert (li.status().photos_lost, li.status().photos_waiting) == (1, 0)
    assert li.acknowledge_photo(name)
    li.send_photos()
    assert li.status().photos_lost == 0, "it was put aside, and is not told again"
    place.write_bytes(content)
    assert li.send_photos().verified == 1


def test_a_lost_picture_attached_again_is_not_lost(li: FieldClient, workshop: Workshop) -> None:
    """Somebody had it in his gallery still: it waits, and is sent."""
    photographed(li, small())
    li.sync()
    shutil.rmtree(workshop.folder / "李.db-photos")
    li.send_photos()
    assert li.status().photos_lost == 1
    photographed(li, small())
    assert (li.status().photos_lost, li.status().photos_waiting) == (0, 1)
    li.sync()
    assert li.send_photos().verified == 1


@pytest.mark.parametrize("when", ["before", "half-way"])
@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data[:-1] + b"?", lambda data: data + b"?"])
def test_an_altered_original_never_travels(
    li: FieldClient, office: PhotoOffice, workshop: Workshop, change: object, when: str
) -> None:
    """What was named at capture is what travels, or nothing does."""
    assert callable(change)
    photographed(li, large())
    li.sync()
    original = hashlib.sha256(large()).hexdigest()
    place = workshop.folder / "李.db-photos" / original[:2] / original

    def alter(told: PhotoProgress) -> None:
        if when == "before" or (told.current == original and told.state == "PART_SENT"):
            place.write_bytes(change(large()))

    if when == "before":
        place.write_bytes(change(large()))
    report = li.send_photos(now=True, progress=alter if when == "half-way" else None)
    assert [problem["code"] for problem in report.problems] == ["photo_changed"]
    assert original not in office.arrived()
    assert office.untrue == 0
    assert states(li)[original] == "lost"
    place.write_bytes(large())
    assert li.send_photos(now=True).verified == 1


def test_a_file_lost_here_and_arrived_there_is_not_lost(
    li: FieldClient, office: PhotoOffice, workshop: Workshop
) -> None:
    """The answer to the completion was lost, then the file: the office says that it has it."""
    photographed(li, small())
    li.sync()
    li.close()
    broken = workshop.tablet("李", transport=Breaks(InProcessTransport(office), 3, Killed, arrives=True))
    with pytest.raises(Killed):
        broken.send_photos()
    broken.close()
    shutil.rmtree(workshop.folder / "李.db-photos")
    again = workshop.tablet("李")
    report = again.send_photos()
    assert (report.verified, report.problems) == (1, [])


def test_two_programs_do_not_send_at_once(workshop: Workshop, office: PhotoOffice) -> None:
    """The second is told so; a sync beside it goes through."""
    li, other = workshop.tablet("李"), workshop.tablet("李")
    photographed(li, large())
    li.sync()
    told: list[object] = []

    def meanwhile(progress: PhotoProgress) -> None:
        if progress.state != "PART_SENT" or told:
            return
        with pytest.raises(SendingUnderWay):
            other.send_photos()
        with pytest.raises(SendingUnderWay):
            other.tidy_photos()
        with pytest.raises(SendingUnderWay):
            other.reset()
        shop(other, "开着传照片时新开的店")
        told.append(other.sync().applied)

    li.send_photos(now=True, progress=meanwhile)
    assert told == [1]
    assert max(office.put.values()) == 1


def test_records_are_written_and_synced_while_a_part_is_under_way(workshop: Workshop, office: PhotoOffice) -> None:
    """No transaction is open while the network is slow: a thread syncs, and another records."""
    under_way, go_on = threading.Event(), threading.Event()

    class Slow(InProcessTransport):
        def send(self, request: Request) -> Response:
            if about_photos(request):
                under_way.set()
                assert go_on.wait(20)
            return super().send(request)

    li = workshop.tablet("李", transport=Slow(office))
    photographed(li, small())
    li.sync()
    sender = threading.Thread(target=lambda: li.send_photos())
    sender.start()
    assert under_way.wait(20)
    shop(li, "边传边记")
    assert li.sync().applied == 1
    go_on.set()
    sender.join(20)
    assert len(office.arrived()) == 1


def test_a_full_disk_stops_it_and_nothing_is_believed(
    li: FieldClient, office: PhotoOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be noted is sent once more at the worst."""
    photographed(li, small())
    li.sync()
    run = li._db.run

    def full(sql: str, values: object = ()) -> object:
        if sql.startswith("UPDATE photo_file SET state = 'verified'"):
            raise StoreFull("disk")
        return run(sql, values)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(li._db, "run", full)
        with pytest.raises(StoreFull):
            li.send_photos()
    assert "verified" not in states(li).values()
    report = li.send_photos()
    assert (report.verified, report.bytes_sent) == (1, 0)


@pytest.mark.parametrize("years", [-40, 5])
def test_a_wrong_clock_sends_all_the_same(workshop: Workshop, office: PhotoOffice, years: int) -> None:
    """Also where it jumps between one file and the next, and where a file was put off before."""
    office.depot = True
    li = workshop.tablet("李")
    workshop.wall.forward(years * 365 * 86_400)
    photographed(li, small(1), small(2))
    li.sync()
    office.losing = 1_000
    li.send_photos()
    office.losing = 0
    workshop.wall.forward(-2 * years * 365 * 86_400)

    def jump(told: PhotoProgress) -> None:
        workshop.wall.forward(86_400 * (1 if len(told.state) % 2 else -1))

    li.send_photos(progress=jump)
    workshop.wall.forward(3 * abs(years) * 365 * 86_400)
    li.send_photos()
    assert office.arrived() == everything(workshop)


def test_what_a_clock_that_ran_ahead_put_off_is_not_put_off_for_years(li: FieldClient, workshop: Workshop) -> None:
    """Nothing is put off for longer than an hour, so a moment beyond that is none."""
    photographed(li, small())
    li.sync()
    assert isinstance(workshop.office, PhotoOffice)
    workshop.wall.forward(5 * 365 * 86_400)
    workshop.office.losing = 1_000
    li.send_photos()
    workshop.office.losing = 0
    assert li.send_photos().bytes_sent == 0
    workshop.wall.forward(-5 * 365 * 86_400)
    assert li.send_photos().verified == 1


def test_an_office_that_lost_its_last_commits_is_offered_every_photo_again(
    li: FieldClient, office: PhotoOffice
) -> None:
    """It has not noticed, and its epoch is the same; what it settled last tells."""
    photographed(li, small(1))
    li.sync()
    backup = office.back_up()
    photographed(li, small(2))
    li.sync()
    assert li.send_photos().verified == 2
    office.files.clear()
    office.restore(backup)
    li.sync()
    assert li.status().photos_waiting == 2
    assert li.send_photos().verified == 2
    assert len(office.arrived()) == 2


@pytest.mark.parametrize("refuses", [True, False])
def test_a_restored_office_is_offered_every_photo_again(li: FieldClient, office: PhotoOffice, *, refuses: bool) -> None:
    """It keeps what it has, and gets what it lost; both are said by its own answers."""
    office.looks_at_epoch = refuses
    photographed(li, small(1), small(2))
    li.sync()
    backup = office.back_up()
    li.send_photos()
    lost = sorted(office.files)[0]
    del office.files[lost]
    office.restore(backup, "epoch-2")
    li.sync()
    assert li.status().photos_waiting == 2
    report = li.send_photos()
    assert (report.verified, len(office.arrived())) == (2, 2)
    assert office.put[lost, 0] == 2
    assert sum(office.put.values()) == 3


def test_an_answer_of_the_office_before_it_was_restored_is_thrown_away(workshop: Workshop, office: PhotoOffice) -> None:
    """Verified was said, then the office was put back, and a sync heard of it before the word was written down."""
    li = workshop.tablet("李")
    backup = office.back_up()
    photographed(li, small())
    li.sync()

    class Restored(InProcessTransport):
        done = False

        def send(self, request: Request) -> Response:
            answer = super().send(request)
            if request.path.endswith("/complete") and not Restored.done:
                Restored.done = True
                office.files.clear()
                office.restore(backup, "epoch-2")
                other = workshop.tablet("李")
                other.sync()
            return answer

    li.close()
    li = workshop.tablet("李", transport=Restored(office))
    assert li.send_photos().verified == 1
    assert len(office.arrived()) == 1
    assert sum(office.put.values()) == 2


def test_a_tablet_enrolled_as_another_device_offers_its_photos_again(workshop: Workshop, office: PhotoOffice) -> None:
    """What the office has it says so; nothing travels twice."""
    li = workshop.tablet("李")
    photographed(li, small())
    li.sync()
    li.send_photos()
    office.devices.clear()
    with pytest.raises(SyncError):
        li.sync()
    li.enrol(office.invite("NEW", WANG, "王"), "平板")
    assert li.status().photos_waiting == 1
    assert li.send_photos().bytes_sent == 0
    assert set(states(li).values()) == {"verified"}
