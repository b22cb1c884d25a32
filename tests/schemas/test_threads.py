"""Many threads of a new process check their first mutations at once, as a server's do after a start."""

import subprocess
import sys

FIRST_CHECKS = """
import threading
from schemas import validation
from tests.schemas.checks_made import mutation_of_every_check

raws = mutation_of_every_check()
together = threading.Barrier(8)

def check() -> None:
    together.wait()
    for raw in raws:
        validation.validate(raw)

threads = [threading.Thread(target=check) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_the_first_checks_may_come_all_at_once() -> None:
    """Working a shape out in two threads at once crashed the whole process, about every second time."""
    ended = [subprocess.run([sys.executable, "-c", FIRST_CHECKS], check=False).returncode for _ in range(8)]
    assert ended == [0] * 8
