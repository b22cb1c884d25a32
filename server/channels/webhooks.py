"""
Webhooks 网络接口: each message one POST of JSON by Apprise's plugin, signed over its time and its very bytes.
"""

import hashlib
import hmac
import time
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from apprise.plugins.custom_json import NotifyJSON

from schemas.moments import instant
from server.channels.address import Address
from server.channels.listening import Ear, Seal, listen
from server.channels.outgoing import Failed, Outgoing
from server.channels.robots import check, made

TIMESTAMP, SIGNATURE, KEY = "X-Gridward-Timestamp", "X-Gridward-Signature", "Idempotency-Key"


def send_by_webhook(out: Outgoing, address: Address) -> None:
    """
    Hand *out* to its receiver: ``{version, title, message, id, about, made_at}``.

    Raises:
        Failed: it did not arrive, it was refused, or there is no secret to sign it with.
    """
    if not address.secret:
        raise Failed("secret_missing")
    plugin = _plugin(out, address)
    ear = Ear(_signing(out, address.secret))
    listen(plugin, {"requests": ear})
    check(ear, told=bool(plugin.send(body=out.body, title=out.title)))


def _plugin(out: Outgoing, address: Address) -> Any:
    parts = urlsplit(address.url)
    # An empty word takes a member of Apprise's own away.
    told = {"attachments": "", "type": "", "id": out.id, "about": out.about, "made_at": instant(out.made_ms)}
    return made(
        NotifyJSON,
        host=parts.hostname, port=parts.port, fullpath=parts.path, secure=parts.scheme == "https",
        user=parts.username and unquote(parts.username), password=parts.password and unquote(parts.password),
        params=dict(parse_qsl(parts.query)), payload=told,
    )  # fmt: skip


def _signing(out: Outgoing, secret: str) -> Seal:
    def sign(body: bytes, headers: dict[str, str]) -> bytes:
        moment = str(int(time.time()))
        signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        headers |= {TIMESTAMP: moment, SIGNATURE: f"sha256={signed}", KEY: out.id}
        return body

    return sign
