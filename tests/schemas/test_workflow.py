"""The case's way from found to struck off: who may do what, from where, and what has to come with it."""

import itertools

import pytest

from schemas.case_guards import HIGH_SOURCES
from schemas.cases import PROBLEM_CLASSES, SEVERITIES, SOURCES, CaseSchema, Limit
from schemas.machines import Machine, Step, WhyNot, lacking, open_to, prevails, step
from schemas.mutations import Act
from schemas.roles import Role
from schemas.workflow import CASE, MACHINES, STATES


def leads_to(state: str, act: str, role: Role) -> str | None:
    found = step(CASE, state, act, role)
    assert isinstance(found, Step)
    return found.target


def test_a_reported_case_is_accepted_or_refused() -> None:
    """By the street office, say."""
    assert leads_to(CASE.initial, "accept", Role.STREET) == "accepted"
    assert leads_to(CASE.initial, "refuse", Role.COMMUNITY) == "refused"


def test_the_way_from_found_to_struck_off() -> None:
    way = [
        ("accept", Role.COMMUNITY), ("dispatch", Role.STREET), ("sign", Role.GRID_WORKER), ("submit", Role.GRID_WORKER),
        ("pass", Role.GRID_LEADER), ("close", Role.STREET), ("reopen", Role.INSPECTOR),
    ]  # fmt: skip
    states = list(itertools.accumulate(way, lambda state, one: leads_to(state, *one) or state, initial=CASE.initial))
    assert states == [
        "reported", "accepted", "dispatched", "handling", "rectified", "verified", "closed", "handling",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "act", "role", "code"),
    [
        ("reported", "vanish", Role.STREET, "act_unknown"),
        ("reported", "accept", Role.GRID_WORKER, "not_allowed"),
        ("reported", "accept", Role.LEADING_GROUP, "not_allowed"),
        ("accepted", "accept", Role.STREET, "not_in_this_state"),
        ("refused", "accept", Role.DISTRICT_OFFICE, "not_in_this_state"),
        ("accepted", "refuse", Role.GRID_WORKER, "not_allowed"),
        ("a_state_of_a_newer_version", "refuse", Role.INSPECTOR, "not_in_this_state"),
        ("accepted", "dispatch", Role.INSPECTOR, "not_allowed"),
        ("handling", "merge", Role.COMMUNITY, "not_yours_in_this_state"),
        ("verified", "return", Role.STREET, "not_yours_in_this_state"),
        ("handling", "grant_deferral", Role.STREET, "not_allowed"),
        ("handling", "ask_extension", Role.GRID_WORKER, "not_allowed"),
        ("verified", "close", Role.COMMUNITY, "not_allowed"),
        ("rectified", "pass", Role.DEPARTMENT, "not_allowed"),
        ("closed", "submit", Role.GRID_WORKER, "not_in_this_state"),
    ],
)
def test_why_not(state: str, act: str, role: Role, code: str) -> None:
    """Somebody without the right is told so, whatever the state; somebody late is told what it is now."""
    why = step(CASE, state, act, role)
    assert isinstance(why, WhyNot)
    assert why.code == code
    assert why.zh
    assert why.en


def test_a_late_act_is_told_in_words() -> None:
    """The sentence names the state as people know it."""
    why = step(CASE, "refused", "accept", Role.STREET)
    assert isinstance(why, WhyNot)
    assert why.zh == "当前为“不予立案”，不能立案"


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (Act("accept"), None),
        (Act("refuse", reason="非本辖区"), None),
        (Act("refuse"), "reason_missing"),
        (Act("refuse", reason=""), "reason_missing"),
        (Act("refuse", reason="  "), "reason_missing"),
        (Act("merge"), "into_missing"),
        (Act("dispatch"), "detail_missing"),
        (Act("dispatch", details={"lead": ""}), "detail_missing"),
        (Act("dispatch", details={"lead": "dept_urban"}), None),
        (Act("submit", details={"measure": "已清理"}), "evidence_missing"),
        (Act("submit", evidence=["a" * 64]), "detail_missing"),
        (Act("return", evidence=["a" * 64], reason="仍有垃圾"), "detail_missing"),
        (Act("report_sweep", details={"found": 0}), None),
    ],
)
def test_what_has_to_come_with_an_act(act: Act, code: str | None) -> None:
    """A blank is no reason; none found is a finding."""
    why = lacking(CASE, act)
    assert (why.code if why else None) == code


@pytest.mark.parametrize(
    ("act", "rank", "over", "over_rank", "wins"),
    [
        ("accept", 3, "refuse", 3, True),  # among equals the stricter one
        ("refuse", 3, "accept", 3, False),
        ("refuse", 4, "accept", 3, True),  # the higher rank in any case
        ("accept", 3, "refuse", 4, False),
        ("accept", 3, "accept", 3, False),  # what came first stays
        ("return", 4, "pass", 4, True),
        ("pass", 4, "return", 4, False),
        ("pass", 5, "return", 4, True),
    ],
)
def test_of_two_acts_taken_apart_one_prevails(act: str, rank: int, over: str, over_rank: int, wins: bool) -> None:
    assert prevails(CASE, act, rank, over, over_rank) == wins


@pytest.mark.parametrize("machine", MACHINES.values(), ids=lambda machine: machine.name)
def test_a_machine_is_well_made(machine: Machine) -> None:
    """Every act starts and ends in a state there is, every state can be reached, and whoever reads finds the words."""
    reached = {machine.initial} | {act.target for act in machine.acts.values() if act.target}
    assert reached == machine.states.keys()
    for act in machine.acts.values():
        assert act.sources <= machine.states.keys()
        assert act.roles
        assert act.zh
        assert act.en
        assert act.only.keys() <= act.sources
        assert all(roles <= act.roles for roles in act.only.values())
        assert act.over <= machine.acts.keys()
        assert act.knowing <= machine.acts.keys()
        assert all(shape.metadata["label"] for shape in act.takes.values())
        assert set(act.writes) <= CaseSchema().fields.keys()


def test_nothing_is_stuck() -> None:
    """In every state but the last ones somebody can do something that leads on."""
    for state in STATES:
        ways = {act.target for role in Role for act in open_to(CASE, {}, state, role)} - {None, state}
        assert bool(ways) == (state not in {"refused", "merged"}), state


def test_a_worker_is_offered_what_he_may_do() -> None:
    names = {act.zh for act in open_to(CASE, {}, "handling", Role.GRID_WORKER)}
    assert names == {"提交整改"}
    assert [act.zh for act in open_to(CASE, {}, "reported", Role.PUBLIC)] == []


def test_sources_from_above_are_sources() -> None:
    assert SOURCES.keys() >= HIGH_SOURCES


def test_a_new_case_is_at_its_beginning() -> None:
    """And one on its way stays where it is."""
    fields = {"source": "public"}
    CaseSchema.complete(fields)
    assert fields["status"] == "reported"
    further = {"status": "accepted"}
    CaseSchema.complete(further)
    assert further["status"] == "accepted"


@pytest.mark.parametrize(
    ("roles", "status"),
    [(("before", "after"), "rectified"), (("before",), "reported"), (("after",), "reported"), ((), "reported")],
)
def test_fixed_on_the_spot_takes_both_photos(roles: tuple[str, ...], status: str) -> None:
    """Found and fixed in one visit: only a verification is left; without both photos it is a case like any other."""
    fields = {"fixed_on_spot": True, "photos": [{"role": role} for role in roles]}
    CaseSchema.complete(fields)
    assert fields["status"] == status


def test_the_clock_of_a_class_goes_by_the_road() -> None:
    """A dirty main street in two hours, a lane in five."""
    assert PROBLEM_CLASSES["unclean_road"].limits[0] == Limit(2, "work_hour")
    assert PROBLEM_CLASSES["unclean_road"].limits[3] == Limit(5, "work_hour")
    assert PROBLEM_CLASSES["lane_blocked"].limits == (Limit(0.5, "urgent_hour"),) * 4
    assert {known.severity for known in PROBLEM_CLASSES.values()} == SEVERITIES.keys()
