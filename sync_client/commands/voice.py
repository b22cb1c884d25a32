"""
How ``gridward`` speaks 输出: Chinese first with English beside it, or English, or JSON for programs.

Nothing a record holds is ever read as markup, and columns are measured in cells, so that Chinese lines up.
"""

import json
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import click
import msgspec
from rich import box
from rich.columns import Columns
from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from sync_client.commands.folding import Folded

#: Calm: colour marks only what somebody has to look at, and never alone.
GOOD, BAD, WAIT, QUIET, STRONG = "green", "red", "yellow", "bright_black", "bold"
_SIGNS = {GOOD: "✓", BAD: "✗", WAIT: "!"}
_KEY_WIDTH = 22
#: C0 and C1 controls but for line ends and tabs, and the marks that turn the direction of writing.
_STEERING = dict.fromkeys(
    {*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)} - {0x09, 0x0A}, "�"
)
#: Even where a column gives way, a few characters of it stay.
_GIVEN_WIDTH = 10


class _PlainConsole(Console):
    """
    A console that only its own program steers.

    What another tablet wrote may hold signs that a terminal obeys: they would clear the screen, or turn
    a line round. Each is shown as a sign of its own instead.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as every console does; see ``rich``."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(segment.text.translate(_STEERING), segment.style)


class Voice:
    """
    Speaks to a person, or to a program.

    Args:
        lang: ``zh`` (Chinese with English beside it) or ``en``.
        as_json: Say one JSON object at the end, and nothing else.
    """

    def __init__(self, lang: str = "zh", *, as_json: bool = False) -> None:
        self.lang = lang
        self.as_json = as_json
        self.console = _PlainConsole(file=sys.stdout, highlight=False, emoji=False, markup=False)

    @property
    def is_lively(self) -> bool:
        """Whether a person is watching, so that something may move on the screen."""
        return self.console.is_terminal and not self.as_json

    def pick(self, zh: str, en: str) -> str:
        """Return the words of the language spoken."""
        return en if self.lang == "en" else zh

    def both(self, zh: str, en: str, style: str = "") -> Text:
        """Return Chinese with quiet English beside it, or English alone."""
        if self.lang == "en":
            return Folded(en, style=style)
        return Folded.assemble((zh, style), " ", (en, QUIET))

    def head(self, zh: str, en: str) -> str:
        """Return the heading of a column."""
        return self.pick(f"{zh} {en}".strip(), en)

    # -- to a person -----------------------------------------------------------------------------

    def show(self, *lines: RenderableType) -> None:
        """Print *lines*, unless a program listens."""
        if not self.as_json:
            for line in lines:
                self.console.print(line)

    def say(self, zh: str, en: str, style: str = "") -> None:
        """Say one sentence; a style that means something gets its sign as well."""
        sign = _SIGNS.get(style, "")
        self.show(_behind(Text(sign, style), self.both(zh, en, style)) if sign else self.both(zh, en, style))

    def point(self, zh: str, en: str, value: str, style: str) -> None:
        """Say one thing that was looked at, with its sign, its name and what was found."""
        head = self.both(zh, en)
        head.pad_right(_KEY_WIDTH - head.cell_len)
        self.show(Text(f"{_SIGNS.get(style, '·')} ", style) + head + Text(f"  {value}"))

    def hint(self, zh: str, en: str) -> None:
        """Say what to do next."""
        self.show(Padding(_behind(Text("→", QUIET), self.both(zh, en)), (0, 0, 0, 2)))

    def pairs(self, rows: Iterable[tuple[str, str, RenderableType]]) -> None:
        """Print names and values: (Chinese, English, value)."""
        table = Table.grid(padding=(0, 2))
        table.add_column(min_width=_KEY_WIDTH)
        table.add_column(overflow="fold")
        for zh, en, value in rows:
            table.add_row(self.both(zh, en), Folded(value) if isinstance(value, str) else value)
        self.show(Padding(table, (0, 0, 0, 2)))

    def table(
        self,
        heads: Sequence[tuple[str, str]],
        rows: Iterable[Sequence[RenderableType]],
        giving: Collection[int] = (),
        folding: Collection[int] = (),
        *,
        close: bool = False,
    ) -> None:
        """
        Print a table.

        Args:
            heads: (Chinese, English).
            rows: A cell for each head.
            giving: Columns that are cut short where the screen is narrow, so that every row is one line;
                without any, cells are folded.
            folding: The only columns whose cells are folded, where not all are to be.
            close: Little room between the columns, for many that are narrow.
        """
        padding = (0, 1, 0, 0) if close else (0, 1)
        table = Table(box=box.SIMPLE_HEAD, header_style=QUIET, pad_edge=False, show_edge=False, padding=padding)
        for place, (zh, en) in enumerate(heads):
            gives = place in giving
            table.add_column(
                self.head(zh, en),
                overflow="fold",
                no_wrap=bool(giving or folding) and not gives and place not in folding,
                min_width=_GIVEN_WIDTH if gives else None,
            )
        cut: dict[str, Any] = {"no_wrap": True, "overflow": "ellipsis"} if giving else {}
        for row in rows:
            cells = [
                Text(cell, **({} if place in folding else cut)) if isinstance(cell, str) else cell
                for place, cell in enumerate(row)
            ]
            table.add_row(*cells)
        self.show(Padding(table, (0, 0, 0, 2)))

    def problem(self, told: Mapping[str, Any]) -> None:
        """Say what went wrong and what to do next; *told* is a problem as it stands on the wire."""
        self.say(str(told.get("message_zh", "")), str(told.get("message_en", "")), BAD)
        for path, errors in (told.get("errors") or {}).items():
            for error in errors:
                self.show(Padding(self.both(f"{path} {error['zh']}", error["en"]), (0, 0, 0, 4)))
        if told.get("next_zh"):
            self.hint(str(told["next_zh"]), str(told.get("next_en", "")))
        if told.get("detail") not in (None, "", told.get("message_zh"), told.get("message_en")):
            self.show(Padding(Text(str(told["detail"]), QUIET), (0, 0, 0, 2)))

    # -- questions -------------------------------------------------------------------------------

    def ask(self, zh: str, en: str, default: str = "", *, secret: bool = False) -> str:
        """
        Ask, and return what was typed without the blanks around it, or *default*.

        Raises:
            click.Abort: The keyboard is gone, or somebody pressed Ctrl-C.
        """
        shown = f" [{default}]" if default else ""
        self.console.print(self.both(zh, en) + Text(shown), end="")
        typed = click.prompt("", default="", show_default=False, prompt_suffix=" › ", hide_input=secret)
        return str(typed).strip() or default

    def choices(self, words: Sequence[str]) -> None:
        """Show what may be chosen by its number; nothing where there is nothing to choose."""
        if words:
            numbered = [Text.assemble((str(number), STRONG), " ", word) for number, word in enumerate(words, 1)]
            self.show(Padding(Columns(numbered, padding=(0, 3)), (0, 0, 0, 2)))

    def agrees(self, zh: str, en: str) -> bool:
        """Ask a question that Enter answers with yes."""
        return self.ask(zh, f"{en} [Y/n]").casefold() not in ("n", "no", "否", "不")

    # -- to a program ----------------------------------------------------------------------------

    def answer(self, data: Any, render: Callable[[], None]) -> None:
        """Give *data* to a program as JSON, or show it to a person by *render*."""
        if self.as_json:
            plain = msgspec.to_builtins(data)
            click.echo(json.dumps(plain, ensure_ascii=False, indent=2, sort_keys=True))
        else:
            render()


def _behind(sign: Text, text: Text) -> Table:
    """Return *text* behind *sign*, its further lines below its first; Chinese is broken where the line ends."""
    line = Table.grid(padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(sign, text)
    return line
