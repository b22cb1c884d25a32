"""
Pens 笔: device, person and rank of whoever wrote, kept once and named by a number of eight bytes.

The number follows from what it names, so nobody allocates one and no lock is needed for it. Two pens in
one number would take some three thousand million of them; a district has a few thousand.
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache

from sqlalchemy import Connection

from server.storage.bulk import add_rows, mark, one_of
from server.storage.known import Pen
from server.storage.tables import pen as table


@lru_cache(maxsize=65_536)
def number_of(device: str, by: str, rank: int) -> int:
    """Return the number of a pen: the first 63 bits of a SHA-256, so that it fits a signed column."""
    digest = hashlib.sha256(f"{device}|{by}|{rank}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


class PenStore:
    """
    The pens of one district, within one transaction.

    Args:
        known: Those known to be committed, by number; filled here.
    """

    def __init__(self, connection: Connection, district: str, known: dict[int, Pen]) -> None:
        self._connection = connection
        self._district = district
        self._known = known
        self._noted: dict[int, Pen] = {}

    def note(self, pens: Mapping[int, Pen]) -> None:
        """Make sure that *pens*, by number, are there before a record refers to them."""
        new = {number: pen for number, pen in pens.items() if number not in self._known and number not in self._noted}
        # In one order, so that two transactions that note the same ones cannot wait for each other.
        add_rows(self._connection, table, [(self._district, number, *new[number]) for number in sorted(new)])
        self._noted |= new

    def named(self, numbers: Iterable[int]) -> Mapping[int, Pen]:
        """Return pens by number, *numbers* among them; a number that is none is left out."""
        missing = {number for number in numbers if number not in self._known and number not in self._noted}
        if missing:
            self._load(missing)
        return self._known | self._noted if self._noted else self._known

    def committed(self) -> None:
        """Remember what was noted; only to be called after the commit."""
        self._known.update(self._noted)
        self._noted = {}

    def _load(self, numbers: Iterable[int]) -> None:
        # Nothing of our own is asked for: what is found, somebody has committed.
        condition, wanted = one_of(self._connection, sorted(numbers))
        m = mark(self._connection)
        sql = f'SELECT number, device, "by", rank FROM pen WHERE district = {m} AND number {condition}'
        rows = self._connection.exec_driver_sql(sql, (self._district, wanted))
        self._known.update((number, Pen(device, by, rank)) for number, device, by, rank in rows)
