"""
List the devices 设备台账: which was last heard of when, what is not here yet, whose it is, page by page.

What other processes heard of lies in the database after ten seconds at most; what this one heard of since is laid over
it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from msgspec import Struct

from schemas import grid
from schemas.explain import fault
from schemas.moments import instant
from schemas.problems import Refusal
from server.core import device_ledger as core
from server.core.device_ledger import Facts
from server.storage.devices import Contact
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk
from server.usecases.know_devices import Known, know_devices

MAX_LIMIT = 500
MAX_AFTER = 200
_ID_LENGTH = 36
_DAY_MS = 24 * 3_600_000
_MOST_MS = 1 << 48
Place = tuple[int, int, str]


class Sought(NamedTuple):
    """
    Which devices are looked for; None and empty: whichever.

    Attributes:
        stale, unsent: Those that are, or those that are not.
        area: One of its people works here.
        after: What the page before gave; opaque.
    """

    stale: bool | None = None
    unsent: bool | None = None
    area: str | None = None
    limit: int = 50
    after: str | None = None


class DeviceUser(Struct, frozen=True):
    """Somebody a device speaks for 使用人员."""

    id: str
    name: str


class ListedDevice(Struct, frozen=True):
    """
    A device as the office reads it 设备.

    Attributes:
        records, photos: How many mutations and photos are not here yet.
        oldest_at, oldest_days: When the oldest of these was made, and how many days ago.
        missing: Of the records those that its numbers show; ``held``: here, and waiting for other records.
        photos_expected: Photos that were planned and are not here whole.
        clock_s: By how much its clock is ahead, in seconds; negative: behind.
        flags: What is the matter: revoked, never, stale, unsent, held, set_back, clock, space.
        zh, en: All of that in one sentence.
    """

    id: str
    name: str
    people: list[DeviceUser]
    enrolled_at: str
    revoked_at: str | None
    last_at: str | None
    last_ago_s: int | None
    records: int
    photos: int
    oldest_at: str | None
    oldest_days: int | None
    missing: int
    held: int
    photos_expected: int
    clock_s: int
    app: str | None
    free_mb: int | None
    flags: list[str]
    zh: str
    en: str


class DeviceTotals(Struct, frozen=True):
    """All that was asked for together, not this page alone 合计."""

    devices: int
    stale: int
    unsent: int
    records: int
    photos: int


class DevicePage(Struct, frozen=True):
    """
    One page, what needs somebody first; ``after`` asks for the next one, null where there is none.

    ``stale_h``: after so many hours without contact a device is stale here.
    """

    devices: list[ListedDevice]
    totals: DeviceTotals
    stale_h: int
    after: str | None


def list_devices(
    work: UnitOfWork, desk: Desk, sought: Sought, now_ms: int, heard: Mapping[str, Contact] | None = None
) -> DevicePage:
    """
    Return the devices that *desk* may see, as far as they are *sought*.

    Args:
        work: For reading; needs no transaction.
        heard: What this process heard of and has not written down, by device.

    Raises:
        Refusal: ``outside_area`` for an area of which the desk sees nothing; ``invalid_request`` for an ``after`` that
            is none of ours.
    """
    offices = _offices(desk, now_ms)
    if sought.area is not None and not any(grid.lies_in(*pair) for o in offices for pair in _both(sought.area, o)):
        raise Refusal("outside_area", grid=sought.area)
    stale_h = core.stale_hours(work.settings.get("stale_h"))
    flagged = [
        (one, core.flags_of(one.facts, now_ms, stale_h))
        for one in know_devices(work, now_ms, heard)
        if _is_seen(one, desk, offices) and _lies_in(one, sought.area)
    ]
    found = [(_place(one, flags), one, flags) for one, flags in flagged if _is_sought(sought, flags)]
    found.sort(key=lambda one: one[0])
    after = _read_place(sought.after) if sought.after is not None else None
    rest = [one for one in found if after is None or one[0] > after]
    page = rest[: sought.limit]
    return DevicePage(
        [listed(one, now_ms, stale_h) for _, one, _ in page],
        _totals(found),
        stale_h,
        _written(page[-1][0]) if len(rest) > len(page) else None,
    )


def seen_device(
    work: UnitOfWork, desk: Desk, device: str, now_ms: int, heard: Mapping[str, Contact] | None = None
) -> Known:
    """
    Return what is known of one device.

    Raises:
        Refusal: ``device_unknown``, also where *desk* may not see it.
    """
    for one in know_devices(work, now_ms, heard, device):
        if _is_seen(one, desk, _offices(desk, now_ms)):
            return one
    raise Refusal("device_unknown")


def listed(one: Known, now_ms: int, stale_h: int) -> ListedDevice:
    """Return a device as the office reads it."""
    row, facts = one.row, one.facts
    zh, en = core.sentence(row.name, facts, now_ms, stale_h)
    since = facts.since_ms
    return ListedDevice(
        row.id, row.name, [DeviceUser(user.id, user.name) for user in one.people], instant(row.enrolled_ms),
        _told(row.revoked_ms), _told(row.last_ms), _ago(row.last_ms, now_ms, 1000),
        facts.records, facts.photos, _told(since), _ago(since, now_ms, _DAY_MS),
        facts.missing, facts.held, facts.expected, round(facts.ahead_ms / 1000), one.report.app, facts.free_mb,
        core.flags_of(facts, now_ms, stale_h), zh, en,
    )  # fmt: skip


def _told(ms: int | None) -> str | None:
    return None if ms is None else instant(ms)


def _ago(ms: int | None, now_ms: int, unit_ms: int) -> int | None:
    return None if ms is None else max(now_ms - ms, 0) // unit_ms


def _offices(desk: Desk, now_ms: int) -> tuple[str, ...]:
    return (desk.district,) if desk.whole else core.offices_of(desk.people.values(), now_ms)


def _both(one: str, other: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (one, other), (other, one)


def _is_seen(one: Known, desk: Desk, offices: tuple[str, ...]) -> bool:
    return one.row.id == desk.device or any(grid.lies_in_any(area, offices) for area in one.areas)


def _lies_in(one: Known, area: str | None) -> bool:
    return area is None or any(grid.lies_in(own, area) for own in one.areas)


def _is_sought(sought: Sought, flags: list[str]) -> bool:
    asked = (("stale", sought.stale), ("unsent", sought.unsent))
    return all(wanted is None or (flag in flags) == wanted for flag, wanted in asked)


def _place(one: Known, flags: list[str]) -> Place:
    """Return where a device stands in the list: stale with work on it first, revoked ones last, the longest silent."""
    rank = "revoked" in flags, "stale" not in flags or "unsent" not in flags, "stale" not in flags, len(flags) == 0
    return sum(8 >> place for place, bit in enumerate(rank) if bit), one.row.last_ms or 0, one.row.id


def _totals(found: list[tuple[Place, Known, list[str]]]) -> DeviceTotals:
    facts: list[Facts] = [one.facts for _, one, _ in found]
    counts = {flag: sum(flag in flags for _, _, flags in found) for flag in ("stale", "unsent")}
    return DeviceTotals(
        len(found), counts["stale"], counts["unsent"], sum(f.records for f in facts), sum(f.photos for f in facts)
    )


def _written(place: Place) -> str:
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _read_place(after: str) -> Place:
    try:
        text = urlsafe_b64decode(after.encode("ascii") + b"=" * (-len(after) % 4))
        rank, last_ms, id_ = msgspec.json.decode(text, type=Place)
    except (ValueError, msgspec.MsgspecError):
        rank, last_ms, id_ = 0, _MOST_MS, ""
    if not 0 <= last_ms < _MOST_MS or len(id_) != _ID_LENGTH:
        raise Refusal(
            "invalid_request", fault("cursor", "应为上一页给出的 after", "must be the after of a page", "after")
        )
    return rank, last_ms, id_
