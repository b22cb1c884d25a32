"""
Rows of people into accounts and grants 人员导入: one row a role, several rows a person.

The staff number tells people apart; names repeat. What a file does not name is not ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from schemas import grid
from schemas.fields import say
from schemas.roles import Role
from schemas.units import is_unit_code, named_department
from server.core.importing import cells
from server.core.importing.tables import Column, Named, Wrong

#: Asia/Shanghai has had no daylight saving since 1991.
LOCAL = timezone(timedelta(hours=8))


def _unit(text: str) -> str:
    """Return the code of a unit that a cell names by its code, or, a department, as people call it."""
    folded = cells.code(text)
    return named_department(folded) or folded


COLUMNS = (
    Column("code", ("工号", "人员编号", "编号", "员工编号"), cells.code, True),
    Column("name", ("姓名", "名字"), cells.plain, True),
    Column("title", ("职务", "岗位"), cells.plain),
    Column("unit", ("单位", "所属单位", "部门"), cells.plain),
    Column("phone", ("电话", "手机", "手机号", "联系电话"), cells.phone),
    Column("role", ("身份", "角色", "权限"), cells.word_of({role.value: role.zh for role in Role})),
    Column("area", ("责任区域", "区域", "区划代码", "网格", "所属网格"), cells.code),
    Column("unit_code", ("单位代码", "承办单位代码", "部门代码", "承办部门"), _unit),
    Column("from", ("开始日期", "起", "任职日期"), cells.day),
    Column("to", ("结束日期", "止", "离任日期"), cells.day),
)
_OF_PERSON = ("name", "title", "unit", "phone")


class Duty(NamedTuple):
    """A role in an area that a row asks for; midnight of the days named, None: not said."""

    role: Role
    area: str
    from_ms: int | None
    to_ms: int | None
    unit: str | None = None


@dataclass(slots=True)
class Entry:
    """One person as the file has him, with everything his rows ask for."""

    code: str
    said: dict[str, str]
    row: Named
    duties: list[Duty] = field(default_factory=list)


def day_ms(day: str) -> int:
    """
    Return the first moment of *day* (2020-07-18) here, in milliseconds.

    Raises:
        ValueError: there is no such day.
    """
    return int(datetime.fromisoformat(day).replace(tzinfo=LOCAL).timestamp() * 1000)


def plan(district: str, rows: Sequence[Named]) -> tuple[list[Entry], list[Wrong], int]:
    """Return the people that *rows* want, the mistakes, and how many rows said the same again."""
    entries: dict[str, Entry] = {}
    wrong: list[Wrong] = []
    duplicates = 0
    for row in rows:
        found = row.wrong or _check(district, row, entries)
        wrong += found
        if found:
            continue
        values = row.values
        said = {name: values[name] for name in _OF_PERSON if name in values}
        entry = entries.setdefault(values["code"], Entry(values["code"], said, row))
        duty = _duty(row)
        if entry.row is not row and duty in (None, *entry.duties):
            duplicates += 1
        elif duty is not None:
            entry.duties.append(duty)
    return list(entries.values()), wrong, duplicates


def _duty(row: Named) -> Duty | None:
    values = row.values
    if "role" not in values:
        return None
    begins, ends = (day_ms(values[n]) if n in values else None for n in ("from", "to"))
    return Duty(Role(values["role"]), values["area"], begins, ends, values.get("unit_code"))


def _check(district: str, row: Named, entries: dict[str, Entry]) -> list[Wrong]:
    values = row.values
    missing = [name for name in ("code", "name") if name not in values]
    if ("role" in values) != ("area" in values):
        missing.append("area" if "role" in values else "role")
    found = [_wrong(row, name, "required", "必填", "is required") for name in missing]
    area = values.get("area")
    if area is not None and not (grid.is_code(area) and grid.lies_in(area, district)):
        found.append(_wrong(row, "area", "outside", f"不是 {district} 内的区划代码", f"is no code inside {district}"))
    found += _check_days(row)
    found += _check_unit(row)
    before = entries.get(values.get("code", ""))
    if before is not None and any(before.said.get(n, v) != v for n, v in values.items() if n in _OF_PERSON):
        zh = f"与第 {before.row.number} 行工号相同，但人员信息不同"
        found.append(_wrong(row, "code", "twice", zh, f"has the number of row {before.row.number}, told differently"))
    return found


def _check_days(row: Named) -> list[Wrong]:
    found = []
    for name in ("from", "to"):
        try:
            day_ms(row.values.get(name, "2020-01-01"))
        except ValueError:
            found.append(_wrong(row, name, "day", "不是真实的日期", "is not a real day"))
    if not found and row.values.get("from", "") >= row.values.get("to", "9999"):
        found.append(_wrong(row, "to", "order", "结束不晚于开始", "is not after the beginning"))
    return found


def _check_unit(row: Named) -> list[Wrong]:
    unit = row.values.get("unit_code")
    if unit is None:
        return []
    if "role" not in row.values:
        return [_wrong(row, "role", "required", "写了单位代码，须写身份", "is required beside a unit")]
    if is_unit_code(unit):
        return []
    zh, en = "不是单位代码，应如 dept_urban", "is no unit's code; write it as dept_urban"
    return [_wrong(row, "unit_code", "unit", zh, en)]


def _wrong(row: Named, name: str, code: str, zh: str, en: str) -> Wrong:
    title = next(column.title for column in COLUMNS if column.name == name)
    return Wrong(row.number, title, row.texts.get(name, "")[:60], say(code, zh, en))
