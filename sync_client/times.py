"""Moments and durations as people read them 时间."""

from datetime import datetime

from schemas.wording import BEIJING


def moment(ms: int | None) -> str:
    """Return milliseconds since 1970-01-01 UTC as ``2020-07-18 08:15``."""
    return "—" if ms is None else datetime.fromtimestamp(ms / 1000, BEIJING).strftime("%Y-%m-%d %H:%M")


def instant(ms: int) -> str:
    """Return milliseconds since 1970-01-01 UTC as ``2020-07-18T08:15:30+08:00``."""
    return datetime.fromtimestamp(ms // 1000, BEIJING).isoformat()
