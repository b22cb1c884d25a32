"""People come, get roles, lose them, and leave; the tablets' directory follows."""

from pathlib import Path

import pytest

from schemas.directory import area_id
from schemas.roles import Role
from server.core.importing.wanted import Wanted
from server.storage.people import Account
from server.storage.store import Store
from server.usecases.begin_district import begin_district
from server.usecases.bring_in import bring_in
from server.usecases.manage_people import add_person, end_grants, grant_role, stop_person
from server.usecases.mistakes import Mistake
from server.values import Grant
from tests.server.empty_office import (
    DAY,
    GRID_7,
    HAIZHOU,
    HEBEI,
    LI,
    MORNING,
    WANG,
    empty_office,
    heads,
    records,
    store_of,
)

WALKS_GRID_7 = Grant(Role.GRID_WORKER, GRID_7, MORNING, None)


def test_a_district_is_begun_once(store: Store) -> None:
    """Its epoch and key stay what they are, whatever is typed again."""
    before = store.places()[HAIZHOU]
    assert begin_district(store, HAIZHOU, "另一个名字") == before
    assert (len(before.epoch), len(before.cursor_key)) == (12, 32)
    with pytest.raises(Mistake, match="6 位"):
        begin_district(store, "2109", "阜新市")


def test_whoever_is_added_is_known_on_the_tablets(store: Store) -> None:
    """By name, title and weightiest role, without the telephone."""
    li = add_person(store, HAIZHOU, LI, MORNING)
    grant_role(store, HAIZHOU, "W001", WALKS_GRID_7, MORNING)
    grant_role(store, HAIZHOU, "李伟", Grant(Role.GRID_LEADER, HEBEI, MORNING, None), MORNING)
    assert records(store, "person")[li.id] == {
        "name": "李伟", "title": "网格员", "unit": "河北街道", "role": "grid_leader",
    }  # fmt: skip


def test_whoever_is_added_again_is_the_same_person(store: Store, tmp_path: Path) -> None:
    """By his staff number: the office was put back to a day before him, and his tablet signs with his id still."""
    li = add_person(store, HAIZHOU, LI, MORNING)
    with empty_office(f"sqlite:///{tmp_path / 'put_back.db'}") as app:
        add_person(store_of(app), HAIZHOU, WANG, MORNING + DAY)
        assert add_person(store_of(app), HAIZHOU, LI, MORNING + DAY).id == li.id
    nameless = LI._replace(code=None)
    assert add_person(store, HAIZHOU, nameless, MORNING).id != add_person(store, HAIZHOU, nameless, MORNING).id


def test_the_area_names_its_holder_while_he_holds_it(store: Store) -> None:
    """Li takes grid 7 over, then hands it to Wang."""
    bring_in(store, HAIZHOU, [grid_7()], MORNING)
    add_person(store, HAIZHOU, LI, MORNING)
    add_person(store, HAIZHOU, WANG, MORNING)
    grant_role(store, HAIZHOU, "W001", WALKS_GRID_7, MORNING)
    assert records(store, "area")[area_id(GRID_7)]["holders"] == ["李伟"]

    end_grants(store, HAIZHOU, "W001", Role.GRID_WORKER, GRID_7, MORNING + DAY, MORNING + DAY)
    grant_role(store, HAIZHOU, "W002", WALKS_GRID_7._replace(from_ms=MORNING + DAY), MORNING + DAY)
    assert records(store, "area")[area_id(GRID_7)]["holders"] == ["王芳"]


def test_the_same_grant_twice_is_one(store: Store) -> None:
    """And nothing is written the second time."""
    add_person(store, HAIZHOU, LI, MORNING)
    first = grant_role(store, HAIZHOU, "W001", WALKS_GRID_7, MORNING)
    before = heads(store)
    assert grant_role(store, HAIZHOU, "W001", WALKS_GRID_7, MORNING) == first
    assert heads(store) == before


def test_a_stopped_account_keeps_when_it_was_stopped(store: Store) -> None:
    """Stopping twice does not move the moment, and the tablets see no role any more."""
    li = add_person(store, HAIZHOU, LI, MORNING)
    grant_role(store, HAIZHOU, "W001", WALKS_GRID_7, MORNING)
    assert stop_person(store, HAIZHOU, "W001", MORNING).stopped_ms == MORNING
    assert stop_person(store, HAIZHOU, "W001", MORNING + DAY).stopped_ms == MORNING
    assert records(store, "person")[li.id]["role"] is None


def test_two_of_one_name_are_told_apart(store: Store) -> None:
    """A name alone is refused, with the numbers to choose from."""
    add_person(store, HAIZHOU, LI, MORNING)
    add_person(store, HAIZHOU, LI._replace(code="W009"), MORNING)
    with pytest.raises(Mistake, match=r"W001.*W009|W009.*W001"):
        stop_person(store, HAIZHOU, "李伟", MORNING)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (LI._replace(name=""), "姓名"),
        (LI._replace(name="李" * 31), "姓名"),
        (LI._replace(phone="12345"), "电话"),
    ],
)
def test_what_tablets_could_not_show_is_refused(store: Store, asked: Account, why: str) -> None:
    """And nobody is added."""
    with pytest.raises(Mistake, match=why):
        add_person(store, HAIZHOU, asked, MORNING)
    assert records(store, "person") == {}


@pytest.mark.parametrize(
    "grant",
    [
        Grant(Role.STREET, "210903001", MORNING, None),
        Grant(Role.STREET, "21090200", MORNING, None),
        Grant(Role.STREET, HEBEI, MORNING, MORNING),
    ],
    ids=["another district", "no code", "over before it began"],
)
def test_a_grant_that_cannot_be_is_refused(store: Store, grant: Grant) -> None:
    """With a sentence, before anything is written."""
    add_person(store, HAIZHOU, LI, MORNING)
    with pytest.raises(Mistake):
        grant_role(store, HAIZHOU, "W001", grant, MORNING)


def grid_7() -> Wanted:
    """Return grid 7 as a divisions file brings it."""
    said = {"code": GRID_7, "name": "第七网格", "level": "grid", "parent": GRID_7[:12]}
    return Wanted("area", area_id(GRID_7), GRID_7, said)
