"""
Moments as records write them and as clocks count them 时刻; the district's time is Beijing's, +08:00 all year.
"""

from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))


def ms_of(text: str) -> int:
    """Return the milliseconds since 1970 of a moment as written, 2020-07-18T08:15:30+08:00."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def instant(ms: int) -> str:
    """Return the moment *ms* as a record writes it: to the second, +08:00."""
    return datetime.fromtimestamp(ms // 1000, BEIJING).isoformat()


def day_of(ms: int) -> str:
    """Return the day on which *ms* lies, as 2020-07-18."""
    return datetime.fromtimestamp(ms // 1000, BEIJING).date().isoformat()
