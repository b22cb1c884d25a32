"""
The album 相册: which photo files lie on this tablet, which records use them, and how far each has come.

A *file* is an original 原图 or the copy 副本 made of it, named by its own SHA-256; a *photo* is named by its
original's. Where no copy travels, the original goes first in its place. Every method is part of the caller's
transaction, if any.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from sync_client.database import Database
from sync_client.desk import Desk
from sync_client.photos.values import PhotoCounts, PhotoFile


class FileState(StrEnum):
    """How far a file has come 传送状态."""

    CAPTURED = "captured"  # on the disk, and named by a record
    QUEUED = "queued"  # its parts are reckoned
    PARTLY_SENT = "partly_sent"  # the office has some of them
    STORED = "stored"  # the office has all of them, and has not looked at the whole yet
    VERIFIED = "verified"  # it lies at the office, whole, and was looked at
    REFUSED = "refused"  # the office will not take it; it stays here
    LOST = "lost"  # it is gone from this tablet, or was changed, before the office had it


class File(NamedTuple):
    """One file in the photo folder: its SHA-256 and its size in bytes."""

    sha256: str
    size: int


#: Goes first of its photo: a copy, or an original of which none was made.
LEADING = """(EXISTS (SELECT 1 FROM photo_use c WHERE c.sha256 = f.sha256 AND c.of <> '')
    OR NOT EXISTS (SELECT 1 FROM photo_use c WHERE c.of = f.sha256))"""
#: The office still has to hear of it: states that end nothing, and uses it has not answered for.
_WAITS = "f.state NOT IN ('verified', 'refused', 'lost')"
# Named anew, what was verified has to be confirmed: since no record named it, the office may have let it go.
_KEEP = """INSERT INTO photo_file (sha256, bytes, state, captured_ms) VALUES (?, ?, 'captured', ?)
    ON CONFLICT (sha256) DO UPDATE SET removed = 0, seen = 0, next_try_ms = 0,
    state = CASE WHEN state NOT IN ('lost', 'verified') THEN state WHEN parts = '' OR state = 'lost' THEN 'captured'
    ELSE 'queued' END,
    sent = iif(state = 'verified', '', sent), verified_ms = NULL,
    problem = CASE WHEN state = 'lost' THEN NULL ELSE problem END"""
_USE = """INSERT INTO photo_use (sha256, record_id, of) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET told = 0, asked = NULL"""
# What is not here any more cannot be sent again, whatever the office has forgotten.
_FORGOTTEN = "SELECT sha256 FROM photo_file WHERE state = 'verified' AND removed = 0"
_AGAIN = """UPDATE photo_file SET state = CASE parts WHEN '' THEN 'captured' ELSE 'queued' END, sent = '',
    verified_ms = NULL, failures = 0, next_try_ms = 0 WHERE state = 'verified' AND removed = 0"""
_LISTED = f"""SELECT f.sha256, u.of, u.record_id, f.bytes, f.state, f.sent, f.parts, f.captured_ms, f.verified_ms,
    f.problem, f.seen, f.removed, coalesce(u.told = 0 AND u.asked = ?, 0), {LEADING}
    FROM photo_file f JOIN photo_use u USING (sha256)"""  # noqa: S608  # names of ours
_COUNTED = """SELECT f.state, count(*), sum(f.bytes), sum(f.seen = 0) FROM photo_file f
    WHERE f.state <> 'verified' GROUP BY f.state"""
_PHOTOS_WAITING = f"""SELECT count(DISTINCT CASE u.of WHEN '' THEN u.sha256 ELSE u.of END)
    FROM photo_file f JOIN photo_use u USING (sha256) WHERE {_WAITS}"""  # noqa: S608  # names of ours

_OLDEST_WAITING = f"SELECT min(f.captured_ms) FROM photo_file f JOIN photo_use u USING (sha256) WHERE {_WAITS}"  # noqa: S608  # names of ours
_WHOSE = f"""SELECT r.by, count(DISTINCT CASE u.of WHEN '' THEN u.sha256 ELSE u.of END), min(f.captured_ms)
    FROM photo_file f JOIN photo_use u USING (sha256) JOIN record r ON r.id = u.record_id
    WHERE {_WAITS} GROUP BY r.by"""  # noqa: S608  # names of ours


class Album:
    """
    The photo files of a tablet.

    Args:
        desk: The tablet's file and clock.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def _db(self) -> Database:
        return self._desk.db

    def take(self, record_id: str, original: File, copy: File | None) -> None:
        """
        Note a photo of a record, its files on the disk already 入册; to be called where the record is written.

        Args:
            record_id: Which record names it.
            original: The untouched file.
            copy: The smaller one that travels first; None where the original is small enough itself.
        """
        with self._desk.writing():
            self._keep(original, "", [record_id])
            if copy is not None:
                self._keep(copy, original.sha256, [record_id])

    def take_along(self, file: File, of: str, records: Iterable[str]) -> None:
        """Note a file of another tablet's 捎带; *of* is the original of a copy, empty for an original."""
        with self._desk.writing():
            self._keep(file, of, records)

    def _keep(self, file: File, of: str, records: Iterable[str]) -> None:
        self._db.run(_KEEP, (file.sha256, file.size, self._desk.now_ms()))
        self._db.run_many(_USE, [(file.sha256, record_id, of) for record_id in records])

    def queue_again(self) -> int:
        """
        Let every verified file that is still here wait again 重新排队, for the office may have forgotten it.

        Returns:
            How many. What the office does have it says at the next plan, and nothing travels twice.
        """
        with self._desk.writing():
            self._db.run(f"UPDATE photo_use SET told = 0, asked = NULL WHERE sha256 IN ({_FORGOTTEN})")  # noqa: S608
            return self._db.run(_AGAIN).rowcount

    # -- looking ---------------------------------------------------------------------------------

    def files(self, record_id: str | None = None) -> list[PhotoFile]:
        """Return every file with each record that uses it, or those of one record; the newest photo first."""
        where, values = (" WHERE u.record_id = ?", (record_id,)) if record_id else ("", ())
        order = " ORDER BY f.captured_ms DESC, u.record_id, u.of, f.sha256"
        rows = self._db.all(_LISTED + where + order, (self._db.note("last_sync_ms") or "", *values))
        return [_file(row) for row in rows]

    def counts(self) -> PhotoCounts:
        """Return how many files wait, are refused or lost, and how many photos are concerned."""
        rows = {state: (count, size, unseen) for state, count, size, unseen in self._db.all(_COUNTED)}
        waiting = {state: row for state, row in rows.items() if state not in (FileState.REFUSED, FileState.LOST)}
        return PhotoCounts(
            photos=int(self._db.one(_PHOTOS_WAITING)[0]),
            bytes=sum(size for _, size, _ in waiting.values()),
            states={state: count for state, (count, _, _) in rows.items()},
            refused=rows.get(FileState.REFUSED, (0, 0, 0))[2],
            lost=rows.get(FileState.LOST, (0, 0, 0))[2],
        )

    def oldest_waiting_ms(self) -> int | None:
        """Return when the oldest photo that waits was taken in."""
        oldest: int | None = self._db.one(_OLDEST_WAITING)[0]
        return oldest

    def waiting_by_person(self) -> dict[str, tuple[int, int]]:
        """Return by whoever wrote last in their record how many photos wait, and when the oldest was taken in."""
        return {person: (count, oldest) for person, count, oldest in self._db.all(_WHOSE)}

    def here_alone(self, *, doubtful: bool) -> set[str]:
        """
        Return the SHA-256 of every file that the office is not known to have, whole and looked at.

        Args:
            doubtful: The office may have been put back to a day before it verified what is still here.
        """
        where = "removed = 0" if doubtful else "state <> 'verified'"
        return {sha256 for (sha256,) in self._db.all(f"SELECT sha256 FROM photo_file WHERE {where}")}  # noqa: S608

    def uses(self, sha256: str) -> list[str]:
        """Return the ids of the records that the photo called *sha256* was attached to here, or carried for."""
        rows = self._db.all("SELECT record_id FROM photo_use WHERE sha256 = ? AND of = '' ORDER BY 1", (sha256,))
        return [record_id for (record_id,) in rows]

    def knows(self, sha256: str) -> bool:
        """Say whether some record uses, or used, the file called *sha256*."""
        return bool(self._db.one("SELECT 1 FROM photo_file WHERE sha256 = ?", (sha256,)))

    def waiting(self) -> set[str]:
        """Return the SHA-256 of every file that still has to travel."""
        return {sha256 for (sha256,) in self._db.all(f"SELECT sha256 FROM photo_file f WHERE {_WAITS}")}  # noqa: S608

    def put_aside(self, sha256: str) -> bool:
        """Take what was told of a refused or lost file off the list 已阅; say whether it was there."""
        found = "UPDATE photo_file SET seen = 1 WHERE sha256 = ? AND state IN ('refused', 'lost') AND seen = 0"
        return bool(self._db.run(found, (sha256,)).rowcount)


def _file(row: tuple[Any, ...]) -> PhotoFile:
    sha256, of, record, size, state, sent, parts, captured, verified, problem, seen, removed, waits, leading = row
    return PhotoFile(
        sha256=sha256,
        of=of or None,
        record_id=record,
        bytes=size,
        state=state,
        leading=bool(leading),
        parts=len(parts.split()),
        parts_sent=len(sent.split()),
        captured_ms=captured,
        verified_ms=verified,
        problem=msgspec.json.decode(problem, type=dict[str, Any]) if problem else None,
        seen=bool(seen),
        here=not removed,
        waits_for_record=bool(waits),
    )
