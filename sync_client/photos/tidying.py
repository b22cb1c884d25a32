"""
Tidying up 清理: files leave the tablet only when the office has said just now that it has them, whole.

Never what is on its way, nor what another photo needs that is; see ``room.spare_files``.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial

from schemas.photos import MAX_PLANNED
from sync_client.asking import Asking
from sync_client.calls import Office
from sync_client.desk import Desk
from sync_client.errors import NotEnrolled, StoreError
from sync_client.originals import Originals
from sync_client.photos.answers import plan_of
from sync_client.photos.queue import Parcel, Queue
from sync_client.photos.room import Spare, spare_files
from sync_client.photos.values import Tidied


class Tidying:
    """
    Takes verified files off the tablet; one at a time, and not while photos are sent.

    Args:
        desk, queue, originals, office: The tablet's.
        asking: How patiently to ask.
    """

    def __init__(self, desk: Desk, queue: Queue, originals: Originals, office: Office, asking: Asking) -> None:
        self._desk = desk
        self._queue = queue
        self._originals = originals
        self._office = office
        self._asking = asking

    def run(self, *, now: bool, rehearse: bool) -> Tidied:
        """
        Remove what may go, or with *rehearse* only say what would be asked for.

        Args:
            now: Originals behind copies whatever their age.

        Raises:
            Unreachable, Refused: The office could not be asked; nothing was removed.
            StoreError: A file could not be removed; what was removed until then is noted.
        """
        spares = spare_files(self._desk, now=now)
        if rehearse or not spares:
            return Tidied(len(spares), sum(spare.size for spare in spares), 0, rehearsed=rehearse)
        confirmed = self._confirmed(self._queue.with_their_others([spare.sha256 for spare in spares]))
        gone = [one for one in spares if confirmed.get(one.sha256) and self._remove(one, now=now)]
        return Tidied(len(gone), sum(spare.size for spare in gone), len(spares) - len(gone), rehearsed=False)

    def _confirmed(self, photos: Iterable[tuple[str, Sequence[Parcel]]]) -> dict[str, bool]:
        """Ask about every file of these photos; return by file whether the office has all of its photo's."""
        token, by_file = self._desk.head().token, dict(photos)
        if token is None:
            raise NotEnrolled
        asked = {parcel.sha256: parcel for parcels in by_file.values() for parcel in parcels}
        there = set[str]()
        for some in _cut(list(asked.values())):
            answers = self._asking.patiently(partial(plan_of, self._office, some, token))
            there |= {answer.sha256 for answer in answers if answer.state == "verified"}
            # It has lost them since it verified them: this tablet still has them.
            self._queue.lacked(answer.sha256 for answer in answers if answer.state == "send")
        return {sha256: _all_in(parcels, there) for sha256, parcels in by_file.items()}

    def _remove(self, spare: Spare, *, now: bool) -> bool:
        """Remove one file, unless the tablet has learnt something since that speaks against it."""
        with self._desk.writing():
            # Whatever makes the office's answer worth nothing lets the file wait again in the same commit.
            if spare not in spare_files(self._desk, now=now, only=spare.sha256):
                return False
            try:
                self._originals.place_of(spare.sha256).unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(str(error)) from error
            self._queue.removed(spare.sha256)
        return True


def _all_in(parcels: Sequence[Parcel], there: Collection[str]) -> bool:
    return all(parcel.sha256 in there for parcel in parcels)


def _cut(parcels: Sequence[Parcel]) -> Iterator[Sequence[Parcel]]:
    for start in range(0, len(parcels), MAX_PLANNED):
        yield parcels[start : start + MAX_PLANNED]
