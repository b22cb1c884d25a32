"""
What the street's office sees of the photos 办公室看照片, asked over the wire like anybody would.
"""

import secrets
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sync_client.calls import Office, expect
from sync_client.demo.cast import Tablet

_JPEG = "image/jpeg"


class Gallery:
    """
    The photos as *tablet* may see them.

    Args:
        folder: Where to lay pictures that are looked at.
    """

    def __init__(self, tablet: Tablet, folder: Path) -> None:
        self._office = Office(tablet.line, secrets.token_bytes)
        self._token = tablet.token
        self._folder = folder

    @property
    def place(self) -> str:
        """Where the pictures lie, from the demo's folder on."""
        return "/".join(self._folder.parts[-2:]) + "/"

    def listed(self, record: str) -> dict[str, Any]:
        """Return what photos a record names, and which have arrived."""
        return self._asked(f"/v1/records/{record}/photos")

    def photo(self, record: str, sha256: str) -> dict[str, Any]:
        """Return one photo of a record."""
        photos: list[dict[str, Any]] = self.listed(record)["photos"]
        return next(photo for photo in photos if photo["sha256"] == sha256)

    def pairs(self, record: str) -> list[dict[str, Any]]:
        """Return which photos of a record show one place before and after."""
        pairs: list[dict[str, Any]] = self._asked(f"/v1/records/{record}/photos/pair")["pairs"]
        return pairs

    def matches(self, records: Collection[str]) -> list[dict[str, Any]]:
        """Return the open matches of which both sides are among *records*."""
        found: dict[str, dict[str, Any]] = {}
        for record in records:
            page = self._asked(f"/v1/photos/matches?record={record}")["matches"]
            found |= {one["id"]: one for one in page if one["side"] and one["other"]}
        return [one for one in found.values() if {one[at]["record"]["id"] for at in ("side", "other")} <= set(records)]

    def redact(self, record: str, sha256: str, boxes: Sequence[Sequence[int]]) -> None:
        """Paint *boxes* over in a copy for publication."""
        self._office.post(f"/v1/records/{record}/photos/{sha256}/redactions", {"boxes": boxes}, self._token)

    def keep(self, name: str, address: str) -> str:
        """Lay the picture at *address* into the folder under *name*, and return that."""
        answer = expect(self._office.fetch(address, self._token, {}), _JPEG, {200})
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / name).write_bytes(answer.body)
        return name

    def _asked(self, address: str) -> dict[str, Any]:
        told: dict[str, Any] = msgspec.json.decode(self._office.get(address, self._token))
        return told
