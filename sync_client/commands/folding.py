"""
Breaking Chinese into lines 断行.

Between any two characters, but not inside a number or a foreign word, and never before a closing mark.
"""

import re
from collections.abc import Iterator
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.containers import Lines
from rich.text import Text

#: What stays together: a case's number, a word, or one character with its marks; then the blanks behind.
_PIECES = re.compile(
    r"([“（【《]*(?:[A-Z]{2}-[0-9]{4}-[\u4e00-\u9fff]{1,6}-[0-9]+|[!-~]+|\S)?[，。；：、！？”）】》]*)(\s*)"
)


def breaks(text: str, width: int) -> list[int]:
    """Return the places at which *text*, which holds no line end, is broken into lines of at most *width* cells."""
    found, used, at = list[int](), 0, 0
    for word, blanks in _pieces(text, width):
        if used and used + cell_len(word) > width:
            found.append(at)
            used = 0
        used += cell_len(word) + len(blanks)
        at += len(word) + len(blanks)
    return found


def _pieces(text: str, width: int) -> Iterator[tuple[str, str]]:
    for match in _PIECES.finditer(text):
        word, blanks = match.groups()
        if cell_len(word) > width:  # a path, an id: broken wherever the line ends
            yield from ((sign, "") for sign in word)
            word = ""
        if word or blanks:
            yield word, blanks


class Folded(Text):
    """Text that is broken as Chinese is."""

    def wrap(self, console: Console, width: int, **options: Any) -> Lines:
        """Return its lines; see ``rich.text.Text.wrap``."""
        if self.no_wrap or options.get("no_wrap"):
            return super().wrap(console, width, **options)
        lines = Lines()
        for line in self.split(allow_blank=True):
            line.expand_tabs(options.get("tab_size", 8))
            for part in line.divide(breaks(line.plain, width)):
                part.rstrip()
                lines.append(part)
        return lines
