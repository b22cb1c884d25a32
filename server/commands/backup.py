"""
Backing up and putting back 备份与恢复.
"""

from pathlib import Path

import click

from server.commands.common import now_ms, open_store, plain, raw_store, read_settings, size_told, telling, when
from server.commands.depots import opened_depot
from server.settings import Settings, own_environment
from server.storage.postgres_tools import Tools
from server.usecases.back_up import Manifest, back_up
from server.usecases.photos_in_backups import PutBack
from server.usecases.restore_backup import Restored, check_backup, read_backup, restore_backup

_FOLDER = click.argument("folder", type=click.Path(path_type=Path))


_NO_PHOTOS = click.option("--no-photos", is_flag=True, help="不含照片，只有数据库。The database alone.")


@click.command("backup")
@_FOLDER
@click.option(
    "--photos",
    type=click.Path(path_type=Path, file_okay=False),
    help="照片放在这个文件夹，多份备份共用。A folder for photos that many backups share.",
)
@_NO_PHOTOS
@telling
def backup(folder: Path, photos: Path | None, no_photos: bool) -> None:
    """把数据库和照片备份到新文件夹，服务器不用停。Back database and photos up into a new folder; the server runs on."""
    settings = read_settings()
    store = open_store(settings)
    with opened_depot(settings) as depot:
        manifest = back_up(store, folder, now_ms(), _tools(settings), None if no_photos else depot, photos)
    click.echo(f"已备份到 Backed up to {folder}")
    _tell(manifest)
    if manifest.kept is None and not no_photos:
        click.echo("! 照片在 S3 里，没有备份，只有清单；请用存储服务自己的版本和复制功能（见 docs/backup.md）")
        click.echo(
            "! Photos lie in S3 and were not backed up, only listed: use the storage's own versions and replication"
        )


@click.command("restore")
@_FOLDER
@click.option(
    "--replace",
    is_flag=True,
    help="替换现有数据库；原库保留在旁边。Replace the database that is there; it is kept beside.",
)
@click.option("--check", is_flag=True, help="只检查备份是否完好。Only look whether the backup is whole.")
@click.option(
    "--photos",
    type=click.Path(path_type=Path, file_okay=False),
    help="备份的照片现在所在的文件夹，若已移动。Where its photos are now, if they were moved.",
)
@_NO_PHOTOS
@telling
def restore(folder: Path, replace: bool, check: bool, photos: Path | None, no_photos: bool) -> None:
    """
    从备份恢复（先停止服务器）。Put a backup back; stop the server first.

    恢复后开始新纪元，各平板自动重新上报最近 30 天的修改。Tablets then offer their last 30 days again by themselves.
    """
    if check:
        _tell(read_backup(folder) if no_photos else check_backup(folder, photos))
        click.echo("备份完好 The backup is whole")
        return
    settings = read_settings()
    store = raw_store(settings)
    with opened_depot(settings) as depot:
        to = None if no_photos else depot
        _told(restore_backup(store, folder, now_ms(), _tools(settings), to, photos, replace=replace))


def _told(restored: Restored) -> None:
    click.echo("已恢复 Restored")
    _tell(restored.manifest)
    for district, epoch in sorted(restored.epochs.items()):
        click.echo(f"  {district} 的新纪元 New epoch: {epoch}")
    if restored.aside:
        click.echo(f"  原数据库保留在 The former database is kept as {plain(restored.aside)}")
    _tell_photos(restored.photos)
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
    if manifest.kept:
        size, folder = size_told(manifest.kept.size), plain(manifest.kept.folder)
        click.echo(f"  照片文件 Files of photos: {manifest.kept.files}（{size}）{folder}")
        if manifest.kept.missing:
            click.echo(
                f"! 照片库缺少 {manifest.kept.missing} 个应有的文件 files the photo store should have had and had not"
            )


def _tell_photos(photos: PutBack | None) -> None:
    if photos is None:
        click.echo("  照片未恢复 No photos were put back")
        return
    click.echo(f"  照片恢复 Photos put back: {photos.files}；原已在 there already: {photos.there}")
    if photos.damaged or photos.missing:
        click.echo(f"! 照片损坏 damaged: {photos.damaged}；缺少 missing: {photos.missing}")
        click.echo(
            "! 请运行 gridward-server photos verify --mark，向平板重新要 run it, to ask the tablets for them anew"
        )


def _tools(settings: Settings) -> Tools:
    return Tools(settings.pg_bin, own_environment())
