"""
A correction that came after the check was locked 锁定后的更正: kept as a note, with what it proposed.

The check stays as it was; photos and remarks still join it, since they take nothing away from anybody.
"""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from schemas import fold
from schemas.mutations import Mutation
from schemas.records import Fields, RecordType
from schemas.rules import Append, Candidate
from server.core import merge
from server.core.decisions import Decision, note
from server.values import PENDING, Author, Record

RULE, REASON = "locked_becomes_note", "check_locked"
_REMARK = "remark"
_MOST_TEXT = 200


def keep_as_note(record: Record, kind: RecordType, mutation: Mutation, author: Author) -> list[Decision]:
    """Keep *mutation*, which corrects the locked *record*, as a remark; take in what it adds."""
    added = msgspec.structs.replace(mutation, set={}, remove={}, share={})
    decisions = merge.merge(record, kind, added, author).decisions
    # Who proposes what stands there already proposes nothing.
    values = {name: value for name, value in mutation.set.items() if record.fields.get(name) != value}
    proposed = values | {name: list(keys) for name, keys in mutation.remove.items()}
    if not proposed:
        return decisions
    if isinstance(kind.rules.of(_REMARK), Append):
        text = _proposal(kind, record, values, mutation.remove)
        fold.append_entry(record.fields, _REMARK, text, (author.stamp.ms, author.stamp.counter), mutation.by)
    record.clean = False
    origin = record.origin
    shown = Candidate({name: record.fields.get(name) for name in proposed}, *origin[:3], record.born, origin.firm)
    asked = Candidate(proposed, author.stamp, mutation.by, author.rank, PENDING, author.as_claimed)
    return [*decisions, note("+".join(proposed), RULE, REASON, shown, asked, notice=True)]


def _proposal(kind: RecordType, record: Record, values: Fields, removed: Mapping[str, Collection[Any]]) -> str:
    """Return what the correction proposed, in one line; the whole of it stands in the history."""
    declared = kind.schema().fields
    labels = {name: field.metadata.get("label", name) for name, field in declared.items()}
    said = []
    for name, value in values.items():
        said += [f"{labels.get(name, name)} {what}" for what in _changes(record.fields.get(name), value)]
    said += [f"删除{labels.get(name, name)} {len(keys)} 项" for name, keys in removed.items()]
    text = "锁定后更正建议：" + "；".join(said)
    return text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…"


def _changes(now: object, proposed: object) -> list[str]:
    """Return what a value would become; of an object only the members that would change."""
    if isinstance(now, dict) and isinstance(proposed, dict):
        return [f"{name} {now.get(name)}→{value}" for name, value in proposed.items() if now.get(name) != value]
    return [f"{now}→{proposed}"]
