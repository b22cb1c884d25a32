"""
Bringing in what offices have in tables 导入.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, telling
from server.core.importing.report import Report
from server.storage.store import Store
from server.usecases.import_divisions import import_divisions
from server.usecases.import_people import import_people
from server.usecases.import_register import import_register
from server.usecases.mistakes import Mistake
from server.usecases.read_table import Table, read_table

F = TypeVar("F", bound=Callable[..., Any])
Bring = Callable[..., Report]
#: After this many mistakes the file is the wrong one, and a screen is full.
SHOWN = 50

_WORDS = {
    "new": "新增 new",
    "changed": "更新 changed",
    "unchanged": "未变 unchanged",
    "kept": "保留现场修改 kept as people wrote it",
    "void": "已作废，未动 void, left alone",
    "duplicate": "文件内重复 duplicate rows",
    "elsewhere": "其他区县的行 rows of other districts",
}


@click.group("import")
def import_() -> None:
    """从 CSV 或 Excel 导入；可重复运行。Bring in CSV or Excel files; may be repeated."""


def _with_options(command: F) -> F:
    options = (
        click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
        click.option("--dry-run", is_flag=True, help="只检查，不写入。Find out, write nothing."),
        click.option("--strict", is_flag=True, help="有一行错误就全部不写。One wrong row stops everything."),
        click.option("--encoding", help="CSV 编码，默认自动识别。The file's encoding, where it cannot be made out."),
        click.option("--sheet", help="Excel 工作表，默认第一个。Which sheet; the first by default."),
        in_district,
        as_json,
    )
    for option in reversed(options):
        command = option(command)
    return command


def _add_plain(word: str, about: str, bring: Bring) -> None:
    @import_.command(word, help=about)
    @_with_options
    @telling
    def plain(
        file: Path, dry_run: bool, strict: bool, encoding: str | None, sheet: str | None, district: str | None,
        as_json: bool,
    ) -> None:  # fmt: skip
        _run(bring, file, dry_run, strict, encoding, sheet, district, as_json)


def _add_register(word: str, about: str) -> None:
    @import_.command(word, help=about)
    @_with_options
    @click.option("--grid", help="没有网格列的行归入此代码。Where rows lie that do not say.")
    @click.option("--default", "given", multiple=True, metavar="列=值", help="新记录的默认值。A value for new records.")
    @telling
    def register(
        file: Path, dry_run: bool, strict: bool, encoding: str | None, sheet: str | None, district: str | None,
        as_json: bool, grid: str | None, given: tuple[str, ...],
    ) -> None:  # fmt: skip
        defaults = _pairs(given) | ({"grid": grid} if grid else {})

        def bring(store: Store, place: str, table: Table, now: int, *, dry_run: bool, strict: bool) -> Report:
            return import_register(store, place, word, table, now, defaults=defaults, dry_run=dry_run, strict=strict)

        _run(bring, file, dry_run, strict, encoding, sheet, district, as_json)


_add_plain("divisions", "行政区划：街道、社区、网格。Streets, communities, grids.", import_divisions)
_add_plain("people", "人员及其身份、责任区域（按工号）。People with roles and areas, by staff number.", import_people)
_add_register("segments", "路段。Street segments.")
_add_register("shops", "商户。Shops.")
_add_register("parking", "停车区。Parking areas.")


def _run(
    bring: Bring,
    file: Path,
    dry_run: bool,
    strict: bool,
    encoding: str | None,
    sheet: str | None,
    district: str | None,
    as_json: bool,
) -> None:
    store = open_store()
    place = pick_district(store, district)
    table = read_table(file, encoding, sheet)
    report = bring(store, place, table, now_ms(), dry_run=dry_run, strict=strict)
    if as_json:
        click.echo(_as_json(report, table))
    else:
        for line in lines_of(report, table.read_as, dry_run=dry_run):
            click.echo(line)
    # A file of which nothing was good is the wrong file, and a script should notice.
    if report.stopped or (report.wrong and not report.counts.total()):
        raise SystemExit(1)


def lines_of(report: Report, read_as: str, *, dry_run: bool) -> Iterable[str]:
    """Yield the report for a person: mistakes first, row by row, then the counts."""
    for wrong in sorted(report.wrong, key=lambda wrong: wrong.row)[:SHOWN]:
        value = f"“{wrong.value}”" if wrong.value else ""
        yield f"第 {wrong.row} 行 {wrong.column}{value}：{wrong.error['zh']} (row {wrong.row}: {wrong.error['en']})"
    if len(report.wrong) > SHOWN:
        yield f"…… 另有 {len(report.wrong) - SHOWN} 处错误 and more mistakes"
    for zh, en in report.notes[:SHOWN]:
        yield f"注意 {zh} ({en})"
    yield f"读取 {report.rows} 行 rows（{read_as}），错误 {len({w.row for w in report.wrong})} 行 wrong"
    for word, label in _WORDS.items():
        if report.counts[word]:
            yield f"  {label}: {report.counts[word]}"
    if dry_run:
        yield "只是检查，没有写入。Nothing was written: a dry run."
    elif report.stopped:
        yield "因有错误，没有写入任何内容。Nothing was written, because of the mistakes."


def _as_json(report: Report, table: Table) -> str:
    return json.dumps(
        {
            "read_as": table.read_as, "rows": report.rows, "counts": dict(report.counts), "stopped": report.stopped,
            "wrong": [wrong._asdict() for wrong in report.wrong],
            "kept": [{"row": row, "fields": fields} for row, fields in report.kept.items()],
            "notes": [{"zh": zh, "en": en} for zh, en in report.notes],
        },
        ensure_ascii=False, indent=2,
    )  # fmt: skip


def _pairs(given: Iterable[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for pair in given:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            raise Mistake(f"“{pair}”应写成 列=值。", f"'{pair}' should be COLUMN=VALUE.")
        pairs[name.strip()] = value.strip()
    return pairs
