"""A choice becomes one ordinary mutation."""

from typing import Any

import pytest

from schemas.clock import Stamp
from schemas.ids import derived_id
from schemas.mutations import CHOICES, Act
from schemas.problems import Refusal
from schemas.records import TYPES
from schemas.rules import Candidate
from server.core.decisions import DECIDED, DUPLICATE, KINDS, NOTICE, PERSON, SUGGESTION
from server.core.desk.settling import (
    POSSIBLE,
    Asked,
    Dispute,
    Writing,
    dispute_of,
    past_candidates,
    says_the_same,
    shown_of,
    signed,
    stays,
    why_not_again,
    written,
)
from server.core.desk.settling import pair_in as both_in
from tests.core.desk import LI, MORNING, QIAN, WANG
from tests.core.disputes import ELSEWHERE, NOW, OLDER, YOUNGER, Row, dispute, pair, record, told, two

WORDS = {0: "另有甲", 1: "另有乙", 2: "另有丙"}
HERE = {OLDER: record()}
FOR_NAMES: tuple[tuple[str, dict[str, Any], Writing], ...] = (
    ("choose", {"candidate": 1}, Writing(OLDER, {"name": "王记"})),
    ("choose", {"value": ("老王汽修",)}, Writing(OLDER, {"name": "老王汽修"})),
    ("hand", {"value": ("王师傅",)}, Writing(OLDER, {"name": "王师傅"})),
    ("hand", {"value": (None,)}, Writing(OLDER, {"name": None})),
    ("both", {}, Writing(OLDER, {"name": "老王修车"}, {"remark": ["另有乙", "另有丙"]})),
    ("keep", {}, Writing(OLDER, {"name": "老王修车"})),
    ("accept", {"candidate": 2}, Writing(OLDER, {"name": "老王汽修"})),
)


@pytest.mark.parametrize("kind", [PERSON, SUGGESTION, DECIDED])
@pytest.mark.parametrize(("choice", "asked", "writing"), FOR_NAMES)
def test_a_choice_over_values_writes_the_field(kind: str, choice: Any, asked: Any, writing: Writing) -> None:
    """Where the kind of dispute leaves that choice; else it is refused, and what is possible is named."""
    wanted = Asked(choice, **asked)
    if choice in POSSIBLE[kind]:
        assert written(dispute(kind), wanted, HERE, WORDS) == writing
    else:
        assert errors(dispute(kind), wanted) == ["choice"]


def errors(over: Dispute, asked: Asked, records: Any = None) -> list[str]:
    """Return what is wrong with what is asked."""
    with pytest.raises(Refusal) as refused:
        written(over, asked, records or HERE, WORDS)
    assert refused.value.code == "invalid_request"
    return list(refused.value.errors or {})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("choice", CHOICES)
def test_a_kind_leaves_its_own_choices_only(kind: str, choice: Any) -> None:
    over = pair() if kind == DUPLICATE else dispute(kind)
    records = two() if kind == DUPLICATE else HERE
    asked = Asked(choice, candidate=1, value=None if choice != "hand" else ("x",))
    if choice in (*POSSIBLE[kind], "reopen"):
        written(over, asked, records, WORDS)
    else:
        assert errors(over, asked, records) == ["choice"]


PAIRS = {
    "merge": (two(), Asked("merge"), Writing(YOUNGER, {"merged_into": OLDER})),
    "merge into the younger": (two(), Asked("merge", into=YOUNGER), Writing(OLDER, {"merged_into": YOUNGER})),
    "distinct": (two(), Asked("distinct"), Writing(YOUNGER, add={"distinct_from": [OLDER]})),
    "distinct after all": (
        two(older={"merged_into": YOUNGER}), Asked("distinct"),
        Writing(OLDER, {"merged_into": None}, {"distinct_from": [YOUNGER]}),
    ),
    "merged once more": (two(older={"merged_into": YOUNGER}), Asked("merge"), Writing(OLDER, {"merged_into": YOUNGER})),
    "cases": (two("case"), Asked("merge", reason="同一堆"),
              Writing(YOUNGER, act=Act("merge", reason="同一堆", into=OLDER))),
    "cases, the younger found first": (
        two("case", younger={"found_at": "2020-07-18T07:00:00+08:00"}), Asked("merge"),
        Writing(OLDER, act=Act("merge", into=YOUNGER)),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("records", "asked", "writing"), PAIRS.values(), ids=PAIRS)
def test_a_pair_is_joined_or_told_apart(records: Any, asked: Asked, writing: Writing) -> None:
    assert written(pair(type_=records[OLDER].type), asked, records, {}) == writing
    assert writing.op == ("act" if records[OLDER].type == "case" else "patch")


def test_a_circle_is_not_made() -> None:
    """What has gone into the other one does not take it in as well."""
    records = two(older={"merged_into": YOUNGER})
    assert errors(pair(), Asked("merge", into=OLDER), records) == ["into"]
    assert errors(pair(), Asked("merge", into=derived_id("c")), records) == ["into"]
    assert errors(pair(type_="case"), Asked("distinct"), two("case", younger={"merged_into": OLDER})) == ["choice"]


def test_who_stays() -> None:
    assert stays(both(two())).id == OLDER
    assert stays(both(two(older={"merged_into": YOUNGER}))).id == YOUNGER
    assert stays(both(two("case", younger={"found_at": "2020-07-18T07:00:00+08:00"}))).id == YOUNGER


def both(records: Any) -> Any:
    found = both_in(pair(type_=records[OLDER].type), records)
    assert found is not None
    return found


# -- what the clerk was looking at --------------------------------------------------------------------


def test_later_values_stand_behind_earlier_ones() -> None:
    """Whatever is shown, and in whatever order they are told."""
    over = dispute(PERSON, "name", told("丙", version=7), told("甲", version=3), told("乙", version=5),
                   here=record(name="甲"))  # fmt: skip
    assert [one.value for one in over.candidates] == ["甲", "乙", "丙"]
    assert over.newest == 7


def test_what_is_shown_is_always_among_them() -> None:
    """Also after somebody wrote a third value by hand; where it came from the marks say."""
    here = record(name="王师傅")
    here.marks.values["name"] = (Candidate("王师傅", Stamp(MORNING, 2, "zhao"), "zhao", 3, 8),)
    over = dispute(DECIDED, here=here)
    assert over.candidates[-1] == shown_of(here, "name") == ("王师傅", "zhao", (MORNING, 2), 3, 8)


@pytest.mark.parametrize(("seen", "changed"), [(5, True), (6, False), (None, False)])
def test_a_place_in_a_list_that_grew_is_not_trusted(seen: int | None, changed: bool) -> None:
    """The newest value came at version 6; who names the value itself, names it in any list."""
    over = dispute(PERSON)
    asked = Asked("choose", candidate=1, version=seen)
    if not changed:
        assert written(over, asked, HERE, WORDS).set == {"name": "王记"}
        return
    with pytest.raises(Refusal, match="conflict_changed"):
        written(over, asked, HERE, WORDS)
    assert written(over, Asked("choose", candidate=1, value=("王记",), version=seen), HERE, WORDS).set == {
        "name": "王记"
    }
    with pytest.raises(Refusal, match="conflict_changed"):
        written(over, Asked("choose", candidate=1, value=("老王汽修",), version=seen), HERE, WORDS)


def test_the_only_suggestion_need_not_be_named() -> None:
    one = dispute(SUGGESTION, "name", told("老王修车", QIAN, 1, 4), told("王记"))
    assert written(one, Asked("accept"), HERE, {}).set == {"name": "王记"}
    assert errors(dispute(SUGGESTION), Asked("accept")) == ["candidate"]


def test_the_mutation_is_based_on_what_was_seen() -> None:
    """Never on more than there is; of a pair over two feeds, a version of the one says nothing of the other."""
    over = dispute(PERSON)
    for version, base in ((None, 9), (4, 4), (12, 9)):
        asked = Asked("hand", value=("x",), version=version)
        made = signed(written(over, asked, HERE, {}), over, asked, HERE, LI.id, 1, Stamp(NOW, 0, "d"))
        assert (made.base, made.set, made.at) == (base, {"name": "x"}, (NOW, 0))
        assert made.settles is not None
        assert (made.settles.conflict, made.settles.choice) == (over.id, "hand")
    far = {YOUNGER: record(YOUNGER, version=3), OLDER: record(OLDER, place=ELSEWHERE, version=80)}
    asked = Asked("merge", into=YOUNGER, version=2)
    made = signed(written(pair(), asked, far, {}), pair(), asked, far, LI.id, 1, Stamp(NOW, 0, "d"))
    assert (made.id, made.base) == (OLDER, 80)


def test_the_same_word_twice_is_known() -> None:
    over = dispute(PERSON)

    def say(choice: Any, value: Any, n: int, by: str = LI.id) -> Any:
        asked = Asked(choice, value=(value,), version=n)
        return signed(written(over, asked, HERE, {}), over, asked, HERE, by, n, Stamp(NOW + n, 0, "d"))

    assert says_the_same(say("hand", "x", 1), say("hand", "x", 2))
    assert not says_the_same(say("hand", "x", 1), say("hand", "y", 1))
    assert not says_the_same(say("hand", "王记", 1), say("choose", "王记", 1))
    assert not says_the_same(say("hand", "x", 1), say("hand", "x", 1, WANG.id))


# -- again --------------------------------------------------------------------------------------------

AGAIN = {
    "a person's choice": (dispute(PERSON, open_=False), HERE, True),
    "a suggestion": (dispute(SUGGESTION, open_=False), HERE, True),
    "a notice": (dispute(NOTICE, "photos", open_=False), HERE, True),
    "a rule's choice": (dispute(DECIDED, open_=False), HERE, True),
    "a note about another field": (dispute(DECIDED, "photos", open_=False), HERE, False),
    "a pair": (pair(open_=False), two(younger={"merged_into": OLDER}), True),
    "two cases": (pair(type_="case", open_=False), two("case"), True),
    "joined cases": (pair(type_="case", open_=False), two("case", younger={"merged_into": OLDER}), False),
}


@pytest.mark.parametrize(("over", "records", "possible"), AGAIN.values(), ids=AGAIN)
def test_what_can_be_opened_again(over: Dispute, records: Any, possible: bool) -> None:
    assert (why_not_again(over, records) is None) is possible


def test_what_is_void_is_not_opened_again() -> None:
    gone = record()
    gone.void = True
    assert why_not_again(dispute(PERSON, open_=False), {OLDER: gone}) is not None
    assert why_not_again(pair(open_=False), two() | {OLDER: gone}) is not None


@pytest.mark.parametrize("name", ["severity", "found_at", "status", "item_codes", "late_acts"])
def test_what_no_choice_could_change_is_not_opened_again(name: str) -> None:
    """A severity only climbs, a moment is written once, a state moves by its workflow."""
    rule = TYPES["case"].rules.of(name).name
    detail = {"field": name, "rule": rule, "kept": told("a"), "others": [told("b")]}
    over = dispute_of(Row(DECIDED, "case", open_=False), detail, record(type_="case"))
    assert over.own
    assert why_not_again(over, {OLDER: record(type_="case")}) is not None


def test_a_check_is_its_author_s() -> None:
    """Nobody opens again how two corrections of one check were settled: nobody else may write there."""
    detail = {"field": "weather", "rule": "latest", "kept": told("rain"), "others": [told("clear")]}
    check = record(type_="shop_check", weather="rain")
    over = dispute_of(Row(DECIDED, "shop_check", open_=False), detail, check)
    assert why_not_again(over, {OLDER: check}) is not None


def test_the_past_is_gathered_from_all_that_was_told() -> None:
    """Of one field and its own rule only."""
    said: list[dict[str, Any]] = [
        {"field": "name", "rule": "authority", "kept": told("甲", version=3), "others": [told("乙", version=2)]},
        {"field": "name", "rule": "authority", "kept": told("丙", version=4), "others": [told("甲", version=3)]},
        {"field": "name", "rule": "locked_becomes_note", "kept": told("丁"), "others": []},
        {"field": "door_no", "rule": "authority", "kept": told("戊"), "others": []},
    ]
    past = past_candidates(said, "shop", "name")
    assert [one.value for one in past] == ["乙", "甲", "甲", "丙"]
    over = dispute_of(
        Row(DECIDED),
        {"field": "name", "rule": "authority", "kept": told("丙", version=4), "others": []},
        record(),
        past,
    )
    assert [one.value for one in over.candidates] == ["丙", "乙", "甲", "甲", "老王修车"]
