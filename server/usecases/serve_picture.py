"""
Hand a picture out 取照片: small ones made when first asked for, the original only to whom it is due, and noted.

No transaction is open while a picture is read or made.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Literal

import structlog

from schemas.ids import derived_id
from schemas.pictures import MEDIA
from schemas.problems import Refusal
from server.core import photo_access
from server.pictures import deriving
from server.storage.depot import Depot, Missing, keys
from server.storage.photos import Photo
from server.storage.redactions import PhotoView
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.at_the_desk import Desk, signer_of, told_at_once
from server.usecases.show_photos import Files, files_at, redactions_of, seen, taken, viewable
from server.values import Record

What = Literal["thumb", "view", "original", "published"]
#: What is asked for again within ten minutes, by the same person for the same reason, is one view: an interrupted
#: download goes on, and a browser asks whether what it holds still stands.
ONE_VIEW_MS = 10 * 60 * 1000
MAX_WHY = 200
#: In memory up to here, bytes; a larger original is worked on in a temporary file.
_IN_MEMORY = 1 << 20
_NAMED = 12

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Found:
    """
    A picture that may be handed out.

    Attributes:
        key: Where it lies in the depot, or will once it is made.
        source: Where what it is made from lies; None where it is handed out as it lies there.
        etag: Changes when other bytes would come.
        lasting: Whether it never changes again.
    """

    what: What
    record: Record
    photo: str
    key: str
    source: str | None
    etag: str
    media: str
    lasting: bool

    @property
    def name(self) -> str:
        """What to call the file: made of hashes alone."""
        return f"{self.photo[:_NAMED]}-{self.what}.{'jpg' if self.media == MEDIA['jpeg'] else self.media[6:]}"


def find_picture(work: UnitOfWork, desk: Desk, record: str, sha256: str, what: What, now_ms: int) -> Found:
    """
    Return the picture *what* of the photo *sha256* that *record* names now, if *desk* sees the record.

    Whether an original may be seen is a question of who asks: see ``view_original``.

    Raises:
        Refusal: ``photo_unknown``, ``photo_not_here``, ``photo_expired`` or ``photo_not_published``.
    """
    at, files = named(work, desk, record, sha256, now_ms)
    source = viewable(files)
    if source is None:
        raise absent(*files)
    if what == "published":
        return _published(work, at, sha256)
    if what == "original":
        original = files[0]
        if original is None or original.state != "verified":
            raise absent(original)
        media = MEDIA[str(original.kind)]
        return Found(what, at, sha256, keys.whole(work.district, sha256), None, sha256, media, lasting=True)
    # Named by the file it is made from: the original's own takes the place of the copy's once it has come.
    key = keys.derived(work.district, what, source.sha256)
    etag = f"{source.sha256}.{what}{deriving.EDITION}"
    whole = keys.whole(work.district, source.sha256)
    return Found(what, at, sha256, key, whole, etag, deriving.MEDIA, lasting=source is files[0])


def absent(*files: Photo | None) -> Refusal:
    """Return why none of *files* can be looked at: it is still on the tablet, or was deleted after its time."""
    known = [file.state for file in files if file is not None]
    over = known and all(state == "expired" for state in known)
    return Refusal("photo_expired" if over else "photo_not_here")


def named(work: UnitOfWork, desk: Desk, record: str, sha256: str, now_ms: int) -> tuple[Record, Files]:
    """
    Return the record, if *desk* sees it, and the files of the photo *sha256*, which it names now.

    Raises:
        Refusal: ``photo_unknown``.
    """
    at = seen(work, desk, record, now_ms)
    files = files_at(work, at, sha256)
    if files is None:
        raise Refusal("photo_unknown")
    return at, files


def _published(work: UnitOfWork, at: Record, sha256: str) -> Found:
    rows = redactions_of(work, at, [sha256]).get(sha256)
    if not rows:
        raise Refusal("photo_not_published")
    key = keys.published(work.district, rows[0].id)
    return Found("published", at, sha256, key, None, rows[0].sha256, deriving.MEDIA, lasting=False)


# -- originals ----------------------------------------------------------------------------------------


def view_original(store: Store, desk: Desk, found: Found, person: str | None, why: str | None, now_ms: int) -> None:
    """
    Make sure that *person* may see the original *found*, and note that he does; committed when this returns.

    Args:
        person: None where the device speaks for one person only.
        why: In his words.

    Raises:
        Refusal: ``not_allowed``, ``outside_area``, ``person_stopped``, ``not_admitted_person`` or ``invalid_request``.
    """
    with told_at_once():
        viewer = signer_of(desk, person)
        with store.work(desk.district, writing=False) as work:
            author, places = taken(work, found.record, found.photo)
            if not any(photo_access.may("original", viewer, place, now_ms, author=author) for place in places):
                photo_access.check("original", viewer, places[0], now_ms, author=author)
            view = _view(desk, found, viewer.id, why, now_ms)
            if work.redactions.seen_since(view, now_ms - ONE_VIEW_MS):
                return
    retrying(lambda: _note(store, desk, view))


def _view(desk: Desk, found: Found, viewer: str, why: str | None, now_ms: int) -> PhotoView:
    told = (why or "").strip() or None
    # The same within one span of time, so that two requests at once note one view.
    span = str(now_ms // ONE_VIEW_MS)
    id_ = derived_id("photo-view", desk.district, found.photo, found.record.id, viewer, desk.device, told or "", span)
    return PhotoView(id_, found.photo, found.record.id, viewer, desk.device, now_ms, told)


def _note(store: Store, desk: Desk, view: PhotoView) -> None:
    with store.work(desk.district) as work:
        work.redactions.note(view)
        work.commit()


# -- bytes --------------------------------------------------------------------------------------------


def size_of(depot: Depot, found: Found) -> int | None:
    """
    Return how many bytes the picture *found* has; None where it has yet to be made.

    Raises:
        Refusal: ``storage_unavailable``.
        DepotTrouble: The depot cannot do its work just now.
    """
    with at_the_depot():
        size = depot.size(found.key)
        if size is None and found.source is None:
            raise Missing(found.key)
        return size


def make(depot: Depot, found: Found) -> int:
    """
    Make the picture *found*, which was not there, lay it into the depot, and return its size in bytes.

    Decodes a picture: the caller sees to it that not too many do.

    Raises:
        Refusal: ``storage_unavailable``.
        DepotTrouble: The depot cannot do its work just now.
    """
    if found.source is None or found.what not in deriving.SIDES:
        raise ValueError(found.what)
    with at_the_depot():
        size = depot.size(found.key)
        if size is None:
            with opened(depot, found.source) as source:
                made = deriving.derived(source, found.what)
            depot.put(found.key, made)
            size = len(made)
    return size


def read(depot: Depot, found: Found, start: int, stop: int) -> Iterator[bytes]:
    """
    Return the bytes from *start* up to *stop* of the picture *found*, piece by piece.

    Raises:
        Refusal: ``storage_unavailable``.
        DepotTrouble: The depot cannot do its work just now.
    """
    with at_the_depot():
        return depot.read(found.key, start, stop)


@contextmanager
def opened(depot: Depot, key: str) -> Iterator[BinaryIO]:
    """
    Open what lies under *key* as a file to be read anywhere; in memory as long as it is small.

    Raises:
        Missing, DepotTrouble: As the depot raises them.
    """
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        for piece in depot.read(key):
            file.write(piece)
        file.seek(0)
        yield file  # type: ignore[misc]  # it reads and seeks as any file does


@contextmanager
def at_the_depot() -> Iterator[None]:
    """
    Let what ought to lie in the depot, and does not, be told as a refusal.

    Raises:
        Refusal: ``storage_unavailable``.
    """
    try:
        yield
    except Missing as error:
        # The books say it is here. Whoever runs the server has to know; asking again may help after a restore.
        _log.error("photo_lost", key=str(error))
        raise Refusal("storage_unavailable") from error
