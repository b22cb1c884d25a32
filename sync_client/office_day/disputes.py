"""
What waits for a decision of the office 待裁定 as it was heard last, and what a choice over it amounts to.

Pure. A choice becomes an ordinary change of the record, as at the office's desk; the office judges it when it arrives.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import msgspec

from schemas.mutations import CHOICES, Act
from schemas.records import TYPES, Fields, rule_of
from schemas.rules import Together
from sync_client.labels import NotUnderstood

DUPLICATE = "duplicate"
_MOST_REMARK = 200


class About(msgspec.Struct, frozen=True):
    """The record a dispute is over."""

    id: str
    type: str
    name: str
    grid: str
    number: str | None = None


class Value(msgspec.Struct, frozen=True):
    """One value to choose from; ``index`` counts from 0."""

    index: int
    value: Any
    words_zh: str
    at_ms: int
    name: str | None = None
    shown: bool = False


class Shown(msgspec.Struct, frozen=True):
    """The value that is shown at present."""

    value: Any


class Choosable(msgspec.Struct, frozen=True):
    """One choice, and the ids of those who may take it."""

    choice: str
    people: list[str]


class Dispute(msgspec.Struct, frozen=True):
    """One dispute as the office lists it 待裁定事项; moments in milliseconds."""

    id: str
    kind: str
    kind_zh: str
    record: About
    field: str
    opened_ms: int
    zh: str
    en: str
    label_zh: str = ""
    other: About | None = None
    candidates: list[Value] = []
    shown: Shown | None = None
    choices: list[Choosable] = []

    def choosable(self, person: str) -> list[str]:
        """Return what *person* may choose."""
        return [one.choice for one in self.choices if person in one.people]


@dataclass(frozen=True, slots=True)
class Writing:
    """What a choice writes into which record; nothing where having seen it is all."""

    record: str
    set: Fields = field(default_factory=dict)
    add: dict[str, list[Any]] = field(default_factory=dict)
    act: Act | None = None


def disputes_in(rows: Iterable[dict[str, Any]]) -> list[Dispute]:
    """Return the disputes of a list's *rows*, as they came; one that this client cannot read is left out."""
    return [dispute for row in rows if (dispute := _dispute(row)) is not None]


def _dispute(row: dict[str, Any]) -> Dispute | None:
    try:
        return msgspec.convert(row, Dispute)
    except msgspec.ValidationError:
        return None


def written(
    dispute: Dispute,
    choice: str,
    candidate: int | None,
    value: Any,
    fields: Mapping[str, Fields],
    beside: Sequence[str] = (),
) -> Writing:
    """
    Return what *choice* over *dispute* writes.

    Args:
        candidate: Of ``choose`` and ``accept``, which value, from 0; None for the only other one.
        value: Of ``hand``, what was written.
        fields: Of a pair, the fields of both records by id.
        beside: Of ``both``, each value that is not shown in words.

    Raises:
        NotUnderstood: The choice lacks something.
    """
    match choice:
        case "merge":
            return _merged(dispute, fields)
        case "distinct":
            return _told_apart(dispute, fields)
        case "seen":
            return Writing(dispute.record.id)
        case "hand":
            return Writing(dispute.record.id, setting(dispute, value))
        case "choose" | "accept":
            return Writing(dispute.record.id, setting(dispute, _picked(dispute, candidate).value))
    kept = dispute.shown.value if dispute.shown else None
    remarks = [text if len(text) <= _MOST_REMARK else text[: _MOST_REMARK - 1] + "…" for text in beside]
    return Writing(dispute.record.id, setting(dispute, kept), {"remark": remarks} if remarks else {})


def setting(dispute: Dispute, value: Any) -> Fields:
    """Return the fields that *value* is written into, which may be several that are set as one."""
    rule = rule_of(TYPES, dispute.record.type, dispute.field)
    return dict(value) if isinstance(rule, Together) and isinstance(value, dict) else {dispute.field: value}


def _picked(dispute: Dispute, candidate: int | None) -> Value:
    listed = dispute.candidates
    if candidate is not None and 0 <= candidate < len(listed):
        return listed[candidate]
    others = [one for one in listed if not one.shown]
    if candidate is None and len(others) == 1:
        return others[0]
    return _lacks(f"请写明选第几个，1 至 {len(listed)}。", f"Say which value, 1 to {len(listed)}.")


def _merged(dispute: Dispute, fields: Mapping[str, Fields]) -> Writing:
    one, other = _pair(dispute, fields)
    if dispute.record.type == "case":
        # The case found first stays; of two found at once, the one whose id is smaller.
        main, gone = sorted((one, other), key=lambda each: (str(fields[each].get("found_at", "")), each))
        return Writing(gone, act=Act("merge", into=main))
    return Writing(one, {"merged_into": other})


def _told_apart(dispute: Dispute, fields: Mapping[str, Fields]) -> Writing:
    one, other = _pair(dispute, fields)
    return Writing(one, add={"distinct_from": [other]})


def _pair(dispute: Dispute, fields: Mapping[str, Fields]) -> tuple[str, str]:
    other = dispute.other
    if other is None or {dispute.record.id, other.id} - fields.keys():
        return _lacks(
            "本机没有这两条记录，请先 gridward office sync。", "This machine lacks the two records; sync first."
        )
    if any(fields[one].get("merged_into") for one in (dispute.record.id, other.id)):
        return _lacks("其中一条已并入别的记录，请先 gridward office sync。", "One was merged meanwhile; sync first.")
    return dispute.record.id, other.id


def _lacks(zh: str, en: str) -> NoReturn:
    raise NotUnderstood(zh, en)


def choice_called(text: str) -> str | None:
    """Return the choice called *text*, in either language; None where there is none."""
    wanted = text.strip().lower()
    return next((word for word, zh in CHOICES.items() if wanted in (word, zh)), None)
