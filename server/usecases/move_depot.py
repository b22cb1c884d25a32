"""
Copy one photo store into another 照片库搬迁: a folder into a bucket, or back; each object held against what was read.

The server may go on meanwhile: what comes after it was looked for is copied by a second run, which is short, because
both are listed side by side and what is there already is passed over. Nothing is deleted, neither here nor there.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from server.core.photo_keeping import key_of
from server.storage.depot import Depot, Lying, Missing, keys


class Moved(NamedTuple):
    """
    What became of one object.

    Attributes:
        what: ``copied`` (or would be); ``there``: it was there already; ``gone``: it was deleted before it could be
            read; ``differs``: what was read back at the other place is something else, and was taken away again;
            ``damaged``: what lies here is not what it is called, and was not copied.
    """

    key: str
    size: int
    what: Literal["copied", "there", "gone", "differs", "damaged"]


def move_depot(source: Depot, target: Depot, *, again: bool = False, dry_run: bool = False) -> Iterator[Moved]:
    """
    Copy all of *source* to *target*, and yield what became of each object, by key.

    Args:
        again: Read everything that is there already as well, and copy it anew where it differs. Without it, an object
            of the same key and size counts as the same: what lies under a key is whole or not there at all.
        dry_run: Say what would be copied, and copy nothing; what differs or is damaged is not found out.

    Raises:
        DepotTrouble: One of the two cannot go on; what was copied stays, and the next run begins behind it.
    """
    with tempfile.TemporaryDirectory(prefix="gridward-move-") as folder:
        for lying, there in _beside(source.lying(""), target.lying("")):
            if lying.key.startswith(keys.TRIALS):
                continue
            if there == lying.size and not (again and _digest(source, lying.key) != _digest(target, lying.key)):
                yield Moved(lying.key, lying.size, "there")
            elif dry_run:
                yield Moved(lying.key, lying.size, "copied")
            else:
                yield _copied(source, target, lying, Path(folder) / "object")


def _copied(source: Depot, target: Depot, lying: Lying, between: Path) -> Moved:
    try:
        read = _fetched(source, lying.key, between)
    except Missing:
        return Moved(lying.key, lying.size, "gone")
    if (kept := key_of(lying.key)) and kept.what == "photos" and kept.name != read:
        return Moved(lying.key, lying.size, "damaged")
    target.put(lying.key, between)
    if _digest(target, lying.key) == read:
        return Moved(lying.key, between.stat().st_size, "copied")
    target.delete([lying.key])
    return Moved(lying.key, lying.size, "differs")


def _beside(ours: Iterable[Lying], theirs: Iterable[Lying]) -> Iterator[tuple[Lying, int | None]]:
    """Yield each of *ours* with the size of the one of *theirs* that has its key; both come in the order of keys."""
    others = iter(theirs)
    other = next(others, None)
    for lying in ours:
        while other and other.key < lying.key:
            other = next(others, None)
        yield lying, other.size if other and other.key == lying.key else None


def _fetched(depot: Depot, key: str, into: Path) -> str:
    found = hashlib.sha256()
    with into.open("wb") as file:
        for piece in depot.read(key):
            file.write(piece)
            found.update(piece)
    return found.hexdigest()


def _digest(depot: Depot, key: str) -> str | None:
    found = hashlib.sha256()
    try:
        for piece in depot.read(key):
            found.update(piece)
    except Missing:
        return None
    return found.hexdigest()
