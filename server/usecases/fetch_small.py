"""
Fetch small pictures for a document 取缩略图: of a photo that was redacted the copy for publication, else the thumbnail.

What leaves the office shows no face or plate that somebody has painted over.
"""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from schemas.problems import Refusal
from server.pictures.cells import small
from server.storage.depot import Depot
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk
from server.usecases.serve_picture import Found, at_the_depot, find_picture, make, opened

#: What stands in the place of a picture that cannot be shown, by the code of the refusal.
_WHY_NOT = {
    "photo_not_here": "照片未到",
    "photo_expired": "照片已过保存期",
    "photo_unknown": "",
    "storage_unavailable": "照片暂时取不到",
}


class Small(NamedTuple):
    """A picture that may go out, or why there is none."""

    found: Found | None
    why_not: str = ""


class Fetched(NamedTuple):
    """A small picture as a file with its sides in pixels, or why there is none."""

    picture: tuple[Path, int, int] | None
    why_not: str = ""


def find_small(work: UnitOfWork, desk: Desk, record: str, sha256: str, now_ms: int) -> Small:
    """Return what of the photo *sha256*, which *record* names, may go out of the office for people of *desk*."""
    try:
        return Small(find_picture(work, desk, record, sha256, "published", now_ms))
    except Refusal as refusal:
        if refusal.code != "photo_not_published":
            return Small(None, _WHY_NOT.get(refusal.code, ""))
    return Small(find_picture(work, desk, record, sha256, "thumb", now_ms))


def fetch(depot: Depot, wanted: Small, folder: Path, turn: Callable[[], AbstractContextManager[None]]) -> Fetched:
    """
    Return the picture *wanted* as a file in *folder*, at most 200 pixels a side.

    Args:
        turn: Makes a block in which a picture may be decoded.

    Raises:
        DepotTrouble: The depot cannot do its work just now.
        Refusal: ``busy``, as *turn* raises it.
    """
    found = wanted.found
    if found is None:
        return Fetched(None, wanted.why_not)
    with turn():
        try:
            if found.source is not None:
                make(depot, found)
            with at_the_depot(), opened(depot, found.key) as source:
                made = small(source)
        except Refusal as refusal:
            return Fetched(None, _WHY_NOT.get(refusal.code, "照片无法显示"))
    file = folder / f"{found.photo[:12]}-{secrets.token_hex(4)}.jpg"
    file.write_bytes(made.data)
    return Fetched((file, made.width, made.height))
