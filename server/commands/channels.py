"""
The ways out of the office 外发渠道: listed, opened, closed, tried. Their secret addresses are in the environment.
"""

import click

from server.channels.outgoing import Outgoing
from server.channels.sender import Sender
from server.commands.calendar import with_reason
from server.commands.common import as_json, in_district, now_ms, open_store, pick_district, plain, show, telling, when
from server.commands.typed import area_named, code_named
from server.core.channels import KINDS, Channel, messages
from server.settings import channel_address
from server.usecases.list_channels import ListedChannel, list_channels
from server.usecases.list_deliveries import problem_told
from server.usecases.manage_calendar import Said
from server.usecases.manage_channels import close_channel, find_channel, open_channel, test_text, words_on
from server.usecases.mistakes import Mistake

_HEADINGS = {
    "name": "名称", "kind": "类型", "area": "区划", "codes": "发送", "owner": "本人", "configured": "地址",
    "counts": "投递",
}  # fmt: skip


@click.group("channels")
def channels() -> None:
    """外发渠道：群机器人、邮件、接口。地址只放在环境变量里。Ways out: robots, mail, webhooks."""


@channels.command("list")
@click.option("--history", is_flag=True, help="列出说过的每一句。Every word ever said.")
@in_district
@as_json
@telling
def list_all(history: bool, district: str | None, as_json: bool) -> None:
    """列出渠道、地址是否已配置、投递数。List the channels, whether they can speak, how they fare."""
    store = open_store()
    place = pick_district(store, district)
    if history:
        rows = [word._asdict() | {"at": when(word.at_ms)} for word in words_on(store, place)]
        headings = {"at": "时间", "name": "名称", "said": "内容", "reason": "依据", "by": "人员"}
        show(rows, headings, json_wanted=as_json)
        return
    with store.work(place, writing=False) as work:
        found = list_channels(work, channel_address).channels
    show([_row(one, for_people=not as_json) for one in found], _HEADINGS, json_wanted=as_json)


@channels.command("add")
@click.argument("name", type=str.lower)
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.option(
    "--area", metavar="河北街道", help="服务的区划，写名称或代码；默认全区。The area it serves; else the district."
)
@click.option(
    "--code", "codes", multiple=True, help="发送哪些：R11、digest、all，可多次；默认 all。Which codes it tells."
)
@click.option("--person", metavar="姓名", help="个人渠道的本人（邮件、接口）。Whose own channel it is.")
@click.option("--keyword", default="", help="钉钉机器人要求的关键词。The keyword a DingTalk robot wants.")
@with_reason
@in_district
@telling
def add(
    name: str, kind: str, area: str | None, codes: tuple[str, ...], person: str | None, keyword: str, reason: str,
    by: str, district: str | None,
) -> None:  # fmt: skip
    """
    开通或修改渠道，如：channels add hebei wecom --area 210902005 --code digest --reason 街道要求。

    Open a channel, or change the one called NAME. Its address goes into the variable GRIDWARD_CHANNEL_<NAME>.
    """
    store = open_store()
    place = pick_district(store, district)
    with store.work(place, writing=False) as work:
        here = area_named(work, area) or place
    meant = Channel(name, kind, here, _codes(codes), person, keyword)
    open_channel(store, place, meant, Said(reason, by, now_ms()))
    variable = _variable(name)
    click.echo(f"已开通 Opened: {name}")
    if channel_address(name) is None:
        click.echo(f"请在服务器的环境变量里设置地址，再重启服务：{variable}\nSet its address and restart: {variable}")


@channels.command("close")
@click.argument("name", type=str.lower)
@with_reason
@in_district
@telling
def close(name: str, reason: str, by: str, district: str | None) -> None:
    """关闭渠道，等待中的不再发送。Close a channel; what waits for it is dropped."""
    store = open_store()
    dropped = close_channel(store, pick_district(store, district), name, Said(reason, by, now_ms()))
    click.echo(f"已关闭，丢弃等待中的 {dropped} 条。\nClosed; {dropped} waiting messages were dropped.")


@channels.command("test")
@click.argument("name", type=str.lower)
@in_district
@telling
def test(name: str, district: str | None) -> None:
    """现在发一条测试消息。Send a test message by the channel, now."""
    store = open_store()
    with store.work(pick_district(store, district), writing=False) as work:
        channel = find_channel(work, name)
    at_ms = now_ms()
    [message] = messages(channel, *test_text(at_ms))
    out = Outgoing(f"test-{at_ms}", name, channel.kind, message.title, message.body, None, at_ms)
    problem = Sender(channel_address).send(out)
    if problem is not None:
        variable = f"；变量是 {_variable(name)}" if problem == "not_configured" else ""
        raise Mistake(f"没有发出：{problem_told(problem)}（{problem}）{variable}。", f"It was not sent: {problem}.")
    click.echo("已发出，请到群里或邮箱里核对。\nSent; look into the group or the mailbox.")


def _variable(name: str) -> str:
    return f"GRIDWARD_CHANNEL_{name.upper()}"


def _codes(typed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the codes that were *typed*, R11 for r11; everything where none was."""
    meant = (code_named(code) if any(sign.isdigit() for sign in code) else code.lower() for code in typed)
    return tuple(dict.fromkeys(meant)) or ("all",)


def _row(one: ListedChannel, *, for_people: bool) -> dict[str, object]:
    row = {name: getattr(one, name) for name in one.__struct_fields__}
    if for_people:
        row["kind"] = one.kind_zh
        row["configured"] = "已配置" if one.configured else f"缺 {one.variable}"
        row["counts"] = [plain(f"{state} {n}") for state, n in sorted(one.counts.items())]
    return row
