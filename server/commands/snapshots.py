"""
Snapshots 快照: which feeds lie ready for first syncs, and making them now.
"""

import click

from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, show, telling, when
from server.usecases.build_snapshots import build_snapshots
from server.usecases.list_snapshots import list_snapshots


@click.group("snapshots")
def snapshots() -> None:
    """快照：为首次同步备好的数据。Feeds that lie ready for first syncs."""


@snapshots.command("list")
@in_district
@as_json
@telling
def list_all(district: str | None, as_json: bool) -> None:
    """每个流最近的快照。The latest of each feed."""
    store = open_store()
    rows = [
        {
            "feed": listed.feed, "version": listed.version, "made": when(listed.made_ms), "grids": listed.grids,
            "records": listed.records, "bytes": listed.size, "behind": listed.behind,
        }
        for listed in list_snapshots(store, pick_district(store, district))
    ]  # fmt: skip
    headings = {
        "feed": "流", "version": "序号", "made": "制作", "grids": "网格", "records": "记录", "bytes": "字节",
        "behind": "其后的变更",
    }  # fmt: skip
    show(rows, headings, json_wanted=as_json)


@snapshots.command("build")
@click.option("--anyway", is_flag=True, help="即使增长不到一成也制作。Even where a feed has hardly grown.")
@in_district
@as_json
@telling
def build(anyway: bool, district: str | None, as_json: bool) -> None:
    """现在制作；服务器每一刻钟也会自行制作。Make them now; the server does so by itself every quarter of an hour."""
    store = open_store()
    built = build_snapshots(store, now_ms(), district=pick_district(store, district), anyway=anyway)
    rows = [
        {"feed": b.feed, "version": b.version, "grids": b.grids, "records": b.records, "bytes": b.size} for b in built
    ]
    headings = {"feed": "流", "version": "序号", "grids": "网格", "records": "记录", "bytes": "字节"}
    show(rows, headings, json_wanted=as_json)
    if not rows and not as_json:
        click.echo("没有可制作的：各流不足 500 条记录，或自上次以来没有多少变化。")
        click.echo("Nothing to make: fewer than 500 records in each feed, or little that is new since the last time.")
