"""
Photos on their way 照片的传送: the bodies of ``/v1/photos``, and the limits both sides keep.

A photo is named by the SHA-256 of its original, taken at capture. Two files may travel of it: a smaller *copy*
(副本) first, so that the office sees it today over a poor network, and the untouched *original* (原图). Each file
travels under its own SHA-256, cut into parts of ``PART_BYTES``; the hash of every part is told beforehand, so a
damaged part is sent again alone.
"""

import hashlib
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from schemas.fields import UUID_PATTERN

#: Bytes of a part; the last one of a file may be shorter.
PART_BYTES = 512 * 1024
#: The largest file that travels, bytes.
MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_PARTS = MAX_FILE_BYTES // PART_BYTES
#: So many files are planned in one request.
MAX_PLANNED = 100

_Sha256 = Annotated[str, Meta(min_length=64, max_length=64, pattern=r"^[0-9a-f]{64}\Z")]
_Id = Annotated[str, Meta(min_length=36, max_length=36, pattern=UUID_PATTERN.replace("$", r"\Z"))]
_Bytes = Annotated[int, Meta(ge=1, le=1 << 40)]
_Part = Annotated[int, Meta(ge=0, lt=MAX_PARTS)]


class Offered(Struct, omit_defaults=True):
    """
    One file that a tablet holds and would send.

    Attributes:
        sha256: Of the file itself.
        record: A record that names the photo.
        size: Bytes.
        parts: The SHA-256 of every part of ``PART_BYTES``, in order.
        of: Of a copy: the SHA-256 of the original it was made from.
    """

    sha256: _Sha256
    record: _Id
    size: _Bytes
    parts: Annotated[list[_Sha256], Meta(min_length=1, max_length=1 << 20)]
    of: _Sha256 | None = None


class PlanRequest(Struct):
    """What a tablet would send 传送计划的请求."""

    photos: Annotated[list[Offered], Meta(min_length=1, max_length=MAX_PLANNED)]


class Wanted(Struct, omit_defaults=True):
    """
    One part that is missing.

    Attributes:
        n: Which, counted from 0.
        url: Where to PUT it without our token; without one, at ``/v1/photos/{sha256}/parts/{n}`` with it.
        headers: Headers that must go with it, as they stand here.
    """

    n: _Part
    url: str | None = None
    headers: dict[str, str] = {}


class Planned(Struct, omit_defaults=True):
    """
    What becomes of one file.

    Attributes:
        state: ``verified``: it lies at the office, whole, and was looked at; ``send``: its ``parts`` are missing,
            and none where all are there and ``complete`` is called for; ``wait``: the office does not know the
            record yet, ask again after the next sync; ``refused``: it will not take this file, see ``problem``.
        expires_s: For how many seconds the addresses of the parts hold.
    """

    sha256: str
    state: Literal["verified", "send", "wait", "refused"]
    parts: list[Wanted] = []
    expires_s: int | None = None
    problem: dict[str, Any] | None = None


class PlanAnswer(Struct):
    """What becomes of each file, in the order asked 传送计划."""

    photos: list[Planned]


class Completed(Struct, omit_defaults=True):
    """
    What became of a file whose parts were all sent 核验结果.

    Attributes:
        state: As in ``Planned``: ``verified``, or ``send`` with the parts that are missing or were damaged.
    """

    sha256: str
    state: Literal["verified", "send"]
    parts: list[Wanted] = []
    expires_s: int | None = None


def parts_of(size: int) -> int:
    """Return into how many parts a file of *size* bytes is cut."""
    return max(1, -(-size // PART_BYTES))


def part_size(size: int, n: int) -> int:
    """Return how many bytes part *n*, counted from 0, of a file of *size* bytes has."""
    return min(PART_BYTES, size - n * PART_BYTES)


def hashes_of(pieces: Iterator[bytes]) -> tuple[str, list[str]]:
    """Return the SHA-256 of a whole file and of each part, given *pieces* of ``PART_BYTES`` each (the last less)."""
    whole, parts = hashlib.sha256(), list[str]()
    for piece in pieces:
        whole.update(piece)
        parts.append(hashlib.sha256(piece).hexdigest())
    return whole.hexdigest(), parts


read_plan = msgspec.json.Decoder(PlanRequest).decode
read_planned = msgspec.json.Decoder(PlanAnswer).decode
read_completed = msgspec.json.Decoder(Completed).decode
