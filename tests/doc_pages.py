"""
Keeps the written parts of ``docs/`` at what the code really says and does.

``python -m tests.doc_pages`` writes them anew: the examples of the protocol, its limits, the rules by
field, the situations. ``tests/test_docs.py`` holds the pages to them.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from schemas import clock, mutations, packing, registry, validation, wire
from schemas.problems import KINDS
from schemas.records import RecordType
from schemas.situations import SITUATIONS
from server.api.devices import MAX_BODY
from server.core.attempts import ALTOGETHER, PER_CALLER
from server.usecases.enrol_device import CODE_LIVES_MS
from tests.doc_examples import examples, shape
from tests.doc_ledger import acts, lifecycle

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
WIDTH = 112

_WRITTEN = re.compile(r"(<!-- written: (?P<name>[a-z]+) -->\n).*?(<!-- end -->\n)", re.DOTALL)
_EXAMPLE = re.compile(r"(<!-- example: (?P<name>[a-z.]+) -->\n```json\n)(?P<body>.*?)(```\n)", re.DOTALL)


def examples_in(page: str) -> dict[str, Any]:
    """Return the examples of *page* by name."""
    return {found["name"]: json.loads(found["body"]) for found in _EXAMPLE.finditer(page)}


def with_tables(page: str) -> str:
    """Return *page* with every written table as it should be today."""
    return _WRITTEN.sub(lambda found: f"{found[1]}\n{TABLES[found['name']]()}\n{found[3]}", page)


def with_examples(page: str, made: dict[str, Any]) -> str:
    """Return *page* with the examples *made* just now; one that only the day has changed stays as it is."""

    def current(found: re.Match[str]) -> str:
        new = made[found["name"]]
        same = shape(json.loads(found["body"])) == shape(new)
        return found[0] if same else f"{found[1]}{laid_out(new)}\n{found[4]}"

    return _EXAMPLE.sub(current, page)


def laid_out(value: Any, indent: int = 0) -> str:
    """Return *value* as JSON that fills its lines, and breaks them only between members."""
    plain = json.dumps(value, ensure_ascii=False)
    if len(plain) + indent <= WIDTH or not isinstance(value, (dict, list)):
        return plain
    if isinstance(value, list):
        return "[" + _filled([laid_out(inner, indent + 1) for inner in value], indent + 1) + "]"
    named = ((json.dumps(key, ensure_ascii=False), inner) for key, inner in value.items())
    return "{" + _filled([f"{name}: {laid_out(inner, indent + 2)}" for name, inner in named], indent + 1) + "}"


def _filled(parts: list[str], indent: int) -> str:
    lines = [parts[0]]
    for part in parts[1:]:
        fits = "\n" not in lines[-1] + part and len(lines[-1]) + len(part) + 2 + indent <= WIDTH
        lines[-1] += f", {part}" if fits else ","
        lines += [] if fits else [part]
    return ("\n" + " " * indent).join(lines)


def limits() -> str:
    """Return the table of the protocol's limits."""
    rows = [
        ("mutations in a request", f"{wire.MAX_MUTATIONS}", "`invalid_request`"),
        ("body of a request, packed", f"{wire.MAX_BODY_PACKED // 1024} KiB", "`too_large`"),
        ("body of a request, inflated or sent plain", f"{wire.MAX_BODY_INFLATED // 1024} KiB", "`too_large`"),
        ("one mutation", f"{mutations.MAX_MUTATION_BYTES // 1024} KiB", "`record_too_large`"),
        ("lists and objects inside each other", f"{validation.MAX_DEPTH}", "`malformed_mutation`"),
        ("mutations in a group", f"{mutations.MAX_GROUP}", "`group_too_large`"),
        ("records in an answer", f"{wire.MAX_PAGE_RECORDS}, or `limit`", "the rest follows: `more`"),
        ("records in an answer, bytes", f"about {wire.MAX_PAGE_BYTES // 1024} KiB", "the rest follows: `more`"),
        ("a stamp ahead of its receipt", f"{clock.MAX_AHEAD_MS // 1000} s", "clamped, never refused"),
        ("a clock that is believed", f"± {clock.CORRECT_BEYOND_MS // 60_000} min", "corrected, never refused"),
        ("body of an enrolment", f"{MAX_BODY // 1024} KiB", "`too_large`"),
        ("life of an enrolment code", f"{CODE_LIVES_MS // 60_000} min", "`enrol_code_invalid`"),
        (
            "wrong codes in a minute",
            f"{PER_CALLER} an address, {ALTOGETHER} altogether",
            "`too_many_attempts`",
        ),
        ("answers shorter than this travel unpacked", f"{packing.WORTH_PACKING} B", "–"),
    ]
    lines = ["| limit 上限 | value 取值 | past it 超出时 |", "|---|---|---|"]
    return "\n".join(lines + [f"| {what} | {much} | {then} |" for what, much, then in rows]) + "\n"


def rules() -> str:
    """Return, by record type, which fields are settled by which rule."""
    lines = ["| record 记录 | rule 规则 | fields 字段 |", "|---|---|---|"]
    for _, kind in sorted(registry.TYPES.items()):
        head = f"{kind.title_zh} `{kind.name}`"
        for rule, names in _by_rule(kind).items():
            lines.append(f"| {head} | {rule} | {'、'.join(names)} |")
            head = ""
        if kind.rules.unique:
            lines.append(f"| {head} | unique | {' + '.join(kind.rules.unique.key)} |")
    return "\n".join(lines) + "\n"


def _by_rule(kind: RecordType) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, field in kind.schema().fields.items():
        rule = kind.rules.of(kind.rules.groups.get(name, name))
        found.setdefault(_words(rule), []).append(f"{field.metadata.get('label', '')} `{name}`")
    return found


def _words(rule: Any) -> str:
    inner = getattr(rule, "inner", None)
    key = getattr(rule, "key", None)
    return f"{rule.name} → {_words(inner)}" if inner else f"{rule.name} by {key}" if key else str(rule.name)


def problems() -> str:
    """Return the table of every problem's code, status and sentences."""
    lines = ["| code 代码 | status | 中文 | English |", "|---|---|---|---|"]
    rows = (f"| `{code}` | {kind.status} | {kind.zh} | {kind.en} |" for code, kind in KINDS.items())
    return "\n".join([*lines, *rows]) + "\n"


def situations() -> str:
    """Return the table of the situations of two people at work without signal."""
    lines = ["| # | situation 情形 | rule 规则 | outcome 结果 | told 告知 |", "|---|---|---|---|---|"]
    for one in SITUATIONS:
        outcome = f"{one.outcome_zh}<br>{one.outcome_en}"
        outcome += "" if one.free else "<br>*by arrival 以到达先后为准*"
        outcome += f"<br>*still to come 待建: {one.lacks}*" if one.lacks else ""
        lines.append(f"| {one.number} | {one.zh}<br>{one.en} | `{one.rule}` | {outcome} | {one.told} |")
    return "\n".join(lines) + "\n"


TABLES: dict[str, Callable[[], str]] = {
    "acts": acts,
    "lifecycle": lifecycle,
    "limits": limits,
    "problems": problems,
    "rules": rules,
    "situations": situations,
}


def pages() -> Iterator[Path]:
    """Yield every Markdown page of the project."""
    yield from sorted(ROOT.glob("*.md"))
    yield from sorted(DOCS.rglob("*.md"))


def main() -> None:
    """Write every written part anew."""
    made = examples()
    for path in pages():
        page = path.read_text(encoding="utf-8")
        path.write_text(with_examples(with_tables(page), made), encoding="utf-8")


if __name__ == "__main__":
    main()
