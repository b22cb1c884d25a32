"""
Lists of the office's that are no records 平台清单: fetched after a sync, kept in the file, read offline.

A list belongs to the person for whom it was fetched: whoever else works on the same machine is not shown it.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from schemas import wire
from sync_client.asking import Asking
from sync_client.calls import UNREADABLE, Office
from sync_client.desk import Desk
from sync_client.errors import GarbledAnswer

#: What is asked for at once, and how often at most: a list that never ends is no list of ours.
_PAGE, _MOST_PAGES = 200, 500
_SETTLE = "/v1/conflicts/{}/settle"


class Listing(NamedTuple):
    """One list of the office's: where it is asked for, and under which member its rows stand."""

    path: str
    member: str
    note: str


DEVICES = Listing("/v1/devices", "devices", "list_devices")
CONFLICTS = Listing("/v1/conflicts", "conflicts", "list_conflicts")


class Kept(msgspec.Struct, frozen=True):
    """A list as it was heard; ``heard_ms`` by the corrected clock."""

    person: str
    heard_ms: int
    rows: list[dict[str, Any]]


class KeptLists:
    """The lists in the tablet's file; ``fetch`` alone needs a network."""

    def __init__(self, desk: Desk, office: Office, asking: Asking) -> None:
        self._desk = desk
        self._office = office
        self._asking = asking

    def fetch(self, listing: Listing) -> Kept:
        """
        Fetch all pages of *listing* for whoever works now, and keep them in place of what was kept.

        Raises:
            Unreachable, Refused: As the server answered; what was kept before stays.
            NotEnrolled: Nobody works here.
        """
        head = self._desk.head()
        _, person = head.author
        rows = list(self._pages(listing, head.token or ""))
        kept = Kept(person, self._desk.now_ms(), rows)
        with self._desk.writing():
            self._desk.db.put_note(listing.note, wire.encode(kept).decode())
        return kept

    def kept(self, listing: Listing) -> Kept | None:
        """Return *listing* as it was heard last for whoever works now; None where it never was."""
        text = self._desk.db.note(listing.note)
        kept = _decode(text) if text else None
        return kept if kept and kept.person == self._desk.head().person else None

    def settle(self, conflict: str, asked: dict[str, Any]) -> dict[str, Any]:
        """
        Settle a dispute at the office's desk 裁定, and return what became of it.

        Raises:
            Unreachable, Refused: As the server answered; refused, nothing was written.
        """
        head = self._desk.head()
        _, person = head.author
        body = {"person": person, **asked}
        return _read(self._office.post(_SETTLE.format(conflict), body, head.token))

    def _pages(self, listing: Listing, token: str) -> Iterator[dict[str, Any]]:
        after: str | None = None
        for _ in range(_MOST_PAGES):
            page = self._page(listing, token, after)
            yield from page.get(listing.member) or []
            after = page.get("after")
            if not after:
                return

    def _page(self, listing: Listing, token: str, after: str | None) -> dict[str, Any]:
        asked = urlencode({"limit": _PAGE, **({"after": after} if after else {})})
        return _read(self._asking.patiently(lambda: self._office.get(f"{listing.path}?{asked}", token)))


def _read(body: bytes) -> dict[str, Any]:
    try:
        return _decode_page(body)
    except UNREADABLE as error:
        raise GarbledAnswer(str(error)) from error


_decode: Callable[[str], Kept] = msgspec.json.Decoder(Kept).decode
_decode_page: Callable[[bytes], dict[str, Any]] = msgspec.json.Decoder(dict[str, Any]).decode
