"""
Read a day at the desk 日报查阅: the digest as it stands, the reports that were frozen, and what came in since.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from msgspec import Struct

from schemas import grid
from schemas.day_figures import DayFigures, Late, from_fields
from schemas.explain import fault
from schemas.moments import day_of
from schemas.problems import Refusal, Words
from schemas.records import Fields
from schemas.reports import DAY_REPORT, day_report_id
from schemas.roles import Role
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import Desk, told_at_once
from server.usecases.day_digest import day_digest, in_words, late_since
from server.values import Person, Record

#: Who reads the day of his area with people's names: whoever answers for it, or looks after those who do.
READING = frozenset({
    Role.GRID_LEADER, Role.COMMUNITY, Role.STREET, Role.DISTRICT_OFFICE, Role.INSPECTOR, Role.LEADING_GROUP,
})  # fmt: skip
MAX_LIMIT = 400
#: The digest of a day longer ago is in its report.
_LIVE_DAYS = 7


class ToldDay(Struct, frozen=True):
    """
    The digest of an area and day as it stands now 创卫日报.

    Attributes:
        zh, en: With people's names.
        plain_zh, plain_en: Without any, for a group.
    """

    figures: DayFigures
    zh: str
    en: str
    plain_zh: str
    plain_en: str


class ListedDay(Struct, frozen=True):
    """One frozen report in the list."""

    id: str
    report_no: str | None
    day: str
    area: str
    name: str
    cut_off_at: str
    as_of: str


class DayPage(Struct, frozen=True):
    """The reports, the latest first; ``more``: there are older ones."""

    reports: list[ListedDay]
    more: bool


class DayFile(Struct, frozen=True):
    """
    One frozen report, and beside it what came in since.

    Attributes:
        zh, en: Its figures with the names people have now; ``text_zh`` and ``text_en`` as they were issued.
        since: What came in for this very day after it was issued 补报, street by street; never part of the report.
    """

    report: ListedDay
    figures: DayFigures
    text_zh: str
    text_en: str
    zh: str
    en: str
    since: list[Late]


def digest_for_desk(work: UnitOfWork, desk: Desk, area: str | None, day: str | None, now_ms: int) -> ToldDay:
    """
    Return the digest of *day* (today without one) in *area*, as far as *desk* may read it.

    Args:
        area: None for the area of whoever sits there; where these are several, one has to be named.

    Raises:
        Refusal: ``not_allowed``, ``outside_area``, or ``invalid_request`` for a day to come or long ago.
    """
    asked = _area_for(desk, area, now_ms)
    today = day_of(now_ms)
    wanted = day or today
    if not (date.fromisoformat(today) - timedelta(days=_LIVE_DAYS)).isoformat() <= wanted <= today:
        zh = f"只能查看今天及之前{_LIVE_DAYS}天；更早的看已定稿的日报"
        en = f"today and the {_LIVE_DAYS} days before it only; earlier ones are in their reports"
        raise Refusal("invalid_request", fault("range", zh, en, "day"))
    return ToldDay(*day_digest(work, asked, wanted, now_ms))


def list_days(
    work: UnitOfWork, desk: Desk, area: str | None, period: tuple[str, str], limit: int, now_ms: int
) -> DayPage:
    """
    Return the reports of *period*, first and last day, in *area* that *desk* may read, the latest first.

    Raises:
        Refusal: ``not_allowed`` or ``outside_area``.
    """
    mine = areas_read(desk, now_ms)
    asked = (_area_for(desk, area, now_ms),) if area is not None else mine
    found = [one for code in asked for one in work.patrol.entries((DAY_REPORT,), code)]
    first, last = period
    within = [one for one in found if first <= one.fields["day"] <= last]
    within.sort(key=lambda one: (one.fields["area"], one.id))
    within.sort(key=lambda one: str(one.fields["day"]), reverse=True)
    return DayPage([_listed(one.id, one.fields) for one in within[:limit]], len(within) > limit)


def show_day(work: UnitOfWork, desk: Desk, area: str | None, day: str, now_ms: int) -> DayFile:
    """
    Return one report, and what came in for its day since.

    Args:
        area: None as for ``digest_for_desk``.

    Raises:
        Refusal: ``not_allowed``, ``outside_area``, or ``day_report_unknown``.
    """
    asked = _area_for(desk, area, now_ms)
    record = _report(work, asked, day)
    told = from_fields(record.fields["figures"])
    words = in_words(work, told)
    since = late_since(work, asked, day, now_ms)
    fields = record.fields
    return DayFile(
        _listed(record.id, fields), told, fields["text_zh"], fields["text_en"], words.zh, words.en, since,
    )  # fmt: skip


def areas_read(desk: Desk, now_ms: int) -> tuple[str, ...]:
    """
    Return the areas whose days *desk* reads.

    Raises:
        Refusal: ``not_allowed`` where there is none.
    """
    mine = (desk.district,) if desk.whole else _areas(desk.people.values(), now_ms)
    if not mine:
        with told_at_once():
            raise Refusal("not_allowed", what=Words("查看日报（网格长、社区、街道以上）", "read the daily digest"))
    return mine


def _area_for(desk: Desk, area: str | None, now_ms: int) -> str:
    mine = areas_read(desk, now_ms)
    if area is None and len(mine) > 1:
        zh, en = f"请指明区域：{'、'.join(mine)}", f"name one of: {', '.join(mine)}"
        raise Refusal("invalid_request", fault("several", zh, en, "area"))
    asked = area or mine[0]
    if not grid.lies_in_any(asked, mine) or grid.is_sealed(asked):
        with told_at_once():
            raise Refusal("outside_area", grid=asked)
    return asked


def _areas(people: Iterable[Person], now_ms: int) -> tuple[str, ...]:
    held = {
        grant.area
        for person in people
        if person.stopped_ms is None
        for grant in person.grants
        if grant.role in READING and grant.holds_at(now_ms) and len(grant.area) >= grid.Level.DISTRICT
    }
    return grid.outermost(frozenset(held))


def _report(work: UnitOfWork, area: str, day: str) -> Record:
    id_ = day_report_id(area, day)
    found = work.records.get([id_]).get(id_)
    if found is None or found.void:
        raise Refusal("day_report_unknown")
    return found


def _listed(id_: str, fields: Fields) -> ListedDay:
    name = fields["figures"].get("name", "")
    told = (fields["day"], fields["area"], name, fields["cut_off_at"], fields["as_of"])
    return ListedDay(id_, fields.get("report_no"), *told)
