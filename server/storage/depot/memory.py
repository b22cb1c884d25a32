"""The double of the depot, in memory: for tests and for the simulator. It invites only where it is told to."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from server.storage.depot import PIECE, Invitation, Lying, Missing
from server.storage.depot.keys import checked


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


class MemoryDepot:
    """
    A depot that lasts as long as its process.

    Args:
        clock: Returns milliseconds since 1970-01-01 UTC.
        inviting: Returns the invitation for a key, a size and so many seconds; without it only we may put.
    """

    def __init__(
        self,
        clock: Callable[[], int] = _wall_ms,
        inviting: Callable[[str, int, int], Invitation] | None = None,
    ) -> None:
        self._clock, self._inviting = clock, inviting
        self._lying: dict[str, tuple[bytes, int]] = {}

    def __str__(self) -> str:
        return "memory"

    def put(self, key: str, source: bytes | Path) -> None:
        """Lay bytes under a key; see ``Depot``."""
        data = source if isinstance(source, bytes) else source.read_bytes()
        self._lying[checked(key)] = (bytes(data), self._clock())

    def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Return bytes piece by piece; see ``Depot``."""
        found = self._lying.get(checked(key))
        if found is None:
            raise Missing(key)
        wanted = found[0][start:stop]
        return (wanted[at : at + PIECE] for at in range(0, len(wanted), PIECE))

    def size(self, key: str) -> int | None:
        """Return the size in bytes; see ``Depot``."""
        found = self._lying.get(checked(key))
        return None if found is None else len(found[0])

    def lying(self, prefix: str) -> Iterator[Lying]:
        """Yield what lies there; see ``Depot``."""
        for key, (data, put_ms) in sorted(self._lying.copy().items()):
            if key.startswith(prefix):
                yield Lying(key, len(data), put_ms)

    def delete(self, keys: Iterable[str]) -> None:
        """Take away; see ``Depot``."""
        for key in keys:
            self._lying.pop(checked(key), None)

    def invite(self, key: str, size: int, seconds: int) -> Invitation | None:
        """Return an invitation; see ``Depot``."""
        return self._inviting(checked(key), size, seconds) if self._inviting else None
