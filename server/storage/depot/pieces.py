"""Bytes into and out of a depot, piece by piece 分段读写: never a whole file in memory."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from server.storage.depot import PIECE, DepotTrouble


class Open(Protocol):
    """What can be read on and closed: a file, or the body of an answer."""

    def read(self, amount: int, /) -> bytes:
        """Return up to *amount* bytes; none at the end."""

    def close(self) -> None:
        """Give it back."""


class Pieces(Iterator[bytes]):
    """
    The next *left* bytes of *source*, which is closed at the end, by ``close()``, or when nobody wants it any more.

    Raises:
        DepotTrouble: With a piece: *source* ended before it should, or could not be read.
    """

    def __init__(self, source: Open, left: int) -> None:
        self._source, self._left = source, left

    def __next__(self) -> bytes:
        if self._left <= 0:
            self.close()
            raise StopIteration
        try:
            piece = self._source.read(min(PIECE, self._left))
            if not piece:
                raise DepotTrouble(f"{self._left} bytes are missing at the end")
        except OSError as error:
            self.close()
            raise DepotTrouble(f"reading broke off: {error.strerror}") from error
        except DepotTrouble:
            self.close()
            raise
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        """Stop reading; harmless a second time."""
        self._left = 0
        self._source.close()

    def __del__(self) -> None:
        self._source.close()


def nothing() -> Pieces:
    """Return no bytes at all."""
    return Pieces(io.BytesIO(), 0)


def opened(source: bytes | Path) -> io.BufferedReader | io.BytesIO:
    """
    Return what ``Depot.put`` was given as something to read from.

    Raises:
        OSError: The file cannot be opened.
    """
    return source.open("rb") if isinstance(source, Path) else io.BytesIO(source)
