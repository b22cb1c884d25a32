"""
What a day came to 日报数字: the figures of a street or of the district, as a day report keeps them.

People stand in them by their ids alone: who may see a figure may not see every name behind it.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct


class Counts(Struct, frozen=True, kw_only=True):
    """
    The counts of one area and day.

    Attributes:
        segments, shops, parking: How many were checked on the day, each once, due or not.
        checks: How many checks that were.
        due, done: How many things the plan asked for, and how many of them were checked.
        found, closed, returned: Problems found 新增, struck off 销号 and returned for rework 返工 on the day.
        open: Problems in hand 在办; ``yellow`` and ``red`` among them; ``deferred`` 挂账 beside them.
        due_next: How many problems in hand are due on the next day.
        unwalked, unsynced: How many grids nobody walked, how many people have not synced.
    """

    segments: int = 0
    shops: int = 0
    parking: int = 0
    checks: int = 0
    due: int = 0
    done: int = 0
    found: int = 0
    closed: int = 0
    returned: int = 0
    open: int = 0
    yellow: int = 0
    red: int = 0
    deferred: int = 0
    due_next: int = 0
    unwalked: int = 0
    unsynced: int = 0

    @property
    def rate(self) -> float | None:
        """The part of what was due that is done 完成率, 0 to 1; None where nothing was due."""
        return self.done / self.due if self.due else None


class Street(Struct, frozen=True):
    """One street in the district's figures."""

    code: str
    name: str
    counts: Counts


class Unwalked(Struct, frozen=True):
    """A community of a street, or a street of the district, and how many of its grids nobody walked 未巡查网格."""

    name: str
    grids: int


class OverdueCase(Struct, frozen=True):
    """One overdue problem 超期问题: ``owner`` is a person's id; ``zh`` and ``en`` say for how long."""

    number: str
    place: str
    problem_zh: str
    problem_en: str
    unit: str
    zh: str
    en: str
    owner: str | None = None


class Ahead(Struct, frozen=True):
    """A milestone to come 节点: the day it is due and how many days are left until then."""

    name: str
    due_on: str
    days: int


class Late(Struct, frozen=True):
    """
    What came in for an earlier day after its report was closed 补报.

    Attributes:
        street, name: Where; the report's own area, or one street of it.
        report_no: The number of that day's report; None where there was none.
        checks, cases, workers: How many came late, and from how many people.
        was, now: Things due and done that day, as reported and as they are known now 更正; None without a report.
    """

    day: str
    street: str
    name: str
    report_no: str | None
    checks: int
    cases: int
    workers: int
    was: tuple[int, int] | None = None
    now: tuple[int, int] | None = None


class DayFigures(Struct, frozen=True):
    """
    The figures of one area on one day.

    Attributes:
        area, name: Of a street, or of the district.
        day: As 2020-07-18.
        as_of: Until when what had been received counts 数据截至, a moment as records write it.
        overdue: The longest overdue, at most five; ``counts.red`` is how many there are.
        unwalked: The names of grids nobody walked, as many as are listed.
        unwalked_in: How many those are in each community of a street, or in each street of the district.
        unsynced: The ids of people, as many as are listed.
        streets: Of the district: each street.
        late: What came in for earlier days.
        heads: By feed, the last number it had: what comes in under a later one is late.
    """

    area: str
    name: str
    day: str
    as_of: str
    counts: Counts
    overdue: tuple[OverdueCase, ...] = ()
    unwalked: tuple[str, ...] = ()
    unwalked_in: tuple[Unwalked, ...] = ()
    unsynced: tuple[str, ...] = ()
    ahead: tuple[Ahead, ...] = ()
    streets: tuple[Street, ...] = ()
    late: tuple[Late, ...] = ()
    heads: dict[str, int] = {}


def as_fields(figures: DayFigures) -> dict[str, Any]:
    """Return *figures* as a record keeps them."""
    found: dict[str, Any] = msgspec.to_builtins(figures)
    return found


def from_fields(said: Mapping[str, Any]) -> DayFigures:
    """
    Return the figures that a record keeps; members of a newer version are left out.

    Raises:
        ValueError: They are no figures.
    """
    return msgspec.convert(said, DayFigures)
