"""
Sweeping the photo folder 清扫: what lies there and is nobody's evidence. No network is needed.

Two kinds go. Pictures drawn to be shown, which are drawn anew when somebody asks. And files that nothing on this tablet
names, neither a record nor a change, the queue, a package carried or a draft: a kill or a full disk may leave them
between the keeping of a photo and the commit that names it. What a worker's work names is never touched.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from sync_client.desk import Desk
from sync_client.errors import StoreError
from sync_client.originals import Originals
from sync_client.pictures.showing import SHOWN

_DAY_MS = 24 * 3600 * 1000
#: A drawn picture stays for three days, and the newest ones as long as they are no more than 100 MB in all.
_DRAWN_MS, _DRAWN_BYTES = 3 * _DAY_MS, 100_000_000
#: A file that nothing names stays for a week: whoever has just kept it may still be about to name it.
_STRAY_MS = 7 * _DAY_MS
#: A file by its hash, and one that was being written when the program died.
_KEPT = re.compile(r"([0-9a-f]{64})(\.[0-9]{1,20}\.part)?")
# Wherever its hash is written down it is named; to look at the bytes asks no question of what they mean.
_NAMED = """SELECT EXISTS (SELECT 1 FROM photo_file WHERE sha256 = ?1)
    OR EXISTS (SELECT 1 FROM photo_use WHERE sha256 = ?1 OR of = ?1)
    OR EXISTS (SELECT 1 FROM record WHERE instr(fields, ?1) OR instr(base, ?1))
    OR EXISTS (SELECT 1 FROM journal WHERE instr(payload, ?2))
    OR EXISTS (SELECT 1 FROM carried WHERE instr(body, ?2))
    OR EXISTS (SELECT 1 FROM draft WHERE instr(data, ?1))"""


class Litter(NamedTuple):
    """A file that may go: where it lies, its size in bytes, and the hash it is called by; None of a drawn picture."""

    place: Path
    size: int
    sha256: str | None


class Sweeper:
    """
    Takes away what is nobody's.

    Args:
        desk, originals: The tablet's.
    """

    def __init__(self, desk: Desk, originals: Originals) -> None:
        self._desk = desk
        self._originals = originals

    def litter(self, *, now: bool = False) -> list[Litter]:
        """Return what may go; *now*: every drawn picture, whatever its age. Nothing is touched."""
        try:
            return [*self.drawn(now=now), *(one for one in self._old() if not self._is_named(one))]
        except OSError as error:
            raise StoreError(str(error)) from error

    def sweep(self, found: Iterable[Litter]) -> list[Litter]:
        """
        Remove what of *found* may still go, and return that.

        Raises:
            StoreError: A file could not be removed.
        """
        try:
            return [one for one in found if self._remove(one)]
        except OSError as error:
            raise StoreError(str(error)) from error

    def _remove(self, one: Litter) -> bool:
        # A photo is attached under the same lock, which makes sure that its files are there.
        with self._desk.writing():
            if self._is_named(one):
                return False
            one.place.unlink(missing_ok=True)
        return True

    def _is_named(self, one: Litter) -> bool:
        if one.sha256 is None or one.place.name != one.sha256:
            return False
        return bool(self._desk.db.one(_NAMED, (one.sha256, one.sha256.encode()))[0])

    def drawn(self, *, now: bool = False) -> Iterator[Litter]:
        """
        Yield the drawn pictures that are too old, or too many, the newest staying the longest.

        Raises:
            OSError: The folder cannot be read.
        """
        kept, at = 0, self._desk.wall_ms()
        found = sorted(_files_in(self._originals.folder / SHOWN), key=lambda each: each[1], reverse=True)
        for place, made_ms, size in found:
            kept += size
            if now or at - made_ms > _DRAWN_MS or kept > _DRAWN_BYTES:
                yield Litter(place, size, None)

    def _old(self) -> Iterator[Litter]:
        """Yield the files among the photos that were kept more than a week ago, whoever names them."""
        at = self._desk.wall_ms()
        for folder in _folders_in(self._originals.folder):
            for place, kept_ms, size in _files_in(folder):
                called = _KEPT.fullmatch(place.name)
                if called and called[1].startswith(folder.name) and at - kept_ms > _STRAY_MS:
                    yield Litter(place, size, called[1])


def _folders_in(folder: Path) -> list[Path]:
    return [place for place in folder.glob("[0-9a-f][0-9a-f]") if place.is_dir() and not place.is_symlink()]


def _files_in(folder: Path) -> list[tuple[Path, int, int]]:
    """Return every plain file in *folder*, when it was written, in ms, and its size in bytes."""
    if not folder.is_dir():
        return []
    files = [(place, place.stat()) for place in folder.iterdir() if place.is_file() and not place.is_symlink()]
    return [(place, about.st_mtime_ns // 1_000_000, about.st_size) for place, about in files]
