"""Receivers on this machine, in threads: a robot's server that answers as it is told, and one that takes mail."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import loads
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass
class Heard:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        """Its JSON."""
        return loads(self.body)

    @property
    def asked(self) -> dict[str, str]:
        """Its query."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}


@dataclass
class Receiver:
    """
    A server of HTTP that keeps what it hears.

    Attributes:
        answers: What it says, one after the other, the last one for ever: a status and a body.
        gate: Until this is set, nobody gets an answer.
    """

    url: str
    answers: list[tuple[int, bytes]] = field(default_factory=lambda: [(200, b'{"errcode": 0, "code": 0}')])
    heard: list[Heard] = field(default_factory=list)
    gate: Event = field(default_factory=Event)

    def answer(self) -> tuple[int, bytes]:
        """Return what it says next."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Run one on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            known.heard.append(Heard(self.path, dict(self.headers.items()), body))
            known.gate.wait(10)
            status, said = known.answer()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    known = Receiver(f"http://127.0.0.1:{server.server_port}")
    known.gate.set()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield known
    finally:
        known.gate.set()
        server.shutdown()
        server.server_close()


@dataclass
class Postbox:
    """A mail server's address, and the letters it took; those to ``nobody`` it refuses."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take letters for everybody but nobody."""
        if address.startswith("nobody"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one letter."""
        letter = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 OK"


@contextmanager
def postbox() -> Iterator[Postbox]:
    """Run one on a free port; it lets in ``office`` with the password ``secret``, and whoever says nothing."""
    box = Postbox()

    def known(_server: object, _session: object, _envelope: object, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"office", b"secret"), handled=False)

    controller = Controller(box, hostname="127.0.0.1", port=_free_port(), authenticator=known, auth_require_tls=False)
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
