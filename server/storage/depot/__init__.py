"""
The depot 照片库: where the bytes of photos lie, under keys, each whole or not at all.

One contract for a folder, for S3 and for the double in memory; ``tests/contracts/test_depot.py`` holds all three
to it. What lies under a key is never half of something: a ``put`` that fails leaves what was there before.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

#: Bytes of a piece, at most: so much of an object is in memory at a time.
PIECE = 64 * 1024


class Missing(Exception):
    """Nothing lies under the key."""


class DepotTrouble(Exception):
    """The depot cannot do its work just now; asking again later makes sense. What it says holds no secret."""


class DepotFull(DepotTrouble):
    """There is no space left."""


class Lying(NamedTuple):
    """Something that lies in the depot: its key, its size in bytes, and when it was put there."""

    key: str
    size: int
    put_ms: int


class Invitation(NamedTuple):
    """
    An address where whoever has it may PUT one object of one size, without our token, for a while.

    The body goes as it is, its length told beforehand (``Content-Length``, no chunks): the length is signed.

    Attributes:
        headers: What has to go with it, as it stands here; it is part of the signature.
    """

    url: str
    headers: dict[str, str]


class Depot(Protocol):
    """
    Keys are made by ``server.storage.depot.keys`` alone: small letters, digits, ``/``, ``-`` and ``.``, never ``..``.

    Every verb may raise ``DepotTrouble``; after one that failed, what lay under the key lies there still, or what
    was to be laid there does, whole. One depot serves all threads of a process.
    """

    def put(self, key: str, source: bytes | Path) -> None:
        """
        Lay the bytes, or the bytes of a file, under *key*; they are durable when this returns.

        Parts (``keys.is_part``) need not be: a power failure may take one, or leave other bytes of it. Whoever puts a
        file together holds each against its hash, and asks for it once more.

        What lay there is replaced in one moment; of several puts at once, one stays.

        Raises:
            OSError: The file named as *source* cannot be read.
        """

    def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """
        Return the bytes from *start* up to *stop* (the end) piece by piece, never all at once.

        There is nothing beyond the end. Bytes may stop short of it only by raising ``DepotTrouble``. Whoever does
        not read to the end calls ``close()`` on what is returned, as WSGI servers do.

        Raises:
            Missing: At once, not with the first piece.
        """

    def size(self, key: str) -> int | None:
        """Return how many bytes lie under *key*; None where nothing does."""

    def lying(self, prefix: str) -> Iterator[Lying]:
        """Yield everything whose key begins with *prefix*, by key; what comes or goes meanwhile may be missed."""

    def delete(self, keys: Iterable[str]) -> None:
        """Take away what lies under *keys*; what does not is passed over."""

    def invite(self, key: str, size: int, seconds: int) -> Invitation | None:
        """Return where to PUT *size* bytes under *key* within so many *seconds*; None where only we may put."""
