"""
Which choices a person has over a dispute right now 可选方式: none that would be refused, none that would not stand.

Pure. Whoever asks for another choice all the same is answered when he tries: this only says what is worth
showing him.
"""

from collections.abc import Mapping

from schemas import machines, workflow
from schemas.clock import Stamp
from schemas.machines import Step
from schemas.mutations import Mutation, SettlingChoice
from schemas.problems import Refusal
from schemas.records import TYPES
from schemas.roles import Role
from schemas.rules import Candidate, RuleTable
from server.core import admission
from server.core.decisions import DUPLICATE
from server.core.desk.settling import POSSIBLE, Asked, Dispute, shown_of, signed, why_not_again, written
from server.values import Person, Record

_DESK = "desk"
#: Whatever is written by hand differs from what stands there.
_SOMETHING = object()


def offered(dispute: Dispute, records: Mapping[str, Record], person: Person, now_ms: int) -> tuple[SettlingChoice, ...]:
    """Return what *person* may choose over *dispute* at the moment *now_ms*, in the order to show it in."""
    if dispute.type not in TYPES or dispute.record not in records or person.stopped_ms is not None:
        return ()
    trying = _Trying(dispute, records, person, now_ms)
    settling = tuple(choice for choice in POSSIBLE[dispute.kind] if trying.stands(choice))
    if dispute.open:
        return settling
    again = settling and why_not_again(dispute, records) is None and trying.stands("reopen")
    return ("reopen",) if again else ()


def may_settle(dispute: Dispute, choice: str) -> tuple[Role, ...]:
    """Return the roles that may take *choice* over *dispute* somewhere, the nearest first."""
    kind = DUPLICATE if choice == "reopen" else dispute.kind
    op = "act" if dispute.type == "case" and choice == "merge" else "patch"
    roles = admission.SETTLING[kind] & admission.PERMISSIONS.get((dispute.type, op), {}).keys()
    return tuple(sorted(roles, key=lambda role: (role.rank, role.value)))


class _Trying:
    """One person, and what would become of his choices."""

    def __init__(self, dispute: Dispute, records: Mapping[str, Record], person: Person, now_ms: int) -> None:
        self._dispute, self._records, self._person, self._now_ms = dispute, records, person, now_ms

    def stands(self, choice: SettlingChoice) -> bool:
        """Say whether *choice* would be taken in, and would then be what is shown."""
        try:
            mutation = self._mutation(choice)
            record = self._records[mutation.id]
            role = self._role(mutation, record)
        except Refusal:
            return False
        if admission.is_locked(record, mutation, role, self._now_ms):
            return False
        return _leads_on(mutation, record, role) and self._outweighs(mutation, record, role)

    def _mutation(self, choice: SettlingChoice) -> Mutation:
        dispute = self._dispute
        words = dict.fromkeys(range(len(dispute.candidates)), "")
        writing = written(dispute, self._asked(choice), self._records, words)
        stamp = Stamp(self._now_ms, 0, _DESK)
        return signed(writing, dispute, Asked(choice), self._records, self._person.id, 1, stamp)

    def _asked(self, choice: SettlingChoice) -> Asked:
        dispute = self._dispute
        if choice == "hand":
            shown = shown_of(self._records[dispute.record], dispute.field).value
            some = dict.fromkeys(shown, _SOMETHING) if isinstance(shown, dict) else _SOMETHING
            return Asked(choice, value=(some,))
        if choice not in ("choose", "accept"):
            return Asked(choice)
        shown = shown_of(self._records[dispute.record], dispute.field).value
        others = [place for place, one in enumerate(dispute.candidates) if one.value != shown]
        return Asked(choice, candidate=others[0] if others else len(dispute.candidates))

    def _role(self, mutation: Mutation, record: Record) -> Role:
        role = admission.acting_role(self._person, mutation, record.grid, self._now_ms)
        admission.check_reach(record, mutation, role)
        admission.check_settling(mutation, role, self._dispute.kind)
        return role

    def _outweighs(self, mutation: Mutation, record: Record, role: Role) -> bool:
        """Say whether what is written prevails over what stands there, all of which the clerk has seen."""
        rules = TYPES[record.type].rules
        stamp = Stamp(max(self._now_ms, record.at.ms), 0, _DESK)
        return all(
            _prevails(rules, name, Candidate(value, stamp, mutation.by, role.rank), record)
            for name, value in mutation.set.items()
        )


def _prevails(rules: RuleTable, name: str, new: Candidate, record: Record) -> bool:
    rule = rules.of(rules.groups.get(name, name))
    replaces = getattr(rule, "supersedes", None)
    return replaces is not None and all(one.value == new.value or replaces(new, one) for one in _at(record, name))


def _at(record: Record, name: str) -> tuple[Candidate, ...]:
    """Return what stands at the field *name*: nothing where nobody ever wrote it."""
    if name in record.marks.values:
        return record.marks.values[name]
    stamp, by, rank, firm = record.origin
    at_first = Candidate(record.fields.get(name), stamp, by, rank, record.born, firm, first=True)
    return (at_first,) if name in record.fields else ()


def _leads_on(mutation: Mutation, record: Record, role: Role) -> bool:
    if mutation.act is None:
        return True
    kind = TYPES[record.type]
    state = str(record.fields.get(kind.workflow_field or ""))
    return isinstance(machines.step(workflow.MACHINES[kind.machine], state, mutation.act.name, role), Step)
