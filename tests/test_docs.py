"""The pages are true: links lead somewhere, names exist, examples are what a server really says."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas import validation, wire
from schemas.problems import KINDS
from tests.doc_examples import examples, shape
from tests.doc_pages import DOCS, ROOT, examples_in, pages, with_tables

PROTOCOL = (DOCS / "protocol.md").read_text(encoding="utf-8")
IN_PROTOCOL = examples_in(PROTOCOL)
PAGES = [str(page.relative_to(ROOT)) for page in pages()]

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_MUST = re.compile(r"\*\*M(\d+)\*\*")
_STATUS_AND_CODE = re.compile(r"\b([45]\d\d) `([a-z_]+)`")
_MAP_ROW = re.compile(r"^\| \d+ \| `([^`]+)` \| ([^|]+) \|", re.MULTILINE)
_PATH = re.compile(r"`((?:schemas|server|sync_client|tests|docs)/[a-z_/]+\.(?:py|md))`")


def read(page: str) -> str:
    """Return a page's text without its fenced blocks."""
    return _FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    """Nobody who reads is sent into nothing, neither to a page nor to a heading."""
    assert not [link for link in _LINK.findall(read(page)) if not leads_somewhere(page, link)]


def leads_somewhere(page: str, link: str) -> bool:
    """Say whether a relative link has a target; what is elsewhere is not asked."""
    if "://" in link:
        return True
    path, _, heading = link.partition("#")
    target = ROOT / page if not path else (ROOT / page).parent / path
    return target.exists() and (not heading or heading in anchors_of(target))


def anchors_of(target: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made where Markdown is shown."""
    found = _HEADING.findall(_FENCE.sub("", target.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in found}


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("map.md", True),
        ("merging.md#rank-位阶", True),
        ("#words-词语", True),
        ("maps.md", False),
        ("merging.md#rank", False),
        ("#words", False),
    ],
)
def test_a_link_into_nothing_is_found(link: str, leads: bool) -> None:
    assert leads_somewhere("docs/protocol.md", link) == leads


@pytest.mark.parametrize("page", PAGES)
def test_every_file_a_page_speaks_of_is_there(page: str) -> None:
    assert not [path for path in _PATH.findall(read(page)) if not (ROOT / path).exists()]


MAP_ROWS = _MAP_ROW.findall(read("docs/map.md"))


@pytest.mark.parametrize(("file", "names"), MAP_ROWS)
def test_the_map_names_what_is_there(file: str, names: str) -> None:
    """Whoever follows a mutation through the files finds every function where the map says."""
    assert set(re.findall(r"`([^`]+)`", names)) <= defined_in(file)


def test_the_map_is_read_at_all() -> None:
    assert len(MAP_ROWS) > 50
    assert all("`" in names for _, names in MAP_ROWS)


@cache
def defined_in(file: str) -> frozenset[str]:
    """Return the functions, classes, methods and constants a module defines."""
    return frozenset(_names("", ast.parse((ROOT / file).read_text(encoding="utf-8")).body))


def _names(prefix: str, body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield prefix + node.name
        if isinstance(node, ast.ClassDef):
            yield from _names(f"{node.name}.", node.body)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield prefix + node.target.id


# -- the protocol -----------------------------------------------------------------------------------


def test_musts_are_numbered_one_by_one() -> None:
    """A client's author can say "M17" and everybody finds the same sentence."""
    numbers = [int(number) for number in _MUST.findall(PROTOCOL)]
    assert numbers == list(range(1, len(numbers) + 1))
    for must in _musts():
        assert "MUST" in must, must
        assert re.search(r"(?<!\*)\*[^*]+\*(?!\*)", must), f"says no reason: {must}"


def _musts() -> list[str]:
    found = re.split(r"^- (?=\*\*M\d+\*\*)", PROTOCOL, flags=re.MULTILINE)[1:]
    return [must.split("\n\n")[0] for must in found]


@pytest.fixture(scope="module")
def spoken() -> dict[str, Any]:
    """What a server says today to the protocol's requests."""
    return examples()


def test_the_examples_are_what_a_server_says(spoken: dict[str, Any]) -> None:
    """No client is written after an example that no server ever sent."""
    assert IN_PROTOCOL.keys() == spoken.keys()
    for name, example in IN_PROTOCOL.items():
        assert shape(example) == shape(spoken[name]), f"{name}: run python -m tests.doc_pages"


@pytest.mark.parametrize("name", [name for name in IN_PROTOCOL if name in {"push.request", "idle.request"}])
def test_requests_of_the_page_are_requests(name: str) -> None:
    asked = wire.decode_request(msgspec.json.encode(IN_PROTOCOL[name]))
    assert asked.protocol == wire.PROTOCOL
    assert all(validation.validate(raw) for raw in asked.mutations)
    assert set(IN_PROTOCOL[name]) <= set(wire.SyncRequest.__struct_fields__)


@pytest.mark.parametrize("name", ["push.response", "contest.response", "open.response", "idle.response"])
def test_answers_of_the_page_are_answers(name: str) -> None:
    answer = wire.decode_response(msgspec.json.encode(IN_PROTOCOL[name]))
    assert wire.decode_json(wire.encode(answer)) == IN_PROTOCOL[name]
    for page in answer.feeds.values():
        assert all(wire.decode_record(raw).version for raw in page.records)


def test_the_page_shows_every_kind_of_outcome_but_noop_and_merged() -> None:
    shown = {o["outcome"] for value in IN_PROTOCOL.values() for o in value.get("outcomes", ())}
    assert shown == {"applied", "conflict", "rejected", "held", "retry"}
    listed = set(re.findall(r"^\| `([a-z]+)` \| (?:yes|no) \|", PROTOCOL, re.MULTILINE))
    assert listed == shown | {"merged", "noop"}
    final = set(re.findall(r"^\| `([a-z]+)` \| yes \|", PROTOCOL, re.MULTILINE))
    assert final == wire.FINAL


def test_the_protocol_names_its_version() -> None:
    assert f"Protocol version **{wire.PROTOCOL}**" in PROTOCOL


@pytest.mark.parametrize("page", PAGES)
def test_every_problem_named_with_its_status_exists(page: str) -> None:
    """A code that a page teaches is one the server really sends, under that status."""
    named = _STATUS_AND_CODE.findall(read(page))
    assert all(code in KINDS and KINDS[code].status == int(status) for status, code in named)


def test_the_statuses_of_the_protocol_are_read_at_all() -> None:
    assert len(set(_STATUS_AND_CODE.findall(PROTOCOL))) > 14


# -- tables and lists -------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_written_tables_are_current(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert with_tables(text) == text, "run python -m tests.doc_pages"


def test_every_decision_is_in_the_index_under_its_title() -> None:
    index = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    pages_there = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    assert [page.name[:4] for page in pages_there] == [f"{i:04}" for i in range(1, len(pages_there) + 1)]
    for page in pages_there:
        number, _, title = page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").partition(" ")
        assert f"| [{number}]({page.name}) | {title} |" in index


@pytest.mark.parametrize("page", sorted((DOCS / "decisions").glob("[0-9]*.md")), ids=lambda page: page.stem)
def test_every_decision_says_why_what_and_what_follows(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    parts = ["**Context.**", "**Decision.**", "**Consequences.**"]
    assert [text.count(part) for part in parts] == [1, 1, 1]
