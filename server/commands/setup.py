"""
Making a database ready, and looking whether it still is 建立与体检.
"""

import secrets
from itertools import chain

import click

from server.commands.common import in_district, now_ms, open_store, pick_district, raw_store, read_settings, telling
from server.commands.depots import opened_depot
from server.settings import PUBLIC_URL
from server.storage import migrate
from server.usecases.begin_district import begin_district
from server.usecases.begin_epoch import begin_epoch
from server.usecases.examine import examine
from server.usecases.examine_calendar import examine_calendars
from server.usecases.examine_depot import examine_depot, examine_photos
from server.usecases.rebuild_ledger import count_astray, rebuild_ledger

_MARKS = {"good": "✓", "look": "!", "bad": "✗"}


@click.command("init")
@click.option("--district", required=True, metavar="210902", help="6 位区县代码。The district's 6 digits.")
@click.option("--name", required=True, metavar="海州区", help="区县名称。Its name.")
@telling
def init(district: str, name: str) -> None:
    """建立数据库和区县（可重复运行）。Make the tables and the district; may be repeated."""
    store = raw_store(read_settings())
    migrate.upgrade(store.engine)
    place = begin_district(store, district, name)
    click.echo(f"已就绪：{place.name}（{place.district}），纪元 {place.epoch}")
    click.echo(f"Ready: district {place.district}, epoch {place.epoch}")


@click.command("migrate")
@telling
def migrate_database() -> None:
    """把数据库升级到当前版本。Bring the tables to today's version; harmless when they are."""
    store = raw_store(read_settings())
    before = migrate.state(store.engine)
    migrate.upgrade(store.engine)
    for district in sorted(store.places()):
        if count_astray(store, district):
            # The tables are new, and the cases were there before.
            click.echo("正在建立问题台账…… Making the ledger …", err=True)
            rebuild_ledger(store, district)
    after = migrate.state(store.engine)
    click.echo(f"数据库版本：{before.current or '—'} → {after.current}")
    click.echo(f"Database: {before.current or 'empty'} → {after.current}")


@click.command("restored")
@in_district
@telling
def restored(district: str | None) -> None:
    """
    用其他办法恢复之后、启动服务器之前运行一次。Once after a backup was put back by other means than restore.

    各平板随后重新上报最近 30 天的修改。Tablets then offer their journals of the last 30 days again.
    """
    store = open_store()
    place = pick_district(store, district)
    epoch = begin_epoch(store, place, "restored", now_ms())
    click.echo(f"{place} 的新纪元 New epoch: {epoch}")


@click.command("doctor")
@telling
def doctor() -> None:
    """体检：数据库、设备、历史链、照片库。Look whether everything is as it should be; 1 where something is bad."""
    settings = read_settings()
    store = raw_store(settings)
    click.echo(f"  数据库 Database: {store.engine.url}")
    click.echo(f"  对外地址 Public URL: {settings.public_url}")
    if settings.public_url == PUBLIC_URL:
        click.echo("! 平板只能从本机访问，请设置 GRIDWARD_PUBLIC_URL；tablets elsewhere cannot reach this address")
    bad = False
    with opened_depot(settings) as depot:
        click.echo(f"  照片库 Photo store: {depot}")
        now, tag = now_ms(), secrets.token_hex(8)
        looked = chain(
            examine(store, now),
            examine_calendars(store, now),
            examine_depot(depot, tag),
            examine_photos(store, depot, now),
        )
        for finding in looked:
            click.echo(f"{_MARKS[finding.level]} {finding.zh}；{finding.en}")
            bad |= finding.level == "bad"
    if bad:
        raise SystemExit(1)
