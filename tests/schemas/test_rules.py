"""
What every conflict rule promises: one result, in whatever order and however often edits arrive.

The server never sees all candidates at once. It settles those it has, remembers what the rule says
must be kept, and settles again with the next that arrives. So beside permutations, what is compared
here is settling piece by piece with settling everything together.
"""

from collections.abc import Sequence
from functools import cache
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.clock import Stamp
from schemas.roles import Role
from schemas.rules import (
    DAY_MS,
    FIRST,
    HIGHEST,
    LATEST,
    LOWEST,
    PERSON,
    Authority,
    Candidate,
    Person,
    Settled,
    Together,
    ValueRule,
    authority,
    certainty,
    escalate,
)

NOON = 1_594_796_400_000
NUMBERS = st.sampled_from([None, 0, 1, 1.0, 2.5, 3])
WORDS = st.sampled_from([None, "minor", "major", "grave"])
RULES: dict[str, tuple[ValueRule, st.SearchStrategy[Any]]] = {
    "latest": (LATEST, NUMBERS),
    "first": (FIRST, NUMBERS),
    "highest": (HIGHEST, NUMBERS),
    "lowest": (LOWEST, NUMBERS),
    "escalate": (escalate("minor", "major", "grave"), WORDS),
    "person": (PERSON, NUMBERS),
    "authority then latest": (authority(), NUMBERS),
    "authority then person": (authority(then=PERSON), NUMBERS),
    "authority then first": (authority(then=FIRST), NUMBERS),
    "authority then highest": (authority(then=HIGHEST), NUMBERS),
    "together then latest": (Together(("lat", "lng"), LATEST), st.sampled_from([{"lat": 42}, {"lat": 43}])),
    "together then person": (Together(("lat", "lng"), PERSON), st.sampled_from([{"lat": 42}, {"lat": 43}])),
}
EVERY_RULE = pytest.mark.parametrize(("rule", "values"), RULES.values(), ids=RULES)


@cache
def candidates(values: st.SearchStrategy[Any], least: int = 1) -> st.SearchStrategy[list[Candidate]]:
    """Up to six values, no two with one stamp, some within a day of each other and some not."""
    stamp = st.builds(
        Stamp,
        st.integers(0, 8).map(lambda step: NOON + step * (DAY_MS // 2)),
        st.integers(0, 1),
        st.sampled_from(["li", "wang"]),
    )
    one = st.builds(Candidate, values, stamp, st.sampled_from(["li", "wang", "zhao"]), st.integers(0, 2))
    return st.lists(one, min_size=least, max_size=6, unique_by=lambda candidate: candidate.stamp)


def shown(settled: Settled) -> tuple[Any, Stamp, bool]:
    """Return what people see of a decision."""
    return settled.winner.value, settled.winner.stamp, settled.open


def one_by_one(rule: ValueRule, row: Sequence[Candidate]) -> Settled:
    """Settle as the server does: each arrival against what had to be kept of those before."""
    settled = rule.settle(row[:1])
    for arrival in row[1:]:
        settled = rule.settle([*settled.kept, arrival])
    return settled


@EVERY_RULE
@given(data=st.data())
def test_the_order_of_arrival_makes_no_difference(
    rule: ValueRule, values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    assert rule.order_free
    row = data.draw(candidates(values))
    other = data.draw(st.permutations(row))
    assert rule.settle(row) == rule.settle(other)
    assert shown(one_by_one(rule, row)) == shown(one_by_one(rule, other)) == shown(rule.settle(row))


@EVERY_RULE
@given(data=st.data())
def test_batches_make_no_difference(rule: ValueRule, values: st.SearchStrategy[Any], data: st.DataObject) -> None:
    row = data.draw(candidates(values, least=2))
    cut = data.draw(st.integers(1, len(row) - 1))
    kept = rule.settle(row[:cut]).kept
    assert shown(rule.settle([*kept, *row[cut:]])) == shown(rule.settle(row))


@EVERY_RULE
@given(data=st.data())
def test_hearing_of_something_twice_makes_no_difference(
    rule: ValueRule, values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    row = data.draw(candidates(values))
    settled = rule.settle(row)
    assert settled.winner in settled.kept
    assert shown(rule.settle(settled.kept)) == shown(settled)
    assert shown(rule.settle([*settled.kept, *settled.kept])) == shown(settled)
    assert shown(rule.settle([*settled.kept, settled.winner])) == shown(settled)


@EVERY_RULE
@given(data=st.data())
def test_nothing_is_shown_that_nobody_wrote(
    rule: ValueRule, values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    row = data.draw(candidates(values))
    settled = rule.settle(row)
    assert settled.winner in row
    assert {*map(id, settled.kept)} <= {*map(id, row)}
    assert settled.reason


def sign(name: str, hours: float, rank: Role = Role.GRID_WORKER) -> Candidate:
    """Return a shop's name as somebody read it off the sign, so many hours after noon."""
    return Candidate(name, Stamp(NOON + int(hours * 3_600_000), 0, "tablet"), name[0], rank.rank)


def test_two_names_within_a_day_are_left_to_a_person_and_the_older_is_shown() -> None:
    settled = PERSON.settle([sign("老汽修", 3), sign("王修车", 0)])
    assert (settled.winner.value, settled.open) == ("王修车", True)
    assert [candidate.value for candidate in settled.kept] == ["王修车", "老汽修"]


def test_a_name_read_a_month_later_is_simply_the_newer_one() -> None:
    settled = PERSON.settle([sign("王修车", 0), sign("老汽修", 24 * 30)])
    assert (settled.winner.value, settled.open, settled.reason) == ("老汽修", False, "later_stamp")


def test_two_who_read_the_same_name_do_not_disagree() -> None:
    assert not PERSON.settle([sign("王修车", 0), sign("王修车", 3)]).open


def test_a_name_between_two_others_joins_them_into_one_dispute_whenever_it_arrives() -> None:
    dispute = [sign("王修车", 0), sign("老汽修", 20), sign("李轮胎", 40)]
    for row in permutations(dispute):
        settled = one_by_one(PERSON, row)
        assert (settled.winner.value, settled.open) == ("王修车", True)


def test_the_window_is_open_at_its_end() -> None:
    assert Person(3_600_000).settle([sign("王修车", 0), sign("老汽修", 0.99)]).open
    assert not Person(3_600_000).settle([sign("王修车", 0), sign("老汽修", 1)]).open


def test_the_community_outweighs_the_grid_worker_whose_value_becomes_a_suggestion() -> None:
    settled = authority(then=PERSON).settle([sign("王修车", 0, Role.COMMUNITY), sign("老汽修", 3), sign("李轮胎", 1)])
    assert (settled.winner.value, settled.open, settled.reason) == ("王修车", False, "higher_rank")
    assert [candidate.value for candidate in settled.aside] == ["李轮胎", "老汽修"]


def test_equals_in_rank_are_left_to_the_inner_rule() -> None:
    settled = authority(then=PERSON).settle(
        [sign("王修车", 0, Role.COMMUNITY), sign("老汽修", 3, Role.COMMUNITY), sign("李轮胎", 1)]
    )
    assert (settled.winner.value, settled.open) == ("王修车", True)


@pytest.mark.parametrize(
    ("rule", "new_rank", "seen_rank", "replaces"),
    [
        (LATEST, 0, 6, True), (FIRST, 6, 0, False), (HIGHEST, 6, 0, False), (PERSON, 0, 6, False),
        (PERSON, 3, 6, True),
        (authority(then=PERSON), 1, 1, False), (authority(then=PERSON), 2, 1, True),
        (authority(then=PERSON), 3, 3, True),
        (authority(), 3, 1, True), (authority(), 1, 1, True), (authority(), 1, 3, False),
        (authority(then=FIRST), 1, 1, False), (authority(then=FIRST), 3, 1, True),
        (Together(("lat", "lng"), LATEST), 0, 6, True), (Together(("lat", "lng"), FIRST), 6, 0, False),
    ],
)  # fmt: skip
def test_who_may_replace_what_he_saw(rule: ValueRule, new_rank: int, seen_rank: int, replaces: bool) -> None:
    new = Candidate(1, Stamp(NOON + 1, 0), "li", new_rank)
    seen = Candidate(2, Stamp(NOON, 0), "wang", seen_rank)
    assert rule.supersedes(new, seen) == replaces


def test_below_the_community_a_colleagues_change_stands_for_a_day() -> None:
    """His own he may change again, and what the shop was registered with anybody may correct."""
    wang = sign("王修车", 0, Role.GRID_WORKER)
    soon, late = sign("老汽修", 3, Role.GRID_WORKER), sign("老汽修", DAY_MS, Role.GRID_WORKER)
    assert not PERSON.supersedes(soon, wang)
    assert PERSON.supersedes(late, wang)
    assert PERSON.supersedes(soon._replace(by=wang.by), wang)
    assert PERSON.supersedes(soon, wang._replace(first=True))


@pytest.mark.parametrize(
    ("reason", "apart_ms", "firm", "certain"),
    [
        ("an hour apart", 3_600_000, True, "ordered"),
        ("a minute apart", 60_000, True, "clock_uncertain"),
        ("an hour apart, by a clock that was wrong", 3_600_000, False, "clock_uncertain"),
    ],
)
def test_a_decision_says_how_sure_its_order_is(reason: str, apart_ms: int, firm: bool, certain: str) -> None:
    del reason
    row = [
        Candidate("餐饮", Stamp(NOON, 0, "a"), "li", 1, firm=firm),
        Candidate("零售", Stamp(NOON + apart_ms, 0, "b"), "wang", 1),
    ]
    assert certainty(LATEST.settle(row), row) == certain


def test_one_device_is_never_unsure_of_its_own_order() -> None:
    row = [Candidate("餐饮", Stamp(NOON, 0, "a"), "li", 1), Candidate("零售", Stamp(NOON + 1, 0, "a"), "li", 1)]
    assert certainty(LATEST.settle(row), row) == "ordered"


def test_a_rule_over_another_promises_no_more_than_it() -> None:
    assert Authority(PERSON).order_free
    assert Together(("lat",), Authority(LATEST)).order_free
