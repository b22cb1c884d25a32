"""
Whether what a check stood on has moved 依据已调整 (situation ``form_at_time``): a soft conflict.

No field collides: the worker copied the road's grade, the office changed it. The check keeps its copy and
its score; that the register says otherwise is written beside it.
"""

from schemas.records import TYPES
from schemas.rules import DAY_MS, Candidate
from server.core.decisions import Decision, note
from server.core.noting import standing
from server.values import Record

RULE, REASON = "form_at_time", "basis_changed"
FIELD = "basis_changed"


def moved(check: Record, subject: Record | None) -> list[str]:
    """
    Return the copied fields about which the register says otherwise, sorted.

    A change counts that was made before the check, or up to a day after it: what was decided later is
    no ground the worker could have stood on.
    """
    if subject is None:
        return []
    reads = TYPES[check.type].schema.reads
    return sorted(own for own, theirs in reads.items() if _differs(check, own, subject, theirs))


def told(check: Record, own: str, subject: Record, sets: dict[str, list[str]]) -> Decision:
    """Return the decision for the copied field *own*; *sets* is what is written beside it."""
    theirs = TYPES[check.type].schema.reads[own]
    origin = check.origin
    kept = Candidate(check.fields.get(own), origin.stamp, origin.by, origin.rank, check.born, origin.firm)
    return note(own, RULE, REASON, kept, standing(subject, theirs, since=True), sets=sets, tells=(origin.by,))


def _differs(check: Record, own: str, subject: Record, theirs: str) -> bool:
    copied = check.fields.get(own)
    if copied is None or theirs not in subject.fields or subject.fields[theirs] == copied:
        return False
    return standing(subject, theirs, since=True).stamp.ms <= check.origin.stamp.ms + DAY_MS
