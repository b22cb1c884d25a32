"""
What was changed in a row of the history 改动定位: which column, and what stood there.

A link is the SHA-256 of the row, so the single change that makes the row fit its link again is the one that was
made: all of them are tried. Where more than one byte was changed there is nothing to find.
"""

import string
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from server.values import Entry

#: So many changes are tried at most, and so many bytes hashed for it: some seconds.
_MOST_TRIED, _MOST_HASHED = 400_000, 1 << 30
_PRINTABLE = string.printable[:95]
_BITS = 64
_OPTIONAL = frozenset({"role", "decisions", "rules"})


class Change(NamedTuple):
    """A column of a row, what stands in it, and what stood there before somebody changed it; None: not known."""

    column: str
    stored: Any
    before: Any = None


def find_change(entry: Entry, fits: Callable[[Entry], bool]) -> Change | None:
    """
    Return the one change that was made to *entry*, or None where no single one explains it.

    Args:
        fits: Says whether a row is what it was when its link was made.
    """
    left = min(_MOST_TRIED, _MOST_HASHED // (len(entry.payload) + len(entry.decisions or "") + 200))
    # What is short first: the payload alone may be thousands of signs long.
    for column in sorted(entry.__struct_fields__, key=lambda name: len(str(getattr(entry, name)))):
        stored = getattr(entry, column)
        for before in _befores(column, stored):
            left -= 1
            if left < 0:
                return None
            if fits(msgspec.structs.replace(entry, **{column: before})):
                return Change(column, stored, before)
    return None


def _befores(column: str, stored: Any) -> Iterator[Any]:
    """Yield everything that may have stood in *column* before one byte, digit or sign of it was changed."""
    if isinstance(stored, bool):
        yield not stored
    elif isinstance(stored, int):
        yield from (stored ^ (byte << shift) for shift in range(0, _BITS, 8) for byte in range(1, 256))
        yield from (int(text) for text in _replaced(str(stored), string.digits) if text.lstrip("-").isdigit())
    elif isinstance(stored, str):
        if column in _OPTIONAL:
            yield None
        yield from _replaced(stored, _PRINTABLE)
        yield from (stored[:place] + stored[place + 1 :] for place in range(len(stored)))


def _replaced(stored: str, signs: str) -> Iterator[str]:
    for place, sign in enumerate(stored):
        for other in signs if sign.isascii() else _neighbours(sign):
            if other != sign:
                yield f"{stored[:place]}{other}{stored[place + 1 :]}"


def _neighbours(sign: str) -> Iterator[str]:
    """Yield what a sign of several bytes may have been before one of them was changed."""
    written = sign.encode()
    for place in range(len(written)):
        for byte in range(0x80, 0xF5):
            with suppress(UnicodeDecodeError):
                yield (written[:place] + bytes([byte]) + written[place + 1 :]).decode()
