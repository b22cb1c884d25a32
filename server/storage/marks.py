"""
How field marks are written down: compact JSON, nothing at all for a record nobody edited.

``{"v": {field: [[ms, counter, device, by, rank, version, value?], …]}, "d": {field: {key: [[version,
device, element?, by?], …]}}}``. A field with one candidate leaves its value out: it is the one in the fields. What goes
by a name with a ``+`` does not: that may be a group of fields, or a field that somebody named so. A candidate whose
clock was not to be relied upon has its version with a minus sign; no version is 0.
"""

from typing import Any

from schemas import wire
from schemas.clock import Stamp
from schemas.records import Fields
from schemas.rules import Candidate
from server.values import Dot, Marks


def dump(marks: Marks, version: int) -> str | None:
    """Return *marks* as text; whatever is pending gets *version*, the number just taken."""
    if not marks:
        return None
    written: dict[str, Any] = {}
    if marks.values:
        written["v"] = {name: _dump_kept(name, kept, version) for name, kept in marks.values.items()}
    if marks.dots:
        written["d"] = {
            name: {key: [_dump_dot(dot, version) for dot in dots] for key, dots in keys.items()}
            for name, keys in marks.dots.items()
        }
    return wire.canonical(written).decode()


def load(text: str | None, fields: Fields) -> Marks:
    """Return the marks written in *text*, beside the *fields* they belong to."""
    if text is None:
        return Marks()
    written = wire.decode_json(text)
    return Marks(
        {name: tuple(_load_one(name, row, fields) for row in kept) for name, kept in written.get("v", {}).items()},
        {
            name: {key: tuple(Dot(*dot) for dot in dots) for key, dots in keys.items()}
            for name, keys in written.get("d", {}).items()
        },
    )


def _dump_kept(name: str, kept: tuple[Candidate, ...], version: int) -> list[list[Any]]:
    alone = len(kept) == 1 and "+" not in name
    return [_dump_candidate(c, version, alone=alone) for c in kept]


def _dump_candidate(candidate: Candidate, version: int, *, alone: bool) -> list[Any]:
    # Whether the record was made with it follows from the record's own stamp.
    value, stamp, by, rank, written_at, firm, _first = candidate
    number = written_at or version
    return [*stamp, by, rank, number if firm else -number, *([] if alone else [value])]


def _dump_dot(dot: Dot, version: int) -> list[Any]:
    row = [dot.version or version, dot.device, dot.element, dot.by]
    return row if dot.by else row[: 2 if dot.element is None else 3]


def _load_one(name: str, row: list[Any], fields: Fields) -> Candidate:
    ms, counter, device, by, rank, version, *value = row
    shown = value[0] if value else fields.get(name)
    return Candidate(shown, Stamp(ms, counter, device), by, rank, abs(version), version > 0)
