"""
Make a backup 备份: one folder with everything a server must never lose, while it goes on working.

The folder holds the database, the list of photos that the records name, and a manifest with the hash of
each file, written last. It gets its name when all of it is on disk: what has no manifest, or goes by
``.partial``, is no backup.
"""

import hashlib
import secrets
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from schemas import wire
from server.storage import dumping
from server.storage.dumping import FILE_OF, Held, Photo
from server.storage.postgres_tools import DumpTrouble, Tools
from server.storage.store import Store
from server.usecases.mistakes import Mistake

FORMAT = "gridward-backup"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
PHOTOS = "photos.txt"
_CHUNK = 1 << 20


class Manifest(NamedTuple):
    """
    What a backup says of itself.

    Attributes:
        database: ``sqlite`` or ``postgresql``.
        taken_ms: The moment it shows, or a little before.
        revision: The step its tables stand at.
        districts: The districts, with their epochs and the ends of their feeds.
        photos: How many photos its records name.
        files: By name: the SHA-256 in hexadecimal.
    """

    database: str
    taken_ms: int
    revision: str
    districts: list[Held]
    photos: int
    files: Mapping[str, str]


def back_up(store: Store, folder: Path, now_ms: int, tools: Tools) -> Manifest:
    """
    Back the database of *store* up into the new *folder*.

    Raises:
        Mistake: *folder* is there already, or the database cannot be copied; nothing is left behind then.
        OSError: The disk would not take it; nothing is left behind either.
    """
    if folder.exists() or folder.is_symlink():
        raise Mistake(f"“{folder}”已存在；请换一个名字。", f"'{folder}' is there already; name another folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}.partial")
    partial.mkdir(mode=0o700)
    try:
        manifest = _fill(store, partial, now_ms, tools)
        dumping.sync_file(partial)
        partial.rename(folder)
    except DumpTrouble as trouble:
        raise Mistake(trouble.zh, trouble.en) from trouble
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    dumping.sync_file(folder.parent)
    return manifest


def _fill(store: Store, folder: Path, now_ms: int, tools: Tools) -> Manifest:
    database = FILE_OF[dumping.kind_of(store)]
    with dumping.frozen(store, folder / database, tools) as connection:
        revision = dumping.revision_of(connection)
        if revision is None:
            raise Mistake("数据库是空的，没有可备份的内容。", "The database is empty: there is nothing to back up.")
        districts = dumping.held_in(connection)
        photos = _list_photos(folder / PHOTOS, dumping.photos_in(connection))
    files = {name: digest_of(folder / name) for name in (database, PHOTOS)}
    manifest = Manifest(dumping.kind_of(store), now_ms, revision, districts, photos, files)
    _write(folder / MANIFEST, written(manifest))
    return manifest


def _list_photos(file: Path, photos: Iterable[Photo]) -> int:
    """Write one line for each photo of each record: fingerprint, bytes (``-`` where unknown), record."""
    count = 0
    with _new(file) as lines:
        for photo in photos:
            lines.write(f"{photo.sha256}\t{'-' if photo.size is None else photo.size}\t{photo.record}\n".encode())
            count += 1
    dumping.sync_file(file)
    return count


def _write(file: Path, body: bytes) -> None:
    with _new(file) as whole:
        whole.write(body)
    dumping.sync_file(file)


def _new(file: Path) -> Any:
    file.touch(mode=0o600, exist_ok=False)
    return file.open("wb")


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    found = hashlib.sha256()
    with file.open("rb") as whole:
        while chunk := whole.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


# -- the manifest -------------------------------------------------------------------------------------


def written(manifest: Manifest) -> bytes:
    """Return *manifest* as the text of its file, which carries its own hash."""
    districts = [
        {
            "district": held.district, "name": held.name, "epoch": held.epoch,
            "feeds": {code: end._asdict() for code, end in sorted(held.feeds.items())},
        }
        for held in manifest.districts
    ]  # fmt: skip
    body = {"format": FORMAT, "version": FORMAT_VERSION} | manifest._asdict() | {"districts": districts}
    return wire.canonical(body | {"sha256": own_digest(body)}) + b"\n"


def own_digest(body: Mapping[str, Any]) -> str:
    """Return the hash of a manifest, given without it."""
    return hashlib.sha256(wire.canonical(dict(body))).hexdigest()
