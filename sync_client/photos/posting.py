"""
Putting one part where the office wants it 送出一部分: through our server, or straight to its depot.

A log-in page of the network's must not pass for either. And whatever they answer, it only means that the part has
set out well: that a photo has arrived is never concluded from here.
"""

import re
from collections.abc import Mapping

from schemas.photos import Wanted
from sync_client.calls import Office, expect
from sync_client.errors import Busy, CaptivePortal, GarbledAnswer
from sync_client.photos.errors import UnsafeAddress
from sync_client.transport import Response

_PATH = "/v1/photos/{sha256}/parts/{n}"
#: What a depot speaks where it says anything.
_XML = frozenset({"application/xml", "text/xml"})
_TRY_LATER = frozenset({408, 429, 500, 502, 503, 504})
_REDIRECTS = range(300, 400)
_TAKEN = 200
_NAME, _VALUE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"), re.compile(r"[\t\x20-\x7e]*")
#: Nobody needs these on the way to a depot, and none of them is the office's to set.
_NEVER = frozenset({"authorization", "cookie", "host", "transfer-encoding"})


class PlanAnew(Exception):
    """The part was not taken, and the office has to be asked again what to do; the argument says why."""


def put_part(office: Office, sha256: str, wanted: Wanted, body: bytes, token: str) -> None:
    """
    Put *body*, part ``wanted.n`` of the file *sha256*, where it is wanted.

    Raises:
        PlanAnew: The depot refuses: the address holds no longer, or the part was damaged on its way.
        UnsafeAddress: The address is not one that a photo may go to.
        Refused: Our server refuses it.
        Unreachable: No answer of theirs came; whether they have it is unknown.
    """
    if wanted.url is None:
        expect(office.put(_PATH.format(sha256=sha256, n=wanted.n), body, token), "", {204})
        return
    _see_that_it_is_foreign(wanted.url)
    _judge(office.put_elsewhere(wanted.url, body, _decent(wanted.headers)))


def _see_that_it_is_foreign(address: str) -> None:
    # A path would go to our own server; which hosts and schemes are safe is the transport's to say.
    if not address.lower().startswith(("https://", "http://")):
        raise UnsafeAddress(address[:100])


def _decent(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)) or name.lower() in _NEVER:
            raise GarbledAnswer("headers")
    return headers


def _judge(response: Response) -> None:
    """Tell a depot's answer from anybody else's: it tags what it took, and never speaks HTML."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    told = f"{response.status} {kind or '-'} {_code_in(response.body)}".strip()
    if response.status in _TRY_LATER:
        raise Busy(told, retry_after_s=_seconds(response.headers.get("retry-after", "")))
    html = kind == "text/html" or b"<html" in response.body[:1000].lower()
    if response.status in _REDIRECTS or html:
        raise CaptivePortal(told)
    if response.status != _TAKEN:
        raise PlanAnew(told)
    if not response.headers.get("etag") or (response.body and kind not in _XML):
        raise CaptivePortal(told)


def _code_in(body: bytes) -> str:
    found = re.search(rb"<Code>([A-Za-z0-9]{1,60})</Code>", body[:4096])
    return found[1].decode() if found else ""


def _seconds(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None
