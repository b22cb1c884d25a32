"""
A folder as the depot 文件夹: what lies under a key is a file, written elsewhere and given its name when it is whole.

Files on their way lie in ``.arriving`` at the top. No key begins so, so they are never listed; what a killed writer
left there is swept away when it is a day old. A file with a name is never written to again: a backup may be a second
name of it.
"""

import errno
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from server.storage.depot import PIECE, DepotFull, DepotTrouble, Invitation, Lying, Missing
from server.storage.depot.keys import checked, is_name, is_part
from server.storage.depot.pieces import Pieces, opened

_ARRIVING = ".arriving"
_LEFT_BEHIND_S = 24 * 3600
_SWEEP_EVERY_S = 3600
_FULL = (errno.ENOSPC, errno.EDQUOT)
#: What a system says where no file is.
_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class Room(NamedTuple):
    """Bytes of the disk that a folder lies on: free for us, and in all."""

    free: int
    total: int


class FolderDepot:
    """
    A depot in a folder, made where there is none.

    The folder itself may be a link; a link inside it is trouble, for what it leads to is not ours to change.

    Args:
        clock: Returns seconds since 1970-01-01 UTC, as the file system stamps files.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._clock = folder.absolute(), clock
        self._sweeping = threading.Lock()
        self._swept: float | None = None
        #: Folders that outlive a power failure. Only those of parts are ever taken away, by whichever process.
        self._settled: set[Path] = set()

    def __str__(self) -> str:
        return str(self._folder)

    def put(self, key: str, source: bytes | Path) -> None:
        """Lay bytes under a key; see ``Depot``."""
        with opened(source) as pieces, _told():
            place, arriving, lasting = self._place(key), self._new_arrival(), not is_part(key)
            if not place.parent.is_dir():
                # Taken away by hand, perhaps: what is made anew has yet to be settled.
                self._settled.difference_update((place.parent, *place.parent.parents))
            try:
                _write(arriving, pieces, lasting=lasting)
                _give_name(arriving, place)
            except BaseException:
                arriving.unlink(missing_ok=True)
                raise
            if lasting:
                self._settle(place.parent)

    def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Return bytes piece by piece; see ``Depot``."""
        with _told():
            try:
                file = self._place(key).open("rb")
            except _ABSENT as error:
                raise Missing(key) from error
            size = os.fstat(file.fileno()).st_size
            file.seek(start)
        return Pieces(file, min(size, size if stop is None else stop) - start)

    def size(self, key: str) -> int | None:
        """Return the size in bytes; see ``Depot``."""
        with _told():
            place = self._place(key)
            try:
                return place.stat().st_size if place.is_file() else None
            except FileNotFoundError:
                return None

    def lying(self, prefix: str) -> Iterator[Lying]:
        """Yield what lies there; see ``Depot``. Only the folder that *prefix* names is walked."""
        above, slash, begun = prefix.rpartition("/")
        folder = self._place(above) if above else self._folder
        return self._below(folder, above + slash, begun)

    def delete(self, keys: Iterable[str]) -> None:
        """Take away; see ``Depot``."""
        for key in keys:
            with _told():
                place = self._place(key)
                with suppress(*_ABSENT):
                    place.unlink()
                if is_part(key):
                    # Every photo has a folder for its parts; all others are few, and lasting photos may come into them.
                    with suppress(OSError):
                        place.parent.rmdir()

    def invite(self, key: str, size: int, seconds: int) -> Invitation | None:
        """Return None: into a folder only the server puts."""
        return None

    def room(self) -> Room:
        """
        Return how much space there is.

        Raises:
            DepotTrouble: The folder's disk cannot be asked.
        """
        there = next(folder for folder in (self._folder, *self._folder.parents) if folder.exists())
        with _told():
            usage = shutil.disk_usage(there)
        return Room(usage.free, usage.total)

    def _place(self, key: str) -> Path:
        """Return where *key* lies; no step of the way below the folder is a link."""
        place = self._folder
        for name in checked(key).split("/"):
            place = place / name
            if place.is_symlink():
                raise DepotTrouble(f"a link inside the folder: {place.relative_to(self._folder)}")
        return place

    def _below(self, folder: Path, above: str, begun: str) -> Iterator[Lying]:
        for name, entry in _entries(folder):
            if not name.startswith(begun):
                continue
            if entry.is_symlink():
                raise DepotTrouble(f"a link inside the folder: {above}{entry.name}")
            if name.endswith("/"):
                yield from self._below(folder / entry.name, above + name, "")
            elif entry.is_file() and (about := _about(entry)):
                yield Lying(above + name, about.st_size, about.st_mtime_ns // 1_000_000)

    def _new_arrival(self) -> Path:
        """Return where to write what has no name yet."""
        arriving = self._folder / _ARRIVING
        _make(arriving)
        now = self._clock()
        if (self._swept is None or now - self._swept > _SWEEP_EVERY_S) and self._sweeping.acquire(blocking=False):
            try:
                self._swept = now
                _sweep(arriving, now - _LEFT_BEHIND_S)
            finally:
                self._sweeping.release()
        return arriving / secrets.token_hex(16)

    def _settle(self, folder: Path) -> None:
        """Let the names in *folder*, and the folder's own and all above, outlive a power failure."""
        _sync_folder(folder)
        while folder != self._folder and folder not in self._settled:
            _sync_folder(folder.parent)
            self._settled.add(folder)
            folder = folder.parent
        if folder not in self._settled:
            # What lies above is not ours, and perhaps not for us to read.
            with suppress(PermissionError):
                _sync_folder(folder.parent)
            self._settled.add(folder)


@contextmanager
def _told() -> Iterator[None]:
    """Tell what the system says in our words; no path, since paths name photos."""
    try:
        yield
    except OSError as error:
        kind = DepotFull if error.errno in _FULL else DepotTrouble
        raise kind(error.strerror or type(error).__name__) from error


def _write(place: Path, pieces: BinaryIO, *, lasting: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(place, flags, 0o600), "wb") as file:
        shutil.copyfileobj(pieces, file, PIECE)
        file.flush()
        if lasting:
            os.fsync(file.fileno())


def _give_name(arriving: Path, place: Path) -> None:
    """Let *arriving* be *place*, in one moment."""
    for last in (False, False, True):
        try:
            _make(place.parent)
            arriving.replace(place)
            return
        except FileNotFoundError:
            # Somebody who deleted the last file in the folder tidied it away in between.
            if last:
                raise


def _make(folder: Path) -> None:
    if not folder.is_dir():
        _make(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)


def _sync_folder(folder: Path) -> None:
    # Windows opens no folder; there the file system's own journal has to do.
    if os.name != "nt":
        # Gone is as good as kept: then somebody deleted what was put.
        with suppress(FileNotFoundError):
            opened_folder = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(opened_folder)
            finally:
                os.close(opened_folder)


def _sweep(folder: Path, before: float) -> None:
    """Take away the files in *folder* that nobody has written to since *before*, in seconds."""
    for left in folder.iterdir():
        with suppress(FileNotFoundError):
            if left.stat().st_mtime < before:
                left.unlink()


def _entries(folder: Path) -> list[tuple[str, os.DirEntry[str]]]:
    """Return what may be part of a key, in the order of keys; the names of folders end with ``/``."""
    with _told():
        try:
            with os.scandir(folder) as found:
                ours = [(entry.name + "/" * entry.is_dir(), entry) for entry in found if is_name(entry.name)]
        except _ABSENT:
            return []
    return sorted(ours, key=lambda one: one[0])


def _about(entry: os.DirEntry[str]) -> os.stat_result | None:
    with _told():
        try:
            return entry.stat()
        except FileNotFoundError:
            return None  # gone since the folder was read
