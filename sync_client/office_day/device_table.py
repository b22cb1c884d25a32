"""
The office's device ledger 设备台账 as this machine heard it last: which device last synced, and when.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from schemas.moments import ms_of
from sync_client.office_day.values import DeviceSeen


class _Person(msgspec.Struct):
    id: str


class _Listed(msgspec.Struct):
    """One device as ``GET /v1/devices`` tells it, as far as it is read here."""

    id: str
    name: str
    people: list[_Person] = []
    last_at: str | None = None
    records: int = 0
    photos: int = 0
    oldest_at: str | None = None
    revoked_at: str | None = None
    zh: str = ""
    en: str = ""


def devices_in(rows: Iterable[dict[str, Any]]) -> list[DeviceSeen]:
    """Return the devices of a ledger's *rows*; one that this client cannot read is left out."""
    return [device for row in rows if (device := _device(row)) is not None]


def _device(row: dict[str, Any]) -> DeviceSeen | None:
    try:
        listed = msgspec.convert(row, _Listed)
        last, oldest = _ms(listed.last_at), _ms(listed.oldest_at)
    except (msgspec.ValidationError, ValueError):
        return None
    return DeviceSeen(
        listed.id, listed.name, tuple(person.id for person in listed.people), last, listed.records, listed.photos,
        oldest, listed.revoked_at is not None, listed.zh, listed.en,
    )  # fmt: skip


def _ms(text: str | None) -> int | None:
    return None if text is None else ms_of(text)
