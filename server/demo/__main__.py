"""
``python -m server.demo``: make the demo district, serve it, play a morning in it, and stay up.
"""

import signal
import sys
import time
from pathlib import Path
from types import FrameType

import click

from server.demo.closing import close, invite
from server.demo.day import play_day
from server.demo.folder import Folder
from server.demo.opening import make_ready
from server.demo.playing import play
from server.demo.running import open_door, running
from server.demo.stage import BAD, GOOD, QUIET, Stage
from server.storage.trouble import DatabaseTrouble, trouble_told
from server.usecases.mistakes import Mistake

PORT = 8000


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default="gridward-demo",
    show_default=True,
    help="演示文件夹。Where it lies.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="端口；0 为任意。0 takes any."
)
@click.option(
    "--once",
    is_flag=True,
    help="演完即退出；与承诺不符时返回 1。Play it through and leave; 1 if it is not as promised.",
)
@click.option("--day", is_flag=True, help="演一整天（2020年7月17日，每次从头演）。Play a whole day, always anew.")
@click.option("--reset", is_flag=True, help="删除演示文件夹。Throw the demo's folder away.")
def main(folder: Path, port: int, *, once: bool, day: bool, reset: bool) -> None:
    """网格卫演示：海州区的一个上午。Gridward's demo: a morning in Haizhou."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupt)
    stage, place = Stage(), Folder(folder)
    try:
        if reset:
            sys.exit(_reset(stage, place))
        sys.exit(play_day(stage, place, port, once=once) if day else _run(stage, place, port, once=once))
    except Mistake as problem:
        stage.say(problem.zh, problem.en, BAD)
        sys.exit(1)
    except (OSError, *DatabaseTrouble) as problem:
        why = trouble_told(problem)[1] if isinstance(problem, DatabaseTrouble) else problem
        stage.say("文件夹或磁盘用不了，请换一个地方（--folder）。", f"name another place with --folder: {why}", BAD)
        sys.exit(1)
    except KeyboardInterrupt:
        zh, en = ("从头演", "begins anew") if day else ("从这里继续", "goes on from here")
        stage.say(f"演示已停止；再运行一次会{zh}。", f"stopped; the next run {en}.", QUIET)


def _run(stage: Stage, folder: Folder, port: int, *, once: bool) -> int:
    begun = time.monotonic()
    stage.title("网格卫 · 海州区的一个上午", "Gridward: a morning in Haizhou district")
    folder.make()
    with folder.occupied(), open_door(port) as door:
        store = make_ready(stage, folder, door, port)
        with running(folder, door) as server:
            outcome = play(stage, store, folder, door.url)
            server.check()
            kept = outcome is not None and close(stage, store, outcome)
            if not kept:
                stage.say(
                    "未如所承诺；make demo-reset 从头再来。", "not as promised; make demo-reset begins anew.", BAD
                )
                return 1
            seconds = f"{time.monotonic() - begun:.1f}"
            stage.say(f"全部如所承诺，演示用时 {seconds} 秒。", f"everything is as promised, in {seconds} s.", GOOD)
            if once:
                return 0
            invite(stage, store, folder, door.url)
            server.wait()
    return 0


def _reset(stage: Stage, folder: Folder) -> int:
    with folder.occupied():
        there = folder.throw_away()
    if there:
        stage.say(f"已删除 {folder.path}。", f"{folder.path} is gone.", GOOD)
    else:
        stage.say(f"没有 {folder.path}，无需删除。", f"there is no {folder.path}; nothing to do.", QUIET)
    return 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
