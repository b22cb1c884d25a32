"""
Robots of groups 群机器人: WeCom, DingTalk and Feishu, each sent by Apprise's plugin, each "no" of theirs read.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from apprise import AppriseAsset
from apprise.exception import AppriseException
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.wecombot import NotifyWeComBot

from server.channels.address import Address
from server.channels.listening import Ear, Seal, listen
from server.channels.outgoing import Failed, Outgoing

CONNECT_S, READ_S = 4.0, 8.0
#: No receiver is followed elsewhere: what an address is for, it shows.
ASSET = AppriseAsset(app_id="Gridward", app_desc="Gridward 网格卫", http_redirects=False)
#: What robots answer to whoever speaks too fast.
_TOO_FAST = {"wecom": {45009}, "dingtalk": {130101}, "feishu": {9499, 11232}}


def made(plugin: Any, **given: Any) -> Any:
    """
    Return one of Apprise's plugins with our patience.

    Raises:
        Failed: ``address_wrong``: it does not take what the address says.
    """
    try:
        found = plugin(**given, asset=ASSET)
    except (AppriseException, TypeError) as error:
        raise Failed("address_wrong") from error
    found.socket_connect_timeout, found.socket_read_timeout = CONNECT_S, READ_S
    return found


def send_by_robot(out: Outgoing, address: Address) -> None:
    """
    Hand *out* to its robot.

    Raises:
        Failed: it did not arrive, or the robot said no.
    """
    plugin = _PREPARED[out.kind](address)
    ear = Ear(_signing(address) if out.kind == "feishu" and address.secret else None)
    listen(plugin, {"requests": ear})
    told = plugin.send(body=out.text, title="")
    check(ear, told=bool(told))
    code = _code_in(ear.body)
    if code in _TOO_FAST[out.kind]:
        raise Failed("too_fast")
    if code != 0:
        raise Failed("answer_unclear" if code is None else f"robot_{code}")


def check(ear: Ear, *, told: bool) -> None:
    """Raise ``Failed`` where no answer came, or one that is no success."""
    if ear.problem is not None:
        raise Failed(ear.problem)
    if ear.status is None or not told:
        raise Failed("unreachable" if ear.status is None else f"http_{ear.status}")


def _wecom(address: Address) -> Any:
    plugin = made(NotifyWeComBot, key=address.asked("key"))
    plugin.api_url = address.url
    return plugin


def _dingtalk(address: Address) -> Any:
    plugin = made(NotifyDingTalk, token=address.asked("access_token"), secret=address.secret)
    plugin.notify_url = _literal(address.url)
    plugin.get_signature = lambda: _signature(address.secret)
    return plugin


def _feishu(address: Address) -> Any:
    plugin = made(NotifyFeishu, token=address.last)
    plugin.notify_url = _literal(address.url)
    return plugin


_PREPARED: Mapping[str, Callable[[Address], Any]] = {"wecom": _wecom, "dingtalk": _dingtalk, "feishu": _feishu}


def _signature(secret: str) -> tuple[str, str]:
    """Return the moment and its signature in DingTalk's way, as plain text: escaped twice it would not fit."""
    moment = str(round(time.time() * 1000))
    signed = hmac.new(secret.encode(), f"{moment}\n{secret}".encode(), hashlib.sha256)
    return moment, base64.b64encode(signed.digest()).decode()


def _literal(url: str) -> str:
    """Return *url* for a plugin that fills places in braces."""
    return url.replace("{", "{{").replace("}", "}}")


def _signing(address: Address) -> Seal:
    def sign(body: bytes, _: dict[str, str]) -> bytes:
        moment = str(int(time.time()))
        # Feishu's way: the moment and the secret are the key, and nothing is signed with it.
        key = f"{moment}\n{address.secret}".encode()
        sign = base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
        return msgspec.json.encode(msgspec.json.decode(body) | {"timestamp": moment, "sign": sign})

    return sign


def _code_in(body: bytes) -> int | None:
    """Return what a robot answered: 0 is well; None: no robot speaks like that."""
    try:
        said = msgspec.json.decode(body)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    found = next((said[name] for name in ("errcode", "code", "StatusCode") if name in said), None)
    return found if isinstance(found, int) and not isinstance(found, bool) else None
