"""
Carrying another tablet's rescue package to the office 捎带救援包.

The package's mutations lie in this tablet's file, as they came, until the office has answered every one of them
for good; its photo originals lie among this tablet's own. Every step is one commit, and every request may be made
again, so a carrier that is killed anywhere simply goes on.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from schemas import wire
from schemas.problems import Refusal
from schemas.rescue import Manifest, Package, Part, Photo, RescueAnswer, RescueRequest, lines_of, opened, read_manifest
from schemas.validation import peek_number
from schemas.wire import Outcome
from sync_client.album import Album, File
from sync_client.calls import UNREADABLE, Office, TooLarge
from sync_client.desk import Desk
from sync_client.errors import NotEnrolled, Refused, Unreachable
from sync_client.originals import Originals

_PATH = "/v1/rescue"
#: More mutations than this a tablet does not carry: 64 MiB. The server takes them in from the file.
_MAX_CARRIED = 64 * 1024 * 1024
#: What an older server says: this package's turn comes when it has been brought up to date.
_NOT_NOW = frozenset({"not_found", "method_not_allowed", "upgrade_needed"})
_OPEN = "SELECT id, answer FROM carried WHERE body IS NOT NULL ORDER BY taken_ms, id"
_BODY = "SELECT body FROM carried WHERE id = ?"
_LISTED = "SELECT id, name, device, taken_ms, mutations, body IS NULL, answer FROM carried ORDER BY taken_ms, id"
_TAKE = "INSERT INTO carried VALUES (?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Carried:
    """
    One package on its way, or delivered 捎带的救援包.

    Attributes:
        id: The SHA-256 of its manifest.
        name: What its file was called.
        device: Whose it is; ``device_name`` what the office calls that tablet, once it has said so.
        delivered: Whether the office has answered every mutation for good.
        outcomes: How many mutations met with which outcome so far.
        rejected: What lies in quarantine: number and problem.
        problem: Why the office would not take the package at all; it is kept, and offered again on request.
        photos, missing, drafts: Photo files now kept here, those that were not in it, drafts that stay in its file.
    """

    id: str
    name: str
    device: str
    device_name: str
    taken_ms: int
    mutations: int
    delivered: bool
    outcomes: dict[str, int]
    rejected: list[dict[str, Any]]
    problem: dict[str, Any] | None
    photos: int
    missing: int
    drafts: int


class _Body(msgspec.Struct, frozen=True):
    """A package as it is kept: manifest, MAC and parts, byte for byte."""

    manifest: bytes
    mac: str
    parts: dict[str, bytes]


class _Said(msgspec.Struct):
    """What the office has said so far, by part."""

    outcomes: dict[str, list[Outcome]] = {}
    problem: dict[str, Any] | None = None
    device_name: str = ""
    photos: int = 0
    missing: int = 0
    drafts: int = 0


class Carrier:
    """
    Carries packages.

    Args:
        desk: This tablet's file.
        office: The way to the server.
        originals: Where this tablet keeps photos.
    """

    def __init__(self, desk: Desk, office: Office, originals: Originals) -> None:
        self._desk = desk
        self._office = office
        self._originals = originals
        self._album = Album(desk)

    # -- taking in -------------------------------------------------------------------------------

    def take_in(self, path: Path) -> Carried:
        """Take the package at *path* along; see ``FieldClient.import_rescue``."""
        with path.open("rb") as file:
            package = opened(file)
            if not self._offered_again(package.id):
                self._check(package)
                for photo in _here(package):
                    self._keep(package, photo)
                self._take(package, path.name)
        return next(one for one in self.all() if one.id == package.id)

    def _offered_again(self, package_id: str) -> bool:
        """Say whether the package is here already; one that the office refused is offered to it once more."""
        with self._desk.db.writing():
            row = self._desk.db.one("SELECT answer FROM carried WHERE id = ?", (package_id,))
            if row is not None:
                said = _said(row[0])
                said.problem = None
                self._put_answer(package_id, said)
        return row is not None

    def _check(self, package: Package) -> None:
        manifest, head = package.manifest, self._desk.head()
        if head.token is None:
            raise NotEnrolled
        if manifest.district not in (None, head.district):
            raise Refusal("rescue_foreign", theirs=manifest.district, ours=head.district)
        if not package.mac or manifest.device is None:
            raise Refusal("rescue_not_proven", why_zh="文件没有签名", why_en="it bears no proof")
        if sum(part.size for part in manifest.parts) > _MAX_CARRIED:
            raise Refusal("rescue_too_large", limit=f"{_MAX_CARRIED >> 20} MiB")

    def _keep(self, package: Package, photo: Photo) -> None:
        self._originals.keep(b"".join(package.photo(photo)))

    def _take(self, package: Package, name: str) -> None:
        """Write everything down in one commit; the originals lie on the disk before anything names them."""
        manifest, now = package.manifest, self._desk.now_ms()
        photos = _here(package)
        said = _Said(
            photos=len(photos),
            missing=len(manifest.photos) - len(photos),
            drafts=manifest.drafts.count if manifest.drafts else 0,
        )
        parts = {part.name: b"".join(line + b"\n" for line in package.mutations(part)) for part in manifest.parts}
        body = msgspec.msgpack.encode(_Body(package.body, package.mac, parts)) if parts else None
        with self._desk.db.writing():
            if self._desk.db.one("SELECT 1 FROM carried WHERE id = ?", (package.id,)):
                return
            for photo in photos:
                self._album.take_along(File(photo.sha256, photo.size), photo.of or "", photo.records)
            row = (package.id, name[:200], manifest.device, now, manifest.mutations, body, _written(said))
            self._desk.db.run(_TAKE, row)

    # -- looking ---------------------------------------------------------------------------------

    def all(self) -> list[Carried]:
        """Return every package this tablet ever took along, the oldest first."""
        return [_shown(*row) for row in self._desk.db.all(_LISTED)]

    # -- delivering ------------------------------------------------------------------------------

    def deliver(self) -> int:
        """
        Offer the office what is carried; return how many mutations it answered for good in this call.

        A network that fails ends it, to be gone on with at the next sync; so does a server that knows no packages.
        """
        token = self._desk.head().token
        if token is None:
            return 0
        delivered = 0
        try:
            for package_id, answer in self._desk.db.all(_OPEN):
                said = _said(answer)
                if said.problem is None:
                    # One package at a time: a tablet has no room in its memory for all of them.
                    body = msgspec.msgpack.decode(self._desk.db.one(_BODY, (package_id,))[0], type=_Body)
                    delivered += self._deliver(package_id, body, said, token)
        except (Unreachable, Refused):
            return delivered
        return delivered

    def _deliver(self, package_id: str, body: _Body, said: _Said, token: str) -> int:
        manifest = read_manifest(body.manifest)
        before = _final(said)
        for part in manifest.parts:
            if _is_open(part, said, body):
                self._offer(manifest, part, body, said, token)
                self._put_answer(package_id, said)
            if said.problem:
                return _final(said) - before
        if not any(_is_open(part, said, body) for part in manifest.parts):
            self._desk.db.run("UPDATE carried SET body = NULL WHERE id = ?", (package_id,))
        return _final(said) - before

    def _offer(self, manifest: Manifest, part: Part, body: _Body, said: _Said, token: str) -> None:
        """Offer one part, and note in *said* what the office answered."""
        lines = [msgspec.Raw(line) for line in lines_of(part, body.parts[part.name])]
        asked = RescueRequest(msgspec.Raw(body.manifest), body.mac, part.name, lines)
        try:
            answer = _answer_in(self._office.post(_PATH, asked, token), manifest, part)
        except TooLarge:
            said.problem = Refusal("rescue_too_large", limit="1 MiB").body()
        except Refused as error:
            if isinstance(error, NotEnrolled) or error.told.get("code") in _NOT_NOW:
                raise
            said.problem = error.problem
        else:
            said.outcomes[part.name] = answer.outcomes
            said.device_name = answer.device_name

    def _put_answer(self, package_id: str, said: _Said) -> None:
        self._desk.db.run("UPDATE carried SET answer = ? WHERE id = ?", (_written(said), package_id))


def waiting_in(desk: Desk) -> int:
    """Return how many packages are carried that the office has not answered for good."""
    return int(desk.db.one("SELECT count(*) FROM carried WHERE body IS NOT NULL")[0])


def _here(package: Package) -> list[Photo]:
    return [photo for photo in package.manifest.photos if photo.state == "here"]


def _answer_in(body: bytes, manifest: Manifest, part: Part) -> RescueAnswer:
    """
    Return the answer in *body*.

    Raises:
        Unreachable: It is none, or speaks of something else than was asked.
    """
    try:
        answer = _decode_answer(body)
    except UNREADABLE as error:
        raise Unreachable(str(error)) from error
    if answer.part != part.name or answer.device != manifest.device:
        raise Unreachable("part")
    if not wire.is_told(answer.outcomes, part.mutations):
        raise Unreachable("outcomes")
    return answer


def _is_open(part: Part, said: _Said, body: _Body) -> bool:
    """Say whether the office has still to speak a last word on some mutation of *part*."""
    final = {o.n for o in wire.each(said.outcomes.get(part.name, [])) if o.final}
    numbers = {peek_number(line) or 0 for line in lines_of(part, body.parts[part.name])}
    return not numbers <= final


def _final(said: _Said) -> int:
    return sum(outcome.count for outcomes in said.outcomes.values() for outcome in outcomes if outcome.final)


def _shown(
    package_id: str, name: str, device: str, taken_ms: int, mutations: int, delivered: int, answer: str
) -> Carried:
    said = _said(answer)
    outcomes: Sequence[Outcome] = [o for each in said.outcomes.values() for o in each]
    counted = Counter[str]()
    for outcome in outcomes:
        counted[outcome.outcome] += outcome.count
    return Carried(
        id=package_id,
        name=name,
        device=device,
        device_name=said.device_name,
        taken_ms=taken_ms,
        mutations=mutations,
        delivered=bool(delivered),
        outcomes=dict(counted),
        rejected=[{"n": o.n, "problem": o.problem} for o in outcomes if o.problem],
        problem=said.problem,
        photos=said.photos,
        missing=said.missing,
        drafts=said.drafts,
    )


def _written(said: _Said) -> str:
    return wire.encode(said).decode()


_said = msgspec.json.Decoder(_Said).decode
_decode_answer = msgspec.json.Decoder(RescueAnswer).decode
