"""
Photos 照片: what is expected, what has arrived, and which records named each when it was planned.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from server.storage.bulk import add_rows, update_rows
from server.storage.photo_tables import photo, photo_use


class Photo(NamedTuple):
    """One file of a photo, as ``photo_tables.photo`` holds it; sizes in bytes, times in milliseconds, UTC."""

    sha256: str
    of: str
    size: int
    state: str
    parts: str | None
    device: str
    planned_ms: int
    settled_ms: int | None = None
    problem: str | None = None
    kind: str | None = None
    width: int | None = None
    height: int | None = None
    taken_at: str | None = None
    lat: float | None = None
    lon: float | None = None
    likeness: str | None = None
    ended_ms: int | None = None

    @property
    def is_original(self) -> bool:
        """Say whether this is the original, not a copy of it."""
        return self.sha256 == self.of


class Use(NamedTuple):
    """That *file* was planned for *photo* (both by their SHA-256), which *record* names; the original is its own."""

    photo: str
    record: str
    file: str


_PHOTO = [photo.c[name] for name in Photo._fields]
_CHANGING = Photo._fields[1:]


class PhotoStore:
    """The photos of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district

    def get(self, sha256s: Iterable[str]) -> dict[str, Photo]:
        """Return the files called so that are known, by their SHA-256."""
        return self._found(self._asked(sha256s))

    def locked(self, sha256s: Iterable[str]) -> dict[str, Photo]:
        """Return the files called so that are known, locked until the end of the transaction."""
        return self._found(self._asked(sha256s).order_by(photo.c.sha256).with_for_update())

    def add(self, files: Iterable[Photo]) -> None:
        """Write files that were not known; one that has become known meanwhile stays as it is."""
        add_rows(self._connection, photo, [(self._district, *file) for file in files])

    def change(self, files: Iterable[Photo]) -> None:
        """Write what became of *files*, which are locked."""
        rows = [(*file[1:], self._district, file.sha256) for file in files]
        update_rows(self._connection, photo, _CHANGING, ("district", "sha256"), rows)

    def note_uses(self, uses: Iterable[Use], at_ms: int) -> None:
        """Note which files were planned for which photos that which records name."""
        add_rows(self._connection, photo_use, [(self._district, *use, at_ms) for use in sorted(set(uses))])

    def uses_of(self, photos: Iterable[str]) -> set[Use]:
        """Return what is noted of *photos* (named by their originals)."""
        asked = select(photo_use.c.photo, photo_use.c.record, photo_use.c.file).where(self._used(photos))
        return {Use(*row) for row in self._connection.execute(asked)}

    def sent_for(self, photos: Iterable[str]) -> dict[str, set[str]]:
        """Return which files were planned for each of *photos*, for whichever record."""
        asked = select(photo_use.c.photo, photo_use.c.file).where(self._used(photos)).distinct()
        found: dict[str, set[str]] = {}
        for sha256, file in self._connection.execute(asked):
            found.setdefault(sha256, set()).add(file)
        return found

    def files_of(self, photos: Iterable[str]) -> dict[str, list[Photo]]:
        """Return the files known of each of *photos* (named by their originals), the original first."""
        asked = select(*_PHOTO).where(photo.c.district == self._district, photo.c.of.in_(list(photos)))
        found: dict[str, list[Photo]] = {}
        for row in self._connection.execute(asked.order_by(photo.c.sha256)):
            found.setdefault(row[1], []).append(Photo(*row))
        return {of: sorted(files, key=lambda file: not file.is_original) for of, files in found.items()}

    def users_of(self, photos: Iterable[str]) -> dict[str, list[str]]:
        """Return which records named each of *photos* when a file of it was planned, sorted."""
        return self._users(photo_use.c.photo, self._used(photos))

    def users_of_files(self, sha256s: Iterable[str]) -> dict[str, list[str]]:
        """Return for which records each of the files *sha256s* was planned, sorted."""
        named = photo_use.c.file.in_(list(sha256s))
        return self._users(photo_use.c.file, and_(photo_use.c.district == self._district, named))

    def first_users_of(self, photos: Iterable[str], most: int) -> list[tuple[str, str]]:
        """Return which records named one of *photos*, as (photo, record), those noted first first, *most* of them."""
        asked = select(photo_use.c.photo, photo_use.c.record).where(self._used(photos))
        each = asked.group_by(photo_use.c.photo, photo_use.c.record)
        first = each.order_by(func.min(photo_use.c.at_ms), photo_use.c.record, photo_use.c.photo).limit(most)
        return [(row[0], row[1]) for row in self._connection.execute(first)]

    def first_users_of_file(self, file: Photo, most: int) -> list[str]:
        """Return which records *file* was planned for, or another file of its photo; noted first first, *most*."""
        either = or_(photo_use.c.photo == file.of, photo_use.c.file == file.sha256)
        asked = select(photo_use.c.record).where(photo_use.c.district == self._district, either)
        first = asked.group_by(photo_use.c.record).order_by(func.min(photo_use.c.at_ms), photo_use.c.record)
        return list(self._connection.execute(first.limit(most)).scalars())

    def expected_bytes(self, device: str) -> int:
        """Return how many bytes there are of the files that *device* planned last and that are not here yet."""
        asked = select(func.sum(photo.c.size)).where(
            photo.c.district == self._district, photo.c.state == "expected", photo.c.device == device
        )
        return int(self._connection.execute(asked).scalar_one() or 0)

    def _used(self, photos: Iterable[str]) -> ColumnElement[bool]:
        return and_(photo_use.c.district == self._district, photo_use.c.photo.in_(list(photos)))

    def _users(self, named: ColumnElement[str], which: ColumnElement[bool]) -> dict[str, list[str]]:
        asked = select(named, photo_use.c.record).where(which).distinct().order_by(photo_use.c.record)
        found: dict[str, list[str]] = {}
        for sha256, record in self._connection.execute(asked):
            found.setdefault(sha256, []).append(record)
        return found

    def _asked(self, sha256s: Iterable[str]) -> Select[Any]:
        return select(*_PHOTO).where(photo.c.district == self._district, photo.c.sha256.in_(list(sha256s)))

    def _found(self, asked: Select[Any]) -> dict[str, Photo]:
        return {row[0]: Photo(*row) for row in self._connection.execute(asked)}
