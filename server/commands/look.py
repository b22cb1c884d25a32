"""
Looking only 查看: whether the history still holds, and whether everything that follows from it does.
"""

import click

from server.commands.common import as_json, in_district, open_store, pick_district, plain, show, telling
from server.storage.store import Store
from server.usecases.rebuild_ledger import strays
from server.usecases.replay_history import replay_history
from server.usecases.verify_history import Verified, verify_history

_MOST = 60


@click.group("audit")
def audit() -> None:
    """历史核验。The history, held to its own word."""


@audit.command("verify")
@click.option("--replay", is_flag=True, help="再把每条记录、台账与重放的历史核对。Also hold records and ledger to it.")
@in_district
@as_json
@telling
def verify(replay: bool, district: str | None, as_json: bool) -> None:
    """逐行核验历史链；有问题时返回 1。Walk every chain; 1 where a row was changed or is missing."""
    store = open_store()
    place = pick_district(store, district)
    verified = verify_history(store, place)
    headings = {"feed": "流", "rows": "完好的行", "link": "末环", "broken": "首个问题行", "record": "记录",
                "column": "列", "why": "问题"}  # fmt: skip
    show([_row(one) for one in verified], headings, json_wanted=as_json)
    for one in verified:
        if one.change is not None and not as_json:
            click.echo(_told(one))
    wrong = any(one.broken is not None for one in verified)
    if replay:
        wrong |= bool(_replayed(store, place))
    if wrong:
        raise SystemExit(1)


def _row(one: Verified) -> dict[str, object]:
    change = one.change
    return {
        "feed": one.feed, "rows": one.rows, "link": one.link, "broken": one.broken, "record": one.record,
        "column": change.column if change else None, "stored": _short(change.stored) if change else None,
        "before": _short(change.before) if change else None, "why": "" if one.why is None else " ".join(one.why),
    }  # fmt: skip


def _told(one: Verified) -> str:
    change = one.change
    if change is None:
        return ""
    before = f"，原为 it was：{_short(change.before)}" if change.before is not None else ""
    where = f"流 {one.feed} 第 {one.broken} 行（记录 {one.record or '—'}）的 {change.column} 列"
    return plain(f"{where}：现为 now {_short(change.stored)}{before}")


def _short(value: object) -> str | None:
    text = None if value is None else str(value)
    return text if text is None or len(text) <= _MOST else f"{text[:_MOST]}…"


def _replayed(store: Store, district: str) -> int:
    """Print in what records and ledger are not what the history comes to; return how many things that is."""
    found = 0
    for checked in replay_history(store, district):
        for one in checked.differences:
            click.echo(plain(f"{one.record} {one.what}：{one.zh} {one.en}"), err=True)
            found += 1
    for stray in strays(store, district):
        click.echo(plain(f"{stray.case} 台账 ledger {stray.what}：{stray.stored} → {stray.made}"), err=True)
        found += 1
    click.echo(
        f"记录与台账：{found} 处与历史不符；records and ledger: {found} things differ from the history", err=True
    )
    return found
