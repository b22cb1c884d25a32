"""
How the demo speaks 输出: Chinese first with quiet English beside it, calm, at most 100 columns wide.
"""

import sys
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDTH = 100
GOOD, BAD, WAIT, QUIET, STRONG = "green", "red", "yellow", "bright_black", "bold"
_SIGNS = {GOOD: "✓ ", BAD: "✗ ", WAIT: "! "}


class Stage:
    """Speaks to whoever watches; a pipe gets the same text without colours."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        self._console = Console(highlight=False, emoji=False, markup=False)
        self._console.width = min(self._console.width, WIDTH) if self._console.is_terminal else WIDTH

    def scene(self, number: str, zh: str, en: str) -> None:
        """Begin a scene."""
        self._show("", Text.assemble((f"{number}  {zh}", STRONG), "  ", (en, QUIET)))

    def say(self, zh: str, en: str, style: str = "") -> None:
        """Say one sentence; a style that means something gets its sign as well."""
        told = Text.assemble((_SIGNS.get(style, ""), style), (zh, "" if style == QUIET else style), "  ", (en, QUIET))
        self._show(Padding(told, (0, 0, 0, 3)))

    def command(self, line: str) -> None:
        """Show what can be typed, on a line of its own that can be copied."""
        self._console.print(Padding(Text(line, "cyan"), (0, 0, 0, 6)), soft_wrap=True)

    def table(
        self, heads: Sequence[tuple[str, str]], rows: Iterable[Sequence[RenderableType]], right: str = ""
    ) -> None:
        """
        Show a table.

        Args:
            heads: (Chinese, English) of every column.
            right: The Chinese heads of the columns that hold numbers, joined by blanks.
        """
        table = Table(box=box.SIMPLE_HEAD, header_style=QUIET, pad_edge=False, show_edge=False)
        for zh, en in heads:
            table.add_column(f"{zh} {en}".strip(), overflow="fold", justify="right" if zh in right.split() else "left")
        for row in rows:
            table.add_row(*[Text(cell) if isinstance(cell, str) else cell for cell in row])
        self._show(Padding(table, (0, 0, 0, 3)))

    def _show(self, *lines: RenderableType) -> None:
        for line in lines:
            self._console.print(line)
        # The tablets' part speaks from a process of its own, in between.
        self._console.file.flush()
