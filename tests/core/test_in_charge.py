"""Whose case it is: who works for the unit that answers for it."""

import pytest

from schemas.roles import Role
from schemas.workflow import CASE
from server.core.in_charge import not_in_charge, works_for
from server.values import Grant, Person

STREET, COMMUNITY, GRID = "210902005", "210902005001", "210902005001003"
#: Beginning and end of a grant, and moments before, within and after it.
FROM, TO = 1_000, 2_000


def somebody(role: Role, area: str, unit: str | None = None) -> Person:
    return Person("li", "李明", (Grant(role, area, FROM, TO, unit),))


@pytest.mark.parametrize(
    ("role", "area", "unit", "lead", "theirs"),
    [
        (Role.GRID_WORKER, GRID, None, GRID, True),
        (Role.GRID_WORKER, GRID, None, COMMUNITY, True),  # he works in the community that leads
        (Role.GRID_WORKER, GRID, None, STREET, True),
        (Role.GRID_WORKER, GRID, None, "210902005001004", False),  # his neighbour's grid
        (Role.GRID_WORKER, COMMUNITY, None, GRID, True),  # he walks all grids of the community
        (Role.GRID_LEADER, COMMUNITY, None, GRID, True),
        (Role.STREET, STREET, None, STREET, True),
        (Role.STREET, STREET, None, GRID, False),  # the office does not do the grid's work for it
        (Role.STREET, STREET, None, "210902004", False),
        (Role.DISTRICT_OFFICE, "210902", None, STREET, False),
        (Role.DEPARTMENT, "210902", "dept_urban", "dept_urban", True),
        (Role.DEPARTMENT, "210902", "dept_urban", "dept_traffic", False),
        (Role.DEPARTMENT, "210902", None, "dept_urban", False),  # nobody said for which department
        (Role.DEPARTMENT, "210902", "dept_urban", STREET, False),
    ],
)
def test_who_works_for_a_unit(role: Role, area: str, unit: str | None, lead: str, theirs: bool) -> None:
    assert works_for(somebody(role, area, unit), role, lead, FROM) == theirs


@pytest.mark.parametrize(("at_ms", "theirs"), [(FROM - 1, False), (FROM, True), (TO - 1, True), (TO, False)])
def test_only_as_long_as_the_grant_holds(at_ms: int, theirs: bool) -> None:
    assert works_for(somebody(Role.GRID_WORKER, GRID), Role.GRID_WORKER, GRID, at_ms) == theirs


def test_a_person_acts_under_one_role_at_a_time() -> None:
    """What he may as a grid worker he may not as somebody of the street."""
    assert not works_for(somebody(Role.GRID_WORKER, GRID), Role.STREET, GRID, FROM)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"lead": GRID}, None),
        ({"lead": "dept_urban", "assist": [GRID]}, None),
        ({"lead": "dept_urban", "leads": [{"unit": GRID, "at": [1, 0]}]}, "reassigned"),
        ({"lead": "dept_urban"}, "not_in_charge"),
        ({}, "not_in_charge"),
    ],
)
def test_whoever_had_it_has_come_late_and_whoever_never_had_has_no_right(fields: dict[str, object], code: str) -> None:
    li = somebody(Role.GRID_WORKER, GRID)
    why = not_in_charge(CASE.acts["submit"], dict(fields), li, Role.GRID_WORKER, FROM)
    assert (why.code if why else None) == code
    assert not_in_charge(CASE.acts["pass"], dict(fields), li, Role.GRID_WORKER, FROM) is None
