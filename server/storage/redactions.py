"""
Copies for publication 公开件, and who saw an original whole 查看记录.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from server.storage.bulk import add_rows, insert_rows, mark
from server.storage.feeds import within
from server.storage.photo_tables import photo_view as view_table
from server.storage.photo_tables import redaction as table


class Redaction(NamedTuple):
    """One copy for publication; ``boxes`` as JSON text, ``size`` in bytes, ``at_ms`` in milliseconds, UTC."""

    id: str
    photo: str
    record: str
    boxes: str
    by: str
    device: str
    at_ms: int
    sha256: str
    size: int


class PhotoView(NamedTuple):
    """That somebody saw an original whole; ``at_ms`` in milliseconds, UTC, ``why`` in his words."""

    id: str
    photo: str
    record: str
    person: str | None
    device: str
    at_ms: int
    why: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Which views are wanted, the latest first; None: any.

    Attributes:
        areas: Of records that lie here now; codes nest by their digits. None of them: nothing.
        after: Before this one, as (``at_ms``, ``id``).
        limit: At most so many.
    """

    areas: tuple[str, ...]
    record: str | None = None
    photo: str | None = None
    person: str | None = None
    after: tuple[int, str] | None = None
    limit: int = 100


_REDACTION = [table.c[name] for name in Redaction._fields]
_VIEW = ", ".join(f"v.{name}" for name in PhotoView._fields)


class RedactionStore:
    """The redactions and the views of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)

    # -- copies for publication ------------------------------------------------------------------------

    def of_photos(self, photos: Iterable[str]) -> dict[str, list[Redaction]]:
        """Return the redactions of each of *photos* (named by their originals), the latest first."""
        asked = select(*_REDACTION).where(table.c.district == self._district, table.c.photo.in_(list(photos)))
        found: dict[str, list[Redaction]] = {}
        for row in self._connection.execute(asked.order_by(table.c.at_ms.desc(), table.c.id.desc())):
            found.setdefault(row.photo, []).append(Redaction(*row))
        return found

    def add(self, redaction: Redaction) -> None:
        """Add a redaction, whose picture lies in the depot."""
        insert_rows(self._connection, table, [(self._district, *redaction)])

    # -- who saw an original ---------------------------------------------------------------------------

    def seen_since(self, view: PhotoView, since_ms: int) -> bool:
        """Say whether *view* goes on with one noted at *since_ms* or later: of the same by the same, for the same."""
        v = view_table.c
        asked = select(v.id).where(
            v.district == self._district,
            v.photo == view.photo,
            v.at_ms >= since_ms,
            v.record == view.record,
            v.person == view.person,
            v.device == view.device,
            v.why.is_(None) if view.why is None else v.why == view.why,
        )
        return self._connection.execute(asked.limit(1)).first() is not None

    def note(self, view: PhotoView) -> None:
        """Note that an original is about to be seen; one noted under its id already stays as it is."""
        add_rows(self._connection, view_table, [(self._district, *view)])

    def views(self, wanted: Wanted) -> list[PhotoView]:
        """Return the views that are *wanted*, the latest first."""
        m = self._mark
        # Where a record lies now decides who answers for it, and for who has seen its photos.
        condition, values = within(m, wanted.areas)
        conditions: list[str] = [condition]
        bound: list[Any] = [*values]
        for name in ("record", "photo", "person"):
            if (value := getattr(wanted, name)) is not None:
                conditions.append(f"v.{name} = {m}")
                bound.append(value)
        if wanted.after is not None:
            conditions.append(f"(v.at_ms, v.id) < ({m}, {m})")
            bound += wanted.after
        sql = (
            f"SELECT {_VIEW} FROM photo_view v JOIN record r ON r.district = v.district AND r.id = v.record "
            f"WHERE v.district = {m} AND {' AND '.join(conditions)} ORDER BY v.at_ms DESC, v.id DESC LIMIT {m}"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, *bound, wanted.limit))
        return [PhotoView(*row) for row in rows]
