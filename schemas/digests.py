"""
Digests 核对摘要: what proves that a tablet holds exactly what the server holds, without sending it again.

Each record is boiled down to 8 bytes over all that travels of it. Records are spread over buckets by their ids; the
digests of a bucket are summed up, so that their order does not matter. Where two sums are equal, so are the records
of the bucket; where they differ, their digests are compared one by one.

Pure: both sides compute the very same.
"""

import base64
import hashlib
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from schemas import wire
from schemas.explain import fault
from schemas.fields import UUID_PATTERN
from schemas.problems import Refusal
from schemas.wire import FEED_PATTERN

#: Ids are spread by their last four hexadecimal digits; a power of two divides those evenly.
MOST_BUCKETS = 4_096
LEAST_BUCKETS = 16
#: So many records in a bucket, about.
PER_BUCKET = 32
#: A tablet names at most so many records of its own in one request.
MOST_NAMED = 20_000
MAX_BODY = 4 * 1024 * 1024
_SUM_BYTES = 8
_MODULUS = 1 << 64

_Feed = Annotated[str, Meta(min_length=6, max_length=9, pattern=FEED_PATTERN.replace("$", r"\Z"))]
_Cursor = Annotated[str, Meta(max_length=400)]
_Id = Annotated[str, Meta(min_length=36, max_length=36, pattern=UUID_PATTERN.replace("$", r"\Z"))]
_Digest = Annotated[str, Meta(min_length=16, max_length=16, pattern=r"^[0-9a-f]{16}\Z")]
_Place = Annotated[int, Meta(ge=0, lt=MOST_BUCKETS)]


class FeedDigest(Struct, omit_defaults=True):
    """
    What a device's view of one feed boils down to 摘要.

    Attributes:
        epoch: Which history the server speaks of.
        behind: The device has not read all there is, or not under its present view: it has to sync first, and
            there is nothing else in this answer.
        count: How many records there are.
        buckets: Over how many buckets they are spread.
        sums: The buckets' sums, 8 bytes each (big-endian), one after the other, in base64.
    """

    feed: str
    epoch: str
    behind: bool = False
    count: int = 0
    buckets: int = 0
    sums: str = ""


class RepairRequest(Struct):
    """
    What a device holds in the buckets that differ.

    Attributes:
        feed, cursor: How far it has read.
        buckets: Over how many buckets the records are spread, as the server said.
        differing: The buckets that differ.
        records: The digest (16 hexadecimal digits) of every record that the device holds in them, by id.
    """

    feed: _Feed
    cursor: _Cursor
    buckets: Annotated[int, Meta(ge=1, le=MOST_BUCKETS)]
    differing: Annotated[list[_Place], Meta(max_length=MOST_BUCKETS)]
    records: Annotated[dict[_Id, _Digest], Meta(max_length=MOST_NAMED)]


class Repair(Struct, omit_defaults=True):
    """
    What brings the buckets that differ back to the server's state.

    Attributes:
        behind: As in ``FeedDigest``.
        records: The records that the device does not hold, or holds otherwise.
        gone: Those of the ids it named that its view of this feed does not have.
        more: Something is left over: ask again once this is taken in.
    """

    feed: str
    epoch: str
    behind: bool = False
    records: list[Raw] = []
    gone: list[str] = []
    more: bool = False


class Summary:
    """The sums of a set of records."""

    def __init__(self) -> None:
        self.count = 0
        self._sums = [0] * MOST_BUCKETS

    def add(self, id_: str, digest: bytes) -> None:
        """Add one record."""
        self.count += 1
        self._sums[bucket_of(id_, MOST_BUCKETS)] += int.from_bytes(digest, "big")

    def text(self, buckets: int) -> str:
        """Return the sums as they travel, over so many *buckets*, a power of two."""
        # What stands in bucket i of many stands in bucket i % n of n.
        folded = (sum(self._sums[place::buckets]) % _MODULUS for place in range(buckets))
        return base64.b64encode(b"".join(each.to_bytes(_SUM_BYTES, "big") for each in folded)).decode()


def digest_of(head: tuple[Any, ...], fields: bytes) -> bytes:
    """
    Return the 8 bytes of one record.

    Args:
        head: ``(id, type, grid, version, born, void, at_ms, at_counter, by)``, where ``born`` is always filled in
            and ``void`` is true or false.
        fields: The fields, as canonical JSON.

    Source: the sum of hashes as a set's digest is Bellare and Micciancio's, "A New Paradigm for Collision-Free
    Hashing", EUROCRYPT 1997. It finds damage and mistakes; 8 bytes do not withstand somebody who forges on purpose.
    """
    return hashlib.sha256(wire.encode(head) + fields).digest()[:_SUM_BYTES]


def bucket_of(id_: str, buckets: int) -> int:
    """Return the bucket in which the record *id_* stands."""
    return int(id_[-4:], 16) % buckets


def buckets_for(count: int) -> int:
    """Return over how many buckets *count* records are spread."""
    buckets = LEAST_BUCKETS
    while buckets * PER_BUCKET < count and buckets < MOST_BUCKETS:
        buckets *= 2
    return buckets


def differing(ours: str, theirs: str) -> list[int]:
    """
    Return the buckets whose sums differ.

    Raises:
        ValueError: The two are not spread over as many buckets, or one of them is none.
    """
    mine, other = (base64.b64decode(text, validate=True) for text in (ours, theirs))
    if len(mine) != len(other) or len(mine) % _SUM_BYTES:
        raise ValueError("sums")
    starts = range(0, len(mine), _SUM_BYTES)
    return [at // _SUM_BYTES for at in starts if mine[at : at + _SUM_BYTES] != other[at : at + _SUM_BYTES]]


def read_repair(body: bytes) -> RepairRequest:
    """
    Return the request that *body* (JSON) holds.

    Raises:
        Refusal: ``invalid_request``.
    """
    try:
        asked = _decode(body)
    except (ValueError, RecursionError) as error:
        told = fault("invalid", "内容不符合要求", str(error)[:200], "body")
        raise Refusal("invalid_request", told) from error
    if asked.buckets & (asked.buckets - 1):
        raise Refusal("invalid_request", fault("choice", "应为 2 的幂", "must be a power of two", "buckets"))
    return asked


_decode = msgspec.json.Decoder(RepairRequest).decode
