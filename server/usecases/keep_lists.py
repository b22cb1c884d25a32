"""
Keep red and black lists 榜单存档: drafted, opened for objections, and read again.

The server signs what it writes; whoever drafted, objected or signed stands in the record by name.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

from schemas import wire
from schemas.cases import Limit
from schemas.ids import derived_id
from schemas.moments import instant
from schemas.mutations import MAX_MUTATION_BYTES
from schemas.problems import Refusal
from schemas.ranks import MOST_ROWS
from schemas.records import Fields
from server.core import machine
from server.core.assessing.spans import Span
from server.core.assessing.units import Facts
from server.core.clocks.working import due
from server.core.importing.wanted import Wanted
from server.core.ledger_figures import Tally
from server.storage.assessing import Head
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.bring_in import bring_in_within
from server.usecases.read_calendar import read_calendar
from server.usecases.spare_others import note
from server.values import Record

TYPE = "rank_list"
#: A unit that a list affects has so long to object 异议期.
_TO_OBJECT = Limit(1, "work_day")
#: So often one period's list may be withdrawn and made anew.
_TURNS = 20
#: Lists of the last half year are looked through for the one before.
LOOKED_BACK_MS = 183 * 24 * 3_600_000
#: A list travels as one mutation, whose other members take some room; corrections take a quarter of it at most.
MOST_BYTES = MAX_MUTATION_BYTES - 4_096
T = TypeVar("T")


class Draft(NamedTuple):
    """A list as it was reckoned: its rows as ``schemas.ranks`` has them."""

    kind: str
    group: str
    span: Span
    rows: Sequence[Fields]
    corrections: Sequence[Fields] = ()


def list_id(district: str, kind: str, group: str, first_day: str, turn: int) -> str:
    """Return the id of a list: of one period there is one at a time."""
    return derived_id(TYPE, district, kind, group, first_day, str(turn))


def writing(store: Store, district: str, change: Callable[[UnitOfWork], T]) -> T:
    """Run *change* in one transaction in which nobody else writes lists, and commit it."""

    def attempt() -> T:
        with store.work(district) as work:
            # The lock under which the server's own writing queues: taken before any record's.
            work.devices.lock_install(machine.machine_device(district), machine.INSTALL)
            done = change(work)
            work.commit()
        return done

    return retrying(attempt)


def standing(work: UnitOfWork, kind: str, group: str, first_day: str) -> Record | None:
    """Return the list of a period as it stands, the last turn of it; None where there is none."""
    ids = [list_id(work.district, kind, group, first_day, turn) for turn in range(1, _TURNS + 1)]
    found = work.records.get(ids)
    return max(found.values(), key=lambda one: int(one.fields["turn"]), default=None)


def put_drafts(
    store: Store, district: str, drafts: Iterable[Draft], by: str | None, now_ms: int, *, spare: bool
) -> list[str]:
    """
    Keep *drafts* and return their ids; see ``put_draft``.

    Args:
        spare: Leave out and log what is refused, so that it holds up no other list; else nothing of them is kept.
    """

    def keep(work: UnitOfWork) -> list[str]:
        return [put_draft(work, one, by, now_ms) for one in drafts]

    if not spare:
        return writing(store, district, keep)
    changes = [partial(put_draft, draft=one, by=by, now_ms=now_ms) for one in drafts]
    return [id_ for id_ in (sparing(store, district, one) for one in changes) if id_ is not None]


def sparing(store: Store, district: str, change: Callable[[UnitOfWork], T]) -> T | None:
    """Run *change* as ``writing`` does; None, and a line in the log, where it is refused."""
    try:
        return writing(store, district, change)
    except Refusal as refusal:
        note(refusal, district, f"rank_list {refusal.code}")
        return None


def put_draft(work: UnitOfWork, draft: Draft, by: str | None, now_ms: int) -> str:
    """
    Keep *draft* as it is reckoned now, and return its id.

    A draft is written over. What is open for objections, or issued, stays as it is; one that was withdrawn is
    followed by another.

    Raises:
        Refusal: ``rank_list_over`` where it was withdrawn too often.
    """
    before = standing(work, draft.kind, draft.group, draft.span.first)
    turn = 1 if before is None else int(before.fields["turn"])
    if before is not None and before.fields["status"] in ("open", "issued"):
        return before.id
    if before is not None and before.fields["status"] == "withdrawn":
        turn += 1
    if turn > _TURNS:
        raise over("withdrawn")
    id_ = list_id(work.district, draft.kind, draft.group, draft.span.first, turn)
    corrections = fitting(draft.corrections, MOST_BYTES // 4)
    rows = fitting(draft.rows, MOST_BYTES - len(wire.canonical(corrections)))
    fields: Fields = {
        "kind": draft.kind, "group": draft.group, "first_day": draft.span.first, "last_day": draft.span.last,
        "turn": turn, "status": "draft", "data_until": instant(now_ms), "rows": rows,
        "left_out": len(draft.rows) - len(rows) or None, "corrections": corrections, "drafted_by": by,
    }  # fmt: skip
    _write(work, Wanted(TYPE, id_, draft.group, fields), now_ms)
    return id_


def fitting(parts: Sequence[Fields], most_bytes: int) -> list[Fields]:
    """Return as many of *parts*, from the first on, as a record may hold in so many bytes."""
    kept, room = [], most_bytes
    for part in parts[:MOST_ROWS]:
        room -= len(wire.canonical(part)) + 1
        if room < 0:
            break
        kept.append(part)
    return kept


def change(work: UnitOfWork, record: Record, fields: Fields, now_ms: int) -> None:
    """Write *fields* into a list."""
    _write(work, Wanted(TYPE, record.id, record.grid, fields), now_ms)


def open_list(work: UnitOfWork, id_: str, now_ms: int) -> None:
    """
    Open a draft for objections: from now on its rows stand.

    Raises:
        Refusal: ``rank_list_over`` where it is no draft; ``rank_period_running`` where its period is not over.
    """
    record = work.records.get([id_])[id_]
    if record.fields["status"] != "draft":
        raise over(record.fields["status"])
    if Span(record.fields["first_day"], record.fields["last_day"]).until_ms > now_ms:
        raise Refusal("rank_period_running", last=record.fields["last_day"])
    until = due(read_calendar(work), now_ms, _TO_OBJECT)
    opened = {"status": "open", "opened_at": instant(now_ms), "objections_until": instant(until)}
    change(work, record, opened, now_ms)


def over(status: str) -> Refusal:
    """Return the refusal of what a list in *status* no longer takes."""
    zh, en = _STOOD[status]
    return Refusal("rank_list_over", state_zh=zh, state_en=en)


_STOOD = {
    "draft": ("还是草稿", "is a draft still"),
    "open": ("正在公示", "is open for objections"),
    "issued": ("已签发", "has been issued"),
    "withdrawn": ("已撤回", "has been withdrawn"),
}


def last_issued(work: UnitOfWork, kind: str, group: str, span: Span, now_ms: int) -> Record | None:
    """Return the last list of its kind that was issued of a period before *span*."""
    heads = issued(work, kind, group, now_ms)
    found = next((one for one in heads if one.first_day < span.first), None)
    return None if found is None else work.records.get([found.id]).get(found.id)


def issued(work: UnitOfWork, kind: str, group: str, now_ms: int) -> list[Head]:
    """Return the issued lists of a kind, the latest first."""
    heads = work.assessing.lists(group, now_ms - LOOKED_BACK_MS)
    return [one for one in heads if (one.kind, one.group, one.status) == (kind, group, "issued")]


def facts_shown(row: Fields) -> Facts:
    """Return the facts that stand in a row of units, as they were frozen."""
    figures: dict[str, int] = {name: value or 0 for name, value in row["figures"].items()}
    tally = Tally(*(figures.get(name, 0) for name in Tally._fields))
    rest = {name: figures.get(name, 0) for name in Facts._fields if name not in ("unit", "tally")}
    return Facts(str(row["about"]), tally=tally, **rest)


def figures_of(facts: Facts) -> Fields:
    """Return what a row keeps of *facts*; nothing stands for none."""
    counted = facts._asdict() | facts.tally._asdict()
    return {name: value for name, value in counted.items() if name not in ("unit", "tally") and value}


def differences(before: Record, now: Iterable[Fields]) -> list[dict[str, Any]]:
    """Return what an issued list would say otherwise 更正, where its rows came out as *now*."""
    fields, fresh = before.fields, {row["about"]: row for row in now}
    shown = {row["about"]: row for row in fields.get("rows", ())}
    told = []
    for about in sorted(shown.keys() | fresh.keys()):
        was, is_ = shown.get(about, {}), fresh.get(about, {})
        if (was.get("score"), was.get("mark")) != (is_.get("score"), is_.get("mark")):
            one = {"list_no": fields.get("list_no"), "first_day": fields["first_day"], "about": about}
            one |= {"name": (was or is_)["name"], "was": was.get("score"), "now": is_.get("score")}
            told.append({name: value for name, value in one.items() if value is not None})
    return told


def _write(work: UnitOfWork, wanted: Wanted, now_ms: int) -> None:
    [filed] = bring_in_within(work, [wanted], now_ms)
    if filed.fate in ("wrong", "void"):
        raise Refusal("invalid_fields", dict(filed.errors or {}))
