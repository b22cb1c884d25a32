"""Edits of one street tree, merged as the server merges them: one by one, written down in between."""

from collections.abc import Mapping
from typing import Any

import msgspec

from schemas import wire
from schemas.clock import Stamp
from schemas.fold import fold
from schemas.mutations import Mutation
from schemas.roles import Role
from server.core import merge
from server.core.decisions import Decision
from server.storage import marks
from server.values import Author, Person, Record, deep
from tests.schemas.samples import LI, TREE, TREES

GRID = "210902005003007"
BORN = {"species": "杨", "health": "good", "observed_at": "2020-07-18T08:15:30+08:00"}
ROLES = {"li": Role.GRID_WORKER, "wang": Role.GRID_WORKER, "zhao": Role.COMMUNITY, "qian": Role.STREET}


def edit(
    device: str, who: str, at_ms: int, *, base: int = 1, op: str = "patch", **parts: Any
) -> tuple[Mutation, Author]:
    """Return one edit and its author, as the server files them."""
    body = {"n": 1, "op": op, "type": "street_tree", "id": TREE, "grid": GRID, "at": [at_ms, 0], "by": LI, "base": base}
    mutation = msgspec.convert(body | parts, Mutation)
    author = Author(Person(LI, who, ()), device, ROLES[who], Stamp(at_ms, 0, device))
    return msgspec.structs.replace(mutation, by=who), author


def planted(device: str = "office", who: str = "li", at_ms: int = 1_000, **fields: Any) -> Record:
    """Return the tree as it stood at version 1."""
    mutation, author = edit(device, who, at_ms, op="create", base=0, set=BORN | fields)
    laid: dict[str, Any] = {}
    fold(TREES, laid, mutation, device)
    return written(merge.create(mutation, laid, author, at_ms), 1)


def merged(record: Record, *edits: tuple[Mutation, Author]) -> list[Decision]:
    """Merge *edits* into *record*, in place, each as a push of its own; return what was decided."""
    decisions: list[Decision] = []
    for mutation, author in edits:
        decisions += merge.merge(record, TREES, mutation, author).decisions
        record.become(written(record, record.version + 1))
    return decisions


def written(record: Record, version: int) -> Record:
    """Return *record* as it comes back from the store, where it was written under *version*."""
    record.version, record.born = version, record.born or version
    text = marks.dump(record.marks, version)
    twin = record.copy()
    twin.fields = wire.decode_json(wire.canonical(record.fields))
    twin.marks = marks.load(text, twin.fields)
    twin.changed, twin.stored_before = False, True
    return twin


def shown(record: Record) -> Mapping[str, Any]:
    """Return what people see of the record."""
    return deep(record.fields)  # type: ignore[no-any-return]
