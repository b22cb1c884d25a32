"""
Read photos back 照片核对: whether what is said to be verified can still be read from the depot, byte for byte.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog

from server.storage.depot import Depot, Missing, keys
from server.storage.photo_housekeeping import Housekeeping
from server.storage.photos import Photo
from server.storage.store import Store
from server.storage.unit_of_work import retrying

_AT_ONCE = 100
_log = structlog.get_logger()


@dataclass(slots=True)
class Checked:
    """
    What was found.

    Attributes:
        sound: Files that read back as they are called.
        size: Their bytes.
        missing: Verified files of which nothing lies in the depot.
        damaged: Verified files of which something else does.
        asked_again: Those of both that are expected anew.
        back: Files that were expected anew and lie there again; they are verified as before.
    """

    sound: int = 0
    size: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    asked_again: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)


def check_photos(
    store: Store, depot: Depot, district: str, now_ms: int, *, sample: int | None = None, mark: bool = False
) -> Checked:
    """
    Read verified files back and hold each against its hash.

    Args:
        sample: Only so many, drawn by lot; None: all of them.
        mark: Let what is missing or damaged be expected anew, so that tablets are asked for it at their next plan;
            and what was marked so before and lies there again, be verified.

    Raises:
        DepotTrouble: The depot cannot say; what was marked until then stays marked.
    """
    found = Checked()
    for page in _pages(store, district, sample):
        lost = [file for file in page if not _reads_back(depot, district, file, found)]
        if lost and mark:
            found.asked_again += retrying(partial(_change, store, district, lost, "expected", None))
    if mark:
        back = _back(store, depot, district)
        found.back += retrying(partial(_change, store, district, back, "verified", now_ms))
    if found.missing or found.damaged:
        _log.error("photos_lost", missing=len(found.missing), damaged=len(found.damaged),
                   asked_again=len(found.asked_again))  # fmt: skip
    return found


def _reads_back(depot: Depot, district: str, file: Photo, found: Checked) -> bool:
    digest = _digest(depot, keys.whole(district, file.sha256))
    if digest == file.sha256:
        found.sound += 1
        found.size += file.size
        return True
    (found.missing if digest is None else found.damaged).append(file.sha256)
    return False


def _pages(store: Store, district: str, sample: int | None) -> Iterator[Sequence[Photo]]:
    """Yield the verified files some at a time, all or those drawn."""
    with store.work(district, writing=False) as work:
        house = Housekeeping(work.connection, district)
        if sample is None:
            yield from house.pages("verified")
            return
        names = [file.sha256 for page in house.pages("verified") for file in page]
        drawn = sorted(secrets.SystemRandom().sample(names, min(sample, len(names))))
        for at in range(0, len(drawn), _AT_ONCE):
            yield list(work.photos.get(drawn[at : at + _AT_ONCE]).values())


def _digest(depot: Depot, key: str) -> str | None:
    """Return the SHA-256 of what lies under *key*; None where nothing does."""
    try:
        return _hashed(depot.read(key))
    except Missing:
        return None


def _hashed(pieces: Iterable[bytes]) -> str:
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()


def _back(store: Store, depot: Depot, district: str) -> list[Photo]:
    """Return the files that were verified once, are expected now, and lie in the depot as they are called."""
    with store.work(district, writing=False) as work:
        waiting = (file for page in Housekeeping(work.connection, district).pages("expected") for file in page)
        once = [file for file in waiting if file.kind]
    return [file for file in once if _digest(depot, keys.whole(district, file.sha256)) == file.sha256]


def _change(store: Store, district: str, files: Sequence[Photo], state: str, settled_ms: int | None) -> list[str]:
    """Write down the new state of *files*, but of those about which something has changed meanwhile."""
    before = {file.sha256: file for file in files}
    with store.work(district) as work:
        same = [row for sha256, row in work.photos.locked(before).items() if row == before[sha256]]
        work.photos.change(row._replace(state=state, parts=None, settled_ms=settled_ms) for row in same)
        work.commit()
    return [row.sha256 for row in same]
