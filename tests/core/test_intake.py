"""What becomes of each mutation of a push: one by one, in groups, and when something is missing."""

import pytest

from schemas.checks.street import STREET_1
from server.core.intake import Intake
from server.values import Dot
from tests.core.desk import CASE, LI, MORNING, QIAN, SHOP, WANG, Desk, codes
from tests.schemas.checks_made import clean

NEW = {"name": "老王修车", "category": "repair"}
OTHER = SHOP[:-1] + ("0" if SHOP[-1] != "0" else "1")
BAD = {"category": "马戏团"}


def outcomes(intake: Intake) -> dict[int, str]:
    """Return what became of each mutation, by number."""
    told = {row.arrived.n: row.outcome for row in intake.taken if row.arrived}
    told |= codes(intake.refused) | {w.arrived.n: "held" for w in intake.waiting}
    return told | {one.n: "retry" for one in intake.unready}


def test_what_follows_a_refused_creation_is_refused_too() -> None:
    desk = Desk()
    intake = desk.push(
        LI,
        desk.mutation(LI, "create", "shop", SHOP, set=NEW | BAD),
        desk.mutation(LI, "patch", "shop", SHOP, set={"door_no": "3"}),
        desk.mutation(LI, "patch", "shop", OTHER, set={"door_no": "3"}),
    )
    assert outcomes(intake) == {1: "invalid_fields", 2: "depends_on_refused", 3: "held"}


def test_what_follows_an_id_used_before_is_no_longer_refused() -> None:
    """The record is there, although not the one Li meant."""
    desk = Desk()
    desk.do(WANG, "create", "shop", SHOP, set=NEW)
    intake = desk.push(
        LI,
        desk.mutation(LI, "create", "shop", SHOP, set=NEW | {"name": "别的店"}),
        desk.mutation(LI, "patch", "shop", SHOP, set={"door_no": "3"}),
    )
    assert outcomes(intake) == {1: "record_exists", 2: "merged"}


def test_a_creation_offered_again_changes_nothing() -> None:
    desk = Desk()
    made = desk.mutation(LI, "create", "shop", SHOP, set=NEW)
    desk.push(LI, made)
    again = made.replace(b'"n":1', b'"n":7')
    assert outcomes(desk.push(LI, again)) == {7: "noop"}
    assert desk.version(SHOP) == 1


# -- groups -------------------------------------------------------------------------------------------


def test_a_group_that_fails_leaves_a_record_as_it_was_before_it() -> None:
    """Also the record that an earlier mutation of the same push has touched."""
    desk = Desk()
    desk.do(LI, "create", "shop", SHOP, set=NEW)
    intake = desk.push(
        LI,
        desk.mutation(LI, "patch", "shop", SHOP, set={"door_no": "3"}),
        desk.mutation(LI, "patch", "shop", SHOP, set={"name": "王记"}, add={"remark": ["已劝导"]}, group=[3, 2]),
        desk.mutation(LI, "patch", "shop", SHOP, set=BAD, group=[3, 2]),
    )
    assert outcomes(intake) == {2: "applied", 3: "group_refused", 4: "invalid_fields"}
    assert desk.fields(SHOP) == NEW | {"door_no": "3"}


def test_a_group_that_fails_after_a_new_record_leaves_it_too() -> None:
    desk = Desk()
    intake = desk.push(
        LI,
        desk.mutation(LI, "create", "shop", SHOP, set=NEW),
        desk.mutation(LI, "patch", "shop", SHOP, set={"door_no": "3"}, group=[2, 2]),
        desk.mutation(LI, "create", "shop", OTHER, set=BAD, group=[2, 2]),
        desk.mutation(LI, "patch", "shop", SHOP, set={"address": "解放大街"}),
    )
    assert outcomes(intake) == {1: "applied", 2: "group_refused", 3: "invalid_fields", 4: "applied"}
    record = desk.shelf.records[SHOP]
    assert (record.fields, record.born, record.version) == (NEW | {"address": "解放大街"}, 1, 2)
    assert desk.shelf.get(OTHER) is None


def test_what_a_failed_group_made_was_never_there() -> None:
    desk = Desk()
    check = clean(STREET_1, {"E1": {"piles": 2, "m2": 3}}, inspector_id=LI.id)
    intake = desk.push(
        LI,
        desk.mutation(LI, "create", "street_check", SHOP, set=check, group=[1, 2]),
        desk.mutation(LI, "create", "shop", OTHER, set=BAD, group=[1, 2]),
        desk.mutation(LI, "patch", "street_check", SHOP, set={"weather": "rain"}),
    )
    assert outcomes(intake) == {1: "group_refused", 2: "invalid_fields", 3: "depends_on_refused"}
    assert intake.brought == []
    made = desk.push(LI, desk.mutation(LI, "create", "street_check", SHOP, set=check))
    assert [row.record.type for row in made.brought] == ["case"]


def test_a_group_waits_as_one() -> None:
    desk = Desk()
    intake = desk.push(
        LI,
        desk.mutation(LI, "create", "shop", SHOP, set=NEW, group=[1, 2]),
        desk.mutation(LI, "patch", "shop", OTHER, set={"door_no": "3"}, group=[1, 2]),
    )
    assert outcomes(intake) == {1: "held", 2: "held"}
    assert desk.shelf.get(SHOP) is None


GROUPS = {
    "whole": ([[1, 2], [1, 2]], ["applied", "applied"]),
    "of one": ([[1, 1], None], ["applied", "applied"]),
    "the first half": ([None, [2, 2]], ["applied", "retry"]),
    "larger than what will come": ([[1, 2], None], ["group_refused", "applied"]),
    "overlapping": ([[1, 2], [2, 2], [2, 2]], ["group_refused", "applied", "applied"]),
    "torn by another": ([[1, 3], None, [1, 3]], ["group_refused", "applied", "group_refused"]),
    "beyond what a group may hold": ([[1, 51], [1, 51]], ["group_too_large", "group_too_large"]),
}


@pytest.mark.parametrize(("groups", "expected"), GROUPS.values(), ids=GROUPS)
def test_a_group_comes_whole_or_can_never_be_taken(groups: list[list[int] | None], expected: list[str]) -> None:
    desk = Desk()
    ids = [SHOP, OTHER, CASE]
    raws = [desk.mutation(LI, "create", "shop", ids[place], set=NEW, group=group) for place, group in enumerate(groups)]
    assert [outcome for _, outcome in sorted(outcomes(desk.push(LI, *raws)).items())] == expected


@pytest.mark.parametrize("torn", [0, 1, 2])
def test_a_member_that_cannot_be_read_is_still_a_member(torn: int) -> None:
    """Were it not, the others would wait for it for ever."""
    desk = Desk()
    raws = [desk.mutation(LI, "create", "shop", id_, set=NEW, group=[1, 3]) for id_ in (SHOP, OTHER, CASE)]
    raws[torn] = raws[torn].replace(b'"op":"create"', b'"op":"destroy"')
    told = outcomes(desk.push(LI, *raws))
    assert told == {n: "malformed_mutation" if n == torn + 1 else "group_refused" for n in (1, 2, 3)}


# -- what a tablet already shows ----------------------------------------------------------------------


def test_a_tablet_that_was_overruled_gets_the_record_back_although_it_edits_on() -> None:
    """
    Wang's second edit has seen the newest version, but his first, in the same push, has not.

    What the first came to is not what his tablet shows, so the record must travel back to him.
    """
    desk = Desk()
    desk.do(LI, "create", "shop", SHOP, set=NEW)
    old = desk.version(SHOP)
    desk.do(LI, "patch", "shop", SHOP, base=old, set={"name": "王记修车行"})
    seen = desk.version(SHOP)
    first = desk.mutation(WANG, "patch", "shop", SHOP, base=old, set={"name": "老王汽修"})
    second = desk.mutation(WANG, "patch", "shop", SHOP, base=seen, set={"door_no": "3"})
    assert outcomes(desk.push(WANG, first, second)) == {1: "conflict", 2: "merged"}
    assert not desk.shelf.records[SHOP].clean


CLEAN = {
    "own record, edited on": (0, "li", True),
    "another's, seen": (1, "wang", True),
    "another's, not seen": (0, "wang", False),
}


@pytest.mark.parametrize(("base", "tablet", "clean"), CLEAN.values(), ids=CLEAN)
def test_whether_a_record_need_not_travel_back(base: int, tablet: str, clean: bool) -> None:
    desk = Desk()
    desk.do(LI, "create", "shop", SHOP, set=NEW)
    desk.do(LI, "patch", "shop", SHOP, tablet=tablet, base=base, set={"door_no": "3"})
    assert desk.shelf.records[SHOP].clean is clean


# -- acts ---------------------------------------------------------------------------------------------


def a_case(desk: Desk) -> None:
    found = {"source": "check", "problem_class": "piling", "severity": "minor", "found_at": "2020-07-18T08:00:00+08:00"}
    assert desk.do(LI, "create", "case", CASE, set=found) == "applied"


def test_the_second_of_two_acts_is_kept_and_shown() -> None:
    desk = Desk()
    a_case(desk)
    assert desk.do(QIAN, "act", "case", CASE, base=desk.version(CASE), act={"name": "accept"}) == "applied"
    refusal = {"name": "refuse", "reason": "不属于本街道"}
    assert desk.do(QIAN, "act", "case", CASE, tablet="office", act=refusal) == "merged"
    fields = desk.fields(CASE)
    assert fields["status"] == "accepted"
    [late] = fields["late_acts"]
    assert (late["act"], late["state"], late["reason"], late["by"]) == ("refuse", "accepted", "不属于本街道", QIAN.id)
    assert late["at"][0] > MORNING


@pytest.mark.parametrize("forged", ["x", {"act": "burn", "from": "reported"}, None])
def test_nobody_forges_the_last_act(forged: object) -> None:
    """Under the name where the office remembers it: no later act on the case may stumble over that."""
    desk = Desk()
    a_case(desk)
    assert desk.do(LI, "patch", "case", CASE, set={"status+act": forged}) == "wrong_verb"
    made = {"source": "check", "problem_class": "piling", "severity": "minor", "found_at": "2020-07-18T08:00:00+08:00"}
    assert desk.do(LI, "create", "case", OTHER, set=made | {"status+act": forged}) == "wrong_verb"
    seen = desk.version(CASE)
    assert desk.do(WANG, "patch", "case", CASE, base=seen, set={"place_text": "墙根"}) == "applied"
    assert desk.do(QIAN, "act", "case", CASE, base=desk.version(CASE), act={"name": "accept"}) == "applied"
    assert desk.do(QIAN, "act", "case", CASE, tablet="office", act={"name": "refuse", "reason": "重复"}) == "merged"


def test_nobody_writes_late_acts_himself() -> None:
    desk = Desk()
    a_case(desk)
    assert desk.do(LI, "patch", "case", CASE, set={"late_acts": "无"}) == "field_is_derived"
    assert desk.do(LI, "patch", "case", CASE, set={"status": "refused"}) == "wrong_verb"


ACTS = {
    "an unknown act": ({"name": "forget"}, "act_unknown"),
    "a refusal without reason": ({"name": "refuse"}, "act_incomplete"),
    "a refusal with blanks": ({"name": "refuse", "reason": " "}, "act_incomplete"),
    "a refusal with a reason": ({"name": "refuse", "reason": "重复"}, "applied"),
}


@pytest.mark.parametrize(("act", "outcome"), ACTS.values(), ids=ACTS)
def test_what_no_state_would_make_legal_is_refused(act: dict[str, str], outcome: str) -> None:
    desk = Desk()
    a_case(desk)
    assert desk.do(QIAN, "act", "case", CASE, base=desk.version(CASE), act=act) == outcome


def test_a_void_record_still_takes_what_others_wrote_meanwhile() -> None:
    desk = Desk()
    desk.do(LI, "create", "shop", SHOP, set=NEW)
    # Li hears that his shop was voided.
    assert desk.do(QIAN, "void", "shop", SHOP, base=desk.version(SHOP)) == "merged"
    assert desk.do(LI, "patch", "shop", SHOP, set={"door_no": "3"}) == "merged"
    record = desk.shelf.records[SHOP]
    assert (record.void, record.fields["door_no"]) == (True, "3")


def test_a_photo_added_again_and_again_costs_one_dot() -> None:
    desk = Desk()
    desk.do(LI, "create", "shop", SHOP, set=NEW)
    for _ in range(5):
        desk.do(LI, "patch", "shop", SHOP, add={"photos": [{"sha256": "3f" * 32, "role": "near"}]})
    assert desk.shelf.records[SHOP].marks.dots == {"photos": {"3f" * 32: (Dot(6, "li", None, LI.id),)}}


# -- size ---------------------------------------------------------------------------------------------


def test_a_record_does_not_grow_past_its_limit_by_many_small_edits() -> None:
    """Every tablet of the street would have to fetch and hold it. What still fits is taken."""
    desk = Desk()
    desk.do(LI, "create", "shop", SHOP, set=NEW)
    told = [desk.do(LI, "patch", "shop", SHOP, set={f"new {n}": "x" * 20_000}) for n in range(5)]
    assert told == ["applied"] * 3 + ["record_too_large"] * 2
    assert desk.do(LI, "patch", "shop", SHOP, add={"remark": ["好" * 200] * 3}) == "applied"
    assert desk.do(LI, "patch", "shop", SHOP, set={"new 0": "x"}) == "applied"
    assert desk.do(LI, "patch", "shop", SHOP, set={"new 4": "x" * 20_000}) == "applied"


def test_nor_within_one_push() -> None:
    desk = Desk()
    raws = [desk.mutation(LI, "create", "shop", SHOP, set=NEW)]
    raws += [desk.mutation(LI, "patch", "shop", SHOP, add={"remark": [f"{n}" + "好" * 190] * 30}) for n in range(5)]
    told = outcomes(desk.push(LI, *raws))
    assert list(told.values()) == ["applied"] * 6  # the same words twice are one remark
    raws = [
        desk.mutation(LI, "patch", "shop", SHOP, add={"remark": [f"{n} {k}" + "好" * 190 for k in range(30)]})
        for n in range(5)
    ]
    told = outcomes(desk.push(LI, *raws))
    assert list(told.values()) == ["applied"] * 3 + ["record_too_large"] * 2
    assert len(desk.fields(SHOP)["remark"]) == 5 + 3 * 30
