"""
Show what photos a record names 查看照片: which are expected, which have arrived, and what to look at twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from schemas import grid, wire
from schemas.problems import Refusal
from server.core import photo_access, photo_flags, photo_kin
from server.core.photo_access import Naming
from server.core.photo_flags import Flag
from server.core.photo_names import named_in, shown_in
from server.core.photo_pairs import pairs_of
from server.storage.photos import Photo
from server.storage.redactions import Redaction
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk
from server.usecases.known_moves import history_of
from server.values import Record

State = Literal["original", "copy", "expected", "refused", "expired"]


class ListedFile(Struct, frozen=True):
    """One file of a photo; what the picture says is null until it is verified. ``size`` in bytes."""

    sha256: str
    size: int
    state: str
    kind: str | None
    width: int | None
    height: int | None
    problem: dict[str, Any] | None


class Published(Struct, frozen=True):
    """A photo's latest copy for publication 公开件."""

    id: str
    at_ms: int
    by: str
    by_name: str | None
    size: int


class ListedPhoto(Struct, frozen=True):
    """
    One photo that the record names.

    Attributes:
        state: ``original`` or ``copy``: which file of it can be looked at; ``expected``: it is still on the tablet;
            ``refused``: what came was no picture; ``expired``: it was here, and was deleted after its time.
        by: Who signed for it in this record.
        published: Null where there is no copy for publication.
        urls: Where what can be had now is to be had: thumb, view, original, published.
    """

    sha256: str
    item: str | None
    role: str
    taken_at: str | None
    origin: str | None
    by: str | None
    by_name: str | None
    flags: list[Flag]
    state: State
    original: ListedFile | None
    copy: ListedFile | None
    published: Published | None
    urls: dict[str, str]


class RecordPhotos(Struct, frozen=True):
    """
    The photos of one record 记录的照片: how many it names, how many of these can be looked at, of how many the
    original is here.
    """

    record: str
    type: str
    expected: int
    arrived: int
    originals: int
    photos: list[ListedPhoto]


class ListedPair(Struct, frozen=True):
    """
    One place before and after 整改前后: the SHA-256 and the time of each photo.

    ``url`` shows both side by side; null until both can be looked at.
    """

    item: str | None
    before: str
    after: str
    before_at: str | None
    after_at: str | None
    url: str | None


class RecordPairs(Struct, frozen=True):
    """The pairs of one record."""

    record: str
    pairs: list[ListedPair]


def show_photos(work: UnitOfWork, desk: Desk, record: str, now_ms: int) -> RecordPhotos:
    """
    Return the photos that *record* names, as far as *desk* sees it.

    Args:
        work: For reading; needs no transaction.

    Raises:
        Refusal: ``photo_unknown`` where the desk sees no such record.
    """
    found = seen(work, desk, record, now_ms)
    listed = _Listing(work, desk, found, now_ms).all()
    arrived = [photo for photo in listed if photo.state in ("original", "copy")]
    originals = sum(photo.state == "original" for photo in listed)
    return RecordPhotos(found.id, found.type, len(listed), len(arrived), originals, listed)


def show_pairs(work: UnitOfWork, desk: Desk, record: str, now_ms: int) -> RecordPairs:
    """
    Return which photos of *record* show one place before and after.

    Raises:
        Refusal: ``photo_unknown``.
    """
    found = seen(work, desk, record, now_ms)
    named = shown_in(found)
    ready = {one["sha256"] for one, files in zip(named, files_of(work, found), strict=True) if viewable(files)}
    pairs = [
        ListedPair(
            item, before["sha256"], after["sha256"], before.get("taken_at"), after.get("taken_at"),
            f"{_address(found.id)}/pair.jpg?before={before['sha256']}"
            if {before["sha256"], after["sha256"]} <= ready else None,
        )
        for item, before, after in pairs_of(named)
    ]  # fmt: skip
    return RecordPairs(found.id, pairs)


def seen(work: UnitOfWork, desk: Desk, record: str, now_ms: int) -> Record:
    """
    Return the record, if *desk* sees it where it lies now.

    Raises:
        Refusal: ``photo_unknown``: whether there is none, or it is not for these eyes, is not told.
    """
    found = work.records.get([record]).get(record)
    if found is None or not desk.view(now_ms).sees(found.grid):
        raise Refusal("photo_unknown")
    return found


#: The original and the copy of a photo, as far as anything is known of them.
Files = tuple[Photo | None, Photo | None]


def files_of(work: UnitOfWork, record: Record) -> list[Files]:
    """Return the files of each of the photos that *record* names, in its order."""
    photos = [one["sha256"] for one in shown_in(record)]
    sent = work.photos.sent_for(photos)
    copies: dict[str, list[str]] = {sha256: [] for sha256 in photos}
    for one in named_in(record):
        # A record could name the file of another photo as the copy of its own.
        if one.get("copy") in sent.get(one["sha256"], ()):
            copies[one["sha256"]].append(one["copy"])
    known = work.photos.get({*copies, *(copy for each in copies.values() for copy in each)})
    return [_files(sha256, copies[sha256], known) for sha256 in photos]


def files_at(work: UnitOfWork, record: Record, sha256: str) -> Files | None:
    """Return the files of the photo *sha256*; None where *record* does not name it now."""
    return dict(zip((one["sha256"] for one in shown_in(record)), files_of(work, record), strict=True)).get(sha256)


def _files(sha256: str, copies: Iterable[str], known: Mapping[str, Photo]) -> Files:
    found = [known[name] for name in copies if name in known]
    arrived = [copy for copy in found if copy.state == "verified"]
    return known.get(sha256), next(iter(arrived or found), None)


def viewable(files: Files) -> Photo | None:
    """Return the best file of a photo that is here: the original, or until it has come the copy."""
    return next((file for file in files if file is not None and file.state == "verified"), None)


def authors_of(work: UnitOfWork, record: Record, photos: Sequence[str]) -> dict[str, str | None]:
    """Return who was the first to sign for each of *photos*, which *record* names, in whichever record."""
    others = {other for users in work.photos.users_of(photos).values() for other in users} - {record.id}
    records = [record, *work.records.get(others).values()]
    namings = sorted(naming for one in records for naming in _namings(work, one))
    return {sha256: photo_access.first_to_name(sha256, namings) for sha256 in photos}


class Taken(NamedTuple):
    """Who was the first to sign for a photo, and which places answer for it: where it was taken, and its cases."""

    author: str | None
    places: tuple[str, ...]


def taken(work: UnitOfWork, record: Record, photo: str) -> Taken:
    """
    Return where *photo*, which *record* names, is from.

    Any office may name a photo whose hash it knows in a record of its own; that does not make the place its own.
    """
    records = {one.id: one for one in work.records.get(work.photos.users_of([photo]).get(photo, ())).values()}
    records[record.id] = record
    namings = sorted(naming for one in records.values() for naming in _namings(work, one))
    first = photo_access.first_naming(photo, namings)
    if first is None:
        return Taken(None, (record.grid,))
    origin = records.get(first.record)
    near = origin is None or first.record in (record.id, photo_kin.check_of(record))
    places = [origin.grid] if origin else []
    return Taken(first.by, tuple(dict.fromkeys([*places, *([record.grid] if near else [])])))


def _namings(work: UnitOfWork, record: Record) -> Iterable[Naming]:
    for entry in history_of(work, record):
        yield Naming(entry.received_ms, entry.feed, entry.version, entry.record, entry.by, entry.payload)


def redactions_of(work: UnitOfWork, record: Record, photos: Sequence[str]) -> dict[str, list[Redaction]]:
    """
    Return the copies for publication of each of *photos* that hold for *record*, the latest first.

    Those drawn under it, under its check, or under a record of its street: any office may name a photo whose hash it
    knows, in a record of its own, but draws nothing for another street.
    """
    drawn = work.redactions.of_photos(photos)
    under = work.records.get({row.record for rows in drawn.values() for row in rows})
    near = {record.id, photo_kin.check_of(record)}
    near |= {one.id for one in under.values() if grid.feed_of(one.grid) == grid.feed_of(record.grid)}
    holding = {sha256: [row for row in rows if row.record in near] for sha256, rows in drawn.items()}
    return {sha256: rows for sha256, rows in holding.items() if rows}


def _matched(work: UnitOfWork, record: Record) -> dict[str, set[str]]:
    """Return which photos of *record* were found elsewhere too, and how."""
    found: dict[str, set[str]] = {}
    for match in work.photo_matches.of_records([record.id]):
        for at, sha256 in ((match.record, match.photo), (match.other_record, match.other)):
            if at == record.id:
                found.setdefault(sha256, set()).add("used_elsewhere" if match.kind == "exact" else "like_another")
    return found


class _Listing:
    """The photos of one record, with all they are told from."""

    def __init__(self, work: UnitOfWork, desk: Desk, record: Record, now_ms: int) -> None:
        self._record, self._named = record, shown_in(record)
        shas = [one["sha256"] for one in self._named]
        self._files = files_of(work, record)
        self._matched = _matched(work, record) if self._is_office(desk, now_ms) else {}
        self._redacted = {sha256: rows[0] for sha256, rows in redactions_of(work, record, shas).items()}
        rows = sorted(_namings(work, record)) if shas else []
        self._authors = {sha256: photo_access.first_to_name(sha256, rows) for sha256 in shas}
        self._names = work.people.names(
            {*filter(None, self._authors.values()), *(one.by for one in self._redacted.values())}
        )
        self._original_for = self._originals(work, desk, now_ms, shas)

    def _is_office(self, desk: Desk, now_ms: int) -> bool:
        place = self._record.grid
        return any(photo_access.may("matches", one, place, now_ms) for one in desk.people.values())

    def all(self) -> list[ListedPhoto]:
        return [self._one(one, files) for one, files in zip(self._named, self._files, strict=True)]

    def _originals(self, work: UnitOfWork, desk: Desk, now_ms: int, photos: Sequence[str]) -> set[str]:
        """Return of which photos somebody at the desk may see the original."""
        people, place = desk.people.values(), self._record.grid
        if any(photo_access.may("original", one, place, now_ms) for one in people):
            return set(photos)
        authors = authors_of(work, self._record, photos) if people else {}
        return {
            sha256
            for sha256, author in authors.items()
            if any(photo_access.may("original", one, place, now_ms, author=author) for one in people)
        }

    def _one(self, element: Mapping[str, Any], files: Files) -> ListedPhoto:
        sha256, (original, copy) = element["sha256"], files
        by = self._authors[sha256]
        return ListedPhoto(
            sha256=sha256,
            item=element.get("item"),
            role=element["role"],
            taken_at=element.get("taken_at"),
            origin=element.get("origin"),
            by=by,
            by_name=self._names.get(by) if by else None,
            flags=[photo_flags.flag(code) for code in self._flags(element, original)],
            state=_state(files),
            original=_listed(original),
            copy=_listed(copy),
            published=self._published(self._redacted.get(sha256)),
            urls=self._urls(sha256, files),
        )

    def _flags(self, element: Mapping[str, Any], original: Photo | None) -> list[str]:
        codes = list(element.get("flags") or ())
        if original is not None and original.state == "verified":
            place = {"lat": original.lat, "lon": original.lon, "crs": "wgs84"} if original.lat is not None else None
            codes += photo_flags.found_in(element, original.taken_at, place)
        codes += sorted(self._matched.get(element["sha256"], ()))
        return list(dict.fromkeys(codes))

    def _published(self, redaction: Redaction | None) -> Published | None:
        if redaction is None:
            return None
        return Published(redaction.id, redaction.at_ms, redaction.by, self._names.get(redaction.by), redaction.size)

    def _urls(self, sha256: str, files: Files) -> dict[str, str]:
        if not viewable(files):
            return {}
        there = ["thumb", "view"]
        if files[0] is not None and files[0].state == "verified" and sha256 in self._original_for:
            there.append("original")
        if sha256 in self._redacted:
            there.append("published")
        return {what: f"{_address(self._record.id)}/{sha256}/{what}" for what in there}


def _state(files: Files) -> State:
    found = viewable(files)
    if found is not None:
        return "original" if found is files[0] else "copy"
    states = {file.state for file in files if file is not None}
    if "expected" in states or not states:
        return "expected"
    return "refused" if "refused" in states else "expired"


def _listed(file: Photo | None) -> ListedFile | None:
    if file is None:
        return None
    problem = wire.decode_json(file.problem) if file.problem else None
    return ListedFile(file.sha256, file.size, file.state, file.kind, file.width, file.height, problem)


def _address(record: str) -> str:
    return f"/v1/records/{record}/photos"
