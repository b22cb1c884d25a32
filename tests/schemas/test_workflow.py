"""The beginning of a case's way: reported, then accepted or refused."""

import pytest

from schemas.cases import PROBLEM_CLASSES, SEVERITIES, CaseSchema, Limit
from schemas.roles import Role
from schemas.workflow import CASE, MACHINES, WhyNot, lacking, prevails, step


def test_a_reported_case_is_accepted_or_refused() -> None:
    """By the street office, say."""
    assert step(CASE, CASE.initial, "accept", Role.STREET) == "accepted"
    assert step(CASE, CASE.initial, "refuse", Role.COMMUNITY) == "refused"


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


def test_who_refuses_says_why() -> None:
    """A blank is no reason."""
    assert lacking(CASE, "accept", reason=None, evidence=0, into=None) is None
    assert lacking(CASE, "refuse", reason="非本辖区", evidence=0, into=None) is None
    lost = lacking(CASE, "merge", reason=None, evidence=0, into=None)
    assert lost is not None
    assert lost.code == "into_missing"
    for reason in (None, "", "  "):
        why = lacking(CASE, "refuse", reason=reason, evidence=0, into=None)
        assert why is not None
        assert why.code == "reason_missing"


@pytest.mark.parametrize(
    ("act", "rank", "over", "over_rank", "wins"),
    [
        ("accept", 3, "refuse", 3, True),  # among equals the stricter one
        ("refuse", 3, "accept", 3, False),
        ("refuse", 4, "accept", 3, True),  # the higher rank in any case
        ("accept", 3, "refuse", 4, False),
        ("accept", 3, "accept", 3, False),  # what came first stays
    ],
)
def test_of_two_acts_taken_apart_one_prevails(act: str, rank: int, over: str, over_rank: int, wins: bool) -> None:
    assert prevails(CASE, act, rank, over, over_rank) == wins


@pytest.mark.parametrize("machine", MACHINES.values(), ids=lambda machine: machine.name)
def test_a_machine_is_well_made(machine: object) -> None:
    """Every act starts and ends in a state there is, and every state can be reached."""
    assert machine is CASE
    reached = {CASE.initial} | {act.target for act in CASE.acts.values()}
    assert reached == CASE.states.keys()
    assert {state for act in CASE.acts.values() for state in act.sources} <= CASE.states.keys()
    assert CASE.final == {"refused", "merged"}
    assert all(act.roles for act in CASE.acts.values())


def test_a_new_case_stands_at_the_beginning() -> None:
    """And one on its way stays where it is."""
    fields = {"source": "public"}
    CaseSchema.complete(fields)
    assert fields["status"] == "reported"
    further = {"status": "accepted"}
    CaseSchema.complete(further)
    assert further["status"] == "accepted"


def test_the_clock_of_a_class_goes_by_the_road() -> None:
    """A dirty main street in two hours, a lane in five."""
    assert PROBLEM_CLASSES["unclean_road"].limits[0] == Limit(2, "work_hour")
    assert PROBLEM_CLASSES["unclean_road"].limits[3] == Limit(5, "work_hour")
    assert PROBLEM_CLASSES["lane_blocked"].limits == (Limit(0.5, "urgent_hour"),) * 4
    assert {known.severity for known in PROBLEM_CLASSES.values()} == SEVERITIES.keys()
