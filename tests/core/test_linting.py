"""Rules that promise too much are found out, and told so that a person sees it; the project's own hold."""

import dataclasses
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest

from schemas.fields import Choice, Many, Text, Whole
from schemas.gates import gate_of
from schemas.likeness import Likeness
from schemas.records import Fields, RecordSchema, RecordType, describe
from schemas.registry import TYPES
from schemas.rules import (
    DERIVED,
    HIGHEST,
    LATEST,
    Candidate,
    Extreme,
    Latest,
    Person,
    Rule,
    RuleTable,
    Settled,
    authority,
    escalate,
    settled_by,
    union,
)
from server.core.proving.findings import LAWS, Finding
from server.core.proving.linting import ROUNDS, lint
from server.core.proving.samples import Sampler
from server.core.proving.trials import Field, one_by_one, play, shuffled
from tests.core.trees import edit, merged
from tests.core.trees import planted as planted_tree
from tests.schemas.samples import TREES

DOCS = Path(__file__).parents[2] / "docs"


# -- rules that promise too much ----------------------------------------------------------------------


@dataclass(frozen=True)
class LastArrival:
    """Whoever reaches the office last is right."""

    name: ClassVar[str] = "last_arrival"
    verb: ClassVar[str] = "set"
    order_free: ClassVar[bool] = True

    def supersedes(self, new: Candidate, seen: Candidate) -> bool:
        return True

    def settle(self, candidates: Sequence[Candidate]) -> Settled:
        return Settled(candidates[-1], (candidates[-1],), "came_last")


@dataclass(frozen=True)
class SumOfNumbers(LastArrival):
    """What two people counted is added up."""

    name: ClassVar[str] = "sum"

    def settle(self, candidates: Sequence[Candidate]) -> Settled:
        total = candidates[0]._replace(value=sum(c.value for c in candidates))
        return Settled(total, (total,), "added_up")


@dataclass(frozen=True)
class OldHand(Person):
    """Whoever knows the record's early versions may replace what stands there."""

    name: ClassVar[str] = "old_hand"

    def supersedes(self, new: Candidate, seen: Candidate) -> bool:
        return seen.version < 3


@dataclass(frozen=True)
class LastOfEquals(Extreme):
    """The greatest number; of two equal ones whoever came last is named."""

    def settle(self, candidates: Sequence[Candidate]) -> Settled:
        best = max(c.value for c in candidates)
        winner = [c for c in candidates if c.value == best][-1]
        return Settled(winner, (winner,), "highest_value")


@dataclass(frozen=True)
class LatestOfTwo(Latest):
    """The greatest stamp, and nothing else is remembered: a corrected clock brings it to light."""

    def settle(self, candidates: Sequence[Candidate]) -> Settled:
        winner = max(candidates, key=lambda c: c.stamp)
        return Settled(winner, (winner,), "later_stamp")


FALSE_CLAIMS: dict[str, Rule] = {
    "the last to arrive": LastArrival(),
    "a sum": SumOfNumbers(),
    "numbers of arrival": OldHand(),
    "the last of equals": LastOfEquals("highest", greatest=True),
    "under another": authority(then=OldHand()),
}


def planted(rule: Rule, field: Any = None) -> RecordType:
    """Return a record type with one field, settled by *rule*."""
    counted = field or Whole(0, 9, required=True)
    counted.metadata = settled_by(rule)
    schema = type("Planted", (RecordSchema,), {"type_name": "planted", "title_zh": "样例", "vehicles": counted})
    return describe(schema)


def linted(kind: RecordType, seed: int = 0, rounds: int = ROUNDS) -> list[Finding]:
    return lint({kind.name: kind}, random.Random(seed), rounds)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rule", FALSE_CLAIMS.values(), ids=FALSE_CLAIMS)
def test_a_false_claim_is_found_in_whatever_dice(rule: Rule, seed: int) -> None:
    [found] = [one for one in linted(planted(rule), seed) if one.law in LAWS]
    assert (found.type, found.fields) == ("planted", ("vehicles",))
    assert "claims to be order-free" in found.en
    assert "声明与先后无关" in found.zh
    assert found.story_zh
    assert len(found.story_zh) == len(found.story_en)


def test_one_that_forgets_who_lost_is_found_by_wrong_clocks_alone() -> None:
    """With right clocks the greatest stamp is all that need be remembered; a corrected one shows otherwise."""
    [found] = [one for one in linted(planted(LatestOfTwo()), rounds=2_000) if one.law in LAWS]
    assert found.law == "order"
    assert len(found.story_zh) == 6


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 0, 1)])
def test_what_had_lost_to_a_value_its_author_took_back_counts_again(order: tuple[int, int, int]) -> None:
    """Wang's clock was set back between his two edits, so Li's stands between them; `latest` remembers it."""
    wang, again = edit("a", "wang", 9_000, set={"girth_cm": 6}), edit("a", "wang", 3_000, set={"girth_cm": 7})
    edits = (wang, again, edit("b", "li", 6_000, set={"girth_cm": 8}))
    tree = planted_tree(girth_cm=5)
    merged(tree, *(edits[place] for place in order))
    assert tree.fields["girth_cm"] == 8


def test_the_same_dice_tell_the_same_story() -> None:
    assert linted(planted(LastArrival()), 3) == linted(planted(LastArrival()), 3)
    assert linted(planted(LastArrival()), 3) != linted(planted(LastArrival()), 4)


def test_a_story_is_as_short_as_it_can_be() -> None:
    """Two edits, who wrote them, and the two arrivals; beside them only how the record was made."""
    [found] = [one for one in linted(planted(LastArrival())) if one.law == "order"]
    assert [line[0] for line in found.story_zh] == ["平", "①", "②", "到", "到"]
    assert found.lines()[0] == found.zh
    assert found.en in found.lines()


def test_the_page_shows_what_is_really_said() -> None:
    """docs/rules.md quotes this finding."""
    [found] = [one for one in linted(planted(LastArrival())) if one.law == "order"]
    assert "\n".join(found.lines()) in (DOCS / "rules.md").read_text(encoding="utf-8"), "\n".join(found.lines())


# -- what needs no trial ------------------------------------------------------------------------------


class Odd(RecordSchema):
    """A type with one thing wrong."""

    type_name = "odd"
    title_zh = "怪"

    weight = Whole(0, 9, metadata=settled_by(LATEST))
    sums = Whole(0, 99, metadata=settled_by(DERIVED))

    @staticmethod
    def complete(fields: Fields) -> None:
        """Count on what was counted before."""
        fields["sums"] = fields.get("sums", 0) + 1


class Lopsided(RecordSchema):
    """Two of it may be one thing, seen from one side only."""

    type_name = "lopsided"
    title_zh = "偏"
    likeness: ClassVar[Likeness] = Likeness(15, lambda one, other, _apart: "more" if one["n"] > other["n"] else None)

    n = Whole(0, 9, metadata=settled_by(LATEST))


WRONG: dict[str, tuple[RecordType, str, tuple[str, ...]]] = {
    "no rule at all": (dataclasses.replace(TREES, rules=RuleTable({})), "no_rule", tuple(TREES.schema().fields)),
    "a rule nobody wrote down": (planted(LastArrival()), "not_written", ("vehicles",)),
    "another under a known name": (planted(LatestOfTwo()), "not_written", ("vehicles",)),
    "a ladder that lacks a step": (planted(escalate("a"), Choice(("a", "b"))), "unfit", ("vehicles",)),
    "the highest of words": (planted(HIGHEST, Text(1, 9)), "unfit", ("vehicles",)),
    "a key nothing has": (planted(union("sha256"), Many(Text(1, 9), 9)), "unfit", ("vehicles",)),
    "a share of words": (planted(authority(then=HIGHEST), Text(1, 9)), "unfit", ("vehicles",)),
    "no such workflow": (TREES, "unfit", ("state",)),
    "computed from itself": (describe(Odd), "derived", ("sums",)),
    "alike from one side": (describe(Lopsided), "likeness", ("likeness",)),
}


@pytest.mark.parametrize(("kind", "law", "fields"), WRONG.values(), ids=WRONG)
def test_what_can_be_seen_without_a_trial(kind: RecordType, law: str, fields: tuple[str, ...]) -> None:
    found = {one.law: one for one in lint({kind.name: kind}, random.Random(0), 1)}
    assert found[law].fields == fields
    assert found[law].zh
    assert found[law].en
    assert not found[law].story_zh


def test_a_type_with_a_field_of_every_kind_keeps_its_word() -> None:
    """Groups, shares, ladders and sets; only its workflow is none that is known here."""
    assert [one.fields for one in linted(TREES)] == [("state",)]


def test_the_record_types_in_use_keep_their_word() -> None:
    assert lint(TYPES, random.Random(5), 12) == []


@pytest.mark.parametrize("kind", TYPES.values(), ids=TYPES)
def test_trials_write_only_what_a_tablet_could_send(kind: RecordType) -> None:
    """What a trial lets people write passes the gate that a mutation has to pass."""
    gate, sampler = gate_of(kind), Sampler(kind)
    for name, rule in kind.rules.fields.items():
        for written in sampler.writings(name, rule) if rule.verb not in ("", "act") else ():
            assert gate.fits_patch(written.get("set", {}))
            assert name not in written.get("add", {}) or gate.elements[name].fits_each(written["add"][name])
            assert name not in written.get("share", {}) or gate.shares[name].fits_each([written["share"][name]])


def test_trials_are_worth_their_while() -> None:
    """Orders differ, clocks are wrong, stamps tie and go backwards, and some see what others wrote."""
    dice = random.Random(1)
    field = Field(Sampler(TYPES["shop"]), "name", TYPES["shop"].rules.of("name"))
    met: Counter[str] = Counter()
    for _ in range(300):
        scene = field.imagined(dice)
        met["orders"] += shuffled(scene, dice) != one_by_one(scene)
        met["clamped"] += any(edit.received.clamped for edit in scene.edits)
        met["corrected"] += any(edit.received.corrected_by_ms for edit in scene.edits)
        met["seen"] += any(edit.seen > 0 for edit in scene.edits)
        met["open"] += any(standing[2] for standing in play(scene, one_by_one(scene)).standing.values())
        met["backwards"] += any(
            one.device == other.device and one.received.stamp > other.received.stamp
            for one, other in pairwise(scene.edits)
        )
        met["ties"] += len({edit.received.stamp[:2] for edit in scene.edits}) < len(scene.edits)
    assert {name for name, times in met.items() if times >= 15} == set(met), met
