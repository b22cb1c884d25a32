"""
The clock of the day 演示时钟, which the server reads too; the tablets' part puts it forward from scene to scene.
"""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from schemas.wording import BEIJING


class Clock(Protocol):
    """A clock that can be put forward."""

    def __call__(self) -> int:
        """Return what it shows, in milliseconds since 1970-01-01 UTC."""
        ...

    def put_forward(self, time_of_day: str) -> None:
        """Let it show *time_of_day*, 16:05, or leave it where it has passed that already."""
        ...

    def shown(self) -> str:
        """Return the time of day that it shows, 16:05."""
        ...


class DayClock:
    """
    A clock that stands in *file*, and goes faster than others do.

    Args:
        file: Where it stands; somebody has set it before.
        day: The day that is played, 2020-07-17.
    """

    def __init__(self, file: Path, day: str) -> None:
        self._file = file
        self._midnight = datetime.fromisoformat(f"{day}T00:00:00+08:00")

    def __call__(self) -> int:
        """Return what it shows, in milliseconds since 1970-01-01 UTC."""
        stood = self._stood()
        return int(stood["shown_ms"] + (time.time_ns() - stood["set_ns"]) * stood["speed"] // 1_000_000)

    def put_forward(self, time_of_day: str) -> None:
        """Let it show *time_of_day*, 16:05, or leave it where it has passed that already."""
        hour, minute = time_of_day.split(":")
        ms = int(self._midnight.replace(hour=int(hour), minute=int(minute)).timestamp() * 1000)
        if ms > self():
            beside = self._file.with_suffix(".part")
            beside.write_text(json.dumps(self._stood() | {"shown_ms": ms, "set_ns": time.time_ns()}), encoding="ascii")
            beside.replace(self._file)

    def shown(self) -> str:
        """Return the time of day that it shows, 16:05."""
        return datetime.fromtimestamp(self() // 1000, BEIJING).strftime("%H:%M")

    def _stood(self) -> dict[str, Any]:
        stood: dict[str, Any] = json.loads(self._file.read_text(encoding="ascii"))
        return stood
