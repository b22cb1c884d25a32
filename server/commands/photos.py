"""
Photos as an operator handles them 照片管理: what is here, what is used twice, what may go, whether all reads back.
"""

import re
from typing import Any

import click
import msgspec

from server.commands.at_the_desk import desk_for, reading, refusing
from server.commands.common import (
    as_json,
    in_district,
    now_ms,
    open_store,
    pick_district,
    plain,
    read_settings,
    show,
    size_told,
    sized,
    telling,
    when,
)
from server.commands.depots import opened_depot
from server.core.desk.matched import OUTCOMES, ListedMatch
from server.storage.photo_housekeeping import Housekeeping
from server.storage.unit_of_work import UnitOfWork
from server.usecases.check_photos import check_photos
from server.usecases.collect_photos import collect_photos
from server.usecases.list_matches import MAX_LIMIT, Sought, list_matches
from server.usecases.mistakes import Mistake
from server.usecases.retain_photos import FOR_EVER, Policy, retain_photos
from server.usecases.settle_match import settle_match

_STATES_ZH = {
    "expected": "待传", "verified": "已核验", "refused": "不是照片", "expired": "已过保存期", "collected": "已清理",
}  # fmt: skip
_BEGINNING = re.compile(r"[0-9a-f-]{4,36}")
dry = click.option("--dry-run", is_flag=True, help="只看结果，不删除。Say what would go, and delete nothing.")


@click.group("photos")
def photos() -> None:
    """照片：状况、重复、清理、保存期限、核对。Photos: what is here, used twice, may go; whether all reads back."""


@photos.command("status")
@in_district
@as_json
@telling
def status(district: str | None, as_json: bool) -> None:
    """各状态的文件数和大小。How many files are in each state, and their size."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        house = Housekeeping(work.connection, work.district)
        rows: list[dict[str, Any]] = [
            {"state": one.state, "state_zh": _STATES_ZH[one.state], "kind": "original" if one.originals else "copy",
             "kind_zh": "原图" if one.originals else "副本", "files": one.files, "bytes": one.size}
            for one in house.tallies()
        ]  # fmt: skip
        since, waiting = house.oldest_expected_ms(), work.photo_matches.count_open()
    headings = {"state_zh": "状态", "kind_zh": "种类", "files": "文件", "bytes": "大小"}
    show(rows if as_json else sized(rows), headings, json_wanted=as_json)
    if not as_json:
        click.echo(f"最早待传 Expected for the longest since: {when(since) or '—'}")
        click.echo(f"重复照片待查看 Matches to look at: {waiting}")


@photos.command("matches")
@click.option("--state", type=click.Choice(["open", "settled", "all"]), default="open", show_default=True,
              help="待查看、已认定、全部。What waits, what has ended, all.")  # fmt: skip
@click.option("--area", help="区划代码。Only here.")
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=50, show_default=True, help="最多条数。At most.")
@click.option("--after", help="接着上一页。The next page.")
@click.option("--as", "as_person", metavar="PERSON", help="以谁的身份：工号、姓名或编号。As this person.")
@in_district
@as_json
@telling
@refusing
def matches(as_person: str | None, district: str | None, as_json: bool, **asked: Any) -> None:
    """重复照片，最近的在前；可见范围随 --as。Pictures used twice, the newest first; all of them without --as."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        page = list_matches(work, desk_for(work, as_person), Sought(**asked), now)
    headings = {"found": "发现", "kind_zh": "种类", "distance": "差异", "one": "记录", "other": "另一记录",
                "settled": "认定", "id": "编号"}  # fmt: skip
    rows = [_row(one) for one in page.matches]
    show(msgspec.to_builtins(page.matches) if as_json else rows, headings, json_wanted=as_json)
    if page.after:
        click.echo(f"还有更多 There are more: --after {page.after}", err=as_json)


@photos.command("settle")
@click.argument("typed", metavar="编号")
@click.argument("outcome", type=click.Choice(list(OUTCOMES)))
@click.option("--as", "as_person", metavar="PERSON", required=True, help="认定人：工号、姓名或编号。Who says so.")
@click.option("--reason", required=True, help="理由。Why.")
@in_district
@telling
@refusing
def settle(typed: str, outcome: Any, as_person: str, reason: str, district: str | None) -> None:
    """看过之后认定一条：fine 无问题，misuse 重复使用。Say what was found of one match, named by its id's beginning."""
    store, now = open_store(), now_ms()
    with reading(store, district) as work:
        desk, match = desk_for(work, as_person), _called(work, typed)
    told = settle_match(store, desk, match, None, outcome, reason, now)
    row = _row(told)
    click.echo(plain(f"{told.kind_zh} {row['one']} / {row['other']}：{row['settled']}"))


@photos.command("collect")
@dry
@in_district
@as_json
@telling
def collect(dry_run: bool, district: str | None, as_json: bool) -> None:
    """清理 30 天无主的照片；服务器每天自行清理。Take away what was nobody's for 30 days; done daily by itself."""
    settings = read_settings()
    store = open_store(settings)
    with opened_depot(settings) as depot:
        done = collect_photos(store, depot, pick_district(store, district), now_ms(), dry_run=dry_run)
    rows = [
        {"what": what, "what_zh": zh, "name": name}
        for what, zh, names in (
            ("never_came", "从未传到", done.never_came), ("let_go", "无记录提到", done.let_go),
            ("returned", "又被提到，恢复", done.returned), ("key", "无主文件", done.keys),
            ("unclaimed", "有记录提到，数据库里没有，保留", done.unclaimed),
        )
        for name in names
    ]  # fmt: skip
    show(rows, {"what_zh": "原因", "name": "文件"}, json_wanted=as_json)
    if as_json:
        return
    click.echo(f"{'将释放 would be freed' if dry_run else '已释放 freed'}: {size_told(done.size)}")
    if done.let_go:
        click.echo("“无记录提到”的文件在下次清理时删除。Files that no record names go with the next run.")
    if done.strange:
        click.echo(
            f"照片库里有 {done.strange} 个不认识的文件，没有动。{done.strange} keys are none of ours; they stay."
        )
    _say_dry(dry_run)


@photos.command("retain")
@click.option("--originals-days", type=click.IntRange(0), help="原图保留天数，0 为不限；默认按设置。0: for ever.")
@click.option("--all-days", type=click.IntRange(0), help="照片保留天数，0 为不限；默认按设置。0: for ever.")
@dry
@in_district
@as_json
@telling
def retain(
    originals_days: int | None, all_days: int | None, dry_run: bool, district: str | None, as_json: bool
) -> None:
    """按保存期限删除；未结问题的照片不删。Delete what is past its day; never a photo of an open case."""
    settings = read_settings()
    policy = Policy(
        settings.keep_originals_days if originals_days is None else originals_days,
        settings.keep_photos_days if all_days is None else all_days,
    )
    if policy == FOR_EVER:
        raise Mistake(
            "没有设定保存期限；请用 --originals-days、--all-days，"
            "或 GRIDWARD_KEEP_ORIGINALS_DAYS、GRIDWARD_KEEP_PHOTOS_DAYS。",
            "No period is set: say --originals-days or --all-days, or set GRIDWARD_KEEP_ORIGINALS_DAYS, "
            "GRIDWARD_KEEP_PHOTOS_DAYS.",
        )
    store = open_store(settings)
    with opened_depot(settings) as depot:
        done = retain_photos(store, depot, pick_district(store, district), policy, now_ms(), dry_run=dry_run)
    rows = [
        {"what": what, "what_zh": zh, "name": name}
        for what, zh, names in (
            ("original", "删原图，留副本", done.originals), ("photo", "全部删除", done.photos),
            ("protected", "到期但未了结，保留", done.protected), ("kept", "副本读不回，保留原图", done.kept),
        )
        for name in names
    ]  # fmt: skip
    show(rows, {"what_zh": "处理", "name": "照片"}, json_wanted=as_json)
    if not as_json:
        click.echo(f"{'将释放 would be freed' if dry_run else '已释放 freed'}: {size_told(done.size)}")
        _say_dry(dry_run)


@photos.command("verify")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="抽查 N 个，不写则全部。Only N, drawn by lot.")
@click.option("--mark", is_flag=True, help="丢失、损坏的改为待传，请平板重传。Ask tablets anew for what is lost.")
@in_district
@as_json
@telling
def verify(sample: int | None, mark: bool, district: str | None, as_json: bool) -> None:
    """从照片库逐个读回并核对指纹。Read verified files back from the depot, each held against its hash."""
    settings = read_settings()
    store = open_store(settings)
    with opened_depot(settings) as depot:
        done = check_photos(store, depot, pick_district(store, district), now_ms(), sample=sample, mark=mark)
    rows = [
        {"what": what, "what_zh": zh, "name": name}
        for what, zh, names in (("missing", "丢失", done.missing), ("damaged", "损坏", done.damaged),
                                ("back", "又找到", done.back))
        for name in names
    ]  # fmt: skip
    show(rows, {"what_zh": "结果", "name": "文件"}, json_wanted=as_json)
    if not as_json:
        click.echo(f"完好 sound: {done.sound}（{size_told(done.size)}）")
        if mark:
            click.echo(f"改为待传 expected anew: {len(done.asked_again)}")
        if done.asked_again:
            click.echo("停下服务器，运行一次 gridward-server restored，再启动，平板才会重传。")
            click.echo("Stop the server, run gridward-server restored once, start it: then tablets send them again.")
    if done.missing or done.damaged:
        raise SystemExit(1)


def _called(work: UnitOfWork, typed: str) -> str:
    """
    Return the id of the match that begins with *typed*.

    Raises:
        Mistake: None does, or several do.
    """
    wanted = typed.strip().lower()
    found = work.photo_matches.beginning(wanted) if _BEGINNING.fullmatch(wanted) else []
    if len(found) == 1:
        return found[0]
    if found:
        raise Mistake(f"“{typed}”是几条的开头，请写得更完整。", f"'{typed}' begins several; write more of it.")
    raise Mistake(
        f"没有这条重复照片：“{typed}”。请写编号的开头，至少 4 位；见 gridward-server photos matches --state all。",
        f"No match begins with '{typed}' (4 signs at least); see gridward-server photos matches --state all.",
    )


def _say_dry(dry: bool) -> None:
    if dry:
        click.echo("只是检查，没有删除。Nothing was deleted: a dry run.")


def _row(one: ListedMatch) -> dict[str, Any]:
    sides = [f"{side.record.title_zh}“{side.record.name}”{side.by.name or ''}" if side else "—"
             for side in (one.side, one.other)]  # fmt: skip
    settled = f"{one.settled.zh}（{one.settled.by.name or ''}：{one.settled.reason}）" if one.settled else ""
    return {"found": when(one.found_ms), "kind_zh": one.kind_zh, "distance": one.distance, "one": sides[0],
            "other": sides[1], "settled": settled, "id": one.id}  # fmt: skip
