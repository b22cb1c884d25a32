"""
Two records that may be one thing 疑似重复 (``duplicate_suggest``, ``merge_suggest``), and two that were found to be.
"""

from typing import Any, NamedTuple

from schemas import likeness
from schemas.records import TYPES
from schemas.rules import Candidate, Unique
from server.core.decisions import Decision, note
from server.values import Record

_MERGED_INTO, _DISTINCT = "merged_into", "distinct_from"


class Pair(NamedTuple):
    """Two records of one type; ``younger`` has the greater id, under which the pair is listed."""

    younger: Record
    older: Record


def pair_of(one: Record, other: Record) -> Pair:
    """Return the two, the younger first."""
    return Pair(one, other) if one.id > other.id else Pair(other, one)


def verdict(pair: Pair) -> tuple[str, dict[str, Any]] | None:
    """Return why the two may be one, as a reason and facts for a sentence; None where nobody has to decide that."""
    younger, older = pair
    kind = TYPES[younger.type]
    if younger.type != older.type or ended(pair) is not None or _succeeds(younger, older) or _succeeds(older, younger):
        return None
    apart = likeness.distance_m(younger.fields.get("position"), older.fields.get("position"))
    reason = kind.schema.likeness.alike(younger.fields, older.fields, apart) if kind.schema.likeness else None
    reason = reason or _same_number(kind.rules.unique, pair)
    if reason is None:
        return None
    facts = {"name": name_of(younger), "other_name": name_of(older), "apart_m": None if apart is None else round(apart)}
    return reason, facts


def ended(pair: Pair) -> str | None:
    """Return why the pair needs no decision any more: ``merge``, ``distinct`` or ``void``; None while it does."""
    younger, older = pair
    if younger.fields.get(_MERGED_INTO) or older.fields.get(_MERGED_INTO):
        return "merge"
    if older.id in younger.fields.get(_DISTINCT, ()) or younger.id in older.fields.get(_DISTINCT, ()):
        return "distinct"
    return "void" if younger.void or older.void else None


def told(pair: Pair, reason: str, facts: dict[str, Any]) -> Decision:
    """Return the suggestion that the two are one."""
    rule = "merge_suggest" if pair.younger.type == "case" else "duplicate_suggest"
    younger, older = (Candidate(r.id, r.origin.stamp, r.origin.by, r.origin.rank, r.born, r.origin.firm) for r in pair)
    return note(pair.older.id, rule, reason, older, younger, facts=facts)


def main_of(pair: Pair) -> Record:
    """Return the one that stays where the two are joined 主案: the one found, or made, first."""
    return min(pair, key=lambda r: (str(r.fields.get("found_at", "")), r.id))


def lacking(main: Record, joined: Record) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """
    Return what *main* lacks of a case that was joined to it 并案: fields to write, elements to add.

    Photos, remarks and whoever reported it: nothing of the one that goes is left behind.
    """
    sets: dict[str, Any] = {}
    remarks = main.fields.get("remark", [])
    more = [entry for entry in joined.fields.get("remark", ()) if entry not in remarks]
    if more:
        sets["remark"] = sorted([*remarks, *more], key=lambda entry: (entry["at"], entry["by"], entry["text"]))
    known = {main.origin.by, *main.fields.get("reporters", ())}
    reporters = {joined.origin.by, *joined.fields.get("reporters", ())} - known
    if reporters:
        sets["reporters"] = sorted({*main.fields.get("reporters", ()), *reporters})
    held = {photo["sha256"] for photo in main.fields.get("photos", ())}
    photos = [photo for photo in joined.fields.get("photos", ()) if photo["sha256"] not in held]
    return sets, {"photos": photos} if photos else {}


def name_of(record: Record) -> str | None:
    """Return what people call *record*."""
    fields = record.fields
    found = fields.get("name") or fields.get("description") or fields.get("place_text")
    return str(found) if found else None


def _same_number(unique: Unique | None, pair: Pair) -> str | None:
    if unique is None:
        return None
    keys = [tuple(record.fields.get(name) for name in unique.key) for record in pair]
    return "same_number" if keys[0] == keys[1] and all(keys[0]) else None


def _succeeds(one: Record, other: Record) -> bool:
    """A new tenant is a new shop behind the same door, and says whose successor it is."""
    return one.fields.get("predecessor_id") == other.id
