"""
The clock of the day that is played 演示时钟: it goes faster than ours, and the story puts it forward.

It stands in a file, so that the server and the tablets, which are other processes, read the same one.
"""

import json
import time
from pathlib import Path

#: A minute in a second.
SPEED = 60


class DayClock:
    """
    A clock that shows what it was set to, and goes on from there ``SPEED`` times as fast as others do.

    Args:
        file: Where it stands.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def set(self, ms: int) -> None:
        """Let it show *ms*, milliseconds since 1970-01-01 UTC, now."""
        beside = self._file.with_suffix(".part")
        beside.write_text(json.dumps({"shown_ms": ms, "set_ns": time.time_ns(), "speed": SPEED}), encoding="ascii")
        beside.replace(self._file)

    def __call__(self) -> int:
        """Return what it shows, in milliseconds since 1970-01-01 UTC."""
        stood = json.loads(self._file.read_text(encoding="ascii"))
        return int(stood["shown_ms"] + (time.time_ns() - stood["set_ns"]) * stood["speed"] // 1_000_000)
