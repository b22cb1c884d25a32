"""
Score streets and communities week by week 街道、社区周得分, and segments beside them; draft their lists.
"""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from schemas.grid import Level
from schemas.moments import day_of
from schemas.records import Fields
from server.core.assessing.scheme import SETTING, Scheme, scheme_of
from server.core.assessing.shops import segments
from server.core.assessing.spans import Span, week_of
from server.core.assessing.units import Facts, Ranked, corrected, ranked
from server.storage.assessing import Head
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork
from server.usecases import keep_lists
from server.usecases.gather_scores import Gathered, gather, gather_late
from server.usecases.keep_lists import Draft
from server.usecases.name_units import unit_names
from server.values import Record

UNITS, COMMUNITIES, SEGMENTS = "week_units", "week_communities", "week_segments"
_LEVEL = {UNITS: Level.STREET, COMMUNITIES: Level.COMMUNITY}
_CHECK = "street_check"


class Kept(NamedTuple):
    """What a run left behind: the ids of the lists it drafted, and of those it opened for objections."""

    drafted: list[str]
    opened: list[str]


def scheme(work: UnitOfWork) -> Scheme:
    """Return by what the district scores; see ``core.assessing.scheme``."""
    return scheme_of(work.settings.get(SETTING))


def weekly_scores(store: Store, district: str, period_ms: int, now_ms: int) -> Kept:
    """
    Draft the lists of the week in which *period_ms* lies, and open those drafts whose week is over.

    Running it again changes nothing but the drafts, which are reckoned anew.
    """
    week = week_of(day_of(period_ms))
    drafted = draft_week(store, district, week, None, now_ms, spare=True)
    late = [span for span in _weeks_to_open(store, district, now_ms) if span != week]
    for span in late:
        draft_week(store, district, span, None, now_ms, only_drafts=True, spare=True)
    return Kept(drafted, open_what_is_over(store, district, (UNITS, COMMUNITIES, SEGMENTS), now_ms))


def draft_week(
    store: Store, district: str, week: Span, by: str | None, now_ms: int, *, only_drafts: bool = False,
    kind: str = "", group: str = "", spare: bool = False,
) -> list[str]:  # fmt: skip
    """
    Reckon the lists of *week* and keep them as drafts; return their ids. A list without rows is not kept.

    Args:
        by: Who asked for it; None: the server itself.
        only_drafts: Leave out what is not drafted yet.
        kind, group: Only the lists of this kind, of this district or street; empty: of any.
        spare: Leave out what is refused, instead of keeping none.
    """
    with store.work(district, writing=False) as work:
        drafts = [one for one in week_lists(work, week, now_ms) if kind in ("", one.kind) and group in ("", one.group)]
        if only_drafts:
            drafts = [one for one in drafts if _is_drafted(work, one)]
    return keep_lists.put_drafts(store, district, drafts, by, now_ms, spare=spare)


def week_lists(work: UnitOfWork, week: Span, now_ms: int) -> list[Draft]:
    """Return the lists of *week* as they come out now: of the streets, of each street's communities, of segments."""
    by, found = scheme(work), gather(work, week, now_ms)
    streets = sorted({code[: Level.STREET] for code in found.codes})
    groups = [(UNITS, work.district), *((COMMUNITIES, street) for street in streets)]
    before = {key: keep_lists.last_issued(work, *key, week, now_ms) for key in groups}
    late = _late(work, before, now_ms)
    names = unit_names(work, found.codes)
    drafts = [_unit_list(found, key, week, by, names, _corrections(before[key], late, by)) for key in groups]
    # Where nobody is ranked there is nothing to compare.
    return [
        one
        for one in [*drafts, *_segment_lists(work, found, streets, week)]
        if any(row.get("rank") for row in one.rows)
    ]


def open_what_is_over(store: Store, district: str, kinds: tuple[str, ...], now_ms: int) -> list[str]:
    """Open the drafts of *kinds* whose period is over; return their ids."""
    with store.work(district, writing=False) as work:
        drafts = _drafts(work, now_ms)
    ready = [one.id for one in drafts if one.kind in kinds and Span(one.first_day, one.last_day).until_ms <= now_ms]

    def open_one(work: UnitOfWork, id_: str) -> str:
        keep_lists.open_list(work, id_, now_ms)
        return id_

    opened = (keep_lists.sparing(store, district, partial(open_one, id_=id_)) for id_ in ready)
    return [id_ for id_ in opened if id_ is not None]


def _weeks_to_open(store: Store, district: str, now_ms: int) -> list[Span]:
    with store.work(district, writing=False) as work:
        spans = {
            Span(one.first_day, one.last_day)
            for one in _drafts(work, now_ms)
            if one.kind in (UNITS, COMMUNITIES, SEGMENTS)
        }
    return sorted(span for span in spans if span.until_ms <= now_ms)


def _drafts(work: UnitOfWork, now_ms: int) -> list[Head]:
    heads = work.assessing.lists(work.district, now_ms - keep_lists.LOOKED_BACK_MS)
    return [one for one in heads if one.status == "draft"]


def _is_drafted(work: UnitOfWork, draft: Draft) -> bool:
    before = keep_lists.standing(work, draft.kind, draft.group, draft.span.first)
    return before is not None and before.fields["status"] == "draft"


# -- units --------------------------------------------------------------------------------------------


def _unit_list(
    found: Gathered, key: tuple[str, str], week: Span, by: Scheme, names: Mapping[str, str], corrections: list[Fields]
) -> Draft:
    kind, group = key
    rows = [_row(one, names) for one in ranked(found.of(_LEVEL[kind], group), by)]
    return Draft(kind, group, week, rows, corrections)


def _row(one: Ranked, names: Mapping[str, str]) -> Fields:
    unit = one.facts.unit
    row: Fields = {"about": unit, "name": names.get(unit, unit), "grid": unit, "rank": one.rank, "score": one.score}
    row |= {"mark": one.mark, "why": list(one.why) or None, "figures": keep_lists.figures_of(one.facts)}
    return {name: value for name, value in row.items() if value is not None}


def _late(
    work: UnitOfWork, before: Mapping[tuple[str, str], Record | None], now_ms: int
) -> dict[str, dict[str, Facts]]:
    """Return by its first day what is known by now of each week of which a list was issued last, by unit."""
    spans = {Span(one.fields["first_day"], one.fields["last_day"]) for one in before.values() if one is not None}
    return {span.first: _by_unit(gather_late(work, span, now_ms)) for span in spans}


def _by_unit(found: Gathered) -> dict[str, Facts]:
    return {one.unit: one for level in _LEVEL.values() for one in found.of(level, "")}


def _corrections(before: Record | None, late: Mapping[str, Mapping[str, Facts]], by: Scheme) -> list[Fields]:
    if before is None:
        return []
    known, rows = late[before.fields["first_day"]], before.fields.get("rows", [])
    names = {row["about"]: row["name"] for row in rows}
    shown = [keep_lists.facts_shown(row) for row in rows]
    now = ranked([corrected(one, known.get(one.unit, one)) for one in shown], by)
    return keep_lists.differences(before, [_row(one, names) for one in now])


# -- segments -----------------------------------------------------------------------------------------


def _segment_lists(work: UnitOfWork, gathered: Gathered, streets: list[str], week: Span) -> list[Draft]:
    entries = {one.id: one for one in work.patrol.entries(("street_segment",), work.district)}
    grades = {id_: int(one.fields["road_grade"]) for id_, one in entries.items()}
    found = [one for one in gathered.visits if one.type == _CHECK]
    names = {id_: str(one.fields["name"]) for id_, one in entries.items()}
    lists = []
    for street in streets:
        row = segments([one for one in found if one.grid.startswith(street)], grades)
        rows: list[Fields] = [
            {"about": one.segment, "name": names[one.segment], "grid": one.grid, "grade": one.grade, "rank": one.rank,
             "score": one.score, "figures": {"checks": one.checks, "points": one.points}}
            for one in row
        ]  # fmt: skip
        lists.append(Draft(SEGMENTS, street, week, rows))
    return lists
