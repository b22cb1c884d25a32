"""
Another program on a tablet that is sending its photos 边传边同步: ``FILE URL EVERY_S``.

It records ten checks and syncs, every so many seconds until the standard input ends, and tells of each sync as one JSON
object a line. Moments by ``time.monotonic``.
"""

import sys
import threading
import time
from pathlib import Path

import msgspec

from sync_client.client import FieldClient
from sync_client.errors import SyncError
from sync_client.transport import HTTPTransport
from tests.benchmarks.checks import Day
from tests.benchmarks.photo_sending import AGAIN_S, tell
from tests.server.office import GRID_7

_CHECKS = 10


def sync(tablet: FieldClient, every_s: float) -> None:
    """Record and sync in time, however long each takes."""
    over = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(over,), daemon=True).start()
    day = Day("li", seed=77)
    tell(begun=time.monotonic())
    while not over.wait(every_s):
        with tablet.batch():
            for raw in day.mutations(_CHECKS):
                check = msgspec.json.decode(raw)
                add = {name: value for name, value in check["add"].items() if name != "photos"}
                tablet.create(check["type"], grid=GRID_7, set=check["set"], add=add)
        waiting, begun, tries = tablet.status().waiting, time.monotonic(), 0
        while tablet.status().waiting:
            tries += 1
            try:
                tablet.sync()
            except SyncError:
                time.sleep(AGAIN_S)
        tell(begun=begun, seconds=time.monotonic() - begun, pushed=waiting, tries=tries)


def _wait_for_the_end(over: threading.Event) -> None:
    sys.stdin.buffer.read()
    over.set()


def main(path: str, url: str, every_s: str) -> None:
    """Work on the tablet whose file is *path*."""
    with FieldClient(Path(path), HTTPTransport(url)) as tablet:
        sync(tablet, float(every_s))


if __name__ == "__main__":
    main(*sys.argv[1:])
