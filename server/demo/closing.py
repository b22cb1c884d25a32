"""
The closing scenes 收场: what waits for a person, what everybody sees, the server's books, and your own tablet.
"""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from server.demo.books import Books, Open, digest, read_books, read_open, read_records
from server.demo.folder import Folder
from server.demo.people import CAST
from server.demo.playing import VISITOR, Outcome, fresh_code
from server.demo.stage import BAD, GOOD, QUIET, Cell, Stage
from server.settings import PUBLIC_URL
from server.storage.store import Store
from server.values import Record

_KINDS = {"person": "待认定", "suggestion": "建议", "duplicate": "疑似重复", "notice": "知会"}
_SHORT = 6
_SHOWN = 5


def close(stage: Stage, store: Store, outcome: Outcome) -> bool:
    """Show where the morning has led, and say whether everything is as promised."""
    left = _show_open(stage, read_open(store), outcome.disputed)
    held = read_records(store, outcome.views[-1].digests)
    same = _show_views(stage, outcome, held)
    kept = _show_books(stage, outcome, read_books(store))
    return left and same and kept


def _show_open(stage: Stage, found: list[Open], disputed: str) -> bool:
    stage.scene("等人认定的", "what waits for a person")
    for one in found[-_SHOWN:]:
        stage.say(f"{_KINDS[one.kind]}：{one.zh}", one.en)
    if len(found) > _SHOWN:
        stage.say(f"只列最近 {_SHOWN} 项，共 {len(found)} 项。", f"the last {_SHOWN} of {len(found)}", QUIET)
    left = any(one.record == disputed and one.kind == "person" for one in found)
    if not left:
        stage.say("店名之争没有留给人认定。", "the dispute over the name was not left to a person.", BAD)
    return left


def _show_views(stage: Stage, outcome: Outcome, held: Mapping[str, Record]) -> bool:
    """Show the watched records as everybody holds them, and compare all the others with the server's too."""
    stage.scene("各方所见", "what everybody sees")
    server = {record_id: digest(record) for record_id, record in held.items()}
    heads = [
        ("记录", "record"),
        ("现在显示", "shows now"),
        ("指纹", "digest"),
        *((view.name, "") for view in outcome.views),
        ("服务器", "server"),
    ]
    rows: list[list[Cell]] = []
    for one in outcome.watched:
        told = server.get(one.id, "—")
        same = [("", GOOD if view.digests.get(one.id) == told else BAD) for view in outcome.views]
        rows.append([f"{one.zh} {one.en}", one.shows, told[:_SHORT], *same, ("", GOOD if one.id in server else BAD)])
    stage.table(heads, rows)
    counts = "、".join(f"{view.name} {len(view.digests)}" for view in outcome.views)
    other = sum(told != server.get(i) for view in outcome.views for i, told in view.digests.items())
    if other:
        stage.say(f"有 {other} 处与服务器不同。", f"{other} differ from the server's.", BAD)
        return False
    total = sum(len(view.digests) for view in outcome.views)
    stage.say(
        f"{counts} 条，共核对 {total} 条：四台设备与服务器逐字节一致。",
        f"all {total} records compared: the four devices and the server hold the same, byte for byte.",
        GOOD,
    )
    return True


def _show_books(stage: Stage, outcome: Outcome, books: Books) -> bool:
    stage.scene("服务器的账", "the server's books")
    rows: list[list[Cell]] = []
    kept = True
    for view in outcome.views:
        taken = books.taken_of(view.device)
        good = taken.rows == view.written and not taken.doubled
        kept = kept and good
        cells = [f"{view.name}的平板", str(view.written), str(taken.rows), str(taken.doubled)]
        rows.append([*cells, ("一条不少，一条不多", GOOD) if good else ("对不上", BAD)])
    heads = (("设备", "device"), ("写了", "written"), ("收下", "taken"), ("重复", "doubled"), ("", ""))
    stage.table(heads, rows, "写了 收下 重复")
    broken = [chain for chain in books.chains if chain.broken is not None]
    stage.say(
        f"历史 {books.rows} 行，{len(books.chains)} 条哈希链逐行核验，断开 {len(broken)} 处。",
        f"{books.rows} rows of history; {len(books.chains)} hash chains verified row by row.",
        BAD if broken else GOOD,
    )
    return kept and not broken


def invite(stage: Stage, store: Store, folder: Folder, url: str) -> None:
    """Show how to enrol a tablet of one's own, and where to look."""
    person = CAST[VISITOR]
    stage.scene("换您来", "your turn")
    stage.say(
        f"您是{person.name}，{person.unit}{person.title}，与李明、王芳同一网格。登记码 15 分钟内有效，只能用一次。",
        "you are Sun Li, a grid worker beside the two; the code is good for 15 minutes, once.",
    )
    stage.say("另开一个终端窗口，进入本文件夹，运行：", "in a second terminal, in this folder:")
    gridward, where = _program("gridward"), shlex.quote(str(folder.path))
    for rest in (f"enrol {fresh_code(store, VISITOR)} --server {url}", "sync", "list shop", "record"):
        stage.command(f"{gridward} --data {where}/my-tablet {rest}")
    stage.say("看看李明的平板：", "look into Li Ming's tablet:")
    stage.command(f"{gridward} --data {where}/tablets/li conflicts")
    stage.say("在办公室这边看：", "and on the office's side:")
    around = f"GRIDWARD_DATA={where} " + ("" if url == PUBLIC_URL else f"GRIDWARD_PUBLIC_URL={url} ")
    settle = "conflicts settle 编号 keep --as 赵敏"
    for rest in ("conflicts list", settle, "devices list", "audit verify", f"enrol-code --person {person.name}"):
        stage.command(f"{around}{_program('gridward-server')} {rest}")
    stage.say(f"接口说明 {url}/docs 。按 Ctrl-C 停止。", "the interface is described there; Ctrl-C stops.")


def _program(name: str) -> str:
    """Return how *name* is called here: beside this Python, as short as it can be written."""
    beside = Path(sys.executable).with_name(name)
    if not beside.exists():
        return name
    here = Path.cwd()
    return str(beside.relative_to(here)) if beside.is_relative_to(here) else str(beside)
