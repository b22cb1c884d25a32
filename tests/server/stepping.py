"""A depot that counts its steps, so that a test can let something happen just before or just after any of them."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from server.storage.depot import Depot, Invitation, Lying


class Killed(BaseException):
    """The server dies here: nothing it runs may catch this."""


class SteppingDepot:
    """
    A depot in front of another one.

    Attributes:
        step: Called before and after every verb, with its name; a piece that is read is a step too.
    """

    def __init__(self, inner: Depot) -> None:
        self._inner = inner
        self.step: Callable[[str], None] = lambda _: None

    def put(self, key: str, source: bytes | Path) -> None:
        """Lay bytes under a key; see ``Depot``."""
        self.step("put")
        self._inner.put(key, source)
        self.step("put")

    def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Return bytes piece by piece; see ``Depot``."""
        self.step("read")
        pieces = self._inner.read(key, start, stop)
        return (self._stepped(piece) for piece in pieces)

    def _stepped(self, piece: bytes) -> bytes:
        self.step("piece")
        return piece

    def size(self, key: str) -> int | None:
        """Return the size in bytes; see ``Depot``."""
        self.step("size")
        return self._inner.size(key)

    def lying(self, prefix: str) -> Iterator[Lying]:
        """Yield what lies there; see ``Depot``."""
        self.step("lying")
        return self._inner.lying(prefix)

    def delete(self, keys: Iterable[str]) -> None:
        """Take away; see ``Depot``."""
        self.step("delete")
        self._inner.delete(keys)
        self.step("delete")

    def invite(self, key: str, size: int, seconds: int) -> Invitation | None:
        """Return where to put something; see ``Depot``."""
        return self._inner.invite(key, size, seconds)


class Countdown:
    """
    Does something at one step and nothing at all others.

    Args:
        left: How many steps pass before it.
        then: What it does.
    """

    def __init__(self, left: int, then: Callable[[], None]) -> None:
        self._left, self._then = left, then
        self.done = False

    def __call__(self, _verb: str) -> None:
        """Count one step."""
        self._left -= 1
        if self._left < 0 and not self.done:
            self.done = True
            self._then()


def dies() -> None:
    """Die."""
    raise Killed
