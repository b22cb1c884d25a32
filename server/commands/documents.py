"""
Documents of the ledger 台账文档: taking it out as a workbook, CSV or points; who took it; bringing a sheet back.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import click
import msgspec

from schemas.cases import SEVERITIES, SOURCES
from schemas.coordinates import DISPLAYED
from schemas.lights import LIGHTS
from schemas.workflow import CASE
from server.commands.at_the_desk import desk_for, reading, refusing, say, say_or_json
from server.commands.common import as_json, in_district, now_ms, open_store, read_settings, show, telling, when
from server.commands.conflicts import Called
from server.commands.imports import SHOWN, lines_of
from server.commands.ledger import in_whose_name
from server.storage.depot import DepotTrouble
from server.storage.depot.choosing import depot_of
from server.usecases.at_the_desk import operators_desk
from server.usecases.export_ledger import FORMATS, PHOTOS, Asked, Exported, Format, Photos, export_ledger
from server.usecases.import_ledger import Imported, import_ledger
from server.usecases.list_cases import Sought
from server.usecases.list_exports import MAX_LIMIT, list_exports
from server.usecases.mistakes import Mistake
from server.usecases.read_sheet import read_sheet

F = TypeVar("F", bound=Callable[..., Any])
_DAY = click.DateTime(["%Y-%m-%d"])
_LIGHTS: dict[str, str] = {word: zh for word, (zh, _) in LIGHTS.items()}


@click.group("export")
def export() -> None:
    """导出台账（表格、文本表、地图点位）。Take the ledger out: a workbook, CSV, points."""


def _with_filters(command: F) -> F:
    options = (
        click.argument("file", type=click.Path(dir_okay=False, path_type=Path)),
        click.option("--area", help="区划代码。Only here."),
        click.option("--state", "states", type=Called(CASE.states), multiple=True, help="状态，可重复。State."),
        click.option("--light", "lights", type=Called(_LIGHTS), multiple=True, help="亮灯，可重复。Light."),
        click.option("--source", "sources", type=Called(SOURCES), multiple=True, help="问题来源，可重复。Source."),
        click.option("--severity", "severities", type=Called(SEVERITIES), multiple=True, help="严重程度。Severity."),
        click.option("--found", nargs=2, type=_DAY, help="发现日期：从 到（含）。Found from, to."),
        click.option("--overdue", is_flag=True, help="只导出超期。Overdue ones only."),
        click.option("--force", is_flag=True, help="覆盖已有文件。Write over a file that is there."),
        in_whose_name,
        in_district,
        as_json,
    )
    for option in reversed(options):
        command = option(command)
    return command


@export.command("ledger")
@_with_filters
@click.option(
    "--photos", type=click.Choice(list(PHOTOS)), default="names", show_default=True,
    help="照片：缩略图、文件名或不带。Pictures, their names, or nothing.",
)  # fmt: skip
@telling
@refusing
def export_book(photos: Photos, **given: Any) -> None:
    """导出 29 列台账表格（A3 横向）。The 29 columns as a workbook, ready to print."""
    _export("xlsx", given, photos=photos)


@export.command("csv")
@_with_filters
@telling
@refusing
def export_text(**given: Any) -> None:
    """导出同样 29 列的 CSV（UTF-8 带 BOM）。The same columns as CSV."""
    _export("csv", given)


@export.command("geojson")
@_with_filters
@click.option(
    "--crs", type=click.Choice(list(DISPLAYED)), default="wgs84", show_default=True,
    help="坐标系，写在文件里。System of coordinates; the file names it.",
)  # fmt: skip
@telling
@refusing
def export_points(crs: str, **given: Any) -> None:
    """导出问题点位（GeoJSON）。Cases as points for a map."""
    _export("geojson", given, crs=crs)


@export.command("log")
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=50, show_default=True, help="最多条数。At most.")
@click.option("--after", help="接着上一页。The next page.")
@in_district
@as_json
@telling
@refusing
def log(limit: int, after: str | None, district: str | None, as_json: bool) -> None:
    """列出导出记录：谁、何时、什么范围、多少件。Who took which document out, when, and how much it held."""
    with reading(open_store(), district) as work:
        page = list_exports(work, operators_desk(work), limit, after, now_ms())
    rows = [msgspec.to_builtins(one) for one in page.exports]
    if not as_json:
        rows = [row | {"at": when(row["at_ms"]), "asked": msgspec.json.encode(row["asked"]).decode()} for row in rows]
    headings = {"at": "时间", "person_name": "导出人", "device_name": "设备", "format": "格式", "cases": "件数",
                "pictures": "照片", "phones": "完整电话", "asked": "范围"}  # fmt: skip
    show(rows, headings, json_wanted=as_json)
    if page.after:
        click.echo(f"还有更多 There are more: --after {page.after}", err=as_json)


@click.command("import-sheet")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--apply", "wanted", is_flag=True, help="写入；默认只显示会改什么。Write; else it only shows what would change."
)
@click.option("--partial", "partly", is_flag=True, help="有错的行不导入，其余导入。Good rows in, wrong ones out.")
@click.option(
    "--source", type=Called(SOURCES), metavar="SOURCE", help="没写来源的新行用此来源。Of rows that do not say."
)
@click.option("--encoding", help="CSV 编码，默认自动识别。The file's encoding, where it cannot be made out.")
@click.option("--sheet", help="Excel 工作表，默认第一个。Which sheet; the first by default.")
@in_whose_name
@in_district
@as_json
@telling
@refusing
def import_sheet(
    file: Path, wanted: bool, partly: bool, source: str | None, encoding: str | None, sheet: str | None,
    as_person: str, district: str | None, as_json: bool,
) -> None:  # fmt: skip
    """导回改过的台账：改动按本人权限写入，新行成为新上报。Bring a ledger back: edits, and new reports."""
    store, returned = open_store(), read_sheet(file, encoding, sheet)
    with reading(store, district) as work:
        desk = desk_for(work, as_person)
    done = import_ledger(store, desk, returned, now_ms(), source=source, dry_run=not wanted, partly=partly)
    if as_json:
        click.echo(json.dumps(_as_json(done, dry_run=not wanted), ensure_ascii=False, indent=2))
    else:
        say(_import_lines(done, returned.table.read_as, dry_run=not wanted))
    if done.report.wrong:
        raise SystemExit(1)


#: Beside the other commands of the ledger.
COMMANDS = (import_sheet,)


def _import_lines(done: Imported, read_as: str, *, dry_run: bool) -> Iterator[str]:
    """Yield what an import did, or would do: changes and differences row by row, mistakes, counts."""
    for one in done.changes[:SHOWN]:
        after = f"“{one.before or '—'}” → “{one.after}”"
        yield f"第 {one.row} 行 {one.number} {one.column}：{after} (row {one.row}: changed)"
    for other in done.differences[:SHOWN]:
        said = f"台账“{other.here or '—'}”，表中“{other.sheet or '—'}”"
        why = f"{other.why_zh} (not written: {other.why_en})"
        yield f"不改 第 {other.row} 行 {other.number} {other.column}：{said}；{why}"
    for what, count in (("改动 changes", len(done.changes)), ("差异 differences", len(done.differences))):
        if count > SHOWN:
            yield f"…… {what}共 {count} 处，--json 列出全部 all of them with --json"
    for row, fields in sorted(done.report.kept.items())[:SHOWN]:
        yield f"第 {row} 行 {'、'.join(fields)}：位阶较高的填写保留，您的成为建议 (row {row}: a suggestion)"
    yield from lines_of(done.report, read_as, dry_run=dry_run)
    if dry_run and not done.report.wrong and (done.changes or done.report.counts["new"]):
        yield "核对无误后加 --apply 写入。Add --apply to write it."


def _as_json(done: Imported, *, dry_run: bool) -> dict[str, Any]:
    report = done.report
    return {
        "dry_run": dry_run, "rows": report.rows, "counts": dict(report.counts), "stopped": report.stopped,
        "changes": [one._asdict() for one in done.changes],
        "differences": [one._asdict() for one in done.differences],
        "suggested": [{"row": row, "fields": fields} for row, fields in sorted(report.kept.items())],
        "wrong": [one._asdict() for one in report.wrong],
        "notes": [{"zh": zh, "en": en} for zh, en in report.notes],
    }  # fmt: skip


def _export(kind: Format, given: dict[str, Any], photos: Photos = "names", crs: str = "wgs84") -> None:
    out, who, district = given.pop("file"), given.pop("as_person"), given.pop("district")
    json_wanted, force = given.pop("as_json"), given.pop("force")
    if out.exists() and not force:
        raise Mistake(f"{out} 已存在；加 --force 覆盖。", f"{out} is there already; --force writes over it.")
    store, depot, now = open_store(), depot_of(read_settings()), now_ms()
    days = given.pop("found")
    found = tuple(day.strftime("%Y-%m-%d") for day in days) if days else (None, None)
    with reading(store, district) as work:
        desk = desk_for(work, who)
    asked = Asked(kind, Sought(found=(found[0], found[1]), **given), None, photos, crs)
    try:
        done = _whole(out, lambda file: export_ledger(store, depot, desk, asked, now, file))
    except DepotTrouble:
        raise Mistake(
            "照片库暂不可用；稍后再试，或加 --photos names。", "The photo store is out of reach; try --photos names."
        ) from None
    told = {"file": str(out), **done._asdict(), "points": dict(done.points)}
    say_or_json(told, _lines(out, done, kind), json_wanted=json_wanted)


def _whole(out: Path, write: Callable[[BinaryIO], Exported]) -> Exported:
    """Let *write* fill the file *out*: it is there whole, or as it was."""
    handle, beside = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    try:
        with os.fdopen(handle, "w+b") as file:
            done = write(cast(BinaryIO, file))
        Path(beside).replace(out)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    return done


def _lines(out: Path, done: Exported, kind: Format) -> list[str]:
    lines = [f"已导出{FORMATS[kind]}：{out}", f"written: {out}", f"{done.title}：{done.cases} 件 cases"]
    if done.pictures:
        lines.append(f"照片 pictures: {done.pictures}")
    if done.phones:
        lines.append(f"含完整电话 {done.phones} 个，请妥善保管。It shows {done.phones} telephone numbers whole.")
    if done.points:
        points = done.points
        lines.append(f"点位 points {points['shown']}，其中换算 converted {points['converted']}")
        lines.append(f"无定位 no position {points['without_position']}，坐标系不明 unknown {points['unknown_crs']}")
    return lines
