"""What the tablet hands out about photos 照片的值; sizes in bytes, times in milliseconds since 1970-01-01 UTC."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """
    One file of a photo, as one record uses it 照片文件.

    Attributes:
        sha256: Of the file itself.
        of: Of a copy: the SHA-256 of its original.
        state: See ``album.FileState``.
        leading: Whether it goes first of its photo: a copy, or an original of which none was made.
        parts, parts_sent: Into how many parts it is cut (0 before they were reckoned), how many the office has.
        problem: Why it was refused, is lost, or did not get through the last time.
        seen: Whether that was put aside.
        here: Whether its file is on this tablet still.
        waits_for_record: Whether the office did not know the record when it was asked, and no sync went through since.
    """

    sha256: str
    of: str | None
    record_id: str
    bytes: int
    state: str
    leading: bool
    parts: int
    parts_sent: int
    captured_ms: int
    verified_ms: int | None
    problem: dict[str, Any] | None
    seen: bool
    here: bool
    waits_for_record: bool


@dataclass(frozen=True, slots=True)
class PhotoCounts:
    """
    What of the photos the office lacks.

    Attributes:
        photos: Photos with a file that waits.
        bytes: Size of the files that wait.
        states: Files by state, verified ones left out.
        refused, lost: Files that somebody has to look at.
    """

    photos: int
    bytes: int
    states: dict[str, int]
    refused: int
    lost: int


@dataclass(frozen=True, slots=True)
class Room:
    """
    The disk under the photos 存储空间.

    Attributes:
        free, total: Of the file system.
        low: Whether little is left: under 1 GB, or under a twentieth (5 GB at most).
        to_tidy: Where it is low: what tidying would free now, if the office confirms it.
    """

    free: int
    total: int
    low: bool
    to_tidy: int


@dataclass(frozen=True, slots=True)
class PhotoProgress:
    """
    Where the sending of photos stands 照片进度, told after every step.

    Attributes:
        state: The step; see ``sending.State``.
        done, total: Files.
        bytes_done, bytes_total: Of these files.
        current: The SHA-256 of the file under way.
    """

    state: str
    done: int
    total: int
    bytes_done: int
    bytes_total: int
    current: str | None


@dataclass(slots=True)
class PhotoReport:
    """
    What one sending of photos did 照片传送报告.

    Attributes:
        verified: Files that the office now has, whole and looked at.
        bytes_sent: Bodies of all parts that set out.
        bytes_resent: Those of them whose part had set out before, in this sending or an earlier one.
        unnoted: Those of the verified that a full disk kept no note of; they count as waiting still.
        waiting: Files that still wait.
        not_now: Those of them that the policy keeps back.
        retries: How often a request was made again.
        problems: Files refused or found lost, and files put off: SHA-256, record and what was said.
        problem: Set where it stopped early; what was done until then is kept.
    """

    verified: int = 0
    bytes_sent: int = 0
    bytes_resent: int = 0
    unnoted: int = 0
    waiting: int = 0
    not_now: int = 0
    retries: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)
    problem: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain data, for a log or a screen."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Tidied:
    """
    What tidying removed 清理结果, or would.

    Attributes:
        files, bytes: Removed; in a rehearsal, what would be asked for.
        kept: Files old enough that the office did not confirm.
        rehearsed: Whether nothing was removed.
        drawn, drawn_bytes: Pictures made for showing that went, or would: they are drawn anew when somebody asks.
        stray, stray_bytes: Files that nothing on the tablet names, left by a kill or a full disk more than a week ago.
    """

    files: int
    bytes: int
    kept: int
    rehearsed: bool
    drawn: int = 0
    drawn_bytes: int = 0
    stray: int = 0
    stray_bytes: int = 0
