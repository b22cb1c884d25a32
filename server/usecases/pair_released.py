"""
Hold what was released 解封 against what else is known: likely duplicates and used pictures, as of a new arrival.

While it was sealed nothing was said of it, for whoever had heard would have known that it was there.
"""

from collections.abc import Iterable, Sequence
from functools import partial

from schemas import grid
from schemas.clock import Received
from server.core import machine
from server.core.between.traits import merged_into, traits_of
from server.core.intake import Intake
from server.core.taken import Taken
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.file_disputes import Filing
from server.usecases.file_moves import Moved
from server.usecases.find_matches import find_matches
from server.usecases.look_around import look_for_pairs
from server.values import Author, Record


class _AtHand(dict[str, Record]):
    """The records that were released."""

    def put(self, record: Record) -> None:
        """Keep a record."""
        self[record.id] = record


def pair_released(work: UnitOfWork, moved: Sequence[Moved], author: Author, now_ms: int) -> None:
    """Suggest likely duplicates of what *moved* out of the sealed place, written down already in this transaction."""
    rows = [
        Taken(one.record, author, Received(author.stamp, 0, False), "noop", [], number=one.record.version)
        for one in moved
        if grid.is_sealed(one.move.from_grid) and not grid.is_sealed(one.move.to_grid) and _may_pair(one.record)
    ]
    if rows:
        records = _AtHand({row.record.id: row.record for row in rows})
        intake = Intake(author.device, {}, records, now_ms, set(), taken=rows)
        Filing(work, rows, look_for_pairs(work, intake), now_ms, machine.INSTALL).file()


def _may_pair(record: Record) -> bool:
    return traits_of(record.type).pairs and not record.void and merged_into(record) is None


def match_released(store: Store, district: str, ids: Iterable[str], now_ms: int) -> None:
    """Hold the photos of the released records *ids* against all others; what was found before stays as it is."""
    for id_ in ids:
        retrying(partial(_match, store, district, id_, now_ms))


def _match(store: Store, district: str, id_: str, now_ms: int) -> None:
    with store.work(district) as work:
        record = work.records.get([id_]).get(id_)
        photos = record.fields.get("photos", ()) if record is not None else ()
        known = work.photos.locked([photo["sha256"] for photo in photos])
        for photo in known.values():
            if photo.state == "verified":
                find_matches(work, photo, [id_], now_ms)
        work.commit()
