"""
How far things are on a given day 进度: tasks, milestones, pledges, answers, sweeps.

Pure, the same on tablet and server. A day is text, 2020-07-20, and ends at midnight in Beijing: what is due
on a day is late from the next one on. Nothing here is stored; whoever reads brings the day along.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple, Protocol

from schemas.moments import day_of
from schemas.records import Fields

STANDINGS = {
    "not_started": "未开始",
    "under_way": "进行中",
    "done": "已完成（巩固提高）",
    "slipped": "反弹待整改",
    "late": "逾期未完成",
}
ANSWERS = {"waiting": "待回复", "overdue": "逾期未回复", "in_time": "按期回复", "late": "逾期回复"}
#: So many days before a milestone people are reminded; then on the day, and daily after it (R12).
_REMINDED_BEFORE = frozenset({7, 3, 1, 0})


class Kept(Protocol):
    """A record as either side keeps it."""

    @property
    def id(self) -> str: ...

    @property
    def fields(self) -> Fields: ...


def days_until(day: str, due_on: str) -> int:
    """Return how many days *due_on* lies after *day*; negative once it is over."""
    return (date.fromisoformat(due_on) - date.fromisoformat(day)).days


# -- tasks --------------------------------------------------------------------------------------------


def is_finished(task: Fields) -> bool:
    """
    Say whether a task was done and stayed so 巩固提高.

    The last re-check counts; one that found a relapse counts until the task is done again on a later day.
    """
    if task.get("status") != "done":
        return False
    last = max(task.get("rechecks") or (), key=lambda recheck: recheck["on"], default=None)
    if last is None or last["result"] == "holds":
        return True
    return bool((task.get("done_on") or "") > last["on"])


def standing(task: Fields, day: str) -> str:
    """Return where a task stands on *day*: a key of ``STANDINGS``."""
    if is_finished(task):
        return "done"
    if day > task["due_on"]:
        return "late"
    return "slipped" if task.get("status") == "done" else task.get("status") or "not_started"


class LateTask(NamedTuple):
    """A task over its date; ``step`` is the first step of its timetable not done yet."""

    id: str
    unit: str
    what: str
    lead_person: str | None
    due_on: str
    days: int
    step: str | None


def late_tasks(tasks: Iterable[Kept], day: str) -> list[LateTask]:
    """Return the tasks that are late on *day* 逾期清单, the longest overdue first."""
    late = [_late(task, day) for task in tasks if standing(task.fields, day) == "late"]
    return sorted(late, key=lambda task: (-task.days, task.unit, task.id))


def _late(task: Kept, day: str) -> LateTask:
    said = task.fields
    step = next_step(said)
    days = -days_until(day, said["due_on"])
    named = step["name"] if step else None
    return LateTask(task.id, said["unit"], said["what"], said.get("lead_person"), said["due_on"], days, named)


def next_step(task: Fields) -> Fields | None:
    """Return the step of a task's timetable that is due next, or None where all are done."""
    open_steps = [step for step in task.get("steps") or () if not step.get("done_on")]
    return min(open_steps, key=lambda step: (step["due_on"], step["name"]), default=None)


def late_steps(task: Fields, day: str) -> list[Fields]:
    """Return the steps of a unit's own timetable that are over their date on *day*, the oldest first."""
    late = [step for step in task.get("steps") or () if not step.get("done_on") and day > step["due_on"]]
    return sorted(late, key=lambda step: (step["due_on"], step["name"]))


# -- milestones ---------------------------------------------------------------------------------------


class Countdown(NamedTuple):
    """
    A milestone on one day 倒计时.

    Attributes:
        days: Left until it; negative once it is over.
        finished, unfinished: How many of its tasks are, by unit.
        red: It is over, and something is not finished.
        reminds: Whether people are reminded of it on this day.
    """

    id: str
    name: str
    due_on: str
    days: int
    finished: Mapping[str, int]
    unfinished: Mapping[str, int]
    red: bool
    reminds: bool


def countdown(milestone: Kept, tasks: Iterable[Kept], day: str) -> Countdown:
    """
    Return how a milestone stands on *day*.

    Args:
        milestone: The milestone.
        tasks: Those of its campaign. One that names no milestone counts for each whose day it must not pass.
    """
    due_on = milestone.fields["due_on"]
    days = days_until(day, due_on)
    finished: dict[str, int] = {}
    unfinished: dict[str, int] = {}
    for task in tasks:
        if belongs_to(task.fields, milestone):
            counted = finished if is_finished(task.fields) else unfinished
            counted[task.fields["unit"]] = counted.get(task.fields["unit"], 0) + 1
    reminds = bool(unfinished) and (days < 0 or days in _REMINDED_BEFORE)
    red = days < 0 and bool(unfinished)
    return Countdown(milestone.id, milestone.fields["name"], due_on, days, finished, unfinished, red, reminds)


def belongs_to(task: Fields, milestone: Kept) -> bool:
    """Say whether a task has to stand by *milestone*: it names it, or names none and is due by then."""
    named = task.get("milestone_id")
    return bool(named == milestone.id if named else task["due_on"] <= milestone.fields["due_on"])


# -- pledges ------------------------------------------------------------------------------------------


class PledgeRate(NamedTuple):
    """How many pledges were kept, not kept, and not judged yet 兑现率; ``rate`` is None before any judgement."""

    kept: int
    broken: int
    open: int

    @property
    def rate(self) -> float | None:
        """The part of the judged ones that was kept, from 0 to 1."""
        judged = self.kept + self.broken
        return self.kept / judged if judged else None


def pledge_rate(pledges: Iterable[Fields]) -> PledgeRate:
    """Return how the pledges stand; only a person's judgement counts, not the tasks behind them."""
    said = [pledge.get("kept") for pledge in pledges]
    kept = sum(1 for one in said if one and one["kept"])
    broken = sum(1 for one in said if one and not one["kept"])
    return PledgeRate(kept, broken, len(said) - kept - broken)


# -- answers ------------------------------------------------------------------------------------------


def answer(demand: Fields, day: str) -> str:
    """
    Return how an order 督办单 or instruction 批示 is answered on *day*: a key of ``ANSWERS``.

    The first reply counts, by its own stamp; nobody types when he answered.
    """
    replies: Sequence[Fields] = demand.get("replies") or ()
    if not replies:
        return "overdue" if day > demand["reply_due"] else "waiting"
    first = min(reply["at"][0] for reply in replies)
    return "in_time" if day_of(first) <= demand["reply_due"] else "late"


class SweepState(NamedTuple):
    """
    What a sweep brought 举一反三情况.

    Attributes:
        found: Problems by unit; 0 where a unit looked and found none.
        missing: Units that have not answered.
        overdue: Whether the day is over and somebody is missing.
    """

    found: Mapping[str, int]
    missing: tuple[str, ...]
    overdue: bool

    @property
    def total(self) -> int:
        """All that was found."""
        return sum(self.found.values())


def sweep_state(sweep: Fields, reports: Iterable[Fields], day: str) -> SweepState:
    """Return what the *reports* of units make of a sweep on *day*; several of one unit add up."""
    found: dict[str, int] = {}
    for report in reports:
        found[report["unit"]] = found.get(report["unit"], 0) + (report.get("found") or 0)
    missing = tuple(unit for unit in sweep.get("units") or () if unit not in found)
    return SweepState(found, missing, bool(missing) and day > sweep["due_on"])
