"""
The server of the demo 演示服务器: the real one, under gunicorn, as a child of this process.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer

from server.app import wall_ms
from server.commands.serving import GRACE_S, TIMEOUT_S, Server
from server.demo.folder import Folder
from server.settings import Settings
from server.usecases.mistakes import Mistake

HOST = "127.0.0.1"
Clock = Callable[[], int]
_PORTS_TRIED = 50
_STOP_S = 10.0
#: Where a minute goes by in a second, ten seconds are too long to remember alone who was heard of.
_FLUSH_S = 0.5


class Door(TCPServer):
    """
    A port that is ours from now on, so that no other program takes it before the server stands there.

    Args:
        port: Which; 0 for any that is free.
    """

    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__((HOST, port), BaseRequestHandler)

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://{HOST}:{self.server_address[1]}"


def open_door(port: int) -> Door:
    """
    Return the door at *port*, or at the next one that is free.

    Raises:
        Mistake: None of those that follow is free.
    """
    for tried in range(port, min(port + _PORTS_TRIED, 65_536)) if port else (0,):
        try:
            return Door(tried)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise Mistake(f"{port} 起的 {_PORTS_TRIED} 个端口都被占用。", f"{_PORTS_TRIED} ports from {port} on are taken.")


class Running:
    """The server while it runs."""

    def __init__(self, folder: Folder, door: Door, clock: Clock) -> None:
        self._log = folder.log
        settings = Settings(folder.database_url, public_url=door.url, photos=str(folder.photos))
        # Forked, not begun anew: everything it needs is loaded already.
        self._process = get_context("fork").Process(target=_serve, args=(settings, door.fileno(), folder.log, clock))
        self._process.start()

    def wait(self) -> None:
        """
        Wait until it ends.

        Raises:
            Mistake: It ended, which it should not by itself.
        """
        self._process.join()
        self.check()

    def check(self) -> None:
        """
        Make sure that it runs.

        Raises:
            Mistake: It does not; the message ends with what it said last.
        """
        if not self._process.is_alive():
            said = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
            raise Mistake("服务器已停止。", "The server has stopped:\n" + "\n".join(said))

    def stop(self) -> None:
        """Let it finish what is under way, and end."""
        self._process.terminate()
        self._process.join(_STOP_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


@contextmanager
def running(folder: Folder, door: Door, clock: Clock = wall_ms) -> Iterator[Running]:
    """Run the server behind *door* meanwhile, by *clock* (milliseconds since 1970-01-01 UTC)."""
    server = Running(folder, door, clock)
    try:
        yield server
    finally:
        server.stop()


def _serve(settings: Settings, door: int, log: Path, clock: Clock) -> None:
    # A session of its own: Ctrl-C reaches the demo alone, which then stops the server in good order.
    os.setsid()
    with log.open("a", encoding="utf-8") as opened:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(opened.fileno(), stream.fileno())
    options = {
        "bind": f"fd://{door}",
        "workers": 1,
        "threads": 8,
        "worker_class": "gthread",
        "timeout": TIMEOUT_S,
        "graceful_timeout": GRACE_S,
        "loglevel": settings.log_level,
        "proc_name": "gridward-demo",
        "control_socket_disable": True,
    }
    Server(settings, options, clock, _FLUSH_S).run()
