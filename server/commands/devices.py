"""
Devices and the codes that let them in 设备与登记码.
"""

import io
import json
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import click
import msgspec
import segno

from schemas.moments import ms_of
from schemas.release import code_of, read_challenge
from server.commands.common import (
    as_json,
    in_district,
    now_ms,
    open_store,
    pick_district,
    plain,
    read_settings,
    show,
    telling,
    when,
)
from server.commands.typed import area_named
from server.core.device_ledger import FLAGS
from server.storage.enrolment import Listed
from server.storage.unit_of_work import UnitOfWork
from server.usecases.at_the_desk import operators_desk
from server.usecases.enrol_device import CODE_LIVES_MS, offer_code
from server.usecases.list_devices import ListedDevice, Sought, list_devices
from server.usecases.manage_people import find_person
from server.usecases.mistakes import Mistake
from server.usecases.show_device import DeviceFile, show_device

#: What an operator is told that he lets happen.
_RELEASED = {
    "logout": ("准许人员退出，其未送达的数据留在平板上", "somebody may leave while his work waits"),
    "reset": ("准许清空平板，其上未送达的数据将丢失", "the tablet may be emptied; what it has not delivered is lost"),
}


@click.command("enrol-code")
@click.option("--person", required=True, help="工号、姓名或编号。Staff number, name or id.")
@in_district
@telling
def enrol_code(person: str, district: str | None) -> None:
    """生成一次性登记码（15 分钟有效）。Make a one-time enrolment code, good for 15 minutes."""
    settings = read_settings()
    store = open_store(settings)
    place = pick_district(store, district)
    with store.work(place, writing=False) as work:
        account = find_person(work, person)
    if account.stopped_ms is not None:
        raise Mistake(f"{account.name} 的账号已停用。", "The account was stopped.")
    code = offer_code(store, place, account, now_ms())
    click.echo(picture(address(settings.public_url, code)))
    click.echo(f"登记码 Code: {code}")
    click.echo(f"服务器 Server: {settings.public_url}")
    click.echo(f"人员 Person: {account.name}，{when(now_ms() + CODE_LIVES_MS)} 前有效，只能用一次 (once)")


def address(server: str, code: str) -> str:
    """Return what the picture says: the server and the code, as an address a tablet understands."""
    return f"gridward:enrol?server={quote(server, safe='')}&code={code}"


def picture(text: str) -> str:
    """Return *text* as a QR code made of characters, for a terminal."""
    drawn = io.StringIO()
    segno.make(text, micro=False).terminal(drawn, compact=True)
    return drawn.getvalue()


@click.group("devices")
def devices() -> None:
    """平板和办公电脑。Tablets and office computers."""


_HEADINGS = {
    "name": "设备", "people": "人员", "last": "最近联系", "records": "未收到记录", "photos": "未收到照片",
    "oldest_days": "最早(天)", "clock_s": "时钟(秒)", "free_mb": "剩余MB", "app": "版本", "state": "状态", "id": "编号",
}  # fmt: skip
_stale = click.option("--stale", is_flag=True, help="只列久未联系的。Only those nobody heard of for a day.")
_area = click.option(
    "--area", metavar="河北街道", help="只列使用人员在此区域的，写名称或代码。Only those used by people of this area."
)


@devices.command("list")
@_stale
@click.option("--unsent", is_flag=True, help="只列有未收到数据的。Only those not all of whose work is here.")
@_area
@in_district
@as_json
@telling
def list_all(district: str | None, as_json: bool, stale: bool, unsent: bool, area: str | None) -> None:
    """
    列出设备台账：使用人员、最近联系、未收到的记录和照片、时钟、版本、剩余空间。List devices, what needs somebody first.

    未写入的联系最多晚 10 秒。Contacts reach the database within ten seconds.
    """
    found = _found(district, Sought(stale or None, unsent or None, area, limit=sys.maxsize))
    show([_row(device) for device in found], _HEADINGS, json_wanted=as_json)


@devices.command("unsent")
@_stale
@_area
@in_district
@as_json
@telling
def list_unsent(district: str | None, as_json: bool, stale: bool, area: str | None) -> None:
    """列出哪台设备还有多少未收到、最早几天、谁在用。Say what is still on which device, and whose."""
    found = _found(district, Sought(stale or None, True, area, limit=sys.maxsize))
    headings = {"zh": "情况", "en": "in English", "people": "人员", "id": "编号"}
    show([_row(device) for device in found], headings, json_wanted=as_json)


@devices.command("show")
@click.argument("device")
@in_district
@as_json
@telling
def show_one(device: str, district: str | None, as_json: bool) -> None:
    """查看一台设备：缺哪些编号，哪些在等待，缺多少照片。Show one device, and which numbers are missing."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        file = show_device(work, operators_desk(work), _named(work, device).id, now_ms())
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(file), ensure_ascii=False, indent=2))
        return
    for line in _told(file):
        click.echo(plain(line))


def _found(district: str | None, sought: Sought) -> list[ListedDevice]:
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        here = sought._replace(area=area_named(work, sought.area))
        return list_devices(work, operators_desk(work), here, now_ms()).devices


def _told(file: DeviceFile) -> Iterator[str]:
    """Yield what to know of one device, line by line."""
    device = file.device
    yield device.zh
    yield device.en
    yield f"编号 Id: {device.id}"
    yield f"人员 People: {'、'.join(person.name for person in device.people) or '—'}"
    yield f"版本 Version: {device.app or '—'}，剩余 free: {'—' if device.free_mb is None else f'{device.free_mb} MB'}"
    yield f"已收到编号 Settled: {file.settled} / {file.last_n or '—'}（{file.install or '—'}）"
    if file.missing:
        spans = "、".join(str(n.first) if n.first == n.last else f"{n.first}–{n.last}" for n in file.missing)
        yield f"缺少编号 Missing: {spans}"
    if file.held:
        yield f"等待其他记录 Held: {'、'.join(map(str, file.held))}"
    if file.photos_absent or file.originals_absent:
        yield f"记录已到、照片未到 Photos absent: {file.photos_absent}；原图未到 originals: {file.originals_absent}"


@devices.command("revoke")
@click.argument("device")
@in_district
@telling
def revoke(device: str, district: str | None) -> None:
    """停用设备；它未发送的数据仍留在设备上。Stop a device; what it has not sent stays on it."""
    store = open_store()
    with store.work(pick_district(store, district)) as work:
        found = _named(work, device)
        work.enrolment.revoke(found.id, now_ms())
        work.commit()
    click.echo(f"已停用 Revoked: {plain(found.name)} {found.id}")


@devices.command("release")
@click.argument("device")
@click.argument("challenge")
@in_district
@telling
def release(device: str, challenge: str, district: str | None) -> None:
    """
    为平板上显示的申请码算出解锁码。Return the release code for the challenge that a tablet shows.

    凭解锁码，平板可在仍有未送达数据时退出或清空。With it a tablet may be left or emptied while work still waits.
    """
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        found = _named(work, device)
        key = work.devices.token_hash(found.id)
    shown, what = read_challenge(challenge, found.id)
    code = code_of(key or b"", found.id, shown, what)
    zh, en = _RELEASED[what]
    click.echo(plain(f"{zh} {en}: {found.name} {found.id}"))
    click.echo(f"解锁码 Code: {code[:4]}-{code[4:]}（只能用一次 once）")


def _named(work: UnitOfWork, device: str) -> Listed:
    """
    Return the one device that *device* names, by its id or its name.

    Raises:
        Mistake: there is none, or several.
    """
    found = [d for d in work.enrolment.listed() if device in (d.id, d.name)]
    if len(found) != 1:
        raise Mistake(
            f"“{device}”对应 {len(found)} 台设备，请用编号指明。",
            f"'{device}' names {len(found)} devices; use the id.",
        )
    return found[0]


def _row(device: ListedDevice) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(device)
    return told | {
        "people": [person.name for person in device.people],
        "last": _minute(device.last_at),
        "revoked": _minute(device.revoked_at),
        "enrolled": _minute(device.enrolled_at),
        "waiting": device.records + device.held,
        "photos_waiting": device.photos,
        "state": [FLAGS[flag][0] for flag in device.flags],
    }


def _minute(at: str | None) -> str:
    return "" if at is None else when(ms_of(at))
