"""
Bring in a register from a file 导入登记: street segments, shops, parking areas.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from server.core.importing import registers
from server.core.importing.cells import BadCell
from server.core.importing.layouts import REGISTERS, columns_for, heading_for
from server.core.importing.report import Report
from server.core.importing.tables import Column, Named, read_rows
from server.core.importing.wanted import Wanted
from server.storage.store import Store
from server.usecases.bring_in import bring_in
from server.usecases.mistakes import Mistake
from server.usecases.read_table import Table


def import_register(
    store: Store,
    district: str,
    kind: str,
    table: Table,
    now_ms: int,
    *,
    defaults: Mapping[str, str],
    dry_run: bool = False,
    strict: bool = False,
) -> Report:
    """
    Bring the rows of *table* into the register *kind* (segments, shops, parking); say what became of each.

    Args:
        defaults: Column → text, for what a row does not say; ``grid`` is where it lies.
        dry_run: Find out, and write nothing.
        strict: Write nothing at all where one row is wrong.

    Raises:
        Unreadable: the table has no headings that mean anything.
        Mistake: a default is not a value of its column.
    """
    type_name, columns = REGISTERS[kind], columns_for(kind)
    heading = heading_for(kind, table.rows)
    rows = list(read_rows(table.rows, heading))
    segments = _segments(store, district, rows)
    plan = registers.plan(type_name, district, rows, _read_defaults(columns, defaults), segments)
    report = Report(rows=len(rows), wrong=plan.wrong)
    report.counts["duplicate"] = plan.duplicates
    report.note_ignored(heading.ignored)
    if type_name == "shop" and not {"category"} & (heading.names | defaults.keys()):
        report.notes.append(("没有“类别”列，新商户按“其他”登记", "no category column: new shops are 'other'"))
    titles = {column.name: column.title for column in columns}
    carry_out(store, district, plan.wanted, now_ms, report, titles, rows, dry_run=dry_run, strict=strict)
    return report


def carry_out(
    store: Store,
    district: str,
    wanted: Sequence[Wanted],
    now_ms: int,
    report: Report,
    titles: Mapping[str, str],
    rows: Sequence[Named],
    *,
    dry_run: bool,
    strict: bool,
) -> None:
    """Bring *wanted* in, as far as strictness allows, and count it in *report*."""
    texts = {row.number: row.texts for row in rows}
    if dry_run or strict:
        tried = bring_in(store, district, wanted, now_ms, dry_run=True)
        report.stopped = strict and bool(report.wrong or any(one.errors for one in tried))
        if dry_run or report.stopped:
            report.add_filed(tried, titles, texts)
            return
    report.add_filed(bring_in(store, district, wanted, now_ms), titles, texts)


def _segments(store: Store, district: str, rows: Sequence[Named]) -> dict[str, str]:
    named = registers.segments_named(rows)
    if not named:
        return {}
    with store.work(district, writing=False) as work:
        return work.records.ids_by_code("street_segment", named)


def _read_defaults(columns: Sequence[Column], defaults: Mapping[str, str]) -> dict[str, Any]:
    by_name = {text: column for column in columns for text in (column.name, *column.headings)}
    read: dict[str, Any] = {}
    for name, given in defaults.items():
        column = by_name.get(name)
        if column is None:
            known = "、".join(column.title for column in columns)
            raise Mistake(f"没有“{name}”这一列，有：{known}", f"There is no column '{name}'.")
        try:
            read[column.name] = column.convert(given)
        except BadCell as bad:
            raise Mistake(f"{column.title}“{given}”{bad.error['zh']}", f"{name} '{given}' {bad.error['en']}") from None
    return read
