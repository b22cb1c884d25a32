"""
The queue of photo files 照片队列: what is due, and every step of a file written down, each in one commit.

What was asked before the tablet learnt of another history of the office's, or became another device, says nothing
any more: such an answer is thrown away, see ``Queue.settling``.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas import wire
from schemas.photos import MAX_PLANNED, Offered, Wanted, part_size, parts_of
from sync_client.album import LEADING, FileState
from sync_client.desk import Desk
from sync_client.photos.policy import Network, PhotoPolicy

_LAST_SYNC = "last_sync_ms"
#: So many bytes are planned at once, or one file: addresses do not hold for ever. 64 MiB.
_PLANNED_BYTES = 64 * 1024 * 1024
#: No file is put off for longer than this: a clock that was set back must not hold it up, 1 h.
_LONGEST_MS = 3_600_000
# One use of each file that the office has not answered for, nor asked to wait for the next sync.
_DUE = f"""SELECT f.sha256, f.bytes, f.state, f.parts, f.sent, min(u.record_id), u.of
    FROM (SELECT *, {LEADING} AS leading FROM photo_file f WHERE state <> 'refused') f
    JOIN photo_use u ON u.sha256 = f.sha256
    AND (u.told = 0 OR f.state <> 'verified') AND (u.asked IS NULL OR u.asked <> ?1)
    WHERE (?2 OR f.next_try_ms <= ?3 OR f.next_try_ms > ?3 + {_LONGEST_MS})
    AND (?2 OR f.state = 'verified' OR CASE WHEN f.leading THEN ?4 ELSE ?5 END)
    GROUP BY f.sha256 ORDER BY f.leading DESC, f.bytes, f.captured_ms, f.sha256"""  # noqa: S608  # names of ours
_OTHERS = """SELECT f.sha256, f.bytes, f.state, f.parts, f.sent, min(u.record_id), u.of
    FROM photo_file f JOIN photo_use u USING (sha256)
    WHERE f.sha256 = ?1 OR u.of = ?1 OR f.sha256 IN (SELECT of FROM photo_use WHERE sha256 = ?1)
    GROUP BY f.sha256"""
_WAITING = "SELECT count(*) FROM photo_file WHERE state NOT IN ('verified', 'refused', 'lost')"
_KEPT_BACK = f"""SELECT count(*) FROM photo_file f WHERE f.state NOT IN ('verified', 'refused', 'lost')
    AND NOT CASE WHEN {LEADING} THEN ? ELSE ? END"""  # noqa: S608  # names of ours
_TOLD = "UPDATE photo_use SET told = 1, asked = NULL WHERE sha256 = ? AND record_id = ? AND of = ?"
_ASKED = "UPDATE photo_use SET asked = ? WHERE sha256 = ? AND record_id = ? AND of = ?"
_VERIFIED = """UPDATE photo_file SET state = 'verified', verified_ms = coalesce(verified_ms, ?), sent = '', tried = '',
    problem = NULL, seen = 0, failures = 0, next_try_ms = 0 WHERE sha256 = ?"""
# A file that stays lost, or refused, for the same reason is not told of again to whoever has put it aside.
_SEEN = "seen AND state = ?1 AND json_extract(problem, '$.code') IS ?2"
_TROUBLED = f"""UPDATE photo_file SET seen = CASE WHEN {_SEEN} THEN 1 ELSE 0 END, state = ?1, problem = ?3
    WHERE sha256 = ?4"""  # noqa: S608  # names of ours
_PUT_ASIDE = f"SELECT 1 FROM photo_file WHERE {_SEEN} AND sha256 = ?3"  # noqa: S608
_RECKONED = """UPDATE photo_file SET parts = ?, sent = '', problem = NULL,
    state = CASE state WHEN 'verified' THEN state ELSE 'queued' END WHERE sha256 = ?"""
_LACKED = """UPDATE photo_file SET state = CASE parts WHEN '' THEN 'captured' ELSE 'queued' END, sent = '',
    verified_ms = NULL, failures = 0, next_try_ms = 0 WHERE sha256 = ? AND state = 'verified' AND removed = 0"""
_PUT_OFF = "UPDATE photo_file SET failures = failures + 1, next_try_ms = ?, problem = ? WHERE sha256 = ?"


class When(NamedTuple):
    """What may travel: over which network, and whether somebody asked for everything *now*."""

    network: Network | None
    now: bool


class Standing(NamedTuple):
    """Whose answers hold: the office's history, and the device that the tablet is for it."""

    epoch: str | None
    device: str | None


class Outdated(Exception):
    """The answer was given to what this tablet is no more, or by an office that is no more."""


@dataclass(slots=True)
class Parcel:
    """
    One file under way, for one of its uses 传送中的文件.

    Attributes:
        parts: The SHA-256 of its parts; none before they were reckoned.
        wanted: The parts still to be sent, as the office planned it; None where it has to be asked.
        holds_until_ms: Until when its addresses hold, by the tablet's own clock.
        moved: Whether a part went through since it was planned.
        tries: How often it was planned in vain.
        failed: How often in a row no answer came.
    """

    sha256: str
    size: int
    state: str
    parts: list[str]
    record: str
    of: str
    wanted: list[Wanted] | None = None
    holds_until_ms: int | None = None
    moved: bool = False
    tries: int = 0
    failed: int = 0
    sent: set[int] = field(default_factory=set)

    @property
    def use(self) -> tuple[str, str, str]:
        """The row of its use."""
        return self.sha256, self.record, self.of

    @property
    def bytes_there(self) -> int:
        """How many bytes of it the office is known to have."""
        return sum(part_size(self.size, n) for n in self.sent)

    def offered(self) -> Offered:
        """Return how it is told to the office."""
        return Offered(self.sha256, self.record, self.size, self.parts, self.of or None)


class Queue:
    """
    The files of a tablet that have still to travel.

    Args:
        desk: The tablet's file and clock.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._db = desk.db

    def standing(self) -> Standing:
        """Return whose answers hold now."""
        head = self._desk.head()
        return Standing(head.epoch, head.device)

    @contextmanager
    def settling(self, asked: Standing) -> Iterator[None]:
        """
        Hold a transaction in which an answer is taken in that was asked for under *asked*.

        Raises:
            Outdated: That is over; nothing is written.
        """
        with self._desk.writing():
            if self.standing() != asked:
                raise Outdated
            yield

    # -- what is due -----------------------------------------------------------------------------

    def due(self, when: When, policy: PhotoPolicy, skipped: Collection[str] = ()) -> list[Parcel]:
        """Return what may go, one use of each file: what goes first of its photo first, the smallest first."""
        allowed = [policy.allows(when.network, leading=leading) for leading in (True, False)]
        rows = self._db.all(_DUE, (self._synced(), when.now, self._desk.now_ms(), *allowed))
        return [_parcel(row) for row in rows if row[0] not in skipped]

    def waiting(self, when: When, policy: PhotoPolicy) -> tuple[int, int]:
        """Return how many files wait, and how many of them the policy keeps back."""
        allowed = [when.now or policy.allows(when.network, leading=leading) for leading in (True, False)]
        return int(self._db.one(_WAITING)[0]), int(self._db.one(_KEPT_BACK, allowed)[0])

    def with_their_others(self, files: Sequence[str]) -> Iterator[tuple[str, list[Parcel]]]:
        """Yield each of *files* with all files of the photos that it belongs to, itself among them."""
        for sha256 in files:
            yield sha256, [_parcel(row) for row in self._db.all(_OTHERS, (sha256,))]

    def _synced(self) -> str:
        return self._db.note(_LAST_SYNC) or ""

    # -- the steps of a file ---------------------------------------------------------------------

    def reckoned(self, parcel: Parcel, parts: Sequence[str]) -> None:
        """Note the parts of a file, read anew from the disk."""
        parcel.parts, parcel.wanted = list(parts), None
        parcel.sent.clear()
        self._db.run(_RECKONED, (" ".join(parts), parcel.sha256))

    def planned(self, parcel: Parcel, wanted: Sequence[Wanted], holds_until_ms: int | None) -> None:
        """Note which parts the office wants; it has the others."""
        parcel.wanted, parcel.holds_until_ms, parcel.moved = list(wanted), holds_until_ms, False
        missing = {part.n for part in wanted}
        parcel.sent = {n for n in range(parts_of(parcel.size)) if n not in missing}
        self._put_sent(parcel)

    def set_out(self, parcel: Parcel, n: int) -> bool:
        """Note that part *n* sets out; say whether it ever did before."""
        if self.has_set_out(parcel, n):
            return True
        self._db.run("UPDATE photo_file SET tried = trim(tried || ' ' || ?) WHERE sha256 = ?", (n, parcel.sha256))
        return False

    def has_set_out(self, parcel: Parcel, n: int) -> bool:
        """Say whether part *n* ever set out, as far as it was noted."""
        [tried] = self._db.one("SELECT tried FROM photo_file WHERE sha256 = ?", (parcel.sha256,))
        return str(n) in tried.split()

    def sent(self, parcel: Parcel, n: int) -> None:
        """Note that part *n* got through."""
        parcel.sent.add(n)
        parcel.moved, parcel.failed = True, 0
        self._put_sent(parcel)

    def _put_sent(self, parcel: Parcel) -> None:
        whole = len(parcel.sent) == parts_of(parcel.size)
        state = FileState.STORED if whole else FileState.PARTLY_SENT if parcel.sent else FileState.QUEUED
        sent = " ".join(map(str, sorted(parcel.sent)))
        self._db.run(
            "UPDATE photo_file SET state = ?, sent = ?, problem = NULL WHERE sha256 = ?", (state, sent, parcel.sha256)
        )

    def verified(self, parcel: Parcel) -> None:
        """Note that the office has a file, whole and looked at, and knows of this use of it."""
        self._db.run(_VERIFIED, (self._desk.now_ms(), parcel.sha256))
        self._db.run(_TOLD, parcel.use)

    def waits(self, parcel: Parcel) -> None:
        """Note that the office does not know the record yet: it is asked again behind the next sync."""
        self._db.run(_ASKED, (self._synced(), *parcel.use))

    def refused(self, parcel: Parcel, problem: dict[str, Any]) -> None:
        """Note that the office will not take a file; it stays here."""
        self._trouble(parcel, FileState.REFUSED, problem)
        self._db.run(_TOLD, parcel.use)

    def lost(self, parcel: Parcel, problem: dict[str, Any]) -> None:
        """Note that a file is lost here; it is looked for again whenever photos are sent."""
        self._trouble(parcel, FileState.LOST, problem)

    def _trouble(self, parcel: Parcel, state: FileState, problem: dict[str, Any]) -> None:
        told = wire.encode(problem).decode()
        with self._desk.writing():
            self._db.run(_TROUBLED, (state, problem.get("code"), told, parcel.sha256))

    def is_put_aside(self, parcel: Parcel, state: FileState, problem: Mapping[str, Any]) -> bool:
        """Say whether somebody has put aside already 已阅 that a file is in *state* because of *problem*."""
        return bool(self._db.one(_PUT_ASIDE, (state, problem.get("code"), parcel.sha256)))

    def put_off(self, parcel: Parcel, problem: dict[str, Any], pause: float) -> None:
        """Note that a file did not get through, and is not worth trying for *pause* seconds; it stays as it is."""
        until = self._desk.now_ms() + min(int(pause * 1000), _LONGEST_MS)
        self._db.run(_PUT_OFF, (until, wire.encode(problem).decode(), parcel.sha256))

    def failures(self, parcel: Parcel) -> int:
        """Return how often a file was put off since it last got through."""
        return int(self._db.one("SELECT failures FROM photo_file WHERE sha256 = ?", (parcel.sha256,))[0])

    def lacked(self, files: Iterable[str]) -> None:
        """Let verified files that are here wait again: the office said that it lacks them."""
        with self._desk.writing():
            for sha256 in files:
                if self._db.run(_LACKED, (sha256,)).rowcount:
                    self._db.run("UPDATE photo_use SET told = 0, asked = NULL WHERE sha256 = ?", (sha256,))

    def removed(self, sha256: str) -> None:
        """Note that a verified file was taken off the tablet."""
        self._db.run("UPDATE photo_file SET removed = 1 WHERE sha256 = ? AND state = 'verified'", (sha256,))


def batch(due: Sequence[Parcel]) -> list[Parcel]:
    """Return the first of *due* that are planned together."""
    found, size = list[Parcel](), 0
    for parcel in due[:MAX_PLANNED]:
        size += parcel.size
        if found and size > _PLANNED_BYTES:
            break
        found.append(parcel)
    return found


def _parcel(row: tuple[Any, ...]) -> Parcel:
    sha256, size, state, parts, sent, record, of = row
    return Parcel(
        sha256=sha256,
        size=size,
        state=state,
        parts=parts.split(),
        record=record,
        of=of,
        sent={int(n) for n in sent.split()},
    )
