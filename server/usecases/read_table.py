"""
Open a file of rows 读取表格: CSV in any encoding, or a sheet of an Excel workbook.
"""

import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from server.core.importing import cells, text
from server.core.importing.text import Row, Unreadable

_WORKBOOK = b"PK\x03\x04"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
#: A district has some ten thousand shops; what is a hundred times that is the wrong file.
MOST_BYTES = 200 * 1024 * 1024
MOST_ROWS = 1_000_000
MOST_COLUMNS = 200
#: What a workbook may unfold to; one that claims more was made to fill the memory.
_MOST_UNFOLDED = 1 << 30
_MOST_PARTS = 2_000
#: What a workbook that somebody has spoilt makes its reader raise.
_SPOILT = (
    *(InvalidFileException, zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError, SyntaxError, TypeError),
    *(AttributeError, IndexError, EOFError, NotImplementedError, RuntimeError),
)


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file, and what it was read as (an encoding, or a sheet's name)."""

    rows: list[Row]
    read_as: str


def read_table(path: Path, encoding: str | None = None, sheet: str | None = None) -> Table:
    """
    Return the rows of the file at *path* that hold anything.

    Args:
        encoding: For a CSV file whose encoding cannot be made out.
        sheet: Which sheet of a workbook; the first one by default.

    Raises:
        Unreadable: it is no table, or none we can read; the message says what to do.
    """
    if path.stat().st_size > MOST_BYTES:
        raise Unreadable("文件过大。", "The file is too large.")
    raw = path.read_bytes()
    if raw.startswith(_OLD_WORKBOOK):
        raise Unreadable(
            "这是旧版 .xls 文件，请另存为 .xlsx 或 CSV。", "This is an old .xls file; save it as .xlsx or CSV."
        )
    if raw.startswith(_WORKBOOK):
        return _read_workbook(path, sheet)
    content, name = text.decode(raw, encoding)
    rows = list(islice(text.rows_of(content), MOST_ROWS))
    if not rows:
        raise Unreadable("文件是空的。", "The file is empty.")
    return Table(rows, name)


def _read_workbook(path: Path, sheet: str | None) -> Table:
    _refuse_bomb(path)
    try:
        with warnings.catch_warnings():
            # What it does not carry over (styles, validation lists) is nothing we want.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                return _read_sheet(book, sheet)
            finally:
                book.close()
    except _SPOILT as error:
        raise Unreadable(f"无法打开 Excel 文件：{error}", f"The workbook cannot be opened: {error}") from None


def _refuse_bomb(path: Path) -> None:
    """Refuse a workbook that would unfold beyond any ledger, before anything of it is unfolded."""
    try:
        with zipfile.ZipFile(path) as book:
            parts = book.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Unreadable(f"无法打开 Excel 文件：{error}", f"The workbook cannot be opened: {error}") from None
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNFOLDED:
        raise Unreadable(
            "这个 Excel 文件展开后过大，不予读取。",
            "The workbook unfolds to more than any ledger holds; it is not read.",
        )


def _read_sheet(book: Any, sheet: str | None) -> Table:
    names = [worksheet.title for worksheet in book.worksheets]
    if not names or (sheet is not None and sheet not in names):
        listed = "、".join(names)
        raise Unreadable(f"没有工作表“{sheet}”，有：{listed}", f"There is no sheet '{sheet}'; there are: {listed}")
    worksheet = book[sheet or names[0]]
    rows = list(islice(_rows(worksheet), MOST_ROWS))
    if not rows:
        raise Unreadable(f"工作表“{worksheet.title}”是空的。", f"The sheet '{worksheet.title}' is empty.")
    return Table(rows, worksheet.title)


def _rows(worksheet: Any) -> Iterator[Row]:
    # What the file claims of its own size is often wrong by a million rows.
    worksheet.reset_dimensions()
    for number, values in enumerate(worksheet.iter_rows(values_only=True), 1):
        shown = tuple(cells.shown(value) for value in values[:MOST_COLUMNS])
        if any(cell.strip() for cell in shown):
            yield text.sound(Row(number, shown))
