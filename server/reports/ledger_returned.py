"""
A sheet of the ledger that comes back 台账回收: what somebody changed in it, and what of that may be written. Pure.

A sheet is believed in what it says of a problem (where it is, what is wrong), never in how far the case has come:
that takes the acts of the workflow, and differences are told to whoever brings the sheet.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.cases import PROBLEM_CLASSES, SEVERITIES
from schemas.grid import Level
from schemas.numbers import NOT_YET, as_given
from schemas.records import TYPES, Fields
from schemas.rules import Extreme
from server.core.importing.cells import BadCell, Convert, fold, plain, word_of
from server.core.importing.tables import Column, Named, Wrong
from server.core.importing.wanted import Wanted
from server.core.sources import findings
from server.core.sources.findings import Areas
from server.core.sources.masking import without_numbers
from server.reports.csv_text import unguarded
from server.reports.ledger_columns import COLUMNS as WRITTEN
from server.reports.ledger_columns import PLACES
from server.reports.ledger_rows import BETWEEN_REMARKS, Cell, texts_of
from server.reports.ledger_seals import Seal
from server.values import Record

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "number": ("编号", "案件编号"),
    "found_at": ("发现日期",),
    "street": ("街道",),
    "community": ("社区",),
    "grid": ("网格",),
    "place_text": ("具体位置", "地点", "位置"),
    "problem_class": ("类别", "问题类型"),
    "description": ("问题描述", "问题内容"),
    "territorial_unit": ("属地单位",),
    "functional_unit": ("属事部门",),
    "due_at": ("完成时限", "整改期限"),
}
_MOMENTS = frozenset(column.name for column in WRITTEN if column.kind == "moment")
_COUNTS = frozenset({"returns", "extensions"})
#: Reckoned, drawn, or masked as it is written: what such a cell says changes nothing and contradicts nothing.
SILENT = frozenset({"serial", "before", "after", "phone", "overdue"})
#: What is said of a problem in sentences, and all that is said of it: a change becomes an edit.
TEXTS = ("place_text", "description")
EDITED = (*TEXTS, "problem_class", "severity", "territorial_unit", "functional_unit", "remark")
_WHY: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("source", "found_at"), ("只在上报时填写，不再改", "is written once, with the report")),
    **dict.fromkeys(
        ("street", "community", "grid"), ("改网格请用移交（records move）", "move the case with: records move")
    ),
}
_BY_ACTS = ("以流程为准，请办理相应操作", "goes by the workflow: take the act for it")
_BLANK = ("空白不清除已有内容", "a blank clears nothing")
_ONLY_CLIMBS = ("严重程度只升不降", "a severity only climbs")
_OUTRANKED = ("您已这样提过，以位阶较高的人员填写的为准", "you have said so before, and a higher rank otherwise")
_ESCAPED = re.compile(r"_x005F_(?=x[0-9A-Fa-f]{4}_)")
MOST_SHOWN = 60


def as_typed(text: str) -> str:
    """Return a cell as somebody typed it: without what programs put around it."""
    return _ESCAPED.sub("_", text).replace("\r\n", "\n").strip()


#: Every column of the ledger, by the headings offices give it; none has to be there.
COLUMNS = tuple(Column(one.name, (one.title, *_ALIASES.get(one.name, ())), as_typed) for one in WRITTEN)


class Difference(NamedTuple):
    """What a sheet says otherwise, and is not written: what stands here, what the sheet says, and why not."""

    row: int
    number: str
    column: str
    here: str
    sheet: str
    why_zh: str
    why_en: str


class Change(NamedTuple):
    """What is written because a sheet says so."""

    row: int
    number: str
    column: str
    before: str
    after: str


@dataclass(slots=True)
class Edit:
    """What one row makes of a case that is there; ``base`` is the version its author saw."""

    row: int
    case: str
    base: int
    sets: Fields = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


@dataclass(slots=True)
class Found:
    """What holding rows against the ledger has led to."""

    edits: list[Edit] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """
    What holds for all rows of a sheet.

    Attributes:
        areas: The places of the district.
        by: Who brings it.
        home: Where his own area is: there lies a new case whose row names no place.
        there: Which columns it has.
        source: Where problems come from, of rows that do not say.
    """

    areas: Areas
    by: str
    home: str
    there: frozenset[str]
    source: str | None = None


def number_of_row(row: Named) -> str | None:
    """Return the number that a row bears, as the office writes numbers; None where it bears none."""
    text = row.values.get("number")
    return as_given(unguarded(text)) if text else None


def is_unnumbered(number: str | None) -> bool:
    """Say whether a row was written before its case had a number."""
    return number is not None and fold(number) in NOT_YET


def compare(row: Named, case: Record, cells: Sequence[Cell], seal: Seal | None, sheet: Sheet, found: Found) -> None:
    """
    Hold *row* against the *case* it is about, and put what that leads to into *found*.

    Args:
        cells: The row of the case as it would be written now.
        seal: What was remembered when the sheet was written, if it still says so.
    """
    _Comparing(row, case, dict(zip(PLACES, texts_of(cells), strict=True)), seal, sheet, found).all()


class _Comparing:
    """One row beside the case it is about."""

    def __init__(
        self, row: Named, case: Record, here: Mapping[str, str], seal: Seal | None, sheet: Sheet, found: Found
    ) -> None:
        self._row, self._case, self._here, self._seal = row, case, here, seal
        self._sheet, self._found = sheet, found
        self._edit = Edit(row.number, case.id, _base(case, seal))

    def all(self) -> None:
        """Look at every column there is, in their order."""
        wrong = len(self._found.wrong)
        for name in PLACES:
            if name in self._sheet.there and name not in SILENT and name != "number":
                self._look_at(name)
        if self._edit.changes:
            self._found.edits.append(self._edit)
        elif len(self._found.wrong) == wrong:
            self._found.unchanged += 1

    def _look_at(self, name: str) -> None:
        text, here = self._row.values.get(name, ""), self._here[name]
        if (self._seal is not None and self._seal.untouched(name, text)) or _same(name, text, here):
            return
        if not text:
            # Without a seal nobody can tell a cell that was emptied from one that was never filled in.
            if self._seal is not None:
                self._differs(name, text, _BLANK)
        elif name in EDITED:
            self._edits(name, text)
        else:
            self._differs(name, text, _WHY.get(name, _BY_ACTS))

    def _edits(self, name: str, text: str) -> None:
        try:
            value = self._remark(text) if name == "remark" else self._value(name, text)
        except BadCell as bad:
            self._found.wrong.append(Wrong(self._row.number, title_of(name), text[:MOST_SHOWN], bad.error))
            return
        if value is None or self._case.fields.get(name) == value:
            return
        why_not = _why_not(self._case, name, value, self._sheet.by)
        if why_not is not None:
            self._differs(name, text, why_not)
            return
        if name == "remark":
            self._edit.remarks.append(str(value))
        else:
            self._edit.sets[name] = value
        number = self._here["number"]
        self._edit.changes.append(Change(self._row.number, number, title_of(name), self._here[name], text))

    def _differs(self, name: str, text: str, why: tuple[str, str]) -> None:
        told = Difference(self._row.number, self._here["number"], title_of(name), self._here[name], text, *why)
        self._found.differences.append(told)

    def _value(self, name: str, text: str) -> Any:
        """Return the value that a cell says; raises ``BadCell``."""
        areas = self._sheet.areas
        if name == "territorial_unit":
            return areas.code_of(text, Level.STREET, areas.district)
        return _READ[name](text)

    def _remark(self, text: str) -> str | None:
        """Return what a cell adds to the remarks; None where all of it has been said."""
        said = {str(entry.get("text")) for entry in self._case.fields.get("remark", ())}
        rest = unguarded(text).removeprefix(self._here["remark"]).strip(f"{BETWEEN_REMARKS}; \n")
        rest = sentence(rest)
        return None if not rest or rest in said else rest


def sentence(text: str) -> str:
    """Return what somebody wrote, telephone numbers masked; raises ``BadCell`` for what a formula left behind."""
    return without_numbers(plain(unguarded(text)))


_READ: Mapping[str, Convert] = {
    "problem_class": word_of({word: known.zh for word, known in PROBLEM_CLASSES.items()}),
    "severity": word_of(SEVERITIES),
    "functional_unit": findings.unit,
    **dict.fromkeys(TEXTS, sentence),
}


def _base(case: Record, seal: Seal | None) -> int:
    """Return the version that whoever filled the sheet in had seen: what was written since, he had not."""
    if seal is None:
        return case.version
    return min(int(seal.version), case.version) if seal.feed == case.feed else 0


def _why_not(case: Record, name: str, value: Any, by: str) -> tuple[str, str] | None:
    """Return why *value* would change nothing: the rule of its field says so, or *by* has said it before."""
    rule = TYPES["case"].rules.of(name)
    if isinstance(rule, Extreme) and _height(rule, value) <= _height(rule, case.fields.get(name)):
        return _ONLY_CLIMBS
    kept = case.marks.values.get(name, ())
    return _OUTRANKED if any(one.value == value and one.by == by for one in kept) else None


def _height(rule: Extreme, value: Any) -> int:
    return rule.ladder.index(value) if value in rule.ladder else -1


def _same(name: str, text: str, here: str) -> bool:
    """Say whether a cell says what stands here, however a program may have written it."""
    if as_typed(here) in (text, unguarded(text)):
        return True
    if name in _MOMENTS and text:
        return _minute(text) == here
    return name in _COUNTS and fold(text).removesuffix(".0") == here


def _minute(text: str) -> str | None:
    try:
        return findings.moment(text)[:16].replace("T", " ")
    except BadCell:
        return None


def title_of(name: str) -> str:
    """Return the heading of the column *name*."""
    return WRITTEN[PLACES[name]].title
