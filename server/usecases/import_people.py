"""
Bring in people with their roles and areas 导入人员; by staff number, so that it can be done again.
"""

from collections.abc import Iterable, Sequence

from schemas.fields import say
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
        fates = [_file(work, entry, known, held, now_ms) for entry, known, held in _beside(work, entries)]
        publish_directory(work, now_ms)
        if not undo:
            work.commit()
    report.counts.update(fates)


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
        same = (grant.role, grant.area) == (duty.role, duty.area)
        if same and (grant.from_ms == duty.from_ms or (duty.from_ms is None and grant.holds_at(now_ms))):
            if duty.to_ms is None or duty.to_ms == grant.to_ms:
                return False
            work.people.end(one.id, duty.to_ms)
            return True
    work.people.grant([Held(new_id(now_ms), account.id, Grant(duty.role, duty.area, starts, duty.to_ms))])
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
