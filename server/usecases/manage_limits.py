"""
What a class of problems is allowed in this district 时限管理: set, brought in from a table, handed out as one.

Limits begin today or later, none is overwritten: what was dispatched before goes by what held then.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from schemas.cases import CLOCKS, PROBLEM_CLASSES, Limit
from schemas.fields import say
from server.core.clocks.limits import PLAIN, VARIANTS, Row, held_on, mistake_in
from server.core.importing import cells
from server.core.importing.tables import Column, Named, Wrong, find_heading, read_rows
from server.storage.calendars import LimitRow
from server.storage.store import Store
from server.storage.unit_of_work import UnitOfWork, retrying
from server.usecases.manage_calendar import Said, by_of, reason_of
from server.usecases.mistakes import Mistake
from server.usecases.read_calendar import read_limits
from server.usecases.read_table import Table

COLUMNS = (
    Column("problem_class", ("问题类别", "类别"),
           cells.word_of({name: known.zh for name, known in PROBLEM_CLASSES.items()}), True),
    Column("grade", ("保洁等级", "道路等级", "等级"), cells.whole),
    Column("variant", ("情形",), cells.word_of({name: zh for name, (zh, _) in VARIANTS.items()})),
    Column("amount", ("时限", "数量"), cells.number, True),
    Column("clock", ("计时方式", "单位"), cells.word_of(dict(CLOCKS)), True),
    Column("valid_from", ("生效日期", "起"), cells.day),
    Column("valid_to", ("截止日期", "止"), cells.day),
)  # fmt: skip


@dataclass(slots=True)
class Brought:
    """What a file of limits came to: rows that are new, rows that say what holds anyway, and mistakes."""

    new: list[Row] = field(default_factory=list)
    unchanged: int = 0
    wrong: list[Wrong] = field(default_factory=list)


def set_limit(store: Store, district: str, row: Row, said: Said) -> None:
    """
    Let *row* hold from its first day on.

    Raises:
        Mistake: it means nothing, or begins before today.
    """
    found = _mistake(row, said)
    if found is not None:
        raise Mistake(f"{found[0]}。", f"{found[1].capitalize()}.")

    def attempt() -> None:
        with store.work(district) as work:
            _keep(work, [row], said)
            work.commit()

    retrying(attempt)


def bring_limits(store: Store, district: str, table: Table, said: Said, *, dry_run: bool = False) -> Brought:
    """
    Take in the limits that *table* names: all of them, or, where one is wrong, none.

    A row without a first day holds from today on. What holds already on that day is not written again.

    Raises:
        Unreadable: the table has no headings that mean anything.
    """
    rows = list(read_rows(table.rows, find_heading(table.rows, COLUMNS)))

    def attempt() -> Brought:
        with store.work(district) as work:
            brought = _sorted_out(rows, read_limits(work), said)
            if brought.new and not brought.wrong and not dry_run:
                _keep(work, brought.new, said)
                work.commit()
        return brought

    return retrying(attempt)


def limits_on(store: Store, district: str, day: date) -> list[Row]:
    """Return the limits that hold on *day*: the standard table with the district's rows over it."""
    with store.work(district, writing=False) as work:
        return held_on(read_limits(work), day)


def as_csv(rows: Iterable[Row]) -> str:
    """Return *rows* as a table that ``bring_limits`` reads again, and a spreadsheet opens."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(column.title for column in COLUMNS)
    for row in rows:
        variant = VARIANTS[row.variant][0] if row.variant else ""
        writer.writerow([
            PROBLEM_CLASSES[row.problem_class].zh, row.grade or "", variant, f"{row.limit.amount:g}",
            CLOCKS[row.limit.clock], row.valid_from or "", row.valid_to or "",
        ])  # fmt: skip
    return "\ufeff" + out.getvalue()


def _sorted_out(rows: Sequence[Named], known: Sequence[Row], said: Said) -> Brought:
    today, brought = date.fromisoformat(said.today), Brought()
    for named in rows:
        if named.wrong:
            brought.wrong += named.wrong
            continue
        try:
            row = _row_of(named)
        except ValueError:
            error = say("day", "没有这一天", "there is no such day")
            brought.wrong.append(Wrong(named.number, "生效日期", "", error))
            continue
        if _holds_already(row, known, today):
            brought.unchanged += 1
            continue
        row = row._replace(valid_from=row.valid_from or today)
        found = _mistake(row, said)
        if found is None:
            brought.new.append(row)
        else:
            brought.wrong.append(Wrong(named.number, "问题类别", row.problem_class, say("invalid", *found)))
    return brought


def _row_of(named: Named) -> Row:
    values = named.values
    begins, ends = (date.fromisoformat(values[n]) if n in values else None for n in ("valid_from", "valid_to"))
    limit = Limit(float(values["amount"]), values["clock"])
    return Row(values["problem_class"], values.get("grade", 0), values.get("variant", PLAIN), limit, begins, ends)


def _holds_already(row: Row, known: Sequence[Row], today: date) -> bool:
    if row.valid_from is not None:
        return row in known
    return any(row[:4] == held[:4] and row.valid_to == held.valid_to for held in held_on(known, today))


def _mistake(row: Row, said: Said) -> tuple[str, str] | None:
    found = mistake_in(row)
    if found is None and (row.valid_from is None or row.valid_from.isoformat() < said.today):
        return "时限只能从今天或以后起生效", "a limit begins today or later"
    return found


def _keep(work: UnitOfWork, rows: Iterable[Row], said: Said) -> None:
    work.calendars.allow(list(_kept(rows, reason_of(said), by_of(work, said), said.now_ms)))


def _kept(rows: Iterable[Row], reason: str, by: str, now_ms: int) -> Iterator[LimitRow]:
    for row in rows:
        begins = row.valid_from.isoformat() if row.valid_from else ""
        ends = row.valid_to.isoformat() if row.valid_to else None
        yield LimitRow(
            row.problem_class,
            row.grade,
            row.variant,
            row.limit.amount,
            row.limit.clock,
            begins,
            ends,
            reason,
            by,
            now_ms,
        )
