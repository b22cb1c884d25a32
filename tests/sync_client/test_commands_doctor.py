"""The doctor finds what is wrong with a tablet and its way to the server, and says what to do."""

import json
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from sync_client.commands.session import Address, Surroundings, connected
from sync_client.doctor import examine
from sync_client.testing import FlakyTransport, InProcessTransport, Weather
from sync_client.transport import HTTPTransport
from tests.sync_client.terminals import NoSignal, Terminal

CLEAN_CHECK = ("record", "shop", "--target", "12", "-a", "l 2", "-a", "a", "--yes")


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """The terminal of Li's tablet, with the registers on it."""
    made = Terminal(tmp_path / "tablet")
    made.enrol()
    return made


def states(terminal: Terminal) -> dict[str, str]:
    """Return the state of everything the doctor looked at."""
    return {finding["code"]: finding["state"] for finding in terminal.json("doctor")["findings"]}


def test_a_healthy_tablet(terminal: Terminal) -> None:
    """Everything fine; in this process there is no certificate to look at."""
    found = states(terminal)
    assert found.pop("certificate") == "unknown"
    assert set(found) == {"disk", "file", "waiting", "photos", "server", "clock", "enrolled"}
    assert set(found.values()) == {"fine"}
    assert terminal.types("doctor").exit_code == 0


def test_the_doctor_changes_nothing(terminal: Terminal) -> None:
    """Nothing is sent, fetched or written, so waiting work still waits: 2."""
    terminal.types(*CLEAN_CHECK)
    taken = terminal.office.applied()
    assert terminal.types("doctor").exit_code == 2
    assert terminal.office.applied() == taken
    assert terminal.json("status")["waiting"] == 1


def test_never_enrolled(tmp_path: Path) -> None:
    """There is nothing to look at but the disk, and the advice is to ask for a code."""
    told = Terminal(tmp_path / "nothing").types("doctor")
    assert told.exit_code == 5
    assert "索取登记码" in told.stdout


def test_revoked(terminal: Terminal) -> None:
    """The server answers, and says no to this tablet alone."""
    terminal.office.devices.clear()
    assert states(terminal)["server"] == "fine"
    assert states(terminal)["enrolled"] == "wrong"
    assert terminal.types("doctor").exit_code == 5


def test_no_network(terminal: Terminal) -> None:
    """Whether the enrolment holds is then unknown, not wrong."""
    terminal.transport = NoSignal()
    assert states(terminal)["server"] == "wrong"
    assert states(terminal)["enrolled"] == "unknown"
    assert terminal.types("doctor").exit_code == 4


def test_a_log_in_page_does_not_know_the_nonce(terminal: Terminal) -> None:
    """It is called by its name, with what to do."""
    terminal.transport = FlakyTransport(InProcessTransport(terminal.office), 1, Weather(portal=1.0))
    told = terminal.types("doctor")
    assert told.exit_code == 4
    assert "登录认证" in told.stdout
    assert "在浏览器中登录" in told.stdout


@pytest.mark.parametrize(
    ("seconds", "state", "says"),
    [(0, "fine", "一致"), (-90, "fine", "慢 1 分钟"), (-7_200, "watch", "慢 2 小时"), (864_000, "watch", "快 10 天")],
)
def test_a_wrong_clock(terminal: Terminal, seconds: int, state: str, says: str) -> None:
    """Told which way and how far; corrected anyway, so nothing to stop for."""
    terminal.wall.forward(seconds)
    assert states(terminal)["clock"] == state
    told = terminal.types("doctor")
    assert says in told.stdout
    assert told.exit_code == 0


def test_work_that_waits_for_days(terminal: Terminal) -> None:
    """The oldest is named with its age."""
    terminal.types(*CLEAN_CHECK)
    terminal.wall.forward(3 * 86_400)
    terminal.office.now_ms = terminal.wall.now
    assert states(terminal)["waiting"] == "watch"
    assert "已等 3 天" in terminal.types("doctor").stdout


def test_a_damaged_file(terminal: Terminal) -> None:
    """Found page by page, and never touched."""
    file = terminal.folder / "tablet.db"
    with terminal.client():
        pass  # the last one out writes everything into the one file
    whole = file.read_bytes()
    file.write_bytes(whole[:8_192] + b"\xff" * 8_192 + whole[16_384:])
    for beside in terminal.folder.glob("tablet.db-*"):
        beside.unlink()
    damaged = file.read_bytes()
    found = {finding.code: finding for finding in examine(file, InProcessTransport(terminal.office), terminal.wall)}
    assert found["server"].state == "fine"
    assert "enrolled" not in found
    finding = found["file"]
    assert finding.state == "wrong"
    assert "已损坏" in finding.value_zh
    assert "请勿删除" in finding.next_zh
    assert file.read_bytes() == damaged


# -- a real certificate -------------------------------------------------------------------------------


class Pinger(BaseHTTPRequestHandler):
    """Answers a ping, as the server does."""

    def do_GET(self) -> None:
        """Return the nonce."""
        nonce = self.path.partition("nonce=")[2]
        body = json.dumps({"nonce": nonce, "now_ms": int(time.time() * 1000)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's word
        """Say nothing."""


@pytest.fixture(params=[7, 400])
def certified(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[int, int, Path]]:
    """A TLS server whose certificate is good for so many days: the days, its port, and whom to trust."""
    if which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    made = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", *subject)
    days = ("-days", str(request.param), "-keyout", str(key), "-out", str(certificate))
    subprocess.run([*made, *days], check=True, capture_output=True)
    server = HTTPServer(("localhost", 0), Pinger)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield request.param, server.server_address[1], certificate
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_certificate_that_ends_soon(certified: tuple[int, int, Path], tmp_path: Path) -> None:
    """A week is worth a word to the office; a year is not."""
    days, port, trusted = certified
    transport = connected(Address(f"https://localhost:{port}", str(trusted)))
    assert isinstance(transport, HTTPTransport)
    now_ms = Surroundings().wall_ms
    [finding] = [f for f in examine(tmp_path / "none.db", transport, now_ms) if f.code == "certificate"]
    assert finding.state == ("watch" if days == 7 else "fine")
    assert any(f"还有 {left} 天" in finding.value_zh for left in (days, days - 1))
    transport.close()


def test_a_certificate_that_nobody_vouches_for(certified: tuple[int, int, Path], tmp_path: Path) -> None:
    """The server could be anybody; the worker is not asked to look away."""
    _, port, _ = certified
    transport = HTTPTransport(f"https://localhost:{port}")
    [finding] = [f for f in examine(tmp_path / "none.db", transport, Surroundings().wall_ms) if f.code == "server"]
    assert finding.state == "wrong"
    assert "无法确认服务器身份" in finding.value_zh
    transport.close()
