"""
Transports to test with 测试用传输: a server in the same process, and a network at its worst.

For whoever builds on the client: ``InProcessTransport`` carries requests to any WSGI app without a
socket; ``FlakyTransport`` stands before any transport and does what rural networks do, the same way
for the same seed.
"""

import io
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from sync_client.errors import GarbledAnswer, Unreachable
from sync_client.transport import Request, Response, Transport

WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_PORTAL = b"<!doctype html><title>WiFi</title><form action='/login'>\xe8\xaf\xb7\xe7\x99\xbb\xe5\xbd\x95</form>"


class InProcessTransport:
    """
    Carries requests to a WSGI app in this process.

    Args:
        app: Any WSGI app; it is asked as well where a request names a whole address, under that host.
        host: What the app is told it is called.
    """

    def __init__(self, app: WSGIApp, host: str = "gridward.test") -> None:
        self._app = app
        self._host = host

    def send(self, request: Request) -> Response:
        """Carry *request* there and its answer back."""
        said: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Callable[[bytes], None]:
            said.append((status, headers))
            return lambda _: None

        pieces = self._app(self._environ(request), start)
        try:
            body = b"".join(pieces)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
        status, headers = said[-1]
        return Response(int(status.split()[0]), {name.lower(): value for name, value in headers}, body)

    def _environ(self, request: Request) -> dict[str, Any]:
        address = urlsplit(request.path)
        host, path, query = address.netloc or self._host, address.path, address.query
        named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}
        content = {name: named.pop(f"HTTP_{name}", "") for name in ("CONTENT_TYPE", "CONTENT_LENGTH")}
        return {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": host,
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": host,
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            **named,
            **content,
            "CONTENT_LENGTH": str(len(request.body)),
        }


@dataclass(frozen=True, slots=True)
class Weather:
    """
    How bad the network is 网络状况: the chance of each mishap, each from 0 to 1; together at most 1.

    Attributes:
        lose_request: The request never arrives.
        lose_answer: It arrives and is carried out; the answer is lost.
        duplicate: It arrives twice; the second answer comes back.
        truncate: The answer is cut off somewhere.
        corrupt: A byte of the answer is damaged so that one can tell, as TLS and checksums make sure of.
        portal: A captive portal answers 200 with its own page.
        storm: The server, or what stands before it, answers 429, 502 or 503.
    """

    lose_request: float = 0.0
    lose_answer: float = 0.0
    duplicate: float = 0.0
    truncate: float = 0.0
    corrupt: float = 0.0
    portal: float = 0.0
    storm: float = 0.0


FINE = Weather()
ROUGH = Weather(0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05)


class FlakyTransport:
    """
    Stands before another transport and spoils what it carries; one seed gives one course of events.

    Attributes:
        weather: May be changed at any time; ``FINE`` ends the faults.
        happened: What was done to each request so far, in order.
    """

    def __init__(self, inner: Transport, seed: int, weather: Weather = ROUGH) -> None:
        self._inner = inner
        self._random = random.Random(seed)  # noqa: S311  # mishaps, not secrets
        self.weather = weather
        self.happened: list[str] = []

    def send(self, request: Request) -> Response:
        """Carry *request* as well as the weather allows."""
        mishap = self._draw()
        self.happened.append(mishap)
        ways: Mapping[str, Callable[[Request], Response]] = {
            "lose_request": self._lose_request,
            "lose_answer": self._lose_answer,
            "duplicate": self._duplicate,
            "truncate": self._truncate,
            "corrupt": self._corrupt,
            "portal": self._portal,
            "storm": self._storm,
        }
        return ways.get(mishap, self._inner.send)(request)

    def _draw(self) -> str:
        drawn = self._random.random()
        for name in Weather.__dataclass_fields__:
            drawn -= getattr(self.weather, name)
            if drawn < 0:
                return name
        return "fine"

    def _lose_request(self, request: Request) -> Response:
        raise Unreachable(f"{request.path}: lost on the way there")

    def _lose_answer(self, request: Request) -> Response:
        self._inner.send(request)
        raise Unreachable(f"{request.path}: lost on the way back")

    def _duplicate(self, request: Request) -> Response:
        self._inner.send(request)
        return self._inner.send(request)

    def _truncate(self, request: Request) -> Response:
        answer = self._inner.send(request)
        if len(answer.body) < 2:
            raise GarbledAnswer("cut off")
        return replace(answer, body=answer.body[: self._random.randrange(1, len(answer.body))])

    def _corrupt(self, request: Request) -> Response:
        answer = self._inner.send(request)
        if not answer.body or answer.headers.get("content-encoding"):
            # A packed body may hide a flipped bit; the layers below would not have let it pass.
            raise GarbledAnswer("damaged")
        at = self._random.randrange(len(answer.body))
        return replace(answer, body=answer.body[:at] + b"\xff" + answer.body[at + 1 :])

    def _portal(self, request: Request) -> Response:
        del request
        return Response(200, {"content-type": "text/html; charset=utf-8"}, _PORTAL)

    def _storm(self, request: Request) -> Response:
        del request
        status = self._random.choice((429, 502, 503))
        headers = {"content-type": "text/html"} | ({} if status == 502 else {"retry-after": "1"})
        return Response(status, headers, b"<h1>busy</h1>")
