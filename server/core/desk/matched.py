"""
A picture used twice as the street reads it 重复照片条目: which records, how alike, who looked at it and what he found.

Pure. A record that the caller may not see is told as "another record elsewhere", and nothing more of it.
"""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from schemas.parts import PHOTO_FLAGS, PHOTO_ROLES
from server.core.desk import reading
from server.core.desk.listed import About, Named, about
from server.core.desk.reading import Names
from server.core.photo_names import named_in
from server.values import Record

Outcome = Literal["fine", "misuse"]
OUTCOMES: Mapping[Outcome, tuple[str, str]] = {
    "fine": ("无问题", "looked at, and fine"),
    "misuse": ("重复使用", "the same picture was used for two findings"),
}
KINDS = {"exact": "同一照片", "near": "近似照片"}
_SAID = {
    "exact": ("同一张照片用于两条记录", "one photo is used by two records"),
    "near": ("两张照片几乎相同", "two photos are nearly the same"),
}
_ELSEWHERE = ("另一条记录不在您的责任区域内", "the other record lies elsewhere")


class MatchSide(Struct, frozen=True):
    """
    One of the two: a photo as a record names it.

    Attributes:
        photo: The SHA-256 of its original.
        by: Who made the record.
        item, role_zh, taken_at, flags_zh: As the record says of the photo.
    """

    photo: str
    record: About
    by: Named
    item: str | None
    role_zh: str | None
    taken_at: str | None
    flags_zh: list[str]


class MatchFinding(Struct, frozen=True):
    """What somebody found who looked at both."""

    outcome: Outcome
    zh: str
    en: str
    by: Named
    at: str
    at_ms: int
    reason: str


class ListedMatch(Struct, frozen=True):
    """
    One match of the list.

    Attributes:
        kind: exact (one photo, two records) or near (two photos).
        distance: In how many of 128 bits the two pictures differ.
        side, other: What was found later, and what had been there; null where the caller may not see it.
        settled: What was found in the end; null while nobody has looked.
        before: What was found before that, the oldest first.
    """

    id: str
    kind: str
    kind_zh: str
    zh: str
    en: str
    distance: int
    found_at: str
    found_ms: int
    side: MatchSide | None
    other: MatchSide | None
    settled: MatchFinding | None
    before: list[MatchFinding]


def told(row: Any, findings: list[dict[str, Any]], records: Mapping[str, Record], names: Names) -> ListedMatch:
    """
    Return the match *row* (``storage.photo_matches.Match``) as it is read.

    Args:
        findings: What was found, the oldest first, as ``found`` makes them.
        records: Those of its two records that the caller may see.
        names: What people are called.
    """
    side, other = (
        _side(row.photo, records.get(row.record), names),
        _side(row.other, records.get(row.other_record), names),
    )
    zh, en = _SAID[row.kind]
    if side is None or other is None:
        zh, en = f"{zh}；{_ELSEWHERE[0]}", f"{en}; {_ELSEWHERE[1]}"
    read = [_finding(one, names) for one in findings]
    return ListedMatch(
        row.id, row.kind, KINDS[row.kind], zh, en, row.distance, reading.moment(row.found_ms), row.found_ms,
        side, other, read[-1] if read else None, read[:-1],
    )  # fmt: skip


def found(outcome: Outcome, by: str, at_ms: int, reason: str) -> dict[str, Any]:
    """Return what *by* found, as it is stored."""
    return {"outcome": outcome, "by": by, "at_ms": at_ms, "reason": reason}


def _side(sha256: str, record: Record | None, names: Names) -> MatchSide | None:
    if record is None:
        return None
    naming = (one for one in named_in(record) if sha256 in (one.get("sha256"), one.get("copy")))
    photo: Mapping[str, Any] = next(naming, {})
    by = record.origin.by
    return MatchSide(
        sha256, about(record), Named(by, names.get(by)), photo.get("item"), PHOTO_ROLES.get(photo.get("role", "")),
        photo.get("taken_at"), [PHOTO_FLAGS.get(flag, flag) for flag in photo.get("flags") or ()],
    )  # fmt: skip


def _finding(one: Mapping[str, Any], names: Names) -> MatchFinding:
    zh, en = OUTCOMES[one["outcome"]]
    by = one["by"]
    return MatchFinding(
        one["outcome"], zh, en, Named(by, names.get(by)), reading.moment(one["at_ms"]), one["at_ms"], one["reason"]
    )
