"""
What a district wants otherwise than the standard 区县设置: every word is kept, the last one under a name counts.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select

from schemas import wire
from server.storage.office_tables import district_setting as table


class Word(NamedTuple):
    """What was said under a name; ``said`` is None where the words before it are taken back."""

    name: str
    said: Any
    reason: str
    by: str
    at_ms: int


class SettingStore:
    """The settings of one district, within one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self._connection = connection
        self._district = district

    def get(self, name: str) -> Any:
        """Return what counts under *name*, a value of JSON; None where the standard does."""
        query = (
            select(table.c.said)
            .where(table.c.district == self._district, table.c.name == name)
            .order_by(table.c.n.desc())
            .limit(1)
        )
        said = self._connection.execute(query).scalar_one_or_none()
        return None if said is None else wire.decode_json(said)

    def words(self, name: str | None = None) -> list[Word]:
        """Return every word, or every one under *name*, as they were said."""
        query = select(table).where(table.c.district == self._district).order_by(table.c.n)
        if name is not None:
            query = query.where(table.c.name == name)
        rows = self._connection.execute(query)
        return [Word(r.name, r.said and wire.decode_json(r.said), r.reason, r.by, r.at_ms) for r in rows]

    def say(self, word: Word) -> None:
        """Add one word; two at once cannot take one number, for it is part of the key."""
        last = select(func.coalesce(func.max(table.c.n), 0)).where(table.c.district == self._district)
        n = self._connection.execute(last).scalar_one() + 1
        said = None if word.said is None else wire.canonical(word.said).decode()
        values = {"district": self._district, "n": n} | word._asdict() | {"said": said}
        self._connection.execute(insert(table), values)
