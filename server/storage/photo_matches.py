"""
Pictures used twice 重复照片: exactly, or nearly; and the bands by which nearly equal pictures are found.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, false, func, or_, select, tuple_, union_all, update

from server.storage.bulk import add_rows
from server.storage.photo_tables import photo, photo_band, photo_match
from server.storage.tables import record

State = Literal["open", "settled", "all"]


class Match(NamedTuple):
    """
    One photo under two records, or two photos that are nearly one; see ``photo_tables.photo_match``.

    Attributes:
        kind: ``exact`` or ``near``.
        photo, record: What was found later.
        other, other_record: What had been there.
        distance: In how many of 128 bits the two differ.
        settled: Who looked at it and what he found, as JSON text.
    """

    id: str
    kind: str
    photo: str
    record: str
    other: str
    other_record: str
    distance: int
    found_ms: int
    settled: str | None = None


class Alike(NamedTuple):
    """What the bands found: likenesses by their photo, and in how many bands there were too many to see all."""

    likenesses: dict[str, list[str]]
    crowded: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Which matches are wanted, the newest first.

    Attributes:
        areas: One of the two records lies in one of them; none: nothing.
        record: One of the two is this one; None: any.
        after: Beyond this one, as (``found_ms``, ``id``).
        limit: At most so many.
    """

    areas: tuple[str, ...]
    state: State = "open"
    record: str | None = None
    after: tuple[int, str] | None = None
    limit: int = 100


_MATCH = [photo_match.c[name] for name in Match._fields]


class MatchStore:
    """The matches of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district

    def index(self, photo_name: str, bands: Sequence[int]) -> None:
        """Let the photo be found by its *bands*; a second time changes nothing."""
        rows = [(self._district, band, value, photo_name) for band, value in enumerate(bands)]
        add_rows(self._connection, photo_band, rows)

    def forget(self, photos: Iterable[str]) -> None:
        """Let *photos* no longer be found by their bands."""
        gone = and_(photo_band.c.district == self._district, photo_band.c.photo.in_(list(photos)))
        self._connection.execute(delete(photo_band).where(gone))

    def alike(self, bands: Sequence[Sequence[int]], most: int) -> Alike:
        """
        Return the photos that have one of the values given in at least one band.

        Args:
            bands: For each band the values, in order.
            most: So many are looked at in a band; one with more (a scene of which there are thousands) is
                crowded, and some of it is not seen.
        """
        arms = [
            select(photo_band.c.photo, photo_band.c.band)
            .where(photo_band.c.district == self._district, photo_band.c.band == band, photo_band.c.value.in_(values))
            .limit(most + 1)
            .subquery()
            for band, values in enumerate(bands)
        ]
        seen: dict[int, int] = {}
        found: set[str] = set()
        for name, band in self._connection.execute(union_all(*(select(arm) for arm in arms))):
            seen[band] = seen.get(band, 0) + 1
            found.add(name)
        crowded = sum(count > most for count in seen.values())
        return Alike(self._likenesses(sorted(found)), crowded)

    def add(self, matches: Iterable[Match]) -> None:
        """Keep what was found; what was found before stays as it is, settled or not."""
        add_rows(self._connection, photo_match, [(self._district, *match) for match in matches])

    def get(self, match: str) -> Match | None:
        """Return one match."""
        asked = select(*_MATCH).where(photo_match.c.district == self._district, photo_match.c.id == match)
        row = self._connection.execute(asked).one_or_none()
        return None if row is None else Match(*row)

    def beginning(self, typed: str) -> list[str]:
        """Return the ids of two matches at most that begin with *typed*: lower-case hexadecimal signs and dashes."""
        meant = and_(photo_match.c.district == self._district, photo_match.c.id.startswith(typed))
        return list(self._connection.scalars(select(photo_match.c.id).where(meant).limit(2)))

    def locked(self, match: str) -> Match | None:
        """Return one match, locked until the end of the transaction."""
        asked = select(*_MATCH).where(photo_match.c.district == self._district, photo_match.c.id == match)
        row = self._connection.execute(asked.with_for_update()).one_or_none()
        return None if row is None else Match(*row)

    def of_records(self, records: Iterable[str]) -> list[Match]:
        """Return the matches in which one of *records* is named, settled or not, the newest first."""
        ids = list(records)
        named = or_(photo_match.c.record.in_(ids), photo_match.c.other_record.in_(ids))
        asked = select(*_MATCH).where(photo_match.c.district == self._district, named)
        newest = asked.order_by(photo_match.c.found_ms.desc(), photo_match.c.id.desc())
        return [Match(*row) for row in self._connection.execute(newest)]

    def find(self, wanted: Wanted) -> list[Match]:
        """Return the matches that *wanted* describes."""
        asked = select(*_MATCH).where(photo_match.c.district == self._district, self._lies_in(wanted.areas))
        if wanted.state != "all":
            asked = asked.where(photo_match.c.settled.is_(None) == (wanted.state == "open"))
        if wanted.record is not None:
            asked = asked.where(or_(photo_match.c.record == wanted.record, photo_match.c.other_record == wanted.record))
        if wanted.after is not None:
            asked = asked.where(tuple_(photo_match.c.found_ms, photo_match.c.id) < tuple_(*wanted.after))
        newest = asked.order_by(photo_match.c.found_ms.desc(), photo_match.c.id.desc()).limit(wanted.limit)
        return [Match(*row) for row in self._connection.execute(newest)]

    def open_photos(self) -> set[str]:
        """Return the photos of the matches that nobody has looked at."""
        waiting = and_(photo_match.c.district == self._district, photo_match.c.settled.is_(None))
        asked = select(photo_match.c.photo, photo_match.c.other).where(waiting)
        return {name for row in self._connection.execute(asked) for name in row}

    def count_open(self) -> int:
        """Return how many matches nobody has looked at."""
        waiting = and_(photo_match.c.district == self._district, photo_match.c.settled.is_(None))
        return self._connection.execute(select(func.count()).select_from(photo_match).where(waiting)).scalar_one()

    def settle(self, match: str, settled: str) -> None:
        """Write down who looked at it and what he found, as JSON text."""
        which = and_(photo_match.c.district == self._district, photo_match.c.id == match)
        self._connection.execute(update(photo_match).where(which).values(settled=settled))

    def _likenesses(self, photos: Sequence[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for at in range(0, len(photos), _AT_ONCE):
            # Asked for the state too, SQLite would go through everything that is verified.
            asked = select(photo.c.of, photo.c.likeness, photo.c.state).where(
                photo.c.district == self._district, photo.c.of.in_(photos[at : at + _AT_ONCE])
            )
            for name, likeness, state in self._connection.execute(asked):
                if likeness and state == "verified":
                    found.setdefault(name, []).append(likeness)
        return found

    def _lies_in(self, areas: Iterable[str]) -> ColumnElement[bool]:
        # ":" is the character after "9": everything that begins with the area's digits.
        places = [and_(record.c.grid >= area, record.c.grid < area + ":") for area in areas]
        if not places:
            return false()
        ours = record.c.id.in_([photo_match.c.record, photo_match.c.other_record])
        lying = select(record.c.id).where(record.c.district == self._district, ours, or_(*places))
        return lying.correlate(photo_match).exists()


#: So many names go into one statement.
_AT_ONCE = 500
