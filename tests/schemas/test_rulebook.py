"""Rules written down and read back: what a history is replayed by years later."""

import dataclasses
from typing import Any

import msgspec
import pytest

from schemas import rulebook
from schemas.fields import Choice, Many, Number, Part, Text, Whole
from schemas.parts import PhotoSchema
from schemas.records import RecordType
from schemas.registry import TYPES
from schemas.rulebook import NotARule
from schemas.rules import (
    APPEND,
    FIRST,
    HIGHEST,
    LATEST,
    LOWEST,
    PERSON,
    SHARE,
    Person,
    Rule,
    RuleTable,
    Together,
    Unique,
    Workflow,
    authority,
    escalate,
    union,
)
from tests.schemas.samples import TREES


@pytest.mark.parametrize("kind", [*TYPES.values(), TREES], ids=lambda kind: kind.name)
def test_what_was_declared_comes_back_through_json(kind: RecordType) -> None:
    written = msgspec.json.decode(msgspec.json.encode(rulebook.declared(kind.rules)))
    read = rulebook.table_of(written)
    assert (read.fields, read.groups, read.unique) == (kind.rules.fields, kind.rules.groups, kind.rules.unique)
    assert rulebook.mark_of(read) == kind.rules_mark


def test_the_mark_changes_with_any_rule_and_with_nothing_else() -> None:
    table = RuleTable({"name": authority(then=PERSON), "phone": LATEST}, unique=Unique(("code",)))
    mark = rulebook.mark_of(table)
    assert len(mark) == 12
    turned = {name: table.fields[name] for name in ("phone", "name")}
    assert mark == rulebook.mark_of(dataclasses.replace(table, fields=turned))
    others = [
        RuleTable(table.fields),
        dataclasses.replace(table, unique=Unique(("code", "name"))),
        dataclasses.replace(table, fields={**table.fields, "phone": FIRST}),
        dataclasses.replace(table, fields={**table.fields, "name": authority(then=Person(window_ms=1))}),
        dataclasses.replace(table, fields={**table.fields, "more": LATEST}),
    ]
    assert len({mark, *map(rulebook.mark_of, others)}) == 6


BY_HAND: dict[str, tuple[Any, Rule]] = {
    "a word": ("latest", LATEST),
    "a word with nothing given": ({"rule": "person"}, PERSON),
    "authority alone": ("authority", authority()),
    "one inside the other": ({"rule": "authority", "inner": "first"}, authority(then=FIRST)),
    "in full": ({"rule": "authority", "inner": {"rule": "person", "window_ms": 5, "settler": 4}},
                authority(then=Person(5, 4))),
    "the lowest": ("lowest", LOWEST),
    "the highest": ("highest", HIGHEST),
    "a ladder": ({"rule": "escalate", "ladder": ["minor", "major"]}, escalate("minor", "major")),
    "a group": ({"rule": "together", "fields": ["lat", "lon"], "inner": "latest"}, Together(("lat", "lon"), LATEST)),
    "a set": ({"rule": "union", "key": "sha256"}, union("sha256")),
}  # fmt: skip


@pytest.mark.parametrize(("written", "rule"), BY_HAND.values(), ids=BY_HAND)
def test_a_rule_as_a_person_writes_it(written: Any, rule: Rule) -> None:
    assert rulebook.rule_of(written, "name") == rule


NO_RULES: dict[str, Any] = {
    "nothing": None,
    "a number": 3,
    "a list": ["latest"],
    "an unknown word": "loudest",
    "no word": {"window_ms": 3},
    "a word that is none": {"rule": ["latest"]},
    "given what it does not take": {"rule": "latest", "window_ms": 3},
    "given what nothing takes": {"rule": "latest", "colour": 3},
    "time that is none": {"rule": "person", "window_ms": "a day"},
    "time that is true": {"rule": "person", "window_ms": True},
    "a ladder of one word": {"rule": "escalate", "ladder": "minor"},
    "a ladder with a step twice": {"rule": "escalate", "ladder": ["minor", "minor"]},
    "a group of none": {"rule": "together", "fields": [], "inner": "latest"},
    "a group without a rule": {"rule": "together", "fields": ["lat"]},
    "a set for a value": {"rule": "authority", "inner": "union"},
    "an act for a value": {"rule": "authority", "inner": {"rule": "workflow", "machine": "case"}},
    "nothing inside": {"rule": "authority", "inner": None},
    "a workflow without name": "workflow",
}


@pytest.mark.parametrize("written", NO_RULES.values(), ids=NO_RULES)
def test_what_is_no_rule_is_told_in_two_languages_with_its_place(written: Any) -> None:
    with pytest.raises(NotARule) as mistake:
        rulebook.rule_of(written, "shop.name")
    assert mistake.value.where == "shop.name"
    assert mistake.value.zh.startswith("shop.name：")
    assert mistake.value.en.startswith("shop.name: ")


@pytest.mark.parametrize(
    "written",
    [None, [], {}, {"fields": []}, {"fields": {"name": "loudest"}}, {"fields": {}, "unique": "latest"}],
)
def test_a_table_that_is_none(written: Any) -> None:
    with pytest.raises(NotARule):
        rulebook.table_of(written)


STATES = Choice({"minor": "一般", "major": "较重"})
PHOTOS = Many(Part(PhotoSchema), 9)
SUITS: dict[str, tuple[Rule, Any, bool]] = {
    "any value by stamp": (LATEST, Text(1, 9), True),
    "the highest number": (HIGHEST, Number(0, 9), True),
    "the highest word": (HIGHEST, Text(1, 9), False),
    "the highest flag under rank": (authority(then=HIGHEST), STATES, False),
    "a whole ladder": (escalate("minor", "major", "grave"), STATES, True),
    "half a ladder": (escalate("minor"), STATES, False),
    "no ladder": (escalate(), STATES, False),
    "a ladder for numbers": (escalate("1", "2"), Whole(1, 2), False),
    "a set of photos": (union("sha256"), PHOTOS, True),
    "a set of photos by what they lack": (union("colour"), PHOTOS, False),
    "a set of words": (union(), Many(Text(1, 9), 9), True),
    "a set of one": (union(), Text(1, 9), False),
    "entries": (APPEND, PHOTOS, True),
    "entries in a text": (APPEND, Text(1, 9), False),
    "shares of a number": (SHARE, Whole(0, 9), True),
    "shares of a word": (SHARE, Text(1, 9), False),
    "a known workflow": (Workflow("case"), STATES, True),
    "an unknown workflow": (Workflow("dog"), STATES, False),
    "a group": (Together(("lat", "lon"), LOWEST), Number(0, 9), True),
    "a group of words": (Together(("lat", "lon"), LOWEST), STATES, False),
}


@pytest.mark.parametrize(("rule", "field", "suits"), SUITS.values(), ids=SUITS)
def test_whether_a_rule_can_settle_what_a_field_holds(rule: Rule, field: Any, suits: bool) -> None:
    why = rulebook.unfit(rule, field)
    assert (why is None) == suits
    assert why is None or all(why)
