"""
What the worker sees 所见: the server's record with this tablet's waiting mutations laid over it.

Pure: values in, values out. The folding itself is ``schemas.fold``, the very lines the server runs for
work that nobody contests.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.fold import fold
from schemas.mutations import Mutation
from schemas.records import TYPES, Consequence, Fields, RecordSchema, RecordType
from schemas.rules import RuleTable


@dataclass(frozen=True, slots=True)
class View:
    """
    One record's content at one moment, the server's or the worker's.

    ``acts`` names the workflow acts that were asked for and not yet decided.
    """

    fields: Fields
    at: tuple[int, int]
    by: str
    void: bool = False
    acts: tuple[str, ...] = ()


NOTHING = View({}, (0, 0), "")


def lay(view: View, mutation: Mutation, kind: RecordType, device: str) -> View:
    """
    Return *view* with one mutation laid over it; *view* itself stays as it was.

    An act leaves the fields alone until the office has decided; a void marks the record.
    """
    fields = view.fields
    if mutation.op in ("create", "patch"):
        fields = _loosened(fields, mutation)
        fold(kind, fields, mutation, device)
    return View(
        fields=fields,
        at=mutation.at,
        by=mutation.by,
        void=view.void or mutation.op == "void",
        acts=(*view.acts, mutation.act.name) if mutation.act else view.acts,
    )


def _loosened(fields: Fields, mutation: Mutation) -> Fields:
    """Return a copy of *fields* in which whatever *mutation* writes into is a copy too."""
    loose = dict(fields)
    for name in (*mutation.add, *mutation.share):
        if name in loose:
            loose[name] = copy.copy(loose[name])
    return loose


def lay_all(view: View, mutations: Iterable[Mutation], kind: RecordType, device: str) -> View:
    """Return *view* with all of *mutations* laid over it, in the order of their numbers."""
    for mutation in mutations:
        view = lay(view, mutation, kind, device)
    return view


def kind_of(type_name: str) -> RecordType:
    """Return the record type; one this client does not know yet is kept and shown as it comes."""
    return TYPES.get(type_name) or RecordType(
        name=type_name,
        schema=RecordSchema,
        rules=RuleTable(fields={}),
        complete=RecordSchema.complete,
        consequences=RecordSchema.consequences,
        has_consequences=False,
        title_zh=type_name,
    )


def consequences_of(kind: RecordType, record_id: str, grid: str, view: View) -> list[Consequence]:
    """Return the records that follow from this one as the worker sees it; none from a voided one."""
    if not kind.has_consequences or view.void:
        return []
    return kind.consequences(record_id, grid, view.fields)
