"""
Workflows as data: states, the acts that lead from one to the next, and who may do them 工作流.

Pure: ``step`` says where an act leads or why it does not. An act that is not legal in the present
state is no mistake: a tablet that was away could not know the state, and what to make of it is decided
by whoever merges.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.roles import Role

#: Behind the name of its state's field a record remembers its last act; no tablet may write under that name.
LAST_ACT = "+act"


@dataclass(frozen=True, slots=True)
class Step:
    """
    One act 操作: from which states to which, by whom, and what has to come with it.

    Attributes:
        name, zh, en: Its word on the wire and for people.
        sources: The states in which it is legal.
        target: The state it leads to.
        roles: Who may do it, in an area that covers the record.
        needs_reason: Whether a reason has to be given.
        needs_evidence: Whether at least one photo has to prove it.
        needs_into: Whether it has to name the record it leads to.
        over: The acts it prevails over where two people of one rank took both without knowing of each
            other: the stricter one wins 从严, whoever came first. A higher rank prevails in any case.
    """

    name: str
    zh: str
    en: str
    sources: frozenset[str]
    target: str
    roles: frozenset[Role]
    needs_reason: bool = False
    needs_evidence: bool = False
    needs_into: bool = False
    over: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Machine:
    """
    A workflow 流程.

    Attributes:
        name: The word that a field's ``Workflow`` rule names it by.
        states: Every state with its Chinese name.
        initial: The state in which a record is created.
        final: The states that nothing leads out of.
        acts: By name.
    """

    name: str
    states: Mapping[str, str]
    initial: str
    final: frozenset[str]
    acts: Mapping[str, Step]


@dataclass(frozen=True, slots=True)
class WhyNot:
    """
    Why an act leads nowhere.

    ``code`` is ``act_unknown``, ``not_allowed``, ``reason_missing``, ``evidence_missing`` or
    ``into_missing``, which time does not mend, or ``not_in_this_state``, which makes it a late act.
    """

    code: str
    zh: str
    en: str


def step(machine: Machine, state: str, act: str, role: Role) -> str | WhyNot:
    """
    Return the state that *act*, done by *role*, leads to from *state*, or why it leads nowhere.

    Who may do it is asked before the state: a person without the right has not merely come late.
    """
    known = machine.acts.get(act)
    if known is None:
        return WhyNot("act_unknown", f"没有“{act}”这项操作", f"there is no act '{act}'")
    if role not in known.roles:
        return WhyNot("not_allowed", f"{role.zh}不能{known.zh}", f"a {role.value} may not {known.en}")
    if state not in known.sources:
        now = machine.states.get(state, state)
        return WhyNot("not_in_this_state", f"当前为“{now}”，不能{known.zh}", f"cannot {known.en} in state {state}")
    return known.target


def prevails(machine: Machine, act: str, rank: int, over: str, over_rank: int) -> bool:
    """
    Say whether *act* takes the place of *over*, which somebody did without either knowing of the other.

    The higher rank prevails, among equals the act declared the stricter; else what came first stays.
    """
    if rank != over_rank:
        return rank > over_rank
    return over in machine.acts[act].over


def lacking(machine: Machine, act: str, *, reason: str | None, evidence: int, into: str | None) -> WhyNot | None:
    """
    Return what *act* lacks of what has to come with it, or None.

    Args:
        machine: The workflow; it knows *act*.
        act: The act's name.
        reason: What was given; blanks are none.
        evidence: How many photos came along.
        into: The record it leads to, if it names one.
    """
    known = machine.acts[act]
    if known.needs_reason and not (reason or "").strip():
        return WhyNot("reason_missing", f"{known.zh}须写明理由", f"to {known.en} needs a reason")
    if known.needs_evidence and not evidence:
        return WhyNot("evidence_missing", f"{known.zh}须附照片", f"to {known.en} needs a photo")
    if known.needs_into and not into:
        return WhyNot("into_missing", f"{known.zh}须指明主案", f"to {known.en} needs the case it goes into")
    return None


def _machine(name: str, states: Mapping[str, str], initial: str, *acts: Step) -> Machine:
    left = {state for act in acts for state in act.sources}
    return Machine(name, states, initial, frozenset(states.keys() - left), {act.name: act for act in acts})


_ACCEPTERS = frozenset({Role.COMMUNITY, Role.STREET, Role.DISTRICT_OFFICE, Role.INSPECTOR})

#: The ledger case 问题台账. A draft lives on the tablet alone and is no record yet; voiding is an
#: operation on any record (``op: void``), not an act.
CASE = _machine(
    "case",
    {"reported": "已上报待立案", "accepted": "已立案待派遣", "refused": "不予立案", "merged": "已并案"},
    "reported",
    # Of an acceptance and a refusal made apart the acceptance counts: no problem leaves the ledger by a race.
    Step("accept", "立案", "accept", frozenset({"reported"}), "accepted", _ACCEPTERS, over=frozenset({"refuse"})),
    Step("refuse", "不予立案", "refuse", frozenset({"reported"}), "refused", _ACCEPTERS, needs_reason=True),
    Step(
        "merge",
        "并案",
        "merge",
        frozenset({"reported", "accepted"}),
        "merged",
        _ACCEPTERS,
        needs_into=True,
        over=frozenset({"refuse"}),
    ),
)

#: Every workflow by the name a ``Workflow`` rule gives.
MACHINES: Mapping[str, Machine] = {CASE.name: CASE}
