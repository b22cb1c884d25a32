"""
A first sync from a snapshot 快照: the feed's records come as ready-made parts, one a grid, and then the tail as pages.

A part is downloaded into a file beside the tablet's, from wherever the last attempt stopped; its hash is compared
before a row is touched; then it is taken in beneath waiting work, one commit a part. The commit behind the last
part moves the cursor to where the pages go on, and the last page sweeps away what the whole reading did not bring.
So whatever stops it, the tablet shows old and new side by side, and nothing is downloaded twice.
"""

import hashlib
import re
import shutil
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import msgspec

from schemas import wire
from schemas.clock import Stamp
from schemas.wire import FEED_PATTERN, MAX_BODY_INFLATED, MAX_PAGE_RECORDS, Snapshot, SnapshotPart, WireRecord
from sync_client.applying import Applied, Applier
from sync_client.asking import Asking
from sync_client.calls import UNREADABLE, Office, expect
from sync_client.desk import Desk
from sync_client.errors import GarbledAnswer, NotEnrolled, Refused, Unreachable
from sync_client.local_store import LocalStore, Reading, greatest_stamp
from sync_client.tellings import Tellings
from sync_client.transport import Response

T = TypeVar("T")

GZIP = "application/gzip"
#: Bytes asked for at once: what a broken connection costs at most.
PIECE = 512 * 1024
#: A line is one record, which has to fit into a page as well.
MOST_LINE = MAX_BODY_INFLATED
#: No grid's records come near this, unpacked; a bomb does: 1 GiB.
MOST_INFLATED = 1 << 30
#: The server fails at this, though it may well serve pages.
_BROKEN = frozenset({"internal_error", "500"})
#: A grid's records and their indexes go through SQLite's cache, and to the disk twice where it is too small: 16 MiB.
_CACHE_KIB = 16 * 1024
_READ = 64 * 1024
_STEP = 256 * 1024
_GZIP_BITS = 31
_NAME = re.compile(r"[0-9a-f]{64}")
_FEED = re.compile(FEED_PATTERN)
_PLACE = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+)")


class NoSnapshot(Exception):
    """There is none that can be used: the feed is read page by page."""


class DamagedPart(Exception):
    """What was downloaded is not what the list of parts named, or cannot be read."""


class _Progress(msgspec.Struct):
    """What is noted of a reading under way: behind which cursor, in which generation, and the parts taken in."""

    cursor: str
    generation: int
    taken: list[str] = []


class Snapshots:
    """Takes snapshots into the tablet's file."""

    def __init__(
        self,
        desk: Desk,
        store: LocalStore,
        tellings: Tellings,
        applier: Applier,
        office: Office,
        asking: Asking,
    ) -> None:
        self._desk = desk
        self._store = store
        self._tellings = tellings
        self._applier = applier
        self._office = office
        self._asking = asking
        self._folder = desk.db.path.with_name(desk.db.path.name + "-snapshot")

    def taking(self, feed: str, address: str, token: str) -> Iterator[Applied]:
        """
        Take the snapshot of *feed* in, a part at a time; at the end the cursor stands behind it.

        Args:
            address: Where the list of its parts lies, a path at the server's root.

        Yields:
            What each commit brought.

        Raises:
            NoSnapshot: It cannot be used; what was taken in of it stays, and the feed is to be read from the
                beginning, page by page.
            Unreachable: The network broke off; the next sync goes on with what is on the disk.
            NotEnrolled, StoreError: As any step of a sync.
        """
        if self._desk.db.driver.sealed:
            # Parts lie in the clear while they are downloaded, and sealed files are there for a reason.
            shutil.rmtree(self._folder, ignore_errors=True)
            raise NoSnapshot
        before = self._desk.db.one("PRAGMA cache_size")[0]
        try:
            # Stopped half-way, the larger cache stays: the next sync goes on with it.
            self._desk.db.run(f"PRAGMA cache_size = -{_CACHE_KIB}")
            yield from self._take(feed, address, token)
            self._desk.db.run(f"PRAGMA cache_size = {int(before)}")
        except OSError as error:
            # No room for the parts, or no leave to write them: pages need neither.
            shutil.rmtree(self._folder, ignore_errors=True)
            raise NoSnapshot from error

    def _take(self, feed: str, address: str, token: str) -> Iterator[Applied]:
        if not (_FEED.fullmatch(feed) and address.startswith("/")):
            # One would name files elsewhere, the other another server, which is to see no token of ours.
            raise NoSnapshot
        listed = self._listed(feed, address, token)
        progress = self._begin(feed, listed)
        self._tidy(feed, listed)
        for part in listed.parts:
            if part.sha256 not in progress.taken:
                file = self._whole(feed, f"{address}/{part.sha256}", part, token)
                yield self._take_part(feed, listed, part, file, progress)
        yield self._finish(feed, listed, progress)
        for part in listed.parts:
            self._file(feed, part).unlink(missing_ok=True)

    # -- the list of parts -----------------------------------------------------------------------

    def _listed(self, feed: str, address: str, token: str) -> Snapshot:
        def ask() -> Snapshot:
            try:
                return _decode_snapshot(self._office.get(address, token))
            except UNREADABLE as error:
                raise GarbledAnswer(str(error)) from error

        listed = self._patiently(ask)
        if listed.feed != feed or not all(_NAME.fullmatch(part.sha256) for part in listed.parts):
            raise NoSnapshot
        return listed

    def _begin(self, feed: str, listed: Snapshot) -> _Progress:
        """
        Return how far this very snapshot was taken in before, or begin to read the feed from the beginning.

        The same cursor means the same version under the same view. What an older list named is no use: records
        may have left its parts since, and nobody would say so.
        """
        with self._desk.writing():
            reading, noted = self._store.reading(feed), self._progress(feed)
            if noted and noted.cursor == listed.cursor and _stands(reading, noted):
                return noted
            # Without a cursor the next sync is offered the snapshot again, should this one not get through.
            self._store.put_reading(feed, Reading(None, reading.generation + 1, under_way=True))
            return self._note(feed, _Progress(listed.cursor, reading.generation + 1))

    def _progress(self, feed: str) -> _Progress | None:
        noted = self._desk.db.note(_key(feed))
        return _decode_progress(noted) if noted else None

    def _note(self, feed: str, progress: _Progress) -> _Progress:
        self._desk.db.put_note(_key(feed), wire.encode(progress).decode())
        return progress

    # -- downloading -----------------------------------------------------------------------------

    def _whole(self, feed: str, address: str, part: SnapshotPart, token: str) -> Path:
        """Return the file that holds *part*, whole and true; a damaged one is downloaded once more."""
        file = self._file(feed, part)
        file.parent.mkdir(exist_ok=True)
        for _ in range(2):
            self._download(file, address, part, token)
            if _sha256(file) == part.sha256:
                return file
            file.unlink()
        raise NoSnapshot

    def _download(self, file: Path, address: str, part: SnapshotPart, token: str) -> None:
        with file.open("ab") as into:
            if into.tell() > part.size:
                into.truncate(0)
            while (start := into.tell()) < part.size:
                piece, whole = self._patiently(partial(self._piece, address, part, start, token))
                if whole:
                    into.truncate(0)
                into.write(piece)
                # On its way to the disk before the next piece is asked for; the hash tells what did not arrive.
                into.flush()

    def _piece(self, address: str, part: SnapshotPart, start: int, token: str) -> tuple[bytes, bool]:
        """Return the bytes from *start* on, or all of them, and which of the two it is."""
        last = min(start + PIECE, part.size) - 1
        headers = {"Range": f"bytes={start}-{last}", "If-Range": f'"{part.sha256}"'}
        answer = expect(self._office.fetch(address, token, headers), GZIP, {200, 206})
        whole = answer.status == 200
        if not answer.body or (not whole and _begin_of(answer) != start):
            raise GarbledAnswer("range")
        return answer.body[: part.size if whole else last + 1 - start], whole

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask patiently; what is refused, stays unreadable or breaks the server is no snapshot."""
        try:
            return self._asking.patiently(ask)
        except NotEnrolled:
            raise
        except (Refused, GarbledAnswer) as error:
            raise NoSnapshot from error
        except Unreachable as error:
            if error.detail in _BROKEN:
                raise NoSnapshot from error
            raise

    # -- taking in -------------------------------------------------------------------------------

    def _take_part(self, feed: str, listed: Snapshot, part: SnapshotPart, file: Path, progress: _Progress) -> Applied:
        """Take one part in: all of it in one commit, or nothing."""
        try:
            with self._desk.writing() as head:
                self._must_stand(feed, progress)
                newer = self._newer(feed, listed)
                latest: Stamp | None = None
                count = 0
                lines = records_in(file, part.records)
                while batch := list(islice(lines, MAX_PAGE_RECORDS)):
                    found = [record for record in batch if record.id not in newer]
                    self._applier.take_in(feed, progress.generation, found)
                    latest = max(filter(None, (latest, greatest_stamp(batch))), default=None)
                    count += len(found)
                if latest is not None and latest > head.clock.latest:
                    head.clock.observe(latest, self._desk.wall_ms())
                progress.taken.append(part.sha256)
                self._note(feed, progress)
        except (DamagedPart, *UNREADABLE) as error:
            file.unlink(missing_ok=True)
            raise NoSnapshot from error
        return Applied(count, 0)

    def _newer(self, feed: str, listed: Snapshot) -> set[str]:
        """
        Return the records that must not be taken from a part: what the tablet holds is newer, or lies elsewhere.

        Above the snapshot's number only its own history counts: an older one's numbers are all below.
        """
        rows = self._desk.db.all("SELECT id FROM record WHERE feed = ? AND version > ?", (feed, listed.version))
        return {id_ for (id_,) in rows} | set(listed.left)

    def _finish(self, feed: str, listed: Snapshot, progress: _Progress) -> Applied:
        with self._desk.writing():
            self._must_stand(feed, progress)
            told = self._tellings.keep(feed, listed.told)
            self._store.put_reading(feed, Reading(listed.cursor, progress.generation, under_way=True))
            self._desk.db.run("DELETE FROM note WHERE key = ?", (_key(feed),))
        return Applied(0, 0, told)

    def _must_stand(self, feed: str, progress: _Progress) -> None:
        """Make sure that no other program has read this feed meanwhile."""
        if not _stands(self._store.reading(feed), progress):
            raise NoSnapshot

    # -- files -----------------------------------------------------------------------------------

    def _file(self, feed: str, part: SnapshotPart) -> Path:
        return self._folder / f"{feed}-{part.sha256}.gz"

    def _tidy(self, feed: str, listed: Snapshot) -> None:
        """Remove what no reading under way needs."""
        named = {self._file(feed, part).name for part in listed.parts}
        for file in self._folder.glob("*") if self._folder.exists() else ():
            other = file.name.partition("-")[0]
            if file.name not in named and (other == feed or self._progress(other) is None):
                file.unlink(missing_ok=True)


def records_in(file: Path, count: int) -> Iterator[WireRecord]:
    """
    Yield the *count* records of a part, never holding more than a little of it.

    Raises:
        DamagedPart: It holds more or fewer, a line without end, more bytes than any grid has, or is cut off.
        ValueError: A record cannot be read.
    """
    found, rest = 0, b""
    for piece in _inflated(file):
        *lines, rest = (rest + piece).split(b"\n")
        found += len(lines)
        if found > count or len(rest) > MOST_LINE:
            raise DamagedPart("lines")
        yield from map(wire.decode_record, lines)
    if rest or found != count:
        raise DamagedPart("records")


def _inflated(file: Path) -> Iterator[bytes]:
    inflater, size = zlib.decompressobj(_GZIP_BITS), 0
    try:
        with file.open("rb") as packed:
            while piece := inflater.unconsumed_tail or packed.read(_READ):
                plain = inflater.decompress(piece, _STEP)
                size += len(plain)
                if size > MOST_INFLATED or inflater.unused_data:
                    raise DamagedPart("size")
                yield plain
    except zlib.error as error:
        raise DamagedPart("gzip") from error
    if not inflater.eof:
        raise DamagedPart("cut off")


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _begin_of(answer: Response) -> int | None:
    """Return the first byte that a partial answer brings, counted from 0."""
    found = _PLACE.fullmatch(answer.headers.get("content-range", ""))
    return int(found[1]) if found else None


def _stands(reading: Reading, progress: _Progress) -> bool:
    return (reading.cursor, reading.generation, reading.under_way) == (None, progress.generation, True)


def _key(feed: str) -> str:
    return f"snapshot:{feed}"


_decode_snapshot = msgspec.json.Decoder(Snapshot).decode
_decode_progress = msgspec.json.Decoder(_Progress).decode
