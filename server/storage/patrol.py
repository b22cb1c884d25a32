"""
What was looked at when 巡查情况: registers, the last check of each thing, what arrived in a stretch of time.

Of what is sealed 封存 nothing is told: covert checks count once they are released.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection

from schemas import grid
from schemas.moments import ms_of
from server.storage.bulk import mark, one_of
from server.storage.tables import FEW, OF_FEW

CHECKS = ("street_check", "shop_check", "parking_check")
#: By so much clocks of tablets and of the office may be apart without a record being overlooked.
_SLACK_MS = 3_600_000


class Entry(NamedTuple):
    """One of the records of which there are few: a place, a milestone; ``fields`` as decoded JSON."""

    id: str
    type: str
    grid: str
    fields: dict[str, Any]


class Looked(NamedTuple):
    """What one thing's checks say of a day: the day of the last one before it, and how many were made on it."""

    last: str | None
    seen: int


class Came(NamedTuple):
    """
    A check or case that came in, whose it is, what a check is of; ``at_ms`` is when it was observed or found.

    ``born`` is its number in its feed.
    """

    type: str
    id: str
    grid: str
    target: str | None
    by: str
    at_ms: int
    received_ms: int
    born: int


class _Seen(msgspec.Struct):
    observed_at: str | None = None
    found_at: str | None = None
    status: str | None = None


_SEEN = msgspec.json.Decoder(_Seen)
_FIELDS = msgspec.json.Decoder(dict[str, Any])
#: Problems that turned out to be none, or another's.
_NO_CASE = ("refused", "merged")


class PatrolStore:
    """The registers and checks of one district, for reading, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)
        self._observed_on = OBSERVED_ON[connection.dialect.name]
        # The primary key, which begins with the district too, would be taken for as good.
        self._few = "" if connection.dialect.name == "postgresql" else " INDEXED BY record_few"

    def entries(self, types: Collection[str], area: str) -> list[Entry]:
        """
        Return the records of *types* in *area* that are not void and not sealed, by id.

        Raises:
            ValueError: One of *types* is not of ``tables.FEW``; the index does not know it.
        """
        if not set(types) <= set(FEW):
            raise ValueError(f"not among the few: {sorted(set(types) - set(FEW))}")
        m = self._mark
        among = ", ".join([m] * len(types))
        sql = (
            f"SELECT id, type, grid, fields FROM record{self._few} WHERE district = {m} AND {OF_FEW} "
            # ":" is the character after "9": everything that begins with the area's digits.
            f"AND type IN ({among}) AND grid >= {m} AND grid < {m} AND NOT void ORDER BY id"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, *types, area, area + ":"))
        return [
            Entry(id_, name, place, _FIELDS.decode(fields))
            for id_, name, place, fields in rows
            if not grid.is_sealed(place)
        ]

    def looked_at(self, targets: Iterable[str], day: str, since_ms: int, until_ms: int) -> dict[str, Looked]:
        """
        Return what the checks of *targets* say of *day*; a thing without any is left out.

        Args:
            since_ms: No check that was last written before that counts.
            until_ms: No check that came in after it counts.
        """
        m = self._mark
        condition, wanted = one_of(self._connection, targets)
        hidden = grid.sealed_place(self._district)
        sql = (
            f"SELECT subject, MAX(CASE WHEN day < {m} THEN day END), SUM(CASE WHEN day = {m} THEN 1 ELSE 0 END) "
            f"FROM (SELECT subject, {self._observed_on} AS day FROM record WHERE district = {m} "
            f"AND subject {condition} AND at_ms >= {m} AND type IN ({_CHECKS}) AND NOT void "
            f"AND received_ms <= {m} AND feed <> {m}) AS seen GROUP BY subject"
        )
        bound = (day, day, self._district, wanted, since_ms, until_ms, hidden)
        rows = self._connection.exec_driver_sql(sql, bound)
        return {subject: Looked(last, int(seen)) for subject, last, seen in rows}

    def came(self, area: str, since_ms: int, until_ms: int) -> list[Came]:
        """Return the checks and cases in *area* that the office received after *since_ms*, up to *until_ms*."""
        found: list[Came] = []
        for feed in self.feeds_of(area):
            found += self._came_by(feed, area, since_ms, until_ms)
        return found

    def _came_by(self, feed: str, area: str, since_ms: int, until_ms: int) -> list[Came]:
        m = self._mark
        sql = (
            f'SELECT r.type, r.id, r.grid, r.subject, p."by", r.received_ms, r.born, r.fields FROM record r '
            f"JOIN pen p ON p.district = r.district AND p.number = COALESCE(r.origin_pen, r.pen) "
            f"WHERE r.district = {m} AND r.feed = {m} AND r.version >= {m} AND r.type IN ({_CHECKS}, 'case') "
            f"AND r.grid >= {m} AND r.grid < {m} AND r.received_ms > {m} AND r.received_ms <= {m} AND NOT r.void"
        )
        first = self.first_after(feed, since_ms - _SLACK_MS)
        bound = (self._district, feed, first, area, area + ":", since_ms, until_ms)
        rows = self._connection.exec_driver_sql(sql, bound)
        return [came for row in rows if (came := _came(row)) is not None]

    def feeds_of(self, area: str) -> Sequence[str]:
        """Return the feeds in which records of *area* lie; the sealed one is none of them."""
        if len(area) >= grid.Level.STREET:
            return [] if grid.is_sealed(area) else [grid.feed_of(area)]
        sql = f"SELECT code FROM feed WHERE district = {self._mark} ORDER BY code"
        rows = self._connection.exec_driver_sql(sql, (self._district,))
        return [code for (code,) in rows if not grid.is_sealed(code)]

    def first_after(self, feed: str, ms: int) -> int:
        """
        Return a number of *feed* before which nothing came in after *ms*.

        Numbers are given in the order of commits: halving finds the place without an index over time.
        """
        m = self._mark
        sql = (
            f"SELECT version, received_ms FROM history WHERE district = {m} AND feed = {m} AND version >= {m} "
            "ORDER BY version LIMIT 1"
        )
        low, high = 1, 1 + (self._head(feed))
        while low < high:
            middle = (low + high) // 2
            row = self._connection.exec_driver_sql(sql, (self._district, feed, middle)).first()
            if row is None or row[1] >= ms:
                high = middle
            else:
                low = row[0] + 1
        return low

    def _head(self, feed: str) -> int:
        sql = f"SELECT seq FROM feed WHERE district = {self._mark} AND code = {self._mark}"
        return int(self._connection.exec_driver_sql(sql, (self._district, feed)).scalar() or 0)


_CHECKS = ", ".join(f"'{name}'" for name in CHECKS)
#: The day here on which a check was made; tablets may write it in the time of another place.
OBSERVED_ON = {
    "sqlite": "date(json_extract(fields, '$.observed_at'), '+8 hours')",
    "postgresql": "CAST(CAST(CAST(fields AS json) ->> 'observed_at' AS timestamptz) AT TIME ZONE INTERVAL '8 hours' "
    "AS date)::text",
}


def _came(row: Any) -> Came | None:
    type_name, id_, place, target, by, received_ms, born, fields = row
    said = _SEEN.decode(fields)
    at = said.observed_at or said.found_at
    if at is None or said.status in _NO_CASE:
        return None
    return Came(type_name, id_, place, target if type_name in CHECKS else None, by, ms_of(at), received_ms, born)
