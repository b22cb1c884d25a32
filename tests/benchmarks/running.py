"""
Start a server as operators do, under gunicorn, and read what it and the database cost 运行与计量.
"""

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket

_TICKS = os.sysconf("SC_CLK_TCK")
_HERE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers on ``port``; ``pid`` is its master process."""

    port: int
    pid: int

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection to it."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def cpu_s(self) -> float:
        """Return the CPU seconds that the server's processes have used so far."""
        return sum(_cpu_s(pid) for pid in _family(self.pid))

    def rss_mib(self) -> float:
        """Return the resident memory of its workers together."""
        return sum(_rss_kib(pid) for pid in _family(self.pid)) / 1024


@contextmanager
def running(
    app: str, database_url: str, *, workers: int = 2, threads: int = 8, settings: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """
    Run ``tests.benchmarks.apps:APP()`` under gunicorn while the block lasts.

    Args:
        app: The name of a factory in ``tests.benchmarks.apps``.
        database_url: What the server finds in its environment.
        settings: What it finds there beside it.
    """
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", f"tests.benchmarks.apps:{app}()", "--bind", f"127.0.0.1:{port}",
        "--workers", str(workers), "--threads", str(threads), "--worker-class", "gthread", "--log-level", "warning",
        "--keep-alive", "30", "--backlog", "2048",
    ]  # fmt: skip
    environment = os.environ | {"GRIDWARD_DATABASE_URL": database_url} | dict(settings or {})
    process = subprocess.Popen(command, cwd=_HERE, env=environment)
    try:
        wait_until_up(port)
        yield Running(port, process.pid)
    finally:
        process.terminate()
        process.wait(20)


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process and all it started, ended ones included."""
    return sum(_cpu_s(member) for member in _family(pid))


def _family(pid: int) -> list[int]:
    found = [pid]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += _family(int(child))
    return found


def _cpu_s(pid: int) -> float:
    """User, system and waited-for children's time of one process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS


def _rss_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_up(port: int) -> None:
    """Wait until a server answers on *port*."""
    for _ in range(1200):  # other work on the machine may make a start slow
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/v1/ping")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise TimeoutError("the server did not come up")
