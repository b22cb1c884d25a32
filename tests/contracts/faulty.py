"""
A way to an S3 server on which things go wrong, one request after the other, as the test says 故障代理.

It passes on what was signed as it is, ``Host`` too, so that signatures hold.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, NamedTuple
from urllib.parse import urlsplit

#: A fault a request: what is done instead of passing it on and its answer back.
FAULTS = {
    "500": "the store breaks",
    "503": "the store is too busy",
    "507": "the store is full",
    "501": "the store cannot do that",
    "cut": "the connection is cut before anything arrived",
    "half": "half the body arrives, then the connection is cut",
    "lost": "the store does it, the answer is lost",
    "short": "the answer is cut in its middle",
    "slow": "no answer comes in time",
    "changed": "a byte of the body is another one on arrival",
    "unranged": "the answer does not say which part it is",
}
SLOW_S = 1.5


class Seen(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]


class FaultyWay:
    """
    Attributes:
        faults: What happens to the next requests; an empty word for nothing, and nothing after the last.
        always: What happens to every request.
        seen: All requests so far.
    """

    def __init__(self, target: str) -> None:
        self.faults: deque[str] = deque()
        self.always = ""
        self.seen: list[Seen] = []
        self.target = urlsplit(target)
        self.url = ""

    @contextmanager
    def open(self) -> Iterator["FaultyWay"]:
        """Listen on a free port until the end of the block."""
        server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"way": self}))
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def next_fault(self) -> str:
        """Return what happens to this request."""
        return self.always or (self.faults.popleft() if self.faults else "")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: connections are cut on purpose here."""


class _Handler(BaseHTTPRequestHandler):
    way: ClassVar[FaultyWay]
    protocol_version = "HTTP/1.1"

    def pass_on(self) -> None:
        """Pass one request on, or do to it what comes next."""
        self.way.seen.append(Seen(self.command, self.path, dict(self.headers)))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.way.next_fault()
        self.close_connection = bool(fault)
        if fault.isdigit():
            return self._answer(int(fault), {}, b"<Error><Code>Planned</Code></Error>")
        if fault == "slow":
            time.sleep(SLOW_S)
        if fault in ("cut", "slow"):
            return None
        if fault == "half":
            return self._send_half(body)
        if fault == "changed":
            body = body[:-1] + bytes([body[-1] ^ 1])
        status, headers, answer = self._asked(body)
        if fault == "unranged":
            headers.pop("Content-Range", None)
        if fault != "lost":
            self._answer(status, headers, answer, cut=fault == "short")
        return None

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = pass_on  # noqa: N815  # the library's names

    def _asked(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        there = self._sent(body)
        answer = there.getresponse()
        data = answer.read()
        there.close()
        return answer.status, dict(answer.headers), data

    def _sent(self, body: bytes) -> HTTPConnection:
        there = HTTPConnection(self.way.target.netloc, timeout=10)
        there.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("expect", "connection"):
                there.putheader(name, value)
        there.endheaders(body)
        return there

    def _send_half(self, body: bytes) -> None:
        self._sent(body[: len(body) // 2]).close()

    def _answer(self, status: int, headers: dict[str, str], data: bytes, *, cut: bool = False) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        length = headers.get("Content-Length", str(len(data))) if self.command == "HEAD" else str(len(data))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if cut else data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Say nothing."""
