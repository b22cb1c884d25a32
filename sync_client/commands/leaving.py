"""
Leaving a tablet 退出与清空: ``logout``, ``reset``.
"""

from pathlib import Path

import click

from sync_client.client import FieldClient
from sync_client.commands.people import person_called
from sync_client.commands.session import Session, pass_session
from sync_client.commands.voice import GOOD, WAIT, Voice
from sync_client.labels import NotUnderstood

_code = click.option("--code", help="解锁码 the release code")
_exported = click.option(
    "--exported",
    type=click.Path(dir_okay=False, path_type=Path),
    help="导出的救援包现在在哪里 where the exported package lies now",
)
_challenge = click.option("--challenge", is_flag=True, help="显示申请码，向街道要解锁码 show the challenge for a code")


@click.command("logout")
@click.argument("who", metavar="[NAME]", required=False)
@click.option("--forget", is_flag=True, help="不再允许此人使用本机 admit him here no longer")
@_code
@_exported
@_challenge
@pass_session
def logout_command(
    session: Session, who: str | None, *, forget: bool, code: str | None, exported: Path | None, challenge: bool
) -> None:
    """
    退出登录；还有未送达的数据时不允许。 End one's session; not while one's work waits.

    先同步；没有网络可先 gridward outbox export，或用 --challenge 向街道要解锁码。
    """
    voice = session.voice
    with session.tablet() as client:
        if challenge:
            _show_challenge(voice, client, "logout")
            return
        person = person_called(client, who).id if who else None
        names = {one.id: one.name for one in client.people()}
        left = client.logout(person, forget=forget, code=code, exported=exported)
    told = {"person": left, "forgotten": forget}
    voice.answer(told, lambda: voice.say(f"{names[left]} 已退出", f"{names[left]} has logged out", GOOD))
    voice.hint("再次使用：gridward switch 姓名", "to work again: gridward switch NAME")


@click.command("reset")
@click.option("--yes", is_flag=True, help="不再询问 do not ask")
@_code
@_exported
@_challenge
@pass_session
def reset_command(session: Session, *, yes: bool, code: str | None, exported: Path | None, challenge: bool) -> None:
    """
    清空本机：记录、照片、登记。 Empty this tablet: records, photos, enrolment.

    还有数据只在本机时不允许；先同步并导出（outbox export --all），或用 --challenge 向街道要解锁码。
    """
    voice = session.voice
    with session.tablet() as client:
        if challenge:
            _show_challenge(voice, client, "reset")
            return
        if not yes:
            _confirm(voice)
        client.reset(code=code, exported=exported)
    voice.answer({"reset": True}, lambda: voice.say("本机已清空", "the tablet is empty", GOOD))
    voice.hint("再次使用要重新登记：gridward enrol", "to use it again: gridward enrol")


def _confirm(voice: Voice) -> None:
    if voice.as_json:
        raise NotUnderstood("清空本机须加 --yes。", "Emptying the tablet needs --yes.")
    voice.say("将清空本机的全部记录、照片和登记，不能恢复", "all of this tablet will be emptied, for good", WAIT)
    if voice.ask("输入“清空”确认", "type RESET to confirm").casefold() not in ("清空", "reset"):
        raise click.Abort


def _show_challenge(voice: Voice, client: FieldClient, what: str) -> None:
    status, shown = client.status(), client.challenge(what)
    told = {"challenge": shown, "device": status.device, "for": what}
    voice.answer(told, lambda: voice.pairs((("申请码", "challenge", shown), ("设备", "device", status.device or "—"))))
    voice.hint(
        f"请街道运行 gridward-server devices release {status.device} {shown}，再加 --code 输入解锁码",
        "the office runs this command and reads you the code for --code",
    )
