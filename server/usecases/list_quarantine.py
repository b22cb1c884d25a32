"""
What was refused, laid before whoever may let it in 隔离区清单: the newest first, page by page, and one in words.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from schemas import grid
from schemas.explain import fault
from schemas.lenient import read_leniently
from schemas.problems import Refusal, Words
from schemas.wording import BEIJING
from server.core import readmission
from server.core.desk.refusals import ListedRefusal, RefusalFile, Seen, listed, parsed, told_of
from server.storage.quarantine import Refused, State, Wanted
from server.storage.unit_of_work import UnitOfWork
from server.usecases import pages
from server.usecases.at_the_desk import Desk, ids_in

MAX_LIMIT = 200
_DAY_MS = 24 * 3600 * 1000
_NEXT_ZH = "请由网格长及以上、有责任区域的人员查看。"
_NEXT_EN = "Let somebody look who leads a grid, or more."


@dataclass(frozen=True, slots=True)
class Sought:
    """
    Which refusals are looked for; None or nothing: any.

    Attributes:
        area: In this area only.
        codes: Refused for one of these reasons.
        person, device: Whose, and what brought it.
        day: Received on this day here, as ``2020-07-18``.
        after: What the page before gave; opaque.
    """

    area: str | None = None
    codes: tuple[str, ...] = ()
    person: str | None = None
    device: str | None = None
    day: str | None = None
    state: State = "open"
    limit: int = 50
    after: str | None = None


class QuarantinePage(Struct, frozen=True):
    """One page of the list; ``after`` asks for the next one, null where there is none."""

    refusals: list[ListedRefusal]
    after: str | None


def list_quarantine(work: UnitOfWork, desk: Desk, sought: Sought, now_ms: int) -> QuarantinePage:
    """
    Return what was refused, as far as *desk* may read it and it is *sought*.

    Args:
        work: For reading; needs no transaction.

    Raises:
        Refusal: ``not_allowed`` where nobody at the desk leads a grid or more; ``outside_area``;
            ``invalid_request`` for an ``after`` or a day that is none.
    """
    rows = work.quarantine.find(wanted(desk, sought, now_ms, limit=sought.limit + 1))
    page, more = rows[: sought.limit], len(rows) > sought.limit
    after = pages.written(page[-1].received_ms, page[-1].id) if more else None
    seen = laid(work, desk, page, now_ms)
    return QuarantinePage([listed(row, seen) for row in page], after)


def show_refusal(work: UnitOfWork, desk: Desk, refused: str, now_ms: int) -> RefusalFile:
    """
    Return everything about one refusal: who, what, where, when, why, and what can be done now.

    Raises:
        Refusal: ``quarantine_unknown``.
    """
    row = found(work, desk, refused, now_ms)
    rows = together(work, row)
    seen = laid(work, desk, rows, now_ms, thoroughly=True)
    return told_of(row, rows, seen)


def found(work: UnitOfWork, desk: Desk, refused: str, now_ms: int) -> Refused:
    """
    Return the row with the id *refused*, if *desk* may read it.

    Raises:
        Refusal: ``quarantine_unknown``.
    """
    row = work.quarantine.get(refused)
    if row is None or not _reads(desk, row, now_ms):
        raise Refusal("quarantine_unknown")
    return row


def together(work: UnitOfWork, row: Refused) -> list[Refused]:
    """Return *row* with what was refused with it as one group, by number; itself alone where it has none."""
    group = readmission.group_of(row.payload)
    if group is None:
        return [row]
    chosen: dict[int, Refused] = {}
    for mate in work.quarantine.numbered(row.device, row.install, group[0], group[0] + group[1] - 1):
        # Of two payloads under one number, the one that came with it.
        nearer = mate.n not in chosen or mate.received_ms == row.received_ms
        if nearer and readmission.may_belong(mate.payload, group):
            chosen[mate.n] = mate
    chosen[row.n] = row
    return [chosen[n] for n in sorted(chosen)]


def wanted(desk: Desk, sought: Sought, now_ms: int, *, limit: int, oldest_first: bool = False) -> Wanted:
    """
    Return what to ask the store for.

    Raises:
        Refusal: As ``list_quarantine`` raises it.
    """
    since = None if sought.day is None else _day(sought.day)
    return Wanted(
        areas=_areas(readable(desk, now_ms), sought.area, desk.district),
        codes=sought.codes,
        person=sought.person,
        device=sought.device,
        since_ms=since,
        until_ms=None if since is None else since + _DAY_MS,
        state=sought.state,
        after=pages.place(sought.after),
        oldest_first=oldest_first,
        limit=limit,
    )


def readable(desk: Desk, now_ms: int) -> tuple[str, ...]:
    """
    Return the areas whose refusals *desk* may read.

    Raises:
        Refusal: ``not_allowed``: nobody at the desk leads a grid or more.
    """
    if desk.whole:
        return (desk.district,)
    areas = {area for person in desk.people.values() for area in readmission.reads(person, now_ms)}
    if not areas:
        refusal = Refusal("not_allowed", what=Words("查看隔离区", "look into the quarantine"))
        refusal.kind = dataclasses.replace(refusal.kind, next_zh=_NEXT_ZH, next_en=_NEXT_EN)
        raise refusal
    return grid.outermost(frozenset(areas))


def laid(work: UnitOfWork, desk: Desk, rows: Sequence[Refused], now_ms: int, *, thoroughly: bool = False) -> Seen:
    """
    Return what is needed to tell *rows* in words: names, devices, people at the desk.

    Args:
        thoroughly: Also what everything in the payloads is called.
    """
    ids = {row.by for row in rows if row.by} | _named(rows)
    if thoroughly:
        ids |= {i for row in rows for i in _ids_said(row.payload)}
    names = dict(work.people.names(ids))
    devices = {device: work.enrolment.named(device) for device in {row.device for row in rows}}
    if not thoroughly:
        return Seen(desk.people, now_ms, desk.district, names, devices)
    view = desk.view(now_ms)
    about = work.records.get(ids - names.keys())
    records = {i: record for i, record in about.items() if view.sees(record.grid)}
    return Seen(desk.people, now_ms, desk.district, names, devices, records, _stopped(work, rows))


def _stopped(work: UnitOfWork, rows: Iterable[Refused]) -> dict[str, int]:
    accounts = [account for by in {row.by for row in rows if row.by} for account in work.people.named(by)]
    return {account.id: account.stopped_ms for account in accounts if account.stopped_ms is not None}


def _ids_said(payload: bytes) -> set[str]:
    # What cannot be read may be nested deeper than anybody wants to climb.
    return set() if readmission.mutation_of(payload) is None else set(ids_in(read_leniently(payload)))


def _named(rows: Iterable[Refused]) -> set[str]:
    """Return whoever had something to do with *rows* at the desk."""
    told = (parsed(text) for row in rows for text in (row.settled, row.trail) if text)
    return {i for one in told for i in ids_in(one)}


def _reads(desk: Desk, row: Refused, now_ms: int) -> bool:
    return grid.lies_in_any(row.grid or desk.district, readable(desk, now_ms))


def _areas(areas: tuple[str, ...], area: str | None, district: str) -> tuple[str, ...] | None:
    """Return the areas to look in; None for all of the district, and what says of no place."""
    if area is None:
        return None if grid.lies_in_any(district, areas) else areas
    inside = grid.common(area, areas)
    if not inside:
        raise Refusal("outside_area", grid=area)
    return inside


def _day(text: str) -> int:
    try:
        return round(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=BEIJING).timestamp() * 1000)
    except ValueError:
        zh, en = "应为日期，如 2020-07-18", "must be a day such as 2020-07-18"
        raise Refusal("invalid_request", fault("invalid", zh, en, "day")) from None
