"""
Everything about one dispute 卷宗: how it stood before, who wrote what beside it, and the record's whole history.

Pure; what is read here is meant to be read aloud.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from schemas import validation, wire
from schemas.mutations import OPS, Mutation
from schemas.records import RecordType
from server.core import moving
from server.core.decisions import DUPLICATE, NOTICE
from server.core.desk import reading
from server.core.desk.listed import About, ListedConflict, about
from server.core.desk.reading import Names
from server.core.desk.settling import Dispute, pair_in, shown_of, stays
from server.core.proving.replay import BROKEN, Row, RulesOf, replayed
from server.values import Record

OUTCOMES = {
    "applied": "已采用",
    "merged": "已合并",
    "noop": "无变化",
    "conflict": "待裁定",
    "rejected": "未接受",
    moving.MOVED: "已移交",
    moving.LEFT: "已移出",
}


class Base(Struct, frozen=True):
    """What the field held before any of the sides wrote, and since which version."""

    value: Any
    words_zh: str
    version: int


class Told(Struct, frozen=True):
    """A decision in the history: over which field, and what was said of it."""

    field: str
    zh: str
    en: str


class Line(Struct, frozen=True):
    """
    One row of a record's history.

    ``n`` is the mutation's number on its device, 0 for what the server wrote; ``at`` is when it was signed, as
    the office filed it, ``received_at`` when it arrived; ``changes_zh`` says what it changed.
    """

    record: str
    version: int
    n: int
    op: str
    op_zh: str
    by: str
    name: str | None
    role: str | None
    role_zh: str
    device: str
    at: str
    at_ms: int
    received_at: str
    received_ms: int
    outcome: str
    outcome_zh: str
    changes_zh: list[str]
    decisions: list[Told]


class Side(Struct, frozen=True):
    """One side: a candidate by its index, the row of the history that brought it, what else that changed."""

    index: int
    words_zh: str
    by: str
    name: str | None
    role_zh: str
    device: str | None
    at: str
    received_at: str | None
    also_zh: list[str]


class Word(Struct, frozen=True):
    """One field of a record in words."""

    field: str
    label_zh: str
    words_zh: str


class Standing(Struct, frozen=True):
    """A record as it stands; ``fields`` is null where it lies beyond what the caller may read."""

    about: About
    version: int
    fields: dict[str, Any] | None
    words: list[Word]


class Pairing(Struct, frozen=True):
    """Two records that may be one: side by side, how far apart (metres; null: unknown), which would stay."""

    records: list[Standing]
    apart_m: float | None
    stays: str


class Counting(Struct, frozen=True):
    """Of two checks made on one day, the figure that counts, and whose it is; tenths of a point where a score."""

    day: str | None
    figure: float | None
    by: str
    name: str | None


class Dossier(Struct, frozen=True):
    """
    A dispute with everything about it.

    ``base`` is null where the field held nothing before; ``pair`` and ``counts`` stand for pairs and for
    checks made on one day.
    """

    conflict: ListedConflict
    base: Base | None
    sides: list[Side]
    record: Standing
    pair: Pairing | None
    counts: Counting | None
    history: list[Line]


class Past(NamedTuple):
    """
    A record's history.

    ``rows`` in the order of their versions; ``rules_of`` knows the rules of each day.
    """

    rows: Sequence[Row]
    kind: RecordType | None
    rules_of: RulesOf


def base_of(dispute: Dispute, record: Record, past: Past, names: Names) -> Base | None:
    """Return what the field held before the first candidate was written; None where it held nothing."""
    if dispute.kind in (DUPLICATE, NOTICE) or past.kind is None:
        return None
    # Of what another record gave rise to, only the value shown stands in this record's history.
    mine = dispute.candidates if dispute.own else [shown_of(record, dispute.field)]
    first = min(one.version for one in mine)
    before = [row for row in past.rows if row.version < first]
    if not before:
        return None
    try:
        then = replayed(before, past.kind, record.id, record.grid, past.rules_of).record
    except BROKEN:
        return None
    value = then.fields.get(dispute.field)
    if value is None:
        return None
    return Base(value, reading.words_of(record.type, dispute.field, value, names), before[-1].version)


def sides_of(dispute: Dispute, rows: Iterable[Row], names: Names) -> list[Side]:
    """Return the sides of a dispute over values, in the order of its candidates."""
    if dispute.kind == DUPLICATE:
        return []
    by_place = {(row.version, row.by): row for row in rows}
    return [
        _side(dispute, place, by_place.get((one.version, one.by)) if dispute.own else None, names)
        for place, one in enumerate(dispute.candidates)
    ]


def line(record: Record, row: Row, names: Names) -> Line:
    """Return one row of the history as it is read."""
    mutation = mutation_of(row)
    made = row.version == record.born and row.outcome != moving.MOVED
    op = mutation.op if mutation else "create" if made else "patch"
    told = wire.decode_json(row.decisions) if row.decisions else []
    return Line(
        record.id, row.version, row.n, op, OPS[op], row.by, names.get(row.by), row.role, reading.role_zh(row.role),
        row.device, reading.moment(row.at_ms), row.at_ms, reading.moment(row.received_ms), row.received_ms,
        row.outcome, OUTCOMES.get(row.outcome, row.outcome),
        reading.changes(mutation, names) if mutation else _by_server(record, row, names),
        [Told(one["field"], one.get("zh", ""), one.get("en", "")) for one in told if not one.get("silent")],
    )  # fmt: skip


def mutation_of(row: Row) -> Mutation | None:
    """Return the mutation that *row* keeps; None for what the server itself wrote."""
    return validation.read_mutation(row.payload.encode()) if row.n else None


def standing_of(record: Record, names: Names, *, visible: bool) -> Standing:
    """Return *record* as it stands; where it is not *visible*, only what it is called."""
    if not visible:
        return Standing(about(record), record.version, None, [])
    words = [
        Word(name, reading.label_of(record.type, name), reading.words_of(record.type, name, value, names))
        for name, value in sorted(record.fields.items())
    ]
    return Standing(about(record), record.version, record.fields, words)


def pairing(dispute: Dispute, detail: Mapping[str, Any], records: Mapping[str, Record], both: list[Standing]
            ) -> Pairing | None:  # fmt: skip
    """Return the two records of a pair side by side; None where the dispute is over something else."""
    pair = pair_in(dispute, records) if dispute.kind == DUPLICATE else None
    if pair is None:
        return None
    return Pairing(both, detail.get("facts", {}).get("apart_m"), stays(pair).id)


def counting(detail: Mapping[str, Any], names: Names) -> Counting | None:
    """Return the figure that counts of checks made on one day; None for any other dispute."""
    facts = detail.get("facts", {})
    for figure, whose in (("counted_score", "counted_by"), ("most", "whose")):
        if whose in facts:
            by = facts[whose]
            return Counting(facts.get("day"), facts.get(figure), by, names.get(by))
    return None


def _side(dispute: Dispute, place: int, row: Row | None, names: Names) -> Side:
    one = dispute.candidates[place]
    beside = _beside(row, dispute.field)
    return Side(
        place, reading.words_of(dispute.type, dispute.field, one.value, names), one.by, names.get(one.by),
        reading.role_zh(row.role) if row else "", row.device if row else None, reading.moment(one.at[0]),
        reading.moment(row.received_ms) if row else None, reading.changes(beside, names) if beside else [],
    )  # fmt: skip


def _beside(row: Row | None, name: str) -> Mutation | None:
    """Return what a mutation changed beside the field *name*, as a mutation; None where that is nothing."""
    mutation = mutation_of(row) if row else None
    if mutation is None:
        return None
    rest = {one: value for one, value in mutation.set.items() if one not in name.split("+")}
    left = msgspec.structs.replace(mutation, set=rest, settles=None)
    return left if rest or left.add or left.remove or left.share or left.act else None


def _by_server(record: Record, row: Row, names: Names) -> list[str]:
    if row.outcome in (moving.MOVED, moving.LEFT):
        move = moving.read_move(row.payload)
        return [f"由网格 {move.from_grid} 移交网格 {move.to_grid}"]
    written = wire.decode_json(row.payload)
    if row.version == record.born or not written.keys() <= {"sets", "adds"}:
        return ["系统立案" if record.type == "case" else "系统写入"]
    return reading.written_by_server(record.type, written.get("sets", {}), written.get("adds", {}), names)
