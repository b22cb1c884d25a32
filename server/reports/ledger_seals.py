"""
What a workbook remembers of the ledger it was made from 版本页: of which version each row is, and what stood in it.

So a sheet that comes back weeks later changes only what somebody changed in it: a cell that still holds what was
written into it says nothing, whatever the case says meanwhile.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from server.reports.ledger_columns import PLACES
from server.reports.ledger_rows import Cell, texts_of
from server.values import Record

SHEET = "gridward"
SEALS = ("number", "feed", "version", "marks")
_LONG = 8


class Seal(NamedTuple):
    """
    What is remembered of one row, as text.

    ``version`` counts in ``feed``; ``marks`` holds 8 hexadecimal digits for each column, in their order.
    """

    number: str
    feed: str
    version: str
    marks: str

    def untouched(self, name: str, text: str) -> bool:
        """Say whether the cell of the column *name* still holds what was written into it."""
        start = PLACES[name] * _LONG
        return self.marks[start : start + _LONG] == mark_of(text)


def seal_of(case: Record, cells: Sequence[Cell]) -> Seal:
    """Return what is to be remembered of the row of *case*."""
    texts = texts_of(cells)
    marks = "".join(mark_of(text) for text in texts)
    return Seal(texts[PLACES["number"]], case.feed, str(case.version), marks)


def mark_of(text: str) -> str:
    """Return eight hexadecimal digits that tell one cell's text from another; blanks around it do not count."""
    return hashlib.sha256(text.strip().encode("utf-8", "replace")).hexdigest()[:_LONG]


def read_seals(rows: Iterable[Sequence[str]]) -> dict[str, Seal]:
    """Return the seals by number; what is none of ours is left out, and its row goes by what stands in it."""
    found: dict[str, Seal] = {}
    for row in rows:
        seal = Seal(*(row[place].strip() if place < len(row) else "" for place in range(len(SEALS))))
        if seal.version.isascii() and seal.version.isdigit() and len(seal.marks) == _LONG * len(PLACES):
            found[seal.number] = seal
    return found
