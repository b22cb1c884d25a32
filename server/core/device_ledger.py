"""
What the office is told of a device 设备台账: when it was last heard of, what is not here yet, what is wrong with it.

Pure. A device is *stale* 久未联系 when nobody heard of it for ``STALE_H`` hours; revoked ones are never stale.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from schemas import grid
from schemas.clock import CORRECT_BEYOND_MS
from schemas.roles import Role
from server.values import Grant, Person

#: After so many hours without contact a device counts as stale, unless the district says otherwise (``stale_h``).
STALE_H = 24
MOST_STALE_H = 24 * 30
#: Less than so much free space (MB) is told: a morning's photos would not fit.
SCARCE_MB = 500
_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
_UNITS = ((_DAY_MS, "天", "day"), (_HOUR_MS, "小时", "hour"), (_MINUTE_MS, "分钟", "minute"))

#: Who reads the devices of his area; everybody else his own device only.
OFFICES = frozenset({Role.GRID_LEADER, Role.COMMUNITY, Role.STREET, Role.DISTRICT_OFFICE, Role.OPS})

#: What may be the matter with a device 状态, in the order in which it is told.
FLAGS = {
    "revoked": ("已停用", "revoked"),
    "never": ("登记后从未同步", "never synced"),
    "stale": ("久未联系", "stale"),
    "unsent": ("有未收到的数据", "not everything received"),
    "held": ("有等待其他记录的数据", "waits for other records"),
    "set_back": ("平板退回旧状态", "put back to an older state"),
    "clock": ("时钟不准", "clock wrong"),
    "space": ("剩余空间不足", "little space"),
}


class Facts(Struct, frozen=True, gc=False):
    """
    What is known of a device; times in milliseconds since 1970-01-01 UTC, None where nobody said.

    Attributes:
        waiting, photos_waiting: By its last report 上报, what it got an outcome for in that contact left out.
        missing: How many numbers of its journal are not here.
        held: Mutations that are here and wait for a record that is not.
        expected: Photos that were planned and are not here whole.
        oldest_ms: When the oldest of what waits was made; ``expected_ms``: since when the oldest photo is expected.
        ahead_ms: By how much its clock is ahead of the office's, negative where it is behind.
        set_back: Its journal ends before what is here of it: it was put back to an older copy of itself.
    """

    enrolled_ms: int
    revoked_ms: int | None = None
    last_ms: int | None = None
    waiting: int = 0
    photos_waiting: int = 0
    oldest_ms: int | None = None
    missing: int = 0
    held: int = 0
    expected: int = 0
    expected_ms: int | None = None
    ahead_ms: int = 0
    free_mb: int | None = None
    set_back: bool = False

    @property
    def records(self) -> int:
        """How many mutations are not here yet, by its own count or by their numbers, whichever knows of more."""
        return max(self.waiting - self.held, self.missing, 0)

    @property
    def photos(self) -> int:
        """How many photos are not here yet, by its own count or by what was planned."""
        return max(self.photos_waiting, self.expected)

    @property
    def since_ms(self) -> int | None:
        """When the oldest of what is not here was made, as far as anybody knows."""
        told = self.oldest_ms if self.waiting or self.photos_waiting or self.missing else None
        return min((ms for ms in (told, self.expected_ms if self.expected else None) if ms is not None), default=None)


def stale_hours(said: Any) -> int:
    """Return after how many hours without contact a device is stale; *said*: the district's ``stale_h``, or None."""
    fits = isinstance(said, int) and not isinstance(said, bool) and 1 <= said <= MOST_STALE_H
    return said if fits else STALE_H


def flags_of(facts: Facts, now_ms: int, stale_h: int = STALE_H) -> list[str]:
    """Return what is the matter with a device, words of ``FLAGS``."""
    revoked = facts.revoked_ms is not None
    heard_ms = facts.enrolled_ms if facts.last_ms is None else facts.last_ms
    found = {
        "revoked": revoked,
        "never": facts.last_ms is None,
        "stale": not revoked and now_ms - heard_ms >= stale_h * _HOUR_MS,
        "unsent": bool(facts.records or facts.photos),
        "held": bool(facts.held),
        "set_back": facts.set_back,
        "clock": abs(facts.ahead_ms) > CORRECT_BEYOND_MS,
        "space": facts.free_mb is not None and facts.free_mb < SCARCE_MB,
    }
    return [flag for flag in FLAGS if found[flag]]


def sentence(name: str, facts: Facts, now_ms: int, stale_h: int = STALE_H) -> tuple[str, str]:
    """Return in one sentence what to know of the device called *name*, Chinese and English."""
    told = [_unreceived(facts, now_ms), *_wrong(facts, flags_of(facts, now_ms, stale_h)), _heard(facts, now_ms)]
    return f"{name}：{'；'.join(zh for zh, _ in told)}", f"{name}: {'; '.join(en for _, en in told)}"


def _unreceived(facts: Facts, now_ms: int) -> tuple[str, str]:
    counted = [
        (f"{count}{zh}", f"{count} {en}{'' if count == 1 else 's'}")
        for count, zh, en in ((facts.records, "条记录", "record"), (facts.photos, "张照片", "photo"))
        if count
    ]
    if not counted:
        return "全部收到", "everything received"
    zh, en = "、".join(zh for zh, _ in counted), ", ".join(en for _, en in counted)
    since = facts.since_ms
    old_zh, old_en = span_told(now_ms - since) if since is not None else ("", "")
    return f"{zh}尚未收到" + (f"，最早的已{old_zh}" if old_zh else ""), f"{en} not yet received" + (
        f", oldest {old_en}" if old_en else ""
    )


def _wrong(facts: Facts, flags: Iterable[str]) -> list[tuple[str, str]]:
    ahead_zh, ahead_en = span_told(abs(facts.ahead_ms))
    fast = facts.ahead_ms > 0
    in_words = {
        "held": (f"{facts.held}条已收到、在等其他记录", f"{facts.held} here and waiting for other records"),
        "clock": (f"时钟{'快' if fast else '慢'}{ahead_zh}", f"clock {ahead_en} {'ahead' if fast else 'behind'}"),
        "space": (f"剩余空间 {facts.free_mb} MB", f"{facts.free_mb} MB free"),
    }
    return [in_words.get(flag, FLAGS[flag]) for flag in flags if flag not in ("unsent", "never", "stale")]


def _heard(facts: Facts, now_ms: int) -> tuple[str, str]:
    if facts.last_ms is None:
        return FLAGS["never"]
    zh, en = span_told(now_ms - facts.last_ms)
    return f"{zh}前联系过", f"last heard of {en} ago"


def span_told(ms: int) -> tuple[str, str]:
    """Return so much time as people say it, in its greatest unit: 3天, 3 days; what is less than a minute is one."""
    size, zh, en = next((unit for unit in _UNITS if ms >= unit[0]), _UNITS[-1])
    count = max(ms // size, 1)
    return f"{count}{zh}", f"{count} {en}{'' if count == 1 else 's'}"


def missing_numbers(last_n: int, filed: Iterable[int], after: int) -> list[tuple[int, int]]:
    """
    Return the numbers from *after* + 1 to *last_n* that are not among *filed*, as ranges (first, last).

    Args:
        last_n: The greatest number in the device's journal; numbers count up without gaps.
    """
    gaps, next_n = [], after + 1
    for n in [*sorted(n for n in set(filed) if after < n <= last_n), last_n + 1]:
        if n > next_n:
            gaps.append((next_n, n - 1))
        next_n = n + 1
    return gaps


def offices_of(people: Iterable[Person], now_ms: int) -> tuple[str, ...]:
    """Return the areas whose devices *people* may see now."""
    held = {
        grant.area
        for person in people
        if person.stopped_ms is None
        for grant in person.grants
        if grant.role in OFFICES and grant.holds_at(now_ms)
    }
    return grid.outermost(frozenset(held))


def areas_of(grants: Iterable[Grant], district: str, now_ms: int) -> tuple[str, ...]:
    """
    Return where the people of a device work: what they hold now, or else what they held.

    What somebody left behind on his tablet when he went is what gets lost; nobody's device is the district's.
    """
    held = list(grants)
    if len(held) == 1:
        return (held[0].area,)
    now = {grant.area for grant in held if grant.holds_at(now_ms)}
    return tuple(sorted(now or {grant.area for grant in held} or {district}))
