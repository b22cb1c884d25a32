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
_NUMBER_BYTES = 6
_BODY_BYTES = _NUMBER_BYTES + 1 + 4
#: So much of a link is kept: another history passes for the same once in four thousand million times.
LINK_BYTES = 4
#: Behind the body there may stand a link, the number at which a reading began, or both.
_RESTS = (0, LINK_BYTES, _NUMBER_BYTES, LINK_BYTES + _NUMBER_BYTES)


class Cursor(NamedTuple):
    """
    A place in a feed.

    ``version`` is the last one read. ``whole`` marks a reading from the beginning that is still under
    way, in which a device gets its own work back too. ``view`` is the view's mark. ``since`` is the feed's
    number when such a reading began: what left before that, it has never brought. ``link`` is the beginning of
    the history's link at ``version``, where one stands there: under it the number means what it meant when it was
    read, and no other commit that has taken its place since.
    """

    version: int
    whole: bool
    view: bytes
    since: int = 0
    link: bytes = b""

    @property
    def passed(self) -> int:
        """The number up to which the device need not be told any more of what left the feed."""
        return max(self.version, self.since)


def seal(key: bytes, device: str, feed: str, cursor: Cursor) -> str:
    """Return *cursor* as the text a device stores and sends back."""
    body = _number(cursor.version) + bytes([cursor.whole]) + cursor.view + cursor.link[:LINK_BYTES]
    if cursor.since:
        body += _number(cursor.since)
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
    body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    rest = body[_BODY_BYTES:]
    if len(rest) not in _RESTS or not hmac.compare_digest(mac, _mac(key, device, feed, body)):
        raise Refusal("invalid_cursor")
    link = rest[: len(rest) % _NUMBER_BYTES]
    version, since = (int.from_bytes(part, "big") for part in (body[:_NUMBER_BYTES], rest[len(link) :]))
    return Cursor(version, bool(body[_NUMBER_BYTES]), body[_NUMBER_BYTES + 1 : _BODY_BYTES], since, link)


def _number(version: int) -> bytes:
    return version.to_bytes(_NUMBER_BYTES, "big")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _mac(key: bytes, device: str, feed: str, body: bytes) -> bytes:
    return hmac.digest(key, f"{device}|{feed}|".encode() + body, hashlib.sha256)[:_MAC_BYTES]
