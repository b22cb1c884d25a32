"""
Move records to another grid 移交记录: a grid split, two merged, a street's border drawn anew.

The office's act, through the writer that every change goes through: records locked in the order of their ids,
each move a row of the history, numbers taken last. Whoever saw a record where it lay is told by its departure.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Literal, NamedTuple

from schemas import grid
from schemas.clock import Stamp
from schemas.directory import area_id
from server.core import admission, machine, moving
from server.core.moving import Move
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.file_moves import Moved, called, file_moves
from server.usecases.manage_people import find_person
from server.usecases.mistakes import Mistake
from server.usecases.pair_released import pair_released
from server.values import Author, Person, Record

#: Records a transaction; tablets sync between two of them.
CHUNK = 200

Fate = Literal["moved", "there", "stays", "unknown"]


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What is to be moved where.

    Attributes:
        to: The code it is to lie at.
        names: Ids of records, or numbers of register entries.
        whole: A grid of which all register entries and open cases are moved; the same as ``to``, where others hold
            the grid now: its open cases are theirs, and both are told.
        signer: Who does it (id, staff number or name), with his rights; None: the operator.
    """

    to: str
    names: tuple[str, ...] = ()
    whole: str | None = None
    signer: str | None = None


class Told(NamedTuple):
    """What became of one record; ``why`` says in Chinese and in English why it stays."""

    name: str
    record: str | None
    type: str
    called: str
    from_grid: str
    fate: Fate
    why: tuple[str, str] = ("", "")


def move_records(
    store: Store,
    district: str,
    asked: Asked,
    now_ms: int,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _done: None,
) -> list[Told]:
    """
    Move what is *asked*, ``CHUNK`` records a transaction, and say what became of each.

    Open cases about a register entry go with it; checks stay where they were observed. What lies there
    already is left alone, so an interrupted run is simply run again.

    Args:
        dry_run: Find out what would happen, and undo it.
        progress: Told how many records are done, after each transaction.

    Raises:
        Mistake: there is no such place, or the signer may not move this.
    """
    with store.work(district, writing=False) as work:
        _check_place(work, asked.to)
        author = _author(work, asked.signer, now_ms)
        names = _resolved(work, asked)
    told = [Told(name, None, "", name, "", "unknown") for name, record in names.items() if record is None]
    wanted = [(name, record) for name, record in names.items() if record is not None]
    seen: set[str] = set()
    for chunk in _chunks(wanted):
        done = retrying(partial(_attempt, store, district, asked, chunk, author, now_ms, dry_run=dry_run))
        told += [one for one in done if one.record not in seen]
        seen.update(one.record for one in done if one.record)
        progress(len(told))
    return told


def _check_place(work: UnitOfWork, place: str) -> None:
    if not grid.is_code(place) or not grid.lies_in(place, work.district):
        raise Mistake(f"“{place}”不是 {work.district} 内的区划代码。", f"'{place}' is no code inside {work.district}.")
    known = work.records.get([area_id(place)]) or any(held.grant.area == place for held in work.people.held())
    if not known:
        raise Mistake(
            f"没有区划 {place}，也无人负责那里；请先导入区划或授权。",
            f"There is no area {place} and nobody answers for it; import the division or grant a role there first.",
        )


def _author(work: UnitOfWork, signer: str | None, now_ms: int) -> Author:
    device = machine.machine_device(work.district)
    stamp = Stamp(now_ms, 0, device)
    if signer is None:
        return machine.machine_author(work.district, stamp)
    account = find_person(work, signer)
    if account.stopped_ms is not None:
        raise Mistake(f"{account.name}的账号已停用。", f"The account of {account.name} was stopped.")
    grants = tuple(held.grant for held in work.people.held(account.id))
    role = max((g.role for g in grants if g.holds_at(now_ms)), key=lambda held: held.rank, default=None)
    return Author(Person(account.id, account.name, grants), device, role, stamp)


def _resolved(work: UnitOfWork, asked: Asked) -> dict[str, str | None]:
    """Return the id of each record asked for, by the name it was asked for under; None where there is none."""
    found: dict[str, str | None] = dict.fromkeys(asked.names)
    for type_name in sorted(admission.REGISTERS):
        found |= work.records.ids_by_code(type_name, asked.names)
    found |= {record: record for record in work.records.get(asked.names)}
    if asked.whole is not None:
        types = admission.CASES if asked.whole == asked.to else admission.REGISTERS | admission.CASES
        lying = work.records.lying_in(asked.whole, types)
        found |= {record: record for record in lying}
    return found


def _chunks(wanted: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    rest = iter(wanted)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _attempt(
    store: Store,
    district: str,
    asked: Asked,
    chunk: Sequence[tuple[str, str]],
    author: Author,
    now_ms: int,
    *,
    dry_run: bool,
) -> list[Told]:
    with store.work(district) as work:
        names = {record: name for name, record in chunk}
        records = work.records.locked(names)
        records |= _cases_along(work, records.values(), asked.to)
        told = [_told(names.get(i, ""), record, asked) for i, record in sorted(records.items())]
        moved = [
            Moved(records[one.record], _moved(records[one.record], asked.to, now_ms))
            for one in told
            if one.fate == "moved" and one.record
        ]
        if asked.signer is not None:
            _check_signer(author, moved, now_ms)
        if moved and not dry_run:
            file_moves(work, moved, author, now_ms)  # numbers are taken here, last
            pair_released(work, moved, author, now_ms)
            work.commit()
    return told


def _cases_along(work: UnitOfWork, records: Iterable[Record], to: str) -> dict[str, Record]:
    """Return the open cases about those of *records* that are moved, lying where these lie."""
    places = {r.id: r.grid for r in records if r.type in admission.REGISTERS and r.grid != to and not r.void}
    about = work.records.about(places, 0, lock=False) if places else {}
    cases = work.records.locked([one.id for one in about.values() if moving.is_open(one)])
    return {
        one.id: one
        for one in cases.values()
        if moving.is_open(one) and one.grid == places.get(str(one.fields.get("target_id")))
    }


def _told(name: str, record: Record, asked: Asked) -> Told:
    about = (name, record.id, record.type, called(record), record.grid)
    why = moving.stays(record)
    if record.grid == asked.to and (asked.whole != asked.to or why is not None):
        return Told(*about, "there")
    if asked.whole is not None and name == record.id and record.grid != asked.whole:
        why = ("已不在该网格", "it lies there no more")
    return Told(*about, "moved") if why is None else Told(*about, "stays", why)


def _moved(record: Record, to: str, now_ms: int) -> Move:
    """Return the move of *record*, its numbers still to be taken."""
    return Move(record.grid, record.feed, record.version, 0, to, grid.feed_of(to), 0, now_ms)


def _check_signer(author: Author, moved: Iterable[Moved], now_ms: int) -> None:
    for pair in Counter((one.move.from_grid, one.move.to_grid) for one in moved):
        if not all(admission.may_move(author.person, place, now_ms) for place in pair):
            raise Mistake(
                f"{author.person.name}的身份不能把 {pair[0]} 的记录移交 {pair[1]}，须由街道或区创卫办办理。",
                f"{author.person.name} may not move records from {pair[0]} to {pair[1]}; an office may.",
            )
