"""
Load a ledger that was kept elsewhere 载入外来台账: its cases as they stood, opened, due, closed.

They are written as what the server itself brought about: one row of history each, holding the whole case, so that it
can be made again. A case that is there already is left alone: what happened to it here counts.
"""

from collections.abc import Sequence
from functools import partial

from schemas import grid, machines
from schemas.clock import Clock, Received, Stamp
from schemas.directory import area_id
from schemas.explain import errors_of_fields
from schemas.records import TYPES, Fields
from schemas.rules import Candidate
from schemas.workflow import CASE
from server.core import acts, machine
from server.core.importing.report import Report
from server.core.importing.tables import Wrong, find_heading, read_rows
from server.core.intake import Intake
from server.core.sources import foreign
from server.core.sources.foreign import Kept, Layout
from server.core.taken import Taken
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.bring_in import CHUNK
from server.usecases.file_intake import file_intake
from server.usecases.mistakes import Mistake
from server.usecases.read_table import Table
from server.values import Author, Origin, Record, moment


def load_ledger(
    store: Store,
    district: str,
    layout: Layout,
    table: Table,
    now_ms: int,
    *,
    source: str,
    place: str,
    dry_run: bool = False,
    partial_too: bool = False,
) -> Report:
    """
    Load the rows of *table* as cases of *source* that lie at *place*, which also leads them.

    Args:
        dry_run: Find out, and write nothing.
        partial_too: Let the good rows in where others are wrong.

    Raises:
        Unreadable: The table lacks a heading that the layout names.
        Mistake: There is no such place.
    """
    _check_place(store, district, place)
    heading = find_heading(table.rows, foreign.columns_of(layout))
    rows = list(read_rows(table.rows, heading))
    plan = foreign.plan(district, source, place, layout, rows)
    good = [one for one in plan.kept if not _told(one, plan.wrong)]
    report = Report(rows=len(rows), wrong=plan.wrong)
    report.counts["duplicate"] = plan.duplicates
    report.note_ignored(heading.ignored)
    report.stopped = bool(plan.wrong) and not partial_too
    if report.stopped:
        return report
    for at in range(0, len(good), CHUNK):
        chunk = good[at : at + CHUNK]
        fresh = retrying(partial(_attempt, store, district, place, chunk, now_ms, dry_run))
        report.counts["new"] += fresh
        report.counts["unchanged"] += len(chunk) - fresh
    return report


def _check_place(store: Store, district: str, place: str) -> None:
    with store.work(district, writing=False) as work:
        known = place == district or work.records.get([area_id(place)])
    if not known or not grid.lies_in(place, district):
        raise Mistake(f"没有区划 {place}。", f"There is no area {place}.")


def _told(one: Kept, wrong: list[Wrong]) -> bool:
    """Say whether a case is none the ledger may hold, and tell what is wrong with it."""
    found = errors_of_fields(TYPES["case"].schema(), one.fields, partial=False)
    wrong += [
        Wrong(one.row, path, str(one.fields.get(path.partition(".")[0], ""))[:60], dict(error))
        for path, errors in found.items()
        for error in errors
    ]
    return bool(found)


def _attempt(store: Store, district: str, place: str, chunk: Sequence[Kept], now_ms: int, dry_run: bool) -> int:
    with store.work(district) as work:
        fresh = _write(work, place, chunk, now_ms)
        if not dry_run:
            work.commit()
    return fresh


def _write(work: UnitOfWork, place: str, chunk: Sequence[Kept], now_ms: int) -> int:
    device = machine.machine_device(work.district)
    settled = work.devices.lock_install(device, machine.INSTALL).settled
    there = work.records.locked([one.id for one in chunk])
    clock = Clock(device, Stamp(0, 0))
    records = {record.id: record for record in there.values()}
    intake = Intake(device, {}, _Records(records), now_ms, set())
    for one in chunk:
        if one.id not in there:
            stamp = clock.tick(now_ms)
            author = machine.machine_author(work.district, stamp)
            record = _record(one, place, author, now_ms)
            records[one.id] = record
            stood = acts.reckoned(record, _stood(one.fields), Candidate(None, stamp, author.person.id, author.rank))
            intake.brought.append(Taken(record, author, Received(stamp, 0, False), "applied", stood))
    file_intake(work, intake, machine.INSTALL, settled)  # numbers are taken here, last
    return len(intake.brought)


def _stood(fields: Fields) -> Fields:
    """Return what acts would have written here: how far the case had come where it was kept."""
    return {name: value for name, value in fields.items() if name == _STATE or name in _ACTED}


_STATE = "status"
_ACTED = machines.acted_on(CASE)


class _Records(dict[str, Record]):
    """The records at hand while one chunk is written."""

    def put(self, record: Record) -> None:
        """Keep a record that was read beside them."""
        self[record.id] = record


def _record(one: Kept, place: str, author: Author, now_ms: int) -> Record:
    return Record(
        type="case", id=one.id, grid=place, feed=grid.feed_of(place), fields={**one.fields, _STATE: CASE.initial},
        origin=Origin(author.stamp, author.person.id, author.rank), at=moment(author.stamp), by=author.person.id,
        device=author.hand, rank=author.rank, received_ms=now_ms, clean=False, changed=True,
    )  # fmt: skip
