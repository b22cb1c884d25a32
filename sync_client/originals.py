"""
Photo originals 原图: hashed when they are taken, kept byte for byte, on disk before any record names them.

A photo is named by its SHA-256, so the same picture attached twice is kept once and a picture swapped
later cannot pass for it.
"""

import hashlib
import os
from pathlib import Path

from sync_client.errors import StoreError, StoreFull

NO_SPACE = 28  # ENOSPC
_PIECE = 1 << 20


class Originals:
    """A content-addressed folder: ``ab/abcdef…``, never written over."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place_of(self, sha256: str) -> Path:
        """Return where the original called *sha256* lies, whether or not it does."""
        return self.folder / sha256[:2] / sha256

    def holds(self, data: bytes) -> bool:
        """
        Say whether *data* lies here already, whole.

        Raises:
            StoreError: The folder cannot be read.
        """
        try:
            return _holds(self.place_of(hashlib.sha256(data).hexdigest()), data)
        except OSError as error:
            raise StoreError(str(error)) from error

    def keep(self, source: Path | bytes) -> tuple[str, int]:
        """
        Keep a picture; return its SHA-256 and its size in bytes. When this returns it is on the disk.

        Raises:
            StoreFull: No space; nothing is left behind.
            StoreError: The picture cannot be read or the folder not be written.
        """
        try:
            return self._keep(source)
        except OSError as error:
            kind = StoreFull if error.errno == NO_SPACE else StoreError
            raise kind(str(error)) from error

    def _keep(self, source: Path | bytes) -> tuple[str, int]:
        data = source if isinstance(source, bytes) else source.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        place = self.place_of(sha256)
        if not _holds(place, data):
            place.parent.mkdir(parents=True, exist_ok=True)
            _write_through(place, data)
        else:
            # It counts as kept just now: what nobody names is collected by its age.
            os.utime(place)
        # Also the name of what lay there: whoever wrote it may have died, or found the disk full, before this.
        # And the photo folder's own: the first photo has only just made it.
        for folder in list(place.parents)[:3]:
            sync_folder(folder)
        return sha256, len(data)


def photo_folder(file: Path) -> Path:
    """Return the folder for the photos of the tablet whose data lies in *file*."""
    return file.with_name(file.name + "-photos")


def _holds(place: Path, data: bytes) -> bool:
    try:
        return place.stat().st_size == len(data) and place.read_bytes() == data
    except FileNotFoundError:
        return False


def _write_through(place: Path, data: bytes) -> None:
    """Write *data* beside *place*, and give it the name only when every byte is on the disk."""
    beside = place.with_name(f"{place.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            for start in range(0, len(data), _PIECE):
                file.write(data[start : start + _PIECE])
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Put a folder's own entries on the disk, where the system has such a thing."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
