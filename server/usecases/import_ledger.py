"""
Bring a sheet of the ledger back 台账导入: what somebody changed in it becomes edits in his name, new rows new cases.

Nothing is written by a dry run, and everything is tried there: what the rules or somebody's rights make of a row is
told before. Each row is a transaction of its own; what is written once is not written again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from schemas import grid, validation
from schemas.clock import Clock, Stamp
from schemas.mutations import Mutation
from schemas.problems import Refusal
from schemas.workflow import CASE
from server.core.arrived import Arrived, lay_out
from server.core.desk.reach import reads
from server.core.exporting import of_whole_numbers, sees_whole
from server.core.importing.report import Report
from server.core.importing.tables import Heading, Named, Wrong, find_heading, read_rows
from server.core.importing.text import Unreadable
from server.core.importing.wanted import Wanted
from server.core.intake import Intake
from server.reports.ledger_proposed import ids_of_row, propose
from server.reports.ledger_returned import (
    COLUMNS,
    Change,
    Difference,
    Edit,
    Found,
    Sheet,
    compare,
    is_unnumbered,
    number_of_row,
    title_of,
)
from server.reports.ledger_rows import Called, cells_of
from server.storage.records import RecordStore
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.at_the_desk import INSTALL, Desk, signer_of, told_at_once
from server.usecases.file_intake import file_intake
from server.usecases.import_findings import areas_of, sums_up
from server.usecases.keep_time import OfficeClock
from server.usecases.list_cases import names_for, reach
from server.usecases.read_sheet import Returned
from server.values import Person, Record

#: A district's ledger of a year; what is longer is the wrong file.
MOST_ROWS = 50_000
_CHUNK = 250
_NEEDED = frozenset({"number", "description"})
#: A rule set these aside, or asks a person about them.
_NOT_SHOWN = frozenset({"set_aside", "open"})


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do: its report, what is written, what is said otherwise and not written."""

    report: Report
    changes: list[Change] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


def import_ledger(
    store: Store, desk: Desk, sheet: Returned, now_ms: int, *, person: str | None = None, source: str | None = None,
    dry_run: bool = True, partly: bool = False,
) -> Imported:  # fmt: skip
    """
    Hold *sheet* against the ledger as *person* reads it, and write what he changed, unless it is a dry run.

    Args:
        person: Who brings it; None where the device speaks for one person only.
        source: Where problems come from, of new rows that do not say.
        partly: Let the good rows in where others are wrong.

    Raises:
        Unreadable: The table has no headings of the ledger, or is too long.
        Refusal: As ``signer_of``.
    """
    with told_at_once():
        signer = signer_of(desk, person)
    desk = Desk(desk.district, desk.device, {signer.id: signer})
    heading, rows = _read(sheet)
    report = Report(rows=len(rows))
    report.note_ignored(heading.ignored)
    said = Sheet(areas_of(store, desk.district), signer.id, _home(signer, desk.district, now_ms), heading.names, source)
    found = _Looking(store, desk, signer, sheet, said, now_ms, report).all(rows)
    done = Imported(report, [one for edit in found.edits for one in edit.changes], found.differences)
    report.wrong += found.wrong
    report.counts["unchanged"] += found.unchanged
    _Writing(store, desk, signer, now_ms, done).all(found, dry_run=dry_run, partly=partly)
    return done


def _home(signer: Person, district: str, now_ms: int) -> str:
    """Return the widest of the areas of *signer* now; a department's is the district."""
    held = [grant.area for grant in signer.grants if grant.holds_at(now_ms) and grid.lies_in(grant.area, district)]
    return min(held, key=len, default=district)


def _read(sheet: Returned) -> tuple[Heading, list[Named]]:
    if len(sheet.table.rows) > MOST_ROWS:
        raise Unreadable(f"超过 {MOST_ROWS} 行，请核对文件。", f"Over {MOST_ROWS} rows: is it the right file?")
    heading = find_heading(sheet.table.rows, COLUMNS)
    if not heading.names & _NEEDED:
        raise Unreadable(
            "这不是问题台账：至少要有“问题编号”或“存在问题”列。",
            "This is no ledger: it has neither number nor problem.",
        )
    return heading, [row for row in read_rows(sheet.table.rows, heading) if row.wrong or not sums_up(row)]


class _Looking:
    """Rows held against the ledger, a few hundred at a time; nothing is written."""

    def __init__(
        self, store: Store, desk: Desk, signer: Person, returned: Returned, sheet: Sheet, now_ms: int, report: Report
    ) -> None:
        self._store, self._desk, self._now_ms, self._report = store, desk, now_ms, report
        self._reach, self._whole = reach(desk, now_ms), of_whole_numbers(signer, now_ms)
        self._seals, self._sheet, self._found = returned.seals, sheet, Found()
        self._seen: dict[str, int] = {}

    def all(self, rows: Sequence[Named]) -> Found:
        """Return what *rows* lead to."""
        rest: Iterator[Named] = iter(rows)
        while chunk := list(islice(rest, _CHUNK)):
            with self._store.work(self._desk.district, writing=False) as work:
                self._look_at(work, [row for row in chunk if not self._faulty(row)])
        return self._found

    def _faulty(self, row: Named) -> bool:
        self._found.wrong += row.wrong
        return bool(row.wrong)

    def _look_at(self, work: UnitOfWork, rows: Sequence[Named]) -> None:
        ids = self._ids(work, rows)
        records = work.records.get(ids[row.number] for row in rows if row.number in ids)
        mine = [one for one in records.values() if reads(self._reach, one.grid, one.fields)]
        phones = work.documents.phones({str(one.fields.get("owner_person") or "") for one in mine})
        called = Called(names_for(work, mine), self._sheet.areas.names, phones)
        for row in rows:
            if not self._is_again(row, ids.get(row.number)):
                self._take(row, records.get(ids.get(row.number, "")), called)

    def _ids(self, work: UnitOfWork, rows: Sequence[Named]) -> dict[int, str]:
        """Return the case that each row is about, by the row's number; a row about none is left out."""
        numbers = {row.number: number_of_row(row) for row in rows}
        numbered = work.documents.numbered({number for number in numbers.values() if number is not None})
        found = {row: numbered[number] for row, number in numbers.items() if number in numbered}
        district, source = self._desk.district, self._sheet.source
        earlier = {row.number: ids_of_row(district, row, numbers[row.number], source)
                   for row in rows if row.number not in found}  # fmt: skip
        there = work.records.get({id_ for ids in earlier.values() for id_ in ids})
        found |= {row: id_ for row, ids in earlier.items() for id_ in ids if id_ in there}
        return found

    def _is_again(self, row: Named, case: str | None) -> bool:
        """Say whether an earlier row was about the same *case*; the first one counts."""
        before = self._seen.setdefault(case, row.number) if case is not None else row.number
        if before == row.number:
            return False
        self._report.counts["duplicate"] += 1
        zh, en = f"第 {row.number} 行与第 {before} 行是同一件，以前一行为准", f"row {row.number} repeats row {before}"
        self._report.notes.append((zh, en))
        return True

    def _take(self, row: Named, case: Record | None, called: Called) -> None:
        number = number_of_row(row)
        if is_unnumbered(number):
            self._wrong(row, "待编号的行对不上问题；请待编号后重新导出", "it had no number yet: export it again")
        elif case is None or (grid.is_sealed(case.grid) and not self._is_mine(case)):
            self._propose(row, number)
        elif case.type != CASE.name or not self._is_mine(case):
            self._wrong(row, "这件问题不在您的可见范围内", "this case is not in your area")
        elif case.void:
            self._report.counts["void"] += 1
        else:
            whole = sees_whole(self._whole, case.grid, case.fields)
            cells = cells_of(case, called, self._now_ms, whole=whole)
            compare(row, case, cells, self._seals.get(number or ""), self._sheet, self._found)

    def _propose(self, row: Named, number: str | None) -> None:
        before = len(self._found.wanted)
        propose(row, number, self._sheet, self._found)
        for made in self._found.wanted[before:]:
            if self._is_again(row, made.id):
                self._found.wanted.pop()

    def _is_mine(self, case: Record) -> bool:
        return reads(self._reach, case.grid, case.fields)

    def _wrong(self, row: Named, zh: str, en: str) -> None:
        error = {"code": "number", "zh": zh, "en": en}
        self._found.wrong.append(Wrong(row.number, title_of("number"), row.texts.get("number", ""), error))


class _Writing:
    """What was found, written row by row in the name of who brings it."""

    def __init__(self, store: Store, desk: Desk, signer: Person, now_ms: int, done: Imported) -> None:
        self._store, self._desk, self._signer, self._now_ms, self._done = store, desk, signer, now_ms, done

    def all(self, found: Found, *, dry_run: bool, partly: bool) -> None:
        """Try everything, then write it, unless it is a dry run or something is wrong."""
        report = self._done.report
        edits, new = self._tried(found, commit=False)
        report.stopped = bool(report.wrong) and not partly
        if not dry_run and not report.stopped:
            edits, new = self._tried(Found(edits=edits, wanted=new), commit=True)
        report.counts["changed"] += len(edits)
        report.counts["new"] += len(new)

    def _tried(self, found: Found, *, commit: bool) -> tuple[list[Edit], list[Wanted]]:
        """Return what of *found* could be written, and was where it is to be committed."""
        edits = [one for one in found.edits if self._told(one.row, partial(self._edit, one, commit=commit))]
        return edits, [one for one in found.wanted if self._told(one.row, partial(self._make, one, commit=commit))]

    def _told(self, row: int, attempt: Callable[[], tuple[str, ...]]) -> bool:
        """Carry *attempt* out; tell why it was refused, by row and column."""
        try:
            with told_at_once():
                kept = retrying(attempt)
        except Refusal as refusal:
            self._done.report.wrong += _in_words(row, refusal)
            return False
        if kept:
            self._done.report.kept[row] = kept
        return True

    def _edit(self, edit: Edit, *, commit: bool) -> tuple[str, ...]:
        """Write one edit; return the fields in which another's word stands."""
        with self._store.work(self._desk.district) as work:
            taking = _Taking(work, self._desk, edit.case, self._now_ms)
            record = taking.records.get(edit.case)
            if record is None:
                raise Refusal("case_unknown")
            add = {"remark": list(edit.remarks)} if edit.remarks else {}
            parts = {"op": "patch", "grid": record.grid, "base": min(edit.base, record.version)}
            kept = taking.take(self._signer, record.at, id=edit.case, set=edit.sets, add=add, **parts)
            if commit:
                work.commit()
        return kept

    def _make(self, wanted: Wanted, *, commit: bool) -> tuple[str, ...]:
        with self._store.work(self._desk.district) as work:
            taking = _Taking(work, self._desk, wanted.id, self._now_ms)
            if taking.records.get(wanted.id) is not None:
                return ()
            add = {name: list(elements) for name, elements in wanted.sets.items()}
            fields = {**wanted.defaults, **wanted.fields}
            kept = taking.take(
                self._signer, Stamp(0, 0), op="create", id=wanted.id, grid=wanted.grid, set=fields, add=add
            )
            if commit:
                work.commit()
        return kept


class _Taking:
    """One case, locked, and one mutation about it."""

    def __init__(self, work: UnitOfWork, desk: Desk, case: str, now_ms: int) -> None:
        self._work, self._desk, self._now_ms = work, desk, now_ms
        self._settled = work.devices.lock_install(desk.device, INSTALL).settled
        self.records = _AtHand(work.records, case)

    def take(self, signer: Person, after: Stamp, **parts: Any) -> tuple[str, ...]:
        """
        Take a mutation in as any other; numbers are taken here, last.

        Args:
            after: What its stamp comes after.

        Returns:
            The fields in which another's word stands.
        """
        stamp = Clock(self._desk.device, after).tick(self._now_ms)
        mutation = Mutation(n=self._settled + 1, type=CASE.name, at=(stamp.ms, stamp.counter), by=signer.id, **parts)
        intake = Intake(
            device=self._desk.device, people=self._desk.people, records=self.records, received_ms=self._now_ms,
            refused_ids=set(), upto=mutation.n, times=OfficeClock(self._work, self._now_ms),
        )  # fmt: skip
        intake.take_all([_arrived(mutation, self._desk.device)])
        for _, refusal in intake.refused:
            raise refusal
        if intake.waiting:
            raise Refusal("case_unknown")
        [taken] = intake.taken
        # The tablet of the same device did not write it, and is to hear of it.
        taken.record.clean = False
        file_intake(self._work, intake, INSTALL, self._settled)
        self._work.devices.settle(self._desk.device, INSTALL, mutation.n)
        return tuple(one.field for one in taken.decisions if one.outcome in _NOT_SHOWN and one.field in mutation.set)


class _AtHand:
    """The case at hand, and whatever else it turns out to touch, locked when asked for."""

    def __init__(self, store: RecordStore, case: str) -> None:
        self._store = store
        self._records: dict[str, Record | None] = {case: store.locked([case]).get(case)}

    def get(self, record_id: str) -> Record | None:
        """Return the record, or None where there is none."""
        if record_id not in self._records:
            self._records[record_id] = self._store.locked([record_id]).get(record_id)
        return self._records[record_id]

    def put(self, record: Record) -> None:
        """Keep a record."""
        self._records[record.id] = record


def _arrived(mutation: Mutation, device: str) -> Arrived:
    # The server's own clock: received as it was claimed, whatever it says.
    return lay_out(
        mutation, validation.type_of(mutation), validation.write_mutation(mutation), device, 0, mutation.at[0]
    )


def _in_words(row: int, refusal: Refusal) -> Iterator[Wrong]:
    """Yield what is wrong with a row, by column."""
    for path, errors in (refusal.errors or {}).items():
        name = path.partition(".")[0]
        yield from (Wrong(row, _heading(name), "", dict(error)) for error in errors)
    if not refusal.errors:
        yield Wrong(row, "", "", {"code": refusal.code, "zh": refusal.message_zh, "en": refusal.message_en})


_HEADINGS: Mapping[str, str] = {column.name: column.title for column in COLUMNS} | {"source_no": title_of("number")}


def _heading(name: str) -> str:
    return _HEADINGS.get(name, name)
