"""
Looking only 查看: what was refused, whether the history still holds.
"""

import json
from typing import Any

import click

from server.commands.common import as_json, in_district, open_store, pick_district, plain, show, telling, when
from server.storage.quarantine import Refused
from server.usecases.mistakes import Mistake
from server.usecases.verify_history import verify_history


@click.group("quarantine")
def quarantine() -> None:
    """隔离区：未被接受的内容，原样保存。What could not be accepted, kept word for word."""


@quarantine.command("list")
@click.option("--limit", default=100, show_default=True, help="最多条数。At most so many.")
@in_district
@as_json
@telling
def list_quarantine(limit: int, district: str | None, as_json: bool) -> None:
    """最近的在前。The latest first."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        rows = [_row(refused) for refused in work.quarantine.latest(limit)]
    headings = {"received": "收到", "code": "原因代码", "problem": "原因", "device": "设备", "n": "序号", "id": "编号"}
    show(rows, headings, json_wanted=as_json)


@quarantine.command("show")
@click.argument("id")
@in_district
@telling
def show_quarantine(id: str, district: str | None) -> None:  # noqa: A002
    """显示一条的全文（编号可只写开头）。Show one in full; the beginning of its id is enough."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        found = work.quarantine.found(id)
    if len(found) != 1:
        raise Mistake(f"编号“{id}”对应 {len(found)} 条。", f"'{id}' names {len(found)} of them.")
    problem = json.loads(found[0].problem)
    click.echo(plain(f"{problem['message_zh']} {problem['message_en']}"))
    for path, errors in problem.get("errors", {}).items():
        click.echo(plain(f"  {path}: {'；'.join(e['zh'] + ' ' + e['en'] for e in errors)}"))
    click.echo(plain(found[0].payload.decode("utf-8", "backslashreplace")))


@click.group("audit")
def audit() -> None:
    """历史核验。The history, held to its own word."""


@audit.command("verify")
@in_district
@as_json
@telling
def verify(district: str | None, as_json: bool) -> None:
    """逐行核验历史链；有问题时返回 1。Walk every chain; 1 where a row was changed or is missing."""
    store = open_store()
    verified = verify_history(store, pick_district(store, district))
    rows = [
        {
            "feed": v.feed, "rows": v.rows, "link": v.link, "broken": v.broken,
            "why": "" if v.why is None else f"{v.why[0]} {v.why[1]}",
        }
        for v in verified
    ]  # fmt: skip
    headings = {"feed": "流", "rows": "完好的行", "link": "末环", "broken": "首个问题行", "why": "问题"}
    show(rows, headings, json_wanted=as_json)
    if any(v.broken is not None for v in verified):
        raise SystemExit(1)


def _row(refused: Refused) -> dict[str, Any]:
    return {
        "id": refused.id, "received": when(refused.received_ms), "device": refused.device, "n": refused.n,
        "code": refused.code, "problem": json.loads(refused.problem).get("message_zh"), "record": refused.record,
    }  # fmt: skip
