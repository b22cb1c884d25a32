"""Photos to tell stories with, and networks that break at a certain request."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from sync_client.client import FieldClient
from sync_client.errors import Unreachable
from sync_client.transport import Request, Response, Transport
from tests.pictures import jpeg, saved, scene
from tests.sync_client.photo_office import PHOTOS, PhotoOffice
from tests.sync_client.tablets import shop
from tests.sync_client.terminals import Terminal, furnished_office


class Killed(BaseException):
    """Ends a program as a kill would: nobody catches it."""


@cache
def large(seed: object = 0) -> bytes:
    """Return a picture of three parts, so large that a copy is made of it."""
    return saved(scene(seed, 640, 560), "PNG", compress_level=0)


@cache
def small(seed: object = 0) -> bytes:
    """Return a picture that travels as it is, without a copy."""
    return jpeg(seed)


def photographed(tablet: FieldClient, *pictures: bytes) -> str:
    """Record a shop with these photos, and return its id."""
    record = shop(tablet)
    for number, picture in enumerate(pictures):
        tablet.attach(record, picture, role="overview" if number == 0 else "near")
    return record


def photo_terminal(folder: Path) -> Terminal:
    """Return an enrolled tablet's terminal in *folder*, whose office takes photos and knows the registers."""
    office, furnished = PhotoOffice(), furnished_office()
    office.records, office.seq, office.codes = furnished.records, furnished.seq, furnished.codes
    made = Terminal(folder / "tablet", office=office)
    made.enrol()
    return made


def states(tablet: FieldClient) -> dict[str, str]:
    """Return every file's state by its SHA-256."""
    return {file.sha256: file.state for file in tablet.photos()}


def about_photos(request: Request) -> bool:
    """Say whether a request is one that sending photos makes."""
    return request.path.startswith((PHOTOS, "https://"))


class Breaks:
    """
    Carries requests, and breaks at one about photos.

    Args:
        inner: What carries them.
        at: Which one, counted from 1.
        arrives: Whether that one reaches the office all the same.
        error: What it ends with.
        again: Whether every later one breaks as well.
    """

    def __init__(
        self, inner: Transport, at: int, error: Callable[[], BaseException], *, arrives: bool, again: bool = False
    ) -> None:
        self._inner = inner
        self._at = at
        self._error = error
        self._arrives = arrives
        self._again = again
        self.seen = 0

    def send(self, request: Request) -> Response:
        """Carry *request*, or break."""
        if not about_photos(request):
            return self._inner.send(request)
        self.seen += 1
        if self.seen != self._at and not (self._again and self.seen > self._at):
            return self._inner.send(request)
        if self._arrives:
            self._inner.send(request)
        raise self._error()


def cut() -> Unreachable:
    """Return what is told when a network breaks."""
    return Unreachable("cut")
