"""
Running the server 运行: gunicorn with threads, and the jobs beside the requests in each process.
"""

import errno
import gc
import socket
import struct
import sys
from collections.abc import Callable
from dataclasses import replace
from socketserver import BaseRequestHandler, TCPServer
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from server.app import create_app, wall_ms
from server.commands.common import open_store, read_settings, telling
from server.commands.scheduling import jobs_of
from server.jobs import FLUSH_EVERY_S, Jobs, start_jobs
from server.settings import Settings
from server.usecases.mistakes import Mistake

#: A tablet on a weak line may need this long for a body of a megabyte.
TIMEOUT_S = 120
#: Who says nothing for so long in the middle of a request has gone, though the line does not say so.
SILENCE_S = 60
GRACE_S = 30
#: Threads of a process that no sync can take: they say "come again", answer pings, serve the office and carry photos.
BESIDE_SYNCS = 28


def tune_interpreter() -> None:
    """
    Fit Python to many short transactions beside each other in one process.

    A push makes tens of thousands of objects that die by themselves at its end; walking over them every
    few hundred costs a tenth of the time. And a thread that holds a feed's lock and comes back from the
    database must not wait the usual 5 ms for each of its turns while another decodes a body.
    """
    sys.setswitchinterval(0.0005)
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn comes without types
    """
    The application under gunicorn.

    Every worker process makes its own application: a database connection must not be shared by fork.

    Args:
        clock: Returns milliseconds since 1970-01-01 UTC.
        flush_every_s: How often, in true seconds, it writes down which devices were heard of.
    """

    def __init__(
        self,
        settings: Settings,
        options: dict[str, Any],
        clock: Callable[[], int] = wall_ms,
        flush_every_s: float = FLUSH_EVERY_S,
    ) -> None:
        self._settings = settings
        self._options = options
        self._clock, self._flush_every_s = clock, flush_every_s
        self._jobs: Jobs | None = None
        super().__init__()

    def load_config(self) -> None:
        """Set what was asked for, as far as this version of gunicorn knows it."""
        for name in self._options.keys() & self.cfg.settings.keys():
            self.cfg.set(name, self._options[name])
        self.cfg.set("worker_exit", self._worker_exit)
        self.cfg.set("when_ready", _wait_no_longer)

    def load(self) -> Flask:
        """Return the application of this worker, its jobs running."""
        app = create_app(self._settings, self._clock)
        tune_interpreter()
        store, depot = app.extensions["gridward"], app.extensions["gridward.depot"]
        inside = self._settings.scheduler == "inside"
        # Who was heard of, each process writes down itself, whoever runs the jobs.
        jobs = jobs_of(self._settings, depot) if inside else ()
        self._jobs = start_jobs(store, jobs, self._clock, flush_every_s=self._flush_every_s)
        return app

    def _worker_exit(self, _server: Any, _worker: Any) -> None:
        if self._jobs is not None:
            self._jobs.stop()


def _wait_no_longer(arbiter: Any) -> None:
    """Let every line that is accepted from now on end a read after ``SILENCE_S``."""
    for listener in arbiter.LISTENERS:
        be_patient(listener.sock, SILENCE_S)


def be_patient(listening: socket.socket, seconds: int) -> None:
    """
    Let reads from any line accepted by *listening* fail after so many *seconds* of silence.

    A tablet that is carried into a cellar in the middle of a part would keep its thread, and its turn among the
    parts, until the system notices, which may take hours.
    """
    if hasattr(socket, "SO_RCVTIMEO") and sys.platform != "win32":
        # What a listening socket was told, those it accepts have from their first byte on.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", seconds, 0))


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址。The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="端口。The port.")
@click.option("--workers", type=click.IntRange(1, 64), help="进程数；SQLite 只能 1，PostgreSQL 默认 4。Processes.")
@click.option("--threads", type=click.IntRange(1, 256), help="每进程线程数，默认按同步名额计算。Threads.")
@click.option("--no-scheduler", is_flag=True, help="不在本进程执行定时任务（另用 scheduler 命令）。Run no jobs here.")
@telling
def serve(host: str, port: int, workers: int | None, threads: int | None, no_scheduler: bool) -> None:
    """启动服务器。Run the server until it is told to stop."""
    settings = read_settings()
    if no_scheduler:
        settings = replace(settings, scheduler="apart")
    store = open_store(settings)
    if not store.places():
        raise Mistake(
            "还没有区县，请先运行 gridward-server init。", "There is no district yet; run gridward-server init."
        )
    sqlite = store.engine.dialect.name == "sqlite"
    if sqlite and workers not in (None, 1):
        raise Mistake(
            "SQLite 只能用 1 个进程；更多请用 PostgreSQL。", "SQLite takes 1 process; use PostgreSQL for more."
        )
    if ":" not in host:
        _refuse_taken(host, port)
    names = "、".join(place.name for place in store.places().values())
    # Nothing of the connection made here may be inherited by the workers.
    store.engine.dispose()
    click.echo(f"{names}：http://{host}:{port} （平板使用 tablets use {settings.public_url}）")
    options = {
        "bind": f"{host}:{port}",
        "workers": 1 if sqlite else workers or 4,
        "threads": threads or settings.syncs_at_once + settings.syncs_waiting + BESIDE_SYNCS,
        "worker_class": "gthread",
        "timeout": TIMEOUT_S,
        "graceful_timeout": GRACE_S,
        "loglevel": settings.log_level,
        "proc_name": "gridward",
        # Nobody steers this server but by signals; a socket in the home folder is one door too many.
        "control_socket_disable": True,
    }
    Server(settings, options).run()


class _Door(TCPServer):
    allow_reuse_address = True


def _refuse_taken(host: str, port: int) -> None:
    """
    Say at once that the port is taken; gunicorn would try for seconds, and say so in its own words.

    Raises:
        Mistake: Another program listens there.
    """
    try:
        with _Door((host, port), BaseRequestHandler):
            return
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
    raise Mistake(
        f"端口 {port} 已被占用；请停止占用它的程序，或用 --port 换一个。",
        f"Port {port} is taken: stop what listens there, or name another with --port.",
    )
