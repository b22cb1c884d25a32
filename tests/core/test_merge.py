"""
One edit folded into one tree: what is contested, what is not, and what is decided.

The tree stands at version 1, written by Li on the office's tablet. ``base`` is what the author looked at.
"""

from typing import Any

import pytest

from schemas.rules import DAY_MS
from server.core import merge
from server.core.decisions import Decision
from server.values import Dot
from tests.core.trees import edit, merged, planted
from tests.schemas.samples import TREES

NEAR = {"sha256": "3f" * 32, "slot": "near"}
FAR = {"sha256": "3f" * 32, "slot": "far"}


def told(decision: Decision) -> tuple[str, str, str, Any]:
    return decision.field, decision.reason, decision.outcome, decision.winner.value


# -- contested or not ---------------------------------------------------------------------------------

UNCONTESTED = {
    "what he saw": (edit("a", "wang", 2_000, set={"girth_cm": 9}), {"girth_cm": 9}),
    "what he wrote himself": (edit("office", "li", 2_000, base=0, set={"girth_cm": 9}), {"girth_cm": 9}),
    "a field nobody filled": (edit("a", "wang", 2_000, base=0, set={"lean_deg": 3}), {"lean_deg": 3}),
    "the same value": (edit("a", "wang", 2_000, base=0, set={"girth_cm": 5}), {"girth_cm": 5}),
    "nothing at last": (edit("a", "wang", 2_000, set={"plaque_on": None}), {"plaque_on": None}),
    "a field this server does not know": (edit("a", "wang", 2_000, set={"a+b": {"c": 1}}), {"a+b": {"c": 1}}),
}


@pytest.mark.parametrize(("one", "fields"), UNCONTESTED.values(), ids=UNCONTESTED)
def test_an_edit_nobody_contests_is_written(one: Any, fields: dict[str, Any]) -> None:
    tree = planted(girth_cm=5, plaque_on="2020-07-18")
    before = dict(tree.fields)
    assert merged(tree, one) == []
    assert tree.fields == before | fields


def test_a_tablet_never_contests_its_own_edits() -> None:
    """Two edits made offline, one after the other, by two people on one tablet."""
    tree = planted(girth_cm=5)
    assert (
        merged(tree, edit("a", "wang", 2_000, set={"girth_cm": 6}), edit("a", "li", 3_000, set={"girth_cm": 7})) == []
    )
    assert tree.fields["girth_cm"] == 7


# -- rules --------------------------------------------------------------------------------------------

CONTESTS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, str, str, Any]]] = {
    # name: first edit (Wang at 3000), second edit (Li at 2000), what is decided about the second
    "later": ({"girth_cm": 6}, {"girth_cm": 7}, ("girth_cm", "later_stamp", "set_aside", 6)),
    "written once": (
        {"planted_on": "2001-01-01"},
        {"planted_on": "2002-01-01"},
        ("planted_on", "written_once", "kept", "2002-01-01"),
    ),
    "greater": ({"height_m": 9}, {"height_m": 4}, ("height_m", "highest_value", "set_aside", 9)),
    "graver": ({"health": "poor"}, {"health": "dead"}, ("health", "escalate_value", "kept", "dead")),
    "a person": ({"species": "柳"}, {"species": "榆"}, ("species", "a_person_decides", "open", "榆")),
    "together": (
        {"lat": 42, "lng": 121},
        {"lat": 43, "lng": 122},
        ("lat+lng", "later_stamp", "set_aside", {"lat": 42, "lng": 121}),
    ),
    "unknown here": ({"new": 1}, {"new": 2}, ("new", "later_stamp", "set_aside", 1)),
}


@pytest.mark.parametrize(("first", "second", "decided"), CONTESTS.values(), ids=CONTESTS)
def test_a_contest_is_settled_by_its_rule(first: Any, second: Any, decided: tuple[str, str, str, Any]) -> None:
    tree = planted()
    [decision] = merged(tree, edit("a", "wang", 3_000, set=first), edit("b", "li", 2_000, set=second))
    assert told(decision) == decided
    shown = decided[3] if isinstance(decided[3], dict) else {decided[0]: decided[3]}
    assert shown.items() <= tree.fields.items()
    # The losing value can always be found.
    assert {str(c.value) for c in decision.candidates} == {str(value) for value in map(_joined, (first, second))}


def _joined(fields: dict[str, Any]) -> Any:
    return fields if len(fields) > 1 else next(iter(fields.values()))


RANKS = {
    "the street after the walker": ("wang", "qian", ("kept", "榆"), "柳"),
    "the walker after the street": ("qian", "wang", ("set_aside", "柳"), "榆"),
}


@pytest.mark.parametrize(("first", "second", "outcome", "aside"), RANKS.values(), ids=RANKS)
def test_rank_weighs_more_than_time(first: str, second: str, outcome: tuple[str, str], aside: str) -> None:
    tree = planted()
    [decision] = merged(
        tree, edit("a", first, 2_000, set={"species": "柳"}), edit("b", second, 3_000, set={"species": "榆"})
    )
    assert (decision.outcome, decision.winner.value) == outcome
    assert [candidate.value for candidate in decision.aside] == [aside]


def test_a_walker_does_not_write_over_what_he_saw_of_the_street() -> None:
    tree = planted()
    merged(tree, edit("b", "qian", 2_000, set={"species": "柳"}))
    [decision] = merged(tree, edit("a", "wang", 3_000, base=2, set={"species": "榆"}))
    assert told(decision) == ("species", "higher_rank", "set_aside", "柳")


def test_a_day_apart_is_no_dispute() -> None:
    tree = planted()
    early, late = (
        edit("a", "wang", 2_000, set={"species": "柳"}),
        edit("b", "li", 2_001 + DAY_MS, set={"species": "榆"}),
    )
    [decision] = merged(tree, early, late)
    assert told(decision) == ("species", "later_stamp", "kept", "榆")


# -- disputes end -------------------------------------------------------------------------------------


def closed_by(last: Any, *before: Any) -> tuple[tuple[str, str], ...]:
    tree = planted()
    merged(tree, *before)
    mutation, author = last
    return merge.merge(tree, TREES, mutation, author).closed


TWO_NAMES = (edit("a", "wang", 2_000, set={"species": "柳"}), edit("b", "li", 3_000, set={"species": "榆"}))
ENDS = {
    "whoever saw both chooses": (edit("c", "li", 4_000, base=3, set={"species": "柳"}), (("species", "person"),)),
    "whoever saw one of them does not": (edit("c", "li", 4_000, base=2, set={"species": "杨"}), ()),
    "the street overrules both": (edit("c", "qian", 1_500, set={"species": "杨"}), (("species", "person"),)),
    "one of the two gives in": (edit("b", "li", 4_000, set={"species": "柳"}), (("species", "person"),)),
    "another field is no matter": (edit("c", "li", 4_000, base=3, set={"girth_cm": 9}), ()),
}


@pytest.mark.parametrize(("last", "closed"), ENDS.values(), ids=ENDS)
def test_what_ends_a_dispute(last: Any, closed: tuple[tuple[str, str], ...]) -> None:
    assert closed_by(last, *TWO_NAMES) == closed


def test_the_street_settles_a_suggestion() -> None:
    suggested = (edit("a", "qian", 2_000, set={"species": "柳"}), edit("b", "wang", 3_000, set={"species": "榆"}))
    settled = edit("c", "qian", 4_000, base=3, set={"species": "榆"})
    assert closed_by(settled, *suggested) == (("species", "suggestion"),)


# -- sets, lists, shares ------------------------------------------------------------------------------

SETS: dict[str, tuple[list[Any], list[str]]] = {
    "both additions stay": (
        [edit("a", "li", 2_000, add={"birds": ["鸽"]}), edit("b", "wang", 2_000, add={"birds": ["鸦"]})],
        ["鸦", "鸽", "鹊"],
    ),
    "what he saw goes": ([edit("a", "wang", 2_000, remove={"birds": ["鹊"]})], []),
    "what he did not see stays": ([edit("a", "wang", 2_000, base=0, remove={"birds": ["鹊"]})], ["鹊"]),
    "adding again outlives a removal": (
        [edit("a", "li", 2_000, add={"birds": ["鹊"]}), edit("b", "wang", 9_000, remove={"birds": ["鹊"]})],
        ["鹊"],
    ),
    "also when it arrives later": (
        [edit("b", "wang", 9_000, remove={"birds": ["鹊"]}), edit("a", "li", 2_000, add={"birds": ["鹊"]})],
        ["鹊"],
    ),
    "who adds and removes is believed": (
        [edit("a", "li", 2_000, add={"birds": ["鸽"]}), edit("a", "li", 2_001, remove={"birds": ["鸽"]})],
        ["鹊"],
    ),
    "nothing to remove": ([edit("a", "wang", 2_000, remove={"birds": ["鹰"]})], ["鹊"]),
}


@pytest.mark.parametrize(("edits", "birds"), SETS.values(), ids=SETS)
def test_adding_wins(edits: list[Any], birds: list[str]) -> None:
    tree = planted(birds=["鹊"])
    merged(tree, *edits)
    assert tree.fields["birds"] == birds


def test_an_element_kept_against_a_removal_is_told() -> None:
    tree = planted(birds=["鹊"])
    decisions = merged(
        tree, edit("a", "li", 2_000, add={"birds": ["鹊"]}), edit("b", "wang", 3_000, remove={"birds": ["鹊"]})
    )
    assert [told(decision) for decision in decisions] == [("birds", "added_meanwhile", "set_aside", "鹊")]


def test_a_photo_described_anew_is_replaced_by_whoever_saw_it() -> None:
    tree = planted(photos=[NEAR])
    merged(tree, edit("a", "wang", 2_000, add={"photos": [FAR]}))
    assert tree.fields["photos"] == [FAR]
    assert tree.marks.dots == {"photos": {NEAR["sha256"]: (Dot(2, "a", None, "wang"),)}}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_descriptions_of_one_photo_come_to_one(order: tuple[int, int]) -> None:
    """And when its author takes one back, the other is what is left."""
    tree = planted()
    edits = (edit("a", "wang", 2_000, add={"photos": [FAR]}), edit("b", "li", 3_000, add={"photos": [NEAR]}))
    merged(tree, *(edits[place] for place in order))
    assert tree.fields["photos"] == [FAR]
    merged(tree, edit("a", "wang", 4_000, remove={"photos": [FAR["sha256"]]}))
    assert tree.fields["photos"] == [NEAR]


def test_remarks_stand_in_the_order_of_their_stamps() -> None:
    tree = planted()
    merged(tree, edit("a", "wang", 3_000, add={"remarks": ["后"]}), edit("b", "li", 2_000, add={"remarks": ["先"]}))
    assert tree.fields["remarks"] == [
        {"at": [2_000, 0], "by": "li", "text": "先"},
        {"at": [3_000, 0], "by": "wang", "text": "后"},
    ]


def test_everybody_has_one_share_a_tablet() -> None:
    tree = planted()
    merged(
        tree,
        edit("a", "wang", 2_000, share={"water_t": 1}),
        edit("b", "li", 2_000, share={"water_t": 2}),
        edit("a", "wang", 3_000, share={"water_t": 1.5}),
    )
    assert tree.fields["water_t"] == {"a:wang": 1.5, "b:li": 2}


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (1, 0, 2)])
def test_a_value_made_outdated_counts_again_when_its_rival_is_taken_back(order: tuple[int, int, int]) -> None:
    """On one tablet a walker's later word gives way to the community's; another walker's suggestion stands."""
    tree = planted()
    edits = (
        edit("a", "wang", 2_000, set={"species": "柳"}),
        edit("b", "li", 3_000 + DAY_MS, set={"species": "榆"}),
        edit("b", "zhao", 4_000 + DAY_MS, set={"species": "槐"}),
    )
    merged(tree, *(edits[place] for place in order))
    kept = tree.marks.values["species"]
    assert sorted(candidate.value for candidate in kept) == ["柳", "槐"]
