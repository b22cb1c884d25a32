"""
The queue of a tablet without room to note anything 存储空间已满: what is learnt is kept in mind for one sending.

Nothing is lost by it: the tablet's file still says that the photos wait, and the office, asked again, that it has them.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sync_client.desk import Desk
from sync_client.photos.policy import PhotoPolicy
from sync_client.photos.queue import Outdated, Parcel, Queue, Standing, When


class UnnotedQueue(Queue):
    """
    A queue that reads the tablet's file and never writes to it.

    Args:
        desk: The tablet's file and clock.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._parts: dict[str, list[str]] = {}
        self._set_out: set[tuple[str, int]] = set()
        self._over: set[str] = set()

    @contextmanager
    def settling(self, asked: Standing) -> Iterator[None]:
        """See that an answer still holds; there is nothing to be committed."""
        if self.standing() != asked:
            raise Outdated
        yield

    def due(self, when: When, policy: PhotoPolicy, skipped: Collection[str] = ()) -> list[Parcel]:
        """Return what may go and is not over in this sending."""
        due = super().due(when, policy, {*skipped, *self._over})
        for parcel in due:
            parcel.parts = parcel.parts or list(self._parts.get(parcel.sha256, ()))
        return due

    def reckoned(self, parcel: Parcel, parts: Sequence[str]) -> None:
        """Keep in mind the parts of a file."""
        parcel.parts, parcel.wanted = list(parts), None
        parcel.sent.clear()
        self._parts[parcel.sha256] = parcel.parts

    def set_out(self, parcel: Parcel, n: int) -> bool:
        """Keep in mind that part *n* sets out; say whether it ever did before."""
        before = self.has_set_out(parcel, n) or (parcel.sha256, n) in self._set_out
        self._set_out.add((parcel.sha256, n))
        return before

    def verified(self, parcel: Parcel) -> None:
        """Be done with a file that the office has."""
        self._over.add(parcel.sha256)

    def waits(self, parcel: Parcel) -> None:
        """Be done with a file whose record the office does not know yet."""
        self._over.add(parcel.sha256)

    def put_off(self, parcel: Parcel, problem: dict[str, Any], pause: float) -> None:
        """Be done with a file that did not get through."""
        self._over.add(parcel.sha256)

    def refused(self, parcel: Parcel, problem: dict[str, Any]) -> None:
        """Be done with a file that the office will not take; it says so again."""
        self._over.add(parcel.sha256)

    def lost(self, parcel: Parcel, problem: dict[str, Any]) -> None:
        """Be done with a file that is lost; it is looked for again."""
        self._over.add(parcel.sha256)

    def _put_sent(self, parcel: Parcel) -> None:
        """Keep nothing: the parcel itself knows which parts the office has."""
