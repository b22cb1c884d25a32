"""
Lists of findings from above into wanted cases 上级检查清单导入: the columns of the ledger, in any order.

A finding's own number is its key: the list comes again with every bulletin, and nothing is made twice. What a list
says of striking off is not believed: that takes two signatures here.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from schemas import grid
from schemas.cases import PROBLEM_CLASSES, SEVERITIES
from schemas.fields import say
from schemas.grid import Level
from schemas.ids import derived_id
from schemas.parts import FUNCTIONAL_UNITS
from schemas.records import Fields
from server.core.importing.cells import BadCell, code, fold, plain, word_of
from server.core.importing.registers import Plan
from server.core.importing.tables import Column, Named, Wrong
from server.core.importing.wanted import Wanted
from server.core.sources.masking import without_numbers

_MOMENT = re.compile(
    r"^([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})\s*日?"
    r"(?:[ T]*([0-9]{1,2})\s*[:时点]\s*([0-9]{1,2})?\s*(?:[:分]\s*([0-9]{1,2})?\s*秒?)?)?$"
)
_SERIAL = re.compile(r"^[0-9]{5}(?:\.[0-9]+)?$")
#: What people add to a street's or community's name, or leave out.
_KINDS = ("街道办事处", "街道", "社区居委会", "社区", "居委会", "网格")
_BRACKETS = re.compile(r"[(（].*?[)）]")
_CLASSES = {word: known.zh for word, known in PROBLEM_CLASSES.items()}


def moment(text: str, *, end: bool = False) -> str:
    """
    Return a moment as a record writes it; a day alone begins at midnight, or ends a second before the next.

    Raises:
        BadCell: It is no date, or one without its year; the message says what to write.
    """
    folded = fold(text)
    found = _MOMENT.match(folded)
    if found is None and _SERIAL.match(folded):
        raise BadCell(
            "day", "是数字不是日期，请把该列设为日期格式", "is a number, not a date; make the column a column of dates"
        )
    if found is None:
        raise BadCell("day", "不是日期，应如 2020-07-18 或 2020-07-18 08:30", "is no date; write 2020-07-18 08:30")
    year, month, day, hour, minute, second = found.groups()
    time = (23, 59, 59) if end and hour is None else tuple(int(part or 0) for part in (hour, minute, second))
    written = f"{year}-{int(month):02d}-{int(day):02d}T{time[0]:02d}:{time[1]:02d}:{time[2]:02d}+08:00"
    _refuse_impossible(written)
    return written


def _refuse_impossible(written: str) -> None:
    try:
        datetime.fromisoformat(written)
    except ValueError:
        raise BadCell("day", "没有这一天或这一时刻", "there is no such day or time") from None


def _last_moment(text: str) -> str:
    return moment(text, end=True)


def _names_of(zh: str) -> tuple[str, ...]:
    """Return the names of a unit: before the brackets, and in them."""
    return tuple(_bare(part) for part in re.split(r"[(（)）]", zh) if part)


def _bare(text: str) -> str:
    """Return a name as it is compared: narrow, without brackets, blanks and the word for what it is."""
    name = "".join(_BRACKETS.sub("", unicodedata.normalize("NFKC", text)).split())
    for kind in _KINDS:
        if name.endswith(kind) and len(name) > len(kind):
            return name.removesuffix(kind)
    return name


_UNITS = {word: _names_of(zh) for word, zh in FUNCTIONAL_UNITS.items()}


def unit(text: str) -> str:
    """
    Return the department that *text* names, whole or shortened.

    Raises:
        BadCell: It names none, or more than one.
    """
    wanted = _bare(text)
    found = [
        word for word, names in _UNITS.items()
        if word == wanted or any(wanted in one or one in wanted for one in names)
    ]  # fmt: skip
    if len(found) != 1 or not wanted:
        listed = "、".join(FUNCTIONAL_UNITS.values())
        raise BadCell("choice", f"应为其中之一：{listed}", f"must be one of: {', '.join(FUNCTIONAL_UNITS)}")
    return found[0]


COLUMNS = (
    Column("source_no", ("问题编号", "编号", "案件编号", "问题序号"), code, True),
    Column("found_at", ("发现时间", "检查时间", "发现日期"), moment, True),
    Column("street", ("所属街道", "街道", "街道办"), plain),
    Column("community", ("所属社区", "社区"), plain),
    Column("grid", ("所属网格", "网格", "网格编码"), plain),
    Column("place_text", ("点位", "具体位置", "地点", "位置"), plain),
    Column("problem_class", ("问题类别", "类别", "问题类型"), word_of(_CLASSES)),
    Column("description", ("存在问题", "问题描述", "问题内容", "问题"), plain, True),
    Column("severity", ("严重程度", "程度"), word_of(SEVERITIES)),
    Column("territorial", ("责任单位", "属地单位", "属地"), plain),
    Column("functional_unit", ("责任部门", "属事部门", "牵头部门"), unit),
    Column("ordered_due", ("整改时限", "完成时限", "整改期限"), _last_moment),
)
_TEXTS = ("place_text", "description")


@dataclass(frozen=True, slots=True)
class Areas:
    """The places of a district that are known: codes, and the names people call them by."""

    district: str
    names: Mapping[str, str]

    def code_of(self, text: str, level: Level, within: str) -> str:
        """
        Return the code of the place that *text* names, one of *level* inside *within*.

        Raises:
            BadCell: There is none of that name, or several.
        """
        folded = fold(text)
        if folded in self.names and len(folded) == level:
            return folded
        inside = [one for one in self.names if len(one) == level and grid.lies_in(one, within)]
        found = [one for one in inside if _bare(self.names[one]) == _bare(text)]
        if len(found) == 1:
            return found[0]
        if found:
            raise BadCell(
                "ambiguous", f"有 {len(found)} 个同名：{'、'.join(found)}，请改填代码",
                f"names {len(found)} places; write the code",
            )  # fmt: skip
        listed = "、".join(self.names[one] for one in inside[:_SHOWN])
        raise BadCell("unknown", f"没有这个{level.zh}，现有：{listed or '—'}", f"is no {level.name.lower()} known here")


_SHOWN = 12


def plan(district: str, source: str, rows: Sequence[Named], areas: Areas) -> Plan:
    """Return the cases that *rows* want; each has the number of its finding as key."""
    made, seen = Plan(), dict[str, Named]()
    for row in rows:
        wrong = list(row.wrong) or _missing(row)
        place = "" if wrong else _place(row, areas, wrong)
        if wrong:
            made.wrong += wrong
            continue
        before = seen.setdefault(row.values["source_no"], row)
        if before is row:
            made.wanted.append(_wanted(district, source, row, place))
        elif before.values == row.values:
            made.duplicates += 1
        else:
            zh, en = f"与第 {before.number} 行编号相同而内容不同", f"row {before.number} has the same number"
            made.wrong.append(_wrong(row, "source_no", "twice", f"{zh}，请核对", f"{en} and says otherwise"))
    return made


def finding_id(district: str, source: str, number: str) -> str:
    """Return the id of the case of a finding: the same whenever its list comes in."""
    return derived_id("finding", district, source, number)


def _wanted(district: str, source: str, row: Named, place: str) -> Wanted:
    values = row.values
    class_ = values.get("problem_class", "other")
    fields: Fields = {name: values[name] for name in ("source_no", "found_at", "ordered_due") if name in values}
    fields |= {name: without_numbers(values[name]) for name in _TEXTS if name in values}
    fields |= {name: values[name] for name in ("territorial_unit", "functional_unit") if name in values}
    fields |= {"problem_class": class_, "severity": values.get("severity", PROBLEM_CLASSES[class_].severity)}
    first = {"source": source}
    return Wanted(
        "case", finding_id(district, source, values["source_no"]), place, fields, defaults=first, row=row.number
    )


def _place(row: Named, areas: Areas, wrong: list[Wrong]) -> str:
    """Return where a finding lies, as exactly as its row says; what it says wrongly goes into *wrong*."""
    place = areas.district
    for name, level in (("street", Level.STREET), ("community", Level.COMMUNITY), ("grid", Level.GRID)):
        if name in row.values:
            place = _read(row, name, partial(areas.code_of, level=level, within=place), wrong) or place
    if "territorial" in row.values:
        found = _read(row, "territorial", partial(areas.code_of, level=Level.STREET, within=areas.district), wrong)
        if found is not None:
            row.values["territorial_unit"] = found
            place = found if place == areas.district else place
    return place


def _read(row: Named, name: str, read: Callable[[str], str], wrong: list[Wrong]) -> str | None:
    try:
        return read(row.values[name])
    except BadCell as bad:
        wrong.append(Wrong(row.number, title_of(name), row.texts.get(name, "")[:60], bad.error))
        return None


def _missing(row: Named) -> list[Wrong]:
    """Return what a row cannot do without."""
    needed = [column for column in COLUMNS if column.required and column.name not in row.values]
    return [
        _wrong(
            row, one.name, "required", "必填" if one.name != "source_no" else "必填：再次导入时按它识别", "is required"
        )
        for one in needed
    ]


def _wrong(row: Named, name: str, code_: str, zh: str, en: str) -> Wrong:
    return Wrong(row.number, title_of(name), row.texts.get(name, "")[:60], say(code_, zh, en))


def title_of(name: str) -> str:
    """Return the heading of the column *name*, as offices write it."""
    return next((column.title for column in COLUMNS if column.name == name), name)


def changed(wanted: Iterable[Wanted], records: Mapping[str, Any]) -> list[tuple[int, str, str, Any, Any]]:
    """Return what a list says otherwise than the last time: row, number, column, what stands there, what it says."""
    found = []
    for one in wanted:
        record = records.get(one.id)
        if record is not None:
            found += [
                (one.row, str(one.fields["source_no"]), title_of(name), record.fields.get(name), value)
                for name, value in one.fields.items()
                if record.fields.get(name) != value
            ]
    return found
