"""Who may see what of a photo: the whole table, role by role, and whose photo it is."""

import json
from typing import Any

import pytest

from schemas.problems import Refusal
from schemas.roles import Role
from server.core import photo_access
from server.core.photo_access import MAY, Naming
from server.values import Grant, Person
from tests.server.office import COMMUNITY, DISTRICT, ELSEWHERE, GRID_7, STREET

NOW = 1_000
PHOTO, OTHER = "a" * 64, "b" * 64


def person(role: Role, area: str = DISTRICT, to_ms: int | None = None, stopped_ms: int | None = None) -> Person:
    return Person("p", "某人", (Grant(role, area, 0, to_ms),), stopped_ms)


def allowed(one: Person, *, author: str | None = None) -> set[str]:
    return {what for what in MAY if photo_access.may(what, one, GRID_7, NOW, author=author)}


SMALL = {"list", "thumb", "view", "pair", "published"}
WHOLE = SMALL | {"original", "redact", "redactions", "matches", "views"}


@pytest.mark.parametrize("role", list(Role))
def test_each_role_sees_what_it_needs(role: Role) -> None:
    """Small pictures for whoever sees the record; the original, the boxes and the log for three offices alone."""
    office = role in (Role.STREET, Role.DISTRICT_OFFICE, Role.INSPECTOR)
    assert allowed(person(role)) == (WHOLE if office else SMALL)
    assert allowed(person(role), author="p") == (WHOLE if office else SMALL | {"original"})


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (person(Role.STREET, ELSEWHERE[:9]), "outside_area"),
        (person(Role.STREET, STREET, to_ms=NOW), "not_allowed"),
        (person(Role.STREET, STREET, stopped_ms=1), "not_allowed"),
        (person(Role.COMMUNITY, COMMUNITY), "not_allowed"),
    ],
)
def test_an_office_elsewhere_or_of_yesterday_does_not_see_the_original(one: Person, code: str) -> None:
    """The role counts where the record lies, and now; the author's word alone outlasts his post."""
    with pytest.raises(Refusal, match=code):
        photo_access.check("original", one, GRID_7, NOW)
    took_it = photo_access.may("original", one, GRID_7, NOW, author="p")
    assert took_it == (one.stopped_ms is None)


def test_one_of_several_on_a_computer_is_enough_for_what_is_listed() -> None:
    """And where nobody is, the first is told why; nobody at all is told as well."""
    grid, street = person(Role.GRID_WORKER), person(Role.STREET)
    photo_access.check_any("redactions", [grid, street], GRID_7, NOW)
    for people in ([grid], []):
        with pytest.raises(Refusal, match="not_allowed"):
            photo_access.check_any("redactions", people, GRID_7, NOW)


# -- whose photo it is --------------------------------------------------------------------------------


def naming(received_ms: int, by: str, payload: Any, version: int = 1) -> Naming:
    return Naming(received_ms, STREET, version, "shop", by, json.dumps(payload))


ELEMENT = {"sha256": PHOTO, "role": "near"}


@pytest.mark.parametrize(
    "payload",
    [
        {"op": "create", "set": {"photos": [ELEMENT]}},
        {"op": "patch", "add": {"photos": [{"sha256": OTHER, "role": "far"}, ELEMENT]}},
        {"photos": [ELEMENT], "status": "reported"},
        {"sets": {}, "adds": {"photos": [ELEMENT]}},
    ],
)
def test_whoever_signs_first_is_the_author(payload: Any) -> None:
    """In a creation, an addition, a case that followed, or an amendment; whoever names it later is not."""
    later = naming(20, "wang", {"add": {"photos": [ELEMENT]}})
    assert photo_access.first_to_name(PHOTO, sorted([later, naming(10, "li", payload)])) == "li"


@pytest.mark.parametrize(
    "payload",
    [
        {"remove": {"photos": [PHOTO]}},
        {"set": {"remark": PHOTO}},
        {"act": {"name": "submit", "evidence": [PHOTO]}},
        {"set": {"photos": [{"sha256": OTHER, "copy": PHOTO, "role": "near"}]}},
        {"set": {"photos": PHOTO}},
        {"set": {"photos": [PHOTO]}},
        {"set": [PHOTO]},
        [PHOTO],
        PHOTO,
    ],
)
def test_speaking_of_a_photo_is_not_signing_for_it(payload: Any) -> None:
    """Who takes it away, proves an act with it or writes its name down somewhere did not take it."""
    assert photo_access.first_to_name(PHOTO, [naming(1, "wang", payload)]) is None
