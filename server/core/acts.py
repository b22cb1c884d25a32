"""
Acts of a workflow 流程操作: a legal one is applied with its own time, any other is kept and shown.

A step made offline is a request. Whether it is legal depends on the state the office has reached
meanwhile, and so, knowingly, on the order of arrival; but an act is never dropped.
"""

from schemas import workflow
from schemas.mutations import Act, Mutation
from schemas.problems import Refusal
from schemas.records import RecordType
from schemas.rules import Candidate, Workflow
from schemas.workflow import WhyNot
from server.core.decisions import Decision
from server.values import PENDING, Author, Record

LATE_ACTS = "late_acts"


def act(record: Record, kind: RecordType, mutation: Mutation, author: Author) -> list[Decision]:
    """
    Carry out the act of *mutation* on *record*, or keep it as a late act.

    Raises:
        Refusal: ``act_unknown``, ``not_allowed`` or ``act_incomplete``: what no state would make legal.
    """
    asked, name = mutation.act, kind.workflow_field
    if asked is None or name is None:
        raise Refusal("act_unknown", act=asked.name if asked else "")
    verdict = _verdict(record, kind, asked, author)
    # Never quiet: a tablet shows an act as asked for until the office's word on it comes down.
    record.sign(mutation.by, author, mutation.base, quiet=False)
    if isinstance(verdict, str):
        record.fields[name] = verdict
        return []
    return [_keep_late(record, name, asked, verdict, mutation, author)]


def _verdict(record: Record, kind: RecordType, asked: Act, author: Author) -> str | WhyNot:
    machine = workflow.MACHINES[kind.machine]
    if author.role is None:
        raise Refusal("not_allowed", what=asked.name)
    verdict = workflow.step(machine, str(record.fields.get(kind.workflow_field or "")), asked.name, author.role)
    if isinstance(verdict, WhyNot) and verdict.code != "not_in_this_state":
        raise Refusal(verdict.code, act=asked.name, what=asked.name)
    missing = workflow.lacking(machine, asked.name, reason=asked.reason, evidence=len(asked.evidence))
    if missing is not None:
        raise Refusal("act_incomplete", why_zh=missing.zh, why_en=missing.en)
    return verdict


def _keep_late(record: Record, name: str, asked: Act, why: WhyNot, mutation: Mutation, author: Author) -> Decision:
    state = record.fields.get(name)
    entry = {
        "act": asked.name, "state": state, "zh": why.zh, "en": why.en, "by": mutation.by,
        "at": [author.stamp.ms, author.stamp.counter], "reason": asked.reason, "evidence": asked.evidence,
    }  # fmt: skip
    record.fields.setdefault(LATE_ACTS, []).append(entry)
    shown = Candidate(state, record.origin.stamp, record.origin.by, PENDING)
    requested = Candidate(asked.name, author.stamp, mutation.by, author.rank, PENDING)
    return Decision(name, Workflow.name, "late_action", "set_aside", shown, (shown, requested))
