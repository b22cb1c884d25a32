"""
How field marks are written down: compact JSON, nothing at all for a record nobody edited.

``{"v": {field: [[ms, counter, device, by, rank, version, value?], …]}, "d": {field: {key: [[version,
device, element?], …]}}}``. A field with one candidate leaves its value out: it is the one in the fields. What goes
by a name with a ``+`` does not: that may be a group of fields, or a field that somebody named so.
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
    return [
        [c.stamp.ms, c.stamp.counter, c.stamp.device, c.by, c.rank, c.version or version, *([] if alone else [c.value])]
        for c in kept
    ]


def _dump_dot(dot: Dot, version: int) -> list[Any]:
    return [dot.version or version, dot.device, *([] if dot.element is None else [dot.element])]


def _load_one(name: str, row: list[Any], fields: Fields) -> Candidate:
    ms, counter, device, by, rank, version, *value = row
    return Candidate(value[0] if value else fields.get(name), Stamp(ms, counter, device), by, rank, version)
