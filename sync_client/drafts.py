"""Half-filled forms 草稿: saved answer by answer, so that a killed program loses nothing."""

from typing import Any

import msgspec

from sync_client.desk import Desk
from sync_client.values import Draft

_PUT = """INSERT INTO draft VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET data = excluded.data, saved_ms = excluded.saved_ms"""


class Drafts:
    """The drafts in the tablet's file."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def save(self, key: str, data: dict[str, Any]) -> None:
        """Keep *data* (JSON values) under *key*, on the disk before this returns."""
        self._desk.db.run(_PUT, (key, msgspec.json.encode(data).decode(), self._desk.now_ms()))

    def all(self) -> list[Draft]:
        """Return every draft, the one saved last first."""
        rows = self._desk.db.all("SELECT key, data, saved_ms FROM draft ORDER BY saved_ms DESC, key")
        return [Draft(key, msgspec.json.decode(data), saved) for key, data, saved in rows]

    def drop(self, key: str) -> None:
        """Forget one draft; there need not be one."""
        self._desk.db.run("DELETE FROM draft WHERE key = ?", (key,))

    def count(self) -> int:
        """Return how many there are."""
        return int(self._desk.db.one("SELECT count(*) FROM draft")[0])
