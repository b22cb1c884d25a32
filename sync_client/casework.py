"""
What a person may do with a case next 可用操作, by all the tablet knows: the declaration, the fields, his areas.

Pure. The office runs the same declaration over what it knows, and has the last word.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas import grid, machines
from schemas.machines import TIMELINE, Doing, Step, WhyNot
from schemas.mutations import Act
from schemas.roles import Role
from schemas.workflow import MACHINES
from sync_client.overlay import kind_of
from sync_client.values import Person, Record

SUBMIT = "submit"
#: In these states somebody can hand in what was kept of a submission.
_IN_WORK = frozenset({"dispatched", "handling"})
_NOT_YOURS = WhyNot("not_in_charge", "只有承办单位能做", "only the unit in charge may")


@dataclass(frozen=True, slots=True)
class Kept:
    """
    A submission that was kept and not carried out 留用的整改材料: it can be handed in as it is.

    Attributes:
        by, at: Whose it is, and since when.
        details, evidence: What came with it.
    """

    by: str
    at: tuple[int, int]
    details: Mapping[str, Any]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One detail that an act asks for 填写项."""

    name: str
    zh: str
    required: bool


@dataclass(frozen=True, slots=True)
class NextAct:
    """
    One act that somebody may take 操作.

    Attributes:
        name, zh, en: Its word, and what its button says.
        target: The state it leads to; None where that stays.
        reason, evidence, into: Whether it needs a reason, a photo, the case it goes into.
        asks: What else it asks for.
        why: What stands in its way; None: nothing this tablet knows of.
        offered: For a submission, what was kept of one that was not carried out.
    """

    name: str
    zh: str
    en: str
    target: str | None
    reason: bool = False
    evidence: bool = False
    into: bool = False
    asks: tuple[Asked, ...] = ()
    why: WhyNot | None = None
    offered: Kept | None = field(default=None)

    @property
    def ready(self) -> bool:
        """Whether nothing stands in its way."""
        return self.why is None


def next_acts(record: Record, person: Person | None, chosen: str | None, now_ms: int) -> list[NextAct]:
    """
    Return what *person* may do with *record*, in the order of the declaration.

    Args:
        chosen: The role he works in just now; None: any that he holds where the record lies.
        now_ms: By the tablet's corrected clock.
    """
    kind = kind_of(record.type)
    machine = MACHINES.get(kind.machine)
    if machine is None or person is None or record.void or kind.workflow_field is None:
        return []
    state = str(record.get(kind.workflow_field))
    roles = _roles(record, person, chosen)
    found: dict[str, NextAct] = {}
    for role in sorted(roles, key=lambda role: role.rank):
        for known in machines.open_to(machine, record.fields, state, role):
            before = found.get(known.name)
            if before is None or not before.ready:
                why = _in_the_way(known, record, person, role, now_ms)
                found[known.name] = _told(known, record, why)
    return [found[name] for name in machine.acts if name in found]


def hindered(record: Record, person: Person, asked: Act, now_ms: int) -> WhyNot | None:
    """Return what stands in the way of *asked* with all that came along, such as the date he named; None: nothing."""
    machine = MACHINES.get(kind_of(record.type).machine)
    known = machine.acts.get(asked.name) if machine else None
    if known is None:
        return None
    roles = sorted(_roles(record, person, None), key=lambda role: role.rank)
    found = [_in_the_way(known, record, person, role, now_ms, asked) for role in roles if role in known.roles]
    return found[0] if found and None not in found else None


def kept_submission(record: Record) -> Kept | None:
    """Return the last submission of a case in work that was kept since one was carried out, or None."""
    if record.get("status") not in _IN_WORK:
        return None
    done = [entry["at"] for entry in record.get(TIMELINE, ()) if entry["act"] == SUBMIT]
    since = max(done, default=[0, 0])
    kept = [entry for entry in record.get("late_acts", ()) if entry["act"] == SUBMIT and entry["at"] > since]
    if not kept:
        return None
    last = max(kept, key=lambda entry: entry["at"])
    ms, counter = last["at"]
    return Kept(last["by"], (ms, counter), dict(last.get("details", {})), tuple(last.get("evidence", ())))


def is_provisional(record: Record) -> bool:
    """Say whether the state shown is only what the tablet expects 暂定: the office has not spoken on an act."""
    return bool(record.acts)


def due_is_provisional(record: Record) -> bool:
    """Say whether the time allowed is still to be fixed by the office 时限暂定."""
    machine = MACHINES.get(kind_of(record.type).machine)
    reckoned = any(machine.acts[name].clock for name in record.acts if name in machine.acts) if machine else False
    return reckoned or (record.get("status") in _IN_WORK and record.get("due_at") is None)


def _roles(record: Record, person: Person, chosen: str | None) -> set[Role]:
    held = {each.role for each in person.roles if grid.lies_in(record.grid, each.area)}
    return {Role(role) for role in held if role in set(Role) and chosen in (None, role)}


def _in_the_way(
    known: Step, record: Record, person: Person, role: Role, now_ms: int, asked: Act | None = None
) -> WhyNot | None:
    if known.by_holder and not may_be_in_charge(record, person, role):
        return _NOT_YOURS
    # Where nothing is filled in yet, what the guards say of it is said when it is.
    doing = Doing(asked or Act(known.name), person.id, role, (now_ms, 0), _maker_of(record))
    return next((why for guard in known.guards if (why := guard(record.fields, doing)) is not None), None)


def _maker_of(record: Record) -> str | None:
    """Return who put it right on the spot, where the tablet can tell: nobody has taken an act since."""
    return None if record.get(TIMELINE) else record.by


def may_be_in_charge(record: Record, person: Person, role: Role | None = None) -> bool:
    """
    Say whether *person* works for a unit that answers for the case, by all the tablet knows.

    For which department somebody acts, only the office knows.

    Args:
        role: As what; None: as anything he is.
    """
    units = [unit for unit in (record.get("lead"), *record.get("assist", ())) if unit]
    held = [each for each in person.roles if role is None or each.role == role.value]
    return any(
        grid.lies_in(each.area, unit) if grid.is_code(unit) else each.role == Role.DEPARTMENT.value
        for unit in units
        for each in held
    )


def _told(known: Step, record: Record, why: WhyNot | None) -> NextAct:
    return NextAct(
        known.name, known.zh, known.en, known.target, known.needs_reason, known.needs_evidence, known.needs_into,
        tuple(_asked(known)), why, kept_submission(record) if known.name == SUBMIT else None,
    )  # fmt: skip


def _asked(known: Step) -> Iterable[Asked]:
    return (Asked(name, shape.metadata.get("label", name), shape.required) for name, shape in known.takes.items())
