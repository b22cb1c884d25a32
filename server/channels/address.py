"""
The secret addresses of channels 渠道地址, as they stand in the environment: an address, and perhaps a secret after it.

Of a robot it is the very address that its page shows, so that a gateway inside the office's network, or a private
deployment, is simply another host in it.
"""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from server.channels.outgoing import Failed

#: Looks the address of a channel up by its name.
Addresses = Callable[[str], str | None]
_SCHEMES = {"mail": {"mailto", "mailtos"}}
_WEB = {"http", "https"}


class Address(NamedTuple):
    """Where a channel's messages go, and what they are signed with (empty: they are not)."""

    url: str
    secret: str = ""

    def asked(self, name: str) -> str:
        """Return what the address says of *name* in its query, empty where nothing."""
        return (parse_qs(urlsplit(self.url).query).get(name) or [""])[0]

    @property
    def last(self) -> str:
        """The last part of its path."""
        return urlsplit(self.url).path.rstrip("/").rpartition("/")[2]


def address_of(channel: str, kind: str, addresses: Addresses) -> Address:
    """
    Return the address of *channel*.

    Raises:
        Failed: ``not_configured``, or ``address_wrong`` where it is none of its *kind*.
    """
    given = (addresses(channel) or "").split()
    if not given:
        raise Failed("not_configured")
    try:
        parts = urlsplit(given[0])
        known = bool(parts.hostname) and parts.scheme in _SCHEMES.get(kind, _WEB) and parts.port != 0
    except ValueError:
        known = False
    if not known or len(given) > 2:
        raise Failed("address_wrong")
    return Address(*given)
