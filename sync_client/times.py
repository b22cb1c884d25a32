"""Moments and durations as people read them 时间."""

from datetime import datetime, timedelta, timezone

#: The tablets work in one zone, which has no daylight saving: UTC+08:00.
BEIJING = timezone(timedelta(hours=8))
_STEPS = ((86_400, "天", "d"), (3_600, "小时", "h"), (60, "分钟", "min"))


def moment(ms: int | None) -> str:
    """Return milliseconds since 1970-01-01 UTC as ``2020-07-18 08:15``."""
    return "—" if ms is None else datetime.fromtimestamp(ms / 1000, BEIJING).strftime("%Y-%m-%d %H:%M")


def instant(ms: int) -> str:
    """Return milliseconds since 1970-01-01 UTC as ``2020-07-18T08:15:30+08:00``."""
    return datetime.fromtimestamp(ms // 1000, BEIJING).isoformat()


def written(text: str) -> str:
    """Return an ISO 8601 moment as ``2020-07-18 08:15``; what is none is returned as it is."""
    try:
        return datetime.fromisoformat(text).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return text


def lasting(ms: int) -> tuple[str, str]:
    """Return a duration in its greatest whole unit, in Chinese and English."""
    seconds = abs(ms) // 1000
    for size, zh, en in _STEPS:
        if seconds >= size:
            return f"{seconds // size} {zh}", f"{seconds // size} {en}"
    return f"{seconds} 秒", f"{seconds} s"
