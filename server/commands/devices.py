"""
Devices and the codes that let them in 设备与登记码.
"""

import io
import json
from typing import Any
from urllib.parse import quote

import click
import segno

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
from server.storage.enrolment import Listed
from server.storage.unit_of_work import UnitOfWork
from server.usecases.enrol_device import CODE_LIVES_MS, offer_code
from server.usecases.manage_people import find_person
from server.usecases.mistakes import Mistake

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


@devices.command("list")
@in_district
@as_json
@telling
def list_devices(district: str | None, as_json: bool) -> None:
    """列出设备、使用人员、最近联系和未上传数量。List devices, their people, last contact, what waits on them."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        listed = work.enrolment.listed()
    headings = {
        "name": "设备", "people": "人员", "last": "最近联系", "waiting": "未上传", "photos_waiting": "未传照片",
        "app": "版本", "revoked": "停用", "id": "编号",
    }  # fmt: skip
    show([_row(device) for device in listed], headings, json_wanted=as_json)


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


def _row(device: Listed) -> dict[str, Any]:
    report = json.loads(device.report) if device.report else {}
    return {
        "id": device.id, "name": device.name, "people": list(device.people), "enrolled": when(device.enrolled_ms),
        "last": when(device.last_ms), "waiting": report.get("waiting"),
        "photos_waiting": report.get("photos_waiting"), "app": report.get("app"),
        "revoked": when(device.revoked_ms),
    }  # fmt: skip
