"""
How much time a problem is allowed 整改时限: rows with their dates of validity over the table of the classes.

The district's rows and the standard table are looked at alike; of those that hold on a day the one that begins
last counts, and of two that begin on one day the one that was written last. So a row with an end (during the
campaign, say) lies over the one beneath it, which counts again afterwards.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from schemas.cases import CLOCKS, PROBLEM_CLASSES, Limit
from server.core.clocks.working import halves

#: What a row says that holds on roads of every grade, and for a class as such.
ANY_GRADE, PLAIN = 0, ""
GRADES = (1, 2, 3, 4)
#: Whose findings are dealt with in so many working days at most 上级交办, unless the order names a date.
ABOVE = frozenset({"city", "province", "national"})
ABOVE_CAP = Limit(3, "work_day")
#: What is critical 紧急.
CRITICAL_HOURS = 2.0
#: A whole of each clock, for comparing limits of different clocks: about so many days.
_IN_DAYS = {"urgent_hour": 1 / 24, "work_hour": 1 / 10, "work_day": 1.0}
_SEVERITY = ("minor", "major", "critical")
#: Beyond this a limit is a slip of the pen.
MOST_DAYS, MOST_HOURS = 366, 24 * 366

VARIANTS: Mapping[str, tuple[str, str]] = {
    "soil": ("渣土", "soil"),
    "shared_bike": ("共享单车", "shared bikes"),
    "penalty": ("处罚", "penalty"),
    "demolish": ("拆除", "demolition"),
}
#: Why a limit is what it is, to be shown beside it.
REASONS: Mapping[str, tuple[str, str]] = {
    "grade_unknown": ("未知保洁等级，按最短时限", "road grade unknown: the shortest limit"),
    "variant_unknown": ("该类别没有这种情形的时限，按类别时限", "no limit for this variant: that of the class"),
    "halved": ("升为较重，时限减半", "raised to major: half the limit"),
    "critical": ("紧急，最长2个紧急工作时", "critical: 2 urgent hours at most"),
    "from_above": ("上级交办，最长3个工作日", "found from above: 3 working days at most"),
}


class Row(NamedTuple):
    """
    One limit as it is kept.

    Attributes:
        grade: 1 to 4, or 0 for roads of every grade.
        variant: What for, of the ``also`` of the class; empty for the class as such.
        valid_from, valid_to: The first and the last day; None: always, for ever.
    """

    problem_class: str
    grade: int
    variant: str
    limit: Limit
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Say whether the row is valid on *day*."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


class Allowed(NamedTuple):
    """A limit, and the keys of ``REASONS`` why it is not simply the table's."""

    limit: Limit
    reasons: tuple[str, ...] = ()


def _standard() -> tuple[Row, ...]:
    rows = []
    for name, known in PROBLEM_CLASSES.items():
        by_grade = zip(GRADES, known.limits, strict=True)
        if len(set(known.limits)) == 1:
            rows.append(Row(name, ANY_GRADE, PLAIN, known.limits[0]))
        else:
            rows += [Row(name, grade, PLAIN, limit) for grade, limit in by_grade]
        rows += [Row(name, ANY_GRADE, variant, limit) for variant, limit in known.also.items()]
    return tuple(rows)


#: The table of ``schemas.cases``, valid always.
STANDARD = _standard()


def limit_of(
    rows: Sequence[Row],
    problem_class: str,
    grade: int | None,
    severity: str,
    source: str,
    variant: str,
    on_date: date,
) -> Allowed:
    """
    Return what a problem is allowed that is dispatched on *on_date*.

    Args:
        rows: The district's, in the order in which they were written; the standard table lies beneath them.
        grade: Of the road; None where no graded road is meant: then the shortest of all grades counts, so that a
            missing entry in the register never buys time.
        variant: Such as ``shared_bike``; empty for the class as such.

    Raises:
        KeyError: there is no such class.
    """
    limit, reasons = _table(rows, problem_class, grade, variant, on_date)
    limit, why = _by_severity(limit, PROBLEM_CLASSES[problem_class].severity, severity)
    reasons += why
    if source in ABOVE and _weight(limit) > _weight(ABOVE_CAP):
        return Allowed(ABOVE_CAP, (*reasons, "from_above"))
    return Allowed(limit, reasons)


def half(limit: Limit) -> Limit:
    """
    Return half of *limit*, for rework and the like.

    Hours are halved, but not below one hour of their clock; a limit below an hour stays as it is. Half a working day
    is the forenoon, until 12:00: the day clock knows whole and half days, and what is finer is rounded up to half a
    day. It does not become hours, for in a campaign those run on days of rest too, and then half a limit for an
    engineering matter would be due on a Sunday.
    """
    if limit.clock == "work_day":
        return Limit(max(0.5, halves(limit.amount / 2)), limit.clock)
    return Limit(min(limit.amount, max(1.0, limit.amount / 2)), limit.clock)


def shortest(limits: Iterable[Limit]) -> Limit:
    """Return the shortest of *limits*, whatever their clocks: a working day is taken for ten work hours."""
    return min(limits, key=_weight)


def held_on(rows: Sequence[Row], day: date) -> list[Row]:
    """Return the rows that count on *day*, one for each class, variant and grade that any row names, in order."""
    found: dict[tuple[str, str, int], Row] = {}
    for row in _by_beginning((*STANDARD, *rows), day):
        if row.grade == ANY_GRADE:
            for grade in GRADES:
                found.pop((row.problem_class, row.variant, grade), None)
        found[row.problem_class, row.variant, row.grade] = row
    order = list(PROBLEM_CLASSES)
    return sorted(found.values(), key=lambda row: (order.index(row.problem_class), row.variant, row.grade))


def mistake_in(row: Row) -> tuple[str, str] | None:
    """Return what is wrong with a row that somebody wrote, in two languages; None: nothing."""
    known = PROBLEM_CLASSES.get(row.problem_class)
    if known is None:
        return f"没有问题类别“{row.problem_class}”", f"there is no class '{row.problem_class}'"
    if row.variant and row.variant not in known.also:
        return f"{known.zh}没有“{row.variant}”这种情形", f"'{row.problem_class}' has no variant '{row.variant}'"
    if row.grade not in (ANY_GRADE, *GRADES):
        return "保洁等级应为 1 至 4，或不填", "the grade must be 1 to 4, or left out"
    if row.valid_from and row.valid_to and row.valid_to < row.valid_from:
        return "有效期的结束早于开始", "it ends before it begins"
    return _mistake_in_limit(row.limit)


def _mistake_in_limit(limit: Limit) -> tuple[str, str] | None:
    if limit.clock not in CLOCKS:
        listed = "、".join(CLOCKS)
        return f"没有时钟“{limit.clock}”，有：{listed}", f"there is no clock '{limit.clock}'; there are: {listed}"
    most = MOST_DAYS if limit.clock == "work_day" else MOST_HOURS
    if not 0 < limit.amount <= most:  # no number (NaN) is not greater than 0 either
        return f"时限应大于 0、不超过 {most}", f"a limit is more than 0 and at most {most}"
    if limit.clock == "work_day" and halves(limit.amount) != limit.amount:
        return "工作日只能是整天或半天（0.5）", "working days are whole or half (0.5)"
    if round(limit.amount * 60) != limit.amount * 60:
        return "时限应是整分钟", "a limit is of whole minutes"
    return None


def _table(
    rows: Sequence[Row], problem_class: str, grade: int | None, variant: str, day: date
) -> tuple[Limit, tuple[str, ...]]:
    by_grade = _graded(rows, problem_class, variant, day)
    reasons: tuple[str, ...] = ()
    if not by_grade:
        by_grade, reasons = _graded(rows, problem_class, PLAIN, day), ("variant_unknown",)
    if grade in by_grade:
        return by_grade[grade], reasons
    all_one = len(set(by_grade.values())) == 1
    return shortest(by_grade.values()), reasons if all_one else (*reasons, "grade_unknown")


def _graded(rows: Sequence[Row], problem_class: str, variant: str, day: date) -> dict[int | None, Limit]:
    """Return the limit for each grade; a row for all grades replaces every earlier one."""
    if problem_class not in PROBLEM_CLASSES:
        raise KeyError(problem_class)
    found: dict[int | None, Limit] = {}
    meant = [row for row in (*STANDARD, *rows) if (row.problem_class, row.variant) == (problem_class, variant)]
    for row in _by_beginning(meant, day):
        found |= dict.fromkeys(GRADES if row.grade == ANY_GRADE else (row.grade,), row.limit)
    return found


def _by_beginning(rows: Iterable[Row], day: date) -> list[Row]:
    return sorted((row for row in rows if row.holds_on(day)), key=lambda row: row.valid_from or date.min)


def _by_severity(limit: Limit, default: str, severity: str) -> tuple[Limit, tuple[str, ...]]:
    """The table's clock belongs to the *default* severity; what was lowered keeps it."""
    if severity == default or _SEVERITY.index(severity) < _SEVERITY.index(default):
        return limit, ()
    if severity == "major":
        return half(limit), ("halved",)
    if limit.clock != "work_day" and limit.amount <= CRITICAL_HOURS:
        return Limit(limit.amount, "urgent_hour"), ("critical",)
    return Limit(CRITICAL_HOURS, "urgent_hour"), ("critical",)


def _weight(limit: Limit) -> float:
    return limit.amount * _IN_DAYS[limit.clock]


def as_words(limit: Limit) -> str:
    """Return *limit* as people read it: 4个工作时."""
    return f"{limit.amount:g}个{CLOCKS[limit.clock]}"


def plain(row: Row) -> dict[str, Any]:
    """Return *row* as plain data."""
    return {
        "problem_class": row.problem_class, "grade": row.grade or None, "variant": row.variant or None,
        "amount": row.limit.amount, "clock": row.limit.clock,
        "valid_from": row.valid_from.isoformat() if row.valid_from else None,
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
    }  # fmt: skip
