"""The diagram and the table of a case's way 流转图与操作表, drawn from its declaration."""

from collections.abc import Iterator

from schemas.machines import Machine, Step
from schemas.roles import Role
from schemas.wording import english
from schemas.workflow import CASE

_BEGIN = "[*]"


def lifecycle() -> str:
    """Return the states of a case and the acts between them, as a Mermaid diagram."""
    lines = ["```mermaid", "stateDiagram-v2", "    direction TB"]
    lines += [f'    state "{zh}<br/>{english(state)}" as {state}' for state, zh in CASE.states.items()]
    lines += [f"    {_BEGIN} --> {CASE.initial}"]
    lines += [f"    {start} --> {end}: {'、'.join(names)}" for (start, end), names in _edges(CASE).items()]
    return "\n".join(
        [*lines, *(f"    {state} --> {_BEGIN}" for state in CASE.states if state in CASE.final), "```", ""]
    )


def _edges(machine: Machine) -> dict[tuple[str, str], list[str]]:
    """Return the acts that lead from one state to another, by both, in the order of the states."""
    found: dict[tuple[str, str], list[str]] = {}
    for start in machine.states:
        for act in machine.acts.values():
            if act.target is not None and start in act.sources:
                found.setdefault((start, act.target), []).append(act.zh)
    return found


def acts() -> str:
    """Return the table of the acts on a case: from where, to where, who, and what has to come with each."""
    lines = ["| act 操作 | from 从 | to 到 | who 谁 | needs 需要 |", "|---|---|---|---|---|"]
    for act in CASE.acts.values():
        cells = (f"{act.zh}<br>`{act.name}`", _sources(act), _target(act), _who(act), "、".join(_needs(act)) or "–")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _sources(act: Step) -> str:
    if act.sources == CASE.states.keys() - CASE.final:
        return "未了结的 any open"
    return "、".join(zh for state, zh in CASE.states.items() if state in act.sources)


def _target(act: Step) -> str:
    return CASE.states[act.target] if act.target else "不变 stays"


def _who(act: Step) -> str:
    said = _roles(act.roles)
    for some, states in _fewer(act).items():
        where = "、".join(CASE.states[state] for state in CASE.states if state in states)
        said += f"；{where}时仅{_roles(some)}"
    return said + ("；限承办单位 of a unit in charge" if act.by_holder else "")


def _fewer(act: Step) -> dict[frozenset[Role], set[str]]:
    found: dict[frozenset[Role], set[str]] = {}
    for state, roles in act.only.items():
        found.setdefault(roles & act.roles, set()).add(state)
    return found


def _roles(roles: frozenset[Role]) -> str:
    return "、".join(role.zh for role in Role if role in roles)


def _needs(act: Step) -> Iterator[str]:
    if act.needs_reason:
        yield "理由 reason"
    if act.needs_evidence:
        yield "照片 photo"
    if act.needs_into:
        yield "主案 main case"
    for name, shape in act.takes.items():
        label = shape.metadata["label"]
        yield f"{label} `{name}`" if shape.required else f"（{label} `{name}`）"
