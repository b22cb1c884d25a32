"""
A server to be killed: ``python -m tests.server.serving URL`` starts another one for every line it reads.

Everything is imported once; each server is a fork of that, ready in a few hundredths of a second. It says
its process and its port on one line, and is then as mortal as any process.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from werkzeug.serving import WSGIRequestHandler, make_server

from server.app import create_app
from server.settings import Settings

ROOT = Path(__file__).parents[2]


class Serving(NamedTuple):
    """One server that runs."""

    process: int
    port: int

    def kill(self) -> None:
        """End it without a word, as a power cut would."""
        os.kill(self.process, signal.SIGKILL)


class Launcher:
    """Starts servers over one database."""

    def __init__(self, url: str) -> None:
        self._command = [sys.executable, "-m", "tests.server.serving", url]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process:
            if self._process.stdin is not None:
                self._process.stdin.close()

    def start(self) -> Serving:
        """Start a server and wait until it listens."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the launcher has not been entered")
        self._process.stdin.write("one more\n")
        process, port = self._process.stdout.readline().split()
        return Serving(int(process), int(port))


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def serve(url: str) -> None:
    """Serve *url* until killed."""
    server = make_server("127.0.0.1", 0, create_app(Settings(url)), threaded=True, request_handler=_Quiet)
    print(os.getpid(), server.server_port, flush=True)
    server.serve_forever()


def main() -> None:
    """Fork a server for every line that comes in; stop with the last of them when no more do."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead need no burial
    children = []
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            serve(sys.argv[1])
        children.append(child)
    for child in children[-1:]:
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
