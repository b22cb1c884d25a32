"""
How much time each class of problems is allowed 整改时限: listed, set, brought in from a table, handed out as one.
"""

from datetime import date
from pathlib import Path
from typing import Any

import click

from schemas.cases import CLOCKS, PROBLEM_CLASSES, Limit
from schemas.moments import day_of
from server.commands.calendar import with_reason
from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, plain, show, telling, when
from server.commands.typed import day_named
from server.core.clocks.limits import ANY_GRADE, PLAIN, VARIANTS, Row, as_words
from server.core.clocks.limits import plain as as_data
from server.usecases.manage_calendar import Said
from server.usecases.manage_limits import Brought, as_csv, bring_limits, limits_on, set_limit
from server.usecases.read_table import read_table

_HEADINGS = {
    "class": "问题类别", "grade": "保洁等级", "variant": "情形", "limit": "时限", "from": "生效日期", "to": "截止日期",
}  # fmt: skip
_SHOWN = 50


def class_named(text: str) -> str:
    """Return a class of problems by its word or as people call it; the type of an argument."""
    for name, known in PROBLEM_CLASSES.items():
        if text in (name, known.zh):
            return name
    raise click.BadParameter(f"没有问题类别“{text}”，见 limits list。There is no class '{text}'; see limits list.")


def clock_named(text: str) -> str:
    """Return a clock by its word or as people call it; the type of an argument."""
    for name, zh in CLOCKS.items():
        if text in (name, zh):
            return name
    listed = "、".join(f"{zh}({name})" for name, zh in CLOCKS.items())
    raise click.BadParameter(f"没有计时方式“{text}”，有：{listed}。There is no clock '{text}'.")


@click.group("limits")
def limits() -> None:
    """整改时限：按类别、等级、情形，带生效日期。How much time problems are allowed, with dates of validity."""


@limits.command("list")
@click.argument("problem_class", type=class_named, required=False)
@click.option("--on", "day", type=day_named, help="哪一天有效的，默认今天。What holds on this day; today by default.")
@click.option("--history", is_flag=True, help="列出写过的每一条。Every row ever written.")
@in_district
@as_json
@telling
def list_limits(
    problem_class: str | None, day: date | None, history: bool, district: str | None, as_json: bool
) -> None:
    """列出有效的时限。List what holds."""
    store = open_store()
    place = pick_district(store, district)
    if history:
        _show_history(store, place, problem_class, as_json)
        return
    rows = [row for row in limits_on(store, place, day or _today()) if problem_class in (None, row.problem_class)]
    show([as_data(row) if as_json else _told(row) for row in rows], _HEADINGS, json_wanted=as_json)


@limits.command("set")
@click.argument("problem_class", type=class_named)
@click.argument("amount", type=float)
@click.argument("clock", type=clock_named)
@click.option("--grade", type=click.IntRange(1, 4), help="只对这一保洁等级。For roads of this grade only.")
@click.option("--variant", type=click.Choice(list(VARIANTS)), default=None, help="只对这种情形。For this variant only.")
@click.option("--from", "first", type=day_named, help="从这天起，默认今天。From this day on; today by default.")
@click.option(
    "--to", "last", type=day_named, help="到这天为止（含），之后恢复原时限。Until this day; what held before returns."
)
@with_reason
@in_district
@telling
def set_one(
    problem_class: str, amount: float, clock: str, grade: int | None, variant: str | None, first: date | None,
    last: date | None, reason: str, by: str, district: str | None,
) -> None:  # fmt: skip
    """设定时限，如：limits set 道路不洁 1 工作时 --grade 1。Set a limit; what was dispatched before keeps its own."""
    store = open_store()
    row = Row(problem_class, grade or ANY_GRADE, variant or PLAIN, Limit(amount, clock), first or _today(), last)
    set_limit(store, pick_district(store, district), row, Said(reason, by, now_ms()))
    click.echo(plain("已设定 Set: " + " ".join(filter(None, _told(row).values()))))


@limits.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="只检查，不写入。Find out, write nothing.")
@with_reason
@in_district
@telling
def bring_in(file: Path, dry_run: bool, reason: str, by: str, district: str | None) -> None:
    """从 CSV 或 Excel 导入；有一行错误就全部不写。Bring in a table; one wrong row stops everything."""
    store = open_store()
    said = Said(reason, by, now_ms())
    brought = bring_limits(store, pick_district(store, district), read_table(file), said, dry_run=dry_run)
    _tell(brought, dry_run=dry_run)
    if brought.wrong:
        raise SystemExit(1)


@limits.command("export")
@click.option("--on", "day", type=day_named, help="哪一天有效的，默认今天。What holds on this day; today by default.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="写入文件。Into this file.")
@in_district
@telling
def hand_out(day: date | None, out: Path | None, district: str | None) -> None:
    """导出为 CSV，可修改后再导入。As a table that can be changed and brought in again."""
    store = open_store()
    text = as_csv(limits_on(store, pick_district(store, district), day or _today()))
    if out is None:
        click.echo(text.removeprefix("\ufeff"), nl=False)
        return
    out.write_text(text, encoding="utf-8", newline="")
    click.echo(f"已写入 Written: {out}")


def _show_history(store: Any, district: str, problem_class: str | None, as_json: bool) -> None:
    with store.work(district, writing=False) as work:
        kept = [row for row in work.calendars.limits() if problem_class in (None, row.problem_class)]
    if as_json:
        show([row._asdict() for row in kept], {}, json_wanted=True)
        return
    rows = [{"at": when(row.at_ms), "class": PROBLEM_CLASSES[row.problem_class].zh, "grade": row.grade or "",
             "variant": row.variant, "limit": as_words(Limit(row.amount, row.clock)), "from": row.valid_from,
             "to": row.valid_to, "reason": row.reason} for row in kept]  # fmt: skip
    show(rows, {"at": "时间"} | _HEADINGS | {"reason": "依据"}, json_wanted=False)


def _told(row: Row) -> dict[str, str]:
    return {
        "class": PROBLEM_CLASSES[row.problem_class].zh,
        "grade": f"{row.grade}级" if row.grade else "",
        "variant": VARIANTS[row.variant][0] if row.variant else "",
        "limit": as_words(row.limit),
        "from": str(row.valid_from or ""),
        "to": str(row.valid_to or ""),
    }


def _tell(brought: Brought, *, dry_run: bool) -> None:
    for wrong in brought.wrong[:_SHOWN]:
        told = (
            f"第 {wrong.row} 行 row {wrong.row}，{wrong.column}“{wrong.value}”：{wrong.error['zh']} {wrong.error['en']}"
        )
        click.echo(plain(told))
    kept = (
        "有错误，全部未写入 nothing was written" if brought.wrong else "只检查 dry run" if dry_run else "已写入 written"
    )
    click.echo(
        f"{kept}：新增 new {len(brought.new)}，未变 unchanged {brought.unchanged}，错误 wrong {len(brought.wrong)}"
    )


def _today() -> date:
    return date.fromisoformat(day_of(now_ms()))
