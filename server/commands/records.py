"""
Records as an office handles them 记录管理: moving them to another grid.
"""

from pathlib import Path

import click

from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, show, telling
from server.usecases.mistakes import Mistake
from server.usecases.move_records import Asked, Told, move_records
from server.usecases.read_table import read_table

_FATES = {"moved": "已移交", "there": "已在该处", "stays": "不移交", "unknown": "没有找到"}


@click.group("records")
def records() -> None:
    """记录管理。Records: moving them to another grid."""


@records.command("hand-over")
@click.argument("grid", metavar="210902005003007")
@click.option("--as", "signer", help="经办人（编号、工号或姓名），按其权限。Who does it, with his rights.")
@in_district
@telling
def hand_over(grid: str, signer: str | None, district: str | None) -> None:
    """网格换人之后：未结问题归新责任人，告知双方。After others took a grid: its open cases go along, all are told."""
    store = open_store()
    told = move_records(store, pick_district(store, district), Asked(grid, (), grid, signer), now_ms())
    click.echo(f"{_FATES['moved']} moved: {sum(one.fate == 'moved' for one in told)}")


@records.command("move")
@click.argument("names", nargs=-1, metavar="[编号…]")
@click.option("--to", required=True, metavar="210902005003008", help="移交到的区划代码。Where they go.")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="表格或文本，首列为记录编号或登记编号。A table or text: ids or register numbers in the first column.",
)
@click.option(
    "--grid", "whole", metavar="210902005003007", help="该网格的全部登记和未结问题。All entries and open cases."
)
@click.option("--as", "signer", help="经办人（编号、工号或姓名），按其权限。Who does it, with his rights.")
@click.option("--dry-run", is_flag=True, help="只看结果，不移交。Say what would happen, and change nothing.")
@click.option("--all", "everything", is_flag=True, help="逐条列出，包括已移交的。List every record, moved ones too.")
@in_district
@as_json
@telling
def move(
    names: tuple[str, ...],
    to: str,
    file: Path | None,
    whole: str | None,
    signer: str | None,
    dry_run: bool,
    everything: bool,
    district: str | None,
    as_json: bool,
) -> None:
    """移交到另一网格：拆分、合并、划转；检查记录仍归原网格。Move to another grid; checks stay. May be repeated."""
    listed = (*names, *(_names_in(file) if file else ()))
    if not listed and whole is None:
        raise Mistake("请写明记录编号、--file 或 --grid。", "Name records, a --file or a --grid.")
    if whole == to:
        raise Mistake("移出和移入是同一网格。", "It would go where it lies.")
    store = open_store()
    asked = Asked(to, listed, whole, signer)
    told = move_records(store, pick_district(store, district), asked, now_ms(), dry_run=dry_run)
    rows = [_row(one) for one in told if everything or as_json or one.fate in ("stays", "unknown")]
    headings = {"name": "编号", "called": "名称", "from": "原网格", "fate_zh": "结果", "why_zh": "原因"}
    if rows or as_json:
        show(rows, headings, json_wanted=as_json)
    if not as_json:
        _sum_up(told, dry_run=dry_run)
    if any(one.fate == "unknown" for one in told):
        raise SystemExit(1)


def _names_in(file: Path) -> list[str]:
    """Return what stands in the first column of *file*; a heading is none of it."""
    cells = [row.cells[0].strip() for row in read_table(file).rows if row.cells]
    return [cell for place, cell in enumerate(cells) if cell and (place or any(sign.isdigit() for sign in cell))]


def _row(told: Told) -> dict[str, str | None]:
    return {
        "name": told.name, "record": told.record, "type": told.type, "called": told.called, "from": told.from_grid,
        "fate": told.fate, "fate_zh": _FATES[told.fate], "why_zh": told.why[0], "why_en": told.why[1],
    }  # fmt: skip


def _sum_up(told: list[Told], *, dry_run: bool) -> None:
    for fate, label in _FATES.items():
        count = sum(one.fate == fate for one in told)
        if count:
            planned = dry_run and fate == "moved"
            click.echo(f"将移交 would be moved: {count}" if planned else f"{label} {fate}: {count}")
    if dry_run:
        click.echo("只是检查，没有移交。Nothing was moved: a dry run.")
