"""
What of the files beside a database outlives a power cut 断电后的文件: bytes that were synced, under names that were.

The system's ``fsync`` is asked of every file and folder here; before and after each the program may die, and instead
of one the disk may be full. What was never synced is half rubbish afterwards, a name that was not is gone.
"""

import errno
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.simulation.drivers import Lifeline
from tests.simulation.patching import put_in_place

Files = Mapping[str, bytes]


class Disk:
    """The disk under all tablets: which files and names have reached it, by their number in the file system."""

    def __init__(self) -> None:
        self._owner: Lifeline | None = None
        self._fsync = os.fsync
        self._synced: dict[int, int] = {}
        self._names: dict[int, dict[str, int]] = {}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch every ``fsync`` of this process, and begin with nothing on the disk."""
        self._synced.clear()
        self._names.clear()
        with put_in_place(os, "fsync", self._sync):
            yield

    @contextmanager
    def used_by(self, owner: Lifeline) -> Iterator[None]:
        """Let *owner* be whose files are written."""
        before, self._owner = self._owner, owner
        try:
            yield
        finally:
            self._owner = before

    def _sync(self, handle: int) -> None:
        if self._owner is None:
            self._note(handle)
            return
        with self._owner.step(_said):
            self._note(handle)

    def _note(self, handle: int) -> None:
        about = os.fstat(handle)
        if stat.S_ISDIR(about.st_mode):
            self._names[about.st_ino] = {entry.name: entry.inode() for entry in os.scandir(handle)}
        else:
            self._synced[about.st_ino] = about.st_size

    def lose_power(self, folder: Path) -> None:
        """Leave of *folder* what has reached the disk."""
        if not folder.is_dir():
            return
        if self._names.get(_number(folder.parent), {}).get(folder.name) != _number(folder):
            shutil.rmtree(folder)
            return
        for inner in [path for path in sorted(folder.iterdir()) if path.is_dir()]:
            self.lose_power(inner)
        names = self._names.get(_number(folder), {})
        for file in [path for path in sorted(folder.iterdir()) if path.is_file()]:
            if names.get(file.name) != _number(file):
                file.unlink()
            elif self._synced.get(_number(file)) != file.stat().st_size:
                content = file.read_bytes()
                file.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))

    def put(self, folder: Path, files: Files) -> None:
        """Put *files*, by their paths within *folder*, on the disk in place of whatever is there."""
        shutil.rmtree(folder, ignore_errors=True)
        for name, content in files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            self._synced[_number(place)] = len(content)
        for inner in [folder.parent, folder, *folder.rglob("*")] if files else []:
            if inner.is_dir():
                self._names[_number(inner)] = {entry.name: entry.inode() for entry in os.scandir(inner)}


#: This process's.
DISK = Disk()


def files_in(folder: Path) -> dict[str, bytes]:
    """Return every file in *folder*, by its path within it; none where there is no folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _number(path: Path) -> int:
    return path.stat().st_ino


def _said(kind: str) -> Exception | None:
    return OSError(errno.ENOSPC, "no space left") if kind in ("full", "undone") else None
