"""
What somebody may do with a case now 可办操作, what each act needs, and why the others are not possible.

Pure. It judges as the taking in does, so that nothing is offered which would then be refused.
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from schemas import machines
from schemas.fields import Choice
from schemas.machines import Doing, Fields, Step, WhyNot
from schemas.mutations import Act
from schemas.registry import TYPES
from schemas.roles import Role
from schemas.workflow import CASE
from server.core import acts, admission
from server.core.desk.reading import role_zh
from server.core.in_charge import not_in_charge
from server.values import Person, Record

#: What the clocks say against an act; see ``server.core.acts.Timekeeper``.
Hinders = Callable[[Step, Fields, Doing], WhyNot | None]

_VOIDED = WhyNot("voided", "已作废", "the case was voided")
_STOPPED = WhyNot("person_stopped", "账号已停用", "the account was stopped")
_ELSEWHERE = WhyNot("outside_area", "不在此人的责任区域内", "outside this person's area")


class Detail(Struct, frozen=True):
    """
    One thing that comes along with an act.

    ``kind`` is the name of its shape (``unit``, ``instant``, ``day``, ``choice``, ``text``, ``whole``, ``id``,
    ``many``); ``choices`` are the words of a choice with their Chinese names.
    """

    name: str
    label_zh: str
    kind: str
    required: bool
    choices: dict[str, str] | None


class NextAct(Struct, frozen=True):
    """
    One act, and whether it is possible now.

    Attributes:
        role: As what the person would do it; null where he may not.
        leads_to: The state it leads to; null where that stays as it is.
        why_code, why_zh, why_en: Why it is not possible; nothing where it is.
    """

    act: str
    zh: str
    en: str
    possible: bool
    role: str | None
    role_zh: str
    leads_to: str | None
    leads_to_zh: str
    needs_reason: bool
    needs_photo: bool
    needs_into: bool
    details: list[Detail]
    why_code: str
    why_zh: str
    why_en: str


def next_acts(record: Record, person: Person, now_ms: int, hinders: Hinders) -> list[NextAct]:
    """Return every act of the workflow, in its order, as it stands for *person* at the moment *now_ms*."""
    return [_told(step, *judged(record, person, Act(step.name), now_ms, hinders)) for step in CASE.acts.values()]


def judged(
    record: Record, person: Person, act: Act, now_ms: int, hinders: Hinders, role: Role | None = None
) -> tuple[Role | None, WhyNot | None]:
    """
    Return as what *person* may do *act* now, or why he may not.

    Args:
        act: With what comes along with it, as far as that is known; what is missing of it is no hindrance here.
        role: As what he wants to do it; None: as whatever fits, the weightiest first.

    Returns:
        The role, and None; or None, and what stands in the way.
    """
    if record.void:
        return None, _VOIDED
    if person.stopped_ms is not None:
        return None, _STOPPED
    roles = [one for one in _roles(person, record.grid, now_ms) if role in (None, one)]
    whys = []
    for one in roles:
        why = _in_the_way(record, person, act, one, now_ms, hinders)
        if why is None:
            return one, None
        whys.append(why)
    # Of two roles the one that may in general, only not now, says more.
    return None, next((why for why in whys if why.code != "not_allowed"), whys[0] if whys else _ELSEWHERE)


def _roles(person: Person, place: str, now_ms: int) -> Iterable[Role]:
    held = {role for role in admission.PERMISSIONS["case", "act"] if admission.holds(person, role, place, now_ms)}
    return sorted(held, key=lambda role: (-role.rank, role.value))


def _in_the_way(record: Record, person: Person, act: Act, role: Role, now_ms: int, hinders: Hinders) -> WhyNot | None:
    fields = record.fields
    doing = Doing(act, person.id, role, (now_ms, 0), acts.fixer_of(record))
    verdict = machines.verdict(CASE, fields, str(fields.get(TYPES["case"].workflow_field or "")), doing)
    if isinstance(verdict, WhyNot):
        return verdict
    return not_in_charge(verdict, fields, person, role, now_ms) or hinders(verdict, fields, doing)


def _told(step: Step, role: Role | None, why: WhyNot | None) -> NextAct:
    return NextAct(
        step.name, step.zh, step.en, why is None, role.value if role else None, role_zh(role), step.target,
        CASE.states[step.target] if step.target else "", step.needs_reason, step.needs_evidence, step.needs_into,
        [_detail(name, shape) for name, shape in step.takes.items()],
        why.code if why else "", why.zh if why else "", why.en if why else "",
    )  # fmt: skip


def _detail(name: str, shape: Any) -> Detail:
    choices = dict(shape.labels) if isinstance(shape, Choice) else None
    label = str(shape.metadata.get("label", name))
    return Detail(name, label, type(shape).__name__.lower(), bool(shape.required), choices)
