"""
What every record has, and the registry of record types 记录.

A record is one thing both sides know: a check, a shop, a case. Its type is a marshmallow schema whose
fields each say, beside their shape, how two people's edits of them become one. The schema is the
definition; the fast path, the documents for other languages and the merge all read it from here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from marshmallow import INCLUDE, Schema, validates_schema

from schemas import rulebook
from schemas.fields import Exact
from schemas.likeness import Likeness
from schemas.rules import LATEST, Rule, RuleTable, Together, Unique, Workflow

Fields = dict[str, Any]


class RecordSchema(Schema):
    """
    Base of every record type; field names are English, labels Chinese (``metadata["label"]``).

    Class attributes:
        type_name: The type's word on the wire.
        title_zh: Its name for people.
        schema_version: Raised whenever an older shape needs an up-cast.
        together: Groups of fields that win or lose as one.
        unique: What tells two records of one thing apart, if anything does.
        exact: Checks of a new record as a whole, over the fields that are set.
        complete: Computes the derived fields from the others; pure, the same on tablet and server.
        subject_field: The field naming the record this one is about, indexed for lists.
        reads: Fields copied from the subject when the record was made, and what each is called there;
            a later change of the subject leaves the copy alone, and shows that it was relied upon.
        likeness: When two records of the type may well be one thing, beside an equal number.
    """

    type_name: ClassVar[str] = ""
    title_zh: ClassVar[str] = ""
    schema_version: ClassVar[int] = 1
    together: ClassVar[tuple[Together, ...]] = ()
    unique: ClassVar[Unique | None] = None
    exact: ClassVar[tuple[Exact, ...]] = ()
    subject_field: ClassVar[str | None] = None
    time_field: ClassVar[str | None] = None
    status_field: ClassVar[str | None] = None
    reads: ClassVar[Mapping[str, str]] = {}
    likeness: ClassVar[Likeness | None] = None

    class Meta:
        # A newer tablet's fields are kept and handed on, even by a server that does not know them.
        unknown = INCLUDE

    @validates_schema
    def _holds_together(self, data: Fields, **kwargs: Any) -> None:
        if not kwargs["partial"]:  # a patch brings only some of the fields
            for check in self.exact:
                check(data)

    @staticmethod
    def complete(fields: Fields) -> Any:
        """
        Fill in the derived fields of *fields*, in place; a type without any has nothing to do.

        Returns:
            What ``consequences`` would otherwise have to work out again, if anything.
        """

    @staticmethod
    def consequences(record_id: str, grid: str, fields: Fields, known: Any = None) -> "list[Consequence]":
        """
        Return the records that this one brings into being (a check its cases); usually none.

        Args:
            known: What ``complete`` returned for these very *fields*, where it was just called.
        """
        return []


@dataclass(frozen=True, slots=True)
class Consequence:
    """A record that follows from another, with an id derived from it, so that both sides agree."""

    type: str
    id: str
    grid: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class RecordType:
    """A registered record type with everything merging asks of it, computed once."""

    name: str
    schema: type[RecordSchema]
    rules: RuleTable
    complete: Callable[[Fields], Any]
    consequences: Callable[..., list[Consequence]]
    #: The class overrides these; asking costs a call on every record otherwise.
    has_consequences: bool
    title_zh: str
    #: The field that a workflow moves and the workflow's name; none for most types.
    workflow_field: str | None = None
    machine: str = ""
    #: Names the rules; see ``schemas.rulebook``.
    rules_mark: str = ""


def register(schema: type[RecordSchema]) -> type[RecordSchema]:
    """Add *schema* to the registry; a decorator."""
    TYPES[schema.type_name] = describe(schema)
    return schema


def describe(schema: type[RecordSchema]) -> RecordType:
    """Return what merging asks of *schema*, without adding it to the registry."""
    rules = _rules_of(schema)
    moved = ((name, rule.machine) for name, rule in rules.fields.items() if isinstance(rule, Workflow))
    workflow_field, machine = next(moved, (None, ""))
    return RecordType(
        name=schema.type_name,
        schema=schema,
        rules=rules,
        complete=schema.complete,
        consequences=schema.consequences,
        has_consequences=schema.consequences is not RecordSchema.consequences,
        title_zh=schema.title_zh,
        workflow_field=workflow_field,
        machine=machine,
        rules_mark=rulebook.mark_of(rules),
    )


#: Every record type by its word on the wire; filled by importing ``schemas.registry``.
TYPES: dict[str, RecordType] = {}


def _rules_of(schema: type[RecordSchema]) -> RuleTable:
    declared: dict[str, Rule] = {}
    for name, field in schema().fields.items():
        rule = field.metadata.get("rule")
        if rule is None:
            raise TypeError(f"{schema.__name__}.{name} does not say how a contest over it is settled")
        declared[name] = rule
    groups: dict[str, str] = {}
    for group in schema.together:
        key = "+".join(group.fields)
        declared[key] = group
        groups.update(dict.fromkeys(group.fields, key))
    return RuleTable(fields=declared, groups=groups, unique=schema.unique)


def rule_of(types: Mapping[str, RecordType], type_name: str, field: str) -> Rule:
    """Return the rule of one field of one type; a field not known here settles by stamp."""
    known = types.get(type_name)
    return known.rules.of(field) if known else LATEST
