"""
Make a backup 备份: one folder with everything a server must never lose, while it goes on working.

The folder holds the database, the list of photos that the records name, the photos themselves where they lie in
a folder of ours, and a manifest with the hash of each file, written last. It gets its name when all of it is on
disk: what has no manifest, or goes by ``.partial``, is no backup.
"""

import hashlib
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from schemas import wire
from server.storage import dumping
from server.storage.depot import Depot
from server.storage.depot.folder import FolderDepot
from server.storage.dumping import FILE_OF, Held, Photo
from server.storage.photo_backup import files_to_keep, states_in
from server.storage.postgres_tools import DumpTrouble, Tools
from server.storage.store import Store
from server.usecases.mistakes import Mistake
from server.usecases.photos_in_backups import LISTED, Kept, keep_photos

FORMAT = "gridward-backup"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
PHOTOS = "photos.txt"
_CHUNK = 1 << 20
_LINES = 1_000


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
        kept: What photos it has; None where it has none of them.
    """

    database: str
    taken_ms: int
    revision: str
    districts: list[Held]
    photos: int
    files: Mapping[str, str]
    kept: Kept | None = None


def back_up(
    store: Store, folder: Path, now_ms: int, tools: Tools, depot: Depot | None = None, photos: Path | None = None
) -> Manifest:
    """
    Back the database of *store* up into the new *folder*, and the photos of *depot*.

    Args:
        depot: None leaves the photos out. What lies in a bucket is left out too: that has backups of its own kind.
        photos: A folder for the photos that many backups share; None: inside this one.

    Raises:
        Mistake: *folder* is there already, or the database or a photo cannot be copied; nothing is left behind then.
        OSError: The disk would not take it; nothing is left behind either.
    """
    if folder.exists() or folder.is_symlink():
        raise Mistake(f"“{folder}”已存在；请换一个名字。", f"'{folder}' is there already; name another folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}.partial")
    partial.mkdir(mode=0o700)
    try:
        manifest = _fill(store, partial, now_ms, tools, depot if isinstance(depot, FolderDepot) else None, photos)
        dumping.sync_file(partial)
        partial.rename(folder)
    except DumpTrouble as trouble:
        raise Mistake(trouble.zh, trouble.en) from trouble
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    dumping.sync_file(folder.parent)
    return manifest


def _fill(
    store: Store, folder: Path, now_ms: int, tools: Tools, depot: Depot | None, elsewhere: Path | None
) -> Manifest:
    database = FILE_OF[dumping.kind_of(store)]
    with dumping.frozen(store, folder / database, tools) as connection:
        revision = dumping.revision_of(connection)
        if revision is None:
            raise Mistake("数据库是空的，没有可备份的内容。", "The database is empty: there is nothing to back up.")
        districts = dumping.held_in(connection)
        photos = _list_photos(folder / PHOTOS, _with_states(connection, dumping.photos_in(connection)))
        kept = keep_photos(depot, files_to_keep(connection), folder, elsewhere) if depot else None
    files = {name: digest_of(folder / name) for name in (database, PHOTOS, *([LISTED] if kept else []))}
    manifest = Manifest(dumping.kind_of(store), now_ms, revision, districts, photos, files, kept)
    _write(folder / MANIFEST, written(manifest))
    return manifest


def _with_states(connection: Any, photos: Iterator[Photo]) -> Iterator[tuple[Photo, str]]:
    """Yield each photo with its bytes, where they are known, and how it stands; ``-`` where it was never planned."""
    while page := list(islice(photos, _LINES)):
        districts = {photo.district for photo in page}
        states = {d: states_in(connection, d, (p.sha256 for p in page if p.district == d)) for d in districts}
        for photo in page:
            state, size = states[photo.district].get(photo.sha256, ("-", 0))
            yield photo._replace(size=size or photo.size), state


def _list_photos(file: Path, photos: Iterable[tuple[Photo, str]]) -> int:
    """Write one line for each photo of each record: fingerprint, bytes (``-`` where unknown), record, state."""
    count = 0
    with _new(file) as lines:
        for photo, state in photos:
            size = "-" if photo.size is None else photo.size
            lines.write(f"{photo.sha256}\t{size}\t{photo.record}\t{state}\n".encode())
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
    kept = manifest.kept._asdict() if manifest.kept else None
    body = {"format": FORMAT, "version": FORMAT_VERSION} | manifest._asdict()
    body |= {"districts": districts, "kept": kept}
    return wire.canonical(body | {"sha256": own_digest(body)}) + b"\n"


def own_digest(body: Mapping[str, Any]) -> str:
    """Return the hash of a manifest, given without it."""
    return hashlib.sha256(wire.canonical(dict(body))).hexdigest()
