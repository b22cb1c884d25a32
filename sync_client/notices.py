"""
The notices of whoever works now 通知: what the office told him, and his word that he has seen it.

A shared tablet holds notices of several people; each is shown his own alone.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from schemas.moments import instant, ms_of
from sync_client.client import FieldClient
from sync_client.finding import Between
from sync_client.values import Record

#: What was told longer ago is over, one way or another, and stands in nobody's way.
SHOWN_MS = 30 * 24 * 3_600_000
_TYPE = "notice"
_PAGE = 200


class Line(Struct, frozen=True):
    """One line of a notice: which reminder it is, what it says, which record or place it is about."""

    code: str
    zh: str
    en: str
    critical: bool
    about: str | None = None


class Notice(Struct, frozen=True):
    """A notice 通知; ``seen_at`` is None until the person acknowledged it."""

    id: str
    title: str
    sent_at: str
    critical: bool
    lines: list[Line]
    seen_at: str | None = None


def notices_of(client: FieldClient, *, now_ms: int | None = None, everything: bool = False) -> list[Notice]:
    """
    Return the notices of whoever works now: critical ones first, then the newest.

    Args:
        now_ms: The moment by the tablet's corrected clock: only those of the thirty days before it; None: of any time.
        everything: Also those that were seen, of any time.
    """
    person = client.status().person
    if person is None:
        return []
    where: dict[str, Any] = {"person": person.id}
    if not everything:
        where |= {"seen_at": None} | ({"time": Between(instant(now_ms - SHOWN_MS))} if now_ms is not None else {})
    found = [_notice(record) for record in _records(client, where)]
    # Sorting twice keeps the newest first within each half.
    found.sort(key=lambda one: (ms_of(one.sent_at), one.id), reverse=True)
    return sorted(found, key=lambda one: not (one.critical and one.seen_at is None))


def see(client: FieldClient, notices: Iterable[Notice], now_ms: int) -> int:
    """Acknowledge *notices* 已阅, those not seen yet, and return how many these were; sent with the next sync."""
    unseen = [one for one in notices if one.seen_at is None]
    with client.batch():
        for one in unseen:
            client.edit(one.id, seen_at=instant(now_ms))
    return len(unseen)


def is_mine(client: FieldClient, record: Record) -> bool:
    """Say whether *record* is a notice to whoever works now."""
    person = client.status().person
    return record.type == _TYPE and person is not None and record.get("person") == person.id


def _records(client: FieldClient, where: dict[str, Any]) -> Iterator[Record]:
    after: str | None = None
    while True:
        page = client.find(_TYPE, where=where, limit=_PAGE, after=after)
        yield from page
        after = page.after
        if after is None:
            return


def _notice(record: Record) -> Notice:
    lines = [
        Line(str(one["code"]), str(one["zh"]), str(one["en"]), bool(one.get("critical")), one.get("about"))
        for one in record.get("items") or ()
    ]
    return Notice(
        record.id, str(record["title"]), str(record["sent_at"]), bool(record.get("critical")), lines,
        record.get("seen_at"),
    )  # fmt: skip
