"""
What an operator does to the photo store itself 照片库的操作: take a refused file up again, move to another store.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

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
from server.commands.photos import dry
from server.storage.depot import DepotTrouble
from server.usecases.mistakes import Mistake
from server.usecases.move_depot import Moved, move_depot
from server.usecases.reconsider_photo import reason_of, reconsider_photo, refused_files
from server.usecases.verify_photo import Office

#: What became of an object, in the order in which it is told, and what that is called.
_WHAT_ZH = {
    "copied": "已复制", "there": "原已在", "gone": "其间已删除", "differs": "写入后读回不符，未留下",
    "damaged": "原处已损坏，未复制",
}  # fmt: skip
_WRONG = ("differs", "damaged")
#: How often a long move says how far it is.
_SAY_EVERY = 1_000


@click.command("reconsider")
@click.argument("typed", metavar="[指纹开头]", required=False)
@in_district
@as_json
@telling
def reconsider(typed: str | None, district: str | None, as_json: bool) -> None:
    """重新核验一个未被接受的文件；不写指纹则列出。Verify a refused file once more; without a name list them."""
    settings = read_settings()
    store = open_store(settings)
    chosen = pick_district(store, district)
    if typed is None:
        with store.work(chosen, writing=False) as work:
            rows = [{"file": one.sha256, "reason": reason_of(one), "refused": when(one.settled_ms),
                     "bytes": one.size} for one in refused_files(work)]  # fmt: skip
        headings = {"file": "文件", "reason": "原因", "refused": "时间", "bytes": "大小"}
        show(rows if as_json else sized(rows), headings, json_wanted=as_json)
        return
    with opened_depot(settings) as depot:
        done = reconsider_photo(Office(store, depot, chosen, now_ms()), typed.strip().lower())
    if done.state == "verified":
        click.echo(f"已核验，现在可以看了 Verified, and to be seen now: {done.sha256}")
    else:
        click.echo(f"分片已不在，改为待传；平板再次报送时接收 Its parts are gone; it is expected anew: {done.sha256}")


@dataclass
class _Tally:
    """What a move has come to so far: objects and bytes by what became of them, and the names of what went wrong."""

    files: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_WHAT_ZH, 0))
    size: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_WHAT_ZH, 0))
    wrong: list[Moved] = field(default_factory=list)

    def count(self, moved: Moved) -> None:
        """Take one more in."""
        self.files[moved.what] += 1
        self.size[moved.what] += moved.size
        if moved.what in _WRONG:
            self.wrong.append(moved)
        if sum(self.files.values()) % _SAY_EVERY == 0:
            click.echo(f"{sum(self.files.values())}（{size_told(sum(self.size.values()))}）…", err=True)

    def rows(self) -> list[dict[str, Any]]:
        """Return what became of how many."""
        return [
            {"what": what, "what_zh": zh, "files": self.files[what], "bytes": self.size[what],
             "keys": [one.key for one in self.wrong if one.what == what]}
            for what, zh in _WHAT_ZH.items()
        ]  # fmt: skip


@click.command("move")
@click.option("--to", "target", required=True, metavar="PLACE",
              help="新的照片库，写法同 GRIDWARD_PHOTOS。The other store, written as GRIDWARD_PHOTOS is.")  # fmt: skip
@click.option("--again", is_flag=True, help="已在的也读回核对。Read back what is there already, too.")
@dry
@as_json
@telling
def move(target: str, again: bool, dry_run: bool, as_json: bool) -> None:
    """把照片库复制到另一处，逐个读回核对；原处不动。Copy all photos to another store, each read back; none goes."""
    settings = read_settings()
    _refuse_same(settings.photos, target)
    tally = _Tally()
    with opened_depot(settings) as source, opened_depot(replace(settings, photos=target)) as other:
        for moved in _told(move_depot(source, other, again=again, dry_run=dry_run)):
            tally.count(moved)
    rows = tally.rows()
    show(rows if as_json else sized(rows), {"what_zh": "结果", "files": "文件", "bytes": "大小"}, json_wanted=as_json)
    if not as_json:
        for one in tally.wrong:
            click.echo(plain(f"! {_WHAT_ZH[one.what]} {one.what}: {one.key}"))
        _say_next(target, dry_run=dry_run, wrong=bool(tally.wrong))
    if tally.wrong:
        raise SystemExit(1)


def _told(moving: Iterable[Moved]) -> Iterator[Moved]:
    """
    Raises:
        Mistake: The move broke off.
    """
    try:
        yield from moving
    except DepotTrouble as error:
        raise Mistake(
            f"搬迁中断（{error}）；已复制的都在，排除故障后重新运行同一命令即可接着搬。",
            f"The move broke off ({error}); what was copied stays: mend it and run the same command again.",
        ) from error


def _refuse_same(ours: str, other: str) -> None:
    """
    Raises:
        Mistake: One of the two places lies within the other.
    """
    one, two = _place(ours), _place(other)
    if one.startswith(two) or two.startswith(one):
        raise Mistake(
            "新的照片库不能就是原来的，也不能在它里面或包含它。",
            "The other store must be another place: neither the one in the settings, nor inside it, nor around it.",
        )


def _place(named: str) -> str:
    return (named if named.startswith("s3:") else Path(named).resolve().as_posix()).rstrip("/") + "/"


def _say_next(target: str, *, dry_run: bool, wrong: bool) -> None:
    if dry_run:
        click.echo("只是检查，没有复制。Nothing was copied: a dry run.")
    elif wrong:
        click.echo("有文件没有搬成，请先处理。Some files did not arrive: look at them first; see docs/photo-store.md.")
    else:
        click.echo(plain(f"都在新处，逐个核对过。停下服务器，再运行一次，然后设 GRIDWARD_PHOTOS={target} 并启动。"))
        click.echo("All is there. Stop the server, run this once more, then set GRIDWARD_PHOTOS and start it.")
