"""Moments and durations as people read them 时间."""

import time
from datetime import datetime

from schemas.wording import BEIJING


def wall_ms() -> int:
    """Return this machine's idea of the time, in milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def moment(ms: int | None) -> str:
    """Return milliseconds since 1970-01-01 UTC as ``2020-07-18 08:15``."""
    return "—" if ms is None else datetime.fromtimestamp(ms / 1000, BEIJING).strftime("%Y-%m-%d %H:%M")


def instant(ms: int) -> str:
    """Return milliseconds since 1970-01-01 UTC as ``2020-07-18T08:15:30+08:00``."""
    return datetime.fromtimestamp(ms // 1000, BEIJING).isoformat()
