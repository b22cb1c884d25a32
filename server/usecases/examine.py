"""
Look whether everything is as it should be 体检: what ``gridward-server doctor`` prints.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from server.core.desk import reading
from server.storage import migrate
from server.storage.store import Store
from server.usecases.rebuild_ledger import count_astray
from server.usecases.verify_history import verify_history

#: A tablet that was not heard of for so long may hold work that nobody else has.
SILENT_MS = 3 * 24 * 3600 * 1000


class Finding(NamedTuple):
    """One thing that was looked at: good, worth a look, or bad."""

    level: Literal["good", "look", "bad"]
    zh: str
    en: str


def examine(store: Store, now_ms: int) -> Iterator[Finding]:
    """Yield what there is to say, the database first; nothing further where its tables are not there."""
    state = migrate.state(store.engine)
    if not state.up_to_date:
        at = state.current or "—"
        yield Finding("bad", f"数据库版本 {at}，应为 {state.latest}：请运行 gridward-server migrate",
                      f"database at {at}, should be {state.latest}: run gridward-server migrate")  # fmt: skip
        return
    yield Finding("good", f"数据库版本 {state.current}", f"database at step {state.current}")
    if migrate.differences(store.engine):
        yield Finding("bad", "数据表与程序不一致", "the tables differ from what the program expects")
    places = store.places()
    if not places:
        yield Finding("bad", "还没有区县：请运行 gridward-server init", "no district yet: run gridward-server init")
    for district, place in sorted(places.items()):
        yield Finding(
            "good", f"{place.name}（{district}），纪元 {place.epoch}", f"district {district}, epoch {place.epoch}"
        )
        yield from _of_district(store, district, now_ms)


def _of_district(store: Store, district: str, now_ms: int) -> Iterator[Finding]:
    with store.work(district, writing=False) as work:
        people = [account for account in work.people.all() if account.stopped_ms is None]
        devices = [device for device in work.enrolment.listed() if device.revoked_ms is None]
        conflicts, quarantined = len(work.conflicts.open()), work.quarantine.open()
    verified = verify_history(store, district)
    changes = sum(feed.rows for feed in verified)
    yield Finding("good", f"{len(people)} 人，{len(devices)} 台设备，{changes} 次修改",
                  f"{len(people)} people, {len(devices)} devices, {changes} changes")  # fmt: skip
    silent = [d.name for d in devices if now_ms - max(d.last_ms or 0, d.enrolled_ms) > SILENT_MS]
    if silent:
        listed = "、".join(silent[:5])
        yield Finding(
            "look", f"{len(silent)} 台设备三天未联系：{listed}", f"{len(silent)} devices silent for three days"
        )
    if conflicts:
        yield Finding("look", f"{conflicts} 项待裁定", f"{conflicts} disputes wait for a person")
    if quarantined.since_ms is not None:
        count, since = quarantined.payloads, reading.clock_time(quarantined.since_ms)
        yield Finding("look", f"隔离区有 {count} 条待处理，最早 {since} 收到：gridward-server quarantine list",
                      f"{count} payloads wait in quarantine, the oldest since {since}")  # fmt: skip
    broken = [feed for feed in verified if feed.broken is not None]
    for feed in broken:
        zh, en = feed.why or ("", "")
        yield Finding(
            "bad", f"历史 {feed.feed} 第 {feed.broken} 行：{zh}", f"history {feed.feed} row {feed.broken}: {en}"
        )
    if not broken:
        yield Finding("good", "历史链完整", "the chains of the history hold")
    yield from _of_ledger(store, district)


def _of_ledger(store: Store, district: str) -> Iterator[Finding]:
    astray = count_astray(store, district)
    if astray:
        yield Finding("bad", f"台账有 {astray} 行与记录不符：请运行 gridward-server ledger rebuild",
                      f"{astray} rows of the ledger do not follow from their cases: run gridward-server ledger rebuild"
                      )  # fmt: skip
