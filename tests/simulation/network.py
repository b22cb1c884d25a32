"""
The way between a tablet and the office 网络: what becomes of each request is decided beforehand.

Bodies are damaged so that one can tell, as TLS and checksums make sure of; what a proxy or a portal puts
in an answer's place is none of ours.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from schemas.packing import unpack
from schemas.wire import MAX_BODY_INFLATED
from sync_client.errors import GarbledAnswer, Unreachable
from sync_client.transport import Request, Response
from tests.simulation.depots import ADDRESS, PlayDepot
from tests.simulation.drivers import Harm
from tests.simulation.server import Server
from tests.simulation.trace import Trace

FINE = "fine"
MISHAPS = (
    "lose_request", "lose_answer", "twice", "late", "cut_up", "spoil_up", "cut_down", "spoil_down",
    "portal", "storm_429", "storm_502", "storm_503", "storm_401",
)  # fmt: skip
_PORTAL = b"<!doctype html><title>WiFi</title><form action='/login'>\xe8\xaf\xb7\xe7\x99\xbb\xe5\xbd\x95</form>"
_SNAPSHOT = re.compile(r"/v1/snapshots/[0-9]+/[0-9a-f]{64}")
#: What a request takes there and back, ms.
_TRIP_MS = 40
#: So many requests stay somewhere on the way, to come again much later.
_STRAY = 60


@dataclass
class Network:
    """
    What all lines share.

    Attributes:
        stray: Requests that may still arrive, or arrive again.
        pass_time: Lets the play's clock go on by so many ms.
    """

    server: Server
    trace: Trace
    pass_time: Callable[[int], None]
    stray: list[Request] = field(default_factory=list)

    def carry(self, request: Request, harm: Harm | None = None) -> Response:
        """Bring *request* to the server, or to the depot's own door, and its answer back."""
        self.pass_time(_TRIP_MS)
        self.stray = [*self.stray, request][-_STRAY:]
        try:
            answer = self.server.handle(request, harm)
            if _SNAPSHOT.fullmatch(request.path) and answer.status in (200, 206):
                self.trace.done("snapshot piece")
            return answer
        finally:
            if harm is not None and self.server.lifeline.struck:
                self.trace.done(f"server {self.server.lifeline.struck}")

    def arrive_late(self, pick: int) -> str:
        """Let a stray request reach the server; nobody hears the answer."""
        if not self.stray:
            return "nothing on the way"
        request = self.stray[pick % len(self.stray)]
        answer = self.carry(request)
        self.trace.done("old request")
        path = "the depot" if request.path.startswith(ADDRESS) else request.path
        return f"{path} answered {answer.status} to nobody"


@dataclass
class Voyage:
    """
    What awaits the requests of one sync, in their order.

    Attributes:
        mishaps: One for each request; further ones go well.
        office: What befalls the server at the first of them that goes to it.
        aim: What stands in that one's path.
        troubles: What becomes of the depot's verbs from that one on.
        during: Which of them is under way when ``meanwhile`` happens.
    """

    mishaps: tuple[str, ...] = ()
    office: Harm | None = None
    meanwhile: Callable[[], None] | None = None
    during: int = 0
    turn: int = 0
    aim: str = ""
    troubles: tuple[str, ...] = ()

    def harm(self, path: str) -> Harm | None:
        """Return what befalls the server at a request for *path*, if it is its turn."""
        if path.startswith(ADDRESS) or self.aim not in path:
            return None
        harm, self.office = self.office, None
        return harm

    def trouble(self, depot: PlayDepot, path: str) -> int:
        """Let the depot's troubles begin at a request for *path*, if it is their turn; return how many those are."""
        if not self.troubles or path.startswith(ADDRESS) or self.aim not in path:
            return 0
        depot.troubles, self.troubles = list(self.troubles), ()
        return sum(trouble != "fine" for trouble in depot.troubles)


class Line:
    """
    One tablet's transport.

    Attributes:
        protocol: Which version of the protocol its program says it speaks; None for the one it does speak.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self.voyage = Voyage()
        self.protocol: int | None = None

    def send(self, request: Request) -> Response:
        """Carry *request* as its turn has it."""
        if self.protocol is not None and request.path == "/v1/sync":
            self._network.trace.done("other protocol")
            request = _as_version(request, self.protocol)
        voyage = self.voyage
        turn, voyage.turn = voyage.turn, voyage.turn + 1
        mishap = voyage.mishaps[turn] if turn < len(voyage.mishaps) else FINE
        harm = voyage.harm(request.path)
        self._network.trace.harm["depot trouble"] += voyage.trouble(self._network.server.depot, request.path)
        try:
            if mishap == FINE:
                return self._network.carry(request, harm)
            self._network.trace.done(mishap)
            return self._spoilt(mishap, request, harm)
        finally:
            if voyage.meanwhile is not None and turn == voyage.during:
                meanwhile, voyage.meanwhile = voyage.meanwhile, None
                meanwhile()

    def _spoilt(self, mishap: str, request: Request, harm: Harm | None) -> Response:
        carry = self._network.carry
        if mishap == "lose_request":
            raise Unreachable("lost on the way there")
        if mishap == "late":
            self._network.stray.append(request)
            raise Unreachable("still on the way")
        if mishap in ("cut_up", "spoil_up"):
            return carry(replace(request, body=_DAMAGE[mishap](request.body)), harm)
        if mishap in _INSTEAD:
            return _INSTEAD[mishap]
        answer = carry(request, harm)
        if mishap == "lose_answer":
            raise Unreachable("lost on the way back")
        if mishap == "twice":
            return carry(request)
        return _damaged_answer(mishap, answer)


def _as_version(request: Request, protocol: int) -> Request:
    """Return *request* as a program of another version of the protocol would send it."""
    plain = unpack(request.body, request.headers.get("Content-Encoding"), MAX_BODY_INFLATED)
    said = msgspec.json.decode(plain, type=dict[str, msgspec.Raw]) | {"protocol": msgspec.Raw(b"%d" % protocol)}
    headers = {name: value for name, value in request.headers.items() if name != "Content-Encoding"}
    return replace(request, body=msgspec.json.encode(said), headers=headers)


def _damaged_answer(mishap: str, answer: Response) -> Response:
    packed = answer.headers.get("content-encoding")
    if not answer.body or (packed and mishap == "spoil_down"):
        # A packed body may hide a flipped bit; the layers below would not have let it pass.
        raise GarbledAnswer("damaged")
    return replace(answer, body=_DAMAGE[mishap.replace("_down", "_up")](answer.body))


def _cut(body: bytes) -> bytes:
    return body[: len(body) * 2 // 3]


def _spoil(body: bytes) -> bytes:
    # The first byte, so that one can tell in any packing; damage further in is left to TLS to prevent.
    return bytes([body[0] ^ 0xFF if body else 0xFF]) + body[1:]


def _problem(status: int, code: str) -> Response:
    body: dict[str, Any] = {"code": code, "message_zh": "", "message_en": "", "retryable": status != 401}
    return Response(status, {"content-type": "application/problem+json"}, msgspec.json.encode(body))


_DAMAGE: dict[str, Callable[[bytes], bytes]] = {"cut_up": _cut, "spoil_up": _spoil}
_HTML = {"content-type": "text/html; charset=utf-8"}
_INSTEAD = {
    "portal": Response(200, _HTML, _PORTAL),
    "storm_429": Response(429, _HTML | {"retry-after": "1"}, b"<h1>slow down</h1>"),
    "storm_502": Response(502, _HTML, b"<h1>bad gateway</h1>"),
    "storm_503": Response(503, _HTML | {"retry-after": "2"}, b"<h1>busy</h1>"),
    "storm_401": _problem(401, "not_enrolled"),
}
