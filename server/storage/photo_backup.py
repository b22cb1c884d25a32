"""
Photos in a backup 备份中的照片: which files there are to keep, and keeping them beside each other under their keys.

A file in the depot is never written to again once it has its name, so that a backup on the same disk shares it by a
hard link and takes no room.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, inspect, select

from server.storage.depot import Depot, keys
from server.storage.depot.folder import FolderDepot
from server.storage.dumping import sync_file
from server.storage.photo_tables import photo, redaction

_PAGE = 1_000


class KeptFile(NamedTuple):
    """One file of the depot: its key, its SHA-256 in hexadecimal, its size in bytes."""

    key: str
    sha256: str
    size: int


def files_to_keep(connection: Connection) -> Iterator[KeptFile]:
    """Yield every verified file and every copy for publication, of all districts, by key within each kind."""
    if not inspect(connection).has_table("photo"):
        return  # backed up before photos came to the office
    whole = select(photo.c.district, photo.c.sha256, photo.c.size).where(photo.c.state == "verified")
    for district, sha256, size in connection.execute(whole.order_by(photo.c.district, photo.c.sha256)):
        yield KeptFile(keys.whole(district, sha256), sha256, size)
    copies = select(redaction.c.district, redaction.c.id, redaction.c.sha256, redaction.c.size)
    for district, id_, sha256, size in connection.execute(copies.order_by(redaction.c.district, redaction.c.id)):
        yield KeptFile(keys.published(district, id_), sha256, size)


def states_in(connection: Connection, district: str, photos: Iterable[str]) -> dict[str, tuple[str, int]]:
    """
    Return how the *photos* (named by their originals) that are known stand, and their originals' bytes.

    ``copy`` where only the copy has arrived; else the original's own state.
    """
    found: dict[str, tuple[str, int]] = {}
    names = sorted(set(photos)) if inspect(connection).has_table("photo") else []
    for at in range(0, len(names), _PAGE):
        asked = select(photo.c.of, photo.c.sha256, photo.c.state, photo.c.size).where(
            photo.c.district == district, photo.c.of.in_(names[at : at + _PAGE])
        )
        for of, sha256, state, size in connection.execute(asked.order_by(photo.c.of, photo.c.sha256)):
            if sha256 == of and not (found.get(of, ("",))[0] == "copy" and state != "verified"):
                found[of] = (state, size)
            elif sha256 != of and state == "verified" and found.get(of, ("",))[0] != "verified":
                found[of] = ("copy", found.get(of, ("", 0))[1])
    return found


def keep(depot: Depot, target: Path, file: KeptFile) -> bool:
    """
    Have *file* in the folder *target*, under its key; say whether the depot had it.

    Raises:
        OSError: The disk would not take it.
        DepotTrouble: The depot cannot say.
    """
    place = target / file.key
    if place.is_file() and place.stat().st_size == file.size:
        return True
    if depot.size(file.key) != file.size:
        return False
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _linked(depot, file.key, place):
        _copied(depot, file, place)
    sync_file(place.parent)
    return True


def _linked(depot: Depot, key: str, place: Path) -> bool:
    if not isinstance(depot, FolderDepot):
        return False
    place.unlink(missing_ok=True)
    try:
        os.link(Path(str(depot)) / key, place)
    except OSError:  # another disk, or one on which a file has one name
        return False
    return True


def _copied(depot: Depot, file: KeptFile, place: Path) -> None:
    partial = place.with_name(f"{place.name}.partial")
    try:
        with partial.open("wb") as into:
            for piece in depot.read(file.key):
                into.write(piece)
            into.flush()
            os.fsync(into.fileno())
        partial.chmod(0o600)
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)
