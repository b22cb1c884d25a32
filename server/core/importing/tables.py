"""
A table with known columns 表头: which column is meant by which heading, and every row as named cells.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from schemas.fields import say
from server.core.importing.cells import BadCell, Convert, Error, fold
from server.core.importing.text import Row, Unreadable

#: A title and a few lines about who filled the table in may stand above the headings.
_HEAD_ROWS = 10
_DECORATION = re.compile(r"[\s*＊:：_\-—]|[(（].*?[)）]")


class Column(NamedTuple):
    """A column that is understood: its name here, the headings that mean it, how its cells are read."""

    name: str
    headings: tuple[str, ...]
    convert: Convert
    required: bool = False

    @property
    def title(self) -> str:
        """The heading as offices write it."""
        return self.headings[0]


class Wrong(NamedTuple):
    """One mistake in a file: the row and column to look at, what stands there, what should."""

    row: int
    column: str
    value: str
    error: Error


@dataclass(slots=True)
class Named:
    """One row with its cells by column name; a blank cell is left out, a bad one is among ``wrong``."""

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heading:
    """The row of headings: where it stands, which column is where, and which headings meant nothing."""

    row: int
    width: int
    places: Mapping[int, Column]
    ignored: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """The columns there are."""
        return frozenset(column.name for column in self.places.values())


def key_of(heading: str) -> str:
    """Return *heading* as it is compared: narrow, without blanks, marks and what stands in brackets."""
    return _DECORATION.sub("", fold(heading)).lower()


def find_heading(rows: Sequence[Row], columns: Sequence[Column]) -> Heading:
    """
    Return the headings of a table: the row near the top that names most of *columns*.

    Raises:
        Unreadable: no row names one, a required column is missing, or one is named twice.
    """
    known = _known(columns)
    best = max(rows[:_HEAD_ROWS], key=lambda row: len(_places(row, known)), default=None)
    places = _places(best, known) if best else {}
    if best is None or not places:
        wanted = "、".join(column.title for column in columns[:8])
        found = "、".join(cell.strip() for cell in best.cells[:8]) if best else "—"
        raise Unreadable(
            f"没有找到表头。需要的列如：{wanted}；文件第一行是：{found}",
            f"No headings were found. Columns are, for instance: {wanted}; the file begins with: {found}",
        )
    _refuse_doubles(places)
    missing = [c.title for c in columns if c.required and c not in places.values()]
    if missing:
        listed = "、".join(missing)
        raise Unreadable(f"缺少必需的列：{listed}", f"Required columns are missing: {listed}")
    ignored = tuple(cell.strip() for i, cell in enumerate(best.cells) if cell.strip() and i not in places)
    return Heading(best.number, len(best.cells), places, ignored)


def recognised(rows: Sequence[Row], columns: Sequence[Column]) -> int:
    """Return how many of *columns* the best row of headings names."""
    known = _known(columns)
    return max((len(_places(row, known)) for row in rows[:_HEAD_ROWS]), default=0)


def read_rows(rows: Iterable[Row], heading: Heading) -> Iterator[Named]:
    """Yield every row below *heading*, its cells converted; blank rows have been left out before."""
    for row in rows:
        if row.number > heading.row:
            yield _faulty(row) if row.fault or _too_long(row, heading) else _named(row, heading)


def _known(columns: Sequence[Column]) -> dict[str, Column]:
    return {key_of(text): column for column in columns for text in (column.name, *column.headings)}


def _places(row: Row, known: Mapping[str, Column]) -> dict[int, Column]:
    return {i: column for i, cell in enumerate(row.cells) if (column := known.get(key_of(cell)))}


def _refuse_doubles(places: Mapping[int, Column]) -> None:
    for column in places.values():
        at = [str(i + 1) for i, other in places.items() if other.name == column.name]
        if len(at) > 1:
            raise Unreadable(
                f"“{column.title}”有 {len(at)} 列（第 {'、'.join(at)} 列），请只留一列。",
                f"'{column.title}' stands in {len(at)} columns ({', '.join(at)}); keep one.",
            )


def _too_long(row: Row, heading: Heading) -> bool:
    """A cell beyond the headings means that a comma inside a cell was not quoted: nothing is where it seems."""
    return any(cell.strip() for cell in islice(row.cells, heading.width, None))


def _faulty(row: Row) -> Named:
    zh, en = row.fault or (
        "单元格比表头多，可能有未加引号的逗号",
        "has more cells than there are headings; perhaps a comma that is not quoted",
    )
    shown = ",".join(row.cells)[:60]
    return Named(row.number, wrong=[Wrong(row.number, "", shown, say("row", zh, en))])


def _named(row: Row, heading: Heading) -> Named:
    named = Named(row.number)
    for place, column in heading.places.items():
        text = row.cells[place].strip() if place < len(row.cells) else ""
        if text:
            named.texts[column.name] = text
            try:
                named.values[column.name] = column.convert(text)
            except BadCell as bad:
                named.wrong.append(Wrong(row.number, column.title, text[:60], bad.error))
    return named
