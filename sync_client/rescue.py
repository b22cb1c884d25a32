"""
Taking work off a tablet by hand 导出救援包: everything the office has not answered for, in one file.

Works on a tablet that was revoked, was never enrolled or has no network, and changes nothing but a note of what was
taken out. See ``schemas.rescue`` for the file; the tablet's token is never in it.
"""

import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import msgspec

from schemas import rescue, wire
from schemas.mutations import decode_mutation
from schemas.problems import Refusal
from schemas.rescue import DRAFTS, MAC, MANIFEST, PHOTOS, Drafts, Manifest, Part, Photo
from schemas.wire import MAX_MUTATIONS
from sync_client.album import Album
from sync_client.desk import Desk
from sync_client.errors import StoreError
from sync_client.originals import Originals, sync_folder
from sync_client.photos.values import PhotoFile
from sync_client.status import is_doubtful
from sync_client.times import instant

#: Where the tablet notes what it last took out; see ``Noted``.
NOTE = "exported"
#: A part fits into one request, packed or not: 512 KiB, unless one group alone is larger.
_PART_BYTES = 512 * 1024
#: Mutations stamped under clocks that differ by more than this are judged apart: 60 s.
_SAME_CLOCK_MS = 60_000
_PIECE = 1 << 20
_HASH = re.compile("[0-9a-f]{64}")
#: ZIP knows no time before this; a file that says when it was made would never be the same twice.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_ROWS = "SELECT n, install, record_id, payload, offset_ms, group_first FROM journal"
# What was recorded again travels under its new number; what was settled as another device is nothing of this one's.
_OURS = "again IS NULL AND device IS NULL"
_OPEN = f"""{_ROWS} WHERE outcome IS NULL OR (group_first IN
    (SELECT group_first FROM journal WHERE outcome IS NULL) AND {_OURS}) ORDER BY n"""  # noqa: S608  # names of ours
_ALL = f"{_ROWS} WHERE outcome IS NULL OR ({_OURS}) ORDER BY n"


@dataclass(frozen=True, slots=True)
class Exported:
    """
    What a package holds, and where it lies.

    Attributes:
        sha256: Of the file.
        photos, missing, left_out: Photo files in it, not on the tablet any more, and left out on request.
        noted: Whether the tablet could note it; a write-protected one cannot.
    """

    path: str
    sha256: str
    mutations: int
    photos: int
    missing: int
    left_out: int
    drafts: int
    noted: bool


class Noted(msgspec.Struct, frozen=True):
    """What the tablet last took out: numbers, photo files, the drafts' SHA-256, and the file."""

    numbers: list[int]
    photos: list[str]
    drafts: str
    path: str
    sha256: str
    made_ms: int


class Row(NamedTuple):
    """One mutation of the journal."""

    n: int
    install: str
    record_id: str
    payload: bytes
    offset_ms: int
    group_first: int | None


class Rescuer:
    """
    Writes rescue packages.

    Args:
        desk: The tablet's file and clock.
        originals: Where photos lie.
        app: What this program calls itself.
    """

    def __init__(self, desk: Desk, originals: Originals, app: str | None) -> None:
        self._desk = desk
        self._originals = originals
        self._app = app

    def export(self, path: Path, *, whole: bool, photos: bool, originals: Originals | None = None) -> Exported:
        """Write a package; see ``FieldClient.export_outbox``."""
        kept = originals or self._originals
        with self._desk.db.lock:
            rows = [Row(*row) for row in self._desk.db.all(_ALL if whole else _OPEN)]
            album = Album(self._desk)
            files, lacking = album.files(), album.here_alone(doubtful=is_doubtful(self._desk.db))
            drafts = drafts_of(self._desk)
            head, made_ms = self._desk.head(), self._desk.now_ms()
        parts = list(_parts(rows))
        pictures = [_looked_at(kept, one, wanted=photos) for one in _pictures(rows, files, lacking, whole=whole)]
        manifest = Manifest(
            format=rescue.FORMAT,
            district=head.district,
            device=head.device,
            made_ms=made_ms,
            offset_ms=head.clock.offset_ms,
            whole=whole,
            last=head.last_n,
            parts=[part for part, _ in parts],
            photos=pictures,
            drafts=Drafts(_count(drafts), len(drafts), _sha256(drafts)) if _count(drafts) else None,
            app=self._app,
        )
        _refuse_too_much(manifest)
        target = path / _name(head.device, made_ms) if path.is_dir() else path
        body = rescue.body_of(manifest)
        mac = rescue.mac_of(hashlib.sha256(head.token.encode()).digest(), body) if head.token else None
        digest = _write(target, lambda file: _fill(file, body, mac, parts, drafts, manifest, kept))
        noted = Noted([row.n for row in rows], _here(pictures), _sha256(drafts), str(target.resolve()), digest, made_ms)
        return _exported(manifest, target, digest, noted=self._note(noted))

    def _note(self, noted: Noted) -> bool:
        with suppress(StoreError):
            self._desk.db.put_note(NOTE, wire.encode(noted).decode())
            return True
        return False


def noted_in(desk: Desk) -> Noted | None:
    """Return what the tablet last took out, if it ever did."""
    found = desk.db.note(NOTE)
    return msgspec.json.decode(found, type=Noted) if found else None


def drafts_of(desk: Desk) -> bytes:
    """Return the drafts as JSON, in the order of their keys."""
    rows = desk.db.all("SELECT key, data, saved_ms FROM draft ORDER BY key")
    told = [{"key": key, "data": msgspec.Raw(data.encode()), "saved_ms": saved} for key, data, saved in rows]
    return wire.encode(told)


def _count(drafts: bytes) -> int:
    return len(msgspec.json.decode(drafts, type=list[msgspec.Raw]))


def digest_of(path: Path) -> str:
    """Return the SHA-256 of the file at *path*."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


# -- mutations --------------------------------------------------------------------------------------


def _parts(rows: Sequence[Row]) -> Iterator[tuple[Part, bytes]]:
    for place, cut in enumerate(_cuts(rows)):
        body = rescue.joined(row.payload for row in cut)
        first, last = cut[0], cut[-1]
        part = Part(
            name=rescue.part_name(place),
            install=first.install,
            offset_ms=last.offset_ms,
            first=first.n,
            last=last.n,
            mutations=len(cut),
            size=len(body),
            sha256=_sha256(body),
        )
        yield part, body


def _cuts(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield *rows* as pushes: one install, one clock, within a request's size, groups whole."""
    cut, size = list[Row](), 0
    for _, members in groupby(rows, key=lambda row: (row.install, row.group_first or -row.n)):
        bundle = list(members)
        weight = sum(len(row.payload) + 1 for row in bundle)
        if cut and not _together(cut, bundle, size + weight):
            yield cut
            cut, size = [], 0
        cut, size = cut + bundle, size + weight
    if cut:
        yield cut


def _together(cut: list[Row], bundle: list[Row], size: int) -> bool:
    one_clock = abs(cut[0].offset_ms - bundle[0].offset_ms) <= _SAME_CLOCK_MS
    fits = len(cut) + len(bundle) <= MAX_MUTATIONS and size <= _PART_BYTES
    return cut[0].install == bundle[0].install and one_clock and fits


# -- photos -----------------------------------------------------------------------------------------


class _Concerned(NamedTuple):
    """A photo's file, the records that use it, and of a copy its original."""

    sha256: str
    records: list[str]
    size: int
    of: str | None


def _pictures(
    rows: Iterable[Row], files: Iterable[PhotoFile], lacking: Collection[str], *, whole: bool
) -> Iterator[_Concerned]:
    """
    Yield every file concerned that the office may lack: by the album, and as the mutations name them.

    Args:
        rows: The mutations that go into the package.
        files: What the album knows.
        lacking: Those of its files that the office is not known to have.
        whole: Also files of records of which no mutation goes.
    """
    concerned, known = {row.record_id for row in rows}, {file.sha256: file for file in files}
    uses = {(sha256, row.record_id): of for row in rows for sha256, of in _named(row.payload)}
    uses |= {(one.sha256, one.record_id): one.of for one in files if whole or one.record_id in concerned}
    found: dict[str, tuple[set[str], str | None]] = {}
    for (sha256, record_id), of in uses.items():
        if sha256 in lacking or sha256 not in known:
            found.setdefault(sha256, (set(), of))[0].add(record_id)
    for sha256, (records, of) in sorted(found.items()):
        size = known[sha256].bytes if sha256 in known else 0
        yield _Concerned(sha256, sorted(records), size, of)


def _named(payload: bytes) -> Iterator[tuple[str, str | None]]:
    """Yield the files that a mutation names: an original with None, a copy with its original."""
    mutation = decode_mutation(payload)
    for photo in (*mutation.add.get("photos", ()), *(mutation.set.get("photos") or ())):
        told = photo if isinstance(photo, dict) else {}
        original, copy = (_hash_in(told.get(name)) for name in ("sha256", "copy"))
        if original:
            yield original, None
            yield from [(copy, original)] if copy else []


def _hash_in(value: Any) -> str | None:
    return value if isinstance(value, str) and _HASH.fullmatch(value) else None


def _looked_at(originals: Originals, one: _Concerned, *, wanted: bool) -> Photo:
    """Say whether a file is there, and still what it was when it was taken."""
    place, size = originals.place_of(one.sha256), one.size
    try:
        sound = digest_of(place) == one.sha256
        size = place.stat().st_size
    except OSError:
        sound = False
    fits = wanted and size <= rescue.MAX_PHOTO_BYTES
    state = "missing" if not sound else "here" if fits else "left_out"
    return Photo(one.sha256, one.records, size, state, one.of)  # type: ignore[arg-type]  # a word of the three


def _here(photos: Iterable[Photo]) -> list[str]:
    return [photo.sha256 for photo in photos if photo.state == "here"]


def _refuse_too_much(manifest: Manifest) -> None:
    size = sum(photo.size for photo in manifest.photos if photo.state == "here")
    if size > rescue.MAX_BYTES // 16 * 15 or len(manifest.photos) > rescue.MAX_PHOTOS:
        raise Refusal("rescue_too_large", limit="2 GiB")


# -- the file ---------------------------------------------------------------------------------------


def _write(target: Path, fill: Callable[[BinaryIO], None]) -> str:
    """Write beside *target*, and give it the name only when every byte is on the disk; return its SHA-256."""
    beside = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600), "w+b") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        digest = digest_of(beside)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)
    return digest


def _fill(
    file: BinaryIO,
    body: bytes,
    mac: str | None,
    parts: Sequence[tuple[Part, bytes]],
    drafts: bytes,
    manifest: Manifest,
    originals: Originals,
) -> None:
    with ZipFile(file, "w") as archive:
        _put(archive, MANIFEST, body)
        if mac:
            _put(archive, MAC, mac.encode())
        for part, lines in parts:
            _put(archive, part.name, lines)
        if manifest.drafts:
            _put(archive, DRAFTS, drafts)
        for photo in manifest.photos:
            if photo.state == "here":
                _copy(archive, photo, originals.place_of(photo.sha256))


def _put(archive: ZipFile, name: str, data: bytes) -> None:
    archive.writestr(_entry(name), data)


def _copy(archive: ZipFile, photo: Photo, place: Path) -> None:
    entry = _entry(PHOTOS + photo.sha256)
    entry.file_size = photo.size
    with place.open("rb") as source, archive.open(entry, "w") as into:
        while piece := source.read(_PIECE):
            into.write(piece)


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, _NO_TIME)
    entry.compress_type, entry.create_system, entry.external_attr = ZIP_STORED, 3, 0o600 << 16
    return entry


def _name(device: str | None, made_ms: int) -> str:
    stamp = "".join(sign for sign in instant(made_ms)[:19] if sign.isdigit())
    return f"rescue-{(device or 'unenrolled')[-6:]}-{stamp}.zip"


def _exported(manifest: Manifest, target: Path, sha256: str, *, noted: bool) -> Exported:
    states = [photo.state for photo in manifest.photos]
    return Exported(
        path=str(target),
        sha256=sha256,
        mutations=manifest.mutations,
        photos=states.count("here"),
        missing=states.count("missing"),
        left_out=states.count("left_out"),
        drafts=manifest.drafts.count if manifest.drafts else 0,
        noted=noted,
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
