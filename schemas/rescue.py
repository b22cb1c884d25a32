"""
Rescue packages 救援包: what a tablet has not delivered, in one file that proves whose it is.

A package is a plain ZIP in which nothing is compressed, so that equal contents are equal bytes and no small file
unpacks into a large one::

    manifest.json          what is in it, every file with its SHA-256; canonical JSON
    manifest.mac           HMAC-SHA256 of manifest.json under the SHA-256 of the tablet's token
    mutations/0001.jsonl   one push: mutations of one install stamped by one clock, word for word, one a line
    drafts.json            half-filled forms
    photos/<sha256>        originals and copies

Pure: whoever calls brings the open file along, and the key.
"""

import hashlib
import hmac
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, BinaryIO, Literal
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import msgspec
from msgspec import Meta, Raw, Struct

from schemas import wire
from schemas.mutations import Count, Sha, Uuid
from schemas.problems import Refusal
from schemas.wire import INSTALL_PATTERN, MAX_MUTATIONS

FORMAT = 1
MANIFEST, MAC, DRAFTS, PHOTOS = "manifest.json", "manifest.mac", "drafts.json", "photos/"
#: Beyond this a ZIP needs another kind of directory: just under 2 GiB.
MAX_BYTES = (1 << 31) - (1 << 20)
MAX_ENTRIES = 20_000
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
MAX_PART_BYTES = 6 * 1024 * 1024
MAX_DRAFTS_BYTES = 32 * 1024 * 1024
MAX_PHOTO_BYTES = 512 * 1024 * 1024
MAX_PHOTOS = 12_000
MAX_PARTS = 5_000

_PIECE = 1 << 20
_NAME = re.compile(r"manifest\.json|manifest\.mac|drafts\.json|mutations/[0-9]{4}\.jsonl|photos/[0-9a-f]{64}")
_END = struct.Struct("<4s4H2LH")
_LOCAL_BYTES = 30
#: What ``zipfile`` raises of a file that is not as it should be.
_BROKEN = (BadZipFile, RuntimeError, ValueError, EOFError, OverflowError, struct.error)

_Clock = Annotated[int, Meta(ge=-(1 << 53), le=1 << 53)]
_Device = Annotated[str, Meta(min_length=1, max_length=36, pattern=r"^[0-9A-Za-z_-]*\Z")]
_WITHOUT_NUL = INSTALL_PATTERN.replace(r"[\s\S]*$", r"[^\x00]*\Z")
_Install = Annotated[str, Meta(min_length=1, max_length=40, pattern=_WITHOUT_NUL)]


class Part(Struct, frozen=True):
    """
    One push of one install, in the order of its numbers, groups whole.

    ``offset_ms`` is what the tablet added to its clock, in milliseconds, when it stamped these mutations.
    """

    name: Annotated[str, Meta(pattern=r"^mutations/[0-9]{4}\.jsonl\Z")]
    install: _Install
    offset_ms: _Clock
    first: Count
    last: Count
    mutations: Annotated[int, Meta(ge=1, le=MAX_MUTATIONS)]
    size: Annotated[int, Meta(ge=1, le=MAX_PART_BYTES)]
    sha256: Sha


class Photo(Struct, frozen=True, omit_defaults=True):
    """
    A photo's file that some records use: ``here`` in the package, ``missing`` on the tablet, ``left_out`` on request.

    ``of`` is the SHA-256 of its original where it is a copy 副本, and absent where it is an original 原图.
    """

    sha256: Sha
    records: Annotated[list[Uuid], Meta(max_length=10_000)]
    size: Annotated[int, Meta(ge=0, le=1 << 53)]
    state: Literal["here", "missing", "left_out"]
    of: Sha | None = None


class Drafts(Struct, frozen=True):
    """The half-filled forms 草稿, how many."""

    count: Count
    size: Annotated[int, Meta(ge=1, le=MAX_DRAFTS_BYTES)]
    sha256: Sha


class Manifest(Struct, frozen=True):
    """
    What is in a package 清单.

    Attributes:
        format: The version of this format.
        district, device: Whose it is; None where the tablet was never enrolled, and so has recorded nothing.
        made_ms: When, milliseconds since 1970-01-01 UTC, by the tablet's corrected clock.
        offset_ms: What the tablet adds to its clock today; see ``correction_ms``.
        whole: Whether settled work of the last 30 days is in it as well.
        last: The greatest number in the journal.
        app: What the program called itself.
    """

    format: Annotated[int, Meta(ge=1, le=FORMAT)]
    district: Annotated[str, Meta(pattern=r"^[0-9]{6}\Z")] | None
    device: _Device | None
    made_ms: Count
    offset_ms: _Clock
    whole: bool
    last: Count
    parts: Annotated[list[Part], Meta(max_length=MAX_PARTS)]
    photos: Annotated[list[Photo], Meta(max_length=MAX_PHOTOS)]
    drafts: Drafts | None = None
    app: Annotated[str, Meta(max_length=60)] | None = None

    @property
    def mutations(self) -> int:
        """How many mutations are in it."""
        return sum(part.mutations for part in self.parts)

    @property
    def names(self) -> list[str]:
        """The files beside the manifest and its MAC, in their order."""
        photos = sorted(PHOTOS + photo.sha256 for photo in self.photos if photo.state == "here")
        return [*(part.name for part in self.parts), *([DRAFTS] if self.drafts else []), *photos]

    def correction_ms(self, part: Part) -> int:
        """Return what has to be added to the stamps of *part*, as far as the tablet itself learnt since."""
        return self.offset_ms - part.offset_ms


class RescueRequest(Struct):
    """One part of a package, carried to the server by another tablet; the manifest as it stands, byte for byte."""

    manifest: Raw
    mac: Annotated[str, Meta(max_length=64)]
    part: Annotated[str, Meta(max_length=40)]
    mutations: Annotated[list[Raw], Meta(max_length=MAX_MUTATIONS)]


class RescueAnswer(Struct, omit_defaults=True):
    """What became of one part: whose it is, and one outcome for every mutation, alike ones in runs."""

    device: str
    part: str
    outcomes: list[wire.Outcome]
    device_name: str = ""
    revoked: bool = False


def damaged(zh: str, en: str) -> Refusal:
    """Return the refusal of a package that is not whole."""
    return Refusal("rescue_damaged", why_zh=zh, why_en=en)


def _unsafe(zh: str, en: str) -> Refusal:
    return Refusal("rescue_unsafe", why_zh=zh, why_en=en)


# -- the proof --------------------------------------------------------------------------------------


def mac_of(key: bytes, manifest: bytes) -> str:
    """Return the MAC of *manifest*; *key* is the SHA-256 of the tablet's token, which the server keeps as well."""
    return hmac.digest(key, manifest, hashlib.sha256).hex()


def proves(mac: str, key: bytes, manifest: bytes) -> bool:
    """Say whether *mac* was made over *manifest* by whoever holds the token behind *key*."""
    return hmac.compare_digest(mac.encode(), mac_of(key, manifest).encode())


# -- the manifest and its parts ---------------------------------------------------------------------


def read_manifest(body: bytes) -> Manifest:
    """
    Return the manifest in *body*.

    Raises:
        Refusal: ``rescue_too_new``, or ``rescue_damaged`` where it is none, or not written in the one way.
    """
    try:
        version = _decode_format(body).format
        if version > FORMAT:
            raise Refusal("rescue_too_new", format=version)
        manifest = _decode_manifest(body)
        canonical = wire.canonical(wire.decode_json(body)) == body
    except (ValueError, RecursionError):
        raise damaged("清单无法读取", "the manifest cannot be read") from None
    if not canonical or not _agrees(manifest):
        raise damaged("清单前后不一致", "the manifest contradicts itself")
    return manifest


def body_of(manifest: Manifest) -> bytes:
    """Return *manifest* in the one way it is written down."""
    return wire.canonical(msgspec.to_builtins(manifest))


def _agrees(manifest: Manifest) -> bool:
    numbered = [part.name for part in manifest.parts] == [part_name(i) for i in range(len(manifest.parts))]
    photos = len({photo.sha256 for photo in manifest.photos}) == len(manifest.photos)
    return numbered and photos and (manifest.device is None) == (manifest.district is None)


def part_name(place: int) -> str:
    """Return the name of the part at *place*, from 0."""
    return f"mutations/{place + 1:04}.jsonl"


def joined(payloads: Iterable[bytes]) -> bytes:
    """Return a part's file."""
    return b"".join(payload + b"\n" for payload in payloads)


def lines_of(part: Part, body: bytes) -> list[bytes]:
    """
    Return the mutations in *body*, which has to be the part that the manifest names.

    Raises:
        Refusal: ``rescue_damaged``.
    """
    lines = body.split(b"\n")
    whole = lines.pop() == b"" and len(lines) == part.mutations and len(body) == part.size
    if not whole or hashlib.sha256(body).hexdigest() != part.sha256:
        raise damaged(f"{part.name} 与清单不符", f"{part.name} is not what the manifest says")
    return lines


# -- the file ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Package:
    """
    A package that was found whole; its file stays open as long as it is read.

    Attributes:
        manifest: What is in it.
        body: The manifest's bytes.
        mac: The proof; empty where the tablet had no token.
    """

    manifest: Manifest
    body: bytes
    mac: str
    _zip: ZipFile

    @property
    def id(self) -> str:
        """The SHA-256 of the manifest: names the package, whatever its file is called."""
        return hashlib.sha256(self.body).hexdigest()

    def mutations(self, part: Part) -> list[bytes]:
        """Return the mutations of *part*, word for word."""
        return lines_of(part, _read(self._zip, part.name, MAX_PART_BYTES))

    def photo(self, photo: Photo) -> Iterator[bytes]:
        """Yield the original, piece by piece."""
        return _pieces(self._zip, PHOTOS + photo.sha256)

    def drafts(self) -> bytes:
        """Return the drafts as JSON."""
        return _read(self._zip, DRAFTS, MAX_DRAFTS_BYTES) if self.manifest.drafts else b"[]"


def opened(file: BinaryIO) -> Package:
    """
    Check the package in *file* from end to end, and return it; nothing is unpacked anywhere.

    Raises:
        Refusal: ``rescue_damaged``, ``rescue_unsafe``, ``rescue_too_large``, ``rescue_too_new``.
    """
    directory_at = _check_end(file)
    try:
        archive = ZipFile(file)
    except _BROKEN:
        raise damaged("不是救援包，或目录已损坏", "it is no package, or its directory is damaged") from None
    _check_entries(archive.infolist(), directory_at)
    body = _read(archive, MANIFEST, MAX_MANIFEST_BYTES)
    manifest = read_manifest(body)
    signed = MAC in archive.namelist()
    if sorted(archive.namelist()) != sorted([MANIFEST, *([MAC] if signed else []), *manifest.names]):
        raise damaged("内容与清单不符", "its files are not those the manifest names")
    mac = _read(archive, MAC, 64).decode("ascii", "replace") if signed else ""
    package = Package(manifest, body, mac, archive)
    _check_contents(package)
    return package


def _check_end(file: BinaryIO) -> int:
    """Look at the last bytes alone: they say how large the rest claims to be; return where the directory begins."""
    size = file.seek(0, 2)
    if size > MAX_BYTES:
        raise Refusal("rescue_too_large", limit="2 GiB")
    file.seek(max(size - _END.size, 0))
    tail = file.read(_END.size)
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        raise damaged("不是救援包", "it is no rescue package")
    sign, disk, first_disk, here, entries, length, at, comment = _END.unpack(tail.ljust(_END.size, b"\0"))
    if sign != b"PK\x05\x06" or comment:
        raise damaged("文件不完整，或末尾多出内容", "it was cut off, or something follows its end")
    if entries > MAX_ENTRIES or disk or first_disk or here != entries:
        raise _unsafe(f"文件数超过 {MAX_ENTRIES}", f"more than {MAX_ENTRIES} files")
    if at + length + _END.size != size:
        raise damaged("文件不完整，或中间多出内容", "something is missing or was put in between")
    return int(at)


def _check_entries(entries: list[ZipInfo], directory_at: int) -> None:
    """Refuse every name and every trick that is none of ours, before anything is read."""
    at, seen = 0, set[str]()
    for info in entries:
        name = info.orig_filename
        if not _NAME.fullmatch(name):
            raise _unsafe("有不明文件名", "a file name that no package has")
        if name in seen:
            raise _unsafe("同名文件出现两次", "two files of one name")
        if info.compress_type != ZIP_STORED or info.compress_size != info.file_size or info.flag_bits or info.extra:
            raise _unsafe("内容被压缩或加密过，不是平板导出的原文件", "it was packed again, and is not the file itself")
        if info.header_offset != at:
            raise _unsafe("文件互相重叠", "files that lie over each other")
        seen.add(name)
        at += _LOCAL_BYTES + len(name) + info.file_size
    if at != directory_at or MANIFEST not in seen:
        raise damaged("缺少清单，或中间多出内容", "no manifest, or something was put in between")


def _check_contents(package: Package) -> None:
    for part in package.manifest.parts:
        package.mutations(part)
    drafts = package.manifest.drafts
    if drafts and (drafts.size, drafts.sha256) != _measured([package.drafts()]):
        raise damaged("草稿与清单不符", "the drafts are not what the manifest says")
    for photo in (photo for photo in package.manifest.photos if photo.state == "here"):
        if (photo.size, photo.sha256) != _measured(package.photo(photo)):
            raise damaged(f"照片 {photo.sha256[:8]} 与清单不符", f"photo {photo.sha256[:8]} is not itself")


def _measured(pieces: Iterable[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for piece in pieces:
        size += len(piece)
        digest.update(piece)
    return size, digest.hexdigest()


def _read(archive: ZipFile, name: str, limit: int) -> bytes:
    if archive.getinfo(name).file_size > limit:
        raise Refusal("rescue_too_large", limit=f"{limit >> 20 or 1} MiB")
    return b"".join(_pieces(archive, name))


def _pieces(archive: ZipFile, name: str) -> Iterator[bytes]:
    if archive.getinfo(name).file_size > MAX_PHOTO_BYTES:
        raise Refusal("rescue_too_large", limit=f"{MAX_PHOTO_BYTES >> 20} MiB")
    try:
        with archive.open(name) as file:
            while piece := file.read(_PIECE):
                yield piece
    except _BROKEN:
        raise damaged(f"{name} 读不出", f"{name} cannot be read") from None


class _Format(Struct):
    format: int


_decode_format = msgspec.json.Decoder(_Format).decode
_decode_manifest = msgspec.json.Decoder(Manifest).decode
