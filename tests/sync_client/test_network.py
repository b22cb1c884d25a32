"""What the network and the office may say, and what the tablet makes of it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.packing import pack
from schemas.problems import Refusal
from sync_client.client import FieldClient
from sync_client.errors import (
    Busy,
    CaptivePortal,
    GarbledAnswer,
    NotEnrolled,
    OutdatedClient,
    Refused,
    SyncError,
    Unreachable,
    UntrustedServer,
)
from sync_client.retry import Patience, next_sync_s, pause_s
from sync_client.testing import FINE, FlakyTransport, InProcessTransport, Weather
from sync_client.transport import HTTPTransport, Request, Response
from tests.sync_client.office import TinyOffice
from tests.sync_client.tablets import Workshop, shop
from tests.sync_client.test_stories import same_as_office


class Says:
    """A network that answers every sync with the same words; the rest goes to the office."""

    def __init__(self, office: TinyOffice, answer: Response, *, also_pings: bool = False) -> None:
        self._inner = InProcessTransport(office)
        self.answer: Response | None = answer
        self.also_pings = also_pings
        self.asked = 0

    def send(self, request: Request) -> Response:
        """Answer, or carry to the office."""
        spoiled = ("/v1/sync", "/v1/ping") if self.also_pings else ("/v1/sync",)
        if self.answer is None or not request.path.startswith(spoiled):
            return self._inner.send(request)
        self.asked += 1
        return self.answer


HTML = {"content-type": "text/html; charset=utf-8"}
JSON = {"content-type": "application/json"}
PROBLEM = {"content-type": "application/problem+json"}

ANSWERS: dict[str, tuple[Response, type[SyncError], int]] = {
    "a log-in page": (Response(200, HTML, b"<html>"), CaptivePortal, 1),
    "a redirect": (Response(302, {"location": "http://10.0.0.1/"}, b""), CaptivePortal, 1),
    "a page that is not there": (Response(404, HTML, b"<html>"), CaptivePortal, 1),
    "a proxy's error": (Response(502, HTML, b"<h1>Bad Gateway</h1>"), Busy, 4),
    "too many requests": (Response(429, HTML | {"retry-after": "2"}, b""), Busy, 4),
    "come back in an hour": (Response(503, HTML | {"retry-after": "3600"}, b""), Busy, 1),
    "half an answer": (Response(200, JSON, b'{"server":{"epo'), GarbledAnswer, 4),
    "JSON of somebody else's": (Response(200, JSON, b'{"ok":true}'), GarbledAnswer, 4),
    "a broken stream": (Response(200, JSON | {"content-encoding": "gzip"}, b"\x1f\x8b1"), GarbledAnswer, 4),
    "an unknown packing": (Response(200, JSON | {"content-encoding": "br"}, b"1"), GarbledAnswer, 4),
    "half a problem": (Response(400, PROBLEM, b'{"code":'), GarbledAnswer, 4),
    "outcomes nobody asked for": (
        Response(
            200,
            JSON,
            b'{"server":{"epoch":"e","now_ms":1},"outcomes":[{"n":1,"outcome":"applied","count":9999}]}',
        ),
        GarbledAnswer,
        4,
    ),
    "an outcome without its version": (
        Response(200, JSON, b'{"server":{"epoch":"e","now_ms":1},"outcomes":[{"n":1,"outcome":"applied"}]}'),
        GarbledAnswer,
        4,
    ),
    "damage where the decoder does not look": (
        Response(200, JSON, b'{"server":{"epoch":"e","now_ms":1},"outc\xffmes":[]}'),
        GarbledAnswer,
        4,
    ),
    "not enrolled": (Response(401, PROBLEM, b'{"code":"not_enrolled"}'), NotEnrolled, 1),
    "revoked": (Response(403, PROBLEM, b'{"code":"device_revoked"}'), NotEnrolled, 1),
    "too old": (Response(426, PROBLEM, b'{"code":"upgrade_needed"}'), OutdatedClient, 1),
    "something new": (Response(400, PROBLEM, b'{"code":"of_tomorrow"}'), Refused, 1),
}


@pytest.mark.parametrize(("answer", "error", "asked"), ANSWERS.values(), ids=ANSWERS)
def test_every_answer_is_told_apart_and_loses_nothing(
    workshop: Workshop, office: TinyOffice, answer: Response, error: type[SyncError], asked: int
) -> None:
    """Whatever comes, the work stays, and arrives once the weather is better."""
    network = Says(office, answer)
    li = workshop.tablet("李", transport=network)
    shop(li)
    with pytest.raises(error) as said:
        li.sync()
    assert type(said.value) is error
    assert network.asked == asked
    assert said.value.report is not None
    assert said.value.report.problem == said.value.problem
    told = li.status().last_problem
    assert told is not None
    assert told["message_zh"]
    assert told["next_zh"]
    assert li.status().waiting == 1

    network.answer = None
    assert li.sync().applied == 1
    assert li.status().last_problem is None
    same_as_office(li, office)


@pytest.mark.parametrize(
    "run", [b'"count":2,"no":"XC-A"', b'"count":2,"no":""', b'"count":0', b'"count":-1', b'"count":2},{"count":-1']
)
def test_runs_that_cannot_be_told_apart_are_no_answer(workshop: Workshop, office: TinyOffice, run: bytes) -> None:
    """Numbers that do not count up, and runs of nothing: the work stays, and arrives once the answer is one."""
    outcome = b'"n":1,"outcome":"applied","feed":"210902005","version":1,'
    told = b"},{".join(outcome + part for part in run.split(b"},{"))
    network = Says(office, Response(200, JSON, b'{"server":{"epoch":"e","now_ms":1},"outcomes":[{' + told + b"}]}"))
    li = workshop.tablet("李", transport=network)
    shop(li)
    shop(li)
    with pytest.raises(GarbledAnswer):
        li.sync()
    assert li.status().waiting == 2

    network.answer = None
    assert li.sync().applied == 2
    same_as_office(li, office)


def test_a_portal_that_speaks_json_is_found_by_the_ping(workshop: Workshop, office: TinyOffice) -> None:
    """It does not return the nonce, so it is not the office."""
    network = Says(office, Response(200, JSON, b'{"ok":true}'), also_pings=True)
    li = workshop.tablet("李", transport=network)
    assert not li.ping()
    with pytest.raises(CaptivePortal):
        li.sync()
    network.answer = None
    assert li.ping()


def test_a_busy_office_is_given_the_time_it_asks_for(workshop: Workshop, office: TinyOffice, li: FieldClient) -> None:
    """Short pauses are waited out; a long one ends the sync and is remembered."""
    office.refuse = [Refusal("internal_error")]
    li.sync()
    assert len(workshop.waited) == 1
    network = Says(office, Response(503, HTML | {"retry-after": "3600"}, b""))
    wang = workshop.tablet("王", transport=network)
    with pytest.raises(Busy):
        wang.sync()
    assert wang.status().next_sync_after_s >= 3600


def test_a_body_too_large_is_halved(li: FieldClient, office: TinyOffice) -> None:
    """413 once: the same work in two halves."""
    for i in range(8):
        shop(li, f"店{i}")
    office.refuse = [Refusal("too_large", limit="1 KiB")]
    report = li.sync()
    assert (report.applied, report.rounds) == (8, 2)
    shop(li)
    office.refuse = [Refusal("too_large", limit="1 KiB")]
    with pytest.raises(Refused):
        li.sync()


def test_an_office_without_zstd_is_sent_gzip(li: FieldClient, office: TinyOffice) -> None:
    """415 once: packed otherwise, and remembered."""
    for i in range(8):
        shop(li, f"店{i}")
    office.refuse = [Refusal("unsupported_encoding", encoding="zstd")]
    assert li.sync().applied == 8


def test_flaky_weather_is_the_same_for_the_same_seed(workshop: Workshop, office: TinyOffice) -> None:
    """A course of events can be played again."""
    rough = Weather(0.15, 0.15, 0.15, 0.15, 0.15, 0.1, 0.1)
    courses = []
    for name in ("甲", "乙"):
        network = FlakyTransport(InProcessTransport(office), seed=5, weather=FINE)
        tablet = workshop.tablet(name, transport=network)
        network.weather = rough
        for _ in range(40):
            try:
                tablet.sync()
            except Unreachable:
                continue
        courses.append(network.happened)
    shortest = min(map(len, courses))
    assert courses[0][:shortest] == courses[1][:shortest]
    assert set(courses[0]) >= set(Weather.__dataclass_fields__)


@given(
    failed=st.integers(1, 10),
    dice=st.floats(0, 1),
    asked=st.none() | st.integers(0, 100),
)
def test_a_pause_is_jittered_bounded_and_never_before_the_office_s_time(
    failed: int, dice: float, asked: int | None
) -> None:
    """Full jitter up to the cap; Retry-After is a lower bound; attempts are counted."""
    patience = Patience()
    pause = pause_s(patience, failed, Busy(retry_after_s=asked), dice)
    if failed >= patience.attempts or (asked or 0) > patience.longest_s:
        assert pause is None
    elif pause is not None:
        assert (asked or 0) <= pause <= max(patience.longest_s, patience.cap_s)
    assert pause_s(patience, failed, CaptivePortal(), dice) is None
    assert (asked or 1) <= next_sync_s(failed, Busy(retry_after_s=asked), dice) <= 1800


# -- real sockets ------------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    """Answers by path, and remembers what it was asked."""

    protocol_version = "HTTP/1.1"
    raw: bytes = b""

    def do_POST(self) -> None:
        """Answer as the path says."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Handler.raw = str(self.headers).encode() + body
        if self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"short")
            self.close_connection = True
            return
        if self.path == "/slow":
            threading.Event().wait(1)
        status = 302 if self.path == "/moved" else 200
        packed, encoding = pack(b'{"a":"' + b"x" * 1000 + b'"}', "gzip")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Encoding", str(encoding))
        self.send_header("Content-Length", str(len(packed)))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(packed)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    """Says nothing about tablets that hang up."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """A real HTTP server on this machine."""
    httpd = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def test_http_carries_little_and_brings_the_body_as_it_travelled(server: str) -> None:
    """No header that nobody reads; packed bodies stay packed; redirects are not followed."""
    transport = HTTPTransport(server + "/")
    answer = transport.send(Request("POST", "/", {"Content-Type": "application/json"}, b"{}"))
    assert (answer.status, answer.headers["content-encoding"]) == (200, "gzip")
    assert len(answer.body) < 100
    sent = {line.partition(b":")[0] for line in Handler.raw.splitlines() if b":" in line}
    assert sent == {b"Host", b"Content-Type", b"Content-Length"}
    assert transport.send(Request("POST", "/moved", {}, b"{}")).status == 302
    transport.close()


def test_http_tells_silence_from_half_an_answer(server: str) -> None:
    """Cut off, too slow, nobody there, nobody to trust."""
    transport = HTTPTransport(server, read_s=0.2)
    with pytest.raises(GarbledAnswer):
        transport.send(Request("POST", "/cut", {}, b"{}"))
    with pytest.raises(Unreachable):
        transport.send(Request("POST", "/slow", {}, b"{}"))
    transport.close()
    with pytest.raises(Unreachable) as nobody:
        HTTPTransport("http://127.0.0.1:9").send(Request("POST", "/", {}, b"{}"))
    assert type(nobody.value) is Unreachable
    with pytest.raises(UntrustedServer):
        HTTPTransport(server.replace("http:", "https:")).send(Request("POST", "/", {}, b"{}"))


@pytest.mark.parametrize("url", ["haizhou.example", "ftp://haizhou.example", "http://haizhou.example", ""])
def test_a_token_does_not_travel_in_the_open(url: str) -> None:
    """Only https, or this very machine, unless somebody says so."""
    with pytest.raises(ValueError, match=r"^$|example"):
        HTTPTransport(url)
    HTTPTransport("http://haizhou.example", plain_http=True).close()


def test_an_idle_sync_takes_at_most_500_bytes_with_headers(workshop: Workshop, office: TinyOffice) -> None:
    """Request line, headers and body both ways."""
    seen: list[int] = []

    class Scale(InProcessTransport):
        def send(self, request: Request) -> Response:
            answer = super().send(request)
            there = {"Host": "haizhou.example", "Content-Length": str(len(request.body)), **request.headers}
            seen.append(_weight(f"POST {request.path} HTTP/1.1", there, request.body))
            seen.append(_weight(f"HTTP/1.1 {answer.status} OK", answer.headers, answer.body))
            return answer

    li = workshop.tablet("李", transport=Scale(office))
    shop(li)
    li.sync()
    li.sync()
    seen.clear()
    li.sync()
    assert len(seen) == 2
    assert sum(seen) <= 500


def _weight(first: str, headers: object, body: bytes) -> int:
    assert isinstance(headers, dict)
    return len(first) + 4 + sum(len(f"{name}: {value}\r\n") for name, value in headers.items()) + len(body)
