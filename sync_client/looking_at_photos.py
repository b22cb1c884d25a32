"""
Looking at photos that lie at the office 查看平台照片: listing, fetching, redacting. All of it needs a network.

A picture is fetched in pieces into a file beside its own, which gets its name when it is whole.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from schemas.photos import MAX_FILE_BYTES
from schemas.pictures import MEDIA
from sync_client.asking import Asking
from sync_client.calls import UNREADABLE, Office, expect
from sync_client.desk import Desk
from sync_client.errors import GarbledAnswer, NotEnrolled
from sync_client.transport import Response

T = TypeVar("T")

What = Literal["thumb", "view", "original", "published"]
Box = tuple[int, int, int, int]
#: Bytes asked for at once.
PIECE = 1024 * 1024
_ENDINGS = {media: {"jpeg": "jpg"}.get(kind, kind) for kind, media in MEDIA.items()}
_PLACE = re.compile(r"bytes ([0-9]{1,12})-([0-9]{1,12})/([0-9]{1,12})")


class Flag(Struct, frozen=True):
    """Something to look at twice, in both languages."""

    code: str
    zh: str
    en: str


class OfficePhoto(Struct, frozen=True):
    """
    One photo that a record names.

    Attributes:
        state: ``original``, ``copy``, ``expected``, ``refused`` or ``expired``.
        published: About its copy for publication; None where there is none.
        urls: What of it can be had: thumb, view, original, published.
    """

    sha256: str
    role: str
    state: str
    flags: list[Flag]
    urls: dict[str, str]
    item: str | None = None
    taken_at: str | None = None
    origin: str | None = None
    by_name: str | None = None
    original: dict[str, Any] | None = None
    copy: dict[str, Any] | None = None
    published: dict[str, Any] | None = None


class OfficePhotos(Struct, frozen=True):
    """The photos of one record: how many it names, how many can be looked at, of how many the original is there."""

    record: str
    type: str
    expected: int
    arrived: int
    originals: int
    photos: list[OfficePhoto]


class OfficePair(Struct, frozen=True):
    """Two photos of one place, before and after; ``url`` is None until both can be looked at."""

    item: str | None
    before: str
    after: str
    before_at: str | None
    after_at: str | None
    url: str | None


class OfficePairs(Struct, frozen=True):
    """The pairs of one record."""

    record: str
    pairs: list[OfficePair]


class View(Struct, frozen=True):
    """That somebody saw an original whole."""

    photo: str
    record: str
    at_ms: int
    person_name: str | None = None
    device_name: str | None = None
    why: str | None = None


class Views(Struct, frozen=True):
    """Who saw originals, the latest first; ``after`` asks for those before."""

    views: list[View]
    after: str | None


class MatchRecord(Struct, frozen=True):
    """A record of a match: what it is called, and where it lies."""

    id: str
    title_zh: str
    name: str
    grid: str


class MatchPerson(Struct, frozen=True):
    """Somebody, by name where he is still known."""

    name: str | None = None


class MatchSide(Struct, frozen=True):
    """One of the two of a match: the photo, the record that names it, and who made that."""

    photo: str
    record: MatchRecord
    by: MatchPerson


class MatchFinding(Struct, frozen=True):
    """What somebody found who looked at both."""

    outcome: str
    zh: str
    en: str
    by: MatchPerson
    reason: str


class Match(Struct, frozen=True):
    """A picture used twice; a side is None where it lies elsewhere, ``settled`` while nobody has looked."""

    id: str
    kind: str
    kind_zh: str
    distance: int
    found_ms: int
    side: MatchSide | None = None
    other: MatchSide | None = None
    settled: MatchFinding | None = None


class Matches(Struct, frozen=True):
    """Pictures used twice, the latest first; ``after`` asks for those before."""

    matches: list[Match]
    after: str | None


class Fetched(NamedTuple):
    """A picture that was fetched: where it lies, its size in bytes, and whether its words could be written."""

    path: Path
    size: int
    captions: str | None = None


class PhotoOffice:
    """
    The office's photos, as this tablet or computer may see them.

    Every verb raises ``Unreachable`` where no answer comes, ``Refused`` where the office says no, and
    ``NotEnrolled`` where it does not know this tablet.
    """

    def __init__(self, desk: Desk, office: Office, asking: Asking) -> None:
        self._desk, self._office, self._asking = desk, office, asking

    def photos(self, record: str) -> OfficePhotos:
        """Return the photos that *record* names."""
        return self._read(_address(record), _decode_photos)

    def pairs(self, record: str) -> OfficePairs:
        """Return which photos of *record* show one place before and after."""
        return self._read(f"{_address(record)}/pair", _decode_pairs)

    def views(self, record: str | None = None, limit: int = 50) -> Views:
        """Return who saw originals, of one *record* or of all, the latest first."""
        asked = {"limit": str(limit)} | ({"record": record} if record else {})
        return self._read(f"/v1/photos/views?{urlencode(asked)}", _decode_views)

    def matches(self, record: str | None = None, state: str = "open", limit: int = 50) -> Matches:
        """
        Return the pictures used twice in the areas of this device's street people, the latest first.

        Args:
            state: ``open``, ``settled`` or ``all``.
        """
        asked = {"state": state, "limit": str(limit)} | ({"record": record} if record else {})
        return self._read(f"/v1/photos/matches?{urlencode(asked)}", _decode_matches)

    def settle_match(self, match: str, outcome: str, reason: str) -> Match:
        """
        Say what was found of a match, in the name of whoever is signed on.

        Args:
            outcome: ``fine`` or ``misuse``.
        """
        asked = {"outcome": outcome, "reason": reason, "person": self._desk.head().person}
        path = f"/v1/photos/matches/{match}/settle"
        return self._asked(lambda: self._office.post(path, asked, self._token()), _decode_match)

    def fetch(self, record: str, sha256: str, what: What, into: Path | None = None, why: str | None = None) -> Fetched:
        """
        Fetch one picture of a photo into a file.

        Args:
            into: The file; by itself one here, called by the photo's hash.
            why: Why an original is looked at; the office notes it.

        Raises:
            GarbledAnswer: What came as an original does not have the photo's hash.
            FileExistsError: There is such a file.
            OSError: It could not be written.
        """
        path = f"{_address(record)}/{sha256}/{what}"
        if what == "original":
            path += _query(person=self._desk.head().person, why=why)
        return self._fetch(path, into, f"{sha256[:12]}-{what}", sha256 if what == "original" else None)

    def fetch_pair(self, pair: OfficePair, into: Path | None = None) -> Fetched:
        """
        Fetch the one picture that shows both of *pair*, which has a ``url``.

        Raises:
            FileExistsError, OSError: As ``fetch``.
        """
        return self._fetch(str(pair.url), into, f"{pair.before[:12]}-pair", None)

    def redact(self, record: str, sha256: str, boxes: Sequence[Box]) -> dict[str, Any]:
        """
        Let the office paint *boxes* over a photo, and return what it says of the copy for publication.

        Args:
            boxes: Left, top, width and height, in ten-thousandths of the upright picture's width and height.
        """
        asked = {"boxes": [list(box) for box in boxes], "person": self._desk.head().person}
        path = f"{_address(record)}/{sha256}/redactions"
        return self._asked(lambda: self._office.post(path, asked, self._token()), _decode_object)

    # -- asking ----------------------------------------------------------------------------------

    def _read(self, path: str, decode: Callable[[bytes], T]) -> T:
        return self._asked(lambda: self._office.get(path, self._token()), decode)

    def _asked(self, ask: Callable[[], bytes], decode: Callable[[bytes], T]) -> T:
        def read() -> T:
            try:
                return decode(ask())
            except UNREADABLE as error:
                raise GarbledAnswer(str(error)) from error

        return self._asking.patiently(read)

    def _token(self) -> str:
        token = self._desk.head().token
        if token is None:
            raise NotEnrolled
        return token

    # -- pieces ----------------------------------------------------------------------------------

    def _fetch(self, path: str, into: Path | None, called: str, sha256: str | None) -> Fetched:
        if into is not None and into.exists():
            raise FileExistsError(str(into))
        first = self._piece(path, 0)
        ending = _ENDINGS[_media(first)]
        into = into or Path(f"{called}.{ending}")
        if into.exists():
            raise FileExistsError(str(into))
        beside = into.with_name(f"{into.name}.part")
        try:
            with beside.open("wb") as file:
                self._fill(file, path, first)
            _check(beside, sha256)
            beside.replace(into)
        finally:
            beside.unlink(missing_ok=True)
        return Fetched(into, into.stat().st_size, first.headers.get("gridward-captions"))

    def _fill(self, file: BinaryIO, path: str, answer: Response) -> None:
        """Write the whole picture, beginning with its first piece; it must not become another meanwhile."""
        etag = answer.headers.get("etag")
        file.write(answer.body)
        while answer.status == 206 and file.tell() < _whole(answer):
            answer = self._piece(path, file.tell())
            if answer.status != 206 or answer.headers.get("etag") != etag:
                raise GarbledAnswer("changed")
            file.write(answer.body)

    def _piece(self, path: str, start: int) -> Response:
        asked = {"Range": f"bytes={start}-{start + PIECE - 1}"}
        return self._asking.patiently(partial(self._one_piece, path, asked, start))

    def _one_piece(self, path: str, asked: dict[str, str], start: int) -> Response:
        answer = self._office.fetch(path, self._token(), asked)
        if _media(answer) not in _ENDINGS or answer.status not in (200, 206):
            return expect(answer, "", ())
        if answer.status == 206:
            place = _PLACE.fullmatch(answer.headers.get("content-range", ""))
            told = (start, start + len(answer.body) - 1)
            if place is None or not answer.body or (int(place[1]), int(place[2])) != told:
                raise GarbledAnswer("content-range")
            if int(place[3]) > MAX_FILE_BYTES:
                raise GarbledAnswer(place[3])
        return answer


def _check(path: Path, sha256: str | None) -> None:
    """
    Make sure that what came is what was asked for, where that can be told.

    Raises:
        GarbledAnswer: It is not.
    """
    with path.open("rb") as file:
        if sha256 is not None and hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise GarbledAnswer("sha256")


def _whole(answer: Response) -> int:
    """Return how many bytes there are in all, by a partial answer."""
    return int(answer.headers["content-range"].rpartition("/")[2])


def _media(answer: Response) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def _address(record: str) -> str:
    return f"/v1/records/{record}/photos"


def _query(**asked: str | None) -> str:
    given = {name: value for name, value in asked.items() if value}
    return f"?{urlencode(given)}" if given else ""


_decode_photos = msgspec.json.Decoder(OfficePhotos).decode
_decode_pairs = msgspec.json.Decoder(OfficePairs).decode
_decode_views = msgspec.json.Decoder(Views).decode
_decode_matches = msgspec.json.Decoder(Matches).decode
_decode_match = msgspec.json.Decoder(Match).decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
