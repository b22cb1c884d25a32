"""
What the server itself writes into a record because of another one 系统补记: an amendment.

An amendment is no person's edit of the record: it follows from an edit somewhere else (a shop that was
merged, a case that was joined to another) and goes by no field's rule. It stands in the record's history
under the person whose edit caused it, and can be replayed from there.
"""

from typing import Any

from schemas.mutations import Mutation
from schemas.records import Fields, RecordType
from server.core import merge
from server.values import Author, Record

#: As it stands in the history: fields to write, and elements to add to sets.
Amendment = dict[str, dict[str, Any]]


def amendment(sets: Fields | None = None, adds: dict[str, list[Any]] | None = None) -> Amendment:
    """Return an amendment."""
    return {"sets": sets or {}, "adds": adds or {}}


def amend(record: Record, kind: RecordType, author: Author, sets: Fields, adds: dict[str, list[Any]]) -> None:
    """
    Write *sets* over the fields of *record* and add *adds* to its sets, in place; None takes a field away.

    The tablet that caused it does not show it yet, so the record goes down to everybody.
    """
    if adds:
        merge.merge(record, kind, _adding(record, author, adds), author)
    for name, value in sets.items():
        if value is None:
            record.fields.pop(name, None)
        else:
            record.fields[name] = value
    record.sign(author.person.id, author, record.version, quiet=False)


def _adding(record: Record, author: Author, adds: dict[str, list[Any]]) -> Mutation:
    stamp = author.stamp
    return Mutation(
        n=1, op="patch", type=record.type, id=record.id, grid=record.grid, at=(stamp.ms, stamp.counter),
        by=author.person.id, base=record.version, add=adds,
    )  # fmt: skip
