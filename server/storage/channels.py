"""
The channels of a district 外发渠道, as it said them: every word is kept, the last one of a name counts.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select

from schemas import wire
from server.storage.office_tables import channel as table


class ChannelWord(NamedTuple):
    """What was said of a channel; ``said`` is None where it was closed."""

    name: str
    said: Any
    reason: str
    by: str
    at_ms: int


class ChannelStore:
    """The channels of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district

    def words(self, name: str | None = None) -> list[ChannelWord]:
        """Return every word, or every one on *name*, as they were said."""
        query = select(table).where(table.c.district == self._district).order_by(table.c.n)
        if name is not None:
            query = query.where(table.c.name == name)
        rows = self._connection.execute(query)
        return [ChannelWord(r.name, r.said and wire.decode_json(r.said), r.reason, r.by, r.at_ms) for r in rows]

    def standing(self) -> dict[str, Any]:
        """Return what counts of each channel by its name, those that were closed left out."""
        said = {word.name: word.said for word in self.words()}
        return {name: word for name, word in said.items() if word is not None}

    def lock(self, name: str) -> None:
        """Let nobody else take messages of the channel *name* up until the end of the transaction."""
        query = select(table.c.n).where(table.c.district == self._district, table.c.name == name)
        self._connection.execute(query.with_for_update()).all()

    def say(self, word: ChannelWord) -> None:
        """Add one word; two at once cannot take one number, for it is part of the key."""
        last = select(func.coalesce(func.max(table.c.n), 0)).where(table.c.district == self._district)
        n = self._connection.execute(last).scalar_one() + 1
        said = None if word.said is None else wire.canonical(word.said).decode()
        values = {"district": self._district, "n": n} | word._asdict() | {"said": said}
        self._connection.execute(insert(table), values)
