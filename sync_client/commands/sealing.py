"""
Sealing the tablet's file 本机加密: ``seal`` and ``unseal``. A sealed tablet opens as any other, given its key.
"""

import secrets
from pathlib import Path
from typing import cast

import click

from sync_client.commands.session import Session, pass_session
from sync_client.commands.voice import GOOD, WAIT, Voice
from sync_client.errors import NotEnrolled
from sync_client.labels import NotUnderstood
from sync_client.sealing import converting
from sync_client.sealing.keys import LEAST_PIN, Holder, Kept, new_key
from sync_client.sealing.opening import key_of


@click.command("seal")
@click.option(
    "--key-from",
    "kept",
    required=True,
    type=click.Choice(["keystore", "file", "pin"]),
    help="密钥放在哪里：系统钥匙串、文件或 PIN where the key is kept",
)
@click.option("--key-file", type=click.Path(dir_okay=False, path_type=Path), help="密钥文件 the key file")
@pass_session
def seal_command(session: Session, kept: str, key_file: Path | None) -> None:
    """
    加密本机数据，待发的都在。 Seal the tablet's file; waiting work stays.

    密钥丢失后无法找回；照片原图不在其内。 A lost key stays lost; photo originals are not included.
    """
    _find(session)
    if converting.is_sealed(session.file):
        _tell(session.voice, True, "本机数据已经是加密的", "the file is sealed already")
        return
    chosen, file = cast("Kept", kept), key_file or session.key_file
    if chosen == "file" and file is None:
        raise NotUnderstood("请加 --key-file 写明密钥文件。", "Give --key-file as well.")
    key, note = new_key(chosen, Holder(file, lambda: _new_pin(session)), secrets.token_bytes)
    converting.seal(session.file, key, note)
    _tell(session.voice, True, "本机数据已加密", "the tablet's file is sealed")
    _warn(session, chosen, file)


@click.command("unseal")
@pass_session
def unseal_command(session: Session) -> None:
    """解除加密，待发的都在。 Make the tablet's file plain again; waiting work stays."""
    _find(session)
    if not converting.is_sealed(session.file):
        _tell(session.voice, False, "本机数据没有加密", "the file is not sealed")
        return
    key, _ = key_of(session.file, session.holder)
    converting.unseal(session.file, key)
    _tell(session.voice, False, "已解除加密；密钥仍在原处", "the file is plain again; the key stays where it was")


def _find(session: Session) -> None:
    if not session.file.exists():
        raise NotEnrolled(detail=str(session.folder))
    converting.tidy(session.file)


def _new_pin(session: Session) -> str:
    pin = session.holder.pin()
    if len(pin) < LEAST_PIN:
        raise NotUnderstood(f"PIN 至少 {LEAST_PIN} 位。", f"A PIN has at least {LEAST_PIN} signs.")
    if session.holder.pin() != pin:
        raise NotUnderstood("两次输入的 PIN 不同，没有加密。", "The two PINs differ; nothing was sealed.")
    return pin


def _tell(voice: Voice, sealed: bool, zh: str, en: str) -> None:
    voice.answer({"sealed": sealed}, lambda: voice.say(zh, en, GOOD))


def _warn(session: Session, kept: Kept, file: Path | None) -> None:
    voice = session.voice
    if voice.as_json:
        return
    lost = {
        "keystore": (
            "密钥在系统钥匙串中；重装系统前请先解除加密",
            "the key is in the key store: unseal before reinstalling",
        ),
        "file": (f"请把密钥文件另存一份：{file}", f"keep a copy of the key file elsewhere: {file}"),
        "pin": ("请记住 PIN，忘记后无法找回", "remember the PIN; nobody can find it again"),
    }[kept]
    voice.say(*lost, WAIT)
    photos = session.file.with_name(session.file.name + "-photos")
    if photos.exists():
        voice.say(f"照片原图没有加密：{photos}", "photo originals are not sealed", WAIT)
