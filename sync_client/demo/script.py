"""
What the tablets' part is told, and how it tells what happens 剧本: one JSON object a line.

``{"do": "scene" | "say" | "table" | "outcome" | "broken", …}``; the Chinese always stands before the English.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from schemas import wire

GOOD, BAD, WAIT, QUIET = "good", "bad", "wait", "quiet"
#: A cell of a table: text, or text and its style.
Cell = str | tuple[str, str]


class Actor(Struct):
    """Somebody of the story: by what word, what he is called and is, and a code to enrol a tablet with."""

    key: str
    name: str
    english: str
    title: str
    unit: str
    code: str


class Dispute(Struct):
    """Something left over from an earlier morning for a person to decide."""

    record: str
    field: str
    kept: str
    others: list[str]


class Orders(Struct):
    """Where the server is, where tablets and pictures lie, whose they are, which morning it is."""

    url: str
    folder: str
    pictures: str
    morning: int
    grid: str
    actors: list[Actor]
    disputes: list[Dispute] = []
    #: The day that is played, and where its clock stands; empty for a morning by everybody's own clock.
    day: str = ""
    clock: str = ""


class Broken(Exception):
    """The story did not come out as promised; ``zh`` and ``en`` say what."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh, self.en = zh, en
        super().__init__(f"{zh} {en}")


def promise(kept: object, zh: str, en: str) -> None:
    """
    Hold the story to what it promises.

    Raises:
        Broken: It was not kept.
    """
    if not kept:
        raise Broken(zh, en)


class Script:
    """Tells whoever listens what happens, line by line as it does."""

    def scene(self, zh: str, en: str) -> None:
        """Begin a scene."""
        self._tell("scene", zh=zh, en=en)

    def say(self, zh: str, en: str, style: str = "") -> None:
        """Say one sentence."""
        self._tell("say", zh=zh, en=en, style=style)

    def note(self, zh: str, en: str) -> None:
        """Say what belongs to the sentence before."""
        self._tell("note", zh=zh, en=en)

    def table(self, heads: Sequence[tuple[str, str]], rows: Iterable[Sequence[Cell]], right: str = "") -> None:
        """Show a table; *right* names the columns of numbers."""
        self._tell("table", heads=heads, rows=list(rows), right=right)

    def outcome(self, outcome: Any) -> None:
        """Hand over what the tablets hold in the end."""
        self._tell("outcome", outcome=outcome)

    def broken(self, zh: str, en: str) -> None:
        """Say that something is not as promised."""
        self._tell("broken", zh=zh, en=en)

    def _tell(self, what: str, **rest: Any) -> None:
        sys.stdout.buffer.write(wire.encode({"do": what, **rest}) + b"\n")
        sys.stdout.buffer.flush()
