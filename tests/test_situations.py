"""The 28 situations: each has its story, or says what it waits for; the page says of each what the code says."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.situations import BY_RULE, SITUATIONS, Situation
from tests.doc_pages import DOCS, situations

STORIES = Path(__file__).parent / "stories" / "situations"
#: What is about something that has no field yet; it says so itself. All are told by now.
UNTOLD: frozenset[str] = frozenset()


def told() -> Iterator[str]:
    """Yield the name of every story."""
    for path in sorted(STORIES.glob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield from (node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_there_are_twenty_eight() -> None:
    assert [situation.number for situation in SITUATIONS] == list(range(1, 29))
    assert len(BY_RULE) == 28


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: f"{situation.number}-{situation.rule}")
def test_every_situation_has_its_story(situation: Situation) -> None:
    """A situation without one says what it waits for."""
    if situation.rule in UNTOLD:
        assert situation.lacks
    else:
        assert f"test_{situation.rule}" in told()


def test_what_waits_is_not_told_all_the_same() -> None:
    """Whoever gives one of these its field writes its story, and takes it off the list."""
    assert not {f"test_{rule}" for rule in UNTOLD} & set(told())
    assert BY_RULE.keys() >= UNTOLD


def test_the_page_is_written_from_the_declarations() -> None:
    """Every situation stands in the table with its own words."""
    page = (DOCS / "merging.md").read_text(encoding="utf-8")
    assert situations() in page
    for situation in SITUATIONS:
        [row] = [line for line in page.splitlines() if line.startswith(f"| {situation.number} |")]
        for words in (situation.zh, situation.en, situation.outcome_zh, situation.outcome_en, situation.rule):
            assert words in row
