"""
Words of an office's day 办公用语: days, how fresh what is shown is, how a worker's tablet stands.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from rich.text import Text

from schemas.day_text import day_zh
from schemas.moments import BEIJING, day_of
from schemas.said_times import day_said
from schemas.wording import lasting, plural
from sync_client.client import FieldClient
from sync_client.commands.voice import BAD, GOOD, QUIET, WAIT, Voice
from sync_client.labels import NotUnderstood
from sync_client.names import Names
from sync_client.office_day.values import SYNC_WORDS, WorkerDay
from sync_client.times import moment

#: What was heard longer ago than this is told as old: 24 h.
_OLD_MS = 24 * 3_600_000
_STYLES = {"no_device": BAD, "silent": BAD, "unsent": WAIT, "unknown": QUIET, "synced": GOOD}
_SIGNS = {BAD: "✗", WAIT: "!", QUIET: "·", GOOD: "✓"}


def day_called(text: str | None, now_ms: int) -> str:
    """
    Return the day that *text* means, as 2020-07-18: a date, 昨天, 7月17日; today for None.

    Raises:
        NotUnderstood: It is no day.
    """
    today = day_of(now_ms)
    if text is None:
        return today
    day = day_said(text, today)
    if day is None:
        raise NotUnderstood(
            f"“{text}”不是日期，应如 {today}、昨天、7月17日。", f"'{text}' is no day; write {today}, or yesterday."
        )
    return day


def day_text(voice: Voice, day: str) -> str:
    """Return a day as it stands in a heading, with its weekday."""
    return voice.pick(day_zh(day), f"{date.fromisoformat(day):%A}, {day}")


def clock(ms: int | None, day: str) -> str:
    """Return a moment by its time alone where it lies on *day*, else with its month and day too."""
    if ms is None:
        return "—"
    return datetime.fromtimestamp(ms // 1000, BEIJING).strftime("%H:%M" if day_of(ms) == day else "%m-%d %H:%M")


def area_text(voice: Voice, names: Mapping[str, str], codes: Iterable[str]) -> str:
    """Return what areas are called, the first of them and how many more."""
    listed = list(codes)
    if not listed:
        return "—"
    first = names.get(listed[0], listed[0])
    rest = len(listed) - 1
    return first if not rest else first + voice.pick(f"等{len(listed)}个", f" +{rest}")


def heading(client: FieldClient, voice: Voice, areas: Iterable[str], zh: str, en: str, day: str) -> Text:
    """Return the line that stands over a list: whose, what, of which day."""
    whose = area_text(voice, {code: Names(client).called(None, code, code) for code in areas}, areas)
    return Text.assemble((f"{whose}  {voice.pick(zh, en)}", "bold"), "  ", day_text(voice, day))


def tell_fresh(voice: Voice, synced_ms: int | None, now_ms: int) -> None:
    """Say how old what is shown is; what is not of today is said loudly, with what to do."""
    if synced_ms is None or day_of(synced_ms) != day_of(now_ms):
        zh = "本机还没有同步过" if synced_ms is None else f"本机今天还没有同步，上次 {moment(synced_ms)}"
        en = "this machine has never synced" if synced_ms is None else f"not synced today, last {moment(synced_ms)}"
        voice.say(zh, en, WAIT)
        voice.hint("先运行 gridward office sync", "run gridward office sync first")
    else:
        voice.say(f"数据截至 {moment(synced_ms)}（本机上次同步）", f"as of {moment(synced_ms)}")


def tell_devices_fresh(voice: Voice, devices_ms: int | None, now_ms: int) -> None:
    """Say where what is known of the tablets is missing or old."""
    if devices_ms is None:
        voice.say("还没有设备情况，谁未同步要先 gridward office sync", "the device ledger was not fetched yet", WAIT)
    elif now_ms - devices_ms > _OLD_MS:
        zh, en = lasting(now_ms - devices_ms)
        voice.say(f"设备情况是 {zh}前的（{moment(devices_ms)}）", f"the device ledger is {en} old", WAIT)


def sync_cell(voice: Voice, row: WorkerDay, day: str) -> Text:
    """Return how a worker's tablet stands: a sign and a word, or when it was heard."""
    style = _STYLES[row.sync]
    word = clock(row.contact_ms, day) if row.sync == "synced" else voice.pick(*SYNC_WORDS[row.sync])
    return Text(f"{_SIGNS[style]} {word}", style)


def sync_sentence(voice: Voice, row: WorkerDay, now_ms: int) -> str:
    """Return in words why a worker's work may not all be here."""
    if row.contact_ms is None:
        return voice.pick("平板从未联系过", "the tablet was never heard of")
    said = [voice.pick(f"上次联系 {moment(row.contact_ms)}", f"last heard {moment(row.contact_ms)}")]
    if row.waiting or row.photos_waiting:
        held = (row.waiting, "条记录", "record"), (row.photos_waiting, "张照片", "photo")
        zh = "、".join(f"{count} {unit}" for count, unit, _ in held if count)
        en = " and ".join(plural(count, word) for count, _, word in held if count)
        said.append(voice.pick(f"未传 {zh}", f"{en} unsent"))
    if row.oldest_ms is not None:
        zh, en = lasting(now_ms - row.oldest_ms)
        said.append(voice.pick(f"最早的已等 {zh}", f"the oldest for {en}"))
    if row.shared:
        said.append(voice.pick("与他人共用", "shared"))
    return voice.pick("，", ", ").join(said)
