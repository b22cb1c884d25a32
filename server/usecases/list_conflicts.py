"""
List what waits for a person 待裁定清单: the longest waiting first, page by page.
"""

import dataclasses
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from schemas import grid
from schemas.problems import Refusal
from server.core.desk.listed import ListedConflict
from server.core.views import View
from server.storage.conflicts import Wanted
from server.storage.unit_of_work import UnitOfWork
from server.usecases import pages
from server.usecases.at_the_desk import Desk, Laid

State = Literal["open", "settled", "all"]
MAX_LIMIT = 200
MAX_HOURS = 100_000
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Sought:
    """
    Which disputes are looked for; see ``storage.conflicts.Wanted``.

    Attributes:
        area: In this area only; None for all that the desk may read.
        older_than_h: Waiting for more hours than this.
        after: What the page before gave; opaque.
    """

    area: str | None = None
    type: str | None = None
    kinds: tuple[str, ...] = ()
    person: str | None = None
    state: State = "open"
    older_than_h: int | None = None
    limit: int = 50
    after: str | None = None


class ConflictPage(Struct, frozen=True):
    """One page of the list; ``after`` asks for the next one, null where there is none."""

    conflicts: list[ListedConflict]
    after: str | None


def list_conflicts(work: UnitOfWork, desk: Desk, sought: Sought, now_ms: int) -> ConflictPage:
    """
    Return the disputes that *desk* may read, as far as they are *sought*.

    Args:
        work: For reading; needs no transaction.

    Raises:
        Refusal: ``outside_area`` for an area of which the desk sees nothing; ``invalid_request`` for an
            ``after`` that is none of ours.
    """
    areas = _areas(desk.view(now_ms), sought.area)
    wanted = Wanted(
        areas=areas,
        type=sought.type,
        kinds=sought.kinds,
        person=sought.person,
        state=sought.state,
        older_than_ms=None if sought.older_than_h is None else now_ms - sought.older_than_h * _HOUR_MS,
        after=pages.place(sought.after),
        limit=sought.limit + 1,
    )
    rows = work.conflicts.find(wanted)
    page, more = rows[: sought.limit], len(rows) > sought.limit
    after = pages.written(page[-1].opened_ms, page[-1].id) if more else None
    laid = Laid(work, desk, page, now_ms)
    return ConflictPage([laid.item(row) for row in page if laid.shows(row)], after)


def _areas(view: View, area: str | None) -> tuple[str, ...]:
    """Return the areas to look in: all of the view, or its part in *area*."""
    if area is None:
        return view.areas
    inside = grid.common(area, view.areas)
    if not inside:
        refusal = Refusal("outside_area", grid=area)
        next_zh, next_en = "请写责任区域内的区划代码，或不写。", "Name an area inside, or none."
        refusal.kind = dataclasses.replace(refusal.kind, next_zh=next_zh, next_en=next_en)
        raise refusal
    return inside
