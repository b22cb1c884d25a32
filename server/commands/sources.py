"""
Where problems come from 问题来源: lists from above, ledgers kept elsewhere, calls to the hotline, covert findings.
"""

import json
from pathlib import Path

import click
import msgspec

from schemas.cases import SOURCES as ALL_SOURCES
from schemas.wording import title_of
from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, show, telling
from server.commands.conflicts import Called
from server.commands.imports import lines_of
from server.core.importing.report import Report
from server.core.sources.foreign import read_layout
from server.usecases.at_the_desk import operators_desk
from server.usecases.import_findings import SOURCES, Imported, import_findings
from server.usecases.list_instructions import list_instructions
from server.usecases.load_ledger import load_ledger
from server.usecases.mistakes import Mistake
from server.usecases.read_table import read_table
from server.usecases.release_covert import Released, list_sealed, release

_SHOWN = 50
_A_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("file", type=_A_FILE)
@click.option(
    "--source",
    required=True,
    type=Called(ALL_SOURCES),
    metavar="SOURCE",
    help="问题来源，如 province、省暗访。Whose findings.",
)
@click.option("--layout", type=_A_FILE, help="外来台账的列对照（JSON）。Which column is which of a foreign ledger.")
@click.option("--grid", "place", help="外来台账归入此代码，默认全区。Where a foreign ledger's cases lie.")
@click.option("--dry-run", is_flag=True, help="只检查，不写入。Find out, write nothing.")
@click.option("--partial", is_flag=True, help="有错的行不导入，其余导入。Let the good rows in without the wrong ones.")
@click.option("--encoding", help="CSV 编码，默认自动识别。The file's encoding, where it cannot be made out.")
@click.option("--sheet", help="Excel 工作表，默认第一个。Which sheet; the first by default.")
@in_district
@as_json
@telling
def import_list(
    file: Path, source: str, layout: Path | None, place: str | None, dry_run: bool, partial: bool,
    encoding: str | None, sheet: str | None, district: str | None, as_json: bool,
) -> None:  # fmt: skip
    """导入上级检查清单或外来台账；可重复运行。Bring in findings from above, or a foreign ledger; may be repeated."""
    store = open_store()
    where = pick_district(store, district)
    table = read_table(file, encoding, sheet)
    if layout is None:
        if source not in SOURCES:
            listed = "、".join(f"{ALL_SOURCES[one]}（{one}）" for one in SOURCES)
            raise Mistake(
                f"--source 应为：{listed}（或另给 --layout）。", f"--source must be one of: {', '.join(SOURCES)}."
            )
        done = import_findings(store, where, source, table, now_ms(), dry_run=dry_run, partial=partial)
    else:
        laid = read_layout(layout.read_bytes())
        done = Imported(load_ledger(
            store, where, laid, table, now_ms(), source=source, place=place or where, dry_run=dry_run,
            partial_too=partial,
        ))  # fmt: skip
    _say(done, table.read_as, dry_run=dry_run, as_json=as_json)
    # Also where some went in: a script should notice that others did not.
    if done.report.wrong:
        raise SystemExit(1)


def _say(done: Imported, read_as: str, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_as_json(done), ensure_ascii=False, indent=2))
        return
    for row, number, column, before, after in done.changed[:_SHOWN]:
        click.echo(f"第 {row} 行 {number} {column}：“{before or '—'}” → “{after}” (row {row}: changed)")
    for line in lines_of(done.report, read_as, dry_run=dry_run):
        click.echo(line)
    if _is_partial(done.report) and not dry_run:
        rows = len({wrong.row for wrong in done.report.wrong})
        click.echo(f"部分导入：{rows} 行有误，未导入。Not all of it: {rows} rows were wrong and left out.")


def _is_partial(report: Report) -> bool:
    return bool(report.wrong) and not report.stopped


def _as_json(done: Imported) -> dict[str, object]:
    report = done.report
    return {
        "rows": report.rows, "counts": dict(report.counts), "stopped": report.stopped, "partial": _is_partial(report),
        "wrong": [wrong._asdict() for wrong in report.wrong],
        "changed": [
            dict(zip(("row", "number", "column", "before", "after"), one, strict=True)) for one in done.changed
        ],
        "notes": [{"zh": zh, "en": en} for zh, en in report.notes],
    }  # fmt: skip


@click.command("instructions")
@in_district
@as_json
@telling
def list_unanswered(district: str | None, as_json: bool) -> None:
    """列出待回复的批示及剩余天数。Leaders' instructions without a reply, with the days that are left."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        listed = list_instructions(work, operators_desk(work), now_ms()).instructions
    rows = [msgspec.to_builtins(one) for one in listed]
    headings = {
        "days_left": "剩余天数",
        "reply_by": "回复期限",
        "by": "批示人",
        "text": "批示内容",
        "unit": "办理单位",
        "record": "编号",
    }
    show(rows, headings, json_wanted=as_json)


@click.group("covert")
def covert() -> None:
    """暗访封存与解封。Covert findings: what is sealed, and releasing it."""


@covert.command("list")
@in_district
@as_json
@telling
def list_covert(district: str | None, as_json: bool) -> None:
    """列出封存中的暗访记录。List what is sealed."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        rows = [one._asdict() | {"type_zh": title_of(one.type)} for one in list_sealed(work)]
    headings = {
        "number": "编号",
        "type_zh": "类型",
        "real_grid": "实际网格",
        "until": "封存至",
        "said": "内容",
        "id": "ID",
    }
    show(rows, headings, json_wanted=as_json)


@covert.command("release")
@click.argument("ids", nargs=-1, required=True, metavar="编号…")
@click.option("--as", "signer", help="经办人（编号、工号或姓名），按其权限。Who does it, with his rights.")
@in_district
@telling
def release_covert(ids: tuple[str, ...], signer: str | None, district: str | None) -> None:
    """解封：移交实际网格，告知街道；检查与其立案一并解封。Release findings to where they belong; the street is told."""
    store = open_store()
    _tell_released(release(store, pick_district(store, district), ids, signer, now_ms()))


def _tell_released(done: Released) -> None:
    moved = sum(one.fate == "moved" for one in done.told)
    click.echo(f"已解封 released: {moved}")
    if done.homeless:
        listed = "、".join(done.homeless)
        click.echo(
            f"没有写明或不认识实际网格，仍封存：{listed}；请用 records move --to 移交。\n"
            f"Nothing known says where these belong, so they stay sealed: {listed}; use records move --to."
        )
        raise SystemExit(1)
