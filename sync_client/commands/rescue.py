"""
Work that travels by hand 救援包: ``outbox export``, ``outbox import``, ``outbox carried``.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from schemas.wording import plural
from sync_client.carrying import Carried
from sync_client.client import FieldClient
from sync_client.commands.looking import outbox_command
from sync_client.commands.session import APP, Session, pass_session
from sync_client.commands.voice import BAD, GOOD, WAIT, Voice
from sync_client.errors import StoreFull, StoreReadOnly
from sync_client.rescue import Exported
from sync_client.times import moment

#: What a copy of the tablet's file needs beside it: what was committed last, and how it is sealed.
_BESIDE = ("", "-wal", "-seal")
_WORDS = {
    "applied": ("已接收", "taken"), "merged": ("已合并", "merged"), "conflict": ("待裁定", "open"),
    "noop": ("早已有", "there already"), "rejected": ("进隔离区", "in quarantine"),
    "held": ("等待前一条", "held"), "retry": ("稍后再试", "again later"),
}  # fmt: skip


@click.group("outbox", invoke_without_command=True, help=outbox_command.help)
@click.option("--seen", metavar="N", type=int, help="已阅，移出清单 put number N aside")
@click.pass_context
def outbox_group(context: click.Context, seen: int | None) -> None:
    """Show the outbox, unless something is to be done with it."""
    if context.invoked_subcommand is None:
        context.invoke(outbox_command, seen=seen)


@outbox_group.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--all", "whole", is_flag=True, help="近 30 天的全部修改和照片文件 the last 30 days, every photo file")
@click.option("--no-photos", is_flag=True, help="不带照片文件 without photo files")
@pass_session
def export_command(session: Session, file: Path, *, whole: bool, no_photos: bool) -> None:
    """
    导出救援包：没有网络、停用、只读也能导出。 Write what waits into a rescue package.

    FILE 是文件名，或一个文件夹（自动命名）。 A file, or a folder to make one in.
    拷到 U 盘后交给办公室（gridward-server rescue import），或由另一台平板捎带（gridward outbox import）。
    """
    with _readable(session) as (client, originals):
        exported = client.export_outbox(file, whole=whole, photos=not no_photos, originals=originals)
    session.voice.answer(exported, lambda: _tell_exported(session.voice, exported))


@contextmanager
def _readable(session: Session) -> Iterator[tuple[FieldClient, Path | None]]:
    """Open the tablet; where its file cannot be written to, a copy of it, with the folder its photos lie in."""
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(session.tablet())
        except (StoreReadOnly, StoreFull):
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="gridward-")))
            copy = FieldClient(
                _copied(session.file, folder), clock=session.around.wall_ms, app=APP, driver=session.driver()
            )
            yield stack.enter_context(copy), session.file.with_name(session.file.name + "-photos")
        else:
            yield opened, None


def _copied(file: Path, folder: Path) -> Path:
    for ending in _BESIDE:
        source = file.with_name(file.name + ending)
        if source.exists():
            shutil.copyfile(source, folder / source.name)
    return folder / file.name


def _tell_exported(voice: Voice, exported: Exported) -> None:
    voice.say(f"已导出到 {exported.path}", f"written to {exported.path}", GOOD)
    voice.pairs(
        (
            ("修改", "mutations", str(exported.mutations)),
            ("照片文件", "photo files", str(exported.photos)),
            ("草稿", "drafts", str(exported.drafts)),
            ("校验 SHA-256", "", exported.sha256),
        )
    )
    if exported.missing:
        voice.say(f"{exported.missing} 个照片文件不在本机", f"{plural(exported.missing, 'photo file')} not here", WAIT)
    if exported.left_out:
        en = f"{plural(exported.left_out, 'photo file')} left out"
        voice.say(f"{exported.left_out} 个照片文件没有导出", en, WAIT)
    if not exported.noted:
        voice.say("本机写不进去（只读或已满），没有记下这次导出", "the tablet cannot note this export", WAIT)
    voice.hint("请妥善保管；内有记录和照片，没有密钥", "keep it safe: it holds records and photos, no key")


@outbox_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_session
def import_command(session: Session, file: Path) -> None:
    """捎带另一台平板的救援包；下次同步时转交。 Take another tablet's package along; the next sync delivers it."""
    with session.tablet() as client:
        carried = client.import_rescue(file)
    session.voice.answer(carried, lambda: _tell_taken(session.voice, carried))


def _tell_taken(voice: Voice, carried: Carried) -> None:
    if carried.delivered:
        voice.say("这个救援包早已送达", "this package was delivered long ago", GOOD)
    else:
        voice.say(f"已捎带 {carried.mutations} 条修改", f"{carried.mutations} mutations taken along", GOOD)
        voice.hint("有网络时运行 gridward sync 转交", "gridward sync delivers them")
    if carried.photos:
        en = f"{plural(carried.photos, 'photo file')} kept here now"
        voice.say(f"{carried.photos} 个照片文件已存入本机", en, GOOD)
    if carried.missing:
        voice.say(f"{carried.missing} 个照片文件不在包里", f"{plural(carried.missing, 'photo file')} not in it", WAIT)
    if carried.drafts:
        voice.say(f"{carried.drafts} 份草稿只留在该文件里", f"{carried.drafts} drafts stay in the file", WAIT)


@outbox_group.command("carried")
@pass_session
def carried_command(session: Session) -> None:
    """捎带的救援包各怎么样了。 What became of the packages taken along."""
    with session.tablet() as client:
        packages = client.carried()
    session.voice.answer(packages, lambda: _tell_carried(session.voice, packages))


def _tell_carried(voice: Voice, packages: list[Carried]) -> None:
    if not packages:
        voice.say("没有捎带救援包", "no packages are carried", GOOD)
    for one in packages:
        style = BAD if one.problem or one.rejected else GOOD if one.delivered else WAIT
        zh, en = (
            ("已送达", "delivered") if one.delivered else ("未收下", "refused") if one.problem else ("待转交", "waits")
        )
        voice.say(f"{one.name}：{zh}", f"{one.name}: {en}", style)
        voice.show(f"  {one.device_name or one.device[-6:]}  {moment(one.taken_ms)}  {_counted(voice, one)}")
        for problem in (one.problem, *(rejected["problem"] for rejected in one.rejected[:10])):
            _tell_problem(voice, problem)


def _counted(voice: Voice, one: Carried) -> str:
    words = [
        f"{count} {voice.pick(*_WORDS.get(outcome, (outcome, outcome)))}" for outcome, count in one.outcomes.items()
    ]
    return voice.pick("，", ", ").join([voice.pick(f"{one.mutations} 条", f"{one.mutations} in it"), *words])


def _tell_problem(voice: Voice, problem: dict[str, Any] | None) -> None:
    if problem:
        voice.show(f"  {voice.pick(str(problem.get('message_zh', '')), str(problem.get('message_en', '')))}")
        voice.hint(str(problem.get("next_zh", "")), str(problem.get("next_en", "")))
