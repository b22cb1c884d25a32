"""
Which records may well share a photo 照片的同源记录: a case and its check, a thing and what it was merged into.

Pure. One picture under two records of one kin proves the same finding twice and is nothing to look at.
"""

from collections.abc import Mapping
from typing import NamedTuple

from schemas.checks.opening import cases_of
from schemas.records import TYPES
from server.core.between.traits import ORIGINAL, merged_into, traits_of
from server.values import Record

#: A chain of mergers is followed no further; the longest that offices have made is far shorter.
MOST_STEPS = 8


def next_of_kin(record: Record) -> set[str]:
    """Return the ids that follow from *record*: what it was merged into, its check, the cases it opened."""
    found = {into} if (into := merged_into(record)) else set[str]()
    if check := check_of(record):
        found.add(check)
    if traits_of(record.type).dated:
        found |= {case.id for case in cases_of(record.type, record.id, record.grid, record.fields)}
    return found


def check_of(record: Record) -> str | None:
    """Return the check that opened the case *record*; None for a case of another source, and for other types."""
    check = record.fields.get("check_id") if record.type == "case" else None
    return check if isinstance(check, str) else None


class Standing(NamedTuple):
    """
    Where a record stands: reckoned once, however many it is held against.

    Attributes:
        kin: The ids that follow from it, and its own.
        about: What it is about; see ``about``.
    """

    kin: frozenset[str]
    about: frozenset[str]


def standing(record: Record, records: Mapping[str, Record]) -> Standing:
    """
    Return where *record* stands.

    Args:
        records: It and its kin, as far as that is known; see ``next_of_kin``.
    """
    return Standing(frozenset(_kin(record.id, records)), frozenset(about(record)))


def related(one: Standing, other: Standing) -> bool:
    """Say whether two records are of one kin, or one is about the other (a check and its shop's entry)."""
    return bool(one.kin & other.kin or one.about & other.kin or other.about & one.kin)


def about(record: Record) -> set[str]:
    """Return the ids of what *record* is about: now, and before that was merged into something."""
    known = TYPES.get(record.type)
    subject = known.schema.subject_field if known else None
    said = (record.fields.get(name) for name in (subject, ORIGINAL) if name)
    return {id_ for id_ in said if isinstance(id_, str)}


def _kin(id_: str, records: Mapping[str, Record]) -> set[str]:
    found, fresh = {id_}, {id_}
    while fresh:
        fresh = {near for far in fresh if far in records for near in next_of_kin(records[far])} - found
        found |= fresh
    return found
