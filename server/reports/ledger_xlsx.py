"""
The ledger as a workbook 台账表格: title, who filled it in, headings, rows, totals, signatures; A3, ready to print.

Rows go to the disk one by one, so that memory does not grow with them. Whatever people wrote is written as text: no
formula, link or number is ever made of it. A hidden sheet tells, when the workbook comes back, which version of
each case a row was made of, and what stood in it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from server.reports.ledger_columns import COLUMNS, Column
from server.reports.ledger_rows import Cell
from server.reports.ledger_seals import SEALS, SHEET, Seal

_A3 = 8
_MARGIN_IN = 0.4
_HEAD_ROWS = 3
_LAST = len(COLUMNS) - 1
_FONT, _TITLE_FONT = "宋体", "黑体"
_DATES = "yyyy-mm-dd hh:mm"
_APART = " " * 40
SIGNATURES = f"填表人：{_APART}审核人：{_APART}单位负责人（签字盖章）：{_APART}"
#: A picture is shown at most so large, pixels; what is embedded may be larger, for a closer look.
_PICTURE = (92, 82)
_PICTURE_ROW_PT, _ROW_PT = 66.0, 20.0
_LINE_PT, _AROUND_PT, _MOST_PT = 13.0, 5.0, 400.0
_KINDS: Mapping[str, Mapping[str, Any]] = {
    "count": {"align": "center", "num_format": "0"},
    "word": {"align": "center", "num_format": "@"},
    "text": {"num_format": "@"},
    "moment": {"align": "center", "num_format": _DATES},
    "picture": {"align": "center"},
    "heading": {"align": "center", "bold": True, "bg_color": "#E7EEF7", "num_format": "@"},
}
_NOTHING_MADE = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above the headings; ``at`` is when it was filled in, Beijing's."""

    title: str
    unit: str
    at: datetime
    period: str


class Picture(NamedTuple):
    """A small picture that lies in a file, and its sides in pixels."""

    file: Path
    width: int
    height: int


class LedgerBook:
    """
    A workbook that is written row by row, and whole when the block that holds it ends.

    Args:
        file: Open for writing and seeking; it stays open.
        folder: Where rows wait on the disk; it is emptied by whoever made it.
    """

    def __init__(self, file: BinaryIO, folder: Path, heading: Heading) -> None:
        options = {**_NOTHING_MADE, "constant_memory": True, "tmpdir": str(folder)}
        self._book = xlsxwriter.Workbook(file, options)
        self._sheet, self._seals = self._book.add_worksheet("问题台账"), self._book.add_worksheet(SHEET)
        self._formats = {kind: self._format(kind) for kind in _KINDS}
        self._row, self._sealed = _HEAD_ROWS, 0
        self._book.set_properties({"title": heading.title, "created": heading.at})
        self._lay_out()
        self._head(heading)
        self._seals.very_hidden()
        self._seal(Seal(*SEALS))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._book.close()

    def add(self, cells: Sequence[Cell], pictures: Mapping[int, Picture], seal: Seal) -> None:
        """
        Write one row.

        Args:
            pictures: What stands in the place of a cell's text, by the cell's place.
            seal: What is remembered of it.
        """
        self._sheet.set_row(self._row, _height(cells, _PICTURE_ROW_PT if pictures else _ROW_PT))
        for place, (column, cell) in enumerate(zip(COLUMNS, cells, strict=True)):
            if place in pictures:
                self._sheet.write_blank(self._row, place, None, self._formats["picture"])
                self._insert(place, pictures[place])
            else:
                self._write(self._row, place, column, cell)
        self._row += 1
        self._seal(seal)

    def end(self, totals: str) -> None:
        """Write the last rows: the *totals* in words, and where people sign."""
        last = self._row - 1
        total, line = self._book.add_format(_style(bold=True, border=1)), self._book.add_format(_style(font_size=12))
        self._sheet.set_row(self._row, 24)
        # Only what is merged with it is beside it: the total is one sentence over the whole width.
        self._sheet.merge_range(self._row, 0, self._row, _LAST, f"合计：{totals}", total)
        self._sheet.set_row(self._row + 1, 36)
        self._sheet.merge_range(self._row + 1, 0, self._row + 1, _LAST, SIGNATURES, line)
        self._sheet.autofilter(_HEAD_ROWS - 1, 0, max(last, _HEAD_ROWS - 1), _LAST)
        self._sheet.print_area(0, 0, self._row + 1, _LAST)

    def _lay_out(self) -> None:
        sheet: Worksheet = self._sheet
        sheet.set_landscape()
        sheet.set_paper(_A3)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(_MARGIN_IN, _MARGIN_IN, _MARGIN_IN, _MARGIN_IN + 0.2)
        sheet.center_horizontally()
        sheet.set_footer("&C第 &P 页，共 &N 页")
        sheet.repeat_rows(_HEAD_ROWS - 1)
        sheet.freeze_panes(_HEAD_ROWS, 0)
        for place, column in enumerate(COLUMNS):
            sheet.set_column(place, place, column.width)

    def _head(self, heading: Heading) -> None:
        title = self._book.add_format(
            {"font_name": _TITLE_FONT, "font_size": 20, "bold": True, "align": "center", "valign": "vcenter"}
        )
        line = self._book.add_format(_style(font_size=12, align="left", text_wrap=False))
        at = heading.at.strftime("%Y-%m-%d %H:%M")
        said = f"填报单位：{heading.unit}{_APART}填报时间：{at}{_APART}统计区间：{heading.period}"
        self._sheet.set_row(0, 36)
        self._sheet.merge_range(0, 0, 0, _LAST, heading.title, title)
        self._sheet.set_row(1, 22)
        self._sheet.merge_range(1, 0, 1, _LAST, said, line)
        self._sheet.set_row(2, 32)
        for place, column in enumerate(COLUMNS):
            self._sheet.write_string(2, place, column.title, self._formats["heading"])

    def _write(self, row: int, place: int, column: Column, cell: Cell) -> None:
        style = self._formats[column.kind]
        if cell is None or cell == "":
            self._sheet.write_blank(row, place, None, style)
        elif isinstance(cell, datetime):
            self._sheet.write_datetime(row, place, cell, style)
        elif isinstance(cell, int):
            self._sheet.write_number(row, place, cell, style)
        else:
            self._sheet.write_string(row, place, cell, style)

    def _insert(self, place: int, picture: Picture) -> None:
        scale = min(_PICTURE[0] / picture.width, _PICTURE[1] / picture.height, 1.0)
        # It moves and shrinks with its row, so that a filter hides it too.
        how = {"x_scale": scale, "y_scale": scale, "x_offset": 2, "y_offset": 2, "object_position": 1}
        self._sheet.insert_image(self._row, place, str(picture.file), how)

    def _seal(self, seal: Seal) -> None:
        for place, text in enumerate(seal):
            self._seals.write_string(self._sealed, place, text)
        self._sealed += 1

    def _format(self, kind: str) -> Any:
        return self._book.add_format(_style(border=1, **_KINDS[kind]))


def _style(**more: Any) -> dict[str, Any]:
    return {"font_name": _FONT, "font_size": 10, "valign": "vcenter", "text_wrap": True, **more}


def _height(cells: Sequence[Cell], least: float) -> float:
    """Return how high a row has to be, points: not every program finds it out by itself."""
    lines = max(_lines(str(cell), column) for column, cell in zip(COLUMNS, cells, strict=True) if cell is not None)
    return min(max(least, lines * _LINE_PT + _AROUND_PT), _MOST_PT)


def _lines(text: str, column: Column) -> int:
    if column.kind not in ("word", "text"):
        return 1
    return sum(max(1, math.ceil(_wide(line) / (column.width - 1))) for line in text.split("\n"))


def _wide(text: str) -> float:
    """Return how wide *text* is, a Latin letter one and a Chinese character two: half of its signs and bytes."""
    return (len(text) + len(text.encode("utf-8"))) / 2
