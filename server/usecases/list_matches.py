"""
List pictures used twice 重复照片清单: for the street and above, the newest first, page by page.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from schemas import grid, wire
from schemas.problems import Refusal
from server.core import photo_access
from server.core.desk.matched import ListedMatch, told
from server.storage.photo_matches import Match, State, Wanted
from server.storage.unit_of_work import UnitOfWork
from server.usecases import pages
from server.usecases.at_the_desk import Desk, told_at_once

MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Sought:
    """
    Which matches are looked for.

    Attributes:
        area: One of the two records lies here; None for all that the desk may look at.
        record: One of the two is this one.
        after: What the page before gave; opaque.
    """

    area: str | None = None
    record: str | None = None
    state: State = "open"
    limit: int = 50
    after: str | None = None


class MatchPage(Struct, frozen=True):
    """One page of the list; ``after`` asks for the next one, null where there is none."""

    matches: list[ListedMatch]
    after: str | None


def list_matches(work: UnitOfWork, desk: Desk, sought: Sought, now_ms: int) -> MatchPage:
    """
    Return the pictures used twice, as far as *desk* may look at them and they are *sought*.

    Args:
        work: For reading; needs no transaction.

    Raises:
        Refusal: ``not_allowed`` where nobody at the desk is of a street or above; ``outside_area``;
            ``invalid_request`` for an ``after`` that is none.
    """
    wanted = Wanted(
        areas=_areas(readable(desk, now_ms), sought.area),
        state=sought.state,
        record=sought.record,
        after=pages.place(sought.after),
        limit=sought.limit + 1,
    )
    rows = work.photo_matches.find(wanted)
    page, more = rows[: sought.limit], len(rows) > sought.limit
    after = pages.written(page[-1].found_ms, page[-1].id) if more else None
    return MatchPage(laid(work, desk, page, now_ms), after)


def readable(desk: Desk, now_ms: int) -> tuple[str, ...]:
    """
    Return the areas whose matches *desk* may look at.

    Raises:
        Refusal: ``not_allowed``: nobody at the desk is of a street or above.
    """
    if desk.whole:
        return (desk.district,)
    areas = {area for person in desk.people.values() for area in photo_access.areas_of(person, now_ms)}
    if not areas:
        refusal = photo_access.refusal("matches")
        next_zh, next_en = "请由街道及以上人员查看。", "Let somebody of the street or above look."
        refusal.kind = dataclasses.replace(refusal.kind, next_zh=next_zh, next_en=next_en)
        raise refusal
    return grid.outermost(frozenset(areas))


def laid(work: UnitOfWork, desk: Desk, rows: Sequence[Match], now_ms: int) -> list[ListedMatch]:
    """Return *rows* as *desk* reads them: of a record it may not see, nothing."""
    view = desk.view(now_ms)
    about = work.records.get({id_ for row in rows for id_ in (row.record, row.other_record)})
    records = {id_: record for id_, record in about.items() if view.sees(record.grid)}
    findings = {row.id: findings_of(row) for row in rows}
    people = {one["by"] for each in findings.values() for one in each} | {r.origin.by for r in records.values()}
    names = dict(work.people.names(people))
    return [told(row, findings[row.id], records, names) for row in rows]


def findings_of(row: Match) -> list[dict[str, Any]]:
    """Return what was found about *row*, the oldest first."""
    found: list[dict[str, Any]] = wire.decode_json(row.settled) if row.settled else []
    return found


def _areas(areas: tuple[str, ...], area: str | None) -> tuple[str, ...]:
    if area is None:
        return areas
    inside = grid.common(area, areas)
    if not inside:
        with told_at_once():
            raise Refusal("outside_area", grid=area)
    return inside
