"""
What nobody contested, but somebody should know 告知事项: each a decision that changes nothing further.

Every function looks at one mutation and the record it is about, and returns what is worth a note.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from schemas import workflow
from schemas.clock import Received
from schemas.machines import LAST_ACT
from schemas.mutations import Mutation
from schemas.records import RecordType
from schemas.rules import Candidate
from server.core import admission
from server.core.decisions import Decision, note
from server.core.merge import OFFSET_FIELD
from server.values import PENDING, Author, Record

_PHOTOS = "photos"
_REVISION = "score_revision"


def corrected_time(mutation: Mutation, kind: RecordType, author: Author, received: Received) -> list[Decision]:
    """Note that a check's author had a wrong clock 时钟校正: the claim stays beside the corrected time."""
    claimed = mutation.set.get("observed_at")
    if received.as_claimed or claimed is None or OFFSET_FIELD not in kind.rules.fields:
        return []
    by_s = round(received.corrected_by_ms / 1000)
    facts = {"claimed": claimed, "by_s": by_s, "filed_ms": received.stamp.ms}
    kept = _candidate(claimed, mutation, author)
    return [note("observed_at", "corrected_time", "clock_corrected", kept, facts=facts)]


def scope_kept(mutation: Mutation, author: Author, received_ms: int) -> list[Decision]:
    """Note that the author no longer works where he worked when he signed 网格已变更: his record stays there."""
    role = author.role
    if role is None or admission.holds(author.person, role, mutation.grid, received_ms):
        return []
    kept = _candidate(mutation.grid, mutation, author)
    facts = {"grid": mutation.grid}
    return [note("grid", "observer_scope_kept", "held_at_signing", kept, facts=facts, notice=True)]


def revised(record: Record, mutation: Mutation, before: Any) -> list[Decision]:
    """
    Note that an inspector's score stands on top of the worker's 督查改分, whichever of the two was written now.

    Args:
        before: The worker's score before *mutation*.
    """
    revision, own_score = record.fields.get(_REVISION), record.fields.get("score")
    if revision is None or revision["by"] == record.origin.by:
        return []
    if _REVISION not in mutation.set and own_score == before:
        return []
    kept, origin = standing(record, _REVISION), record.origin
    own = Candidate(own_score, origin.stamp, origin.by, origin.rank, record.born, origin.firm)
    return [note(_REVISION, "revision_on_top", "inspector_revised", kept, own, notice=True)]


def seen_after_the_end(record: Record, kind: RecordType, photos: list[Any], whose: Candidate) -> list[Decision]:
    """
    Note photos taken after the case had come to its end 了结后仍有现场照片: put before the street.

    Args:
        photos: Those that came now, or that were there when the end came.
        whose: Stands for whoever took them; its value does not matter.
    """
    name = kind.workflow_field
    if name is None or not photos:
        return []
    [last] = record.marks.values.get(name + LAST_ACT, (None,))
    if last is None or record.fields.get(name) not in workflow.MACHINES[kind.machine].final:
        return []
    later = [photo for photo in photos if _taken_ms(photo) > last.stamp.ms]
    if not later:
        return []
    kept = whose._replace(value=[photo["sha256"] for photo in later])
    state = Candidate(record.fields[name], last.stamp, last.by, last.rank, last.version, last.firm)
    facts = {"state": record.fields[name], "taken_at": later[0]["taken_at"]}
    return [
        note(_PHOTOS, "later_observation_reopens", "seen_after_the_end", kept, state, facts=facts, notice=True),
    ]


def held_evidence(
    record: Record, kind: RecordType, mutation: Mutation, author: Author, get: Callable[[str], Record | None]
) -> list[tuple[str, Decision]]:
    """
    Return the photos that *mutation* may not take away, since an open case stands on them 证据保留.

    Returns:
        The key of each, with the decision that says so.
    """
    keys = mutation.remove.get(_PHOTOS)
    if not keys or not kind.has_consequences:
        return []
    found = []
    for follows in kind.consequences(record.id, record.grid, record.fields):
        case = get(follows.id)
        if case is None or case.void or case.fields.get("status") in workflow.CASE.final:
            continue
        held = {photo["sha256"]: photo for photo in case.fields.get(_PHOTOS, ())}
        found += [(key, _held(record, held[key], case, mutation, author)) for key in keys if key in held]
    return found


def _held(record: Record, photo: Any, case: Record, mutation: Mutation, author: Author) -> Decision:
    origin = record.origin
    kept = Candidate(photo, origin.stamp, origin.by, origin.rank, record.born, origin.firm)
    gone = _candidate(None, mutation, author)
    return note(_PHOTOS, "evidence_holds", "held_by_case", kept, gone, facts={"case": case.id}, notice=True)


def voided(record: Record, mutation: Mutation, author: Author) -> list[Decision]:
    """Note that somebody else's record was voided 作废: it stays, and its author is told."""
    if record.origin.by == mutation.by:
        return []
    said = record.fields.get("remark") or [{}]
    facts = {"reason": said[-1].get("text")} if said[-1].get("by") == mutation.by else {}
    kept = _candidate(None, mutation, author)
    return [note("void", "void", "voided", kept, facts=facts, tells=(record.origin.by,))]


def author_of(mutation: Mutation, author: Author) -> Candidate:
    """Return a candidate that stands for whoever wrote *mutation*."""
    return _candidate(None, mutation, author)


def writer_of(record: Record) -> Candidate:
    """Return a candidate that stands for whoever wrote *record* last."""
    return Candidate(None, record.at, record.by, record.rank, record.version)


def standing(record: Record, name: str, *, since: bool = False) -> Candidate:
    """
    Return the candidate that is shown for the field *name* of *record*: of several who say so the last.

    Args:
        since: The first of them: since when it has been so.
    """
    value, origin = record.fields.get(name), record.origin
    shown = [candidate for candidate in record.marks.values.get(name, ()) if candidate.value == value]
    if not shown:
        return Candidate(value, origin.stamp, origin.by, origin.rank, record.born, origin.firm)
    return (min if since else max)(shown, key=lambda candidate: candidate.stamp)


def _candidate(value: Any, mutation: Mutation, author: Author) -> Candidate:
    return Candidate(value, author.stamp, mutation.by, author.rank, PENDING, author.as_claimed)


def _taken_ms(photo: Any) -> float:
    taken = photo.get("taken_at")
    return datetime.fromisoformat(taken).timestamp() * 1000 if taken else 0.0
