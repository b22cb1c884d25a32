"""
Ask a tablet for the parts of a file that are not here 索取分片, and take one in that comes through the server.

Which parts are here is found in the depot, never taken from anybody's word.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from schemas import wire
from schemas.photos import Wanted, part_size, parts_of
from schemas.problems import Refusal
from server.storage.depot import Depot, keys
from server.storage.photos import Photo
from server.storage.unit_of_work import UnitOfWork


class Wishes(NamedTuple):
    """The parts asked for, and for how many seconds their addresses hold; None where they have none."""

    parts: list[Wanted]
    expires_s: int | None


class Expected(NamedTuple):
    """One part as it was planned; ``here`` where its file has been verified, so that it is needed no more."""

    file: str
    n: int
    size: int
    sha256: str
    here: bool = False


def hashes_of(file: Photo) -> list[str]:
    """Return the SHA-256 of each part, as planned; nothing where there is no plan."""
    hashes: list[str] = wire.decode_json(file.parts) if file.parts else []
    return hashes


def missing_parts(depot: Depot, district: str, file: Photo) -> list[int]:
    """Return which parts of *file* do not lie in the depot in their planned size; their content is not looked at."""
    prefix = keys.parts(district, file.sha256)
    sizes = {lying.key[len(prefix) :]: lying.size for lying in depot.lying(prefix)}
    planned = ((n, keys.part(district, file.sha256, n)[len(prefix) :]) for n in range(parts_of(file.size)))
    return [n for n, name in planned if sizes.get(name) != part_size(file.size, n)]


def wishes_for(depot: Depot, district: str, file: Photo, numbers: Iterable[int], seconds: int) -> Wishes:
    """
    Return how the parts *numbers* of *file* are to be sent: to the depot itself where it invites, else through us.

    Args:
        seconds: For how long an invitation holds.
    """
    invited = {n: depot.invite(keys.part(district, file.sha256, n), part_size(file.size, n), seconds) for n in numbers}
    parts = [Wanted(n, where.url, where.headers) if where else Wanted(n) for n, where in invited.items()]
    return Wishes(parts, seconds if any(invited.values()) else None)


def expected_part(work: UnitOfWork, sha256: str, n: int) -> Expected:
    """
    Return what part *n* of the file called *sha256* has to be.

    Raises:
        Refusal: ``photo_not_planned`` where no such part is asked for.
    """
    file = work.photos.get([sha256]).get(sha256)
    if file is None or n >= parts_of(file.size):
        raise Refusal("photo_not_planned")
    size = part_size(file.size, n)
    if file.state == "verified":
        return Expected(sha256, n, size, "", here=True)
    hashes = hashes_of(file) if file.state == "expected" else []
    if len(hashes) <= n:
        raise Refusal("photo_not_planned")
    return Expected(sha256, n, size, hashes[n])


def take_part(depot: Depot, district: str, expected: Expected, body: bytes) -> None:
    """
    Keep one part, once it was found to be the one expected; a part that comes twice is kept once.

    Raises:
        Refusal: ``photo_part_damaged``; then nothing is kept.
    """
    if expected.here:
        # A part that was under way twice: the file is whole without it.
        return
    if len(body) != expected.size or hashlib.sha256(body).hexdigest() != expected.sha256:
        raise Refusal("photo_part_damaged")
    depot.put(keys.part(district, expected.file, expected.n), body)
