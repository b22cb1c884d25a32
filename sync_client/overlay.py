"""
What the worker sees 所见: the server's record with this tablet's waiting mutations laid over it.

Pure: values in, values out. The folding itself is ``schemas.fold``, the very lines the server runs for
work that nobody contests.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass, replace

from schemas import machines
from schemas.fold import fold
from schemas.machines import Doing, Step
from schemas.mutations import Mutation
from schemas.numbers import NUMBER_FIELDS
from schemas.records import TYPES, Consequence, Fields, RecordSchema, RecordType
from schemas.rules import RuleTable
from schemas.workflow import MACHINES


@dataclass(frozen=True, slots=True)
class View:
    """
    One record's content at one moment, the server's or the worker's.

    ``acts`` names the workflow acts that were asked for and not yet decided: while there are any, the state
    shown is provisional 暂定.
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

    An act is laid as it would be carried out if nobody else did anything 暂定: the office decides. A void
    marks the record.
    """
    fields = view.fields
    if mutation.op in ("create", "patch"):
        fields = _loosened(fields, mutation)
        fold(kind, fields, mutation, device)
    elif mutation.act is not None:
        fields = expected(kind, fields, mutation)
    return View(
        fields=fields,
        at=mutation.at,
        by=mutation.by,
        void=view.void or mutation.op == "void",
        acts=(*view.acts, mutation.act.name) if mutation.act else view.acts,
    )


def expected(kind: RecordType, fields: Fields, mutation: Mutation) -> Fields:
    """
    Return *fields* as the act of *mutation* would leave them, by all the tablet can see.

    Where it knows already that the act leads nowhere, they stay. The time allowed is the office's to reckon.
    """
    machine, name, act = MACHINES.get(kind.machine), kind.workflow_field, mutation.act
    if machine is None or name is None or act is None:
        return fields
    state = str(fields.get(name))
    doing = Doing(act, mutation.by, mutation.role, mutation.at)
    known = machines.verdict(machine, fields, state, doing)
    if not isinstance(known, Step):
        return fields
    fields = dict(fields)
    machines.write(fields, machines.written(known, fields, doing, name, state))
    if act.into is not None:
        fields["merged_into"] = act.into
    return fields


def _loosened(fields: Fields, mutation: Mutation) -> Fields:
    """Return a copy of *fields* in which whatever *mutation* writes into is a copy too."""
    loose = dict(fields)
    for name in (*mutation.add, *mutation.share):
        if name in loose:
            loose[name] = copy.copy(loose[name])
    return loose


def named(view: View, type_name: str, number: str | None) -> View:
    """Return *view* with the *number* that the office has given the record; its tablet hears of it nowhere else."""
    name = NUMBER_FIELDS.get(type_name)
    if name is None or number is None:
        return view
    return replace(view, fields={**view.fields, name: number})


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
