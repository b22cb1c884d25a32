"""
The pictures of a play 照片: a few dozen, real to the last byte and drawn once a process; some have a copy.

Their bytes are known beforehand by their SHA-256, so whoever finds a file anywhere can tell whether it is whole.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

from sync_client import attaching
from sync_client.pictures import copies
from tests.pictures import noise, saved, scene
from tests.simulation.patching import put_in_place

#: How many there are.
COUNT = 24
#: Those that have a copy.
WITH_COPY = range(2, COUNT, 3)
#: No side of a copy is longer, pixels; larger pictures have one.
_COPY_SIDE = 24
#: The copy of this picture is, byte for byte, another one's original.
_TWIN, _TWIN_OF = 11, 4


class Taken(NamedTuple):
    """One picture: its bytes, and those of the copy that travels first; None where it travels itself."""

    data: bytes
    copy: bytes | None

    @property
    def sha256(self) -> str:
        """What it is called."""
        return named(self.data)

    @property
    def files(self) -> tuple[bytes, ...]:
        """All files of it."""
        return (self.data,) if self.copy is None else (self.data, self.copy)


def named(data: bytes) -> str:
    """Return a file's SHA-256."""
    return hashlib.sha256(data).hexdigest()


@cache
def pictures() -> tuple[Taken, ...]:
    """Return all pictures."""
    return tuple(_drawn(number) for number in range(COUNT))


@cache
def contents() -> Mapping[str, bytes]:
    """Return every file that there can be, by its SHA-256."""
    return {named(data): data for taken in pictures() for data in taken.files}


def _drawn(number: int) -> Taken:
    if number in WITH_COPY:
        large = saved(noise(number, 32 + number, 24), "JPEG", quality=60)
        return Taken(large, _drawn(_TWIN_OF).data if number == _TWIN else _small(f"copy {number}"))
    if number % 3:
        return Taken(saved(noise(number, 24, 8 + number % 5 * 4), "JPEG", quality=70), None)
    return Taken(_small(number), None)


def _small(seed: object) -> bytes:
    return saved(scene(seed, 8, 8).convert("L"), "JPEG", quality=40, optimize=True)


@contextmanager
def ready_copies() -> Iterator[None]:
    """Let copies be looked up, not made; which picture has one is still the product's to say."""
    known = {taken.data: taken.copy for taken in pictures()}
    with put_in_place(attaching, "copy_of", lambda data: known[data]), put_in_place(copies, "COPY_SIDE", _COPY_SIDE):
        yield
