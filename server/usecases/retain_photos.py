"""
The retention policy of photos 照片保存期限: originals go first, while the copy stays; then all of a photo.

Never a photo of a case that is not over, of a check on which such a case stands, of a record in dispute, or of a
match that nobody has looked at. The row stays for ever: which file it was, how large, when it was verified and when
it was deleted.
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import structlog

from schemas import wire
from server.core.photo_keeping import Case, is_past, named_in, standing_on
from server.storage.depot import Depot, Missing, keys
from server.storage.photo_housekeeping import Housekeeping
from server.storage.photos import Photo
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying

#: So many photos at a time: for each lot the open cases are looked through once more.
_AT_ONCE = 500
_log = structlog.get_logger()


class Policy(NamedTuple):
    """For how many days originals, and photos as a whole, are kept from the day they were verified; 0: for ever."""

    originals_days: int = 0
    photos_days: int = 0


#: What holds where nobody says otherwise.
FOR_EVER = Policy()


class Due(NamedTuple):
    """
    What is past its day.

    Attributes:
        files: What is to go.
        whole: Whether that is all that is left of the photo.
        known: Every file of the photo as it was found, whatever its state, the original first.
    """

    photo: str
    files: list[Photo]
    whole: bool
    known: list[Photo]


class Retained(NamedTuple):
    """
    What went, or would.

    Attributes:
        originals: Originals of which the copy stays.
        photos: Photos all of whose files went.
        protected: Photos past their day that stay, for something about them is not over.
        size: Bytes of the files.
        kept: Originals past their day that stay, for none of their copies can be read back.
    """

    originals: list[str]
    photos: list[str]
    protected: list[str]
    size: int
    kept: tuple[str, ...] = ()


def retain_photos(
    store: Store, depot: Depot, district: str, policy: Policy, now_ms: int, *, dry_run: bool = False
) -> Retained:
    """
    Carry the *policy* out in one district, and return what went.

    Args:
        dry_run: Say what would go, and change nothing.

    Raises:
        DepotTrouble: What was marked stays marked; the collection takes its bytes away later.
    """
    told = Retained([], [], [], 0)
    if policy == FOR_EVER:
        return told
    with store.work(district, writing=False) as work:
        past = list(_past(work, policy, now_ms))
        kept = protected_in(work) if past else frozenset()
    told.protected.extend(each.photo for each in past if _is_kept(each, kept))
    due = [each for each in past if not _is_kept(each, kept)]
    for at in range(0, len(due), _AT_ONCE):
        told = _carry_out(store, depot, district, due[at : at + _AT_ONCE], now_ms, told, dry_run=dry_run)
    if told.kept:
        _log.error("photo_copies_unreadable", originals_kept=len(told.kept))
    if not dry_run:
        _log.info("photos_expired", originals=len(told.originals), photos=len(told.photos),
                  protected=len(told.protected), kept=len(told.kept), bytes=told.size)  # fmt: skip
    return told


def _carry_out(
    store: Store, depot: Depot, district: str, due: Sequence[Due], now_ms: int, told: Retained, *, dry_run: bool
) -> Retained:
    """Let *due* go, but originals without a copy that reads back; return *told* with what became of them."""
    # Whole files are read here: no transaction is open meanwhile.
    kept = {each.photo for each in due if not each.whole and not _has_copy(depot, district, each)}
    fit = [each for each in due if each.photo not in kept]
    gone = fit if dry_run else retrying(partial(_expire, store, district, fit, now_ms))
    if not dry_run:
        depot.delete(_keys(store, district, gone))
    return told._replace(
        originals=[*told.originals, *(each.photo for each in gone if not each.whole)],
        photos=[*told.photos, *(each.photo for each in gone if each.whole)],
        size=told.size + sum(file.size for each in gone for file in each.files),
        kept=(*told.kept, *sorted(kept)),
    )


def _has_copy(depot: Depot, district: str, due: Due) -> bool:
    """Say whether a file of the photo that is to stay lies in the depot, byte for byte."""
    staying = (file for file in due.known if file.state == "verified" and file not in due.files)
    return any(_reads_back(depot, keys.whole(district, file.sha256), file) for file in staying)


def _reads_back(depot: Depot, key: str, file: Photo) -> bool:
    if depot.size(key) != file.size:
        return False
    found = hashlib.sha256()
    try:
        for piece in depot.read(key):
            found.update(piece)
    except Missing:
        return False
    return found.hexdigest() == file.sha256


def protected_in(work: UnitOfWork) -> frozenset[str]:
    """Return every hash of which something is not over: an open case and its check, a dispute, a match."""
    house = Housekeeping(work.connection, work.district)
    texts = {said.id: said for said in house.cases()}
    cases = [Case(said.id, said.void, wire.decode_json(said.fields)) for said in texts.values()]
    wanted = set(standing_on(cases)) | house.disputed()
    texts |= house.saying(wanted - texts.keys())
    found = work.photo_matches.open_photos()
    for id_ in wanted & texts.keys():
        found |= named_in(texts[id_].fields, texts[id_].marks)
    return frozenset(found)


def _past(work: UnitOfWork, policy: Policy, now_ms: int) -> Iterator[Due]:
    for page in Housekeeping(work.connection, work.district).pages("verified"):
        photos = work.photos.files_of(sorted({file.of for file in page}))
        for file in page:
            known = photos.get(file.of, [])
            here = [each for each in known if each.state == "verified"]
            if here and file.sha256 == here[0].sha256:  # each photo once
                yield from _due(here, known, policy, now_ms)


def _due(here: list[Photo], known: list[Photo], policy: Policy, now_ms: int) -> Iterator[Due]:
    first = here[0]
    if is_past((file.settled_ms for file in here), policy.photos_days, now_ms):
        yield Due(first.of, here, True, known)
    elif len(here) > 1 and first.is_original and is_past([first.settled_ms], policy.originals_days, now_ms):
        yield Due(first.of, [first], False, known)


def _is_kept(due: Due, kept: frozenset[str]) -> bool:
    return due.photo in kept or any(file.sha256 in kept for file in due.files)


def _expire(store: Store, district: str, due: Sequence[Due], now_ms: int) -> list[Due]:
    """Write down that files expired, but those of photos about which something has changed; return the others."""
    with store.work(district) as work:
        # Its copies too: an original goes because they stay.
        rows = work.photos.locked(file.sha256 for each in due for file in each.known)
        # A case may have been opened since.
        kept = protected_in(work)
        same = (each for each in due if all(rows.get(file.sha256) == file for file in each.known))
        gone = [each for each in same if not _is_kept(each, kept)]
        ended = (file._replace(state="expired", ended_ms=now_ms) for each in gone for file in each.files)
        work.photos.change(ended)
        work.photo_matches.forget(each.photo for each in gone if each.whole)
        work.commit()
    return gone


def _keys(store: Store, district: str, gone: Sequence[Due]) -> list[str]:
    """Return what lies in the depot of files that expired; of whole photos, their copies for publication too."""
    with store.work(district, writing=False) as work:
        published = work.redactions.of_photos(each.photo for each in gone if each.whole)
    files = [file.sha256 for each in gone for file in each.files]
    made = [keys.derived(district, what, sha256) for sha256 in files for what in ("thumb", "view")]
    copies = [keys.published(district, one.id) for each in published.values() for one in each]
    return [*(keys.whole(district, sha256) for sha256 in files), *made, *copies]
