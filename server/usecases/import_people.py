"""
Bring in people with their roles and areas 导入人员; by staff number, so that it can be done again.
"""

from collections.abc import Iterable, Sequence

from schemas.fields import say
from schemas.roles import Role
from server.core.importing import people
from server.core.importing.layouts import heading_for
from server.core.importing.people import Duty, Entry
from server.core.importing.report import Report
from server.core.importing.tables import Wrong, read_rows
from server.storage.people import Account, Held
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.manage_people import check_account, new_id, person_id
from server.usecases.mistakes import Mistake
from server.usecases.name_units import unit_names
from server.usecases.publish_directory import publish_directory
from server.usecases.read_table import Table
from server.values import Grant


def import_people(
    store: Store, district: str, table: Table, now_ms: int, *, dry_run: bool = False, strict: bool = False
) -> Report:
    """
    Add or change the people that *table* names, and grant what it asks for; nothing is ended or stopped.

    Raises:
        Unreadable: the table has no headings that mean anything.
    """
    heading = heading_for("people", table.rows)
    rows = list(read_rows(table.rows, heading))
    entries, wrong, duplicates = people.plan(district, rows)
    good, refused = _checked(entries)
    report = Report(rows=len(rows), wrong=wrong + refused)
    report.counts["duplicate"] = duplicates
    report.note_ignored(heading.ignored)
    report.stopped = strict and bool(report.wrong)
    retrying(lambda: _attempt(store, district, good, now_ms, report, undo=dry_run or report.stopped))
    return report


def _attempt(store: Store, district: str, entries: Sequence[Entry], now_ms: int, report: Report, *, undo: bool) -> None:
    with store.work(district) as work:
        report.notes += _notes(work, entries)
        fates = [_file(work, entry, known, held, now_ms) for entry, known, held in _beside(work, entries)]
        publish_directory(work, now_ms)
        if not undo:
            work.commit()
    report.counts.update(fates)


def _notes(work: UnitOfWork, entries: Sequence[Entry]) -> list[tuple[str, str]]:
    """Say whom the file leaves without a right that he will miss."""
    duties = [(entry, duty) for entry in entries for duty in entry.duties]
    known = unit_names(work, {duty.unit for _, duty in duties if duty.unit})
    notes = []
    for entry, duty in duties:
        name, row = entry.said["name"], entry.row.number
        if duty.role is Role.DEPARTMENT and duty.unit is None:
            notes.append((
                f"第 {row} 行 {name}：没有单位代码，可以检查，但不能签收派给部门的问题",
                f"row {row}: no unit, so this person may record checks but not sign for a department's cases",
            ))  # fmt: skip
        if duty.unit is not None and duty.unit not in known:
            notes.append((
                f"第 {row} 行 {name}：单位“{duty.unit}”尚未登记（units set）",
                f"row {row}: the unit '{duty.unit}' has not been entered yet (units set)",
            ))  # fmt: skip
    return notes


def _beside(work: UnitOfWork, entries: Sequence[Entry]) -> Iterable[tuple[Entry, Account | None, list[Held]]]:
    known = work.people.by_codes(entry.code for entry in entries)
    held: dict[str, list[Held]] = {}
    for one in work.people.held():
        held.setdefault(one.person, []).append(one)
    for entry in entries:
        account = known.get(entry.code)
        yield entry, account, held.get(account.id, []) if account else []


def _file(work: UnitOfWork, entry: Entry, known: Account | None, held: list[Held], now_ms: int) -> str:
    if known is None:
        account = _account(entry)._replace(id=person_id(work.district, entry.code, now_ms))
        work.people.add([account])
        fate = "new"
    else:
        account = known._replace(**entry.said)  # type: ignore[arg-type]
        fate = "unchanged" if account == known else "changed"
        if account != known:
            work.people.change(account)
    given = [_give(work, account, duty, held, now_ms) for duty in entry.duties]
    return "changed" if fate == "unchanged" and any(given) else fate


def _give(work: UnitOfWork, account: Account, duty: Duty, held: list[Held], now_ms: int) -> bool:
    """Grant *duty* unless it is held, moving its end where the file names another; say whether anything changed."""
    starts = duty.from_ms if duty.from_ms is not None else now_ms
    for one in held:
        grant = one.grant
        same = (grant.role, grant.area) == (duty.role, duty.area) and (
            grant.unit == duty.unit or None in (grant.unit, duty.unit)
        )
        if same and (grant.from_ms == duty.from_ms or (duty.from_ms is None and grant.holds_at(now_ms))):
            return _amend(work, one, duty)
    work.people.grant([Held(new_id(now_ms), account.id, Grant(duty.role, duty.area, starts, duty.to_ms, duty.unit))])
    return True


def _amend(work: UnitOfWork, held: Held, duty: Duty) -> bool:
    """Note the unit and the end that *duty* names beside what is held; say whether anything changed."""
    names_unit = duty.unit is not None and held.grant.unit is None
    if names_unit and duty.unit is not None:
        work.people.assign(held.id, duty.unit)
    if duty.to_ms is None or duty.to_ms == held.grant.to_ms:
        return names_unit
    work.people.end(held.id, duty.to_ms)
    return True


def _checked(entries: Iterable[Entry]) -> tuple[list[Entry], list[Wrong]]:
    good: list[Entry] = []
    wrong: list[Wrong] = []
    for entry in entries:
        try:
            check_account(_account(entry))
            good.append(entry)
        except Mistake as mistake:
            error = say("invalid", mistake.zh, mistake.en)
            wrong.append(Wrong(entry.row.number, "姓名", entry.said.get("name", ""), error))
    return good, wrong


def _account(entry: Entry) -> Account:
    said = entry.said
    return Account("", said["name"], said.get("title", ""), said.get("unit", ""), said.get("phone"), entry.code)
