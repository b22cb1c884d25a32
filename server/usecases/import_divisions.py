"""
Bring in the administrative divisions of a district 导入区划: city, district, streets, communities, grids.
"""

from collections.abc import Sequence

from schemas import grid
from schemas.directory import area_id
from server.core.importing import divisions
from server.core.importing.layouts import heading_for
from server.core.importing.report import Report
from server.core.importing.tables import Named, read_rows
from server.storage.store import Store
from server.usecases.import_register import carry_out
from server.usecases.publish_directory import publish_directory
from server.usecases.read_table import Table


def import_divisions(
    store: Store, district: str, table: Table, now_ms: int, *, dry_run: bool = False, strict: bool = False
) -> Report:
    """
    Bring the areas of *district* that *table* names into the directory; rows about other places are counted.

    Raises:
        Unreadable: the table has no headings that mean anything.
    """
    heading = heading_for("divisions", table.rows)
    rows = list(read_rows(table.rows, heading))
    plan, elsewhere = divisions.plan(district, rows, _there(store, district, rows))
    report = Report(rows=len(rows), wrong=plan.wrong)
    report.counts.update({"duplicate": plan.duplicates, "elsewhere": elsewhere})
    report.note_ignored(heading.ignored)
    titles = {column.name: column.title for column in divisions.COLUMNS}
    carry_out(store, district, plan.wanted, now_ms, report, titles, rows, dry_run=dry_run, strict=strict)
    if not dry_run and not report.stopped:
        with store.work(district) as work:
            # Whoever was granted an area before it was known holds it from now on.
            publish_directory(work, now_ms)
            work.commit()
    return report


def _there(store: Store, district: str, rows: Sequence[Named]) -> set[str]:
    above = {grid.parent_of(row.values["code"]) for row in rows if grid.is_code(row.values.get("code", ""))}
    ids = {area_id(code): code for code in above if code}
    with store.work(district, writing=False) as work:
        found = work.records.get(ids)
    # The district itself is there: it was begun under this code.
    return {ids[record_id] for record_id in found} | {district}
