"""Who lets what in, and how its author then stands before the rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import clock, wire
from schemas.claims import Claims, claims_of
from schemas.clock import Stamp
from schemas.ids import derived_id
from schemas.problems import Refusal
from schemas.registry import TYPES
from schemas.roles import Role
from server.core import readmission
from server.core.arrived import Arrived, lay_out
from server.core.readmission import Asked
from server.values import Grant, Person

LI, SHOP = derived_id("li"), derived_id("shop")
GRID_7, GRID_8, STREET = "210902005003007", "210902005003008", "210902005"
NOON, DAY = 1_595_044_800_000, 24 * 3600 * 1000


@pytest.mark.parametrize(
    ("codes", "least"),
    [
        (["person_stopped"], Role.GRID_LEADER),
        (["person_stopped", "group_refused"], Role.GRID_LEADER),
        (["person_stopped", "invalid_fields"], Role.COMMUNITY),
        (["person_stopped", "outside_area"], Role.STREET),
        (["outside_area", "invalid_fields"], Role.STREET),
        (["group_refused"], Role.COMMUNITY),
        (["depends_on_refused"], Role.COMMUNITY),
        (["not_allowed"], Role.COMMUNITY),
        ([], Role.COMMUNITY),
    ],
)
def test_the_gravest_reason_says_who(codes: list[str], least: Role) -> None:
    """What only follows from another refusal needs nobody greater than that does."""
    assert readmission.least_role(codes) is least


def clerk(role: Role, area: str, from_ms: int = 0, to_ms: int | None = None, stopped_ms: int | None = None) -> Person:
    return Person(derived_id("clerk"), "赵敏", (Grant(role, area, from_ms, to_ms),), stopped_ms)


@pytest.mark.parametrize(
    ("person", "refused"),
    [
        (clerk(Role.COMMUNITY, STREET), None),
        (clerk(Role.INSPECTOR, "210902"), None),
        (clerk(Role.GRID_LEADER, STREET), "not_allowed"),
        (clerk(Role.OPS, "210902"), "not_allowed"),
        (clerk(Role.COMMUNITY, GRID_8), "outside_area"),
        (clerk(Role.COMMUNITY, STREET, to_ms=NOON), "not_allowed"),
        (clerk(Role.COMMUNITY, STREET, from_ms=NOON + 1), "not_allowed"),
        (clerk(Role.COMMUNITY, STREET, stopped_ms=1), "person_stopped"),
    ],
)
def test_rank_and_area_count_as_they_are_now(person: Person, refused: str | None) -> None:
    told = None
    try:
        readmission.check_judge(person, Role.COMMUNITY, GRID_7, NOON)
    except Refusal as refusal:
        told = refusal.code
    assert told == refused
    assert readmission.may_judge(person, Role.COMMUNITY, GRID_7, NOON) == (refused is None)


def signed(at_ms: int, **parts: object) -> Arrived:
    """Return the creation of a shop, signed at a moment."""
    body = {"n": 1, "op": "create", "type": "shop", "id": SHOP, "grid": GRID_8, "at": [at_ms, 0], "by": LI}
    raw = wire.encode(body | {"set": {"name": "老王修车", "category": "repair"}} | parts)
    mutation = readmission.mutation_of(raw)
    assert mutation is not None
    return lay_out(mutation, TYPES["shop"], raw, "tablet", 0, at_ms)


@pytest.mark.parametrize("late_ms", [0, 1, DAY])
def test_nothing_signed_after_the_stop(late_ms: int) -> None:
    """Not even in the very millisecond."""
    li = Person(LI, "李明", (), NOON)
    with pytest.raises(Refusal, match="signed_after_stop"):
        readmission.as_judged(li, signed(NOON + late_ms), GRID_8, Asked())
    assert readmission.as_judged(li, signed(NOON - 1), GRID_8, Asked()).stopped_ms is None


@pytest.mark.parametrize(
    ("grants", "laid"),
    [
        ([(Role.COMMUNITY, GRID_7, 0, None)], {Role.COMMUNITY}),
        ([(Role.COMMUNITY, GRID_7, 0, NOON), (Role.GRID_WORKER, GRID_7, NOON, None)], {Role.GRID_WORKER}),
        ([(Role.STREET, GRID_7, NOON + 1, None), (Role.GRID_WORKER, GRID_7, 0, NOON)], {Role.GRID_WORKER}),
        ([(Role.OPS, "210902", 0, None)], set()),
    ],
)
def test_vouched_for_he_stands_there_as_he_stood_elsewhere(
    grants: list[tuple[Role, str, int, int | None]], laid: set[Role]
) -> None:
    """For that one moment; no role that he did not have then, unless he had none at all."""
    li = Person(LI, "李明", tuple(Grant(*grant) for grant in grants))
    judged = readmission.as_judged(li, signed(NOON), GRID_8, Asked(place_was_his=True))
    there = [grant for grant in judged.grants if grant.area == GRID_8]
    assert {grant.role for grant in there} == laid
    assert all(grant.holds_at(NOON) and not grant.holds_at(NOON + 1) for grant in there)
    assert readmission.as_judged(li, signed(NOON), GRID_8, Asked()) == li


HOURS = st.integers(-3 * 3_600_000, 3 * 3_600_000) | st.integers(-DAY * 9_000, DAY * 9_000)


@given(claimed=HOURS, sent=st.none() | HOURS)
def test_a_stamp_is_filed_again_as_it_was_filed_then(claimed: int, sent: int | None) -> None:
    """Corrected, cut back, both, or left alone: the two stamps say enough. Moments are told from the receipt."""
    stamp = Stamp(NOON + claimed, 0, "tablet")
    then = clock.receive(stamp, clock.measured_offset(sent if sent is None else NOON + sent, NOON), NOON)
    found = readmission.offset_of(stamp.ms, then.stamp.ms, NOON)
    again = clock.receive(stamp, clock.measured_offset(NOON - found, NOON), NOON)
    assert again.stamp == then.stamp
    assert again.as_claimed == then.as_claimed or stamp == then.stamp


@pytest.mark.parametrize(
    ("raw", "claims"),
    [
        (wire.encode({"by": LI, "grid": GRID_7, "at": [NOON, 3]}), Claims(LI, GRID_7, NOON)),
        (wire.encode({"by": LI.upper(), "grid": "21090", "at": [True]}), Claims()),
        (wire.encode({"by": LI + "\n", "grid": GRID_7 + "\n", "at": []}), Claims()),
        (b"[]", Claims()),
        (b"\xff", Claims()),
        (b"[" * 100_000, Claims()),
    ],
)
def test_claims_are_taken_where_they_can_be_read(raw: bytes, claims: Claims) -> None:
    """And never raise."""
    assert claims_of(raw) == claims


def test_the_same_said_under_another_number_is_the_same() -> None:
    """The group is part of the number; a word more is another content."""
    one = wire.encode({"n": 1, "op": "patch", "type": "shop", "id": SHOP, "grid": GRID_7, "at": [1, 0], "by": LI})
    other = one.replace(b'"n":1', b'"n":7,"group":[7,2]')
    assert readmission.content_of(one) == readmission.content_of(other)
    assert readmission.content_of(one) != readmission.content_of(one.replace(b"[1,0]", b"[2,0]"))
    assert readmission.content_of(b"\xff") == b"\xff"
