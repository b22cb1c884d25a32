"""
The opening scene 开场: the district stands, with everything an office would have brought in.
"""

import time
from collections.abc import Mapping

from server.demo.folder import Folder
from server.demo.prepare import DIVISIONS, bring_everything_in, open_store
from server.demo.running import Door
from server.demo.stage import GOOD, WAIT, Stage
from server.demo.town import DISTRICT_NAME, read_town
from server.storage.store import Store


def make_ready(stage: Stage, folder: Folder, door: Door, port: int) -> Store:
    """Make the district where there is none, say what there is, and return its store."""
    stage.scene("准备", "getting ready")
    begun = time.monotonic()
    store = open_store(folder)
    if folder.is_imported:
        stage.say(
            f"{DISTRICT_NAME}还在，接着上次继续，不再导入。", "the district is there; we go on from last time.", GOOD
        )
    else:
        new = bring_everything_in(store, folder, time.time_ns() // 1_000_000)
        folder.note_imported()
        _tell_imported(stage, new, time.monotonic() - begun)
    if port and not door.url.endswith(f":{port}"):
        stage.say(
            f"端口 {port} 已被占用，改用下一个空闲端口。", f"port {port} is taken; using the next free one.", WAIT
        )
    stage.say(f"服务器 {door.url}，数据在 {folder.path}/", "the server, and where its data lies", GOOD)
    # Nothing of a connection may be inherited by the server, which is forked from here.
    store.engine.dispose()
    return store


def _tell_imported(stage: Stage, new: Mapping[str, int], seconds: float) -> None:
    town = read_town(DIVISIONS)
    counts = {
        ("街道", "streets"): len(town.streets),
        ("社区", "communities"): len(town.communities),
        ("网格", "grids"): new["grids"],
        ("人员", "people"): new["people"],
        ("路段", "segments"): new["segments"],
        ("商户", "shops"): new["shops"],
        ("停车区", "parking"): new["parking"],
    }
    stage.table(list(counts), [[str(count) for count in counts.values()]], " ".join(zh for zh, _ in counts))
    stage.say(
        f"{DISTRICT_NAME}已导入，{seconds:.1f} 秒。街道、社区是真的，其余都是编的。",
        f"brought in within {seconds:.1f} s; streets and communities are real, the rest is made up.",
        GOOD,
    )
