"""
Bring in a list of findings from above 导入上级检查清单: province, city or nation; or the district's own inspection.

All or nothing, unless somebody says that the good rows may go in without the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.grid import Level
from server.core.importing.report import Report
from server.core.importing.tables import Named, find_heading, read_rows
from server.core.importing.text import Unreadable
from server.core.importing.wanted import Filed, Wanted
from server.core.sources import findings
from server.core.sources.findings import Areas
from server.storage.store import Store
from server.usecases.bring_in import bring_in
from server.usecases.read_table import Table

#: Whose findings come in lists.
SOURCES = ("district_inspection", "city", "province", "national", "media")
#: A national visit finds some hundreds; what is a hundred times that is the wrong file.
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: its report, and what the list says otherwise than the last time, row by row."""

    report: Report
    changed: list[tuple[int, str, str, Any, Any]] = field(default_factory=list)


def import_findings(
    store: Store, district: str, source: str, table: Table, now_ms: int, *, dry_run: bool = False, partial: bool = False
) -> Imported:
    """
    Bring the findings of *table* into the ledger as cases of *source*, to be accepted like any other.

    Args:
        source: One of ``SOURCES``.
        dry_run: Find out, and write nothing.
        partial: Let the good rows in where others are wrong.

    Raises:
        Unreadable: The table has no headings that mean anything, lacks a required one, or is too long.
    """
    if len(table.rows) > MOST_ROWS:
        raise Unreadable(f"超过 {MOST_ROWS} 行，请核对文件。", f"Over {MOST_ROWS} rows: is it the right file?")
    heading = find_heading(table.rows, findings.COLUMNS)
    rows = list(read_rows(table.rows, heading))
    plan = findings.plan(district, source, [row for row in rows if not sums_up(row)], areas_of(store, district))
    report = Report(rows=len(rows), wrong=plan.wrong)
    report.counts["duplicate"] = plan.duplicates
    report.note_ignored(heading.ignored)
    changed = _changed(store, district, plan.wanted)
    tried = bring_in(store, district, plan.wanted, now_ms, dry_run=True)
    report.stopped = not partial and bool(report.wrong or any(one.errors for one in tried))
    if dry_run or report.stopped:
        _count(report, tried, rows)
    else:
        _count(report, bring_in(store, district, plan.wanted, now_ms), rows)
    return Imported(report, changed)


def areas_of(store: Store, district: str) -> Areas:
    """Return the places of *district* that its directory knows."""
    with store.work(district, writing=False) as work:
        found = work.records.of_types({"area"})
    named = {str(one.fields["code"]): str(one.fields["name"]) for one in found if not one.void}
    return Areas(district, {code: name for code, name in named.items() if len(code) >= Level.DISTRICT})


def _changed(store: Store, district: str, wanted: Sequence[Wanted]) -> list[tuple[int, str, str, Any, Any]]:
    with store.work(district, writing=False) as work:
        return findings.changed(wanted, work.records.get([one.id for one in wanted]))


def _count(report: Report, filed: Sequence[Filed], rows: Sequence[Named]) -> None:
    titles: Mapping[str, str] = {column.name: column.title for column in findings.COLUMNS}
    report.add_filed(filed, titles, {row.number: row.texts for row in rows})


def sums_up(row: Named) -> bool:
    """Say whether a row is the last one of an office's sheet: 合计, or who filled it in."""
    first = next(iter(row.texts.values()), "")
    return len(row.texts) <= _FEW and first.startswith(("合计", "总计", "填表人", "审核人"))


_FEW = 3
