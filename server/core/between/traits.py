"""
What the records of one type have to do with others 类型间的关系: read off its declaration, once.
"""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from schemas.likeness import Likeness
from schemas.records import TYPES
from server.values import Record

ORIGINAL = "original_target_id"
MERGED_INTO = "merged_into"


class Traits(NamedTuple):
    """
    What a type's records have to do with others.

    Attributes:
        about: The field that refers to what such a record is about, where it follows mergers.
        reads: The fields copied from that when the record was made, and what each is called there.
        dated: Whether it is the fact of one person at one time (a check).
        likeness: When two of them may be one thing.
        number: The field with the number that no two of them should share.
        merges: Whether one of them may be merged into another.
        watched: The fields of a register whose change means something for its checks.
    """

    about: str | None = None
    reads: Mapping[str, str] = {}
    dated: bool = False
    likeness: Likeness | None = None
    number: str | None = None
    merges: bool = False
    watched: frozenset[str] = frozenset()

    @property
    def pairs(self) -> bool:
        """Whether two of them may turn out to be one."""
        return self.likeness is not None or self.number is not None


@cache
def traits_of(type_name: str) -> Traits:
    """Return the traits of a record type; none for a type not known here."""
    kind = TYPES.get(type_name)
    if kind is None:
        return Traits()
    schema, fields, unique = kind.schema, kind.rules.fields, kind.rules.unique
    return Traits(
        about=schema.subject_field if ORIGINAL in fields else None,
        reads=schema.reads,
        dated="observed_at" in fields,
        likeness=schema.likeness,
        number=unique.key[0] if unique else None,
        merges=MERGED_INTO in fields,
        watched=_watched() if MERGED_INTO in fields and ORIGINAL not in fields else frozenset(),
    )


def merged_into(record: Record) -> str | None:
    """Return what *record* was merged into; a field of that name on another type is none of ours."""
    into: str | None = record.fields.get(MERGED_INTO) if traits_of(record.type).merges else None
    return into


@cache
def _watched() -> frozenset[str]:
    reads = {theirs for kind in TYPES.values() for theirs in kind.schema.reads.values()}
    return frozenset({MERGED_INTO, "status"} | reads)
