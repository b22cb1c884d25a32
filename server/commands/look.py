"""
Looking only 查看: what was refused, what waits for a person, whether the history still holds.
"""

import json
from collections.abc import Mapping
from typing import Any

import click

from schemas.registry import TYPES
from server.commands.common import as_json, in_district, open_store, pick_district, plain, show, telling, when
from server.storage.conflicts import Conflict
from server.storage.quarantine import Refused
from server.usecases.mistakes import Mistake
from server.usecases.verify_history import verify_history
from server.values import Record

_KINDS = {"person": "待认定 decide", "suggestion": "建议 suggestion", "duplicate": "疑似重复 pair"}


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


@click.group("conflicts")
def conflicts() -> None:
    """待裁定事项。What waits for a person to decide."""


@conflicts.command("list")
@in_district
@as_json
@telling
def list_conflicts(district: str | None, as_json: bool) -> None:
    """最早的在前。The oldest first."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        found = work.conflicts.open()
        records = work.records.get([conflict.record for conflict in found])
        people = {account.id: account.name for account in work.people.all()}
    rows = [_dispute(conflict, records.get(conflict.record), people, as_json=as_json) for conflict in found]
    headings = {
        "changed": "时间", "kind": "类型", "name": "对象", "field": "字段",
        "kept": "现显示", "others": "另有", "grid": "网格", "record": "编号",
    }  # fmt: skip
    show(rows, headings, json_wanted=as_json)


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


def _dispute(conflict: Conflict, record: Record | None, people: Mapping[str, str], *, as_json: bool) -> dict[str, Any]:
    """Return one dispute: for a program as it stands, for a person in his words."""
    detail = json.loads(conflict.detail)
    row = {"changed": when(conflict.changed_ms), "grid": conflict.grid, "record": conflict.record}
    if as_json:
        return row | {"kind": conflict.kind, "field": conflict.field, "detail": detail}
    return row | {
        "kind": _KINDS.get(conflict.kind, conflict.kind),
        "name": record.fields.get("name") if record else None,
        "field": _label(record, conflict.field),
        "kept": _word(detail.get("kept"), people),
        "others": [_word(other, people) for other in detail.get("others", ())],
    }


def _label(record: Record | None, name: str) -> str:
    known = TYPES.get(record.type) if record else None
    field = known.schema().fields.get(name) if known else None
    return str(field.metadata.get("label", name)) if field else name


def _word(candidate: Mapping[str, Any] | None, people: Mapping[str, str]) -> str:
    """Return a value with whoever gave it; nothing where the dispute is about a pair of records."""
    if candidate is None:
        return ""
    by = people.get(str(candidate.get("by")), "")
    return f"{candidate['value']}（{by}）" if by else str(candidate["value"])
