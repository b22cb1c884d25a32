"""
A dispute as a clerk reads it 待裁定事项: what it is over, who gave which value, what may be chosen.

Pure. Moments are written with +08:00 and in milliseconds; ids of people come with their names.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from schemas.mutations import CHOICES, SettlingChoice
from schemas.numbers import number_of
from schemas.wording import title_of
from server.core.decisions import DECIDED, DUPLICATE, NOTICE, PERSON, SUGGESTION
from server.core.desk import reading
from server.core.desk.reading import Names
from server.core.desk.settling import Dispute, shown_of
from server.values import Record

#: What offices call the kinds of dispute.
KINDS_ZH = {PERSON: "待认定", SUGGESTION: "建议", DUPLICATE: "疑似重复", NOTICE: "待阅", DECIDED: "已按规则处理"}
#: How a dispute came to its end other than by being settled.
ENDINGS = {"edit": "修改记录", "apart": "情况有变", "void": "记录作废"}
_HOUR_MS = 3_600_000


class Named(Struct, frozen=True):
    """A person; ``name`` is null for somebody no longer known."""

    id: str
    name: str | None


class About(Struct, frozen=True):
    """The record a dispute is over: what people call it, where it lies, under which number it goes."""

    id: str
    type: str
    title_zh: str
    name: str
    grid: str
    number: str | None
    void: bool


class Value(Struct, frozen=True):
    """
    One value to choose from.

    ``index`` names it in a settlement; ``version`` is where it stands in the history; ``shown`` is set on the
    value that tablets show.
    """

    index: int
    value: Any
    words_zh: str
    by: str
    name: str | None
    at: str
    at_ms: int
    version: int
    shown: bool


class Shown(Struct, frozen=True):
    """The value that tablets show at present."""

    value: Any
    words_zh: str


class Ending(Struct, frozen=True):
    """How a dispute came to its end: by whose word, which choice, why; ``version`` is the row of the history."""

    by: str
    name: str | None
    at: str
    at_ms: int
    choice: str
    choice_zh: str
    reason: str | None
    version: int | None
    zh: str
    en: str


class Choosable(Struct, frozen=True):
    """One choice that may be taken now, and by whom of the device's people."""

    choice: SettlingChoice
    zh: str
    people: list[str]


class ListedConflict(Struct, frozen=True):
    """
    One dispute of the list.

    Attributes:
        field, label_zh: The field it is over and its label; of a pair the id of the other record.
        version: What to send back as ``version`` when settling: how far the caller has seen.
        age_h: Hours since it was opened.
        zh, en: What happened, in a sentence.
        facts: What the sentence rests on beside the values (a distance, a day).
        candidates: All values to choose from; none of a pair.
        settled: How it came to its end; null while it is open, and where a rule settled it.
        choices: What may be chosen at this moment by whoever asks; often nothing.
    """

    id: str
    kind: str
    kind_zh: str
    record: About
    other: About | None
    field: str
    label_zh: str
    rule: str
    reason: str
    open: bool
    opened_at: str
    opened_ms: int
    changed_at: str
    changed_ms: int
    age_h: float
    people: list[Named]
    zh: str
    en: str
    facts: dict[str, Any]
    candidates: list[Value]
    shown: Shown | None
    version: int
    settled: Ending | None
    choices: list[Choosable]


def item(
    row: Any,
    dispute: Dispute,
    detail: Mapping[str, Any],
    settled: Mapping[str, Any] | None,
    people: Iterable[str],
    records: Mapping[str, Record],
    names: Names,
    choices: Mapping[SettlingChoice, list[str]],
    now_ms: int,
) -> ListedConflict:
    """
    Return the dispute *row* (``storage.conflicts.Conflict``) as it is read.

    Args:
        dispute, detail, settled, people: What *row* holds, taken apart.
        records: What it is over, by id.
        names: Of people and of records.
        choices: Who may choose what.
    """
    other = records.get(dispute.field) if row.kind == DUPLICATE else None
    return ListedConflict(
        id=row.id, kind=row.kind, kind_zh=KINDS_ZH.get(row.kind, row.kind), record=about(records[row.record]),
        other=about(other) if other is not None else None, field=dispute.field,
        label_zh="" if row.kind == DUPLICATE else reading.label_of(row.type, dispute.field),
        rule=row.rule, reason=detail["reason"], open=row.open,
        opened_at=reading.moment(row.opened_ms), opened_ms=row.opened_ms,
        changed_at=reading.moment(row.changed_ms), changed_ms=row.changed_ms,
        age_h=round(max(0, now_ms - row.opened_ms) / _HOUR_MS, 1),
        people=[Named(one, names.get(one)) for one in people], zh=detail.get("zh", ""), en=detail.get("en", ""),
        facts=detail.get("facts", {}), candidates=candidates(dispute, records, names),
        shown=_shown(dispute, records, names), version=seen_version(dispute, records),
        settled=ending(settled, names) if settled else None,
        choices=[Choosable(choice, CHOICES[choice], who) for choice, who in choices.items()],
    )  # fmt: skip


def about(record: Record) -> About:
    """Return what *record* is called."""
    number = number_of(record.type, record.grid, record.born, record.fields) or record.fields.get("code")
    return About(
        record.id, record.type, title_of(record.type), reading.called(record), record.grid, number, record.void
    )


def candidates(dispute: Dispute, records: Mapping[str, Record], names: Names) -> list[Value]:
    """Return the values to choose from; of a pair there are none."""
    if dispute.kind == DUPLICATE:
        return []
    shown = _shown(dispute, records, names)
    return [
        Value(
            place, one.value, reading.words_of(dispute.type, dispute.field, one.value, names), one.by,
            names.get(one.by), reading.moment(one.at[0]), one.at[0], one.version,
            shown is not None and one.value == shown.value,
        )
        for place, one in enumerate(dispute.candidates)
    ]  # fmt: skip


def seen_version(dispute: Dispute, records: Mapping[str, Record]) -> int:
    """Return how far whoever looks now has seen: versions count along the feed, of a pair both."""
    record, other = records[dispute.record], records.get(dispute.field)
    return max(record.version, other.version) if other and other.feed == record.feed else record.version


def ending(settled: Mapping[str, Any], names: Names) -> Ending:
    """Return how a dispute came to its end, from what is stored of it."""
    choice = str(settled["choice"])
    return Ending(
        settled["by"], names.get(settled["by"]), reading.moment(settled["at_ms"]), settled["at_ms"], choice,
        CHOICES.get(choice) or ENDINGS.get(choice, choice), settled.get("reason"), settled.get("version"),
        settled.get("zh", ""), settled.get("en", ""),
    )  # fmt: skip


def _shown(dispute: Dispute, records: Mapping[str, Record], names: Names) -> Shown | None:
    if dispute.kind in (DUPLICATE, NOTICE):
        return None
    value = shown_of(records[dispute.record], dispute.field).value
    return Shown(value, reading.words_of(dispute.type, dispute.field, value, names))
