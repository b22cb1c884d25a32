"""
Read the weekly scores of units 单位周得分 from a table: the week's Monday, the unit, its score; one row for each.
"""

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from schemas.moments import ms_of
from server.core.importing import cells
from server.core.importing.tables import Column, Named, find_heading, read_rows
from server.usecases.mistakes import Mistake
from server.usecases.read_table import read_table

COLUMNS = (
    Column("week", ("周", "周一", "week"), cells.day, True),
    Column("unit", ("单位", "unit"), cells.plain, True),
    Column("score", ("得分", "score"), cells.number, True),
)
_WEEK = timedelta(days=7)


class Weeks(NamedTuple):
    """The score of each unit, one mapping a week, the latest last; and when that one began, in milliseconds."""

    scores: list[dict[str, float]]
    last_ms: int


def read_scores(path: Path) -> Weeks:
    """
    Return the scores that the table at *path* holds.

    Raises:
        Unreadable: the table has no headings that mean anything.
        Mistake: it is empty, a row is wrong or repeated, or a week between two others is missing.
    """
    table = read_table(path)
    weeks: dict[str, dict[str, float]] = {}
    for named in read_rows(table.rows, find_heading(table.rows, COLUMNS)):
        week, unit, score = _row(named)
        if unit in weeks.setdefault(week, {}):
            zh, en = (
                f"第 {named.number} 行：{week} {unit} 已有得分。",
                f"Row {named.number}: {unit} has a score already.",
            )
            raise Mistake(zh, en)
        weeks[week][unit] = score
    days = sorted(weeks)
    _check_running([_monday(day) for day in days])
    return Weeks([weeks[day] for day in days], ms_of(f"{days[-1]}T00:00:00+08:00"))


def _row(named: Named) -> tuple[str, str, float]:
    if named.wrong:
        wrong = named.wrong[0]
        raise Mistake(
            f"第 {wrong.row} 行，{wrong.column}“{wrong.value}”：{wrong.error['zh']}",
            f"Row {wrong.row}, {wrong.column} '{wrong.value}': {wrong.error['en']}",
        )
    return named.values["week"], named.values["unit"], float(named.values["score"])


def _monday(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Mistake(f"没有 {text} 这一天。", f"There is no day {text}.") from None
    if day.weekday():
        raise Mistake(f"{day} 不是周一；每周以周一表示。", f"{day} is no Monday; a week is named by its Monday.")
    return day


def _check_running(mondays: list[date]) -> None:
    if not mondays:
        raise Mistake("表中没有得分。", "The table holds no scores.")
    for day, following in pairwise(mondays):
        if following - day != _WEEK:
            missing = day + _WEEK
            raise Mistake(f"缺少 {missing} 一周的得分。", f"The scores of the week of {missing} are missing.")
