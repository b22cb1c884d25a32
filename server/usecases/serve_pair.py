"""
Show before and after side by side 整改对比图: drawn anew each time, from the views that lie in the depot.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.problems import Refusal
from schemas.wording import BEIJING
from server.core.photo_names import shown_in
from server.core.photo_pairs import Pair, pairs_of
from server.pictures import deriving
from server.pictures.pairing import Side, side_by_side
from server.storage.depot import Depot
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk
from server.usecases.find_font import chinese_font
from server.usecases.serve_picture import Found, at_the_depot, find_picture, make
from server.usecases.show_photos import seen


@dataclass(frozen=True, slots=True)
class FoundPair:
    """Two views that go side by side, and when each was taken in words; ``font`` writes Chinese, if there is one."""

    before: Found
    after: Found
    taken: tuple[str, str]
    font: str | None

    @property
    def etag(self) -> str:
        """Changes when other bytes would come."""
        told = "|".join((self.before.etag, self.after.etag, *self.taken, self.font or "", str(deriving.EDITION)))
        return hashlib.sha256(told.encode()).hexdigest()


def find_pair(
    work: UnitOfWork, desk: Desk, record: str, item: str | None, before: str | None, now_ms: int
) -> FoundPair:
    """
    Return the first pair of *record*, of the check item *item* or with the photo *before*, where these are given.

    Raises:
        Refusal: ``photo_unknown`` where there is no such record or pair; ``photo_not_here``.
    """
    at = seen(work, desk, record, now_ms)
    fitting = [pair for pair in pairs_of(shown_in(at)) if _fits(pair, item, before)]
    if not fitting:
        raise Refusal("photo_unknown")
    first, last = fitting[0].before, fitting[0].after
    left, right = (find_picture(work, desk, record, one["sha256"], "view", now_ms) for one in (first, last))
    return FoundPair(left, right, (_taken(first), _taken(last)), chinese_font())


def draw(depot: Depot, pair: FoundPair) -> bytes:
    """
    Return both as one JPEG.

    Decodes pictures: the caller sees to it that not too many do.

    Raises:
        Refusal: ``storage_unavailable``.
    """
    before, after = Side(_view(depot, pair.before), pair.taken[0]), Side(_view(depot, pair.after), pair.taken[1])
    return side_by_side(before, after, pair.font)


def _fits(pair: Pair, item: str | None, before: str | None) -> bool:
    return item in (None, pair.item) and before in (None, pair.before["sha256"])


def _view(depot: Depot, found: Found) -> bytes:
    make(depot, found)
    with at_the_depot():
        return b"".join(depot.read(found.key))


def _taken(photo: Mapping[str, Any]) -> str:
    """Return when a photo was taken, by Beijing time; nothing where that is not known."""
    told = photo.get("taken_at")
    return datetime.fromisoformat(told).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M") if told else ""
