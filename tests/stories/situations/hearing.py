"""What people are told 告知, as it came down to their tablets, made comparable between playings."""

import re
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from sync_client.client import FieldClient

FUXIN = timezone(timedelta(hours=8))
_HISTORY = re.compile(r"历史第 \d+ 号")
#: The number people know a check, a case or a shop by.
_NUMBER = re.compile(r"[A-Z]{2}-\d+-\d+(?:-\d+)?")
_DAYS = 5


class Said(NamedTuple):
    """
    One thing a tablet was told: about which record and field, by which rule, in which words.

    ``version`` is the history number of what it is about.
    """

    record: str
    field: str
    rule: str
    zh: str
    version: int


def said_on(tablet: FieldClient) -> list[Said]:
    """Return everything a tablet was told of its people's edits, the new ones and those made earlier, in order."""
    found = [
        Said(told.record_id, said.field, said.rule, said.zh, told.version)
        for told in tablet.conflicts(everyone=True)
        for said in told.said
    ]
    return sorted(found, key=lambda said: said.version)


def plain(text: str, start_ms: int) -> str:
    """Return a sentence as it reads in every playing: its days counted, and without numbers of its own."""
    for day in range(_DAYS):
        date = datetime.fromtimestamp(start_ms / 1000 + day * 86_400, FUXIN)
        text = re.sub(rf"(?<!\d){date.month}月{date.day}日", f"第{day}天", text)
    return _HISTORY.sub("历史第 … 号", _NUMBER.sub("某号", text))
