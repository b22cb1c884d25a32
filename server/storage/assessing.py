"""
What scores and red and black lists are made of 考核数据: checks, findings, relapses, answers, shops with cases.

Of what is sealed 封存 nothing is told: it counts once it is released.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection

from schemas import grid
from schemas.grid import sealed_place
from server.storage.bulk import mark
from server.storage.patrol import CHECKS, OBSERVED_ON, PatrolStore
from server.storage.tables import OF_FEW

#: By so much clocks of tablets and of the office may be apart without a record being overlooked.
_SLACK_MS = 3_600_000
_NO_CASE = "status NOT IN ('refused', 'merged')"


class Seen(NamedTuple):
    """
    One check that was not voided.

    Attributes:
        at: As a stamp has it: milliseconds, and the count within one.
        revised: The score that an inspector put on top 督查改分; tenths, as ``score``.
    """

    type: str
    grid: str
    at: tuple[int, int]
    observed_at: str
    mode: str
    target: str | None
    score: int | None
    revised: int | None
    result: str | None
    vetoes: tuple[str, ...]
    reaction: str | None
    role: str | None


class Act(NamedTuple):
    """One act on a case: where the case lies, who led it, what was done when, and with which code."""

    case: str
    grid: str
    lead: str | None
    act: str
    at_ms: int
    code: str | None


class Reported(NamedTuple):
    """A report of the public that became a case: where, when it came, and when the office first answered it."""

    grid: str
    found_ms: int
    answered_ms: int | None


class Head(msgspec.Struct, frozen=True):
    """A red and black list without its rows."""

    kind: str
    group: str
    first_day: str
    last_day: str
    turn: int
    status: str
    data_until: str
    list_no: str | None = None
    objections_until: str | None = None
    id: str = ""


class _Revision(msgspec.Struct):
    score: int


class _Check(msgspec.Struct):
    observed_at: str
    mode: str = ""
    target_id: str | None = None
    score: int | None = None
    score_revision: _Revision | None = None
    result: str | None = None
    vetoes: tuple[str, ...] | None = None
    operator_reaction: str | None = None
    inspector_role: str | None = None


class _Done(msgspec.Struct):
    act: str
    at: list[int]
    details: dict[str, Any] | None = None


class _Case(msgspec.Struct):
    timeline: list[_Done] = []


_CHECK = msgspec.json.Decoder(_Check)
_CASE = msgspec.json.Decoder(_Case)
_HEAD = msgspec.json.Decoder(Head)


class AssessingStore:
    """The figures of one district's units, for reading, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district
        self._mark = mark(connection)
        self._patrol = PatrolStore(connection, district)
        self._sealed = sealed_place(district)
        self._observed_on = OBSERVED_ON[connection.dialect.name]

    def checks(self, types: Sequence[str], since_ms: int, area: str) -> Iterator[Seen]:
        """
        Yield the checks of *types* in *area* that the office received at *since_ms* or later, feed by feed.

        Whatever was observed after a moment was received after it; when it was observed is the caller's to see.
        """
        for feed in self._patrol.feeds_of(area):
            yield from self._checks_of(feed, types, since_ms, area)

    def looked_at(self, since_ms: int, until_ms: int) -> dict[str, dict[str, int]]:
        """Return how often each thing was checked on each day, as far as the office knew it in a stretch of time."""
        m = self._mark
        kinds = ", ".join(f"'{name}'" for name in CHECKS)
        sql = (
            f"SELECT subject, {self._observed_on}, COUNT(*) FROM record WHERE district = {m} AND feed = {m} "
            f"AND version >= {m} AND type IN ({kinds}) AND subject IS NOT NULL AND NOT void "
            f"AND received_ms <= {m} GROUP BY 1, 2"
        )
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for feed in self._patrol.feeds_of(self._district):
            first = self._patrol.first_after(feed, since_ms - _SLACK_MS)
            bound = (self._district, feed, first, until_ms)
            for target, day, count in self._connection.exec_driver_sql(sql, bound):
                found[target][day] = found[target].get(day, 0) + count
        return found

    def findings(self, sources: Sequence[str], since_ms: int, until_ms: int) -> dict[str, int]:
        """Return by grid how many cases of *sources* were found from *since_ms* until before *until_ms*."""
        m = self._mark
        among = ", ".join([m] * len(sources))
        sql = (
            f"SELECT grid, COUNT(*) FROM ledger_row WHERE district = {m} AND found_ms >= {m} AND found_ms < {m} "
            f"AND source IN ({among}) AND NOT void AND {_NO_CASE} AND feed <> {m} GROUP BY grid"
        )
        bound = (self._district, since_ms, until_ms, *sources, self._sealed)
        return dict(map(tuple, self._connection.exec_driver_sql(sql, bound)))

    def acts(self, since_ms: int, until_ms: int, wanted: Sequence[str]) -> list[Act]:
        """Return the acts *wanted*, ``reopen`` or ``return``, on cases from *since_ms* until before *until_ms*."""
        m = self._mark
        sql = (
            "SELECT l.id, l.grid, l.lead, r.fields FROM ledger_row l "
            "JOIN record r ON r.district = l.district AND r.id = l.id "
            f"WHERE l.district = {m} AND (l.returns > 0 OR l.reopens > 0) AND NOT l.void "
            f"AND l.feed <> {m} AND r.at_ms >= {m}"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, self._sealed, since_ms))
        return [
            Act(id_, place, lead, done.act, done.at[0], (done.details or {}).get("code"))
            for id_, place, lead, fields in rows
            for done in _CASE.decode(fields).timeline
            if done.act in wanted and since_ms <= done.at[0] < until_ms
        ]

    def reported(self, since_ms: int, until_ms: int, answers: Sequence[str]) -> list[Reported]:
        """
        Return the public's reports that came from *since_ms* until before *until_ms*.

        Args:
            answers: The acts with which an office answers; the first of them counts.
        """
        m = self._mark
        sql = (
            "SELECT l.grid, l.found_ms, r.fields FROM ledger_row l "
            "JOIN record r ON r.district = l.district AND r.id = l.id "
            f"WHERE l.district = {m} AND l.found_ms >= {m} AND l.found_ms < {m} AND l.source = 'public' "
            f"AND NOT l.void AND l.feed <> {m}"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, since_ms, until_ms, self._sealed))
        return [Reported(place, found_ms, _first(fields, answers)) for place, found_ms, fields in rows]

    def with_cases(self, since_ms: int, until_ms: int, area: str) -> set[str]:
        """Return the things in *area* about which there is a case found from *since_ms* until before *until_ms*."""
        m = self._mark
        sql = (
            "SELECT DISTINCT r.subject FROM ledger_row l "
            "JOIN record r ON r.district = l.district AND r.id = l.id "
            f"WHERE l.district = {m} AND l.found_ms >= {m} AND l.found_ms < {m} AND NOT l.void "
            f"AND l.{_NO_CASE} AND l.feed <> {m} AND l.grid >= {m} AND l.grid < {m} AND r.subject IS NOT NULL"
        )
        bound = (self._district, since_ms, until_ms, self._sealed, area, area + ":")
        return {subject for (subject,) in self._connection.exec_driver_sql(sql, bound)}

    def lists(self, area: str, since_ms: int) -> list[Head]:
        """Return the lists at a code in *area* that were written to at *since_ms* or later, the latest first."""
        m = self._mark
        sql = (
            f"SELECT id, fields FROM record WHERE district = {m} AND {OF_FEW} AND type = 'rank_list' "
            f"AND grid >= {m} AND grid < {m} AND at_ms >= {m} AND NOT void"
        )
        rows = self._connection.exec_driver_sql(sql, (self._district, area, area + ":", since_ms))
        heads = [msgspec.structs.replace(_HEAD.decode(fields), id=id_) for id_, fields in rows]
        return sorted(heads, key=lambda one: (one.first_day, one.kind, one.group, one.turn), reverse=True)

    def _checks_of(self, feed: str, types: Sequence[str], since_ms: int, area: str) -> Iterator[Seen]:
        m = self._mark
        among = ", ".join([m] * len(types))
        sql = (
            "SELECT type, grid, COALESCE(origin_ms, at_ms), COALESCE(origin_counter, at_counter), fields "
            f"FROM record WHERE district = {m} AND feed = {m} AND version >= {m} AND type IN ({among}) "
            f"AND grid >= {m} AND grid < {m} AND NOT void"
        )
        first = self._patrol.first_after(feed, since_ms - _SLACK_MS)
        bound = (self._district, feed, first, *types, area, area + ":")
        for type_name, place, ms, counter, fields in self._connection.exec_driver_sql(sql, bound):
            if not grid.is_sealed(place):
                yield _seen(type_name, place, (ms, counter), _CHECK.decode(fields))


def _seen(type_name: str, place: str, at: tuple[int, int], one: _Check) -> Seen:
    revised = None if one.score_revision is None else one.score_revision.score
    return Seen(
        type_name, place, at, one.observed_at, one.mode, one.target_id, one.score, revised, one.result,
        one.vetoes or (), one.operator_reaction, one.inspector_role,
    )  # fmt: skip


def _first(fields: str, answers: Sequence[str]) -> int | None:
    return next((done.at[0] for done in _CASE.decode(fields).timeline if done.act in answers), None)
