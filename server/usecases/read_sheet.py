"""
Open a sheet of the ledger that comes back 读取台账: its rows, what it remembers of them, and merged cells filled in.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from openpyxl.utils.cell import range_boundaries

from server.core.importing.text import Row, Unreadable
from server.reports.ledger_seals import SHEET, Seal, read_seals
from server.usecases.read_table import Table, read_table

_WORKBOOK = b"PK\x03\x04"
_MERGED = re.compile(rb'<mergeCell\s[^>]*?ref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"')
_FIRST_SHEET = "xl/worksheets/sheet1.xml"
_PIECE = 1 << 20
#: A tag is no longer; so much of one piece is looked at again with the next.
_TAG = 200
#: An office merges a street's name over its rows; what is longer was made to fill the memory.
_MOST_MERGED = 20_000


class Returned(NamedTuple):
    """The rows of a sheet, and what is remembered of them by number; nothing where no program of ours wrote it."""

    table: Table
    seals: Mapping[str, Seal]


def read_sheet(path: Path, encoding: str | None = None, sheet: str | None = None) -> Returned:
    """
    Return the rows of the file at *path*, and the seals in it.

    Args:
        encoding: For a CSV file whose encoding cannot be made out.
        sheet: Which sheet of a workbook; the first one by default.

    Raises:
        Unreadable: As ``read_table``.
    """
    table = read_table(path, encoding, sheet)
    with path.open("rb") as file:
        if file.read(len(_WORKBOOK)) != _WORKBOOK:
            return Returned(table, {})
    merged = _merged(path) if sheet is None else ()
    return Returned(Table(_filled(table.rows, merged), table.read_as), _seals(path))


def _seals(path: Path) -> Mapping[str, Seal]:
    try:
        return read_seals(row.cells for row in read_table(path, sheet=SHEET).rows)
    except Unreadable:  # no such sheet: somebody else wrote it, or took it out
        return {}


class _Range(NamedTuple):
    """Cells merged into one: columns and rows from 1, the last ones included."""

    left: int
    top: int
    right: int
    bottom: int


def _merged(path: Path) -> tuple[_Range, ...]:
    """Return which cells of the first sheet are merged downwards; a reader of rows is not told."""
    with zipfile.ZipFile(path) as book:
        if _FIRST_SHEET not in book.namelist():
            return ()
        with book.open(_FIRST_SHEET) as part:
            found = tuple(_ranges(iter(lambda: part.read(_PIECE), b"")))
    return tuple(one for one in found if one.top < one.bottom <= one.top + _MOST_MERGED)


def _ranges(pieces: Iterator[bytes]) -> Iterator[_Range]:
    rest, seen = b"", set[bytes]()
    for piece in pieces:
        text = rest + piece
        for reference in _MERGED.findall(text):
            if reference not in seen:
                seen.add(reference)
                left, top, right, bottom = range_boundaries(reference.decode("ascii"))
                yield _Range(int(left or 0), int(top or 0), int(right or 0), int(bottom or 0))
        rest = text[-_TAG:]


def _filled(rows: list[Row], merged: tuple[_Range, ...]) -> list[Row]:
    """Return *rows* with what stands in the first of merged cells in the others below it, too."""
    by_number = {row.number: list(row.cells) for row in rows}
    for one in merged:
        above = by_number.get(one.top, [])
        text = above[one.left - 1] if len(above) >= one.left else ""
        for number in range(one.top + 1, one.bottom + 1):
            cells = by_number.get(number)
            if text and cells is not None:
                cells += [""] * (one.left - len(cells))
                cells[one.left - 1] = cells[one.left - 1] or text
    return [replace(row, cells=tuple(by_number[row.number])) for row in rows]
