"""
Attaching photos 附照片: judged first, then kept on the disk, then, in one commit, named by the record.

What is no sound picture is refused while the worker still stands there, and nothing is written. Killed in between,
the tablet holds at most a file that no record names; attached again, it is found and used.
"""

import dataclasses
import hashlib
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from schemas.fields import is_moment
from schemas.photos import MAX_FILE_BYTES
from schemas.pictures import Picture, look
from schemas.problems import Refusal
from schemas.registry import TYPES
from schemas.wording import size_of
from sync_client.album import Album, File
from sync_client.desk import Desk
from sync_client.errors import StoreError
from sync_client.local_store import LocalStore
from sync_client.originals import Originals
from sync_client.photos.errors import NoRoomForPhoto
from sync_client.pictures.copies import copy_of, travels_as_it_is
from sync_client.pictures.flags import Taken, flags_of
from sync_client.recording import Change, Recorder
from sync_client.times import instant
from sync_client.values import Attached, Record

#: What a commit that names a photo may take, and the file of a database growing by it: 256 KiB.
_COMMIT_ROOM = 256 * 1024


class Prepared(NamedTuple):
    """
    A picture that was looked at and lies on the disk 已检验的照片, ready to be named by a record.

    Attributes:
        seen: What it says of itself.
        original: The untouched file.
        copy: The smaller one that travels first; None where the original is small enough itself.
    """

    seen: Picture
    original: File
    copy: File | None


class Attacher:
    """
    Attaches photos to records.

    Args:
        desk: Transactions and the device's clock.
        recorder: Writes the references down.
        folder: Where originals and copies are kept.
        album: Where the files are noted, to be sent.
    """

    def __init__(self, desk: Desk, recorder: Recorder, folder: Path, album: Album) -> None:
        self._desk = desk
        self._recorder = recorder
        self._store = LocalStore(desk.db)
        self._album = album
        self.originals = Originals(folder)

    def prepare(self, photo: str | Path | bytes) -> Prepared:
        """
        Judge a picture and keep it and its copy; no record names them yet, and no transaction is held.

        Raises:
            Refusal: ``photo_kind_unknown``, ``photo_damaged``, ``photo_too_many_pixels``, ``photo_too_large``; nothing
                was written.
            StoreFull, StoreError: It cannot be read or kept.
        """
        data = photo if isinstance(photo, bytes) else _read(Path(photo))
        seen = look(data)
        small = None if travels_as_it_is(seen, len(data)) else copy_of(data)
        original, *copies = self._kept([data] if small is None else [data, small])
        return Prepared(seen, original, copies[0] if copies else None)

    def _kept(self, pictures: Sequence[bytes]) -> list[File]:
        """Keep *pictures*, all of them or, where the disk fills up in between, none that was not there before."""
        fresh = [data for data in pictures if not self.originals.holds(data)]
        self._see_that_there_is_room(sum(map(len, fresh)) + _COMMIT_ROOM)
        try:
            return [File(*self.originals.keep(data)) for data in pictures]
        except StoreError:
            self._forget(fresh)
            raise

    def _see_that_there_is_room(self, size: int) -> None:
        """
        Make sure that files of *size* bytes fit, before any of them is written.

        Raises:
            NoRoomForPhoto: They do not.
        """
        free = shutil.disk_usage(self._desk.db.path.parent).free
        if free < size:
            raise NoRoomForPhoto(f"{size_of(size)} > {size_of(free)}")

    def _forget(self, pictures: Iterable[bytes]) -> None:
        with suppress(OSError, StoreError), self._desk.writing():
            for data in pictures:
                sha256 = hashlib.sha256(data).hexdigest()
                if not self._album.knows(sha256):
                    self.originals.place_of(sha256).unlink(missing_ok=True)

    def attach(
        self,
        record: Record | str,
        photo: str | Path | bytes | Prepared,
        *,
        item: str | None = None,
        role: str | None = None,
        taken_at: str | None = None,
        origin: str = "camera",
        position: dict[str, Any] | None = None,
        mock: bool = False,
    ) -> Attached:
        """Attach one photo; see ``FieldClient.attach``."""
        record_id = record if isinstance(record, str) else record.id
        self._store.need(record_id)
        ready = photo if isinstance(photo, Prepared) else self.prepare(photo)
        seen = ready.seen
        position = position or _position_in(seen)
        taken = Taken(
            origin=origin,
            times=self._times(seen, taken_at, origin),
            position=position,
            software=seen.software,
            mock=mock,
        )
        with self._desk.writing():
            self._see_that_it_is_here(ready)
            element = {
                "sha256": ready.original.sha256,
                "copy": ready.copy.sha256 if ready.copy else None,
                "item": item,
                "role": role or ("near" if item else "overview"),
                "taken_at": next(filter(is_moment, taken.times), None),
                "origin": origin,
                "position": position,
                "flags": self._flags(taken, record_id),
            }
            told = {name: value for name, value in element.items() if value}
            before = _photo_in(self._store.need(record_id).shown(), ready.original.sha256)
            changed = self._recorder.edit(record, Change(add={"photos": [told]}))
            self._album.take(changed.id, ready.original, ready.copy)
            return self._attached(changed, ready.original.sha256, before)

    def _attached(self, now: Record, sha256: str, before: dict[str, Any] | None) -> Attached:
        others = [self._store.held(record_id) for record_id in self._album.uses(sha256) if record_id != now.id]
        found = [held.shown() for held in others if held]
        named = (one.id for one in found if not one.void and _photo_in(one, sha256) and not _belong_together(now, one))
        fields = {each.name: getattr(now, each.name) for each in dataclasses.fields(now)}
        return Attached(**fields, photo=_photo_in(now, sha256) or {}, before=before, elsewhere=tuple(named))

    def _see_that_it_is_here(self, ready: Prepared) -> None:
        """
        Make sure that what is about to be named is still there: it may have been prepared long ago.

        Raises:
            StoreError: It was collected meanwhile; prepared anew, it is kept anew.
        """
        for file in (ready.original, ready.copy):
            if file and not self.originals.place_of(file.sha256).is_file():
                raise StoreError(file.sha256)

    def _times(self, seen: Picture, taken_at: str | None, origin: str) -> tuple[str, ...]:
        """Return every moment given for a photo, the one to be kept first: the caller's, the picture's, the clock's."""
        given = tuple(time for time in (taken_at, seen.taken_at) if time)
        return given or ((instant(self._desk.now_ms()),) if origin == "camera" else ())

    def _flags(self, taken: Taken, record_id: str) -> list[str]:
        record = self._store.need(record_id).shown()
        now = instant(self._desk.now_ms())
        places = (self._place_of_subject(record), record.get("position"))
        return flags_of(taken, str(record.get("observed_at") or now), places, now)

    def _place_of_subject(self, record: Record) -> dict[str, Any] | None:
        known = TYPES.get(record.type)
        about = record.get(known.schema.subject_field) if known and known.schema.subject_field else None
        held = self._store.held(about) if about else None
        place: dict[str, Any] | None = held.shown().get("position") if held else None
        return place


def _photo_in(record: Record, sha256: str) -> dict[str, Any] | None:
    return next((photo for photo in record.get("photos") or () if photo["sha256"] == sha256), None)


def _belong_together(one: Record, other: Record) -> bool:
    """Say whether one follows from the other, or both from one check: they share their photos."""
    checks = [record.get("check_id") or record.follows or record.id for record in (one, other)]
    return checks[0] == checks[1]


def _position_in(seen: Picture) -> dict[str, Any] | None:
    if seen.lat is None:
        return None
    place = {"lat": seen.lat, "lon": seen.lon, "crs": "wgs84", "fix_source": "photo"}
    return place if seen.accuracy_m is None else place | {"accuracy_m": seen.accuracy_m}


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise Refusal("photo_too_large", limit=f"{MAX_FILE_BYTES >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise StoreError(str(error)) from error
