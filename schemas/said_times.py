"""
Days and times of day as people type them 口头日期与时刻: 昨天, 7月17日, 2020-7-17; 8点半, 20：00.

Pure: what today is comes in. What cannot be meant is None; whoever asked says so in his own words.
"""

import re
from datetime import date, timedelta

_NEAR = {
    "今天": 0, "今日": 0, "today": 0, "昨天": -1, "昨日": -1, "yesterday": -1, "前天": -2, "明天": 1, "明日": 1,
    "tomorrow": 1, "后天": 2,
}  # fmt: skip
_DAY = re.compile(r"(?:(\d{4})(?:[-/.]|年))?(\d{1,2})(?:[-/.]|月)(\d{1,2})[日号]?", re.ASCII)
_PLAIN_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_TIME = re.compile(r"([01]?[0-9]|2[0-3])(?:[:：]([0-5][0-9])|[点时](?:(半)|([0-5]?[0-9])分?)?)", re.ASCII)


def day_said(text: str, today: str) -> str | None:
    """
    Return the day that *text* means, as 2020-07-18, or None.

    Args:
        today: As 2020-07-18; a day without a year lies in the same year.
    """
    said = text.strip().lower()
    on = date.fromisoformat(today)
    if said in _NEAR:
        return (on + timedelta(days=_NEAR[said])).isoformat()
    found = _DAY.fullmatch(said) or _PLAIN_DAY.fullmatch(said)
    if not found:
        return None
    try:
        return date(int(found[1] or on.year), int(found[2]), int(found[3])).isoformat()
    except ValueError:
        return None


def minute_said(text: str) -> int | None:
    """Return the minute of the day, 0 to 1439, that 08:30, 8点半 or 8时30分 means, or None."""
    found = _TIME.fullmatch(text.strip())
    if not found:
        return None
    hour, minute, half, minutes = found.groups()
    return int(hour) * 60 + (30 if half else int(minute or minutes or 0))


def time_said(text: str) -> str:
    """Return a time of day as 08:30; what is none comes back as it was, to be refused by whoever reads it."""
    minute = minute_said(text)
    return text if minute is None else f"{minute // 60:02}:{minute % 60:02}"
