"""
Acts of a workflow 流程操作: a legal one is applied with its own time, any other is kept and shown.

A step made offline is a request. Whether it is legal depends on the state the office has reached
meanwhile, and so, knowingly, on the order of arrival; but an act is never dropped. Only where two people
took a step from one state without knowing of each other does the order not matter: the higher rank
prevails, among equals the stricter act.
"""

from typing import Any

from schemas import workflow
from schemas.mutations import Act, Mutation
from schemas.problems import Refusal
from schemas.records import RecordType
from schemas.rules import Candidate, Workflow
from schemas.workflow import LAST_ACT, Machine, WhyNot
from server.core.decisions import Decision
from server.values import PENDING, Author, Record

LATE_ACTS = "late_acts"
MERGED_INTO = "merged_into"


def act(
    record: Record, kind: RecordType, mutation: Mutation, author: Author, *, leads_back: bool = False
) -> list[Decision]:
    """
    Carry out the act of *mutation* on *record*, or keep it as a late act.

    Args:
        leads_back: The record it leads into has itself gone into this one: two people joined a pair the
            two ways round, and the first stays.

    Raises:
        Refusal: ``act_unknown``, ``not_allowed`` or ``act_incomplete``: what no state would make legal.
    """
    asked, name = mutation.act, kind.workflow_field
    if asked is None or name is None:
        raise Refusal("act_unknown", act=asked.name if asked else "")
    asking = _Asking(record, kind, mutation, author, asked, name)
    verdict = asking.verdict()
    if leads_back and isinstance(verdict, str):
        verdict = WhyNot("leads_back", "主案已并入本案", "the case it should go into went into this one")
    # Never quiet: a tablet shows an act as asked for until the office's word on it comes down.
    record.sign(mutation.by, author, mutation.base, quiet=False)
    if isinstance(verdict, str):
        asking.carry_out(verdict)
        return []
    return [asking.settle_rivals() or asking.keep_late(verdict)]


class _Asking:
    """One act somebody asks for, and the record it is asked of."""

    def __init__(
        self, record: Record, kind: RecordType, mutation: Mutation, author: Author, asked: Act, name: str
    ) -> None:
        self.record, self.author, self.asked, self.name = record, author, asked, name
        self.base, self.by = mutation.base, mutation.by
        self.machine: Machine = workflow.MACHINES[kind.machine]
        self.state = str(record.fields.get(name))

    def verdict(self) -> str | WhyNot:
        """Return the state the act leads to, or why it leads nowhere from here."""
        asked, author = self.asked, self.author
        if author.role is None:
            raise Refusal("not_allowed", what=asked.name)
        verdict = workflow.step(self.machine, self.state, asked.name, author.role)
        if isinstance(verdict, WhyNot) and verdict.code != "not_in_this_state":
            raise Refusal(verdict.code, act=asked.name, what=asked.name)
        missing = workflow.lacking(
            self.machine, asked.name, reason=asked.reason, evidence=len(asked.evidence), into=asked.into
        )
        if missing is not None:
            raise Refusal("act_incomplete", why_zh=missing.zh, why_en=missing.en)
        return verdict

    def carry_out(self, target: str, came_from: str | None = None) -> None:
        """Move the record to the state *target*, and remember by which act."""
        fields = self.record.fields
        self.record.marks.values[self.name + LAST_ACT] = (self._candidate(self._told(came_from or self.state)),)
        fields[self.name] = target
        fields.pop(MERGED_INTO, None)
        if self.asked.into is not None:
            fields[MERGED_INTO] = self.asked.into

    def settle_rivals(self) -> Decision | None:
        """Settle between this act and the last one, where their authors did not know of each other."""
        [last] = self.record.marks.values.get(self.name + LAST_ACT, (None,))
        if last is None or self._saw(last) or last.value["from"] not in self._step.sources:
            return None
        new = self._candidate(self._told(last.value["from"]))
        wins = workflow.prevails(self.machine, self.asked.name, new.rank, last.value["act"], last.rank)
        if wins:
            self._overrule(last)
        else:
            self._keep(self._told(last.value["from"]), new, _overruled_by(self.machine, last.value["act"]))
        reason = self._reason(last, wins=wins)
        winner, other = (_named(new), _named(last)) if wins else (_named(last), _named(new))
        outcome = "kept" if wins else "set_aside"
        # Somebody overruled before may stand by another act than he was told.
        hearers = tuple(sorted({entry["by"] for entry in self.record.fields.get(LATE_ACTS, ())}))
        return Decision(
            self.name, Workflow.name, reason, outcome, winner, (winner, other), standing=(winner, other), notice=True,
            hearers=hearers,
        )  # fmt: skip

    def keep_late(self, why: WhyNot) -> Decision:
        """Keep the act beside the record, which it does not change."""
        self._keep(self._told(self.state), self._candidate(None), why)
        shown = Candidate(self.state, self.record.origin.stamp, self.record.origin.by, PENDING)
        asked = self._candidate(self.asked.name)
        return Decision(
            self.name, Workflow.name, "late_action", "set_aside", shown, (shown, asked), standing=(shown, asked),
            notice=True,
        )  # fmt: skip

    @property
    def _step(self) -> workflow.Step:
        return self.machine.acts[self.asked.name]

    def _saw(self, last: Candidate) -> bool:
        return last.stamp.device == self.author.hand or PENDING < last.version <= self.base

    def _overrule(self, last: Candidate) -> None:
        before, now = (_overruled_by(self.machine, act) for act in (last.value["act"], self.asked.name))
        self.carry_out(self._step.target, last.value["from"])
        self.state = self._step.target
        # Whoever was first: what the last act had overruled, this one overrules with it.
        for entry in self.record.fields.get(LATE_ACTS, ()):
            if entry["zh"] == before.zh:
                entry.update(state=self.state, zh=now.zh, en=now.en)
        self._keep(last.value, last, now)

    def _reason(self, last: Candidate, *, wins: bool) -> str:
        if last.rank != self.author.rank:
            return "higher_rank"
        stricter = wins or self.asked.name in self.machine.acts[last.value["act"]].over
        return "stricter_wins" if stricter else "came_second"

    def _keep(self, told: dict[str, Any], whose: Candidate, why: WhyNot) -> None:
        entry = {
            "act": told["act"], "state": self.state, "zh": why.zh, "en": why.en, "by": whose.by,
            "at": [whose.stamp.ms, whose.stamp.counter], "reason": told["reason"], "evidence": told["evidence"],
        }  # fmt: skip
        late = self.record.fields.setdefault(LATE_ACTS, [])
        late.append(entry)
        late.sort(key=lambda one: (one["at"], one["by"], one["act"]))

    def _told(self, came_from: str) -> dict[str, Any]:
        asked = self.asked
        return {"act": asked.name, "from": came_from, "reason": asked.reason, "evidence": list(asked.evidence)}

    def _candidate(self, value: Any) -> Candidate:
        author = self.author
        return Candidate(value, author.stamp, self.by, author.rank, PENDING, author.as_claimed)


def _named(candidate: Candidate) -> Candidate:
    return candidate._replace(value=candidate.value["act"])


def _overruled_by(machine: Machine, act: str) -> WhyNot:
    known = machine.acts[act]
    return WhyNot("overruled", f"另有人已{known.zh}，以其为准", f"overruled by another's {known.en}")
