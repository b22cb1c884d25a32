"""Who may write a campaign's records: by role and area, and what is not reworded by whoever has to answer."""

from typing import Any

import pytest

from schemas.ids import derived_id
from schemas.mutations import Mutation
from schemas.problems import Refusal
from schemas.roles import Role
from server.core import admission
from server.values import Grant, Person
from tests.schemas.campaign_samples import SET

DISTRICT, STREET, GRID = "210902", "210902005", "210902005003007"
_SIGNS = {
    "GW": Role.GRID_WORKER, "GL": Role.GRID_LEADER, "CM": Role.COMMUNITY, "ST": Role.STREET,
    "DO": Role.DISTRICT_OFFICE, "DP": Role.DEPARTMENT, "IN": Role.INSPECTOR, "LG": Role.LEADING_GROUP,
}  # fmt: skip

#: Who makes, who changes, who voids each type.
TABLE = {
    "campaign": ("DO", "DO", "DO"),
    "milestone": ("ST DO", "ST DO", "ST DO"),
    "campaign_task": ("CM ST DO DP", "GW GL CM ST DO DP IN", "ST DO"),
    "pledge": ("GW GL CM ST DO DP", "GW GL CM ST DO DP IN", "ST DO"),
    "standard_item": ("DO", "CM ST DO DP", "DO"),
    "commendation": ("DO IN", "DO IN", "DO"),
    "accountability": ("DO IN", "DO IN", "DO"),
    "key_place": ("GW GL CM ST DO DP", "GW GL CM ST DO DP", "ST DO"),
    "compound": ("GW GL CM ST DO DP", "GW GL CM ST DO DP", "ST DO"),
    "recycling_station": ("GW GL CM ST DO DP", "GW GL CM ST DO DP", "ST DO"),
    "illegal_structure": ("GW GL CM ST DO DP", "GW GL CM ST DO DP", "ST DO"),
    "turnout": ("GW GL CM ST DO DP IN", "GW GL CM ST DO DP IN", "GL CM ST DO"),
    "order": ("ST DO IN", "GL CM ST DO DP IN", "ST DO IN"),
    "sweep": ("ST DO IN", "GL CM ST DO DP IN", "ST DO IN"),
    "instruction": ("LG", "GL CM ST DO DP IN LG", "LG"),
    "joint_action": ("ST DO DP IN", "GL CM ST DO DP IN", "ST DO"),
    "unit_report": ("GW GL CM ST DO DP IN", "GW GL CM ST DO DP IN", "ST DO"),
    "project": ("ST DO DP", "ST DO DP", "DO"),
}


def mutation(type_name: str, op: Any, **parts: Any) -> Mutation:
    """Return a mutation of some record."""
    return Mutation(n=1, op=op, type=type_name, id=derived_id("x"), grid=GRID, at=(1, 0), by=derived_id("y"), **parts)


def person(role: Role, area: str = DISTRICT) -> Person:
    """Return somebody who holds one role."""
    return Person(derived_id("y"), "某人", (Grant(role, area, 0, None),))


def may(role: Role, type_name: str, op: str) -> bool:
    """Say whether somebody of *role* may do *op* anywhere in the district."""
    try:
        admission.acting_role(person(role), mutation(type_name, op), GRID, 5)
    except Refusal:
        return False
    return True


@pytest.mark.parametrize("type_name", TABLE)
def test_who_makes_changes_and_voids(type_name: str) -> None:
    for op, signs in zip(("create", "patch", "void"), TABLE[type_name], strict=True):
        assert {role for role in Role if may(role, type_name, op)} == {_SIGNS[sign] for sign in signs.split()}, op


def test_the_table_leaves_no_type_out() -> None:
    assert TABLE.keys() == SET.keys() - {"cleaning_day"}


def test_a_street_plans_its_own_street_only() -> None:
    with pytest.raises(Refusal) as refused:
        admission.acting_role(person(Role.STREET, "210902006"), mutation("campaign_task", "create"), GRID, 5)
    assert refused.value.code == "outside_area"


@pytest.mark.parametrize(
    ("type_name", "parts", "allowed"),
    [
        ("instruction", {"set": {"directive": "不必了"}}, "LG"),
        ("instruction", {"set": {"reply_due": "2021-01-01"}}, "LG"),
        ("order", {"set": {"reply_due": "2021-01-01"}}, "ST DO IN"), ("order", {"add": {"case_ids": []}}, "ST DO IN"),
        ("sweep", {"remove": {"units": [STREET]}}, "ST DO IN"), ("pledge", {"set": {"kept": None}}, "ST DO IN"),
    ],
)  # fmt: skip
def test_whoever_has_to_answer_does_not_reword_the_question(
    type_name: str, parts: dict[str, Any], allowed: str
) -> None:
    """The leading group's own words are only theirs; a unit neither moves its deadline nor judges its pledge."""
    for role in Role:
        if may(role, type_name, "patch"):
            try:
                admission.check_reserved(mutation(type_name, "patch", **parts), role)
                found = True
            except Refusal:
                found = False
            assert found == (role in {_SIGNS[sign] for sign in allowed.split()}), role


def test_answering_is_free() -> None:
    """A reply, a photo, a remark write nothing that is kept for others."""
    for name in ("order", "instruction"):
        said = mutation(name, "patch", add={"replies": ["已办结"], "remark": ["附照片"]})
        assert admission.check_reserved(said, Role.DEPARTMENT) == frozenset()


def test_text_that_is_an_orders_is_no_names_elsewhere() -> None:
    """What is kept within one type is free in another: a pledge has a text, too."""
    assert admission.check_reserved(mutation("pledge", "patch", set={"text": "改一字"}), Role.DEPARTMENT) == frozenset()
