"""
A few hundred tablets in one process, for ``storm``: ``FOLDER PORT FIRST LAST START`` on the command line.

START is in seconds since 1970-01-01 UTC, or 0 for at once.

Each tablet does what a program should: it syncs, and where the sync stopped, it begins again when its tablet says
so. Said at the end: for each tablet when it was through, how often it was sent away, and what still waits.
"""

import json
import resource
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from sync_client.client import FieldClient
from sync_client.errors import SyncError
from sync_client.transport import HTTPTransport, Request, Response

#: Nobody is waited for longer than this: 15 min.
_LONGEST_S = 900.0


@dataclass
class Course:
    """How it went for one tablet; ``through_s`` counts from the moment all began."""

    through_s: float = 0.0
    requests: int = 0
    sent_away: int = 0
    lost: int = 0
    waiting: int = -1


class Counting:
    """A transport that counts what the server says."""

    def __init__(self, port: int, course: Course) -> None:
        self._inner = HTTPTransport(f"http://127.0.0.1:{port}")
        self._course = course

    def send(self, request: Request) -> Response:
        """Carry *request*; a 503 is somebody sent away, no answer a loss."""
        self._course.requests += 1
        try:
            answer = self._inner.send(request)
        except SyncError:
            self._course.lost += 1
            raise
        self._course.sent_away += answer.status == 503
        return answer


def run(tablet: FieldClient, course: Course, start: float) -> None:
    """Sync until nothing waits."""
    time.sleep(max(0.0, start - time.time()))
    while time.time() - start < _LONGEST_S:
        try:
            tablet.sync()
            break
        except SyncError as error:
            time.sleep(error.report.next_sync_after_s if error.report else 1)
    course.through_s = time.time() - start
    course.waiting = tablet.status().waiting


def main() -> None:
    """Open the tablets, wait for the moment, let them go, and say how it went."""
    folder, port, first, last, start = Path(sys.argv[1]), *map(int, sys.argv[2:5]), float(sys.argv[5])
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    courses = [Course() for _ in range(first, last)]
    numbered = zip(range(first, last), courses, strict=True)
    tablets = [FieldClient(folder / f"{number}.db", Counting(port, course)) for number, course in numbered]
    start = start or time.time()
    threads = [
        threading.Thread(target=run, args=(tablet, course, start))
        for tablet, course in zip(tablets, courses, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for tablet in tablets:
        tablet.close()
    print(json.dumps([asdict(course) for course in courses]))


if __name__ == "__main__":
    main()
