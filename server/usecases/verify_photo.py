"""
Verify a photo 照片核验: put its parts together, hold it against its hash, look at it, and only then say it is here.

Whatever stops this, it begins anew: the file is laid whole under its name before its row says so, and its parts are
taken away after. Two processes at the same file do the same twice.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, NamedTuple, cast

from schemas import wire
from schemas.photos import Completed
from schemas.pictures import Picture, look_upright
from schemas.problems import Refusal
from server.pictures.likeness import likeness_of
from server.storage.depot import Depot, DepotFull, DepotTrouble, Missing, keys
from server.storage.photos import Photo
from server.storage.store import Store
from server.storage.unit_of_work import retrying
from server.usecases.ask_for_parts import hashes_of, missing_parts, wishes_for
from server.usecases.find_matches import MOST_USES, find_matches

#: A picture's likeness is taken of so many pixels a side: far more than it needs, and quickly drawn.
_LIKENESS_PIXELS = 256


class Office(NamedTuple):
    """Where photos are kept: the rows in the store, the bytes in the depot, of one district; and its time."""

    store: Store
    depot: Depot
    district: str
    now_ms: int


class _Torn(Exception):
    """What lies there is not what was planned; ``numbers`` says which parts."""

    def __init__(self, numbers: list[int]) -> None:
        super().__init__()
        self.numbers = numbers


def verify_photo(office: Office, sha256: str, seconds: int) -> Completed:
    """
    Return what became of the file called *sha256*, whose parts were sent.

    Args:
        seconds: For how long the addresses of parts hold that have to be sent again.

    Raises:
        Refusal: ``photo_not_planned``; ``photo_contradicts`` where its parts are as planned and the whole is not;
            ``photo_expired``; or why it is no picture.
        DepotTrouble: Then it is as if nobody had asked.
    """
    file = _planned(office, sha256)
    if file.state == "verified":
        return Completed(sha256, "verified")
    try:
        with spool() as into:
            _gather(office, file, into)
            admit(office, file, into)
    except _Torn as torn:
        if _planned(office, sha256).state == "verified":
            # Another process was quicker, and has taken the parts away.
            return Completed(sha256, "verified")
        office.depot.delete(keys.part(office.district, sha256, n) for n in torn.numbers)
        wishes = wishes_for(office.depot, office.district, file, torn.numbers, seconds)
        return Completed(sha256, "send", wishes.parts, wishes.expires_s)
    return Completed(sha256, "verified")


@contextmanager
def spool() -> Iterator[BinaryIO]:
    """
    Keep a file for as long as it is looked at.

    Raises:
        DepotFull: This machine has no room for it.
    """
    try:
        with NamedTemporaryFile(prefix="gridward-photo-") as file:
            yield cast(BinaryIO, file)
    except OSError as error:
        raise DepotFull from error


def admit(office: Office, file: Photo, into: BinaryIO) -> None:
    """
    Take in the bytes that lie in *into*, which hash to the name of *file*; from now on it is verified.

    Raises:
        Refusal: Why it is no picture; its row says so as well.
    """
    size = into.tell()
    try:
        said, likeness = _judged(into)
    except Refusal as refusal:
        problem = wire.encode(refusal.body()).decode()
        _write(office, file._replace(state="refused", problem=problem, settled_ms=office.now_ms))
        raise
    key = keys.whole(office.district, file.sha256)
    into.flush()
    office.depot.put(key, Path(into.name))
    if office.depot.size(key) != size:
        raise DepotTrouble(key)
    about = {name: value for name, value in said._asdict().items() if name in Photo._fields}
    found = file._replace(size=size, state="verified", parts=None, problem=None, settled_ms=office.now_ms)
    _write(office, found._replace(likeness=likeness, **about))
    # What stays behind is no harm: the collection takes it away.
    with suppress(DepotTrouble):
        _drop_parts(office, file.sha256)


def _planned(office: Office, sha256: str) -> Photo:
    """Return the row of a file that is expected or verified, and lies here where it is said to be verified."""
    with office.store.work(office.district, writing=False) as work:
        file = work.photos.get([sha256]).get(sha256)
    if file is None or (file.state == "expected" and not file.parts):
        raise Refusal("photo_not_planned")
    if file.state == "expired":
        raise Refusal("photo_expired")
    if file.state == "refused":
        raise Refusal.again(wire.decode_json(file.problem or "{}"))
    lost = file.state == "verified" and office.depot.size(keys.whole(office.district, sha256)) != file.size
    if lost or file.state == "collected":
        # The tablet asks again, and the plan will want it.
        raise Refusal("photo_not_planned")
    return file


# -- putting together -------------------------------------------------------------------------------


def _gather(office: Office, file: Photo, into: BinaryIO) -> None:
    """
    Write the whole file into *into*, from its parts, or from where it lies whole already.

    Raises:
        _Torn: Parts are missing or damaged.
        Refusal: ``photo_contradicts``; its parts are gone then, and its plan.
    """
    missing = missing_parts(office.depot, office.district, file)
    if missing:
        if not _found_whole(office, file, into):
            raise _Torn(missing)
        return
    whole, damaged = hashlib.sha256(), []
    for n, planned in enumerate(hashes_of(file)):
        part = hashlib.sha256()
        for piece in _lying(office.depot, keys.part(office.district, file.sha256, n)):
            part.update(piece)
            whole.update(piece)
            into.write(piece)
        if part.hexdigest() != planned:
            damaged.append(n)
    if damaged:
        raise _Torn(damaged)
    if whole.hexdigest() != file.sha256:
        _forget(office, file)
        raise Refusal("photo_contradicts")


def _found_whole(office: Office, file: Photo, into: BinaryIO) -> bool:
    """Take the file from where it lies, as after a database was restored beside a newer depot; say whether it did."""
    key = keys.whole(office.district, file.sha256)
    if office.depot.size(key) != file.size:
        return False
    whole = hashlib.sha256()
    for piece in _lying(office.depot, key):
        whole.update(piece)
        into.write(piece)
    return whole.hexdigest() == file.sha256


def _lying(depot: Depot, key: str) -> Iterable[bytes]:
    try:
        return depot.read(key)
    except Missing:
        return ()


def _forget(office: Office, file: Photo) -> None:
    """Drop a plan that is not this photo's, with all that came by it; a newer plan stays."""
    _drop_parts(office, file.sha256)

    def attempt() -> None:
        with office.store.work(office.district) as work:
            row = work.photos.locked([file.sha256]).get(file.sha256)
            if row == file:
                work.photos.change([row._replace(parts=None)])
            work.commit()

    retrying(attempt)


def _drop_parts(office: Office, sha256: str) -> None:
    prefix = keys.parts(office.district, sha256)
    office.depot.delete([lying.key for lying in office.depot.lying(prefix)])


# -- looking ----------------------------------------------------------------------------------------


def _judged(into: BinaryIO) -> tuple[Picture, str | None]:
    said, small = look_upright(into, _LIKENESS_PIXELS)
    return said, likeness_of(small)


# -- writing it down --------------------------------------------------------------------------------


def _write(office: Office, found: Photo) -> None:
    """Write down what a file was found to be; whoever was first is right, for both looked at the same bytes."""

    def attempt() -> None:
        with office.store.work(office.district) as work:
            row = work.photos.locked([found.sha256]).get(found.sha256)
            if row is not None and row.state == "verified":
                return
            if row is None:
                after = found
                work.photos.add([after])
            else:
                after = found._replace(of=row.of, device=row.device, planned_ms=row.planned_ms)
                work.photos.change([after])
            if after.state == "verified":
                find_matches(work, after, work.photos.first_users_of_file(after, MOST_USES + 1), office.now_ms)
            work.commit()

    retrying(attempt)
