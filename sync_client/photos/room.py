"""How much room there is for photos 存储空间, and which files might go."""

import shutil
from contextlib import suppress
from typing import NamedTuple

from sync_client.album import LEADING
from sync_client.desk import Desk
from sync_client.originals import Originals, photo_folder
from sync_client.photos.policy import policy_in
from sync_client.photos.sweeping import Sweeper
from sync_client.photos.values import Room

_DAY_MS = 24 * 3600 * 1000
#: A day's work with 300 photos wants about a gigabyte; of a large disk a twentieth is no sign of need.
_LOW, _LOW_AT_MOST = 1_000_000_000, 5_000_000_000
_TIDY = f"""SELECT f.sha256, f.bytes, f.leading FROM
    (SELECT *, {LEADING} AS leading FROM photo_file f WHERE state = 'verified' AND removed = 0
        AND (?3 IS NULL OR sha256 = ?3)) f
    WHERE f.verified_ms <= CASE WHEN f.leading THEN ?1 ELSE ?2 END
    AND NOT EXISTS (SELECT 1 FROM photo_use u WHERE u.sha256 = f.sha256 AND u.told = 0)
    AND NOT EXISTS (SELECT 1 FROM photo_use u JOIN photo_file other ON other.sha256 = u.of
        WHERE u.sha256 = f.sha256 AND other.state <> 'verified')
    AND NOT EXISTS (SELECT 1 FROM photo_use u JOIN photo_file other USING (sha256)
        WHERE u.of = f.sha256 AND other.state <> 'verified')
    ORDER BY f.leading, f.verified_ms, f.sha256"""  # noqa: S608  # names of ours


class Spare(NamedTuple):
    """A file that may go once the office has confirmed it again."""

    sha256: str
    size: int
    leading: bool


def spare_files(desk: Desk, *, now: bool = False, only: str | None = None) -> list[Spare]:
    """
    Return the files that the policy lets go, those first that show nothing.

    Such a file is verified and old enough, every record that uses it was told of, and so it is with the photo's
    other file. *now*: originals behind copies of any age; *only*: that file, if it may go.
    """
    policy, at = policy_in(desk.db), desk.now_ms()
    leading, behind = (at - policy.days(leading=kind) * _DAY_MS for kind in (True, False))
    rows = desk.db.all(_TIDY, (leading, 1 << 62 if now else behind, only))
    return [Spare(sha256, size, bool(first)) for sha256, size, first in rows]


def is_low(free: int, total: int) -> bool:
    """Say whether so many bytes are little on a disk of *total*."""
    return free < max(_LOW, min(total // 20, _LOW_AT_MOST))


def room_of(desk: Desk) -> Room:
    """Return how the disk stands; what tidying would free is reckoned where it matters."""
    usage = shutil.disk_usage(desk.db.path.parent)
    low = is_low(usage.free, usage.total)
    return Room(usage.free, usage.total, low, _to_tidy(desk) if low else 0)


def _to_tidy(desk: Desk) -> int:
    size = sum(spare.size for spare in spare_files(desk))
    with suppress(OSError):
        size += sum(one.size for one in Sweeper(desk, Originals(photo_folder(desk.db.path))).drawn())
    return size
