"""
Cursors 游标: how far a device has read a feed, and under which view; signed, opaque to the device.

A cursor that was made for another device, feed or view does not open. Pure: the key comes from the
caller.
"""

import base64
import hashlib
import hmac
from typing import NamedTuple

from schemas.problems import Refusal

_MAC_BYTES = 9
_BODY_BYTES = 6 + 1 + 4


class Cursor(NamedTuple):
    """
    A place in a feed.

    ``version`` is the last one read. ``whole`` marks a reading from the beginning that is still under
    way, in which a device gets its own work back too. ``view`` is the view's mark.
    """

    version: int
    whole: bool
    view: bytes


def seal(key: bytes, device: str, feed: str, cursor: Cursor) -> str:
    """Return *cursor* as the text a device stores and sends back."""
    body = cursor.version.to_bytes(6, "big") + bytes([cursor.whole]) + cursor.view
    return _text(body + _mac(key, device, feed, body))


def unseal(key: bytes, device: str, feed: str, text: str) -> Cursor:
    """
    Return the cursor sealed in *text*.

    Raises:
        Refusal: ``invalid_cursor`` where it was not made here, for this device and this feed.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise Refusal("invalid_cursor") from None
    # Base64 writes the same bytes in several ways; only the one we wrote is ours.
    if _text(raw) != text:
        raise Refusal("invalid_cursor")
    body, mac = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
    if len(body) != _BODY_BYTES or not hmac.compare_digest(mac, _mac(key, device, feed, body)):
        raise Refusal("invalid_cursor")
    return Cursor(int.from_bytes(body[:6], "big"), bool(body[6]), body[7:])


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _mac(key: bytes, device: str, feed: str, body: bytes) -> bytes:
    return hmac.digest(key, f"{device}|{feed}|".encode() + body, hashlib.sha256)[:_MAC_BYTES]
