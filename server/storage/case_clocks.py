"""
What of many cases their clocks go by 案件计时: read in batches, beside the ledger's rows, and decoded no further.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from server.storage.bulk import mark, one_of
from server.values import CaseTimes

_READ = msgspec.json.Decoder(CaseTimes)


class _Named(msgspec.Struct):
    name: str | None = None


_NAME = msgspec.json.Decoder(_Named)
#: So many cases are read at once.
BATCH = 2_000


class Timed(NamedTuple):
    """One case: where it lies, which units answer for it, when the office received it last, and its times."""

    id: str
    grid: str
    functional_unit: str | None
    received_ms: int
    times: CaseTimes


class ClockStore:
    """The times of one district's cases, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)

    def of(self, ids: Iterable[str]) -> dict[str, CaseTimes]:
        """Return the times of those of the cases *ids* that are there."""
        condition, wanted = one_of(self._connection, ids)
        sql = f"SELECT id, fields FROM record WHERE district = {self._mark} AND id {condition}"
        rows = self._connection.exec_driver_sql(sql, (self._district, wanted))
        found = {row[0]: _READ.decode(row[1]) for row in rows}
        return dict(zip(found, self._placed(list(found.values())), strict=True))

    def in_states(self, states: Sequence[str], area: str = "") -> Iterator[list[Timed]]:
        """Yield every case in one of *states* that lies in *area* and was not voided, by id, batch by batch."""
        after = ""
        while batch := self._batch(states, area, after):
            yield batch
            after = batch[-1].id

    def _batch(self, states: Sequence[str], area: str, after: str) -> list[Timed]:
        m = self._mark
        among = ", ".join([m] * len(states))
        sql = (
            f"SELECT l.id, l.grid, l.functional_unit, r.received_ms, r.fields FROM ledger_row l "
            f"JOIN record r ON r.district = l.district AND r.id = l.id WHERE l.district = {m} AND l.id > {m} "
            # ":" is the character after "9": everything that begins with the area's digits.
            f"AND l.status IN ({among}) AND NOT l.void AND l.grid >= {m} AND l.grid < {m} ORDER BY l.id LIMIT {BATCH}"
        )
        values = (self._district, after, *states, area, area + ":")
        rows = self._connection.exec_driver_sql(sql, values)
        found = [Timed(id_, grid, unit, ms, _READ.decode(fields)) for id_, grid, unit, ms, fields in rows]
        placed = self._placed([one.times for one in found])
        return [one._replace(times=times) for one, times in zip(found, placed, strict=True)]

    def _placed(self, times: Sequence[CaseTimes]) -> list[CaseTimes]:
        """Return *times*, each with a place: what a check found is in front of a door that has a name."""
        targets = {one.target_id for one in times if one.target_id and not one.place_text}
        if not targets:
            return list(times)
        condition, wanted = one_of(self._connection, sorted(targets))
        sql = f"SELECT id, fields FROM record WHERE district = {self._mark} AND id {condition}"
        rows = self._connection.exec_driver_sql(sql, (self._district, wanted))
        names = {row[0]: _NAME.decode(row[1]).name for row in rows}
        return [
            one if one.place_text else msgspec.structs.replace(one, place_text=names.get(one.target_id or ""))
            for one in times
        ]
