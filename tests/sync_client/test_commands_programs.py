"""The real program: its own process, a real terminal, a real server; and killed in mid-answer."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import WSGIApplication

import pytest

from schemas.roles import Role
from server.app import create_app
from server.settings import Settings
from server.storage import migrate
from server.storage.people import Account
from server.storage.store import Store
from server.usecases.begin_district import begin_district
from server.usecases.enrol_device import offer_code
from server.usecases.manage_people import add_person, grant_role
from server.values import Grant
from sync_client.client import FieldClient
from tests.sync_client.tablets import GRID_7
from tests.sync_client.terminals import furnished_office

HAIZHOU = "210902"
KINDS = ("shop", "shop_check", "case")
ROOT = Path(__file__).parents[2]
GRIDWARD = [sys.executable, "-c", "from sync_client.commands import main; main()"]
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Quiet(WSGIRequestHandler):
    """Says nothing on the screen."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's word
        """Say nothing."""


class Served:
    """A WSGI app behind a real socket."""

    def __init__(self, app: WSGIApplication) -> None:
        self._server: WSGIServer = make_server("127.0.0.1", 0, app, handler_class=Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def tiny() -> Iterator[Served]:
    """The tests' own small office, served."""
    served = Served(furnished_office())
    yield served
    served.close()


def surroundings(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment a program finds."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "GRIDWARD_TABLET": str(folder / "tablet"), **more}


def run(folder: Path, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run ``gridward`` in a process of its own."""
    environ = surroundings(folder, PYTHONUTF8="1", **more)
    return subprocess.run([*GRIDWARD, *args], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


@dataclass
class Screen:
    """A program on a real terminal: what it showed, and fingers to type."""

    folder: Path
    args: tuple[str, ...]
    shown: str = ""
    _fd: int = field(default=-1, repr=False)

    def __post_init__(self) -> None:
        self._fd, child = pty.openpty()
        environ = surroundings(self.folder, TERM="xterm-256color", PYTHONUTF8="1", COLUMNS="100", LINES="50")
        self.process = subprocess.Popen(
            [*GRIDWARD, *self.args],
            cwd=ROOT,
            env=environ,
            stdin=child,
            stdout=child,
            stderr=child,
            start_new_session=True,
        )
        os.close(child)

    def wait_for(self, text: str, seconds: float = 20.0) -> None:
        """Read until *text* has been shown since the last time."""
        until = time.monotonic() + seconds
        raw = b""
        while text not in ANSI.sub("", raw.decode("utf-8", "ignore")):
            ready, _, _ = select.select([self._fd], [], [], max(until - time.monotonic(), 0))
            assert ready, f"{text!r} was not shown; shown was:\n{self.shown}{raw.decode('utf-8', 'ignore')}"
            raw += os.read(self._fd, 65_536)
        self.shown += ANSI.sub("", raw.decode("utf-8", "ignore"))

    def types(self, line: str) -> None:
        """Type one line."""
        os.write(self._fd, f"{line}\n".encode())

    def kill(self) -> None:
        """End it as a dead battery does."""
        self.process.send_signal(signal.SIGKILL)
        self.close()

    def close(self) -> int:
        """Wait for its end."""
        code = self.process.wait(timeout=20)
        os.close(self._fd)
        return code


def test_a_killed_program_goes_on_where_it_was(tmp_path: Path, tiny: Served) -> None:
    """SIGKILL between two answers at a real terminal: the answers are there, the check is saved once."""
    assert run(tmp_path, "enrol", "Q7KD-2M", "--server", tiny.url).returncode == 0
    assert run(tmp_path, "sync").returncode == 0

    screen = Screen(tmp_path, ("record", "shop"))
    for shown, line in (
        ("拼音首字母", "lwxc"),
        ("选哪一个", ""),
        ("位置：", "2"),
        ("全部合格输入", "a"),
        ("继续填写", "H2 1"),
    ):
        screen.wait_for(shown)
        screen.types(line)
    screen.wait_for("H2 的情况")
    screen.kill()
    assert json.loads(run(tmp_path, "--json", "list", "shop_check").stdout)["records"] == []

    screen = Screen(tmp_path, ("record",))
    for shown, line in (("继续？", ""), ("继续填写", ""), ("告知方式", "2"), ("经营者态度", "1")):
        screen.wait_for(shown)
        screen.types(line)
    screen.wait_for("已存到本机")
    # The line is on the screen, so the check is on the disk: whatever comes now is too late to lose it.
    screen.kill()

    [check] = json.loads(run(tmp_path, "--json", "list", "shop_check").stdout)["records"]
    assert check["fields"]["items"]["H2"] == 1
    assert check["fields"]["no_fix_reason"] == "indoors"
    assert json.loads(run(tmp_path, "--json", "status").stdout)["drafts"] == 0


def test_a_sync_on_a_terminal_shows_bars_and_leaves_none(tmp_path: Path, tiny: Served) -> None:
    """Bars move where somebody watches, and only there."""
    run(tmp_path, "enrol", "Q7KD-2M", "--server", tiny.url)
    screen = Screen(tmp_path, ("sync",))
    screen.wait_for("全部已送达")
    assert screen.close() == 0
    assert "收到 received" in screen.shown
    assert "━" in screen.shown
    assert "━" not in run(tmp_path, "sync").stdout


def test_a_terminal_that_knows_no_chinese_is_still_served(tmp_path: Path) -> None:
    """Signs it cannot show become question marks; nothing fails."""
    environ = surroundings(tmp_path, PYTHONUTF8="0", PYTHONIOENCODING="ascii", LC_ALL="C")
    told = subprocess.run([*GRIDWARD, "status"], cwd=ROOT, env=environ, capture_output=True, check=False)
    assert told.returncode == 5
    assert b"This tablet is not enrolled" in told.stdout
    assert b"Traceback" not in told.stderr


def test_help_names_every_exit_code(tmp_path: Path) -> None:
    """What a program relies on is written where its author looks."""
    told = run(tmp_path, "--help")
    assert told.returncode == 0
    for code in ("0  ", "1  ", "2  ", "3  ", "4  ", "5  ", "64 "):
        assert re.search(rf"^\s+{code}", told.stdout, re.MULTILINE), code


@pytest.fixture
def haizhou(tmp_path: Path) -> Iterator[tuple[Served, list[str]]]:
    """The real server of a new district, served, and two codes for Li, who walks grid 7."""
    app = create_app(Settings(f"sqlite:///{tmp_path / 'office.db'}"))
    store: Store = app.extensions["gridward"]
    migrate.upgrade(store.engine)
    begin_district(store, HAIZHOU, "海州区")
    now_ms = time.time_ns() // 1_000_000
    li = add_person(store, HAIZHOU, Account("", "李伟", title="网格员"), now_ms)
    grant_role(store, HAIZHOU, li.id, Grant(Role.GRID_WORKER, GRID_7, 0, None), now_ms)
    served = Served(app.wsgi_app)
    yield served, [offer_code(store, HAIZHOU, li, now_ms) for _ in range(2)]
    served.close()
    store.engine.dispose()


def test_a_day_with_the_real_server(tmp_path: Path, haizhou: tuple[Served, list[str]]) -> None:
    """Enrol, register a shop, check it, deliver; a second tablet then shows shop, check and case."""
    served, (first, second) = haizhou
    _a_day(tmp_path / "first", served.url, first)

    other = tmp_path / "second"
    other.mkdir()
    assert run(other, "enrol", second, "--server", served.url).returncode == 0
    assert run(other, "sync").returncode == 0
    found = {kind: json.loads(run(other, "--json", "list", kind).stdout)["records"] for kind in KINDS}
    [[shop], [check], [case]] = found.values()
    assert shop["fields"]["name"] == "老王修车"
    assert check["fields"]["items"]["H1"] == 5
    assert case["fields"]["problem_class"] == "unclean_road"


def _a_day(folder: Path, url: str, code: str) -> None:
    folder.mkdir()
    assert run(folder, "enrol", code, "--server", url, "--name", "平板 3").returncode == 0
    assert run(folder, "sync").returncode == 0
    with FieldClient(folder / "tablet" / "tablet.db") as client:
        client.create("shop", grid=GRID_7, name="老王修车", category="repair", has_green=True)
    answers = ("-a", "a", "-a", "H1 5", "-a", "l 1")
    assert run(folder, "record", "shop", "--target", "lwxc", *answers, "--yes").returncode == 0
    assert run(folder, "status").returncode == 2
    synced = run(folder, "sync")
    assert synced.returncode == 0, synced.stdout
    assert run(folder, "doctor").returncode == 0
    assert run(folder, "status").returncode == 0
