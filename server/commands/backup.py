"""
Backing up and putting back 备份与恢复.
"""

from pathlib import Path

import click

from server.commands.common import now_ms, open_store, plain, raw_store, read_settings, telling, when
from server.settings import Settings, own_environment
from server.storage.postgres_tools import Tools
from server.usecases.back_up import Manifest, back_up
from server.usecases.restore_backup import Restored, read_backup, restore_backup

_FOLDER = click.argument("folder", type=click.Path(path_type=Path))


@click.command("backup")
@_FOLDER
@telling
def backup(folder: Path) -> None:
    """把数据库备份到新文件夹，服务器不用停。Back the database up into a new folder while the server runs."""
    settings = read_settings()
    manifest = back_up(open_store(settings), folder, now_ms(), _tools(settings))
    click.echo(f"已备份到 Backed up to {folder}")
    _tell(manifest)


@click.command("restore")
@_FOLDER
@click.option(
    "--replace",
    is_flag=True,
    help="替换现有数据库；原库保留在旁边。Replace the database that is there; it is kept beside.",
)
@click.option("--check", is_flag=True, help="只检查备份是否完好。Only look whether the backup is whole.")
@telling
def restore(folder: Path, replace: bool, check: bool) -> None:
    """
    从备份恢复（先停止服务器）。Put a backup back; stop the server first.

    恢复后开始新纪元，各平板自动重新上报最近 30 天的修改。Tablets then offer their last 30 days again by themselves.
    """
    if check:
        _tell(read_backup(folder))
        click.echo("备份完好 The backup is whole")
        return
    settings = read_settings()
    _told(restore_backup(raw_store(settings), folder, now_ms(), _tools(settings), replace=replace))


def _told(restored: Restored) -> None:
    click.echo("已恢复 Restored")
    _tell(restored.manifest)
    for district, epoch in sorted(restored.epochs.items()):
        click.echo(f"  {district} 的新纪元 New epoch: {epoch}")
    if restored.aside:
        click.echo(f"  原数据库保留在 The former database is kept as {plain(restored.aside)}")
    for feed in restored.broken:
        click.echo(f"! 历史链 {feed} 在备份时已不完整；the chain of {feed} did not hold when it was backed up")
    click.echo("备份之后在办公室做的事（人员、授权、停用、登记码、导入）需要重做，见 docs/backup.md")
    click.echo("What was done at the office after the backup has to be done again; see docs/backup.md")


def _tell(manifest: Manifest) -> None:
    click.echo(f"  时间 Taken: {when(manifest.taken_ms)}；版本 step {plain(manifest.revision)}")
    for held in manifest.districts:
        numbers = "、".join(f"{plain(code)}:{end.seq}" for code, end in sorted(held.feeds.items())) or "—"
        click.echo(f"  {plain(held.name)}（{plain(held.district)}）：{numbers}")
    click.echo(f"  照片清单 Photos named: {manifest.photos}")


def _tools(settings: Settings) -> Tools:
    return Tools(settings.pg_bin, own_environment())
