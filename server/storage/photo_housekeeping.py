"""
What housekeeping asks about photos 照片清理的查询: files by state and age, and what the records of today say.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from server.storage.photo_tables import photo, redaction
from server.storage.photos import Photo
from server.storage.tables import conflict, history, record

_PAGE = 500
_PHOTO = [photo.c[name] for name in Photo._fields]


class Saying(NamedTuple):
    """A record as it stands: what type, whether it is void, its fields and marks as JSON text."""

    id: str
    type: str
    void: bool
    fields: str
    marks: str | None


class Tally(NamedTuple):
    """How many files are in one state, and their bytes."""

    state: str
    originals: bool
    files: int
    size: int


_SAYING = [record.c[name] for name in Saying._fields]


class Housekeeping:
    """The photos of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district

    def pages(self, state: str, *, planned_before_ms: int | None = None) -> Iterator[list[Photo]]:
        """Yield the files in *state*, some at a time, by their hash."""
        after = ""
        while True:
            # Along the primary key alone: asked for the state too, every page would be sorted out of all of them.
            asked = select(*_PHOTO).where(photo.c.district == self._district, photo.c.sha256 > after)
            page = [Photo(*row) for row in self._connection.execute(asked.order_by(photo.c.sha256).limit(_PAGE))]
            fits = [file for file in page if file.state == state]
            if planned_before_ms is not None:
                fits = [file for file in fits if file.planned_ms < planned_before_ms]
            if fits:
                yield fits
            if len(page) < _PAGE:
                return
            after = page[-1].sha256

    def tallies(self) -> list[Tally]:
        """Return how many files there are in each state, copies and originals apart."""
        is_original = photo.c.sha256 == photo.c.of
        asked = (
            select(photo.c.state, is_original, func.count(), func.sum(photo.c.size))
            .where(photo.c.district == self._district)
            .group_by(photo.c.state, is_original)
            .order_by(photo.c.state, is_original)
        )
        return [
            Tally(state, bool(own), files, int(size)) for state, own, files, size in self._connection.execute(asked)
        ]

    def oldest_expected_ms(self) -> int | None:
        """Return since when the file that is expected for the longest is."""
        waiting = and_(photo.c.district == self._district, photo.c.state == "expected")
        since: int | None = self._connection.execute(select(func.min(photo.c.planned_ms)).where(waiting)).scalar_one()
        return since

    def redacted(self, redactions: Iterable[str]) -> dict[str, str]:
        """Return the photo of each of *redactions* that is known."""
        ids = list(redactions)
        asked = select(redaction.c.id, redaction.c.photo).where(
            redaction.c.district == self._district, redaction.c.id.in_(ids)
        )
        return {row.id: row.photo for row in self._connection.execute(asked)}

    def saying(self, ids: Iterable[str]) -> dict[str, Saying]:
        """Return those of the records *ids* that exist."""
        wanted, found = sorted(set(ids)), dict[str, Saying]()
        for at in range(0, len(wanted), _PAGE):
            asked = select(*_SAYING).where(
                record.c.district == self._district, record.c.id.in_(wanted[at : at + _PAGE])
            )
            found |= {row[0]: Saying(*row) for row in self._connection.execute(asked)}
        return found

    def changed_ms(self, ids: Iterable[str]) -> dict[str, int]:
        """Return when something was last taken for each of the records *ids*."""
        wanted, found = sorted(set(ids)), dict[str, int]()
        for at in range(0, len(wanted), _PAGE):
            mine = and_(history.c.district == self._district, history.c.record.in_(wanted[at : at + _PAGE]))
            asked = select(history.c.record, func.max(history.c.received_ms)).where(mine).group_by(history.c.record)
            found |= {row[0]: row[1] for row in self._connection.execute(asked)}
        return found

    def naming_photos(self) -> Iterator[Saying]:
        """Yield every record that speaks of a photo at all, void ones too, by id."""
        texts, words = (record.c.fields, record.c.marks), ('%"sha256"%', '%"evidence"%')
        return self._scan(or_(*(text.like(word) for text in texts for word in words)))

    def cases(self) -> Iterator[Saying]:
        """Yield every case, by id."""
        return self._scan(record.c.type == "case")

    def disputed(self) -> set[str]:
        """Return the records over which something is open, of a pair both."""
        asked = select(conflict.c.record, conflict.c.field, conflict.c.kind).where(
            conflict.c.district == self._district, conflict.c.open
        )
        rows = self._connection.execute(asked).all()
        return {row.record for row in rows} | {row.field for row in rows if row.kind == "duplicate"}

    def _scan(self, condition: ColumnElement[bool]) -> Iterator[Saying]:
        after = ""
        while True:
            asked = select(*_SAYING).where(record.c.district == self._district, record.c.id > after, condition)
            page = [Saying(*row) for row in self._connection.execute(asked.order_by(record.c.id).limit(_PAGE))]
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].id
