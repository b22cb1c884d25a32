"""
What a file, or the server itself, wants a record to be 导入目标, and what became of the wish.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from schemas.records import Fields
from server.core.decisions import Decision

#: new, changed, unchanged; kept: people had said otherwise and their word stays; void: struck off
#: meanwhile and left so; wrong: not a value the record may take.
Fate = Literal["new", "changed", "unchanged", "kept", "void", "wrong"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    One record as it should be.

    Attributes:
        type, id: The record; *id* is taken where no record carries ``code`` or stands under ``also``.
        grid: Where a new record is put; an existing one stays where it is.
        fields: What is said of it; a field left out is not touched.
        code: The office's number, by which an existing record is found first.
        also: An id under which the record may stand from a time when it had no number.
        defaults: Written only where the record is new and nobody said anything.
        sets: The elements a union field should have, as far as the machine alone keeps it; those that are parts
            (photos) are written when the record is made, and left alone after.
        row: Where in the file it stands; 0 for the server's own.
        moved: Whether the file itself named the grid, so that a different one is worth telling.
    """

    type: str
    id: str
    grid: str
    fields: Fields
    code: str | None = None
    also: str | None = None
    defaults: Fields = field(default_factory=dict)
    sets: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    row: int = 0
    moved: bool = False


class Filed(NamedTuple):
    """
    What became of one wanted record.

    ``kept`` names the fields in which people's word stands against the file; ``errors`` is as in a refusal.
    """

    wanted: Wanted
    id: str
    fate: Fate
    kept: tuple[str, ...] = ()
    errors: Mapping[str, Sequence[Mapping[str, str]]] | None = None
    elsewhere: str | None = None


def news(said: Fields, before: Fields | None, shown: Fields) -> Fields:
    """
    Return what is worth writing of *said*.

    That is what the file did not say the last time (*before*) and the record does not show anyway:
    whoever corrected an imported value is not asked again each time the same file comes in.
    """
    told = before or {}
    return {
        name: value
        for name, value in said.items()
        if shown.get(name) != value and (name not in told or told[name] != value)
    }


def contradicted(said: Fields, shown: Fields) -> tuple[str, ...]:
    """Return the fields of *said* that the record shows otherwise."""
    return tuple(name for name, value in said.items() if shown.get(name) != value)


def set_aside(decisions: Sequence[Decision]) -> tuple[str, ...]:
    """Return the fields in which a person's word outranked the file's."""
    return tuple(decision.field for decision in decisions if decision.outcome == "set_aside")
