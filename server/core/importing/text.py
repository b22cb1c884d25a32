"""
Text that offices and crawlers call CSV 文本表: whatever its encoding, line ends and quoting, as rows of cells.

A row that cannot be read is told with its line and the next one is read all the same; one open
quotation mark must not swallow the rest of the file.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

#: A quoted cell may run over this many lines; beyond it the quotation mark was never closed.
MOST_LINES = 60
#: No cell of an office's list is longer; what is, is a broken file.
MOST_CHARACTERS = 20_000
_DELIMITERS = (",", "\t", ";", "|")
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


class Unreadable(Exception):
    """A file is no table of ours at all; ``zh`` and ``en`` say why."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(f"{zh} {en}")


@dataclass(frozen=True, slots=True)
class Row:
    """
    One row: the number under which a person finds it, and its cells as text.

    ``fault`` is set, in both languages, where the row could not be taken apart.
    """

    number: int
    cells: tuple[str, ...]
    fault: tuple[str, str] | None = None


def decode(raw: bytes, encoding: str | None = None) -> tuple[str, str]:
    """
    Return *raw* as text, and the name of the encoding it turned out to be in.

    Bytes that a mostly good UTF-8 file got wrong become lone surrogates: their rows are refused later,
    one by one, instead of the whole file.

    Raises:
        Unreadable: it is in none of the encodings that offices use, or not in the one named.
    """
    if encoding is not None:
        try:
            return raw.decode(encoding), encoding
        except (LookupError, UnicodeError) as error:
            raise Unreadable(f"文件不是 {encoding} 编码：{error}", f"The file is not {encoding}: {error}") from None
    for mark, name in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return raw.decode(name, "surrogateescape" if name == "utf-8-sig" else "replace"), name
    return _guess(raw)


def _guess(raw: bytes) -> tuple[str, str]:
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        # Chinese in GB18030 breaks UTF-8 at its first character; a damaged UTF-8 file reads well up to there.
        well_before = len(raw[: error.start].decode("utf-8").encode("ascii", "ignore")) < error.start
    if not well_before:
        try:
            return raw.decode("gb18030"), "gb18030"
        except UnicodeDecodeError:
            pass
    text = raw.decode("utf-8", "surrogateescape")
    damaged = sum("\udc80" <= c <= "\udcff" for c in text)
    if not well_before or damaged * 20 > len(text):
        raise Unreadable(
            "无法识别文件编码，请另存为“CSV UTF-8”后再导入。",
            "The encoding cannot be made out; save the file as 'CSV UTF-8'.",
        )
    return text, "utf-8"


def rows_of(text: str) -> Iterator[Row]:
    """Yield the rows of *text* that hold anything, each under the number of the line it begins on."""
    # Only these three end a line; str.splitlines would break an address at a form feed.
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    delimiter = _delimiter(lines)
    at = 0
    while at < len(lines):
        row, used = _row(lines, at, delimiter)
        if row.fault or any(cell.strip() for cell in row.cells):
            yield row
        at += used


def _delimiter(lines: Sequence[str]) -> str:
    head = next((line for line in lines if line.strip()), "")
    return max(_DELIMITERS, key=head.count)


def _row(lines: Sequence[str], at: int, delimiter: str) -> tuple[Row, int]:
    line = lines[at]
    if '"' not in line:
        return sound(Row(at + 1, tuple(line.split(delimiter)))), 1
    feed = _Feed(lines, at)
    try:
        cells = next(csv.reader(feed, delimiter=delimiter))
    except csv.Error as error:
        return Row(at + 1, (), (f"无法拆分此行：{error}", f"the row cannot be taken apart: {error}")), 1
    if feed.ran_out:
        return Row(at + 1, (), ("引号没有闭合", "a quotation mark is never closed")), 1
    return sound(Row(at + 1, tuple(cells))), feed.used


class _Feed:
    """Hands a CSV reader line after line, as many as one row may take, and notes when it wanted more."""

    def __init__(self, lines: Sequence[str], at: int) -> None:
        self._lines = islice(lines, at, at + MOST_LINES)
        self.used = 0
        self.ran_out = False

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None:
            self.ran_out = True
            raise StopIteration
        self.used += 1
        return line + "\n"


def sound(row: Row) -> Row:
    """Return *row*, or the fault of a cell that no database can keep."""
    joined = "".join(row.cells)
    if "\x00" in joined:
        return Row(row.number, (), ("含有空字符 NUL", "holds a NUL character"))
    if any("\ud800" <= c <= "\udfff" for c in joined):
        return Row(row.number, (), ("含有无法识别的字节", "holds bytes that are no text"))
    if max(map(len, row.cells), default=0) > MOST_CHARACTERS:
        return Row(row.number, (), (f"单元格超过 {MOST_CHARACTERS} 字", f"a cell is over {MOST_CHARACTERS} characters"))
    return row
