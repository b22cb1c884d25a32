"""Which part of the feeds a tablet sees: the areas of its people, and what lies above them."""

import pytest

from schemas.roles import Role
from server.core.views import View, view_of
from server.values import Grant, Person, Seen
from tests.core.desk import GRID_7, HOUR, MORNING, STREET, always, person

KNOWN = ["210902", "210902005", "210902006", "210903001"]
VIEWS = {
    "a grid": (("210902005003007",), ["210902", "210902005"]),
    "a street": (("210902005",), ["210902", "210902005"]),
    "two streets": (("210902005", "210902006"), ["210902", "210902005", "210902006"]),
    "a district": (("210902",), ["210902", "210902005", "210902006"]),
    "a street nothing lies in yet": (("210902099001001",), ["210902", "210902099"]),
    "a city": (("2109",), KNOWN),
    "nothing": ((), []),
}


@pytest.mark.parametrize(("areas", "feeds"), VIEWS.values(), ids=VIEWS)
def test_the_feeds_of_a_view(areas: tuple[str, ...], feeds: list[str]) -> None:
    assert View(areas).feeds(KNOWN) == feeds


SEEN = [
    ("210902005003007", True),
    ("210902005003", True),
    ("210902005", True),
    ("210902", True),
    ("2109", False),
    ("210902005003008", False),
    ("210902005004", False),
    ("210902006", False),
    ("210903", False),
]


@pytest.mark.parametrize(("code", "seen"), SEEN)
def test_a_walker_sees_his_grid_and_what_stands_above_it(code: str, seen: bool) -> None:
    view = View((GRID_7,))
    assert view.sees(code) is seen
    part = view.part_of(STREET)
    assert part == Seen((GRID_7,), frozenset({"210902", "210902005", "210902005003"}))


def test_whole_feeds_need_no_filter() -> None:
    assert View((STREET,)).part_of(STREET) is None
    assert View(("210902",)).part_of(STREET) is None
    assert View(("2109",)).part_of("210902") is None


LI = person("li", always(Role.GRID_WORKER, GRID_7))
PEOPLE: dict[str, tuple[list[Person], tuple[str, ...]]] = {
    "one worker": ([LI], (GRID_7,)),
    "a worker and his street": ([LI, person("qian", always(Role.STREET, STREET))], (STREET,)),
    "two grids": ([LI, person("sun", always(Role.GRID_WORKER, "210902005003008"))], (GRID_7, "210902005003008")),
    "somebody stopped": ([Person(LI.id, "li", LI.grants, 1)], ()),
    "ops, who read nothing": ([person("wu", always(Role.OPS, "210902"))], ()),
    "the public": ([person("anybody", always(Role.PUBLIC, "210902"))], ()),
    "a grant that ended": ([person("x", Grant(Role.STREET, STREET, 0, MORNING))], ()),
    "a grant to come": ([person("x", Grant(Role.STREET, STREET, MORNING + 1, None))], ()),
    "a grant until later": ([person("x", Grant(Role.STREET, STREET, 0, MORNING + HOUR))], (STREET,)),
    "nobody": ([], ()),
}


@pytest.mark.parametrize(("people", "areas"), PEOPLE.values(), ids=PEOPLE)
def test_what_people_see_together(people: list[Person], areas: tuple[str, ...]) -> None:
    assert view_of(people, MORNING).areas == areas


def test_the_mark_changes_with_the_view_only() -> None:
    marks = {View(areas).mark for areas, _ in VIEWS.values()}
    assert len(marks) == len(VIEWS)
    assert View((STREET,)).mark == View((STREET,)).mark
