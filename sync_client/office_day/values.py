"""What an office's day is told in 街道办一日的数: rows of people, devices and cases; moments in milliseconds."""

from dataclasses import dataclass
from typing import NamedTuple

#: The forms that are counted one by one.
FORMS = ("street_check", "shop_check", "parking_check")

#: How a worker's tablets stand on a day, the worst first; see ``SYNC_WORDS``.
SYNC_WORDS = {
    "no_device": ("无平板", "no tablet"),
    "silent": ("未同步", "not synced"),
    "unsent": ("有未传", "unsent work"),
    "unknown": ("不明", "not known"),
    "synced": ("已同步", "synced"),
}


class AreaRow(NamedTuple):
    """An area of the directory 区域: its code, its name, and the names of whoever holds it."""

    code: str
    name: str
    holders: tuple[str, ...]


class PersonRow(NamedTuple):
    """A person of the directory 人员."""

    id: str
    name: str
    role: str | None


class CheckRow(NamedTuple):
    """A check 检查 as far as it is counted; ``at_ms`` is when it was made."""

    id: str
    person: str
    form: str
    grid: str
    at_ms: int
    photos: int


class FoundRow(NamedTuple):
    """
    A case that was found 发现的问题.

    Attributes:
        check: The check that opened it; None where somebody reported it.
        by: Who reported it, as far as this machine can tell; None where others have worked on it since.
    """

    id: str
    check: str | None
    by: str | None
    grid: str
    at_ms: int
    photos: int


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    """
    A device of the office's ledger 设备台账 as it was heard of last.

    Attributes:
        people: The ids of those who work on it.
        last_ms: Its last contact; None where there was none.
        waiting, photos_waiting: What of it the office does not have.
        oldest_ms: Since when the oldest of that waits.
        zh, en: The office's own sentence about it.
    """

    id: str
    name: str
    people: tuple[str, ...]
    last_ms: int | None
    waiting: int = 0
    photos_waiting: int = 0
    oldest_ms: int | None = None
    revoked: bool = False
    zh: str = ""
    en: str = ""


@dataclass(frozen=True, slots=True)
class WorkerDay:
    """
    What one worker did on a day, and how his tablets stand 今日同步一行.

    Attributes:
        person: His id; None where the directory's name alone is known.
        areas: The codes of the grids he holds.
        checks: How many by form.
        found, photos: Cases that his checks or reports opened; photos of checks and of such reports.
        first_ms, last_ms: His first and last check of the day.
        contact_ms: The last contact of any of his tablets.
        waiting, photos_waiting: What of them the office does not have.
        shared: Whether others use one of them too: what waits on it may be theirs.
        sync: One of ``SYNC_WORDS``.
    """

    person: str | None
    name: str
    areas: tuple[str, ...]
    checks: dict[str, int]
    found: int = 0
    photos: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    contact_ms: int | None = None
    waiting: int = 0
    photos_waiting: int = 0
    oldest_ms: int | None = None
    devices: tuple[str, ...] = ()
    shared: bool = False
    sync: str = "unknown"

    @property
    def checked(self) -> int:
        """How many checks he made."""
        return sum(self.checks.values())


@dataclass(frozen=True, slots=True)
class SyncDay:
    """
    今日同步: every worker of the areas on one day.

    Attributes:
        areas: Whose day it is.
        checks, found, photos: Of everybody, those also whom no row names.
        synced_ms: When this machine synced last: nothing newer is counted.
        devices_ms: When the device ledger was heard; None where it never was.
    """

    day: str
    areas: tuple[str, ...]
    rows: tuple[WorkerDay, ...]
    checks: dict[str, int]
    found: int
    photos: int
    synced_ms: int | None
    devices_ms: int | None

    @property
    def idle(self) -> tuple[WorkerDay, ...]:
        """Workers without a check 未巡查."""
        return tuple(row for row in self.rows if not row.checked)

    def standing(self, word: str) -> tuple[WorkerDay, ...]:
        """Return the workers whose tablets stand so: one of ``SYNC_WORDS``."""
        return tuple(row for row in self.rows if row.sync == word)
