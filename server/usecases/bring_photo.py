"""
Take in a photo that came in a file 转交照片: as if its tablet had sent it, planned and verified by the same rules.
"""

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Literal, NamedTuple

from schemas.photos import MAX_FILE_BYTES, PART_BYTES, Offered, Planned, hashes_of
from schemas.problems import Refusal
from schemas.rescue import Photo
from server.storage.depot import DepotTrouble
from server.storage.devices import Device
from server.storage.photos import Photo as Row
from server.usecases.plan_photos import plan_photos
from server.usecases.verify_photo import Office, admit, spool


class Brought(NamedTuple):
    """
    What became of one photo of a package.

    Attributes:
        state: ``verified``: it is here now; ``wait``: no record of ours names it yet, bring it again later;
            ``refused``: see ``problem``.
    """

    sha256: str
    state: Literal["verified", "wait", "refused"]
    problem: dict[str, Any] | None = None


def bring_photo(office: Office, device: Device, photo: Photo, pieces: Iterable[bytes]) -> Brought:
    """
    Take in *photo*, whose bytes are *pieces*, once the records of its package are in.

    Args:
        device: Whose package it is.
    """
    try:
        if photo.size > MAX_FILE_BYTES:
            raise Refusal("photo_too_large", limit=f"{MAX_FILE_BYTES >> 20} MiB")
        with spool() as into:
            for piece in pieces:
                into.write(piece)
            into.seek(0)
            told = _told(office, device, photo, into)
            if told.state == "send":
                admit(office, _expected(office, photo.sha256), into)
                return Brought(photo.sha256, "verified")
            return Brought(photo.sha256, told.state, told.problem)
    except DepotTrouble:
        return Brought(photo.sha256, "refused", Refusal("storage_unavailable").body())
    except Refusal as refusal:
        return Brought(photo.sha256, "refused", refusal.body())


def _told(office: Office, device: Device, photo: Photo, into: BinaryIO) -> Planned:
    """Offer the photo for every record that may name it, and return the best that is said of it."""
    whole, parts = hashes_of(_pieces(into))
    if whole != photo.sha256:
        # The package was found whole; its file has changed since.
        raise Refusal("photo_contradicts")
    offered = [Offered(whole, record, photo.size, parts, photo.of) for record in photo.records]
    planned = plan_photos(office.store, office.depot, device, offered, office.now_ms, 0)
    return next((one for one in planned if one.state != "wait"), Planned(whole, "wait"))


def _pieces(into: BinaryIO) -> Iterator[bytes]:
    while piece := into.read(PART_BYTES):
        yield piece


def _expected(office: Office, sha256: str) -> Row:
    with office.store.work(office.district, writing=False) as work:
        return work.photos.get([sha256])[sha256]
