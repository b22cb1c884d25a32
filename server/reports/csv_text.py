"""
The ledger as CSV 台账文本表: UTF-8 with a byte order mark, lines ended by CR LF, the same columns.

A spreadsheet that opens such a file takes for a formula what begins like one. Such text has an apostrophe put before
it, which stays visible and is taken off again when the table comes back.
"""

import csv
import re
from collections.abc import Sequence
from typing import TextIO

from server.reports.ledger_columns import TITLES
from server.reports.ledger_rows import Cell, texts_of

ENCODING = "utf-8-sig"
#: What begins a formula, also in full-width signs, which some spreadsheets fold; blanks before it do not help.
_FORMULA = r"[\s']*[=+\-@\t\r＝＋－﹣＠]"
_RISKY, _GUARDED = re.compile(_FORMULA), re.compile("'" + _FORMULA)


def guarded(text: str) -> str:
    """Return *text* so that no spreadsheet takes it for a formula."""
    return f"'{text}" if _RISKY.match(text) else text


def unguarded(text: str) -> str:
    """Return what ``guarded`` made *text* of."""
    return text[1:] if _GUARDED.match(text) else text


class LedgerText:
    """
    The ledger written line by line.

    Args:
        file: Open for writing as ``ENCODING``, with ``newline=""``.
    """

    def __init__(self, file: TextIO) -> None:
        self._rows = csv.writer(file, lineterminator="\r\n")
        self._rows.writerow(TITLES)

    def add(self, cells: Sequence[Cell]) -> None:
        """Write one row."""
        self._rows.writerow([guarded(text) for text in texts_of(cells)])
