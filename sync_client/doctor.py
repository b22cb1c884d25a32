"""
The doctor 体检: what may be wrong with a tablet and its way to the server, looked at one by one.

Nothing is repaired and nothing is written; whatever cannot be looked at is said to be unknown.
"""

import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from schemas.clock import CORRECT_BEYOND_MS
from schemas.wire import PROTOCOL, SyncRequest
from schemas.wording import lasting, plural, size_of
from sync_client.album import Album
from sync_client.calls import Office, answer_of
from sync_client.database import Database
from sync_client.desk import Desk
from sync_client.driver import PLAIN, Driver
from sync_client.errors import (
    CaptivePortal,
    LocalStoreDamaged,
    NotEnrolled,
    Refused,
    StoreError,
    SyncError,
    Unreachable,
)
from sync_client.journal import Journal
from sync_client.local_store import LocalStore
from sync_client.originals import Originals, photo_folder
from sync_client.photos.room import is_low, room_of
from sync_client.times import moment
from sync_client.transport import HTTPTransport, Request, Response, Transport

FINE, WATCH, WRONG, UNKNOWN = "fine", "watch", "wrong", "unknown"
#: Below it recording itself is at risk.
_NO_ROOM = 200_000_000
_DAY_MS = 24 * 3600 * 1000
#: A certificate that ends within two weeks is worth a word to the office.
_SOON_S = 14 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that was looked at.

    Attributes:
        code: ``disk``, ``file``, ``waiting``, ``photos``, ``server``, ``clock``, ``certificate``, ``enrolled``; stable.
        state: ``fine``, ``watch``, ``wrong`` or ``unknown``.
        zh, en: What was looked at.
        value_zh, value_en: What was found.
        next_zh, next_en: What to do; empty where there is nothing to do.
    """

    code: str
    state: str
    zh: str
    en: str
    value_zh: str
    value_en: str
    next_zh: str = ""
    next_en: str = ""


class _Pong(msgspec.Struct):
    nonce: str
    now_ms: int


def examine(
    file: Path,
    transport: Transport | None,
    wall_ms: Callable[[], int],
    driver: Callable[[], Driver] = lambda: PLAIN,
) -> list[Finding]:
    """
    Look at everything once.

    Args:
        file: The tablet's file; it need not be there.
        transport: The way to the server; None where there was never one.
        wall_ms: The device's clock, milliseconds since 1970-01-01 UTC.
        driver: Returns what opens the file; what it raises is found as well.
    """
    found = [_disk(file.parent)]
    try:
        database = Database(file, driver()) if file.exists() else None
    except StoreError as error:
        return [*found, _about_file(error), *_network(transport, wall_ms)]
    if database is None:
        return [*found, *_network(transport, wall_ms), _enrolled(NotEnrolled())]
    try:
        return [*found, *_inside(Desk(database, wall_ms), transport)]
    finally:
        database.close()


def _inside(desk: Desk, transport: Transport | None) -> Iterator[Finding]:
    """Look at the file first: what stands in a damaged one says nothing."""
    file = _integrity(desk.db)
    yield file
    if file.state == FINE:
        yield _waiting(desk)
        yield _photos(desk)
    network = list(_network(transport, desk.wall_ms))
    yield from network
    if file.state == FINE:
        reached = any(finding.code == "server" and finding.state == FINE for finding in network)
        yield _token(desk, transport if reached else None)


def _disk(folder: Path) -> Finding:
    present = next(place for place in (folder, *folder.parents) if place.exists())
    usage = shutil.disk_usage(present)
    free = size_of(usage.free)
    state = FINE if not is_low(usage.free, usage.total) else WATCH if usage.free >= _NO_ROOM else WRONG
    advice = () if state == FINE else ("请腾出空间，照片尤其占地方", "make room; photos take most of it")
    return Finding("disk", state, "可用空间", "free space", free, free, *advice)


def _integrity(database: Database) -> Finding:
    failures: tuple[type[Exception], ...] = (StoreError, *database.driver.errors)
    try:
        [said] = database.one("PRAGMA integrity_check(1)")
    except failures as error:
        return _about_file(error)
    if said == "ok":
        how = ("完好，已加密", "sound, sealed") if database.driver.sealed else ("完好", "sound")
        return Finding("file", FINE, "数据文件", "data file", *how)
    return _about_file(LocalStoreDamaged(str(said)))


def _about_file(error: Exception) -> Finding:
    known = error if isinstance(error, StoreError) else StoreError(str(error))
    return Finding("file", WRONG, "数据文件", "data file", known.zh, known.en, known.next_zh, known.next_en)


def _waiting(desk: Desk) -> Finding:
    journal = Journal(desk.db)
    oldest, count = journal.oldest_waiting_ms(), journal.counts()["waiting"]
    if oldest is None:
        return Finding("waiting", FINE, "待发", "waiting", "没有", "nothing")
    age = max(desk.now_ms() - oldest, 0)
    zh, en = lasting(age)
    told = (f"{count} 条，最早一条已等 {zh}（{moment(oldest)}）", f"{count}, the oldest for {en} ({moment(oldest)})")
    if age <= _DAY_MS:
        return Finding("waiting", FINE, "待发", "waiting", *told)
    return Finding(
        "waiting", WATCH, "待发", "waiting", *told, "请尽快连接网络后同步", "sync as soon as there is a network"
    )


def _photos(desk: Desk) -> Finding:
    """Look whether what waits still lies in the folder, and whether there is room for more."""
    album = Album(desk)
    counts, room = album.counts(), room_of(desk)
    kept = Originals(photo_folder(desk.db.path))
    gone = sum(not kept.place_of(name).is_file() for name in album.waiting())
    waiting = (
        f"{counts.photos} 张照片待传，{size_of(counts.bytes)}",
        f"{plural(counts.photos, 'photo')} to be sent, {size_of(counts.bytes)}",
    )
    told = waiting if counts.photos else ("没有待传的照片", "no photos wait")
    if gone or counts.refused or counts.lost:
        lost = gone + counts.lost
        zh = f"{told[0]}；{lost} 个文件丢失，{counts.refused} 个未被接受"
        en = f"{told[1]}; {plural(lost, 'file')} lost, {counts.refused} refused"
        advice = ("运行 gridward photos list；请勿删除数据文件夹", "gridward photos list; keep the folder")
        return Finding("photos", WRONG, "照片", "photos", zh, en, *advice)
    if room.low:
        freed = size_of(room.to_tidy)
        hint = (f"清理可腾出 {freed}：gridward photos tidy", f"tidying would free {freed}: gridward photos tidy")
        if not room.to_tidy:
            hint = ("请先上传照片，或删除其他应用的文件", "send the photos first, or remove what others keep here")
        return Finding("photos", WATCH, "照片", "photos", *told, *hint)
    return Finding("photos", FINE, "照片", "photos", *told)


# -- the way to the server --------------------------------------------------------------------------


def _network(transport: Transport | None, wall_ms: Callable[[], int]) -> Iterator[Finding]:
    if transport is None:
        return
    asked, nonce = wall_ms(), secrets.token_hex(6)
    try:
        pong = _pong(transport.send(Request("GET", f"/v1/ping?nonce={nonce}")), nonce)
    except SyncError as error:
        yield _unreached(error)
        return
    answered = wall_ms()
    yield Finding("server", FINE, "服务器", "server", f"已连通，{answered - asked} 毫秒", f"{answered - asked} ms away")
    yield _clock(pong.now_ms - (asked + answered) // 2)
    yield _certificate(transport, pong.now_ms // 1000)


def _pong(response: Response, nonce: str) -> _Pong:
    """Return the answer to a ping, which only the server itself can give."""
    try:
        pong = msgspec.json.decode(answer_of(response), type=_Pong)
    except (Refused, msgspec.DecodeError) as error:
        raise CaptivePortal(str(error)) from error
    if pong.nonce != nonce:
        raise CaptivePortal("nonce")
    return pong


def _unreached(error: SyncError) -> Finding:
    told = error.problem
    return Finding(
        code="server",
        state=WRONG,
        zh="服务器",
        en="server",
        value_zh=told["message_zh"],
        value_en=told["message_en"],
        next_zh=told["next_zh"],
        next_en=told["next_en"],
    )


def _clock(offset_ms: int) -> Finding:
    zh, en = lasting(offset_ms)
    if abs(offset_ms) < 1000:
        return Finding("clock", FINE, "时钟", "clock", "与服务器一致", "agrees with the server")
    way_zh, way_en = ("慢", "slow") if offset_ms > 0 else ("快", "fast")
    told = (f"比服务器{way_zh} {zh}", f"{en} {way_en}")
    if abs(offset_ms) <= CORRECT_BEYOND_MS:
        return Finding("clock", FINE, "时钟", "clock", *told)
    advice = (
        "记录的时间会自动更正；请把平板设为自动对时",
        "times are corrected; let the tablet set its clock by itself",
    )
    return Finding("clock", WATCH, "时钟", "clock", *told, *advice)


def _certificate(transport: Transport, now_s: int) -> Finding:
    try:
        ends = transport.certificate_ends_s() if isinstance(transport, HTTPTransport) else None
    except Unreachable as error:
        return Finding("certificate", UNKNOWN, "证书", "certificate", error.zh, error.en)
    if ends is None:
        return Finding("certificate", UNKNOWN, "证书", "certificate", "此连接未用证书", "this connection has none")
    left_zh, left_en = lasting((ends - now_s) * 1000)
    day = moment(ends * 1000)[:10]
    told = (f"有效期至 {day}，还有 {left_zh}", f"valid until {day}, {left_en} left")
    if ends - now_s > _SOON_S:
        return Finding("certificate", FINE, "证书", "certificate", *told)
    return Finding("certificate", WATCH, "证书", "certificate", *told, "请告知街道管理员", "tell the street office")


def _token(desk: Desk, transport: Transport | None) -> Finding:
    """Ask the server for what is new, and look only at whether it answers."""
    head = desk.head()
    if head.token is None:
        return _enrolled(NotEnrolled())
    if transport is None:
        return Finding("enrolled", UNKNOWN, "登记", "enrolment", "没有网络，无法确认", "unknown without a network")
    asked = SyncRequest(PROTOCOL, head.install, cursors=LocalStore(desk.db).cursors(), limit=1)
    try:
        Office(transport, secrets.token_bytes).post("/v1/sync", asked, head.token)
    except NotEnrolled as error:
        return _enrolled(error)
    except Refused as error:
        if error.told.get("code") not in ("epoch_changed", "cursor_too_old"):
            return _unreached(error)
    except SyncError as error:
        return _unreached(error)
    return Finding("enrolled", FINE, "登记", "enrolment", "有效", "valid")


def _enrolled(error: NotEnrolled) -> Finding:
    told = error.problem
    return Finding(
        code="enrolled",
        state=WRONG,
        zh="登记",
        en="enrolment",
        value_zh=told["message_zh"],
        value_en=told["message_en"],
        next_zh=told["next_zh"],
        next_en=told["next_en"],
    )
