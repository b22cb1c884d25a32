"""
Workflows as data: states, the acts that lead from one to the next, and who may do them 工作流.

Pure, and the same on tablet and office: ``verdict`` says where an act leads or why it does not, ``written``
what it writes. An act that is not legal in the present state is no mistake: a tablet that was away could
not know the state, and what to make of it is decided by whoever merges.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from marshmallow import fields as shapes

from schemas.mutations import Act
from schemas.roles import Role

Fields = dict[str, Any]

#: Behind the name of its state's field a record remembers its last act; no tablet may write under that name.
LAST_ACT = "+act"

#: The field in which a record keeps every act that was carried out 流转记录.
TIMELINE = "timeline"

#: What the office reckons of the time allowed 时限: how it runs, when it turns yellow, when it is over.
RECKONED = ("term", "yellow_at", "due_at")

#: What an act does to the time allowed 时限; see ``server.core.clocks``. The office alone reckons it.
#: ``begin``: the whole limit from now; ``half``: half of it from now; ``extend``: until the date asked for;
#: ``set``: until the date named; ``pause``, ``resume``: what is left stays.
Clock = Literal["begin", "half", "extend", "set", "pause", "resume"]


class Doing(NamedTuple):
    """
    Somebody doing an act.

    Attributes:
        act: What he brought along.
        by, role, at: Who, as what, when (hybrid time); a tablet that does not know the role leaves it out.
        maker: Who made the record, where that is known.
        unseen: The record's last act, where he had not heard of it.
    """

    act: Act
    by: str
    role: Role | None
    at: tuple[int, int]
    maker: str | None = None
    unseen: str | None = None

    def detail(self, name: str) -> Any:
        """Return the detail *name* that came along, or None."""
        return self.act.details.get(name)


@dataclass(frozen=True, slots=True)
class WhyNot:
    """
    Why an act leads nowhere.

    ``act_unknown``, ``not_allowed``, ``reason_missing``, ``evidence_missing``, ``into_missing`` and
    ``detail_missing`` are what time does not mend; every other ``code`` makes it a late act.
    """

    code: str
    zh: str
    en: str


#: Looks at a record's fields and somebody's act: what stands in its way, or None.
Guard = Callable[[Fields, Doing], WhyNot | None]
#: Returns what an act writes into a record, None to take a field away; called with the fields as they were.
Effect = Callable[[Fields, Doing], Fields]


def _nothing(fields: Fields, doing: Doing) -> Fields:
    return {}


@dataclass(frozen=True, slots=True)
class Step:
    """
    One act 操作: from which states to which, by whom, what has to come with it, and what it writes.

    Attributes:
        name, zh, en: Its word on the wire and for people.
        sources: The states in which it is legal.
        target: The state it leads to; None where the state stays.
        roles: Who may do it, in an area that covers the record.
        only: In some states fewer may: by state, who.
        by_holder: Whether only those may who work for a unit that answers for the case 承办单位.
        needs_reason: Whether a reason has to be given.
        needs_evidence: Whether at least one photo has to prove it.
        needs_into: Whether it has to name the record it leads to.
        takes: The details that come along, by name; those marked required must.
        over: The acts it prevails over where two people of one rank took both without knowing of each
            other: the stricter one wins 从严, whoever came first. A higher rank prevails in any case.
        knowing: The acts it must have been taken in knowledge of: it does not undo them by a race.
        guards: What else may stand in its way.
        effect: What it writes.
        beside: What it still writes where another's act prevailed over it.
        clock: What it does to the time allowed.
        writes: The names of what ``effect`` may write, for readers.
    """

    name: str
    zh: str
    en: str
    sources: frozenset[str]
    target: str | None
    roles: frozenset[Role]
    only: Mapping[str, frozenset[Role]] = field(default_factory=dict)
    by_holder: bool = False
    needs_reason: bool = False
    needs_evidence: bool = False
    needs_into: bool = False
    takes: Mapping[str, shapes.Field[Any]] = field(default_factory=dict)
    over: frozenset[str] = frozenset()
    knowing: frozenset[str] = frozenset()
    guards: tuple[Guard, ...] = ()
    effect: Effect = _nothing
    beside: Effect = _nothing
    clock: Clock | None = None
    writes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Machine:
    """
    A workflow 流程.

    Attributes:
        name: The word that a field's ``Workflow`` rule names it by.
        states: Every state with its Chinese name.
        initial: The state in which a record is created.
        final: The states in which it is over; some act may still lead out of one.
        acts: By name.
    """

    name: str
    states: Mapping[str, str]
    initial: str
    final: frozenset[str]
    acts: Mapping[str, Step]


def machine(name: str, states: Mapping[str, str], initial: str, final: Iterable[str], acts: Iterable[Step]) -> Machine:
    """Return the workflow *name*."""
    return Machine(name, states, initial, frozenset(final), {act.name: act for act in acts})


def step(machine: Machine, state: str, act: str, role: Role | None) -> Step | WhyNot:
    """
    Return the act called *act*, if *role* may do it in *state*, or why not.

    Who may do it is asked before the state: a person without the right has not merely come late. Where only
    the state takes the right away, he has.

    Args:
        role: None where it is not known; whoever does know judges it.
    """
    known = machine.acts.get(act)
    if known is None:
        return WhyNot("act_unknown", f"没有“{act}”这项操作", f"there is no act '{act}'")
    if role is not None and role not in known.roles:
        return WhyNot("not_allowed", f"{role.zh}不能{known.zh}", f"a {role.value} may not {known.en}")
    now = machine.states.get(state, state)
    if state not in known.sources:
        return WhyNot("not_in_this_state", f"当前为“{now}”，不能{known.zh}", f"cannot {known.en} in state {state}")
    if role is not None and role not in known.only.get(state, known.roles):
        return WhyNot(
            "not_yours_in_this_state", f"当前为“{now}”，{role.zh}不能{known.zh}",
            f"a {role.value} may not {known.en} in state {state}",
        )  # fmt: skip
    return known


def verdict(machine: Machine, fields: Fields, state: str, doing: Doing) -> Step | WhyNot:
    """Return the act that *doing* is, if nothing stands in its way, or why it leads nowhere from here."""
    known = step(machine, state, doing.act.name, doing.role)
    if isinstance(known, WhyNot):
        return known
    if doing.unseen in known.knowing:
        before = machine.acts[doing.unseen or ""]
        return WhyNot(
            "taken_unawares",
            f"操作时尚不知已{before.zh}，所附材料留用",
            f"made without knowing of '{before.en}'; what came with it is kept for the next time",
        )
    return next((why for guard in known.guards if (why := guard(fields, doing)) is not None), known)


def written(known: Step, fields: Fields, doing: Doing, name: str, came_from: str) -> Fields:
    """
    Return what the act *known* writes into *fields*: its effect, the new state, its place in the timeline.

    Args:
        name: The field that the workflow moves.
        came_from: The state it leads away from.

    Returns:
        Values by field; None takes a field away.
    """
    sets = dict(known.effect(fields, doing))
    state = sets.setdefault(name, known.target or came_from)
    return sets | {TIMELINE: [*fields.get(TIMELINE, ()), _entry(doing, came_from, state)]}


def acted_on(machine: Machine) -> frozenset[str]:
    """Return the names of everything that the acts of *machine* write, but for its state."""
    return frozenset({TIMELINE, *RECKONED, *(name for act in machine.acts.values() for name in act.writes)})


def write(fields: Fields, sets: Fields) -> None:
    """Write *sets* over *fields* in place; None takes a field away."""
    for name, value in sets.items():
        if value is None:
            fields.pop(name, None)
        else:
            fields[name] = value


def without(fields: Fields, act: str, at: Iterable[int], by: str) -> list[Any]:
    """Return the timeline of *fields* without the act that was overruled."""
    mark = [act, list(at), by]
    return [one for one in fields.get(TIMELINE, ()) if [one["act"], one["at"], one["by"]] != mark]


def _entry(doing: Doing, came_from: str, state: str) -> Fields:
    act = doing.act
    told = {
        "act": act.name, "at": list(doing.at), "by": doing.by, "role": doing.role.value if doing.role else None,
        "from": came_from, "to": state, "reason": act.reason, "evidence": list(act.evidence), "details": act.details,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value}


def prevails(machine: Machine, act: str, rank: int, over: str, over_rank: int) -> bool:
    """
    Say whether *act* takes the place of *over*, which somebody did without either knowing of the other.

    The higher rank prevails, among equals the act declared the stricter; else what came first stays.
    """
    if rank != over_rank:
        return rank > over_rank
    return over in machine.acts[act].over


def lacking(machine: Machine, act: Act) -> WhyNot | None:
    """Return what *act*, which *machine* knows, lacks of what has to come with it, or None; blanks are nothing."""
    known = machine.acts[act.name]
    if known.needs_reason and not (act.reason or "").strip():
        return WhyNot("reason_missing", f"{known.zh}须写明理由", f"to {known.en} needs a reason")
    if known.needs_evidence and not act.evidence:
        return WhyNot("evidence_missing", f"{known.zh}须附照片", f"to {known.en} needs a photo")
    if known.needs_into and not act.into:
        return WhyNot("into_missing", f"{known.zh}须指明主案", f"to {known.en} needs the case it goes into")
    for name, shape in known.takes.items():
        if shape.required and _is_blank(act.details.get(name)):
            label = shape.metadata.get("label", name)
            return WhyNot("detail_missing", f"{known.zh}须填写“{label}”", f"to {known.en} needs '{name}'")
    return None


def _is_blank(detail: Any) -> bool:
    return detail in (None, []) or (isinstance(detail, str) and not detail.strip())


def open_to(machine: Machine, fields: Fields, state: str, role: Role) -> list[Step]:
    """Return the acts that *role* may do in *state*, in the order of the declaration 可用操作; guards are not asked."""
    return [act for act in machine.acts.values() if isinstance(step(machine, state, act.name, role), Step)]
