"""
What a record's fields must come to, from its history alone 模型: plain Python, written from the rules' words.

A value is gone when somebody replaced it who had seen it and may; the rule picks among what is left. It
covers the fields whose rule asks for nothing but stamps, ranks and values; records that the server itself
amended, checks corrected once they were locked, and what stands elsewhere than it was made are left to the
product's own replay.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.roles import Role
from tests.simulation.files import HistoryRow, decode

_LADDER = ("minor", "major", "critical")
#: By record type: its fields of each rule.
LATEST = {"case": ("place_text", "description")}
RANKED = {
    "case": ("problem_class",),
    "shop": ("door_no", "operator_phone", "category"),
}
CLIMBING = {"case": ("severity",)}
FIRST = {"case": ("source", "found_at")}

_RULES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "latest": LATEST, "ranked": RANKED, "climbing": CLIMBING, "first": FIRST,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Value:
    """One value somebody wrote."""

    value: Any
    stamp: tuple[int, int, str]
    rank: int
    version: int
    hand: str


@dataclass
class Modelled:
    """A record as the model has it; ``silent`` says what was decided without a word."""

    values: dict[str, list[Value]] = field(default_factory=dict)
    remarks: list[tuple[int, int, str, str]] = field(default_factory=list)
    void: bool = False
    silent: list[str] = field(default_factory=list)

    def fields(self, kind: str) -> dict[str, Any]:
        """Return the fields that the model knows."""
        return {name: pick(kind, name, values).value for name, values in self.values.items()}


def rule_of(kind: str, name: str) -> str:
    """Return which rule the model has for a field; nothing where it has none."""
    return next((rule for rule, fields in _RULES.items() if name in fields.get(kind, ())), "")


def pick(kind: str, name: str, values: Iterable[Value]) -> Value:
    """Return the value that is shown."""
    rule = rule_of(kind, name)
    if rule == "first":
        return min(values, key=lambda one: one.stamp)
    if rule == "climbing":
        return max(values, key=lambda one: (_LADDER.index(one.value), tuple(-part for part in one.stamp[:2])))
    if rule == "ranked":
        return max(values, key=lambda one: (one.rank, one.stamp))
    return max(values, key=lambda one: one.stamp)


def modelled(kind: str, rows: Iterable[HistoryRow], writers: Mapping[tuple[str, str], str | None]) -> Modelled | None:
    """Return what *rows*, one record's in order, come to; None where the server itself wrote into it or locked it."""
    found = Modelled()
    for row in rows:
        if row.n == 0 or _locked(row):
            return None
        if row.outcome != "noop":
            _take(found, kind, row, writers.get((row.device, row.install)) or row.device)
    return found


def _locked(row: HistoryRow) -> bool:
    """Say whether a check was locked by then: its correction became a note."""
    return any(decision.get("rule") == "locked_becomes_note" for decision in decode(row.decisions or "[]"))


def _take(found: Modelled, kind: str, row: HistoryRow, hand: str) -> None:
    said = row.mutation
    rank = Role(row.role).rank if row.role else 0
    for name, value in said.get("set", {}).items():
        if rule_of(kind, name):
            new = Value(value, (row.at_ms, row.at_counter, hand), rank, row.version, hand)
            _write(found, kind, name, new, said.get("base", 0), row)
    for text in said.get("add", {}).get("remark", ()):
        found.remarks.append((row.at_ms, row.at_counter, row.by, text))
    found.void = found.void or said["op"] == "void"


def _write(found: Modelled, kind: str, name: str, new: Value, base: int, row: HistoryRow) -> None:
    before = found.values.get(name, [])
    left = [one for one in before if not _replaces(rule_of(kind, name), new, one, base)]
    found.values[name] = [*left, new]
    if rule_of(kind, name) in ("first", "climbing"):
        # A join needs nothing but what it came to: what lost has been told of, and cannot win again.
        found.values[name] = [pick(kind, name, [*left, new])]
    decided = {str(decision.get("field")) for decision in decode(row.decisions or "[]")}
    if any(one.value != new.value for one in left) and name not in decided:
        found.silent.append(f"{name} at {row.version}: {[one.value for one in left]} against {new.value}")


def _replaces(rule: str, new: Value, old: Value, base: int) -> bool:
    saw = old.hand == new.hand or 0 < old.version <= base
    if rule == "first":
        return False
    if rule == "climbing":
        return saw and _LADDER.index(new.value) > _LADDER.index(old.value)
    return saw and (rule != "ranked" or new.rank >= old.rank)
