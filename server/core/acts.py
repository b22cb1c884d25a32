"""
Acts of a workflow 流程操作: a legal one is applied with its own time, any other is kept and shown.

A step made offline is a request. Whether it is legal depends on the state the office has reached
meanwhile, and so, knowingly, on the order of arrival; but an act is never dropped. Only where two people
took a step from one state without knowing of each other does the order not matter: the higher rank
prevails, among equals the stricter act.
"""

from typing import Any, Protocol

from schemas import machines
from schemas.machines import LAST_ACT, TIMELINE, Clock, Doing, Fields, Machine, Step, WhyNot
from schemas.mutations import Act, Mutation
from schemas.problems import Refusal
from schemas.records import RecordType
from schemas.rules import Candidate, Workflow
from schemas.workflow import MACHINES
from server.core.decisions import Decision, note
from server.values import PENDING, Author, Record

LATE_ACTS = "late_acts"
MERGED_INTO = "merged_into"
#: Why an act was set aside: the state of the day, or a condition of the act itself.
LATE, NOT_MET = "late_action", "not_met"
#: Why the time allowed was written.
RECKONED = "reckoned"
#: What no state and no time would make legal.
_FOR_GOOD = frozenset({"act_unknown", "not_allowed", "not_in_charge"})
MAIN_OVER = WhyNot("main_over", "主案已了结或作废，不能并入", "the case it should go into is over, or was voided")
MAIN_ELSEWHERE = WhyNot(
    "main_elsewhere", "主案不在责任区域内，由区创卫办并案", "the case it should go into lies outside this person's area"
)
LEADS_BACK = WhyNot("leads_back", "主案已并入本案", "the case it should go into went into this one")
_OF_THE_STATE = frozenset({"not_in_this_state", "leads_back"})
#: Where the state stands in the way, what led to it may have to give way.
_CONTENDING = frozenset({"not_in_this_state", "not_yours_in_this_state"})
#: What an act came up against is another's word, and he hears of it.
_AGAINST_THE_LAST = frozenset({"taken_unawares", "reassigned"})
#: What was in the record before its last act, kept beside it: an act that is overruled leaves no trace.
_UNDO = "undo"


class Timekeeper(Protocol):
    """Whoever reckons the time allowed 时限; the office alone does."""

    def reckon(self, clock: Clock, before: Fields, after: Fields, doing: Doing) -> Fields:
        """
        Return what *doing* makes of the time allowed: values by field, None to take one away.

        Args:
            clock: What the act does to it.
            before, after: The case's fields without and with what the act writes.
        """

    def hinders(self, known: Step, fields: Fields, doing: Doing) -> WhyNot | None:
        """Return what the clocks say against the act *known*, or None."""

    def regraded(self, before: Fields, after: Fields) -> Fields:
        """Return what a change of class, severity or road grade makes of the time allowed."""


def act(
    record: Record,
    kind: RecordType,
    mutation: Mutation,
    author: Author,
    *,
    in_the_way: WhyNot | None = None,
    times: Timekeeper | None = None,
) -> list[Decision]:
    """
    Carry out the act of *mutation* on *record*, or keep it as a late act.

    Args:
        in_the_way: What only the office can see: that the case is another unit's, that the record an act
            leads into has itself gone into this one (two people joined a pair the two ways round).
        times: Reckons the time allowed; without, it stays as it is.

    Raises:
        Refusal: ``act_unknown``, ``not_allowed``, ``not_in_charge`` or ``act_incomplete``: what no state
            would make legal.
    """
    asked, name = mutation.act, kind.workflow_field
    if asked is None or name is None:
        raise Refusal("act_unknown", act=asked.name if asked else "")
    asking = _Asking(record, kind, mutation, author, asked, name, times)
    verdict = asking.verdict()
    if isinstance(verdict, Step) and in_the_way is not None:
        if in_the_way.code in _FOR_GOOD:
            raise Refusal(in_the_way.code, what=asked.name, why_zh=in_the_way.zh, why_en=in_the_way.en)
        verdict = in_the_way
    # Never quiet: a tablet shows an act as asked for until the office's word on it comes down.
    record.sign(mutation.by, author, mutation.base, quiet=False)
    last = asking.rival(verdict)
    if last is not None:
        return asking.settle(last, verdict, in_the_way)
    return asking.carry_out(verdict) if isinstance(verdict, Step) else [asking.come_late(verdict)]


class _Asking:
    """One act somebody asks for, and the record it is asked of."""

    def __init__(
        self,
        record: Record,
        kind: RecordType,
        mutation: Mutation,
        author: Author,
        asked: Act,
        name: str,
        times: Timekeeper | None,
    ) -> None:
        self.record, self.author, self.asked, self.name, self.times = record, author, asked, name, times
        self.base, self.by = mutation.base, mutation.by
        self.machine: Machine = MACHINES[kind.machine]
        self.state = str(record.fields.get(name))
        self.last: Candidate | None
        [self.last] = record.marks.values.get(name + LAST_ACT, (None,))
        unseen = self.last.value["act"] if self.last is not None and not self._saw(self.last) else None
        at = (author.stamp.ms, author.stamp.counter)
        self.doing = Doing(asked, mutation.by, author.role, at, fixer_of(record), unseen)

    def verdict(self) -> Step | WhyNot:
        """Return the act, if it may be carried out, or why it leads nowhere from here."""
        if self.author.role is None:
            raise Refusal("not_allowed", what=self.asked.name)
        verdict = machines.verdict(self.machine, self.record.fields, self.state, self.doing)
        if isinstance(verdict, WhyNot) and verdict.code in _FOR_GOOD:
            raise Refusal(verdict.code, act=self.asked.name, what=self.asked.name)
        missing = machines.lacking(self.machine, self.asked)
        if missing is not None:
            raise Refusal("act_incomplete", why_zh=missing.zh, why_en=missing.en)
        return verdict

    def carry_out(self, known: Step, came_from: str | None = None) -> list[Decision]:
        """Write what the act *known* writes, and remember it as the last that moved the record."""
        fields, came_from = self.record.fields, came_from or self.state
        before = dict(fields)
        machines.write(fields, machines.written(known, fields, self.doing, self.name, came_from))
        if known.target is None:
            return self._reckoned(known, before)
        machines.write(fields, {MERGED_INTO: self.asked.into})
        decisions = self._reckoned(known, before)
        told = self._told(came_from) | {_UNDO: _undo(before, fields, self.name)}
        self.record.marks.values[self.name + LAST_ACT] = (self._candidate(told),)
        return decisions

    def _reckoned(self, known: Step, before: Fields) -> list[Decision]:
        """Write what becomes of the time allowed; nobody is told, but the history keeps it."""
        if known.clock is None or self.times is None:
            return []
        sets = self.times.reckon(known.clock, before, self.record.fields, self.doing)
        return reckoned(self.record, sets, self._candidate(None))

    def rival(self, verdict: Step | WhyNot) -> Candidate | None:
        """
        Return the last act, where neither author knew of the other and both set out from one state; or None.

        An act that is legal all the same takes the last one's place only where it is declared the stricter; it
        follows upon the last one, but for the same act once more, and upon the word of a higher rank.
        """
        last, known = self.last, self.machine.acts[self.asked.name]
        if last is None or self._saw(last) or last.value["from"] not in known.sources or known.target is None:
            return None
        if isinstance(verdict, Step):
            again = last.value["act"] == self.asked.name and last.rank == self.author.rank
            contends = last.value["act"] in known.over or last.rank > self.author.rank or again
        else:
            contends = verdict.code in _CONTENDING
        return last if contends else None

    def settle(self, last: Candidate, verdict: Step | WhyNot, in_the_way: WhyNot | None) -> list[Decision]:
        """Settle between this act and *last*, whose authors did not know of each other."""
        known = self.machine.acts[self.asked.name]
        new = self._candidate(self._told(last.value["from"]))
        wins = machines.prevails(self.machine, self.asked.name, new.rank, last.value["act"], last.rank)
        why = self._why_not_instead(last) or in_the_way if wins else None
        if why is not None:
            if isinstance(verdict, Step):
                return self.carry_out(verdict)
            return [self.come_late(verdict if why.code in _FOR_GOOD | _OF_THE_STATE else why)]
        reckoned: list[Decision] = []
        if wins:
            reckoned = self._overrule(last, known)
        else:
            self._keep(self._told(last.value["from"]), new, _overruled_by(self.machine, last.value["act"]))
            machines.write(self.record.fields, known.beside(self.record.fields, self.doing))
        reason = self._reason(last, wins=wins)
        winner, other = (_named(new), _named(last)) if wins else (_named(last), _named(new))
        outcome = "kept" if wins else "set_aside"
        # Somebody overruled before may stand by another act than he was told.
        hearers = tuple(sorted({entry["by"] for entry in self.record.fields.get(LATE_ACTS, ())}))
        decision = Decision(
            self.name, Workflow.name, reason, outcome, winner, (winner, other), standing=(winner, other), notice=True,
            hearers=hearers,
        )  # fmt: skip
        return [decision, *reckoned]

    def come_late(self, why: WhyNot) -> Decision:
        """Keep the act beside the record; of an office's only what it says beside its own matter is written."""
        known = self.machine.acts[self.asked.name]
        if why.code in _CONTENDING and not known.by_holder:
            machines.write(self.record.fields, known.beside(self.record.fields, self.doing))
        self._keep(self._told(self.state), self._candidate(None), why)
        origin = self.record.origin
        shown = Candidate(self.state, origin.stamp, origin.by, PENDING)
        asked = self._candidate(self.asked.name)
        of_the_state = why.code in _OF_THE_STATE
        facts = {} if of_the_state else {"code": why.code, "why_zh": why.zh, "why_en": why.en}
        return Decision(
            self.name, Workflow.name, LATE if of_the_state else NOT_MET, "set_aside", shown, (shown, asked),
            standing=(shown, asked), notice=True, facts=facts, hearers=self._concerned(why),
        )  # fmt: skip

    def _concerned(self, why: WhyNot) -> tuple[str, ...]:
        """Return whose word the act came up against, and who has the case in hand now."""
        if self.last is None or why.code not in _AGAINST_THE_LAST:
            return ()
        owner = self.record.fields.get("owner_person")
        return (self.last.by, owner) if owner else (self.last.by,)

    def _why_not_instead(self, last: Candidate) -> WhyNot | None:
        """Return why the act could not have been taken in the place of *last*, by all that stands in the record."""
        fields = self.record.fields | last.value.get(_UNDO, {})
        fields = {name: value for name, value in fields.items() if value is not None}
        doing = self.doing._replace(unseen=None)
        found = machines.verdict(self.machine, fields, last.value["from"], doing)
        return found if isinstance(found, WhyNot) else None

    def _saw(self, last: Candidate) -> bool:
        return last.stamp.device == self.author.hand or PENDING < last.version <= self.base

    def _overrule(self, last: Candidate, known: Step) -> list[Decision]:
        before, now = (_overruled_by(self.machine, act) for act in (last.value["act"], self.asked.name))
        fields, at = self.record.fields, (last.stamp.ms, last.stamp.counter)
        fields[TIMELINE] = machines.without(fields, last.value["act"], at, last.by)
        since = max((one["at"] for one in fields[TIMELINE] if one["from"] != one["to"]), default=[0, 0])
        machines.write(fields, last.value.get(_UNDO, {}))
        reckoned = self.carry_out(known, last.value["from"])
        self.state = str(fields[self.name])
        # Whoever was first: what the last act had overruled, this one overrules with it.
        for entry in fields.get(LATE_ACTS, ()):
            if entry["zh"] == before.zh and entry["at"] > since:
                entry.update(state=self.state, zh=now.zh, en=now.en)
                self._stand_beside(entry, entry["by"], tuple(entry["at"]))
        self._keep(last.value, last, now)
        self._stand_beside(last.value, last.by, at)
        return reckoned

    def _stand_beside(self, told: Fields, by: str, at: tuple[int, int]) -> None:
        """Write what an act that was overruled still writes."""
        fields, overruled = self.record.fields, Doing(_act_of(told), by, None, at)
        machines.write(fields, self.machine.acts[told["act"]].beside(fields, overruled))

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
        entry |= {"details": told["details"]} if told.get("details") else {}
        late = self.record.fields.setdefault(LATE_ACTS, [])
        late.append(entry)
        late.sort(key=lambda one: (one["at"], one["by"], one["act"]))

    def _told(self, came_from: str) -> dict[str, Any]:
        asked = self.asked
        told = {"act": asked.name, "from": came_from, "reason": asked.reason, "evidence": list(asked.evidence)}
        return told | ({"details": asked.details} if asked.details else {})

    def _candidate(self, value: Any) -> Candidate:
        author = self.author
        return Candidate(value, author.stamp, self.by, author.rank, PENDING, author.as_claimed)


def reckoned(record: Record, sets: Fields, whose: Candidate) -> list[Decision]:
    """Write what became of the time allowed, and return what the history keeps of it."""
    if not sets:
        return []
    machines.write(record.fields, sets)
    kept = whose._replace(value=record.fields.get("due_at"))
    return [note("due_at", "office_sets_due", RECKONED, kept, sets=sets, tells=(), silent=True)]


def fixer_of(record: Record) -> str:
    """Return who said that it was put right on the spot: its maker, where nobody else wrote that."""
    return next((said.by for said in record.marks.values.get("fixed_on_spot", ())), record.origin.by)


def _act_of(told: Fields) -> Act:
    return Act(told["act"], told["evidence"], told["reason"], details=told.get("details", {}))


def _undo(before: Fields, after: Fields, name: str) -> Fields:
    """Return what has to be written over *after* to have *before* again, but for the state and the timeline."""
    changed = {one for one in before.keys() | after.keys() if before.get(one) != after.get(one)}
    return {one: before.get(one) for one in sorted(changed - {name, TIMELINE})}


def _named(candidate: Candidate) -> Candidate:
    return candidate._replace(value=candidate.value["act"])


def _overruled_by(machine: Machine, act: str) -> WhyNot:
    known = machine.acts[act]
    return WhyNot("overruled", f"另有人已{known.zh}，以其为准", f"overruled by another's {known.en}")
