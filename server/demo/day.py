"""
``python -m server.demo --day``: a Friday in Haizhou, from the morning's plan to the evening's report 海州区的一天.

The server is the real one, with all of its jobs; only the clock is ours, and goes faster. Each run begins anew.
"""

import sys
import time
from datetime import datetime
from pathlib import Path

from schemas import wire
from schemas.moments import BEIJING
from server.demo.campaign import bring_campaign_in
from server.demo.day_clock import DayClock
from server.demo.folder import Folder
from server.demo.playing import actors, perform
from server.demo.prepare import bring_everything_in, open_store
from server.demo.running import Door, open_door, running
from server.demo.stage import BAD, GOOD, QUIET, Stage
from server.demo.town import DISTRICT, DISTRICT_NAME, STORY_GRID
from server.demo.week import bring_week_in
from server.storage.store import Store
from server.usecases.begin_district import begin_district

#: The fourth day of the hundred, and the first Friday of them.
DAY = "2020-07-17"
DAWN = datetime.fromisoformat(f"{DAY}T06:30:00+08:00").astimezone(BEIJING)


def play_day(stage: Stage, folder: Folder, port: int, *, once: bool) -> int:
    """
    Play the day in *folder*, which is made anew; return 0 where everything came out as promised, else 1.

    Args:
        once: Leave at the end; otherwise the server goes on for whoever wants to look around.
    """
    folder.throw_away()
    folder.make()
    clock = DayClock(_clock_of(folder))
    clock.set(int(DAWN.timestamp() * 1000))
    with folder.occupied(), open_door(port) as door:
        store = _district(stage, folder)
        with running(folder, door, clock) as server:
            begun = time.monotonic()
            kept = perform(stage, _orders(store, folder, door, clock)) is not None
            server.check()
            if not kept:
                stage.say("未如所承诺。", "not as promised.", BAD)
                return 1
            took = f"{time.monotonic() - begun:.0f}"
            stage.say(f"全部如所承诺，一天演了 {took} 秒。", f"everything as promised; a day within {took} s.", GOOD)
            if not once:
                _invite(stage, folder)
                server.wait()
    return 0


def _orders(store: Store, folder: Folder, door: Door, clock: DayClock) -> bytes:
    return wire.encode({
        "url": door.url, "folder": str(folder.tablets.absolute()), "pictures": str(folder.pictures.absolute()),
        "morning": 1, "grid": STORY_GRID, "actors": actors(store, clock()), "day": DAY,
        "clock": str(_clock_of(folder)),
    })  # fmt: skip


def _invite(stage: Stage, folder: Folder) -> None:
    stage.scene("自己看看", "look around yourself")
    stage.say("服务器还开着；街道电脑和平板的数据都在：", "the server stays up; what the devices hold lies here:")
    program = Path(sys.executable).with_name("gridward")
    # By name and day: to these commands today is another day than the one that was played.
    for who, words in (("office", f"office today --day {DAY}"), ("office", "office report"), ("li", "notices --all")):
        stage.command(f"{program} --data {folder.tablets / who} {words}")
    for words in (f"day show {DAY} --area 河北街道", "reminders list", "ledger list"):
        stage.command(f"GRIDWARD_DATA={folder.path} {program}-server {words}")
    stage.say("按 Ctrl-C 结束。", "Ctrl-C ends it.", QUIET)


def _district(stage: Stage, folder: Folder) -> Store:
    """Make the district ready, and say so."""
    stage.title("网格卫 · 海州区的一天：2020年7月17日，星期五", "Gridward: a Friday in Haizhou, 17 July 2020")
    begun = time.monotonic()
    store = open_store(folder)
    told = begin_day(store, folder)
    stage.say(
        f"{DISTRICT_NAME}：{told['people']} 人，检查对象 {told['targets']} 处；本周前三天已有问题 {told['cases']} 件。",
        f"the district, and {told['cases']} problems of the week so far, within {time.monotonic() - begun:.1f} s.",
        GOOD,
    )
    stage.say(
        "时钟走得比真的快 60 倍，服务器和定时任务都是真的。", "the clock goes 60 times as fast; all else is real."
    )
    # Nothing of a connection may be inherited by the server, which is forked from here.
    store.engine.dispose()
    return store


def begin_day(store: Store, folder: Folder) -> dict[str, int]:
    """Bring the district into *store* as it stood on that Friday at dawn; return how much there is of what."""
    begin_district(store, DISTRICT, DISTRICT_NAME)
    dawn_ms = int(DAWN.timestamp() * 1000)
    new = bring_everything_in(store, folder, dawn_ms)
    bring_campaign_in(store, dawn_ms)
    targets = new["segments"] + new["shops"] + new["parking"]
    return {"people": new["people"], "targets": targets, "cases": bring_week_in(store, folder.tables, dawn_ms)}


def _clock_of(folder: Folder) -> Path:
    return folder.path.absolute() / "clock.json"
