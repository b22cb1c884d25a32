"""
Tidying up 清理: files leave the tablet only when the office has said just now that it has them, whole.

Never what is on its way, nor what another photo needs that is; see ``room.spare_files``. What is nobody's evidence
goes before that, without asking; see ``sweeping``.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial

from schemas.photos import MAX_PLANNED
from sync_client.asking import Asking
from sync_client.calls import Office
from sync_client.desk import Desk
from sync_client.errors import NotEnrolled, StoreError, SyncError
from sync_client.originals import Originals
from sync_client.photos.answers import plan_of
from sync_client.photos.queue import Parcel, Queue
from sync_client.photos.room import Spare, spare_files
from sync_client.photos.sweeping import Litter, Sweeper
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
        self._sweeper = Sweeper(desk, originals)

    def run(self, *, now: bool, rehearse: bool) -> Tidied:
        """
        Remove what may go, or with *rehearse* only say what would be asked for.

        Args:
            now: Originals behind copies whatever their age.

        Raises:
            Unreachable, Refused: The office could not be asked; no photo's file was removed. ``error.tidied`` says what
                else was.
            StoreError: A file could not be removed; what was removed until then is noted.
        """
        spares, litter = spare_files(self._desk, now=now), self._sweeper.litter(now=now)
        if rehearse:
            return _tidied(spares, litter, rehearsed=True)
        swept = self._sweeper.sweep(litter)
        try:
            gone = self._let_go(spares, now=now)
        except SyncError as error:
            error.tidied = _tidied([], swept)
            raise
        return _tidied(gone, swept, kept=len(spares) - len(gone))

    def _let_go(self, spares: Sequence[Spare], *, now: bool) -> list[Spare]:
        """Remove those of *spares* that the office confirms, and return them."""
        if not spares:
            return []
        confirmed = self._confirmed(self._queue.with_their_others([spare.sha256 for spare in spares]))
        return [one for one in spares if confirmed.get(one.sha256) and self._remove(one, now=now)]

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


def _tidied(spares: Sequence[Spare], litter: Sequence[Litter], kept: int = 0, *, rehearsed: bool = False) -> Tidied:
    drawn, stray = ([one.size for one in litter if (one.sha256 is None) is kind] for kind in (True, False))
    return Tidied(
        files=len(spares),
        bytes=sum(spare.size for spare in spares),
        kept=kept,
        rehearsed=rehearsed,
        drawn=len(drawn),
        drawn_bytes=sum(drawn),
        stray=len(stray),
        stray_bytes=sum(stray),
    )


def _all_in(parcels: Sequence[Parcel], there: Collection[str]) -> bool:
    return all(parcel.sha256 in there for parcel in parcels)


def _cut(parcels: Sequence[Parcel]) -> Iterator[Sequence[Parcel]]:
    for start in range(0, len(parcels), MAX_PLANNED):
        yield parcels[start : start + MAX_PLANNED]
