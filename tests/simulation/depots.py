"""
Where the office's photos lie 照片库: the double in memory, whose server may die at every verb, and a door for guests.

What was put is durable when ``put`` returns; whether a real depot keeps that is asked in ``tests/contracts``. Some
plays have a depot that invites: then parts come through its own door, past the server, signed for one key, one size
and a while. It knows no token, and one that is brought to it is a mistake.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from server.storage.depot import DepotFull, DepotTrouble, Invitation, Lying, keys
from server.storage.depot.memory import MemoryDepot
from sync_client.transport import Request, Response
from tests.server.office import DISTRICT
from tests.simulation.drivers import Lifeline

ADDRESS = "https://depot.example/"
_SECRET = b"only the server and the depot know it"
_WHOLE = "/photos/"
_XML = {"content-type": "application/xml"}
Lain = dict[str, tuple[bytes, int]]


class PlayDepot(MemoryDepot):
    """
    The depot of one play.

    Attributes:
        guests: Whether it invites.
        troubles: What becomes of its next verbs: ``fine``, ``trouble`` (nothing is done), ``done`` (it is, and trouble
            is told all the same), ``full``.
        taken: Parts that came through its door and were kept, by key.
        tokens: Tokens that were brought to its door.
        laid: What was laid under the names of whole files since somebody last looked.
    """

    #: What may become of a verb.
    TROUBLES: ClassVar[tuple[str, ...]] = ("fine", "trouble", "done", "full")

    def __init__(self) -> None:
        super().__init__(lambda: self.now_ms())
        self.begin(Lifeline(Path()), guests=False)

    def begin(self, lifeline: Lifeline, *, guests: bool) -> None:
        """Begin a play with nothing in it."""
        self.lifeline, self.guests = lifeline, guests
        self.now_ms: Callable[[], int] = int
        self.troubles: list[str] = []
        self.taken: list[str] = []
        self.tokens: list[str] = []
        self.laid: list[tuple[str, bytes]] = []
        self._lying = {}

    # -- what the play knows of it ------------------------------------------------------------------

    @property
    def lain(self) -> Lain:
        """Everything in it: the bytes and when they were put, by key."""
        return self._lying

    def whole(self, sha256: str) -> bytes | None:
        """Return what lies under the name of a whole file."""
        found = self._lying.get(keys.whole(DISTRICT, sha256))
        return found and found[0]

    def wholes(self) -> dict[str, bytes]:
        """Return every whole file by its name."""
        return {key.rpartition("/")[2]: data for key, (data, _) in self._lying.items() if _WHOLE in key}

    def image(self) -> Lain:
        """Return a copy of everything."""
        return dict(self._lying)

    def put_back(self, image: Lain) -> None:
        """Go on from an earlier image."""
        self._lying = dict(image)

    # -- verbs --------------------------------------------------------------------------------------

    def put(self, key: str, source: bytes | Path) -> None:
        """Lay bytes under a key; see ``Depot``."""
        with self._verb():
            self._lay(key, source)

    def _lay(self, key: str, source: bytes | Path) -> None:
        super().put(key, source)
        if _WHOLE in key:
            self.laid.append((key.rpartition("/")[2], self._lying[key][0]))

    def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Return bytes, in two pieces; between them the reading may break off. See ``Depot``."""
        with self._verb():
            data = b"".join(super().read(key, start, stop))
        return self._pieces(data)

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        yield data[: len(data) // 2]
        with self._verb():
            rest = data[len(data) // 2 :]
        yield rest

    def size(self, key: str) -> int | None:
        """Return the size in bytes; see ``Depot``."""
        with self._verb():
            return super().size(key)

    def lying(self, prefix: str) -> Iterator[Lying]:
        """Yield what lies there; see ``Depot``."""
        with self._verb():
            found = list(super().lying(prefix))
        return iter(found)

    def delete(self, keys: Iterable[str]) -> None:
        """Take away, one after the other; see ``Depot``."""
        for key in keys:
            with self._verb():
                super().delete([key])

    @contextmanager
    def _verb(self) -> Iterator[None]:
        trouble = self.troubles.pop(0) if self.troubles else "fine"
        if trouble in ("trouble", "full"):
            raise DepotFull("no space left") if trouble == "full" else DepotTrouble("500")
        with self.lifeline.step(_said):
            yield
        if trouble == "done":
            raise DepotTrouble("500")

    # -- guests -------------------------------------------------------------------------------------

    def invite(self, key: str, size: int, seconds: int) -> Invitation | None:
        """Return an address where *size* bytes may be put; see ``Depot``."""
        if not self.guests:
            return None
        until_ms = self.now_ms() + seconds * 1000
        return Invitation(f"{ADDRESS}{key}?size={size}&until={until_ms}&signed={_signed(key, size, until_ms)}", {})

    def welcome(self, request: Request) -> Response:
        """Answer a guest, as a bucket does."""
        token = request.headers.get("Authorization")
        if token:
            self.tokens.append(token)
        if self.troubles and self.troubles.pop(0) != "fine":
            return Response(503, _XML, b"<Error><Code>SlowDown</Code></Error>")
        parts = urlsplit(request.path)
        key, asked = parts.path[1:], {name: values[0] for name, values in parse_qs(parts.query).items()}
        size, until_ms = int(asked["size"]), int(asked["until"])
        refused = request.method != "PUT" or not hmac.compare_digest(asked["signed"], _signed(key, size, until_ms))
        if refused or self.now_ms() > until_ms or len(request.body) != size:
            return Response(403, _XML, b"<Error><Code>AccessDenied</Code></Error>")
        self._lay(key, request.body)
        self.taken.append(key)
        return Response(200, {"etag": f'"{hashlib.md5(request.body, usedforsecurity=False).hexdigest()}"'}, b"")


def _signed(key: str, size: int, until_ms: int) -> str:
    return hmac.new(_SECRET, f"{key} {size} {until_ms}".encode(), "sha256").hexdigest()


def _said(kind: str) -> Exception | None:
    return {"full": DepotFull("no space left"), "locked": DepotTrouble("500")}.get(kind)
