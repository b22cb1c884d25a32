"""
How the demo speaks 输出: Chinese first with quiet English beside it, calm, at most 100 columns wide.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDTH = 100
GOOD, BAD, WAIT, QUIET = "good", "bad", "wait", "quiet"
_STYLES = {GOOD: "green", BAD: "red", WAIT: "yellow", QUIET: "bright_black"}
#: Colour never stands alone.
_SIGNS = {GOOD: "✓ ", BAD: "✗ ", WAIT: "! "}
_INDENT = 3

#: What stays together on a line: a word or number, or one Chinese character with the marks around it.
_PIECES = re.compile(r"[“（]*(?:[!-~]+|.)[，。；：、”）]*")

#: A cell of a table: text, or text and its style.
Cell = str | Sequence[str]


class Stage:
    """Speaks to whoever watches; a pipe gets the same text without colours."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        self._console = Console(highlight=False, emoji=False, markup=False)
        self._console.width = min(self._console.width, WIDTH) if self._console.is_terminal else WIDTH
        self._scenes = 0

    def title(self, zh: str, en: str) -> None:
        """Begin."""
        self._show("", Text.assemble((zh, "bold cyan"), "  ", (en, _STYLES[QUIET])))

    def scene(self, zh: str, en: str) -> None:
        """Begin the next scene."""
        self._scenes += 1
        self._show("", Text.assemble((f"{self._scenes}  {zh}", "bold"), "  ", (en, _STYLES[QUIET])))

    def say(self, zh: str, en: str = "", style: str = "") -> None:
        """Say one sentence; a style that means something gets its sign as well."""
        colour, sign = _STYLES.get(style, ""), _SIGNS.get(style, "")
        self._both(Text(sign, colour), Text(zh, colour if style in (BAD, QUIET) else ""), en, _INDENT)

    def note(self, zh: str, en: str) -> None:
        """Say what belongs to the sentence before."""
        self._both(Text("→ ", _STYLES[QUIET]), Text(zh), en, 2 * _INDENT)

    def command(self, line: str) -> None:
        """Show what can be typed, on a line of its own that can be copied."""
        self._console.print(" " * (2 * _INDENT) + line, style="cyan", soft_wrap=True)

    def table(self, heads: Sequence[Sequence[str]], rows: Iterable[Sequence[Cell]], right: str = "") -> None:
        """
        Show a table.

        Args:
            heads: (Chinese, English) of every column.
            rows: Cells, each a text or a text with its style.
            right: The Chinese heads of the columns that hold numbers, joined by blanks.
        """
        table = Table(box=box.SIMPLE_HEAD, header_style=_STYLES[QUIET], pad_edge=False, show_edge=False)
        for zh, en in heads:
            table.add_column(f"{zh}\n{en}", overflow="fold", justify="right" if zh in right.split() else "left")
        for row in rows:
            table.add_row(*map(_cell, row))
        self._show(_indented(table, _INDENT))

    def _both(self, sign: Text, zh: Text, en: str, indent: int) -> None:
        """Put the English beside the Chinese where both fit on the line, else below it."""
        quiet, room = Text(en, _STYLES[QUIET]), self._console.width - indent - sign.cell_len
        if zh.cell_len + 2 + quiet.cell_len <= room:
            self._show(_indented(Text.assemble(sign, zh, "  ", quiet), indent))
            return
        lines = [Text(line, zh.style) for line in folded(zh.plain, room)]
        self._show(_indented(Text.assemble(sign, lines[0]), indent))
        # What goes on does so below the sentence, not below its sign.
        for line in [*lines[1:], *(quiet.wrap(self._console, room) if en else ())]:
            self._show(_indented(line, indent + sign.cell_len))

    def _show(self, *lines: RenderableType) -> None:
        for line in lines:
            with self._console.capture() as drawn:
                self._console.print(line)
            # Blanks that fill up a line are of no use in a file or a mail.
            self._console.file.write("".join(f"{row.rstrip()}\n" for row in drawn.get().splitlines()))
        self._console.file.flush()


def _indented(what: RenderableType, indent: int) -> Padding:
    return Padding(what, (0, 0, 0, indent))


def folded(text: str, width: int) -> list[str]:
    """
    Return *text* in lines of at most *width* columns, broken as Chinese is.

    Between any two characters, that is, but not inside a number or a foreign word, and not before a mark.
    """
    lines, line = [], ""
    for piece in _PIECES.findall(text):
        if line and cell_len(line + piece) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line]


def _cell(cell: Cell) -> Text:
    if isinstance(cell, str):
        return Text(cell)
    text, style = cell
    return Text(_SIGNS.get(style, "") + text, _STYLES.get(style, ""))


def follow(stage: Stage, line: Mapping[str, Any]) -> None:
    """Show *line* of the tablets' script."""
    told = dict(line)
    ways: Mapping[str, Callable[..., None]] = {
        "scene": stage.scene,
        "say": stage.say,
        "note": stage.note,
        "table": stage.table,
    }
    ways[told.pop("do")](**told)
