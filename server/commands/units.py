"""
Units and who answers for what, from the command line 责任单位.
"""

from datetime import date
from pathlib import Path
from typing import Any

import click

from schemas import grid, wire
from schemas.moments import day_of
from schemas.units import HOLDING_ROLES, UNIT_KINDS
from schemas.wording import title_of
from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, plain, show, telling
from server.commands.typed import day_named
from server.core.importing.tables import Wrong
from server.core.responsibility import LACKS, lines_of
from server.usecases.coverage_gaps import coverage_gaps
from server.usecases.hand_over import hand_over
from server.usecases.manage_holdings import set_holding
from server.usecases.manage_units import bring_units, list_units, set_unit
from server.usecases.mistakes import Mistake
from server.usecases.read_table import read_table

SHOWN = 50
_FATES = {"new": "已登记 Entered", "changed": "已更新 Changed", "unchanged": "未变 Unchanged", "void": "已作废 Void"}


def kind_named(text: str) -> str:
    """Return a kind of unit by its word or as people call it; the type of an option."""
    for kind, zh in UNIT_KINDS.items():
        if text in (kind, zh):
            return kind
    listed = "、".join(f"{zh}({kind})" for kind, zh in UNIT_KINDS.items())
    raise click.BadParameter(f"没有单位类型“{text}”，有：{listed}。There is no kind '{text}'.")


@click.group("units")
def units() -> None:
    """责任单位：登记、列出、责任空白。Units, and what nobody answers for."""


@units.command("list")
@in_district
@as_json
@telling
def list_all(district: str | None, as_json: bool) -> None:
    """列出单位，包括各区都有的职能部门。List units, the departments every district has among them."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        known = list_units(work)
        heads = work.people.names({unit["head"] for unit in known if unit.get("head")})
    rows = [unit | {"head_name": heads.get(unit.get("head", ""), "")} for unit in known]
    if not as_json:
        rows = [row | {"kind": UNIT_KINDS.get(str(row["kind"]), row["kind"])} for row in rows]
    headings = {
        "code": "单位代码", "name": "名称", "kind": "类型", "head_name": "负责人", "parent": "上级",
        "valid_from": "启用", "valid_to": "停用",
    }  # fmt: skip
    show(rows, headings, json_wanted=as_json)


@units.command("set")
@click.argument("code")
@click.argument("name", required=False)
@click.option("--kind", type=kind_named, help="单位类型，如 contractor、作业单位。What kind of unit it is.")
@click.option("--head", help="负责人：姓名、工号或编号。Who answers for it.")
@click.option("--parent", help="上级单位代码。The unit it belongs to.")
@click.option("--from", "valid_from", help="启用日期，如 2020-07-14。Its first day.")
@click.option("--to", "valid_to", help="停用日期（当日仍有效）。Its last day.")
@in_district
@telling
def set_one(code: str, name: str | None, district: str | None, **said: Any) -> None:
    """登记或更改一个单位，如：units set unit_sweeping_1 环卫一队 --kind 作业单位。Enter a unit, or change it."""
    store = open_store()
    filed = set_unit(store, pick_district(store, district), {"code": code, "name": name} | said, now_ms())
    click.echo(plain(f"{_FATES.get(filed.fate, filed.fate)}: {code} {name or ''}".rstrip()))


@units.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="只检查，不写入。Find out, write nothing.")
@in_district
@telling
def bring_in(file: Path, dry_run: bool, district: str | None) -> None:
    """从 CSV 或 Excel 导入单位；有一行错误就全部不写。Bring units in; one wrong row stops everything."""
    store = open_store()
    entered = bring_units(store, pick_district(store, district), read_table(file), now_ms(), dry_run=dry_run)
    tell_wrong(entered.wrong)
    fates = [one.fate for one in entered.filed]
    kept = (
        "有错误，全部未写入 nothing was written" if entered.wrong else "只检查 dry run" if dry_run else "已写入 written"
    )
    click.echo(
        f"{kept}：新增 new {fates.count('new')}，更新 changed {fates.count('changed')}，"
        f"未变 unchanged {fates.count('unchanged')}，错误 wrong {len(entered.wrong)}"
    )
    if entered.wrong:
        raise SystemExit(1)


@units.command("hold")
@click.argument("target")
@click.argument("person")
@click.option("--as", "role", type=click.Choice(list(HOLDING_ROLES)), default="holder", help="责任身份。As what.")
@click.option("--from", "first", type=day_named, help="从这天起，默认今天。From this day on; today by default.")
@click.option("--to", "last", type=day_named, help="到这天为止（含）。Until this day.")
@in_district
@telling
def hold(target: str, person: str, role: str, first: date | None, last: date | None, district: str | None) -> None:
    """某人负责某处（登记编号），如路段长；前任到前一天为止。Let a person answer for a place, in his stead who did."""
    store, now = open_store(), now_ms()
    begins = first or date.fromisoformat(day_of(now))
    filed = set_holding(store, pick_district(store, district), target, person, role, begins, last, now)
    click.echo(plain(f"{_FATES.get(filed.fate, filed.fate)}: {HOLDING_ROLES[role]} {person} {begins}"))


@units.command("gaps")
@click.option("--area", help="只看这个区划代码。In this area only.")
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True, help="最多列出几条。At most so many.")
@in_district
@as_json
@telling
def gaps(area: str | None, limit: int, district: str | None, as_json: bool) -> None:
    """责任空白：没有责任单位、责任人的区域、点位和在办问题。Areas, places and open cases nobody answers for."""
    store = open_store()
    place = pick_district(store, district)
    if area is not None and not (grid.is_code(area) and grid.lies_in(area, place)):
        raise Mistake(f"“{area}”不是 {place} 内的区划代码。", f"'{area}' is no code inside {place}.")
    with store.work(place, writing=False) as work:
        found = coverage_gaps(work, area or place, now_ms(), limit)
    if as_json:
        click.echo(wire.encode(found).decode())
        return
    headings = {
        "lacks": "缺什么", "type": "类别", "name": "名称", "code": "编号", "grid": "所在", "people": "现有",
        "inside": "内有",
    }  # fmt: skip
    rows = [row | {"type": title_of(str(row["type"]))} for row in lines_of(found.gaps)]
    show(rows, headings, json_wanted=False)
    for lack, many in found.counts.items():
        click.echo(f"{LACKS[lack]} {lack}: {many}")
    click.echo(f"查看 {found.looked_at} 项 looked at{'，未全部列出 more left out' if found.more else ''}")


@units.command("hand-over")
@in_district
@telling
def hand_over_cases(district: str | None) -> None:
    """责任人已变更的在办问题，转给现责任人（每小时自动一次）。Give open cases to whoever answers for them now."""
    store = open_store()
    done = hand_over(store, pick_district(store, district), now_ms())
    click.echo(
        f"已移交 {done.moved} 件 handed over；{done.unclear} 件没有唯一责任人，见 units gaps unclear, see units gaps"
    )


def tell_wrong(mistakes: list[Wrong]) -> None:
    """Print the first mistakes of a file, row by row."""
    for wrong in sorted(mistakes, key=lambda wrong: wrong.row)[:SHOWN]:
        value = f"“{wrong.value}”" if wrong.value else ""
        told = f"第 {wrong.row} 行 {wrong.column}{value}：{wrong.error['zh']} (row {wrong.row}: {wrong.error['en']})"
        click.echo(plain(told))
    if len(mistakes) > SHOWN:
        click.echo(f"…… 另有 {len(mistakes) - SHOWN} 处错误 and more mistakes")
